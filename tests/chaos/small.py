"""A small run by hand: one case with three legs, all well, and how to doctor one thing in it."""

from copy import deepcopy

from chaos.evidence import Evidence

REFERENCE = "20260302AAAA"
LEGS = [f"{REFERENCE}-0{n}" for n in (1, 2, 3)]
OFFICES = {LEGS[0]: "city", LEGS[1]: "city", LEGS[2]: "heat"}
T = "2026-03-02T09:00:{:02d}+00:00"
AT = 1_772_442_000.0


def clean():
    """The four files, as lists of lines that may be changed."""
    clients = [
        {"what": "tried", "body": "client-0", "at": AT, "key": "k"},
        {"what": "file", "body": "client-0", "at": AT, "file": "f1", "sha256": "s1"},
        {"what": "ack", "body": "client-0", "at": AT + 1, "key": "k", "reference": REFERENCE, "edition": "e1",
         "legs": list(LEGS), "digest": "d", "files": ["f1"]},
    ]
    ledger, export = [], [
        {"kind": "case", "id": REFERENCE, "edition": "e1", "files": [{"file": "f1", "sha256": "s1"}]},
        event(1, None, "case.filed", legs=3),
    ]
    for number, leg in enumerate(LEGS):
        ledger += story(leg, number)
        export += [
            {"kind": "leg", "id": leg, "case": REFERENCE, "office": OFFICES[leg], "state": "granted",
             "ref": f"r-{leg}"},
            event(10 * number + 2, leg, "leg.created", state="queued"),
            event(10 * number + 3, leg, "leg.accepted", by=OFFICES[leg]),
            event(10 * number + 4, leg, "leg.remark", by=OFFICES[leg]),
            event(10 * number + 5, leg, "leg.granted", by=OFFICES[leg]),
            {"kind": "attempt", "id": f"{leg}:leg.filed:1/0001", "leg": leg, "key": f"{leg}:leg.filed:1",
             "outcome": "received"},
        ]
    run = {"verify": {"code": 0, "said": ""}, "backup": {"code": 0, "said": ""}, "outages": [], "leaps": [],
           "reconcile": {"city": {"code": 0, "said": "[]"}}, "open_values": [], "client_faults": [],
           "samples": [{"at": AT, "legs": {"granted": 3}, "cases": 1, "breaches": {}}],
           "resources": {"first": {"megabytes": 90, "threads": 30, "files": 50},
                         "last": {"megabytes": 100, "threads": 31, "files": 50}},
           "form": {"quick_seconds": 5.0, "script": {"heat": {"effect": "call"}}}}
    return {"clients": clients, "ledger": ledger, "export": export, "run": run}


def event(n, leg, type_, by="", **data):
    """A line of the export."""
    return {"kind": "event", "id": f"{REFERENCE}/{n:06d}", "case": REFERENCE, "leg": leg, "type": type_,
            "at": T.format(n // 10), "by": f"department:{by}" if by else "platform", "filled": False, "data": data}


def story(leg, number):
    """What one leg's department saw and did."""
    key, office = f"{leg}:leg.filed:1", OFFICES[leg]
    base = {"leg": leg, "body": office, "at": AT + 2}
    told = [{**base, "what": what, "type": f"leg.{type_}", "id": f"{leg}-{type_}", "status": 204}
            for type_ in ("accepted", "remark", "granted") for what in ("notice", "told")]
    return [
        {**base, "what": "call", "key": key, "type": "leg.filed", "attempt": 1, "body_sha256": f"b{number}",
         "fields": ["a"], "edition": "e1", "matter": f"m{number}"},
        {**base, "what": "effect", "key": key, "type": "leg.filed", "ref": f"r-{leg}"},
        {**base, "what": "answer", "key": key, "status": 201},
        {**base, "what": "final", "state": "granted"}, *told,
        {**base, "what": "told_bad", "kind": "forged", "status": 401},
        {**base, "what": "paper", "status": 200, "right": True, "sha256": "s1"},
    ]


def evidence(files):
    """As the checker reads it."""
    return Evidence(tuple(files["clients"]), tuple(files["ledger"]), tuple(files["export"]), files["run"])


def doctored(change):
    """The clean run with one thing changed."""
    files = deepcopy(clean())
    change(files)
    return evidence(files)


def one(lines, **wanted):
    """The first line that has all of these."""
    return next(line for line in lines if all(line.get(name) == value for name, value in wanted.items()))
