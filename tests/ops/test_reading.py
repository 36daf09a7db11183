"""Export, verify, diff and reconcile read beside the portal and say exactly what is there."""

import csv
import io
import json
import shutil
import sqlite3
from datetime import timedelta
from functools import partial
from math import inf

import pytest

from app import create_app
from desk.upkeep.sweeps import HEARTBEAT
from store import marks
from store.engine.opening import Place
from store.engine.sqlite import FILE
from tests.ops.conftest import HOME, file, received, say
from tests.pages.client import Visitor
from web.wiring import NAME

SECRET = "示例项目"


@pytest.fixture
def filed(deployment):
    """Three cases, received by both offices, an hour later a refusal and a strange notice; their receipts."""
    with deployment.house() as home:
        receipts = file(home, 3)
        received(home)
        leg = receipts[0].legs[0].leg
        say(home, leg, "leg.refused", later=3600, reason_code="R1", reason="示例甲不符合规划")
        say(home, leg, "leg.granted", later=3601, results=[])
        home.desk.sweep(home.clock.now())
    return receipts


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_an_export_is_whole_sorted_and_tells_no_secret_and_nothing_personal(deployment, filed):
    text = deployment.ok("export", "--jsonl")
    found = lines(text)
    assert [line["id"] for line in found] == sorted(line["id"] for line in found)
    kinds = [line["kind"] for line in found]
    assert {kind: kinds.count(kind) for kind in set(kinds) - {"event"}} == {
        "case": 3, "leg": 6, "attempt": 6, "consent": 3, "quarantine": 1, "audit": 1}
    assert {line["id"] for line in found if line["kind"] == "leg"} == {
        leg.leg for receipt in filed for leg in receipt.legs}
    for hidden in (SECRET, "13800138000", "示例甲", "图.png", *(receipt.code for receipt in filed)):
        assert hidden not in text
    cases = [line for line in found if line["kind"] == "case"]
    assert len({case["subject"] for case in cases}) == 1  # equal values have equal digests
    head = next(line for line in found if line["kind"] == "audit")
    assert head["sealed"]["n"] >= 1


def test_personal_values_leave_only_when_asked_for_and_that_is_recorded(deployment, filed):
    text = deployment.ok("export", "--jsonl", "--personal", "--reason", "司法调取")
    assert SECRET in text
    assert "示例甲" in text
    assert all(receipt.code not in text for receipt in filed)
    audit = next(line for line in lines(text) if line["kind"] == "audit")
    assert audit["n"] == 1  # the entry about this export was there before the first line


def test_since_leaves_out_what_did_not_change(deployment, filed):
    with deployment.house() as home:
        soon = (home.clock.now() + timedelta(minutes=30)).isoformat()
    found = lines(deployment.ok("export", "--jsonl", "--since", soon))
    assert {line["kind"] for line in found} <= {"event", "audit", "leg", "quarantine"}
    assert {line["case"] for line in found if line["kind"] == "event"} == {filed[0].reference}
    assert [line["kind"] for line in lines(deployment.ok("export", "--jsonl", "--since", "2999-01-01"))] == ["audit"]
    assert deployment.flask("export", "--jsonl", "--since", "gestern").exit_code == 1
    into = deployment.folder / "all.jsonl"
    deployment.ok("export", "--jsonl", "--since", soon, "--into", into)
    assert (lines(into.read_text("utf-8")), into.stat().st_mode & 0o777) == (found, 0o600)
    refused = deployment.flask("export", "--jsonl", "--into", deployment.folder / "none" / "all.jsonl")
    assert (refused.exit_code, "写不了" in refused.output) == (1, True)


def test_reading_commands_run_beside_whoever_holds_the_folder(deployment, filed, monkeypatch):
    with deployment.house() as home:
        home.database.write(lambda tx: None)
        assert deployment.flask("export", "--jsonl").exit_code == 0
        monkeypatch.setattr("web.parts.Place", partial(Place, patience=0.1))  # no portal that could be told
        done = deployment.flask("verify")
        assert (done.exit_code, "这次核对没有记下" in done.stderr) == (0, True)
        assert deployment.flask("legs").exit_code == 0


def test_verify_holds_and_names_the_first_changed_event(deployment, filed):
    assert deployment.json("verify")["holds"] is True
    with sqlite3.connect(deployment.data / FILE) as connection:
        connection.execute("update events set type = 'leg.granted' where reference = ? and n = 3",
                           (filed[1].reference,))
    done = deployment.flask("verify")
    assert done.exit_code == 1
    assert filed[1].reference in done.stderr
    assert "entry 3 was changed" in done.stderr
    assert "没有记下" not in done.stderr


