"""What all legs ask as papers → one list by (kind, role, row), before anything is taken off it.

Counting (language 2.10): every ask of every leg whose `when` holds is one copy, one per row where the paper is `per`
row; kinds are distinct (kind, role). An `any_of` ask is a paper of its own here, by its list; what settles it is known
only with what flows and what is looked up (`any_of.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

from catalog.decisions import BadDecision, decided_value
from catalog.dictionary import Material, Spec
from catalog.evaluate import EMPTY, UNANSWERED
from catalog.limits import Limit, longest_and_shortest
from catalog.matter import MaterialAsk
from catalog.reading import all_asks
from catalog.text import Text, composed
from forms.answers import Known
from forms.legs import Leg
from forms.papers.planned import MaterialLine
from forms.plan import PlanProblem
from forms.words import because, open_names


@dataclass(frozen=True, slots=True)
class PaperWish:
    """One leg's ask for one paper; `key` is what it asked for, also where another paper settles it."""

    leg: Leg
    ask: MaterialAsk
    key: str


@dataclass(slots=True)
class Paper:
    """One paper of the merged list; `per` is the group that its row is of. `choices` are the kinds of an unsettled
    any_of (written `kind` or `kind@role`)."""

    kind: str
    role: str | None
    row: int | None
    wishes: list[PaperWish] = field(default_factory=list)
    choices: tuple[str, ...] = ()
    per: str | None = None

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
    """Gather every material ask."""
    collected, kinds = Collected(), _Kinds(known)
    maybe: dict[tuple[str, str], PlanProblem] = {}
    for leg in legs:
        for ask in leg.asks.materials:
            verdict = known.holds(ask.when, leg.values)
            if verdict is None and ask.when is not None:
                problem = _maybe(leg, ask, known)
                maybe.setdefault((ask.key, str(problem.at)), problem)
            if verdict:
                _take(leg, ask, kinds, collected)
    collected.problems.extend(maybe.values())
    return collected


def _maybe(leg: Leg, ask: MaterialAsk, known: Known) -> PlanProblem:
    assert ask.when is not None
    names = sorted(open_names(ask.when, leg.values, known.today))
    hangs = because(ask.when, leg.values, known.labels, known.today)
    text = f"可能还需要“{asked_name(ask, known)}”：{hangs}"
    return PlanProblem("undecided", "maybe_material", text, names[0] if names else ask.key)


class _Kinds:
    """What kind of paper an ask is for: its own, or one that stands for a list. A name that several matters give to
    different lists, or that is a paper's code, tells nothing apart by itself: the list is added to it."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.lists: dict[str, set[tuple[str, ...]]] = {}

    def of(self, ask: MaterialAsk) -> str:
        """The kind of one ask."""
        if not ask.any_of:
            return ask.kind
        if not self.lists:
            self._read()
        clear = ask.kind not in self.known.catalog.materials and len(self.lists.get(ask.kind, ())) <= 1
        return ask.kind if clear else f"{ask.kind}#{'~'.join(sorted(ask.any_of))}"

    def _read(self) -> None:
        for matter in self.known.matters.values():
            for ask in (ask for asks in all_asks(matter) for ask in asks.materials if ask.any_of):
                self.lists.setdefault(ask.kind, set()).add(tuple(sorted(ask.any_of)))


def _take(leg: Leg, ask: MaterialAsk, kinds: _Kinds, collected: Collected) -> None:
    kind = kinds.of(ask)
    per, rows = _rows(leg, ask, kinds.known)
    for row in rows:
        key = key_of(kind, ask.role, row)
        paper = collected.papers.get(key)
        if paper is None:
            paper = collected.papers[key] = Paper(kind, ask.role, row, choices=ask.any_of, per=per)
        paper.wishes.append(PaperWish(leg, ask, key))
        collected.copies += 1


def _rows(leg: Leg, ask: MaterialAsk, known: Known) -> tuple[str | None, Iterable[int | None]]:
    """Per row of which group a paper is asked, and for which rows."""
    material = known.catalog.materials.get(ask.kind)
    per = ask.per or (material.per if material else None)
    if per is None:
        return None, (None,)
    if leg.planned.each == per:
        return per, (leg.planned.row,)
    rows = known.values.get(per, UNANSWERED)
    return per, () if rows is UNANSWERED or rows is EMPTY else range(len(rows))


def kind_name(kind: str, role: str | None, known: Known) -> Text:
    """What a kind is called, with whose it is."""
    material = known.catalog.materials.get(kind)
    name = material.name if material else Text(known.labels.names.get(kind, kind))
    return composed("{}({})", name, role_name(role, known)) if role else name


def role_name(role: str, known: Known) -> str:
    """What a role is called in this bundle."""
    found = known.roles.get(role)
    return found.name if found else role


def paper_name(paper: Paper, known: Known) -> Text:
    """What a line of the list is called; of several choices all, of a row its number."""
    name = _listed(paper.choices, paper.role, known) if paper.choices else kind_name(paper.kind, paper.role, known)
    return name if paper.row is None else Text(f"{name}(第 {paper.row + 1} {known.counted(paper.per)})")


def asked_name(ask: MaterialAsk, known: Known) -> Text:
    """What one asker's paper is called, whatever settles it."""
    return _listed(ask.any_of, ask.role, known) if ask.any_of else kind_name(ask.kind, ask.role, known)


