"""Sample persons of the demo: a click makes you one of them. They exist in demo and test only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from people.accounts import Accounts, NewAccount
from people.errors import LoginTaken
from people.identity import ROLE_NAMES, Role
from people.visits import PLACE
from store.people import Account
from store.visits import numbers


@dataclass(frozen=True, slots=True)
class Persona:
    """A sample person: everything about it is invented and says so. `details` is what the account knows of it, `number`
    the person's own."""

    id: str
    name: str
    role: Role
    department: str | None = None
    note: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    number: str = ""

    @property
    def role_name(self) -> str:
        """The role in Chinese."""
        return ROLE_NAMES[self.role]


def staff(departments: Mapping[str, str]) -> tuple[Persona, ...]:
    """One sample officer for each department (id → name) and one person for every other role."""
    officers = tuple(Persona(f"officer-{code}", f"示例工作人员({name})", "officer", code, f"办理{name}的分办件")
                     for code, name in sorted(departments.items()))
    return (
        Persona("author", "示例编制人员", "author", note="定义写在文件里，用 flask check 检查"),
        Persona("supervisor", "示例督办人员", "supervisor", note="看不到别人的办件和材料"),
        Persona("operator", "示例运维人员", "operator", note="卡住的推送用 flask legs、flask retry 处理"),
        Persona("auditor", "示例审计人员", "auditor", note="只能查看审计日志和处理情况，什么都不能改"),
        Persona("counter", "示例窗口人员", "counter", note="替到场的人填表、提交，要先登记来的是谁",
                details={PLACE: "政务服务大厅综合窗口"}),
        *officers,
    )


def account_of(accounts: Accounts, persona: Persona, now: datetime) -> Account:
    """The account of a sample person, made at its first use."""
    known = accounts.get(persona.id)
    if known is not None:
        return known
    new = NewAccount(persona.id, persona.role, persona.name, persona.department, details=persona.details,
                     subject=persona.id)
    try:
        return accounts.add(new, now, lambda tx, made: numbers.note(tx, made.account, persona.number)
                            if persona.number else None)
    except LoginTaken:
        made = accounts.get(persona.id)
        if made is None:
            raise
        return made


def find(personas: Sequence[Persona], persona_id: str) -> Persona | None:
    """The sample person called `persona_id`."""
    return next((persona for persona in personas if persona.id == persona_id), None)
