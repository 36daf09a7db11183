"""Who is asking: an identity is a subject in one role, with the credential it came by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from people.errors import UnknownRole

Role = Literal["applicant", "officer", "author", "supervisor", "operator", "auditor"]
Credential = Literal["session", "bearer"]
ROLES: tuple[Role, ...] = get_args(Role)
ROLE_NAMES: Mapping[Role, str] = {
    "applicant": "办事人", "officer": "部门工作人员", "author": "事项编制人员", "supervisor": "督办人员",
    "operator": "运维人员", "auditor": "审计人员",
}


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking. `subject` is an opaque id and None for a visitor; `department` only for an officer.

    `by` is the credential: a browser's session (needs CSRF tokens) or a bearer token (does not).
    """

    subject: str | None = None
    role: Role | None = None
    department: str | None = None
    name: str = ""
    by: Credential | None = None

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
