"""What a department asks of the applicant, in our words, and what a grant brings, checked by what its matter gives.

A field may be asked by the department's own name or by our code; the applicant sees its line of the form, and the
answer goes back under the department's name, unit, code values and date form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cases.edges import planned
from cases.feeds import kind_of
from cases.model import Case
from catalog.model import Catalog
from desk.errors import MalformedNotice
from forms.given import read_given
from forms.plan import FieldAsker, FieldLine, Plan, RemovedField
from forms.split import columns_of, leg_fields, with_results


def in_our_words(case: Case, leg: str, catalog: Catalog, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of `leg.supplement_required` with our codes and names; what we do not know stays as it was asked, and a
    bare code gets a name that the applicant can read."""
    return {**data, "fields": list(_fields(case.plan, leg, data.get("fields") or ())),
            "materials": [_paper(case.plan, leg, catalog, entry) for entry in data.get("materials") or ()]}


def _fields(plan: Plan, leg: str, asked: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """What is asked, under our codes; a person's number and its kind of paper are one field of ours, so whoever asks
    both has asked once."""
    kinds = {asker.paper_as for _, asker in _own(plan, leg)} - {None}
    found = [_field(plan, leg, entry) for entry in asked]
    others = {one["field"] for one in found if one.get("asked_as") not in kinds}
    yield from (one for one in found if one["field"] not in others or one.get("asked_as") not in kinds)


def _field(plan: Plan, leg: str, entry: Mapping[str, Any]) -> dict[str, Any]:
    asked = entry["field"]
    own = [line for line, asker in _own(plan, leg) if asked in (asker.as_name, asker.paper_as)]
    columns = [line for code, line in columns_of(plan, leg).items() if asked in (code, code.rpartition(".")[2])]
    by_code = [line for line in _lines(plan) if line.code == asked]
    for line in (*own, *columns, *by_code):
        return {**entry, "field": line.code, "name": str(line.name), "asked_as": asked}
    return {**entry, "name": _read_as(entry, asked, "内容")}


def _read_as(entry: Mapping[str, Any], code: str, what: str) -> str:
    """What is on no form and in no dictionary, by the name it came with; Chinese words are their own name."""
    words = any("\u4e00" <= sign <= "\u9fff" for sign in code)
    return str(entry.get("name") or (code if words else f"部门另外要的{what}（编号 {code}）"))


def _lines(plan: Plan) -> tuple[FieldLine | RemovedField, ...]:
    return (*plan.fields, *plan.removed_fields)


def _own(plan: Plan, leg: str) -> Iterator[tuple[FieldLine | RemovedField, FieldAsker]]:
    """The lines of the plan that this leg asks, and the columns of its own row, each with how the leg asks it."""
    for line in (*_lines(plan), *columns_of(plan, leg).values()):
        for asker in line.askers:
            if asker.leg == leg:
                yield line, asker


def _paper(plan: Plan, leg: str, catalog: Catalog, entry: Mapping[str, Any]) -> dict[str, Any]:
    code = entry["material"]
    slot = next((slot for slot in plan.slots if slot.leg == leg and code in (slot.key, kind_of(slot.key))), None)
    known = catalog.materials.get(kind_of(code))
    name = slot.name if slot is not None else known.name if known is not None else _read_as(entry, code, "材料")
    return {**entry, "name": str(name)}


def in_their_words(plan: Plan, leg: str, supplied: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to an ask as its department writes it: own names, units, code values and date forms."""
    each = plan.parts[leg].line.each
    declared = {line.code for line, _ in _own(plan, leg) if line.code.rpartition(".")[0] in ("", each)}
    own = with_results(plan, {}, leg, {code: value for code, value in supplied.items() if code in declared})
    return leg_fields(plan, leg, own) | {code: value for code, value in supplied.items() if code not in declared}


def with_checked_results(case: Case, leg: str, catalog: Catalog, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data with the fields of its results in their clean form; `MalformedNotice` for a result under a code that
    nobody knows, since the leg that waits for it would wait for ever, and for a field that is no value of its type.

    A paper beside what the matter gives may come under its code in the dictionary, or without one.
    """
    results, wrong = _checked(case, leg, catalog, data.get("results"))
    what = data.get("what")
    corrected, below = _checked(case, leg, catalog, what.get("results") if isinstance(what, Mapping) else None)
    if wrong or below:
        raise MalformedNotice(errors={"data": {**wrong, **({"what": below} if below else {})}})
    return {**data, **results, **({"what": {**what, **corrected}} if isinstance(what, Mapping) else {})}


def _checked(case: Case, leg: str, catalog: Catalog, results: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The results in their clean form, and what is wrong with them by their place in the list; each under `results`,
    each empty where the notice has none."""
    gives = planned(case, leg).gives.materials
    made, wrong = list[dict[str, Any]](), dict[str, Any]()
    for place, result in enumerate(results or ()):
        clean, faults = read_given(case.plan, catalog.fields, result.get("fields") or {})
        tree: dict[str, Any] = {"fields": faults} if faults else {}
        code = result.get("material")
        if code and kind_of(code) not in gives and kind_of(code) not in catalog.materials:
            tree["material"] = [_expected(gives, catalog)]
        wrong |= {str(place): tree} if tree else {}
        made.append({**result, **_named(code, catalog, result), **({"fields": clean} if result.get("fields") else {})})
    return {"results": made} if made else {}, {"results": wrong} if wrong else {}


def _named(code: str | None, catalog: Catalog, result: Mapping[str, Any]) -> dict[str, str]:
    """A result that comes without a name has that of its code: the applicant reads it."""
    known = catalog.materials.get(kind_of(code)) if code and not result.get("name") else None
    return {"name": str(known.name)} if known is not None else {}


def _expected(gives: tuple[str, ...], catalog: Catalog) -> str:
    named = "、".join(f"{code}({catalog.materials[code].name})" for code in gives if code in catalog.materials)
    return f"没有这个材料编号；本事项的结果是：{named or '无'}。其他文件请只写 name，不写 material"
