"""Who acts for another does so under a mandate, on both stores: checked in the very transaction, over at once."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.inside import SUBJECT, Inside, inside
from catalog.dictionary import Source
from desk.agents.mandates import Mandate, Wish
from desk.applicants.afterwards import Supply, Urge, Withdrawal
from desk.desk import Desk
from desk.errors import IdempotencyMismatch, NoMandate, NotNow, UnknownAgentCode, UnknownCase, UnknownFile
from desk.records.archive import gather
from desk.records.export import Extent, export, plain
from desk.staff.acts import Act
from desk.values import Filing, Receipt
from desk.view import MASK
from oversight.ratings import Given, Ratings
from people.accounts import NewAccount
from sources.samples import PERSONAS, sample_paper
from store import audit, mandates
from store.chains.proof import verify
from store.engine.opening import Place
from store.failpoints import arm
from store.port import Tx

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
DAY = timedelta(days=1)
BOSS = "boss"  # entrusts SUBJECT, who is whoever files in `bench.inside`
LAST = date(2026, 6, 30)
POWER = {"services": ["power"], "outside_line": False}
Do = Callable[[datetime], object]


@pytest.fixture
def there(place: Place, tmp_path: Path) -> Iterator[Inside]:
    with inside(tmp_path, place.data, place.url) as made:
        for who, name in ((BOSS, "示例甲"), (SUBJECT, "示例乙"), ("third", "示例丙")):
            details = {**PERSONAS[0].details, "legal_rep_name": name}
            made.house.accounts.add(NewAccount(who, "applicant", name, subject=who, details=details), NOW)
        yield made


def entrust(there: Inside, principal: str = BOSS, agent: str = SUBJECT, **more: object) -> Mandate:
    code, _ = there.desk.mandates.show_code(agent, NOW)
    wish = Wish(code, **{"valid_until": LAST, **more})  # type: ignore[arg-type]
    return there.desk.mandates.give(principal, wish, f"give-{code}", NOW)


def file(there: Inside, key: str, now: datetime = NOW, on_behalf_of: str = BOSS) -> Receipt:
    """An agent's filing: what `bench.inside` would file, without the paper for which the mandate stands."""
    filing = filed_by_agent(there, now, on_behalf_of)
    return there.desk.intake.file(SUBJECT, filing, key, now)


def filed_by_agent(there: Inside, now: datetime, on_behalf_of: str) -> Filing:
    whole = there.filing({**POWER, "filer": "agent"}, now)
    form = {name: value for name, value in whole.form.items() if not name.startswith("mandate_")}
    papers = {key: names for key, names in whole.materials.items() if key != "AU01"}
    return replace(whole, form=form, materials=papers, on_behalf_of=on_behalf_of, situation=POWER)


def test_a_case_filed_under_a_mandate_is_the_principals_and_the_paper_is_not_asked(there: Inside) -> None:
    desk, given = there.desk, entrust(there)
    receipt = file(there, "k1")
    assert file(there, "k1") == receipt, "the same key and content: the same answer"
    view = desk.case_view(BOSS, receipt.reference, NOW)
    assert (view["on_behalf"]["agent_name"], view["on_behalf"]["yours"]) == ("示例乙", "principal")
    assert [(one["rule"], one["text"]) for one in view["removed"] if one["key"] == "AU01"] == [
        ("mandate", "委托人已在网上委托您办理，委托信息由系统提供给“供电报装”，不用上传")]
    claim, = desk.claim({"power-grid": 9}, NOW)
    data = json.loads(claim.outgoing.body)["data"]
    paper, = (one for one in data["materials"] if one["material"] == "AU01")
    said, = paper["documents"]
    assert (paper["obtained"], paper["files"]) == ("sharing", [])
    assert (said["number"], said["principal"], said["agent"], said["valid_to"]) == (
        given.row.mandate, "示例甲", "示例乙", LAST.isoformat())
    known = desk.afterwards.seen(BOSS, receipt.reference, NOW)[0]
    assert (known.row.body["form"]["mandate_no"], known.row.body["form"]["mandate_until"]) == (
        given.row.mandate, LAST.isoformat())
    desk.sweep(NOW)
    plan = desk.plan("utilities", {**POWER, "filer": "agent"}, NOW)
    assert "AU01" in {line.key for line in plan.materials}, "a plan for nobody in particular does not count on it"
    assert [[one.kind for one in desk.inbox.page(who, "", NOW)[0]] for who in (BOSS, SUBJECT)] == [["filed_for"], []]
    assert receipt.code != desk.intake.receipt(BOSS, receipt.reference).code
    assert [one["reference"] for one in desk.cases_of(BOSS, NOW)[0]] == [receipt.reference]
    assert (desk.cases_of(SUBJECT, NOW)[0], desk.disclosure(BOSS, receipt.reference).agent) == ([], "示例乙")
    line, = (one for one in export(there.house.database, Extent(None, True)) if one["kind"] == "case")
    assert (line["subject"], line["agent"], line["mandate"]) == (BOSS, SUBJECT, given.row.mandate)
    assert [(one.action, one.target) for one in _audited(there)] == [("mandate.give", given.row.mandate)]


