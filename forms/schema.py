"""The filled form against its plan: what each line wants, as a table made from the plan, and what is said in Chinese.

The table is made once per plan object and region table. Errors are a tree keyed by field code; rows are keyed by
their index as text (from 0), then by column. Answers already given in the situation must agree with the form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from catalog.dictionary import Region
from catalog.papers import number_words
from catalog.units import row_words
from forms.hints import missing
from forms.papers.planned import MaterialLine
from forms.plan import FieldLine, Plan
from forms.values import READERS, BadValue, Surroundings, Wanted, is_blank, json_ready, read_value
from forms.wanted import asked_in, labels_of, unique_in, wanted_in

MOST_FILES: Final = 20
_TABLE: Final = "form"
_LONGEST_ID: Final = 200
_UNKNOWN: Final = "这次办理不需要这一项，请删去或核对名称"


@dataclass(frozen=True, slots=True)
class Validated:
    """`clean` is JSON-ready; `errors` a tree by code; `lacking` how many answers a draft still needs, by required code:
    of a group as many as there are blank cells, whatever is wrong with others."""

    clean: Mapping[str, Any]
    errors: Mapping[str, Any] = field(default_factory=dict)
    lacking: Mapping[str, int] = field(default_factory=dict)

    @property
    def missing(self) -> tuple[str, ...]:
        """The required codes a draft still lacks."""
        return tuple(self.lacking)


def wrong_in(errors: Any) -> int:
    """How many answers of an error tree are wrong."""
    return sum(map(wrong_in, errors.values())) if isinstance(errors, Mapping) else 1


def validate_form(
    plan: Plan, form: Mapping[str, Any], regions: Mapping[str, Region], partial: bool = False,
) -> Validated:
    """Judge a filled form; `partial` (a draft) lists missing required fields apart instead of refusing them."""
    compiled = _compiled(plan, regions)
    given = _with_situation(compiled, {code: value for code, value in form.items() if not is_blank(value)})
    given |= {line.code: _narrowed(line, given[line.code]) for line in compiled.uneven if line.code in given}
    clean, errors = _read(compiled, given, partial)
    clean |= {line.code: tuple(_narrowed(line, clean[line.code])) for line in compiled.uneven if line.code in clean}
    for line in () if partial else compiled.uneven:
        _complain(line, clean, errors)
    _agree(compiled, clean, errors)
    blank = {code: _blank_in(line, given.get(code), errors.get(code)) for code, line in compiled.counted.items()
             if line.inner or code not in clean}
    ready = {code: value if type(value) is str else json_ready(value) for code, value in clean.items()
             if code not in errors}
    return Validated(ready, errors, {code: count for code, count in blank.items() if count})


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A plan as its answers are judged. `stated` are the lines that have a value by the situation or by default,
    `values` what the situation says, typed; `draft` wants less of rows than `whole` does; `uneven` are the groups of
    which some column is asked in some rows alone, `counted` the lines of which something may be lacking."""

    lines: Mapping[str, FieldLine]
    counted: Mapping[str, FieldLine]
    stated: Mapping[str, FieldLine]
    values: Mapping[str, Any]
    around: Surroundings
    whole: Mapping[str, Wanted]
    draft: Mapping[str, Wanted]
    uneven: tuple[FieldLine, ...]


