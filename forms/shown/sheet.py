"""What may come to the department of a matter and what is expected of it, from the definitions alone: by it an engineer
lays out tables and code lists before the first push."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any

from catalog.dictionary import Field
from catalog.matter import Asks, FieldAsk, Gives, Matter
from catalog.model import Catalog

# How a value of each type travels (`forms/split.py` says it): the JSON of `fields`, and of what a grant gives.
TRAVELS: Mapping[str, str] = {
    "text": "文字", "number": "数，可有小数", "integer": "整数", "date": "日期文字 2026-06-01",
    "datetime": "时间文字，带时区", "yes_no": "true 或 false", "choice": "代码文字", "many": "代码文字的清单",
    "region": "6 位区划代码文字", "regions": "区划代码文字的清单", "address": "对象 {region, text}",
    "rows": "对象的清单", "citizen_id": "18 位身份证号文字", "uscc": "18 位信用代码文字", "phone": "电话号码文字",
    "email": "邮箱文字",
    "vin": "17 位车架号文字", "plate": "车牌号文字", "project_code": "项目代码文字",
    "bank_account": "银行账号文字",
}


def sheet_of(catalog: Catalog, matter: Matter) -> dict[str, Any]:
    """`fields` and `materials` that may come, `gives` that is expected, JSON-ready; of each variant what differs."""
    return {"matter": matter.id, "name": str(matter.name), "department": matter.department,
            **_asked(catalog, matter.asks), "gives": _given(catalog, matter.gives),
            "variants": [{"variant": one.id, "name": str(one.name or matter.name),
                          **({} if one.asks is None else _asked(catalog, one.asks)),
                          **({} if one.gives is None else {"gives": _given(catalog, one.gives)})}
                         for one in matter.variants]}


def _asked(catalog: Catalog, asks: Asks) -> dict[str, Any]:
    groups = {ask.code: ask.as_name or ask.code for ask in asks.fields}
    single = {ask.code.partition(".")[0] for ask in asks.fields if "." in ask.code}
    every = [part for ask in asks.fields for part in (ask, *_columns(catalog, ask, single))]
    papers = [ask for ask in asks.materials if not _is_form(catalog, ask.kind)]
    return {"fields": [line for ask in every for line in _fields(catalog, ask, groups)],
            "materials": [{"material": ask.kind, "role": ask.role, "name": _paper_name(catalog, ask.kind),
                           "may_follow": ask.tolerable is not None} for ask in papers]}


def _columns(catalog: Catalog, ask: FieldAsk, single: Container[str]) -> list[FieldAsk]:
    """All columns of a repeated group that is asked as a whole, under our own names."""
    known = catalog.fields.get(ask.code)
    return [] if known is None or ask.code in single else [
        FieldAsk(one.code, required=ask.required and one.required) for one in known.inner]


def _is_form(catalog: Catalog, kind: str) -> bool:
    """Whether the merged form stands for this paper, so that it never comes."""
    known = catalog.materials.get(kind)
    return known is not None and "form" in known.becomes


def _fields(catalog: Catalog, ask: FieldAsk, groups: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    """A field, and beside a person's number of several kinds of paper the kind."""
    known = known_field(catalog, ask.code)
    line = _field(known, ask, groups)
    kind = None if known is None or known.type != "citizen_id" else ask.paper_name(list(line["values"]))
    if kind is None:
        yield line if line["type"] != "citizen_id" else {**line, "values": {}}
        return
    own = ask.as_name or ask.code.rpartition(".")[2]
    yield {**line, "values": {}, "type": "text"}
    beside = line["field"].removesuffix(own) + kind
    yield {**line, "type": "choice", "field": beside, "name": f"{line['name']}的证件种类"}


def _field(known: Field | None, ask: FieldAsk, groups: Mapping[str, str]) -> dict[str, Any]:
    group, _, column = ask.code.rpartition(".")
    own = ask.as_name or column
    options = {} if known is None else {one.code: str(one.name) for one in known.options
                                        if not ask.options or one.code in ask.options}
    return {
        "field": f"{groups.get(group, group)}[].{own}" if group else own, "code": ask.code,
        "name": str(known.name) if known else ask.code, "type": known.type if known else "text",
        "unit": ask.unit or (known.unit if known and known.type != "rows" else None), "date_form": ask.date_form,
        "values": {ask.values.get(code, code): name for code, name in (options or _yes_no(known, ask)).items()},
        "always": ask.required and ask.when is None}


def _yes_no(known: Field | None, ask: FieldAsk) -> Mapping[str, str]:
    """A yes or no that the department has codes for."""
    return {"yes": "是", "no": "否"} if known is not None and known.type == "yes_no" and ask.values else {}


def known_field(catalog: Catalog, code: str) -> Field | None:
    """A field of the dictionary by its code; `group.field` is a column of a repeated group."""
    group = catalog.fields.get(code.partition(".")[0])
    inner = () if group is None or "." not in code else group.inner
    return next((one for one in inner if one.code == code), catalog.fields.get(code))


def _paper_name(catalog: Catalog, kind: str) -> str:
    known = catalog.materials.get(kind)
    return str(known.name) if known else kind


def _given(catalog: Catalog, gives: Gives) -> dict[str, Any]:
    fields = [(code, known_field(catalog, code)) for code in gives.fields]
    return {"materials": [{"material": code, "name": _paper_name(catalog, code)} for code in gives.materials],
            "fields": [{"field": code, "name": str(one.name) if one else code, "type": one.type if one else "text",
                        "unit": one.unit if one else None, "papers": _kinds(one)} for code, one in fields]}


def _kinds(known: Field | None) -> dict[str, str]:
    """The kinds of paper on which a person's number that a grant brings may stand."""
    return {one.code: str(one.name) for one in known.options} if known and known.type == "citizen_id" else {}


def sheet_lines(sheet: Mapping[str, Any]) -> Iterator[str]:
    """The same as text, a field a line."""
    yield f"{sheet['name']}（{sheet['matter']}），部门 {sheet['department']}"
    yield from _part_lines(sheet)
    for variant in sheet["variants"]:
        yield f"情形 {variant['variant']}：{variant['name']}"
        yield from _part_lines(variant)


def _part_lines(part: Mapping[str, Any]) -> Iterator[str]:
    for one in part.get("fields", ()):
        codes = "，".join(f"{code}={name}" for code, name in one["values"].items())
        how = f"日期文字 {one['date_form']}" if one["date_form"] else TRAVELS[one["type"]]
        more = [how, one["unit"], codes, "" if one["always"] else "可能没有"]
        yield f"  收 {one['field']}  {one['name']}（{'；'.join(str(text) for text in more if text)}）"
    for one in part.get("materials", ()):
        role, later = one["role"] and f"@{one['role']}", one["may_follow"] and "，可以后补"
        yield f"  收材料 {one['material']}{role or ''}  {one['name']}{later or ''}"
    for one in part.get("gives", {}).get("materials", ()):
        yield f"  办结给材料 {one['material']}  {one['name']}"
    for one in part.get("gives", {}).get("fields", ()):
        kinds = "、".join(f"{code}({name})" for code, name in one["papers"].items())
        said = (TRAVELS[one["type"]], one["unit"], kinds and f"不是身份证的写成 种类:号码，种类有 {kinds}")
        yield f"  办结给内容 {one['field']}  {one['name']}（{'；'.join(text for text in said if text)}）"
