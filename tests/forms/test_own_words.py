"""A bundle words a shared field or page as fits it; type, bounds and code stay the dictionary's."""

import pytest

from desk.applicants.consents import sensitive_lines
from tests.bundles.shipped import CATALOG, planned
from tests.forms.authored import matter, read, said, written
from tests.forms.authored import planned as composed

FIELDS = ("kid: {name: 孩子姓名, section: kids, help: 商量好再填。, max_length: 20}\n"
          "num: {name: 号码, type: citizen_id, sensitive: yes, purpose: 办卡}\nrest: {name: 其余}\n")
SECTIONS = "kids: {name: 孩子, help: 想好再填。}\nother: {name: 别的}\n"
WORDS = "words: {{fields: {{{}}}, sections: {{{}}}}}\n"


def small(fields="kid: 学生姓名", sections="kids: 学生", more=""):
    texts = written(matter("m1", "fields: [kid, num, pname]"),
                    f"matters: {{m1: {{}}}}\n{WORDS.format(fields, sections)}{more}", FIELDS)
    return {**texts, "sections.yaml": SECTIONS}


def test_texts_are_the_bundles_and_all_else_is_the_dictionarys():
    texts = small("kid: {name: 学生姓名}, num: {purpose: 安排学校, help: 在户口簿上}", "kids: {help: 照户口簿填。}",
                  "rules: [{id: R-1, need: kid == '甲', say: 不对, effect: block}]\n")
    plan = composed(read(texts), {})
    assert said(texts) == []
    kid, num = (next(line for line in plan.fields if line.code == code) for code in ("kid", "num"))
    assert (kid.name, kid.help, kid.max_length, kid.section) == ("学生姓名", "商量好再填。", 20, "kids")
    assert (num.name, num.purpose, num.help, num.sensitive) == ("号码", "安排学校", "在户口簿上", True)
    page = next(page for page in plan.sections if page.code == "kids")
    assert (page.name, page.help) == ("孩子", "照户口簿填。")
    assert [one.text for one in plan.problems] == ["填写“学生姓名”后，系统再核对是否符合办理条件(R-1)"]


def test_a_shared_paper_is_called_what_it_is_here_and_comes_from_where_it_did():
    words = "words: {materials: {PR01: {name: 校舍的房产证, help: 学校的。}, PR02: 合同}}\n"
    texts = written(matter("m1", "fields: [pname], materials: [PR01]") + matter("m2", "materials: [PR01]"),
                    f"matters: {{m1: {{}}}}\n{words}",
                    materials="PR01: {name: 图纸, sources: [self]}\nPR02: {name: 租约, sources: [self]}\n")
    texts["c.yaml"] = "id: c\nname: 别的\nmatters: {m2: {}}\n"
    catalog = read(texts)
    line, other = (planned(bundle, {}, catalog).materials[0] for bundle in "bc")
    assert (line.name, line.help) == ("校舍的房产证", "学校的。") and other.name != line.name
    assert catalog.materials["PR01"].name == other.name
    assert said(texts, "note") == ["b.yaml:4: 本一件事没有事项要材料 PR02，写了说法也不会显示"]
    texts["b.yaml"] = texts["b.yaml"].replace("PR02: 合同", "PR02: {name: 合同, sources: [self]}")
    assert any("未知的键 sources；可用：name、help" in one for one in said(texts))


def test_a_field_that_a_paper_turns_into_is_on_the_form_and_can_be_worded_and_put_in_order():
    texts = written(matter("m1", "fields: [pname], materials: [BK]"),
                    "matters: {m1: {}}\nwords: {fields: {acc: 工资账号}}\nform: {kids: [acc]}\n",
                    "acc: {name: 账号, section: kids}\n", "BK: {name: 开户证明, becomes: [acc]}\n")
    texts["sections.yaml"] = SECTIONS
    assert [one for one in said(texts, "note") if "也不会显示" in one] == [] == said(texts)
    assert [str(line.name) for line in composed(read(texts), {}).fields if line.code == "acc"] == ["工资账号"]


def test_another_bundle_and_a_local_version_have_their_own():
    texts = small()
    texts["c.yaml"] = "id: c\nname: 别的\nmatters: {m1: {}}\n"
    texts["d.yaml"] = "id: d\nname: 本地\nextends: b\nwords: {fields: {num: 学籍号}}\n"
    catalog = read(texts)
    assert said(texts) == []
    named = {bundle: {line.code: str(line.name) for line in planned(bundle, {}, catalog).fields} for bundle in "bcd"}
    assert [named[bundle]["kid"] for bundle in "bcd"] == ["学生姓名", "孩子姓名", "学生姓名"]
    assert [named[bundle]["num"] for bundle in "bcd"] == ["号码", "号码", "学籍号"]


@pytest.mark.parametrize(("fields", "sections", "level", "told"), [
    ("kids: 学生", "kids: 学生", "error", "字段 kids 不存在；是否想写 kid？"),
    ("kid: 学生", "kid: 学生", "error", "分页 kid 不存在；是否想写 kids？"),
    ("kid: {name: 学生, max_length: 5}", "kids: 学生", "error", "未知的键 max_length；可用：name、help、purpose"),
    ("rest: 剩下的", "kids: 学生", "note", "本一件事没有事项要字段 rest，写了说法也不会显示"),
    ("kid: 学生", "other: 另外", "note", "本一件事没有字段在分页 other，写了说法也不会显示"),
])
def test_words_of_what_is_not_there_or_not_shown_are_said_at_their_line(fields, sections, level, told):
    found = said(small(fields, sections), level)
    assert any(line.startswith("b.yaml:4: ") and told in line for line in found), found


def test_a_child_is_one_code_in_both_bundles_and_each_says_what_its_number_is_for():
    situation = CATALOG.bundles["school-entry"].figures
    number = next(line for line in sensitive_lines(planned("school-entry", situation)) if line.code == "child_id")
    assert (number.name, number.purpose) == ("学生身份证号", "核对孩子的户口和学籍，安排学校")
    assert CATALOG.fields["child_id"].purpose == "办理医保参保和社会保障卡"
    plan = planned("newborn", CATALOG.bundles["newborn"].figures)
    name = next(line for line in plan.fields if line.code == "child_name")
    assert (name.name, name.max_length, name.won["max_length"]) == ("孩子姓名", 20, "household")
