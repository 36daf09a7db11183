"""Every rule of the checker finds its own doctored run, and a clean run breaks none."""

import json

import pytest

from chaos.checker import RULES, check, figures, verdict
from chaos.driver import Patience
from chaos.evidence import LINES
from chaos.forms import REACHED
from chaos.judges.effects import delays
from chaos.judges.news import pieces_told
from tests.chaos import small

LEG, OTHER, LEGACY = small.LEGS


def add(part, kind, /, **changes):
    """A change that repeats a line with some values changed."""
    def change(files):
        files[part].append({**small.one(files[part], **kind), **changes})
    return change


def drop(part, **wanted):
    """A change that takes a line away."""
    return lambda files: files[part].remove(small.one(files[part], **wanted))


def put(part, kind, /, **changes):
    """A change of a line's values."""
    return lambda files: small.one(files[part], **kind).update(changes)


def run(**changes):
    """A change of what was seen from outside."""
    return lambda files: files["run"].update(changes)


EFFECT = {"what": "effect", "leg": LEG}


def called(after):
    """The call that came to the office that was away, or back, so many seconds after it went."""
    return {"what": "call", "at": small.GONE + after}


PARTED = {"what": "effect", "type": "leg.transferred"}
TRANSFER = {"action": "transfer"}
GRANTED = {"kind": "event", "leg": LEG, "type": "leg.granted"}


def aside(leg, code, seq, office):
    """A notice of an office about a leg is set aside."""
    def change(files):
        numbered = {} if seq is None else {"seq": seq}
        files["ledger"].append({"what": "notice", "body": office, "leg": leg, "type": "leg.granted", "id": "n9",
                                "at": small.AT, **numbered})
        files["export"].append({"kind": "quarantine", "id": "q", "leg": leg, "type": "leg.granted", "code": code,
                                "department": office, "message_id": "n9"})

    return change


