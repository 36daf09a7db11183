"""The transition table as text for the docs: a diagram of the states and the whole table, straight from the code."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from cases.model import LegState
from cases.states import AT_WORK, FINAL, NOTICES, OURS, OUT, STEPS_BEFORE, TABLE, UNSENT, WORK, Cell, Move, Reply
from cases.words import EVENT_NAMES, STATE_NAMES

_GROUPS: Mapping[str, frozenset[LegState]] = {
    "open": AT_WORK, "on_the_way": OUT, "at_work": WORK, "unsent": UNSENT, "final": FINAL,
}


def diagram() -> str:
    """A mermaid state diagram. An event that every state of a group takes to the same place is one arrow of it."""
    lines = ["stateDiagram-v2", *_box("unsent", UNSENT, "    "), "    state open {", *_box("on_the_way", OUT)]
    lines += [*_box("at_work", WORK), "    }", "    [*] --> waiting"]
    arrows: dict[tuple[str, str], list[str]] = {}
    for event in (*OURS, *sorted(NOTICES)):
        for source, to in _arrows(event):
            arrows.setdefault((source, to), []).append(event.removeprefix("leg."))
    lines += [f"    {source} --> {to}: {', '.join(names)}" for (source, to), names in arrows.items()]
    lines += [f"    {state} --> [*]" for state in LegState if state in FINAL]
    return "\n".join(lines)


def table(events: Iterable[str]) -> str:
    """The rows of the table as Markdown: event, from which states, to which state, under which condition."""
    lines = ["| event | in | becomes | if |", "|---|---|---|---|"]
    for event in events:
        for cell, states in _grouped(event):
            where = ", ".join(_gathered(states))
            lines += [f"| `{event}` | {where} | {_to(row)} | {_when(row)} |" for row in cell]
    return "\n".join(lines)


def states_page() -> str:
    """The whole of `docs/states.md`."""
    return "\n".join((
        _HEAD, "## States\n", "| state | shown as | final |", "|---|---|---|",
        *(f"| `{s}` | {STATE_NAMES[s]} | {'yes' if s in FINAL else ''} |" for s in LegState),
        "\n## Diagram\n", "```mermaid", diagram(), "```",
        "\n## Events of a department (notices)\n", _NAMES,
        "| notice | shown as | steps made up when they are missing |", "|---|---|---|",
        *(f"| `{e}` | {EVENT_NAMES[e]} | {_steps(e)} |" for e in sorted(NOTICES)),
        "\n" + table(sorted(NOTICES)), "\n## Our own events\n", table(OURS), "",
    ))


def _box(name: str, states: frozenset[LegState], indent: str = "        ") -> list[str]:
    return [f"{indent}state {name} {{", *(f"{indent}    {s}" for s in LegState if s in states), f"{indent}}}"]


def _arrows(event: str) -> Iterator[tuple[str, str]]:
    """From which state or group to which state `event` leads."""
    sources: dict[LegState, set[LegState]] = {}
    for state in LegState:
        for row in TABLE[state, event]:
            if isinstance(row, Move) and row.to is not None and row.to is not state:
                sources.setdefault(row.to, set()).add(state)
    for to, found in sources.items():
        for name in _gathered(found, to):
            yield name, str(to)


def _gathered(states: Iterable[LegState], to: LegState | None = None) -> list[str]:
    """The states with whole groups under one name; a group counts as whole without the state it leads to."""
    left = set(states)
    if left == set(LegState):
        return ["every state"]
    names: list[str] = []
    for name, group in _GROUPS.items():
        if len(group - {to}) > 1 and group - {to} <= left:
            names.append(name)
            left -= group
    return names + [str(state) for state in LegState if state in left]


def _steps(event: str) -> str:
    return ", ".join(f"`{step}`" for step in STEPS_BEFORE.get(event, ()))


def _grouped(event: str) -> list[tuple[Cell, list[LegState]]]:
    groups: dict[Cell, list[LegState]] = {}
    for state in LegState:
        groups.setdefault(TABLE[state, event], []).append(state)
    return list(groups.items())


def _to(row: Move | Reply) -> str:
    if isinstance(row, Reply):
        return {Reply.KNOWN: "– (known)", Reply.IGNORED: "– (no effect)"}.get(row, f"quarantine: `{row}`")
    if row.said:
        return "the state it names"
    return "unchanged, noted" if row.to is None else f"`{row.to}`"


def _when(row: Move | Reply) -> str:
    return str(row.when) if isinstance(row, Move) and row.when is not None else ""


_NAMES = """In the tables `unsent` is waiting and held, `on_the_way` queued to stuck, `at_work` received to simulated,
`open` the last two together, `final` every final state.
"""

_HEAD = """# The states of a leg

This page is printed from the one transition table in `cases/states.py`; a test fails when it lags. To renew it:
`python -c "from cases.diagram import states_page; print(states_page(), end='')" > docs/states.md`.

How to read it:

- A leg is the fold of its events (`cases/fold.py`). A department's notices are put in the department's own order
  (`seq`, else `timestamp`) first, so copies and any order of arrival lead to the same leg. Our own events stand right
  after the notices we knew when we made them.
- Steps that a department leaves out are made up, marked `filled`, and give way to the real notice if it comes later.
- `known` answers 204 without effect. A quarantine code answers 202 and keeps the notice for a person. A late notice
  that would undo a decision already recorded is a `contradiction`: what was decided first stands.
- A final state is left only by `leg.corrected` from a declared authority.
- Rows are tried from top to bottom; a row with a condition applies only if the condition holds.
- The clock stands in `supplement_required`, `special`, `forwarded`, `simulated` and while a request of ours holds the
  leg. It starts at `leg.accepted`; five working days of silence after receipt count as acceptance on receipt.
  Its end moves by what `leg.extended` adds, once.
- Names are those of a public service. A permit is 审查中, 已批准, 不予批准; each class of matter has its own words
  (`cases/words.py`).
"""
