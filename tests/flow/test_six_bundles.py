"""Each shipped bundle is filed by API, and ends: real portal, real demo departments with the shipped script mix."""

import time
from collections import Counter, defaultdict
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from bench.applicant import CATALOG, ENDED, OVER, Applicant, in_public, open_legs
from bench.town import Town
from catalog.reading import names_of
from forms.compose import compose
from forms.shown.sheet import known_field

IN_PUBLIC = in_public()
ZONE = ZoneInfo("Asia/Shanghai")
QUIET = OVER | {"waiting"}
OWED = {"result", "later"}


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    made = Town(tmp_path_factory.mktemp("town"))
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture(scope="module")
def ended(town):
    """Every bundle's case, seen at its end; those with days in public last, for they move everybody's clock."""
    applicant = Applicant(town.url, town.token())
    first = [bundle for bundle in CATALOG.bundles if bundle not in IN_PUBLIC]
    receipts = {bundle: applicant.file(applicant.prepare(bundle), bundle) for bundle in first}
    seen = {view["bundle"]: view for view in
            applicant.until_all_ended(receipt["reference"] for receipt in receipts.values()).values()}
    left = {applicant.file(applicant.prepare(bundle), bundle)["reference"]: in_public_legs(bundle)
            for bundle in IN_PUBLIC}
    last, jumps = list(left), 0
    while any(left.values()):
        left = {reference: legs - _in_public_now(applicant, reference, legs) for reference, legs in left.items()}
        town.jump(days=22)
        jumps += 1
    assert jumps == max(len(in_public_legs(bundle)) for bundle in IN_PUBLIC)
    return {**seen, **{view["bundle"]: view for view in applicant.until_all_ended(last).values()}}


def in_public_legs(bundle):
    """The legs of a bundle, as it is published, that may be decided only after days in public."""
    plan = compose(CATALOG, bundle, CATALOG.bundles[bundle].figures, today=datetime.now(ZONE).date())
    return {leg.leg for leg in plan.legs if leg.wait}


def _in_public_now(applicant, reference, legs):
    """Which of these legs are in public, once a case has nothing else to wait for."""
    for _ in range(300):
        states = {leg["leg"]: leg["state"] for leg in applicant.see(reference)["legs"]}
        under_way = {leg for leg, state in states.items() if state not in QUIET}
        if under_way <= legs and bool(under_way) == bool(legs) and {states[one] for one in under_way} <= {"in_review"}:
            return under_way
        time.sleep(0.1)
    raise AssertionError(states)


def of_case(town, view, what, type_=None):
    """The ledger's lines about one case."""
    return [line for line in town.seen() if line["what"] == what and line["leg"].startswith(view["reference"])
            and type_ in {None, line.get("type")}]


def kind(key):
    """The material kind of a key, without its row."""
    return key.partition("#")[0]


def told(view):
    """How often each type of event stands in the timelines of a case."""
    return Counter(line["type"] for leg in view["legs"] for line in leg["timeline"])


@pytest.mark.parametrize("bundle", CATALOG.bundles)
def test_every_leg_of_every_bundle_ends(ended, bundle):
    view = ended[bundle]
    assert view["state"] in ENDED
    assert open_legs([view]) == []


def test_only_the_one_leg_that_the_script_refuses_is_refused(ended):
    ends = {bundle: Counter(leg["state"] for leg in view["legs"]) for bundle, view in ended.items()}
    assert ends["utilities"] == {"granted": 16, "refused": 1}
    assert {state for bundle, states in ends.items() if bundle != "utilities" for state in states} <= {"granted",
                                                                                                      "delivered"}


def test_the_utilities_case_meets_every_trouble_of_the_mix(town, ended):
    view = ended["utilities"]
    events = told(view)
    assert len(view["legs"]) == 17
    assert events["leg.supplement_required"] == events["leg.supplemented"] == 1
    assert events["leg.refused"] == 1
    assert events["leg.special_started"] == events["leg.special_ended"] == 1
    assert events["leg.outcome_unknown"] == 1
    asked_again = [line["status"] for line in of_case(town, view, "trouble") if not line["effect"]]
    assert asked_again == [503]


