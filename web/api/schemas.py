"""The shapes of API bodies: one set of marshmallow schemas for reading requests and for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from marshmallow import RAISE, Schema, ValidationError, fields
from marshmallow.validate import Length, OneOf, Range

from connectors.strict_json import words
from web.errors import Problem, printable_tree
from web.quick import Doubt, YesNo, quick

LONGEST_NAME = 200
MOST_FILES = 50
MOST_CODES = 500
ANSWERS = ("agree", "refuse", "take_back")
MESSAGES = {"required": "必填", "null": "不能为 null", "validator_failed": "内容不符合要求", "invalid": "类型不对"}
BODY_MESSAGES: dict[str, str] = {"unknown": "没有这一项，请删除或检查拼写", "type": "应为一个 JSON 对象"}


class Strict(Schema):
    """A body in which nothing unknown may stand; messages are Chinese."""

    error_messages = BODY_MESSAGES

    class Meta:
        """Refuse what is not declared, so that a misspelt optional item is never silently dropped."""

        unknown = RAISE


def _say(**more: str) -> dict[str, Any]:
    return {**MESSAGES, **more}


def name(description: str, *, required: bool = True) -> fields.String:
    """A short text of at least one character."""
    return fields.String(required=required, validate=Length(1, LONGEST_NAME, error="长度应为 {min}–{max} 个字符"),
                         error_messages=_say(invalid="应为文字"), metadata={"description": description})


def mapping(description: str, *, required: bool = False) -> fields.Dict:
    """An object whose keys are codes and whose values are answers; what they may be is said by the plan."""
    return fields.Dict(keys=fields.String(), required=required, error_messages=_say(invalid="应为一个 JSON 对象"),
                       metadata={"description": description})


def files_by_key(description: str) -> fields.Dict:
    """Material key → the ids of its files."""
    ids = fields.List(name("file id"), validate=Length(max=MOST_FILES, error="一种材料最多 {max} 个文件"),
                      allow_none=True, error_messages=_say(invalid="应为文件编号的列表"))
    return fields.Dict(keys=fields.String(), values=ids, error_messages=_say(invalid="应为一个 JSON 对象"),
                       metadata={"description": description})


def codes(description: str) -> fields.List[Any]:
    """A list of codes."""
    return fields.List(name("code"), validate=Length(max=MOST_CODES, error="最多 {max} 项"), allow_none=True,
                       error_messages=_say(invalid="应为编码的列表"), metadata={"description": description})


class ConsentBody(Strict):
    """What was agreed to; the scope it is given for is kept with it."""

    agreed = YesNo(allow_none=True, error_messages=_say(invalid="应为 true 或 false"),
                   metadata={"description": "only true is a consent"})
    sensitive = codes("the sensitive fields (`sensitive` in the plan) that are agreed to; all of them are needed")
    signed = codes("keys of the papers that a pledge replaces, once signed")
    version = name("the version of the text that was shown", required=False)


def consent_of(description: str, *, required: bool = False) -> fields.Nested:
    """A consent inside another body."""
    return fields.Nested(ConsentBody, required=required, error_messages=_say(type="应为一个 JSON 对象"),
                         metadata={"description": description})


PRINCIPAL = "the principal this is for (`principal` of a mandate that the caller was given); left out: the caller"


class PlanBody(Strict):
    """A situation to plan for."""

    situation = mapping("question id → answer; may be partial", required=True)


class DraftBody(Strict):
    """A new draft."""

    bundle = name("bundle id")
    situation = mapping("question id → answer; may be partial")
    on_behalf_of = name(PRINCIPAL, required=False)


class DraftChanges(Strict):
    """What to change in a draft; parts that are left out stay."""

    situation = mapping("replaces the situation")
    form = mapping("merged key by key; null deletes an answer")
    materials = files_by_key("replaces the files of each key given; null takes them away")
    consent = consent_of("merged key by key")


class SubmitBody(Strict):
    """The consent under which a draft is filed, and by which edition it was reviewed."""

    edition = name("the edition that was shown; another one in force is answered by 409", required=False)
    consent = consent_of('{"agreed": true, "sensitive": […]}', required=True)


class CaseBody(Strict):
    """One whole application."""

    bundle = name("bundle id")
    edition = name("the edition that was shown; another one in force is answered by 409", required=False)
    situation = mapping("question id → answer", required=True)
    form = mapping("field code → answer", required=True)
    materials = files_by_key("material key → file ids")
    on_behalf_of = name(PRINCIPAL, required=False)
    consent = consent_of('{"agreed": true, "sensitive": […]}', required=True)


class TrackBody(Strict):
    """The two codes of a receipt."""

    reference = name("the reference on the receipt")
    code = name("the query code on the receipt")


class SupplementBody(Strict):
    """The answer to a department's request for more."""

    leg = name("the leg, as its number or its whole id")
    ask = name("the id of the ask")
    supplied = fields.Dict(keys=fields.String(), data_key="fields", error_messages=_say(invalid="应为一个 JSON 对象"),
                           metadata={"description": "field code → answer"})
    materials = files_by_key("material code → file ids")


