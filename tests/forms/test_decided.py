"""What an author decides about a clash: it holds in the plan as in the check, and is read or refused."""

import pytest

from catalog.assemble import assemble
from catalog.check import check
from tests.forms.made import errors, good, kept, planned

FIELDS = ("k: {name: 种类, type: choice, options: {a: 甲类, b: 乙类, c: 丙类}}\n"
          "t: {name: 文字}\nn: {name: 数, type: integer, max: 500}\nd: {name: 日期, type: date}\n")
PAPERS = "A: {name: 甲证, sources: [self]}\nB: {name: 乙证, sources: [self]}\n"


def two(one, other, decisions=""):
    matters = "".join(f"m{index}: {{name: 事项{index}, department: one, limits: {{promised: 1wd}}, asks: "
                      f"{{fields: [pname, {field}], materials: [{paper}]}}}}\n"
                      for index, (field, paper) in enumerate((one, other), 1))
    return matters, f"matters: {{m1: {{}}, m2: {{}}}}\n{decisions}"


def on_field(one, other, decisions=""):
    return two((one, "A"), (other, "A"), decisions)


def on_paper(one, other, decisions=""):
    return two(("t", one), ("t", other), decisions)


def decision(about, attribute, value):
    return f"decisions: [{{{about}, attribute: {attribute}, value: {value}, because: 商定}}]"


def composed(texts):
    return planned(good(*texts, fields=FIELDS, materials=PAPERS))


def refused(texts):
    return errors(*texts, fields=FIELDS, materials=PAPERS)


def line(plan, code):
    return next(one for one in plan.fields if one.code == code)


OPTIONS = ("{k: {options: [a]}}", "{k: {options: [b]}}")


@pytest.mark.parametrize(("value", "left"), [
    ("a", "a"), ("'[b, a]'", "ab"), ("[b, a]", "ab"), ("a、c", "ac"), ("a b", "ab"),
])
def test_decided_options_are_taken_from_all_of_the_dictionary(value, left):
    plan = composed(on_field(*OPTIONS, decision("field: k", "options", value)))
    assert "".join(option.code for option in line(plan, "k").options) == left
    assert (line(plan, "k").won["options"], plan.problems) == ("decision", ())


@pytest.mark.parametrize(("one", "other", "settled", "warned"), [
    ("[a, b]", "[b, c]", "", 1), ("[b]", "[b]", "", 0), ("[b]", "[b, c]", "", 0),
    ("[a, b]", "[b, c]", decision("field: k", "options", "b"), 0),
])
def test_that_merging_leaves_one_option_is_said_unless_somebody_wanted_it_so(one, other, settled, warned):
    texts = on_field(f"{{k: {{options: {one}}}}}", f"{{k: {{options: {other}}}}}", settled)
    catalog = good(*texts, fields=FIELDS, materials=PAPERS)
    said = [found.code for found in check(catalog)]
    assert (said.count("one_option"), said.count("decision_unneeded")) == (warned, 0)


TYPES = ("{A: {spec: {file_types: [pdf]}}}", "{A: {spec: {file_types: [jpg]}}}")


@pytest.mark.parametrize(("value", "left"), [("pdf", ("pdf",)), ("pdf jpg", ("pdf", "jpg")), ("ofd", ("ofd",))])
def test_decided_file_types_are_those_of_the_paper(value, left):
    plan = composed(on_paper(*TYPES, decision("material: A", "file_types", value)))
    assert (plan.materials[0].spec.file_types, plan.problems) == (left, ())


def test_file_types_that_only_one_asker_and_not_the_dictionary_has_are_a_clash():
    texts = on_paper("{A: {spec: {file_types: [dwg]}}}", "A")
    [says] = refused(texts)
    assert says.startswith("材料 A 的文件类型交集为空：字典允许 {pdf, jpg, png}，事项1要求 {dwg}")
    decided = (texts[0], texts[1] + decision("material: A", "file_types", "dwg"))
    assert composed(decided).materials[0].spec.file_types == ("dwg",)


