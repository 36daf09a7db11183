"""The paper by which a person proves who they are: its kind and number, from the form to every department."""

from random import Random

import pytest

from catalog.papers import kind_of, number_of
from forms.compose import compose
from forms.given import given_for_conditions, read_given
from forms.persons import BadFormat, person_number
from forms.schema import validate_form
from forms.shown.public import plan_json
from forms.shown.sheet import sheet_lines, sheet_of
from forms.split import applicant_part, leg_fields, with_results
from forms.trials.explore import explore
from tests.forms.made import TODAY, errors, good

KINDS = {"id_card": "身份证", "passport": "护照", "hk_macao_permit": "港澳证", "taiwan_permit": "台胞证",
         "foreign_resident": "旧永居证", "officer": "军官证"}
TABLE = ("papers:\n  columns: [code, name, ga]\n  rows:\n    - {code: id_card, name: 身份证, ga: '111'}\n"
         "    - {code: passport, name: 护照, ga: '414'}\n    - {code: officer, name: 军官证, ga: '114'}\n")
FIELDS = ("who: {name: 经办人证件号码, type: citizen_id, table: papers}\nwho_name: {name: 经办人姓名}\n"
          "heirs: {name: 继承人, key: id, rows: {id: {name: 号码, type: citizen_id, table: papers, required: yes}}}\n")
ROLES = "agent: {name: 经办人, id: who, shown: who_name}\n"
CARD, PASSPORT = "37020220200301994X", "passport:E12345678"


def matter(asks: str, ident: str = "m", department: str = "one") -> str:
    return f"{ident}: {{name: 事项{ident}, department: {department}, limits: {{promised: 1wd}}, asks: {{{asks}}}}}\n"


def read(matters: str, bundle: str = "matters: {m: {}}", wrong: bool = False):
    return (errors if wrong else good)(matters, f"people: {{{ROLES.strip()}}}\n{bundle}",
                                       fields=FIELDS, tables=TABLE)


def planned(matters: str, bundle: str = "matters: {m: {}}", form=None):
    return compose(read(matters, bundle), "b", {}, today=TODAY, form=form)


def judged(plan, who):
    return validate_form(plan, {"who": who, "who_name": "DE LA CRUZ, MARÍA"}, {})


def _papers():
    """Two hundred numbers as they stand on real kinds of paper, with what is left of each."""
    dice, checks = Random(65), "10X98765432"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)

    def digits(count):
        return "".join(dice.choice("0123456789") for _ in range(count))

    def card(region):
        body = f"{region}{dice.randint(1930, 2025)}{dice.randint(1, 12):02}{dice.randint(1, 28):02}{digits(3)}"
        return body + checks[sum(map(lambda sign, weight: int(sign) * weight, body, weights)) % 11]

    for _ in range(20):
        for region in ("370202", "810000", "820000", "830000", "940000"):  # 港澳台居民居住证, 永久居留身份证
            number = card(region)
            yield number.lower(), number
        for kind, number in (("passport", f"E{digits(8)}"), ("passport", f"{digits(9)}"),
                             ("passport", f"AB{digits(7)}"), ("hk_macao_permit", f"H{digits(8)}"),
                             ("hk_macao_permit", f"HA{digits(7)}"),
                             ("hk_macao_permit", f"M{digits(10)}"), ("taiwan_permit", digits(8)),
                             ("taiwan_permit", digits(10)), ("foreign_resident", f"USA{digits(12)}"),
                             ("officer", f"军字第{digits(7)}号")):
            yield f"{kind}:{number.lower()}", f"{kind}:{number}"


def test_every_number_as_it_stands_on_its_paper_is_taken_and_kept_to_the_letter():
    samples = list(_papers())
    assert len(samples) >= 200
    assert [person_number(said, KINDS) for said, _ in samples] == [kept for _, kept in samples]
    assert {kind_of(kept) for _, kept in samples} == KINDS.keys()
    assert all(number_of(kept) == kept.rpartition(":")[2] for _, kept in samples)


@pytest.mark.parametrize(("said", "kept"), [
    ("passport: e1234-5678 ", PASSPORT), (f"id_card:{CARD.lower()}", CARD), (f"{CARD[:6]} {CARD[6:]}", CARD),
    ("PASSPORT:E12345678", PASSPORT), ("护照:E12345678", PASSPORT),
    (f"passport:{CARD}", CARD), (f"foreign_resident:{CARD}", CARD),  # one's own number is none of a passport
])
def test_a_number_is_read_however_it_and_its_kind_are_written(said, kept):
    assert person_number(said, KINDS) == kept


