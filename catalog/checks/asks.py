"""Checks of how asks are written: bounds that mean something, what an ask for one of several papers is called,
columns that are asked no oftener than their table."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.checks.dictionary import check_bound_types
from catalog.findings import Findings
from catalog.matter import Asks, MaterialAsk, Matter
from catalog.model import Path


def check_asks(findings: Findings) -> None:
    """Every ask of every matter, with those that a bundle words anew."""
    fields = findings.catalog.fields
    for path, asks in _everything(findings):
        for ask in asks.fields:
            if ask.code in fields:
                check_bound_types(findings, fields[ask.code], ask, (*path, "fields", ask.code))
        for one in asks.materials:
            _name(findings, one, (*path, "materials", one.key))
        _columns(findings, asks, path)


def _columns(findings: Findings, asks: Asks, path: Path) -> None:
    """A column asked always brings its table back where the table itself is not asked."""
    sometimes = {ask.code for ask in asks.fields if ask.when is not None}
    for ask in asks.fields:
        group = ask.code.rpartition(".")[0]
        if ask.when is None and group in sometimes:
            says = f"{group} 写了 when，它的列 {ask.code} 没有写，别的情形下仍会问这张表；请在列上也写同样的 when"
            findings.warn((*path, "fields", ask.code), "column_always", says)


def _everything(findings: Findings) -> Iterator[tuple[Path, Asks]]:
    for ident, matter in findings.catalog.matters.items():
        yield from _of(matter, ("matters", ident))
    for bundle in findings.catalog.bundles.values():
        for ident, matter in bundle.own_matters.items():
            yield from _of(matter, ("bundles", bundle.id, "matters", ident))


def _of(matter: Matter, path: Path) -> Iterator[tuple[Path, Asks]]:
    yield (*path, "asks"), matter.asks
    for variant in matter.variants:
        if variant.asks is not None:
            yield (*path, "variants", variant.id, "asks"), variant.asks


def _name(findings: Findings, ask: MaterialAsk, path: Path) -> None:
    """A name that is a code would say of one paper what is meant of several."""
    if ask.any_of and ask.kind in findings.catalog.materials:
        says = f"{ask.kind} 是一种材料的编码，不能又作任选一种的名称；请另取名称，例如 {ask.kind}_any: {{any_of: …}}"
        findings.say(path, "any_of_name", says)