@pytest.mark.parametrize(("attribute", "value", "bounds"), [
    ("max_length", "50", (40, 50)), ("min_length", "10", (10, 30)), ("max_length", '"40"', (40, 40)),
])
def test_either_end_of_a_clash_may_be_decided(attribute, value, bounds):
    asks = ("{t: {max_length: 30}}", "{t: {min_length: 40}}")
    plan = composed(on_field(*asks, decision("field: t", attribute, value)))
    assert (line(plan, "t").min_length, line(plan, "t").max_length) == bounds
    assert plan.problems == ()


def test_a_decision_that_leaves_the_clash_settles_nothing():
    asks = ("{t: {max_length: 30}}", "{t: {min_length: 40}}")
    [says] = refused(on_field(*asks, decision("field: t", "max_length", "35")))
    assert says.startswith("字段 t 最长 30(matters.yaml:1)与最短 40(matters.yaml:2)无法同时满足")


def test_days_that_leave_no_day_between_them_are_a_clash_and_can_be_decided():
    asks = ("{d: {not_after: 2026-05-01}}", "{d: {not_before: 2026-06-01}}")
    [says] = refused(on_field(*asks))
    assert says.startswith("字段 d 最晚 2026-05-01(matters.yaml:1)与最早 2026-06-01(matters.yaml:2)无法同时满足")
    plan = composed(on_field(*asks, decision("field: d", "not_after", "2026-07-01")))
    assert (line(plan, "d").not_after, plan.problems) == ("2026-07-01", ())


@pytest.mark.parametrize(("about", "attribute", "value", "says"), [
    ("field: pnme", "max_length", "5", "字段或材料 pnme 不存在；是否想写 pname？"),
    ("field: t", "maxlength", "5", "裁定 t：字段的 maxlength 不能裁定；是否想写 max_length？"),
    ("field: t", "max_length", "三十", "裁定 t：裁定值 三十 不是整数；请写数字，例如 30"),
    ("field: n", "max", "三十", "裁定 n：裁定值 三十 不是数；请写数字，例如 30"),
    ("field: n", "max", "nan", "裁定 n：裁定值 nan 不是数"),
    ("field: n", "max", "-sNaN1", "裁定 n：裁定值 -sNaN1 不是数"),
    ("field: d", "not_after", "明天", "裁定 d：裁定值 明天 不是日期；请写 2026-01-31 这样的日期"),
    ("field: k", "options", "z", "裁定 k：裁定值 z 不是它的选项"),
    ("field: k", "options", "、", "裁定没有留下它的选项"),
    ("field: k", "type", "text", "裁定 k：字段的 type 不能裁定"), ("field: t", "options", "a", "裁定值 a 不是它的选项"),
    ("material: A", "file_types", "exe", "裁定 A：裁定值 exe 不是文件类型"),
    ("material: A", "copies", "2", "裁定 A：材料的 copies 不能裁定"),
])
def test_a_decision_that_cannot_be_read_is_refused_with_what_to_write(about, attribute, value, says):
    found = refused(on_field("t", "t", decision(about, attribute, value)))
    assert len(found) == 1 and says in found[0], found


def test_a_decision_about_nothing_is_still_noted():
    matters, bundle = on_field("t", "t", decision("field: t", "max_length", "5"))
    house = {"departments.yaml": "one: {name: 局, level: city}\n", "fields.yaml": f"pname: {{name: 姓名}}\n{FIELDS}",
             "materials.yaml": PAPERS, "matters.yaml": matters, "b.yaml": f"id: b\nname: 一件\n{bundle}\n"}
    found = check(assemble(house).catalog)
    assert "decision_unneeded" in {problem.code for problem in found if problem.level == "note"}


@pytest.mark.parametrize("other", [
    "{A: {spec: {file_types: [jpg]}}}", "{q: {any_of: [A, B], spec: {file_types: [jpg]}}}",
])
def test_one_of_several_papers_is_not_settled_by_one_that_no_file_can_be_for_both(other):
    plan = composed(on_paper("{p: {any_of: [A, B], spec: {file_types: [pdf]}}}", other))
    assert plan.problems == ()
    assert len(kept(plan)) == 2
