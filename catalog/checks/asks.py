"""Checks of how asks are written: bounds that mean something, what an ask for one of several papers is called, columns
that are asked no oftener than their table, rows that can be told apart."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.bundle import Bundle
from catalog.checks.dictionary import check_bound_types
from catalog.findings import Findings
from catalog.matter import Asks, MaterialAsk, Matter
from catalog.model import Path
from catalog.reading import fields_asked


def check_asks(findings: Findings) -> None:
    """Every ask of every matter, with those that a bundle words anew; and the rows that a bundle's form asks."""
    fields = findings.catalog.fields
    for path, asks in _everything(findings):
        for ask in asks.fields:
            if ask.code in fields:
                check_bound_types(findings, fields[ask.code], ask, (*path, "fields", ask.code))
        for one in asks.materials:
            _name(findings, one, (*path, "materials", one.key))
        _columns(findings, asks, path)
    for bundle in findings.catalog.bundles.values():
        _keys(findings, bundle)


def _columns(findings: Findings, asks: Asks, path: Path) -> None:
    """A column asked always brings its table back where the table itself is not asked."""
    sometimes = {ask.code for ask in asks.fields if ask.when is not None}
    for ask in asks.fields:
        group = ask.code.rpartition(".")[0]
        if ask.when is None and group in sometimes:
            says = f"{group} 写了 when，它的列 {ask.code} 没有写，别的情形下仍会问这张表；请在列上也写同样的 when"
            findings.warn((*path, "fields", ask.code), "column_always", says)


def _keys(findings: Findings, bundle: Bundle) -> None:
    """Rows are told apart by their key on the form too: a form without it cannot be filled in."""
    fields = findings.catalog.fields
    asked = {code for entry in bundle.entries if entry.matter in findings.catalog.matters
             for code in fields_asked(findings.catalog.matter_of(bundle, entry.matter))}
    for group in sorted({code.partition(".")[0] for code in asked if "." in code} - asked):
        key = fields[group].key if group in fields else None
        if key is not None and f"{group}.{key}" not in asked:
            says = f"“{fields[group].name}”的各行靠 {key} 区分，却没有事项要它，填表时没有这一格；"
            says += f"请让一个事项也要 {group}.{key}"
            findings.say(("bundles", bundle.id, "matters"), "key_not_asked", says)


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
