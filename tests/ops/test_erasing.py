"""Closed cases are erased by command: named ones, or all that ended before a day."""

import errno
import json
import os
import shutil
import sqlite3
from contextlib import closing

import pytest

from desk.applicants.afterwards import Withdrawal
from store.errors import JournalUnfit
from tests.ops.conftest import file, received, say


def test_cases_that_ended_before_a_day_are_erased_and_others_are_named_with_why(deployment, monkeypatch):
    monkeypatch.setattr("commands.erasing.AT_ONCE", 1)  # several changes of one command, though no portal runs
    clock = deployment.folder / "clock"
    monkeypatch.setenv("YJS_CLOCK", str(clock))
    clock.write_text("2026-01-05T09:00:00+08:00 x0")
    with deployment.house() as home:
        first, second, third = file(home, 3)
        received(home)
        for leg, office in zip(first.legs, ("water-office", "power-office"), strict=True):
            assert say(home, leg.leg, "leg.refused", office, reason_code="R1", reason="不符") == "applied"
    clock.write_text("2026-03-05T09:00:00+08:00 x0")
    copy = deployment.folder / "copy"
    deployment.ok("backup", copy)
    tried = deployment.ok("erase", "--closed-before", "2026-02-01", "--reason", "保存期满", "--dry-run")
    assert f"{first.reference}  将删除" in tried and "将删除 1 件" in tried
    done = deployment.flask("erase", second.reference, "--closed-before", "2026-02-01", "--reason", "保存期满")
    assert (done.exit_code, f"{second.reference}  还没有办结" in done.output) == (1, True)
    assert "已删除 1 件办件的个人信息，1 件没有改动" in done.output
    again = deployment.ok("erase", "--closed-before", "2026-02-01", "--reason", "保存期满")
    assert "已删除 0 件" in again and "会再删除一次" in done.output and "会再删除一次" not in again
    assert f"case.erase  {first.reference}  保存期满" in deployment.ok("audit")
    assert third.reference in deployment.ok("export", "--jsonl")
    with deployment.house() as home:
        home.desk.afterwards.take_back_consent("somebody", third.reference, "back", home.clock.now())
        home.desk.afterwards.withdraw("somebody", second.reference, Withdrawal(None, "改期"), "back-2",
                                      home.clock.now())
        for leg, office in ((leg, f"{leg.matter.partition('-')[0]}-office") for leg in third.legs + second.legs):
            say(home, leg.leg, "leg.withdraw_confirmed", office)
    taken_back = ("erase", "--taken-back", "--reason", "撤回同意")
    assert "已删除 0 件办件的个人信息，0 件没有改动" in deployment.ok(*taken_back), "it ended just now"
    clock.write_text("2026-05-05T09:00:00+08:00 x0")
    assert f"{third.reference}  将删除" in deployment.ok(*taken_back, "--dry-run")
    assert "已删除 1 件" in deployment.ok(*taken_back)
    assert deployment.flask("erase", "--closed-before", "soon", "--reason", "x").exit_code == 1
    comes_back_without_them(deployment, monkeypatch, copy, (first, third))