def test_where_one_kind_alone_is_taken_the_number_alone_says_all():
    assert person_number("e12345678", {"passport": "护照"}) == PASSPORT


@pytest.mark.parametrize(("said", "kinds", "says"), [
    ("E12345678", KINDS, "请先选是哪一种：护照、"), ("E12345678", {}, "请到政务服务大厅综合窗口办理"),
    (PASSPORT, {}, "应为 18 位"), (PASSPORT, {"id_card": "身份证"}, "不能用护照；可以用的：身份证"),
    (CARD, {"passport": "护照"}, "这是 18 位的身份证号，这里要填的是：护照"), ("passport:护照", KINDS, "护照号码不对"),
    ("passport:ABCDE", KINDS, "护照号码不对"), ("hk_macao_permit:T12345678", KINDS, "H 或 M 加 8 位数字"),
    ("taiwan_permit:123456789", KINDS, "应为 8 位数字"), ("foreign_resident:US12", KINDS, "3 个字母加 12 位数字"),
    ("officer:军", KINDS, "4 到 30 个"), ("driving:1234567", KINDS, "不能用driving；可以用的"),
    ("id_card:370202202003019940", KINDS, "校验码不对"),
])
def test_a_wrong_number_is_refused_with_what_to_write(said, kinds, says):
    with pytest.raises(BadFormat, match=says):
        person_number(said, kinds)


def test_a_department_reads_number_and_kind_under_its_own_names_and_codes():
    plan = planned(matter("fields: [who_name, {who: {as: zjhm, paper_as: zjlx, values: ga}}]")
                   + matter("fields: [who, heirs]", "n", "two"), "matters: {m: {no: '01'}, n: {no: '02'}}")
    clean = validate_form(plan, {"who": "passport: e12345678", "who_name": "DE LA CRUZ, MARÍA",
                                 "heirs": [{"id": CARD}, {"id": "officer:军字第1234567号"}]}, {}).clean
    assert leg_fields(plan, "01", clean) == {"who_name": "DE LA CRUZ, MARÍA", "zjhm": "E12345678", "zjlx": "414"}
    assert leg_fields(plan, "02", clean) == {"who": "E12345678", "who_paper": "passport", "heirs": [
        {"id": CARD, "id_paper": "id_card"}, {"id": "军字第1234567号", "id_paper": "officer"}]}
    assert applicant_part(plan, "01", clean)["agent"] == {
        "name": "DE LA CRUZ, MARÍA", "id": "E12345678", "paper": "passport"}


def test_whoever_takes_the_identity_card_alone_narrows_it_for_all_and_is_told_no_kind():
    plan = planned(matter("fields: [who_name, {who: {options: [id_card]}}]") + matter("fields: [who]", "n", "two"),
                   "matters: {m: {no: '01'}, n: {no: '02'}}")
    line = next(one for one in plan.fields if one.code == "who")
    assert ([one.code for one in line.options], line.won["options"]) == (["id_card"], "m")
    assert "可以用的：身份证" in judged(plan, PASSPORT).errors["who"][0]
    clean = judged(plan, CARD).clean
    assert leg_fields(plan, "01", clean) == {"who_name": "DE LA CRUZ, MARÍA", "who": CARD}
    assert leg_fields(plan, "02", clean) == {"who": CARD, "who_paper": "id_card"}


def test_what_an_author_decides_to_take_reaches_everybody_with_its_kind():
    plan = planned(matter("fields: [who_name, {who: {options: [id_card]}}]")
                   + matter("fields: [{who: {options: [passport]}}]", "n", "two"),
                   "decisions: [{field: who, attribute: options, value: id_card passport, because: 商定都收}]\n"
                   "matters: {m: {no: '01'}, n: {no: '02'}}")
    clean = judged(plan, PASSPORT).clean
    assert leg_fields(plan, "01", clean) == {
        "who_name": "DE LA CRUZ, MARÍA", "who": "E12345678", "who_paper": "passport"}
    assert leg_fields(plan, "02", clean) == {"who": "E12345678", "who_paper": "passport"}
    assert applicant_part(plan, "01", clean)["agent"]["id"] == "E12345678"


