"""What staff do beside one another, also on two hosts with memories of their own: nobody is refused for what is no
longer so, and nothing is done twice or by half."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.inside import SUBJECT, Inside, inside
from connectors.base import Answer
from desk.applicants.afterwards import Withdrawal
from desk.desk import Desk
from desk.errors import CannotRetry, UnknownStrange
from desk.staff import resend
from desk.staff.acts import Act
from dispatch.retry import Then
from store import audit, messages, notices
from store.engine.opening import Place

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
    there.desk.withdraw(SUBJECT, reference, Withdrawal((f"{reference}-03",), "改期"), "w", NOW)
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
