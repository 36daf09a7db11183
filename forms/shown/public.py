"""The public JSON of a plan: `flask plan --json` and POST /api/bundles/{bundle}/plan (contract 1 and 2)."""

from __future__ import annotations

from typing import Any

from catalog.dictionary import Relation, Source
from catalog.limits import Limit
from forms.figures import figures_json
from forms.papers.planned import MaterialLine, MaterialSlot, RemovedMaterial
from forms.plan import (
    AbsentMatter,
    AskedQuestion,
    FieldAsker,
    FieldLine,
    Plan,
    PlannedEdge,
    PlannedLeg,
    PlanProblem,
    RemovedField,
)
from forms.reason import Reason
from forms.values import json_ready


def plan_json(plan: Plan) -> dict[str, Any]:
    """The plan with every line's reason, without parts that do not apply."""
    agreeing = {one.role for one in plan.agreements}
    return {
        "bundle": plan.bundle, "name": str(plan.bundle_name), "edition": plan.edition, "today": plan.today,
        "situation": dict(plan.situation), "promised": _limit(plan.promised),
        "can_be_filed": can_be_filed(plan),
        "problems": [_problem(problem) for problem in plan.problems],
        "questions": [_question(question) for question in plan.questions],
        "matters": [_leg(leg) for leg in plan.legs],
        "not_needed": [_absent(matter) for matter in plan.absent if matter.state == "out"],
        "maybe": [_absent(matter) for matter in plan.absent if matter.state == "maybe"],
        "form": {
            "sections": [
                _set({"code": page.code, "name": str(page.name), "help": _text(page.help), "fields": list(page.fields)})
                for page in plan.sections
            ],
            "fields": [_field(line) for line in plan.fields],
            "not_asked": [_removed_field(line) for line in plan.removed_fields],
        },
        "materials": {
            "kept": [_kept(line) for line in plan.materials],
            "removed": [_removed(line) for line in plan.removed_materials],
            "received": [_slot(slot) for slot in plan.slots],
        },
        "order": {"edges": [_edge(edge) for edge in plan.edges], "longest": list(plan.critical)},
        "figures": figures_json(plan),
        "people": [
            {"role": role.code, "name": str(role.name), "id": role.id, "shown": role.shown,
             "consents": role.code in agreeing, "related": _relation(role.related)}
            for role in plan.people
        ],
        "agreements": [
            {"role": one.role, "name": str(one.name), "to": [str(text) for text in one.to], "sees": list(one.sees)}
            for one in plan.agreements
        ],
    }


def can_be_filed(plan: Plan) -> bool:
    """Whether nothing blocks and nothing is still undecided; the form and the papers are judged apart."""
    return bool(plan.legs) and not any(problem.level in {"block", "undecided"} for problem in plan.problems)


def _set(parts: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in parts.items() if value not in (None, "", [], {}, ())}


def _text(text: str | None) -> str | None:
    return None if text is None else str(text)


def _limit(limit: Limit | None) -> str | None:
    return None if limit is None else str(limit)


def _why(why: Reason) -> dict[str, Any]:
    return _set({"rule": why.rule, "text": why.text, "matters": list(why.matters), "source": why.source})


def _problem(problem: PlanProblem) -> dict[str, Any]:
    return _set({"level": problem.level, "rule": problem.rule, "at": problem.at, "text": problem.text})


def _options(line: AskedQuestion | FieldLine) -> dict[str, list[dict[str, str]]]:
    """What may be chosen; of a person's number the kinds of paper that it may be of, which are no values of it."""
    found = [{"code": option.code, "name": str(option.name)} for option in line.options]
    return {"papers" if line.type == "citizen_id" else "options": found}


def _question(question: AskedQuestion) -> dict[str, Any]:
    return _set({
        "id": question.id, "ask": str(question.ask), "type": question.type, "state": question.state,
        **_options(question), "unit": question.unit, "min": json_ready(question.min),
        "max": json_ready(question.max), "why": _text(question.why), "when": question.when_text,
    }) | ({"value": question.value} if question.state == "answered" else {})


def _leg(leg: PlannedLeg) -> dict[str, Any]:
    return _set({
        "leg": leg.leg, "matter": leg.matter, "code": leg.code, "name": str(leg.name), "variant": leg.variant,
        "kind": leg.kind, "department": leg.department, "department_name": str(leg.department_name),
        "instance": leg.instance, "instance_name": leg.instance_name, "region": leg.region,
        "must_have": leg.must_have, "why": _why(leg.why),
        "limits": _set({
            "promised": _limit(leg.promised), "statutory": _limit(leg.statutory), "wait": _limit(leg.wait),
            "before": _limit(leg.before),
        }),
        "start": leg.start, "finish": leg.finish, "critical": leg.critical,
        "gives": [*leg.gives.materials, *leg.gives.fields], "milestones": [str(text) for text in leg.milestones],
        "special": [str(text) for text in leg.special], "forwards_to": leg.forwards_to,
        "fees": [
            {"id": fee.id, "amount": str(fee.amount), "per": fee.per, "basis": str(fee.basis), "due": fee.due}
            for fee in leg.fees
        ],
    })


