"""`flask sandbox`, `conform` and `gateway`: for whoever joins a department's system or the city's message gateway."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import click

from commands.shell import read_settings, stop
from sandbox.checks import BadAim, Check, report
from sandbox.conform import Aim
from sandbox.conform import conform as try_out
from sandbox.conform_gateway import try_gateway
from sandbox.conform_pull import Watch, conform_pull
from sandbox.run import DEPLOYMENT, NothingToPlay
from sandbox.run import start as start_sandbox
from sandbox.script import BadScript
from sandbox.server import Setting
from settings.clock import Clock
from web.names import RefusedStart
from web.parts import gateway_of

_ENDS = (signal.SIGTERM, signal.SIGINT)


@click.command()
@click.option("--script", default="mix", show_default=True, help="A shipped script's name, or a file of rules.")
@click.option("--ledger", type=click.Path(path_type=Path), default=None, help="Where to append what was seen and done.")
@click.option("--speed", type=float, default=1.0, show_default=True, help="How much faster than real its clock runs.")
def sandbox(script: str, ledger: Path | None, speed: float) -> None:
    """Run the demo departments until interrupted; they listen where YJS_SANDBOX_URL says."""
    settings = read_settings()
    signal.pthread_sigmask(signal.SIG_BLOCK, _ENDS)  # before its threads begin, so that the signal is ours
    try:
        playing = start_sandbox(
            settings.departments or DEPLOYMENT, os.environ,
            Setting(script, ledger, speed, now=Clock(settings.clock_file).now),
            say=lambda line: click.echo(f"[dev] {line}"))
    except (NothingToPlay, BadScript) as error:
        stop(str(error))
    click.echo(f"demo departments at {playing.url}: {', '.join(sorted(playing.offices))}")
    signal.sigwait(_ENDS)
    playing.stop()


@click.command()
@click.argument("url", required=False)
@click.option("--secret", envvar="SECRET", required=True, help="The secret both sides sign with (or SECRET=…).")
@click.option("--notices-within", type=float, default=20.0, show_default=True, help="Seconds to wait for a notice.")
@click.option("--listen", default="127.0.0.1", show_default=True, help="Where the department reaches this machine.")
@click.option("--port", type=click.IntRange(0, 65535), default=0,
              help="The port to listen on; any free one if not given.")
@click.option("--asked/--not-asked", "can_be_asked", default=True, show_default=True,
              help="Whether the query is answered (can_be_asked).")
@click.option("--keys/--no-keys", "honours_keys", default=True, show_default=True,
              help="Whether the same key twice has one effect (honours_keys).")
@click.option("--read-lag", type=click.FloatRange(0, 600), default=0.0, show_default=True,
              help="Seconds after which the query finds what was taken (read_lag).")
@click.option("--pull", is_flag=True, help="The department fetches: no URL; each step may take --notices-within.")
@click.option("--token", envvar="TOKEN", help="The token it fetches with (or TOKEN=…), with --pull.")
def conform(url: str | None, pull: bool, token: str | None, **aim: Any) -> None:
    """Play the hub against a department's endpoint, or for one that fetches; say what passed and what to change."""
    try:
        checks = _watched(token, aim) if pull else _tried(url, aim)
    except BadAim as error:
        stop(str(error))
    except OSError as error:
        stop(f"不能在 {aim['listen']} 端口 {aim['port']} 上监听（{error.strerror}）；请用 --listen、--port 换一个")
    click.echo(report(checks))
    sys.exit(0 if all(check.passed for check in checks) else 1)


def _tried(url: str | None, aim: dict[str, Any]) -> list[Check]:
    if url is None:
        raise BadAim("请写推送地址，例如 flask conform http://127.0.0.1:8080/push；由对方来取件的用 --pull")
    return try_out(Aim(url, **aim))


def _watched(token: str | None, aim: dict[str, Any]) -> list[Check]:
    if not token:
        raise BadAim("请给出取件用的令牌：TOKEN=… 或 --token；可这样生成：openssl rand -hex 24")
    watch = Watch(aim["secret"], token, aim["notices_within"], aim["listen"], aim["port"])
    return conform_pull(watch, click.echo)


@click.command()
@click.option("--subject", default="test", show_default=True, help="The person to whom the test message goes.")
def gateway(subject: str) -> None:
    """Try the city's message gateway with a test message; say what passed and what to change."""
    try:
        body = gateway_of(read_settings())
    except RefusedStart as wrong:
        stop(str(wrong))
    if body is None:
        stop("没有设置 YJS_GATEWAY 和 YJS_GATEWAY_SECRET；写法见 docs/operating.md")
    checks = try_gateway(body, subject)
    click.echo(report(checks))
    sys.exit(0 if all(check.passed for check in checks) else 1)
