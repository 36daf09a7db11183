"""Tries the situations of a bundle before it is published (language 2.10): what no author sees by reading.

Questions are factored: matters that share no question, group or pull are explored apart, and only their distinct
outcomes (which legs, with which limits) are multiplied to find the longest chain. Beyond 100,000 nothing is proven.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import product
from math import prod
from typing import Any

from catalog.bundle import Bundle, Entry
from catalog.conditions import Condition, names_in
from catalog.evaluate import holds
from catalog.limits import Limit
from catalog.matter import Matter
from catalog.model import Catalog
from catalog.terms import Born, Column, Sum, Year, walk
from catalog.text import Problem
from forms.answers import Known, know
from forms.choose import Selection, select
from forms.trials.cells import (
    MOST_CELLS,
    Path,
    Placed,
    Space,
    TooManyCells,
    bundle_conditions,
    matter_conditions,
    shown,
)
from forms.trials.chains import Chains, Outcome, outcome_of
from forms.trials.examples import check_examples
from forms.trials.explore_papers import blocked, unprovided, with_blocks


def explore(catalog: Catalog, bundle_id: str, today: date | None) -> list[Problem]:
    """Everything wrong or doubtful that only trying situations shows, with places; empty for a sound bundle."""
    bundle = catalog.bundles[bundle_id]
    try:
        known = know(catalog, bundle, {}, None, today)
    except KeyError:
        return []  # a matter is missing; the checker has said so
    known = replace(known, silent=True)
    days = [_explored(replace(known, today=day)) for day in Space.of(known).seasons()]
    never = set.intersection(*(set(one.never_true()) for one in days))
    return sorted({*never, *days[0].found, *_later(days), *check_examples(known)})


def _explored(known: Known) -> _Exploration:
    one = _Exploration(known, Space.of(known), Chains(known))
    one.run()
    return one


def _later(days: list[_Exploration]) -> Iterator[Problem]:
    """What is wrong only on a later day of filing, with that day."""
    said = {(one.place, one.code) for one in days[0].found}
    for day in days[1:]:
        for problem in day.found:
            if (problem.place, problem.code) not in said:
                said.add((problem.place, problem.code))
                yield replace(problem, message=f"{problem.message}（按 {day.known.today} 提交算）")


@dataclass(frozen=True, slots=True)
class Part:
    """Matters that must be explored together, the names they read, and what can come of them."""

    bundle: Bundle
    names: frozenset[str]


@dataclass(slots=True)
class _Exploration:
    known: Known
    space: Space
    chains: Chains
    found: list[Problem] = field(default_factory=list)

    def say(self, path: Path, code: str, message: str, level: str = "error") -> None:
        self.found.append(Problem(self.known.catalog.places.of(*path), code, message, level))

    def run(self) -> None:
        """Find everything but what the author says himself of single conditions and examples."""
        here: Path = ("bundles", self.known.bundle.id)
        try:
            parts = parts_of(self.known)
            outcomes = [self.part(part) for part in parts]
            self.no_legs(parts, outcomes)
            self.longest(outcomes)
        except TooManyCells as many:
            says = f"{self.known.bundle.id}：{many}，没有逐一验证；请自己多写几个例子(examples)，把要紧的情形写上"
            self.say(here, "not_proven", says, "warning")
        self.found.extend(unprovided(self.known, self.space))

    def never_true(self) -> Iterator[Problem]:
        """Conditions that hold in no situation at all."""
        placed = list(bundle_conditions(self.known.bundle))
        for matter in self.known.matters.values():
            placed.extend(matter_conditions(matter))
        for one in placed:
            if not self.can_hold(one):
                place = self.known.catalog.places.of(*one.path)
                yield Problem(place, "never_true", f"条件永远不成立：{one.condition.text}", "error")

    def can_hold(self, placed: Placed) -> bool:
        """Whether some situation makes a condition true; one over names nobody defines is the checker's matter."""
        names = names_in(placed.condition)
        if any(isinstance(node, Sum | Column | Born | Year) for node in walk(placed.condition.tree)):
            return True  # the rows that are tried are made for single columns, not for sums; no numbers of persons are
        try:
            if any(not self.space.values_of(name) for name in self.space.upstream(names)):
                return True
            return any(holds(placed.condition, values, self.known.today) for values in self.space.situations(names))
        except TooManyCells:
            return True

    def part(self, part: Part) -> dict[Outcome, dict[str, Any]]:
        """The distinct outcomes of a part with a situation for each; judges its groups on the way."""
        known = replace(self.known, bundle=part.bundle)
        outcomes: dict[Outcome, dict[str, Any]] = {}
        met: set[str] = set()
        doubtful: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {}
        for values in self.space.situations(part.names):
            here = replace(known, values=values)
            selection = select(here)
            outcomes.setdefault(self.chains.reduced(outcome_of(selection, here)), values)
            met |= _satisfied(selection, part.bundle)
            for group, members in selection.ambiguous.items():
                doubtful.setdefault(group, (members, values))
        self.groups(part, met, doubtful)
        return outcomes

    def groups(
        self, part: Part, met: set[str], doubtful: Mapping[str, tuple[tuple[str, ...], dict[str, Any]]],
    ) -> None:
        """Groups that can never be satisfied, and those that may leave the choice to the applicant."""
        for group in part.bundle.groups:
            path: Path = ("bundles", part.bundle.id, "groups", group.id)
            if group.kind != "any" and group.id not in met and group.id not in doubtful:
                conditions = "；".join(
                    f"{entry.matter} 要求 {entry.when.text}" for entry in part.bundle.entries
                    if entry.matter in group.members and entry.when is not None
                )
                kind = "多选一" if group.kind == "one_of" else "至少一项"
                self.say(path, "group_never", f"{kind} {group.id} 永远无法满足：{conditions}")
            if group.id in doubtful:
                members, values = doubtful[group.id]
                names = "、".join(str(self.known.matters[member].name) for member in members)
                says = f"多选一 {group.id} 可能同时成立 {len(members)} 项({names})，"
                says += f"例：{shown(values)}；届时会请申请人选择"
                self.say(path, "group_ambiguous", says, "warning")

    def no_legs(self, parts: list[Part], outcomes: list[dict[Outcome, dict[str, Any]]]) -> None:
        """A situation that no rule refuses and in which no matter at all is chosen: every part has an empty outcome."""
        empty = [next((values for outcome, values in part.items() if not outcome.legs), None) for part in outcomes]
        if any(values is None for values in empty):
            return
        joint: dict[str, Any] | None = {name: value for values in empty if values for name, value in values.items()}
        if blocked(replace(self.known, values=joint or {})):
            joint = self.unblocked(parts)
        if joint is not None:
            says = f"存在一种回答使办件一个事项也没有：{shown(joint)}；请设一个必办事项，给多选题写 min: 1，"
            self.say(("bundles", self.known.bundle.id), "no_legs", f"{says}或写一条 block 规则拦住这种回答")

    def unblocked(self, parts: list[Part]) -> dict[str, Any] | None:
        """The first situation without a matter that no rule refuses, of all."""
        names = with_blocks({name for part in parts for name in part.names}, self.known)
        for values in self.space.situations(names):
            here = replace(self.known, values=values)
            if not blocked(here) and not outcome_of(select(here), here).legs:
                return values
        return None

    def longest(self, outcomes: list[dict[Outcome, dict[str, Any]]]) -> None:
        """The longest chain against the published promise, and before against after."""
        if prod(len(part) for part in outcomes) > MOST_CELLS:
            raise TooManyCells
        chains = self.chains
        promise = self.known.bundle.promised
        worst: tuple[int, tuple[Outcome, ...]] = (-1, ())
        slower: tuple[Outcome, ...] = ()
        for combination in product(*outcomes):
            after, before = chains.days(combination)
            if after > worst[0]:
                worst = (after, combination)
            if before < after and not slower:
                slower = combination
        if promise is not None and chains.exceeds(worst[0], promise):
            self.too_long(outcomes, worst, promise)
        if slower:
            after, before = chains.days(slower)
            situation = shown(_joint(outcomes, slower))
            says = f"合并后 {after} 天反而比原来 {before} 天更长，情形：{situation}；请核对 before 的时限和顺序"
            self.say(("bundles", self.known.bundle.id, "before"), "before_shorter", says)

    def too_long(
        self, outcomes: list[dict[Outcome, dict[str, Any]]], worst: tuple[int, tuple[Outcome, ...]], promise: Limit,
    ) -> None:
        """Say which situation breaks the promise, and by which chain."""
        entries = {entry.number: str(self.known.matters[entry.matter].name) for entry in self.known.bundle.entries}
        chain = "→".join(entries.get(leg.partition(".")[0], leg) for leg in self.chains.chain(worst[1]))
        situation = shown(_joint(outcomes, worst[1]))
        says = f"最长办理链 {worst[0]}{self.chains.unit} 超过公布的承诺 {promise}，情形：{situation}，链：{chain}；"
        says += "请缩短链上某个事项的承诺，把不必等的先后改成 before_decide，或改公布的承诺"
        self.say(("bundles", self.known.bundle.id, "limits", "promised"), "promise_broken", says)


