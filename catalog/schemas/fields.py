"""The marshmallow fields of authored files: each turns text into a typed value or says in Chinese what to write."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Any, ClassVar

from marshmallow import EXCLUDE, Schema, ValidationError, fields, pre_load, validates_schema

from catalog.conditions import BadCondition, Condition, fold, parse_condition
from catalog.limits import BadLimit, Limit, parse_limit
from catalog.suggest import unknown
from catalog.terms import Literal
from catalog.text import Text, unfit

LARGEST_LIST = 5000
_NUMBER = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,6})?", re.ASCII)
_WHOLE = re.compile(r"0|[1-9]\d{0,8}", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z]{2,4})?", re.ASCII)
_REFERENCE = re.compile(r"[\w-]+(?:\.\w+)?(?:@\w+)?")
_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_CODE = re.compile(r"\w[\w-]*")
_NONE: Mapping[str, str] = MappingProxyType({})
_YES = {"yes": True, "true": True, "no": False, "false": False}


class Authored(Schema):
    """The base of every shape: unknown keys are refused with a near name; a text may stand for `short`."""

    short: str | None = None
    forbidden: ClassVar[Mapping[str, str]] = _NONE

    class Meta:
        """Unknown keys are reported by `refuse_unknown`, all at once."""

        unknown = EXCLUDE

    error_messages = {"type": "这里要写成「键: 值」的形式"}  # noqa: RUF012  # as marshmallow declares it

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        """Name the missing key in the message for a required one."""
        key = field_obj.data_key or field_name
        field_obj.error_messages["required"] = f"缺少 {key}({field_obj.metadata.get('title', key)})；请补上"

    def keys(self) -> list[str]:
        """Every key an author may write here, in order."""
        return [field.data_key or name for name, field in self.fields.items()]

    @pre_load
    def expand_short(self, data: Any, **_: Any) -> Any:
        """Turn the short form into the long one."""
        return {self.short: data} if isinstance(data, str) and self.short else data

    @validates_schema(pass_original=True, skip_on_field_errors=False)
    def refuse_unknown(self, _typed: Any, original: Any, **_: Any) -> None:
        """Refuse keys that this shape does not have."""
        known = self.keys()
        if wrong := [key for key in original if key not in known] if isinstance(original, Mapping) else []:
            raise ValidationError({key: [self.refusal(key, known)] for key in wrong})

    def refusal(self, key: str, known: list[str]) -> str:
        """The sentence for a key that does not belong here."""
        return self.forbidden.get(key) or f"未知的键 {key}{unknown(key, known, list_all=True)}"


class Written(fields.Field[Any]):
    """Anything an author writes; `title` is its Chinese name for messages and editors."""

    def __init__(self, title: str, **kwargs: Any) -> None:
        super().__init__(metadata={"title": title, **kwargs.pop("metadata", {})}, **kwargs)
        self.error_messages["null"] = f"{title}没有内容"

    @property
    def title(self) -> str:
        """The Chinese name of this value."""
        return str(self.metadata["title"])

    def _deserialize(self, value: Any, attr: str | None, data: Any, **_: Any) -> Any:  # noqa: ARG002  # its signature
        return self._typed(value)

    def _typed(self, value: Any) -> Any:
        """The typed value; raises ValidationError with what to write."""
        return value


class Scalar(Written):
    """A value that is written as one text; `wanted` says which kind."""

    wanted = "一个词或一句话"

    def _typed(self, value: Any) -> Any:
        if not isinstance(value, str):
            raise ValidationError(f"{self.title}要写成{self.wanted}，不是列表或花括号")
        if not value.strip():
            raise ValidationError("")  # the reader has said that nothing stands here
        return self._read(value.strip())

    def _read(self, text: str) -> Any:
        """The typed value; raises ValidationError with what to write."""
        return text


class Line(Scalar):
    """A `Text`: a line, or one line per language."""

    def _typed(self, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return super()._typed(value)
        says = "未知的语言 {}；请写 zh、en 这样的语言代码"
        if wrong := {key: [says.format(key)] for key in value if not _LANGUAGE.fullmatch(key)}:
            raise ValidationError(wrong)
        if "zh" not in value:
            raise ValidationError(f"{self.title}缺少中文(zh)")
        lines = {tag: super(Line, self)._typed(line) for tag, line in value.items()}
        return Text(str(lines.pop("zh")), {tag: str(line) for tag, line in lines.items()})

    def _read(self, text: str) -> Text:
        return Text(_fit(self.title, text))


class Name(Scalar):
    """A reference to something by its code."""

    def _read(self, text: str) -> str:
        name = fold(text)
        if len(parts := [part.strip() for part in re.split("[，、；]", text) if part.strip()]) > 1:
            raise ValidationError(f"{self.title} {text} 里有全角标点；几项之间请用半角逗号：[{', '.join(parts)}]")
        if not _REFERENCE.fullmatch(name):
            raise ValidationError(f"{self.title} {text} 不是编码；编码只能用字母、数字、下划线、连字符和汉字")
        return name


class Words(Scalar):
    """A plain text that is not shown to applicants (a department's own name, a reason, a pattern)."""

    def _read(self, text: str) -> str:
        return _fit(self.title, text)


def _fit(title: str, text: str) -> str:
    if says := unfit(text):
        raise ValidationError(f"{title}{says}")
    return text


class Number(Scalar):
    """A decimal number."""

    def _read(self, text: str) -> Decimal:
        if not _NUMBER.fullmatch(text):
            raise ValidationError(f"{self.title} {text} 不是数字；请写成 0、50 或 2.5 这样的数字")
        return Decimal(text)


class Whole(Scalar):
    """A whole number from 0."""

    wanted = "一个数，例如 2"

    def _read(self, text: str) -> int:
        if not _WHOLE.fullmatch(text):
            raise ValidationError(f"{self.title} {text} 不是整数；请写成 0、1、2 这样的数字")
        return int(text)


class YesNo(Scalar):
    """yes or no."""

    def _read(self, text: str) -> bool:
        if text not in _YES:
            raise ValidationError(f"{self.title} {text} 无法识别；请写 yes 或 no")
        return _YES[text]


class Day(Scalar):
    """An ISO date, kept as text."""

    def _read(self, text: str) -> str:
        try:
            return date.fromisoformat(text).isoformat() if len(text) == 10 else _bad_day(self.title, text)
        except ValueError:
            return _bad_day(self.title, text)


def _bad_day(title: str, text: str) -> str:
    raise ValidationError(f"{title} {text} 不是日期；请写成 2026-01-31 这样的日期")


class Duration(Scalar):
    """A limit such as `3wd`."""

    def _read(self, text: str) -> Limit:
        try:
            return parse_limit(text)
        except BadLimit as error:
            raise ValidationError(str(error)) from None


class When(Scalar):
    """A condition; where `constant` is set, a bare yes is the condition that always holds."""

    def __init__(self, title: str, constant: bool = False, **kwargs: Any) -> None:
        self.constant = constant
        super().__init__(title, **kwargs)

    def _read(self, text: str) -> Condition:
        if self.constant and text in _YES:
            return Condition(text, Literal(_YES[text]))
        try:
            return parse_condition(text)
        except BadCondition as error:
            raise ValidationError(str(error)) from None


class Pick(Scalar):
    """One word of a fixed list; `meant` has the word for what people say instead."""

    def __init__(self, title: str, choices: Iterable[str], meant: Mapping[str, str] = _NONE, **kwargs: Any) -> None:
        super().__init__(title, **kwargs)
        self.choices, self.meant = tuple(choices), meant

    def _read(self, text: str) -> str:
        if text not in self.choices and text in self.meant:
            raise ValidationError(f"{self.title} {text} 不认识；请写 {self.meant[text]}")
        if text not in self.choices:
            raise ValidationError(f"{self.title} {text} 不认识{unknown(text, self.choices, list_all=True)}")
        return text


class Matching(Scalar):
    """A text of one shape, such as six digits; `says` tells what to write."""

    def __init__(self, title: str, pattern: str, says: str, **kwargs: Any) -> None:
        super().__init__(title, **kwargs)
        self.pattern, self.says = re.compile(pattern, re.ASCII), says

    def _read(self, text: str) -> str:
        if not self.pattern.fullmatch(text):
            raise ValidationError(f"{self.title} {text} 写法不对；{self.says}")
        return text


class ListOf(Written):
    """A list of one kind of value; one value may stand without brackets."""

    def __init__(self, title: str, item: fields.Field[Any], **kwargs: Any) -> None:
        super().__init__(title, **kwargs)
        self.item = item

    def _typed(self, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            return (self.item.deserialize(value),)
        if len(value) > LARGEST_LIST:
            raise ValidationError(f"{self.title}超过 {LARGEST_LIST} 项")
        found, wrong = [], {}
        for index, item in enumerate(value):
            try:
                typed = self.item.deserialize(item)
            except ValidationError as error:
                wrong[index] = error.messages
                continue
            if typed in found:
                wrong[index] = [f"{self.title}里重复写了 {item}；请删去一处"]
            found.append(typed)
        if wrong:
            raise ValidationError(wrong, valid_data=found)
        return tuple(found)


class MapOf(Written):
    """A map from names to one kind of value. `named` identifier (used in conditions), code, or any."""

    def __init__(self, title: str, item: fields.Field[Any], named: str = "code", **kwargs: Any) -> None:
        super().__init__(title, **kwargs)
        self.item, self.named = item, named

    def _typed(self, value: Any) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise ValidationError(f"{self.title}要写成「名称: 内容」的形式")
        found, wrong = {}, {}
        for key, item in value.items():
            try:
                check_name(key, self.named)
                found[key] = self.item.deserialize(item)
            except ValidationError as error:
                wrong[key] = error.messages
                if error.valid_data is not None:
                    found[key] = error.valid_data
        if wrong:
            raise ValidationError(wrong, valid_data=found)
        return found


def check_name(name: str, named: str) -> None:
    """Refuse a name that conditions (`identifier`) or the dictionary (`code`) could not use."""
    if named == "identifier" and not _IDENTIFIER.fullmatch(name):
        raise ValidationError(f"名称 {name} 不能用在条件里；只能用字母、数字、下划线和汉字，不以数字开头")
    if named == "code" and not _CODE.fullmatch(name):
        raise ValidationError(f"名称 {name} 只能用字母、数字、下划线、连字符和汉字")


class Shape(Written):
    """A map with fixed keys, described by a schema.

    With `partial` its right parts are kept where others are wrong; else a faulty map counts as absent.
    """

    def __init__(self, title: str, schema: type[Authored], partial: bool = False, **kwargs: Any) -> None:
        super().__init__(title, **kwargs)
        self.schema, self.partial = schema(), partial

    def _typed(self, value: Any) -> Any:
        return self.load(value)

    def load(self, value: Any) -> Any:
        """The typed map; raises ValidationError, which keeps the right parts only with `partial`."""
        try:
            return self.schema.load(value)
        except ValidationError as error:
            kept = error.valid_data if self.partial and isinstance(error.valid_data, dict) else None
            raise ValidationError(error.messages, valid_data=kept) from None


class OneOrMany(Shape):
    """A shape, or a list of them; always read as a tuple."""

    def _typed(self, value: Any) -> Any:
        if not isinstance(value, list):
            return (self.load(value),)
        return _all_of(list(enumerate(value)), self.schema)


def _all_of(items: list[tuple[int, Any]], schema: Schema) -> tuple[Any, ...]:
    found, wrong = [], {}
    for index, item in items:
        try:
            found.append(schema.load(item))
        except ValidationError as error:
            wrong[index] = error.messages
    if wrong:
        raise ValidationError(wrong, valid_data=found)
    return tuple(found)


class Entries(Shape):
    """A list of names or `{name: {attributes}}`; read as a tuple of maps that hold the name under `called`."""

    def __init__(self, title: str, schema: type[Authored], called: str, **kwargs: Any) -> None:
        super().__init__(title, schema, **kwargs)
        self.called = called

    def _typed(self, value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValidationError(f"{self.title}要写成列表，例如 [甲, 乙]")
        found: list[Any] = []
        wrong: dict[int, Any] = {}
        for index, item in enumerate(value):
            try:
                found.append(self.entry(item))
            except ValidationError as error:
                wrong[index] = error.messages
                continue
            name = found[-1][self.called]
            if any(one[self.called] == name for one in found[:-1]):
                wrong[index] = [f"{self.title} {name} 重复写了；请删去一处"]
        if wrong:
            raise ValidationError(wrong, valid_data=found)
        return tuple(found)

    def entry(self, item: Any) -> Any:
        """One entry of the list."""
        if isinstance(item, str):
            return {self.called: Name(self.title).deserialize(item)}
        if not isinstance(item, Mapping) or len(item) != 1:
            raise ValidationError(f"{self.title}的每一项要写成 名称 或 {{名称: {{…}}}}")
        ((name, attributes),) = item.items()
        try:
            return {self.called: Name(self.title).deserialize(name), **self.schema.load(attributes)}
        except ValidationError as error:
            raise ValidationError({name: error.messages}) from None


class Either(Written):
    """A short form that is a text, else a shape: `text` reads the one, `shape` the other."""

    def __init__(self, title: str, text: fields.Field[Any], shape: fields.Field[Any], **kwargs: Any) -> None:
        super().__init__(title, **kwargs)
        self.text, self.shape = text, shape

    def _typed(self, value: Any) -> Any:
        return (self.text if isinstance(value, str) else self.shape).deserialize(value)


class Free(Written):
    """Texts, lists and maps of texts as written (answers, guide); texts stay text."""
