"""Two codes with one Chinese name: things merge only by code, so the author may have written one thing twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from catalog.bundle import Bundle
from catalog.checks.bundles import known_matters
from catalog.findings import Findings
from catalog.text import Text

KINDS = {"departments": "部门", "fields": "字段", "materials": "材料", "licences": "证照", "matters": "事项",
         "bundles": "一件事"}


class _Named(Protocol):
    """Anything that is shown by a name."""

    @property
    def name(self) -> Text: ...


def check_names(findings: Findings) -> None:
    """A note for every later code whose name an earlier one of its kind has, and rules that share a number."""
    for kind, word in KINDS.items():
        _twins(findings, kind, word, getattr(findings.catalog, kind).items())
    for bundle in findings.catalog.bundles.values():
        _rules(findings, bundle)


def _twins(findings: Findings, kind: str, word: str, known: Iterable[tuple[str, _Named]]) -> None:
    seen: dict[str, str] = {}
    for code, one in known:
        if "." in code or not one.name.strip():
            continue
        other = seen.setdefault(one.name.strip(), code)
        if other != code:
            says = f"{word} {code} 和 {other} 的名称都是「{one.name}」；是同一个就只留一个编码，不是就把名称写清楚"
            findings.note((kind, code), "same_name", says)


def _rules(findings: Findings, bundle: Bundle) -> None:
    """One number for rules of two writers leaves open which of them stopped the applicant."""
    seen = {rule.id: f"一件事 {bundle.id}" for rule in bundle.rules}
    for _, matter in known_matters(findings.catalog, bundle):
        own = f"事项 {matter.id}"
        for index, rule in enumerate(matter.rules):
            other = seen.setdefault(rule.id, own)
            if other != own:
                says = f"规则编号 {rule.id} 在{other}里也有，提示时分不清是哪一条；请改一个"
                findings.warn(("matters", matter.id, "rules", index), "same_rule", says)
