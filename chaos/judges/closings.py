"""Rules about a bundle that is closed on a day, and accounts that their people close."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from chaos.evidence import ZONE, Evidence
from chaos.forms import CLOSED
from chaos.judges.sign_ins import disturbed

OUT = 401


def taken_after_the_end(found: Evidence) -> Iterator[str]:
    """I55: of a bundle nothing new is taken from its last day on, from no open draft either, and everything before;
    who was just filling it in keeps what they have."""
    last = found.run.get("closed_from")
    if last is None:
        return
    yield from (f"{case['id']}: filed at {case['filed_at']}" for case in found.cases.values()
                if case["bundle"] == CLOSED and datetime.fromisoformat(case["filed_at"]).astimezone(ZONE)
                .date().isoformat() >= last)
    for line in found.noted("filed_late"):
        day = datetime.fromtimestamp(found.town(line["begun"]), ZONE).date().isoformat()
        if line["status"] >= 400 and day < last and not disturbed(found, line):
            yield f"{line['key']}: refused on {day} as {line['code']}"
    yield from (f"{line['draft']}: {line['status']}, not as it was left" for line in found.noted("kept_draft")
                if not line["kept"])


def account_not_closed(found: Evidence) -> Iterator[str]:
    """I56: whoever has closed an account is out from then on, by session, token and password; it stands in the audit
    log once; and nobody else's is closed."""
    left = {line["body"]: line for line in found.noted("left")}
    erased = Counter(line["target"] for line in found.audit if line["action"] == "account.erase")
    wanted = {line["account"] for line in left.values()}
    yield from (f"{account}: closed {erased[account]} times in the audit log" for account in sorted({*wanted, *erased})
                if erased[account] != (account in wanted))
    for line in found.noted("as_member"):
        since = left[line["body"]]["at"] if line["body"] in left else float("inf")
        if line["begun"] > since and line["status"] != OUT:
            yield f"{line['body']}: by {line['by']} answered {line['status']} after the account was closed"
