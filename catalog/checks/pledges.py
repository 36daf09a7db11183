"""Checks of pledges (告知承诺): what is promised is said, once for each statement, and when it is looked at."""

from __future__ import annotations

from collections.abc import Iterable

from catalog.checks.conditions import Scope, check_condition
from catalog.findings import Findings
from catalog.limits import BadLimit, parse_limit
from catalog.matter import Matter, Pledge
from catalog.model import Path
from catalog.reading import all_asks


def check_pledges(findings: Findings, bundle: str, matters: Iterable[Matter]) -> None:
    """One statement of a bundle says one thing: it is signed once and shown once, whoever takes it."""
    said: dict[str, tuple[str, str]] = {}
    for matter in matters:
        pledges = [ask.pledge for asks in all_asks(matter) for ask in asks.materials if ask.pledge is not None]
        for pledge in pledges:
            text, first = said.setdefault(pledge.form, (str(pledge.text), matter.id)) if pledge.text else ("", "")
            if pledge.text and text != pledge.text:
                says = (f"承诺书 {pledge.form} 在 {bundle} 里有两种内容(事项 {first} 和 {matter.id})，"
                        "申请人只看得到一种；内容不同的请各取一个编码")
                findings.say(("matters", matter.id), "pledge_says_two_things", says)


def check_pledge(findings: Findings, pledge: Pledge, path: Path, scope: Scope) -> None:
    """One pledge that stands at `path`."""
    check_condition(findings, (*path, "when"), pledge.when, scope)
    _later_check(findings, pledge.later_check, (*path, "later_check"))
    if not pledge.text:
        says = f"承诺书 {pledge.form} 没有写承诺内容，不知道承诺什么；请写 {{form: {pledge.form}, text: 我承诺…}}"
        findings.warn(path, "no_pledge_text", says)


def _later_check(findings: Findings, name: str | None, path: Path) -> None:
    if name and not name[:1].isdigit():
        findings.known(path, "事后核查的事项", name, findings.catalog.matters)
    elif name:
        try:
            parse_limit(name)
        except BadLimit as bad:
            findings.say(path, "bad_limit", f"事后核查的{bad}")
