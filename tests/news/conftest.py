"""A desk with a message gateway and quiet hours, on a store of either kind, and what is told to whom."""

import json
from dataclasses import dataclass, replace

import pytest

from cases.quiet import Quiet
from desk.desk import Desk
from store.telling import news
from tests.desk.conftest import SHANGHAI
from tests.oversight import conftest as oversight
from tests.oversight.conftest import catalog, place, store

__all__ = ["catalog", "place", "plain", "store"]
plain = pytest.fixture(name="plain")(oversight.premises.__wrapped__)


@dataclass
class Town(oversight.Town):
    """What is told to the person who files everything."""

    def heard(self):
        """Kind and leg of all that was told, oldest first."""
        return [(one.kind, one.leg) for one in reversed(self.news())]

    def news(self):
        """All that was told, the latest first."""
        with self.premises.database.read() as tx:
            return news.of_subject(tx, "somebody")[0]

    def ask(self, reference, now, number="01", limit="60wd"):
        """The department of a leg asks for a supplement."""
        self.say(reference, number, "leg.supplement_required", now, ask=f"a{now:%d%H}", reason="请拨 13900000000",
                 materials=["BL01"], limit=limit)

    def refuse(self, reference, number, now):
        """The department of a leg refuses it."""
        self.say(reference, number, "leg.refused", now, reason_code="R1", reason="不符")

    def leaving(self, now):
        """What leaves for people at this moment, and is taken for an attempt."""
        while self.desk.bulletins.make(now):
            pass
        return self.desk.bulletins.claim(9, now)


def said(departing):
    """What a bulletin says."""
    return json.loads(departing.body)["data"]


@pytest.fixture
def premises(plain):
    grid = replace(plain.deployment.bodies["power-grid"], authorities=("上级机关",))
    deployment = replace(plain.deployment, bodies={**plain.deployment.bodies, grid.id: grid})
    return replace(plain, deployment=deployment, gateway=True, quiet=Quiet(21, 8, SHANGHAI))


@pytest.fixture
def town(premises):
    return Town(premises, Desk(premises))
