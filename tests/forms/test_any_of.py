"""One of several papers is enough: what settles such an ask, and what does not."""

from types import MappingProxyType
from typing import Any

import pytest

from cases.model import Case, Leg, LegState
from desk.editions import stood_for
from desk.sending import payload
from desk.sending.payload import Addressee, Dossier
from forms.papers.look_ups import MANDATED
from forms.plan import Plan
from tests.desk.conftest import NOW
from tests.forms.made import errors, gone, good, kept, planned, taken

PAPERS = "".join(f"{kind}: {{name: {name}, sources: [self]}}\n" for kind, name in zip("ABCD", "甲乙丙丁", strict=True))
LICENSED = PAPERS.replace("A: {name: 甲, sources: [self]}", "A: {name: 甲, sources: [{licence: card, holder: holder}]}")
PLEDGE = "pledge: {form: p, text: 我承诺, signers: [holder]}"


def matters(*asks: str, first: str = "") -> str:
    texts = [first] if first else []
    texts += [f"m{index}: {{name: 事项{index}, department: one, limits: {{promised: 3wd}}, asks: "
              f"{{fields: [pid], materials: [{ask}]}}}}" for index, ask in enumerate(asks, 1)]
    return "\n".join(texts) + "\n"


def both(*asks: str, **more: Any) -> Plan:
    entries = ", ".join(f"m{index}: {{}}" for index in range(1, len(asks) + 1))
    return planned(good(matters(*asks), f"matters: {{{entries}}}", **{"materials": PAPERS, **more}))


def test_two_matters_may_give_one_name_to_different_lists():
    plan = both("{p: {any_of: [A, B]}}", "{p: {any_of: [C, D]}}")
    assert kept(plan) == {"p#A~B": ("01",), "p#C~D": ("02",)}
    assert [line.choices for line in plan.materials] == [("A", "B"), ("C", "D")]
    assert [str(slot.name) for slot in plan.slots] == ["甲、乙(任选一种)", "丙、丁(任选一种)"]


def test_the_key_of_a_list_does_not_hang_on_who_else_is_chosen():
    catalog = good(matters("{p: {any_of: [A, B]}}", "{p: {any_of: [C, D]}}"),
                   "situation: {q: {ask: 要吗？, yes_no: yes}}\nmatters: {m1: {when: q}, m2: {}}", materials=PAPERS)
    assert kept(planned(catalog, {"q": False})) == {"p#C~D": ("02",)}


def test_lists_of_one_name_that_share_kinds_become_one():
    plan = both("{p: {any_of: [A, B, C]}}", "{p: {any_of: [B, C, D]}}")
    assert [(line.choices, line.askers) for line in plan.materials] == [(("B", "C"), ("01", "02"))]


def test_a_list_named_like_a_paper_is_refused_by_the_check():
    says = "A 是一种材料的编码，不能又作任选一种的名称；请另取名称，例如 A_any: {any_of: …}"
    for ask in ("{A: {any_of: [A, B]}}", "{A: {any_of: [B, C]}}"):
        assert errors(matters(ask), "matters: {m1: {}}", materials=PAPERS) == (says,)


def test_a_paper_that_a_pledge_replaces_settles_nothing():
    plan = both("{p: {any_of: [A, B]}}", f"{{A: {{{PLEDGE}}}}}")
    assert kept(plan) == {"p": ("01",)}
    assert plan.materials[0].choices == ("A", "B")
    assert gone(plan) == {("A", "pledge", ("02",), ("p",))}


def test_a_paper_that_flows_to_another_alone_settles_nothing():
    giver = "m0: {name: 零事, department: one, limits: {promised: 1wd}, asks: {fields: [pid]}, gives: [A]}"
    catalog = good(matters("{p: {any_of: [A, B]}}", "A", first=giver),
                   "matters: {m0: {}, m1: {}, m2: {after: {m0: {feeds: [A]}}}}", materials=PAPERS)
    plan = planned(catalog)
    assert kept(plan) == {"p": ("02",)}
    assert plan.materials[0].choices == ("A", "B")
    assert gone(plan) == {("A", "logic_a", ("03",), ("01",))}


def test_who_gets_one_of_the_kinds_from_an_earlier_matter_needs_nothing_more():
    giver = "m0: {name: 零事, department: one, limits: {promised: 1wd}, asks: {fields: [pid]}, gives: [A]}"
    catalog = good(matters("{p: {any_of: [A, B]}}", "B", "{q: {any_of: [B, C]}}", first=giver),
                   "matters: {m0: {}, m1: {after: {m0: {feeds: [A]}}}, m2: {}, m3: {}}", materials=PAPERS)
    plan = planned(catalog)
    assert gone(plan) == {("p", "logic_a", ("02",), ("01",))}
    assert kept(plan) == {"B": ("03", "04")}
    assert taken(plan) == {("02", "p"): "A", ("03", "B"): "B", ("04", "q"): "B"}


