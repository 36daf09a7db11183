"""Tables over the condition language: reading, three values, options, types."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from catalog.answers import AnswerType
from catalog.checks.conditions import Scope, check_condition
from catalog.conditions import BadCondition, names_in, parse_condition, resolve
from catalog.evaluate import EMPTY, holds
from catalog.findings import Findings
from catalog.limits import BadLimit, parse_limit
from catalog.model import Catalog

TODAY = date(2026, 8, 31)
ANSWERS: dict[str, Any] = {
    "line": True, "local": False, "length": Decimal(250), "zero": Decimal(0), "services": ("water", "gas"),
    "kind": "age", "none": (), "done": date(2026, 5, 31), "born": datetime.fromisoformat("2026-08-31T09:30"),
    "gone": EMPTY,
    "rows": ({"vin": "a", "seats": Decimal(5)}, {"vin": "b", "seats": Decimal("2.5")}),
    "leap": date(2020, 2, 29),
    "half": ({"seats": Decimal(5)}, {}), "name": "and", "外线": True, "vehicles.mass": Decimal(5000),
    "holder": "Wang Xiao", "account": "ＷＡＮＧ  XIAO", "names": ({"of": "阿依·古丽"}, {}), "aygul": "阿依•古丽",
    "child": "37020220200301994X", "odd": "37020220209901994X", "heirs.id": "370202196604059930",
}


@pytest.mark.parametrize(("text", "expected"), [
    ("line", True), ("local", False), ("not local", True), ("not not line", True), ("unknown", None),
    ("line and local", False), ("line and unknown", None), ("local and unknown", False),
    ("line or unknown", True), ("local or unknown", None), ("not unknown", None),
    ("line or local and unknown", True), ("(line or local) and unknown", None),
    ("length > 200", True), ("length >= 250.0", True), ("length < 250", False), ("length != 250", False),
    ("length == 250", True), ("zero > 0", False), ("zero <= -0.5", False), ("length > unknown", None),
    ("'water' in services", True), ("\"heat\" in services", False), ("'heat' not in services", True),
    ("not 'heat' in services", True), ("'x' in none", False), ("'x' in unknown", None),
    ("count(rows) == 2", True), ("count(services) >= 3", False), ("count(none) == 0", True), ("count(gone) == 0",
    False),
    ("sum(rows.seats) == 7.5", True), ("sum(none.seats) == 0", True), ("sum(gone.seats) == 0", False),
    ("sum(half.seats) > 1", None), ("sum(unknown.seats) > 1", None), ("sum > 1", None),
    # among what all rows say in a column, and the year of a day
    ("'b' in all(rows.vin)", True), ("'c' in all(rows.vin)", False), ("'a' in all(none.vin)", False),
    ("'a' in all(half.vin)", None), ("'a' in all(gone.vin)", False), ("unknown in all(rows.vin)", None),
    ("holder in all(names.of)", None), ("aygul in all(names.of)", True), ("aygul not in all(names.of)", False),
    # two texts that people filled in are compared as they mean them, one that the author wrote as it is written
    ("holder == account", True), ("account != holder", False), ("holder == aygul", False),
    ("holder == 'wang xiao'", False),
    ("year(done) == 2026", True), ("year(born) > 2026", False), ("year(done + 12mo) == 2027", True),
    ("year(born(child) + 180mo) <= 2035", True), ("year(gone) == 2026", False), ("year(unknown) == 2026", None),
    ("count(unknown) > 0", None), ("kind == 'age'", True), ("kind != 'age'", False), ("name == 'and'", True),
    ("done + 3mo <= today", True), ("done + 3mo == 2026-08-31", True), ("done + 93nd > today", True),
    ("done - 3mo == 2026-02-28", True), ("today > 2026-01-01", True), ("born == today", True),
    ("born + 12mo > today", True), ("gone + 3mo <= today", False), ("unknown + 3mo <= today", None),
    ("外线", True), ("vehicles.mass > 4500", True),
    # a day of the year is of the year of filing
    ("today == 08-31", True), ("today < 8月31日", False), ("born == 今年 8 月 31 日", True),
    ("done <= 06-01 - 1nd", True), ("leap + 72mo <= 02-28", True), ("leap + 72mo <= 02-27", False),
    ("gone <= 08-31", False), ("unknown <= 08-31", None),
    # the day of birth that stands in a citizen's number
    ("born(child) == 2020-03-01", True), ("born(child) + 72mo <= 08-31", True), ("born(child) > today", False),
    ("born(heirs.id) < 1970-01-01", True), ("born(odd) < today", None), ("born(gone) < today", False),
    ("born(unknown) < today", None), ("not born(child) == done", True),
    # language 2.2: a question that does not apply is a known, empty value
    ("gone", False), ("not gone", True), ("gone > 0", False), ("gone == 0", False), ("gone != 0", False),
    ("not gone == 0", True), ("gone in services", False), ("gone not in services", True), ("'x' in gone", False),
    ("'x' not in gone", True), ("unknown == gone", False), ("gone and unknown", False),
])
def test_a_condition_holds_fails_or_is_not_yet_known(text: str, expected: bool | None) -> None:
    assert holds(parse_condition(text), ANSWERS, TODAY) is expected


@pytest.mark.parametrize(("text", "expected"), [
    ("9999-12-31 + 1mo == 9999-12-31", True), ("0001-01-01 - 400nd == 0001-01-01", True),
    ("1963-06-15 + 756mo == 2026-06-15", True),
    ("2024-02-29 + 12mo == 2025-02-28", True), ("2026-01-31 + 1mo == 2026-02-28", True),
    ("2026-03-31 - 1mo == 2026-02-28", True), ("2026-12-31 + 2mo == 2027-02-28", True),
])
def test_dates_move_by_months_and_stay_in_the_calendar(text: str, expected: bool) -> None:
    assert holds(parse_condition(text), {}) is expected


@pytest.mark.parametrize("text", ["today > 2026-01-01", "2020-01-01 + 72mo <= 08-31"])
def test_today_and_the_days_of_its_year_are_not_yet_known_without_a_day(text: str) -> None:
    assert holds(parse_condition(text), {}) is None


def test_a_day_of_the_year_moves_with_the_year_of_filing() -> None:
    six = parse_condition("born + 72mo <= 08-31")
    born = {"born": date(2020, 9, 1)}
    assert [holds(six, born, day) for day in (date(2026, 12, 31), date(2027, 1, 1))] == [False, True]


@pytest.mark.parametrize(("text", "says"), [
    ("", "条件是空的"), ("   ", "条件是空的"), ("a && b", "「&&」请写 and"), ("a || b", "「||」请写 or"),
    ("a ＞ 3", "「＞」请写 >"), ("a = 3", "「=」请写 =="), ("a ≥ 3", "「≥」请写 >="), ("a == “x”", "「“」请写 '"),
    ("!a", "「!」请写 not"), ("a, b", "「,」请写 and"), ("（a）", "「（」请写 ("), ("a b", "「b」前面缺少 and 或 or"),
    ("a and", "条件没有写完"), ("and a", "「and」的位置不对"), ("(a", "缺少右括号"), ("a)", "「)」前面缺少"),
    ("a + 3", "日期只能加减时长"), ("a +", "日期只能加减时长"), ("a + 1201nd > today", "不在允许范围"),
    ("count a", "「a」前面缺少"), ("count(", "count 请写成 count(分组名)"), ("count(a", "count 请写成"),
    ("sum(a)", "sum 请写成 sum(分组名.列名)"), ("sum(", "sum 请写成"), ("'x' in all(a)", "all 请写成 all(分组名.列名)"),
    ("year(a == 1", "year 请写成 year(日期)"),
    ("count('a')", "count 请写成"), ("count(1)", "count 请写成"), ("a == 2026-02-30", "日期 2026-02-30 不存在"),
    ("a == 8-31", "请写两位的月和日，例如 08-31"), ("a <= 02-29", "不是每年都有；请写 02-28 或 03-01"),
    ("a <= 13-01", "日期 13-01 不存在"), ("a <= 4月31日", "日期 4月31日 不存在"),
    ("a == 3x", "「3」不能用在条件里"), ("a < b < c", "「<」前面缺少"), ("a.b.c", "「.」不能用在条件里"),
    ("a; b", "「;」不能用在条件里"),
    ("__import__('os')", "「(」前面缺少"), ("a" * 501, "超过 500 个字"), ("(" * 30 + "a" + ")" * 30, "嵌套超过 20 层"),
    ("not " * 100 + "a", ""), ("a == 'x", "「'」"), ("in a", "「in」的位置不对"), ("a in", "没有写完"),
])
def test_what_cannot_be_read_says_what_to_write(text: str, says: str) -> None:
    if not says:
        assert holds(parse_condition(text), {"a": True}) is True
        return
    with pytest.raises(BadCondition) as error:
        parse_condition(text)
    assert says in str(error.value)


@pytest.mark.parametrize(("text", "names"), [
    ("a in all(rows.vin)", {"a", "rows"}), ("year(born(a) + 1mo) > 1", {"a"}),
    ("a and not b", {"a", "b"}), ("count(rows) > 1", {"rows"}), ("sum(rows.seats) > 1", {"rows"}),
    ("x + 3mo <= today", {"x", "today"}), ("x <= 08-31", {"x", "today"}),
    ("steam in services", {"steam", "services"}), ("kind == age", {"kind"}), ("water in services", {"services"}),
    ("group.field > 3", {"group.field"}), ("ｌine", {"line"}),
    ("born(child) <= day", {"child", "day"}),
])
def test_the_names_of_a_condition_are_folded_and_without_options(text: str, names: set[str]) -> None:
    options = {"kind": frozenset({"age", "1"}), "services": frozenset({"water"})}
    assert names_in(resolve(parse_condition(text), lambda name: options.get(name, frozenset()))) == names


@pytest.mark.parametrize(("text", "answers", "expected"), [
    ("kind == age", {"kind": "age"}, True), ("age == kind", {"kind": "age"}, True), ("kind == 1", {"kind": "1"}, True),
    ("water in many", {"many": ("water",)}, True), ("line == yes", {"line": True}, True),
    ("line == no", {"line": True}, False), ("no == line", {"line": False}, True), ("region == 370202",
    {"region": "370202"}, True),
])
def test_bare_options_are_compared_as_options(text: str, answers: dict[str, Any], expected: bool) -> None:
    options = {
        "kind": frozenset({"age", "1"}), "many": frozenset({"water"}), "line": frozenset({"yes", "no"}),
        "region": frozenset({"370202"}),
    }
    assert holds(resolve(parse_condition(text), lambda name: options.get(name, frozenset())), answers) is expected


TYPES = {
    "kilos": AnswerType("number", unit="kg"), "tonnes": AnswerType("number", unit="t"),
    "line": AnswerType("yes_no"), "length": AnswerType("number"), "day": AnswerType("date"),
    "kind": AnswerType("choice", ("age", "trade")), "services": AnswerType("many", ("water", "gas")),
    "rows": AnswerType("rows"), "rows.vin": AnswerType("text"), "rows.seats": AnswerType("integer"),
    "name": AnswerType("text"), "maybe": AnswerType("number"), "child": AnswerType("citizen_id"),
}


@pytest.mark.parametrize(("text", "says"), [
    ("line and length > 3 and day + 3mo <= today", ""), ("kind == age or water in services", ""),
    ("count(rows) > 1 and count(services) == 2", ""), ("sum(rows.seats) > length", ""),
    ("filer == agent and name == 'x'", ""), ("length != 3", ""), ("day + 72mo <= 08-31 or today > 8月31日 - 3mo", ""),
    ("born(child) == day and born(child) + 216mo > today", ""), ("born(child)", "born(child) 是日期，不能单独作条件"),
    ("born(name) < today", "born(name) 只能读身份证号里的出生日期；name 不是身份证号"),
    ("born(chld) < day", "是否想写 child？"),
    ("born(child) > length", "born(child)(日期)不能与 length(数字)比较"), ("born(me) < day", "不能以自己的回答为条件"),
    ("length > 8月31日", "length(数字)不能与 08-31(日期)比较"),
    ("line == yes", ""), ("not (kind in services)", ""),
    ("legnth > 3", "是否想写 length？"), ("length", "length 是数字，不能单独作条件"),
    ("kind", "kind 是文字，不能单独作条件"),
    ("length > day", "length(数字)不能与 day(日期)比较"), ("line > length", "line(是否)不能与 length(数字)比较"),
    ("kind > age",
    "只能比较数字或日期"),
    ("kind == youth", "选项 youth 不在问题 kind 的选项中(age、trade)"),
    ("oil in services", "选项 oil 不在问题 services"),
    ("water in kind", "选项 water 不在问题 kind"), ("age in kind", "in 的右边要是多选题"),
    ("length in services", "in 的右边"),
    ("filer == boss", "选项 boss 不在问题 filer"), ("count(length) > 1", "count(length) 只能数"),
    ("'a' in all(rows.seats)", "all(rows.seats) 只能看"), ("all(rows.vin)", "不能单独作条件"),
    ("'a' in all(rows.x)", "rows.x 不认识"), ("year(length) > 1", "year(length) 只能看一个日期"),
    ("sum(rows.vin) > 1", "sum(rows.vin) 只能加"), ("sum(rows.x) > 1", "rows.x 不认识"),
    ("sum(length.x) > 1", "length.x 不认识"),
    ("count(x) > 1", "x 不认识"),
    ("kilos <= tonnes", "kilos 按千克填，tonnes 按吨填，不能比较"),
    ("kilos > length and kilos < 3 and kilos <= kilos", ""),
    ("length + 3mo > today", "length 不是日期"), ("day + 3wd > today", "只能加减 mo(月)或 nd(自然日)"),
    ("maybe != 3", "maybe 不适用时 != 为否"), ("other > 3", "别处才有"), ("me > 3", "不能以自己的回答为条件"),
    ("line == maybe_not", "选项 maybe_not 不在问题 line 的选项中(yes、no)"), ("services == services", "不能与"),
])
def test_types_of_conditions_are_checked(text: str, says: str) -> None:
    options = {name: frozenset(kind.options) for name, kind in TYPES.items()} | {
        "line": frozenset({"yes", "no"}), "filer": frozenset({"self", "legal_rep", "agent"})}
    condition = resolve(parse_condition(text), lambda name: options.get(name, frozenset()))
    findings = Findings(Catalog())
    scope = Scope(TYPES, {"other": "别处才有"}, frozenset({"maybe"}), own="me")
    check_condition(findings, ("bundles", "b"), condition, scope)
    assert any(says in problem.message for problem in findings.found) if says else findings.found == []


@pytest.mark.parametrize(("text", "amount", "unit"), [
    ("7wd", 7, "wd"), ("20nd", 20, "nd"), ("4h", 4, "h"), ("4wh", 4, "wh"), ("30min", 30, "min"), ("1mo", 1, "mo"),
    ("0wd", 0, "wd"),
])
def test_limits_have_an_amount_and_a_unit(text: str, amount: int, unit: str) -> None:
    limit = parse_limit(text)
    assert (limit.amount, limit.unit, str(limit)) == (amount, unit, text)


@pytest.mark.parametrize("text", ["", "7", "wd", "-7wd", "7 wd", "7d", "401wd", "9999999999wd", "٧wd", "1.5wd",
"07wd "])
def test_what_is_no_limit_is_refused(text: str) -> None:
    with pytest.raises(BadLimit):
        parse_limit(text)
