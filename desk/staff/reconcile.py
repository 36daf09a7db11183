"""A department's own list against ours: every difference, and nothing else."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from cases.model import LegState
from cases.states import OUT, UNSENT
from store.operating import Handed

COLUMNS = ("leg", "state", "ref")
# An ending of ours before anything was told to the department: it need not know the leg.
OURS_ALONE = frozenset({LegState.VOIDED, LegState.NOT_NEEDED, LegState.WITHDRAWN, LegState.TERMINATED})

Kind = Literal["they_lack", "we_lack", "other_state", "other_ref", "doubled"]


class BadList(ValueError):
    """部门清单读不懂；每行应是 {"leg","state","ref"} 的 JSON，或带表头 leg,state,ref 的 CSV。"""

    code = "bad_list"


@dataclass(frozen=True, slots=True)
class Theirs:
    """A line of the department's list: the leg's public id, their state and their own number."""

    leg: str
    state: str
    ref: str


@dataclass(frozen=True, slots=True)
class Gap:
    """One difference: what we have and what they say."""

    kind: Kind
    leg: str
    ours: str
    theirs: str

    def as_json(self) -> dict[str, Any]:
        """As `flask reconcile --json` prints it."""
        return asdict(self)


def read_list(text: str) -> list[Theirs]:
    """The lines of a department's list, JSON lines or CSV; raises `BadList` naming the line."""
    lines = text.lstrip("\ufeff")
    if not lines.strip():
        return []
    rows = _json_rows(lines) if lines.lstrip().startswith("{") else _csv_rows(lines)
    return [_line(number, row) for number, row in rows]


def _json_rows(text: str) -> Iterator[tuple[int, Any]]:
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                yield number, json.loads(line)
            except ValueError:
                raise BadList(f"第 {number} 行不是 JSON。") from None


def _csv_rows(text: str) -> Iterator[tuple[int, Any]]:
    reader = csv.DictReader(io.StringIO(text))
    if "leg" not in (reader.fieldnames or ()):
        raise BadList(f"CSV 的第一行应是表头 {','.join(COLUMNS)}。")
    for row in reader:
        yield reader.line_num, row


def _line(number: int, row: Any) -> Theirs:
    if not isinstance(row, Mapping) or not isinstance(row.get("leg"), str) or not row["leg"].strip():
        raise BadList(f"第 {number} 行没有 leg（分办件编号）。")
    values = {name: row.get(name) for name in COLUMNS}
    if any(value is not None and not isinstance(value, str | int) for value in values.values()):
        raise BadList(f"第 {number} 行的 state 和 ref 应是文本。")
    return Theirs(**{name: str(value if value is not None else "").strip() for name, value in values.items()})


def expected(handed: Handed) -> bool:
    """Whether the department must know the leg: it was handed over, or the department itself has spoken about it."""
    state = handed.leg.state
    return handed.told or not (state in UNSENT or state in OUT or state in OURS_ALONE) or handed.leg.ref is not None


def compare(ours: Iterable[Handed], theirs: Sequence[Theirs]) -> list[Gap]:
    """Every difference, by leg: they lack it, we lack it, another state, another number, listed more than once."""
    listed: dict[str, list[Theirs]] = {}
    for line in theirs:
        listed.setdefault(line.leg, []).append(line)
    gaps: list[Gap] = []
    for handed in ours:
        public = f"{handed.leg.reference}-{handed.leg.leg}"
        gaps += _of_leg(handed, public, listed.pop(public, []))
    for public, lines in listed.items():
        gaps += [Gap("we_lack", public, "", lines[0].state), *_doubled(public, lines)]
    return sorted(gaps, key=lambda gap: (gap.leg, gap.kind))


def _of_leg(handed: Handed, public: str, lines: Sequence[Theirs]) -> list[Gap]:
    state, ref = handed.leg.state.value, handed.leg.ref or ""
    if not lines:
        return [Gap("they_lack", public, state, "")] if expected(handed) else []
    said = lines[0]
    gaps = _doubled(public, lines)
    if said.state and said.state != state:
        gaps.append(Gap("other_state", public, state, said.state))
    if said.ref and ref and said.ref != ref:
        gaps.append(Gap("other_ref", public, ref, said.ref))
    return gaps


def _doubled(public: str, lines: Sequence[Theirs]) -> list[Gap]:
    return [Gap("doubled", public, "", "、".join(line.ref or line.state for line in lines))] if len(lines) > 1 else []
