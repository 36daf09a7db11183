"""The filled form: what is taken, what is refused and how, and what each department is told of it."""

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from catalog.dictionary import Option
from catalog.load import load_catalog
from catalog.text import Text
from catalog.units import unit_words
from forms.compose import compose
from forms.errors import UnknownLeg
from forms.formats import FORMATS, BadFormat
from forms.schema import validate_form, validate_materials
from forms.split import applicant_part, leg_fields, with_results
from forms.values import BadValue, Surroundings, Wanted, read_value, safe_text
from sources.samples import of_its_own

TODAY = date(2026, 3, 2)
PLAIN = {"services": ["water", "power"], "outside_line": False, "filer": "legal_rep"}


@cache
def shipped():
    return load_catalog(Path(__file__).resolve().parents[2] / "bundles").catalog


@cache
def plan(bundle="utilities"):
    situation = PLAIN if bundle == "utilities" else shipped().bundles[bundle].figures
    return compose(shipped(), bundle, situation, today=TODAY)


def judged(form, partial=True, bundle="utilities"):
    return validate_form(plan(bundle), form, shipped().regions, partial=partial)


@pytest.mark.parametrize(("kind", "written", "clean"), [
    ("uscc", "91110000802100433b", "91110000802100433B"), ("uscc", " 91370200163562681G", "91370200163562681G"),
    ("citizen_id", "11010519491231002x", "11010519491231002X"),
    ("citizen_id", "110105 19491231 002X", "11010519491231002X"),
    ("citizen_id", "810000199408230021", "810000199408230021"),
    ("citizen_id", "911124198108030024", "911124198108030024"),
    ("phone", "138 1234 5678", "13812345678"), ("phone", "+86 13812345678", "13812345678"),
    ("phone", "053285912345", "0532-85912345"), ("phone", "(0532)85912345", "0532-85912345"),
    ("email", "a.b@Example.COM", "a.b@example.com"), ("vin", "lsgja52u9ah000018", "LSGJA52U9AH000018"),
    ("plate", "鲁b·12345", "鲁B12345"), ("plate", "鲁BD12345", "鲁BD12345"),
    ("project_code", "2026-370202-44-01-123456", "2026-370202-44-01-123456"),
    ("bank_account", "6200 0000-0000 0000003", "6200000000000000003"),
])
def test_a_right_number_is_kept_in_its_clean_form(kind, written, clean):
    assert FORMATS[kind](written) == clean


@pytest.mark.parametrize(("kind", "written", "says"), [
    ("uscc", "91110000802100433A", "校验码"), ("citizen_id", "110105194912310021", "校验码"),
    ("citizen_id", "1101051949123100", "18 位"),
    ("citizen_id", "e12345678", "只有护照、通行证的，请到"), ("citizen_id", "H0123456789", "综合窗口"),
    ("citizen_id", "USA110078123456", "外国人永久居留身份证"),
    ("citizen_id", "11010519491331002" + "0", "证件号码"),
    ("phone", "12345", "电话号码不对"), ("phone", "10812345678", "电话号码不对"),
    ("email", "a@b", "电子邮箱"), ("vin", "LSGJA52U9AH00001O", "I、O、Q"),
    ("plate", "AB12345", "车牌号"), ("project_code", "2026-1", "24 位"),
    ("bank_account", "abcdefghijkl", "10 到 30 位数字"), ("bank_account", "1", "10 到 30 位数字"),
])
def test_a_wrong_number_says_what_is_wrong(kind, written, says):
    with pytest.raises(BadFormat, match=says):
        FORMATS[kind](written)


@pytest.mark.parametrize(("code", "value", "clean"), [
    ("load_kw", "１２.５", 12.5), ("load_kw", 12.5, 12.5),
    ("load_kw", 40, 40), ("holder_name", "  青岛某公司 ", "青岛某公司"),
    ("holder_name", "公司e\u0301", "公司é"), ("water_use", "resident", "resident"),
    ("site_address", "香港中路 1 号", "香港中路 1 号"),
    ("site_address", {"region": "370202", "text": "香港中路 1 号"}, {"region": "370202", "text": "香港中路 1 号"}),
    ("handover_on", "2026-09-01", "2026-09-01"),
])
def test_right_values_come_back_ready_for_json(code, value, clean):
    assert judged({code: value}).clean[code] == clean


