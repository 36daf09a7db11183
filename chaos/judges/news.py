"""Rules about what people are told: all that is so and nothing else, in their inboxes and through the message gateway.

What leaves is counted in sentences as a person counts them: “a”“b”“c”等 6 项 tells of six, 另有 4 条消息 of four more.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from chaos.evidence import TRANSFERRED, Evidence, Line
from chaos.forms import BUYER, LATECOMER, PRIVATE, REACHED

OVER = frozenset({"granted", "delivered", "refused", "not_accepted", "withdrawn", "terminated", "voided", "not_needed"})
# kind → the events that make it, and the states of a leg in which it is so (none: whatever becomes of the leg)
BY_EVENT: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "refused": (frozenset({"leg.refused", "leg.not_accepted"}), frozenset({"refused", "not_accepted"})),
    "granted": (frozenset({"leg.granted"}), frozenset({"granted", "delivered"})),
    "delivered": (frozenset({"leg.delivered"}), frozenset({"delivered"})),
    "withdrawn": (frozenset({"leg.withdraw_confirmed"}), frozenset({"withdrawn"})),
    "stopped": (frozenset({"leg.lapsed", "leg.start_lapsed", "leg.voided", "leg.not_needed"}),
                frozenset({"terminated", "voided", "not_needed"})),
    "fee": (frozenset({"leg.fee"}), frozenset()), "remark": (frozenset({"leg.remark"}), frozenset()),
}
ASKING = frozenset({"leg.supplement_required", "leg.held", "leg.tolerated"})
ASKS = frozenset({"ask", "reminder", "waiting", "owed"})
ENDING = frozenset().union(*(types for types, _ in BY_EVENT.values())) - {"leg.delivered", "leg.fee", "leg.remark"}
TAKING_BACK = "leg.withdraw_requested"  # what one does oneself ends a case without news
OWNERS = frozenset({"filed", "filed_for"})
ANYHOW = ASKS | {"overdue"}  # nobody can turn off what has a limit
PASSING = ASKS | {"transferred", "spared", "extended", "overdue"}  # need not be told any more once they are over
WANTED = frozenset({*BY_EVENT, "transferred", "corrected", "not_withdrawn", "spared", "extended", "ended",
                    "filed_for"})  # by whoever did not choose
ASK_SECONDS = 90.0  # within which an ask is told: the portal looks once a minute, and a machine may be busy
SLACK_SECONDS = 20.0  # that an attempt may take which began before a number was taken back
MEMBERS = frozenset({"kind", "urgent", "recipient", "reference", "references", "text", "link"})
THEIR_WORDS = ("现场条件", "不属于本单位", "看不清楚", "核对不上", "已收悉", "示例理由", "示例原因", "示例留言",
               "示例步骤", "示例说明", "伪造的回告")  # what departments and officers write
_NAMED, _MORE = re.compile(r"(?:“[^”]*”)+(?:等 (\d+) 项)?"), re.compile(r"另有 (\d+) 条消息")
_UNNAMED = re.compile("整件事已结束|代办人替您提交了申请|申请已提交，")
_ASIDE = "请到“委托”页面查看"

AGENT, SAMPLE = "agent", ("client-", BUYER, LATECOMER)
Place = tuple[str, str, str]  # case, kind, leg


def owners(found: Evidence) -> Mapping[str, str]:
    """Case → whose it is, as whoever filed it knows."""
    principals = {line["key"]: line["principal"] for line in found.noted("did") if line["act"] == "file"}
    return {ack["reference"]: principals.get(ack["key"]) or
            ("sample" if ack["body"].startswith(SAMPLE) else ack["body"]) for ack in found.acks}


def demanded(found: Evidence) -> tuple[Counter[Place], Counter[Place]]:
    """What the cases as they ended have to tell their owners: how often at least, and how often at most."""
    least: Counter[Place] = Counter()
    most: Counter[Place] = Counter()
    for leg in found.legs.values():
        types = Counter(event["type"] for event in found.events_of.get(leg["id"], ()))
        number = leg["id"].rpartition("-")[2]
        for kind, (made_by, states) in BY_EVENT.items():
            number_of = sum(types[type_] for type_ in made_by) if not states or leg["state"] in states else 0
            most[leg["case"], kind, number] = number_of
            least[leg["case"], kind, number] = 0 if kind == "granted" and types["leg.delivered"] else number_of
        most[leg["case"], "transferred", number] = types[TRANSFERRED]
        most[leg["case"], "spared", number] = types["leg.ask_dropped"]
        most[leg["case"], "overdue", number] = types["leg.lapsed"]
        most[leg["case"], "extended", number] = types["leg.extended"]
    for reference, legs in found.legs_of.items():
        over = all(leg["state"] in OVER for leg in legs)
        most[reference, "ended", ""], least[reference, "ended", ""] = over, over and _ended_by_others(found, legs)
    for case in found.cases.values():
        if case.get("mandate"):
            least[case["id"], "filed_for", ""] = most[case["id"], "filed_for", ""] = 1
    return least, most


def _ended_by_others(found: Evidence, legs: list[Line]) -> bool:
    last = max((event["id"], event["type"]) for leg in legs for event in found.events_of.get(leg["id"], ())
               if event["type"] in ENDING | {TAKING_BACK})
    return last[1] in ENDING


def news_wrong(found: Evidence) -> Iterator[str]:
    """I39: what the final state of a case has to tell stands in its owner's inbox, once; nothing else stands in it, and
    nothing of somebody else's case; an ask is told before the portal has looked twice."""
    if not found.news:
        return
    least, most = demanded(found)
    lasting = lasting_agencies(found)
    whose, chose = owners(found), {line["body"]: line["kinds"] for line in found.noted("chose")}
    there: Counter[tuple[str, Place]] = Counter()
    for one in found.news:
        there[one["person"], (one["reference"], one["kind"], one["leg"] or "")] += 1
    left = {line["body"] for line in found.noted("left")}  # whose inbox nobody opens any more
    for place, number in least.items():
        agents = {AGENT} if place[0] in lasting and place[1] not in OWNERS else set()
        readers = sorted({whose.get(place[0], "")} - left | agents)
        yield from (f"{place}: {there[person, place]} times for {person} instead of {number}" for person in readers
                    if there[person, place] < number)
    for (person, place), number in there.items():
        yield from _one_too_many(found, person, place, number, (whose, most, chose))
    yield from (f"{line['reference']}: {line['untold']} asks untold for {_waited(found, line):.0f} s"
                for line in found.noted("answers") if line["untold"] and _waited(found, line) > ASK_SECONDS)


