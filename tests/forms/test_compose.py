"""Composing small made-up bundles: which matters, which papers, which order, and why."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from catalog.bundle import Bundle, Edge, Entry, Group, Question
from catalog.conditions import parse_condition, resolve
from catalog.dictionary import Department, Field, Material, Option, Role, Source, Spec
from catalog.limits import parse_limit
from catalog.matter import Asks, FieldAsk, Gives, LimitRow, MaterialAsk, Matter, Pledge, Rule, Variant
from catalog.model import Catalog
from catalog.text import Text
from forms.compose import compose

TODAY = date(2026, 3, 2)
OPTIONS = {"wants": {"a", "b", "c"}, "local": {"yes", "no"}, "filer": {"self", "legal_rep", "agent"}}
LICENCE = (Source("licence", "card", "holder"),)
SHARED = (Source("sharing", "registry", by=("place",)),)


def when(text):
    return None if text is None else resolve(parse_condition(text), lambda name: frozenset(OPTIONS.get(name, ())))


def paper(kind, **more):
    condition = more.pop("when", None)
    return MaterialAsk(kind, when=when(condition), **more)


def matter(name, *papers, fields=(), gives=(), promised="2wd", **more):
    limits = (LimitRow(promised=parse_limit(promised)),)
    asked = tuple(ask if isinstance(ask, FieldAsk) else FieldAsk(ask) for ask in fields)
    papers = tuple(ask if isinstance(ask, MaterialAsk) else MaterialAsk(ask) for ask in papers)
    given = Gives(tuple(code for code in gives if "." not in code and not code.startswith("f_")),
                  tuple(code for code in gives if "." in code or code.startswith("f_")))
    return Matter(name, Text(f"事项{name}"), "office", limits, asks=Asks(asked, papers), gives=given, **more)


def entry(name, number, condition=None, **more):
    return Entry(name, number, when(condition), **more)


QUESTIONS = (
    Question("wants", Text("要什么？"), "many", tuple(Option(code, Text(f"项{code}")) for code in "abc")),
    Question("local", Text("是本地人吗？"), "yes_no"),
    Question("area", Text("面积？"), "number", when=when("local")),
    Question("cars", Text("有哪些车？"), "field"),
)
CARS = Field("cars", Text("车辆"), "rows", inner=(
    Field("cars.vin", Text("车号"), "text", required=True), Field("cars.mass", Text("质量"), "integer"),
    Field("cars.plate", Text("车牌"), "text")), key="vin")


def catalog(matters, entries, materials=(), **more):
    known = [CARS, *CARS.inner, *(Field(code, Text(f"字段{code}"), "text") for code in ("place", "f_one", "f_two")),
             Field("debt", Text("欠费"), "number"), *more.pop("fields", ())]
    bundle = Bundle("small", Text("小事"), QUESTIONS, tuple(entries), **more)
    return Catalog(
        departments={"office": Department("office", Text("某局"))}, fields={item.code: item for item in known},
        materials={item.code: item for item in materials}, matters={item.id: item for item in matters},
        roles={"holder": Role("holder", Text("申请人"), "f_one", "place")}, bundles={"small": bundle},
    )


def plan(made, situation=None, **more):
    return compose(made, "small", situation or {}, today=TODAY, **more)


def removed(made, key):
    return [(line.rule, line.askers, line.by) for line in made.removed_materials if line.key == key]


def kept(made):
    return {line.key: line.askers for line in made.materials}


# What is chosen

@pytest.mark.parametrize(("condition", "situation", "state"), [
    ("a in wants", {"wants": ["a"]}, "in"),
    ("a in wants", {"wants": ["b"]}, "out"), ("a in wants", {"wants": []}, "out"),
    ("a in wants", {}, "maybe"), ("area > 5", {"local": False}, "out"),
    ("area > 5", {"local": False, "area": 9}, "out"),
    ("area > 5", {"local": True, "area": "６"}, "in"),
    ("area > 5", {"local": True}, "maybe"), ("area > 5", {}, "maybe"),
    ("not area > 5", {"local": False}, "in"), ("a in wants or local", {"wants": ["a"]}, "in"),
])
def test_a_matter_is_in_out_or_undecided(condition, situation, state):
    made = plan(catalog([matter("m")], [entry("m", "01", condition)]), situation)
    assert state == ("in" if made.legs else made.absent[0].state)


def test_the_reason_names_the_question_and_never_a_code():
    entries = [entry("m", "01", "a in wants"), entry("n", "02", "b in wants")]
    made = plan(catalog([matter("m"), matter("n")], entries), {"wants": ["a"]})
    assert made.legs[0].why.text == "因为“要什么”选了“项a”"
    assert made.absent[0].why.text == "因为“要什么”没有选“项b”"


def test_only_questions_that_still_matter_are_open():
    made = catalog([matter("m")], [entry("m", "01", "a in wants and local")])
    states = {question.id: question.state for question in plan(made, {"wants": ["b"]}).questions}
    assert states == {"wants": "answered", "local": "idle", "area": "idle", "cars": "idle"}
    states = {question.id: question.state for question in plan(made, {}).questions}
    assert (states["wants"], states["local"], states["area"]) == ("open", "open", "idle")


def test_a_question_that_does_not_apply_is_not_filed():
    made = plan(catalog([matter("m")], [entry("m", "01")]), {"local": "no", "area": 7})
    assert made.situation == {"local": False}
    assert next(question.state for question in made.questions if question.id == "area") == "not_applicable"


@pytest.mark.parametrize(("situation", "at"), [
    ({"wants": "a"}, "wants"), ({"wants": ["x"]}, "wants"), ({"local": "maybe"}, "local"), ({"nothing": 1}, "nothing"),
    ({"local": True, "area": "1e3"}, "area"),
    ({"local": True, "area": True}, "area"), ({"local": True, "area": [1]}, "area"),
    ({"cars": [{"vin": "1", "x": "2"}]}, "cars"), ({"filer": "robot"}, "filer"), ({"local": {"a": 1}}, "local"),
])
def test_a_bad_answer_is_a_problem_at_its_name(situation, at):
    problems = plan(catalog([matter("m")], [entry("m", "01")]), situation).problems
    assert [(problem.level, problem.at) for problem in problems if problem.rule == "bad_answer"] == [("block", at)]


def test_optional_matters_come_only_when_ticked():
    made = catalog([matter("m"), matter("n")], [entry("m", "01"), entry("n", "02", optional=True)])
    assert [leg.matter for leg in plan(made).legs] == ["m"]
    assert [leg.matter for leg in plan(made, {"chosen": ["n"]}).legs] == ["m", "n"]


ONE_OF = [entry("m", "01", "a in wants"), entry("n", "02", "b in wants")]


@pytest.mark.parametrize(("situation", "legs", "problem"), [
    ({"wants": ["a"]}, ["m"], None), ({"wants": ["b"]}, ["n"], None), ({"wants": ["c"]}, [], "group_empty"),
    ({"wants": ["a", "b"]}, [], "group_ambiguous"),
    ({"wants": ["a", "b"], "basis": "n"}, ["n"], None), ({}, [], "open_question"),
])
def test_one_of_takes_exactly_one(situation, legs, problem):
    made = plan(catalog([matter("m"), matter("n")], ONE_OF, groups=(Group("basis", "one_of", ("m", "n")),)), situation)
    assert [leg.matter for leg in made.legs] == legs
    assert problem is None or problem in {item.rule for item in made.problems}


def test_an_ambiguous_group_asks_for_the_member():
    small = catalog([matter("m"), matter("n")], ONE_OF, groups=(Group("basis", "one_of", ("m", "n")),))
    made = plan(small, {"wants": ["a", "b"]})
    question = next(item for item in made.questions if item.id == "basis")
    assert (question.state, [option.code for option in question.options]) == ("open", ["m", "n"])


def test_absent_pull_brings_the_target_and_block_refuses():
    after = entry("n", "02", "a in wants", after=(Edge("m", absent="pull"),))
    made = plan(catalog([matter("m"), matter("n")], [entry("m", "01", "b in wants"), after]), {"wants": ["a"]})
    assert [(leg.matter, leg.why.rule) for leg in made.legs] == [("m", "pull"), ("n", "when")]
    after = entry("n", "02", "a in wants", after=(Edge("m", absent="block"),))
    made = plan(catalog([matter("m"), matter("n")], [entry("m", "01", "b in wants"), after]), {"wants": ["a"]})
    assert "absent" in {problem.rule for problem in made.problems}


def test_no_matter_at_all_blocks():
    made = plan(catalog([matter("m")], [entry("m", "01", "a in wants")]), {"wants": []})
    assert "no_legs" in {problem.rule for problem in made.problems}


# Rules

@pytest.mark.parametrize(("debt", "levels"), [(None, ["undecided"]), (0, []), (5, ["block"])])
def test_a_rule_over_a_form_field_is_decided_by_the_form(debt, levels):
    rule = Rule("R-1", when("debt == 0"), Text("请先缴清"))
    made = catalog([matter("m", fields=["debt"], rules=(rule,))], [entry("m", "01")])
    form = None if debt is None else {"debt": debt}
    assert [problem.level for problem in plan(made, form=form).problems if problem.rule == "R-1"] == levels


def test_a_blocked_date_rule_says_from_when_it_will_hold():
    rule = Rule("R-2", when("since + 3mo <= today"), Text("公示未满三个月"))
    since = Field("since", Text("公示日"), "date")
    made = catalog([matter("m", fields=["since"], rules=(rule,))], [entry("m", "01")], fields=[since])
    texts = [problem.text for problem in plan(made, {"since": "2026-01-31"}).problems if problem.rule == "R-2"]
    assert texts == ["公示未满三个月；从 2026-04-30 起不受这一条限制"]


# Variants, rows, order

def test_a_variant_keeps_what_it_does_not_set():
    variant = Variant("filing", when("area <= 200"), name=Text("备案"), limits=(LimitRow(promised=parse_limit("0wd")),))
    made = Matter("m", Text("许可"), "office", (LimitRow(promised=parse_limit("2wd"), before=parse_limit("7wd")),),
                  gives=Gives(("x",)), variants=(variant,))
    leg = plan(catalog([made], [entry("m", "01")]), {"local": True, "area": 150}).legs[0]
    assert (leg.variant, leg.name, leg.gives.materials) == ("filing", "备案", ("x",))
    assert (str(leg.promised), str(leg.before)) == ("0wd", "7wd")
    assert "不超过 200，所以按“备案”办理" in leg.why.text


ROWS = {"cars": [{"vin": "A", "mass": 9}, {"vin": "B", "mass": 1}]}


def rows_catalog():
    papers = [Material("invoice", Text("发票"), per="cars", sources=(Source("self"),)),
              Material("permit", Text("行驶证"), per="cars", sources=(Source("self"),))]
    first = matter("first", "invoice", fields=["cars.vin"], gives=("permit", "cars.plate"), promised="1wd")
    second = matter("second", "permit", fields=["cars.vin", "cars.plate"])
    after = (Edge("first", feeds=("permit", "cars.plate")),)
    return catalog([first, second], [entry("first", "01", each="cars"),
                                     entry("second", "02", "cars.mass > 5", each="cars", after=after)], papers)


def test_rows_make_legs_that_wait_for_their_own_row():
    made = plan(rows_catalog(), ROWS)
    found = [(leg.leg, leg.row, leg.instance) for leg in made.legs]
    assert found == [("01.1", 0, "A"), ("01.2", 1, "B"), ("02.1", 0, "A")]
    assert [(edge.leg, edge.targets) for edge in made.edges] == [("02.1", ("01.1",))]
    assert kept(made) == {"invoice#1": ("01.1",), "invoice#2": ("01.2",)}
    assert removed(made, "permit#1") == [("logic_a", ("02.1",), ("01.1",))]
    assert [(line.code, line.by) for line in made.removed_fields] == [("cars.plate", ("01.1",))]
    assert (made.figures.materials_before, made.figures.materials_kinds, made.figures.materials_after) == (3, 2, 1)


def test_an_absent_matter_is_never_bridged():
    second = entry("n", "02", "a in wants", after=(Edge("m"),))
    entries = [entry("m", "01"), second, entry("o", "03", after=(Edge("n"),))]
    made = plan(catalog([matter("m"), matter("n"), matter("o")], entries), {"wants": []})
    assert made.edges == ()
    assert made.figures.days.after == 2


@pytest.mark.parametrize(("kind", "finish"), [
    ("before_start", 5), ("before_decide", 3), ("before_deliver", 3), ("cancels", 3),
])
def test_each_kind_of_edge_moves_the_schedule_as_it_should(kind, finish):
    entries = [entry("m", "01"), entry("n", "02", after=(Edge("m", kind),))]
    made = plan(catalog([matter("m", promised="3wd"), matter("n")], entries))
    assert made.figures.days.after == finish


def test_consequences_default_by_kind_and_by_whether_the_thing_has_another_source():
    papers = [Material("self_made", Text("甲"), sources=(Source("self"),)), Material("result_only", Text("乙"))]
    edges = (Edge("m"), Edge("m", feeds=("self_made",)), Edge("m", feeds=("result_only",)), Edge("m", "before_deliver"))
    made = plan(catalog([matter("m", gives=("self_made", "result_only")), matter("n", "self_made", "result_only")],
                        [entry("m", "01"), entry("n", "02", after=edges)], papers))
    assert [edge.on["refused"] for edge in made.edges] == ["stop", "ask", "stop", "continue"]
    assert {edge.on["voided"] for edge in made.edges} == {"ask"}


def test_join_first_takes_the_first_listed_that_is_chosen():
    entries = [entry("m", "01", "a in wants"), entry("n", "02"), entry("o", "03", after=(Edge("both", join="first"),))]
    made = catalog([matter("m"), matter("n"), matter("o")], entries, groups=(Group("both", "any", ("m", "n")),))
    assert plan(made, {"wants": ["a"]}).edges[0].targets == ("01",)
    assert plan(made, {"wants": []}).edges[0].targets == ("02",)


# Subtraction

def asking_the_keys(item):
    """The matter, asking also what the library and the registry are asked with."""
    return replace(item, asks=replace(item.asks, fields=(*item.asks.fields, FieldAsk("f_one"), FieldAsk("place"))))


def subtracted(papers, *matters, **more):
    if any(one.sources in {LICENCE, SHARED} for one in papers):
        matters = [asking_the_keys(matters[0]), *matters[1:]]
    entries = more.pop("entries", None) or [entry(item.id, f"{index:02d}") for index, item in enumerate(matters, 1)]
    return plan(catalog(matters, entries, papers), more.pop("situation", {}), **more)


CHAIN = [Material("p1", Text("立项"), sources=SHARED), Material("p2", Text("用地"), proves=("p1",), sources=LICENCE),
         Material("p3", Text("规划"), proves=("p2",), sources=LICENCE)]


def test_the_last_paper_of_a_chain_proves_the_others():
    made = subtracted(CHAIN, matter("m", "p1", "p2"), matter("n", "p3"))
    assert removed(made, "p1") == [("logic_b", ("01",), ("p3",))]
    assert removed(made, "p2") == [("logic_b", ("01",), ("p3",))]
    assert removed(made, "p3")[0][0] == "licence"
    assert {(slot.key, slot.taken, slot.obtained) for slot in made.slots if slot.leg == "01"} == {
        ("p1", "p3", "library"), ("p2", "p3", "library"),
    }


def test_a_paper_asked_for_itself_stays():
    assert removed(subtracted(CHAIN, matter("m", paper("p2", itself=True)), matter("n", "p3")), "p2")[0][0] == "licence"


def test_a_result_of_this_case_proves_nothing():
    made = subtracted(CHAIN, matter("m", "p2", gives=("p3",)), matter("n", "p3"))
    assert removed(made, "p2")[0][0] == "licence"


def test_a_failed_look_up_restores_that_one_upload_and_not_its_ancestors():
    made = subtracted(CHAIN, matter("m", "p1", "p2"), matter("n", "p3"), found={"p3": "miss"})
    assert kept(made) == {"p3": ("02",)}
    assert made.materials[0].failed == "电子证照库没有查到"
    assert made.materials[0].why.text.startswith("电子证照库没有查到，请您自己上传")
    assert removed(made, "p1")[0][0] == "logic_b"
    assert {slot.obtained for slot in made.slots} == {"upload"}


LIBRARY, REGISTRY = ("licence", "card"), ("sharing", "registry")


@pytest.mark.parametrize(("off", "rule", "says"), [
    ({LIBRARY, REGISTRY}, None, "这里还没有接通电子证照库，请您自己上传"), ({REGISTRY}, "licence", "从电子证照库调取"),
    ({LIBRARY}, "sharing", "通过部门数据共享"),
    ({("licence", "other"), ("premises", "card")}, "licence", "从电子证照库调取")])
def test_a_paper_whose_sources_this_place_has_not_connected_is_brought_from_the_beginning(off, rule, says):
    papers = [Material("card", Text("证"), sources=(*LICENCE, *SHARED))]
    made = subtracted(papers, asking_the_keys(matter("m", "card")), off=frozenset(off))
    lines = [*made.materials, *made.removed_materials]
    assert [(getattr(line, "rule", None), says in line.why.text) for line in lines] == [(rule, True)]
    assert made.figures.materials_after == (rule is None)
    assert [line.why.rule for line in made.materials] == ["unconnected"] * (rule is None)


def test_where_nothing_is_connected_a_pledge_still_stands_for_a_paper_and_a_failure_is_said_before():
    papers = [Material("card", Text("证"), sources=(*LICENCE, *SHARED))]
    pledged = paper("card", pledge=Pledge("p", text=Text("我承诺"), signers=("holder",)))
    made = subtracted(papers, asking_the_keys(matter("m", pledged)), off=frozenset({LIBRARY, REGISTRY}))
    assert removed(made, "card")[0][0] == "pledge"
    asking = asking_the_keys(matter("m", "card"))
    failed = subtracted(papers, asking, found={"card": "failed"}, off=frozenset({REGISTRY}))
    assert failed.materials[0].failed == "电子证照库查询没有成功"


@pytest.mark.parametrize("source", [
    Source("licence", "card", "holder"), Source("licence", "card"), Source("licence", "card", "nobody"),
    Source("sharing", "registry", by=("place",)), Source("premises", "file", by=("f_one", "place")),
    Source("sharing", "registry"), Source("sharing", "registry", by=("cars.mass",)),
])
def test_a_source_whose_key_nobody_answers_counts_as_an_upload(source):
    asks = [entry("m", "01"), entry("n", "02")]
    asking = matter("n", "card", fields=("debt",))
    giving = matter("m", fields=(), gives=("f_one",))  # known only after the look-ups
    made = plan(catalog([giving, asking], asks, [Material("card", Text("证"), sources=(source,))]))
    assert kept(made) == {"card": ("02",)}
    assert made.figures.materials_after == 1


def test_a_mandate_stands_for_its_paper_where_there_is_one_and_is_never_taken_for_granted():
    papers = [Material("x", Text("委托书"), sources=(Source("mandate"), Source("self")))]
    for found in ({}, {"x": "hit"}, {"x": "miss"}):
        assert kept(subtracted(papers, matter("m", "x"), found=found)) == {"x": ("01",)}
    made = subtracted(papers, matter("m", "x"), found={"x": "mandate"})
    assert (removed(made, "x")[0][0], [slot.obtained for slot in made.slots]) == ("mandate", ["sharing"])
    assert "委托人已在网上委托您办理" in made.removed_materials[0].why.text
    assert "已在网上委托 1 种" in " ".join(made.figures.because)
    proved = [Material("x", Text("证"), sources=(*LICENCE, Source("mandate")))]
    assert removed(subtracted(proved, asking_the_keys(matter("m", "x")), found={"x": "hit"}), "x")[0][0] == "licence"


def test_the_best_source_with_a_key_is_asked_and_prefills_without_one_are_not_counted():
    unknown, known = Source("licence", "card", "holder"), Source("sharing", "registry", by=("debt",))
    papers = [Material("card", Text("证"), sources=(unknown, known))]
    fields = [Field("f_three", Text("三"), "text", prefill=(unknown,)), Field("f_four", Text("四"), "text",
                                                                             prefill=(known,))]
    made = plan(catalog([matter("m", "card", fields=("debt", "f_three", "f_four"))], [entry("m", "01")], papers,
                        fields=fields))
    assert removed(made, "card")[0][0] == "sharing"
    assert made.figures.fields_prefilled == 1
    assert {line.code: len(line.prefill) for line in made.fields} == {"debt": 0, "f_three": 0, "f_four": 1}


def test_a_richer_paper_covers_a_poorer_one():
    papers = [Material("short", Text("简"), sources=(Source("self"),)),
              Material("full", Text("全"), covers=("short",), sources=LICENCE)]
    made = subtracted(papers, matter("m", "short"), matter("n", "full"))
    assert removed(made, "short") == [("covers", ("01",), ("full",))]


def test_only_the_legs_that_are_fed_lose_the_upload():
    papers = [Material("x", Text("图"), sources=(Source("self"),))]
    entries = [entry("m", "01"), entry("n", "02", after=(Edge("m", feeds=("x",)),)), entry("o", "03")]
    made = subtracted(papers, matter("m", gives=("x",)), matter("n", "x"), matter("o", "x"), entries=entries)
    assert removed(made, "x") == [("logic_a", ("02",), ("01",))]
    assert kept(made) == {"x": ("03",)}


def test_a_fed_paper_comes_back_when_its_producer_is_not_chosen():
    papers = [Material("x", Text("图"), sources=(Source("self"),))]
    entries = [entry("m", "01", "a in wants"), entry("n", "02", after=(Edge("m", feeds=("x",)),))]
    made = [subtracted(papers, matter("m", gives=("x",)), matter("n", "x"), entries=entries, situation={"wants": wants})
            for wants in (["a"], [])]
    assert [kept(one) for one in made] == [{}, {"x": ("02",)}]


def test_logic_comes_before_the_library_so_that_a_reissued_licence_is_not_the_old_one():
    papers = [Material("card", Text("证"), sources=LICENCE)]
    entries = [entry("m", "01"), entry("n", "02", after=(Edge("m", "before_decide", feeds=("card",)),))]
    made = subtracted(papers, matter("m", gives=("card",)), matter("n", "card"), entries=entries)
    assert removed(made, "card") == [("logic_a", ("02",), ("01",))]
    assert [slot.obtained for slot in made.slots] == ["later"]


def test_a_pledge_serves_only_those_who_allow_it():
    papers = [Material("x", Text("方案"), sources=(Source("self"),))]
    made = subtracted(papers, matter("m", paper("x", pledge=Pledge("promise"))), matter("n", "x"))
    assert removed(made, "x") == [("pledge", ("01",), ("promise",))]
    assert kept(made) == {"x": ("02",)}


@pytest.mark.parametrize(("sets", "left"), [
    ([("x", "y"), ("x", "y")], ["ask0"]), ([("x", "y", "z"), ("y", "z")], ["ask0"]), ([("x", "y"), ("y", "z")], ["y"]),
    ([("x", "y"), ("z", "w")], ["ask0", "ask1"]),
])
def test_any_of_lists_are_settled_among_one_another(sets, left):
    papers = [Material(kind, Text(kind), sources=(Source("self"),)) for kind in "xyzw"]
    made = subtracted(papers, *(matter(f"m{i}", paper(f"ask{i}", any_of=kinds)) for i, kinds in enumerate(sets)))
    assert [line.key for line in made.materials] == left


def test_any_of_is_satisfied_by_a_paper_that_is_asked_anyway():
    papers = [Material(kind, Text(kind), sources=(Source("self"),)) for kind in "xy"]
    made = subtracted(papers, matter("m", paper("either", any_of=("x", "y"))), matter("n", "y"))
    assert kept(made) == {"y": ("02", "01")}
    assert next(slot for slot in made.slots if slot.leg == "01").taken == "y"


def test_the_strictest_specification_wins_and_tolerance_needs_all():
    papers = [Material("x", Text("图"), sources=(Source("self"),))]
    strict = paper("x", spec=Spec(("pdf",), 5, 2, original=True), tolerable=parse_limit("2wd"))
    made = subtracted(papers, matter("m", paper("x", spec=Spec(("pdf", "jpg"), 10, 1))), matter("n", strict))
    spec = made.materials[0].spec
    assert (spec.file_types, spec.max_mb, spec.copies, spec.original) == (("pdf",), 5, 2, True)
    assert made.materials[0].tolerable is None


def test_an_undecided_paper_is_in_no_figure():
    papers = [Material("x", Text("委托书"), sources=(Source("self"),))]
    made = subtracted(papers, matter("m", paper("x", when="filer == agent")))
    assert (made.figures.materials_before, made.materials) == (0, ())
    assert ("maybe_material", "filer") in {(problem.rule, problem.at) for problem in made.problems}


# Fields

@pytest.mark.parametrize(("asks", "expected"), [
    ([{"max": Decimal(9)}, {"max": Decimal(5)}], {"max": Decimal(5)}),
    ([{"min": Decimal(1)}, {"min": Decimal(3)}], {"min": Decimal(3)}),
    ([{"required": False}, {"required": True}], {"required": True}), ([{"required": False}] * 2, {"required": False}),
])
def test_the_strictest_rule_of_a_field_wins(asks, expected):
    matters = [matter(f"m{i}", fields=[FieldAsk("debt", **ask)]) for i, ask in enumerate(asks)]
    line = subtracted([], *matters).fields[0]
    assert {name: getattr(line, name) for name in expected} == expected
    assert len(line.askers) == len(asks)


def test_a_field_nobody_can_fill_is_a_conflict_that_names_both_matters():
    least, most = FieldAsk("debt", min=Decimal(9)), FieldAsk("debt", max=Decimal(5))
    made = subtracted([], matter("m", fields=[least]), matter("n", fields=[most]))
    conflict = next(problem for problem in made.problems if problem.rule == "conflict")
    assert conflict.level == "block"
    assert "最小 9(事项m)与最大 5(事项n)" in conflict.text


def test_results_of_a_group_delivered_together_wait_for_one_another_without_losing_days():
    group = Group("both", "any", ("m", "n"), deliver="together")
    matters = [matter("m", promised="3wd"), matter("n")]
    made = plan(catalog(matters, [entry("m", "01"), entry("n", "02")], groups=(group,)))
    assert [(edge.leg, edge.targets, edge.kind) for edge in made.edges] == [
        ("01", ("02",), "before_deliver"), ("02", ("01",), "before_deliver"),
    ]
    assert made.figures.days.after == 3


@pytest.mark.parametrize(("form", "asked"), [(None, False), ({"debt": 0}, False), ({"debt": 3}, True)])
def test_a_field_with_a_condition_of_its_own_is_asked_only_then(form, asked):
    reason = Field("reason", Text("欠费原因"), "text", when="debt > 0")
    made = plan(catalog([matter("m", fields=["debt", "reason"])], [entry("m", "01")], fields=[reason]), form=form)
    assert ("reason" in {line.code for line in made.fields}) is asked
    assert ("maybe_field" in {problem.rule for problem in made.problems}) is (form is None)


def test_a_paper_that_becomes_fields_names_only_those_on_the_form():
    papers = [Material("load", Text("清单"), becomes=("f_one", "f_two"))]
    made = subtracted(papers, matter("m", "load", fields=["f_one"]))
    assert "(字段f_one)" in made.removed_materials[0].why.text
    made = subtracted(papers, matter("m", "load"))
    assert [line.code for line in made.fields] == ["f_one", "f_two"]
