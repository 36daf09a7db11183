"""What a department's answer means: contract 3.2 as one pure table from what came back to an `Answer`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Literal

from connectors.base import Answer, AnswerKind
from connectors.strict_json import FOREIGN, BadJson, load

LONGEST_WAIT = 12 * 3600.0
# What an answer to a filing may decide, with the data of that notice.
DECIDED = frozenset({"accepted", "not_accepted", "granted", "refused"})
IMMEDIATE_STATES = DECIDED | {"received"}
_REASON_KEYS = ("reason", "detail", "message", "msg", "error", "title")
_LONGEST_REASON = 500
_LONGEST_REF = 200


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back over HTTP. `cut` means the body ended early, ran into the deadline or over the size cap."""

    status: int
    content_type: str = ""
    body: bytes = b""
    cut: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class NoReply:
    """No answer came: `sent` False means not a byte of the request left (name, connect, TLS)."""

    sent: bool
    detail: str


Meaning = Literal["taken", "maybe", "busy", "set_up", "later_type", "no"]
_BY_STATUS: dict[int, Meaning] = {
    401: "set_up", 403: "later_type", 404: "later_type", 410: "later_type",
    408: "busy", 425: "busy", 429: "busy", 409: "taken",
}
_NOT_THERE = frozenset({404, 410})
_BY_CLASS: dict[int, Meaning] = {2: "taken", 3: "set_up", 4: "no", 5: "busy"}


def meaning(reply: Reply | NoReply, type_: str, honours_keys: bool, now: datetime) -> Answer:
    """The answer to a push of `type_`.

    A busy or lost answer is `again` where the department honours keys and `unknown` where it does not, since then
    only asking it or a person can tell. `now` is needed for a Retry-After that names a date.
    """
    if isinstance(reply, NoReply):
        kind: AnswerKind = "again" if honours_keys or not reply.sent else "unknown"
        return Answer(kind, detail=reply.detail, sent=reply.sent)
    what = _BY_STATUS.get(reply.status) or _BY_CLASS.get(reply.status // 100, "maybe")
    if what == "taken":
        return _conflict(reply) if reply.status == 409 else _taken(reply)
    if type_ == "leg.transferred" and reply.status in _NOT_THERE:
        return Answer("received", status=reply.status, detail="the leg is not there, so nothing has to leave")
    if what == "later_type":
        what = "set_up" if type_ == "leg.filed" else "no"
    if what == "no":
        return Answer("refused", reason=_reason(reply), status=reply.status, detail=f"HTTP {reply.status}")
    by_meaning: dict[Meaning, AnswerKind] = {"set_up": "setup", "busy": "again" if honours_keys else "unknown"}
    wait = retry_after(reply.headers.get("retry-after", ""), now) if what == "busy" else None
    return Answer(
        by_meaning.get(what, "unknown"), retry_after=wait, status=reply.status, detail=f"HTTP {reply.status}")


def asked(reply: Reply | NoReply, now: datetime) -> Answer:
    """The answer to a query (contract 3.3): received, absent, setup, again (ask later) or unknown (not readable)."""
    if isinstance(reply, NoReply):
        return Answer("again", detail=reply.detail)
    detail = f"HTTP {reply.status}"
    if reply.status == 404:
        return Answer("absent", status=404, detail=detail)
    if 200 <= reply.status < 300:
        found = _taken(reply, any_state=True)
        known = found.kind == "received" and (found.ref or found.state)
        return found if known else Answer("unknown", status=reply.status, detail="the query's answer names no leg")
    if reply.status in {401, 403} or 300 <= reply.status < 400:
        return Answer("setup", status=reply.status, detail=detail)
    wait = retry_after(reply.headers.get("retry-after", ""), now)
    return Answer("again", retry_after=wait, status=reply.status, detail=detail)


def retry_after(header: str, now: datetime) -> float | None:
    """Seconds to wait, from a number or a date, at most 12 hours; None for what is senseless."""
    text = header.strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return min(max((at - now).total_seconds(), 0.0), LONGEST_WAIT)


def _taken(reply: Reply, any_state: bool = False) -> Answer:
    """A 2xx: received, unless what should say so cannot be read."""
    body = reply.body.strip()
    if reply.cut:
        return Answer("unknown", status=reply.status, detail="the answer was cut short")
    if not body:
        return Answer("received", status=reply.status)
    try:
        value = load(reply.body, FOREIGN)
    except BadJson as error:
        what = "a page" if body.startswith(b"<") or "html" in reply.content_type else f"no readable JSON: {error.say}"
        return Answer("unknown", status=reply.status, detail=f"2xx with {what}")
    return _read(value if isinstance(value, dict) else {}, reply.status, any_state)


def _read(value: Mapping[str, Any], status: int, any_state: bool) -> Answer:
    ref, state = value.get("ref"), value.get("state")
    ref = str(ref) if isinstance(ref, int) and not isinstance(ref, bool) else ref
    more = {key: item for key, item in value.items() if key not in {"ref", "state", "data"}}
    more |= value["data"] if isinstance(value.get("data"), dict) else {}
    good_ref = ref if isinstance(ref, str) and 0 < len(ref) <= _LONGEST_REF else None
    good_state = state if isinstance(state, str) and (any_state or state in IMMEDIATE_STATES) else None
    strange = ""
    if state is not None and good_state is None:
        strange = "unknown_state"
    elif ref is not None and good_ref is None:
        strange = "bad_ref"
    return Answer("received", good_ref, good_state, dict(value) if strange else more, status=status, strange=strange)


def _conflict(reply: Reply) -> Answer:
    value = _object(reply)
    found = _read(value, 409, any_state=False) if value.get("ref") or value.get("code") == "already_received" else None
    return found or Answer("unknown", status=409, detail="HTTP 409 without ref or already_received")


def _object(reply: Reply) -> dict[str, Any]:
    try:
        value = load(reply.body, FOREIGN) if not reply.cut else {}
    except BadJson:
        return {}
    return value if isinstance(value, dict) else {}


def _reason(reply: Reply) -> str:
    value = _object(reply)
    named = next((value[key] for key in _REASON_KEYS if isinstance(value.get(key), str) and value[key]), "")
    plain = _decoded(reply.body) if reply.content_type.startswith("text/plain") else ""
    return str(named or plain)[:_LONGEST_REASON]


def _decoded(raw: bytes) -> str:
    """What old systems write is UTF-8 or GBK, whatever they say that it is."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("gb18030", "replace")
