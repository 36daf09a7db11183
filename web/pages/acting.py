"""Filing for somebody else on the pages: for whom, and what then is filled in already.

For whom stands in the signed session cookie, as the number of the mandate, until a draft is opened; then in the draft.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import redirect, request, session, url_for
from werkzeug.wrappers import Response

from catalog.bundle import Bundle
from desk.agents.agency import refused
from desk.agents.mandates import Mandate
from desk.agents.under_mandate import AS_AGENT, particulars
from desk.errors import NoMandate
from desk.parties.persons import numbers
from desk.values import Draft, DraftLine
from forms.answers import FILER
from web.identity import current, subject
from web.pages.kept import keep, kept_for
from web.pages.root import bp, bundle_of, desk, known_of, now
from web.wiring import house

FOR = "for"
OTHER = "other"  # one that is not listed, by its number
WRONG_NUMBER = "没有这个编号的委托，或者它现在不能用来办这件事；请在“委托”页面核对编号，或者让委托人重新委托您。"


def offered(bundle: str) -> tuple[list[Mandate], bool]:
    """Under which mandates the person of this browser may file a bundle, one for each principal; and whether there may
    be more than are listed."""
    own = current().role == "applicant" and current().visit is None
    return desk().mandates.for_filing(subject(), bundle, now()) if own else ([], False)


def chosen(bundle: str) -> Mandate | None:
    """The mandate under which the person has chosen to file a bundle; None for oneself."""
    number = (session.get(FOR) or {}).get(bundle)
    return None if number is None else _lets_file(str(number), bundle)


def _lets_file(number: str, bundle: str) -> Mandate | None:
    """The mandate of this number, if it lets the person of this browser file a bundle."""
    if current().role != "applicant" or not number.isalnum():
        return None
    return desk().mandates.lets_file(subject(), number, bundle, now())


def under_of(bundle: str) -> Mandate | None:
    """`chosen`, where it decides for whom is filed: whoever chose somebody whose mandate is over by now is told so, and
    not led on to file for themself what was meant for another."""
    found = chosen(bundle)
    if found is None and bundle in (session.get(FOR) or {}):
        forget_for_whom(bundle)
        keep(bundle, None, _unless_filer(bundle))
        raise refused("revoked")
    return found


def _unless_filer(bundle: str) -> dict[str, Any]:
    """What was answered, but for who files."""
    return {name: value for name, value in (kept_for(bundle, None) or {}).items() if name != FILER}


def forget_for_whom(bundle: str) -> None:
    """Begin the next one for oneself again."""
    session[FOR] = {name: number for name, number in (session.get(FOR) or {}).items() if name != bundle}


@bp.post("/bundles/<bundle>/for")
def for_whom(bundle: str) -> Response:
    """Choose for whom to file; who files for another is the agent, and is not asked who files."""
    bundle_of(bundle)
    forget_for_whom(bundle)
    given = _unless_filer(bundle)
    number = request.form.get("mandate", "")
    if number == OTHER:
        number = request.form.get("number", "").strip().upper()
        if not _lets_file(number, bundle):
            raise NoMandate(WRONG_NUMBER)
    if _lets_file(number, bundle):
        session[FOR] = {**session[FOR], bundle: number}
        given[FILER] = AS_AGENT
    keep(bundle, None, given)
    return redirect(url_for("pages.questions", bundle=bundle), 303)


def known_for(draft: Draft) -> Mapping[str, Any]:
    """What can be filled into a draft without asking: what the account knows; for somebody else who they are, as
    their account says, who the agent is, and the mandate."""
    mandate = desk().agency.acting(subject(), draft.on_behalf_of, draft.bundle, now())
    if mandate is None:
        return known_of()
    bundle, theirs = bundle_of(draft.bundle), house().accounts.details(mandate.principal)
    found = {code: theirs[code] for code in own_fields(bundle, by_agent=False) if code in theirs}
    return {**found, **_agent(bundle), **particulars(mandate, house().settings.zone)}


def filled_in(draft: Draft) -> dict[str, Any]:
    """What is filled into a draft without asking, by field: who the applicant is, and what the dictionary says is known
    beforehand."""
    known = known_for(draft)
    brought = known.keys() if draft.on_behalf_of else (
        own_fields(bundle_of(draft.bundle), draft.situation.get(FILER) == AS_AGENT) | told_fields())
    return {line.code: known[line.code] for line in draft.plan.fields
            if line.value is None and (line.prefill or line.code in brought) and line.code in known}


def told_fields() -> frozenset[str]:
    """The fields that the city's identity platform tells of a person beside those of a role, like a mobile number."""
    oidc = house().parts.oidc
    return frozenset(oidc.meanings.fields) if oidc else frozenset()


def _agent(bundle: Bundle) -> dict[str, Any]:
    """The agent's own name, and the number that their account has beside that name."""
    catalog, own, name = house().catalog, known_of(), current().name
    agent = catalog.roles_of(bundle).get("agent")
    if agent is None:
        return {}
    found = numbers(catalog, name, own, catalog.fields[agent.id].type)
    return {agent.shown: name, **({agent.id: found[0]} if found else {})}


def acted_for(draft: Draft | DraftLine) -> str:
    """The name of whom a draft is for."""
    mandate = desk().agency.acting(subject(), draft.on_behalf_of, draft.bundle, now())
    return "" if mandate is None else str(mandate.body["principal_name"])


def own_fields(bundle: Bundle, by_agent: bool) -> frozenset[str]:
    """The fields that say who the applicant is, which the account that opens a draft knows already.

    An agent's account knows the enterprise it files for, but is itself another person than the one it files for.
    """
    catalog = house().catalog
    mine = {"holder", "legal_rep"} | ({"agent"} if by_agent else set())
    roles = [role for code, role in catalog.roles_of(bundle).items() if code in mine]
    persons = {role.id for role in roles if role.code == "holder" and catalog.fields[role.id].type == "citizen_id"}
    return frozenset(code for role in roles if not (by_agent and role.id in persons) for code in (role.id, role.shown))