def _joint(outcomes: list[dict[Outcome, dict[str, Any]]], combination: tuple[Outcome, ...]) -> dict[str, Any]:
    return {
        name: value
        for part, outcome in zip(outcomes, combination, strict=True) for name, value in part[outcome].items()
    }


def _satisfied(selection: Selection, bundle: Bundle) -> set[str]:
    some = {g.id for g in bundle.groups if g.kind == "some_of" and any(selection.of(member) for member in g.members)}
    # A one_of group whose `none` may be true is satisfiable by not being needed.
    free = {g.id for g in bundle.groups if g.kind == "one_of" and g.none is not None}
    return set(selection.taken) | some | free


def parts_of(known: Known) -> list[Part]:
    """Cut the bundle into parts that share no name, no deciding group and no pull."""
    links: dict[str, set[str]] = {entry.matter: _names_of(entry, known) for entry in known.bundle.entries}
    for group in known.bundle.groups:
        if group.kind != "any":
            for member in group.members:
                links.setdefault(member, set()).add(f"group {group.id}")
    for entry in known.bundle.entries:
        for edge in entry.after:
            if edge.absent != "skip":
                links[entry.matter].add(f"pull {edge.target}")
                links.setdefault(edge.target, set()).add(f"pull {edge.target}")
    return [_part(matters, names, known) for matters, names in _components(links)]


