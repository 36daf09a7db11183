"""Which matters this situation needs: conditions, rows, ticks, groups, pulls. No edge, field or material yet.

The set of legs is fixed by situation answers and rows alone (language 2.1), so this is also what exploring runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalog.bundle import Entry, Group
from catalog.dictionary import Field
from catalog.evaluate import EMPTY, UNANSWERED
from catalog.matter import Matter
from catalog.papers import number_of
from forms.answers import CHOSEN, Known
from forms.plan import PlanProblem
from forms.reason import Reason
from forms.words import because, open_names


@dataclass(frozen=True, slots=True)
class Instance:
    """One leg to be: a matter, for `each` entries with its row. `values` are the answers as this row sees them."""

    entry: Entry
    matter: Matter
    values: Mapping[str, Any]
    row: int | None = None
    key: str | None = None

    @property
    def leg(self) -> str:
        """The leg's number: `05`, and `05.2` for the second row."""
        return self.entry.number if self.row is None else f"{self.entry.number}.{self.row + 1}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a matter is in (None: not decided), the instances it would have, and why.

    `hangs_on` are the unanswered names that could still change that: a matter may be in for some rows and open for
    others, whose numbers (from 0) are `open_rows`.
    """

    state: bool | None
    instances: tuple[Instance, ...]
    why: Reason
    hangs_on: frozenset[str] = frozenset()
    open_rows: tuple[int, ...] = ()


@dataclass(slots=True)
class Selection:
    """The verdict on every matter of the bundle, the member taken in each one_of group, and what stands against it."""

    matters: Mapping[str, Matter]
    verdicts: dict[str, Verdict]
    taken: dict[str, str] = field(default_factory=dict)
    ambiguous: dict[str, tuple[str, ...]] = field(default_factory=dict)
    problems: list[PlanProblem] = field(default_factory=list)

    def instances(self) -> Iterator[Instance]:
        """Every leg to be, in file order."""
        for verdict in self.verdicts.values():
            if verdict.state:
                yield from verdict.instances

    def of(self, matter: str) -> tuple[Instance, ...]:
        """The legs of one matter; empty when it is not chosen."""
        verdict = self.verdicts.get(matter)
        return verdict.instances if verdict and verdict.state else ()


def select(known: Known) -> Selection:
    """Decide every matter of the bundle."""
    matters = known.matters
    verdicts = {entry.matter: _verdict(entry, matters[entry.matter], known) for entry in known.bundle.entries}
    chosen = Selection(matters, verdicts)
    for group in known.bundle.groups:
        if group.kind == "one_of":
            _one_of(group, chosen, known)
    _pull(chosen, known)
    for group in known.bundle.groups:
        if group.kind == "some_of":
            _some_of(group, chosen)
    return chosen


def _verdict(entry: Entry, matter: Matter, known: Known) -> Verdict:
    if entry.optional and entry.matter not in known.values.get(CHOSEN, ()):
        return Verdict(False, (), Reason("optional", "这是可选事项，您没有勾选", source=CHOSEN))
    if entry.each is None:
        state = known.holds(entry.when)
        why, hangs = _why(entry, known, known.values)
        return Verdict(state, (Instance(entry, matter, known.values),), why, hangs)
    return _each(entry, matter, known)


def _why(entry: Entry, known: Known, values: Mapping[str, Any]) -> tuple[Reason, frozenset[str]]:
    if entry.when is None:
        text = "您勾选了这一事项" if entry.optional else f"办理“{known.bundle.name}”都要办这一项"
        return Reason("optional" if entry.optional else "always", text), frozenset()
    text = "" if known.silent else because(entry.when, values, known.labels, known.today)
    return Reason("when", text, source=entry.when.text), open_names(entry.when, values, known.today)


def _each(entry: Entry, matter: Matter, known: Known) -> Verdict:
    source = entry.each or ""
    rows = known.values.get(source, UNANSWERED)
    label, word = known.labels.of(source), known.counted(source)
    if rows is UNANSWERED:
        text = f"取决于“{label}”：有几{word}就办几件"
        return Verdict(None, (), Reason("each", text, source=source), frozenset({source}))
    if rows is EMPTY or not rows:
        return Verdict(False, (), Reason("each", f"“{label}”没有内容，不需要办理", source=source))
    everyone = [_row_instance(entry, matter, known, index, row) for index, row in enumerate(rows)]
    verdicts = [known.holds(entry.when, item.values) for item in everyone]
    chosen = tuple(item for item, verdict in zip(everyone, verdicts, strict=True) if verdict)
    undecided = tuple(index for index, verdict in enumerate(verdicts) if verdict is None)
    hangs = [_why(entry, known, everyone[index].values)[1] for index in undecided]
    why, _ = _why(entry, known, everyone[undecided[0] if undecided else 0].values)
    text = f"“{label}”有 {len(rows)} {word}，{_how_many(len(chosen), len(rows), word)}" if chosen else why.text
    state = True if chosen else (None if undecided else False)
    return Verdict(state, chosen, Reason("each", text, source=source), frozenset().union(*hangs), undecided)


def _how_many(chosen: int, rows: int, word: str) -> str:
    if chosen < rows:
        return f"其中 {chosen} {word}要办" + (f"，每{word}办一件" if chosen > 1 else "这件事")
    return f"每{word}办一件" if rows > 1 else "办一件"


def _row_instance(entry: Entry, matter: Matter, known: Known, index: int, row: Any) -> Instance:
    group = entry.each or ""
    if not isinstance(row, Mapping):
        return Instance(entry, matter, {**known.values, group: row}, index, str(row))
    own = {f"{group}.{name}": value for name, value in row.items()}
    definition = known.catalog.fields.get(group)
    key = row.get(definition.key) if definition and definition.key else None
    return Instance(entry, matter, {**known.values, **own}, index, _named(key, definition) or str(index + 1))


def _named(key: Any, definition: Field | None) -> str | None:
    """What tells a row from the others, for people; of a person's number what stands on the paper."""
    person = definition is not None and any(
        one.code == f"{definition.code}.{definition.key}" and one.type == "citizen_id" for one in definition.inner)
    return None if key is None else number_of(str(key)) if person else str(key)


