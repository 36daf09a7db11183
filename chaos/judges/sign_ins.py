"""Rules about signing in by the identity platform: one ticket, one session; one person, one account; out is out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from chaos.evidence import Evidence, Line
from chaos.signing_in import NUMBERS

AROUND_SECONDS = 12.0  # beside a leap: what was signed before it is old after it
SIGNED_OUT, LET_IN = 401, 200


def sign_ins_wrong(found: Evidence) -> Iterator[str]:
    """I44: a ticket opens one session at most, and one where nothing came between; every session of a person is of the
    same account and of nobody else's; and whoever signed out at the platform is out, once the portal has answered."""
    opened: defaultdict[str, int] = defaultdict(int)
    for line in found.noted("entered"):
        opened[line["state"]] += line["opened"]
        if not line["opened"] and not line["cut"] and not disturbed(found, line):
            yield f"{line['body']}: not let in: {line['statuses']}"
    yield from (f"{number} sessions of one ticket" for number in opened.values() if number > 1)
    for line in found.noted("whoami"):
        if line["status"] == LET_IN and line["number"] != NUMBERS[line["person"]]:
            yield f"{line['body']}: in the account of {line['number'] or 'nobody'}"
        elif line["status"] != LET_IN and not disturbed(found, line):
            yield f"{line['body']}: a session was lost: {line['status']}"
    yield from (f"{line['body']}: signed out there and {line['status']} here" for line in found.noted("gone")
                if line["status"] != SIGNED_OUT)
    yield from (f"{line['person']}: a sign-out was answered {line['status']}" for line in found.said("left")
                if line["status"] != LET_IN and not disturbed(found, line))


def disturbed(found: Evidence, line: Line) -> bool:
    """Whether the portal was away, or the clock leapt, about this moment."""
    since, until = line.get("begun", line["at"]) - AROUND_SECONDS, line["at"] + AROUND_SECONDS
    return found.away(since, until) > 0 or any(since < leap["at"] < until for leap in found.run.get("leaps", ()))
