"""Rules about a department that is away for days: how it is left alone, what is given up, what the portal says."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from chaos.evidence import ZONE, Evidence, Line

OPENS, FIRST_REST, LONGEST_REST = 5, 15.0, 600.0  # docs/connecting.md
LADDER = (30.0, 60.0, 120.0, 300.0, 900.0, 1_800.0, 3_600.0, 7_200.0, 14_400.0, 43_200.0)
JITTER, GIVEN_UP = 1.2, 7 * 86_400.0  # five working days, taken so that nothing is given up early
BESIDE = 60.0  # seconds about a limit in which both are right: the portal looked a little before or after the ledger
NO_SOONER = 1.0
KNOWN_WITHIN = 1.0  # that the last of the failures is known to the portal
READY = 200


@dataclass(frozen=True, slots=True)
class Vain:
    """A call in vain, or the first that was not any more: of which message, when it came and ended by the town's clock,
    and when it came in truth."""

    key: str
    begun: float
    ended: float
    at: float


def rests_wrong(found: Evidence) -> Iterator[str]:
    """I58: an office that is away rests as promised and is tried once after each rest, no sooner and no later; once it
    is back no message comes twice, nor more at once than it takes."""
    for calls, until in _stretches(found):
        yield from _rests(found, calls, until)
    for office, (_, back) in _absences(found).items():
        later = [line for line in found.said("call") if line["body"] == office and line["at"] > back]
        again = Counter(line["key"] for line in later)
        yield from (f"{key}: {times} times once {office} was back" for key, times in again.items() if times > 1)
        most, limit = _at_once(found, office, back), found.run["form"]["at_once"]
        if most > limit:
            yield f"{office}: {most} at once, of {limit} that it takes"


def given_up_wrong(found: Evidence) -> Iterator[str]:
    """I59: what was tried in vain for five working days is given up then and not before, is listed, and waits; what is
    sent again is exactly that, and arrives."""
    tried = _tried(found)
    for listed in found.noted("stuck"):
        known = {key: _given_up(calls, listed["begun"]) for key, calls in tried.items()}
        wrong = [key for key, dead in known.items() if dead is not None and dead != (key in listed["keys"])]
        yield from (f"{key}: {'not listed' if known[key] else 'listed'}" for key in sorted(wrong))
    wanted: list[str] = max((line["keys"] for line in found.noted("stuck")), key=len, default=[])
    if found.run.get("form", {}).get("away") and not wanted:
        yield "nothing was given up"
    resent = [*found.noted("resent")]
    yield from (f"{key}: sent again, or not, but for being asked" for line in resent
                for key in sorted({*line["keys"]} ^ {*wanted}))
    since = min((line["begun"] for line in resent), default=float("inf"))
    arrived = {line["key"] for line in found.effects}
    for key in wanted:
        dead = [call for call in tried.get(key, ()) if call.begun - tried[key][0].begun > GIVEN_UP + BESIDE]
        if key not in arrived:
            yield f"{key}: sent again, and did not arrive"
        if any(call.at < since for call in dead[1:]):
            yield f"{key}: sent again by itself after it was given up"


def not_as_it_says(found: Evidence) -> Iterator[str]:
    """I60: while the portal is there it says that it is ready, whatever departments do, and so it is (I12)."""
    for line in found.noted("ready"):
        if line["status"] != READY and not found.is_near_outage(line["at"], line["at"]):
            yield f"{line['t']}: {line['status']}"


def answers_lost(found: Evidence) -> Iterator[str]:
    """I61: what an office has answered is what became of the message, with the file that came with it, unless its leg
    went to another office, or the portal was killed or the clock leapt over a lease just then."""
    if "push." in str(found.run.get("form", {}).get("armed", "")):
        return
    sends = {line["key"] for line in found.exported("attempt")
             if line["purpose"] == "send" and line["outcome"] == "received"}
    kept = {file["sha256"] for case in found.cases.values() for file in case["files"]}
    troubled = {line["key"] for line in found.said("trouble")}
    for line in found.said("answer"):
        odd = line["status"] >= 400 or line["key"] in troubled or line["leg"] in found.transfers
        if odd or found.is_disturbed(line["at"]):
            continue
        if line["key"] not in sends:
            yield f"{line['key']}: answered {line['status']}, and not recorded"
        if line.get("gave") and line["gave"] not in kept:
            yield f"{line['key']}: the file that came with the answer is not there"


def _absences(found: Evidence) -> Mapping[str, tuple[float, float]]:
    """The offices that were away, each from when and until when in truth."""
    gone = {line["body"]: line["at"] for line in found.said("away")}
    back = {line["body"]: line["at"] for line in found.said("back")}
    return {office: (since, back.get(office, float("inf"))) for office, since in gone.items()}


def _calls(found: Evidence, office: str) -> list[Vain]:
    """All calls that came to an office while it was away, in order."""
    since, back = _absences(found)[office]
    ends: defaultdict[str, list[float]] = defaultdict(list)
    for line in found.said("failed"):
        ends[line["key"]].append(_moment(line))
    calls = sorted((line for line in found.said("call") if line["body"] == office and since <= line["at"] < back),
                   key=_at)
    return [Vain(line["key"], _moment(line), next((end for end in ends[line["key"]] if end >= _moment(line)),
                                                   _moment(line)), line["at"]) for line in calls]


def _stretches(found: Evidence) -> Iterator[tuple[list[Vain], float]]:
    """What came to an office that was away between two outages of the portal, which forgets then how it was, and until
    when that was. What comes first when it is back is the last probe."""
    for office, (since, back) in _absences(found).items():
        ends = [*(begin for begin, _ in found.outages if since < begin < back), back]
        calls = _calls(found, office)
        begun = since
        for end in ends:
            yield [call for call in calls if begun <= call.at < end], end
            begun = end


def _rests(found: Evidence, calls: Sequence[Vain], until: float) -> Iterator[str]:
    if len(calls) < OPENS:
        return
    last, rest = sorted(call.ended for call in calls)[OPENS - 1], FIRST_REST
    under_way = [call for call in calls if call.begun <= last + KNOWN_WITHIN]
    if len(under_way) > found.run["form"]["at_once"] + OPENS - 1:
        yield f"{len(under_way)} came until the portal left it alone"
    tried = {call.key: call for call in under_way}
    times = Counter(call.key for call in _before(found, calls[0]))
    times.update(call.key for call in under_way)
    for call in [*calls[len(under_way):], None]:
        due = _due(tried, times)
        late = found.reached(max(last + rest, due)) + found.run["form"]["quick_seconds"]
        if late < (until if call is None else call.at):
            yield f"{_shown(call)} later than {rest:.0f} s after the failure before it, though more was due"
        if call is None:
            break
        if call.begun < last + rest - NO_SOONER:
            yield f"{_shown(call)} {call.begun - last:.0f} s after the failure before it, not {rest:.0f}"
        tried[call.key] = call
        times[call.key] += 1
        last, rest = call.ended, min(2 * rest, LONGEST_REST)


def _before(found: Evidence, first: Vain) -> list[Vain]:
    """What came to any office that is away before the first call of a stretch."""
    return [call for office in _absences(found) for call in _calls(found, office) if call.at < first.at]


def _due(tried: Mapping[str, Vain], times: Mapping[str, int]) -> float:
    """By when one of these is due again at the latest."""
    return min((call.ended + JITTER * LADDER[min(times[key], len(LADDER)) - 1] for key, call in tried.items()),
               default=float("inf"))


def _tried(found: Evidence) -> Mapping[str, list[Vain]]:
    """All calls in vain by message."""
    made: defaultdict[str, list[Vain]] = defaultdict(list)
    for office in _absences(found):
        for call in _calls(found, office):
            made[call.key].append(call)
    return made


def _given_up(calls: Sequence[Vain], at: float) -> bool | None:
    """Whether a message with these calls in vain must be given up at a moment in truth; None: either is right."""
    tried = [call.begun - calls[0].begun for call in calls if call.at < at]
    longest = max(tried, default=0.0)
    return None if abs(longest - GIVEN_UP) < BESIDE else longest > GIVEN_UP


def _at_once(found: Evidence, office: str, since: float) -> int:
    """How many calls an office had at once at most from a moment on."""
    now = most = 0
    for line in sorted(found.said("call", "answer", "failed"), key=_at):
        if line["body"] == office and line["at"] > since:
            now = max(0, now + (1 if line["what"] == "call" else -1))
            most = max(most, now)
    return most


def _moment(line: Line) -> float:
    return datetime.fromisoformat(line["t"]).timestamp()


def _at(line: Line) -> float:
    return float(line["at"])


def _shown(call: Vain | None) -> str:
    if call is None:
        return "nothing came"
    return f"{call.key} came at {datetime.fromtimestamp(call.begun, ZONE):%d %H:%M:%S}"