@pytest.mark.parametrize(("code", "value", "says"), [
    ("holder_name", "a\x00b", "U+0000"), ("holder_name", "\ud800", "U+D800"),
    ("holder_name", "示例\u202egnp.exe", "U+202E"), ("holder_name", "\u2066示例\u2069", "U+2066"),
    ("holder_name", 5, "请填写文字"), ("holder_name", ["x"], "请填写文字"),
    ("holder_name", "长" * 3000, "最多"), ("load_kw", "12k", "不是数字"),
    ("load_kw", "1e3", "不是数字"), ("load_kw", True, "请填写数字"),
    ("load_kw", -1, "不能小于 "), ("load_kw", float("nan"), "数字不对"),
    ("load_kw", 10 ** 30, "数字不对"), ("water_use", "nobody", "不在选项中"),
    ("handover_on", "2026-02-30", "日期不存在"),
    ("handover_on", "1 March", "日期不存在"), ("handover_on", 20260301, "请填写日期"),
    ("site_address", {"region": "999999", "text": "x"}, "不在区划表中"), ("site_address", {"street": "x"}, "street"),
    ("nope", 1, "不需要这一项"), ("filer", "self", "不需要这一项"),
])
def test_wrong_values_are_refused_at_their_field(code, value, says):
    errors = judged({code: value}).errors
    assert list(errors) == [code]
    assert says in errors[code][0]


def test_a_bound_is_in_the_message_with_its_unit():
    line = next(line for line in plan().fields if line.code == "load_kw")
    message = judged({"load_kw": 10 ** 9}).errors["load_kw"][0]
    assert f"不能大于 {line.max} {unit_words(line.unit)}" in message


@pytest.mark.parametrize(("wanted", "value", "says"), [
    (Wanted("integer", unit="month"), "33年", "「33年」不是数字，请填 396，单位是个月"),
    (Wanted("integer", unit="month"), "三年", "「三年」不是数字，请只填数字，例如 12"),
    (Wanted("integer", unit="month"), "1公斤", "「1公斤」不是数字，请只填数字，例如 12"),
    (Wanted("number"), "三", "「三」不是数字，请只填数字，例如 12.5"),
    (Wanted("integer", unit="g"), "3.2", "请填写整数，不带小数，单位是克"),
    (Wanted("integer", Decimal(1950), Decimal(2016)), "85", "请填写 4 位数字，1950 到 2016 之间，现在填的是 85"),
    (Wanted("integer", Decimal(1950), Decimal(2016)), "1949", "不能小于 1950，现在填的是 1949"),
    (Wanted("integer", Decimal(20), Decimal(45)), "4", "不能小于 20，现在填的是 4"),
])
def test_a_number_that_is_refused_comes_with_what_to_write_instead(wanted, value, says):
    with pytest.raises(BadValue) as refused:
        read_value(value, wanted, Surroundings({}))
    assert refused.value.errors == [says]


def test_what_is_chosen_is_missing_in_other_words_than_what_is_typed():
    errors = judged({}, partial=False, bundle="newborn").errors
    assert "必填，请选择" in errors["child_sex"] and "必填，请填写" in errors["child_name"], errors


def test_missing_fields_are_errors_of_a_filing_and_listed_apart_for_a_draft():
    whole, draft = judged({}, partial=False), judged({})
    assert whole.errors["holder_name"] == ["必填，请填写"]
    assert draft.errors == {}
    assert set(whole.errors) == set(draft.missing) == set(whole.missing)


def test_a_blank_optional_field_is_simply_absent():
    assert "email" not in judged({"email": "  "}).clean


@pytest.mark.parametrize("unseen", ["\u200b", "\u3164", "\u2060\ufeff ", "\u00ad", "\U000e0041", "\u2800", "\u0301"])
def test_a_required_field_in_which_nothing_is_to_be_seen_is_not_filled_in(unseen):
    assert judged({"holder_name": unseen}, partial=False).errors["holder_name"] == ["必填，请填写"]
    for name in ("𠮷野", "阿卜杜拉·艾合买提", "ཀ\u0f71", f"甲{unseen}"):
        assert "holder_name" not in judged({"holder_name": name}, partial=False).errors