def test_what_a_walk_came_to_is_kept_for_auditors_and_for_machines(deployment, filed):
    def told():
        app = create_app()
        home = app.extensions[NAME]
        try:
            home.database.write(lambda tx: marks.put(tx, HEARTBEAT, "", home.clock.now()))
            shown = dict(line.rsplit(" ", 1) for line in app.test_client().get("/metrics").text.splitlines())
            clerk = Visitor(app)
            clerk.sign_in("auditor")
            clerk.get("/staff/audit")
            look = app.test_client().get("/readyz").json["look"]
            return shown["yijianshi_verify_failed"], float(shown["yijianshi_verify_seconds"]), look, clerk.text
        finally:
            home.close()

    failed, seconds, look, page = told()
    assert (failed, seconds, look, "最近一次核对 还没有" in page) == ("0.0", inf, [], True)
    deployment.ok("verify", "--by", "值班员甲", "--reason", "每周核对")
    failed, seconds, look, page = told()
    assert (failed, seconds < 3_600, look) == ("0.0", True, [])
    assert "值班员甲" in page and "没有与系统外留存的封存对照" in page and "审计链对不上" not in page
    entry = deployment.ok("audit", "--json").splitlines()[-1]
    assert (json.loads(entry)["action"], json.loads(entry)["data"]["holds"]) == ("verify", True)
    with sqlite3.connect(deployment.data / FILE) as connection:
        connection.execute("update events set type = 'leg.granted' where n = 3")
    assert deployment.flask("verify").exit_code == 1
    failed, _, look, page = told()
    assert (failed, [says[:6] for says in look], "审计链对不上" in page) == ("1.0", ["审计链对不上"], True)
    assert "entry 3 was changed" in page


def test_a_cut_and_rebuilt_tail_contradicts_the_head_kept_outside(deployment, filed):
    copy = deployment.folder / "copy"
    deployment.ok("backup", copy)
    seal = json.loads((copy / "manifest.json").read_text())
    assert deployment.flask("verify", "--manifest", copy).exit_code == 0
    assert deployment.flask("verify", "--head", f"{seal['seals']}:{seal['seal']}").exit_code == 0
    with sqlite3.connect(deployment.data / FILE) as connection:
        connection.execute("delete from seals where n = ?", (seal["seals"],))
        connection.execute("update heads set n = ? where chain = '@seals'", (seal["seals"] - 1,))
    assert deployment.flask("verify").exit_code == 0
    done = deployment.flask("verify", "--manifest", copy)
    assert done.exit_code == 1
    assert "written outside" in done.stderr


def test_a_difference_of_editions_is_typed_and_counts_open_cases(deployment, filed, monkeypatch):
    old = filed[0].edition
    assert deployment.json("diff", "connect", old[:10], "folder")["differences"] == []
    bundles = deployment.folder / "bundles"
    shutil.copytree(HOME / "tests" / "web" / "definitions", bundles)
    monkeypatch.setenv("YJS_BUNDLES", str(bundles))
    for name, before, after in (
        ("fields.yaml", "max: 1000", "max: 2000"), ("fields.yaml", "项目名称", "工程名称"),
    ):
        text = (bundles / name).read_text()
        assert before in text
        (bundles / name).write_text(text.replace(before, after))
    matters = next((bundles / "matters").glob("*.yaml"))
    matters.write_text(matters.read_text().replace("promised: 3wd", "promised: 2wd"))
    found = deployment.json("diff", "connect", old, "folder")
    differences = {(one["kind"], one["id"], one["path"], str(one["old"]), str(one["new"]))
                   for one in found["differences"]}
    assert differences == {
        ("field", "area", "max", "1000", "2000"), ("field", "project_name", "name", "项目名称", "工程名称"),
        ("matter", "water-connection", "limits", *limits(found)),
    }
    assert found["open_cases"] == {"on_old": 3, "effect": "stay_on_old"}
    assert "3 件在办件" in deployment.ok("diff", "connect", old, "folder")
    assert deployment.flask("diff", "connect", "ffffffff", "folder").exit_code == 1
    matters.write_text("a: [b\n")  # somebody is about to change it, beside the running portal
    deployment.ok("legs")
    days, theirs = ("2026-01-01", "2026-01-31"), written(deployment, [])
    for line in (("report", *days), ("pledges", *days), ("reconcile", "water", theirs)):
        done = deployment.flask(*line)
        assert (done.exit_code, type(done.exception), matters.name in done.stderr) == (1, SystemExit, True), line


