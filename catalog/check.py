"""Says, all at once and with file and line, what is wrong with a catalog that could be read."""

from __future__ import annotations

from collections.abc import Mapping, Set

from catalog.model import Catalog
from catalog.text import Problem


def check(catalog: Catalog) -> tuple[Problem, ...]:
    """Everything that can be said without composing; sorted by file and line."""
    return ()


def check_departments(catalog: Catalog, served: Mapping[str, Set[str]]) -> tuple[Problem, ...]:
    """Matters whose department kind has no body with a connector in the deployment; `served`: kind → region codes."""
    found = []
    for id, matter in catalog.matters.items():
        if matter.department in catalog.departments and not served.get(matter.department):
            says = f"部门 {matter.department} 没有配置对接方式，事项无法送达；请在部门接入清单中补上"
            found.append(Problem(catalog.places.of("matters", id, "department"), "no_connector", says))
    return tuple(sorted(found))