def test_a_silent_department_is_waited_for(town, ended):
    """Its play begins with a wait that only an urge or time ends, so nothing was heard before that step."""
    view = ended["utilities"]
    silent = {line["leg"] for line in of_case(town, view, "effect", "leg.filed") if line["play"] == "silent"}
    assert len(silent) == 1
    lines = [line["what"] for line in town.seen() if line["leg"] in silent and line["what"] in {"step", "notice"}]
    assert lines[0] == "step"
    assert "notice" in lines


def test_results_of_a_leg_reach_the_legs_that_need_them(town, ended):
    """The drawing of 08 (K14) travels in the filing; the permits of 09, 10 and 13 (K24) follow when they are there."""
    view = ended["utilities"]
    filed = {line["leg"][-2:]: line["facts"]["materials"] for line in of_case(town, view, "effect", "leg.filed")}
    drawing = [(leg, len(item["files"])) for leg, items in filed.items() for item in items if item["material"] == "K14"]
    assert {leg for leg, _ in drawing} == {"09", "10", "11", "13", "15", "16"}
    assert {files for _, files in drawing} == {1}
    owed = {leg for leg, items in filed.items() for item in items if item["obtained"] in OWED and not item["files"]}
    assert owed == {"11", "12", "13", "14"}
    assert {line["leg"][-2:] for line in of_case(town, view, "effect", "leg.material_added")} == owed


@pytest.mark.parametrize("bundle", CATALOG.bundles)
def test_a_payload_holds_only_what_its_matter_declares(town, ended, bundle):
    view = ended[bundle]
    matters = {leg["id"]: CATALOG.matters[leg["matter"]] for leg in view["legs"]}
    calls = of_case(town, view, "call", "leg.filed")
    assert {call["leg"] for call in calls} == matters.keys()
    for call in calls:
        asks = matters[call["leg"]].asks
        names = {name for ask in asks.fields for name in names_of(ask, known_field(CATALOG, ask.code))}
        rows = {ask.code.partition(".")[0] for ask in asks.fields if "." in ask.code}
        assert set(call["fields"]) <= names | {name.partition(".")[0] for name in names} | rows


@pytest.mark.parametrize("bundle", CATALOG.bundles)
def test_a_department_gets_only_papers_its_matter_asks_or_what_stands_for_them(town, ended, bundle):
    view = ended[bundle]
    filed_on = datetime.fromisoformat(view["filed_at"]).date()
    plan = compose(CATALOG, bundle, CATALOG.bundles[bundle].figures, today=filed_on)
    stands = defaultdict(set)
    for slot in plan.slots:
        stands[kind(slot.taken or slot.key)].add(kind(slot.key))
    matters = {leg["id"]: CATALOG.matters[leg["matter"]] for leg in view["legs"]}
    for line in of_case(town, view, "effect", "leg.filed"):
        asked = {key for ask in matters[line["leg"]].asks.materials for key in (ask.key, ask.kind, *ask.any_of)}
        for item in line["facts"]["materials"]:
            assert {item["material"], *stands[item["material"]]} & asked, (line["leg"], item)


def test_departments_can_open_every_paper_they_are_told_of(town, ended):
    found = Counter(line["found"] for line in town.seen() if line["what"] == "paper")
    assert found.keys() == {"ok"}


def test_every_message_has_one_effect_and_the_same_bytes_for_ever(town, ended):
    effects = Counter(line["key"] for line in town.seen() if line["what"] == "effect")
    assert set(effects.values()) == {1}
    bodies = {(line["key"], line["body_sha256"]) for line in town.seen() if line["what"] == "call"}
    assert len(bodies) == len({key for key, _ in bodies})
    assert {line["status"] for line in town.seen() if line["what"] == "told"} == {204}
