"""What a city's system answers to a look-up, read by a small mapping: where in its JSON stands what.

Its engineers may answer as `docs/connecting.md` says, and then no mapping is needed; a platform that stands already is
read where it puts things.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final, Literal

from connectors.answers import NoReply, Reply, retry_after
from connectors.strict_json import FOREIGN, BadJson, load
from sources.port import NO_RECORD, NOT_ALLOWED, OVER, UNHEARD, Found

State = Literal["found", "not_found", "over", "not_allowed", "again"]
STATES: Final[tuple[State, ...]] = ("found", "not_found", "over", "not_allowed", "again")
ABOUT: Final = ("number", "name", "issuer", "version", "valid_from", "valid_to")
USUAL_WAIT, LONGEST_TEXT, MOST_FIELDS = 30.0, 500, 100
_SAYS: Final[Mapping[State, Found]] = {"not_found": NO_RECORD, "over": OVER, "not_allowed": NOT_ALLOWED}
_BUSY = frozenset({429, 503})
_WITH_A_STATE = frozenset({403, 404, 410})
_DAY = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d\d)(\d\d))(?:[T ].*)?", re.ASCII)
_FOR_EVER = frozenset({"长期", "永久", "长期有效", "9999-12-31", "99991231"})
_CODE = re.compile(r"[a-z][a-z0-9_.]{0,63}")


class Unreadable(ValueError):
    """This is no answer to a look-up; the message tells operators why, and nothing of what it holds."""


class OddRecord(Unreadable):
    """The system answers, but what it says of this one record cannot be read."""


@dataclass(frozen=True, slots=True)
class Shape:
    """Where in an answer stands what, each place a path of keys with dots between; `state` holds one of the `words` of
    a state. `fields` are places by our field codes; empty: all of `fields` in the answer, under our codes."""

    state: str = "state"
    words: Mapping[State, frozenset[str]] = field(default_factory=lambda: {one: frozenset({one}) for one in STATES})
    about: Mapping[str, str] = field(default_factory=lambda: {one: f"document.{one}" for one in ABOUT})
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Heard:
    """What a look-up came to: what is found; whether the system is `well`; for how long it wants not to be asked; and a
    word for operators where something is wrong, be it with this one record alone."""

    found: Found
    well: bool = True
    wait: float | None = None
    detail: str = ""


def heard(reply: Reply | NoReply, shape: Shape, now: datetime, today: date) -> Heard:
    """What came back, for a paper that must be good on `today`; nothing is raised for what a system may answer."""
    if isinstance(reply, NoReply):
        return Heard(UNHEARD, well=False, detail=reply.detail)
    if reply.status in _BUSY:
        wait = _wait(reply, now)
        return Heard(UNHEARD, well=wait is not None, wait=wait, detail=f"HTTP {reply.status}")
    if not 200 <= reply.status < 300 and reply.status not in _WITH_A_STATE:
        return Heard(UNHEARD, well=False, detail=f"HTTP {reply.status}")
    try:
        return _read(reply, shape, now, today)
    except OddRecord as wrong:  # whoever looks it up again and again must not make the system rest for everybody
        return Heard(UNHEARD, detail=str(wrong))
    except Unreadable as wrong:
        detail = f"HTTP {reply.status}" if reply.status in _WITH_A_STATE else str(wrong)
        return Heard(UNHEARD, well=False, detail=detail)


def _wait(reply: Reply, now: datetime) -> float | None:
    """For how long it wants not to be asked; None where it does not say, or to come at once, as if it were well."""
    return retry_after(reply.headers.get("retry-after", ""), now) or None


def _read(reply: Reply, shape: Shape, now: datetime, today: date) -> Heard:
    value = _object(reply)
    said = _text(_at(value, shape.state))
    state = next((one for one in STATES if said in shape.words.get(one, ())), None) if said is not None else None
    if state is None:
        raise Unreadable("no state that is known")
    if state == "again":
        return Heard(UNHEARD, wait=_wait(reply, now) or USUAL_WAIT, detail="it asks to come again")
    return Heard(_SAYS[state] if state != "found" else _found(value, shape, today))


def _object(reply: Reply) -> dict[str, Any]:
    if reply.cut:
        raise Unreadable("the answer is cut or too large")
    try:
        value = load(reply.body, FOREIGN)
    except BadJson:
        raise Unreadable("the answer is no JSON") from None
    if not isinstance(value, dict):
        raise Unreadable("the answer is no JSON object")
    return value


def _found(value: Mapping[str, Any], shape: Shape, today: date) -> Found:
    """What was found, if it is good on this day: a source need not look."""
    document = {name: text for name, place in shape.about.items() if (text := _text(_at(value, place))) is not None}
    for name in ("valid_from", "valid_to"):
        day = _day(document.pop(name, ""))
        if day is not None:
            document[name] = day.isoformat()
    iso = today.isoformat()
    if document.get("valid_to", iso) < iso:
        return OVER
    if document.get("valid_from", iso) > iso:
        return NO_RECORD
    return Found("hit", document=document, fields=_fields(value, shape))


def _fields(value: Mapping[str, Any], shape: Shape) -> dict[str, str]:
    found = {code: _at(value, place) for code, place in shape.fields.items()}
    given = value.get("fields")
    if not shape.fields and isinstance(given, Mapping):
        found = {code: given[code] for code in list(given)[:MOST_FIELDS] if _CODE.fullmatch(code)}
    return {code: text for code, one in found.items() if (text := _text(one)) is not None}


def _at(value: Any, place: str) -> Any:
    """What stands at a place; None where nothing does. A number is the place in a list, from 0."""
    for key in place.split("."):
        if isinstance(value, Mapping):
            value = value.get(key)
        elif isinstance(value, list) and key.isdecimal():
            value = value[int(key)] if int(key) < len(value) else None
        else:
            return None
    return value


def _text(value: Any) -> str | None:
    """A text or a number as text; anything else is nothing."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value).strip()[:LONGEST_TEXT] or None


def _day(text: str) -> date | None:
    """A day as registers write it; None for none, and for one that never comes."""
    if not text or text in _FOR_EVER:
        return None
    parts = _DAY.fullmatch(text)
    try:
        if parts is None:
            raise ValueError
        return date(*(int(part) for part in parts.groups() if part))
    except ValueError:
        raise OddRecord("a day that cannot be read") from None
