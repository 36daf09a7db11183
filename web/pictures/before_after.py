"""Before and after: paired bars of papers, days, forms and departments, drawn from the plan's figures."""

from __future__ import annotations

from dataclasses import dataclass

from forms.plan import Plan
from web.pictures.canvas import BRAND, INK, LINE, NARROW, QUIET, WIDE, Canvas, Drawing, Picture


@dataclass(frozen=True, slots=True)
class Pair:
    """One number before and after with its unit."""

    name: str
    unit: str
    before: int
    after: int

    @property
    def words(self) -> str:
        """The pair as a sentence."""
        if self.before == self.after:
            return f"{self.name}仍是 {self.after} {self.unit}"
        return f"{self.name}由 {self.before} {self.unit}变为 {self.after} {self.unit}"


def papers_of(plan: Plan) -> int:
    """How many papers the applicant must bring, each row's own counted like each matter's before; the plan's figure
    counts kinds."""
    return sum(line.required for line in plan.materials)


def pairs(plan: Plan) -> tuple[Pair, ...]:
    """The numbers that matter to an applicant, in the order they are shown."""
    figures = plan.figures
    day_unit = "个工作日" if figures.day_unit == "wd" else "天"
    return (
        Pair("提交材料", "份", figures.materials_before, papers_of(plan)),
        Pair("办理时间", day_unit, figures.days.before, figures.days.after),
        Pair("填写表单", "张", figures.sets.before, figures.sets.after),
        Pair("跑的部门", "个", figures.departments.before, figures.departments.after),
    )


def before_after(plan: Plan) -> Drawing:
    """Paired bars, each pair on a scale of its own, because papers and days have no common one."""
    rows = pairs(plan)
    return Drawing(_bars(rows, WIDE, "wide"), _bars(rows, NARROW, "narrow"))


def _bars(rows: tuple[Pair, ...], width: float, shown: str) -> Picture:
    wide = shown == "wide"
    head, step, left = (0, 74, 130) if wide else (26, 92, 0)
    room = width - left - 130
    canvas = Canvas(width, step * len(rows))
    for number, pair in enumerate(rows):
        top = number * step
        canvas.text(0, top + (34 if wide else 18), pair.name, 16, font_weight="bold")
        _bar(canvas, (left, top + head + 6), room, (pair.before, pair), LINE)
        _bar(canvas, (left, top + head + 34), room, (pair.after, pair), BRAND)
    return canvas.picture("改革前后对比：" + "；".join(pair.words for pair in rows), shown)


def _bar(canvas: Canvas, corner: tuple[float, float], room: float, value: tuple[int, Pair], colour: str) -> None:
    (x, y), (number, pair) = corner, value
    length = max(3.0, room * number / max(pair.before, pair.after, 1))
    now = colour == BRAND
    canvas.shape("rect", x=float(x), y=float(y), width=length, height=22, rx=3, fill=colour)
    words = f"{'现在' if now else '原来'} {number} {pair.unit}"
    canvas.text(x + length + 8, y + 17, words, 16 if now else 14, fill=INK if now else QUIET,
                font_weight="bold" if now else None)
