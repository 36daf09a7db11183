"""What an office's officers do on our own pages: they open what came, and each act of theirs is a notice of contract
3.4 that the portal makes in the office's name. It is read, understood and judged like one that a system sends.

What cannot be applied is told to the officer at once instead of being kept aside: nobody else has to settle it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from cases import judge
from cases.model import Case, Event
from cases.offered import offered, progress, said_next
from desk.book import Book, Decide
from desk.errors import NotNow, UnknownLeg
from desk.hearing.notices import Notices, authorities_of, envelope, split_leg
from desk.premises import Premises
from desk.sending.feed import Feed, Taker
from desk.uploads.files import usable_of
from desk.values import FileInfo
from store import audit, notices
from store.audit import Entry
from store.notices import Notice
from store.port import Tx

OWN_SYSTEM = "贵单位用自己的系统办理并回告，这里只能查看。"
MOVED = "您打开这一页之后，这件又有了新的进展，刚才的操作没有执行；填写的内容还在，请看过最新情况后再提交。"
USED = "这一页已经提交过一次，这次改动没有执行；请看最新情况，需要时再办一次。"
NOT_OFFERED = "这件现在的状态不能这样办理；请看最新情况。"
HOW_CORRECTED = "登记错了的请用“更正”；没有这一项的，请平台运维人员在部门清单里登记谁可以更正（authorities）。"
REFUSED: Mapping[str, str] = {
    "not_sent": "这件还没有送到本单位，现在不能办理。",
    "after_final": f"这件已经办结或关闭，不能再这样办理；{HOW_CORRECTED}",
    "contradiction": f"与已经登记的结果相矛盾，没有执行；{HOW_CORRECTED}",
    "not_requested": "申请人没有申请撤回，或已经答复过。",
    "wait_running": "法定公示或公告期还没有届满，现在不能作出决定。",
    "beyond_authority": "只有部门清单里登记的主体可以决定更正，没有执行。",
    "ask_changed": "这次补正已经发出过，内容不能再改；请另发一次补正。",
}
_TOKEN = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Said:
    """An act as its form was sent: the type and the data of a notice; `token` is the form's own, the same however often
    it is sent; `seen` the progress of the leg that its page showed."""

    type: str
    token: str
    seen: str
    data: Mapping[str, Any] = field(default_factory=dict)


class _Twice(Exception):
    """This form was sent before, so what was written of it now must be undone."""


class OfficerActs:
    """The acting side of the officers' pages."""

    def __init__(self, premises: Premises, book: Book, feed: Feed, window: Notices) -> None:
        self._premises, self._book, self._feed, self._window = premises, book, feed, window

    def open(self, by: Taker, leg: str, now: datetime) -> list[str]:
        """Open a leg: whatever is new of it counts as received from now on. The types of what was opened."""
        self._works_here(by.office)
        return self._feed.opened(by, leg, now)

    def files(self, office: str, leg: str, names: Sequence[str]) -> list[FileInfo]:
        """The files that were sent before for an act; the act may be done already, by the same form."""
        return usable_of(self._premises, office, names, split_leg(leg)[0])

    def tell(self, by: Taker, leg: str, said: Said, now: datetime) -> None:
        """Do an act. `MalformedNotice` names what is wrong by its place; `NotNow` says why it cannot be done now. The
        same form has one effect however often it is sent."""
        self._works_here(by.office)
        known, number = self._feed.own(by.office, leg)
        notice = {"type": said.type, "timestamp": now.isoformat(), "data": {"leg": leg, **said.data}}
        if self._done_before(by, said, notice):
            return
        type_, at, data = envelope(notice, now)
        understood = self._window.understood(known.row.reference, number, type_, data)
        event = Event(type_, said_next(known.case.legs[number], at), by.name, number,
                      self._window.with_files(by.office, understood, now))

        def alongside(tx: Tx) -> None:
            self._write(tx, by, said, notice, event)

        try:
            self._book.advance(known.row.reference, self._decider(by, said, event), now, alongside)
        except NotNow:
            if not self._done_before(by, said, notice):  # else its twin was quicker
                raise
        except _Twice:
            self._done_before(by, said, notice)

    def _works_here(self, office: str) -> None:
        found = self._premises.deployment.bodies.get(office)
        if found is None:
            raise UnknownLeg
        if found.channel == "push":
            raise NotNow(OWN_SYSTEM)

    def _done_before(self, by: Taker, said: Said, notice: Mapping[str, Any]) -> bool:
        """Whether this very form was sent before and had its effect; `NotNow` if it said something else then."""
        if not _TOKEN.fullmatch(said.token):
            raise NotNow(USED)
        with self._premises.database.read() as tx:
            earlier = notices.find(tx, by.office, _message_id(by, said))
        if earlier is not None and _content(json.loads(earlier.body or b"{}")) != _content(notice):
            raise NotNow(USED)
        return earlier is not None

    def _decider(self, by: Taker, said: Said, event: Event) -> Decide:
        """Judges the act on the leg as it stands, if that is what the officer saw."""
        calendar, number = self._premises.calendar, str(event.leg)
        authorities = authorities_of(self._premises.deployment.bodies[by.office])

        def decide(case: Case) -> Sequence[Event]:
            leg = case.legs[number]
            if progress(leg) != said.seen:
                raise NotNow(MOVED)
            verdict = judge.judge(case, number, event, calendar, authorities)
            if verdict.kind == "quarantined":
                raise NotNow(REFUSED.get(verdict.code, verdict.text))
            if verdict.kind == "known" or event.type not in offered(case, leg, calendar, event.at, authorities):
                raise NotNow(NOT_OFFERED)
            return verdict.events

        return decide

    def _write(self, tx: Tx, by: Taker, said: Said, notice: Mapping[str, Any], event: Event) -> None:
        """What belongs to the same transaction: the form is used up, its files are the case's, the officer is named."""
        leg, raw = str(notice["data"]["leg"]), json.dumps(notice, ensure_ascii=False).encode()
        reference = leg.rpartition("-")[0]
        row = Notice(department=by.office, message_id=_message_id(by, said), at=event.at,
                     digest=hashlib.sha256(raw).hexdigest(), outcome="applied", reference=reference, leg=event.leg,
                     type=event.type, body=raw)
        if notices.claim(tx, row) is not None:
            raise _Twice
        self._window.link(tx, reference, by.office, event.data)
        audit.record(tx, Entry(event.at, by.subject, event.type, leg, {"form": said.token}))


def _message_id(by: Taker, said: Said) -> str:
    """The id of the notice: the officer's and the form's, so that nobody takes another's and no system has it."""
    return f"page:{by.subject}:{said.token}"


def _content(notice: Mapping[str, Any]) -> Any:
    """What a form says. Files count by what is in them: each time that a form is sent they are stored anew."""
    data = notice.get("data", {})
    by_content = {key: [{**one, "files": [file.get("sha256") for file in one.get("files", ())]}
                        for one in data.get(key, ())] for key in ("results", "documents")}
    return notice.get("type"), {**data, **by_content}
