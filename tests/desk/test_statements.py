"""Who must agree before somebody else files follows from the answers, and so does what they are shown."""

from __future__ import annotations

import pytest

from catalog.canonical import dumps, loads
from desk.parties.persons import Person
from desk.parties.statements import Statement, statements
from forms.plan import Plan
from forms.shown.plan_text import plan_lines
from tests.forms.made import good, planned

MATTERS = """
m: {name: 登记, department: one, limits: {promised: 1wd}, asks: {fields: [pid, pname, aid, aname, {price: {as: jg}}],
 materials: [card@holder, card@father, deed, note]}, gives: [paper]}
n: {name: 缴费, department: two, limits: {promised: 1wd}, asks: {fields: [price]}, gives: [bill]}
"""
BUNDLE = """
people:
  holder: {name: 买方, id: pid, shown: pname}
  father:
    name: 卖方
    id: aid
    shown: aname
    consents: {to: [我同意卖, 我同意过户], sees: [price, gift], when: not gift and price > 1}
situation: {gift: {ask: 是赠与吗？, yes_no: yes}}
matters: {m: {}, n: {after: m, when: not gift}}
"""
MORE = {
    "materials": "card: {name: 身份证, per_role: yes, sources: [{licence: id_card}]}\n"
                 "deed: {name: 房产证, sources: [{sharing: deeds, by: [aid]}]}\n"
                 "note: {name: 合同, sources: [{sharing: notes, by: [price]}]}\npaper: {name: 证}\nbill: {name: 票}\n",
    "licences": "id_card: {name: 居民身份证, held_by: person}\n",
    "fields": "price: {name: 价格, type: number, unit: yuan}\n",
}
FORM = {"pid": "11010519491231002X", "pname": "甲", "aid": "370202198001019912", "aname": "乙", "price": "100"}
ONE, OTHER = Person("s", "甲", ("11010519491231002X",)), Person("t", "乙", ("370202198001019912",))


def plan(gift: bool = False, **form: str) -> Plan:
    return planned(good(MATTERS, BUNDLE, **MORE), {"gift": gift}, form={**FORM, **form})


def asked(made: Plan, *filers: Person, **form: str) -> dict[str, Statement]:
    return statements(made, {**FORM, **form}, filers, {})


@pytest.mark.parametrize(("gift", "price", "roles"), [(False, "100", ["father"]), (True, "100", []), (False, "1", [])])
def test_whether_somebody_must_agree_is_a_condition_on_the_form(gift: bool, price: str, roles: list[str]) -> None:
    assert [one.role for one in plan(gift, price=price).agreements] == roles


def test_while_the_form_leaves_it_open_it_is_needed() -> None:
    assert [one.role for one in planned(good(MATTERS, BUNDLE, **MORE), {"gift": False}).agreements] == ["father"]


def test_a_plan_with_agreements_is_read_back_as_it_was_and_tells_of_them() -> None:
    made = plan()
    assert loads(dumps(made), Plan) == made
    assert "  卖方：我同意卖；我同意过户" in plan_lines(made, {}, {})


def test_what_is_looked_up_about_a_person_needs_that_persons_consent_and_the_reason_says_so() -> None:
    told = {line.key: line.why.text.partition("，")[0] for line in plan().removed_materials}
    assert told == {"card@holder": "经您同意", "card@father": "经卖方同意", "deed": "经卖方同意", "note": "经您同意"}
    assert {one.name for one in asked(plan(), ONE)["father"].looked_up} == {"身份证(卖方)", "房产证"}


def test_who_files_is_not_asked_by_number_and_name_together() -> None:
    made = plan()
    assert asked(made, OTHER) == {}
    assert asked(made, ONE, OTHER) == {}, "nor an agent who is that very person"
    for wrong in (Person("u", "丙", OTHER.numbers), Person("u", OTHER.name, ONE.numbers), Person("u", OTHER.name)):
        assert list(asked(made, wrong)) == ["father"]
    assert asked(made, Person("u", " 乙 ", ("370202198001019912",))) == {}, "one spelling of what people type"
    for dot in "·•‧・･":
        assert Person("u", f"阿依{dot}古丽", OTHER.numbers).is_called(OTHER.numbers[0], "阿依·古丽"), f"{ord(dot):x}"
    assert asked(made, ONE, aname="") == {}, "whom the form does not name yet nobody can ask"


def test_a_statement_changes_with_what_is_shown_and_with_nothing_else() -> None:
    first = asked(plan(), ONE)["father"]
    assert [(one.name, one.value) for one in first.shown] == [("价格", "100 元"), ("是赠与吗？", "否")]
    assert [(one.department, one.answers, one.papers) for one in first.receivers] == [
        ("甲局", ("父亲证件号", "父亲姓名", "价格"), ("身份证(卖方)", "房产证")), ("乙局", ("价格",), ())]
    assert (first.filer, first.principal, first.to) == ("甲", None, ("我同意卖", "我同意过户"))
    assert asked(plan(), ONE, pid="110105194912310038")["father"].digest == first.digest
    others = [asked(plan(price="99"), ONE, price="99"), asked(plan(), ONE, aname="乙乙"),
              asked(plan(), Person("u", "丙", ())), asked(plan(), ONE, Person("u", "丙", ()))]
    assert len({first.digest, *(one["father"].digest for one in others)}) == 5
    assert (others[-1]["father"].filer, others[-1]["father"].principal) == ("丙", "甲")
