"""Checks of the dictionary files: names that must exist, bounds that fit, cycles, papers nobody can provide."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from catalog.answers import BadAnswer, type_of_field, typed_answer
from catalog.checks.agreements import asks_nobody
from catalog.dictionary import Field, Material, Source, Table
from catalog.findings import Findings
from catalog.matter import FieldAsk
from catalog.model import Catalog, Path
from catalog.reading import all_asks, given, kinds_asked, ring
from catalog.schemas.dictionary import LEVELS

NUMBERS = frozenset({"number", "integer"})
COUNTED = NUMBERS | {"many", "regions", "rows"}
TEXTS = frozenset({"text", "address"})
DATES = frozenset({"date", "datetime"})
BOUND_TYPES = (
    (("min", "max"), COUNTED, "数字或可数"), (("decimals",), frozenset({"number"}), "数字"),
    (("min_length", "max_length"), TEXTS, "文字"), (("not_before", "not_after"), DATES, "日期"),
)
_WORD = re.compile(r"[a-z][a-z0-9_]{0,30}", re.ASCII)
RESERVED = frozenset(
    {"today", "filer", "chosen", "count", "and", "or", "not", "in", "yes", "no", "true", "false", "each"},
)
NO_PREFILL = {"self": "本人填写不用写来源", "mandate": "在线委托只能代替材料，请写在材料的 sources 里"}
ID_TYPES = frozenset({"citizen_id", "uscc", "text"})


def check_dictionary(findings: Findings) -> None:
    """Everything about single entries of the dictionary files and their names for each other."""
    catalog = findings.catalog
    for code, department in catalog.departments.items():
        findings.known(("departments", code, "acts_for"), "部门", department.acts_for, catalog.departments)
    _regions(findings)
    for code, one in catalog.fields.items():
        _field(findings, one, _field_path(code))
    _materials(findings)
    for code, licence in catalog.licences.items():
        for key, name in licence.fills():
            findings.known(("licences", code, "gives_fields", key), "字段", name, catalog.fields)
    for code, role in catalog.roles.items():
        role_fields(findings, ("roles", code), role.id, role.shown)
        asks_nobody(findings, ("roles", code), role)
    _tables(findings)
    _calendar(findings)


def _field_path(code: str) -> Path:
    group, _, inner = code.partition(".")
    return ("fields", group, "rows", inner) if inner else ("fields", code)


def _regions(findings: Findings) -> None:
    regions = findings.catalog.regions
    for code, region in regions.items():
        path: Path = ("regions", code)
        if not (len(code) == 6 and code.isascii() and code.isdigit()):
            findings.say(path, "region_code", f"区划代码 {code} 应是 6 位数字")
        for other in region.recognises:
            findings.known((*path, "recognises"), "区划", other, regions)
        if region.parent and findings.known((*path, "parent"), "区划", region.parent, regions):
            above = regions[region.parent]
            same = code.startswith(region.parent.rstrip("0")) or above.level == "nation"
            if LEVELS.index(above.level) >= LEVELS.index(region.level) or not same:
                says = f"区划 {code}({region.level})不能放在 {region.parent}({above.level})下面；请检查代码和层级"
                findings.say((*path, "parent"), "region_parent", says)


def _field(findings: Findings, one: Field, path: Path) -> None:
    catalog = findings.catalog
    name = one.code.rpartition(".")[2]
    if name in RESERVED:
        findings.say(path, "reserved", f"名称 {name} 是保留字；请换一个名称")
    if one.code in catalog.materials:
        findings.say(path, "same_code", f"编码 {one.code} 既是字段又是材料；请改其中一个")
    findings.known((*path, "section"), "分页", one.section, catalog.sections)
    if one.sensitive and not one.purpose:
        findings.say(path, "purpose", f"敏感字段 {one.code} 要用 purpose 写明用途")
    if one.type in {"choice", "many"} and not one.options:
        findings.say(path, "no_options", f"字段 {one.code} 是选择题，但没有 options 或 table")
    _kinds(findings, one, path)
    if one.type == "rows":
        _rows(findings, one, path)
    _bounds(findings, one, path)
    for word, why in NO_PREFILL.items():
        if any(source.kind == word for source in one.prefill):
            findings.say((*path, "prefill"), f"prefill_{word}", f"字段 {one.code} 的 prefill 不能写 {word}；{why}")
    for source in one.prefill:
        check_source(findings, (*path, "prefill"), source)
    if one.default is not None and one.type != "rows":
        _default(findings, one, path)


def _kinds(findings: Findings, one: Field, path: Path) -> None:
    """The kinds of paper whose number a field takes: each stands before its number, so its code is a plain word."""
    for option in one.options if one.type == "citizen_id" else ():
        if not _WORD.fullmatch(option.code):
            says = f"证件种类 {option.code} 要写在号码前面，编码请只用小写字母、数字和下划线，例如 passport"
            findings.say((*path, "options"), "paper_code", says)


def _rows(findings: Findings, one: Field, path: Path) -> None:
    if not one.inner:
        findings.say(path, "no_rows", f"分组 {one.code} 没有字段；请在 rows 里写明每行填什么")
    inner = [each.code.rpartition(".")[2] for each in one.inner]
    if one.key is None:
        findings.say(path, "no_key", f"分组 {one.code} 缺少 key；请写明哪个字段能区分各行")
    else:
        findings.known((*path, "key"), "关键字段", one.key, inner)
    if findings.known((*path, "shown"), "称呼字段", one.shown, inner) and _secret(one, one.shown):
        says = f"称呼字段 {one.shown} 会写在进度和消息里，不能是敏感字段；请写姓名、名称这样的字段"
        findings.say((*path, "shown"), "sensitive_name", says)
    for each in one.inner:
        beside = f"{each.code.rpartition('.')[2]}_paper"
        if each.type == "citizen_id" and each.options and beside in inner:
            says = f"分组 {one.code} 的 {beside} 和 {each.code} 的证件种类重名；请换一个名称"
            findings.say((*path, "rows", beside), "same_name", says)


def _secret(group: Field, name: str | None) -> bool:
    return any(each.sensitive for each in group.inner if each.code == f"{group.code}.{name}")


def _bounds(findings: Findings, one: Field, path: Path) -> None:
    check_bound_types(findings, one, one, path)
    if one.unique and "." not in one.code:
        says = f"字段 {one.code} 不在多行的分组里，不能写 unique；unique 只用于分组里的栏，写明各行要不同"
        findings.say((*path, "unique"), "unique_alone", says)
    for key, value, types, word in (("unit", one.unit, NUMBERS | {"rows"}, "数字或分组"),
                                    ("level", one.level, {"region", "regions"}, "区划")):
        if value is not None and one.type not in types:
            _misplaced(findings, one, (*path, key), key, word)
    for low, high in (("min", "max"), ("min_length", "max_length")):
        least, most = getattr(one, low), getattr(one, high)
        if least is not None and most is not None and least > most:
            findings.say((*path, low), "bounds", f"字段 {one.code} 的 {low} {least} 大于 {high} {most}，没有内容能满足")


def check_bound_types(findings: Findings, field: Field, said: Field | FieldAsk, path: Path) -> None:
    """Bounds (of the dictionary or of an ask) that a value of this type cannot have: they would mean nothing."""
    for keys, types, word in BOUND_TYPES:
        for key in keys:
            if getattr(said, key) is not None and field.type not in types:
                _misplaced(findings, field, (*path, key), key, word)


def _misplaced(findings: Findings, field: Field, path: Path, key: str, word: str) -> None:
    says = f"字段 {field.code} 的类型是 {field.type}，不能写 {key}；{key} 只用于{word}类型"
    findings.say(path, "bound_type", says)


def _default(findings: Findings, one: Field, path: Path) -> None:
    if one.type == "citizen_id":
        findings.say((*path, "default"), "bad_default", f"字段 {one.code} 是某个人的号码，不能有默认值")
    try:
        typed_answer(one.default, type_of_field(one))
    except BadAnswer as error:
        findings.say((*path, "default"), "bad_default", f"字段 {one.code} 的默认值不对：{error}")


def check_source(findings: Findings, path: Path, source: Source, per_role: bool = False) -> None:
    """A source names things that exist."""
    catalog = findings.catalog
    if source.kind == "licence":
        findings.known(path, "证照", source.name, catalog.licences)
        if source.holder is None and not per_role:
            says = f"来源 {source.name} 要用 holder 写明查谁的证照，例如 {{licence: {source.name}, holder: holder}}"
            findings.say(path, "no_holder", says)
    elif source.kind not in {"self", "mandate"} and not source.by:
        line = f"{{{source.kind}: {source.name}, by: [holder_uscc]}}"
        says = f"来源 {source.name} 要用 by 写明按哪些字段查询，例如 {line}"
        findings.say(path, "no_by", says)
    people = {role.code for bundle in catalog.bundles.values() for role in bundle.people}
    findings.known(path, "角色", source.holder, {*catalog.roles, *people})
    for name in source.by:
        findings.known(path, "字段", name, catalog.fields)


def _materials(findings: Findings) -> None:
    catalog = findings.catalog
    for code, one in catalog.materials.items():
        path: Path = ("materials", code)
        for key in ("covers", "proves"):
            for other in getattr(one, key):
                findings.known((*path, key), "材料", other, catalog.materials)
        for name in one.becomes:
            if name != "form":
                findings.known((*path, "becomes"), "字段", name, catalog.fields)
        if one.per is not None and catalog.fields.get(one.per, Field("", one.name, "text")).type != "rows":
            findings.say((*path, "per"), "unknown_name", f"分组 {one.per} 不存在；per 要写一个多行的字段")
        for source in one.sources:
            check_source(findings, (*path, "sources"), source, one.per_role)
    for key in ("proves", "covers"):
        found = ring({code: getattr(one, key) for code, one in catalog.materials.items()})
        if found:
            findings.say(("materials", found[0], key), "cycle", f"{key} 成环：{' → '.join(found)}")
    _nobody(findings)


def _nobody(findings: Findings) -> None:
    catalog = findings.catalog
    made = {code for matter in catalog.matters.values() for code in given(matter)}
    made |= {kind for code in made if code in catalog.materials for kind in catalog.materials[code].covers}
    asked = {kind for matter in catalog.matters.values() for kind in kinds_asked(matter)}
    pledged = {
        one.kind for matter in catalog.matters.values() for asks in all_asks(matter) for one in asks.materials
        if one.pledge is not None and one.pledge.when is None
    }
    for code, one in catalog.materials.items():
        if _sourced(one) or code in made or code in pledged:
            continue
        if code in asked:
            says = f"材料 {code} 没有任何来源，也没有事项产生它，谁也提供不了；请写 sources，例如 [self]"
            findings.say(("materials", code), "nobody", says)
        else:
            findings.note(("materials", code), "unused", f"材料 {code} 没有事项要求，也没有事项产生")


def _sourced(one: Material) -> bool:
    return bool(one.sources or one.becomes)


def role_fields(findings: Findings, path: Path, ident: str, shown: str) -> None:
    """The id field of a role holds a number, its shown field exists."""
    fields = findings.catalog.fields
    if findings.known((*path, "id"), "字段", ident, fields) and ident and fields[ident].type not in ID_TYPES:
        says = f"角色的证件号字段 {ident} 的类型是 {fields[ident].type}；请用 citizen_id 或 uscc 类型的字段"
        findings.say((*path, "id"), "role_id", says)
    findings.known((*path, "shown"), "字段", shown, fields)


def _tables(findings: Findings) -> None:
    for code, table in findings.catalog.tables.items():
        path: Path = ("tables", code)
        if not table.columns or not table.rows:
            findings.say(path, "empty_table", f"表 {code} 没有列或没有行；请写 columns 和 rows，或 codes")
        for index, says in _bad_rows(table):
            findings.say((*path, "rows", index), "table_row", f"表 {code} 第 {index + 1} 行{says}")


def _bad_rows(table: Table) -> Iterator[tuple[int, str]]:
    seen = set()
    for index, row in enumerate(table.rows):
        key = tuple(row.get(column) for column in table.columns)
        missing = [column for column in table.columns if column not in row]
        extra = [column for column in row if column not in {*table.columns, "rule", "says"}]
        if missing or extra:
            yield index, f"{'缺少' if missing else '多了'}列 {'、'.join(missing or extra)}"
        elif key in seen:
            yield index, "与前面的行重复；请删去一行"
        seen.add(key)


def _calendar(findings: Findings) -> None:
    catalog = findings.catalog
    for year, one in catalog.calendar.items():
        path: Path = ("calendar", str(year))
        if not 2000 <= year <= 2100:
            findings.say(path, "calendar_year", "日历文件名要是年份，例如 2026.yaml")
        lists = (("days_off", one.days_off), ("make_up_days", one.make_up_days))
        for key, index, day in ((key, index, day) for key, days in lists for index, day in enumerate(days)):
            if not day.startswith(f"{year}-"):
                findings.say((*path, key, index), "calendar_day", f"{day} 不在 {year} 年；请放到那一年的文件里")
        for day in set(one.days_off) & set(one.make_up_days):
            findings.say((*path, "make_up_days"), "calendar_day", f"{day} 既是放假日又是上班日；请删去一处")
    for code, window in catalog.windows.items():
        if window.start and window.end and window.start > window.end:
            findings.say(("windows", code), "window", f"办理期 {code} 的开始日 {window.start} 晚于结束日 {window.end}")


def check_days(findings: Findings, today: date) -> None:
    """What is out of date: this year and the next need a calendar, and a bundle's period must not be over."""
    for year in (today.year, today.year + 1):
        if year not in findings.catalog.calendar:
            says = f"缺少 {year} 年的日历，{year} 年的到期日只能暂定；请补上 calendar/{year}.yaml"
            findings.warn(("calendar",), "calendar_missing", says)
    for bundle in findings.catalog.bundles.values():
        window = findings.catalog.windows.get(bundle.window or "")
        if bundle.closed is None and window is not None and window.end < today.isoformat():
            says = f"办理期 {window.code} 到 {window.end} 已经结束，{bundle.id} 现在谁也不能提交；请改日期"
            findings.warn(("bundles", bundle.id, "window"), "window_over", says)


def check_unused(findings: Findings) -> None:
    """Fields that nobody asks, gives or looks up are worth a note."""
    catalog = findings.catalog
    used = _used_fields(catalog)
    for code, one in catalog.fields.items():
        if "." not in code and not {code, *(each.code for each in one.inner)} & used:
            findings.note(("fields", code), "unused", f"字段 {code} 没有事项或问题使用")


def _used_fields(catalog: Catalog) -> set[str]:
    used: set[str] = set()
    for matter in catalog.matters.values():
        used |= {one.code for asks in all_asks(matter) for one in asks.fields} | given(matter)
    for bundle in catalog.bundles.values():
        used |= {question.id for question in bundle.questions}
        used |= {name for role in bundle.people for name in (role.id, role.shown)}
        used |= {name for entry in bundle.entries for name in (entry.each, entry.region) if name}
    for material in catalog.materials.values():
        used |= {name for source in material.sources for name in source.by} | set(material.becomes)
    for role in catalog.roles.values():
        used |= {role.id, role.shown}
    return used | {name for licence in catalog.licences.values() for _, name in licence.fills()}