def _one_too_many(found: Evidence, person: str, place: Place, number: int, known: Any) -> Iterator[str]:
    whose, most, chose = known
    reference, kind, leg = place
    asks = sum(event["type"] in ASKING for event in found.events_of.get(f"{reference}-{leg}", ()))
    allowed = asks if kind == "ask" else most[place]
    if kind == "filed":
        allowed = "filed" in chose.get(person, ())
    if kind in {"reminder", "waiting", "owed", "not_withdrawn"}:
        allowed = number if asks or kind == "not_withdrawn" else 0
    if person != whose.get(reference) and (kind in OWNERS or not _an_agent_may_read(found, person, reference)):
        yield f"{place}: told to {person}"
    elif number > allowed:
        yield f"{place}: {number} times instead of {allowed}"


def _an_agent_may_read(found: Evidence, person: str, reference: str) -> bool:
    """Whether somebody filed this case for another and a mandate of these two stands to the end."""
    filed = {ack["reference"] for ack in found.acks if ack["body"] == person}
    case = found.cases.get(reference, {})
    return reference in filed and any((one["principal"], one["agent"]) == (case.get("subject"), case.get("agent"))
                                      for one in _standing(found))


def _standing(found: Evidence) -> list[Line]:
    """The mandates that stand to the end."""
    end = found.town(found.run.get("ended", 0))
    return [line for line in found.exported("mandate") if line["revoked_at"] is None
            and datetime.fromisoformat(line["valid_until"]).timestamp() > end]


def lasting_agencies(found: Evidence) -> set[str]:
    """The cases of which their agent may know from the first day to the end: what was to be told between one mandate
    and the next is read later, and has not left."""
    standing = {line["id"] for line in _standing(found)}
    return {reference for reference, case in found.cases.items() if case.get("mandate") in standing}


def _waited(found: Evidence, line: Line) -> float:
    return float(line["at"] - line["since"] - found.away(line["since"], line["at"]))


def pieces_told(text: str) -> int:
    """Of how many pieces of news a bulletin tells."""
    said = text.replace(_ASIDE, "")
    named = sum(int(run[1] or run[0].count("“")) for run in _NAMED.finditer(said))
    return named + len(_UNNAMED.findall(said)) + sum(map(int, _MORE.findall(said)))


