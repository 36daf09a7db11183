"""The paper by which a person proves who they are: its kind and number, from the form to every department."""

from random import Random

import pytest

from catalog.papers import kind_of, number_of
from forms.compose import compose
from forms.persons import BadFormat, person_number
from forms.public import plan_json
from forms.schema import validate_form
from forms.sheet import sheet_lines, sheet_of
from forms.split import applicant_part, leg_fields
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
])
def test_a_number_is_read_however_it_is_spaced(said, kept):
    assert person_number(said, KINDS) == kept


@pytest.mark.parametrize(("said", "kinds", "says"), [
    ("E12345678", KINDS, "请先选是哪一种：护照、"), ("E12345678", {}, "请到政务服务大厅综合窗口办理"),
    (PASSPORT, {}, "应为 18 位"), (PASSPORT, {"id_card": "身份证"}, "不能用这种证件（passport）；可以用的：身份证"),
    (CARD, {"passport": "护照"}, "请先选是哪一种：护照"), ("passport:护照", KINDS, "护照号码不对"),
    ("passport:ABCDE", KINDS, "护照号码不对"), ("hk_macao_permit:T12345678", KINDS, "H 或 M 加 8 位数字"),
    ("taiwan_permit:123456789", KINDS, "应为 8 位数字"), ("foreign_resident:US12", KINDS, "3 个字母加 12 位数字"),
    ("officer:军", KINDS, "4 到 30 个"), ("driving:1234567", KINDS, "不能用这种证件（driving）"),
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
    ("{pid: {paper_as: x}}", "字段 pid 没有几种证件可选，不能写 paper_as"),
    ("{who: {options: [driving]}}", "选项 driving 不在字段 who 的选项中"),
    ("{who: {values: {id_card: '1'}}}", "部门代码表缺少选项「护照」的对应值"),
    ("who, {who_name: {as: who_paper}}", "部门字段名 who_paper 用了两次"),
])
def test_what_an_asker_cannot_say_of_a_kind_is_refused(asks, says):
    assert any(says in one for one in read(matter(f"fields: [{asks}]"), wrong=True))


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
