"""What all legs ask as papers → one list by (kind, role, row), before anything is taken off it.

Counting (language 2.10): every ask of every leg whose `when` holds is one copy, one per row where the paper is `per`
row; kinds are distinct (kind, role). `any_of` asks are settled first: by a kind that is asked anyway, by an equal or
overlapping list, else they stay one line from which the applicant chooses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from catalog.dictionary import Material, Spec
from catalog.evaluate import EMPTY, UNANSWERED
from catalog.limits import Limit
from catalog.matter import MaterialAsk
from catalog.text import Text
from forms.answers import Known
from forms.legs import Leg
from forms.plan import PlanProblem
from forms.words import because, open_names

Identity = tuple[str, str | None, int | None]


@dataclass(frozen=True, slots=True)
class PaperWish:
    """One leg's ask for one paper; `key` is what it asked for, also where another paper settles it."""

    leg: Leg
    ask: MaterialAsk
    key: str


@dataclass(slots=True)
class Paper:
    """One paper of the merged list. `choices` are the kinds of an unsettled any_of (written `kind` or `kind@role`)."""

    kind: str
    role: str | None
    row: int | None
    wishes: list[PaperWish] = field(default_factory=list)
    choices: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """`K16`, `ID01@mother`, `TX02#1`."""
        return key_of(self.kind, self.role, self.row)


@dataclass(slots=True)
class Collected:
    """All papers by key, in the order first asked; `copies` is the count before merging."""

    papers: dict[str, Paper] = field(default_factory=dict)
    copies: int = 0
    problems: list[PlanProblem] = field(default_factory=list)

    @property
    def kinds(self) -> int:
        """How many different papers there are: distinct (kind, role)."""
        return len({(paper.kind, paper.role) for paper in self.papers.values()})


def key_of(kind: str, role: str | None, row: int | None) -> str:
    """The key of a paper; rows are shown from 1."""
    return f"{kind}{f'@{role}' if role else ''}{'' if row is None else f'#{row + 1}'}"


def collect(legs: list[Leg], known: Known) -> Collected:
    """Gather and settle every material ask."""
    collected = Collected()
    maybe: dict[tuple[str, str], PlanProblem] = {}
    for leg in legs:
        for ask in leg.asks.materials:
            verdict = known.holds(ask.when, leg.values)
            if verdict is None and ask.when is not None:
                problem = _maybe(leg, ask, known)
                maybe.setdefault((ask.key, str(problem.at)), problem)
            if verdict:
                _take(leg, ask, known, collected)
    _settle(collected)
    collected.problems.extend(maybe.values())
    return collected


def _maybe(leg: Leg, ask: MaterialAsk, known: Known) -> PlanProblem:
    assert ask.when is not None
    names = sorted(open_names(ask.when, leg.values, known.today))
    hangs = because(ask.when, leg.values, known.labels, known.today)
    text = f"可能还需要“{kind_name(ask.kind, ask.role, known)}”：{hangs}"
    return PlanProblem("undecided", "maybe_material", text, names[0] if names else ask.key)


def _take(leg: Leg, ask: MaterialAsk, known: Known, collected: Collected) -> None:
    for row in _rows(leg, ask, known):
        key = key_of(ask.kind, ask.role, row)
        paper = collected.papers.get(key)
        if paper is None:
            paper = collected.papers[key] = Paper(ask.kind, ask.role, row, choices=ask.any_of)
        paper.choices = _common(paper.choices, ask.any_of)
        paper.wishes.append(PaperWish(leg, ask, key))
        collected.copies += 1


def _rows(leg: Leg, ask: MaterialAsk, known: Known) -> Iterable[int | None]:
    material = known.catalog.materials.get(ask.kind)
    per = ask.per or (material.per if material else None)
    if per is None:
        return (None,)
    if leg.planned.each == per:
        return (leg.planned.row,)
    rows = known.values.get(per, UNANSWERED)
    return () if rows is UNANSWERED or rows is EMPTY else range(len(rows))


