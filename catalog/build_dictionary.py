"""Typed dictionary files → frozen values of `catalog/dictionary.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from catalog.dictionary import (
    Agreement,
    CalendarYear,
    Department,
    Field,
    Licence,
    Material,
    Option,
    Region,
    Relation,
    Role,
    Section,
    Source,
    Spec,
    Table,
    Window,
)
from catalog.text import Text

Data = Mapping[str, Any]
SOURCE_KINDS = ("licence", "sharing", "premises", "zone")


def built(kind: str, code: str, data: Data) -> Any:
    """The frozen value of one entry of a dictionary file; missing parts (already reported) get harmless values."""
    return _BUILDERS[kind](code, data)


def named(code: str, data: Data) -> dict[str, Any]:
    """Code and name, the name falling back to the code."""
    return {**data, "code": code, "name": data.get("name") or Text(code)}


def source(data: Data) -> Source:
    """One source; `self` or `mandate` where the author wrote only that."""
    if "mandate" in data:
        return Source("mandate")
    for kind in SOURCE_KINDS:
        if kind in data:
            return Source(kind, data[kind], data.get("holder"), tuple(data.get("by", ())))  # type: ignore[arg-type]
    return Source("self")


def options(data: Mapping[str, Text]) -> tuple[Option, ...]:
    """Options in the order written."""
    return tuple(Option(code, name) for code, name in data.items())


def _sources(data: Iterable[Data]) -> tuple[Source, ...]:
    return tuple(source(item) for item in data)


def _region(code: str, data: Data) -> Region:
    return Region(**{"level": "district", **named(code, data)})


def _field(code: str, data: Data) -> Field:
    rest = {key: value for key, value in named(code, data).items() if key not in {"rows", "table"}}
    rest["prefill"] = _sources(data.get("prefill", ()))
    rest["options"] = options(data.get("options", {}))
    inner = data.get("rows", {})
    rest["inner"] = tuple(_field(f"{code}.{name}", one) for name, one in inner.items())
    default = "rows" if inner else "choice" if rest["options"] or "table" in data else "text"
    rest.setdefault("type", default)
    return Field(**rest)


def _material(code: str, data: Data) -> Material:
    rest = named(code, data)
    rest["sources"] = _sources(data.get("sources", ()))
    rest["spec"] = Spec(**data.get("spec", {}))
    return Material(**rest)


def _licence(code: str, data: Data) -> Licence:
    holders, filled = data.get("held_by", ("person",)), data.get("gives_fields", {})
    rest = {**named(code, data), "held_by": "both" if len(holders) > 1 else holders[0]}
    return Licence(**rest | {"gives_fields": {key: one[0] if len(one) == 1 else one for key, one in filled.items()}})


def role(code: str, data: Data) -> Role:
    """A role of roles.yaml or of a bundle's people; options in its condition are not resolved yet."""
    said, kin = data.get("consents", False), data.get("related")
    agrees = Agreement(**{"to": (), **said}) if isinstance(said, Mapping) else None
    related = Relation(kin.get("law", Text("")), tuple(map(source, kin.get("registers", ()))), kin.get("when")) if kin \
        else None
    return Role(**{"id": "", "shown": "", **named(code, data), "consents": said is True, "agrees": agrees,
                   "related": related})


def _table(code: str, data: Data) -> Table:
    if "codes" in data:
        rows = tuple({"code": key, "name": name} for key, name in data["codes"].items())
        return Table(code, ("code", "name"), rows, data.get("name"))
    return Table(code, tuple(data.get("columns", ())), tuple(data.get("rows", ())), data.get("name"))


def _year(code: str, data: Data) -> CalendarYear:
    year = int(code) if code.isdigit() else 0
    return CalendarYear(
        year, data.get("source") or Text(code), tuple(data.get("days_off", ())), tuple(data.get("make_up_days", ())),
        data.get("provisional", False),
    )


def _window(code: str, data: Data) -> Window:
    return Window(code, data.get("start", ""), data.get("end", ""), data.get("hours"))


_BUILDERS: dict[str, Callable[[str, Data], Any]] = {
    "departments": lambda code, data: Department(**named(code, data)),
    "regions": _region,
    "sections": lambda code, data: Section(**named(code, data)),
    "fields": _field, "materials": _material, "licences": _licence, "roles": role, "tables": _table,
    "windows": _window, "calendar": _year,
}