def _names_of(entry: Entry, known: Known) -> set[str]:
    names = set(names_in(entry.when)) if entry.when else set()
    names = {name.rpartition(".")[0] if "." in name else name for name in names}
    if entry.each is not None:
        names.add(entry.each)
    matter = known.matters[entry.matter]
    names |= {name for condition in _timing_conditions(matter) for name in names_in(condition)}
    return set(Space(known, {question.id: question for question in known.bundle.questions}).upstream(names))


def _timing_conditions(matter: Matter) -> Iterator[Condition]:
    rows = [*matter.limits, *(row for variant in matter.variants for row in variant.limits or ())]
    yield from (row.when for row in rows if row.when is not None)
    yield from (variant.when for variant in matter.variants)


def _components(links: Mapping[str, set[str]]) -> Iterable[tuple[set[str], set[str]]]:
    parts: list[tuple[set[str], set[str]]] = []
    for matter, names in links.items():
        touching = [part for part in parts if part[1] & names]
        merged = ({matter}.union(*(part[0] for part in touching)), names.union(*(part[1] for part in touching)))
        parts = [part for part in parts if part not in touching] + [merged]
    return parts


def _part(matters: set[str], names: set[str], known: Known) -> Part:
    bundle = replace(
        known.bundle, entries=tuple(entry for entry in known.bundle.entries if entry.matter in matters),
        groups=tuple(group for group in known.bundle.groups if matters.issuperset(group.members)),
    )
    return Part(bundle, frozenset(name for name in names if " " not in name))
