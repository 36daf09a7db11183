"""Which sources can be asked at all: a look-up needs its key among the answers of the very filing (language 2.8).

All look-ups happen at filing, so what an earlier matter would only give later is no key. A source without its key
counts as if it were not written: the paper is uploaded, in the plan and in the public figures.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from catalog.dictionary import Role, Source
from forms.agreement import asks_about
from forms.answers import Known
from forms.merge_fields import MergedFields
from forms.plan import FieldLine

RANK: Final = {"mandate": 0, "licence": 1, "sharing": 2, "premises": 3, "zone": 4}
MANDATED: Final = "mandate"
# Not asked, for it would be about somebody for whom whoever files cannot consent; for whom no register tells that they
# may; for whom a register that tells so did not answer; by the number of a paper that no source is asked with.
OTHERS: Final = "others"
NOT_TOLD: Final = "not_told"
UNSURE: Final = "unsure"
OTHER_PAPER: Final = "other_paper"
# Nor where this place has connected no such source, or not the register that would tell whether the filer may consent.
UNCONNECTED: Final = "unconnected"
NO_REGISTER: Final = "no_register"
NOT_ASKED: Final = frozenset({OTHERS, NOT_TOLD, UNSURE, OTHER_PAPER, UNCONNECTED, NO_REGISTER})
_WHICH: Final = ":"


@dataclass(frozen=True, slots=True)
class LookUps:
    """The names that have an answer when the case is filed, per material key what a look-up gave already, and the
    sources (kind and name) that this place has not connected."""

    answered: frozenset[str]
    found: Mapping[str, str] = field(default_factory=dict)
    off: frozenset[tuple[str, str]] = frozenset()

    def usable(self, sources: Iterable[Source], role: str | None, known: Known,
               answer: str | None = None) -> list[Source]:
        """The sources that can be asked, for papers of `role` in its name, the best kind first. A mandate is no
        source until it is the `answer`: nobody can tell beforehand whether there is one."""
        able = [source for source in sources if source.kind in RANK
                and (source.kind == "mandate") is (answer == MANDATED) and self._has_key(source, role, known)]
        return sorted(able, key=lambda source: RANK[source.kind])

    def is_on(self, source: Source) -> bool:
        """Whether this place has it."""
        return (source.kind, source.name) not in self.off

    def _has_key(self, source: Source, role: str | None, known: Known) -> bool:
        if source.kind == "mandate":
            return True
        if source.kind != "licence":
            return bool(source.by) and self.answered.issuperset(source.by)
        holder = known.roles.get(role or source.holder or "")
        return holder is not None and holder.id in self.answered


def other_paper(codes: Iterable[str]) -> str:
    """That no source is asked, for the numbers in these fields stand on another paper than the identity card."""
    return f"{OTHER_PAPER}{_WHICH}{','.join(codes)}"


def parted(answer: str) -> tuple[str, tuple[str, ...]]:
    """What a look-up gave, or why none is made, and the fields that it is due to."""
    kind, _, codes = answer.partition(_WHICH)
    return kind, tuple(codes.split(",")) if codes else ()


def asked_about(source: Source, role: str | None, people: Iterable[Role]) -> tuple[Role, ...]:
    """Whom a look-up for a paper of `role` asks about."""
    return tuple(one for one in people if asks_about(source, role, one.code, one.id))


def look_ups_of(fields: MergedFields, known: Known, off: frozenset[tuple[str, str]]) -> LookUps:
    """What can be looked up with this form and this situation, where the sources that are `off` are not connected."""
    columns = (column.code for line in fields.lines for column in line.inner)
    asked = frozenset(name for name, applies in known.applies.items() if applies is not False)
    return LookUps(frozenset({*(line.code for line in fields.lines), *columns, *known.situation, *asked}), off=off)


def with_prefill(lines: Iterable[FieldLine], look_ups: LookUps, known: Known) -> list[FieldLine]:
    """The fields with only those sources of a prefill that can be asked."""
    return [
        replace(line, prefill=tuple(look_ups.usable(line.prefill, None, known)),
                inner=tuple(with_prefill(line.inner, look_ups, known)))
        if line.prefill or line.inner else line for line in lines
    ]
