"""The commands of `flask` that write closed cases as packages for an archive, and that check such packages."""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import chain
from pathlib import Path

import click

from cases.errors import CaseError
from cases.instants import read_instant
from commands.shell import act, beside, changed, clock, printable, read_settings, stop
from desk.errors import CannotArchive
from desk.records.archive import Gathered, Made, gather, write
from desk.records.archive_check import Checked, check
from store import erasure
from store.engine.folder import claimed, make_folder, sync_file
from store.engine.opening import Opened
from store.errors import SealBroken, UnknownFile


@click.group()
def archive() -> None:
    """Closed cases as packages that an archive takes (归档信息包): written, and checked anywhere."""


@archive.command("make")
@click.argument("references", metavar="REFERENCE…", nargs=-1)
@click.option("--closed-before", default=None, metavar="DAY", help="Also every case that ended before that day.")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), required=True,
              help="The folder that gets one file for each case; what is there already is left alone.")
@act()
def make(references: tuple[str, ...], closed_before: str | None, into: Path, *, dry_run: bool, **said: str) -> None:
    """Write each closed case as one file with everything in it, checked; personal values as they are, recorded."""
    done = left = refused = 0
    with beside() as opened:
        for reference in dict.fromkeys(chain(references, _ended(opened, closed_before))):
            if (into / f"{reference}.zip").exists():
                left += 1
                continue
            try:
                made = _one(opened, reference, into, dry_run=dry_run, said=said)
                click.echo(f"{reference}  {made or '已由另一个命令归档'}")
                done, left = (done + 1, left) if made else (done, left + 1)
            except CannotArchive as why:
                click.echo(f"{printable(reference)}  没有归档：{printable(why.detail)}")
                refused += 1
    word = "可以归档" if dry_run else "已归档"
    click.echo(f"{word} {done} 件，已经在 {into} 里的 {left} 件，没有归档 {refused} 件。")
    sys.exit(1 if refused else 0)


def _ended(opened: Opened, day: str | None) -> Iterator[str]:
    """The cases that ended before a day."""
    if day is None:
        return
    try:
        page = partial(erasure.closed_before, day=read_instant(day, read_settings().zone))
    except CaseError as error:
        stop(str(error))
    then: str | None = ""
    while then is not None:
        with opened.db.read() as tx:
            found, then = page(tx, after=then)
        yield from found


def _one(opened: Opened, reference: str, into: Path, *, dry_run: bool, said: dict[str, str]) -> str | None:
    """Write one package under another name, check it, have it recorded, and only then give it its own; None if another
    command was quicker."""
    case = gather(opened.db, reference)
    if dry_run:
        with tempfile.TemporaryDirectory() as folder:
            return f"可以归档：{_said(_written(opened, case, Path(folder) / reference, said['by']))}"
    draft, path = into / f".{reference}.part", into / f"{reference}.zip"
    try:
        make_folder(into)
        with claimed(draft) as ours:
            if not ours:
                raise CannotArchive("另一个命令正在把它写进这个目录；请等它结束后再看")
            if path.exists():
                return None
            made, digest = _written(opened, case, draft, said["by"]), _digest(draft)
            changed("note", {"action": "archive", "target": reference, **said,
                             "data": {"sha256": digest, "events": made.events, "files": made.files}})
            draft.rename(path)
            sync_file(path)
    except OSError as error:
        stop(f"写不了 {into}（{error.strerror}）；请检查目录的属主、权限和空间")
    return f"已归档：{_said(made)}，SHA-256 {digest}"


def _written(opened: Opened, case: Gathered, path: Path, by: str) -> Checked:
    try:
        with path.open("wb") as stream:
            write(stream, case, opened.vault, Made(clock().now(), by, read_settings().zone))
            stream.flush()
            os.fsync(stream.fileno())
    except (UnknownFile, SealBroken):
        raise CannotArchive("完整性：有文件的内容已不在或已损坏；请从备份恢复后再归档") from None
    return check(path)


def _digest(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _said(made: Checked) -> str:
    return f"{made.entries} 项，事件 {made.events} 个，文件 {made.files} 个"


@archive.command("check")
@click.argument("packages", metavar="FILE…", nargs=-1, required=True, type=click.Path(path_type=Path))
def check_(packages: tuple[Path, ...]) -> None:
    """Check packages anywhere, without the store and its keys; exit 1 and what is wrong with each that is not sound."""
    wrong = 0
    for path in packages:
        try:
            made = check(path)
            click.echo(f"{path}  完好：{printable(made.reference)}，{_said(made)}，SHA-256 {_digest(path)}")
        except CannotArchive as why:
            wrong += 1
            click.echo(f"{path}  {printable(why.detail)}")
    sys.exit(1 if wrong else 0)
