"""A small run by hand: one case with four legs, filed by an agent, the last leg worked by an officer, all well; and how
to doctor one thing in it."""

from copy import deepcopy
from datetime import UTC, datetime

from chaos.evidence import LINES, Evidence
from chaos.forms import REACHED
from chaos.signing_in import NUMBERS

REFERENCE = "20260302AAAA"
LEGS = [f"{REFERENCE}-0{n}" for n in (1, 2, 3)]
DESK = f"{REFERENCE}-04"
OFFICER = "officer-desk"
OWNER, AGENT = "principal-0", "agent"
STANDS, ENDED = "WT1", "WT2"  # the mandate under which the case was filed, and one that its giver ended
MOVED, FORMER = LEGS[2], "cold"  # a leg that was taken to another office, and the one that had it before
OFFICES = {LEGS[0]: "city", LEGS[1]: "city", LEGS[2]: "heat"}
T = "2026-03-02T09:00:{:02d}+00:00"
YES = {"agreement": "QR1", "digest": "d-shown", "agreed_at": T.format(0)}  # under which the case was filed
AT = 1_772_442_000.0
GONE = AT + 10 * 86_400  # when an office went away
WEEK = 7 * 86_400.0
LEAP = {"before": GONE + 60, "at": GONE + 60, "seconds": WEEK}
VAIN = f"{LEGS[1]}:leg.filed:1"  # what was tried in vain meanwhile


def clean():
    """The files, as lists of lines that may be changed."""
    clients = [
        *entrusted(), *agreed(), *brought(), *proved(), *late(), *gone(), *hurried(),
        {"what": "tried", "body": AGENT, "at": AT, "key": "k"},
        {"what": "file", "body": AGENT, "at": AT, "file": "f1", "sha256": "s1"},
        {"what": "ack", "body": AGENT, "at": AT + 1, "key": "k", "reference": REFERENCE, "edition": "e1",
         "legs": [*LEGS, DESK], "digest": "d", "files": ["f1"]},
    ]
    ledger, export = [], [
        {"kind": "case", "id": REFERENCE, "edition": "e1", "files": [{"file": "f1", "sha256": "s1"}],
         "bundle": "utilities", "filed_at": T.format(0), "subject": "digest:p", "agent": "digest:g", "mandate": STANDS},
        event(1, None, "case.filed", who=f"applicant:{STANDS}", legs=4), *mandates(),
        event(60, LEGS[1], "leg.supplemented", who=f"applicant:{STANDS}"), event(61, LEGS[1], "leg.held"),
        {"kind": "agreement", "id": f"{REFERENCE}/agreement/owner", "case": REFERENCE, "role": "owner", **YES},
    ]
    for number, leg in enumerate(LEGS):
        ledger += [*(left() if leg == MOVED else ()), *story(leg, number)]
        export += [
            {"kind": "leg", "id": leg, "case": REFERENCE, "office": OFFICES[leg], "state": "granted",
             "ref": f"r-{leg}"},
            event(10 * number + 2, leg, "leg.created", state="queued"),
            *([event(99, MOVED, "leg.transferred", who="digest:op")] if leg == MOVED else ()),
            event(10 * number + 3, leg, "leg.accepted", by=OFFICES[leg]),
            event(10 * number + 4, leg, "leg.remark", by=OFFICES[leg]),
            event(10 * number + 5, leg, "leg.granted", by=OFFICES[leg]),
            {"kind": "attempt", "id": f"{leg}:leg.filed:1/0001", "leg": leg, "key": f"{leg}:leg.filed:1",
             "purpose": "send", "outcome": "received"},
        ]
    officers, audit = at_desk()
    export += desk_lines()
    clients += [*followed(), *signed_in(), *moved()]
    ledger.append({"what": "left", "body": "identity-platform", "at": AT + 60, "person": "sample-01", "status": 200})
    ledger += urged()
    export += [event(90, LEGS[0], "leg.urged", who="digest:a", by_kind="applicant"),
               event(91, LEGS[0], "leg.urged", who="digest:s", by_kind="supervisor"),
               event(92, LEGS[0], "leg.urged"),
               {"kind": "rating", "id": f"{REFERENCE}/rating/01", "case": REFERENCE, "leg": LEGS[0], "level": 4}]
    audit += [{"by": "applicant", "action": f"mandate.{act}", "target": name, "data": {}}
              for act, name in (("give", STANDS), ("give", ENDED), ("revoke", ENDED))]
    audit += [{"by": "applicant", "action": f"agreement.{act}", "target": YES["agreement"], "data": data}
              for act, data in (("agreed", {}), ("file", {"case": REFERENCE}))]
    audit += [{"by": by, "action": f"file.{act}", "target": file, "data": {"found": "x"}}
              for by, act, file in (("platform", "infected", "f9"), ("digest:p", "refused", ""))]
    audit.append({"by": "applicant", "action": "account.erase", "target": "p1", "data": {}})
    audit.append({"by": "operator", "action": "archive", "target": REFERENCE, "data": {"sha256": "d1"}})
    ledger += [*bulletins(), *away()]
    clients += kept_watch()
    audit.append({"by": "operator", "action": "transfer", "target": MOVED, "data": {
        "from": FORMER, "to": OFFICES[MOVED], "told": True, "basis": "successor", "unanswered": False, "reason": "r"}})
    audit.append({"by": "supervisor", "action": "urge", "target": LEGS[0], "data": {"reason": "示例"}})
    run = {"verify": {"code": 0, "said": ""}, "backup": {"code": 0, "said": ""}, "outages": [], "leaps": [LEAP],
           "reconcile": {"city": {"code": 0, "said": "[]"}}, "open_values": [], "client_faults": [],
           "samples": [{"at": AT, "legs": {"granted": 4}, "cases": {"utilities": 1}, "breaches": {}, "drift": 0,
                        "scans": {"waiting": 0, "infected": 1}}],
           "resources": {"first": {"megabytes": 90, "threads": 30, "files": 50},
                         "last": {"megabytes": 100, "threads": 31, "files": 50}},
           "told": True, "closed_from": "2026-03-20",
           "archive": packages(sum(line["kind"] == "event" for line in export)),
           "form": {"quick_seconds": 5.0, "at_once": 2, "desks": ["desk"], "scan_pauses": [1, 2],
                    "script": {"heat": {"effect": "call"}}}}
    return {"clients": clients, "ledger": ledger, "export": export, "run": run, "officers": officers, "audit": audit,
            "news": [*news(OWNER, "filed_for"), *news(AGENT)], "scans": scanned()}