def test_an_answer_of_the_situation_cannot_be_changed_on_the_form():
    made = compose(shipped(), "utilities", shipped().bundles["utilities"].figures, today=TODAY)
    assert validate_form(made, {}, shipped().regions, partial=True).clean["line_length"] == 250
    assert validate_form(made, {"line_length": "250"}, shipped().regions, partial=True).errors == {}
    errors = validate_form(made, {"line_length": 100}, shipped().regions, partial=True).errors
    assert errors == {"line_length": ["与前面的回答(250)不一致；要改请回到情形问题中修改"]}


CARS = [{"price": "100000"}, {"price": 5}]


def test_rows_have_errors_by_row_and_column():
    rows = [{**CARS[0], "price": "x"}, {"vin": "1", "colour": "red"}]
    errors = judged({"vehicles": rows}, bundle="transport-company").errors
    assert "不是数字" in errors["vehicles"]["0"]["price"][0]
    assert "车架号不对" in errors["vehicles"]["1"]["vin"][0]
    assert errors["vehicles"]["1"]["colour"] == ["没有这一栏，请删去"]


def test_rows_must_have_different_keys_and_keep_their_number():
    vin = "LSGJA52U9AH000018"
    errors = judged({"vehicles": [{"vin": vin}, {"vin": vin}]}, bundle="transport-company").errors
    assert "与第 1 辆相同，每辆必须不同" in errors["vehicles"]["1"]["vin"][0]
    assert "前面填了 2 辆" in judged({"vehicles": [{"vin": vin}]}, bundle="transport-company").errors["vehicles"][0]


def test_a_row_leg_is_told_its_own_row_under_its_own_names():
    clean = judged({"vehicles": CARS}, bundle="transport-company").clean
    made = plan("transport-company")
    assert leg_fields(made, "02.1", clean)["vehicles"] == [{"cjh": "LSGJA52U9AH000018", "bhsjg": 100000}]
    assert leg_fields(made, "02.2", clean)["vehicles"] == [{"cjh": "LZZ5CLVB9NA000024", "bhsjg": 5}]
    assert len(leg_fields(made, "01", clean)["cllb"]) == 2


def test_what_an_earlier_leg_gave_reaches_only_its_own_row():
    made = plan("transport-company")
    clean = judged({"vehicles": CARS}, bundle="transport-company").clean
    later = with_results(made, clean, "03.1", {"vehicles.plate": "鲁B12345"})
    assert "鲁B12345" in leg_fields(made, "04.1", later)["vehicles"][0].values()
    assert "plate" not in later["vehicles"][1]
    assert clean["vehicles"][0].get("plate") is None


def test_units_codes_and_dates_are_the_departments_own():
    made = plan("transport-company")
    clean = judged({"vehicles": CARS}, bundle="transport-company").clean
    # Kilograms on the form, tonnes at the department.
    assert leg_fields(made, "04.1", clean)["vehicles"][0]["zzl"] == 18
    utilities = compose(shipped(), "utilities", shipped().bundles["utilities"].figures, today=TODAY)
    line = next(line for line in utilities.fields if line.code == "road_done_on")
    dug = next(asker for asker in line.askers if asker.leg == "11")
    told = leg_fields(utilities, "11", {"road_done_on": "2012-06-30"})[dug.as_name]
    assert told == date(2012, 6, 30).strftime(dug.date_form or "%Y-%m-%d")


def test_the_applicant_part_has_only_declared_people():
    people = {"holder_name": "某公司", "holder_uscc": "91110000802100433B", "legal_rep_id": "11010519491231002X"}
    clean = judged(people).clean
    assert applicant_part(plan(), "03", clean)["holder"] == {"name": "某公司", "id": "91110000802100433B"}


def test_an_unknown_leg_is_said_so():
    with pytest.raises(UnknownLeg, match="99"):
        leg_fields(plan(), "99", {})


