"""Rows that stand for people: what they are called, in which of them a column is asked, what tells them apart."""

import pytest

from desk.applicants.asked import asked_form
from forms.compose import compose
from forms.schema import validate_form
from forms.split import leg_fields
from tests.bundles.shipped import CATALOG, TODAY
from tests.forms.authored import matter, planned, read, said, stopping, written

ASK = "situation: {crew: {ask: 有哪些人？}}\nmatters: {m1: {each: crew}, m2: {each: crew, when: crew.card}}\n"
CREW = """crew:
  name: 人员
  unit: person
  rows:
    nr: {name: 编号, required: yes}
    card: {name: 要领卡, type: yes_no, required: yes}
    called: {name: 姓名}
    number: {name: 号码, type: citizen_id, table: papers, sensitive: yes, purpose: 核对}
    permit: {name: 许可证号, unique: yes, max_length: 10}
    bank: {name: 银行}
  key: nr
  shown: called
  min: 1
"""
PAPERS = {"tables/papers.yaml": "papers:\n  name: 证件\n  columns: [code, name]\n  rows:\n"
          "    - {code: id_card, name: 居民身份证}\n    - {code: passport, name: 护照}\n"}
MATTERS = (
    matter("m1", "fields: [crew.nr, crew.called, crew.number, {crew.permit: {when: paper(crew.number) == passport}}]",
           ", rules: [{id: R-1, when: paper(crew.number) == id_card, need: born(crew.number) + 600mo > today, "
           "say: 满五十周岁, effect: block}]")
    + matter("m2", "fields: [crew.nr, crew.called, crew.bank]"))
TEXTS = {**written(MATTERS, ASK, CREW), **PAPERS}
TOLD = [{"nr": "1", "card": True}, {"nr": "2", "card": False}]
CARD_OF_1999, CARD_OF_1966 = "370202199911209947", "370202196604059930"


def form(first, second, **more):
    """What the form says of the two rows that the situation told: without what the situation said of them."""
    return {"crew": [{"called": "示例卯", "number": first, "bank": "示例银行", **more},
                     {"called": "示例辰", "number": second}]}


def test_the_definitions_are_right():
    assert said(TEXTS) == []


def test_a_leg_is_called_by_its_key_until_the_form_says_how_people_call_it():
    catalog = read(TEXTS)
    before = planned(catalog, {"crew": TOLD})
    after = planned(catalog, {"crew": TOLD}, form(CARD_OF_1999, CARD_OF_1999))
    assert [leg.instance_name for leg in before.legs] == [None, None, None]
    assert [leg.instance_name for leg in after.legs] == ["示例卯", "示例辰", "示例卯"]
    for plan in (before, after):
        titles = [leg.title for leg in plan.legs]
        assert titles == ["事项m1(1)", "事项m1(2)", "事项m2(1)"], "reasons, lists and departments are told the key"


def test_what_is_judged_of_one_row_is_known_from_the_form_where_the_situation_told_the_rows():
    catalog = read(TEXTS)
    assert ("undecided", "R-1", "crew.number") in stopping(planned(catalog, {"crew": TOLD}))
    assert stopping(planned(catalog, {"crew": TOLD}, form(CARD_OF_1999, CARD_OF_1999))) == []
    plan = planned(catalog, {"crew": TOLD}, form(CARD_OF_1999, CARD_OF_1966))
    assert [one.text for one in plan.problems] == ["第 2 人：满五十周岁"]


