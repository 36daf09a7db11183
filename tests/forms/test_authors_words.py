"""What the language promises to authors: flows, rule tables, periods, examples that must be refused, open figures."""

from __future__ import annotations

from datetime import date

import pytest

from catalog.assemble import assemble
from catalog.report import found_in
from forms.compose import compose
from forms.trials.explore import explore
from tests.forms.authored import TODAY, matter, written

GIVER = matter("x", "fields: [pid]", ", gives: {materials: [PR01], fields: [code]}")
ASKER = matter("y", "fields: [pid, code], materials: [PR01]")
FLOW = "situation: {new: {ask: 新办吗？, yes_no: yes}}\nfigures: {new: yes}\n"
CODE = "code: {name: 代码}\n"
LINE = "x: {feeds: [code, PR01]}，要原有那一份的写 {PR01: {itself: yes}}"


def says(texts: dict[str, str], today: date | None = None) -> list[str]:
    """Everything that `flask check` would say of small definitions, without what nobody uses."""
    loaded = assemble(texts)
    found = found_in(loaded, today)
    found += [] if any(one.level == "error" for one in found) else explore(loaded.catalog, "b", TODAY)
    return [str(one) for one in found if one.code != "unused"]


@pytest.mark.parametrize(("entries", "told"), [
    ("groups: {g: {one_of: [x, y]}}\nmatters: {x: {when: new}, y: {when: not new}}", None),
    ("matters: {x: {when: new}, y: {when: not new}}", None),
    ("matters: {x: {when: kind == a}, y: {when: kind == b and not new}}", None),
    ("matters: {x: {}, y: {after: {x: {feeds: [PR01, code]}}}}", None),
    ("matters: {x: {}, y: {after: {x: {feeds: [PR01]}}}}", "办得出的 code；请在 after 里写 x: {feeds: [PR01, code]}"),
    ("matters: {x: {}, y: {after: x}}", f"的 code、PR01；请在 after 里写 {LINE}"),
    ("matters: {x: {}, z: {after: x}, y: {after: z}}", f"请在 after 里写 {LINE}"),
    ("matters: {x: {}, y: {}}", "又被 y 要求，两者之间没有先后关系；请写 feeds：after: {x: {feeds: [code]}}"
                                "；两者不会同时办的，在两边的 when 里写上相反的条件"),
])
def test_what_an_earlier_matter_gives_needs_a_way_to_whom_it_is_asked_of(entries: str, told: str | None) -> None:
    questions = FLOW.replace("yes_no: yes}}", "yes_no: yes}, kind: {ask: 哪种？, one: {a: 甲, b: 乙}}}")
    texts = written(GIVER + ASKER + matter("z", "fields: [pid]"), f"{questions}{entries}\n", CODE)
    found = [line for line in says(texts) if "产出又被" in line or "才办得出" in line]
    assert (any(line.endswith(told) for line in found) if told else not found), found


def test_a_repeated_group_is_not_fed_as_a_whole() -> None:
    rows = "found: {name: 名单, rows: {nr: {name: 序号, required: yes}}, key: nr, min: 1}\n"
    texts = written(matter("x", "fields: [pid]", ", gives: [found]") + matter("y", "fields: [pid, found]"),
                    f"{FLOW}matters: {{x: {{}}, y: {{after: {{x: {{feeds: [found]}}}}}}}}\n", rows)
    assert says(texts) == ["b.yaml:5: feeds 写了 found，它是一张多行表，不能整张传给后面的事项；"
                           "请让 x 出一份材料来传，或者只传单个字段"]


@pytest.mark.parametrize("answer", ["350000", "大", "40万元"])
def test_a_refused_public_answer_is_said_where_questions_hang_on_it(answer: str) -> None:
    """It ended the check with a Python error before."""
    bundle = ("situation: {area: {ask: 多大？, number: {min: 1, max: 1000}}, big: {ask: 大吗？, yes_no: yes, "
              f"when: area > 300}}}}\nmatters: {{x: {{}}}}\nfigures: {{area: {answer}}}\n")
    assert any("area 的回答不对" in line for line in says(written(matter("x", "fields: [pid]"), bundle)))