def event(n, leg, type_, by="", who="", by_kind="", **data):
    """A line of the export."""
    by = who or (f"department:{by}" if by else "platform")
    data |= {"by": by_kind or "platform"} if type_ == "leg.urged" else {}
    return {"kind": "event", "id": f"{REFERENCE}/{n:06d}", "case": REFERENCE, "leg": leg, "type": type_,
            "at": T.format(n // 10), "by": by, "filled": False, "data": data}


def story(leg, number):
    """What one leg's department saw and did."""
    key, office = f"{leg}:leg.filed:{2 if leg == MOVED else 1}", OFFICES[leg]
    base = {"leg": leg, "body": office, "at": AT + 2}
    told = [{**base, "what": what, "type": f"leg.{type_}", "id": f"{leg}-{type_}", "status": 204}
            for type_ in ("accepted", "remark", "granted") for what in ("notice", "told")]
    return [
        {**base, "what": "call", "key": key, "type": "leg.filed", "attempt": 1, "body_sha256": f"b{number}",
         "fields": ["a"], "edition": "e1", "matter": f"m{number}", "files": ["s1"],
         "agreements": [YES] if leg == LEGS[0] else []},
        {**base, "what": "effect", "key": key, "type": "leg.filed", "ref": f"r-{leg}"},
        {**base, "what": "answer", "key": key, "status": 201},
        {**base, "what": "final", "key": key, "state": "granted"}, *told,
        {**base, "what": "told_bad", "kind": "forged", "status": 401},
        {**base, "what": "paper", "status": 200, "right": True, "sha256": "s1"},
    ]


def left():
    """What the office saw that a leg left: the filing, and that it is over."""
    base = {"leg": MOVED, "body": FORMER, "at": AT + 2}
    filed, parted = f"{MOVED}:leg.filed:1", f"{MOVED}:leg.transferred:1"
    return [
        {**base, "what": "call", "key": filed, "type": "leg.filed", "attempt": 1, "body_sha256": "b", "fields": ["a"],
         "edition": "e1", "matter": "m2", "files": [], "agreements": []},
        {**base, "what": "effect", "key": filed, "type": "leg.filed", "ref": "r"},
        {**base, "what": "effect", "key": parted, "type": "leg.transferred", "over": 1, "known": True, "back": False,
         "ref": None}]


def moment(after):
    """What the town's clock said so many seconds after an office went away."""
    return datetime.fromtimestamp(GONE + after + (WEEK if after >= 60 else 0), UTC).isoformat()


def away():
    """What an office saw of a message while it was away for more than a week: five calls in vain, two probes, one more
    after the week, and the one that was asked for when it was back."""
    base = {"leg": LEGS[1], "body": OFFICES[LEGS[1]], "key": VAIN}

    def line(what, at, **more):
        return {**base, "what": what, "at": GONE + at, "t": moment(at), **more}

    def call(at, end, then):
        return [line("call", at, type="leg.filed", attempt=1, body_sha256="b1", files=["s1"], fields=["a"],
                     edition="e1", matter="m1", agreements=[]), line(then, at + end, status=201)]

    tried = [one for at in (0, 1, 2, 3, 4, 20.5, 52, 61) for one in call(at, 0.5, "failed")]
    return [line("away", -1), *tried, line("back", 80), *call(82, 0.1, "answer")]


def kept_watch():
    """What an operator was shown, and did, while that office was away."""
    said = {"body": "operator", "code": 0}
    return [{**said, "what": "stuck", "at": GONE + 56, "begun": GONE + 55, "keys": []},
            {**said, "what": "ready", "at": GONE + 62, "status": 200, "t": "then"},
            {**said, "what": "stuck", "at": GONE + 71, "begun": GONE + 70, "keys": [VAIN]},
            {**said, "what": "resent", "at": GONE + 82, "begun": GONE + 81, "keys": [VAIN]}]


def agreed():
    """What the one who must agree said, and what whoever files saw of it."""
    said = {"body": "seller", "at": AT - 9, "agreement": YES["agreement"], "digest": YES["digest"], "state": "agreed",
            "said_at": YES["agreed_at"]}
    return [{"what": "draft_seen", "body": "buyer", "at": AT - 10, "draft": "d1", "missing": [], "states": ["opened"]},
            {"what": "tried_to_open", "body": "stranger", "at": AT - 10, "status": 403},
            {**said, "what": "said", "answer": "agree", "status": 200, "reference": None},
            {**said, "what": "listed", "reference": REFERENCE}]


def brought():
    """What was offered: a clean file, an infected one that was found at once, and one that was taken and found late."""
    base = {"body": "brings", "at": AT - 3}
    offered = (("s1", False, 201, "f1"), ("s8", True, 422, ""), ("s9", True, 201, "f9"))
    looked = (("f1", "s1", 200, ""), ("f9", "s9", 409, "file_quarantined"))
    return [*({**base, "what": "offered", "sha256": digest, "spoiled": spoiled, "status": status, "file": file,
               "code": ""} for digest, spoiled, status, file in offered),
            {**base, "what": "spoils", "reference": REFERENCE, "file": "f9", "sha256": "s9", "material": "K16"},
            *({**base, "what": "looked_at", "file": file, "sha256": digest, "status": status, "code": code,
               "waiting": 0} for file, digest, status, code in looked)]


def proved():
    """What became of a clerk's codes."""
    base = {"body": "clerk", "begun": AT + 30, "at": AT + 31}
    return [{**base, "what": "half", "inside": False},
            *({**base, "what": "proved", "way": way, "code": "c1", "opened": opened}
              for way, opened in (("code", 1), ("again", 0))),
            {**base, "what": "locked_out", "inside": False}, {**base, "what": "locked_no_more", "inside": True}]


def late():
    """What became of filings before a bundle was closed and after, and of a draft that stayed open."""
    base = {"body": "latecomer", "what": "filed_late", "key": "l"}
    return [{**base, "begun": AT, "at": AT + 1, "status": 201, "code": ""},
            {**base, "begun": AT + 30 * 86_400, "at": AT + 30 * 86_400 + 1, "status": 422, "code": "cannot_be_filed"},
            {"body": "latecomer", "what": "kept_draft", "at": AT, "draft": "d2", "status": 200, "kept": True}]


def gone():
    """What somebody met who closed their account: in before, out after."""
    base = {"body": "leaver-0", "what": "as_member", "by": "cases"}
    return [{**base, "begun": AT + 40, "at": AT + 40, "status": 200},
            {"body": "leaver-0", "what": "left", "at": AT + 41, "account": "p1"},
            {**base, "begun": AT + 42, "at": AT + 42, "status": 401}]


def hurried():
    """What became of a flood of questions, and of somebody who asked calmly."""
    return [{"body": "hasty", "what": "hurried", "begun": AT, "at": AT + 3, "refused": True, "after": "1", "then": 200},
            {"body": "calm-program", "what": "asked_calmly", "begun": AT, "at": AT, "status": 200}]


def scanned():
    """What the virus scanner said."""
    return [{"what": "scanned", "body": "scanner", "at": AT - 4, "sha256": digest, "verdict": verdict}
            for digest, verdict in (("s1", "clean"), ("s8", "infected"), ("s9", "infected"))]


def moved():
    """What the operator asked for and was told."""
    said = {"body": "operator", "at": AT + 3, "legs": [MOVED], "to": OFFICES[MOVED], "basis": "successor",
            "reason": "r"}
    return [{**said, "what": "moves", "unanswered": False}, {**said, "what": "moved"}]


def pressed(act, form, at, outcome="done", words="w"):
    """What an officer's record says of one press of a form whose page came just before."""
    said = {"body": OFFICER, "leg": DESK, "act": f"leg.{act}", "form": form, "words": words}
    return [{**said, "what": "press", "read": AT + at - 0.5, "at": AT + at},
            {**said, "what": "told", "outcome": outcome, "at": AT + at + 0.2}]


def at_desk():
    """What the officer pressed, and the audit log: accepted, a remark whose first answer was lost, an old form that was
    refused, granted."""
    officers = [
        {"what": "opened", "body": OFFICER, "at": AT + 9, "leg": DESK}, *pressed("accepted", "t1", 10),
        *pressed("remark", "t2", 11, "lost"), {"what": "looked", "body": OFFICER, "at": AT + 11.5, "leg": DESK,
                                               "form": "t2", "shown": True}, *pressed("remark", "t2", 12),
        *pressed("refused", "t3", 13, "refused"), *pressed("granted", "t4", 14),
        {"what": "answer", "body": OFFICER, "at": AT + 13, "path": "refused", "status": 409}]
    audit = [{"by": OFFICER, "action": f"leg.{act}", "target": DESK, "data": data} for act, data in (
        ("opened", {"message": f"{DESK}:leg.filed:1"}), ("accepted", {"form": "t1"}), ("remark", {"form": "t2"}),
        ("granted", {"form": "t4"}))]
    return officers, audit


def desk_lines():
    """The portal's lines of the leg that the officer worked."""
    by = "department:desk:digest:o"
    return [{"kind": "leg", "id": DESK, "case": REFERENCE, "office": "desk", "state": "granted", "ref": None},
            *(event(40 + n, DESK, f"leg.{act}", who=by)
              for n, act in enumerate(("received", "accepted", "remark", "granted")))]


def followed():
    """What the applicant and the supervisor were told: an urge, the same once more, one in vain; a rating."""
    said = {"body": "follows", "at": AT + 20, "about": LEGS[0]}
    return [{**said, "what": "urge_tried", "key": "u1"}, {**said, "what": "urge", "key": "u1", "status": 200},
            {**said, "what": "urge", "key": "u1", "status": 200}, {**said, "what": "urge", "key": "u2", "status": 409},
            {**said, "what": "supervised", "day": 1, "done": True},
            {**said, "what": "supervised", "day": 1, "done": False},
            {**said, "what": "rating_tried", "key": "r1", "level": 4},
            {**said, "what": "rating", "key": "r1", "level": 4, "status": 200},
            {**said, "what": "rating_tried", "key": "r2", "level": 5},
            {**said, "what": "rating", "key": "r2", "level": 5, "status": 409}]


def signed_in():
    """What became of a sign-in by the identity platform that was pressed twice, and of the sign-out there."""
    said = {"body": "sample-01/0", "person": "sample-01", "begun": AT + 55}
    entered = {"state": "s1", "opened": 1, "cut": False, "statuses": [303, 403]}
    return [{**said, "what": "entered", "at": AT + 56, **entered},
            {**said, "what": "whoami", "at": AT + 57, "status": 200, "number": NUMBERS["sample-01"]},
            {**said, "what": "gone", "at": AT + 61, "status": 401, "number": None}]


def urged():
    """The urges as they came to the department."""
    return [{"what": "effect", "body": "city", "at": AT + 21, "leg": LEGS[0], "key": f"{LEGS[0]}:leg.urged:{n}",
             "type": "leg.urged", "ref": "r"} for n in (1, 2, 3)]


def did(act, at, who=AGENT, status=200, **about):
    """An act on the case, begun a second before its answer."""
    return {"what": "did", "body": who, "act": act, "at": AT + at, "begun": AT + at - 1, "status": status, "why": None,
            "principal": OWNER, "reference": REFERENCE, "key": f"{who}-{act}-{at}", **about}


def entrusted():
    """What both were told: two mandates, the second of which allows more and is ended; the agent files, answers, and
    takes back in vain after the end."""
    said = {"body": OWNER, "principal": OWNER, "agent": AGENT, "bundles": ["utilities"],
            "valid_from": "2026-03-01T00:00:00+08:00", "valid_until": "2026-06-30"}
    given = [{**said, "what": what, "at": AT - 20 + at, "key": f"g-{name}", "mandate": name, "acts": acts}
             for name, acts in ((STANDS, ["file", "answer"]), (ENDED, ["file", "withdraw"]))
             for at, what in enumerate(("entrusts", "entrusted"))]
    seen = [[LEGS[1], "leg.supplemented", T.format(6)]]
    return [*given, did("file", 1, status=201, key="k", reference=None), did("answer", 7, leg=LEGS[1]),
            did("answer", 7, OWNER, 409, leg=LEGS[1]), {"what": "ends", "body": OWNER, "at": AT + 30, "mandate": ENDED},
            {"what": "ended", "body": OWNER, "at": AT + 31, "mandate": ENDED},
            {"what": "afterwards", "body": OWNER, "at": AT + 33, "mandate": ENDED, "cases": [], "acts": seen},
            did("withdraw", 40, status=403),
            {"what": "answers", "body": OWNER, "at": AT + 6, "reference": REFERENCE, "since": AT + 5, "untold": 0},
            *({"what": what, "body": OWNER, "at": AT + at, "kinds": ["filed_for", "granted", "ended"], "mobile": mobile}
              for at, what, mobile in ((-30, "chooses", REACHED), (-29, "chose", REACHED),
                                       (50, "chooses", ""), (51, "chose", "")))]


def mandates():
    """The portal's lines of both mandates."""
    both = {"kind": "mandate", "principal": "digest:p", "agent": "digest:g", "bundles": ["utilities"],
            "valid_from": "2026-02-28T16:00:00+00:00", "valid_until": "2026-06-30T16:00:00+00:00"}
    return [{**both, "id": STANDS, "acts": ["file", "answer"], "revoked_at": None},
            {**both, "id": ENDED, "acts": ["file", "withdraw"], "revoked_at": T.format(30)}]


def news(person, *more):
    """What somebody has in the inbox: of all four legs a remark and the grant, and that it is over."""
    legs = [leg.rpartition("-")[2] for leg in (*LEGS, DESK)]
    return [{"person": person, "reference": REFERENCE, "kind": kind, "leg": leg} for kind, leg in (
        *((kind, None) for kind in (*more, "ended")), *((kind, leg) for leg in legs for kind in ("remark", "granted")))]


def bulletins():
    """What the gateway heard: one bulletin for each, the first of them twice."""
    granted = "“甲”“乙”“丙”等 4 项已办结，可以查看结果；整件事已结束（已办结）"
    texts = {OWNER: f"代办人替您提交了申请；没有委托过的，请到“委托”页面查看；{granted}",
             AGENT: f"“甲”“乙”“丙”等 4 项部门有留言，请查看；{granted}"}
    said = {who: {"recipient": {"subject": who, **({"mobile": REACHED} if who == OWNER else {})},
                  "references": [REFERENCE], "text": text} for who, text in texts.items()}
    base = {"body": "message-gateway", "at": AT + 45}
    return [{**base, "what": what, "key": f"news_{who}", "said": said[who], "attempt": attempt, "body_sha256": who}
            for who, what, attempt in ((OWNER, "heard", 1), (OWNER, "rang", 1), (OWNER, "heard", 2),
                                       (AGENT, "heard", 1), (AGENT, "rang", 1))]


def packages(events):
    """What the commands for an archive left."""
    said = f"archive/{REFERENCE}.zip  完好：{REFERENCE}，9 项，事件 {events} 个，文件 1 个"
    return {"wanted": [REFERENCE], "there": [{REFERENCE: "d1"}], "left": {REFERENCE: "d1"}, "made": [0, ""],
            "checked": [0, said]}


def evidence(files):
    """As the checker reads it."""
    lines = {name: tuple(files[name]) for name in LINES}
    return Evidence(**lines, run=files["run"])


def doctored(change):
    """The clean run with one thing changed."""
    files = deepcopy(clean())
    change(files)
    return evidence(files)


def one(lines, **wanted):
    """The first line that has all of these."""
    return next(line for line in lines if all(line.get(name) == value for name, value in wanted.items()))
