"""Chosen instances → legs: the variant and limit that hold, special procedures, hand-over, and eligibility rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from catalog import terms
from catalog.conditions import Condition, names_in
from catalog.evaluate import holds
from catalog.matter import Asks, LimitRow, Matter, Rule, Variant
from catalog.text import composed
from forms.answers import Known
from forms.choose import Instance, Selection
from forms.plan import AbsentMatter, PlannedLeg, PlanProblem
from forms.reason import Reason
from forms.words import because, open_names

_EARLIEST, _LATEST = date(1900, 1, 1), date(2200, 1, 1)
_A_YEAR = 366


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg of the plan with what it asks; `values` are the answers as its row sees them.

    `hangs_on` are the unanswered names that could still change its variant or limit.
    """

    planned: PlannedLeg
    matter: Matter
    asks: Asks
    values: Mapping[str, Any]
    hangs_on: frozenset[str] = frozenset()

    @property
    def number(self) -> str:
        """The leg's number."""
        return self.planned.leg


def legs_of(selection: Selection, known: Known) -> list[Leg]:
    """Every chosen instance as a leg, in file order."""
    return _placed([_leg(instance, selection, known) for instance in selection.instances()], known)


def _placed(legs: list[Leg], known: Known) -> list[Leg]:
    """The legs, each called by its region where those that are no repeats go to more than one: a company that moves
    must be told which city does what. A repeat per region is called by it already."""
    here = {leg.number: region for leg in legs if not leg.planned.instance
            and (region := known.catalog.regions.get(leg.planned.region or ""))}
    if len({region.code for region in here.values()}) <= 1:
        return legs
    names = {number: region.name for number, region in here.items()}
    return [replace(leg, planned=replace(leg.planned, name=composed("{}（{}）", leg.planned.name, names[leg.number])))
            if leg.number in names else leg for leg in legs]


def _leg(instance: Instance, selection: Selection, known: Known) -> Leg:
    matter, entry, values = instance.matter, instance.entry, instance.values
    hangs: set[str] = set()
    variant = _first_variant(matter, values, known, hangs)
    limit = _limits(matter, variant, values, known, hangs)
    department = known.catalog.departments.get(matter.department)
    planned = PlannedLeg(
        leg=instance.leg, matter=matter.id, name=variant.name if variant and variant.name else matter.name,
        department=matter.department, department_name=department.name if department else matter.name,
        why=_why(instance, selection, variant, known), code=matter.code, variant=variant.id if variant else None,
        kind=matter.kind, matter_class=(variant.matter_class if variant else "") or matter.matter_class,
        each=entry.each, row=instance.row, instance=instance.key,
        instance_name=_called(instance, known), region=_region(instance), must_have=entry.must_have,
        promised=limit.promised, statutory=limit.statutory, wait=limit.wait, before=limit.before,
        gives=variant.gives if variant and variant.gives else matter.gives, milestones=matter.milestones,
        special=tuple(item.name for item in matter.special if known.holds(item.when, values)),
        forwards_to=next((item.to for item in matter.forwards if known.holds(item.when, values)), None),
        fees=variant.fees if variant and variant.fees is not None else matter.fees,
    )
    return Leg(planned, matter, _asks(matter, variant), values, frozenset(hangs))


def asks_in_force(matter: Matter, values: Mapping[str, Any], known: Known) -> Asks:
    """What a matter asks with these answers: its own asks or those of the variant that holds."""
    return _asks(matter, _first_variant(matter, values, known, set()))


def _asks(matter: Matter, variant: Variant | None) -> Asks:
    return variant.asks if variant and variant.asks else matter.asks


def _why(instance: Instance, selection: Selection, variant: Variant | None, known: Known) -> Reason:
    """Why the matter is in, and for a variant why in this form."""
    why = selection.verdicts[instance.matter.id].why
    if variant is None:
        return why
    cause = because(variant.when, instance.values, known.labels, known.today)
    return replace(why, text=f"{why.text}；{cause}，所以按“{variant.name or instance.matter.name}”办理")


def _first_variant(matter: Matter, values: Mapping[str, Any], known: Known, hangs: set[str]) -> Variant | None:
    for variant in matter.variants:
        verdict = known.holds(variant.when, values)
        if verdict:
            return variant
        if verdict is None:
            hangs |= open_names(variant.when, values, known.today)
            return None
    return None


def _limits(
    matter: Matter, variant: Variant | None, values: Mapping[str, Any], known: Known, hangs: set[str],
) -> LimitRow:
    own = _row(matter.limits, values, known, hangs)
    if variant is None or variant.limits is None:
        return own
    row = _row(variant.limits, values, known, hangs)
    # The old promise and the statute belong to the matter, whatever form it takes today.
    return replace(row, before=row.before or own.before, statutory=row.statutory or own.statutory)