def limits(found):
    one, = (one for one in found["differences"] if one["kind"] == "matter")
    assert "3wd" in str(one["old"])
    assert "2wd" in str(one["new"])
    return str(one["old"]), str(one["new"])


def own_list(deployment, office="water-office"):
    with sqlite3.connect(deployment.data / FILE) as connection:
        found = connection.execute("select reference || '-' || leg, state, coalesce(ref, '') from legs"
                                   " where office = ? order by 1", (office,)).fetchall()
    return [dict(zip(("leg", "state", "ref"), row, strict=True)) for row in found]


@pytest.mark.parametrize("form", ["jsonl", "csv"])
def test_a_list_that_agrees_shows_nothing(deployment, filed, form):
    said = deployment.ok("reconcile", "water-office", written(deployment, own_list(deployment), form))
    assert "差异 0 处" in said


def written(deployment, rows, form="jsonl"):
    path = deployment.folder / f"list.{form}"
    if form == "jsonl":
        path.write_text("\n".join(json.dumps(row) for row in rows))
    else:
        text = io.StringIO()
        table = csv.DictWriter(text, ("leg", "state", "ref"))
        table.writeheader()
        table.writerows(rows)
        path.write_text("\ufeff" + text.getvalue())
    return path


def test_twenty_dropped_doubled_changed_and_invented_lines_are_all_found_and_nothing_else(deployment):
    with deployment.house() as home:
        file(home, 100)
        for _ in range(12):
            received(home)
    rows = own_list(deployment)
    assert {row["state"] for row in rows} == {"received"}
    dropped, doubled, changed = rows[:20], rows[20:40], rows[40:60]
    theirs = [*({**row, "state": "granted"} for row in changed), *rows[60:], *doubled, *doubled,
              *({"leg": f"X-{n:02d}", "state": "received", "ref": ""} for n in range(20))]
    done = deployment.flask("reconcile", "water", written(deployment, theirs), "--json")
    assert done.exit_code == 1
    found = {(gap["kind"], gap["leg"]) for gap in json.loads(done.stdout)}
    assert found == {("they_lack", row["leg"]) for row in dropped} | {("doubled", row["leg"]) for row in doubled} | {
        ("other_state", row["leg"]) for row in changed} | {("we_lack", f"X-{n:02d}") for n in range(20)}


def test_one_office_is_named_alone_where_its_kind_is_called_the_same(deployment):
    offices = deployment.folder / "offices.yaml"
    west = "  west: {department: water, region: \"370203\", name: 西区, path: /w, secrets: [\"env:OFFICE_SECRET\"]}\n"
    offices.write_text(offices.read_text().replace("water-office:", "water:") + west)
    with deployment.house() as home:
        legs = [leg.leg for receipt in file(home, 2) for leg in receipt.legs if leg.department == "water"]
    assert "已转 1 件" in deployment.ok("legs", "transfer", legs[0], "--to", "west", "--reason", "分区")
    theirs = written(deployment, [{"leg": legs[1], "state": "queued", "ref": ""}])
    both, alone = (deployment.flask("reconcile", "water", theirs, *more) for more in ((), ("--office",)))
    assert "water、west：本方 2 件" in both.stdout and "--office" in both.stderr
    assert (alone.exit_code, "water：本方 1 件" in alone.stdout, alone.stderr) == (0, True, "")
    assert "--office" in deployment.flask("legs", "--department", "water").stderr
    assert deployment.flask("legs", "--department", "water", "--office").stderr == ""
    refused = deployment.flask("reconcile", "power", theirs, "--office")  # the code of a kind alone
    assert (refused.exit_code, "没有单位 power" in refused.stderr) == (1, True)


def test_what_was_never_handed_over_need_not_be_in_their_list(deployment):
    with deployment.house() as home:
        file(home)
    done = deployment.flask("reconcile", "water-office", written(deployment, []))
    assert (done.exit_code, "差异 0 处" in done.output) == (0, True)


@pytest.mark.parametrize(("content", "says"), [
    ("{", "第 1 行不是 JSON"), ('{"state": "received"}', "没有 leg"), ("a,b\n1,2", "表头"),
])
def test_an_unreadable_list_names_its_line(deployment, filed, content, says):
    path = deployment.folder / "list"
    path.write_text(content)
    done = deployment.flask("reconcile", "water-office", path)
    assert done.exit_code == 1
    assert says in done.stderr
    assert deployment.flask("reconcile", "nobody", path).exit_code == 1
