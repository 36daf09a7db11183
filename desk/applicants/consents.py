"""Consent: what a person is asked to agree to, and whether what was agreed to covers what will be done.

With every consent the scope it was given for is kept: who receives the answers, which registers are asked, which fields
are sensitive. Whatever goes beyond it later (another matter, another place, another look-up) needs a new consent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from desk.applicants.lookups import LOOKED_UP, spoken_for, tried
from desk.errors import ConsentMissing
from forms.plan import FieldLine, Plan

UNASKED = "这项敏感信息需要您单独同意"
SEPARATELY = "敏感信息需要您单独同意；请在 consent.sensitive 里列出同意使用的字段"
Consent = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Scope:
    """What one plan does with somebody's data; each part sorted."""

    receivers: tuple[str, ...]
    lookups: tuple[str, ...]
    sensitive: tuple[str, ...]

    @property
    def digest(self) -> str:
        """Equal for two plans that ask for the same consent."""
        return hashlib.sha256(json.dumps(self.kept(), ensure_ascii=False).encode()).hexdigest()[:32]

    def kept(self) -> dict[str, list[str]]:
        """As it is kept with the consent."""
        return {"receivers": list(self.receivers), "lookups": list(self.lookups), "sensitive": list(self.sensitive)}

    def within(self, kept: Any) -> bool:
        """Whether a kept scope covers this one."""
        return isinstance(kept, Mapping) and all(set(part) <= set(kept.get(name, ()))
                                                 for name, part in self.kept().items())


NO_SCOPE = Scope((), (), ())


def scope_of(plan: Plan) -> Scope:
    """What `plan`, composed before any look-up was made, does with somebody's data."""
    receivers = {f"{leg.department}@{leg.region}" if leg.region else leg.department for leg in plan.legs}
    lookups = {f"{one.source.kind}:{one.source.name or one.kind}" for line in plan.removed_materials
               if line.rule in LOOKED_UP for one in tried(line)}
    lookups |= {f"sharing:{one.name}" for role in spoken_for(plan) if role.related for one in role.related.registers}
    sensitive = {line.code for line in sensitive_lines(plan)}
    return Scope(tuple(sorted(receivers)), tuple(sorted(lookups)), tuple(sorted(sensitive)))


def sensitive_lines(plan: Plan) -> list[FieldLine]:
    """The fields that need a consent of their own, columns of rows too."""
    return [inner for line in plan.fields for inner in (line, *line.inner) if inner.sensitive]


def named_sensitive(plan: Plan) -> list[FieldLine]:
    """The same as people are told them: of rows the columns, each with what it is used for, and not the rows beside."""
    return [line for line in sensitive_lines(plan) if not any(inner.sensitive for inner in line.inner)]


def covers(consent: Consent, scope: Scope) -> bool:
    """Whether a consent is given, names every sensitive field, and was given for no less than `scope`."""
    return consent.get("agreed") is True and not _unnamed(consent, scope) and scope.within(consent.get("scope"))


def pinned(consent: Consent, scope: Scope) -> dict[str, Any]:
    """The consent with the scope it is given for now; what is no consent has none."""
    return {**given(consent), "scope": scope.kept()} if consent.get("agreed") is True else given(consent)


def given(consent: Consent) -> dict[str, Any]:
    """A kept consent as the person gave it."""
    return {name: value for name, value in consent.items() if name != "scope"}


def refuse_uncovered(consent: Consent, scope: Scope) -> None:
    """`ConsentMissing` unless the consent covers `scope`; its errors name the sensitive fields that are not in it."""
    if covers(consent, scope):
        return
    unnamed = _unnamed(consent, scope)
    if consent.get("agreed") is not True or not unnamed:
        raise ConsentMissing(more={"sensitive": list(scope.sensitive)})
    wrong = {"sensitive": {code: [UNASKED] for code in unnamed}}
    raise ConsentMissing(SEPARATELY, errors={"consent": wrong}, more={"sensitive": list(scope.sensitive)})


def _unnamed(consent: Consent, scope: Scope) -> list[str]:
    named = consent.get("sensitive") or ()
    return [code for code in scope.sensitive if code not in named]
