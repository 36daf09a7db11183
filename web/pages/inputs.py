"""One shape for everything a person can be asked on a page, whether a situation question or a field of the form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from werkzeug.datastructures import MultiDict

from catalog.dictionary import Field, FieldType, Option, Region
from catalog.papers import ID_CARD, kind_of, number_of, number_words, of_kind
from catalog.text import Text
from catalog.units import unit_words
from forms.plan import AskedQuestion, FieldLine
from web.pages.words import askers_words, said

_ASKING = ("？", "?")
LIST_TYPES = frozenset({"many", "regions"})
_YES_NO = (("yes", Text("是", {"en": "Yes"})), ("no", Text("否", {"en": "No"})))
_MANY_CONTROLS = LIST_TYPES | {"address", "datetime", "citizen_id"}  # no single hidden control carries such a value


@dataclass(frozen=True, slots=True)
class Input:
    """One thing asked on a page. `name` is the name of its control, `code` the key of its answer.

    `rows` holds, for a repeated group, the columns of each row with their values; `inner` one empty row; `fixed` says
    that the number of rows was decided by the situation, `told` which columns of each it has answered (such a column is
    `answered`: it is shown and not asked again), `only` in which rows a column is asked, `most` how many rows there may
    be.
    """

    code: str
    name: str
    label: str
    type: FieldType
    required: bool = True
    hint: str = ""
    asked: str = ""
    purpose: str = ""
    unit: str = ""
    options: tuple[tuple[str, str], ...] = ()
    long: bool = False
    value: Any = None
    errors: tuple[str, ...] = ()
    mark: str = ""
    inner: tuple[Input, ...] = ()
    key: str | None = None
    rows: tuple[tuple[Input, ...], ...] = ()
    fixed: bool = False
    told: tuple[frozenset[str], ...] = ()
    only: tuple[int, ...] | None = None
    answered: bool = False
    most: int | None = None

    @property
    def papers(self) -> tuple[tuple[str, str], ...]:
        """The kinds of paper that are chosen among beside a person's number; none where there is but the identity card.
        A number that was kept of a kind which is not offered stands beside no choice, so that one has to be made."""
        if self.type != "citizen_id" or not self.options:
            return ()
        kinds = [kind for kind, _ in self.options]
        if self.paper in kinds:
            return self.options if kinds != [ID_CARD] else ()
        return (("", "请选择"), *self.options) if self.number else self.options

    @property
    def paper(self) -> str:
        """The kind of paper of the number."""
        return kind_of(str(self.value or ""))

    @property
    def number(self) -> str:
        """The number without its kind."""
        return number_of(str(self.value or ""))

    @property
    def words(self) -> str:
        """What was answered, in words."""
        return answer_words(self)

    @property
    def id(self) -> str:
        """The id of the control; problems link to it."""
        return control_id(self.name)


def control_id(name: str) -> str:
    """The id of the control called `name`."""
    return "f-" + re.sub(r"[^\w-]", "-", name)


def file_control_id(key: str) -> str:
    """The id of the file control of the paper `key`."""
    return "p-" + "".join(sign if sign.isalnum() else "-" for sign in key)


def options_of(options: Iterable[Option], type_: FieldType, level: str | None,
               regions: Mapping[str, Region]) -> tuple[tuple[str, str], ...]:
    """Code and label of each choice; regions are those of the wanted level under their parents' names."""
    if type_ in {"region", "regions", "address"}:
        fit = [region for region in regions.values() if level is None or region.level == level]
        fit.sort(key=lambda region: region.code)
        return tuple((region.code, _full_name(region, regions)) for region in fit)
    return tuple((option.code, option.name) for option in options)


def _full_name(region: Region, regions: Mapping[str, Region]) -> str:
    parent = regions.get(region.parent or "")
    above = "" if parent is None or parent.level == "nation" else _full_name(parent, regions) + " "
    return f"{above}{region.name}"


def of_question(question: AskedQuestion, asked: Field | None, regions: Mapping[str, Region],
                columns: Set[str] | None = None, must: Set[str] = frozenset()) -> Input:
    """A situation question as an input; `asked` is the dictionary field of the same code, if it is one, of whose rows
    it asks the `columns` (None: all). Those that it `must` know cannot be left blank."""
    if question.type == "yes_no":
        options: tuple[tuple[str, str], ...] = _YES_NO
    else:
        options = options_of(question.options, question.type, asked.level if asked else None, regions)
    inner = tuple(of_column(column, regions, must) for column in (asked.inner if asked else ())
                  if columns is None or column.code in columns)
    return with_value(Input(
        question.id, question.id, question.ask, question.type, hint=(asked.help or "") if asked else "",
        unit=unit_words(question.unit), options=options, inner=inner,
        most=_most(question.max, asked.max if asked else None), key=asked.key if asked else None,
    ), question.value)


