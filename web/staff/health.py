"""How the service runs: what waits and rests, what did not arrive, what must hold; and the switch to pause it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as AnyResponse

from cases.model import LegState
from cases.words import STATE_NAMES
from desk.errors import MissingReason
from desk.upkeep import expiring
from desk.upkeep.guard import PARTS
from desk.upkeep.troubles import Health
from desk.upkeep.troubles import health as looked_at
from store import reading
from store.conservation import RULES
from web.live import Live
from web.staff.root import act_of_form, bp
from web.wiring import house

EVERY_SECONDS = 10
# What a breach means, in the words of docs/operating.md.
MEANINGS = dict(zip(RULES, (
    "办件没有任何分办件", "办件没有第一条记录", "分办件的状态超前于它的记录", "分办件没有下一步，也没有等待的原因",
    "分办件已经转走，还有消息要送到原单位", "消息到了时间，却没有谁会发送", "办件已结束，申请还在等待发送",
    "办件已结束，还有分办件没有结束", "分办件都已结束，办件还开着", "分办件与方案不符", "各状态的分办件之和与总数不符",
), strict=True))
# What a sweep does, as far as an operator has to know what is not done while a part of it fails.
PART_NAMES = dict(zip(PARTS, (
    "收回到时没有结果的推送", "处理换了接入方式的单位", "判断能否计算超期", "处理到期的补正和容缺",
    "清理没人要的草稿和文件", "自动催办", "重算期限", "核对办件是否一件不少", "封存审计链", "写删除记录",
    "给申请人发消息", "合计各项计数", "登记是否按时办结", "每天重新计数", "清理过期的登录", "清理过期的窗口接待",
), strict=True))


@bp.get("/health")
def health() -> str:
    """The page with its live part."""
    return _page("")


def _page(problem: str) -> str:
    return render_template("staff/health.html", problem=problem, live=_part().shown)


def _part() -> Live:
    return Live(_body(), url_for("staff.health_live"), EVERY_SECONDS)


@bp.get("/health/live")
def health_live() -> Response:
    """The live part alone, answered with 304 while nothing has changed."""
    return _part().answer()


def _body() -> str:
    now = house().clock.now()
    found = looked_at(house().database, now, house().deployment.bodies)
    with house().database.read() as tx:
        figures = reading.figures(tx, now)
    offices = _offices(found, figures)
    return render_template("staff/_health.html", health=found, figures=figures, held=sum(figures.held.values()),
                           states=_states(found), offices=[line for line in offices if _busy(line)],
                           quiet=[line for line in offices if not _busy(line)], meanings=MEANINGS,
                           part_names=PART_NAMES,
                           soon_over=_expiring(now), soon_over_names=expiring.NAMES,
                           scanner=house().parts.scanner.name)


def _expiring(now: datetime) -> list[tuple[expiring.Expiring, int]]:
    """What runs out within a month, with the whole days that are left."""
    home = house()
    found = [*expiring.certificates(home.parts.registry, home.parts.reached),
             *expiring.tokens(home.desk.operations.tokens(), now)]
    return [(one, int(one.days(now) // 1)) for one in sorted(expiring.soon(found, now))]


def _busy(line: Mapping[str, Any]) -> bool:
    return bool(line["rest"] or line["waiting"] or line["leased"])


def _states(found: Health) -> list[dict[str, Any]]:
    """The legs by state in the order of a leg's life, each with its share of the fullest."""
    most = max(found.by_state.values(), default=0)
    return [{"name": STATE_NAMES[state], "count": count, "share": round(100 * count / most)}
            for state in LegState if (count := found.by_state.get(state.value, 0))]


def _offices(found: Health, figures: reading.Figures) -> list[dict[str, Any]]:
    """Every office with what waits for it and is under way; those that are left alone first, then the fullest."""
    resting = {lane.office: lane for lane in found.resting}
    lines = [{"id": body.id, "name": body.name, "rest": resting.get(body.id),
              "waiting": figures.waiting.get(body.id, 0), "leased": figures.leased.get(body.id, 0)}
             for body in house().deployment.bodies.values()]
    return sorted(lines, key=lambda line: (line["rest"] is None, -line["waiting"] - line["leased"], line["id"]))


@bp.post("/pause")
def pause() -> str | tuple[str, int] | AnyResponse:
    """Pause the service, or let it go on, for a reason that is kept."""
    operations, now = house().desk.operations, house().clock.now()
    try:
        act = act_of_form()
    except MissingReason as missing:
        return _page(missing.detail), missing.status
    if request.form.get("do") == "resume":
        operations.resume(act, now)
        flash("已恢复运行，等着的消息马上继续送。")
    else:
        operations.pause(act, now)
        flash("已暂停：不再分送，部门回告暂不接收；办事人照常提交和查看。")
    return redirect(url_for("staff.health"), 303)
