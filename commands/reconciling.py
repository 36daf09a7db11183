"""`flask reconcile`: a department's own list beside ours."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from commands.shell import ALONE, JSON, act, beside, changed, offices_named, printable, stop
from desk.staff.reconcile import BadList, Gap, Theirs, compare, read_list
from store import operating
from store.operating import Handed
from store.port import Database


@click.command()
@click.argument("department")
@click.argument("file", type=click.Path(path_type=Path))
@act("与部门清单核对")
@ALONE
@JSON
def reconcile(department: str, file: Path, alone: bool, as_json: bool, dry_run: bool, **said: str) -> None:
    """Compare a department's own list (JSON lines or CSV: leg, state, ref) with ours; exit 1 if anything differs.

    DEPARTMENT is an office's id, or the code of a kind of department with all its offices. What is both stands for all
    of them, unless --office says that the one office is meant.
    """
    theirs, digest = _list(file)
    with beside() as opened:
        offices = offices_named(opened.db, department, alone=alone)
        counted = Counted(_of_offices(opened.db, offices))
        gaps = compare(counted, theirs)
    if not dry_run:
        counts = {kind: sum(gap.kind == kind for gap in gaps) for kind in GAPS}
        changed("note", {"action": "reconcile", "target": department, **said,
                         "data": {"sha256": digest, "lines": len(theirs), "offices": offices, **counts}})
    if as_json:
        click.echo(json.dumps([gap.as_json() for gap in gaps], ensure_ascii=False, indent=2))
    else:
        for gap in gaps:
            click.echo(f"{printable(gap.leg)}  {_gap(gap)}")
        click.echo(f"{'、'.join(offices)}：本方 {counted.number} 件，对方清单 {len(theirs)} 行，差异 {len(gaps)} 处。")
    sys.exit(1 if gaps else 0)


GAPS = {"they_lack": "对方没有（本方：{ours}）", "we_lack": "本方没有（对方：{theirs}）",
        "other_state": "状态不同：本方 {ours}，对方 {theirs}", "other_ref": "编号不同：本方 {ours}，对方 {theirs}",
        "doubled": "对方清单里重复：{theirs}"}


def _gap(gap: Gap) -> str:
    return printable(GAPS[gap.kind].format(ours=gap.ours, theirs=gap.theirs))


def _list(file: Path) -> tuple[list[Theirs], str]:
    try:
        content = file.read_bytes()
        return read_list(content.decode("utf-8")), hashlib.sha256(content).hexdigest()
    except (OSError, UnicodeDecodeError) as error:
        stop(f"读不了 {file}：{error}；应是 UTF-8 的文本文件")
    except BadList as error:
        stop(f"{file}：{error}")


class Counted:
    """Legs one by one, however many there are, and how many there were."""

    def __init__(self, legs: Iterator[Handed]) -> None:
        self._legs, self.number = legs, 0

    def __iter__(self) -> Iterator[Handed]:
        for leg in self._legs:
            self.number += 1
            yield leg


def _of_offices(database: Database, offices: Sequence[str]) -> Iterator[Handed]:
    then: str | None = ""
    while then is not None:
        with database.read() as tx:
            page, then = operating.legs_of(tx, offices, then)
        yield from page
