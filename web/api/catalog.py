"""API: what can be filed, and the plan that a situation makes of it. Public."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response

from catalog.bundle import Bundle, Question
from catalog.matter import Matter
from catalog.model import Catalog
from connectors.matter_codes import codes_at
from desk.bodies import body_at, body_of
from desk.errors import UnknownBundle
from forms.plan import Plan
from forms.shown.public import plan_json
from forms.values import json_ready
from forms.windows import closing
from web.answers import live, shown
from web.api.operations import Operation, operation
from web.api.schemas import PlanBody
from web.inputs import body, only_args
from web.wiring import house

api = Blueprint("api", __name__, url_prefix="/api")


@api.get("/bundles")
@operation(Operation("List what can be filed", {200: "every bundle, by stage of life"}, returns="Bundles"))
def bundles() -> Response:
    """All bundles, short."""
    only_args()
    return live({"bundles": [_short(bundle) for bundle in house().catalog.on_offer]})


@api.get("/bundles/<bundle>")
@operation(Operation("Read one bundle: situation questions, matters, guide", {200: "the bundle"}, refuses=(404,),
                     returns="Bundle"))
def bundle(bundle: str) -> Response:
    """One bundle."""
    only_args()
    found = house().catalog.bundles.get(bundle)
    if found is None:
        raise UnknownBundle
    return live(_whole(found, house().catalog))


@api.post("/bundles/<bundle>/plan")
@operation(Operation(
    "Compose the plan of a situation", {200: "the plan, as `flask plan --json` prints it"}, body=PlanBody,
    refuses=(400, 404, 413, 415, 422), returns="Plan",
    more="A partial situation is fine: open questions are listed in `questions`, what is wrong in `problems`. Beside "
         "what the command prints it has what only this place knows: the codes of a matter at its office, and the name "
         "of a body that stands for several departments, which is counted once."))
def plan(bundle: str) -> Response:
    """The plan of a situation."""
    only_args()
    situation = body(PlanBody)["situation"]
    return shown(_with_codes(house().desk.plan(bundle, situation, house().clock.now())))


def _with_codes(plan: Plan) -> dict[str, Any]:
    """The plan, with what each matter is called in the country's lists at the office that would get it."""
    answer = plan_json(plan)
    for line, leg in zip(answer["matters"], plan.legs, strict=True):
        office = body_of(leg, house().deployment, house().catalog)
        codes = codes_at(office, leg.matter, leg.code).as_json()
        line |= {name: code for name, code in codes.items() if code}
    return answer


def _short(bundle: Bundle) -> dict[str, Any]:
    return {"bundle": bundle.id, "name": bundle.name, "stage": bundle.stage, "summary": bundle.summary,
            "origin": bundle.origin, "matter_count": len(bundle.entries),
            "promised": str(bundle.promised) if bundle.promised else None, "closed": _closed(bundle)}


def _closed(bundle: Bundle) -> str | None:
    return closing(house().catalog, bundle, house().clock.now().astimezone(house().settings.zone).date())


def _whole(bundle: Bundle, catalog: Catalog) -> dict[str, Any]:
    return _short(bundle) | {
        "edition": house().desk.edition(bundle.id),
        "questions": [_question(question) for question in bundle.questions],
        "matters": [_matter(bundle, entry.matter, entry.number, catalog) for entry in bundle.entries],
        "people": [{"role": role.code, "name": role.name} for role in catalog.roles_of(bundle).values()],
        "guide": json_ready(bundle.guide),
    }


def _question(question: Question) -> dict[str, Any]:
    return {"question": question.id, "ask": question.ask, "kind": question.kind, "why": question.why,
            "options": [{"code": option.code, "name": option.name} for option in question.options],
            "min": json_ready(question.min), "max": json_ready(question.max), "default": json_ready(question.default),
            "conditional": question.when is not None}


def _matter(bundle: Bundle, matter_id: str, number: str, catalog: Catalog) -> dict[str, Any]:
    matter = catalog.matter_of(bundle, matter_id)
    department = catalog.departments[matter.department]
    return {"matter": matter.id, "number": number, "code": matter.code, "name": matter.name,
            "department": matter.department, "department_name": department.name, "offices": list(_offices(matter))}


def _offices(matter: Matter) -> Iterator[dict[str, Any]]:
    """The offices that get new legs of a matter, each in its region, with what it is called there."""
    for office in house().deployment.bodies.values():
        if body_at(office.region, matter, house().deployment, house().catalog) is office:
            codes = codes_at(office, matter.id, matter.code).as_json()
            yield {"office": office.id, "name": office.name or office.id, "region": office.region, **codes}
