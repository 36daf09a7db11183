"""Who holds a licence: persons, enterprises, or both, told apart by the number of the role."""

import pytest

from tests.forms.made import errors, gone, good, planned

MATTER = ("m1: {name: 一事, department: one, limits: {promised: 1wd}, asks: {fields: [pid, pname, code, firm], "
          "materials: [T@owner, T@shop]}}")
BUNDLE = ("people: {owner: {name: 业主, id: pid, shown: pname}, shop: {name: 单位, id: code, shown: firm}}\n"
          "matters: {m1: {}}")
MORE = {"fields": "code: {name: 信用代码, type: uscc}\nfirm: {name: 名称}\n",
        "materials": "T: {name: 产权证, per_role: yes, sources: [{licence: title}, self]}\n"}


def held(by, gives=""):
    return {**MORE, "licences": f"title: {{name: 产权证, held_by: {by}{gives}}}\n"}


def test_what_both_may_hold_is_looked_up_for_either():
    catalog = good(MATTER, BUNDLE, **held("[person, enterprise]", ", gives_fields: {number: [firm, pname]}"))
    assert {key: rule for key, rule, *_ in gone(planned(catalog))} == {"T@owner": "licence", "T@shop": "licence"}
    assert [*catalog.licences["title"].fills()] == [("number", "firm"), ("number", "pname")]


@pytest.mark.parametrize(("by", "told"), [
    ("person", "或把证照的 held_by 改为 enterprise，个人和单位都会有的写 [person, enterprise]"),
    ("[enterprise]", "却按角色 owner(业主)的身份证号去查，永远查不到"),
    ("[person, company]", "持有人类型 company 不认识；"), ("[person, person]", "持有人类型里重复写了 person"),
    ("[person, enterprise], gives_fields: {number: [firm, nmae]}", "字段 nmae 不存在"),
])
def test_a_holder_that_does_not_fit_is_refused_with_what_to_write(by, told):
    found = errors(MATTER, BUNDLE, **held(by))
    assert any(told in line for line in found), found
