"""What leaves and what does not: messages reach a department in their order, and an end is told to who must know."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.applicant import CATALOG
from bench.inside import SUBJECT, Inside, inside
from connectors.base import Answer
from desk.applicants.afterwards import Supply, Withdrawal
from desk.sending.claims import Claim
from desk.sending.recording import Came
from desk.upkeep.watch import Watch
from dispatch.retry import Then
from sandbox.run import DEPLOYMENT
from store import leases, messages
from store.engine.opening import Place
from store.messages import Message
from store.port import Tx
from tests.shared import Server

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
HOME = Path(__file__).resolve().parents[2]
POWER = {"services": ["power"], "outside_line": False, "filer": "legal_rep"}
WHOLE = {**CATALOG.bundles["utilities"].figures, "services": ["power"]}
RECEIVED, DONE = Answer("received", ref="A-1"), Then("done")
BUSY = Answer("again", status=503)
UNSENT = Answer("again", detail="not sent", sent=False)


def minutes(n: float) -> datetime:
    return NOW + timedelta(minutes=n)


def definitions(folder: Path) -> Path:
    """The shipped bundles, but that a road permit falls with the permit of the line below the road."""
    made = Path(shutil.copytree(HOME / "bundles", folder / "bundles"))
    text = (made / "utilities.yaml").read_text("utf-8")
    assert "voided: ask" in text
    (made / "utilities.yaml").write_text(text.replace("voided: ask", "voided: void"), "utf-8")
    return made


def deployment(folder: Path) -> Path:
    """The demo departments, each with a body that may correct what it said."""
    lines = DEPLOYMENT.read_text("utf-8").splitlines()
    given = [more for line in lines for more in (
        line, *(["    settings: {authorities: 复核}"] if line.startswith("    department:") else []))]
    path = folder / "departments.yaml"
    path.write_text("\n".join(given) + "\n", "utf-8")
    return path


class Hall(Inside):
    """Departments and an applicant, one leg at a time."""

    offices: dict[str, str]

    def begin(self, situation: dict[str, Any]) -> str:
        """File a case; its reference."""
        receipt = self.file(situation, "key-1", NOW)
        self.offices = {leg.leg.removeprefix(f"{receipt.reference}-"): leg.department for leg in receipt.legs}
        self.reference = receipt.reference
        return receipt.reference

    def leave(self, leg: str, now: datetime, answer: Answer = RECEIVED, then: Then = DONE) -> list[str]:
        """What leaves for the office of a leg, which answers all of it alike."""
        claims = self.desk.claim({self.offices[leg]: 64}, now)
        assert self.desk.record([Came(claim, answer, then) for claim in claims], now) == []
        return [claim.id.within for claim in claims]

    def tell(self, leg: str, type_: str, now: datetime, **data: Any) -> None:
        """A notice that is applied."""
        said = self.say(self.offices[leg], f"{self.reference}-{leg}", type_, now, **data)
        assert said == "applied"

    def withdraw(self, now: datetime) -> None:
        """The applicant takes everything back."""
        self.desk.afterwards.withdraw(SUBJECT, self.reference, Withdrawal(None, "不办了"), f"w-{now}", now)

    def leg(self, leg: str) -> dict[str, Any]:
        """A leg as its applicant sees it."""
        view = self.desk.case_view(SUBJECT, self.reference, NOW)
        return next(one for one in view["legs"] if one["leg"] == leg)

    def outbox(self, leg: str) -> dict[str, str]:
        """The messages of a leg with their states."""
        return {name: one.state for name, one in self._messages().items() if one.leg == leg}

    def message(self, within: str) -> Message:
        """One message."""
        return self._messages()[within]

    def _messages(self) -> dict[str, Message]:
        with self.house.database.read() as tx:
            return {one.id.within: one for one in messages.of_case(tx, self.reference)}

    def breaches(self) -> list[object]:
        """What does not hold."""
        return list(Watch(self.house.database).everything())


@contextmanager
def hall(folder: Path, place: Place) -> Iterator[Hall]:
    """A hall on a store."""
    more = {"YJS_DEPARTMENTS": str(deployment(folder)), "YJS_BUNDLES": str(definitions(folder))}
    with inside(folder, place.data, place.url, **more) as made:
        yield Hall(made.app)


@pytest.fixture
def there(place: Place, tmp_path: Path) -> Iterator[Hall]:
    with hall(tmp_path, place) as made:
        yield made


def granted_above_the_road(there: Hall) -> None:
    """A case whose road permit (11) can leave, and whose line below the road (09) is being decided."""
    there.begin(WHOLE)
    for leg, paper in (("08", "K14"), ("03", "plan_reply")):
        there.leave(leg, NOW)
        there.tell(leg, "leg.granted", NOW, results=[{"material": paper, "name": "结果"}])
    there.leave("09", NOW)


def test_that_a_leg_lapsed_is_told_though_its_department_says_something_after_it(there: Hall) -> None:
    there.begin(POWER)
    there.leave("03", NOW)
    there.tell("03", "leg.supplement_required", NOW, ask="a1", reason="缺附图", limit="5wd", materials=["K13"])
    later = NOW + timedelta(days=60)
    there.desk.sweep(later)
    assert there.leg("03")["state"] == "terminated"
    there.tell("03", "leg.remark", later, text="请注意", seq=9)
    assert there.leave("03", later + timedelta(minutes=1)) == ["03:leg.withdrawn:1"]


def test_that_a_result_is_revoked_is_told_though_it_is_handed_out_first(there: Hall) -> None:
    granted_above_the_road(there)
    there.leave("11", NOW)
    for leg, paper in (("09", "pipeline_permit"), ("11", "K24")):
        there.tell(leg, "leg.granted", NOW, results=[{"material": paper, "name": "结果"}])
    there.tell("09", "leg.corrected", minutes(1), what={"void": True}, authority="复核")
    there.tell("11", "leg.delivered", minutes(2), mode="邮寄")
    assert "11:leg.withdrawn:1" in there.leave("11", minutes(3))


def test_a_withdrawal_reaches_its_department_after_the_filing(there: Hall) -> None:
    there.begin(POWER)
    there.leave("03", NOW, BUSY, Then("send", minutes(60)))
    there.withdraw(minutes(10))
    assert (there.leave("03", minutes(10)), there.leave("03", minutes(11))) == ([], [])
    assert there.outbox("03") == {"03:leg.filed:1": "due", "03:leg.withdrawn:1": "due"}
    assert there.breaches() == []
    assert there.leave("03", minutes(60)) == ["03:leg.filed:1"]
    assert there.leave("03", minutes(60)) == ["03:leg.withdrawn:1"]
    there.tell("03", "leg.withdraw_confirmed", minutes(66))
    assert there.leg("03")["state"] == "withdrawn"


@pytest.mark.parametrize(("answer", "then"), [
    (UNSENT, Then("send", minutes(60))), (UNSENT, Then("stuck")), (Answer("refused", reason="格式不符"), DONE),
], ids=["not sent", "given up", "refused"])
def test_a_leg_taken_back_while_it_leaves_is_withdrawn_if_it_does_not_arrive(
    there: Hall, answer: Answer, then: Then,
) -> None:
    there.begin(POWER)
    claims = there.desk.claim({there.offices["03"]: 64}, NOW)
    there.withdraw(minutes(1))
    assert there.leg("03")["state"] == "sending"
    assert there.desk.record([Came(claim, answer, then) for claim in claims], minutes(2)) == []
    assert there.leg("03")["state"] == "withdrawn"
    assert there.outbox("03") == {"03:leg.filed:1": "cancelled", "03:leg.withdrawn:1": "cancelled"}
    assert (there.leave("03", minutes(90)), there.breaches()) == ([], [])


@pytest.mark.parametrize(("answer", "then"), [
    (BUSY, Then("send", minutes(60))), (Answer("unknown"), Then("ask", minutes(60))),
    (Answer("unknown"), Then("stuck")),
    (Answer("refused", reason="格式不符"), DONE),
], ids=["due again", "asked about", "stuck", "refused"])
def test_a_paper_waits_until_its_leg_has_arrived_however_that_comes(there: Hall, answer: Answer, then: Then) -> None:
    granted_above_the_road(there)
    there.leave("11", NOW, answer, then)
    there.tell("09", "leg.granted", minutes(1), results=[{"material": "pipeline_permit", "name": "许可"}])
    assert there.leave("11", minutes(2)) == []
    assert there.outbox("11")["11:leg.material_added:1"] == "due"
    assert there.breaches() == []
    there.tell("11", "leg.accepted", minutes(3))
    assert there.leave("11", minutes(3)) == ["11:leg.material_added:1"]


def test_what_waits_for_its_filing_keeps_nothing_else_waiting_and_counts_no_attempts(there: Hall) -> None:
    granted_above_the_road(there)
    there.leave("11", NOW, BUSY, Then("send", minutes(600)))
    there.tell("09", "leg.granted", minutes(1), results=[{"material": "pipeline_permit", "name": "许可"}])
    looks, waiting = [], there.message("11:leg.material_added:1")
    while waiting.next_at is not None and waiting.next_at < minutes(61) and len(looks) < 99:
        looks.append(waiting.next_at)
        assert there.leave("11", waiting.next_at) == []
        waiting = there.message("11:leg.material_added:1")
    assert looks == sorted(set(looks)) and len(looks) < 30
    with there.house.database.read() as tx:
        assert (waiting.attempts, waiting.started_at, leases.attempts_of(tx, waiting)) == (0, None, [])


@pytest.mark.parametrize(("answer", "then"), [
    (UNSENT, Then("send", minutes(240))), (UNSENT, Then("stuck")), (Answer("refused", reason="格式不符"), DONE),
], ids=["due again", "stuck", "refused"])
def test_a_leg_that_is_held_and_goes_on_is_filed_once(there: Hall, answer: Answer, then: Then) -> None:
    there.begin(WHOLE)
    there.leave("08", NOW)
    there.tell("08", "leg.granted", NOW, results=[{"material": "K14", "name": "踏勘意见"}])
    there.leave("03", minutes(1), answer, then)
    there.tell("08", "leg.corrected", minutes(2), what={"void": True}, authority="复核")
    held = there.leg("03")
    assert (held["state"], there.outbox("03")) == ("held", {"03:leg.filed:1": "cancelled"})
    there.desk.afterwards.supplement(SUBJECT, there.reference, Supply("03", held["asks"][0]["id"]), "s1", minutes(3))
    assert there.leave("03", minutes(300)) == ["03:leg.filed:2"]
    assert there.breaches() == []


class Meeting:
    """A transaction in which something happens elsewhere before or after messages are cancelled."""

    def __init__(self, tx: Tx, before: Callable[[], None], after: Callable[[], None]) -> None:
        self._tx, self._before, self._after = tx, before, after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    def run(self, sql: str, /, **params: Any) -> int:
        cancels = "'cancelled'" in sql
        self._before() if cancels else None
        touched = self._tx.run(sql, **params)
        self._after() if cancels else None
        return touched


@pytest.mark.parametrize(("when", "ends"), [("before", "received"), ("after", "withdrawn")])
def test_no_host_sends_a_filing_that_another_has_withdrawn(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str, ends: str,
) -> None:
    with hall(tmp_path, Place(tmp_path / "a", server.url)) as here, inside(tmp_path, tmp_path / "b", server.url) as far:
        here.begin(POWER)
        here.leave("03", NOW, UNSENT, Then("send", minutes(1)))
        claims: list[Claim] = []

        def claim() -> None:
            claims.extend(far.desk.claim({here.offices["03"]: 64}, minutes(2)))

        acts = {"before": (claim, int), "after": (int, claim)}[when]
        write = here.house.database.write
        monkeypatch.setattr(here.house.database, "write", lambda unit: write(lambda tx: unit(Meeting(tx, *acts))))
        here.withdraw(minutes(2))
        monkeypatch.undo()
        assert far.desk.record([Came(claim, RECEIVED, DONE) for claim in claims], minutes(2)) == []
        assert here.leg("03")["state"] == ends
        assert here.leave("03", minutes(9)) == (["03:leg.withdrawn:1"] if claims else [])
        assert here.breaches() == []
    server.empty()
