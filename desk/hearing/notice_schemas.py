"""One typed schema for each type of notice (contract 3.4): the one place that says what its data must hold.

It reads the notices that come by HTTP, the states that come with the answer to a push, and what an operator applies
later; the OpenAPI document shows the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from marshmallow import INCLUDE, Schema, ValidationError, fields, validates_schema

from cases.model import LegState
from cases.states import CORRECTABLE
from desk.errors import MalformedNotice
from desk.hearing import notice_values as values
from desk.hearing.notice_values import LONGEST_NAME, Read

NO_OBJECT: dict[str, str] = {"type": "应为一个 JSON 对象", "invalid": "应为一个 JSON 对象"}


class Open(Schema):
    """An object of which a department may send more than we read."""

    error_messages = NO_OBJECT

    class Meta:
        """Keep what is not declared."""

        unknown = INCLUDE

    def look(self, data: Mapping[str, Any]) -> None:
        """What must hold of the values together; `ValidationError` names what does not."""

    @validates_schema
    def _looked_at(self, data: Mapping[str, Any], **_more: Any) -> None:
        self.look(data)


class _Filled(Open):
    """Something handed over, which says at least one thing of itself."""

    wanted, at = "请写明这份文书的 name 或 number，或附上 files", "name"

    def look(self, data: Mapping[str, Any]) -> None:
        """One of these."""
        if not any(data.get(key) for key in ("material", "name", "number", "files", "fields")):
            raise ValidationError(self.wanted, self.at)


def _listed(each: type[Schema], says: str, *, required: bool = False) -> fields.List[dict[str, Any]]:
    return fields.List(
        fields.Nested(each), required=required, allow_none=not required,
        error_messages={**values.MESSAGES, "invalid": "请写成清单，每项是一个对象"}, metadata={"description": says})


DOCUMENT = _Filled.from_dict({
    "name": values.text("what it is called; without it, as its notice's documents are usually called", LONGEST_NAME),
    "number": values.number_text("its number (文号)"), "files": values.files("its files"),
}, name="NoticeDocument")


class NoticeData(Open):
    """What every notice may say."""

    leg = values.text("the leg, `{reference}-{NN}`", LONGEST_NAME, required=True)
    seq = values.sequence("grows with each notice of the leg; gaps are fine; without it `timestamp` orders")
    ref = values.number_text("the department's own number of the leg")
    documents = _listed(DOCUMENT, "the formal documents that go with it (受理通知书, 补正告知书)")
    files = values.files("the files of its one document, where there is nothing to say of it")


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise ValidationError(NO_OBJECT["type"])
    return dict(value)


class _Given(_Filled):
    """A result."""

    wanted, at = "请写明这份结果的 material 或 name", "material"


RESULT = _Given.from_dict({
    "material": values.text("its code, one of the push's `gives.materials`; none for any other paper", LONGEST_NAME),
    "name": values.text("what the paper is called", LONGEST_NAME),
    "number": values.number_text("its number"),
    "valid_from": values.day("the day from which it is valid"),
    "valid_to": values.day("the day until which it is valid, or 长期"),
    "files": values.files("its files"),
    "fields": Read(_object, {"type": "object"}, "the push's `gives.fields`, by code, each of its type"),
}, name="NoticeResult")


def _results(*, required: bool) -> fields.List[dict[str, Any]]:
    return _listed(RESULT, "what was granted; `[]` if nothing is handed out", required=required)


class _Correction(Open):
    """What a correction says."""

    def look(self, data: Mapping[str, Any]) -> None:
        """A state that a department may correct to."""
        if data.get("state") is not None and data["state"] not in CORRECTABLE:
            raise ValidationError(f"更正不能改成这个状态；可用：{'、'.join(sorted(CORRECTABLE))}", "state")


CORRECTION = _Correction.from_dict({
    "state": values.text("the state that is right", LONGEST_NAME), "reason": values.text("the reason that is right"),
    "results": _results(required=False),
    "void": Read(values.yes_no, {"type": "boolean"}, "the results so far are void"),
}, name="NoticeCorrection")


def _what(value: Any) -> Any:
    """A correction in words, which are the reason that is right, or as an object."""
    if isinstance(value, str) and value.strip() in set(LegState):
        raise ValidationError(f'只写文字是更正理由；改状态请写成 {{"state": "{value.strip()}", "reason": …}}')
    if isinstance(value, str) and 0 < len(value.strip()) <= values.LONGEST_TEXT:
        return value
    if not isinstance(value, Mapping):
        raise ValidationError("请写明更正的内容：一段文字，或 {\"state\", \"results\", \"reason\", \"void\"}")
    return CORRECTION().load(value)


class _Asking(NoticeData):
    """A request for a supplement: papers, fields, or both."""

    def look(self, data: Mapping[str, Any]) -> None:
        """At least one of both."""
        if not data.get("materials") and not data.get("fields"):
            raise ValidationError("请列出要补的材料(materials)或内容(fields)", "materials")


class _Extending(NoticeData):
    """An extension: by how much, or until when."""

    def look(self, data: Mapping[str, Any]) -> None:
        """One of both."""
        if bool(data.get("limit")) is bool(data.get("until")):
            raise ValidationError("请写明延长多久(limit)或延长到哪天(until)，只写一样", "limit")


def _needed(says: str) -> Read:
    return values.text(says, required=True)


_REASONED: Mapping[str, Any] = {
    "reason_code": values.number_text("the department's code of the reason", required=True),
    "reason": _needed("why, in words for the applicant")}
_ENDING: Mapping[str, Any] = {"expected_end": values.plain_day("the day by which it should be over")}
_TYPES: Mapping[str, Mapping[str, Any]] = {
    "leg.received": {}, "leg.accepted": {},
    "leg.not_accepted": {**_REASONED, "belongs_to": values.text(
        "the office or organ that is competent, by its id or its name, if yours is not: a person then transfers the "
        "leg, which does not end", LONGEST_NAME)},
    "leg.supplement_required": {
        "ask": values.ask_id("the department's id of this request; a new one for each request"),
        "reason": _needed("why, in words for the applicant"),
        "limit": values.limit("the time the applicant has, e.g. `5wd`; the clock stands meanwhile"),
        "materials": values.coded("material", "the papers that are missing"),
        "fields": values.coded("field", "what must be put right, by the department's own names or our codes")},
    "leg.special_started": {
        "kind": _needed("which procedure"), "basis": _needed("the law it rests on"), **_ENDING},
    "leg.special_ended": {"kind": _needed("which procedure"), "basis": values.text("the law it rests on")},
    "leg.extended": {
        "limit": values.limit("what is added to the limit, e.g. `10wd`", required=False),
        "until": values.plain_day("the new last day, instead of `limit`"),
        "reason": _needed("why, in words for the applicant"), "basis": _needed("the law it rests on"),
        "approved_by": _needed("who approved it: the head of the organ (行政许可法 第42条)")},
    "leg.in_review": {"step": _needed("which step")},
    "leg.forwarded": {"to": _needed("to whom"), **_ENDING},
    "leg.simulated": {"opinion": _needed("the opinion"), **_ENDING},
    "leg.granted": {"results": _results(required=True)},
    "leg.refused": _REASONED,
    "leg.delivered": {
        "mode": _needed("how it was handed over: electronic, window, post, or in your own words"),
        "carrier": values.text("who carries it, where it was sent", LONGEST_NAME),
        "tracking": values.number_text("under which number the carrier has it")},
    "leg.withdraw_confirmed": {"reason": values.text("a remark")},
    "leg.withdraw_rejected": {"reason": values.text("why not")},
    "leg.remark": {"text": _needed("what the applicant should know")},
    "leg.fee": {"amount": values.amount("yuan"), "basis": _needed("the rule it rests on")},
    "leg.corrected": {
        "what": Read(_what, {"type": ["string", "object"], "properties": {
            "state": {"type": "string"}, "reason": {"type": "string"}, "void": {"type": "boolean"},
            "results": {"type": "array"}}}, "what is right instead", required=True),
        "authority": values.text("who says so, as the deployment declares it", LONGEST_NAME, required=True)},
}


def _class_name(type_: str) -> str:
    return "".join(part.title() for part in type_.removeprefix("leg.").split("_"))


DATA: Mapping[str, type[Schema]] = {
    type_: {"leg.supplement_required": _Asking, "leg.extended": _Extending}.get(type_, NoticeData).from_dict(
        dict(own), name=f"Notice{_class_name(type_)}Data")
    for type_, own in _TYPES.items()
}


def read_data(type_: str, data: Any) -> dict[str, Any]:
    """The data of a notice as its type's schema reads it; `MalformedNotice` names every fault by its place."""
    if type_ not in DATA:
        raise MalformedNotice(errors={"type": [f"不认识的回告类型；可用：{'、'.join(sorted(DATA))}"]})
    try:
        return _quick(DATA[type_])(data)
    except ValidationError:
        pass
    try:
        return dict(DATA[type_]().load(data))
    except ValidationError as error:
        raise MalformedNotice(errors={"data": error.messages}) from None


@cache
def _quick(kind: type[Schema]) -> Callable[[Any], dict[str, Any]]:
    """What a schema gives, without its machinery: its values read one by one. Where anything is wrong this says so by
    any `ValidationError`; the schema itself then names all that is wrong."""
    schema = kind()
    assert isinstance(schema, Open)
    table = [(name, field.required, _reading(field)) for name, field in schema.load_fields.items()]

    def read(data: Any) -> dict[str, Any]:
        if type(data) is not dict:
            raise ValidationError(NO_OBJECT["type"])
        made = dict(data)
        for name, required, reading in table:
            value = data.get(name)
            if value is not None:
                made[name] = reading(value)
            elif required:
                raise ValidationError(values.MESSAGES["required"], name)
        schema.look(made)
        return made

    return read


def _reading(field: fields.Field[Any]) -> values.Reading:
    if isinstance(field, values.Read):
        return field.reading
    assert isinstance(field, fields.List) and isinstance(field.inner, fields.Nested)
    each = _quick(type(field.inner.schema))

    def read(value: Any) -> list[dict[str, Any]]:
        if type(value) is not list:
            raise ValidationError(field.error_messages["invalid"])
        return [each(entry) for entry in value]

    return read