DOCTORED = {
    "I1 lost": [drop("export", kind="case")],
    "I2 half-written": [
        drop("export", kind="leg", id=OTHER), drop("export", kind="event", type="case.filed"),
        put("export", {"kind": "case"}, files=[]),
        put("export", {"kind": "case"}, files=[{"file": "f1", "sha256": "x"}])],
    "I3 one key, one receipt": [
        add("clients", {"what": "ack"}, reference="another"), add("clients", {"what": "ack"}, digest="another"),
        add("export", {"kind": "case"}, id="20260302BBBB")],
    "I4 not final": [put("export", {"kind": "leg", "id": LEG}, state="outcome_unknown")],
    "I5 duplicate effect": [
        add("ledger", EFFECT), add("ledger", EFFECT, key=f"{LEG}:leg.filed:2"),
        lambda files: files["ledger"].extend([{**small.one(files["ledger"], **EFFECT), "type": "leg.urged"}] * 2)],
    "I6 done without effect": [drop("ledger", **EFFECT)],
    "I7 ghost": [add("ledger", EFFECT, leg="20260302CCCC-01")],
    "I8 wrong decision": [
        put("ledger", {"what": "final", "leg": LEG}, state="refused"), drop("ledger", what="final", leg=LEG)],
    "I9 final twice": [add("export", GRANTED, id="x", type="leg.refused")],
    "I10 bad accepted": [
        put("ledger", {"what": "told_bad"}, status=204), put("export", GRANTED, data={"reason_code": "FORGED"})],
    "I11 append twice": [add("export", {"kind": "event", "leg": LEG, "type": "leg.remark"}, id="x")],
    "I12 isolation": [put("ledger", EFFECT, at=small.AT + 9)],
    "I13 conservation": [
        run(samples=[{"legs": {"granted": 2}, "cases": {"utilities": 1}, "breaches": {}}]),
        run(samples=[{"legs": {"granted": 4}, "cases": {"utilities": 1}, "breaches": {"case without legs": 1}}])],
    "I14 edition": [
        put("clients", {"what": "ack"}, edition="e2"), put("ledger", {"what": "call", "leg": LEG}, edition="e2"),
        put("ledger", {"what": "call", "leg": OTHER}, matter="m0", fields=["a", "b"])],
    "I15 notices": [
        lambda files: files.update(ledger=[line for line in files["ledger"] if line.get("type") != "leg.granted"]),
        lambda files: files["export"].append(
            {"kind": "quarantine", "id": "q", "leg": LEG, "type": "leg.granted", "code": "contradiction"}),
        aside(LEGACY, "before_return", 203, small.FORMER), aside(LEGACY, "transferred", 103, "city")],
    "I17 audit": [run(verify={"code": 1, "said": "broken"})],
    "I18 privacy": [run(open_values=["portal.log: 3702…"])],
    "I19 resources": [run(resources={"first": {"megabytes": 90}, "last": {"megabytes": 900}})],
    "I20 5xx": [
        add("clients", {"what": "tried"}, what="answer", status=500, path="cases"),
        put("ledger", {"what": "told"}, status=503), run(client_faults=["TimeoutError"])],
    "I21 file integrity": [run(backup={"code": 1, "said": "broken"}), put("ledger", {"what": "paper"}, right=False)],
    "I22 reconciliation": [
        run(reconcile={"city": {"code": 1, "said": "[…]"}}), put("export", {"kind": "leg", "id": LEG}, ref=None)],
    "I23 overwritten": [add("export", {"kind": "attempt", "leg": LEG}, id=f"{LEG}:leg.filed:1/0002")],
    "I24 changed bytes": [
        add("ledger", {"what": "call", "leg": LEG}, body_sha256="x"),
        add("ledger", {"what": "call", "leg": LEG}, key="x")],
    "I25 notice lost": [
        drop("export", kind="event", leg=LEG, type="leg.remark"), put("ledger", {"what": "told"}, status=404)],
    "I27 act lost or doubled": [
        add("export", {"kind": "event", "leg": small.DESK, "type": "leg.remark"}, id="x"),
        drop("export", kind="event", leg=small.DESK, type="leg.accepted"),
        lambda files: files["officers"].extend(small.pressed("fee", "t9", 20)),
        lambda files: files["officers"].append({"what": "looked", "leg": small.DESK, "form": "t3", "shown": True})],
    "I28 act without a name": [
        drop("audit", action="leg.remark"), drop("audit", action="leg.opened"),
        put("audit", {"action": "leg.accepted"}, by="another"), add("audit", {"action": "leg.granted"})],
    "I29 refused and done": [
        add("audit", {"action": "leg.accepted"}, action="leg.refused", data={"form": "t3"}),
        lambda files: files["officers"].extend(small.pressed("remark", "t2", 15, words="other")),
        lambda files: small.one(files["officers"], what="press", form="t4").update(read=small.AT + 10.5)],
    "I30 urge lost or doubled": [
        drop("export", kind="event", type="leg.urged", by="digest:a"),
        drop("export", kind="event", type="leg.urged", by="digest:s"), drop("audit", action="urge"),
        add("clients", {"what": "urge", "key": "u1"}, key="u3"), add("clients", {"what": "supervised"}, day=2)],
    "I31 urge astray": [
        drop("ledger", what="effect", type="leg.urged"),
        add("ledger", {"what": "effect", "type": "leg.urged"}, key="x"),
        lambda files: files["ledger"].insert(0, small.one(files["ledger"], what="effect", type="leg.urged"))],
    "I32 urged twice a day": [add("export", {"kind": "event", "type": "leg.urged", "by": "platform"}, id="x")],
    "I33 rating": [
        drop("export", kind="rating"), add("export", {"kind": "rating"}), put("export", {"kind": "rating"}, level=5),
        put("clients", {"what": "rating", "key": "r2"}, status=200), add("export", {"kind": "rating"}, leg=OTHER),
        run(samples=[{"legs": {"granted": 4}, "cases": {"utilities": 1}, "breaches": {}, "drift": 2}])],
    "I34 rating told": [
        add("ledger", {"what": "call", "leg": LEG}, what="leak"),
        lambda files: files["officers"].append({"what": "leak", "body": small.OFFICER, "path": "/staff/inbox"})],
    "I35 act without a mandate": [
        put("export", {"kind": "mandate", "id": small.STANDS}, acts=["file"]),
        put("export", {"kind": "mandate", "id": small.STANDS}, bundles=["restaurant"]),
        put("export", {"kind": "mandate", "id": small.STANDS}, principal="digest:x"),
        put("export", {"kind": "mandate", "id": small.STANDS}, valid_until=small.T.format(3)),
        put("export", {"kind": "case"}, agent="digest:x"), put("export", {"kind": "case"}, mandate=small.ENDED),
        add("clients", {"what": "ended"}, mandate=small.STANDS, at=small.AT + 5),
        put("export", {"kind": "event", "type": "leg.supplemented"}, by="applicant:WT9")],
    "I36 mandate used after its end": [
        put("clients", {"what": "did", "act": "withdraw"}, status=200),
        put("clients", {"what": "did", "act": "file"}, status=403, why="none"),
        add("clients", {"what": "did", "act": "answer"}, reference="20260302ZZZZ"),
        put("clients", {"what": "afterwards"}, mandate=small.STANDS),
        lambda files: small.one(files["clients"], what="afterwards").update(
            mandate=small.STANDS, cases=[small.REFERENCE], acts=[])],
    "I37 mandate lost or doubled": [
        drop("export", kind="mandate", id=small.STANDS), drop("audit", action="mandate.revoke"),
        put("export", {"kind": "mandate", "id": small.ENDED}, revoked_at=None),
        put("export", {"kind": "mandate", "id": small.STANDS}, acts=["file", "urge"]),
        add("audit", {"action": "mandate.give"}), add("export", {"kind": "mandate"}, id="WT3")],
    "I38 act under another name": [
        put("export", {"kind": "event", "type": "leg.supplemented"}, by="applicant"),
        drop("export", kind="event", type="leg.supplemented"),
        put("clients", {"what": "did", "act": "answer", "body": small.OWNER}, status=200),
        add("export", {"kind": "event", "type": "leg.supplemented"}, type="leg.withdraw_requested", by="applicant")],
    "I39 news": [
        drop("news", person=small.OWNER, kind="granted"), drop("news", person=small.OWNER, kind="ended"),
        drop("news", person=small.OWNER, kind="filed_for"), drop("news", person=small.AGENT, kind="granted"),
        add("news", {"kind": "granted"}),
        add("news", {"kind": "ended"}, kind="refused", leg="01"), add("news", {"kind": "ended"}, kind="filed"),
        add("news", {"kind": "granted"}, kind="ask"), add("news", {"kind": "ended"}, person="sample"),
        put("export", {"kind": "mandate", "id": small.STANDS}, revoked_at=small.T.format(50)),
        put("clients", {"what": "answers"}, untold=1, since=small.AT - 99)],
    "I40 bulletins": [
        run(told=False), drop("ledger", what="rang", key=f"news_{small.OWNER}"),
        add("ledger", {"what": "rang"}), add("ledger", {"what": "heard", "key": "news_agent"}, body_sha256="x"),
        lambda files: files["ledger"].append({**small.one(files["ledger"], what="heard"), "said": {
            "recipient": {"subject": small.OWNER}, "references": [small.REFERENCE], "text": "整件事已结束"}}),
        lambda files: files["news"].extend(small.news(small.OWNER)),
        lambda files: files["news"].append({**files["news"][0], "reference": "20260302ZZZZ"}),
        lambda files: (files["clients"].remove(small.one(files["clients"], what="chose", mobile="")),
                       files["ledger"].append({**small.one(files["ledger"], what="rang"), "key": "news_x"}))],
    "I41 told too much": [
        lambda files: small.one(files["ledger"], what="heard")["said"].update(reason="现场"),
        lambda files: small.one(files["ledger"], what="heard")["said"].update(text="现场条件不符合规定"),
        lambda files: small.one(files["ledger"], what="heard")["said"].update(link="13800000001"),
        lambda files: small.one(files["ledger"], what="heard")["said"]["recipient"].update(name="示例甲"),
        put("ledger", {"what": "heard", "attempt": 2}, at=small.AT + 90),
        lambda files: small.one(files["ledger"], what="heard", key="news_agent")["said"]["recipient"].update(
            mobile=REACHED)],
    "I42 filing delayed": [put("clients", {"what": "ack"}, at=small.AT + 7)],
    "I43 packages": [
        lambda files: files["run"]["archive"].update(made=[1, "broken"]),
        lambda files: files["run"]["archive"].update(checked=[1, "broken"]),
        lambda files: files["run"]["archive"]["left"].clear(),
        lambda files: files["run"]["archive"]["there"].append({small.REFERENCE: "d0"}),
        drop("audit", action="archive"), drop("export", kind="event", leg=LEG, type="leg.remark")],
    "I44 signing in": [
        put("clients", {"what": "entered"}, opened=2), add("clients", {"what": "entered"}),
        put("clients", {"what": "entered"}, opened=0), put("clients", {"what": "whoami"}, number="13900000103"),
        put("clients", {"what": "whoami"}, number=""), put("clients", {"what": "whoami"}, status=401),
        put("clients", {"what": "gone"}, status=200), put("ledger", {"what": "left"}, status=400)],
    "I45 wrong office": [
        put("export", {"kind": "leg", "id": LEGACY}, office=small.FORMER), drop("ledger", **PARTED),
        drop("ledger", what="effect", leg=LEGACY, body="heat"), add("ledger", EFFECT, body="elsewhere")],
    "I46 farewells": [
        drop("ledger", **PARTED), add("ledger", PARTED, key="another"), add("ledger", PARTED, body="heat"),
        put("ledger", PARTED, known=False)],
    "I47 heard after it left": [
        add("export", {"kind": "event", "leg": LEGACY, "type": "leg.remark"}, by=f"department:{small.FORMER}"),
        put("export", {"kind": "event", "leg": LEGACY, "type": "leg.granted"}, data={"seq": 103})],
    "I48 transfer lost or doubled": [
        drop("audit", **TRANSFER), add("audit", TRANSFER), drop("clients", what="moves"),
        put("clients", {"what": "moves"}, to=small.FORMER), drop("export", kind="event", type="leg.transferred")],
    "I49 unscanned": [
        drop("scans", sha256="s1"), put("scans", {"sha256": "s1"}, verdict="unsure"),
        put("scans", {"sha256": "s1"}, at=small.AT + 9), put("ledger", {"what": "call", "leg": LEG}, files=["s9"]),
        put("ledger", {"what": "paper"}, sha256="s9"), put("clients", {"what": "looked_at", "file": "f9"}, status=200),
        lambda files: files["officers"].append({"what": "read", "body": small.OFFICER, "at": small.AT + 9,
                                                "status": 200, "leg": small.DESK, "sha256": "s9"})],
    "I50 scanner": [
        put("clients", {"what": "offered", "sha256": "s1"}, status=422, code="file_infected"),
        lambda files: files["run"]["samples"][-1]["scans"].update(waiting=1),
        put("clients", {"what": "looked_at", "file": "f1"}, status=409, code="file_not_scanned", waiting=2),
        put("clients", {"what": "looked_at", "file": "f1"}, status=404, code="unknown_file"),
        add("clients", {"what": "looked_at", "file": "f9"}, code="file_not_scanned", at=small.AT - 5),
        drop("audit", action="file.infected"), add("audit", {"action": "file.infected"}),
        drop("audit", action="file.refused"), drop("export", kind="event", type="leg.held")],
    "I51 filed without a yes": [
        lambda files: (put("export", {"kind": "case"}, bundle="home-transfer")(files),
                       drop("export", kind="agreement")(files)),
        drop("clients", what="said"), put("clients", {"what": "said"}, said_at=small.T.format(5)),
        put("clients", {"what": "said"}, digest="d-other"), add("clients", {"what": "said"}, state="taken_back"),
        put("clients", {"what": "said"}, state="opened", said_at=None),
        put("clients", {"what": "tried_to_open"}, status=200)],
    "I52 yes lost or doubled": [
        drop("audit", action="agreement.agreed"), add("audit", {"action": "agreement.agreed"}),
        drop("audit", action="agreement.file"), add("audit", {"action": "agreement.file"}),
        put("clients", {"what": "listed"}, reference=None), drop("export", kind="agreement"),
        put("ledger", {"what": "call", "leg": LEG}, agreements=[]),
        put("ledger", {"what": "call", "leg": LEG}, agreements=[{**small.YES, "digest": "d-other"}]),
        add("ledger", {"what": "call", "leg": LEG}, agreements=[])],
    "I54 second factor": [
        put("clients", {"what": "half"}, inside=True), add("clients", {"what": "proved", "way": "again"}, opened=1),
        put("clients", {"what": "proved", "way": "code"}, opened=0),
        put("clients", {"what": "locked_out"}, inside=True), put("clients", {"what": "locked_no_more"}, inside=False)],
    "I55 taken after the end": [
        put("clients", {"what": "filed_late"}, status=422, code="cannot_be_filed"),
        put("clients", {"what": "kept_draft"}, kept=False),
        lambda files: (put("export", {"kind": "case"}, bundle="retirement")(files),
                       files["run"].update(closed_from="2026-03-02"))],
    "I56 closed account": [
        put("clients", {"what": "as_member", "status": 401}, status=200), drop("audit", action="account.erase"),
        add("audit", {"action": "account.erase"}), add("audit", {"action": "account.erase"}, target="p2")],
    "I57 too often": [
        put("clients", {"what": "hurried"}, refused=False), put("clients", {"what": "hurried"}, after=""),
        put("clients", {"what": "hurried"}, then=429), put("clients", {"what": "asked_calmly"}, status=429)],
    "I58 rests": [
        put("ledger", called(20.5), t=small.moment(10)), drop("ledger", **called(61)),
        put("ledger", called(61), at=small.GONE + 66), add("ledger", called(82), at=small.GONE + 83),
        lambda files: [add("ledger", called(4), at=small.GONE + 4 + n / 10)(files) for n in (1, 2)],
        lambda files: [add("ledger", called(82), key=f"more-{n}")(files) for n in (1, 2)]],
    "I59 given up": [
        put("clients", {"what": "stuck", "keys": []}, keys=[small.VAIN]),
        put("clients", {"what": "stuck", "keys": [small.VAIN]}, keys=[]), put("clients", {"what": "resent"}, keys=[]),
        put("clients", {"what": "resent"}, keys=[small.VAIN, "more"]), drop("ledger", key=small.VAIN, what="effect"),
        add("ledger", called(61), at=small.GONE + 65), lambda files: (
            [drop("clients", what=what)(files) for what in ("stuck", "stuck", "resent")],
            files["run"]["form"].update(away="city"))],
    "I60 ready": [put("clients", {"what": "ready"}, status=503)],
    "I61 answer lost": [
        put("export", {"kind": "attempt", "leg": LEG}, outcome="unknown"),
        put("export", {"kind": "attempt", "leg": LEG}, purpose="ask"),
        put("ledger", {"what": "answer", "leg": LEG}, gave="s7")],
    "I53 looked up without a yes": [put("clients", {"what": "draft_seen"}, missing=["home_title"])],
    "I26 overtaken": [add("ledger", {"what": "answer", "leg": LEG}, key=f"{LEG}:leg.withdrawn:1", status=404)],
}