@pytest.mark.parametrize(("found", "brought"), [({}, {}), ({"A": "miss"}, {"p": ("01",)})])
def test_a_fetched_paper_settles_and_one_that_cannot_be_fetched_leaves_the_choice(found, brought):
    catalog = good(matters("{p: {any_of: [A, B]}}", f"{{A: {{{PLEDGE}}}}}"), "matters: {m1: {}, m2: {}}",
                   materials=LICENSED, licences="card: {name: 证照, held_by: person}\n")
    plan = planned(catalog, found=found)
    assert kept(plan) == brought
    assert all(line.choices == ("A", "B") for line in plan.materials)


@pytest.mark.parametrize(("found", "looked_up", "brought"), [
    ({}, ["A", "B"], {}), ({"A": "hit"}, ["A"], {}), ({"A": "miss"}, ["B"], {}),
    ({"A": "failed", "B": "hit"}, ["B"], {}), ({"A": "miss", "B": "failed"}, [], {"p": ("01",)}),
    ({"p": "miss"}, [], {"p": ("01",)})])
def test_what_is_not_found_of_one_kind_is_looked_for_as_the_next(found, looked_up, brought):
    fetched = LICENSED.replace("乙, sources: [self]", "乙, sources: [{sharing: deeds, by: [pid]}]")
    catalog = good(matters("{p: {any_of: [A, B, C]}}"), "matters: {m1: {}}", materials=fetched,
                   licences="card: {name: 证照, held_by: person}\n")
    plan = planned(catalog, found=found)
    assert kept(plan) == brought and [line.failed is not None for line in plan.materials] == [True] * len(brought)
    assert [one.key for line in plan.removed_materials for one in line.candidates] == looked_up
    assert [slot.taken for slot in plan.slots] == (looked_up[:1] or ["p"])
    assert all(("再查“乙”" in line.why.text) == (looked_up == ["A", "B"]) for line in plan.removed_materials)


def test_a_mandate_stands_for_the_one_of_several_papers_that_it_can_stand_for():
    entrusted = LICENSED.replace("乙, sources: [self]", "乙, sources: [mandate, self]")
    catalog = good(matters("{p: {any_of: [A, B]}}", "{q: {any_of: [C, D]}}"), "matters: {m1: {}, m2: {}}",
                   materials=entrusted, licences="card: {name: 证照, held_by: person}\n")
    fetched = planned(catalog)
    assert (stood_for(fetched, catalog), taken(fetched)["01", "p"]) == ([], "A"), "the licence library comes first"
    missed = planned(catalog, found={"A": "miss"})
    papers = stood_for(missed, catalog)
    plan = planned(catalog, found={"A": "miss", **dict.fromkeys(papers, MANDATED)})
    assert (kept(missed), papers, kept(plan)) == ({"p": ("01",), "q": ("02",)}, ["B"], {"q": ("02",)})
    assert gone(plan) == {("p", "mandate", ("01",), ())}
    assert [(slot.taken, slot.obtained) for slot in plan.slots] == [("B", "sharing"), ("q", "upload")]


def test_a_paper_that_a_later_one_proves_settles_too_unless_this_very_one_is_needed():
    proved = PAPERS.replace("D: {name: 丁,", "D: {name: 丁, proves: [A],")
    assert kept(both("{p: {any_of: [A, B]}}", "A", "D", materials=proved)) == {"D": ("03",)}
    own = both("{p: {any_of: [A, B], itself: yes}}", "A", "D", materials=proved)
    assert kept(own) == {"p": ("01",), "D": ("03",)}


def test_the_only_kind_left_of_two_lists_joins_those_who_ask_it_anyway():
    plan = both("{p: {any_of: [A, B]}}", "{q: {any_of: [B, C]}}", f"{{B: {{{PLEDGE}}}}}")
    assert kept(plan) == {"B": ("01", "02")}
    assert gone(plan) == {("B", "pledge", ("03",), ("p",))}


def test_one_arrangement_gives_the_same_plan_again():
    catalog = good(matters("{p: {any_of: [A, B]}}", "A"), "matters: {m1: {}, m2: {}}", materials=PAPERS)
    assert planned(catalog) == planned(catalog)


@pytest.mark.parametrize("ask", [f"{{p: {{any_of: [A, B], {PLEDGE}}}}}", f"{{A: {{{PLEDGE}}}}}"])
def test_the_pledge_for_one_of_several_papers_reaches_the_department_with_its_signers(ask):
    plan = both(ask, "A")
    assert kept(plan) == {"A": ("02",)}
    case = Case("R", plan, NOW, {"01": Leg("01", "m1", "one", LegState.QUEUED)})
    [entry] = payload.materials(Dossier(case, {"form": {}, "materials": {}}, MappingProxyType({})), plan.legs[0],
                                Addressee("notices", "files", "code"))
    assert entry["documents"] == [{"form": "p", "signers": ["holder"], "signed_at": NOW.isoformat()}]
