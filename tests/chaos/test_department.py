"""What a misbehaving department does to our own connector, and what its ledger says of it."""

import base64
import hashlib
import json
import os
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from chaos.forms import Form
from chaos.script import BadScript, Call, read_behaviours
from chaos.stage import Stage
from connectors.base import Outgoing
from connectors.deployment import read_deployment
from connectors.shipped import registry

# What goes wrong before and after the effect, what our connector makes of it, and how many effects there were.
TROUBLES = (
    ("500", "", "again", 0), ("429:7", "", "again", 0), ("401", "", "setup", 0), ("reset", "", "again", 0),
    ("refuse", "", "again", 0), ("hang", "", "again", 0), ("sleep:0.1", "", "received", 1), ("", "", "received", 1),
    ("", "odd", "received", 1), ("", "html", "unknown", 1), ("", "500", "again", 1), ("", "reset:0", "again", 1),
    ("", "reset:90", "unknown", 1), ("", "length", "unknown", 1), ("", "gbk", "unknown", 1),
    ("", "bomb", "unknown", 1), ("", "redirect", "setup", 1), ("", "drip", "again", 1), ("", "hang", "again", 1),
)
SILENT = {"manners": {"silent": 1.0}}
RUDE, OLD, LAGGING, SURE = "city-management", "heat-utility", "gas-utility", "garden-bureau"
SCRIPT = {
    RUDE: {**SILENT, "rules": [{"calls": [number, number], "before": before, "after": after}
                               for number, (before, after, *_) in enumerate(TROUBLES, 1)]},
    OLD: {**SILENT, "effect": "call"}, LAGGING: {**SILENT, "lag": 60.0},
    SURE: {"manners": {"at once": 1.0}},
}


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    made = Stage(tmp_path_factory.mktemp("stage"), Form(1, script=SCRIPT, deadline=1.0), 1)
    made.prepare()
    try:
        made.start_departments()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def rest():
    return registry().get("rest")


@pytest.fixture(scope="module")
def bodies(stage):
    found = read_deployment(stage.folder / "departments.json", {**os.environ, **stage.environment()}, registry())
    assert found.problems == ()
    return found.bodies


def filing(leg, type_="leg.filed", number=1, **more):
    data = {**more, "leg": leg, "notices": "http://127.0.0.1:9/notices", "materials": [], "fields": {"b": 1, "a": 2}}
    body = json.dumps({"type": type_, "data": data}).encode()
    return Outgoing(key=f"{leg}:{type_}:{number}", message_id=f"msg_{leg}", type=type_, leg=leg, body=body)


def effects(stage, leg):
    return Counter(line["what"] for line in stage.seen() if line.get("leg") == leg)["effect"]


def test_each_trouble_is_what_our_connector_takes_it_for_and_its_effect_is_on_record(stage, bodies):
    made = []
    for number, (before, after, *_) in enumerate(TROUBLES):
        rest = registry().get("rest")  # a kept connection that is reset would be tried once more by itself
        answer = rest.send(filing(f"T{number}-01"), bodies[RUDE], datetime.now(UTC))
        made.append((before, after, answer.kind, effects(stage, f"T{number}-01")))
    assert made == list(TROUBLES)


def test_a_key_has_one_effect_and_one_answer_where_keys_are_honoured(stage, rest, bodies):
    answers = [rest.send(filing("K-01"), bodies[RUDE], datetime.now(UTC)) for _ in range(3)]
    assert {(answer.kind, answer.ref) for answer in answers} == {("received", answers[0].ref)}
    assert effects(stage, "K-01") == 1


def test_who_is_away_takes_nothing_and_knows_nothing_and_that_is_on_record_until_it_is_back(stage, rest, bodies):
    stage.put_away(LAGGING, "500")
    now = datetime.now(UTC)
    seen = [rest.send(filing("A-01"), bodies[LAGGING], now).kind, rest.ask("A-01", bodies[LAGGING], now).kind]
    stage.put_away(LAGGING, "")
    seen.append(rest.send(filing("A-01"), bodies[LAGGING], now).kind)
    noted = [line["what"] for line in stage.seen() if line["body"] == LAGGING]
    assert (seen, effects(stage, "A-01")) == (["again", "again", "received"], 1)
    assert noted[noted.index("away"):] == ["away", "call", "trouble", "failed", "query", "back", "call", "effect",
                                           "answer"]


