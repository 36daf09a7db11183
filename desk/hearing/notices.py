"""What departments tell us: verified by the edge, judged against the case, applied once, or kept apart whole."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from cases import fold, judge, stays
from cases.beyond import ASKED, FEE, Beyond, beyond
from cases.model import Case, Event, Leg
from cases.states import FILED, OUT
from connectors.base import Body
from desk.book import Book
from desk.errors import MalformedNotice, UnknownCase, UnknownLeg
from desk.hearing.asking import in_our_words, with_checked_results
from desk.hearing.listed import beside_the_list
from desk.hearing.notice_schemas import read_data
from desk.hearing.result_files import ResultFiles, brings_files, named_in
from desk.premises import Premises
from desk.uploads.scanning import Scans
from store import cases, failpoints, files, leases, messages, notices
from store.errors import FileTaken
from store.notices import Notice, Strange
from store.port import Tx

ID_REUSED = "id_reused"
LATEST_AHEAD = timedelta(minutes=5)
Outcome = Literal["applied", "known", "quarantined"]


@dataclass(frozen=True, slots=True)
class Incoming:
    """One verified notice: who sent it, its id, its bytes, and what it says."""

    office: str
    message_id: str
    raw: bytes
    notice: Mapping[str, Any]


@dataclass(slots=True)
class _Judged:
    """Filled in while deciding; the last decision counts."""

    verdict: judge.Verdict | None = None
    early: bool = False
    earlier: Notice | None = None


class _Replayed(Exception):
    """This id was handled before, so what was written of it now must be undone."""


class Notices:
    """The desk's window for departments."""

    def __init__(self, premises: Premises, book: Book, scans: Scans) -> None:
        self._premises, self._book, self._files = premises, book, ResultFiles(premises, scans)

    def take(self, incoming: Incoming, now: datetime) -> Outcome:
        """Apply one notice: `applied`, `known` (copies, overtaken) or `quarantined` (kept whole, with a code)."""
        type_, at, data = envelope(incoming.notice, now)
        reference, leg = split_leg(str(data["leg"]))
        self._refuse_strangers(reference, leg, incoming.office)
        # A copy must not store its inline files again; any other is told from news when it claims its id.
        if brings_files(data) and (earlier := self._earlier(incoming)) is not None:
            return self._repeated(incoming, earlier, now)
        try:
            said = self.with_files(incoming.office, self.understood(reference, leg, type_, data), now)
        except MalformedNotice:
            if (earlier := self._earlier(incoming)) is None:
                raise
            return self._repeated(incoming, earlier, now)  # what it was taken with may be gone meanwhile
        return self._judged(incoming, Event(type_, at, f"department:{incoming.office}", leg, said), reference, now)

    def _judged(self, incoming: Incoming, event: Event, reference: str, now: datetime) -> Outcome:
        """Apply what was said to the case, or keep it aside; its id is taken in the same transaction."""
        leg = str(event.leg)
        judged, authorities = _Judged(), authorities_of(self._premises.deployment.bodies[incoming.office])

        def decide(case: Case) -> Sequence[Event]:
            judged.early = case.legs[leg].state in OUT
            judged.verdict = judge.put_aside(stays.BEFORE_RETURN) if self._of_before(reference, case.legs[leg], event) \
                else judge.judge(case, leg, event, self._premises.calendar, authorities)
            return judged.verdict.events if judged.verdict.kind == "applied" else ()

        def alongside(tx: Tx) -> None:
            self._claim(tx, incoming, judged, event, now)
            failpoints.reach("notice.before_commit")

        try:
            self._book.advance(reference, decide, now, alongside)
            failpoints.reach("notice.after_commit")
        except UnknownCase:  # it was erased just now
            raise UnknownLeg from None
        except _Replayed:
            pass
        if judged.earlier is not None:
            return self._repeated(incoming, judged.earlier, now)
        assert judged.verdict is not None
        return judged.verdict.kind

    def _of_before(self, reference: str, leg: Leg, event: Event) -> bool:
        """Whether an office to which a leg came back tells of an earlier time there."""
        return stays.came_back(leg) and stays.said_by(event) == leg.office and stays.of_an_earlier_stay(
            leg, event, self._first_left(reference, leg))

    def _first_left(self, reference: str, leg: Leg) -> datetime | None:
        """When the filing with which a leg came to its present office left first, or was read there; None while it has
        not."""
        came, *since = fold.stay(leg)
        with self._premises.database.read() as tx:
            filing = next((one for one in messages.of_case(tx, reference) if one.leg == leg.leg and one.attempts
                           and one.type == FILED and one.n > messages.number_of(came.data["filed"])), None)
            tried = [] if filing is None else leases.attempts_of(tx, filing)
        if filing is None or tried:
            return tried[0].started_at if tried else None
        return next((event.at for event in since if event.type == "leg.sending"), came.at)

    def why_aside(self, office: str, message_id: str) -> dict[str, str]:
        """The code under which a notice was set aside, and what its sender can do."""
        with self._premises.database.read() as tx:
            code = notices.code_of(tx, office, message_id) or ""
        return {"code": code, "reason": judge.QUARANTINE.get(code, "已转平台人员核实")}

    def _repeated(self, incoming: Incoming, earlier: Notice, now: datetime) -> Outcome:
        """What comes under an id that was used before: a copy is known; other content is news and must not be lost."""
        digest = _digest(incoming.raw)
        if digest == earlier.digest or _says_the_same(earlier, incoming.notice):
            return "quarantined" if earlier.outcome == "quarantined" else "known"
        reference, leg = split_leg(str(incoming.notice["data"]["leg"]))
        # Its own id comes from what was said, so that copies of it are one entry.
        one = hashlib.sha256(f"{incoming.office}:{incoming.message_id}:{digest}".encode()).hexdigest()[:24]
        strange = Strange(id=one, department=incoming.office, at=now, message_id=incoming.message_id, code=ID_REUSED,
                          reference=reference, leg=leg, type=str(incoming.notice["type"]),
                          body=incoming.raw.decode("utf-8", "replace"))

        def unit(tx: Tx) -> None:
            if cases.is_erased(cases.lock(tx, reference)):
                raise UnknownLeg
            notices.quarantine(tx, strange)

        self._premises.database.write(unit)
        return "quarantined"

    def _earlier(self, incoming: Incoming) -> Notice | None:
        with self._premises.database.read() as tx:
            return notices.find(tx, incoming.office, incoming.message_id)

    def _refuse_strangers(self, reference: str, leg: str, office: str) -> None:
        """UnknownLeg for an office that never had the leg; what one that it left says is judged, and put aside."""
        try:
            known = self._book.known(reference)
            if leg in known.legs and known.legs[leg].office != office:  # another host may have taken it there just now
                known = self._book.fresh(reference)
        except UnknownCase:
            raise UnknownLeg from None
        if leg not in known.legs or office not in (known.legs[leg].office, *known.case.legs[leg].left):
            raise UnknownLeg

    def _claim(self, tx: Tx, incoming: Incoming, judged: _Judged, event: Event, now: datetime) -> None:
        assert judged.verdict is not None
        reference = str(incoming.notice["data"]["leg"]).rpartition("-")[0]
        row = Notice(department=incoming.office, message_id=incoming.message_id, at=now,
                     digest=_digest(incoming.raw), outcome=judged.verdict.kind, reference=reference,
                     leg=event.leg, type=event.type, body=incoming.raw)
        judged.earlier = notices.claim(tx, row)
        if judged.earlier is not None and judged.verdict.events:
            raise _Replayed
        if judged.earlier is not None:
            return
        if judged.verdict.kind == "quarantined":
            notices.quarantine(tx, Strange(
                id=secrets.token_hex(12), department=incoming.office, at=now, message_id=incoming.message_id,
                code=judged.verdict.code, reference=reference, leg=event.leg, type=event.type,
                body=incoming.raw.decode("utf-8", "replace")))
        elif judged.verdict.kind == "applied":
            if judged.early:
                messages.overtaken(tx, reference, event.leg or "", now)
            self.link(tx, reference, incoming.office, event.data)

    def understood(self, reference: str, leg: str, type_: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """Well-formed data in our words: what is asked by our codes, results under codes that somebody knows, with
        fields of the right type; and what is published beside what is asked."""
        known = self._book.known(reference)
        catalog = self._book.definitions(known)
        if type_ == ASKED:
            data = in_our_words(known.case, leg, catalog, data)
        return beside_the_list(known, leg, catalog, type_, with_checked_results(known.case, leg, catalog, data))

    def beside(self, wanted: Sequence[tuple[str, str]]) -> dict[tuple[str, str], tuple[Beyond, ...]]:
        """What was asked of these legs (reference and number) beside what is published."""
        known = self._book.looked_at(list(dict.fromkeys(reference for reference, _ in wanted)))
        return {(reference, leg): beyond(known[reference].case.legs[leg], self._premises.calendar)
                for reference, leg in wanted if reference in known}

    def remarks(self, notice: Mapping[str, Any]) -> list[str]:
        """What of a notice that was applied is beside what is published, as codes for its sender."""
        type_, data = str(notice["type"]), notice["data"]
        if type_ not in (ASKED, FEE):
            return []
        reference, leg = split_leg(str(data["leg"]))
        at = datetime.fromisoformat(str(notice["timestamp"]))
        found = self.beside([(reference, leg)]).get((reference, leg), ())
        return list(dict.fromkeys(one.kind for one in found if (one.event.type, one.event.at) == (type_, at)))

    def with_files(self, office: str, data: Mapping[str, Any], now: datetime) -> dict[str, Any]:
        """The data with every result file described from what is stored; base64 inside it is checked and stored."""
        return self._files.described(office, data, now)

    def link(self, tx: Tx, reference: str, office: str, data: Mapping[str, Any]) -> None:
        """Give the files that a notice names to the case."""
        try:
            files.link(tx, reference, f"department:{office}", named_in(data))
        except FileTaken:
            say = "回告引用的文件已用于另一个办件；请为每个办件分别上传文件。"
            place = next((key for key in ("results", "documents", "files") if data.get(key)), "results")
            raise MalformedNotice(say, errors={"data": {place: [say]}}) from None


def _says_the_same(earlier: Notice, notice: Mapping[str, Any]) -> bool:
    """Whether a repeated notice differs in nothing but its time or its spacing: some systems write it anew."""
    said = json.loads(earlier.body) if earlier.body else {}
    return bool(said.get("type") == notice.get("type") and said.get("data") == notice.get("data"))


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def split_leg(public: str) -> tuple[str, str]:
    """The reference and the leg's number of a public leg id `{reference}-{NN}[.i]`."""
    reference, _, leg = public.rpartition("-")
    if not reference or not leg:
        raise UnknownLeg
    return reference, leg


def envelope(notice: Mapping[str, Any], now: datetime) -> tuple[str, datetime, dict[str, Any]]:
    """Type, time and data of a notice, or `MalformedNotice` naming what is missing (contract 3.4)."""
    type_, data = notice.get("type"), notice.get("data")
    wrong: dict[str, Any] = {}
    at = _instant(notice.get("timestamp"), now)
    if at is None:
        wrong["timestamp"] = ["请写带时区的 RFC 3339 时间，例如 2026-01-05T09:30:00+08:00"]
    clean: dict[str, Any] = {}
    try:
        clean = read_data(str(type_), data)
    except MalformedNotice as error:
        wrong.update(error.errors)
    if wrong or at is None:
        raise MalformedNotice(errors=wrong)
    if at > now + LATEST_AHEAD:
        raise MalformedNotice("回告时间晚于现在；请校准系统时钟后重发。", errors={"timestamp": ["晚于现在"]})
    return str(type_), at, clean


def authorities_of(office: Body) -> frozenset[str]:
    """Who may correct this office's legs: declared in the deployment file under `settings: authorities`."""
    return frozenset(office.authorities)


def _instant(text: Any, now: datetime) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
        return at.astimezone(now.tzinfo) if at.tzinfo else None
    except (TypeError, ValueError, OverflowError):  # the year 1 at +14:00 began in no year
        return None
