"""Who of the people of a case must agree before somebody else files it."""

from __future__ import annotations

from collections.abc import Iterator

from forms.agreement import PlannedAgreement
from forms.answers import Known


def agreements_of(on_form: frozenset[str], known: Known) -> Iterator[PlannedAgreement]:
    """Who must agree: all of whom this form says who they are, but where it surely is not needed."""
    for role in known.bundle.people:
        said = role.agrees
        if said is not None and {role.id, role.shown} <= on_form and known.holds(said.when) is not False:
            yield PlannedAgreement(role.code, role.name, role.id, role.shown, said.to, said.sees)
