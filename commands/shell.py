"""What commands share: how they stop, settings, definitions, the running portal or the folder, reading beside it."""

from __future__ import annotations

import getpass
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, tzinfo
from typing import Any, NoReturn, TypeVar, cast

import click
from flask.cli import ScriptInfo

from catalog.load import load_catalog
from catalog.model import Catalog
from catalog.report import found_in
from connectors.deployment import Deployment, read_deployment
from connectors.shipped import registry
from desk.errors import DeskError
from settings.clock import Clock
from settings.values import BadSettings, Settings
from store import tallies
from store.cipher import Cipher
from store.copies.journal import Journal
from store.engine.opening import Opened, Place, open_reader
from store.errors import StoreError
from store.keys import load_keys
from store.port import Database
from web.inside import VERBS, call
from web.inside_people import CommandRefused
from web.wiring import NAME, House, RefusedStart

F = TypeVar("F", bound=Callable[..., Any])
REFUSALS = (RefusedStart, CommandRefused, DeskError, StoreError)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
ALONE = click.option("--office", "alone", is_flag=True, help="The name is one office's id, also where a kind of "
                                                             "department is called the same.")


# What a terminal would obey, or show in another order than it stands.
_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")


def printable(text: str) -> str:
    """What people or departments wrote, in one line that a terminal only shows."""
    return _OBEYED.sub(lambda mark: f"\\u{ord(mark[0]):04x}", text)


def who() -> str:
    """Who types: whoever called `sudo`, or every act would be the service's own. A number without a name, which is what
    a container may run as, is nobody whom an audit log could name."""
    try:
        return os.environ.get("SUDO_USER") or getpass.getuser()
    except (KeyError, OSError):
        raise click.UsageError("运行它的用户没有名字；请用 --by 写明是谁在操作") from None


def act(reason: str | None = None) -> Callable[[F], F]:
    """Options that every act has: why (`reason` unless it must be given), who, and whether only to try."""
    why: dict[str, Any] = {"required": True} if reason is None else {"default": reason}

    def decorate(command: F) -> F:
        for option in (
            click.option("--dry-run", is_flag=True, help="Only say what would be done."),
            click.option("--by", default=who, help="Who does it; the login name if not given."),
            click.option("--reason", help="Why; it is recorded in the audit log.", **why),
        ):
            command = option(command)
        return command

    return decorate


def stop(message: str) -> NoReturn:
    """Say what is wrong and end with 1."""
    click.echo(message, err=True)
    sys.exit(1)


def read_settings() -> Settings:
    """The settings of this shell; stops with what is wrong with them."""
    try:
        return Settings.from_environ(os.environ)
    except BadSettings as error:
        stop(str(error))


def definitions(settings: Settings) -> Catalog:
    """The definitions in the folder of bundles; stops with every error in them."""
    loaded = load_catalog(settings.bundles)
    errors = [problem for problem in found_in(loaded) if problem.level == "error"]
    if errors:
        stop("\n".join(map(str, errors)))
    return loaded.catalog


def deployment(settings: Settings) -> Deployment:
    """The department list as its file is now; stops with every error in it. What reads beside the portal needs no more
    of what a start reads, so that definitions in the making keep nobody from looking."""
    if settings.departments is None:
        return Deployment()
    listed = read_deployment(settings.departments, os.environ, registry())
    if listed.errors:
        stop("\n".join(map(str, listed.errors)))
    return listed


def moment(at: datetime, zone: tzinfo) -> str:
    """A time as people of this city read it, exact enough for machines."""
    return at.astimezone(zone).isoformat(timespec="seconds")


def minute(at: datetime, zone: tzinfo) -> str:
    """A time as people of this city read it, to the minute."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


def clock() -> Clock:
    """The clock that the portal goes by."""
    return Clock(read_settings().clock_file)


def house() -> House:
    """The house of the application that this command belongs to."""
    return cast(House, click.get_current_context().ensure_object(ScriptInfo).load_app().extensions[NAME])


def changed(verb: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Have a changing command done by the running portal, or do it here if none runs; stops with what is refused."""
    try:
        return handed_in(verb, asked)
    except REFUSALS as refused:
        stop(told(refused))


def handed_in(verb: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """The same for a command that has something to say whatever comes of it; raises one of `REFUSALS`."""
    begun = moment(clock().now(), read_settings().zone)

    def goes_on() -> None:
        click.echo("门户还在办理这条命令，请再等一等。按 Ctrl-C 只是不等了，门户会把它办完；做成的都有操作记录，用 "
                   f"flask audit --since {begun} 查看。", err=True)

    return call(read_settings().data, verb, asked, goes_on) or _alone(verb, asked)


def told(refused: Exception) -> str:
    """What a refusal says."""
    return refused.says if isinstance(refused, StoreError) else str(refused)


def _alone(verb: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Run a changing command ourselves: no portal runs, so the folder is ours until the whole command ends, which may
    change many things one after the other."""
    home, whole = house(), click.get_current_context().find_root()
    if NAME not in whole.meta:
        whole.meta[NAME] = home
        whole.call_on_close(home.close)
    return VERBS[verb](home, asked)


def offices_named(database: Database, name: str, *, alone: bool = False) -> list[str]:
    """The offices that a name stands for: an office's own, or all of a kind of department; stops at a slip. What is
    both stands for all, and is said so, unless the one office is meant `alone`."""
    bodies = [body for body in deployment(read_settings()).bodies.values() if name in (body.id, *body.kinds)]
    listed = {body.id for body in bodies}
    with database.read() as tx:
        found = sorted({*tallies.offices_of(tx, name), *listed})
    if alone:
        return [name] if name in found else stop(f"没有单位 {name}；--office 后只能写一个单位的编号，不能写部门代码")
    if name in found and found[1:]:
        click.echo(f"注意：{name} 既是一个单位的编号，也是部门代码，这里指 {len(found)} 个单位：{'、'.join(found)}；"
                   "只要这一个单位的，请加 --office", err=True)
    if more := [body.id for body in bodies if name != body.id and body.also]:
        click.echo(f"注意：{'、'.join(more)} 还承办别类部门的事项，这里一并包括", err=True)
    return found or stop(f"没有单位 {name}；请写接入清单里的单位编号或部门代码")


def place() -> Place:
    """Where the store is."""
    settings = read_settings()
    return Place(settings.data, settings.database_url)


def journal() -> Journal:
    """What was erased, closed and taken back, outside of the store."""
    return Journal(read_settings().journal_file)


def keys() -> Cipher:
    """What opens sealed values; stops if the keys cannot be read."""
    settings = read_settings()
    try:
        return load_keys(settings.key_file, settings.data)
    except StoreError as error:
        stop(error.says)


@contextmanager
def beside() -> Iterator[Opened]:
    """The store, open for reading beside the portal; stops with what the store refuses."""
    try:
        opened = open_reader(place(), keys())
    except StoreError as error:
        stop(error.says)
    try:
        yield opened
    except StoreError as error:
        stop(error.says)
    finally:
        opened.close()
