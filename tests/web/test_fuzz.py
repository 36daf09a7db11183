"""Whatever comes in, nothing is answered with a fault of ours (the long run of the same is `--slow`)."""

import json
import random

import pytest

ODD = ["", " ", "\u0000", "\ud800", "𠮷", "a" * 5_000, "%00", "../..", "{{7*7}}", "<script>", "' or 1=1 --", "１２",
       "-1", "1e400",
       None, True, 0, -1, 1.5, 2**53, 2**64, 1e308, [], {}, [[]], [None], {"": ""}, {"water": {"a": [1]}},
       ["water", "water"],
       {"drawing": ["x"]}, {"agreed": True}, "connect", "water", ["water"]]
BODIES = [
    ("POST", "/api/bundles/connect/plan", ["situation"]), ("POST", "/api/drafts", ["bundle", "situation"]),
    ("PATCH", "/api/drafts/{draft}", ["situation", "form", "materials", "consent"]),
    ("POST", "/api/drafts/{draft}/submit", ["consent"]),
    ("POST", "/api/cases", ["bundle", "edition", "situation", "form", "materials", "on_behalf_of", "consent"]),
    ("POST", "/api/cases/{case}/supplement", ["leg", "ask", "fields", "materials"]),
    ("POST", "/api/cases/{case}/withdraw", ["legs", "reason"]), ("POST", "/api/track", ["reference", "code"]),
    ("POST", "/api/mandates", ["code", "bundles", "acts", "valid_from", "valid_until", "reason"]),
    ("POST", "/api/departments/water-office/legs/{case}-01/received", ["read_code"]),
]
FORM = ["project_name", "credit_code", "phone", "area", "unknown"]


def odd(dice, depth=0):
    """An odd value, sometimes an object or a list of them, sometimes keyed like a real part."""
    roll = dice.random()
    if depth < 3 and roll < 0.25:
        keys = dice.sample([*FORM, "services", "drawing", "agreed"], 2)
        return {key: odd(dice, depth + 1) for key in keys}
    return [odd(dice, depth + 1)] if depth < 3 and roll < 0.35 else dice.choice(ODD)


def shoot(applicant, office, filing, times, seed):
    dice = random.Random(seed)
    case = applicant.file(filing, "k1").json["reference"]
    draft = applicant.post("/api/drafts", {"bundle": "connect", "situation": {}}).json["draft"]
    faults = []
    for number in range(times):
        method, path, names = dice.choice(BODIES)
        good = {name: filing[name] for name in names if name in filing}
        value = good | {name: odd(dice) for name in dice.sample(names, dice.randint(1, len(names)))}
        if "form" in value and dice.random() < 0.5:
            value["form"] = {**filing["form"], dice.choice(FORM): odd(dice)}
        program = office if "/departments/" in path else applicant
        raw = json.dumps(value if dice.random() < 0.95 else odd(dice)).encode()
        answer = program.call(method, path.format(case=case, draft=draft), data=raw, content_type="application/json",
                              headers={"Idempotency-Key": f"f{number}"})
        if answer.status_code >= 500:
            faults.append((seed, number, method, path, raw[:300], answer.status_code))
    return faults


def test_four_hundred_odd_requests_meet_no_fault(applicant, office, filing):
    assert shoot(applicant, office, filing, 400, 1) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 12))
def test_ten_thousand_odd_requests_meet_no_fault(applicant, office, filing, seed):
    assert shoot(applicant, office, filing, 1_000, seed) == []