def comes_back_without_them(deployment, monkeypatch, copy, erased):
    """The copy from before is restored only with the journal, and then without what it does not know."""
    journal = deployment.folder / "keys.journal"
    aside = journal.rename(deployment.folder / "aside")
    monkeypatch.setenv("YJS_DATA", str(deployment.folder / "back"))
    refused = deployment.flask("restore", copy)
    assert (refused.exit_code, "keys.journal" in refused.output) == (1, True)
    assert not (deployment.folder / "back" / "store.sqlite3").exists()
    assert "没有用删除记录" in deployment.ok("restore", copy, "--dry-run", "--without-journal")
    journal.touch(0o600)
    assert "已重做 0 项" in deployment.ok("restore", copy)
    aside.rename(journal)
    said = deployment.ok("redo", "--dry-run")
    assert "会重做 2 项" in said and all(f"case.erase  {one.reference}" in said for one in erased)
    with closing(sqlite3.connect(deployment.folder / "back" / "store.sqlite3")) as older, older:
        older.execute("drop index audit_taken_away")  # as a version before had put it there
        older.execute("delete from _sqlite_migrations where name = '0019_what_was_taken_away'")
    assert "已重做 2 项" in deployment.ok("redo")
    assert "会重做 0 项" in deployment.ok("redo", "--dry-run")
    without_them(deployment, erased)
    shutil.rmtree(deployment.folder / "back")
    for fault in (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), JournalUnfit("读不出来。")):
        with pytest.MonkeyPatch.context() as full:
            full.setattr("store.copies.again.settled", raising(fault))
            refused = deployment.flask("restore", copy)
        assert (refused.exit_code, "数据已经恢复" in refused.output, "redo --all" in refused.output) == (1, True, True)
        assert "会重做 2 项" in deployment.ok("redo", "--all", "--dry-run")
        shutil.rmtree(deployment.folder / "back")
    assert "会重做 2 项" in deployment.ok("restore", copy, "--dry-run")
    assert "已重做 2 项" in deployment.ok("restore", copy)
    without_them(deployment, erased)
    assert "已重做 0 项" in deployment.ok("redo")
    with journal.open("a") as more:
        more.write(json.dumps({"n": 99, "hash": "x", "at": "2026-05-06", "action": "draft.drop", "target": "d",
                               "store": "another"}) + "\n")
    assert "另有 1 项" in deployment.ok("redo", "--dry-run")
    assert "draft.drop  d" in deployment.ok("redo", "--dry-run", "--all")
    shutil.rmtree(deployment.folder / "back")
    said = deployment.ok("restore", copy, "--dry-run")
    assert "会重做 3 项" in said and "有 1 项是别的库写的" in said
    whole = journal.read_bytes()
    said = deployment.ok("restore", copy, "--without-journal")
    aside, = deployment.folder.glob("keys.journal.before-*")
    assert str(aside) in said and aside.read_bytes() == whole
    with deployment.house() as home:
        assert home.desk.case_view("somebody", erased[0].reference, home.clock.now())
    assert "会重做 0 项" in deployment.ok("redo", "--dry-run")
    a_journal_that_is_only_older_is_no_loss(deployment, monkeypatch)


def a_journal_that_is_only_older_is_no_loss(deployment, monkeypatch):
    """Its backup knows all that it has; the refusal says the way out, and the restore that nothing is missed."""
    deployment.ok("erase", "--closed-before", "2026-06-01", "--reason", "保存期满")
    journal = deployment.folder / "keys.journal"
    before = journal.read_bytes()
    deployment.ok("token", "applicant", "--subject", "示例")
    deployment.ok("tokens", "revoke", deployment.json("tokens", "list")[0]["id"], "--reason", "示例")
    deployment.ok("backup", deployment.folder / "later")
    journal.write_bytes(before)
    monkeypatch.setenv("YJS_DATA", str(deployment.folder / "once-more"))
    refused = deployment.flask("restore", deployment.folder / "later")
    assert refused.exit_code == 1 and "比备份还旧" in refused.output and "--without-journal" in refused.output
    said = deployment.ok("restore", deployment.folder / "later", "--without-journal")
    assert "没有因此少做什么" in said and "逐项重做" not in said


def raising(fault):
    def fails(*_):
        raise fault

    return fails


def without_them(deployment, erased):
    said = deployment.ok("export", "--jsonl", "--personal", "--reason", "核对")
    found = [json.loads(line) for line in said.splitlines()]
    gone = {line["id"]: line["erased"] for line in found if line["kind"] == "case"}
    assert gone == {one: one in {case.reference for case in erased} for one in gone} and len(gone) == 3
    assert deployment.json("verify")["holds"] is True