def test_a_department_grants_a_number_with_its_kind_and_the_next_one_gets_both():
    catalog = read(matter("fields: [who_name]") .replace("}\n", ", gives: {fields: [who]}}\n", 1)
                   + matter("fields: [who]", "n", "two"),
                   "matters: {m: {no: '01'}, n: {no: '02', after: {m: {feeds: [who]}}}}")
    plan = compose(catalog, "b", {}, today=TODAY)
    given, wrong = read_given(plan, catalog.fields, {"who": "passport: e1234-5678"})
    assert (given, wrong) == ({"who": PASSPORT}, {})
    assert given_for_conditions(plan, "who", PASSPORT) == PASSPORT
    assert leg_fields(plan, "02", with_results(plan, {}, "01", given)) == {"who": "E12345678", "who_paper": "passport"}
    lines = list(sheet_lines(sheet_of(catalog, catalog.matters["m"])))
    assert any("不是身份证的写成 种类:号码，种类有 id_card(身份证)、passport(护照)" in line for line in lines)


def test_two_rows_with_one_number_are_the_same_however_it_is_typed():
    plan = planned(matter("fields: [who_name, heirs]"))
    said = validate_form(plan, {"who_name": "甲", "heirs": [{"id": "passport:e1234-5678"}, {"id": PASSPORT}]}, {})
    assert "与第 1 项相同" in str(said.errors["heirs"])


def test_a_leg_of_a_row_is_called_by_the_number_alone():
    plan = compose(read(matter("fields: [heirs.id]"), "situation: {heirs: {ask: 谁？}}\n"
                        "matters: {m: {each: heirs}}"), "b", {"heirs": [{"id": PASSPORT}]}, today=TODAY)
    assert [(leg.instance, leg.title) for leg in plan.legs] == [("E12345678", "事项m(E12345678)")]


def test_two_that_take_no_paper_in_common_are_a_clash_that_is_said():
    said = read(matter("fields: [{who: {options: [id_card]}}]") + matter("fields: [{who: {options: [passport]}}]", "n"),
                "matters: {m: {}, n: {}}", wrong=True)
    assert any("选项交集为空" in one for one in said)


RULE = "rules: [{{id: R-1, need: {}, say: 不行。, effect: block}}]\nmatters: {{m: {{}}}}"


@pytest.mark.parametrize(("need", "who", "refused"), [
    ("paper(who) == passport", PASSPORT, False), ("paper(who) == passport", CARD, True),
    ("not paper(who) == id_card", "officer:军字第1234567号", False), ("born(who) < 2021-01-01", CARD, False),
    ("born(who) < 2020-01-01", CARD, True),
    ("not born(who) > 2000-01-01", PASSPORT, False),  # no day of birth stands in it, so nothing is compared
    ("born(who) > 1900-01-01", PASSPORT, True),
])
def test_a_condition_asks_for_the_kind_and_never_waits_for_a_day_that_no_passport_tells(need, who, refused):
    bundle = RULE.format(need)
    opened = planned(matter("fields: [who, who_name]"), bundle)
    assert [one.level for one in opened.problems] == ["undecided"]
    filled = planned(matter("fields: [who, who_name]"), bundle, {"who": who})
    assert [one.level for one in filled.problems] == (["block"] if refused else [])


def test_a_paper_that_another_kind_of_proof_needs_says_why_in_words():
    fields = "fields: [who, who_name, {heirs: {when: paper(who) == passport}}]"
    plan = planned(matter(fields), form={"who": PASSPORT})
    assert "heirs" in {one.code for one in plan.fields}
    assert "heirs" not in {one.code for one in planned(matter(fields), form={"who": CARD}).fields}
    undecided = planned(matter(fields)).problems
    assert "经办人证件号码" in undecided[0].text


@pytest.mark.parametrize(("need", "says"), [
    ("who == passport", "who 是号码，不等于证件种类 passport；请写 paper(who) == passport"),
    ("paper(who) == pasport", "选项 pasport 不在问题 paper(who) 的选项中(id_card、passport、officer)"),
    ("paper(who_name) == passport", "paper(who_name) 只能看写了 options 的证件号码字段"),
    ("paper(pid) == passport", "paper(pid) 只能看写了 options 的证件号码字段"),
    ("paper(who) > passport", "条件里的 > 只能比较数字或日期"), ("paper(who)", "不能单独作条件"),
])
def test_a_condition_that_can_never_tell_a_kind_is_refused_with_what_to_write(need, says):
    said = read(matter("fields: [who, who_name, pid]"), RULE.format(need), wrong=True)
    assert any(says in one for one in said), said


