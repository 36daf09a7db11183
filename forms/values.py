"""One datum from outside → a typed value, or a Chinese sentence that says what to write instead.

Texts are made safe first: NFC, one kind of line end, no control or turning characters, no lone surrogates. Numbers are
never rounded (1.9 is refused as an integer), never taken from a boolean, and full-width digits are folded.
`json_ready` is the way back.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from catalog.bounds import count_problem
from catalog.dictionary import FieldType, Option, Region
from catalog.evaluate import born
from catalog.papers import ID_CARD, kind_of
from catalog.units import unit_words
from forms.alike import alike
from forms.days import day_problem, written_day
from forms.formats import FORMATS, BadFormat
from forms.hints import as_number, missing, number_problem, too_fine, twice
from forms.persons import person_number

LONGEST_TEXT: Final = 2000
MOST_ROWS: Final = 500
MOST_DIGITS: Final = 15
_TOO_LARGE: Final = 10 ** MOST_DIGITS
# Written once, for `int | str` makes a new type at each question.
_LISTS, _NUMBERS = (list, tuple), (int, float, str, Decimal)
_DIGITS, _COUNTED = (int, str), (int, Decimal)
_YES = {"yes": True, "true": True, "是": True, "no": False, "false": False, "否": False}
_WRITTEN_NUMBER: Final = re.compile(r"[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})", re.ASCII)
_KEPT_CONTROLS = frozenset("\n\t")
_LINE_ENDS: Final = re.compile("\r\n?")  # browsers send a text area's lines with both characters
# Embeddings, overrides and isolates make a text read otherwise than it is kept.
_FILLERS = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


class BadValue(ValueError):
    """A value that cannot be taken; `errors` is a list of sentences or, for rows, a tree by row and column. `read` is
    what could be read of it all the same: of rows that can be told apart the cells that are right."""

    def __init__(self, errors: str | Mapping[str, Any], read: Any = None) -> None:
        super().__init__(errors if isinstance(errors, str) else "有几行填写不对")
        self.errors: Any = [errors] if isinstance(errors, str) else dict(errors)
        self.read = read


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a value must be: a dictionary field, a merged line or a question, reduced to what reading needs. `labels`
    are the names of a group's columns, or of the kinds of paper that a person's number may be of; `unique` are the
    columns that differ in every row. `default` is what a blank cell of a column says."""

    type: FieldType
    min: Decimal | None = None
    max: Decimal | None = None
    decimals: int | None = None
    min_length: int | None = None
    max_length: int | None = None
    not_before: str | None = None
    not_after: str | None = None
    unit: str | None = None
    options: tuple[Option, ...] = ()
    level: str | None = None
    inner: tuple[tuple[str, Wanted], ...] = ()
    required: tuple[str, ...] = ()
    key: str | None = None
    labels: Mapping[str, str] | None = None
    unique: tuple[str, ...] = ()
    default: str | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a value is judged against: the known regions (none: digits suffice) and the day of filing."""

    regions: Mapping[str, Region]
    today: date | None = None


def read_value(raw: Any, wanted: Wanted, around: Surroundings) -> Any:
    """The typed value of `raw`: bool, Decimal, date, text, tuple of texts, tuple of row mappings; raises `BadValue`."""
    return READERS[wanted.type](raw, wanted, around)


def is_blank(raw: Any) -> bool:
    """Whether nothing was filled in: None, or a text in which nothing is to be seen. An empty list is an answer."""
    if raw is None or not isinstance(raw, str):
        return raw is None
    return not raw or raw.isspace() or (not raw.isascii() and not any(_is_seen(mark) for mark in raw))


def _is_seen(mark: str) -> bool:
    """Whether a character leaves something on the page; fillers are letters to Unicode, and joiners join nothing."""
    return not mark.isspace() and mark not in _FILLERS and unicodedata.category(mark) not in {"Cf", "Mn"}


def safe_text(raw: Any, longest: int = LONGEST_TEXT) -> str:
    r"""A text in NFC, its lines ended by \\n, without control and turning characters and lone surrogates, spaces at the
    ends removed; raises `BadValue`."""
    if not isinstance(raw, str):
        raise BadValue("请填写文字")
    text = _LINE_ENDS.sub("\n", raw) if "\r" in raw else raw
    if len(text) > longest:
        raise BadValue(f"最多 {longest} 个字，现在 {len(text)} 个")
    # Nearly every text is printable through and through, and nothing unfit is: then no single character is looked at.
    for mark in () if text.isprintable() else text:
        if _unfit(mark):
            raise BadValue(f"含有不能使用的字符(U+{ord(mark):04X})，请删除后重填")
    return (text if text.isascii() else unicodedata.normalize("NFC", text)).strip()


def _folded(text: str) -> str:
    """NFKC, in which ASCII is what it is."""
    return text if text.isascii() else unicodedata.normalize("NFKC", text)


def _unfit(mark: str) -> bool:
    unseen = unicodedata.category(mark) in {"Cc", "Cs", "Co", "Cn"} and mark not in _KEPT_CONTROLS
    return unseen or mark in _TURNING


def json_ready(value: Any) -> Any:
    """A typed value as JSON: whole numbers as int, others as float (at most 15 digits, so exact), dates as ISO text."""
    ready = _READY.get(type(value))
    return ready(value) if ready is not None else _ready_mapping(value) if isinstance(value, Mapping) else value


def _ready_mapping(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {str(key): item if type(item) is str else json_ready(item) for key, item in value.items()}


_READY: Mapping[type[Any], Callable[[Any], Any]] = {
    Decimal: lambda value: whole if value == (whole := int(value)) else float(value), date: date.isoformat,
    datetime: lambda value: value.isoformat(timespec="minutes"), dict: _ready_mapping,
    **dict.fromkeys(_LISTS, lambda items: list(map(json_ready, items))),
}


def for_conditions(value: Any) -> Any:
    """A typed value as conditions compare it: a moment is its day, a place its region code or text."""
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, tuple) and value and isinstance(value[0], Mapping):
        return tuple({key: for_conditions(item) for key, item in row.items()} for row in value)
    return value


def _refuse(problem: str | None) -> None:
    if problem is not None:
        raise BadValue(problem)


def _number(raw: Any, wanted: Wanted, _: Surroundings | None = None) -> Decimal:
    small = type(raw) is int and -_TOO_LARGE < raw < _TOO_LARGE  # then it is a whole number of a fit size
    value = Decimal(raw) if small else _written_number(raw, wanted)
    if (wanted.min is not None and value < wanted.min) or (wanted.max is not None and value > wanted.max):
        _refuse(number_problem(value, wanted, wanted.unit, whole=wanted.type == "integer"))
    return value


def _written_number(raw: Any, wanted: Wanted) -> Decimal:
    if isinstance(raw, bool) or not isinstance(raw, _NUMBERS):
        raise BadValue("请填写数字")
    text = _folded(raw).strip() if isinstance(raw, str) else str(raw)
    if isinstance(raw, str) and not _WRITTEN_NUMBER.fullmatch(text):
        raise BadValue(f"「{text[:40]}」不是数字，{as_number(text, wanted.unit, whole=_places(wanted) == 0)}")
    value = Decimal(text)
    if len(text) > MOST_DIGITS or not isinstance(raw, _DIGITS):  # what is short and has no exponent fits anyway
        _refuse_size(value)
    if not text.isdecimal():
        _decimals(value, wanted)
    return value


def _places(wanted: Wanted) -> int | None:
    return 0 if wanted.type == "integer" else wanted.decimals


def _refuse_size(value: Decimal) -> None:
    if not value.is_finite() or len(value.as_tuple().digits) > MOST_DIGITS or abs(value) >= _TOO_LARGE:
        raise BadValue(f"数字不对或太长，最多 {MOST_DIGITS} 位")
    if value and value.adjusted() < -MOST_DIGITS:
        raise BadValue(f"数字太小，最多 {MOST_DIGITS} 位小数")


def _decimals(value: Decimal, wanted: Wanted) -> None:
    places = _places(wanted)
    if places is not None and value != round(value, places):
        raise BadValue(too_fine(places, wanted.unit))


def _date(raw: Any, wanted: Wanted, around: Surroundings) -> date:
    day = raw if isinstance(raw, date) and not isinstance(raw, datetime) else _written_day(raw)
    _refuse(day_problem(day, wanted, around.today))
    return day


def _written_day(raw: Any) -> date:
    if not isinstance(raw, str):
        raise BadValue("请填写日期，例如 2026-03-01")
    day = written_day(_folded(raw).strip())
    if day is None:
        raise BadValue("日期不存在或写法不对，请按 年-月-日 填写，例如 2026-03-01")
    return day


def _moment(raw: Any, wanted: Wanted, around: Surroundings) -> datetime:
    try:
        text = _folded(raw).strip() if isinstance(raw, str) else raw
        value = datetime.fromisoformat(text) if isinstance(text, str) and len(text) <= 32 else text
    except ValueError:
        value = None
    if not isinstance(value, datetime):
        raise BadValue("请填写日期和时间，例如 2026-03-01T09:30")
    _refuse(day_problem(value.date(), wanted, around.today))
    return value


def _yes_no(raw: Any, _: Wanted, __: Surroundings) -> bool:
    if isinstance(raw, bool):
        return raw
    if isinstance(raw, str) and raw.strip().lower() in _YES:
        return _YES[raw.strip().lower()]
    raise BadValue("请回答 是 或 否")


def _choice(raw: Any, wanted: Wanted, _: Surroundings | None = None) -> str:
    for option in wanted.options:
        if option.code == raw:
            return option.code
    text = str(raw) if isinstance(raw, _COUNTED) and not isinstance(raw, bool) else safe_text(raw)
    for option in wanted.options:
        if option.code == text:
            return text
    raise BadValue(f"「{text[:40]}」不在选项中，请从这些中选：{_option_words(wanted.options)}")


def _option_words(options: tuple[Option, ...]) -> str:
    shown = "、".join(f"{option.code}({option.name})" for option in options[:12])
    return f"{shown} 等" if len(options) > 12 else shown


def _listed(raw: Any, read: Callable[[Any], str], wanted: Wanted) -> tuple[str, ...]:
    if not isinstance(raw, _LISTS) or len(raw) > MOST_ROWS:
        raise BadValue("请填写一个清单(可多选)")
    found = tuple(read(item) for item in raw)
    if len(set(found)) < len(found):
        raise BadValue("同一项选了两次，请去掉重复的")
    _refuse(count_problem(len(found), wanted, "项"))
    return found


def _many(raw: Any, wanted: Wanted, _: Surroundings) -> tuple[str, ...]:
    return _listed(raw, lambda item: _choice(item, wanted), wanted)


def _region(raw: Any, wanted: Wanted, around: Surroundings) -> str:
    code = _folded(safe_text(raw))
    if not (code.isascii() and code.isdigit() and len(code) in {6, 9, 12}):
        raise BadValue("请选择区划，区划代码是 6、9 或 12 位数字")
    known = around.regions.get(code) or around.regions.get(code[:6])
    if around.regions and known is None:
        raise BadValue(f"区划代码 {code} 不在区划表中，请重新选择")
    if known is not None and wanted.level is not None and len(code) == 6 and known.level != wanted.level:
        raise BadValue(f"请选择{_LEVELS.get(wanted.level, wanted.level)}一级的区划，{known.name} 不是")
    return code


_LEVELS = {"nation": "国家", "province": "省", "city": "市", "district": "区县"}


def _regions(raw: Any, wanted: Wanted, around: Surroundings) -> tuple[str, ...]:
    return _listed(raw, lambda item: _region(item, wanted, around), wanted)


def _address(raw: Any, wanted: Wanted, around: Surroundings) -> Any:
    if not isinstance(raw, Mapping):
        return _text(raw, wanted)
    strange = [str(key) for key in raw if key not in {"region", "text"}]
    if strange:
        raise BadValue(f"地址只能有 region(区划)和 text(详细地址)，多了 {strange[0][:40]}")
    plain = Wanted("region")
    return {"region": _region(raw.get("region"), plain, around), "text": _text(raw.get("text"), wanted)}


def _text(raw: Any, wanted: Wanted, _: Surroundings | None = None) -> str:
    text = safe_text(raw, wanted.max_length or LONGEST_TEXT)
    if not text:
        raise BadValue("请填写")
    if wanted.min_length is not None and len(text) < wanted.min_length:
        raise BadValue(f"至少 {wanted.min_length} 个字，现在 {len(text)} 个")
    return text


def _formatted(raw: Any, wanted: Wanted, _: Surroundings | None = None) -> str:
    text = _folded(safe_text(raw, 100))
    try:
        clean = FORMATS[wanted.type](text)
    except BadFormat as bad:
        raise BadValue(str(bad)) from None
    return clean


def _person(raw: Any, wanted: Wanted, around: Surroundings) -> str:
    try:
        number = person_number(_folded(safe_text(raw, 100)), wanted.labels or {})
    except BadFormat as bad:
        raise BadValue(str(bad)) from None
    if around.today is not None and kind_of(number) == ID_CARD and born(number) > around.today:
        raise BadValue("证件号码中的出生日期还没有到，请对照证件核对")
    return number


def _rows(raw: Any, wanted: Wanted, around: Surroundings) -> tuple[Mapping[str, Any], ...]:
    if not isinstance(raw, _LISTS):
        raise BadValue("请逐行填写(一个清单)")
    if len(raw) > MOST_ROWS:
        raise BadValue(f"最多 {MOST_ROWS} 行")
    _refuse(count_problem(len(raw), wanted, unit_words(wanted.unit) or "行"))
    errors: dict[str, Any] = {}
    rows: dict[int, Mapping[str, Any]] = {}
    for index, row in enumerate(raw):
        try:
            rows[index] = _row(row, wanted, around)
        except BadValue as bad:
            errors[str(index)], rows[index] = bad.errors, bad.read or {}
    _differ(rows, wanted, errors)
    if errors:
        raise BadValue(errors, _told_apart(rows, wanted, errors))
    return tuple(rows.values())


def _told_apart(rows: Mapping[int, Mapping[str, Any]], wanted: Wanted, errors: Mapping[str, Any]) -> Any:
    """What could be read of rows of which some are wrong; nothing where it is unknown which row is which."""
    wrong = any(not isinstance(row, Mapping) or wanted.key in row for row in errors.values())
    return None if wrong else tuple(rows.values())


def _row(raw: Any, wanted: Wanted, around: Surroundings) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise BadValue("这一行写法不对，请逐栏填写")
    columns = dict(wanted.inner)
    errors: dict[str, Any] = {
        str(name)[:60]: ["没有这一栏，请删去"] for name in raw if name not in columns
    }
    values: dict[str, Any] = {}
    for name, column in columns.items():
        given = raw.get(name)
        if is_blank(given) and is_blank(given := column.default):
            if name in wanted.required:
                errors[name] = [missing(column.type)]
            continue
        try:
            values[name] = READERS[column.type](given, column, around)
        except BadValue as bad:
            errors[name] = bad.errors
    if errors:
        raise BadValue(errors, values)
    return values


def _differ(rows: Mapping[int, Mapping[str, Any]], wanted: Wanted, errors: dict[str, Any]) -> None:
    """Say which rows have what only one row may have."""
    columns = dict.fromkeys((*((wanted.key,) if wanted.key else ()), *wanted.unique))
    for index, column, first in alike(rows, tuple(columns)):
        label = (wanted.labels or {}).get(column, column)
        errors.setdefault(str(index), {})[column] = [twice(label, first + 1, wanted.unit)]


READERS: dict[FieldType, Callable[[Any, Wanted, Surroundings], Any]] = {
    "text": _text, "number": _number, "integer": _number, "date": _date, "datetime": _moment, "yes_no": _yes_no,
    "choice": _choice, "many": _many, "region": _region, "regions": _regions, "address": _address, "rows": _rows,
    "citizen_id": _person, "uscc": _formatted, "phone": _formatted, "email": _formatted, "vin": _formatted,
    "plate": _formatted, "project_code": _formatted, "bank_account": _formatted,
}
