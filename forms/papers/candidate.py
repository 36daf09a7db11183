"""What is looked up for a paper: one of the kinds that serve, and where it is looked for."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.dictionary import Source
from catalog.text import Text


@dataclass(frozen=True, slots=True)
class Candidate:
    """One kind with the source that can be asked for it; `key` names the outcome of that and the document found."""

    key: str
    kind: str
    name: Text
    source: Source