def _audited(there: Inside) -> list[audit.Entry]:
    with there.house.database.read() as tx:
        return audit.entries(tx)


def test_whatever_an_agent_may_do_with_a_case_ends_with_the_mandate(there: Inside) -> None:
    desk, given = there.desk, entrust(there)
    receipt = file(there, "k1")
    reference = receipt.reference
    there.deliver(NOW)
    there.say("power-grid", f"{reference}-03", "leg.accepted", NOW)
    there.say("power-grid", f"{reference}-03", "leg.supplement_required", NOW, ask="a1", reason="补一份图", limit="5wd",
              materials=[{"material": "K23"}])
    paper = desk.keep_file(SUBJECT, sample_paper("K23")[:2], [sample_paper("K23")[2]], NOW).file
    desk.afterwards.supplement(SUBJECT, reference, Supply("03", "a1", {}, {"K23": (paper,)}), "s1", NOW)
    leg, = desk.case_view(BOSS, reference, NOW)["legs"]
    assert [line["text"] for line in leg["timeline"] if line["on_behalf"]] == ["已提交补正（由示例乙代办）"]
    assert [desk.open_file(who, paper, NOW)[0].file for who in (BOSS, SUBJECT)] == [paper, paper]
    draft = desk.drafts.open(SUBJECT, "utilities", POWER, NOW, BOSS).id
    desk.drafts.save(SUBJECT, draft, {"form": {"holder_name": "示例科技"}}, NOW)
    ratings = Ratings(there.house.database, desk)
    acts: list[Do] = [
        lambda now: desk.case_view(SUBJECT, reference, now), lambda now: desk.intake.receipt(SUBJECT, reference, now),
        lambda now: desk.disclosure(SUBJECT, reference, now), lambda now: desk.about(SUBJECT, reference, now),
        lambda now: desk.afterwards.supplement(SUBJECT, reference, Supply("03", "a1"), "s2", now),
        lambda now: desk.afterwards.withdrawal(SUBJECT, reference, None, now),
        lambda now: desk.afterwards.withdraw(SUBJECT, reference, Withdrawal(None, "不办了"), "w", now),
        lambda now: desk.afterwards.urge(SUBJECT, reference, Urge("03"), "u", now),
        lambda now: ratings.of_case(SUBJECT, reference, now),
        lambda now: ratings.give(SUBJECT, reference, Given("", 5), "r", now),
        lambda now: desk.track(reference, receipt.code, now),
    ]
    expired = datetime(2026, 7, 1, 1, 0, tzinfo=UTC)
    assert desk.track(reference, receipt.code, NOW)["masked"]
    there.house.accounts.disable(BOSS)
    with pytest.raises(UnknownCase):
        desk.case_view(SUBJECT, reference, NOW)
    with pytest.raises(NoMandate) as closed:
        file(there, "closed")
    assert closed.value.more == {"why": "closed"}
    there.house.accounts.enable(BOSS)
    for revoked, moment in ((False, expired), (True, NOW)):
        if revoked:
            over = desk.mandates.revoke(BOSS, given.row.mandate, NOW)
            assert desk.mandates.revoke(BOSS, given.row.mandate, NOW + DAY) == over, "once and for all"
        for act in acts:
            with pytest.raises(UnknownCase):
                act(moment)
        for look in (desk.drafts.read, lambda *args: desk.drafts.save(*args[:2], {"form": {}}, args[2]),
                     lambda *args: desk.submit_draft(*args[:2], None, args[2])):
            with pytest.raises(NoMandate):
                look(SUBJECT, draft, moment)
        shut, = desk.drafts.of_subject(SUBJECT, moment)
        assert (shut.id, shut.shut, shut.about, shut.fields) == (draft, True, "", 0)
        (line,), _ = desk.filed_for_others(SUBJECT, moment)
        assert set(line) == {"reference", "bundle", "bundle_name", "filed_at", "principal_name", "mandate", "stands"}
        with pytest.raises(UnknownFile):
            desk.open_file(SUBJECT, paper, moment)
        with pytest.raises(NoMandate):
            file(there, f"again-{revoked}", moment)
    entrust(there)
    assert desk.drafts.read(SUBJECT, draft, NOW).form["holder_name"] == "示例科技", "kept, shown under a new mandate"
    assert desk.case_view(SUBJECT, reference, NOW)["on_behalf"]["yours"] == "agent"
    desk.afterwards.withdraw(BOSS, reference, Withdrawal(None, "不办了"), "w", NOW)


