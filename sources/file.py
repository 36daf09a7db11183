"""The file of sources (YJS_SOURCES): which systems of the city answer look-ups, how each is asked and how it is read.

One entry for each system::

    hosts: {library: https://elc.example.gov.cn}
    sources:
      licence-library: {kind: licence, names: all, name: 市电子证照库, host: library, path: /lookups,
                        secrets: ["file:library.secret"], deadline: 3}

Secrets are references, as in the list of departments: `file:PATH` (relative to YJS_SECRETS, else to this file's folder)
or `env:NAME`. Every fault is listed with file and line; a source with a fault is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from connectors.base import Body
from connectors.deployment import DeploymentProblem, ListReader
from connectors.endpoint import Around, merged
from connectors.lined_yaml import BadYaml, Lined, read_lined
from sources.connected import Place
from sources.entry import SourceEntry


@dataclass(frozen=True, slots=True)
class Named:
    """One of our names (or `all`) as a source's entry lists it, with its line."""

    kind: str
    name: str
    source: str
    line: int


@dataclass(frozen=True, slots=True)
class SourceList:
    """Every usable source, what is wrong with the file, the names as they are listed, and the line of each entry."""

    places: tuple[Place, ...] = ()
    problems: tuple[DeploymentProblem, ...] = ()
    named: tuple[Named, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)

    @property
    def bodies(self) -> tuple[Body, ...]:
        """The systems, as connections know them."""
        return tuple(one.body for one in self.places)


def read_sources(path: Path, environ: Mapping[str, str]) -> SourceList:
    """Read the file; never raises for what an operator wrote, every fault is in `problems`."""
    try:
        top = read_lined(path)
    except BadYaml as error:
        return SourceList(problems=(DeploymentProblem(path.name, error.line, "unreadable", str(error)),))
    return _Reader(path, environ).read(top)


class _Reader(ListReader):
    """Reads a list of sources."""

    sections, empty = ("hosts", "defaults", "sources"), "请为每个答复查询的系统写一段"

    def read(self, top: Lined) -> SourceList:
        hosts, defaults, listed = self.parts(top)
        if listed is None:
            return SourceList(problems=tuple(sorted(self.problems)))
        around = Around(hosts, self.environ, self.folder)
        places, named = list[Place](), list[Named]()
        for name, given in listed.value.items():
            entry = SourceEntry(name, merged(defaults, given), listed.lines[name], around)
            place = entry.place()
            for fault in entry.faults:
                self.wrong(fault.line, fault.code, f"{name}：{fault}", fault.level)
            if place is not None:
                places.append(place)
                named += [Named(place.kind, one, name, line) for one, line in entry.names_at.items()]
        self.twice(named)
        return SourceList(tuple(places), tuple(sorted(set(self.problems))), tuple(named), listed.lines)

    def twice(self, named: list[Named]) -> None:
        """Two that would both be asked for one name, or for all of one kind; a name beside an `all` is an exception to
        that."""
        seen: dict[tuple[str, str], str] = {}
        for one in named:
            other = seen.setdefault((one.kind, one.name), one.source)
            if other != one.source:
                says = f"{one.source} 与 {other} 都答复 {one.kind} 的 {one.name}，无法决定问谁"
                self.wrong(one.line, "same_name", says)
