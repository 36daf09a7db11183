"""API of departments: signed notices and result files, and the feed for systems that can only pull."""

from __future__ import annotations

import io
from datetime import datetime

from flask import Blueprint, Response, request

from connectors.base import Body
from connectors.signing import BadSignature, could_be_signed, verify
from connectors.strict_json import load
from desk.errors import MalformedNotice, UnknownLeg
from desk.hearing.notices import Incoming, Outcome
from people.guesses import network_of
from store import failpoints
from web.answers import shown
from web.api.drafts import file_json
from web.api.operations import Argument, Operation, operation
from web.api.schemas import NoticeBody, ReceivedBody, first_words, read
from web.errors import OWN_WORDS, Problem, not_found, printable_tree
from web.identity import count, current
from web.inputs import body, only_args, raw_json, whole_arg
from web.present import asked
from web.rates import NETWORK, PROGRAM
from web.uploads import keep_upload, name_of_request
from web.wiring import house

departments = Blueprint("departments", __name__, url_prefix="/api/departments/<department>")
MOST_LEGS = 200
PAUSED_SECONDS = "60"
NO_SUCH_OFFICE = "接入清单里没有网址中的这个单位；请原样使用推送里的 notices 地址，末尾不加斜杠"
NO_SUCH_LEG = ("没有找到这个分办件，或它不是本单位的；leg 请照推送里的 data.leg 原样写"
               "(受理编号-两位序号，大写，前后没有空格)，发到那条推送里的 notices 地址")
REMARKS = "Notice-Remarks"  # 204 has no body, and stays what it is
RAW_FILE = "请把文件的字节直接作为正文发送，不用 multipart 表单，也不做 base64 编码"
SIGNATURE = tuple(
    Argument(name, "header", {"type": "string"}, says, required=True) for name, says in (
        ("webhook-id", "opaque; the same over all retries of one notice"),
        ("webhook-timestamp", "seconds since 1970, within five minutes of our clock"),
        ("webhook-signature", "`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body` with the department's secret; "
                              "with a `whsm3_` secret `v1sm3,` and HMAC-SM3")))
SIGNED_BY = {argument.name: f"HTTP_{argument.name.upper().replace('-', '_')}" for argument in SIGNATURE}
CURSOR = (Argument("after", "query", {"type": "integer", "minimum": 0}, "the `cursor` of the last page; 0 at first"),
          Argument("limit", "query", {"type": "integer", "minimum": 1, "maximum": MOST_LEGS}, "how many at most (100)"))


@departments.before_request
def _not_while_paused() -> None:
    """A paused service (a restored copy, maintenance) takes and gives nothing; departments come again by themselves."""
    if house().desk.operations.paused() is not None:
        raise Problem(503, "paused", "服务暂停接收部门消息，请按 Retry-After 稍后重发；内容和编号保持不变",
                      headers={"Retry-After": PAUSED_SECONDS})


@departments.post("/notices")
@operation(Operation(
    "Tell what happened to a leg",
    {204: "applied, or already known", 202: "kept for a person, with `code` and `reason`"},
    body=NoticeBody, arguments=SIGNATURE, refuses=(400, 401, 404, 413, 415, 503), returns="KeptAside",
    more="Signed as in Standard Webhooks. 2xx only after commit; any order and any number of copies end in the same "
    "state. What was applied but is beside what is published has codes in the header `Notice-Remarks`. "
    "The types and what each needs: docs/connecting.md."))
def notice(department: str) -> Response:
    """Take a notice."""
    office, headers = _asking(department)
    raw = raw_json()
    message_id, now = _signed(office, headers, raw)
    failpoints.reach("notice.after_verify")
    only_args()
    sent = _malformed_is_400(raw)
    outcome = _told(Incoming(office.id, message_id, raw, sent), now)
    if outcome == "quarantined":
        return shown(house().desk.notices.why_aside(office.id, message_id), 202)
    remarks = house().desk.notices.remarks(sent)
    return Response(status=204, headers={REMARKS: ", ".join(remarks)} if remarks else None)


def _told(incoming: Incoming, now: datetime) -> Outcome:
    """What the desk makes of a notice; what it refuses is said so that a log which keeps one sentence is enough."""
    try:
        return house().desk.notices.take(incoming, now)
    except UnknownLeg:
        raise Problem(404, UnknownLeg.code, NO_SUCH_LEG) from None
    except MalformedNotice as error:
        if not error.general:
            raise
        tree = printable_tree(dict(error.errors))
        place, say = first_words(tree)
        raise Problem(400, error.code, f"回告需要修改：{place}{say}", tree) from None