def test_nobody_gets_further_than_the_scope_and_nobody_gives_on_what_was_given(there: Inside) -> None:
    desk = there.desk
    for why, principal, more in (("none", "third", {}), ("scope", BOSS, {"bundles": ("retirement",)}),
                                 ("early", BOSS, {"valid_from": date(2026, 3, 1)})):
        given = entrust(there, **more) if principal == BOSS else None
        with pytest.raises(NoMandate) as none:
            file(there, why, NOW, principal)
        assert none.value.more == {"why": why}
        if given is not None:
            desk.mandates.revoke(SUBJECT, given.row.mandate, NOW)  # an agent gives it up
    entrust(there, acts=("file",))
    reference = file(there, "k1").reference
    for act in (lambda: desk.afterwards.withdraw(SUBJECT, reference, Withdrawal(None, "不办了"), "w", NOW),
                lambda: desk.afterwards.urge(SUBJECT, reference, Urge("03"), "u", NOW)):
        with pytest.raises(NoMandate) as none:
            act()
        assert none.value.more == {"why": "act"}
    with pytest.raises(UnknownCase):
        desk.afterwards.take_back_consent(SUBJECT, reference, "c", NOW)
    entrust(there, SUBJECT, "third")  # the agent entrusts somebody with their own affairs
    with pytest.raises(UnknownCase):
        desk.case_view("third", reference, NOW)
    entrust(there, BOSS, "third")
    with pytest.raises(UnknownCase):  # another agent of the same principal
        desk.case_view("third", reference, NOW)


def test_a_mandate_stands_for_a_paper_that_is_looked_up_in_vain(there: Inside) -> None:
    premises = there.desk._premises
    paper, looked_up = premises.catalog.materials["AU01"], Source("sharing", "mandates-of-the-city", by=("agent_name",))
    papers = {**premises.catalog.materials, "AU01": replace(paper, sources=(looked_up, *paper.sources))}
    desk = Desk(replace(premises, catalog=replace(premises.catalog, materials=papers)))
    entrust(there)
    reference = desk.intake.file(SUBJECT, filed_by_agent(there, NOW, BOSS), "k1", NOW).reference
    removed = desk.case_view(BOSS, reference, NOW)["removed"]
    assert [one["rule"] for one in removed if one["key"] == "AU01"] == ["mandate"]


def test_an_urge_of_an_agent_is_the_applicants_urge_of_the_day(there: Inside) -> None:
    desk = there.desk
    entrust(there)
    reference = file(there, "k1").reference
    there.deliver(NOW)
    there.say("power-grid", f"{reference}-03", "leg.accepted", NOW)
    late = NOW + 60 * DAY
    desk.afterwards.urge(SUBJECT, reference, Urge("03"), "u", late)
    with pytest.raises(NotNow):
        desk.afterwards.urge(BOSS, reference, Urge("03"), "u", late)
    body = next(json.loads(one.outgoing.body) for one in desk.claim({"power-grid": 9}, late))
    assert (body["type"], body["data"]["by"]) == ("leg.urged", "applicant"), "the department learns only the kind"


