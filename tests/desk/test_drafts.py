"""Drafts: whatever was filled in and is not asked any more never stops a filing, and comes back when it is asked."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from threading import Event

import pytest

from desk import errors
from desk.applicants.afterwards import Withdrawal, plain_value
from desk.applicants.openings import Openings
from desk.desk import Desk
from desk.premises import Keep
from desk.values import LOST_FILE, Reviewed
from sources.port import Found
from tests.desk.filings import CONSENT, FORM, SITUATION, small_filing

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
POST = {"delivery": "post", "mail_address": {"region": "370202", "text": "示例路1号"}}


def drafted(desk, situation=SITUATION, form=FORM):
    draft = desk.drafts.open("somebody", "utilities", situation, NOW)
    return desk.drafts.save("somebody", draft.id, {"form": form}, NOW)


def test_an_answer_that_is_not_asked_any_more_does_not_stop_the_filing_and_comes_back(desk):
    draft = drafted(desk, form={**FORM, **POST})
    assert "mail_address" in draft.form
    electronic = desk.drafts.save("somebody", draft.id, {"form": {"delivery": "electronic"}}, NOW)
    assert "mail_address" not in electronic.form
    assert electronic.aside == {"form": {"mail_address": POST["mail_address"]}}
    assert electronic.errors == {}
    again = desk.drafts.save("somebody", draft.id, {"form": {"delivery": "post"}}, NOW)
    assert again.form["mail_address"] == POST["mail_address"]
    desk.drafts.save("somebody", draft.id, {"form": {"delivery": "electronic"}}, NOW)
    assert desk.submit_draft("somebody", draft.id, CONSENT, NOW).reference


def test_fewer_matters_than_before_file_without_the_answers_of_the_others(desk):
    draft = drafted(desk)
    fewer = desk.drafts.save("somebody", draft.id, {"situation": {**SITUATION, "services": ["power"]}}, NOW)
    assert "daily_volume" in fewer.aside["form"]
    receipt = desk.submit_draft("somebody", draft.id, CONSENT, NOW)
    assert [leg.matter for leg in receipt.legs] == [leg.matter for leg in fewer.plan.legs]


def test_a_draft_that_is_submitted_again_gives_its_receipt_word_for_word_wherever_its_legs_are_by_now(desk):
    draft = drafted(desk)
    receipt = desk.submit_draft("somebody", draft.id, CONSENT, NOW)
    desk.afterwards.withdraw("somebody", receipt.reference, Withdrawal(None, "项目调整"), "key-w", NOW)
    assert desk.intake.receipt("somebody", receipt.reference, NOW).legs != receipt.legs
    assert desk.submit_draft("somebody", draft.id, CONSENT, NOW) == receipt


def test_a_paper_that_is_not_needed_any_more_stays_aside_and_does_not_stop_the_filing(desk):
    draft = desk.drafts.open("somebody", "utilities", {**SITUATION, "filer": "agent"}, NOW)
    key = draft.plan.materials[0].key
    paper = desk.keep_file("somebody", ("a.pdf", "application/pdf"), [b"%PDF-1.4"], NOW)
    desk.drafts.save("somebody", draft.id, {"form": FORM, "materials": {key: [paper.file]}}, NOW)
    own = desk.drafts.save("somebody", draft.id, {"situation": SITUATION}, NOW)
    assert key not in own.materials
    assert own.aside["materials"] == {key: [paper.file]}
    assert desk.submit_draft("somebody", draft.id, CONSENT, NOW).reference


def test_a_direct_filing_is_still_refused_for_what_is_not_asked(desk):
    with pytest.raises(errors.InvalidAnswers) as refused:
        desk.intake.file("somebody", small_filing(form={**FORM, **POST, "delivery": "electronic"}), "key-1", NOW)
    assert set(refused.value.errors) == {"mail_address"}


def test_an_empty_list_for_a_paper_that_nobody_asks_is_no_error(desk):
    assert desk.intake.file("somebody", small_filing(materials={"K20": ()}), "key-1", NOW).reference


@pytest.mark.parametrize("consent", [
    {"agreed": True}, {"agreed": True, "sensitive": ["contact_id"]},
    {"agreed": "no", "sensitive": CONSENT["sensitive"]},
    {"agreed": 1, "sensitive": CONSENT["sensitive"]}, {"agreed": False, "sensitive": CONSENT["sensitive"]}, {},
])
def test_what_is_no_whole_consent_files_nothing_and_asks_nobody(desk, sources, consent):
    draft = drafted(desk)
    with pytest.raises(errors.ConsentMissing):
        desk.submit_draft("somebody", draft.id, consent, NOW)
    with pytest.raises(errors.ConsentMissing):
        desk.intake.file("somebody", small_filing(consent=consent), "key-1", NOW)
    assert sources.asked == []


def test_a_consent_names_the_sensitive_fields_that_are_not_in_it(desk):
    with pytest.raises(errors.ConsentMissing) as refused:
        desk.intake.file("somebody", small_filing(consent={"agreed": True, "sensitive": ["contact_id"]}), "key-1", NOW)
    assert set(refused.value.errors["consent"]["sensitive"]) == {"legal_rep_id"}


@pytest.mark.parametrize("wider", [{"services": ["water", "power", "gas"]}, {"filer": "agent"}])
def test_a_consent_does_not_cover_what_was_added_after_it(desk, sources, wider):
    draft = drafted(desk)
    assert desk.drafts.save("somebody", draft.id, {"consent": CONSENT}, NOW).consented
    asked = len(sources.asked)
    assert not desk.drafts.save("somebody", draft.id, {"situation": {**SITUATION, **wider}}, NOW).consented
    with pytest.raises(errors.DeskError):
        desk.submit_draft("somebody", draft.id, None, NOW)
    assert len(sources.asked) == asked
    assert desk.drafts.save("somebody", draft.id, {"situation": SITUATION}, NOW).consented


def test_a_consent_to_more_covers_less(desk):
    draft = drafted(desk, {**SITUATION, "services": ["water", "power", "gas"]})
    assert desk.drafts.save("somebody", draft.id, {"consent": CONSENT}, NOW).consented
    assert desk.drafts.save("somebody", draft.id, {"situation": SITUATION}, NOW).consented


def test_uploads_at_once_to_one_paper_are_all_kept_and_taken_away_one_by_one(desk):
    draft = desk.drafts.open("somebody", "utilities", {**SITUATION, "filer": "agent"}, NOW)
    key = draft.plan.materials[0].key
    with ThreadPoolExecutor(12) as pool:
        list(pool.map(lambda n: desk.drafts.attach("somebody", draft.id, key, [f"{n:032x}"], NOW), range(12)))
    kept = desk.drafts.read("somebody", draft.id, NOW)
    assert sorted(kept.materials[key]) == [f"{n:032x}" for n in range(12)]
    assert len(desk.drafts.detach("somebody", draft.id, key, f"{3:032x}", NOW).materials[key]) == 11


def test_changes_to_a_draft_that_was_shown_otherwise_are_not_laid_over_it(desk):
    shown = drafted(desk)
    other = desk.drafts.save("somebody", shown.id, {"form": {"project_name": "另一个窗口"}}, NOW, shown.version)
    with pytest.raises(errors.Moved):
        desk.drafts.save("somebody", shown.id, {"form": {"project_name": "这个窗口"}}, NOW, shown.version)
    with pytest.raises(errors.Moved):
        desk.submit_draft("somebody", shown.id, CONSENT, NOW, Reviewed(shown.version))
    assert desk.drafts.read("somebody", shown.id, NOW).form["project_name"] == "另一个窗口"
    agreed = desk.drafts.save("somebody", shown.id, {"consent": CONSENT}, NOW, other.version)
    assert desk.submit_draft("somebody", shown.id, None, NOW, Reviewed(agreed.version)).reference


def test_a_draft_that_is_changed_while_the_registers_are_asked_is_not_filed_as_nobody_reviewed_it(
        desk, sources, monkeypatch):
    shown, find = drafted(desk), sources.find

    def found_late(query):
        desk.drafts.save("somebody", shown.id, {"form": {"project_name": f"第{len(sources.asked)}稿"}}, NOW)
        return find(query)

    monkeypatch.setattr(sources, "find", found_late)
    for reviewed in (shown.version, None):
        with pytest.raises(errors.Moved):
            desk.submit_draft("somebody", shown.id, CONSENT, NOW, Reviewed(reviewed))
    monkeypatch.undo()
    assert desk.cases_of("somebody", NOW)[0] == []
    kept = desk.drafts.read("somebody", shown.id, NOW)
    assert kept.form["project_name"].startswith("第")
    assert desk.submit_draft("somebody", shown.id, None, NOW, Reviewed(kept.version)).reference


def test_a_change_that_was_saved_is_never_left_out_of_what_is_filed(desk, monkeypatch):
    agreed = desk.drafts.save("somebody", drafted(desk).id, {"consent": CONSENT}, NOW)
    change = Openings.change

    def changed_late(*given):
        desk.drafts.save("somebody", agreed.id, {"form": {"project_name": "另一个窗口"}}, NOW)
        return change(*given)

    monkeypatch.setattr(Openings, "change", changed_late)
    with pytest.raises(errors.Moved):
        desk.submit_draft("somebody", agreed.id, None, NOW, Reviewed(agreed.version))
    monkeypatch.undo()
    assert desk.cases_of("somebody", NOW)[0] == []
    assert desk.submit_draft("somebody", agreed.id, None, NOW).reference


def agents_filing(desk, *files):
    """A filing by an agent, whose one paper (the authorisation) has these files."""
    situation = {**SITUATION, "filer": "agent"}
    plan = desk.plan("utilities", situation, NOW)
    known = {**FORM, "agent_name": "示例丙", "agent_id": "110105194912310038", "mandate_until": "2027-01-01"}
    asked = {line.code for line in plan.fields}
    keys = [line.key for line in plan.materials]
    sensitive = [line.code for line in plan.fields if line.sensitive]
    good = desk.keep_file("somebody", ("a.pdf", "application/pdf"), [b"%PDF-1.4"], NOW).file
    papers = dict.fromkeys(keys, (good,)) | {keys[0]: files}
    form = {code: value for code, value in known.items() if code in asked}
    return keys, small_filing(situation=situation, form=form, materials=papers,
                              consent={"agreed": True, "sensitive": sensitive})


def refused_papers(desk, *files):
    keys, filing = agents_filing(desk, *files)
    with pytest.raises(errors.InvalidAnswers) as refused:
        desk.intake.file("somebody", filing, "key-1", NOW)
    assert set(refused.value.errors) == {"materials"}, refused.value.errors
    assert set(refused.value.errors["materials"]) == {keys[0]}
    return refused.value.errors["materials"][keys[0]]


def test_one_file_that_is_gone_blames_its_own_paper_alone(desk):
    assert refused_papers(desk, "0" * 32) == [LOST_FILE]


def test_a_file_of_another_person_is_as_good_as_none(desk):
    other = desk.keep_file("else", ("a.pdf", "application/pdf"), [b"%PDF-1.4"], NOW)
    assert refused_papers(desk, other.file) == [LOST_FILE]


def test_a_file_of_a_kind_or_size_that_the_paper_does_not_take_is_refused_at_filing(desk):
    drawing = desk.keep_file("somebody", ("a.dwg", "image/vnd.dwg"), [b"AC1032"], NOW)
    assert "不是这份材料收的文件" in refused_papers(desk, drawing.file)[0]
    large = desk.keep_file("somebody", ("b.pdf", "application/pdf"), [bytes(1_048_576)] * 21, NOW)
    assert "MB" in refused_papers(desk, large.file)[0]


@pytest.mark.parametrize("reason", ["不办了\0", "\u202e了办不", "\x1b[2J", "长" * 300_000])
def test_a_reason_that_no_department_could_read_withdraws_nothing(desk, reason):
    reference = desk.intake.file("somebody", small_filing(), "key-1", NOW).reference
    with pytest.raises(errors.InvalidAnswers) as refused:
        desk.afterwards.withdraw("somebody", reference, Withdrawal(None, reason), "key-2", NOW)
    assert set(refused.value.errors) == {"reason"}
    assert desk.case_view("somebody", reference, NOW)["state"] != "withdrawn"


@pytest.mark.parametrize(("value", "fits"), [
    ("换了电表", True), (12, True), ("两行\r\n文字", True), ("\x1b[2J", False), ("\u202e", False), ("\0", False),
    (True, False), ([], False), ("长" * 3_000, False),
])
def test_free_fields_of_a_supplement_take_readable_text_and_numbers(value, fits):
    assert plain_value(value) is fits


def test_nobody_has_drafts_without_end_and_one_that_was_filed_makes_room(desk, monkeypatch):
    monkeypatch.setattr("desk.applicants.drafts.MOST_UNFILED", 2)
    drafts = [drafted(desk) for _ in range(2)]
    with pytest.raises(errors.TooManyDrafts):
        drafted(desk)
    assert desk.drafts.open("somebody-else", "utilities", SITUATION, NOW)
    desk.submit_draft("somebody", drafts[0].id, CONSENT, NOW)
    assert drafted(desk)


def test_a_draft_does_not_grow_with_every_save(desk, monkeypatch):
    monkeypatch.setattr("desk.applicants.drafts.LARGEST", 3_000)
    draft = drafted(desk)
    with pytest.raises(errors.DraftTooLarge):
        for part in range(9):
            desk.drafts.save("somebody", draft.id, {"materials": {f"m{part}": ["x" * 500]}}, NOW)
    smaller = desk.drafts.save("somebody", draft.id, {"materials": {f"m{part}": None for part in range(9)}}, NOW)
    assert (smaller.form, smaller.aside) == (draft.form, {})


def test_a_source_that_did_not_answer_is_asked_again_when_somebody_wants_it(desk, sources):
    sources.answers["business_licence"] = Found("failed")
    draft = drafted(desk)
    asked = desk.drafts.save("somebody", draft.id, {"consent": CONSENT}, NOW)
    assert asked.unheard and "BL01" in asked.missing
    assert desk.drafts.read("somebody", draft.id, NOW).unheard
    del sources.answers["business_licence"]
    again = desk.drafts.look_again("somebody", draft.id, NOW)
    assert (again.unheard, again.missing, again.consented) == (False, (), True)


def test_a_slow_source_keeps_a_few_threads_and_who_comes_meanwhile_is_told_to_come_again(desk, sources):
    draft, inside, answered, find = drafted(desk), Event(), Event(), sources.find

    def slow(query):
        inside.set()
        assert answered.wait(20)
        return find(query)

    sources.waiting, sources.find = True, slow
    with ThreadPoolExecutor(1) as pool:
        filed = pool.submit(desk.intake.file, "somebody", small_filing(), "key-1", NOW)
        assert inside.wait(20)
        with pytest.raises(errors.SourcesBusy):
            desk.intake.file("another", small_filing(), "key-2", NOW)
        saved = desk.drafts.save("somebody", draft.id, {"consent": CONSENT}, NOW)
        assert saved.consented and saved.found is None, "it is looked up before it is filed"
        answered.set()
        assert filed.result(20).reference
    assert desk.intake.file("another", small_filing(), "key-2", NOW).reference
    assert desk.submit_draft("somebody", draft.id, CONSENT, NOW).reference


def test_what_is_saved_unchanged_asks_no_source_again(desk, sources):
    draft = drafted(desk)
    found = desk.drafts.save("somebody", draft.id, {"consent": CONSENT}, NOW).found
    asked = len(sources.asked)
    for same in ({"consent": CONSENT}, {"form": FORM}, {"situation": SITUATION, "form": FORM, "consent": CONSENT}):
        assert desk.drafts.save("somebody", draft.id, same, NOW).found == found
    assert len(sources.asked) == asked > 0
    assert desk.drafts.save("somebody", draft.id, {"form": {"daily_volume": 21}}, NOW).found is None
    assert desk.submit_draft("somebody", draft.id, CONSENT, NOW).reference and len(sources.asked) == 2 * asked


def test_what_was_found_on_another_day_is_looked_up_again_before_it_is_filed(desk, sources):
    late, tomorrow = NOW.replace(hour=15, minute=59), NOW.replace(hour=16)  # in Shanghai the next day begins
    draft, other = drafted(desk), drafted(desk)
    for one in (draft, other):
        assert desk.drafts.save("somebody", one.id, {"consent": CONSENT}, NOW).missing == ()
    asked = len(sources.asked)
    sources.answers["business_licence"] = Found("absent", why="已经注销")
    assert desk.submit_draft("somebody", other.id, CONSENT, late).reference and len(sources.asked) == asked
    with pytest.raises(errors.InvalidAnswers) as refused:
        desk.submit_draft("somebody", draft.id, CONSENT, tomorrow)
    assert refused.value.errors["materials"].keys() == {"BL01"}
    assert desk.drafts.read("somebody", draft.id, tomorrow).missing == ("BL01",)
    paper = desk.keep_file("somebody", ("a.pdf", "application/pdf"), [b"%PDF-1.4"], tomorrow)
    desk.drafts.attach("somebody", draft.id, "BL01", [paper.file], tomorrow)
    again = len(sources.asked)
    assert desk.submit_draft("somebody", draft.id, CONSENT, tomorrow).reference
    assert len(sources.asked) == again, "what was asked today is not asked once more"


def test_nobody_fills_the_disk_with_uploads_that_are_not_filed(premises, sources):
    sources.answers["business_licence"] = Found("failed")
    desk = Desk(replace(premises, keep=Keep(bytes=10_000)))

    def upload(owner="somebody"):
        return desk.keep_file(owner, ("a.pdf", "application/pdf"), [b"%PDF-1.4" + b" " * 3_000], NOW).file

    first, _ = upload(), upload()
    with pytest.raises(errors.TooManyUploads):
        upload()
    assert upload("somebody-else")
    desk.intake.file("somebody", small_filing(materials={"BL01": (first,)}), "key-1", NOW)
    assert upload()


def test_a_list_of_drafts_composes_each_once_after_it_was_saved_and_says_what_each_lacks(desk, monkeypatch):
    first = drafted(desk, {**SITUATION, "filer": "agent"}, {})
    second = drafted(desk, form={**FORM, "project_name": "示例工程"})
    asked = []
    compose = desk._editions.compose
    monkeypatch.setattr(desk._editions, "compose", lambda *said, **more: asked.append(said) or compose(*said, **more))

    def listed(now=NOW):
        return {line.id: (line.about, line.fields + line.papers, line.errors)
                for line in desk.drafts.of_subject("somebody", now)}

    def shown(draft):
        return len(draft.missing), len(draft.errors)

    lines = listed()
    assert {name: line[1:] for name, line in lines.items()} == {first.id: shown(first), second.id: shown(second)}
    assert "示例工程" in lines[second.id][0]
    asked.clear()
    assert (listed(), asked) == (lines, []), "nothing was saved"
    saved = desk.drafts.save("somebody", second.id, {"form": {"project_name": None}}, NOW)
    asked.clear()
    assert listed()[second.id] == (FORM["holder_name"], *shown(saved))
    assert {said[1]["filer"] for said in asked} == {SITUATION["filer"]}, "the other one was not touched"
    desk.drafts.drop("somebody", second.id, NOW)
    assert list(listed()) == [first.id]