def _listed(choices: Iterable[str], role: str | None, known: Known) -> Text:
    listed = "、".join(kind_name(*split_choice(choice, role), known) for choice in choices)
    return Text(f"{listed}(任选一种)")


def split_choice(choice: str, role: str | None) -> tuple[str, str | None]:
    """The kind of a choice and whose it is: its own role, else the asker's."""
    kind, _, own = choice.partition("@")
    return kind, own or role


def papers_of(paper: Paper | MaterialLine) -> Iterator[tuple[str, str | None, str]]:
    """The papers that will do: the paper itself, or those of a list, each with its kind, whose it is, and its key."""
    if not paper.choices:
        yield paper.kind, paper.role, paper.key
    for choice in paper.choices:
        kind, role = split_choice(choice, paper.role)
        yield kind, role, key_of(kind, role, paper.row)


def material_of(paper: Paper, known: Known) -> Material | None:
    """The dictionary's material; for several choices the first, which lends its help."""
    return known.catalog.materials.get(split_choice(paper.choices[0], None)[0] if paper.choices else paper.kind)


def merged_spec(wishes: list[PaperWish], material: Material | None, known: Known) -> tuple[Spec, bool]:
    """The strictest specification of all askers, and whether one file can satisfy all; the author decides else."""
    specs = [wish.ask.spec for wish in wishes if wish.ask.spec is not None]
    found, agreed = material.spec if material else Spec(), True
    for spec in specs:
        types = tuple(kind for kind in found.file_types if kind in spec.file_types)
        agreed = agreed and bool(types)
        found = replace(
            found, file_types=types or found.file_types, max_mb=min(found.max_mb, spec.max_mb),
            copies=max(found.copies, spec.copies), original=found.original or spec.original,
            seals=_union(found.seals, spec.seals), signers=_union(found.signers, spec.signers),
            max_age=_younger(found.max_age, spec.max_age), note=found.note or spec.note,
        )
    decided = _decided_types(material, known)
    return (replace(found, file_types=decided), True) if decided else (found, agreed)


def _decided_types(material: Material | None, known: Known) -> tuple[str, ...]:
    types: tuple[str, ...] = ()
    for decision in (one for one in known.bundle.decisions if material is not None and one.code == material.code):
        with suppress(BadDecision):
            types = decided_value(decision, None)
    return types


def spec_problems(wishes: list[PaperWish], material: Material | None, known: Known, name: Text) -> list[PlanProblem]:
    """What is said where no file can satisfy all who ask for a paper."""
    if merged_spec(wishes, material, known)[1]:
        return []
    legs = "、".join(dict.fromkeys(str(wish.leg.planned.name) for wish in wishes))
    text = f"“{name}”的文件格式无法同时满足{legs}的要求，本一件事暂不能办理，请等主管部门统一要求"
    return [PlanProblem("block", "conflict", text, wishes[0].key)]


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
    return min(known, key=longest_and_shortest) if known and len(known) == len(limits) else None


def names_of(papers: Mapping[str, Paper], known: Known) -> dict[str, Text]:
    """What every line of the list is called, by key."""
    return {key: paper_name(paper, known) for key, paper in papers.items()}
