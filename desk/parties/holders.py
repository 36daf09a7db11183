"""Whose papers are looked up on the consent of whoever files: their own, those of whoever their account stands for, and
of those for whom a law lets them consent. Anybody else's are brought, or looked up with that person's own agreement.

Else whoever types another's number into a form would have that one's licences fetched.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from catalog.dictionary import Role, Source
from catalog.model import Catalog
from catalog.papers import ID_CARD, kind_of
from desk.applicants.lookups import LOOKED_UP, Consent, Grounds, answer_at, spoken_for, tried
from desk.editions import Composed, Editions
from desk.parties.parties import Party, consent_of
from desk.parties.persons import OWN_ROLES, clean_key, number_key
from desk.premises import Premises
from forms.papers.candidate import Candidate
from forms.papers.look_ups import NO_REGISTER, OTHERS, asked_about, other_paper
from forms.plan import Plan
from store import people
from store.people import Account
from store.port import Tx

_NUMBERS = "numbers"
Own = frozenset[str] | None  # the numbers for which whoever files may consent; None: for any


class Holders:
    """Whose papers each filer may have looked up."""

    def __init__(self, premises: Premises, plans: Editions) -> None:
        self._premises, self._plans = premises, plans
        self._roles = _own_roles(premises.catalog)

    def own(self, filers: Iterable[str]) -> Own:
        """The numbers that the accounts of these (whom it is for, and who fills in) have for themselves, or for those
        they sign in for. What an account knows of others besides is not their own.

        None where none of them has an account: a program with a token answers for those it files for, as the platform
        that it belongs to has identified them.
        """
        with self._premises.database.read() as tx:
            return self.own_by(tx, filers)

    def own_by(self, tx: Tx, filers: Iterable[str]) -> Own:
        """The same within a transaction."""
        known = [account for one in dict.fromkeys(filers) if (account := people.known(tx, one)) is not None]
        if not known:
            return None
        return frozenset(number for account in known for number in self._numbers(account))

    def _numbers(self, account: Account) -> Iterator[str]:
        """A person's number counts beside the account's own name alone: it may know the boss's, to fill in a form."""
        for role in self._roles:
            kind = self._premises.catalog.fields[role.id].type
            if role.id in account.body and (kind != "citizen_id" or account.body.get(role.shown) == account.name):
                yield number_key(str(account.body[role.id]), kind)

    def within(self, plain: Composed, answers: Mapping[str, Any], own: Own) -> Composed:
        """A plan before any look-up without those that would be made by the numbers of others alone, or by that of a
        paper that no source knows; `answers` as the form's check leaves them, what the situation says of a field among
        them."""
        while True:  # without one paper another may be looked up instead
            others = {one.key: why for one, row in _would(plain.plan)
                      if (why := why_not_asked(one.source, row, plain.plan, answers, own)
                          or self._no_register(one.source, plain.plan, answers, own)) is not None}
            mine = [] if own is None else [
                role.code for role in plain.plan.people if role.related is not None and _is_own(role, answers, own)]
            if not others and not mine:
                return plain
            plain = self._plans.without(plain, others, mine)

    def _no_register(self, source: Source, plan: Plan, answers: Mapping[str, Any], own: Own) -> str | None:
        """`NO_REGISTER` where it asks about somebody for whom a register must tell that whoever files may consent, and
        this place has not connected that register."""
        parties = {party.role for party in plan.agreements}
        registers = [one for role in asked_about(source, None, plan.people)
                     if role.related is not None and role.code not in parties and answers.get(role.id)
                     and not (own is not None and _is_own(role, answers, own)) for one in role.related.registers]
        off = any(not self._premises.sources.connected(one.kind, one.name or "") for one in registers)
        return NO_REGISTER if off else None


def grounds(plan: Plan, answers: Mapping[str, Any], own: Own, consent: Consent, parties: Sequence[Party]) -> Grounds:
    """On what the papers of a plan are looked up under the filer's consent: registers must tell for whom they may."""
    return Grounds(consent, partial(consent_of, plan=plan, own=consent, parties=parties), spoken_for(plan),
                   lambda source, row: why_not_asked(source, row, plan, answers, own))


def _own_roles(catalog: Catalog) -> tuple[Role, ...]:
    """The roles of somebody who signs in, each pair of fields once."""
    listed = (catalog.roles, *(catalog.roles_of(bundle) for bundle in catalog.bundles.values()))
    return tuple({(role.id, role.shown): role for roles in listed for role in roles.values()
                  if role.code in OWN_ROLES}.values())


def _would(plan: Plan) -> Iterator[tuple[Candidate, int | None]]:
    """What would be looked up, each with the row of the form that it is about."""
    return ((one, line.row) for line in plan.removed_materials if line.rule in LOOKED_UP for one in tried(line))


def why_not_asked(source: Source, row: int | None, plan: Plan, answers: Mapping[str, Any], own: Own) -> str | None:
    """Why a source may not be asked with these answers, as one of `NOT_ASKED`; None where it may be. Sources know
    people by the number of their identity card, and so do the registers that are asked first."""
    about = asked_about(source, None, plan.people)
    codes = dict.fromkeys((*(role.id for role in about), *source.by, *_asked_first(about, plan, answers, own)))
    numbers = _numbers_of(plan)
    others = [code for code in codes if code in numbers
              and kind_of(str(answer_at(answers, code, row) or "")) != ID_CARD]
    if others:
        return other_paper(others)
    return None if own is None or _may_be_asked(about, plan, answers, own) else OTHERS


def _asked_first(about: Iterable[Role], plan: Plan, answers: Mapping[str, Any], own: Own) -> Iterator[str]:
    """The fields with which registers are asked before a source that is asked about these."""
    parties = {party.role for party in plan.agreements}
    for role in about:
        if role.related is not None and role.code not in parties and (own is None or not _is_own(role, answers, own)):
            yield from sorted(role.related.by)


def _numbers_of(plan: Plan) -> frozenset[str]:
    """The fields with a person's number; worked out once for a plan."""
    found: frozenset[str] | None = plan.made.get(_NUMBERS)
    if found is None:
        lines = [one for line in plan.fields for one in (line, *line.inner)]
        found = plan.made[_NUMBERS] = frozenset(
            {one.code for one in lines if one.type == "citizen_id"} | {role.id for role in plan.people})
    return found


def _may_be_asked(asked: Iterable[Role], plan: Plan, answers: Mapping[str, Any], own: frozenset[str]) -> bool:
    """Whether a look-up asks about nobody, about somebody who is asked for their own agreement or is not named yet, or
    about whoever files: a register that tells of two persons may be asked by either. Nobody is asked to agree whom the
    form gives no name."""
    parties = {party.role for party in plan.agreements if answers.get(party.id) and answers.get(party.shown)}
    about = [role for role in asked if role.code not in parties and answers.get(role.id)]
    return not about or any(_is_own(role, answers, own) or _is_related(role, plan, answers, own) for role in about)


def _is_own(role: Role, answers: Mapping[str, Any], own: frozenset[str]) -> bool:
    return clean_key(str(answers.get(role.id))) in own


def _is_related(role: Role, plan: Plan, answers: Mapping[str, Any], own: frozenset[str]) -> bool:
    """Whether the registers may be asked if somebody may consent for this one: one has to tell of whoever files."""
    return role.related is not None and any(
        _is_own(one, answers, own) for register in role.related.registers
        for one in asked_about(register, None, plan.people) if one.code != role.code)
