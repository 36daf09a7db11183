"""Checks of what a person of the case must have agreed to before somebody else files (另一方确认), and of who consents
for whoever cannot (代为同意)."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.bundle import Bundle
from catalog.checks.conditions import Scope, check_condition
from catalog.dictionary import Agreement, Relation, Role
from catalog.findings import Findings
from catalog.model import Path
from catalog.suggest import unknown

AGENT = "agent"
Fault = tuple[Path, str, str]


def check_agreements(findings: Findings, bundle: Bundle, scope: Scope) -> None:
    """The people of one bundle; `scope` has what is on its form, and what never can be."""
    for role in bundle.people:
        path: Path = ("bundles", bundle.id, "people", role.code)
        if role != findings.catalog.roles.get(role.code):
            asks_nobody(findings, path, role)
        if role.agrees is not None:
            below = (*path, "consents")
            check_condition(findings, (*below, "when"), role.agrees.when, scope)
            for at, code, says in (*_who(findings, role, scope), *_shown(role.agrees, scope)):
                findings.say((*below, *at), code, says)
        if role.related is not None:
            check_condition(findings, (*path, "related", "when"), role.related.when, scope)
            others = {one.id for one in bundle.people if one.code != role.code}
            for code, says in _related(role, role.related, others, scope):
                findings.say((*path, "related"), code, says)


def _related(role: Role, relation: Relation, others: set[str], scope: Scope) -> Iterator[tuple[str, str]]:
    """One register has to be asked about this person and about somebody else, who may be whoever files."""
    if role.agrees is not None:
        yield "related_agrees", f"{role.name}已经写了 consents，由本人确认，不能再由填表人代为同意；请删去其中一个"
    if not any(role.id in one.by and others & set(one.by) for one in relation.registers):
        yield "related_pair", (f"要有一个登记的 by 同时写{role.name}的证件号 {role.id} 和另一个角色的证件号，"
                               f"例如 by: [{min(others, default='holder_id')}, {role.id}]，才查得到两人的关系")
    for field in sorted(relation.by):
        if not _on_form(field, scope):
            yield "related_unasked", f"申请表上没有字段 {field}，没法查关系；请让本一件事的一个事项询问它"


def asks_nobody(findings: Findings, path: Path, role: Role) -> None:
    """Say that a bare yes is kept and asks nobody."""
    if role.consents:
        says = (f"consents: yes 不会去问任何人；要请{role.name}在网上确认，"
                "请写 consents: {to: [同意……], sees: [要给对方看的字段]}，不用确认的请删去")
        findings.warn((*path, "consents"), "asks_nobody", says)


def _who(findings: Findings, role: Role, scope: Scope) -> Iterator[Fault]:
    """Whoever must agree is found by number and name, which somebody has to write into the form."""
    number = findings.catalog.fields.get(role.id)
    if role.code == AGENT:
        yield (), "agrees_agent", "代办人凭委托办理，不用另外确认；请删去 consents"
    elif number is not None and number.type != "citizen_id":
        yield (), "agrees_person", (f"只有个人能在网上确认，{role.name}的证件号字段 {role.id} 的类型是 {number.type}；"
                                    "单位请写它的法定代表人的角色")
    for field in (role.id, role.shown):
        if number is not None and not _on_form(field, scope):
            yield (), "agrees_unasked", (f"申请表上没有字段 {field}，无法知道请哪一位{role.name}确认；"
                                         "请让本一件事的一个事项询问它")


def _shown(agreement: Agreement, scope: Scope) -> Iterator[Fault]:
    for index, field in enumerate(agreement.sees):
        kind = scope.type_of(field)
        if not _on_form(field, scope):
            on_form = [name for name in scope.names if _on_form(name, scope)]
            says = f"sees 里的 {field} 不在本一件事的申请表上{unknown(field, on_form)}；请写有事项询问的字段"
            yield ("sees", index), "agrees_sees", says
        elif kind is not None and kind.type == "rows":
            yield ("sees", index), "agrees_rows", f"sees 里的 {field} 是多行字段，不能给对方看；请写单个的字段"


def _on_form(field: str, scope: Scope) -> bool:
    return scope.type_of(field) is not None and field not in scope.unknowable
