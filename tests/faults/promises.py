"""What must hold after any fault, judged from outside: by the applicant's API and by the departments' own ledger."""

import json
from collections import Counter, defaultdict

from bench.applicant import open_legs

KEYLESS = "heat-utility"  # honours no keys: it must be asked, never sent a message it already has


def all_ended(applicant, receipts):
    """Every acknowledged case is there and ends; its views by reference."""
    views = applicant.until_all_ended(receipt["reference"] for receipt in receipts.values())
    assert open_legs(views.values()) == []
    return views


def nothing_lost_or_invented(town, applicant, filings, receipts, views):
    """The cases are exactly those acknowledged, a repeated filing gets its receipt again, the departments saw exactly
    the legs of these cases, and the chains of events are whole."""
    lines = town.seen()
    exported = [json.loads(line) for line in town.flask("export", "--jsonl").splitlines()]
    assert {line["id"] for line in exported if line["kind"] == "case"} == views.keys()
    assert [line for line in exported if line["kind"] == "quarantine"] == []
    town.flask("verify")
    assert {key: applicant.file(filing, key) for key, filing in filings.items()} == receipts
    legs = {leg["id"] for view in views.values() for leg in view["legs"]}
    assert {line["leg"] for line in lines if line["what"] == "effect" and line["type"] == "leg.filed"} == legs


def one_effect_each(lines):
    """No key and no leg has two effects, the bytes of a key never change, and a department without keys is never sent
    what it already has."""
    effects = [line for line in lines if line["what"] == "effect"]
    assert set(Counter(line["key"] for line in effects).values()) == {1}
    assert set(Counter(line["leg"] for line in effects if line["type"] == "leg.filed").values()) == {1}
    bodies = defaultdict(set)
    for line in lines:
        if line["what"] == "call":
            bodies[line["key"]].add(line["body_sha256"])
    assert {key for key, shapes in bodies.items() if len(shapes) > 1} == set()
    taken = Counter(line["key"] for line in lines if line["what"] == "call" and line["body"] == KEYLESS)
    taken.subtract(line["key"] for line in lines
                   if line["what"] == "trouble" and line["body"] == KEYLESS and not line["effect"])
    assert {key: times for key, times in taken.items() if times > 1} == {}


def pushes(lines):
    """How many attempts reached a department."""
    return sum(line["what"] == "call" for line in lines)
