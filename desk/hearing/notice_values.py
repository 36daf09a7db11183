"""What stands in notices, value by value: each is read strictly, and refused with a Chinese sentence that says how.

Made for marshmallow: `Read` is a field that reads with a function and shows a JSON Schema to the OpenAPI document.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from marshmallow import ValidationError, fields

from catalog.limits import BadLimit, parse_limit
from connectors.strict_json import whole_text

LONGEST_NAME = 200
LONGEST_TEXT = 10_000
LARGEST_SEQ = 2**53 - 1
MOST_ENTRIES = 100
FOR_EVER = "长期"
UNFIT = "含有不可见的控制字符，请删除后重新输入"
MESSAGES = {
    "required": "必填", "null": "必填，不能为 null", "validator_failed": "内容不符合要求", "invalid": "类型不对"}
_ASK = re.compile(r"(?!\.)[^/\\?#%;\x00-\x1f\x7f]{1,100}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_AMOUNT = re.compile(r"\d{1,12}(\.\d{1,4})?", re.ASCII)

Reading = Callable[[Any], Any]


class Read(fields.Field[Any]):
    """A value read by a function, which raises `ValidationError` with what to write; shown as a JSON Schema."""

    default_error_messages = {**MESSAGES}  # noqa: RUF012  # marshmallow's own shape

    def __init__(self, reading: Reading, shape: Mapping[str, Any], says: str = "", *, required: bool = False) -> None:
        described = {**shape, "description": says} if says else dict(shape)
        super().__init__(required=required, allow_none=not required, metadata=described)
        self.reading = reading

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **more: Any) -> Any:
        del attr, data, more
        return self.reading(value)


def text(says: str, longest: int = LONGEST_TEXT, *, required: bool = False) -> Read:
    """A text; blank is as good as none."""
    def read(value: Any) -> str | None:
        if not isinstance(value, str) or len(value) > longest:
            raise ValidationError(f"应为不超过 {longest} 字的文字")
        if not whole_text(value):
            raise ValidationError(UNFIT)
        if required and not value.strip():
            raise ValidationError("必填")
        return value
    return Read(read, {"type": "string", "maxLength": longest}, says, required=required)


def number_text(says: str, *, required: bool = False) -> Read:
    """A number of the department's own (of a case, a licence, a reason): a text, or digits written as a JSON number."""
    def read(value: Any) -> str:
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value)
        if not isinstance(value, str) or len(value) > LONGEST_NAME or (required and not value.strip()):
            raise ValidationError(f"应为不超过 {LONGEST_NAME} 字的编号")
        if not whole_text(value):
            raise ValidationError(UNFIT)
        return value
    return Read(read, {"type": ["string", "integer"], "maxLength": LONGEST_NAME}, says, required=required)


def ask_id(says: str) -> Read:
    """The id of an ask; it stands in an address, so some signs cannot."""
    def read(value: Any) -> str:
        if not isinstance(value, str) or not _ASK.fullmatch(value):
            raise ValidationError("请用 1–100 个字符的编号，不含 / \\ ? # % ; ，不以 . 开头")
        return value
    return Read(read, {"type": "string", "pattern": "^(?!\\.)[^/\\\\?#%;]{1,100}$"}, says, required=True)


def limit(says: str, *, required: bool = True) -> Read:
    """A limit with its unit."""
    def read(value: Any) -> str:
        try:
            return str(parse_limit(value if isinstance(value, str) else ""))
        except BadLimit:
            raise ValidationError("请写成 5wd(工作日)、10nd(自然日) 这样的期限，数字不超过 400") from None
    return Read(read, {"type": "string", "pattern": "^[0-9]{1,3}(wd|nd|wh|h|min|mo)$"}, says, required=required)


def sequence(says: str) -> Read:
    """A number that grows with each notice of a leg."""
    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= LARGEST_SEQ:
            raise ValidationError("应为从 0 起的整数")
        return value
    return Read(read, {"type": "integer", "minimum": 0, "maximum": LARGEST_SEQ}, says)