def _common(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(kind for kind in one if kind in other) or one


def _settle(collected: Collected) -> None:
    """Settle any_of papers by papers asked anyway, then by one another."""
    open_ones = [paper for paper in collected.papers.values() if paper.choices]
    for paper in open_ones:
        anyway = next((key for key in _choice_keys(paper) if key in collected.papers), None)
        if anyway is not None:
            _join(paper, collected.papers[anyway], collected)
    merged: list[Paper] = []
    for paper in open_ones:
        if paper.key in collected.papers:
            _settle_among(paper, merged, collected)
    for paper in merged:
        if len(paper.choices) == 1:
            _become(paper, paper.choices[0], collected)


def _choice_keys(paper: Paper) -> Iterator[str]:
    for choice in paper.choices:
        kind, _, role = choice.partition("@")
        yield key_of(kind, role or paper.role, paper.row)
        if paper.row is not None:
            yield key_of(kind, role or paper.role, None)


def _join(paper: Paper, into: Paper, collected: Collected) -> None:
    into.wishes.extend(paper.wishes)
    del collected.papers[paper.key]


def _settle_among(paper: Paper, merged: list[Paper], collected: Collected) -> None:
    for other in merged:
        shared = tuple(choice for choice in other.choices if choice in paper.choices)
        if shared and (other.role, other.row) == (paper.role, paper.row):
            other.choices = shared
            _join(paper, other, collected)
            return
    merged.append(paper)


def _become(paper: Paper, choice: str, collected: Collected) -> None:
    kind, _, role = choice.partition("@")
    plain = Paper(kind, role or paper.role, paper.row, paper.wishes)
    renamed = [plain if item is paper else item for item in collected.papers.values()]
    collected.papers = {item.key: item for item in renamed}


def kind_name(kind: str, role: str | None, known: Known) -> str:
    """What a kind is called, with whose it is."""
    material = known.catalog.materials.get(kind)
    name = str(material.name) if material else known.labels.names.get(kind, kind)
    return f"{name}({role_name(role, known)})" if role else name


def role_name(role: str, known: Known) -> str:
    """What a role is called in this bundle."""
    found = known.roles.get(role)
    return str(found.name) if found else role


def paper_name(paper: Paper, known: Known) -> str:
    """What a line of the list is called; of several choices all, of a row its number."""
    if paper.choices:
        listed = "、".join(kind_name(*_split(choice, paper.role), known) for choice in paper.choices)
        name = f"{listed}(任选一种)"
    else:
        name = kind_name(paper.kind, paper.role, known)
    return name if paper.row is None else f"{name}(第 {paper.row + 1} 项)"


def _split(choice: str, role: str | None) -> tuple[str, str | None]:
    kind, _, own = choice.partition("@")
    return kind, own or role


def material_of(paper: Paper, known: Known) -> Material | None:
    """The dictionary's material; for several choices the first, which lends its help."""
    return known.catalog.materials.get(_split(paper.choices[0], None)[0] if paper.choices else paper.kind)


def merged_spec(wishes: list[PaperWish], material: Material | None, name: str) -> tuple[Spec, list[PlanProblem]]:
    """The strictest specification of all askers, and a conflict where no file could satisfy all."""
    specs = [wish.ask.spec for wish in wishes if wish.ask.spec is not None]
    found = material.spec if material else Spec()
    problems: list[PlanProblem] = []
    for spec in specs:
        types = tuple(kind for kind in found.file_types if kind in spec.file_types)
        if not types:
            legs = "、".join(dict.fromkeys(str(wish.leg.planned.name) for wish in wishes))
            text = f"“{name}”的文件格式无法同时满足{legs}的要求，本一件事暂不能办理，请等主管部门统一要求"
            problems = [PlanProblem("block", "conflict", text, wishes[0].key)]
        found = replace(
            found, file_types=types or found.file_types, max_mb=min(found.max_mb, spec.max_mb),
            copies=max(found.copies, spec.copies), original=found.original or spec.original,
            seals=_union(found.seals, spec.seals), signers=_union(found.signers, spec.signers),
            max_age=_younger(found.max_age, spec.max_age), note=found.note or spec.note,
        )
    return found, problems


def _union(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one + other))


_DAYS = {"nd": 1, "wd": 1, "mo": 30}


def _younger(one: str | None, other: str | None) -> str | None:
    known = [age for age in (one, other) if age]
    return min(known, key=_age_days, default=None)


def _age_days(age: str) -> int:
    digits = "".join(mark for mark in age if mark.isdigit()) or "0"
    return int(digits) * _DAYS.get(age[len(digits):], 1)


def tolerated(wishes: list[PaperWish]) -> Limit | None:
    """The strictest time for a paper that may follow, if every asker tolerates that."""
    limits = [wish.ask.tolerable for wish in wishes]
    known = [limit for limit in limits if limit is not None]
    return min(known, key=lambda limit: (limit.unit, limit.amount)) if known and len(known) == len(limits) else None


def names_of(papers: Mapping[str, Paper], known: Known) -> dict[str, Text]:
    """What every line of the list is called, by key."""
    return {key: Text(paper_name(paper, known)) for key, paper in papers.items()}