def of_given(given: Field, regions: Mapping[str, Region]) -> Input:
    """A field that a department gives, as an input; of rows every column, none of which must be there."""
    inner = tuple(of_column(column, regions, frozenset()) for column in given.inner)
    return replace(of_column(given, regions, frozenset()), inner=inner, unit=unit_words(given.unit))


def of_column(column: Field, regions: Mapping[str, Region], columns: Set[str]) -> Input:
    """A column of a repeated group that a situation question asks."""
    code = column.code.rpartition(".")[2]
    return Input(code, code, column.name, column.type, required=column.required or column.code in columns,
                 hint=column.help or "", unit=unit_words(column.unit), options=_choices(column, regions))


def _choices(line: Field | FieldLine, regions: Mapping[str, Region]) -> tuple[tuple[str, str], ...]:
    if line.type == "yes_no":
        return _YES_NO
    return options_of(line.options, line.type, line.level, regions)


def of_line(line: FieldLine, departments: Mapping[str, str], regions: Mapping[str, Region]) -> Input:
    """A field of the merged form as an input, with who asks for it (`departments`: leg → department)."""
    code = line.code.rpartition(".")[2] if "." in line.code else line.code
    return Input(
        code, code, line.name, line.type, line.required, hint=line.help or "",
        asked=askers_words(line, departments), purpose=(line.purpose or "") if line.sensitive else "",
        unit=unit_words(line.unit), options=_choices(line, regions),
        long=line.type == "text" and (line.max_length or 0) > 100,
        inner=tuple(of_line(column, {}, regions) for column in line.inner),
        fixed=line.value is not None, most=_most(line.max), only=line.only,
        told=tuple(frozenset(row) for row in line.value) if line.type == "rows" and line.value is not None else (),
    )


def _most(*limits: Decimal | None) -> int | None:
    return min((int(limit) for limit in limits if limit is not None), default=None)


def settled(line: FieldLine) -> bool:
    """Whether the situation has already said all that the form would ask; rows may still lack columns."""
    if line.value is None or line.type != "rows":
        return line.value is not None
    columns = [column.code.rpartition(".")[2] for column in line.inner if column.required]
    return all(row.get(name) not in (None, "") for row in line.value for name in columns)


def kept_value(line: FieldLine, given: Any) -> Any:
    """What stands in a field: the form's own answer, on top of what the situation says of each row."""
    if line.value is None:
        return line.default if given is None else given
    if line.type != "rows" or settled(line):
        return line.value
    filled = given if isinstance(given, list) and len(given) == len(line.value) else [{} for _ in line.value]
    return [{**row, **known} for row, known in zip(filled, line.value, strict=True)]


def with_value(asked: Input, value: Any, errors: Any = None) -> Input:
    """The input with what was answered and what is wrong with it (a list of sentences, or a tree by row)."""
    if asked.type != "rows":
        return replace(asked, value=_fitting(asked.type, _shown(value)), errors=tuple(flat(errors)))
    tree = errors if isinstance(errors, Mapping) else {}
    own = tuple(flat(errors)) if errors and not isinstance(errors, Mapping) else ()
    given = value if isinstance(value, list) and value else [{}]
    rows = tuple(_row(asked, number, row, tree.get(str(number))) for number, row in enumerate(given))
    return replace(asked, rows=rows, errors=own)


def _row(asked: Input, number: int, row: Any, errors: Any) -> tuple[Input, ...]:
    values = row if isinstance(row, Mapping) else {}
    tree = errors if isinstance(errors, Mapping) else {}
    told = asked.told[number] if number < len(asked.told) else frozenset()
    return tuple(
        with_value(replace(column, name=f"{asked.name}.{number}.{column.code}",
                           answered=column.code in told - tree.keys() and column.type not in _MANY_CONTROLS),
                   values.get(column.code), tree.get(column.code))
        for column in asked.inner if column.only is None or number in column.only or column.code in told
    )


def _fitting(type_: str, value: Any) -> Any:
    """What the control of a type can show; a program may have saved anything, and its errors say so."""
    if isinstance(value, list):
        return [str(item) for item in value if isinstance(item, str | int)] if type_ in LIST_TYPES else None
    if isinstance(value, Mapping):
        return {name: text for name in ("region", "text") if isinstance(text := value.get(name, ""), str)} \
            if type_ == "address" else None
    return value


def _shown(value: Any) -> Any:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.15g}"
    return value if isinstance(value, list | Mapping | str) or value is None else str(value)


def flat(errors: Any) -> list[str]:
    """All sentences of an error tree."""
    if isinstance(errors, str):
        return [errors]
    items = errors.values() if isinstance(errors, Mapping) else errors or ()
    return [sentence for item in items for sentence in flat(item)]