def _row(rows: tuple[LimitRow, ...], values: Mapping[str, Any], known: Known, hangs: set[str]) -> LimitRow:
    for row in rows:
        verdict = known.holds(row.when, values)
        if verdict:
            return row
        if verdict is None and row.when is not None:
            hangs |= open_names(row.when, values, known.today)
            return rows[-1]  # until it is known, the row without a condition is the cautious promise
    return rows[-1] if rows else LimitRow()


def _called(instance: Instance, known: Known) -> str | None:
    """What people call what a leg is repeated for: the region, or the column of the row that its group shows; None
    where that is no more than the key, or is not filled in yet."""
    if instance.entry.region == "each":
        region = known.catalog.regions.get(instance.key or "")
        return str(region.name) if region else None
    group = known.catalog.fields.get(instance.entry.each or "")
    said = instance.values.get(f"{group.code}.{group.shown}") if group and group.shown else None
    return said if isinstance(said, str) and said else None


def _region(instance: Instance) -> str | None:
    name = instance.entry.region
    if name is None:
        return None
    value = instance.key if name == "each" else instance.values.get(name)
    if isinstance(value, Mapping):
        value = value.get("region")
    return value if isinstance(value, str) else None


def absent_of(selection: Selection, known: Known) -> tuple[AbsentMatter, ...]:
    """Every matter of the bundle that has no leg, with why not, or with the question it hangs on."""
    absent = []
    for entry in known.bundle.entries:
        verdict, matter = selection.verdicts[entry.matter], selection.matters[entry.matter]
        if not verdict.state:
            department = known.catalog.departments.get(matter.department)
            absent.append(AbsentMatter(
                matter.id, matter.name, "maybe" if verdict.state is None else "out", verdict.why,
                department.name if department else matter.name, entry.number,
            ))
    return tuple(absent)


def rule_problems(legs: list[Leg], known: Known) -> Iterator[PlanProblem]:
    """Eligibility: the bundle's rules, then each matter's (once per matter and row)."""
    for rule in known.bundle.rules:
        yield from _ruled(rule, known.values, known, None)
    for leg in legs:
        for rule in leg.matter.rules:
            yield from _ruled(rule, leg.values, known, leg)


def _ruled(rule: Rule, values: Mapping[str, Any], known: Known, leg: Leg | None) -> Iterator[PlanProblem]:
    applies, met = known.holds(rule.when, values), known.holds(rule.need, values)
    if applies is False or met is True:
        return
    where = leg.planned.matter if leg else None
    row = f"第 {leg.planned.row + 1} {known.counted(leg.planned.each)}：" if leg and leg.planned.row is not None else ""
    if applies is None or met is None:
        undecided = rule.when if applies is None and rule.when else rule.need
        # Open questions are listed by themselves; a warning that may never come is no reason to wait.
        # What no leg asks here is on no form: such a rule has nothing to judge.
        names = sorted(open_names(undecided, values, known.today) - known.applies.keys() - known.unasked)
        if names and rule.effect != "warn":
            text = f"{row}填写{_quoted(names, known)}后，系统再核对是否符合办理条件({rule.id})"
            yield PlanProblem("undecided", rule.id, text, names[0])
        return
    later = _first_day(rule.need, values, known)
    said = f"{row}{rule.say.rstrip('。')}；{later}" if later else composed("{}{}", row, rule.say)
    yield PlanProblem(rule.effect, rule.id, said, where)


def _quoted(names: list[str], known: Known) -> str:
    return "".join(f"“{known.labels.of(name)}”" for name in names)


def _first_day(need: Condition, values: Mapping[str, Any], known: Known) -> str:
    """`从 2026-05-01 起不受这一条限制` where waiting alone would make the rule true."""
    if known.today is None or not _reads_today(need.tree):
        return ""
    compared = [test for test in terms.tests(need.tree) if isinstance(test, terms.Compare)]
    for day in sorted(day for test in compared for day in _turning_days(test, values, known.today)):
        if day > known.today and holds(need, values, day):
            return f"从 {day.isoformat()} 起不受这一条限制"
    return ""


def _turning_days(node: terms.Compare, values: Mapping[str, Any], today: date) -> Iterator[date]:
    """The days on which a comparison with today turns over; each is found by halving, since it turns only once. One of
    today with a day of the year turns each year: there every day of the next one is tried."""
    condition = Condition("", node)
    if names_in(condition) == {"today"} and any(isinstance(part, terms.YearDay) for part in terms.walk(node)):
        yield from (today + timedelta(days=later) for later in range(1, _A_YEAR + 1))
        return
    if node.op not in {"<", "<=", ">", ">="} or not _reads_today(node):
        return
    low, high = _EARLIEST, _LATEST
    before = holds(condition, values, low)
    if before is None or before == holds(condition, values, high):
        return
    while low < high:
        middle = low + (high - low) // 2
        low, high = (middle + timedelta(days=1), high) if holds(condition, values, middle) == before else (low, middle)
    yield low


def _reads_today(node: terms.Node) -> bool:
    return any(isinstance(part, terms.Name) and part.name == "today" for part in terms.walk(node))
