"""Which source answers which kind of question: the stand-ins in demo and test, none in production until connected."""

from __future__ import annotations

from collections.abc import Mapping

from sources.port import Found, Query, Sources
from sources.stand_in import DataSharing, LicenceLibrary, Premises, records

_NOT_CONNECTED = Found("failed", why="这个来源还没有接入，请自行上传")


class Switchboard:
    """Hands each question to the source of its kind; a kind without a source fails, it never misses."""

    def __init__(self, by_kind: Mapping[str, Sources]) -> None:
        self._by_kind = by_kind

    def find(self, query: Query) -> Found:
        """The answer of the source for `query.kind`."""
        source = self._by_kind.get(query.kind)
        return source.find(query) if source else _NOT_CONNECTED

    def waits(self, kind: str) -> bool:
        """As the source of this kind says; where there is none, nobody is waited for."""
        source = self._by_kind.get(kind)
        return source is not None and source.waits(kind)


def sources(demonstrates: bool) -> Sources:
    """The sources of this installation; `demonstrates` connects the sample records of demo and test."""
    if not demonstrates:
        return Switchboard({})
    return Switchboard({
        "licence": LicenceLibrary(records("licences")), "sharing": DataSharing(records("sharing")),
        "premises": Premises(records("premises")), "zone": Premises(records("premises"))})
