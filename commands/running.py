"""`flask pause`, `resume` and `dispatch`: the service as a whole."""

from __future__ import annotations

import logging
import signal
import sys
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import click

from commands.shell import act, changed, house, minute, printable, read_settings, stop, told
from dispatch.loop import STOP_SECONDS
from settings.logs import log_to_stderr
from store.errors import StoreError
from web.names import REFUSED, RefusedStart

LOG = logging.getLogger("yijianshi.dispatch")


@click.command()
@act()
def pause(**said: Any) -> None:
    """Nothing leaves for departments, and their notices get 503 until `flask resume`."""
    changed("pause", said)
    click.echo("将暂停。" if said["dry_run"] else "已暂停：不再派发，部门回告得到 503；恢复请用 flask resume。")


@click.command()
@act("恢复运行")
def resume(**said: Any) -> None:
    """Go on after a pause or a restore."""
    before = changed("resume", said)
    if before["was"] is None:
        click.echo("服务没有暂停。")
    else:
        since = minute(datetime.fromisoformat(before["since"]), read_settings().zone)
        click.echo(f"{'将恢复' if said['dry_run'] else '已恢复'}；自 {since} 起暂停，原因：{printable(before['was'])}")


@click.command()
def dispatch() -> None:
    """A dispatcher of its own beside the portals, until interrupted (PostgreSQL only)."""
    if read_settings().database_url is None:
        stop("内嵌数据库只有一个进程，派发就在门户里运行；设置 DATABASE_URL 使用 PostgreSQL 后才能单独派发。")
    log_to_stderr()
    ended, home = threading.Event(), house()
    try:
        _on_stop(lambda *_: sys.exit(0))  # while it still waits for the database
        home.begin()
        _on_stop(lambda *_: ended.set())
        click.echo("dispatching")
        ended.wait()
    except (RefusedStart, StoreError) as refused:
        LOG.error("没有开始派发：%s", told(refused))
        sys.exit(REFUSED)
    finally:
        home.close(STOP_SECONDS)


def _on_stop(act: Callable[..., object]) -> None:
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, act)
