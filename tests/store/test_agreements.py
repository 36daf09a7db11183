"""Nothing is filed, and nothing looked up, that the person it needs has not agreed to, on both stores: what was agreed
to is what is filed, made sure of in the very transaction."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.inside import SUBJECT, Inside, inside
from desk.agents.mandates import Wish
from desk.agents.under_mandate import particulars
from desk.applicants import drafts as drafting
from desk.desk import Desk
from desk.errors import (
    AgreementChanged,
    AgreementMissing,
    InvalidAnswers,
    Moved,
    NoMandate,
    NotNow,
    NotTheParty,
    UnknownAgreement,
    UnknownAgreementCode,
)
from desk.parties.agreements import CODE_LIFE, FILED, Reply
from desk.records.archive import gather
from desk.records.export import Extent, export, plain
from desk.staff.acts import Act
from desk.values import Draft
from people.accounts import NewAccount
from store import agreements, audit, mandates, messages
from store.chains.proof import verify
from store.engine.opening import Place
from store.port import Tx

NOW = datetime(2026, 2, 10, 1, 0, tzinfo=UTC)
SELLER, STRANGER = "seller", "stranger"
HOME, CHILD = "home-transfer", "newborn"
SALE = {"mortgaged": False, "moves": ["water"], "bills_paid": True, "filer": "self"}
BIRTH = {"has_certificate": False, "register_with": "father", "wants": [], "filer": "self"}
PERSONS = {SELLER: ("示例己", "370202199308099958"), STRANGER: ("示例己", "370202198001019912"),
           "mother": ("示例丁", "37020219950607994X")}
THEIRS = {"ID01@owner", "home_title"}


@pytest.fixture
def there(place: Place, tmp_path: Path) -> Iterator[Inside]:
    with inside(tmp_path, place.data, place.url) as made:
        for who, (name, number) in PERSONS.items():
            made.house.accounts.add(NewAccount(who, "applicant", name, subject=who,
                                               details={"holder_id": number, "person_name": name}), NOW)
        yield made


@pytest.fixture
def elsewhere(there: Inside) -> Desk:
    """Another host on the same store."""
    return Desk(replace(there.desk._premises, embedded=False))


def filled(there: Inside, bundle: str = HOME, situation: dict[str, Any] = SALE) -> Draft:
    """A whole draft, but for the agreements of others."""
    filing = there.filing(situation, NOW, bundle)
    draft = there.desk.drafts.open(SUBJECT, bundle, filing.situation, NOW).id
    parts = {"form": filing.form, "materials": filing.materials, "consent": filing.consent}
    return there.desk.drafts.save(SUBJECT, draft, parts, NOW)


def opened(there: Inside, draft: Draft, role: str = "owner", who: str = SELLER) -> str:
    """Ask the person in a role, who opens it; its number."""
    code, _ = there.desk.agreements.invite(SUBJECT, draft.id, role, NOW)
    return there.desk.agreements.open(who, code, NOW).agreement


def say(desk: Desk, number: str, answer: Any = "agree", who: str = SELLER) -> str:
    """Answer what is shown just now; how it stands then."""
    if answer == "take_back":
        return desk.agreements.take_back(who, number, NOW).state
    reply = Reply(answer == "agree", desk.agreements.one(who, number, NOW).digest, True)
    return desk.agreements.answer(who, number, reply, NOW).state


def submit(there: Inside, draft: Draft) -> str:
    return there.desk.submit_draft(SUBJECT, draft.id, None, NOW).reference


def found(there: Inside, draft: Draft) -> set[str]:
    return set((there.desk.drafts.read(SUBJECT, draft.id, NOW).found or {}).get("outcomes", ()))


def before(there: Inside, act: Callable[[], object]) -> None:
    """Let something else be written right before the next unit is, whatever that was decided on."""
    database = there.house.database
    write = database.write

    def later(unit: Callable[[Tx], object]) -> object:
        database.write = write  # type: ignore[method-assign]
        act()
        return write(unit)

    database.write = later  # type: ignore[method-assign,assignment]


def test_a_draft_waits_for_whom_it_names_and_their_papers_are_looked_up_with_their_own_consent(there: Inside) -> None:
    desk, draft = there.desk, filled(there)
    assert [(one.statement.role, one.state) for one in draft.parties] == [("owner", "uninvited")]
    assert found(there, draft) & THEIRS == set(), "the buyer's consent is none of the seller's"
    with pytest.raises(AgreementMissing) as missing:
        submit(there, draft)
    assert missing.value.more["missing"] == [{"role": "owner", "role_name": "卖方", "name": "示例己",
                                              "state": "uninvited", "said_at": None}]
    assert list(missing.value.errors["agreements"]) == ["owner"]
    with pytest.raises(AgreementMissing):
        desk.intake.file(SUBJECT, there.filing(SALE, NOW, HOME), "k", NOW)
    number = opened(there, draft)
    seen = desk.agreements.one(SELLER, number, NOW)
    assert seen.statement is not None
    assert (seen.state, seen.statement["number"]) == ("opened", PERSONS[SELLER][1])
    assert [one["name"] for one in seen.statement["looked_up"]] == ["身份证件(卖方)", "住房的不动产权证书"]
    with pytest.raises(InvalidAnswers, match="改正"):  # what is sensitive is agreed to apart
        desk.agreements.answer(SELLER, number, Reply(True, seen.digest), NOW)
    with pytest.raises(AgreementMissing):
        submit(there, draft)
    assert say(desk, number) == "agreed"
    assert found(there, draft) >= THEIRS, "with their yes it is looked up at once"
    reference = submit(there, draft)
    assert submit(there, draft) == reference
    there.deliver(NOW)
    with there.house.database.read() as tx:
        sent = messages.bodies(tx, messages.of_case(tx, reference))
    letters = {one.leg: json.loads(body)["data"] for one, body in sent.items()}
    agreed = {"agreement": number, "role": "owner", "name": "示例己", "agreed_at": NOW.isoformat(),
              "digest": seen.digest}
    assert letters["01"]["agreements"] == [agreed], "the tax office is told of the seller, so it learns who agreed"
    told = desk.agreements.one(SELLER, number, NOW)
    assert (told.reference, told.statement) == (reference, seen.statement)
    assert {one.leg: set(one.papers) for one in told.recipients} == {
        "01": set(), "02": {"身份证件(卖方)", "住房的不动产权证书"}, "03": set()}
    assert [(one.role_name, one.name) for one in desk.disclosure(SUBJECT, reference, NOW).agreements] == [
        ("卖方", "示例己")]
    with pytest.raises(NotNow, match=FILED):
        desk.agreements.take_back(SELLER, number, NOW)


def test_a_code_opens_only_to_whom_the_form_names_once_and_for_a_day(there: Inside) -> None:
    desk, draft = there.desk.agreements, filled(there)
    first, _ = desk.invite(SUBJECT, draft.id, "owner", NOW)
    second, until = desk.invite(SUBJECT, draft.id, "owner", NOW)
    assert until == NOW + CODE_LIFE
    with pytest.raises(NotTheParty):
        desk.open(STRANGER, second, NOW)  # the right name with another number
    for code, at in ((first, NOW), (second, until), ("00000000", NOW)):
        with pytest.raises(UnknownAgreementCode):
            desk.open(SELLER, code, at)
    number = desk.open(SELLER, f" {second[:4]} {second[4:].lower()}", NOW).agreement
    with pytest.raises(UnknownAgreementCode):
        desk.open(SELLER, second, NOW)
    for act in (lambda: desk.one(STRANGER, number, NOW), lambda: desk.answer(STRANGER, number, Reply(True, None), NOW),
                lambda: desk.one(SUBJECT, number, NOW), lambda: desk.invite(SUBJECT, draft.id, "holder", NOW)):
        with pytest.raises(UnknownAgreement):
            act()
    with there.house.database.read() as tx:
        kept = str(tx.rows("select * from agreements"))
    assert [word for word in (first, second, "示例己", PERSONS[SELLER][1]) if word in kept] == []
    assert [one.agreement for one in desk.of(SELLER, NOW)[0]] == [number]
    there.desk.drafts.save(SUBJECT, draft.id, {"form": {"home_owner_id": PERSONS[STRANGER][1]}}, NOW)
    with pytest.raises(NotTheParty):  # the form names somebody else by now: nothing of it is shown any more
        desk.one(SELLER, number, NOW)
    line, = desk.of(SELLER, NOW)[0]
    assert (line.statement, line.bundle_name, line.stands) == (None, "二手房和水电气网联动过户", False)
    there.desk.drafts.drop(SUBJECT, draft.id, NOW)
    assert desk.of(SELLER, NOW) == ([], None)


def test_a_form_that_is_not_complete_is_shown_to_nobody(there: Inside) -> None:
    filing = there.filing(SALE, NOW, HOME)
    draft = there.desk.drafts.open(SUBJECT, HOME, filing.situation, NOW).id
    form = {name: value for name, value in filing.form.items() if name != "sale_price"}
    there.desk.drafts.save(SUBJECT, draft, {"form": form, "consent": filing.consent}, NOW)
    with pytest.raises(NotNow, match="填完整"):
        there.desk.agreements.invite(SUBJECT, draft, "owner", NOW)


def test_what_was_agreed_to_is_asked_again_once_it_is_changed_and_only_then(there: Inside) -> None:
    desk, draft = there.desk, filled(there)
    number = opened(there, draft)
    seen = desk.agreements.one(SELLER, number, NOW)
    say(desk, number)
    said = desk.agreements.one(SELLER, number, NOW).said_at
    again = desk.agreements.answer(SELLER, number, Reply(True, seen.digest, True), NOW + timedelta(minutes=5))
    assert again.said_at == said, "twice is once"
    desk.drafts.save(SUBJECT, draft.id, {"form": {"mobile": "13900000000"}}, NOW)
    assert desk.agreements.one(SELLER, number, NOW).state == "agreed", "the seller was not shown that"
    desk.drafts.save(SUBJECT, draft.id, {"form": {"sale_price": "1"}}, NOW)
    assert desk.agreements.one(SELLER, number, NOW).state == "changed"
    desk.drafts.save(SUBJECT, draft.id, {"consent": draft.consent}, NOW)
    assert found(there, draft) & THEIRS == set()
    with pytest.raises(AgreementMissing, match="内容改过"):
        submit(there, draft)
    with pytest.raises(AgreementChanged):
        desk.agreements.answer(SELLER, number, Reply(True, seen.digest, True), NOW)
    assert say(desk, number) == "agreed"
    assert say(desk, number, "refuse") == "refused"
    assert found(there, draft) & THEIRS == set(), "what was looked up with the yes goes with it"
    with pytest.raises(AgreementMissing, match="不同意"):
        submit(there, draft)
    say(desk, number)
    there.house.accounts.disable(SELLER)
    with pytest.raises(AgreementMissing, match="停用"):
        submit(there, draft)
    there.house.accounts.enable(SELLER)
    submit(there, draft)


def test_an_agent_files_what_the_other_side_agreed_to_and_the_mandate_is_still_needed(there: Inside) -> None:
    desk, filing = there.desk, there.filing({**SALE, "filer": "agent"}, NOW, HOME)
    buyer = {"holder_id": "370202196604059930", "person_name": "示例丙"}
    there.house.accounts.add(NewAccount("buyer", "applicant", "示例丙", subject="buyer", details=buyer), NOW)
    agent = {"agent_id": filing.form["agent_id"], "agent_name": "示例乙"}
    there.house.accounts.add(NewAccount(SUBJECT, "applicant", "示例乙", subject=SUBJECT, details=agent), NOW)

    def entrust() -> str:
        code, _ = desk.mandates.show_code(SUBJECT, NOW)
        return desk.mandates.give("buyer", Wish(code, date(2026, 6, 30)), code, NOW).row.mandate

    mandate, form = entrust(), {name: one for name, one in filing.form.items() if not name.startswith("mandate_")}
    draft = desk.drafts.open(SUBJECT, HOME, {name: SALE[name] for name in SALE if name != "filer"}, NOW, "buyer")
    desk.drafts.save(SUBJECT, draft.id, {"form": {**form, **particulars_of(there, mandate)}, "consent": filing.consent},
                     NOW)
    number = opened(there, draft)
    said = desk.agreements.one(SELLER, number, NOW).statement
    assert said is not None
    assert (said["principal"], said["role_name"]) == ("示例丙", "卖方")
    assert say(desk, number) == "agreed"
    desk.mandates.revoke("buyer", mandate, NOW)
    with pytest.raises(NotNow, match="委托已经结束"):
        desk.agreements.one(SELLER, number, NOW)
    with pytest.raises(NoMandate):
        submit(there, draft)
    entrust()
    reference = submit(there, draft)
    assert desk.cases_of("buyer", NOW)[0][0]["reference"] == reference


def particulars_of(there: Inside, mandate: str) -> dict[str, str]:
    """What a form asks of a mandate."""
    with there.house.database.read() as tx:
        return particulars(mandates.get(tx, mandate), there.house.settings.zone)


def test_a_yes_is_taken_back_also_while_the_form_names_somebody_else(there: Inside) -> None:
    desk, draft = there.desk, filled(there)
    number = opened(there, draft)
    say(desk, number)
    desk.drafts.save(SUBJECT, draft.id, {"form": {"home_owner_name": "示例戊"}}, NOW)
    assert [(one.statement, one.stands) for one in desk.agreements.of(SELLER, NOW)[0]] == [(None, True)]
    desk.agreements.take_back(SELLER, number, NOW)
    desk.drafts.save(SUBJECT, draft.id, {"form": {"home_owner_name": "示例己"}}, NOW)
    with pytest.raises(AgreementMissing, match="收回"):
        submit(there, draft)


def test_an_agreement_taken_back_between_the_check_and_the_transaction_stops_the_filing(there: Inside) -> None:
    draft = filled(there)
    number = opened(there, draft)
    say(there.desk, number)
    before(there, lambda: say(there.desk, number, "take_back"))
    with pytest.raises(AgreementMissing, match="收回"):
        submit(there, draft)
    assert there.desk.cases_of(SUBJECT, NOW)[0] == []
    assert found(there, draft) & THEIRS == set()


def test_an_agreement_taken_back_while_it_is_filed_comes_after_the_filing(there: Inside, elsewhere: Desk) -> None:
    draft = filled(there)
    number = opened(there, draft)
    say(there.desk, number)
    parties, met = there.desk.intake._parties, list[BaseException]()
    hold = parties.hold

    def take_back() -> None:
        try:
            elsewhere.agreements.take_back(SELLER, number, NOW)
        except NotNow as late:
            met.append(late)

    def holding(*args: Any) -> None:
        hold(*args)
        other.start()
        while other.is_alive() and not waits(there):
            time.sleep(0.01)

    other = threading.Thread(target=take_back)
    parties.hold = holding  # type: ignore[method-assign]
    reference = submit(there, draft)
    other.join()
    assert [str(one) for one in met] == [FILED], "it was met by a filing that has what it needs"
    with there.house.database.read() as tx:
        row, = agreements.of_case(tx, reference)
    assert (row.state, row.agreement) == ("agreed", number)


def waits(there: Inside) -> bool:
    """Whether somebody waits for a unit that is under way: on the store of one process everybody does."""
    if type(there.house.database).__name__.startswith("Sqlite"):
        return True
    with there.house.database.read() as tx:
        return bool(tx.rows("select 1 as yes from pg_locks where not granted"))


def test_a_draft_changed_beside_the_answer_is_not_what_was_agreed_to(there: Inside, elsewhere: Desk) -> None:
    draft = filled(there)
    number = opened(there, draft)
    before(there, lambda: elsewhere.drafts.save(SUBJECT, draft.id, {"form": {"sale_price": "1"}}, NOW))
    with pytest.raises(AgreementChanged):
        say(there.desk, number)
    assert there.desk.agreements.one(SELLER, number, NOW).state == "opened"
    before(there, lambda: say(elsewhere, number))
    with pytest.raises(Moved):  # a new code would have taken the answer back
        there.desk.agreements.invite(SUBJECT, draft.id, "owner", NOW)
    assert there.desk.agreements.one(SELLER, number, NOW).state == "agreed"
    before(there, lambda: elsewhere.drafts.drop(SUBJECT, draft.id, NOW))
    with pytest.raises(UnknownAgreement):
        say(there.desk, number, "refuse")


def test_two_who_agree_at_once_both_have_and_the_papers_of_both_are_looked_up(there: Inside, elsewhere: Desk) -> None:
    draft = filled(there, CHILD, BIRTH)
    assert [one.statement.role for one in draft.parties] == ["mother", "father"]
    mother, father = opened(there, draft, "mother", "mother"), opened(there, draft, "father")
    before(there, lambda: say(elsewhere, mother, who="mother"))
    assert say(there.desk, father) == "agreed"
    assert found(there, draft) >= {"ID01@mother", "ID01@father", "ID03"}
    submit(there, draft)


def test_what_is_found_while_the_yes_is_taken_back_is_not_kept(there: Inside, elsewhere: Desk,
                                                               monkeypatch: pytest.MonkeyPatch) -> None:
    draft = filled(there)
    number = opened(there, draft)
    look_up = drafting.look_up

    def slowly(*args: Any) -> Any:
        came = look_up(*args)
        monkeypatch.setattr(drafting, "look_up", look_up)
        say(elsewhere, number, "take_back")
        return came

    monkeypatch.setattr(elsewhere.agreements, "_look_up", lambda *_: None)  # that host ends right after its answer
    monkeypatch.setattr(drafting, "look_up", slowly)
    assert say(there.desk, number) == "taken_back"
    assert found(there, draft) & THEIRS == set()


def test_an_agreement_is_kept_with_its_case_and_goes_with_it(there: Inside) -> None:
    desk, draft, database = there.desk, filled(there), there.house.database
    number = opened(there, draft)
    say(desk, number)
    reference = submit(there, draft)
    there.deliver(NOW)
    there.say("tax", f"{reference}-01", "leg.refused", NOW, reason_code="R1", reason="合同没有备案")
    there.deliver(NOW)
    kept, = (line for line in gather(database, reference).lines if line["kind"] == "agreement")
    assert (kept["agreement"], kept["party"], kept["statement"]["name"]) == (number, SELLER, "示例己")
    hidden, = (line for line in export(database, Extent()) if line["kind"] == "agreement")
    assert (hidden["case"], hidden["digest"], "示例己" in json.dumps(hidden, ensure_ascii=False, default=plain)) == (
        reference, kept["digest"], False)
    with database.read() as tx:
        entries = [(one.action, one.target) for one in audit.entries(tx) if one.action.startswith("agreement.")]
    assert entries == [("agreement.agreed", number), ("agreement.file", number)]
    later = NOW + timedelta(days=40)
    assert desk.operations.erasures.erase([reference], Act("ops", "保存期满"), later) == {reference: ""}
    assert desk.agreements.of(SELLER, later) == ([], None)
    assert verify(database).holds


def test_a_draft_that_nobody_came_back_for_takes_what_was_asked_for_it_along(there: Inside) -> None:
    draft = filled(there)
    opened(there, draft)
    there.desk.sweep(NOW + timedelta(days=400))
    with there.house.database.read() as tx:
        assert tx.rows("select * from agreements") == tx.rows("select * from drafts") == []