def test_a_clean_run_breaks_no_rule():
    assert {name: made for name, made in check(small.evidence(small.clean())).items() if made["count"]} == {}


def test_every_rule_is_explained(request):
    lines = (request.config.rootpath / "docs" / "faults.md").read_text().splitlines()
    assert {line.split(" | ")[0].removeprefix("| ") for line in lines if line.startswith("| I")} == RULES.keys()


def test_every_rule_has_a_doctored_run():
    assert DOCTORED.keys() == RULES.keys()


@pytest.mark.parametrize(("rule", "change"), [(rule, one) for rule, changes in DOCTORED.items() for one in changes])
def test_a_rule_finds_its_doctored_run(rule, change):
    judged = check(small.doctored(change))
    assert judged[rule]["count"] > 0
    assert judged[rule]["examples"]


def test_an_outage_is_no_delay():
    def change(files):
        put("ledger", EFFECT, at=small.AT + 9)(files)
        files["run"]["outages"] = [(small.AT + 2, small.AT + 8)]
    assert check(small.doctored(change))["I12 isolation"]["count"] == 0


@pytest.mark.parametrize("leaps", [
    [{"before": small.AT - 1, "seconds": 59.0}],
    [{"before": small.AT - 2, "seconds": 29.0}, {"before": small.AT + 28, "seconds": 30.0}],
])
def test_leaps_of_the_clock_are_no_delay(leaps):
    def change(files):
        for line in files["export"]:
            line["at"] = small.T.format(59)
        files["run"]["leaps"] = leaps
    taken = delays(small.doctored(change))
    assert [seconds for seconds, _ in taken] == [2.0, 2.0]