def _one_of(group: Group, chosen: Selection, known: Known) -> None:
    names = {member: str(chosen.matters[member].name) for member in group.members}
    undecided = [member for member in group.members if chosen.verdicts[member].state is None]
    candidates = [member for member in group.members if chosen.verdicts[member].state]
    if undecided:
        _hold_back(chosen, candidates, chosen.verdicts[undecided[0]])
        return
    picked = known.values.get(group.id)
    taken = candidates[0] if len(candidates) == 1 else picked if picked in candidates else None
    if taken is not None:
        chosen.taken[group.id] = taken
        for member in candidates:
            if member != taken:
                why = Reason("one_of", f"同一组只办一项，已选“{names[taken]}”", (taken,), group.id)
                chosen.verdicts[member] = Verdict(False, (), why)
    elif candidates:
        _ambiguous(group, candidates, chosen, names)
    elif group.none is None or known.holds(group.none) is False:
        text = f"“{'、'.join(names.values())}”中必须办理一项，但按您的回答一项都不符合；请核对前面的回答"
        chosen.problems.append(PlanProblem("block", "group_empty", text, group.id))


def _ambiguous(group: Group, candidates: list[str], chosen: Selection, names: Mapping[str, str]) -> None:
    listed = "、".join(f"“{names[member]}”" for member in candidates)
    why = Reason("one_of", f"{listed}都符合，只能办一项，请选择", tuple(candidates), group.id)
    chosen.ambiguous[group.id] = tuple(candidates)
    chosen.problems.append(PlanProblem("undecided", "group_ambiguous", why.text, group.id))
    for member in candidates:
        chosen.verdicts[member] = Verdict(None, (), why, frozenset({group.id}))


def _hold_back(chosen: Selection, candidates: list[str], reason: Verdict) -> None:
    for member in candidates:
        chosen.verdicts[member] = Verdict(None, (), reason.why, reason.hangs_on)


def _some_of(group: Group, chosen: Selection) -> None:
    states = [chosen.verdicts[member].state for member in group.members]
    if True not in states and None not in states:
        names = "、".join(str(chosen.matters[member].name) for member in group.members)
        text = f"“{names}”中至少要办理一项；请核对前面的回答"
        chosen.problems.append(PlanProblem("block", "group_empty", text, group.id))


def _pull(chosen: Selection, known: Known) -> None:
    """`absent: pull` until nothing changes; pulling only adds, so it ends. `block` is looked at afterwards."""
    followers = [(e, edge) for e in known.bundle.entries for edge in e.after if edge.absent != "skip"]
    entries = {entry.matter: entry for entry in known.bundle.entries}
    changed = True
    while changed:
        changed = False
        for entry, edge in followers:
            target = chosen.verdicts.get(edge.target)
            if edge.absent == "pull" and target and not target.state and chosen.verdicts[entry.matter].state:
                pulled = _pulled(entries[edge.target], entry, chosen, known)
                changed = changed or bool(pulled.state)
                chosen.verdicts[edge.target] = pulled
    for entry, edge in followers:
        if edge.absent == "block" and chosen.verdicts[entry.matter].state and not _present(edge.target, chosen, known):
            missing = _target_name(edge.target, chosen, known)
            text = f"办理“{chosen.matters[entry.matter].name}”前必须同时办理“{missing}”"
            chosen.problems.append(PlanProblem("block", "absent", text, entry.matter))


def _pulled(entry: Entry, follower: Entry, chosen: Selection, known: Known) -> Verdict:
    matter = chosen.matters[entry.matter]
    text = f"因为要办理“{chosen.matters[follower.matter].name}”，须先办理这一事项"
    why = Reason("pull", text, (follower.matter,))
    if entry.each is None:
        return Verdict(True, (Instance(entry, matter, known.values),), why)
    rows = known.values.get(entry.each, UNANSWERED)
    if rows is UNANSWERED or rows is EMPTY or not rows:
        return chosen.verdicts[entry.matter]
    return Verdict(True, tuple(_row_instance(entry, matter, known, i, row) for i, row in enumerate(rows)), why)


def _present(target: str, chosen: Selection, known: Known) -> bool:
    return any(chosen.of(member) for member in members_of(target, known))


def _target_name(target: str, chosen: Selection, known: Known) -> str:
    return "或".join(str(chosen.matters[member].name) for member in members_of(target, known))


def members_of(target: str, known: Known) -> tuple[str, ...]:
    """The matters an edge target stands for: itself, or the members of a group in listed order."""
    group = known.groups.get(target)
    return group.members if group else (target,)
