"""That somebody must agree before another person files, and which look-ups ask about whom."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.dictionary import Source
from catalog.text import Text


@dataclass(frozen=True, slots=True)
class PlannedAgreement:
    """That a person of the case must agree before somebody else files it: who (the fields of number and name), to
    which sentences, and which fields and questions are shown beside them."""

    role: str
    name: Text
    id: str
    shown: str
    to: tuple[Text, ...]
    sees: tuple[str, ...] = ()

    def is_asked_about(self, source: Source, role: str | None) -> bool:
        """Whether a look-up for a paper of `role` asks about this person: by their licence, or by their number."""
        return asks_about(source, role, self.role, self.id)


def asks_about(source: Source, role: str | None, person: str, number: str) -> bool:
    """Whether a look-up for a paper of `role` asks about the person in a role whose number stands in this field: it is
    their licence, or a register is asked by their number."""
    return person in (role, source.holder) or number in source.by