def test_a_mandate_taken_back_at_the_same_moment_stops_the_filing_or_comes_after_it(there: Inside) -> None:
    desk = there.desk
    beside = Desk(replace(desk._premises, embedded=False))  # another host where there may be several

    def filed() -> set[str]:
        with there.house.database.read() as tx:
            return {row.reference for row in mandates.agencies_of(tx, SUBJECT)[0]}

    for turn in range(5):
        given, filing, receipts = entrust(there), filed_by_agent(there, NOW, BOSS), list[Receipt]()

        def act(filing: Filing = filing, turn: int = turn, receipts: list[Receipt] = receipts) -> None:
            with suppress(NoMandate):
                receipts.append(beside.intake.file(SUBJECT, filing, f"race-{turn}", NOW))

        arm("accept.before_commit:sleep=0.2")  # long enough that some turn comes between check and commit
        filer = threading.Thread(target=act)
        filer.start()
        time.sleep(0.02 * turn)
        desk.mandates.revoke(BOSS, given.row.mandate, NOW)
        before = filed()
        filer.join()
        arm("")
        assert filed() == before, "nothing was filed once the end was answered"
        assert {receipt.reference for receipt in receipts} <= before


def test_a_mandate_taken_back_between_the_check_and_the_transaction_stops_every_act(there: Inside) -> None:
    desk, database = there.desk, there.house.database
    entrust(there)
    reference, refused, late = (file(there, key).reference for key in ("k1", "k2", "k0"))
    there.deliver(NOW)
    there.say("power-grid", f"{late}-03", "leg.accepted", NOW)
    there.say("power-grid", f"{reference}-03", "leg.supplement_required", NOW, ask="a1", reason="补一份图", limit="5wd",
              fields=[{"field": "load_kw"}])
    there.say("power-grid", f"{refused}-03", "leg.refused", NOW, reason_code="R1", reason="容量不足")
    filing, ratings = filed_by_agent(there, NOW, BOSS), Ratings(database, desk)
    acts: list[Do] = [
        lambda now: desk.intake.file(SUBJECT, filing, "k3", now),
        lambda now: desk.afterwards.supplement(SUBJECT, reference, Supply("03", "a1", {"load_kw": 20}), "s", now),
        lambda now: desk.afterwards.withdraw(SUBJECT, reference, Withdrawal(None, "不办了"), "w", now),
        lambda now: desk.afterwards.urge(SUBJECT, late, Urge("03"), "u", now + 99 * DAY),
        lambda now: ratings.give(SUBJECT, refused, Given("", 5), "r", now),
    ]
    write = database.write

    def after_the_end(unit: Callable[[Tx], object]) -> object:
        database.write = write  # type: ignore[method-assign]
        for one in desk.mandates.given(BOSS, NOW)[0]:
            desk.mandates.revoke(BOSS, one.row.mandate, NOW)
        return write(unit)

    for act in acts:
        entrust(there)
        database.write = after_the_end  # type: ignore[method-assign,assignment]
        with pytest.raises(NoMandate) as none:
            act(NOW)
        assert none.value.more == {"why": "revoked"}
    assert len(desk.cases_of(BOSS, NOW)[0]) == 3
    assert desk.case_view(BOSS, reference, NOW)["legs"][0]["state"] == "supplement_required"
    assert ratings.of_case(BOSS, refused)[0].rating is None
    given = entrust(there)
    for act in acts:
        act(NOW)
    desk.mandates.revoke(BOSS, given.row.mandate, NOW)
    for act in acts:
        act(NOW)  # taken while the mandate stood: the same key, the same answer
    assert desk.case_after(SUBJECT, reference, NOW) in desk.filed_for_others(SUBJECT, NOW)[0]
    with pytest.raises(IdempotencyMismatch):
        desk.afterwards.withdraw(SUBJECT, reference, Withdrawal(None, "改期"), "w", NOW)
    with pytest.raises(UnknownCase):
        desk.afterwards.withdraw(SUBJECT, reference, Withdrawal(None, "不办了"), "w2", NOW)
    assert len(desk.cases_of(BOSS, NOW)[0]) == 4
    (leg,) = desk.case_view(BOSS, reference, NOW)["legs"]
    assert [line["text"] for line in leg["timeline"] if line["on_behalf"]] == [
        "已提交补正（由示例乙代办）", "已申请撤回：不办了（由示例乙代办）"]


