"""The commands of `flask` that copy the whole store away and bring it back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import click

from commands.shell import act, beside, changed, clock, journal, keys, place, stop
from desk.staff.acts import Act
from store import events
from store.cipher import Cipher
from store.copies.again import forgotten, forgotten_by, merely_older, redo
from store.copies.backup import Copied, Goal, back_up, read_manifest, refuse_taken
from store.copies.restoration import restore, try_out
from store.engine.opening import Opened, Place, open_reader, open_store
from store.engine.sqlite import FILE
from store.errors import NoCopy, StoreError
from web.inside import answers


def _said(made: Copied) -> str:
    lost = f"；另有 {made.absent} 个未提交的上传已不存在" if made.absent else ""
    return (f"{made.at}：办件 {made.cases}，分办件 {made.legs}，事件 {made.events}，"
            f"文件 {made.files} 个 {made.bytes} 字节{lost}；封存 {made.seals}:{made.seal[:16]}")


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--like", type=click.Path(path_type=Path), default=None,
              help="An earlier copy on the same disk: files that it has are shared with it, not copied again.")
@act("例行备份")
def backup(folder: Path, like: Path | None, dry_run: bool, **said: str) -> None:
    """A consistent, verified copy of database and files into the empty DIR, while the portal runs; never of keys."""
    where, cipher, now = place(), keys(), clock().now()
    try:
        if dry_run:
            refuse_taken(folder, where)
            click.echo(f"可以备份到 {folder}。")
            return
        with beside() as opened:
            made = back_up(where, opened, cipher, Goal(folder, like), now)
    except StoreError as error:
        stop(error.says)
    taking = answers(where.data)
    changed("note", {"action": "backup", "target": folder.name, "data": asdict(made), **said})
    click.echo(f"已备份并校验 {folder}。{_said(made)}")
    if taking:
        click.echo("服务还在收件：备份开始以后提交的不在里面。要搬到别处继续用的，请先停止服务（所有主机），再备份一次。")
    click.echo("备份里没有密钥；请把 YJS_KEYS 指向的文件另行妥善保存，没有它备份无法读出。")


@click.command("restore")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--without-journal", is_flag=True,
              help="The journal is lost: what was erased and closed since the copy was made is there again.")
@act("从备份恢复")
def restore_(folder: Path, dry_run: bool, without_journal: bool, **said: str) -> None:
    """Bring a copy back into the empty data folder (or empty database), without what was erased and closed since; it
    starts paused until `flask resume`."""
    where, cipher, now = place(), keys(), clock().now()
    try:
        due, others = (None, 0) if without_journal else forgotten_by(folder, cipher, journal())
        older = without_journal and merely_older(folder, cipher, journal())
        if dry_run:
            click.echo(f"备份完好，可以恢复。{_said(try_out(folder, cipher))}")
            click.echo(_redone(due, "会重做", others, older))
            return
        _refuse_outrun(where, cipher, folder)
        opened, made = restore(where, cipher, folder, lambda line: click.echo(line, err=True), now)
    except StoreError as error:
        stop(error.says)
    try:
        doer = Act(said["by"], said["reason"])
        opened.db.write(lambda tx: doer.record(tx, "restore", folder.name, now, asdict(made)))
        aside = journal().put_away(now) if without_journal else None
        due = None if without_journal else redo(opened, journal(), now, everybodys=True)
    except (StoreError, OSError) as error:
        then = "自己把删除记录移走" if without_journal else "运行 flask redo --all，把备份以后的删除和撤销重做完"
        stop(f"数据已经恢复，但还没有做完：{_why(error)}请处理后{then}，再启动服务。")
    finally:
        opened.close()
    click.echo(f"已恢复。{_said(made)}；{made.at} 以后提交的不在里面。")
    click.echo(_redone(due, "已重做", others, older))
    if aside is not None:
        click.echo(f"原来的删除记录改名为 {aside}，没有删；启动时会另写一份新的。")
    click.echo("服务现在是暂停的：不派发，部门回告得到 503。")
    click.echo("请先用 flask reconcile 与各部门核对，再用 flask resume 恢复运行。")


def _refuse_outrun(where: Place, cipher: Cipher, folder: Path) -> None:
    """NoCopy if a move to a database would leave something behind: the store that the data folder still has went on
    after the copy was made, or its portal still runs. What it acknowledged meanwhile would be nowhere."""
    if where.url is None or not (where.data / FILE).exists():
        return
    elsewhere = f"不是搬家、就要这一份的，请把 YJS_DATA 指向另一个目录，不要用 {where.data}。"
    if answers(where.data):
        raise NoCopy(f"{where.data} 的服务还在收件；请停止它，再做一次备份、恢复那一份。{elsewhere}")
    left = open_reader(Place(where.data), cipher)
    try:
        with left.db.read() as tx:
            later = events.count(tx) - read_manifest(folder).events
    finally:
        left.close()
    if later > 0:
        raise NoCopy(f"备份以后 {where.data} 里又记了 {later} 件事（受理、回告等），搬过去就丢了；"
                     f"请在服务停止时再做一次备份、恢复那一份。{elsewhere}")


@click.command("redo")
@click.option("--none", "only_note", is_flag=True,
              help="Nothing of it is to be done, for the store was not put back: it is not said any more.")
@click.option("--all", "everybodys", is_flag=True,
              help="Also what others wrote into the journal: the store was put back to before it moved to another disk "
                   "or server. Look at it first with --dry-run: what was only tried out in a copy is among it.")
@act("数据退回到以前后重做")
def redo_(dry_run: bool, only_note: bool, everybodys: bool, **said: str) -> None:
    """Do again what a store has forgotten of erasing, closing and taking back that was put back by other tools than
    `flask restore`; with the portal stopped."""
    try:
        with beside() if dry_run else _alone() as opened:
            due = forgotten(opened.db, journal(), everybodys)
            for line in due:
                click.echo(f"{line.at}  {line.action}  {line.target}")
            if not everybodys and (others := len(forgotten(opened.db, journal(), everybodys=True)) - len(due)):
                click.echo(f"删除记录里另有 {others} 项不是本库写的，不会重做；"
                           "如果数据退回到了换磁盘、换服务器以前，请用 --all。")
            if dry_run:
                click.echo(f"会重做 {len(due)} 项。没有改动。")
                return
            doer, now, data = Act(said["by"], said["reason"]), clock().now(), {"acts": len(due), "none": only_note}
            opened.db.write(lambda tx: doer.record(tx, "redo", "store", now, data))
            done = redo(opened, journal(), now, everybodys=everybodys, only_note=only_note)
    except (StoreError, OSError) as error:
        stop(f"{_why(error)}没有做完，请处理后再运行一次。")
    click.echo("已记下：一项也不用重做。" if only_note else f"已重做 {done} 项。")


@contextmanager
def _alone() -> Iterator[Opened]:
    """The store for oneself, brought to today's layout: what other tools put back may be from before it."""
    opened = open_store(place(), keys(), lambda line: click.echo(line, err=True))
    try:
        yield opened
    finally:
        opened.close()


def _why(error: StoreError | OSError) -> str:
    """What is amiss, as a sentence."""
    said = error.says if isinstance(error, StoreError) else f"删除记录 {journal().path} 不能写入（{error.strerror}）。"
    return said if said.endswith("。") else f"{said}。"


def _redone(due: int | None, word: str, others: int, older: bool) -> str:
    if due is None and older:
        return ("没有用删除记录：它比备份还旧，里面的每一项备份都知道，没有因此少做什么。"
                "备份之后又做过的删除、注销、停用和撤销，如果另有记载，请照着再做一遍。")
    if due is None:
        return "没有用删除记录：备份之后的删除、注销、停用和撤销都不在了，请按其他记载逐项重做。"
    strange = (f"要重做的里面有 {others} 项是别的库写的：换过磁盘或服务器以后做的，或者只在旁边的拷贝里试过的。"
               if others else "")
    return f"备份之后的删除、注销、停用和撤销：{word} {due} 项。{strange}"