class WithdrawBody(Strict):
    """Which legs to withdraw, and why."""

    legs = fields.List(name("leg"), allow_none=True, load_default=None,
                       error_messages=_say(invalid="应为分办件编号的列表"),
                       metadata={"description": "left out or null: the whole case"})
    reason = name("why")


class UrgeBody(Strict):
    """Which late leg to urge."""

    leg = name("the leg, as its number or its whole id")
    reason = fields.String(allow_none=True, error_messages=_say(invalid="应为文字"),
                           metadata={"description": "told to the department"})


def a_level(description: str, *, required: bool = False) -> fields.Integer:
    """A level from 1 to 5."""
    return fields.Integer(strict=True, required=required, validate=Range(1, 5, error="应为 1 到 5 的整数"),
                          error_messages=_say(invalid="应为 1 到 5 的整数"), metadata={"description": description})


class RatingBody(Strict):
    """How one was served."""

    leg = name("the leg, as its number or its whole id; left out: the whole case", required=False)
    level = a_level("5 very satisfied, 4 satisfied, 3 more or less, 2 dissatisfied, 1 very dissatisfied", required=True)
    items = fields.Dict(keys=fields.String(), values=a_level("a level"),
                        error_messages=_say(invalid="应为一个 JSON 对象"),
                        metadata={"description": "item → level; items: efficiency, guide, convenience, operation"})
    words = fields.String(error_messages=_say(invalid="应为文字"), metadata={"description": "free words, sealed"})


class MandateBody(Strict):
    """What is entrusted to whom."""

    code = name("the code that the agent showed")
    bundles = codes("bundle ids; left out or null: all")
    acts = codes("left out or null: all. file (always): file and see the progress; answer: supplements; withdraw; "
                 "results: see and download them; urge: urge and rate")
    valid_from = name("its first day, e.g. 2026-01-05; left out: from now on", required=False)
    valid_until = name("its last day, at most a year after the first")
    reason = fields.String(allow_none=True, error_messages=_say(invalid="应为文字"),
                           metadata={"description": "why; both sides see it, sealed"})


class AgreementCodeBody(Strict):
    """What somebody is asked to agree to, by its code."""

    code = name("the code that whoever files has shown")


class AgreementAnswerBody(Strict):
    """What somebody says who is asked to agree."""

    answer = fields.String(required=True, validate=OneOf(ANSWERS, error="应为 agree、refuse 或 take_back"),
                           error_messages=_say(invalid="应为文字"), metadata={"description": "what the person says"})
    digest = name("of the statement that was shown; not needed to take back", required=False)
    sensitive = YesNo(allow_none=True, error_messages=_say(invalid="应为 true 或 false"),
                      metadata={"description": "to agree where the statement has `sensitive`: to that apart"})


class ReadNewsBody(Strict):
    """Which news was read."""

    news = fields.List(name("its id"), required=True, validate=Length(1, 100, error="应有 {min}–{max} 条"),
                       error_messages=_say(invalid="应为消息编号的列表"), metadata={"description": "ids"})


class PreferencesBody(Strict):
    """What one wants to be told."""

    kinds = fields.List(name("a kind of news"), required=True, validate=Length(max=50, error="最多 {max} 项"),
                        error_messages=_say(invalid="应为消息种类的列表"),
                        metadata={"description": "kinds that leave through the city's message gateway"})
    mobile = fields.String(load_default="", error_messages=_say(invalid="应为文字"),
                           metadata={"description": "where one agrees to be reached; empty: nowhere"})


class ReceivedBody(Strict):
    """A department that pulls says that it has read a leg."""

    read_code = name("the read_code inside the leg's payload")


class NoticeBody(Strict):
    """A department's notice; `data` as its type needs."""

    class Meta:
        """Departments may send more than we read."""

        unknown = "include"

    type = name("the type of the notice, e.g. leg.accepted")
    timestamp = name("when it happened, RFC 3339 with offset")
    data = mapping("`leg` and what the type needs", required=True)


def read(schema: type[Schema], value: Any) -> dict[str, Any]:
    """`value` as `schema` reads it; raises a 422 problem whose `errors` name every item that is wrong."""
    try:
        return dict(quick(schema)(value))
    except Doubt:
        return _looked_at(schema, value)


def _looked_at(schema: type[Schema], value: Any) -> dict[str, Any]:
    try:
        return dict(schema().load(value))
    except ValidationError as error:
        tree = printable_tree(error.messages)
        place, say = first_words(tree)
        raise Problem(422, "invalid_body", f"内容需要修改：{place}{say}", tree) from None


def first_words(tree: Any) -> tuple[str, str]:
    """The place and the sentence of the first message in an error tree."""
    path: list[str | int] = []
    while isinstance(tree, dict) and tree:
        key, tree = next(iter(tree.items()))
        if key not in ("_schema", "key", "value"):
            path.append(key)
    say = str(tree[0]) if isinstance(tree, list) and tree else str(tree)
    return (f"{words(tuple(path))}：" if path else ""), say