@pytest.mark.parametrize(("row", "told"), [
    ("fumes: yes, area: 50", []),
    ("fumes: 是, area: 50", []),
    ("fumes: mabye, area: 50", ["tables.yaml:5: 选项 mabye 不在问题 fumes 的选项中(yes、no)"]),
])
def test_a_rule_table_knows_yes_numbers_and_its_rows(row: str, told: list[str]) -> None:
    bundle = ("situation: {fumes: {ask: 有油烟吗？, yes_no: yes}, area: {ask: 多大？, number: yes}}\nrules:\n"
              "  - {id: T, table: places, by: {fumes: fumes, area: area}, effect: block}\n"
              "  - {id: R, need: area > 0, say: 面积要大于零, effect: block}\nmatters: {x: {}}\n"
              "figures: {fumes: no, area: 1}\n")
    texts = written(matter("x", "fields: [pid]"), bundle)
    texts["tables.yaml"] = ("places:\n  name: 禁设\n  columns: [fumes, area]\n  rows:\n"
                            f"    - {{{row}, rule: ZD-1, says: 这里不能开}}\n")
    assert says(texts) == told
    if not told:
        plan = compose(assemble(texts).catalog, "b", {"fumes": True, "area": 50}, today=TODAY)
        assert [(one.rule, one.level) for one in plan.problems if one.level == "block"] == [("ZD-1", "block")]


WINDOW = "window: season\nmatters: {x: {}}\n"


@pytest.mark.parametrize(("today", "told"), [
    (date(2026, 2, 28), "还没有开始受理；办理期是 2026-03-01 至 2026-04-30，每天 09:00-17:00"),
    (date(2026, 3, 1), None), (date(2026, 4, 30), None), (date(2026, 5, 1), "这一期已经结束受理"),
])
def test_a_plan_outside_its_period_is_stopped(today: date, told: str | None) -> None:
    texts = written(matter("x", "fields: [pid]"), WINDOW)
    texts["windows.yaml"] = "season: {from: 2026-03-01, to: 2026-04-30, hours: 09:00-17:00}\n"
    stops = [one.text for one in compose(assemble(texts).catalog, "b", {}, today=today).problems]
    assert stops == [] if told is None else stops[0].startswith(told)
    over = [line for line in says(texts, today) if "已经结束，b 现在谁也不能提交" in line]
    assert bool(over) == (today > date(2026, 4, 30))


@pytest.mark.parametrize(("example", "told"), [
    ("given: {new: yes}, blocked_by: [R-1]", []),
    ("given: {new: no}, blocked_by: [R-2]", ["应当被规则 R-2 挡住，算出来没有；是否想写 R-1？可用：R-1"]),
    ("given: {new: yes}, matters: [x]", ["被规则 R-1 挡住，不能提交；本该这样就写 blocked_by: [R-1]"]),
    ("given: {new: no, y: yes}", ["y 是由申请人勾选的事项，不是问题；勾选的写在一起：chosen: [y]"]),
    ("given: {new: no, chosen: [y]}, matters: [x, y]", []),
])
def test_an_example_says_which_rules_refuse_it_and_what_is_ticked(example: str, told: list[str]) -> None:
    bundle = (FLOW.replace("new: yes}", "new: no}") +
              "rules: [{id: R-1, need: not new, say: 新办请到窗口, effect: block}]\n"
              f"matters: {{x: {{}}, y: {{optional: yes}}}}\nexamples: [{{{example}}}]\n")
    found = says(written(matter("x", "fields: [pid]") + matter("y", "fields: [pid]"), bundle))
    assert len(found) == len(told)
    assert all(piece in line for piece, line in zip(told, found, strict=True)), found


def test_figures_that_leave_a_paper_open_are_said() -> None:
    papers = "materials: [{PR01: {when: many == 2}}], fields: [pid, many]"
    many = "many: {name: 人数, type: integer, min: 1}\n"
    texts = written(matter("x", papers), "situation: {new: {ask: 新办吗？, yes_no: yes}}\nmatters: {x: {}}\n"
                    "figures: {new: yes}\n", many)
    assert [line for line in says(texts) if "没有算进公布的份数；请在 figures 里把 many 也答上" in line]
    answered = {**texts, "b.yaml": texts["b.yaml"].replace("figures: {new: yes}", "figures: {new: yes, many: 2}")}
    assert says(answered) == []