def amount(says: str) -> Read:
    """Money in yuan, as a number or its decimal text."""
    def read(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, int | float | str) or not _AMOUNT.fullmatch(str(value)):
            raise ValidationError("请写成以元为单位的数字，例如 12.5")
        return value
    return Read(read, {"type": ["number", "string"], "minimum": 0}, says, required=True)


def yes_no(value: Any) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise ValidationError("请写 true 或 false")
    return value


def plain_day(says: str) -> Read:
    """An ISO day."""
    return Read(iso_day, {"type": "string", "examples": ["2027-01-01"]}, says)


def day(says: str) -> Read:
    """An ISO day (a date with time counts by its day), `长期` or nothing."""
    def read(value: Any) -> str | None:
        if value in ("", FOR_EVER):
            return value or None
        return iso_day(value)
    return Read(read, {"type": "string", "examples": ["2027-01-01", FOR_EVER]}, says)


def iso_day(value: Any) -> str:
    """The day of an ISO date or time; `ValidationError` for anything else."""
    say = f"请写成 2027-01-01 这样的日期；没有截止日的写“{FOR_EVER}”"
    if not isinstance(value, str) or not _DAY.match(value):
        raise ValidationError(say)
    try:
        found = date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value).date()
    except ValueError:
        raise ValidationError(say) from None
    return found.isoformat()


def coded(key: str, says: str) -> Read:
    """A list of things asked for: each an object with `key` (or only its text), a name and a note."""
    def one(entry: Any) -> dict[str, Any]:
        shown = entry if isinstance(entry, Mapping) else {key: entry}
        code = next((shown[k] for k in (key, "code", "kind", "id", "name") if k in shown), None)
        texts = {k: shown[k] for k in ("name", "note") if shown.get(k) is not None}
        if not isinstance(code, str) or not 0 < len(code.strip()) <= LONGEST_NAME:
            raise ValidationError(f"请写成清单，每项写明 {key}，例如 [{{\"{key}\": \"…\", \"name\": \"…\"}}]")
        if not all(isinstance(value, str) and len(value) <= LONGEST_TEXT for value in texts.values()):
            raise ValidationError("name 和 note 应为文字")
        return {**shown, key: code}

    shape = {"type": "array", "maxItems": MOST_ENTRIES, "items": {"type": ["object", "string"], "required": [key],
             "properties": {name: {"type": "string"} for name in (key, "name", "note")}}}
    return Read(lambda value: each(value, one), shape, says)


def each(value: Any, one: Callable[[Any], Any]) -> list[Any]:
    """Every entry of a list read by `one`; the faults come as a tree by index."""
    if not isinstance(value, Sequence) or isinstance(value, str) or len(value) > MOST_ENTRIES:
        raise ValidationError(f"应为清单，最多 {MOST_ENTRIES} 项")
    found, wrong = [], {}
    for place, entry in enumerate(value):
        try:
            found.append(one(entry))
        except ValidationError as error:
            wrong[str(place)] = error.messages
    if wrong:
        raise ValidationError(wrong)
    return found


def file_entry(entry: Any) -> dict[str, Any]:
    """A result file: the id of one that was sent before (alone, or under `file`), or base64 with a name."""
    shown = {"file": entry} if isinstance(entry, str) else entry
    if not isinstance(shown, Mapping) or not isinstance(shown.get("base64", shown.get("file")), str):
        raise ValidationError("每个文件写 {\"file\": 编号}，或 {\"name\", \"type\", \"base64\"}")
    for key in ("name", "type"):
        if shown.get(key) is not None and not isinstance(shown[key], str):
            raise ValidationError(f"{key} 应为文字")
    return dict(shown)


FILES_SHAPE: Mapping[str, Any] = {"type": "array", "items": {"oneOf": [
    {"type": "string", "description": "the id of a result file"},
    {"type": "object", "required": ["file"], "properties": {"file": {"type": "string"}}},
    {"type": "object", "required": ["base64"], "properties": {
        "name": {"type": "string"}, "type": {"type": "string"},
        "base64": {"type": "string", "contentEncoding": "base64", "description": "at most 256 kB of file"}}}]}}


def files(says: str) -> Read:
    """The files of a result."""
    return Read(lambda value: each(value, file_entry), FILES_SHAPE, says)
