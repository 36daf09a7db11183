"""What a matter needs of an earlier one's result (`need`): what the check says of it, and what a plan does."""

import pytest

from catalog.assemble import assemble
from forms.shown.public import plan_json
from forms.trials.explore import explore
from tests.forms.authored import TODAY, matter, planned, read, said, written

FIELDS = ("g: {name: 等级, type: choice, options: {one: 一级, two: 二级, three: 三级}}\nh: {name: 备注}\n"
          "vs: {name: 车, rows: {vin: {name: 车号}, ok: {name: 合格, type: yes_no}}, key: vin}\n")
GIVER = matter("m0", "fields: [pname]", ", gives: {fields: [g, h]}")
TAKER = matter("m1", "fields: [g, h, pname]")
NEED = "need: g == one or g == two, say: 等级不是一级、二级"
FED = f"feeds: [g, h], {NEED}"


def bundle(after, more="", situation=""):
    return f"{situation}matters: {{m0: {{}}, m1: {{after: {{m0: {{{after}}}}}}}{more}}}\n"


def checked(after, more="", matters="", situation=""):
    return said(written(GIVER + TAKER + matters, bundle(after, more, situation), FIELDS))


def test_a_plan_has_the_leg_with_what_it_hangs_on_and_asks_nobody_for_it():
    texts = written(GIVER + TAKER, bundle(FED), FIELDS)
    plan = planned(read(texts), {})
    assert said(texts) == [] and plan.problems == ()
    assert [leg.why.text for leg in plan.legs] == [
        "办理“小事”都要办这一项", "办理“小事”都要办这一项；要等“事项m0”办好，“等级”是“一级”或“二级”才办"]
    assert [line.code for line in plan.fields] == ["pname"]
    assert [line.code for line in plan.removed_fields] == ["g", "h"]
    edge, = plan_json(plan)["order"]["edges"]
    assert (edge["need"], edge["say"]) == ("g == one or g == two", "等级不是一级、二级")


def test_where_the_earlier_leg_is_not_chosen_the_value_is_a_question_like_any_other():
    situation = ("situation: {new: {ask: 新办吗？, yes_no: yes}, g: {ask: 证上是几级？, when: not new}}\n"
                 "figures: {new: yes}\n")
    texts = written(GIVER + TAKER, situation + bundle(FED).replace("m0: {}", "m0: {when: new}"), FIELDS)
    assert said(texts) == []
    new, old = (planned(read(texts), answers) for answers in ({"new": True}, {"new": False, "g": "two"}))
    assert [line.code for line in new.removed_fields] == ["g", "h"]
    assert [(line.code, line.value) for line in old.fields if line.code == "g"] == [("g", "two")]
    assert "才办" in new.legs[-1].why.text and "才办" not in old.legs[-1].why.text


@pytest.mark.parametrize(("after", "told"), [
    ("feeds: [g, h], need: g == one", "need 不满足时本事项就不办了，要告诉申请人为什么；请写 say"),
    ("feeds: [g, h], say: 不行", "say 说的是 need 不满足时的原因；请写上 need，或删去 say"),
    (f"kind: before_decide, {FED}", "need 要等前面办好才知道，kind: before_decide 却不等它就开始"),
    ("feeds: [g, h], need: pname == '甲', say: 不行", "need 只能用这一条 feeds 传来的单个字段，pname 不是"),
    ("feeds: [g, h], need: filer == agent, say: 不行", "need 没有用到传来的字段，填表时就能判断；请写在 when 里"),
    ("feeds: [g, h], need: g == four, say: 不行", "选项 four 不在问题 g 的选项中(one、two、three)"),
    ("feeds: [g, h], need: g == one and g == two, say: 不行", "条件永远不成立：g == one and g == two"),
])
def test_a_need_that_could_not_be_judged_is_refused_at_its_line(after, told):
    found = checked(after)
    assert len(found) == 1 and found[0].startswith("b.yaml:3: ") and told in found[0], found


def test_a_need_of_several_results_is_refused_but_not_of_the_one_that_is_chosen_of_a_group():
    other = matter("m2", "fields: [pname]", ", gives: {fields: [g, h]}")
    group = "groups: {a: {%s: [m0, m2]}}\nsituation: {x: {ask: 甲吗？, yes_no: yes}}\nfigures: {x: yes}\n"
    after = f"matters: {{m0: {{when: x}}, m2: {{when: not x}}, m1: {{after: {{a: {{{FED}}}}}}}}}\n"
    found = {kind: said(written(GIVER + TAKER + other, group % kind + after, FIELDS)) for kind in ("one_of", "any")}
    assert found["one_of"] == []
    assert len(found["any"]) == 1 and "这里有几个，分不清看哪一个；请对每个事项分别写 after" in found["any"][0]


def test_what_is_judged_is_asked_in_every_situation():
    sometimes = TAKER.replace("[g, h,", "[{g: {when: pname == '甲'}}, h,")
    found = said(written(GIVER + sometimes, bundle(FED), FIELDS))
    assert found == ["b.yaml:3: need 用了 g，本事项却只在一种情形下要它；请在事项里删去这个字段的 when"]


def test_who_is_fed_by_a_matter_that_may_not_be_needed_must_need_the_same():
    giving = matter("m1", "fields: [g, h, pname]", ", gives: {fields: [k]}")
    next_ = matter("m2", "fields: [g, k, pname]")
    after = "m1: {after: {m0: {%s}}}, m2: {after: {m0: {feeds: [g]%s}, m1: {feeds: [k]}}}"
    texts = [written(GIVER + giving + next_, f"matters: {{m0: {{}}, {after % (FED, more)}}}\n",
                     FIELDS + "k: {name: 编号}\n") for more in ("", f", {NEED}")]
    line = "请给 m2 也写上 after: {m0: {need: g == one or g == two, say: …}}"
    assert [said(one) for one in texts] == [
        [f"b.yaml:3: m2 要 m1 传来的 k，m1 却可能因为 need 不用办；{line}"], []]


def test_a_condition_over_what_comes_later_is_told_where_it_belongs():
    found = said(written(GIVER + matter("m1", "fields: [g, h, {pname: {when: g == one}}]"), bundle("feeds: [g, h]"),
                         FIELDS))
    assert len(found) == 1 and found[0].endswith("看了结果才知道要不要办的，写成 after 里的 need")


@pytest.mark.parametrize(("need", "refused"), [
    ("", False), (f"{NEED} ", False), ("need: g == one, say: 只发一级", True),
    ("need: (g == one or g == two) and not h == '缓', say: 本市另有规定", False),
])
def test_a_local_version_may_only_narrow_it(need, refused):
    texts = written(GIVER + TAKER, bundle(FED), FIELDS)
    after = f"matters: {{m1: {{after: {{m0: {{{need}}}}}}}}}\n" if need else ""
    texts["c.yaml"] = f"id: c\nname: 本地\nextends: b\n{after}"
    found = [one.message for one in assemble(texts).problems]
    assert [("need" in line) for line in found] == [True] * refused
    assert explore(read(texts), "b", TODAY) == []
