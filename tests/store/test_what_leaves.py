"""What leaves and what does not: messages reach a department in their order, and an end is told to who must know."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bench.applicant import CATALOG
from bench.inside import SUBJECT, Inside, inside
from connectors.base import Answer
from desk.applicant import Withdrawal
from desk.recording import Came
from desk.watch import Watch
from dispatch.retry import Then
from sandbox.run import DEPLOYMENT
from store import messages
from store.opening import Place

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
HOME = Path(__file__).resolve().parents[2]
POWER = {"services": ["power"], "outside_line": False, "filer": "legal_rep"}
WHOLE = {**CATALOG.bundles["utilities"].figures, "services": ["power"]}
RECEIVED, DONE = Answer("received", ref="A-1"), Then("done")
PERMIT = {"results": [{"material": "pipeline_permit", "name": "管线工程许可"}]}


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
        self.desk.withdraw(SUBJECT, self.reference, Withdrawal(None, "不办了"), f"w-{now}", now)

    def leg(self, leg: str) -> dict[str, Any]:
        """A leg as its applicant sees it."""
        view = self.desk.case_view(SUBJECT, self.reference, NOW)
        return next(one for one in view["legs"] if one["leg"] == leg)

    def outbox(self, leg: str) -> dict[str, str]:
        """The messages of a leg with their states."""
        with self.house.database.read() as tx:
            return {one.id.within: one.state for one in messages.of_case(tx, self.reference) if one.leg == leg}

    def breaches(self) -> list[object]:
        """What does not hold."""
        return list(Watch(self.house.database).everything())


@pytest.fixture
def there(place: Place, tmp_path: Path) -> Iterator[Hall]:
    more = {"YJS_DEPARTMENTS": str(deployment(tmp_path)), "YJS_BUNDLES": str(definitions(tmp_path))}
    with inside(tmp_path, place.data, place.url, **more) as made:
        yield Hall(made.house)


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
    there.begin(WHOLE)
    for leg, papers in (("08", ["K14"]), ("03", ["plan_reply"]), ("09", ["pipeline_permit"]), ("11", ["K24"])):
        there.leave(leg, NOW)
        there.tell(leg, "leg.granted", NOW, results=[{"material": paper, "name": "结果"} for paper in papers])
    there.tell("09", "leg.corrected", minutes(1), what={"void": True}, authority="复核")
    there.tell("11", "leg.delivered", minutes(2), mode="邮寄")
    assert "11:leg.withdrawn:1" in there.leave("11", minutes(3))