def _absent(matter: AbsentMatter) -> dict[str, Any]:
    return {
        "matter": matter.matter, "number": matter.number, "name": str(matter.name),
        "department_name": str(matter.department_name), "why": _why(matter.why),
    }


def _asker(asker: FieldAsker) -> dict[str, Any]:
    return _set({
        "leg": asker.leg, "matter": asker.matter, "as": asker.as_name, "unit": asker.unit, "required": asker.required,
        "date_form": asker.date_form, "values": dict(asker.values), "paper_as": asker.paper_as,
        "note": _text(asker.note),
    })


def _field(line: FieldLine) -> dict[str, Any]:
    return _set({
        "code": line.code, "name": str(line.name), "type": line.type, "section": line.section,
        "required": line.required, "unit": line.unit, "min": json_ready(line.min), "max": json_ready(line.max),
        "decimals": line.decimals, "min_length": line.min_length, "max_length": line.max_length,
        "not_before": line.not_before, "not_after": line.not_after, **_options(line), "level": line.level,
        "key": line.key, "rows": [_field(inner) for inner in line.inner], "sensitive": line.sensitive,
        "only_rows": None if line.only is None else list(line.only), "unique": line.unique or None,
        "same_as": line.same_as,
        "purpose": _text(line.purpose), "default": line.default, "help": _text(line.help), "value": line.value,
        "prefill": [_set({"kind": s.kind, "name": s.name, "holder": s.holder, "by": list(s.by)}) for s in line.prefill],
        "why": _why(line.why), "asked_by": [_asker(asker) for asker in line.askers], "won": dict(line.won),
    })


def _removed_field(line: RemovedField) -> dict[str, Any]:
    return {
        "code": line.code, "name": str(line.name), "why": _why(line.why), "by": list(line.by),
        "asked_by": [_asker(asker) for asker in line.askers],
    }


def _kept(line: MaterialLine) -> dict[str, Any]:
    spec = line.spec
    return _set({
        "key": line.key, "kind": line.kind, "name": str(line.name), "role": line.role, "row": line.row,
        "required": line.required, "asked_by": list(line.askers), "why": _why(line.why), "choices": list(line.choices),
        "tolerable": _limit(line.tolerable), "sensitive": line.sensitive, "failed": line.failed,
        "number": line.number,
        "help": _text(line.help), "blank": line.blank, "sample": line.sample,
        "spec": _set({
            "file_types": list(spec.file_types), "max_mb": spec.max_mb, "copies": spec.copies,
            "original": spec.original, "seals": list(spec.seals), "signers": list(spec.signers),
            "max_age": str(spec.max_age) if spec.max_age else None, "note": _text(spec.note),
        }),
    })


def _removed(line: RemovedMaterial) -> dict[str, Any]:
    source = _source(line.source) if line.source else None
    return _set({
        "key": line.key, "kind": line.kind, "name": str(line.name), "role": line.role, "row": line.row,
        "rule": line.rule, "asked_by": list(line.askers), "why": _why(line.why), "by": list(line.by),
        "signers": list(line.signers),
        "source": source,
        "candidates": [{"key": one.key, "kind": one.kind, "name": str(one.name), "source": _source(one.source)}
                       for one in line.candidates],
    })


def _relation(related: Relation | None) -> dict[str, Any] | None:
    return None if related is None else {"law": str(related.law), "registers": list(map(_source, related.registers))}


def _source(source: Source) -> dict[str, Any]:
    return _set({"kind": source.kind, "name": source.name, "holder": source.holder, "by": list(source.by)})


def _slot(slot: MaterialSlot) -> dict[str, Any]:
    return _set({
        "leg": slot.leg, "key": slot.key, "name": str(slot.name), "obtained": slot.obtained, "taken": slot.taken,
        "by": list(slot.by),
    })


def _edge(edge: PlannedEdge) -> dict[str, Any]:
    return _set({
        "leg": edge.leg, "after": list(edge.targets), "kind": edge.kind, "join": edge.join, "feeds": list(edge.feeds),
        "within": _limit(edge.within), "on": dict(edge.on), "need": edge.need.text if edge.need else None,
        "say": _text(edge.say),
    })