def _malformed_is_400(raw: bytes) -> dict[str, object]:
    """The notice, whose faults are all 400 (contract 3.4): a department's system cannot correct by field."""
    try:
        return read(NoticeBody, load(raw))
    except Problem as problem:
        raise Problem(400, "malformed_notice", problem.detail, problem.errors) from problem


@departments.post("/files")
@operation(Operation("Send a result file", {201: "its id, to be named in a notice"}, raw=True, arguments=SIGNATURE,
                     refuses=(400, 401, 404, 408, 413, 415, 422, 503), returns="File",
                     more="The bytes themselves, neither a form (multipart) nor base64; at most the upload limit; the "
                     "same types as uploads. Nothing is ever fetched from a URL."))
def keep_file(department: str) -> Response:
    """Keep a result file."""
    only_args()
    request.max_content_length = house().settings.upload_limit
    office, headers = _asking(department)
    if request.mimetype.startswith("multipart/"):
        raise Problem(415, "wrong_type", RAW_FILE)
    raw = request.get_data(cache=False)
    _signed(office, headers, raw)
    info = keep_upload(io.BytesIO(raw), name_of_request(), request.mimetype, f"department:{office.id}")
    return shown(file_json(info), 201)


@departments.get("/legs")
@operation(Operation("Read what is waiting for this department, oldest first", {200: "legs and the next cursor"},
                     arguments=CURSOR, refuses=(400, 404, 503), returns="Feed"))
def legs(department: str) -> Response:
    """The feed of a department that pulls."""
    only_args("after", "limit")
    office = _own(department)
    after, limit = whole_arg("after", 0, 0, 10**15), whole_arg("limit", 100, 1, MOST_LEGS)
    found = house().desk.feed.after(office.id, after, limit)
    cursor = max((entry["cursor"] for entry in found), default=after)
    return shown({"legs": found, "cursor": cursor})


@departments.get("/legs/<leg>")
@operation(Operation(
    "Read a message about one leg", {200: "the message; without `n` only the `data` of leg.filed"},
    arguments=(Argument("n", "query", {"type": "integer", "minimum": 1}, "the `cursor` of a line of the feed"),),
    refuses=(400, 404, 409, 503),
    more="With `n` (schema `Offered`): type, timestamp and data as they would have been pushed, the same for ever, "
    "with the Idempotency-Key as `key` and the `read_code` that takes this one message."))
def leg(department: str, leg: str) -> Response:
    """One message of a leg."""
    only_args("n")
    office, cursor = _own(department), whole_arg("n", 0, 1, 10**15)
    desk, now = house().desk, house().clock.now()
    return shown(desk.feed.message(office.id, leg, cursor, now) if cursor else desk.feed.fetch(office.id, leg, now))


@departments.post("/legs/<leg>/received")
@operation(Operation("Say that a message was read: the one in which this read_code stands", {204: "received"},
                     body=ReceivedBody, refuses=(400, 404, 413, 415, 422, 503)))
def received(department: str, leg: str) -> Response:
    """A department that pulls has read a leg."""
    only_args()
    office = _own(department)
    house().desk.feed.taken(office.id, leg, body(ReceivedBody)["read_code"], house().clock.now())
    return Response(status=204)


def _own(department: str) -> Body:
    """The office at this address, if the caller's token is its own; anything else does not exist."""
    office = house().deployment.bodies.get(department)
    if office is None or current().department != office.id:
        raise not_found()
    return office


def _asking(department: str) -> tuple[Body, dict[str, str]]:
    """The office at this address and the headers that sign what it sends; 404 for an unknown one, 401 if no body could
    make them good. Asked before a body is read."""
    office = house().deployment.bodies.get(department)
    if office is None:
        raise Problem(404, OWN_WORDS[404][0], NO_SUCH_OFFICE)
    environ = asked().environ
    headers = {name: environ.get(variable, "") for name, variable in SIGNED_BY.items()}
    try:
        could_be_signed(headers, house().clock.now())
    except BadSignature as error:
        raise _unsigned(error) from error
    return office, headers


def _signed(office: Body, headers: dict[str, str], raw: bytes) -> tuple[str, datetime]:
    """The id of a message that `office` signed, and the time; 401 for a forger."""
    now = house().clock.now()
    try:
        message_id = verify(headers, raw, office.secrets, now)
    except BadSignature as error:
        raise _unsigned(error) from error
    count(f"office:{office.id}", PROGRAM)
    return message_id, now


def _unsigned(error: BadSignature) -> Problem:
    """The refusal of a forger, who is counted by the network."""
    count(f"unsigned:{network_of(asked().remote_addr or '')}", NETWORK)
    return Problem(401, error.code, str(error))