@pytest.mark.parametrize(("text", "number"), [
    ("水电（受理编号 R1）：“供水”需要您补充，请在 12月7日 前补上。", 1),
    ("水电（受理编号 R1）：“供水”“供电”“燃气”等 6 项已办好；“踏勘”已办结。另有 12 条消息，请登录查看。", 19),
    ("水电（受理编号 R1）：“供水”“供电”已批准。水电（受理编号 R2）：整件事已结束（已办结），请查看结果。", 3),
    ("水电（受理编号 R1）：代办人替您提交了申请；没有委托过的，请到“委托”页面查看。", 1),
    ("水电（受理编号 R1）：申请已提交，各部门开始办理；“供水”还在等您补充；过期没有补，这一项会终止。", 2),
])
def test_a_bulletin_is_counted_as_a_person_counts_it(text, number):
    assert pieces_told(text) == number


def test_a_bulletin_that_is_told_anew_without_a_number_that_was_taken_back_keeps_its_key():
    def change(files):
        first = small.one(files["ledger"], what="heard", key=f"news_{small.OWNER}")
        files["ledger"].append({**first, "body_sha256": "x", "said": {
            **first["said"], "recipient": {"subject": small.OWNER}}})
    assert check(small.doctored(change))["I40 bulletins"]["count"] == 0


