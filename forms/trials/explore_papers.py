"""Papers without a source must come from an earlier matter whenever they are asked: situations in which none does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from catalog.bundle import Edge, Entry
from catalog.conditions import Condition, names_in
from catalog.matter import Matter
from catalog.reading import all_asks, covered, given, kinds_asked
from catalog.text import Problem
from forms.answers import CHOSEN, Known
from forms.choose import members_of, select
from forms.legs import Leg, legs_of
from forms.order import order_of
from forms.papers.look_ups import LookUps
from forms.papers.materials import collect
from forms.papers.subtract import subtract
from forms.trials.cells import Path, Space, TooManyCells, shown


def unprovided(known: Known, space: Space) -> Iterator[Problem]:
    """One error for each matter and paper that nobody provides in some situation, with the line to write."""
    for entry in known.bundle.entries:
        for kind in _sourceless(known.matters[entry.matter], known):
            values = _Trial(entry, kind, known, space).failing()
            if values is not None:
                path, says = _said(entry, kind, values, known)
                yield Problem(known.catalog.places.of(*path), "unprovided", says)


def _sourceless(matter: Matter, known: Known) -> list[str]:
    """What a matter asks that only another matter can provide."""
    asked = {one.kind for asks in all_asks(matter) for one in asks.materials if not one.any_of}
    papers = known.catalog.materials
    return sorted(kind for kind in asked if kind in papers and not (papers[kind].sources or papers[kind].becomes))


@dataclass(slots=True)
class _Trial:
    """One paper of one matter, tried in every situation that its conditions and those of its givers tell apart."""

    entry: Entry
    kind: str
    known: Known
    space: Space

    def failing(self) -> dict[str, Any] | None:
        """The first situation in which the matter needs the paper and nobody provides it."""
        relevant = self.relevant()
        names = self.names(relevant)
        whole = with_blocks(names, self.known)
        try:
            if any(not self.space.values_of(name) for name in self.space.upstream(whole)):
                return None  # a name that nobody defines is the checker's matter
            # A rule that blocks only takes situations away, and reads many more answers: it is asked where one fails.
            suspects = (one for one in self.space.situations(names) if self.lacks(one, relevant))
            return next((more for one in suspects for more in self.space.situations(whole)
                         if one.items() <= more.items() and self.lacks(more, relevant)), None)
        except TooManyCells:
            return None

    def relevant(self) -> frozenset[str]:
        """The matter itself, its givers, those that ask for a paper which would prove it, and those that pull any."""
        papers = self.known.catalog.materials
        stronger = {code for code, one in papers.items() if self.kind in {*one.proves, *one.covers}}
        found = {self.entry.matter}
        for ident, matter in self.known.matters.items():
            if self.kind in covered(given(matter), papers) or kinds_asked(matter) & stronger:
                found.add(ident)
        pulling = {entry.matter for entry in self.known.bundle.entries
                   for edge in entry.after if edge.absent == "pull" and edge.target in found}
        return frozenset(found | pulling)

    def names(self, relevant: frozenset[str]) -> set[str]:
        """Everything that decides whether those matters are chosen and whether the paper is asked."""
        grouped = {one for group in self.known.bundle.groups if relevant & set(group.members) for one in group.members}
        entries = [entry for entry in self.known.bundle.entries if entry.matter in relevant | grouped]
        conditions = [entry.when for entry in entries]
        conditions += [variant.when for ident in relevant for variant in self.known.matters[ident].variants]
        for asks in all_asks(self.known.matters[self.entry.matter]):
            for ask in asks.materials:
                if ask.kind == self.kind:
                    conditions += [ask.when, ask.pledge.when if ask.pledge else None]
        return _read(conditions) | {entry.each for entry in entries if entry.each is not None}

    def lacks(self, values: dict[str, Any], relevant: frozenset[str]) -> bool:
        """Whether this situation needs the paper and leaves it to an applicant who cannot have it."""
        here = replace(self.known, values={**values, CHOSEN: (self.entry.matter,)})
        chosen = select(here)
        undecided = any(chosen.verdicts[one].state is None for one in relevant)
        stopped = any(problem.level == "block" for problem in chosen.problems)
        if undecided or stopped or not chosen.of(self.entry.matter):
            return False
        if blocked(here):
            return False
        return self.left([leg for leg in legs_of(chosen, here) if leg.planned.matter in relevant], here)

    def left(self, legs: list[Leg], here: Known) -> bool:
        """Whether the paper stays on the list for this matter."""
        collected = collect(legs, here)
        done = subtract(collected, legs, order_of(legs, here), here, LookUps(frozenset()))
        return any(
            outcome.rule is None and wish.leg.planned.matter == self.entry.matter
            for key, paper in collected.papers.items() if paper.kind == self.kind
            for wish, outcome in zip(paper.wishes, done.outcomes[key], strict=True)
        )


def _read(conditions: list[Condition | None]) -> set[str]:
    """The names that conditions read, a column by its group."""
    names = {name for condition in conditions if condition is not None for name in names_in(condition)}
    return {name.partition(".")[0] for name in names}


def with_blocks(names: set[str], known: Known) -> set[str]:
    """The names, and all that the bundle's blocking rules read which touch any of them."""
    rules = [rule for rule in known.bundle.rules if rule.effect == "block"]
    return names.union(*(wanted for rule in rules if (wanted := _read([rule.when, rule.need])) & names))


def blocked(here: Known) -> bool:
    """Whether a rule of the bundle keeps this situation from being filed."""
    return any(rule.effect == "block" and here.holds(rule.when) is True and here.holds(rule.need) is False
               for rule in here.bundle.rules)


def _said(entry: Entry, kind: str, values: Mapping[str, Any], known: Known) -> tuple[Path, str]:
    """Where to look and what to write."""
    here: Path = ("bundles", known.bundle.id, "matters", entry.matter)
    paper = f"{entry.matter} 要的材料 {kind}({known.catalog.materials[kind].name})没有 sources，申请人拿不出"
    edges = [edge for edge in entry.after if edge.kind != "cancels" and _gives(edge.target, kind, known)]
    feeding = next((edge for edge in edges if kind in edge.feeds), None)
    if feeding is not None:
        says = (
            f"{paper}；情形 {shown(values)} 时要办 {entry.matter}，{feeding.target} 却没有选中，没有谁传来它。"
            f"请让 {feeding.target} 在这种情形也办(改 when，或写 absent: pull)，或给材料写 sources: [self]"
        )
        return (*here, "after", feeding.target), says
    line = next((_line(edge, kind) for edge in edges), None)
    if line is not None:
        target = edges[0].target
        return (*here, "after", target), f"{paper}，而 {target} 到 {entry.matter} 的先后没有传递它；请写成 {line}"
    giver = next((ident for ident in known.matters if ident != entry.matter and _gives(ident, kind, known)), None)
    if giver is not None:
        return here, f"{paper}，也没有事项把它传来；请写 after: {{{giver}: {{feeds: [{kind}]}}}}"
    says = f"{paper}，一件事 {known.bundle.id} 里也没有事项产生它；请给材料写 sources: [self]，或加入产生它的事项"
    return ("materials", kind), says


def _gives(target: str, kind: str, known: Known) -> bool:
    makers = [known.matters[one] for one in members_of(target, known) if one in known.matters]
    return any(kind in covered(given(maker), known.catalog.materials) for maker in makers)


def _line(edge: Edge, kind: str) -> str:
    timing = "" if edge.kind == "before_start" else f"kind: {edge.kind}, "
    return f"{edge.target}: {{{timing}feeds: [{', '.join((*edge.feeds, kind))}]}}"
