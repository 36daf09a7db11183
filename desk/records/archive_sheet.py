"""What stands in an archived case, in Chinese for people: what was filed, what each department said, what it gave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any

from cases.documents import documents
from cases.model import Case, Leg, Result
from cases.words import handler, state_name
from cases.words import line as told
from catalog.dictionary import Field, Region
from forms.plan import FieldLine, Plan, PlannedLeg
from forms.shown.told import value_words
from store.files import FileRow

_UNKNOWN = "（不在本包）"


@dataclass(frozen=True, slots=True)
class Names:
    """What codes of the case are called: its files by id, the regions and fields of its edition."""

    files: Mapping[str, FileRow]
    regions: Mapping[str, Region]
    fields: Mapping[str, Field]


def sheet(case: Case, body: Mapping[str, Any], names: Names, zone: tzinfo) -> str:
    """The whole sheet; `body` is what was filed."""
    plan, files = case.plan, names.files
    parts = [f"{plan.bundle_name}（受理编号 {case.reference}）", f"提交时间 {_at(case.filed_at, zone)}",
             *_agreed(plan, body, zone), "",
             "一、申请人填写", *_answers(plan.fields, body.get("form", {}), names.regions), "", "二、申请人提交的材料",
             *(f"{line.name}：{_names(body.get('materials', {}).get(line.key, ()), files)}" for line in plan.materials),
             *(f"{line.name}：免提交（{line.why.text}）" for line in plan.removed_materials), "", "三、各事项办理经过"]
    for planned in plan.legs:
        parts += ["", *_leg(planned, case.legs[planned.leg], names, zone)]
    return "\n".join(parts) + "\n"


def _agreed(plan: Plan, body: Mapping[str, Any], zone: tzinfo) -> Iterator[str]:
    """Who agreed before it was filed; what to stands in the records."""
    names = {asked.role: asked.name for asked in plan.agreements}
    for one in body.get("agreements", ()):
        at = _at(datetime.fromisoformat(one["agreed_at"]), zone)
        yield f"提交前已在网上确认：{names[one['role']]}{one['name']}，{at}，编号 {one['agreement']}"


def _at(at: datetime, zone: tzinfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _answers(lines: Iterable[FieldLine], form: Mapping[str, Any], regions: Mapping[str, Region]) -> Iterator[str]:
    for line in lines:
        if (value := form.get(line.code, line.value)) not in (None, "", []):
            yield f"{line.name}：{value_words(line, value, regions)}"


def _names(ids: Iterable[str], files: Mapping[str, FileRow]) -> str:
    return "、".join(files[one].name if one in files else _UNKNOWN for one in ids) or "没有提交"


def _leg(planned: PlannedLeg, leg: Leg, names: Names, zone: tzinfo) -> Iterator[str]:
    yield f"{planned.leg} {planned.title}（{handler(leg, planned)}）：{state_name(leg.state, planned)}"
    yield from (f"  {_at(event.at, zone)}  {told(event, planned)}" for event in leg.history)
    for result in leg.results:
        yield f"  结果：{_result(result, names.files)}"
        yield from (f"    {names.fields[code].name}：{value_words(names.fields[code], value, names.regions) or '没有'}"
                    for code, value in result.fields.items() if code in names.fields)
    for one in documents(leg, planned):
        yield f"  文书：{one.name}{_numbered(one.number)}{_filed(one.files, names.files)}"


def _result(result: Result, files: Mapping[str, FileRow]) -> str:
    said = [str(result.name) + _numbered(result.number),
            result.valid_to and f"有效期至 {result.valid_to}", "已撤销" if result.void else None]
    return "，".join([part for part in said if part]) + _filed(result.files, files)


def _numbered(number: str | None) -> str:
    return f"，编号 {number}" if number else ""


def _filed(listed: Iterable[Mapping[str, Any]], files: Mapping[str, FileRow]) -> str:
    ids = [str(file["file"]) for file in listed]
    return f"，文件 {_names(ids, files)}" if ids else ""
