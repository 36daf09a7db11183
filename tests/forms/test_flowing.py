"""What an earlier matter gives reaches exactly whom it belongs to: rows, people, and those who can wait."""

import pytest

from forms.schema import validate_materials
from forms.split import leg_fields, with_results
from tests.forms.made import CARS, errors, gone, good, kept, planned, taken

TAX = "TX: {name: 完税证明, sources: [self]}\n"
ROWS = [{"vin": "v1", "mass": 9000}, {"vin": "v2", "mass": 100}]
HEAVY = ("m1: {name: 甲事, department: one, limits: {promised: 1wd}, asks: {fields: [cars.vin]}, "
         "gives: {materials: [TX], fields: [cars.plate]}}\n")
TAKER = ("m2: {name: 乙事, department: one, limits: {promised: 1wd}, asks: {fields: [cars.vin, cars.plate], "
         "materials: [{TX: {per: cars}}]}}\n")
GROUP = "situation: {cars: {ask: 有哪些车？}}\n"


def with_cars(entries, matters=HEAVY + TAKER):
    return good(matters, f"{GROUP}matters: {{m1: {{each: cars, when: cars.mass > 4500}}, m2: {entries}}}",
                fields=CARS, materials=TAX)


ONCE = "{after: {m1: {join: all, feeds: [TX, cars.plate]}}}"
PAIRED = "{each: cars, after: {m1: {feeds: [TX, cars.plate]}}}"


@pytest.mark.parametrize(("entries", "heavy", "light"), [(ONCE, "02", "02"), (PAIRED, "02.1", "02.2")])
def test_a_row_without_a_giver_keeps_its_paper_and_its_field(entries, heavy, light):
    plan = planned(with_cars(entries), {"cars": ROWS})
    assert gone(plan) == {("TX#1", "logic_a", (heavy,), ("01.1",))}
    assert kept(plan) == {"TX#2": (light,)}
    [group] = plan.fields
    assert [(line.code, line.required) for line in group.inner] == [("cars.vin", True), ("cars.plate", False)]
    assert group.inner[1].why.text.endswith("前面的事项会给出的那几行留空")
    assert [(line.code, line.by) for line in plan.removed_fields] == [("cars.plate", ("01.1",))]


def test_every_row_gets_the_result_of_its_own_leg():
    plan = planned(with_cars(ONCE), {"cars": [*ROWS, {"vin": "v3", "mass": 8000}]})
    assert gone(plan) == {("TX#1", "logic_a", ("02",), ("01.1",)), ("TX#3", "logic_a", ("02",), ("01.3",))}


def test_a_field_that_every_row_is_given_is_not_asked():
    plan = planned(with_cars(ONCE), {"cars": ROWS[:1]})
    assert [line.code for line in plan.fields[0].inner] == ["cars.vin"]


def test_one_result_for_all_rows_serves_every_row():
    catalog = good(HEAVY.replace(", fields: [cars.plate]", "") + TAKER.replace(", cars.plate", ""),
                   f"{GROUP}matters: {{m1: {{}}, m2: {{after: {{m1: {{feeds: [TX]}}}}}}}}", fields=CARS, materials=TAX)
    assert gone(planned(catalog, {"cars": ROWS})) == {
        ("TX#1", "logic_a", ("02",), ("01",)), ("TX#2", "logic_a", ("02",), ("01",))}


def test_a_department_is_told_what_was_typed_for_one_row_and_given_for_another():
    plan = planned(with_cars(ONCE), {"cars": ROWS})
    typed = {"cars": [{"vin": "v1"}, {"vin": "v2", "plate": "鲁B2"}]}
    assert leg_fields(plan, "02", with_results(plan, typed, "01.1", {"cars.plate": "鲁B1"})) == {
        "cars": [{"vin": "v1", "plate": "鲁B1"}, {"vin": "v2", "plate": "鲁B2"}]}


BOOK = "HB: {name: 户口页, per_role: yes, sources: [self]}\n"
GIVER = "m0: {name: 零事, department: one, limits: {promised: 1wd}, asks: {fields: [pname]}, gives: [HB]}\n"
FED = "matters: {m0: {}, m2: {after: {m0: {feeds: [HB]}}}}"
ASKER = ("m2: {{name: 乙事, department: one, limits: {{promised: 1wd}}, "
         "asks: {{fields: [pid, aid], materials: [{}]}}}}\n")


def test_one_result_cannot_be_the_paper_of_two_people():
    matters = GIVER + ASKER.format("HB@mother, HB@father")
    assert errors(matters, FED, materials=BOOK) == (
        "m2 要 mother、father 各自的 HB，传来的结果分不清是谁的；请只要一人的，或不写在 feeds 里",)


@pytest.mark.parametrize(("filer", "left"), [
    ("self", {}), ("agent", {"HB@mother": ("02",), "HB@father": ("02",)}),
])
def test_a_result_fills_the_paper_of_the_only_person_asked(filer, left):
    catalog = good(GIVER + ASKER.format("HB@mother, {HB@father: {when: filer == agent}}"), FED, materials=BOOK)
    assert kept(planned(catalog, {"filer": filer})) == left


CHAIN = "A: {name: 规划, sources: [self]}\nB: {name: 施工, proves: [A], sources: [self]}\n"


def waiting(own, other, chain=CHAIN):
    texts = [f"m{index}: {{name: 事项{index}, department: one, limits: {{promised: 9wd}}, asks: "
             f"{{fields: [pid], materials: [{ask}]}}}}\n" for index, ask in enumerate((own, other), 1)]
    return planned(good("".join(texts), "matters: {m1: {}, m2: {}}", materials=chain))


def after(within):
    return f"tolerable: {{within: {within}}}"


@pytest.mark.parametrize("chain", [CHAIN, CHAIN.replace("proves", "covers")])
@pytest.mark.parametrize(("own", "other", "stands"), [
    (f"{{B: {{{after('5wd')}}}}}", "A", "A"),                             # who cannot wait is not made to
    (f"{{B: {{{after('5wd')}}}}}", f"{{A: {{{after('2wd')}}}}}", "A"),    # nor longer than it can
    (f"{{B: {{{after('2wd')}}}}}", f"{{A: {{{after('5wd')}}}}}", "B"),
    ("B", f"{{A: {{{after('2wd')}}}}}", "B"), ("B", "A", "B"),
])
def test_a_paper_that_may_follow_stands_only_for_those_who_can_wait_as_long(chain, own, other, stands):
    plan = waiting(own, other, chain)
    assert taken(plan)["02", "A"] == stands


def test_a_paper_for_which_nobody_can_wait_is_due_at_filing():
    plan = waiting(f"{{B: {{{after('5wd')}}}}}", "A")
    assert validate_materials(plan, {}).missing == ("A",)
