"""Filing: one transaction, idempotent for ever, every problem named, nothing lost."""

import hashlib
import json
import weakref
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from operator import attrgetter

import pytest

from catalog.dictionary import Source, Window
from desk import errors
from desk.applicants.lookups import numbers
from desk.desk import Desk
from sources.port import Found
from store import cases, editions, events, legs, messages
from tests.desk.conftest import NOW
from tests.desk.filings import CONSENT, FORM, SITUATION, Filed, small_filing


def test_a_filing_makes_its_legs_events_and_messages_at_once(desk, opened):
    receipt = desk.intake.file("somebody", small_filing(), "key-1", NOW)
    assert [leg.leg for leg in receipt.legs] == [f"{receipt.reference}-01", f"{receipt.reference}-03"]
    with opened.db.read() as tx:
        assert [row.leg for row in legs.of_case(tx, receipt.reference)] == ["01", "03"]
        assert [message.key for message in messages.of_case(tx, receipt.reference)] == [
            f"{receipt.reference}-01:leg.filed:1", f"{receipt.reference}-03:leg.filed:1"]
        assert events.of_case(tx, receipt.reference)[0].event.type == "case.filed"
        case = cases.get(tx, receipt.reference)
        assert editions.get(tx, case.edition).bundle == "utilities"
        assert editions.plan(tx, case.plan)


def test_the_same_key_and_content_give_the_same_receipt_also_at_once(desk, opened):
    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda _: desk.intake.file("somebody", small_filing(), "key-1", NOW), range(16)))
    assert len({receipt.reference for receipt in receipts}) == 1
    assert all(receipt == receipts[0] for receipt in receipts)
    with opened.db.read() as tx:
        assert tx.rows("select count(*) as n from legs") == [{"n": 2}]


def test_the_same_key_with_other_content_is_refused(desk):
    desk.intake.file("somebody", small_filing(), "key-1", NOW)
    with pytest.raises(errors.IdempotencyMismatch):
        desk.intake.file("somebody", small_filing(form={**FORM, "load_kw": 301}), "key-1", NOW)


def test_what_an_earlier_version_took_is_known_again_by_its_digest(desk, opened):
    tiny = small_filing(consent={**CONSENT, "weight": 1e-7})  # the stock writer says 1e-07
    first = desk.intake.file("somebody", tiny, "key-1", NOW)
    text = json.dumps((tiny.bundle, tiny.situation, tiny.form, None, None, {}, tiny.consent), ensure_ascii=False,
                      sort_keys=True, separators=(",", ":"))
    earlier = hashlib.sha256(text.encode()).hexdigest()
    assert opened.db.write(lambda tx: tx.run("update submissions set digest = :d where digest <> :d", d=earlier)) == 1
    assert desk.intake.file("somebody", tiny, "key-1", NOW) == first
    with pytest.raises(errors.IdempotencyMismatch):
        desk.intake.file("somebody", small_filing(consent={**CONSENT, "weight": 2e-7}), "key-1", NOW)


def test_what_is_filed_outside_its_period_is_refused_and_a_repeat_is_answered(premises):
    season = Window("season", "2026-01-05", "2026-01-06", "09:00-17:00")
    bundle = replace(premises.catalog.bundles["utilities"], window="season")
    catalog = replace(premises.catalog, windows={"season": season}, bundles={"utilities": bundle})
    desk = Desk(replace(premises, catalog=catalog))
    receipt = desk.intake.file("somebody", small_filing(), "key-1", NOW)
    for later, told in ((timedelta(hours=8), "09:00-17:00 受理，现在是 17:00"), (timedelta(days=2), "已经结束受理")):
        with pytest.raises(errors.CannotBeFiled, match=told):
            desk.intake.file("somebody", small_filing(), "key-2", NOW + later)
        assert desk.intake.file("somebody", small_filing(), "key-1", NOW + later) == receipt


def test_keys_belong_to_their_subject(desk):
    first = desk.intake.file("somebody", small_filing(), "key-1", NOW)
    assert desk.intake.file("another", small_filing(), "key-1", NOW).reference != first.reference


@pytest.mark.parametrize("key", ["", "x" * 201])
def test_a_missing_or_endless_key_is_refused(desk, key):
    with pytest.raises(errors.MissingKey):
        desk.intake.file("somebody", small_filing(), key, NOW)


def test_every_wrong_answer_is_named_at_once(desk):
    wrong = {**FORM, "holder_uscc": "91370200163562681A", "mobile": "1", "nonsense": 1}
    with pytest.raises(errors.InvalidAnswers) as refused:
        desk.intake.file("somebody", small_filing(form=wrong), "key-1", NOW)
    assert {"holder_uscc", "mobile", "nonsense"} <= set(refused.value.errors)