def test_a_5xx_beside_an_outage_is_no_fault():
    def change(files):
        put("ledger", {"what": "told"}, status=503)(files)
        files["run"]["outages"] = [(small.AT + 3, small.AT + 4)]
    assert check(small.doctored(change))["I20 5xx"]["count"] == 0


def test_a_quarantined_notice_of_a_case_that_was_taken_back_is_no_fault():
    def change(files):
        files["clients"].append({"what": "withdraws", "reference": small.REFERENCE})
        files["export"].append({"kind": "quarantine", "id": "q", "leg": LEG, "type": "leg.remark", "code": "late"})
    assert check(small.doctored(change))["I15 notices"]["count"] == 0


@pytest.mark.parametrize(("code", "seq"), [("transferred", 103), ("before_return", 103), ("before_return", None)])
def test_what_an_office_says_of_the_time_before_is_rightly_set_aside(code, seq):
    assert check(small.doctored(aside(LEGACY, code, seq, small.FORMER)))["I15 notices"]["count"] == 0


def test_many_breaches_are_counted_and_the_first_are_shown():
    def change(files):
        files["run"]["open_values"] = [f"file {number}" for number in range(50)]
    made = check(small.doctored(change))["I18 privacy"]
    assert (made["count"], len(made["examples"])) == (50, 20)


