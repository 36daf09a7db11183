"""The subtracted list → the plan's lines: what is left, what is gone and why, and what each leg receives."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from forms.answers import Known
from forms.legs import Leg
from forms.papers.look_ups import NO_REGISTER, NOT_ASKED, OTHERS, UNCONNECTED
from forms.papers.materials import (
    Paper,
    PaperWish,
    asked_name,
    material_of,
    merged_spec,
    names_of,
    spec_problems,
    tolerated,
)
from forms.papers.planned import MaterialLine, MaterialSlot, RemovedMaterial
from forms.papers.subtract import InVain, Names, Outcome, Subtracted, why_removed
from forms.plan import Plan, PlanProblem
from forms.reason import Reason
from forms.sentences import askers_words, leg_names

LATER, OWES = "；可以先办后补", "；您有说好后补的材料过了期限还没有补，补上以前，这份要和申请一起交"


@dataclass(slots=True)
class MaterialLines:
    """The material part of a plan; `left` counts the kinds the applicant still brings."""

    kept: list[MaterialLine] = field(default_factory=list)
    removed: list[RemovedMaterial] = field(default_factory=list)
    slots: list[MaterialSlot] = field(default_factory=list)
    problems: list[PlanProblem] = field(default_factory=list)

    @property
    def left(self) -> int:
        """Distinct (kind, role) that stay."""
        return len({(line.kind, line.role) for line in self.kept})


def lines_of(subtracted: Subtracted, legs: list[Leg], on_form: frozenset[str], known: Known) -> MaterialLines:
    """Write out every paper: kept for some, removed for others, and every leg's slot; `on_form` are the field codes."""
    lines, papers = MaterialLines(), subtracted.collected.papers
    names = Names(leg_names(legs), names_of(papers, known), on_form)
    by_leg: dict[str, list[MaterialSlot]] = {leg.number: [] for leg in legs}
    for key, paper in papers.items():
        grouped: dict[Outcome, list[PaperWish]] = {}
        for wish, outcome in zip(paper.wishes, subtracted.outcomes[key], strict=True):
            grouped.setdefault(outcome, []).append(wish)
            by_leg[wish.leg.number].append(_slot(wish, outcome, names, known))
        for outcome, wishes in grouped.items():
            if outcome.rule is None:
                kept = _kept(paper, wishes, names, known)
                lines.kept.append(_failed(kept, subtracted.failed.get(key)))
                lines.problems.extend(spec_problems(wishes, material_of(paper, known), known, kept.name))
            else:
                lines.removed.append(_removed(paper, wishes, outcome, names, known))
    lines.slots = [slot for slots in by_leg.values() for slot in slots]
    return lines


def _slot(wish: PaperWish, outcome: Outcome, names: Names, known: Known) -> MaterialSlot:
    asked = wish.key if wish.ask.any_of else wish.ask.key
    name = names.papers.get(asked) or names.asked.get(asked)
    if name is None:
        name = names.asked[asked] = asked_name(wish.ask, known)
    return MaterialSlot(wish.leg.number, wish.key, name, outcome.obtained, outcome.taken, outcome.by)


def _matters(wishes: list[PaperWish]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(wish.leg.planned.matter for wish in wishes))


def _legs(wishes: list[PaperWish]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(wish.leg.number for wish in wishes))


def _kept(paper: Paper, wishes: list[PaperWish], names: Names, known: Known) -> MaterialLine:
    material = material_of(paper, known)
    name = names.papers[paper.key]
    legs = _legs(wishes)
    text = f"{askers_words(names.legs, legs)}需要" + ("，提交一份大家共用" if len(legs) > 1 else "")
    tolerable = tolerated(wishes)
    if tolerable is not None:
        text = f"{text}{LATER}，{tolerable.words}内补齐"
    return MaterialLine(
        key=paper.key, kind=paper.kind, name=name, askers=legs, why=Reason("asked", text, _matters(wishes)),
        spec=merged_spec(wishes, material, known)[0], role=paper.role, row=paper.row, choices=paper.choices,
        tolerable=tolerable, sensitive=bool(material and material.sensitive), help=material.help if material else None,
        blank=material.blank if material else None, sample=material.sample if material else None,
    )


def _failed(line: MaterialLine, failed: InVain | None) -> MaterialLine:
    """The line with what the look-up said, where it is back because one was in vain or may not be made."""
    if failed is None:
        return line
    said, not_here = failed.words, failed.answer in {UNCONNECTED, NO_REGISTER}
    rule = UNCONNECTED if not_here else OTHERS if failed.answer in NOT_ASKED else "failed"
    why = Reason(rule, f"{said}，请您自己上传；{line.why.text}", line.why.matters, said)
    return replace(line, why=why, failed=said, number=failed.number)


def _removed(paper: Paper, wishes: list[PaperWish], outcome: Outcome, names: Names, known: Known) -> RemovedMaterial:
    legs = askers_words(names.legs, _legs(wishes))
    text = why_removed(paper, outcome, legs, names, known)
    source = outcome.source.name if outcome.source else outcome.taken or "、".join(outcome.by) or None
    return RemovedMaterial(
        key=paper.key, kind=paper.kind, name=names.papers[paper.key], rule=outcome.rule or "form",
        askers=_legs(wishes), why=Reason(outcome.rule or "form", text, _matters(wishes), source),
        source=outcome.source, by=outcome.by, role=paper.role, row=paper.row, signers=outcome.signers,
        candidates=outcome.candidates,
    )


def may_follow(plan: Plan, brought: Mapping[str, Collection[str]]) -> bool:
    """Whether any paper of a plan of which no file was `brought`, by key, may follow later (容缺)."""
    return any(line.tolerable is not None and not brought.get(line.key) for line in plan.materials)


def at_once(plan: Plan) -> Plan:
    """The plan for somebody who still owes a paper that was to follow: every paper comes with the application."""
    return replace(plan, materials=tuple(map(_at_once, plan.materials)))


def _at_once(line: MaterialLine) -> MaterialLine:
    if line.tolerable is None:
        return line
    text = line.why.text.partition(LATER)[0] + OWES
    return replace(line, tolerable=None, why=replace(line.why, text=text))
