"""Fields that another leg gives and nobody fills in on the form: what a value of theirs must be, whoever says it.

The plan of a case says their type; the dictionary adds the options of a choice and, for an answer of the applicant, the
bounds that the form would have. A department's own value is held to its type alone: 600 months may be few to it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from catalog.dictionary import Field
from catalog.evaluate import UNANSWERED
from catalog.model import Catalog
from forms.plan import Plan
from forms.schema import wanted_of_line
from forms.split import columns_of
from forms.values import BadValue, Surroundings, Wanted, for_conditions, is_blank, json_ready, read_value
from forms.wanted import wanted_of_field

_ANY_DAY: Final = "1000-01-01"  # of a department: an old house was built before anybody was born who lives now
_CHOSEN: Final = frozenset({"choice", "many"})
_CLEAN: Final = frozenset({"choice", "citizen_id"})  # texts that say the same with and without the field's options
ANYWHERE: Final = Surroundings({})


def read_given(
    plan: Plan, fields: Mapping[str, Field], given: Mapping[str, Any],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a leg gives, JSON-ready and without blanks, and what of it is no value of its field's type, by code.

    What neither plan nor dictionary (`fields`) knows stays as it came: it goes to nobody.
    """
    clean: dict[str, Any] = {}
    wrong: dict[str, Any] = {}
    for code, value in given.items():
        wanted = wanted_given(plan, fields, code)
        try:
            if not is_blank(value):
                clean[code] = value if wanted is None else json_ready(read_value(value, _type_alone(wanted), ANYWHERE))
        except BadValue as bad:
            wrong[code] = bad.errors
    return clean, wrong


def read_in_place(plan: Plan, leg: str, catalog: Catalog,
                  answers: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the applicant answers in place of a leg that gives it, and in a leg's own row, as the form would take it:
    values and errors by code."""
    around = Surroundings(catalog.regions, date.fromisoformat(plan.today) if plan.today else None)
    asked = {line.code: wanted_given(plan, catalog.fields, line.code) for line in plan.removed_fields}
    asked |= {code: wanted_of_line(column) for code, column in columns_of(plan, leg).items()}
    clean, wrong = dict[str, Any](), dict[str, Any]()
    for code in asked.keys() & answers.keys():
        wanted = asked[code]
        try:
            if wanted is not None and not is_blank(answers[code]):
                clean[code] = json_ready(read_value(answers[code], wanted, around))
        except BadValue as bad:
            wrong[code] = bad.errors
    return clean, wrong


def wanted_given(plan: Plan, fields: Mapping[str, Field], code: str) -> Wanted | None:
    """What a value of `code` must be, by its code or (`plate`) its column's bare name; None where nobody can say."""
    given = plan.removed_fields
    removed = next((line for line in given if line.code == code), None) or next(
        (line for line in given if line.code.rpartition(".")[2] == code), None)
    defined = fields.get(removed.code if removed is not None else code)
    if removed is not None and (defined is None or defined.type != removed.type):
        return _sayable(Wanted(removed.type, unit=removed.unit))
    return _sayable(wanted_of_field(defined)) if defined is not None else None


def given_for_conditions(plan: Plan, code: str, value: Any) -> Any:
    """A given value as conditions compare it, by the type that the plan says; not known where it is none of that."""
    kind = next((line.type for line in plan.removed_fields if line.code == code), None)
    if kind is None or is_blank(value):
        return UNANSWERED
    if kind == "many":
        return tuple(value) if isinstance(value, list) else UNANSWERED
    try:
        wanted = Wanted("text" if kind in _CLEAN else kind, not_before=_ANY_DAY)
        return for_conditions(read_value(value, wanted, ANYWHERE))
    except BadValue:
        return UNANSWERED


def _sayable(wanted: Wanted) -> Wanted | None:
    """None for a choice of which the options are not known here."""
    return None if wanted.type in _CHOSEN and not wanted.options else wanted


def _type_alone(wanted: Wanted) -> Wanted:
    inner = tuple((name, _type_alone(column)) for name, column in wanted.inner)
    return Wanted(wanted.type, not_before=_ANY_DAY, unit=wanted.unit, options=wanted.options, inner=inner,
                  labels=wanted.labels)