@pytest.mark.parametrize(("asks", "says"), [
    ("{pid: {paper_as: x}}", "字段 pid 没有几种证件可选，不传证件种类，不能写 paper_as"),
    ("{who: {options: [id_card], paper_as: x}}", "字段 who 没有几种证件可选，不传证件种类，不能写 paper_as"),
    ("{who: {options: [driving]}}", "选项 driving 不在字段 who 的选项中"),
    ("{who: {values: {id_card: '1'}}}", "部门代码表缺少选项「护照」的对应值"),
    ("who, {who_name: {as: who_paper}}", "部门字段名 who_paper 用了两次"),
])
def test_what_an_asker_cannot_say_of_a_kind_is_refused(asks, says):
    assert any(says in one for one in read(matter(f"fields: [{asks}]"), wrong=True))


@pytest.mark.parametrize(("field", "says"), [
    ("{name: 号, type: citizen_id, default: passport}", "是某个人的号码，不能有默认值"),
    ("{name: 组, key: n, rows: {n: {name: 号, type: citizen_id, options: {passport: 护照}}, n_paper: {name: 种}}}",
     "n_paper 和 who.n 的证件种类重名"),
])
def test_a_number_has_no_default_and_its_kind_a_name_of_its_own(field, says):
    said = errors(matter("fields: [who]"), "matters: {m: {}}", fields=f"who: {field}\n")
    assert any(says in one for one in said), said


def test_numbers_of_two_groups_each_have_their_kind_beside_them():
    more = FIELDS + "others: {name: 其他人, key: id, rows: {id: {name: 号码, type: citizen_id, table: papers}}}\n"
    assert errors(matter("fields: [heirs.id, others.id]"), "matters: {m: {}}", fields=more, tables=TABLE) == ()


def test_a_look_up_by_the_number_of_nobody_in_the_case_is_refused():
    papers = "K1: {name: 记录, sources: [{sharing: registry, by: [who]}, self]}\n"
    asks = matter("fields: [who, who_name], materials: [K1]")
    said = errors(asks, "matters: {m: {}}", fields=FIELDS, tables=TABLE, materials=papers)
    assert any("按 who 查询某个人的资料，但一件事 b 没有以它为证件号的角色" in one for one in said), said
    assert errors(asks, f"people: {{{ROLES.strip()}}}\nmatters: {{m: {{}}}}", fields=FIELDS, tables=TABLE,
                  materials=papers) == ()


def test_a_condition_on_the_kind_is_tried_with_every_kind():
    rule = "rules: [{{id: R-1, when: {}, need: filer == agent, say: 不行。, effect: block}}]\nmatters: {{m: {{}}}}"

    def said(condition: str) -> list[str]:
        catalog = read(matter("fields: [who, who_name]"), rule.format(condition))
        return [one.message for one in explore(catalog, "b", TODAY)]

    assert any("条件永远不成立" in one for one in said("paper(who) == passport and paper(who) == id_card"))
    assert [said(f"paper(who) == {kind}") for kind in ("id_card", "passport", "officer")] == [[], [], []]


def test_a_kind_whose_code_cannot_stand_before_a_number_is_refused():
    said = errors(matter("fields: [who]"), "matters: {m: {}}",
                  fields="who: {name: 号, type: citizen_id, options: {护照: 护照}}\n")
    assert any("证件种类 护照 要写在号码前面" in one for one in said)


def test_a_program_is_told_the_kinds_apart_from_options_for_they_are_no_values():
    plan = planned(matter("fields: [who, who_name]"))
    line = next(one for one in plan_json(plan)["form"]["fields"] if one["code"] == "who")
    assert "options" not in line
    assert line["papers"][1] == {"code": "passport", "name": "护照"}
    assert line["asked_by"][0]["paper_as"] == "who_paper"


def test_the_sheet_of_a_department_names_the_kind_beside_the_number():
    catalog = read(matter("fields: [{who: {as: zjhm, values: ga}}, heirs]"))
    said = {one["field"]: one for one in sheet_of(catalog, catalog.matters["m"])["fields"]}
    assert said["zjhm_paper"]["values"] == {"111": "身份证", "414": "护照", "114": "军官证"}
    assert (said["zjhm"]["type"], said["zjhm"]["values"]) == ("text", {})
    assert {"heirs[].id", "heirs[].id_paper"} <= said.keys()
    lines = list(sheet_lines(sheet_of(catalog, catalog.matters["m"])))
    assert "  收 zjhm_paper  经办人证件号码的证件种类（代码文字；111=身份证，414=护照，114=军官证）" in lines
