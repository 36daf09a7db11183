"""What a source is: asked with a holder's number or a few answers and a consent, it finds, misses, or fails.

Hit, miss, failed and absent are kept apart (domain research, feature 14): `miss` the source has no such record for
this holder, `failed` it could not be asked, `absent` it knows that the document does not exist, or no longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, NamedTuple, Protocol

Status = Literal["hit", "miss", "failed", "absent"]


class Query(NamedTuple):
    """One look-up: which kind of source, its name (licence type, registry, premises store), what it is asked with
    (`{"holder": number}` for a licence, else values of fields: texts, and an address as its parts), the recorded
    consent, the moment that counts, in the city's zone, and for which bundle (its id and its name)."""

    kind: str
    name: str
    numbers: Mapping[str, Any]
    consent: Mapping[str, Any]
    at: datetime
    bundle: str = ""
    purpose: str = ""

    @property
    def day(self) -> date:
        """The city's day that counts."""
        return self.at.date()


@dataclass(frozen=True, slots=True)
class Found:
    """What came of a look-up. `document` describes the paper (name, number, valid_from, valid_to, version, issuer);
    `fields` are values it carries, by our field codes; `why` is one Chinese line for the applicant."""

    status: Status
    document: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    why: str = ""


NO_CONSENT = Found("failed", why="没有本人同意的记录，不能查询；请先确认同意")
NOT_CONNECTED = Found("failed", why="这个来源还没有接入，请自行上传")
UNHEARD = Found("failed", why="对方系统没有应答，请稍后再试或自行上传")
NOT_ALLOWED = Found("failed", why="对方系统没有允许这次查询，请自行上传")
NO_RECORD = Found("miss", why="没有查到，请自行上传")
OVER = Found("absent", why="查到的已经过期或者注销，请办理新的或上传证明")


class Sources(Protocol):
    """All sources behind one question."""

    def find(self, query: Query) -> Found:
        """Look up; never raises for what a network or a register can do, that is `failed`."""

    def waits(self, kind: str) -> bool:
        """Whether asking a source of this kind waits for somebody; several that do are asked at once, in threads."""

    def connected(self, kind: str, name: str) -> bool:
        """Whether there is a source for this at all; where there is none, its papers are brought from the beginning."""

    def resting(self) -> tuple[str, ...]:
        """What the sources are called that are left alone just now because they did not answer; for operators."""