def test_an_answer_may_be_the_decision_with_a_file_in_it_and_is_the_same_when_it_is_given_again(stage, rest, bodies):
    answers = [rest.send(filing("D-01"), bodies[SURE], datetime.now(UTC)) for _ in range(2)]
    assert (answers[0].state, answers[0].data) == ("granted", answers[1].data)
    content = base64.b64decode(answers[0].data["results"][0]["files"][0]["base64"])
    given = {line["gave"] for line in stage.seen() if line.get("leg") == "D-01" and line["what"] == "answer"}
    assert given == {hashlib.sha256(content).hexdigest()}


def test_an_old_system_does_everything_again(stage, rest, bodies):
    for _ in range(2):
        rest.send(filing("L-01"), bodies[OLD], datetime.now(UTC))
    assert effects(stage, "L-01") == 2


def test_a_lagging_department_does_not_find_what_came_just_now(rest, bodies):
    rest.send(filing("Q-01"), bodies[LAGGING], datetime.now(UTC))
    asked = [rest.ask("Q-01", bodies[office], datetime.now(UTC)).kind for office in (LAGGING, RUDE)]
    assert asked == ["absent", "absent"]
    rest.send(filing("Q-02"), bodies[OLD], datetime.now(UTC))
    assert rest.ask("Q-02", bodies[OLD], datetime.now(UTC)).kind == "received"


def test_a_message_about_a_leg_that_never_came_and_a_wrong_secret_are_refused(stage, rest, bodies):
    urged = rest.send(filing("U-01", "leg.urged"), bodies[OLD], datetime.now(UTC))
    assert (urged.kind, urged.status) == ("refused", 404)
    foreign = replace(bodies[OLD], secrets=bodies[RUDE].secrets)
    assert rest.send(filing("F-01"), foreign, datetime.now(UTC)).kind == "setup"
    assert effects(stage, "F-01") == 0


def test_a_leg_that_left_is_opened_by_a_later_filing_alone_and_a_late_farewell_ends_no_later_one(stage, rest, bodies):
    def told(*what, **more):
        answer = rest.send(filing("P-01", *what, **more), bodies[RUDE], datetime.now(UTC))
        return answer.kind, rest.ask("P-01", bodies[RUDE], datetime.now(UTC)).kind, effects(stage, "P-01")

    first, parted = "P-01:leg.filed:1", ("leg.transferred", 1)
    assert told(*parted, filed=first) == ("received", "absent", 1)
    assert told() == ("received", "absent", 1)  # it came late
    assert told("leg.filed", 2) == ("received", "received", 2)
    assert told("leg.transferred", 2, filed=first) == ("received", "received", 3)
    assert told("leg.transferred", 3, filed="P-01:leg.filed:2") == ("received", "absent", 4)
    assert told(*parted, filed=first) == ("received", "absent", 4)
    assert rest.send(filing("P-01", "leg.urged"), bodies[RUDE], datetime.now(UTC)).status == 404


def test_the_draw_of_a_leg_is_the_same_in_every_run_and_follows_its_share():
    behaviour = read_behaviours({"x": {"manners": {"early": 0.25, "plain": 0.75}, "refuses": {"01": 0.5}}})["x"]
    legs = [f"{number}-01" for number in range(400)]
    early = sum(behaviour.manner_for(7, leg) == "early" for leg in legs)
    refused = sum(behaviour.refuses_leg(7, leg) for leg in legs)
    assert [behaviour.manner_for(7, leg) for leg in legs] == [behaviour.manner_for(7, leg) for leg in legs]
    assert (60 < early < 140, 150 < refused < 250) == (True, True)
    assert not behaviour.refuses_leg(7, "1-02")


def test_a_rule_is_for_the_calls_attempts_legs_and_types_that_it_names():
    written = {"rules": [{"attempts": [2, 3], "types": ["leg.urged"], "before": "500"}]}
    behaviour = read_behaviours({"x": written})["x"]
    calls = [Call("k", "l", type_, 1, attempt) for type_ in ("leg.filed", "leg.urged") for attempt in (1, 2, 4)]
    assert [bool(behaviour.rule_for(1, call).before) for call in calls] == [False] * 4 + [True, False]


@pytest.mark.parametrize("written", [
    {"effect": "often"}, {"rules": [{"before": "explode"}]}, {"rules": [{"after": "explode"}]}, {"unheard": 1},
    {"rules": [{"calls": [1, 2, 3]}]}, {"away": "explode"},
])
def test_a_script_that_cannot_be_played_is_refused(written):
    with pytest.raises(BadScript):
        read_behaviours({"x": written})
