"""Where rules stand: a rule table becomes one rule per row, so that places in the file are not places in the list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from catalog.checks.conditions import Scope, check_condition
from catalog.conditions import names_in
from catalog.findings import Findings
from catalog.matter import Rule
from catalog.model import Catalog, Path


def check_rules(findings: Findings, rules: Sequence[Rule], path: Path, scope: Scope) -> None:
    """The conditions of all rules; what a table's cell gets wrong stands at its row, the rest at the rule."""
    for rule, own, row in _placed(findings.catalog, rules, path):
        check_condition(findings, (*own, "when"), rule.when, scope)
        named = all(scope.type_of(name) is not None for name in names_in(rule.need))
        check_condition(findings, row if row and named else (*own, "by" if row else "need"), rule.need, scope)


def _placed(catalog: Catalog, rules: Sequence[Rule], path: Path) -> Iterator[tuple[Rule, Path, Path | None]]:
    """Every rule with the place of what was authored and, of a table's, that of its row."""
    at = written = 0
    while at < len(rules):
        found = _table_from(catalog, rules[at:])
        for step in range(max(1, found[1])):
            row: Path | None = ("tables", found[0], "rows", step) if found[0] else None
            yield rules[at + step], (*path, written), row
        at, written = at + max(1, found[1]), written + 1


def _table_from(catalog: Catalog, rules: Sequence[Rule]) -> tuple[str, int]:
    """The table that the next rules are the rows of, and how many; "" and 0 for a rule that is written out."""
    for code, table in catalog.tables.items():
        said = [(row.get("rule", rules[0].id), row.get("says")) for row in table.rows]
        if said and all(says for _, says in said) and [(one.id, str(one.say)) for one in rules[:len(said)]] == said:
            return code, len(said)
    return "", 0
