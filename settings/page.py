"""docs/settings.md, made from the table so that it cannot lag."""

from __future__ import annotations

from settings.table import ELSEWHERE, SETTINGS


def settings_page() -> str:
    """docs/settings.md, made from the table so that it cannot lag."""
    lines = ["# Settings", "",
             "Environment variables. A misspelt one is refused at the start, like every value that cannot be used.",
             "This page is made from `settings/table.py` by `settings_page()`; a test fails when it lags.", "",
             "| variable | may be | default | 说明 | meaning |", "|---|---|---|---|---|"]
    for one in SETTINGS:
        shape = one.shape.replace("|", "\\|")
        lines.append(f"| `{one.name}` | {shape} | {f'`{one.default}`' if one.default else '–'} | {one.zh} | {one.en} |")
    lines += ["", "Read by one command alone:", "", "| variable | 说明 | meaning |", "|---|---|---|"]
    lines += [f"| `{name}` | {zh} | {en} |" for name, zh, en in ELSEWHERE]
    return "\n".join(lines) + "\n"