def test_nothing_is_filed_under_one_mandate_because_there_is_another(there: Inside) -> None:
    desk, database = there.desk, there.house.database
    longer, shorter = (entrust(there, valid_until=day) for day in (LAST, LAST - 9 * DAY))
    filing, write = filed_by_agent(there, NOW, BOSS), database.write

    def after_the_end(unit: Callable[[Tx], object]) -> object:
        database.write = write  # type: ignore[method-assign]
        desk.mandates.revoke(BOSS, longer.row.mandate, NOW)
        return write(unit)

    database.write = after_the_end  # type: ignore[method-assign,assignment]
    with pytest.raises(NoMandate):
        desk.intake.file(SUBJECT, filing, "k1", NOW)
    reference = desk.intake.file(SUBJECT, filing, "k1", NOW).reference
    assert desk.case_view(SUBJECT, reference, NOW)["on_behalf"]["mandate"] == shorter.row.mandate
    later = entrust(there, valid_until=LAST + 9 * DAY)
    desk.afterwards.withdraw(SUBJECT, reference, Withdrawal(None, "不办了"), "w", NOW)
    told = [line["id"] for line in gather(database, reference).lines if line["kind"] == "mandate"]
    assert told == sorted([shorter.row.mandate, later.row.mandate]), "the archive can say who may have done what"


def test_a_code_is_worth_one_mandate_for_a_quarter_of_an_hour(there: Inside) -> None:
    desk = there.desk.mandates
    first, _ = desk.show_code(SUBJECT, NOW)
    second, until = desk.show_code(SUBJECT, NOW)
    assert desk.behind(f" {second[:4]} {second[4:].lower()}", BOSS, NOW) == "示例乙"
    given = desk.give(BOSS, Wish(second, LAST), "k", NOW)
    assert desk.give(BOSS, Wish(second, LAST), "k", NOW) == given, "the same key and content: the same mandate"
    third, until = desk.show_code(SUBJECT, NOW)
    with pytest.raises(UnknownAgentCode):
        desk.behind(third, SUBJECT, NOW)
    for code, at in ((first, NOW), (second, NOW), (third, until)):
        with pytest.raises(UnknownAgentCode):
            desk.give(BOSS, Wish(code, LAST), f"k-{code}", at)
    with there.house.database.read() as tx:
        kept = tx.rows("select * from mandate_codes")
    assert third not in str(kept), "whoever reads the store cannot use it"


def test_a_draft_that_is_filed_gives_its_receipt_again_after_the_mandate_too(there: Inside) -> None:
    desk, given, filing = there.desk, entrust(there), filed_by_agent(there, NOW, BOSS)
    draft = desk.drafts.open(SUBJECT, "utilities", POWER, NOW, BOSS).id
    desk.drafts.save(SUBJECT, draft, {"form": filing.form, "materials": filing.materials}, NOW)
    receipt = desk.submit_draft(SUBJECT, draft, filing.consent, NOW)
    desk.mandates.revoke(BOSS, given.row.mandate, NOW)
    assert desk.submit_draft(SUBJECT, draft, filing.consent, NOW) == receipt


def _pages(page: Callable[[str | None], tuple[list[Any], str | None]]) -> list[list[Any]]:
    """Every page of a list."""
    found, then = page(None)
    pages = [found]
    while then is not None:
        found, then = page(then)
        pages.append(found)
    return pages


