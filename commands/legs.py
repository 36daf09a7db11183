"""`flask legs`, `retry` and `settle`: what did not reach its department, and what is done about it."""

from __future__ import annotations

import json
from datetime import tzinfo
from typing import Any

import click

from commands.delivering import delivered
from commands.scans import scanned
from commands.shell import (
    ALONE,
    JSON,
    act,
    beside,
    changed,
    clock,
    deployment,
    minute,
    offices_named,
    printable,
    read_settings,
)
from commands.transferring import transfer
from connectors.advice import advice, explained
from desk.upkeep.troubles import Health, Trouble, health, troubles
from store.lanes import Lane


@click.group(invoke_without_command=True)
@click.option("--retrying", is_flag=True, help="Also what is being tried again by itself.")
@click.option("--department", default=None, help="Only this department or office.")
@ALONE
@click.option("--recount", is_flag=True, help="Look at every case and leg anew (a minute for each few million legs).")
@JSON
@click.pass_context
def legs(command: click.Context, /, *, department: str | None, as_json: bool, **asked: bool) -> None:
    """What did not reach its department: stuck, refused, outcome unknown; and whether anything fell out."""
    if command.invoked_subcommand is not None:
        return
    with beside() as opened:
        offices = None if department is None else offices_named(opened.db, department, alone=asked["alone"])
        found = [*troubles(opened.db), *(troubles(opened.db, retrying=True) if asked["retrying"] else ())]
        found = [one for one in found if offices is None or one.office in offices]
        state = health(opened.db, clock().now(), deployment(read_settings()).bodies, recount=asked["recount"])
    if as_json:
        click.echo(json.dumps({"legs": [one.as_json() for one in found], "counted": state.as_json()},
                              ensure_ascii=False, indent=2))
        return
    zone = read_settings().zone
    for one in found:
        click.echo(_line(one, zone))
    click.echo("\n".join(_summary(len(found), state, zone)))


legs.add_command(transfer)
legs.add_command(delivered)


def _line(one: Trouble, zone: tzinfo) -> str:
    then = f"，将于 {minute(one.next_at, zone)} 再试" if one.next_at else \
        "，部门已读取，等待其确认" if one.message_state == "due" else "，等待人工处理"
    return (f"{one.leg}  {one.office}  {one.state}/{one.message_state}  {one.key.partition(':')[2]}  "
            f"自 {minute(one.since, zone)}  试过 {one.attempts} 次{then}  {printable(explained(one.reason))}")


def _resting(lane: Lane, zone: tzinfo) -> str:
    until = f"，{minute(lane.open_until, zone)} 试送一件" if lane.open_until else ""
    return (f"停送：{lane.office}  连续 {lane.failures} 次失败（{printable(lane.reason)}）{until}；对方恢复后自动续送。"
            f"{advice(lane.reason)}")


def _summary(count: int, state: Health, zone: tzinfo) -> list[str]:
    lines = [f"未送达 {count} 条；分办件共 {sum(state.by_state.values())} 件："
             + "，".join(f"{name} {number}" for name, number in state.by_state.items())]
    lines += [_resting(one, zone) for one in state.resting]
    lines += [f"待取：{one.office}  {one.count} 条，最早自 {minute(one.since, zone)}；由该单位来取，太久请联系它"
              for one in state.unfetched]
    lines += [f"无人送达：{office}  已办成 {many} 件没有登记送达，单位已不在接入清单；结果还没有到申请人手里的，"
              "请由接手的单位送达，再用 flask legs delivered 登记" for office, many in state.undelivered.items()]
    lines += scanned(state.scans, zone)
    lines += [f"异常：{one.rule}  {one.reference} {one.leg}" for one in state.breaches]
    lines += [f"定时做的事做不成：{one.part}  {minute(one.at, zone)} 出错（{one.why}）；每分钟再试，请报告"
              for one in state.failing]
    lines += [f"计数不符：{one.name} {one.key}  记 {one.kept}，实有 {one.counted}" for one in state.drift or ()]
    if state.drift is not None and not state.drift and not state.breaches:
        lines.append("已逐件核对：没有异常，计数相符。")
    return [*lines, *([f"服务已暂停：{printable(state.paused)}"] if state.paused else [])]


@click.command()
@click.argument("names", metavar="LEG…", nargs=-1, required=True)
@click.option("--corrected", is_flag=True, help="A new message n+1, only after a definite refusal or not-found.")
@act()
def retry(names: tuple[str, ...], corrected: bool, **said: Any) -> None:
    """Send again exactly these legs: the same key and bytes."""
    answer = changed("retry", {"legs": names, "corrected": corrected, **said})
    for one in answer["messages"]:
        how = "将改发新消息" if corrected else "将原样重发"
        click.echo(f"{one['key']}  {one['office']}  原状态 {one['was']}，试过 {one['attempts']} 次："
                   f"{how if said['dry_run'] else how.replace('将', '已安排')}")
        if one["warning"]:
            click.echo(f"  注意：{one['warning']}", err=True)


@click.command()
@click.argument("names", metavar="LEG…", nargs=-1, required=True)
@act()
def settle(names: tuple[str, ...], **said: Any) -> None:
    """Put away messages that did not arrive and need not any more: their departments were told in another way."""
    for one in changed("settle", {"legs": names, **said})["messages"]:
        when = "将" if said["dry_run"] else "已"
        click.echo(f"{one['key']}  {one['office']}  原状态 {one['was']}：{when}登记为另行告知")