def test_a_run_is_read_from_its_folder_and_summed_up(tmp_path):
    files = small.clean()
    for name in LINES:
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps(line) + "\n" for line in files[name]))
    (tmp_path / "run.json").write_text(json.dumps({**files["run"], "starts": [small.AT], "all_filed_at": small.AT + 5}))
    made = verdict(tmp_path)
    assert made["violations"] == 0
    shown = {name: made["figures"][name] for name in ("applications", "legs", "effects", "acts", "urges", "ratings",
                                                            "lost", "wrong")}
    assert shown == {"applications": 1, "legs": 4, "effects": 8, "acts": 3, "urges": 3, "ratings": 1, "lost": 0,
                     "wrong": 0}
    assert made["figures"]["start_to_first_accepted_worst_s"] == 1.0


def test_what_is_wrong_is_summed_apart_from_what_is_lost_or_doubled():
    found = small.doctored(lambda files: (add("ledger", EFFECT)(files), drop("export", kind="case")(files)))
    made = figures(found, check(found))
    assert (made["lost"], made["duplicates"]) == (1, 1)


@pytest.mark.parametrize(("left", "rests", "lasts"), [
    ({}, (), 120), ({0: 8}, (), 120), ({0: 900, 110: 40}, (), 170), ({0: 900, 110: 40, 165: 8, 220: 8}, (), 225),
    ({second: 900 - second for second in range(0, 900, 50)}, (), 360), ({0: 8, 100: 8, 110: 9}, (), 120),
    ({0: 8}, (30, 100), 160), ({0: 8}, range(900), 360)])
def test_what_goes_on_ending_or_waits_for_a_resting_office_gets_longer(left, rests, lasts):
    patience, second = Patience(120.0, 0.0), 0
    while patience.lasts(second):
        if second in left or second in rests:
            patience.see(left.get(second, 900), second in rests, second)
        second += 1
    assert second == lasts