def test_a_column_is_asked_in_the_rows_whose_legs_want_it():
    plan = planned(read(TEXTS), {"crew": TOLD}, form(CARD_OF_1999, "passport:E00000001"))
    crew = next(line for line in plan.fields if line.code == "crew")
    assert {line.code: line.only for line in crew.inner} == {
        "crew.nr": None, "crew.called": None, "crew.number": None, "crew.permit": (1,), "crew.bank": (0,)}
    given = form(CARD_OF_1999, "passport:E00000001", permit="许可1号")
    assert validate_form(plan, given, {}).errors == {"crew": {"1": {"permit": ["必填，请填写"]}}}
    assert validate_form(plan, given, {}, partial=True).missing == ("crew",)
    given["crew"][1]["permit"] = "许可1号"
    right = validate_form(plan, given, {})
    assert (right.errors, right.missing) == ({}, ())
    assert [row.get("permit") for row in right.clean["crew"]] == [None, "许可1号"], "nobody asks the first row"
    given["crew"][0]["permit"] = "先写过后来看不见的，比能写的还长"
    assert validate_form(plan, given, {}) == right, "what nobody sees is not judged"
    assert asked_form(plan, given)["crew"] == [
        {"called": "示例卯", "number": CARD_OF_1999, "bank": "示例银行"},
        {"called": "示例辰", "number": "passport:E00000001", "permit": "许可1号"}], "and decides nothing in a draft"
    assert [row.get("bank") for row in right.clean["crew"]] == ["示例银行", None]
    assert leg_fields(plan, "01.1", right.clean)["crew"] == [
        {"nr": "1", "called": "示例卯", "number": CARD_OF_1999, "number_paper": "id_card"}]


def test_rows_that_no_form_could_tell_apart_are_refused():
    without = {**TEXTS, "matters.yaml": TEXTS["matters.yaml"].replace("[crew.nr, ", "[")}
    assert said(without) == [
        "b.yaml:4: “人员”的各行靠 nr 区分，却没有事项要它，填表时没有这一格；请让一个事项也要 crew.nr"]


@pytest.mark.parametrize(("shown", "says"), [
    ("name", "fields.yaml:14: 称呼字段 name 不存在"),
    ("number", "fields.yaml:14: 称呼字段 number 会写在进度和消息里，不能是敏感字段；请写姓名、名称这样的字段"),
])
def test_rows_are_called_by_a_column_that_may_be_seen(shown, says):
    wrong = {**TEXTS, "fields.yaml": TEXTS["fields.yaml"].replace("shown: called", f"shown: {shown}")}
    assert [one for one in said(wrong) if one.startswith(says)]


def test_a_late_hiring_is_filed_with_a_word_and_a_child_is_not():
    said_of_all = {"employees": [{"staff_no": "A01", "card_wanted": False, "archive_in": False}], "filer": "legal_rep"}

    def told(number, day):
        row = {"full_name": "示例卯", "id_number": number, "hired_on": day, "contract_kind": "open"}
        plan = compose(CATALOG, "hiring", said_of_all, today=TODAY, form={"employees": [row]})
        return [(one.level, one.rule) for one in plan.problems if one.rule.startswith("YG")]

    assert told(CARD_OF_1999, TODAY.isoformat()) == []
    assert told(CARD_OF_1999, "2025-01-05") == [("warn", "YG-1")]
    assert told("370202201201019946", TODAY.isoformat()) == [("block", "YG-2")]


def hired(*numbers, **more):
    """What is told of employees, one for each number, and what the form says of them."""
    told = [{"staff_no": str(at), "card_wanted": False, "archive_in": False} for at in range(len(numbers))]
    rows = [{"full_name": "示例卯", "id_number": number, **more} for number in numbers]
    return {"employees": told, "filer": "legal_rep"}, {"employees": rows}


def test_two_people_have_two_numbers_however_one_is_typed_and_whatever_else_is_wrong():
    told, filled = hired("11010519491231002X", CARD_OF_1999, CARD_OF_1966, "１１０１０５ 19491231 002x")
    filled["employees"][3]["mobile"] = "1"
    plan = compose(CATALOG, "hiring", told, today=TODAY, form=filled)
    wrong = validate_form(plan, filled, CATALOG.regions, partial=True).errors["employees"]
    assert wrong.keys() == {"3"}
    assert wrong["3"]["id_number"] == ["证件号码与第 1 人相同，每人必须不同"]
    assert "电话号码不对" in wrong["3"]["mobile"][0]
    whole = [{**known, **row} for known, row in zip(told["employees"], filled["employees"], strict=True)]
    del whole[3]["mobile"]
    plan = compose(CATALOG, "hiring", {**told, "employees": whole}, today=TODAY)
    assert [one.text for one in plan.problems if one.level == "block"] == [
        "“这次录用了哪些员工”：第 4 人：证件号码与第 1 人相同，每人必须不同"]


