"""Which pages each role of the staff finds in its navigation; the first one is where its people begin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from people.identity import Role


class Tab(NamedTuple):
    """A page of the navigation: its endpoint and what it is called."""

    endpoint: str
    name: str


TABS: Mapping[Role, Sequence[Tab]] = {
    "author": (Tab("staff.studio", "定义工作台"),),
    "operator": (Tab("staff.health", "运行概况"), Tab("staff.undelivered", "未送达"), Tab("staff.strange", "异常回告"),
                 Tab("staff.transfers", "转办"), Tab("staff.bulletins", "外发提醒")),
    "officer": (Tab("staff.inbox", "待办"), Tab("staff.arrivals", "新到"), Tab("staff.done", "已办"),
                Tab("staff.bells", "提醒")),
    "supervisor": (Tab("staff.warnings", "预警"), Tab("staff.ratings", "评价"), Tab("staff.overview", "总览"),
                   Tab("staff.report", "效能")),
    "counter": (Tab("staff.counter", "窗口办理"),),
    "auditor": (Tab("staff.audit", "审计日志"), Tab("staff.audit_strange", "异常回告"),
                Tab("staff.audit_undelivered", "未送达")),
}


def tabs_of(role: Role | None) -> Sequence[Tab]:
    """The pages of a role; none for visitors and applicants."""
    return TABS.get(role, ()) if role else ()
