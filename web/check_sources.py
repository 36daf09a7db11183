"""What is wrong with the list of sources, and what nobody has connected, for the start and for `flask check` alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches

from catalog.model import Catalog
from catalog.reading import looked_up_in
from catalog.text import Place, Problem
from settings.values import Settings
from sources.entry import EVERY
from sources.file import SourceList, read_sources
from sources.port import Sources

MOST_NAMED = 6


def sources_of(settings: Settings, environ: Mapping[str, str]) -> SourceList:
    """The list of sources that the settings name; an empty one where they name none."""
    return SourceList() if settings.sources is None else read_sources(settings.sources, environ)


def check_sources(settings: Settings, catalog: Catalog, listed: SourceList, sources: Sources) -> list[Problem]:
    """Everything wrong with the list of sources, by itself and beside the definitions, and what nobody has connected.

    It is called as the setting names it. What is not connected keeps nobody from starting.
    """
    def at(line: int) -> Place:
        return Place(str(settings.sources or settings.departments), line)

    catalog = replace(catalog, offered=settings.offered)
    own = [Problem(at(one.line), one.code, one.message, one.level) for one in listed.problems]
    if not catalog.bundles or any(one.level == "error" for one in own):
        return own
    own += [Problem(at(line), "unused_source", says, "warning") for line, says in _unused(catalog, listed)]
    missing = unconnected(catalog, sources)
    return own + ([Problem(at(1), "unconnected", missing, "warning")] if missing else [])


def unconnected(catalog: Catalog, sources: Sources) -> str:
    """What the bundles of this place count on being looked up and nobody has connected, in a sentence; nothing where
    all is."""
    here = replace(catalog, bundles={bundle.id: bundle for bundle in catalog.on_offer})
    missing = [(kind, name) for kind, name in looked_up_in(here) if not sources.connected(kind, name)]
    if not missing:
        return ""
    many = [f"{kind} {count} 个" for kind, count in Counter(kind for kind, _ in missing).items()]
    named = [f"{kind} {name}" for kind, name in missing] if len(missing) <= MOST_NAMED else many
    return f"证照和数据来源没有接通(YJS_SOURCES)，相关材料要办事人自己上传：{'、'.join(named)}"


def _unused(catalog: Catalog, listed: SourceList) -> Iterator[tuple[int, str]]:
    """Names that no bundle looks up, most likely misspelt."""
    wanted = looked_up_in(catalog)
    for one in listed.named:
        names = [name for kind, name in wanted if kind == one.kind]
        if one.name not in {*names, EVERY}:
            near = get_close_matches(one.name, names, 1)
            meant = f"是不是 {near[0]}？" if near else "可以删去"
            yield one.line, f"{one.source}：没有一件事要查 {one.kind} 的 {one.name}；{meant}"
