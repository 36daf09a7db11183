"""Who may file is offered: not whom a rule of the bundle would refuse, wherever that rule names who files."""

from __future__ import annotations

import pytest

from tests.forms.authored import PERSON, matter, planned, read, written

ASK = "situation:\n  entrusted: {ask: 有委托书吗？, yes_no: yes}\n"


@pytest.mark.parametrize(("rule", "entrusted", "offered"), [
    ("need: filer == self or entrusted", False, ["self"]),
    ("need: filer == self or entrusted", True, ["self", "agent"]),
    ("when: filer == agent, need: entrusted", False, ["self"]),
    ("when: filer == agent, need: entrusted", True, ["self", "agent"]),
    ("when: not entrusted, need: filer == self", False, ["self"]),
])
def test_nobody_is_offered_whom_a_rule_would_refuse(rule: str, entrusted: bool, offered: list[str]) -> None:
    rules = f"rules:\n  - {{id: R-1, {rule}, say: 不行, effect: block}}\n"
    catalog = read(written(matter("m", "fields: [pid, pname]"), f"{ASK}{rules}matters: {{m: {{}}}}\n", PERSON))
    questions = {one.id: one for one in planned(catalog, {"entrusted": entrusted}).questions}
    assert [option.code for option in questions["filer"].options] == offered
