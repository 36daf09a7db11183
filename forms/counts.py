"""The numbers before and after that a plan comes with; `forms/figures.py` counts them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Count2:
    """A number before and after."""

    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Before and after, computed (contract 5; meanings: language 2.10). `days` in working days unless `day_unit`
    says natural days; `because` has one Chinese line per number: how it was counted."""

    departments: Count2
    sets: Count2
    materials_before: int
    materials_kinds: int
    materials_after: int
    fields_before: int
    fields_after: int
    fields_prefilled: int
    days: Count2
    days_sum: Count2
    visits: Count2 | None
    steps: Count2 | None
    because: tuple[str, ...]
    day_unit: Literal["wd", "nd"] = "wd"
