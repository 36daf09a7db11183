"""What a source is: asked with a holder's number or a few answers and a consent, it finds, misses, or fails.

Hit, miss, failed and absent are kept apart (domain research, feature 14): `miss` the source has no such record for
this holder, `failed` it could not be asked, `absent` it knows that the document does not exist, or no longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NamedTuple, Protocol

Status = Literal["hit", "miss", "failed", "absent"]


class Query(NamedTuple):
    """One look-up: which kind of source, its name (licence type, registry, premises store), what it is asked with
    (`{"holder": number}` for a licence, field values otherwise), the recorded consent, and the moment that counts."""

    kind: str
    name: str
    numbers: Mapping[str, str]
    consent: Mapping[str, Any]
    at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a look-up. `document` describes the paper (name, number, valid_from, valid_to, version, issuer);
    `fields` are values it carries, by our field codes; `why` is one Chinese line for the applicant."""

    status: Status
    document: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""


class Sources(Protocol):
    """All sources behind one question."""

    def find(self, query: Query) -> Found:
        """Look up; never raises for what a network or a register can do, that is `failed`."""

    def waits(self, kind: str) -> bool:
        """Whether asking a source of this kind waits for somebody; several that do are asked at once, in threads."""