def _read(compiled: _Compiled, given: Mapping[str, Any], partial: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """The typed value of every line that is given, and what is wrong; a field that is not in the plan is named."""
    clean: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for code, wanted in (compiled.draft if partial else compiled.whole).items():
        if code in given and (partial or given[code] != [] or not _no_rows(compiled.lines[code])):
            try:
                clean[code] = READERS[wanted.type](given[code], wanted, compiled.around)
            except BadValue as bad:
                errors[code] = bad.errors
        elif not partial and compiled.lines[code].required:
            errors[code] = [missing(compiled.lines[code].type)]
    errors |= {code: [_UNKNOWN] for code in given if code not in compiled.lines}
    return clean, errors


def _no_rows(line: FieldLine) -> bool:
    """Whether a list in which there is no row is none: somebody needs one, and only a question can be told that there
    are none at all."""
    return line.required and line.value is None


def _compiled(plan: Plan, regions: Mapping[str, Region]) -> _Compiled:
    """The table of a plan, about 30 kB, which goes with it: whoever keeps plans says how many."""
    kept: _Compiled | None = plan.made.get(_TABLE)
    if kept is None or kept.around.regions is not regions:
        kept = plan.made[_TABLE] = _made(plan, regions)
    return kept


def _made(plan: Plan, regions: Mapping[str, Region]) -> _Compiled:
    around = Surroundings(regions, date.fromisoformat(plan.today) if plan.today else None)
    lines = {line.code: line for line in plan.fields}
    stated = {code: line for code, line in lines.items() if line.value is not None or line.default is not None}
    whole = {code: wanted_of_line(line) for code, line in lines.items()}
    draft = {code: wanted_of_line(line, draft=True) if line.inner else whole[code] for code, line in lines.items()}
    values = {code: _stated(line.value, whole[code], around) for code, line in stated.items()
              if line.value is not None and line.type != "rows"}
    counted = {code: line for code, line in lines.items() if line.required or line.inner}
    uneven = tuple(line for line in plan.fields if any(inner.only is not None for inner in line.inner))
    return _Compiled(lines, counted, stated, values, around, whole, draft, uneven)


def _stated(raw: Any, wanted: Wanted, around: Surroundings) -> Any:
    """What the situation says, typed; nothing a form could agree with where the line does not take it."""
    try:
        return read_value(raw, wanted, around)
    except BadValue:
        return None


def wanted_of_line(line: FieldLine, draft: bool = False) -> Wanted:
    """What a merged line wants of its value; a draft's rows may lack required columns."""
    short = {inner.code: inner.code.rpartition(".")[2] for inner in line.inner}
    strict = () if draft else line.inner
    needed = tuple(short[inner.code] for inner in strict
                   if inner.required and inner.default is None and inner.only is None)
    return Wanted(
        line.type, line.min, line.max, line.decimals, line.min_length, line.max_length, line.not_before, line.not_after,
        line.unit, line.options, line.level, tuple((short[inner.code], wanted_of_line(inner)) for inner in line.inner),
        needed, line.key, labels_of(line) or {short[inner.code]: str(inner.name) for inner in line.inner},
        unique_in(line), line.default,
    )


def _with_situation(compiled: _Compiled, given: dict[str, Any]) -> dict[str, Any]:
    """The form completed by what the situation already says, and by the defaults of lines left blank."""
    for code, line in compiled.stated.items():
        if line.type == "rows" and isinstance(line.value, list):
            given[code] = _rows_completed(said_of(line), given.get(code))
        elif code not in given:
            given[code] = line.default if line.value is None else line.value
    return given


def said_of(line: FieldLine) -> Any:
    """What the situation says of a line; of rows only the columns that some leg asks."""
    if line.type != "rows" or not isinstance(line.value, list):
        return line.value
    asked = {inner.code.rpartition(".")[2] for inner in line.inner}
    return [{name: value for name, value in row.items() if name in asked} for row in line.value]


def _rows_completed(known: list[Any], given: Any) -> Any:
    if given is None:
        return known
    if not isinstance(given, list) or len(given) != len(known) or not all(isinstance(row, Mapping) for row in given):
        return given
    filled = [{name: value for name, value in row.items() if not is_blank(value)} for row in given]
    return [{**before, **row} for before, row in zip(known, filled, strict=True)]


def _agree(compiled: _Compiled, clean: dict[str, Any], errors: dict[str, Any]) -> None:
    """A field that was a situation question keeps the answer that decided the matters."""
    for code, line in compiled.stated.items():
        if line.value is None or code in errors or code not in clean:
            continue
        if line.type == "rows":
            wrong = _rows_agree(line, clean[code])
            if wrong:
                errors[code] = wrong
        elif clean[code] != compiled.values[code]:
            errors[code] = [f"与前面的回答({_shown(line)})不一致；要改请回到情形问题中修改"]


def _shown(line: FieldLine) -> str:
    names = {option.code: str(option.name) for option in line.options}
    if isinstance(line.value, bool):
        return "是" if line.value else "否"
    if isinstance(line.value, list):
        return "、".join(names.get(str(item), str(item)) for item in line.value)
    return number_words(str(line.value), names) if line.type == "citizen_id" else names.get(str(line.value),
                                                                                       str(line.value))


def _rows_agree(line: FieldLine, rows: Any) -> Any:
    if len(rows) != len(line.value):
        called = row_words(line.unit)
        return [f"前面填了 {len(line.value)} {called}，这里是 {len(rows)} {called}；要增减请回到情形问题中修改"]
    wrong: dict[str, Any] = {}
    for index, (known, row) in enumerate(zip(line.value, rows, strict=True)):
        for name, value in known.items():
            if name in row and json_ready(row[name]) != value:
                wrong.setdefault(str(index), {})[name] = [f"与前面的回答({value})不一致；要改请回到情形问题中修改"]
    return wrong


def _blank_in(line: FieldLine, given: Any, wrong: Any) -> int:
    """How many answers a line still needs: one, or as many as its rows have blank cells. What is wrong is not blank."""
    if line.type != "rows" or not line.inner:
        return int(not wrong or wrong == [missing(line.type)])
    if given is None or given == []:
        cells = sum(wanted_in(inner, 0) and inner.only is None for inner in line.inner)
        return cells * int(line.min or 1) if line.required and line.value is None else 0
    return sum(1 for _ in _lacking(line, given)) if isinstance(given, list) else 0


def _lacking(line: FieldLine, rows: Any) -> Iterator[tuple[int, FieldLine]]:
    """The cells that must be filled in and are not, by row and column."""
    needed = [inner for inner in line.inner if inner.required]
    yield from ((index, inner) for index, row in enumerate(rows) if isinstance(row, Mapping) for inner in needed
                if wanted_in(inner, index) and is_blank(row.get(inner.code.rpartition(".")[2])))


def _narrowed(line: FieldLine, rows: Any) -> Any:
    """Rows without what they say in columns that only others are asked for: nobody sees it, so it is not judged
    either. What the situation says stays."""
    if not isinstance(rows, list | tuple):
        return rows
    columns = {inner.code.rpartition(".")[2]: inner for inner in line.inner}
    told = {name for row in line.value or () for name in row}
    return [{name: value for name, value in row.items()
             if name in told or name not in columns or asked_in(columns[name], index)}
            if isinstance(row, Mapping) else row for index, row in enumerate(rows)]


def _complain(line: FieldLine, clean: Mapping[str, Any], errors: dict[str, Any]) -> None:
    """What those rows lack that are asked for columns of which others are not."""
    wrong: dict[str, Any] = {}
    for index, inner in _lacking(line, clean.get(line.code, ())):
        wrong.setdefault(str(index), {})[inner.code.rpartition(".")[2]] = [missing(inner.type)]
    if wrong:
        errors[line.code] = wrong


def validate_materials(plan: Plan, materials: Mapping[str, Any], partial: bool = False) -> Validated:
    """Judge which papers are attached: by material key a list of file ids. Papers no longer needed are left out."""
    lines = {line.key: line for line in plan.materials}
    gone = {line.key for line in plan.removed_materials}
    clean: dict[str, Any] = {}
    errors: dict[str, Any] = {}
    for key, files in materials.items():
        if key in lines and not is_blank(files) and files != []:
            wrong = _files_wrong(files)
            if wrong:
                errors[key] = [wrong]
            else:
                clean[key] = list(files)
        elif key not in lines and key not in gone and not is_blank(files) and files != []:
            errors[str(key)[:_LONGEST_ID]] = ["这次办理不需要这份材料，请删去或核对编码"]
    missing = {key: 1 for key, line in lines.items() if key not in clean and key not in errors and _is_due(line)}
    if not partial:
        errors |= {key: [f"请上传“{lines[key].name}”"] for key in missing}
    return Validated(clean, errors, missing)


def _is_due(line: MaterialLine) -> bool:
    return line.required and line.tolerable is None


def _files_wrong(files: Any) -> str | None:
    if not isinstance(files, list) or not all(isinstance(name, str) and 0 < len(name) <= _LONGEST_ID for name in files):
        return "请列出文件编号"
    if len(files) > MOST_FILES:
        return f"一份材料最多 {MOST_FILES} 个文件，现在 {len(files)} 个"
    return "同一个文件列了两次，请去掉重复的" if len(set(files)) < len(files) else None
