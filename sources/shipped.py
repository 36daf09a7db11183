"""Which source answers which question: those that the city has connected, and in demo and test the stand-ins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sources.connected import ALL, Connected
from sources.port import NOT_CONNECTED, Found, Query, Sources
from sources.stand_in import DataSharing, LicenceLibrary, Premises, records


class Switchboard:
    """Hands each question to the city's own source for it, else to the stand-in of its kind; where there is neither,
    it fails, it never misses."""

    def __init__(self, city: Sequence[Connected] = (), by_kind: Mapping[str, Sources] | None = None) -> None:
        self._city = sorted(city, key=lambda one: one.place.names is ALL)  # what is named goes before `all`
        self._by_kind = by_kind or {}

    def find(self, query: Query) -> Found:
        """The answer of the source for this."""
        source = self._source(query.kind, query.name)
        return source.find(query) if source else NOT_CONNECTED

    def waits(self, kind: str) -> bool:
        """Whether a source of this kind has to be waited for; where there is none, nobody is."""
        return any(one.place.kind == kind for one in self._city)

    def connected(self, kind: str, name: str) -> bool:
        """Whether there is a source for this."""
        source = self._source(kind, name)
        return source is not None and source.connected(kind, name)

    def resting(self) -> tuple[str, ...]:
        """The city's sources that are left alone just now."""
        return tuple(name for one in self._city for name in one.resting())

    def _source(self, kind: str, name: str) -> Sources | None:
        city = next((one for one in self._city if one.connected(kind, name)), None)
        return city or self._by_kind.get(kind)


NO_SOURCES = Switchboard()


def sources(demonstrates: bool, city: Sequence[Connected] = ()) -> Switchboard:
    """The sources of this installation; `demonstrates` connects the sample records of demo and test where the city has
    connected nothing."""
    if not demonstrates:
        return Switchboard(city)
    return Switchboard(city, {
        "licence": LicenceLibrary(records("licences")), "sharing": DataSharing(records("sharing")),
        "premises": Premises(records("premises")), "zone": Premises(records("premises"))})
