"""What staff do beside one another, also on two hosts with memories of their own: nobody is refused for what is no
longer so, and nothing is done twice or by half."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.inside import SUBJECT, Inside, inside
from connectors.base import Answer, Registry
from desk.applicants.afterwards import Withdrawal
from desk.desk import Desk
from desk.errors import CannotRetry, UnknownStrange
from desk.sending.recording import Came
from desk.staff import resend
from desk.staff.acts import Act
from dispatch.attempts import Around, Attempts
from dispatch.lanes import Lanes
from dispatch.retry import Then
from store import audit, messages, notices
from store.engine.opening import Place
from store.engine.turns import Floor

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
SOON = NOW + timedelta(hours=1)
TWO = {"services": ["water", "power"], "outside_line": False, "filer": "legal_rep"}
ACT = Act("operator", "部门已修复")


@pytest.fixture
def there(place: Place, tmp_path: Path) -> Iterator[Inside]:
    with inside(tmp_path, place.data, place.url) as made:
        yield made


@pytest.fixture
def elsewhere(there: Inside) -> Desk:
    """Another host on the same store."""
    return Desk(replace(there.desk._premises, embedded=False))


def states(there: Inside, reference: str) -> dict[str, str]:
    with there.house.database.read() as tx:
        return {one.key: one.state for one in messages.of_case(tx, reference)}


def audited(there: Inside) -> list[str]:
    with there.house.database.read() as tx:
        return [entry.action for entry in audit.entries(tx)]


def test_nobody_is_refused_for_what_another_host_has_changed(there: Inside, elsewhere: Desk) -> None:
    reference = there.file(TWO, "one", NOW).reference
    assert elsewhere.case_view(SUBJECT, reference, NOW)["state"] == "filed"
    there.deliver(NOW)
    elsewhere.urging.by_supervisor(f"{reference}-03", Act("boss", "重点项目"), SOON)
    assert there.say("power-grid", f"{reference}-03", "leg.withdraw_confirmed", NOW) == "quarantined"
    with there.house.database.read() as tx:
        entry, = notices.unsettled(tx)
    there.desk.afterwards.withdraw(SUBJECT, reference, Withdrawal((f"{reference}-03",), "改期"), "w", NOW)
    assert elsewhere.operations.quarantine.apply(entry.id, ACT, SOON)["outcome"] == "applied"
    with pytest.raises(UnknownStrange):
        there.desk.operations.quarantine.apply(entry.id, ACT, SOON)


def test_of_two_who_send_the_same_again_one_does_all_and_the_other_nothing(
        there: Inside, elsewhere: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    references = [there.file(TWO, key, NOW).reference for key in ("one", "two")]
    there.deliver(NOW, Answer("refused", status=422), Then("stuck"))
    refused = [key for reference in references for key in states(there, reference)]
    found, retry = elsewhere.operations.resends._found, there.desk.operations.resends.retry
    last = refused[-1]

    def slowly(name: str) -> object:
        seen = found(name)
        if name == last:  # all are looked at, and now somebody else presses for the last of them
            retry([name, name.partition(":")[0]], False, ACT, SOON)
        return seen

    monkeypatch.setattr(elsewhere.operations.resends, "_found", slowly)
    with pytest.raises(CannotRetry, match=r"有了变化.*什么都没有改动"):
        elsewhere.operations.resends.retry(refused, False, ACT, SOON)
    assert [key for reference in references for key, state in states(there, reference).items()
            if state == "due"] == [last]
    assert audited(there) == ["retry"]
    last = refused[-2]
    monkeypatch.setattr(resend, "TOGETHER", 1)  # where they are too many for one transaction it says what was done
    with pytest.raises(CannotRetry, match="此前的 1 个办件已经安排重发，其余没有改动"):
        elsewhere.operations.resends.retry(refused[:-1], False, ACT, SOON)
    assert set(states(there, references[0]).values()) == {"due"}


class Host:
    """A host that shares the store, whose department honours no keys and knows of a leg within thirty seconds."""

    def __init__(self, there: Inside) -> None:
        bodies = there.house.deployment.bodies
        old = replace(bodies["water-group"], honours_keys=False, read_lag=30.0)
        deployment = replace(there.house.deployment, bodies={**bodies, "water-group": old})
        self.desk, self.now = Desk(replace(there.desk._premises, embedded=False, deployment=deployment)), NOW
        around = Around(Floor(), lambda _: None, lambda: None, lambda: None, self.desk.absent_since)
        self.attempts = Attempts(Registry(), Lanes({}), lambda: self.now, around)

    def tries(self, answer: Answer, seconds: float) -> tuple[str, str, float]:
        """One attempt, so long after the start: what it did, and what follows, in how many seconds."""
        self.now = NOW + timedelta(seconds=seconds)
        claim, = self.desk.claim({"water-group": 1}, self.now)
        then = self.attempts._next(claim, answer, self.now)
        assert self.desk.record([Came(claim, answer, then)], self.now) == []
        assert then.at is not None
        return claim.purpose, then.kind, (then.at - self.now).total_seconds()


@pytest.fixture
def hosts(there: Inside) -> Iterator[Callable[[], Host]]:
    made: list[Host] = []

    def begins() -> Host:
        made.append(Host(there))
        return made[-1]
    yield begins
    for host in made:
        host.attempts.stop()


def test_not_found_is_definite_by_what_all_hosts_were_told_since_it_was_sent_last(
        there: Inside, hosts: Callable[[], Host]) -> None:
    there.file(TWO, "one", NOW)
    lost, absent, one, other = Answer("unknown"), Answer("absent"), hosts(), hosts()
    assert one.tries(lost, 0) == ("send", "ask", 30)
    assert one.tries(absent, 30) == ("ask", "ask", 30)
    assert other.tries(absent, 60) == ("ask", "send", 0)  # it need not begin anew
    assert other.tries(lost, 61) == ("send", "ask", 30)
    assert one.tries(absent, 91) == ("ask", "ask", 30)  # what it heard of the first sending says nothing of the second
    assert one.tries(Answer("again", status=503), 121)[:2] == ("ask", "ask")
    assert other.tries(absent, 900) == ("ask", "ask", 30)  # and a break is a break, whoever met it
    assert hosts().tries(absent, 930) == ("ask", "send", 0)  # nor need a host that has just been started
