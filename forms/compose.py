"""`compose`: one situation of one bundle → the plan. Pure and deterministic in file order (language 2.1)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from catalog.dictionary import Role
from catalog.evaluate import EMPTY
from catalog.model import Catalog
from catalog.reading import fields_asked
from catalog.units import row_words
from forms.answers import Known, flat, know
from forms.choose import Selection, select
from forms.composite import composite_of
from forms.errors import UnknownBundle
from forms.figures import Timing, count
from forms.legs import Leg, absent_of, legs_of, rule_problems
from forms.merge_fields import MergedFields, merge_fields
from forms.needs import with_needs
from forms.order import Order, order_of
from forms.papers.lines import MaterialLines, lines_of
from forms.papers.look_ups import LookUps, look_ups_of, with_prefill
from forms.papers.materials import Collected, collect
from forms.papers.subtract import subtract
from forms.people import agreements_of
from forms.plan import Plan, PlannedLeg, PlanProblem
from forms.questions import Questions, questions_of
from forms.schema import said_of, wanted_of_line
from forms.values import BadValue, Surroundings, read_value
from forms.windows import window_problems


def compose(  # noqa: PLR0913  facts of one filing that come from different places; all but three are named at the call
    catalog: Catalog,
    bundle_id: str,
    situation: Mapping[str, Any],
    *,
    today: date | None,
    found: Mapping[str, str] | None = None,
    edition: str = "",
    form: Mapping[str, Any] | None = None,
    off: frozenset[tuple[str, str]] = frozenset(),
) -> Plan:
    """The plan of `bundle_id` for one situation, every line with its reason.

    `situation` has raw JSON answers by question (and the reserved `filer`, `chosen`, one_of group ids); `today` is the
    frozen day of filing; `found` says per material key what a look-up gave ("hit", "miss", "failed", or one
    of `NOT_ASKED` where none is made; absent: assumed possible); `form` is the filled form, read only where a condition
    needs a field; `off` are the sources (kind and name) that this place has not connected, whose papers are brought
    (the definitions' own figures count on all of them). Never raises for bad answers: they become problems. Raises
    `UnknownBundle`.
    """
    return arrange(catalog, bundle_id, situation, today=today, form=form, off=off).plan(found or {}, edition)


def arrange(  # noqa: PLR0913  as above
    catalog: Catalog, bundle_id: str, situation: Mapping[str, Any], *, today: date | None,
    form: Mapping[str, Any] | None = None, off: frozenset[tuple[str, str]] = frozenset(),
) -> Arranged:
    """The same without what look-ups gave: plans that differ in that alone come from one arrangement."""
    bundle = catalog.bundles.get(bundle_id)
    if bundle is None:
        raise UnknownBundle(bundle_id)
    return _arranged(know(catalog, bundle, situation, form, today), off)


@dataclass(frozen=True, slots=True)
class Arranged:
    """Everything in a plan that look-ups cannot change."""

    known: Known
    selection: Selection
    legs: list[Leg]
    order: Order
    fields: MergedFields
    collected: Collected
    timing: Timing
    questions: Questions
    look_ups: LookUps

    @property
    def others(self) -> Mapping[str, str]:
        """The papers that are not looked up, each with its reason of `NOT_ASKED`."""
        return self.look_ups.found

    def without(self, others: Mapping[str, str], own: Collection[str] = ()) -> Arranged:
        """The same where these papers are not looked up either, each for its reason of `NOT_ASKED`, whatever a look-up
        gave before, and where whoever files is in the `own` roles, so that nobody consents for them."""
        found = {**self.others, **others}
        roles = {code: replace(one, related=None) if code in own else one for code, one in self.known.roles.items()}
        return replace(self, known=replace(self.known, roles=roles), look_ups=replace(self.look_ups, found=found))

    def plan(self, found: Mapping[str, str], edition: str) -> Plan:
        """The plan in which look-ups gave what is `found`."""
        known, legs, fields, timing = self.known, self.legs, self.fields, self.timing
        on_form = frozenset(line.code for line in fields.lines)
        look_ups = replace(self.look_ups, found={**found, **self.others})
        subtracted = subtract(self.collected, legs, self.order, known, look_ups)
        lines = lines_of(subtracted, legs, on_form, known)
        bundle = known.bundle
        return Plan(
            bundle=bundle.id, bundle_name=bundle.name, edition=edition, situation=known.situation,
            questions=self.questions.asked, legs=tuple(_timed(leg, timing) for leg in legs),
            absent=absent_of(self.selection, known), edges=self.order.edges,
            sections=tuple(fields.sections), fields=tuple(fields.lines), removed_fields=tuple(fields.removed),
            materials=tuple(lines.kept), removed_materials=tuple(lines.removed), slots=tuple(lines.slots),
            problems=tuple(dict.fromkeys((*self._problems(lines), *self.questions.problems))),
            figures=count(legs, fields, subtracted.collected, lines, timing), people=_people(lines, fields, known),
            promised=bundle.promised, critical=timing.after.chain,
            today=known.today.isoformat() if known.today else None,
            composite=composite_of(known.catalog, bundle, [(leg.number, leg.planned.gives) for leg in legs]),
            agreements=tuple(agreements_of(on_form, known)),
        )

    def _problems(self, lines: MaterialLines) -> Iterator[PlanProblem]:
        yield from window_problems(self.known)
        yield from (*self.known.problems, *self.selection.problems)
        yield from _undecided_matters(self.selection, self.questions, self.known)
        yield from _undecided_legs(self.legs, self.known)
        yield from rule_problems(self.legs, self.known)
        yield from (*self.fields.problems, *self.collected.problems, *lines.problems)
        yield from _refused_answers(self.fields, self.legs, self.known)
        yield from _empty(self.legs, self.selection)


def _arranged(known: Known, off: frozenset[tuple[str, str]]) -> Arranged:
    """Arrange again whenever a field that was left blank turns out to be empty: that may decide other conditions."""
    while True:
        selection = select(known)
        legs = legs_of(selection, known)
        order = order_of(legs, known)
        fields = merge_fields(legs, order, known)
        empty, unasked = _left_empty(legs, fields, known)
        if not empty:
            break
        known = replace(known, values={**known.values, **dict.fromkeys(empty, EMPTY)}, blank=known.blank - empty)
    known = replace(known, unasked=unasked) if unasked else known
    known = replace(known, roles={code: _spoken_for(one, known) for code, one in known.roles.items()})
    look_ups = look_ups_of(fields, known, off)
    fields.lines = with_prefill(fields.lines, look_ups, known)
    return Arranged(
        known, selection, with_needs(legs, order, known), order, fields, collect(legs, known),
        Timing(legs, order, known),
        questions_of(selection, legs, known), look_ups,
    )


def _spoken_for(role: Role, known: Known) -> Role:
    """A role for which whoever files may consent only while the law's condition is not known to fail."""
    spoken = role.related is None or known.holds(role.related.when) is not False
    return role if spoken else replace(role, related=None)


def _left_empty(legs: list[Leg], fields: MergedFields, known: Known) -> tuple[frozenset[str], frozenset[str]]:
    """Of the fields left blank those that are empty here, since the merged line lets them be or no longer asks them;
    and those that none of these legs asks at all."""
    if not known.blank:
        return known.blank, known.blank
    lines = {part.code: part for line in fields.lines for part in (line, *line.inner)}
    asked = frozenset().union(*(fields_asked(leg.matter) for leg in legs))
    off = asked - {line.code for line in fields.removed}
    off -= frozenset().union(*(_perhaps(leg, known) for leg in legs))
    empty = frozenset(code for code in known.blank if (not lines[code].required if code in lines else code in off))
    return empty, known.blank - lines.keys() - asked


def _perhaps(leg: Leg, known: Known) -> frozenset[str]:
    """What a leg may still ask, once it is known in which form and whether an ask's own condition holds."""
    if leg.hangs_on:
        return fields_asked(leg.matter)
    return frozenset(ask.code for ask in leg.asks.fields for when in (ask.when, known.field_whens.get(ask.code))
                     if known.holds(when, leg.values) is None)


def _timed(leg: Leg, timing: Timing) -> PlannedLeg:
    """The leg with its place in the schedule; days stay open where units are mixed."""
    number = leg.number
    critical = number in timing.after.chain
    if timing.unit != "wd":
        return replace(leg.planned, critical=critical)
    return replace(leg.planned, start=timing.after.start[number], finish=timing.after.finish[number], critical=critical)


def _undecided_matters(selection: Selection, questions: Questions, known: Known) -> Iterator[PlanProblem]:
    """A matter of which it is not known whether, or for which rows, it is in: a leg that is due must not be lost.
    What an open question says already is not said again."""
    asked = {question.id for question in questions.asked if question.state == "open"}
    for matter, verdict in selection.verdicts.items():
        if (verdict.state is None or verdict.open_rows) and asked.isdisjoint(verdict.hangs_on):
            what = "、".join(f"“{known.labels.of(name)}”" for name in sorted(verdict.hangs_on)) or "尚未填写的内容"
            rows = f"第 {'、'.join(str(row + 1) for row in verdict.open_rows)} 项的" if verdict.open_rows else ""
            text = f"是否办理“{selection.matters[matter].name}”取决于{rows}{what}，填写后确定"
            at = min(verdict.hangs_on, default=matter).partition(".")[0]
            yield PlanProblem("undecided", "hangs_on", text, at)


def _undecided_legs(legs: list[Leg], known: Known) -> Iterator[PlanProblem]:
    """A variant, limit or region that hangs on a form field or question without an answer."""
    for leg in legs:
        for name in sorted(leg.hangs_on - known.applies.keys()):
            text = f"“{leg.planned.name}”的办理方式和时限取决于“{known.labels.of(name)}”，填写后确定"
            yield PlanProblem("undecided", "hangs_on", text, name)


def _refused_answers(fields: MergedFields, legs: list[Leg], known: Known) -> Iterator[PlanProblem]:
    """Answers that the question takes and the merged line does not: some matter wants it stricter."""
    around = Surroundings(known.catalog.regions, known.today)
    names = {leg.planned.matter: f"“{leg.planned.name}”" for leg in legs}
    for line in fields.lines:
        try:
            if line.value is not None:
                read_value(said_of(line), wanted_of_line(line, draft=True), around)
        except BadValue as bad:
            columns = {inner.code.rpartition(".")[2]: str(inner.name) for inner in line.inner}
            strict = [matter for part in (line, *line.inner) for matter in part.won.values() if matter in names]
            whose = "、".join(names[matter] for matter in dict.fromkeys(strict))
            said = "；".join(flat(bad.errors, columns, row_words(line.unit)))
            text = f"“{line.name}”：{said}{whose and f'，这是{whose}的要求'}"
            yield PlanProblem("block", "bad_answer", f"{text}；请核对前面的回答", line.code)


def _empty(legs: list[Leg], selection: Selection) -> Iterator[PlanProblem]:
    undecided = any(verdict.state is None for verdict in selection.verdicts.values())
    if not legs and not undecided:
        yield PlanProblem("block", "no_legs", "按您的回答，没有需要办理的事项；请核对前面的回答", None)


def _people(lines: MaterialLines, fields: MergedFields, known: Known) -> tuple[Role, ...]:
    """The roles of this case: whose papers are asked or looked up, who signs, whose number or name is on the form."""
    used = {line.role for line in lines.kept} | {gone.role for gone in lines.removed}
    used |= {gone.source.holder for gone in lines.removed if gone.source}
    used |= {one.source.holder for gone in lines.removed for one in gone.candidates}
    used |= {signer for gone in lines.removed for signer in gone.signers}
    codes = {line.code for line in fields.lines}
    return tuple(
        role for code, role in known.roles.items() if code in used or not codes.isdisjoint({role.id, role.shown})
    )
