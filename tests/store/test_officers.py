"""What officers do on our own pages, on both stores: opening is receiving, a form has one effect, nobody overtakes."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bench.inside import SUBJECT, Inside, inside
from desk.applicants.afterwards import Withdrawal
from desk.errors import NotNow, UnknownLeg
from desk.hearing.notices import Incoming
from desk.records.export import Extent, export
from desk.sending.feed import Taker
from desk.staff.acts import Act
from desk.staff.officer_acts import Said
from desk.staff.officers import Sheet
from store import audit, notices, offers
from store.engine.opening import Place
from store.offers import Offer
from store.port import Tx
from tests.store.lists import DESK, changed_list

NOW = datetime(2026, 1, 5, 1, 0, tzinfo=UTC)
ALONE = {"services": ["power"], "outside_line": False, "filer": "legal_rep"}
OFFICE = "power-grid"
ONE, OTHER = Taker(OFFICE, "officer-1"), Taker(OFFICE, "officer-2")
TOKEN = "0123456789abcdef" * 2


def at(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)


@pytest.fixture
def there(place: Place, tmp_path: Path) -> Iterator[Inside]:
    """A portal whose power grid has no system."""
    list_ = changed_list(tmp_path, OFFICE, DESK)
    with inside(tmp_path, place.data, place.url, YJS_DEPARTMENTS=str(list_)) as made:
        yield made


def sheet(there: Inside, leg: str) -> Sheet:
    return there.desk.officers.sheet(OFFICE, leg, at(9))


def filed(there: Inside) -> str:
    """The power leg of a new application."""
    return f"{there.file(ALONE, 'one', NOW).reference}-03"


def opened(there: Inside) -> str:
    leg = filed(there)
    there.desk.officer_acts.open(ONE, leg, at(1))
    return leg


def test_opening_is_fetching_and_confirming_once(there: Inside) -> None:
    leg = filed(there)
    assert (sheet(there, leg).data, sheet(there, leg).fresh) == ({}, ("leg.filed",))
    assert there.desk.officers.sizes(OFFICE) == (1, 1)
    assert there.desk.officer_acts.open(ONE, leg, at(1)) == ["leg.filed"]
    assert there.desk.officer_acts.open(OTHER, leg, at(2)) == []
    line, = there.desk.feed.after(OFFICE, 0, 10)
    assert line["taken"]
    shown = sheet(there, leg)
    assert json.loads(json.dumps(shown.data)) == there.desk.feed.fetch(OFFICE, leg, at(3))
    assert (shown.leg.state, shown.leg.received_at, shown.leg.reached) == ("received", at(1), True)
    assert there.desk.officers.sizes(OFFICE) == (1, 0)


def test_of_two_who_press_at_once_one_is_done_and_the_other_is_told(there: Inside) -> None:
    leg = opened(there)
    seen = sheet(there, leg).seen
    no = Said("leg.not_accepted", "f" * 32, seen, {"reason_code": "R1", "reason": "不在范围"})
    told: list[str] = []

    def press(by: Taker, said: Said) -> None:
        try:
            there.desk.officer_acts.tell(by, leg, said, at(2))
        except NotNow as refused:
            told.append(refused.detail)

    pressing = [threading.Thread(target=press, args=one)
                for one in ((ONE, Said("leg.accepted", TOKEN, seen)), (OTHER, no))]
    for one in pressing:
        one.start()
    for one in pressing:
        one.join()
    assert len(told) == 1 and "又有了新的进展" in told[0]
    assert sheet(there, leg).leg.state in ("accepted", "not_accepted")


def test_a_form_that_is_sent_many_times_at_once_has_one_effect(there: Inside) -> None:
    leg = opened(there)
    said = Said("leg.fee", TOKEN, sheet(there, leg).seen, {"amount": "12", "basis": "示例标准"})
    pressing = [threading.Thread(target=there.desk.officer_acts.tell, args=(ONE, leg, said, at(2 + n)))
                for n in range(4)]
    for one in pressing:
        one.start()
    for one in pressing:
        one.join()
    assert len(sheet(there, leg).leg.fees) == 1
    with pytest.raises(NotNow, match="已经提交过一次"):
        there.desk.officer_acts.tell(ONE, leg, replace(said, data={"amount": "13", "basis": "示例标准"}), at(7))


def test_an_act_counts_though_the_clock_of_the_offices_own_system_runs_ahead(there: Inside) -> None:
    leg, ahead = opened(there), at(2) + timedelta(minutes=4)
    said = {"type": "leg.special_started", "timestamp": ahead.isoformat(),
            "data": {"leg": leg, "kind": "检验", "basis": "第45条"}}
    assert there.desk.notices.take(Incoming(OFFICE, "ahead", json.dumps(said).encode(), said), at(2)) == "applied"
    over = Said("leg.special_ended", TOKEN, sheet(there, leg).seen, {"kind": "检验"})
    there.desk.officer_acts.tell(ONE, leg, over, at(2.01))
    assert sheet(there, leg).leg.state == "in_review"


def test_who_acted_stands_in_the_audit_log_and_in_the_leg_but_leaves_no_name_in_an_export(there: Inside) -> None:
    leg = opened(there)
    there.desk.officer_acts.tell(OTHER, leg, Said("leg.accepted", TOKEN, sheet(there, leg).seen), at(2))
    with there.house.database.read() as tx:
        assert [(one.actor, one.action, one.target) for one in audit.entries(tx)] == [
            ("officer-1", "leg.opened", leg), ("officer-2", "leg.accepted", leg)]
        assert notices.unsettled(tx) == []
    assert [one.officer for one in sheet(there, leg).history] == ["officer-1", "officer-2"]
    said = [line["by"] for line in export(there.house.database, Extent()) if line["kind"] == "event"
            and line["type"] == "leg.accepted"]
    assert said[0].startswith(f"department:{OFFICE}:digest:")


def test_an_urge_is_news_with_its_reason_and_does_not_spoil_a_form_that_is_being_filled_in(there: Inside) -> None:
    leg = opened(there)
    seen = sheet(there, leg).seen
    there.desk.urging.by_supervisor(leg, Act("supervisor-1", "申请人等着开工"), at(2))
    assert sheet(there, leg).fresh == ("leg.urged",)
    assert sheet(there, leg).history[-1].text == "督办人员已催办：申请人等着开工"
    there.desk.officer_acts.tell(ONE, leg, Said("leg.accepted", TOKEN, seen), at(3))
    assert sheet(there, leg).leg.state == "accepted"


def test_a_list_shows_what_another_host_has_done(there: Inside, place: Place, tmp_path: Path) -> None:
    leg = opened(there)
    assert [line.state for line in there.desk.officers.inbox(OFFICE, None, at(2)).lines] == ["已接收，等受理"]
    said = Said("leg.accepted", TOKEN, sheet(there, leg).seen)
    if place.url is None:  # there is one process only
        there.desk.officer_acts.tell(ONE, leg, said, at(2))
    else:
        with inside(tmp_path, place.data, place.url, YJS_DEPARTMENTS=str(tmp_path / "changed.yaml")) as other:
            other.desk.officer_acts.tell(ONE, leg, said, at(2))
    assert [line.state for line in there.desk.officers.inbox(OFFICE, None, at(2)).lines] == ["已受理"]


def test_an_erased_case_is_in_no_list_and_no_list_breaks(there: Inside) -> None:
    leg = opened(there)
    no = {"reason_code": "R1", "reason": "不在范围"}
    there.desk.officer_acts.tell(ONE, leg, Said("leg.not_accepted", TOKEN, sheet(there, leg).seen, no), at(2))
    assert [line.leg for line in there.desk.officers.done(OFFICE, None, at(3)).lines] == [leg]
    reference = leg.rpartition("-")[0]
    assert there.desk.operations.erasures.erase([reference], Act("operator", "到期"), at(24 * 40)) == {reference: ""}
    assert there.desk.officers.done(OFFICE, None, at(24 * 40)).lines == ()
    with pytest.raises(UnknownLeg):
        sheet(there, leg)


def test_a_withdrawal_is_news_and_is_answered(there: Inside) -> None:
    leg = opened(there)
    there.desk.afterwards.withdraw(SUBJECT, leg.rpartition("-")[0], Withdrawal(None, "改期"), "w", at(2))
    assert sheet(there, leg).fresh == ("leg.withdrawn",)
    listed = there.desk.officers.fresh(OFFICE, None, at(3))
    assert [(line.leg, line.fresh) for line in listed.lines] == [(leg, True)]
    assert there.desk.officer_acts.open(ONE, leg, at(3)) == ["leg.withdrawn"]
    there.desk.officer_acts.tell(ONE, leg, Said("leg.withdraw_confirmed", TOKEN, sheet(there, leg).seen), at(4))
    assert sheet(there, leg).leg.state == "withdrawn"
    assert [line.leg for line in there.desk.officers.done(OFFICE, None, at(5)).lines] == [leg]


def test_two_who_open_a_withdrawal_at_once_have_received_it_once(
        there: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    leg = opened(there)
    there.desk.afterwards.withdraw(SUBJECT, leg.rpartition("-")[0], Withdrawal(None, "改期"), "w", at(2))
    found = offers.untaken_of_leg

    def slowly(tx: Tx, *which: str) -> list[Offer]:
        seen = found(tx, *which)
        monkeypatch.setattr(offers, "untaken_of_leg", found)
        other = threading.Thread(target=there.desk.officer_acts.open, args=(OTHER, leg, at(3)))
        other.start()
        other.join()
        return seen

    monkeypatch.setattr(offers, "untaken_of_leg", slowly)
    there.desk.officer_acts.open(ONE, leg, at(4))
    assert [event.by.partition("officer")[2] for event in sheet(there, leg).leg.history
            if event.type == "leg.withdraw_received"] == ["-2"]


def test_what_was_withdrawn_unread_and_what_is_anothers_is_not_there(there: Inside) -> None:
    leg = filed(there)
    with pytest.raises(UnknownLeg):
        there.desk.officers.sheet("gas-utility", leg, at(1))
    there.desk.afterwards.withdraw(SUBJECT, leg.rpartition("-")[0], Withdrawal(None, "不办了"), "w", at(1))
    for ask in (lambda: sheet(there, leg), lambda: there.desk.officer_acts.open(ONE, leg, at(2))):
        with pytest.raises(UnknownLeg):
            ask()
    assert there.desk.officers.done(OFFICE, None, at(2)).lines == ()
    assert there.desk.officers.sizes(OFFICE) == (0, 0)