@pytest.mark.parametrize(("materials", "errors"), [
    ({}, ["AU01"]), ({"AU01": ["file"], "zz": ["file"]}, ["zz"]),
    ({"AU01": "file"}, ["AU01"]), ({"AU01": ["a", "a"]}, ["AU01"]),
    ({"AU01": [5]}, ["AU01"]), ({"AU01": [str(n) for n in range(21)]}, ["AU01"]),
    ({"AU01": ["file"], "BL01": ["file"]}, []),
])
def test_papers_are_judged_by_key(materials, errors):
    made = compose(shipped(), "utilities", {**PLAIN, "filer": "agent"}, today=TODAY)
    found = validate_materials(made, materials)
    assert sorted(found.errors) == errors
    assert "BL01" not in found.clean


def test_a_draft_lists_missing_papers_apart():
    made = compose(shipped(), "utilities", {**PLAIN, "filer": "agent"}, today=TODAY)
    found = validate_materials(made, {}, partial=True)
    assert (found.errors, found.missing) == ({}, ("AU01",))


@pytest.mark.parametrize("sent", ["一\r\n二", "一\r二", "一\n二"])
def test_the_line_ends_that_browsers_send_become_one_kind(sent):
    assert safe_text(sent) == "一\n二"


@pytest.mark.parametrize(("day", "says"), [
    ("0026-11-20", "请把年份写成四位，例如 2026；现在填的是 26 年"), ("1899-12-31", "不能早于 1900-01-01"),
    ("2226-11-20", f"不能晚于 {TODAY.replace(year=TODAY.year + 100)}"), ("2026-11-20", None),
])
def test_a_day_has_bounds_where_its_field_says_none(day, says):
    for wanted, text in ((Wanted("date"), day), (Wanted("datetime"), f"{day}T09:00")):
        try:
            read_value(text, wanted, Surroundings({}, TODAY))
            said = None
        except BadValue as bad:
            said = bad.errors[0]
        assert (said is None) if says is None else said.startswith(says)


def test_a_field_may_want_days_of_long_ago():
    wanted, around = Wanted("date", not_before="1800-01-01"), Surroundings({}, TODAY)
    assert read_value("1850-01-01", wanted, around) == date(1850, 1, 1)
    with pytest.raises(BadValue, match="1800-01-01"):
        read_value("1799-12-31", wanted, around)


@pytest.mark.parametrize(("kind", "one", "other", "same"), [
    ("text", "Ａ1", "a 1", True), ("text", "发票\u200b01", "发票01", True), ("text", "007", "7", False),
    ("text", "阿卜杜·热合曼", "阿卜杜.热合曼", True), ("text", "甲-1", "甲1", False),
    ("address", {"region": "370202", "text": "A路1号"}, {"text": "a路 1 号", "region": "370202"}, True),
    ("address", {"region": "370202", "text": "A路1号"}, {"region": "370203", "text": "A路1号"}, False),
    ("many", ["a", "b"], ["b", "a"], True), ("number", "1.50", 1.5, True), ("text", "\u200b", "\u200b", False),
])
def test_rows_differ_in_what_people_mean_and_not_in_how_they_write_it(kind, one, other, same):
    options = (Option("a", Text("甲")), Option("b", Text("乙"))) if kind == "many" else ()
    wanted = Wanted("rows", inner=(("x", Wanted(kind, options=options)),), unique=("x",))
    try:
        read_value([{"x": one}, {"x": other}], wanted, Surroundings({}, TODAY))
        assert not same
    except BadValue as bad:
        assert same and bad.errors == {"1": {"x": ["x与第 1 项相同，每项必须不同"]}}


@pytest.mark.parametrize(("bounds", "day"), [({"not_after": "1850-12-31"}, "1849-05-01"),
                                             ({"not_before": "2300-01-01"}, "2301-05-01")])
def test_a_bound_of_a_field_leaves_room_whatever_bounds_other_days_have(bounds, day):
    assert read_value(day, Wanted("date", **bounds), Surroundings({}, TODAY)) == date.fromisoformat(day)


def test_nobodys_number_is_of_a_day_to_come():
    with pytest.raises(BadValue, match="还没有到"):
        read_value(of_its_own("citizen_id", "", 1_500), Wanted("citizen_id"), Surroundings({}, TODAY))
