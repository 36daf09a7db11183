"""One clean form → one payload per leg: only what its matter declares, in the department's own words.

Names (`as`), code values, units (exact decimals) and date forms are the asker's; rows are reduced to the declared
columns and, for a leg of one row, to that row.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

from catalog.dictionary import Role
from catalog.papers import kind_of, number_of
from catalog.units import convert
from forms.errors import UnknownLeg
from forms.plan import Declared, FieldLine, LegPart, Plan, PlannedLeg
from forms.values import BadValue, Surroundings, Wanted, json_ready, read_value

REMEMBERED = 2_048  # most legs of a case are told the same days and amounts, and so are most cases
Say = Callable[[Any], Any]
_AMOUNT, _ANYWHERE = Wanted("number"), Surroundings({})


def leg_fields(plan: Plan, leg: str, clean: Mapping[str, Any]) -> dict[str, Any]:
    """What leg `leg` receives of the clean form, under the department's names; raises `UnknownLeg`.

    `clean` may hold results of earlier legs too (`with_results`). A blank optional field is left out.
    """
    payload: dict[str, Any] = {}
    for code, name, say in _speech(_part(plan, leg)):
        value = clean.get(code)
        if value is not None and (said := value if say is None else say(value)) is not None:
            payload[name] = said
    return payload


def declared_values(plan: Plan, leg: str, clean: Mapping[str, Any]) -> dict[str, Any]:
    """What `leg_fields` says, still under our codes and in our values: what people at its office read of the form."""
    part, found = _part(plan, leg), dict[str, Any]()
    for one in part.declared:
        value = clean.get(one.code) if one.asker is not None or one.type == "rows" else None
        if part.line.each == one.code and part.line.row is not None and isinstance(value, list):
            value = value[part.line.row:part.line.row + 1]
        value = _own_columns(one, value) if one.type == "rows" else value
        if value is not None:
            found[one.code] = value
    return found


def _own_columns(declared: Declared, rows: Any) -> list[dict[str, Any]] | None:
    """Rows reduced to the declared columns, under our names; None where nothing is left of any."""
    names = [column.code for column in declared.columns if column.asker is not None]
    reduced = [{name: value for name in names if (value := row.get(name)) is not None} for row in _mappings(rows)]
    return reduced if any(reduced) else None


def applicant_part(plan: Plan, leg: str, clean: Mapping[str, Any]) -> dict[str, Any]:
    """The people of the case as far as this leg's matter declares their name or number; raises `UnknownLeg`."""
    people: dict[str, Any] = {}
    for role, named in _people(plan, _part(plan, leg)):
        known = {name: value if say is None else say(value) for name, code, say in named
                 if (value := clean.get(code)) is not None}
        if known:
            people[role] = known
    return people


def _people(plan: Plan, part: LegPart) -> Sequence[tuple[str, Sequence[tuple[str, str, Say | None]]]]:
    """Which of a person's name, number and kind of paper this leg's matter declares, by role, with our codes and what
    is said of them; worked out once."""
    made: Sequence[tuple[str, Sequence[tuple[str, str, Say | None]]]] | None = part.made.get("people")
    if made is None:
        asked = {one.code: one for one in part.declared if one.asker is not None and not one.given}
        made = part.made["people"] = tuple(
            (role.code, tuple(_of_person(role, asked))) for role in plan.people)
    return made


def _of_person(role: Role, asked: Mapping[str, Declared]) -> Iterator[tuple[str, str, Say | None]]:
    if role.shown in asked:
        yield "name", role.shown, None
    if role.id in asked:
        asker = asked[role.id].asker
        yield "id", role.id, _number
        if asker is not None and asker.paper_as is not None:
            yield "paper", role.id, partial(_said_kind, {})


