"""A filing under a mandate: what it says of who files, and the mandate in place of the papers that it stands for."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

from catalog.model import Catalog
from desk.agents.agency import ACTS
from desk.applicants.lookups import Findings
from desk.errors import InvalidAnswers
from desk.premises import Premises
from desk.values import Filing
from forms.answers import FILER
from forms.papers.look_ups import MANDATED
from forms.plan import Plan
from store.mandates import MandateRow

AS_AGENT = "agent"  # who files, among the answers to `filer`
NUMBER, UNTIL = "mandate_no", "mandate_until"  # the fields that ask for a mandate's number and its last day


def as_agent(filing: Filing) -> Filing:
    """The filing with an agent as its filer; `InvalidAnswers` if it says that somebody else files."""
    if filing.situation.get(FILER, AS_AGENT) != AS_AGENT:
        raise InvalidAnswers(errors={"situation": {FILER: ["替别人办理时，提交人是经办人(代理人)；请写 agent 或不写"]}})
    return replace(filing, situation={**filing.situation, FILER: AS_AGENT})


def filed_for(filing: Filing, mandate: MandateRow, plan: Plan, zone: ZoneInfo) -> Filing:
    """The filing with what the mandate says of itself where the plan asks for it."""
    asked = {line.code for line in plan.fields}
    said = {code: value for code, value in particulars(mandate, zone).items() if code in asked}
    return replace(filing, form={**filing.form, **said}) if said else filing


def particulars(mandate: MandateRow, zone: ZoneInfo) -> dict[str, str]:
    """What a form may ask of a mandate."""
    return {NUMBER: mandate.mandate, UNTIL: last_day(mandate, zone)}


def last_day(mandate: MandateRow, zone: ZoneInfo) -> str:
    """The last day of a mandate, which ends with it."""
    return (mandate.valid_until.astimezone(zone) - timedelta(microseconds=1)).date().isoformat()


def with_mandate(found: Findings, mandate: MandateRow, papers: list[str], premises: Premises) -> Findings:
    """What look-ups came to, and the mandate in place of these papers."""
    said = document(mandate, premises)
    return Findings({**found.outcomes, **dict.fromkeys(papers, MANDATED)},
                    {**found.documents, **dict.fromkeys(papers, said)})


def document(mandate: MandateRow, premises: Premises) -> dict[str, Any]:
    """A mandate as departments get it in place of the paper, with names instead of our own codes."""
    body, zone = mandate.body, premises.zone
    return {"name": "在线委托", "source": "mandate", "number": mandate.mandate,
            "valid_from": mandate.valid_from.astimezone(zone).date().isoformat(), "valid_to": last_day(mandate, zone),
            "principal": body["principal_name"], "agent": body["agent_name"],
            "bundles": names_of(mandate, premises.catalog), "acts": [ACTS[act] for act in body["acts"]],
            "given_at": mandate.given_at.astimezone(zone).isoformat()}


def names_of(mandate: MandateRow, catalog: Catalog) -> list[str] | None:
    """What the bundles in the scope of a mandate are called now; None: all."""
    bundles, known = mandate.body["bundles"], catalog.bundles
    return None if bundles is None else [str(known[one].name) if one in known else one for one in bundles]
