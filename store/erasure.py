"""Erases what a closed case says of people. That there was one, which legs it had, when what happened and how it ended
stays; every chain still holds, for it is linked over digests that were salted."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta

from cases.model import LegState
from cases.states import OVER
from store import cases, editions, events, legs, mandates, ratings, tallies
from store.cases import CaseRow
from store.encoding import stamp
from store.paging import Order
from store.port import Tx
from store.telling import bulletins, preferences

GONE = "已经删除过"
_ENDED = Order(("closed_at", "reference"))
REST = timedelta(days=30)  # after its end a case is still looked at, corrected and complained about

_OBSTACLES = (
    ("还有没有送达或没有取走的消息；请先用 flask legs 查看并处理",
     "select 1 as yes from messages where reference = :r"
     " and state in ('due', 'leased', 'stuck', 'unknown', 'refused') limit 1"),
    ("还有待处理的异常回告；请先用 flask quarantine 处理",
     "select 1 as yes from quarantine where reference = :r and settled_at is null limit 1"),
    ("还有没有答复的差评；请督办人员先整改和回访",
     "select 1 as yes from ratings where reference = :r and due_at is not null"
     " and (fixed_at is null or called_at is null) limit 1"),
)
UNDELIVERED = ("有结果要邮寄或到窗口领取，还没有登记送达；请先请部门登记送达(leg.delivered)，已另行交给申请人的，"
               "加 --undelivered 再删除")
_ERASED = (
    "delete from bodies where reference = :r",
    "update messages set frozen = null, reason = null where reference = :r",
    "update attempts set answer = null where reference = :r",
    "update notices set body = null, digest = '' where reference = :r",
    "delete from quarantine where reference = :r",
    "delete from consents where reference = :r",
    "delete from agreements where reference = :r",
    "delete from visit_cases where reference = :r",
)
_OWED = "select 1 as yes from legs where reference = :r and state = 'granted' and stalls_at is not null limit 1"
# Nobody owns them any more; their bytes and names go with the leftovers, as what nobody came back for.
_LET_GO = "update files set owner = '', reference = null, created_at = :at where reference = :r"
# On no list any more: what there was to say of it is gone.
_OWES_NOTHING = ("update legs set stalls_at = null, beyond_at = null where reference = :r"
                 " and (stalls_at is not null or beyond_at is not null)")
_OF_SUBJECT = (
    "delete from submissions where subject = :subject and reference = :r",
    "delete from drafts where subject = :subject and submitted_as = :r",
)


def obstacle(tx: Tx, case: CaseRow, now: datetime, *, undelivered: bool = False) -> str:
    """Why a case cannot be erased (yet); empty if it can. `undelivered`: whatever was not handed out stands in no
    way."""
    if cases.is_erased(case):
        return GONE
    if case.closed_at is None:
        return "还没有办结"
    if now - case.closed_at < REST:
        return f"办结不满 {REST.days} 天"
    found = next((why for why, sql in _OBSTACLES if tx.rows(sql, r=case.reference)), "")
    return found or ("" if undelivered or not tx.rows(_OWED, r=case.reference) else UNDELIVERED)


def erase(tx: Tx, case: CaseRow, files_of: datetime, now: datetime) -> None:
    """Erase everything personal of a case, within one transaction; its files go as if they had been uploaded at
    `files_of`."""
    events.erase(tx, case.reference)
    ratings.erase(tx, case.reference)
    bulletins.erase(tx, case.reference)
    for sql in (*_ERASED, _OWES_NOTHING):
        tx.run(sql, r=case.reference)
    tx.run(_LET_GO, r=case.reference, at=stamp(files_of))
    agency = mandates.agency(tx, case.reference)
    people = (case.subject, *([agency.agent] if agency else []))
    for subject in people:
        for sql in _OF_SUBJECT:
            tx.run(sql, r=case.reference, subject=subject)
    mandates.leave(tx, case.reference, now)
    cases.blank(tx, case.reference)
    for subject in people:
        preferences.forget(tx, subject)
    _leave_plan(tx, case)


def end(tx: Tx, case: CaseRow, now: datetime) -> None:
    """End a case that is still open in a copy, though it was over and erased since: nobody tells how it ended any more,
    nothing of it leaves, and nobody waits for it."""
    reference, before = case.reference, {row.leg: row for row in legs.of_case(tx, case.reference)}
    tx.run("update messages set state = 'cancelled', next_at = null, lease_until = null where reference = :r"
           " and state in ('due', 'leased', 'stuck', 'unknown', 'refused')", r=reference)
    over = [row.but(state=LegState.VOIDED, since=now, closed_at=now, next_actor="nobody", waits="", lapse_at=None)
            for row in before.values() if row.state not in OVER]
    legs.put(tx, over, before)
    tallies.note(tx, case.bundle, before, over, now)


def _leave_plan(tx: Tx, case: CaseRow) -> None:
    """A plan holds answers: what was chosen, and names and numbers of rows. Of it the numbers of the legs stay, by
    which one can see that none was lost. It is composed for one day, so nobody files with it any more."""
    numbers = tx.rows("select leg from legs where reference = :r order by leg", r=case.reference)
    left = json.dumps({"legs": [{"leg": row["leg"]} for row in numbers]})
    bare = hashlib.sha256(left.encode()).hexdigest()
    editions.keep_plan(tx, bare, left)
    cases.plan_with(tx, case.reference, bare)
    editions.drop_plan(tx, case.plan)


def taken_back(tx: Tx, now: datetime, after: str, limit: int = 50) -> tuple[list[str], str | None]:
    """Cases that may be erased by their age and whose consent was taken back, by reference; and where the next page
    begins (None: this was the last)."""
    found = tx.rows(
        "select cases.reference from consents join cases on cases.reference = consents.reference"
        " where withdrawn_at is not null and consents.reference > :after and closed_at <= :day"
        " order by consents.reference limit :limit", after=after, day=stamp(now - REST), limit=limit)
    references = [row["reference"] for row in found]
    return references, references[-1] if len(references) == limit else None


def closed_before(tx: Tx, day: datetime, after: str, limit: int = 50) -> tuple[list[str], str | None]:
    """Cases that ended before a time and are not erased, those that ended first in front; and where the next page
    begins (None: this was the last)."""
    found, then = _ENDED.page(tx.rows(
        "select closed_at, reference from cases where closed_at is not null and subject <> '' and closed_at < :day"
        f" and {_ENDED.behind} order by {_ENDED.by} limit :limit",
        day=stamp(day), limit=limit + 1, **_ENDED.place(after)), limit)
    return [row["reference"] for row in found], then
