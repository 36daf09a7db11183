"""A person's own copy of all that is kept of them (个人信息保护法 45): one ZIP, read case by case while it is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from desk.agents.mandates import Mandate
from desk.desk import Desk
from desk.errors import DeskError
from people.accounts import Accounts
from people.visits import Visits
from web.api.drafts import draft_json
from web.api.views import case_json
from web.packed import Places, folder_of, results_of

Entry = tuple[str, Iterator[bytes]]
MOST_AT_ONCE = 50  # of a list, read page by page
EVERY = 10_000  # visits of one person
README = "说明.txt"
_SAYS = """这里是本平台保存的、关于您的全部资料，{at} 导出。

账号.json        您的账号信息和消息提醒设置
消息.json        给您的消息
委托.json        您委托别人的、别人委托您的
窗口接待.json    窗口人员什么时候、在哪个窗口替您办过
请您确认的.json  别人填的申请里请您确认的，您看到了什么、怎么答复的、之后给了谁
草稿/            还没提交的草稿
办件/            每个办件一个文件夹：办件.txt 给人看；办件.json、填写的内容.json 给程序读；
                 发给了谁.json 写明每个部门收到了什么；材料、结果是您交的和部门给的文件
替别人办的.json  您替别人提交的办件（内容属于委托人，不在这里）

内容有误：账号信息请找登记的单位更正，办件里的请按部门的补正要求或到大厅窗口更正。
"""


@dataclass(frozen=True, slots=True)
class Person:
    """Whose copy is made, when (in the city's zone), and where it is read from."""

    subject: str
    at: datetime
    desk: Desk
    accounts: Accounts
    visits: Visits


def entries(person: Person) -> Iterator[Entry]:
    """Path and bytes of each file, in order; what was deleted while it was read is left out."""
    subject, desk, now = person.subject, person.desk, person.at
    yield README, iter([_SAYS.format(at=f"{now:%Y-%m-%d %H:%M}").encode()])
    yield "账号.json", _written(_account(person), person)
    told = _all(lambda after: desk.inbox.page(subject, after, now))
    yield "消息.json", _written([asdict(one) for one in told], person)
    given = _all(lambda after: desk.mandates.given(subject, now, after))
    received = _all(lambda after: desk.mandates.received(subject, now, after))
    yield "委托.json", _written(
        {"我委托别人的": [*map(_mandate, given)], "别人委托我的": [*map(_mandate, received)]}, person)
    yield "窗口接待.json", _written([asdict(one) for one in person.visits.of_person(subject, EVERY)], person)
    asked = _all(lambda after: desk.agreements.of(subject, now, after))
    yield "请您确认的.json", _written([asdict(one) for one in asked], person)
    for line in desk.drafts.of_subject(subject, now):
        if not line.shut and not line.gone:
            with suppress(DeskError):
                kept = draft_json(desk.drafts.read(subject, line.id, now))
                yield f"草稿/{line.id}.json", _written({name: kept[name] for name in kept if name != "plan"}, person)
    for case in _all(lambda after: desk.cases_of(subject, now, after, MOST_AT_ONCE)):
        with suppress(DeskError):
            name = folder_of(f"{case['reference']} {case['bundle_name']}")
            yield from _case(person, case["reference"], f"办件/{name}")
    others = [*_all(lambda after: desk.filed_for_others(subject, now, after, MOST_AT_ONCE))]
    yield "替别人办的.json", _written(others, person)


def _case(person: Person, reference: str, folder: str) -> Iterator[Entry]:
    subject, desk = person.subject, person.desk
    view = desk.case_view(subject, reference, person.at)
    yield f"{folder}/办件.txt", iter([desk.sheet(subject, reference).encode()])
    yield f"{folder}/办件.json", _written(case_json(view), person)
    yield f"{folder}/填写的内容.json", _written(desk.answers(subject, reference), person)
    yield f"{folder}/发给了谁.json", _written(asdict(desk.disclosure(subject, reference)), person)
    places = Places()
    brought = [(places.free(folder_of(line["name"]), file["name"]), file["file"])
               for line in view["materials"] for file in line["files"]]
    for room, found in (("材料", brought), ("结果", results_of(view))):
        for path, file in found:
            yield f"{folder}/{room}/{path}", _file(person, file)


def _file(person: Person, file: str) -> Iterator[bytes]:
    """The bytes of a file, opened when they are wanted; of one that is lost, its number."""
    try:
        yield from person.desk.open_file(person.subject, file, person.at)[1]
    except DeskError as error:
        yield f"{error.detail}（{file}）".encode()


def _account(person: Person) -> dict[str, Any]:
    known = person.accounts.get(person.subject)
    chosen = person.desk.inbox.preferences(person.subject)
    account = {} if known is None else {"姓名": known.name, "登录名": known.login, "建立时间": known.created_at,
                                        "登记信息": known.body}
    return {**account, "编号": person.subject, "提醒": sorted(chosen.kinds), "提醒手机": chosen.mobile}


def _mandate(one: Mandate) -> dict[str, Any]:
    return {"委托编号": one.row.mandate, "状态": one.state_name, "内容": one.row.body, "给出": one.row.given_at,
            "截止": one.until, "终止": one.row.revoked_at}


def _all(page: Callable[[str | None], tuple[list[Any], str | None]]) -> Iterator[Any]:
    """Every entry of a list that is read page by page."""
    after: str | None = None
    while True:
        found, after = page(after)
        yield from found
        if after is None:
            return


def _written(content: Any, person: Person) -> Iterator[bytes]:
    def plain(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.astimezone(person.at.tzinfo).isoformat()
        return dict(value) if isinstance(value, Mapping) else sorted(value) if isinstance(value, set | frozenset) \
            else str(value)

    return iter([json.dumps(content, ensure_ascii=False, indent=1, default=plain).encode()])
