"""Who is asking: an identity is a subject in one role, with the credential it came by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from people.errors import UnknownRole
from store.visits.visits import Visit

Role = Literal["applicant", "officer", "author", "supervisor", "operator", "auditor", "counter"]
Credential = Literal["session", "bearer"]
ROLES: tuple[Role, ...] = get_args(Role)
ROLE_NAMES: Mapping[Role, str] = {
    "applicant": "办事人", "officer": "部门工作人员", "author": "事项编制人员", "supervisor": "督办人员",
    "operator": "运维人员", "auditor": "审计人员", "counter": "窗口人员",
}


@dataclass(frozen=True, slots=True)
class OpenVisit:
    """A visit at a counter that goes on, and what the account that it is for is called."""

    row: Visit
    name: str

    @property
    def id(self) -> str:
        """Its number."""
        return self.row.visit

    @property
    def subject(self) -> str:
        """Whom the clerk acts for."""
        return self.row.subject

    @property
    def counter(self) -> str:
        """What the counter is called."""
        return self.row.counter

    @property
    def proxy(self) -> Mapping[str, str] | None:
        """Who came in the person's place (`name`, `number`), if somebody did."""
        found: Mapping[str, str] | None = self.row.body.get("proxy")
        return found


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking. `subject` is an opaque id and None for a visitor; `department` only for an officer.

    `by` is the credential: a browser's session (needs CSRF tokens) or a bearer token (does not). `visit`: of a clerk at
    a counter the visit that is open; of the person whom the clerk acts for, the visit by which they are here.
    """

    subject: str | None = None
    role: Role | None = None
    department: str | None = None
    name: str = ""
    by: Credential | None = None
    visit: OpenVisit | None = None

    @property
    def attended(self) -> Identity:
        """Whom a clerk acts for while a visit is open; else whoever this is."""
        visit = self.visit
        return self if visit is None else Identity(visit.subject, "applicant", None, visit.name, self.by, visit)

    @property
    def signed_in(self) -> bool:
        """Whether this is a known person or system."""
        return self.subject is not None

    @property
    def role_name(self) -> str:
        """The role in Chinese, empty for a visitor."""
        return ROLE_NAMES[self.role] if self.role else ""


VISITOR = Identity()


def role_of(text: str) -> Role:
    """The role called `text`; raises `UnknownRole`."""
    if text not in ROLES:
        raise UnknownRole
    return text
