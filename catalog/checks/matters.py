"""Checks of matters by themselves: limits, asks against the dictionary, variants, rules, fees, own conditions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from catalog.answers import AnswerType, type_of_field
from catalog.basic_codes import other_class
from catalog.checks.conditions import Scope, check_condition
from catalog.checks.pledges import check_pledge
from catalog.dictionary import Field
from catalog.findings import Findings
from catalog.limits import longer, longest_and_shortest
from catalog.matter import Asks, FieldAsk, Gives, LimitRow, MaterialAsk, Matter
from catalog.model import Catalog, Path
from catalog.reading import fields_asked, names_of, results
from catalog.rule_places import check_rules
from catalog.schemas.dictionary import LEVELS
from catalog.suggest import unknown
from catalog.units import convertible, same_family

TYPE_WORDS: Mapping[str, str] = {
    "text": "文字", "number": "数字", "integer": "整数", "date": "日期", "datetime": "时间", "yes_no": "是否",
    "choice": "单选", "many": "多选", "region": "区划", "regions": "多个区划", "address": "地址", "rows": "多行",
}
STRICTER: Mapping[str, int] = {"max": 1, "decimals": 1, "max_length": 1, "min": -1, "min_length": -1}


def check_matters(findings: Findings) -> None:
    """Everything about single matters."""
    used = {entry.matter for bundle in findings.catalog.bundles.values() for entry in bundle.entries}
    for ident, matter in findings.catalog.matters.items():
        check_matter(findings, matter, ("matters", ident))
        if ident not in used:
            findings.note(("matters", ident), "unused", f"事项 {ident} 没有一件事使用")


def check_matter(findings: Findings, matter: Matter, path: Path) -> None:
    """One matter that stands at `path`."""
    catalog = findings.catalog
    findings.known((*path, "department"), "部门", matter.department, catalog.departments, "unknown_department")
    scope = scope_of(catalog, matter)
    check_limits(findings, matter.limits, (*path, "limits"), scope)
    check_asks(findings, matter, matter.asks, (*path, "asks"), scope)
    check_gives(findings, matter.gives, (*path, "gives"))
    for variant in matter.variants:
        below = (*path, "variants", variant.id)
        check_condition(findings, (*below, "when"), variant.when, scope)
        check_limits(findings, variant.limits or (), (*below, "limits"), scope)
        if variant.asks is not None:
            check_asks(findings, matter, variant.asks, (*below, "asks"), scope)
        if variant.gives is not None:
            check_gives(findings, variant.gives, (*below, "gives"))
    if said := other_class(matter.code, matter.matter_class):
        findings.warn((*path, "code"), "other_class",
                      f"事项类型写的是{matter.matter_class}，基本编码 {matter.code} 的第 3、4 位 {matter.code[2:4]} "
                      f"却是{said}；请对照事项清单改正其中一个")
    _rules(findings, matter, path, scope)
    _fees(findings, matter, path)


def scope_of(catalog: Catalog, matter: Matter) -> Scope:
    """What the conditions of a matter may use: the fields it asks itself, and the columns of groups it asks."""
    asked = set(fields_asked(matter))
    groups = [catalog.fields[code] for code in asked if code in catalog.fields]
    asked |= {inner.code for group in groups for inner in group.inner}
    names: dict[str, AnswerType] = {
        code: type_of_field(catalog.fields[code]) for code in asked if code in catalog.fields
    }
    outer = {code.partition(".")[0] for code in asked}
    names |= {code: type_of_field(catalog.fields[code]) for code in outer if code in catalog.fields}
    says = "事项的条件用了 {name}，但本事项没有询问它；事项条件只能用自己询问的字段"
    questions = [one.id for bundle in catalog.bundles.values() for one in bundle.questions]
    unknowable = dict(_unknowable(catalog, matter, names))
    return Scope(names, dict.fromkeys([*questions, *catalog.fields], says), unknowable=unknowable)


def _unknowable(catalog: Catalog, matter: Matter, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """What this matter asks and no condition of it can ever know: a column of a group it does not run over, and what
    is only there when a leg has ended."""
    for code in (code for gives in results(matter) for code in gives.fields):
        yield code, f"条件用了 {code}，但它是本事项办结时才产生的，填表时还不知道，永远无法判断"
    for bundle, entry in ((b, one) for b in catalog.bundles.values() for one in b.entries if one.matter == matter.id):
        fed = {code for edge in entry.after for code in edge.feeds} - {question.id for question in bundle.questions}
        yield from ((code, fed_only(code, bundle.id)) for code in fed)
        for code in names:
            group = code.rpartition(".")[0]
            if group and group != entry.each:
                yield code, no_row(code, f"一件事 {bundle.id} 的事项 {matter.id} 没有写 each: {group}")


def fed_only(code: str, bundle: str) -> str:
    """What is said of a condition over a field that an earlier leg of this bundle gives."""
    why = f"一件事 {bundle} 里它由前面的事项办结后传来，填表时还不知道"
    instead = "请改用填表时就有的字段；看了结果才知道要不要办的，写成 after 里的 need"
    return f"条件用了 {code}，但{why}，永远无法判断；{instead}"


def no_row(code: str, why: str) -> str:
    """What is said of a condition over a column where there is no row."""
    group = code.rpartition(".")[0]
    instead = f"请写 each: {group}，或改用 count({group})、sum({code})"
    return f"条件用了 {code}，但{why}，不知道看哪一行，永远无法判断；{instead}"


def check_limits(findings: Findings, rows: tuple[LimitRow, ...], path: Path, scope: Scope) -> None:
    """Promised within statutory, wait within promised, a row that always holds at the end."""
    for index, row in enumerate(rows):
        below = (*path, index)
        check_condition(findings, (*below, "when"), row.when, scope)
        if row.promised and row.statutory and longer(row.promised, row.statutory):
            says = f"承诺时限 {row.promised} 超过法定时限 {row.statutory}"
            findings.say((*below, "promised"), "promise_too_long", says)
        if row.before and row.promised and longer(row.promised, row.before):
            says = f"原来的时限 before {row.before} 比现在的承诺 {row.promised} 还短；请核对是不是写反了"
            findings.warn((*below, "before"), "before_shorter", says)
        if row.wait and row.promised and longer(row.wait, row.promised):
            says = f"公告期 wait {row.wait} 长于承诺时限 {row.promised}，永远无法按时办结"
            findings.say((*below, "wait"), "wait_too_long", says)
        last = index == len(rows) - 1
        if last and row.when is not None:
            findings.say(below, "no_last_limit", "条件时限的最后一行必须没有 when，否则可能没有时限可用")
        if not last and row.when is None:
            findings.say(below, "limit_order", "没有 when 的时限要放在最后一行，否则后面的永远用不上")


def check_asks(findings: Findings, matter: Matter, asks: Asks, path: Path, scope: Scope) -> None:
    """Every ask against the dictionary."""
    names: dict[str, str] = {}
    for ask in asks.fields:
        below = (*path, "fields", ask.code)
        if not findings.known(below, "字段", ask.code, findings.catalog.fields, "unknown_field"):
            continue
        _field_ask(findings, ask, findings.catalog.fields[ask.code], below)
        check_condition(findings, (*below, "when"), ask.when, scope)
        for name in names_of(ask, findings.catalog.fields[ask.code]):
            other = names.setdefault(name, ask.code)
            if other != ask.code:
                says = f"部门字段名 {name} 用了两次({other}、{ask.code})；同一事项里每个名称只能用一次"
                findings.say(below, "same_name", says)
    for one in asks.materials:
        _material_ask(findings, matter, one, (*path, "materials", one.key), scope)


def _field_ask(findings: Findings, ask: FieldAsk, known: Field, path: Path) -> None:
    if ask.type is not None and ask.type != known.type:
        ours, theirs = (TYPE_WORDS.get(kind, kind) for kind in (known.type, ask.type))
        says = f"字段 {ask.code} 在字典中是{ours}，本事项写成{theirs}；同一编码类型必须一致"
        findings.say((*path, "type"), "type_clash", says)
    if ask.unit and not (known.unit and convertible(ask.unit, known.unit)):
        ours = known.unit or "没有单位"
        usable = f"；请使用 {'、'.join(same_family(known.unit))}" if known.unit else "；请先在字典里写 unit"
        findings.say((*path, "unit"), "unit", f"单位 {ask.unit} 不能换算为 {ours}{usable}")
    if ask.date_form and known.type not in {"date", "datetime"}:
        findings.say((*path, "date_form"), "date_form", f"字段 {ask.code} 不是日期，不能写 date_form")
    if ask.paper_as and not (known.type == "citizen_id" and ask.paper_name([one.code for one in known.options])):
        says = f"字段 {ask.code} 没有几种证件可选，不传证件种类，不能写 paper_as；要传的请在字典里给它写 options"
        findings.say((*path, "paper_as"), "paper_as", says)
    _asked_options(findings, ask, known, path)
    for key, sign in STRICTER.items():
        ours, theirs = getattr(known, key), getattr(ask, key)
        if ours is not None and theirs is not None and (theirs - ours) * sign > 0:
            says = f"{ask.code} 的 {key} {theirs} 比字典的 {ours} 更宽；事项只能写得更严"
            findings.say((*path, key), "looser", says)


def _asked_options(findings: Findings, ask: FieldAsk, known: Field, path: Path) -> None:
    codes = ["yes", "no"] if known.type == "yes_no" else [option.code for option in known.options]
    for key in ("options", "values"):
        for code in getattr(ask, key):
            if code not in codes:
                meant = next((option.code for option in known.options if option.name == code), None)
                near = f"；要写编码 {meant}" if meant else unknown(code, codes, list_all=True)
                says = f"选项 {code} 不在字段 {ask.code} 的选项中{near}"
                findings.say((*path, key), "unknown_option", says)
    names = {option.code: option.name for option in known.options}
    for code in codes:
        wanted = not ask.options or code in ask.options
        if ask.values and wanted and code not in ask.values:
            findings.say((*path, "values"), "values", f"部门代码表缺少选项「{names.get(code, code)}」的对应值")


def _material_ask(findings: Findings, matter: Matter, ask: MaterialAsk, path: Path, scope: Scope) -> None:
    materials = findings.catalog.materials
    known = materials.get(ask.kind)
    if not ask.any_of and known is None:
        meant = findings.called(ask.kind, materials)
        near = f"；要写编码，「{ask.kind}」的编码是 {meant}" if meant else unknown(ask.kind, materials)
        says = f"材料 {ask.kind} 不存在；清单之外不得要材料{near}"
        findings.say(path, "unknown_material", says)
    if len(ask.any_of) == 1:
        findings.say((*path, "any_of"), "any_of", f"any_of 至少要有两种材料，现在只有 {ask.any_of[0]}")
    for kind in ask.any_of:
        findings.known((*path, "any_of"), "材料", kind, materials, "unknown_material")
    if known is not None and known.per_role and ask.role is None:
        says = f"材料 {ask.kind} 要按角色分别提供；请写成 {ask.kind}@角色，例如 {ask.kind}@agent"
        findings.say(path, "no_role", says)
    if known is not None and ask.role is not None and not known.per_role:
        findings.say(path, "role", f"材料 {ask.kind} 不按角色提供；请删去 @{ask.role}，或在字典里写 per_role: yes")
    if ask.per is not None:
        group = findings.catalog.fields.get(ask.per)
        if group is None or group.type not in {"rows", "many", "regions"}:
            findings.say((*path, "per"), "per", f"per: {ask.per} 不是多行的字段，无法知道要几份")
    _tolerance(findings, matter, ask, path)
    check_condition(findings, (*path, "when"), ask.when, scope)
    if ask.pledge is not None:
        check_pledge(findings, ask.pledge, (*path, "pledge"), scope)


def _tolerance(findings: Findings, matter: Matter, ask: MaterialAsk, path: Path) -> None:
    promised = [row.promised for row in matter.limits if row.promised]
    shortest = min(promised, key=lambda limit: longest_and_shortest(limit)[0], default=None)
    if ask.tolerable and shortest and longer(ask.tolerable, shortest):
        says = f"容缺期限 {ask.tolerable} 超过本事项承诺时限 {shortest}"
        findings.say((*path, "tolerable"), "tolerance_too_long", says)


def check_gives(findings: Findings, gives: Gives, path: Path) -> None:
    """Results and licences exist."""
    catalog = findings.catalog
    for code in gives.materials:
        if code not in catalog.materials:
            near = unknown(code, [*catalog.materials, *catalog.fields])
            findings.say(path, "unknown_result", f"结果 {code} 既不是材料也不是字段{near}")
    for code in gives.fields:
        findings.known(path, "字段", code, catalog.fields, "unknown_field")
    for code in (*gives.ends, *gives.replaces):
        findings.known((*path[:-1], "ends"), "证照", code, catalog.licences)


def _rules(findings: Findings, matter: Matter, path: Path, scope: Scope) -> None:
    check_rules(findings, matter.rules, (*path, "rules"), scope)
    for index, special in enumerate(matter.special):
        check_condition(findings, (*path, "special", index, "when"), special.when, scope)
    for index, forward in enumerate(matter.forwards):
        below = (*path, "forwards", index)
        check_condition(findings, (*below, "when"), forward.when, scope)
        if LEVELS.index(forward.to) >= LEVELS.index(matter.level):
            findings.say((*below, "to"), "forward", f"上报层级 {forward.to} 不高于本事项的层级 {matter.level}")


def _fees(findings: Findings, matter: Matter, path: Path) -> None:
    seen: set[str] = set()
    for index, fee in enumerate(matter.fees):
        group = findings.catalog.fields.get(fee.per)
        if fee.per != "case" and (group is None or group.type not in {"rows", "many", "regions"}):
            findings.say((*path, "fees", index), "fee", f"收费 {fee.id} 的 per {fee.per} 不是 case，也不是多行的字段")
        if fee.id in seen:
            findings.say((*path, "fees", index), "fee", f"收费项目 {fee.id} 写了两次；请删去一处")
        seen.add(fee.id)
