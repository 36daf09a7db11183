"""What holds in every situation of every shipped bundle."""

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.canonical import dumps, loads
from catalog.load import load_catalog
from forms.answers import know
from forms.choose import select
from forms.compose import compose
from forms.plan import Plan
from forms.schema import validate_form, validate_materials
from forms.shown.public import plan_json
from forms.split import applicant_part, leg_fields
from forms.trials.cells import Space
from forms.trials.chains import Chains, outcome_of
from forms.values import json_ready

TODAY = date(2026, 3, 2)
BOUNDED = settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@cache
def shipped():
    return load_catalog(Path(__file__).resolve().parents[2] / "bundles").catalog


@cache
def cells():
    """For every bundle, for every question the answers worth trying, and a wrong one."""
    found = {}
    for name, bundle in shipped().bundles.items():
        space = Space.of(know(shipped(), bundle, {}, None, TODAY))
        names = [question.id for question in bundle.questions] + ["filer"]
        found[name] = {question: (*map(_with_keys, space.values_of(question)), None, "？") for question in names}
    return found


def _with_keys(value):
    """The value as JSON; rows of vehicles with numbers of their own."""
    ready = json_ready(value)
    if not (isinstance(value, tuple) and value and isinstance(value[0], dict)):
        return ready
    return [{"vin": f"LSGJA52U9AH{index:06d}", **row} for index, row in enumerate(ready)]


@st.composite
def situations(draw):
    bundle = draw(st.sampled_from(sorted(shipped().bundles)))
    answers = {name: draw(st.sampled_from(values)) for name, values in cells()[bundle].items()}
    return bundle, {name: value for name, value in answers.items() if value is not None}


def declared(leg):
    """The field and paper names a leg's matter declares, in any of its variants."""
    whole = shipped().matters[leg.matter]
    asks = [whole.asks, *(variant.asks for variant in whole.variants if variant.asks)]
    fields = {name for one in asks for ask in one.fields for name in _names(ask)}
    return fields, {ask.key for one in asks for ask in one.materials}


def _names(ask):
    """What a leg may be told for one ask: its own name, its group's, and for a whole group its columns."""
    inner = shipped().fields[ask.code].inner
    columns = {name for column in inner for code in [column.code.rpartition(".")[2]]
               for name in (code, *([f"{code}_paper"] if column.type == "citizen_id" and column.options else []))}
    group = ask.code.rpartition(".")[0]
    kinds = {ask.paper_name(["id_card", "passport"])} - {None}
    return {ask.as_name or ask.code.rpartition(".")[2], group or ask.as_name or ask.code, *columns, *kinds}


@BOUNDED
@given(situations())
def test_copies_kinds_and_left_fall_and_days_never_rise(case):
    bundle, situation = case
    figures = compose(shipped(), bundle, situation, today=TODAY).figures
    assert figures.materials_before >= figures.materials_kinds >= figures.materials_after >= 0
    assert figures.days.before >= figures.days.after
    assert figures.fields_before >= figures.fields_after


@BOUNDED
@given(situations())
def test_composing_is_deterministic_and_a_plan_survives_its_canonical_form(case):
    bundle, situation = case
    plan = compose(shipped(), bundle, situation, today=TODAY)
    assert plan == compose(shipped(), bundle, dict(reversed(situation.items())), today=TODAY)
    assert loads(dumps(plan), Plan) == plan
    assert plan_json(plan)["figures"]["materials"]["before"] == plan.figures.materials_before


@BOUNDED
@given(situations())
def test_each_leg_gets_only_what_its_matter_declares(case):
    bundle, situation = case
    plan = compose(shipped(), bundle, situation, today=TODAY)
    clean = {line.code: _sample(line) for line in plan.fields}
    for leg in plan.legs:
        fields, papers = declared(leg)
        payload = leg_fields(plan, leg.leg, clean)
        assert set(payload) <= fields
        assert {name for value in payload.values() if _is_rows(value) for row in value for name in row} <= fields
        assert {slot.key.partition("#")[0] for slot in plan.slots if slot.leg == leg.leg} <= papers
        assert set(applicant_part(plan, leg.leg, clean)) <= {role.code for role in plan.people}


def _is_rows(value):
    return isinstance(value, list) and bool(value) and isinstance(value[0], dict)


def _sample(line):
    if line.type == "rows":
        return [{inner.code.rpartition(".")[2]: _sample(inner) for inner in line.inner}] * 2
    samples = {"number": 1, "integer": 1, "date": "2026-03-02", "datetime": "2026-03-02T08:00", "yes_no": True,
               "many": [option.code for option in line.options], "regions": ["370000"]}
    return samples.get(line.type, line.options[0].code if line.options else "x")


@BOUNDED
@given(situations())
def test_every_edge_slot_and_asker_points_at_a_leg_of_the_plan(case):
    bundle, situation = case
    plan = compose(shipped(), bundle, situation, today=TODAY)
    legs = {leg.leg for leg in plan.legs}
    assert {edge.leg for edge in plan.edges} | {target for edge in plan.edges for target in edge.targets} <= legs
    assert {slot.leg for slot in plan.slots} <= legs
    assert {asker.leg for line in plan.fields for asker in line.askers} <= legs
    assert {code for page in plan.sections for code in page.fields} == {line.code for line in plan.fields}
    assert len(legs) == len(plan.legs)
    assert {leg.matter for leg in plan.legs}.isdisjoint({matter.matter for matter in plan.absent})


@BOUNDED
@given(situations())
def test_exploring_counts_the_same_days_as_composing(case):
    bundle, situation = case
    known = know(shipped(), shipped().bundles[bundle], situation, None, TODAY)
    chains = Chains(known)
    outcome = outcome_of(select(known), known)
    assert chains.days([chains.reduced(outcome)]) == chains.days([outcome])
    figures = compose(shipped(), bundle, situation, today=TODAY).figures
    if figures.day_unit == chains.unit:
        assert chains.days([outcome]) == (figures.days.after, figures.days.before)


HOSTILE = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20)
    | st.sampled_from(["\x00", "\ud800", "1.9", "１２", "9" * 400, "-0", "1_0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=6,
)


@BOUNDED
@given(st.dictionaries(st.sampled_from([
    "holder_name", "holder_uscc", "mobile", "line_length", "services", "site_address", "tree_list", "road_done_on",
    "filer", "x",
]), HOSTILE, max_size=6))
def test_hostile_answers_never_raise(answers):
    plan = compose(shipped(), "utilities", answers, today=TODAY, form=answers)
    loads(dumps(plan), Plan)
    for partial in (True, False):
        found = validate_form(plan, answers, shipped().regions, partial=partial)
        assert not set(found.errors) & set(found.clean)
    validate_materials(plan, answers)


@BOUNDED
@given(st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-1000, max_value=1000))
def test_a_number_comes_back_as_it_was_written(amount):
    assert Decimal(str(json_ready(amount))) == amount
