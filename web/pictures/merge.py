"""The merge: the forms of every department flow into one; widths follow how much each of them asks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from forms.plan import Plan
from web.pictures.canvas import (
    BRAND,
    INK,
    LINE,
    NARROW,
    PALE,
    QUIET,
    WHITE,
    WIDE,
    Canvas,
    Drawing,
    Picture,
    broken,
    shortened,
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What one leg asks: how many fields and how many papers, before anything is merged."""

    leg: str
    name: str
    department: str
    fields: int
    papers: int


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the merged form and how many questions stand on it."""

    name: str
    fields: int


def sheets(plan: Plan, called: Callable[[Any], str] = attrgetter("name")) -> tuple[Sheet, ...]:
    """One sheet a leg, in the order of the plan; `called` names a leg."""
    asked = [line.askers for line in plan.fields] + [line.askers for line in plan.removed_fields]
    fields = Counter(leg for askers in asked for leg in {asker.leg for asker in askers})
    papers = Counter(slot.leg for slot in plan.slots)
    return tuple(
        Sheet(leg.leg, called(leg), leg.department_name, fields[leg.leg], papers[leg.leg]) for leg in plan.legs
    )


def pages(plan: Plan) -> tuple[Page, ...]:
    """The pages of the one form."""
    inner = {line.code: len(line.inner) for line in plan.fields}
    return tuple(Page(section.name, sum(inner.get(code) or 1 for code in section.fields)) for section in plan.sections)


def merge(plan: Plan, called: Callable[[Any], str] = attrgetter("name")) -> Drawing:
    """Draw how the forms of a plan become one; `called` names a leg."""
    old, new = sheets(plan, called), pages(plan)
    kept = len(plan.materials)
    title = (f"合并示意：{len(old)} 张表 {sum(sheet.fields for sheet in old)} 项填写合并为 1 张表 "
             f"{sum(page.fields for page in new)} 项，{sum(sheet.papers for sheet in old)} 份材料减为 {kept} 份")
    return Drawing(_wide(old, new, kept, title), _narrow(old, new, kept, title))


def _wide(old: tuple[Sheet, ...], new: tuple[Page, ...], kept: int, title: str) -> Picture:
    step = 30
    height = max(len(old) * step + 46, 300)
    canvas = Canvas(WIDE, height)
    canvas.text(0, 18, f"原来：{len(old)} 张表，各填各的", 16, fill=QUIET, font_weight="bold")
    canvas.text(720, 18, "现在：只填 1 张表", 16, fill=BRAND, font_weight="bold")
    form = min(height - 50, 92 + 30.0 * len(new))
    top = 40 + (height - 50 - form) / 2
    bottom = top + form
    most = max((sheet.fields for sheet in old), default=1) or 1
    for number, sheet in enumerate(old):
        y = 40 + number * step + (height - 46 - len(old) * step) / 2
        middle = top + (bottom - top) * (number + 0.5) / len(old)
        canvas.curve((430, y + 12), (720, middle), stroke=BRAND, stroke_opacity=0.28,
                     stroke_width=2 + 12 * sheet.fields / most)
        canvas.shape("rect", x=0, y=float(y), width=430, height=24, rx=3, fill=WHITE, stroke=LINE)
        canvas.text(10, y + 17, shortened(f"{sheet.leg} {sheet.name}", 14, 270), 14)
        canvas.text(422, y + 17, f"{sheet.fields} 项 · {sheet.papers} 份", 13, fill=QUIET, text_anchor="end")
    _one_form(canvas, (720, top), (WIDE - 722, bottom - top), new, kept)
    return canvas.picture(title, "wide")


def _one_form(canvas: Canvas, corner: tuple[float, float], size: tuple[float, float],
              new: tuple[Page, ...], kept: int) -> None:
    (x, y), (width, height) = corner, size
    canvas.shape("rect", x=float(x), y=float(y), width=float(width), height=float(height), rx=6, fill=PALE,
                 stroke=BRAND, stroke_width=2.0)
    canvas.text(x + 20, y + 46, f"{sum(page.fields for page in new)} 项", 34, fill=BRAND, font_weight="bold")
    canvas.text(x + width - 20, y + 46, f"{kept} 份材料", 22, fill=BRAND, font_weight="bold", text_anchor="end")
    step = min(30.0, (height - 80) / max(len(new), 1))
    for number, page in enumerate(new):
        line = y + 80 + number * step
        canvas.text(x + 20, line, shortened(page.name, 14, width - 100), 14, fill=INK)
        canvas.text(x + width - 20, line, f"{page.fields} 项", 14, fill=QUIET, text_anchor="end")


def _narrow(old: tuple[Sheet, ...], new: tuple[Page, ...], kept: int, title: str) -> Picture:
    across, width, tall = 3, (NARROW - 16) / 3, 46
    rows = -(-len(old) // across)
    form_top = 30 + rows * (tall + 8) + 56
    form_height = 80 + len(new) * 24
    canvas = Canvas(NARROW, form_top + form_height + 4)
    canvas.text(0, 16, f"原来：{len(old)} 张表，各填各的", 15, fill=QUIET, font_weight="bold")
    for column in range(min(across, len(old))):
        x, end, half = column * (width + 8) + width / 2, form_top - 2, NARROW / 2
        start = 30 + rows * (tall + 8) - 8
        canvas.shape("path", d=f"M{x:.1f} {start} C{x:.1f} {end - 24} {half} {end - 36} {half} {end}",
                     fill="none", stroke=BRAND, stroke_opacity=0.28, stroke_width=12)
    for number, sheet in enumerate(old):
        x, y = number % across * (width + 8), 30 + number // across * (tall + 8)
        canvas.shape("rect", x=float(x), y=float(y), width=float(width), height=tall, rx=3, fill=WHITE, stroke=LINE)
        for row, words in enumerate(broken(f"{sheet.leg} {sheet.name}", 12, width - 12)):
            canvas.text(x + 6, y + 18 + row * 17, words, 12)
    _one_form(canvas, (1, form_top), (NARROW - 2, form_height), new, kept)
    return canvas.picture(title, "narrow")