def test_a_column_is_asked_on_while_another_cell_of_the_rows_is_wrong():
    told, filled = hired(CARD_OF_1999, CARD_OF_1966, contract_kind="fixed", mobile="1")
    plan = compose(CATALOG, "hiring", told, today=TODAY, form=filled)
    crew = next(line for line in plan.fields if line.code == "employees")
    assert "employees.contract_until" in {column.code for column in crew.inner}


def test_unique_is_said_of_a_column_alone():
    wrong = {**TEXTS, "fields.yaml": TEXTS["fields.yaml"] + "alone: {name: 单独, unique: yes}\n"}
    assert [one for one in said(wrong) if "unique 只用于分组里的栏" in one]


def test_what_rows_lack_is_counted_by_their_cells_whatever_is_wrong_with_others():
    told, filled = hired(CARD_OF_1999, CARD_OF_1966)
    plan = compose(CATALOG, "hiring", told, today=TODAY, form=filled)

    def lacks(**changes):
        rows = [{**filled["employees"][0], **changes}, filled["employees"][1]]
        return validate_form(plan, {"employees": rows}, CATALOG.regions, partial=True).lacking["employees"]

    whole = lacks()
    assert whole > 8
    assert [lacks(mobile="1"), lacks(mobile="13800000001"), lacks(full_name=""), lacks(mobile="1", full_name="")] == [
        whole - 1, whole - 1, whole + 1, whole]


LIST = """tools:
  name: 工具
  rows:
    nr: {name: 编号, required: yes}
    amount: {name: 件数, type: integer, required: yes, default: "1"}
    owner: {name: 谁的, required: yes}
  key: nr
"""


def test_a_blank_cell_says_what_its_column_says_by_default():
    texts = written(matter("m1", "fields: [tools]", ", rules: [{id: R-1, need: sum(tools.amount) < 3, say: 太多, "
                                                     "effect: block}]"), "matters: {m1: {}}\n", LIST)
    assert said(texts) == []
    filled = {"tools": [{"nr": "a", "owner": "甲"}, {"nr": "b", "owner": "甲", "amount": "2"}]}
    plan = planned(read(texts), {}, filled)
    whole = validate_form(plan, filled, {})
    assert ([row["amount"] for row in whole.clean["tools"]], whole.lacking) == ([1, 2], {})
    assert stopping(plan) == [("block", "R-1", "m1")], "one and two are three"
    told = written(matter("m1", "fields: [tools]"), "situation: {tools: {ask: 哪些？}}\nmatters: {m1: {}}\n", LIST)
    plan = planned(read(told), {"tools": [{"nr": "a"}]})
    assert validate_form(plan, {"tools": [{"amount": 5, "owner": "甲"}]}, {}).errors == {}, "the question did not say 1"


@pytest.mark.parametrize(("needed", "rows", "lacking", "errors"), [
    ("no", None, {}, {}), ("no", [], {}, {}),
    ("no", [{"nr": "a"}], {"tools": 1}, {"tools": {"0": {"owner": ["必填，请填写"]}}}),
    ("yes", [], {"tools": 2}, {"tools": ["必填，请填写"]}), ("yes", None, {"tools": 2}, {"tools": ["必填，请填写"]}),
])
def test_a_draft_lacks_of_rows_what_filing_would_refuse(needed, rows, lacking, errors):
    texts = written(matter("m1", f"fields: [pname, {{tools: {{required: {needed}}}}}]"), "matters: {m1: {}}\n", LIST)
    plan, filled = planned(read(texts), {}), {"pname": "甲", **({} if rows is None else {"tools": rows})}
    assert validate_form(plan, filled, {}, partial=True).lacking == lacking
    assert validate_form(plan, filled, {}).errors == errors


def test_that_there_is_no_row_at_all_a_question_can_be_told():
    bundle = "situation: {tools: {ask: 哪些？}}\nmatters: {m1: {}}\n"
    texts = written(matter("m1", "fields: [pname, tools]"), bundle, LIST)
    found = validate_form(planned(read(texts), {"tools": []}), {"pname": "甲"}, {})
    assert (found.errors, found.lacking) == ({}, {})