def test_an_open_question_stops_a_filing_and_is_named(desk):
    with pytest.raises(errors.DeskError) as refused:
        desk.intake.file("somebody", small_filing(situation={"services": ["water"], "filer": "legal_rep"}), "key-1",
                         NOW)
    assert "outside_line" in refused.value.errors["situation"]


def test_without_consent_nothing_is_filed(desk, sources):
    with pytest.raises(errors.ConsentMissing):
        desk.intake.file("somebody", small_filing(consent={}), "key-1", NOW)
    assert sources.asked == []


def test_another_edition_than_shown_is_a_conflict_that_names_the_new_one(desk):
    with pytest.raises(errors.EditionChanged) as refused:
        desk.intake.file("somebody", small_filing(edition="0" * 64), "key-1", NOW)
    assert refused.value.more["edition"] == desk.edition("utilities")


def test_a_look_up_that_misses_or_fails_asks_for_that_paper_alone(desk, sources):
    sources.answers["business_licence"] = Found("failed")
    with pytest.raises(errors.InvalidAnswers) as refused:
        desk.intake.file("somebody", small_filing(), "key-1", NOW)
    assert set(refused.value.errors["materials"]) == {"BL01"}
    paper = desk.keep_file("somebody", ("营业执照.pdf", "application/pdf"), [b"%PDF-1.4 sample"], NOW)
    receipt = desk.intake.file("somebody", small_filing(materials={"BL01": (paper.file,)}), "key-1", NOW)
    assert desk.case_view("somebody", receipt.reference, NOW)["materials"][0]["files"][0]["name"] == "营业执照.pdf"


def test_one_paper_of_several_is_looked_for_until_it_is_found(desk, catalog, sources):
    sources.answers["lease_registry"] = Found("miss")
    filed = Filed(desk, catalog, "restaurant", catalog.bundles["restaurant"].figures)
    places = ("lease_registry", "real_estate_title", "premises_file")
    assert [query.name for query in sources.asked if query.name in places] == ["lease_registry", "real_estate_title"]
    filed.deliver(NOW)
    filed.say("01", "leg.granted", NOW, results=[{"name": "核验结果", "number": "1"}])
    sent = {leg: data["materials"] for (leg, _), data in filed.deliver(NOW).items()}
    [title] = [paper for paper in sent["06"] if paper["obtained"] == "library" and paper["material"] != "BL01"]
    assert title["documents"][0]["name"] == "real_estate_title"


def test_look_ups_carry_the_holders_number_the_consent_and_the_day_of_the_city(desk, sources):
    desk.intake.file("somebody", small_filing(), "key-1", NOW - timedelta(hours=2))  # Sunday still, in Greenwich
    assert {str(query.day) for query in sources.asked} == {"2026-01-05"}
    asked = {query.name: query for query in sources.asked}
    assert asked["business_licence"].numbers == {"holder": FORM["holder_uscc"]}
    assert asked["citizen_card"].numbers == {"holder": FORM["legal_rep_id"]}
    assert all(query.consent["agreed"] for query in sources.asked)
    assert {(query.bundle, query.purpose) for query in sources.asked} == {("utilities", "水电气网联合报装")}


def test_a_register_of_places_is_asked_with_an_address_in_its_parts(desk):
    plan, place = desk.plan("utilities", SITUATION, NOW), {"region": "370202", "text": "示例路 1 号"}
    asked = numbers(plan, None, Source("premises", "premises_file", by=("site_address", "project_code")),
                    {"site_address": place, "project_code": "2405-370202-04-01-000001"})
    assert asked == {"site_address": place, "project_code": "2405-370202-04-01-000001"}


def test_another_persons_file_cannot_be_filed(desk, sources):
    sources.answers["business_licence"] = Found("miss")
    paper = desk.keep_file("another", ("a.pdf", "application/pdf"), [b"%PDF-1.4"], NOW)
    with pytest.raises(errors.InvalidAnswers) as refused:
        desk.intake.file("somebody", small_filing(materials={"BL01": (paper.file,)}), "key-1", NOW)
    assert "BL01" in refused.value.errors["materials"]