def bulletins_miscounted(found: Evidence) -> Iterator[str]:
    """I40: each piece of news that its reader wants to be told reached the gateway, in one bulletin; a bulletin has one
    key and one text, and rings once for it."""
    if not found.run.get("told", True):
        yield "what was to be told had not left in time"
    pairs = {(line["key"], line["body_sha256"]) for line in found.said("heard")}
    without = {(line["key"], _unnumbered(found, line)) for line in found.said("heard")}
    for part, what, places in ((0, "texts", without), (1, "keys", pairs)):
        often = Counter(place[part] for place in places)
        yield from (f"{one}: {number} {what}" for one, number in often.items() if number > 1)
    rang = Counter(line["key"] for line in found.said("rang"))
    yield from (f"{key}: rang {number} times" for key, number in rang.items() if number > 1)
    if found.news:
        yield from _counted(found)


def _unnumbered(found: Evidence, line: Line) -> str:
    """The bytes of a bulletin; of somebody who took a number back its words alone, for it is told anew without that,
    under the key that follows from what is told, and so rings no second time."""
    if not _took_back(found, line["said"]["recipient"]["subject"]):
        return str(line["body_sha256"])
    return str({**line["said"], "recipient": ""})


def _took_back(found: Evidence, person: str) -> bool:
    return _agreed(found, person) and any(line["body"] == person and not line["mobile"]
                                          for line in found.noted("chose"))


def _counted(found: Evidence) -> Iterator[str]:
    """What left for each person against what stands in the inbox. What was asked may have been answered before it
    left; and what tells of a case that one may know of no more, or has a number that was taken back, is told anew."""
    told: Counter[str] = Counter()
    named: defaultdict[str, set[str]] = defaultdict(set)
    for line in found.said("rang"):
        person = line["said"]["recipient"]["subject"]
        told[person] += pieces_told(line["said"]["text"])
        named[person] |= {*line["said"]["references"]}
    lasting = lasting_agencies(found)
    for person in {one["person"] for one in found.news}:
        wanted = [one for one in found.news if one["person"] == person and one["kind"] in _wants(found, person)]
        sure = [one for one in wanted
                if one["kind"] not in PASSING and (person != AGENT or one["reference"] in lasting)]
        yield from (f"{person}: nothing left of {reference}" for reference in
                    sorted({one["reference"] for one in sure} - named[person]))
        if told[person] < len(sure):
            yield f"{person}: {told[person]} pieces left of {len(sure)}"
        elif told[person] > len(wanted) and person != AGENT and not _took_back(found, person):
            yield f"{person}: {told[person]} pieces left, and there are {len(wanted)}"


def _wants(found: Evidence, person: str) -> frozenset[str]:
    chosen = [line["kinds"] for line in found.noted("chose") if line["body"] == person]
    return ANYHOW | (frozenset(chosen[-1]) if chosen else WANTED)


def _agreed(found: Evidence, person: str) -> bool:
    return any(line["mobile"] for line in found.noted("chose") if line["body"] == person)


def said_too_much(found: Evidence) -> Iterator[str]:
    """I41: the gateway hears names of bundles and matters, states, days and references; nothing that was filed or that
    a department wrote; and a number only while its owner agrees to be reached by it."""
    for line in found.said("heard"):
        said, reader = line["said"], line["said"]["recipient"]
        if not said.keys() <= MEMBERS or not reader.keys() <= {"subject", "mobile"}:
            yield f"{line['key']}: {sorted(said)} for {sorted(reader)}"
        text = str({**said, "recipient": ""})
        yield from (f"{line['key']}: {word}…" for word in (*PRIVATE, *THEIR_WORDS) if word in text)
        if REACHED in str(reader) and not _may_be_reached(found, reader["subject"], line["at"]):
            yield f"{line['key']}: a number at {line['at']:.1f}"


def _may_be_reached(found: Evidence, person: str, at: float) -> bool:
    """Whether somebody agreed before and has not taken it back since; what was under way may come."""
    agreed = [line["at"] for line in found.noted("chooses") if line["body"] == person and line["mobile"]]
    back = [line["at"] for line in found.noted("chose") if line["body"] == person and not line["mobile"]]
    return bool(agreed) and min(agreed) <= at and (not back or at <= max(back) + SLACK_SECONDS)
