"""Auditors read who did what, and change nothing: by period, person, act and target, page by page, and as files."""

import csv
import io
import json

import pytest

from connectors.base import Answer
from desk.staff.acts import Act
from store import audit
from store.audit import Entry
from tests.ops.conftest import STUCK, answered, file, received, say
from web.staff import auditing


@pytest.fixture
def watched(opened):
    """An auditor at a portal whose operator paused it for a reason with a telephone number in it, and went on."""
    with opened("auditor") as (home, clerk):
        now = home.clock.now()
        home.desk.operations.pause(Act("boss", "机房检修，找 138-0013 8000，案号 20260105ABCDEFGHJKMN"), now)
        home.desk.operations.resume(Act("=boss", "修好了"), now)
        yield home, clerk


def rows(clerk, query=""):
    got = clerk.client.get(f"/staff/audit.csv{query}", buffered=True)
    assert "attachment" in got.headers["Content-Disposition"]
    return list(csv.reader(io.StringIO(got.get_data(as_text=True).removeprefix("\ufeff"), newline="")))


def test_acts_are_listed_the_latest_first_and_numbers_of_people_are_hidden(watched):
    _, clerk = watched
    clerk.get("/staff/")
    assert clerk.at == "/staff/audit"
    assert clerk.text.index("恢复服务 resume") < clerk.text.index("暂停服务 pause")
    assert "找 ※※※※※※，案号 20260105ABCDEFGHJKMN" in clerk.text and "8000" not in clerk.text
    assert "<form method=\"post\" action=\"/staff" not in clerk.page
    clerk.get("/staff/audit?action=pause&actor=boss&target=serv")
    assert (clerk.page.count("line-head"), "原因：机房检修" in clerk.text) == (1, True)
    for nobody in ("actor=else", "target=other", "action=urge", "first=2020-01-01&last=2020-01-31"):
        clerk.get(f"/staff/audit?{nobody}")
        assert (clerk.status, "这段时间里没有符合的记录" in clerk.text) == (200, True), nobody
    clerk.get("/staff/audit?first=2026-02-30")
    assert (clerk.status, "请把起止日写成" in clerk.text) == (422, True)
    for odd in ("first=0001-01-01&last=9999-12-31", "target=%25", "after=x|y"):
        clerk.get(f"/staff/audit?{odd}")
        assert clerk.status == 200, odd


def test_what_is_asked_for_is_a_file_for_spreadsheets_and_for_programs(watched, monkeypatch):
    _, clerk = watched
    head, resume, pause = rows(clerk)
    assert head == list(auditing.HEADINGS)
    assert (resume[2:6], pause[2:6]) == (["'=boss", "恢复服务", "resume", "service"],  # no spreadsheet computes it
                                         ["boss", "暂停服务", "pause", "service"])
    assert "※※※※※※" in pause[6]
    got = clerk.client.get("/staff/audit.jsonl?action=pause", buffered=True).get_data(as_text=True)
    line, = map(json.loads, got.splitlines())
    assert (line["n"], line["by"], line["action"], line["target"]) == (int(pause[0]), "boss", "pause", "service")
    monkeypatch.setattr(auditing, "MOST_IN_A_FILE", 1)
    assert [row[0] for row in rows(clerk)] == ["序号", resume[0], "还有更多：这里只有 1 条，请缩小期间再下载"]
    assert clerk.client.get("/staff/audit.exe").status_code == 404


def test_the_log_goes_on_page_by_page_with_what_was_asked(watched):
    home, clerk = watched
    now = home.clock.now()
    home.database.write(lambda tx: [audit.record(tx, Entry(now, "clerk", "urge", f"leg-{n}")) for n in range(60)])
    clerk.get("/staff/audit?actor=clerk")
    assert clerk.page.count("line-head") == 50
    following = clerk.page.split('rel="next"')[0].rpartition('href="')[2].rstrip('" ').replace("&amp;", "&")
    clerk.get(following)
    assert (clerk.page.count("line-head"), "leg-0" in clerk.text, "恢复服务 resume" in clerk.text) == (10, True, False)


def test_the_seal_and_what_waits_for_operators_are_shown_without_what_was_said(watched):
    home, clerk = watched
    clerk.get("/staff/audit")
    assert "最近一次封存 还没有" in clerk.text
    first, second = file(home, 2)
    answered(home, Answer("refused", status=422, reason="缺少字段 ydfh"), offices=["water-office"])
    answered(home, Answer("unknown", status=504), STUCK, offices=["power-office"])
    received(home)
    nobody = {"what": {"state": "in_review", "reason": "秘密"}, "authority": "过路人"}
    assert say(home, second.legs[0].leg, "leg.corrected", **nobody) == "quarantined"
    home.desk.sweep(home.clock.now())
    with home.database.read() as tx:
        sealed = tx.rows("select n, hash from seals order by n desc limit 1")[0]
    clerk.get("/staff/audit")
    assert f"{sealed['n']}:{sealed['hash']}" in clerk.page
    clerk.get("/staff/audit/undelivered")
    assert first.legs[0].leg in clerk.page and second.legs[1].leg in clerk.page and "ydfh" not in clerk.page
    clerk.get("/staff/audit/strange")
    assert "秘密" not in clerk.page and "没有待处理的" not in clerk.text
    assert "<form method=\"post\" action=\"/staff" not in clerk.page
