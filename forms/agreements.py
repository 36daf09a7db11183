"""Who must agree before somebody else files, and which look-ups ask about that person."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.dictionary import Source
from forms.answers import Known
from forms.plan import PlannedAgreement


def agreements_of(on_form: frozenset[str], known: Known) -> Iterator[PlannedAgreement]:
    """Who must agree: all of whom this form says who they are, but where it surely is not needed."""
    for role in known.bundle.people:
        said = role.agrees
        if said is not None and {role.id, role.shown} <= on_form and known.holds(said.when) is not False:
            yield PlannedAgreement(role.code, role.name, role.id, role.shown, said.to, said.sees)


def asks_about(asked: PlannedAgreement, source: Source, role: str | None) -> bool:
    """Whether a look-up for a paper of `role` asks about the person who must agree: by their licence, or number."""
    return asked.role in (role, source.holder) or asked.id in source.by
