"""A report of a period as tables and as files for a spreadsheet: by command and on the page the same."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Any

from catalog.model import Catalog
from oversight.pledges import Owed
from oversight.report import Line, Report, lines
from store.report import Period

TABLES = {"bundles": "一件事", "offices": "单位", "matters": "事项"}
PLEDGES = "pledges"
HEADINGS = {
    "id": "编号", "name": "名称", "code": "基本编码", "uscc": "统一社会信用代码", "filed": "申请", "ended": "结束",
    "decided": "办结", "granted": "准予", "refused": "不予", "not_accepted": "不予受理", "at_first": "一次通过",
    "at_first_percent": "一次通过率%", "asked": "经过补正", "asked_percent": "补正率%",
    "on_time": "按时", "late": "超期", "on_time_percent": "按时办结率%",
    "undecided": "部门未作决定", "corrected": "有更正", "beyond": "清单之外", "mean_days": "平均天数",
    "median_days": "中位天数", "p90_days": "九成在几天内", "leg": "分办件", "office": "单位", "matter": "事项",
    "paper": "承诺代替的材料",
    "form": "承诺书", "signers": "签署人", "decided_on": "办结日", "check_by": "核查到期",
    "check_within": "在此事项中核查"}
NOTHING = "没有可以统计的"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # those of full width count in some of them
_MARK = "\ufeff"  # by which spreadsheets know that it is UTF-8


def period_of(first: date, last: date, zone: tzinfo) -> Period:
    """The days from the first to the last, both whole, as they are in a city."""
    after = last + timedelta(days=1)
    start, end = (datetime.combine(day, time(), zone) for day in (first, after))
    return Period(start, end, f"{after:%Y%m%d}", f"{first:%Y%m%d}")


def named_tables(made: Report, names: Mapping[str, Callable[[str], str]], catalog: Catalog,
                 usccs: Mapping[str, str]) -> dict[str, list[Line]]:
    """The three tables as lines, with what each id is called; matters and offices also with the codes by which other
    systems of the city know them, where they have one (`usccs` by office)."""
    def matter(id_: str) -> dict[str, str]:
        return {"name": names["matters"](id_), "code": known.code if (known := catalog.matters.get(id_)) else ""}

    def office(id_: str) -> dict[str, str]:
        return {"name": names["offices"](id_), "uscc": usccs.get(id_, "")}

    return {"bundles": lines(made.bundles, lambda id_: {"name": names["bundles"](id_)}),
            "offices": lines(made.offices, office), "matters": lines(made.matters, matter)}


def pledge_line(one: Owed, zone: tzinfo) -> Line:
    """What is to be checked, as a line."""
    return {"leg": one.leg, "office": one.office, "matter": one.matter, "paper": one.paper, "form": one.form,
            "signers": "、".join(one.signers), "decided_on": f"{one.decided_at.astimezone(zone):%Y-%m-%d}",
            "check_by": f"{one.by.astimezone(zone):%Y-%m-%d}" if one.by else None, "check_within": one.within}


def as_csv(table: Sequence[Line]) -> str:
    """A table for a spreadsheet."""
    text = io.StringIO(newline="")
    text.write(_MARK)
    writer = csv.writer(text)
    writer.writerow([HEADINGS[key] for key in table[0]] if table else [NOTHING])
    writer.writerows([[plain(value) for value in line.values()] for line in table])
    return text.getvalue()


def plain(value: Any) -> Any:
    """A cell that no spreadsheet takes for a formula, whoever wrote what is in it; a number stays one."""
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