def test_a_draft_keeps_what_is_there_and_files_once(desk):
    draft = desk.drafts.open("somebody", "utilities", {"services": ["water", "power"]}, NOW)
    assert draft.missing or draft.plan.problems
    desk.drafts.save("somebody", draft.id, {"situation": SITUATION, "form": {**FORM, "mobile": "1"}}, NOW)
    kept = desk.drafts.read("somebody", draft.id, NOW)
    assert "mobile" in kept.errors
    assert kept.form["holder_name"] == FORM["holder_name"]
    with pytest.raises(errors.InvalidAnswers):
        desk.submit_draft("somebody", draft.id, CONSENT, NOW)
    assert desk.drafts.save("somebody", draft.id, {"form": {"mobile": FORM["mobile"]}}, NOW).errors == {}
    receipt = desk.submit_draft("somebody", draft.id, CONSENT, NOW)
    assert desk.submit_draft("somebody", draft.id, CONSENT, NOW).reference == receipt.reference
    with pytest.raises(errors.DraftFiled):
        desk.drafts.save("somebody", draft.id, {"form": {}}, NOW)
    assert desk.drafts.of_subject("somebody", NOW) == []


@pytest.mark.parametrize("verb", ["drafts.read", "case_view", "intake.receipt"])
def test_what_belongs_to_another_person_is_as_unknown_as_what_does_not_exist(desk, verb):
    draft = desk.drafts.open("somebody", "utilities", SITUATION, NOW)
    receipt = desk.intake.file("somebody", small_filing(), "key-1", NOW)
    id_ = draft.id if verb == "drafts.read" else receipt.reference
    texts, moment = [], () if verb == "intake.receipt" else (NOW,)
    for name in (id_, "20260105" + "0" * 12):
        with pytest.raises((errors.UnknownDraft, errors.UnknownCase)) as refused:
            attrgetter(verb)(desk)("another", name, *moment)
        texts.append((type(refused.value), str(refused.value)))
    assert texts[0] == texts[1]


def test_reference_and_code_open_a_masked_view_and_nothing_else_does(desk):
    receipt = desk.intake.file("somebody", small_filing(), "key-1", NOW)
    shown = desk.track(receipt.reference.lower(), receipt.code, NOW)
    assert shown["masked"]
    assert shown["materials"] == []
    for reference, code in ((receipt.reference, "00000000"), ("20260105000000000000", receipt.code)):
        with pytest.raises(errors.UnknownCase):
            desk.track(reference, code, NOW)


def test_a_draft_keeps_what_the_sources_found_so_that_a_missed_paper_can_be_brought(desk, sources):
    sources.answers["business_licence"] = Found("miss")
    draft = desk.drafts.open("somebody", "utilities", SITUATION, NOW)
    desk.drafts.save("somebody", draft.id, {"form": FORM}, NOW)
    assert sources.asked == []
    agreed = desk.drafts.save("somebody", draft.id, {"consent": CONSENT}, NOW)
    assert "BL01" in agreed.missing
    assert [line.key for line in agreed.plan.materials] == ["BL01"]
    asked = len(sources.asked)
    with pytest.raises(errors.InvalidAnswers) as refused:
        desk.submit_draft("somebody", draft.id, None, NOW)
    assert set(refused.value.errors["materials"]) == {"BL01"}
    paper = desk.keep_file("somebody", ("a.pdf", "application/pdf"), [b"%PDF-1.4"], NOW)
    desk.drafts.save("somebody", draft.id, {"materials": {"BL01": [paper.file]}}, NOW)
    assert desk.submit_draft("somebody", draft.id, None, NOW).reference
    assert len(sources.asked) == asked


def test_answers_that_change_after_the_look_ups_are_looked_up_again(desk, sources):
    draft = desk.drafts.open("somebody", "utilities", SITUATION, NOW)
    desk.drafts.save("somebody", draft.id, {"form": FORM, "consent": CONSENT}, NOW)
    asked = len(sources.asked)
    assert asked
    desk.drafts.save("somebody", draft.id, {"form": {"holder_uscc": "91110000802100433B"}}, NOW)
    desk.submit_draft("somebody", draft.id, None, NOW)
    again = [query for query in sources.asked[asked:] if query.name == "business_licence"]
    assert [query.numbers["holder"] for query in again] == ["91110000802100433B"]


def test_plans_are_remembered_as_long_as_they_are_not_too_large_together(desk, monkeypatch):
    def plans():
        return [desk.plan("utilities", {**SITUATION, "services": services}, NOW) for services in (["water"], ["power"])]

    assert all(one is other for one, other in zip(plans(), plans(), strict=True))
    monkeypatch.setattr("desk.editions.REMEMBERED_LINES", 10)
    forgotten = [weakref.ref(plan) for plan in plans()]
    assert desk.plan("utilities", SITUATION, NOW) is desk.plan("utilities", SITUATION, NOW)  # the newest stays
    assert [plan() for plan in forgotten] == [None, None]  # at once: nothing of them waits for the collector
