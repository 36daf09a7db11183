"""Rules about the second factor of the staff: nothing opens without it, a code counts once, and being locked out
ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from chaos.evidence import Evidence, Line
from chaos.judges.sign_ins import disturbed
from chaos.second_factor import AFTER_A_LEAP


def second_factor_wrong(found: Evidence) -> Iterator[str]:
    """I54: the password alone opens nothing; a code opens one session at most, and one where nothing came between;
    after five wrong ones nobody is let in, and once the time for that is over whoever has the right one is."""
    yield from (f"{line['body']}: inside by the password alone" for line in found.noted("half") if line["inside"])
    opened: Counter[str] = Counter()
    for line in found.noted("proved"):
        opened[line["code"]] += line["opened"]
        if line["way"] != "again" and not line["opened"] and not disturbed(found, line):
            yield f"{line['body']}: not let in by a {line['way']} of their own"
    yield from (f"{code}: {number} sessions of one code" for code, number in opened.items() if number > 1)
    yield from (f"{line['body']}: let in though locked out" for line in found.noted("locked_out")
                if line["inside"] and not disturbed(found, line))
    yield from (f"{line['body']}: kept out after its time" for line in found.noted("locked_no_more")
                if not line["inside"] and not _leapt(found, line))


def _leapt(found: Evidence, line: Line) -> bool:
    """Whether the clock leapt just then, or the portal was away so that a code grew old."""
    since, until = line["begun"] - AFTER_A_LEAP / 2, line["at"]
    return found.away(since, until) > 0 or any(since < leap["at"] < until for leap in found.run.get("leaps", ()))
