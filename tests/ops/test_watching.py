"""What does not hold is an alarm: in the figures for machines, and in `flask legs` for people."""

import sqlite3
from datetime import timedelta
from math import inf

from app import create_app
from connectors.base import Answer
from desk.staff.acts import Act
from store import offers
from store.conservation import RULES
from store.engine.sqlite import FILE
from store.lanes import Lane
from tests.ops.conftest import answered, file, received
from web.wiring import NAME


def figures(app):
    """The figures of `/metrics` by name and key."""
    lines = app.test_client().get("/metrics").text.splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def swept(deployment, receipts=1):
    """An application that served a little while."""
    app = create_app()
    home = app.extensions[NAME]
    now = home.clock.now()
    file(home, receipts)
    received(home)
    while home.desk.sweep(now) < now + timedelta(minutes=1):
        pass
    return app, home, now


def test_the_figures_show_every_rule_and_counts_of_legs_and_cases(deployment):
    app, home, _ = swept(deployment, 3)
    found = figures(app)
    assert {rule: found[f'yijianshi_breaches{{key="{rule}"}}'] for rule in RULES} == dict.fromkeys(RULES, 0)
    assert found["yijianshi_counter_drift"] == 0
    assert found['yijianshi_legs{key="received"}'] == 6
    assert found['yijianshi_cases{key="connect|open"}'] == 3
    home.close()


def test_an_office_that_is_left_alone_is_named_with_the_reason_in_the_zone_of_the_city(deployment):
    app, home, now = swept(deployment)
    assert figures(app).get('yijianshi_offices_resting{key="water-office"}') is None
    until = now + timedelta(minutes=2)
    home.desk.note_lanes([Lane("water-office", "water", 3, until, "HTTP 401", now)])
    assert figures(app)['yijianshi_offices_resting{key="water-office"}'] == 1
    said, shown = deployment.ok("legs"), f"{until.astimezone(home.settings.zone):%Y-%m-%d %H:%M}"
    assert f"停送：water-office  连续 3 次失败（HTTP 401），{shown} 试送一件" in said
    counted = deployment.json("legs")["counted"]
    assert [(one["office"], one["reason"]) for one in counted["resting"]] == [("water-office", "HTTP 401")]
    home.desk.note_lanes([Lane("water-office", "water", 0, None, "", now)])
    assert "停送" not in deployment.ok("legs")
    home.close()


def test_what_waits_for_somebody_is_told_to_whoever_looks_and_stands_in_the_log(deployment, caplog):
    app, home, now = swept(deployment)
    told = app.test_client()
    assert told.get("/readyz").json["look"] == []
    receipt, = file(home, first=1)
    answered(home, Answer("refused", reason="张三的证件", status=422, detail="HTTP 422"), offices=("water-office",))
    key = next(one.leg for one in receipt.legs) + ":leg.filed:1"
    assert f"{key} is refused at water-office (HTTP 422): see flask legs" in caplog.text and "张三" not in caplog.text
    home.desk.note_lanes([Lane("power-office", "power", 3, now + timedelta(minutes=2), "HTTP 401", now)])
    home.desk.operations.pause(Act("wang", "检修"), now)
    look = "\n".join(told.get("/readyz").json["look"])
    assert all(says in look for says in ("服务暂停着", "有 1 条消息没有送到", "有 1 个单位")) and "检修" not in look
    home.close()


def test_what_others_wrote_is_shown_in_one_line_and_obeyed_by_no_terminal(deployment):
    with deployment.house() as home:
        file(home)
        answered(home, Answer("refused", reason="\x1b]0;x\x07好\u202e\x9b2J", status=422), offices=("water-office",))
    deployment.ok("pause", "--by", "wang", "--reason", "检修\n9  2026-01-05T09:00:00+08:00  li  pause  store  好")
    said = deployment.ok("legs")
    assert "\\u001b]0;x\\u0007好\\u202e\\u009b2J" in said
    assert "服务已暂停：检修\\u000a9  2026" in said
    assert len(deployment.ok("audit").splitlines()) == 1
    assert "起暂停，原因：检修\\u000a9" in deployment.ok("resume")


def test_an_office_that_fetches_nothing_is_named_with_how_long_it_has_not(deployment):
    app = create_app()
    home = app.extensions[NAME]
    file(home)
    now = home.clock.now()
    home.database.write(lambda tx: offers.offer_instead(tx, "water-office", now, 9))
    found = figures(app)
    assert found['yijianshi_messages_unfetched{key="water-office"}'] == 1
    assert found['yijianshi_unfetched_oldest_seconds{key="water-office"}'] >= 0
    assert found['yijianshi_office_oldest_seconds{key="power-office"}'] >= 0
    assert (found["yijianshi_backup_seconds"], found["yijianshi_sweep_seconds"]) == (inf, inf)
    home.close()
    assert "待取：water-office  1 条" in deployment.ok("legs")
    deployment.ok("backup", deployment.folder / "copy")
    app = create_app()
    assert figures(app)["yijianshi_backup_seconds"] < 600
    app.extensions[NAME].close()


def test_a_planted_breach_and_a_planted_drift_are_alarms(deployment):
    app, home, now = swept(deployment)
    with sqlite3.connect(deployment.data / FILE) as beside:
        beside.execute("update legs set state = 'outcome_unknown'")
        beside.execute("update legs set lapse_at = '0' where leg = '01'")
    beside.close()
    home.desk.sweep(now + timedelta(minutes=1))
    found = figures(app)
    assert found['yijianshi_sweep_faults{key="lapses"}'] == 1
    assert "定时做的事有做不成的（lapses），请看“运行概况”" in app.test_client().get("/readyz").json["look"]
    assert found['yijianshi_breaches{key="open leg without a next action or a waiting reason"}'] == 2
    assert found["yijianshi_counter_drift"] == 0  # until the day's recount
    home.desk.sweep(now + timedelta(days=1, minutes=1))
    assert figures(app)["yijianshi_counter_drift"] == 4
    home.close()
    said = deployment.ok("legs")
    assert said.count("异常：open leg without a next action or a waiting reason") == 2
    assert "outcome_unknown 2" in said
    assert "定时做的事做不成：lapses" in said


def test_a_recount_by_hand_looks_at_everything_at_once(deployment):
    _, home, _ = swept(deployment)
    home.close()
    sound = deployment.json("legs", "--recount")["counted"]
    assert (sound["legs"], sound["breaches"], sound["drift"]) == (2, [], [])
    assert "没有异常，计数相符" in deployment.ok("legs", "--recount")
    with sqlite3.connect(deployment.data / FILE) as beside:
        beside.execute("update legs set state = 'stuck' where leg = '01'")
    beside.close()
    assert deployment.json("legs")["counted"] == {**sound, "drift": None}
    found = deployment.json("legs", "--recount")["counted"]
    assert [one["key"].rpartition("|")[2] for one in found["drift"]] == ["received", "stuck"]
    assert len(found["breaches"]) == 1
    said = deployment.ok("legs", "--recount")
    assert "计数不符：legs" in said
    assert "没有异常" not in said