def with_results(plan: Plan, clean: Mapping[str, Any], giver: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The clean form with the fields a granted leg gave; a row leg's fields (`vehicles.plate`) go into its own row."""
    leg = _part(plan, giver).line
    known = dict(clean)
    for code, value in given.items():
        group, _, column = code.rpartition(".")
        if not group:
            known[code] = value
        elif leg.each == group and leg.row is not None:
            rows = [dict(row) for row in _mappings(known.get(group))]
            rows += [{} for _ in range(leg.row + 1 - len(rows))]
            rows[leg.row][column] = value
            known[group] = rows
    return known


def columns_of(plan: Plan, leg: str) -> dict[str, FieldLine]:
    """The columns of the row that a leg is about, by their code (`vehicles.plate`); none for a leg of no row."""
    about = _part(plan, leg).line
    asked = (line for line in plan.fields if line.code == about.each and about.row is not None)
    return {column.code: column for line in asked for column in line.inner}


def _part(plan: Plan, leg: str) -> LegPart:
    try:
        return plan.parts[leg]
    except KeyError:
        raise UnknownLeg(leg) from None


def _speech(part: LegPart) -> Sequence[tuple[str, str, Say | None]]:
    """How the department of a leg wants each field: our code, its name, and what makes its word of our value (None:
    nothing has to); worked out once for a plan, since every message of every case of it needs it."""
    made: Sequence[tuple[str, str, Say | None]] | None = part.made.get("speech")
    if made is None:
        made = part.made["speech"] = tuple(
            said for one in part.declared if one.asker is not None or one.type == "rows"
            for said in ((one.code, one.asker.as_name if one.asker else one.code, _own(one, part.line)), *_kind(one)))
    return made


def _kind(declared: Declared) -> Iterator[tuple[str, str, Say]]:
    """The kind of paper beside a person's number, where there are several."""
    asker = declared.asker
    if asker is not None and asker.paper_as is not None:
        yield declared.code, asker.paper_as, partial(_said_kind, asker.values)


def _said_kind(names: Mapping[str, str], value: Any) -> Any:
    kind = kind_of(str(value))
    return names.get(kind, kind)


def _own(declared: Declared, leg: PlannedLeg) -> Say | None:
    """What a leg says of a field; one of a row (or of one value of a list) only its own."""
    say = partial(_rows, _spoken(declared.columns)) if declared.type == "rows" else _sayer(declared)
    if leg.each != declared.code or leg.row is None:
        return say
    own = slice(leg.row, leg.row + 1)
    return lambda value: (say or _as_it_is)(value[own] if isinstance(value, list) else value)


def _as_it_is(value: Any) -> Any:
    return value


def _spoken(columns: Iterable[Declared]) -> tuple[tuple[str, str, Say | None], ...]:
    return tuple(said for column in columns if column.asker is not None
                 for said in ((column.code, column.asker.as_name, _sayer(column)), *_kind(column)))


def _rows(columns: Sequence[tuple[str, str, Say | None]], rows: Any) -> list[dict[str, Any]] | None:
    """Rows reduced to the declared columns; None where nothing is left of any."""
    reduced = [{name: value if say is None else say(value) for code, name, say in columns
                if (value := row.get(code)) is not None} for row in _mappings(rows)]
    return reduced if any(reduced) else None


def _mappings(rows: Any) -> Iterator[Mapping[str, Any]]:
    """The rows of a group; nothing of what is none."""
    return (row for row in (rows if isinstance(rows, list | tuple) else ()) if isinstance(row, Mapping))


def _sayer(declared: Declared) -> Say | None:
    """What turns one value into the department's own words; None where it stays as it is."""
    kind, asker = declared.type, declared.asker
    assert asker is not None
    if kind == "citizen_id":
        return _number
    if kind in {"number", "integer"}:
        return partial(_amount, declared.unit, asker.unit)
    if kind in {"choice", "region"} and asker.values:
        return lambda value: asker.values.get(str(value), value)
    if kind in {"many", "regions"}:
        return partial(_listed, asker.values)
    if kind == "yes_no" and asker.values:
        return lambda value: asker.values.get("yes" if value else "no", value) if isinstance(value, bool) else value
    return partial(_dated, asker.date_form) if kind in {"date", "datetime"} and asker.date_form else None


def _number(value: Any) -> Any:
    return number_of(value) if isinstance(value, str) else value


def _listed(names: Mapping[str, Any], value: Any) -> Any:
    return [names.get(str(item), item) for item in value] if isinstance(value, list | tuple) else value


def _amount(ours: str | None, theirs: str | None, value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        return value
    return _converted(ours, theirs, value)


@lru_cache(maxsize=REMEMBERED)
def _converted(ours: str | None, theirs: str | None, value: float | str | Decimal) -> int | float | str | Decimal:
    """An amount in another unit, as JSON; equal amounts are one, however they were typed. What the form would not read
    as an amount (once departments could give anything) is passed on as it came."""
    try:
        amount = read_value(value, _AMOUNT, _ANYWHERE)
    except BadValue:
        return value
    converted: int | float = json_ready(convert(amount, ours, theirs) if ours and theirs else amount)
    return converted


def _dated(form: str, value: Any) -> Any:
    try:
        return value.strftime(form) if isinstance(value, date) else _in_form(form, str(value))
    except ValueError:
        return value  # a department's own result in its own form is passed on as it came


@lru_cache(maxsize=REMEMBERED)
def _in_form(form: str, text: str) -> str:
    return datetime.fromisoformat(text).strftime(form)