def read(asked: Input, sent: MultiDict[str, str]) -> Any:
    """What was sent for an input, as the answer to keep; None for nothing. Nothing is judged here."""
    if asked.type == "rows":
        return _read_rows(asked, sent)
    if asked.type in LIST_TYPES:
        return [text for text in sent.getlist(asked.name) if text] or None
    if asked.type == "address":
        return _read_address(asked, sent)
    if asked.type == "citizen_id":
        return _read_number(asked, sent)
    text = sent.get(asked.name, "").strip()
    return text or None


def _read_number(asked: Input, sent: MultiDict[str, str]) -> str | None:
    """A person's number with the kind of paper that was chosen beside it; whoever types both is taken at their word."""
    number, kind = sent.get(asked.name, "").strip().replace("：", ":"), sent.get(f"{asked.name}.paper", "") or ID_CARD
    return number or None if kind_of(number) != ID_CARD else of_kind(kind, number) if number else None


def _read_address(asked: Input, sent: MultiDict[str, str]) -> Any:
    text, region = sent.get(asked.name, "").strip(), sent.get(f"{asked.name}.region", "")
    return {"region": region, "text": text} if region else text or None


def _read_rows(asked: Input, sent: MultiDict[str, str]) -> Any:
    """The rows that say anything, all of them: how many are too many is judged where every answer is.

    Of a group whose rows the situation decided every row keeps its place, or its answers would go to another one.
    """
    rows = list(_rows_sent(asked, sent).values())
    filled = [row for row in rows if row]
    return (rows if asked.fixed else filled) if filled else None


def _rows_sent(asked: Input, sent: MultiDict[str, str]) -> dict[int, dict[str, Any]]:
    """Every row of the page by its number, the empty ones too."""
    shape = re.compile(rf"{re.escape(asked.name)}\.(\d{{1,4}})\..*")
    numbers = sorted({int(found[1]) for name in sent if (found := shape.fullmatch(name))})
    return {number: _row_sent(asked, number, sent) for number in numbers}


def _row_sent(asked: Input, number: int, sent: MultiDict[str, str]) -> dict[str, Any]:
    columns = [replace(column, name=f"{asked.name}.{number}.{column.code}") for column in asked.inner]
    return {column.code: value for column in columns if (value := read(column, sent)) is not None}


def pressed(asked: Input, sent: MultiDict[str, str], do: str) -> Any:
    """What was sent for an input, after a press of 再加一行 (`add:NAME`) or 删去 (`drop:NAME:NUMBER`) in its rows.

    The number is that of the row on the page, so it is looked for before the empty rows go.
    """
    verb, _, rest = do.partition(":")
    name, _, number = rest.partition(":")
    if asked.type != "rows" or name != asked.name or asked.fixed:
        return read(asked, sent)
    rows = [row for at, row in _rows_sent(asked, sent).items() if row and (verb != "drop" or str(at) != number)]
    if verb == "add" and (asked.most is None or len(rows) < asked.most):
        return [*(rows or [{}]), {}]
    return rows or [{}]


@dataclass(frozen=True, slots=True)
class Linked:
    """A problem in the summary on top of a page, with the link to where it is solved."""

    text: str
    href: str = ""


def problems_of(inputs: Iterable[Input]) -> list[Linked]:
    """Every problem of the inputs of a page, in their order, each linked to its control."""
    found = []
    for asked in inputs:
        found += [Linked(about(asked.label, text), f"#{asked.id}") for text in asked.errors]
        called, lead = asked.unit or "项", asked.label if asked.label.endswith(_ASKING) else f"{asked.label}，"
        for number, row in enumerate(asked.rows, start=1):
            found += [
                Linked(f"{lead}第 {number} {called}：{about(column.label, text)}", f"#{column.id}")
                for column in row for text in column.errors
            ]
    return found


def about(label: str, text: str) -> str:
    """A problem under its label, which is not said twice; a question ends with its own sign."""
    return text if text.startswith(label) else f"{label}{'' if label.endswith(_ASKING) else '：'}{text}"


def answer_words(asked: Input) -> str:
    """What was answered, in words."""
    if asked.type == "rows":
        rows = ["，".join(f"{column.label} {answer_words(column)}" for column in row if column.value)
                for row in asked.rows]
        numbered = [f"第 {number} {asked.unit or '项'}：{row}" for number, row in enumerate(rows, start=1) if row]
        return "；".join(numbered if len(rows) > 1 else rows)
    names = dict(asked.options)
    value = asked.value
    if value is None or value == "":
        return ""
    if asked.type in {"date", "datetime", "citizen_id"}:
        return number_words(str(value), names) if asked.type == "citizen_id" else said(value)
    if isinstance(value, list):
        return "、".join(names.get(str(item), str(item)) for item in value)
    if isinstance(value, Mapping):
        return f"{names.get(value.get('region', ''), '')} {value.get('text', '')}".strip()
    return f"{value} {asked.unit}" if asked.unit else names.get(value, str(value))