def test_a_firm_with_thousands_of_mandates_and_cases_turns_its_pages_and_still_finds_whom_it_acts_for(
        there: Inside) -> None:
    desk, standing = there.desk, entrust(there).row

    def others(tx: Tx) -> None:
        for number in range(450):
            given = NOW + DAY + timedelta(seconds=number // 2)
            mandates.add(tx, replace(standing, mandate=f"WT{number:03}", principal=BOSS, given_at=given,
                                     revoked_at=given))
        for number in range(70):
            mandates.add(tx, replace(standing, mandate=f"WX{number:03}", principal=f"x{number}", given_at=NOW - DAY))

    there.house.database.write(others)
    for listed, whole in ((desk.mandates.given, 451), (desk.mandates.received, 521)):
        who = BOSS if whole == 451 else SUBJECT
        pages = _pages(lambda after, listed=listed, who=who: listed(who, NOW, after, 100))  # type: ignore[misc]
        found = [one.row for page in pages for one in page]
        assert [len(page) for page in pages[:-1]] == [100] * (whole // 100)
        assert len({row.mandate for row in found}) == len(found) == whole, "each once"
        assert sorted(found, key=lambda row: (row.given_at, row.mandate), reverse=True) == found
    offered, more = desk.mandates.for_filing(SUBJECT, "utilities", NOW)
    assert (len(offered), more) == (30, True)
    unlisted = f"WX{next(n for n in range(70) if f'x{n}' not in {one.row.principal for one in offered}):03}"
    assert desk.mandates.lets_file(SUBJECT, unlisted, "utilities", NOW) is not None
    assert [desk.mandates.lets_file(who, number, bundle, NOW) for who, number, bundle in (
        ("third", unlisted, "utilities"), (BOSS, standing.mandate, "utilities"), (SUBJECT, "WT001", "utilities"),
        (SUBJECT, "none", "utilities"))] == [None] * 4, "another's, the principal's own, one taken back, none"


def test_what_an_agent_filed_and_what_a_person_has_is_read_page_by_page(there: Inside) -> None:
    desk = there.desk
    entrust(there)
    filed = [file(there, f"k{number}", NOW + timedelta(seconds=number // 2)).reference for number in range(5)]
    newest = [one[1] for one in sorted(zip((n // 2 for n in range(5)), filed, strict=True), reverse=True)]
    for who, listed in ((SUBJECT, desk.filed_for_others), (BOSS, desk.cases_of)):
        pages = _pages(lambda after, who=who, listed=listed: listed(who, NOW + DAY, after, 2))  # type: ignore[misc]
        assert [[one["reference"] for one in page] for page in pages] == [newest[:2], newest[2:4], newest[4:]]
        assert listed(who, NOW + DAY, "nowhere", 9)[0] == listed(who, NOW + DAY, None, 9)[0]


def test_with_the_case_goes_what_the_agent_has_of_it_and_with_the_last_one_the_mandate(there: Inside) -> None:
    desk, database, erasures = there.desk, there.house.database, there.desk.operations.erasures
    entrust(there)
    entrust(there, BOSS, "third")  # nothing is filed under this one
    cases = [file(there, key).reference for key in ("k1", "k2", "k3")]
    there.deliver(NOW)
    for reference in cases:
        there.say("power-grid", f"{reference}-03", "leg.refused", NOW, reason_code="R1", reason="容量不足")
    kept, = (line for line in gather(database, cases[0]).lines if line["kind"] == "mandate")
    assert (kept["agent_name"], kept["principal_name"]) == ("示例乙", "示例甲"), "the archive can say who filed it"

    def left(at: datetime, *erased: str) -> int:
        assert set(erasures.erase(erased, Act("ops", "保存期满"), at).values()) <= {""}
        desk.sweep(at)
        return len(desk.mandates.given(BOSS, at)[0])

    for who in (BOSS, SUBJECT):
        desk.inbox.choose(who, (), "13800138000")
    later = NOW + 400 * DAY
    assert left(NOW + 40 * DAY, cases[0]) == 2, "they are in force"
    assert left(later) == 1, "cases still stand under it"
    assert left(later + DAY / 2, cases[1]) == 1
    assert {desk.inbox.preferences(who).mobile for who in (BOSS, SUBJECT)} == {"13800138000"}
    assert left(later + DAY / 2, cases[2]) == 0, "no sweep has to come by"
    assert {desk.inbox.preferences(who).mobile for who in (BOSS, SUBJECT)} == {""}
    assert (desk.filed_for_others(SUBJECT, later)[0], desk.drafts.of_subject(SUBJECT, later)) == ([], [])
    said = json.dumps(list(export(database, Extent(None, True))), ensure_ascii=False, default=plain)
    assert [word for word in (BOSS, "示例甲") if word in said] == []
    assert verify(database).holds
    with database.read() as tx:
        assert tx.rows("select subject from submissions") == []
        assert [row for table in ("mandates", "agencies", "mandate_codes") for row in tx.rows(f"select * from {table}")
                ] == []


@pytest.mark.parametrize("place", ["sqlite"], indirect=True)
def test_who_has_only_the_code_learns_no_day_of_a_result(there: Inside) -> None:
    entrust(there, acts=("file", "answer"))
    receipt = file(there, "k1")
    there.deliver(NOW)
    there.say("power-grid", f"{receipt.reference}-03", "leg.granted", NOW, results=[
        {"name": "供电合同", "number": "G-1", "valid_from": "2026-01-05", "valid_to": "2027-02-03"}])
    shown, = (leg["results"] for leg in there.desk.track(receipt.reference, receipt.code, NOW)["legs"]
              if leg["leg"] == "03")
    assert [(one["number"], one["valid_from"], one["valid_to"]) for one in shown] == [(MASK, None, None)]
