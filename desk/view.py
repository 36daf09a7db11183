"""One case as a person sees it: every leg, its state, light, due date, next actor, timeline, asks and results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any

from cases import due, edges, fold, lights, outcome, urges, words
from cases.beyond import Beyond, beyond
from cases.calendar_days import WorkCalendar
from cases.documents import Document, documents
from cases.due import LegDue, Schedule
from cases.model import Ask, Case, Leg, LegState, Result
from cases.stalled import expected_end
from cases.states import FINAL, UNSENT
from catalog.dictionary import Field, Region
from catalog.model import Catalog
from connectors.matter_codes import codes_at
from desk.applicants.afterwards import can_withdraw
from desk.bodies import supervisor_of
from desk.known import Known, by_leg
from desk.premises import Premises
from forms.composite import PlannedPart
from forms.figures import figures_json
from forms.plan import Plan, PlannedLeg
from forms.shown.told import row_words, value_words
from store.files import FileRow

MASK = "＊＊"
BY_AGENT = f"{urges.APPLICANT}:"  # the applicant, by an agent under a mandate
PROJECT = "project_name"
_ONLY_BYTES = frozenset({"leg.created", "leg.sending", "leg.sent", "leg.again"})


def view(known: Known, premises: Premises, files: Mapping[str, FileRow], now: datetime,
         definitions: Catalog | None) -> dict[str, Any]:
    """The case as `GET /api/cases/{reference}` shows it, values by the names that its `definitions` have for them;
    without those it is masked and leaves out what only the owner may see.

    `plan` is the stored plan itself, for pictures; the JSON API leaves it out.
    """
    case, calendar, masked = known.case, premises.calendar, definitions is None
    schedule = due.schedule(case, calendar, now)
    state, still = outcome.case_state(case), _standing_still(case, schedule)
    planned = by_leg(case)
    return {
        "reference": case.reference, "bundle": case.plan.bundle, "bundle_name": case.plan.bundle_name,
        "edition": case.plan.edition, "state": state.value, "state_name": words.CASE_NAMES[state],
        "filed_at": case.filed_at.isoformat(), "masked": masked,
        "expected": {**_expected(schedule), "earliest": bool(still)},
        "promised": _text(case.plan.promised), "critical": list(case.plan.critical),
        "edges": [{"leg": e.leg, "targets": list(e.targets), "kind": e.kind, "feeds": list(e.feeds)}
                  for e in case.plan.edges],
        "legs": [{**leg_view(case, planned[number], schedule.legs[number], (now, calendar), definitions),
                  **_with_office(known, number, premises), "earliest": number in still} for number in case.legs],
        "materials": [] if masked else _materials(known, files),
        "removed": [] if masked else [{"key": line.key, "name": line.name, "rule": line.rule, "text": line.why.text}
                                      for line in case.plan.removed_materials],
        "figures": {name: one for name, one in figures_json(case.plan).items() if not masked or name != "situation"},
        "plan": case.plan, "composite": composite_view(known, calendar.date_of(now), definitions),
        "on_behalf": None, "counter": _at_counter(known.row.body, files),
    }


def _at_counter(body: Mapping[str, Any], files: Mapping[str, FileRow]) -> dict[str, Any] | None:
    """At which counter a clerk filed it, with what was signed there; None where it was filed online."""
    if (said := body.get("counter")) is None:
        return None
    return {"name": said["counter"], "scans": [{"file": file, "name": files[file].name} for names in
            said["scans"].values() for file in names if file in files]}


def _standing_still(case: Case, schedule: Schedule) -> frozenset[str]:
    """The open legs whose clock stands, and all that wait for one of them: what is dated of them is the earliest day,
    as if every clock went on now, and each day that one stands is added to it."""
    still = {number for number, leg in schedule.legs.items() if leg.paused and not edges.over(case.legs[number])}
    while more := {number for number, leg in schedule.legs.items() if not still.isdisjoint(leg.waits_for)} - still:
        still |= more
    return frozenset(still)


def _text(value: object | None) -> str | None:
    return None if value is None else str(value)


def _stamp(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _expected(schedule: Schedule) -> dict[str, Any]:
    expected = schedule.expected
    return {"due": _stamp(expected.due), "provisional": expected.provisional, "why": expected.why,
            "chain": list(expected.chain)}


def about(plan: Plan, answers: Mapping[str, Any]) -> str:
    """Whom or what an application is about: the project where there is one, and the name of the plan's first person."""
    shown = [PROJECT, *(role.shown for role in plan.people[:1] if role.shown)]
    return " · ".join(str(answers[code]) for code in shown if isinstance(answers.get(code), str) and answers[code])


def contact(plan: Plan, answers: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Who filed an application, as its form names them, and the numbers to call."""
    numbers = [str(answers[line.code]) for line in plan.fields if line.type == "phone" and answers.get(line.code)]
    return about(plan, answers), numbers


def expected_at_filing(case: Case, calendar: WorkCalendar) -> dict[str, Any]:
    """When the case was expected to end as it was filed: what the receipt says for ever."""
    fresh = fold.begin(case.reference, case.plan, case.filed_at)
    return _expected(due.schedule(fresh, calendar, case.filed_at))


def leg_view(case: Case, planned: PlannedLeg, leg_due: LegDue, clock: tuple[datetime, WorkCalendar],
             definitions: Catalog | None) -> dict[str, Any]:
    """One leg of the view; masked without definitions."""
    leg, now, masked = case.legs[planned.leg], clock[0], definitions is None
    tells = not masked or planned.instance == planned.region
    actor = outcome.next_actor(case, planned.leg)
    light = lights.light(leg, planned, leg_due, now)
    stalled = urges.is_stalled(case, planned.leg, *clock)
    return {
        "leg": planned.leg, "id": f"{case.reference}-{planned.leg}", "matter": planned.matter,
        "name": planned.name,
        "variant": planned.variant,
        "instance": planned.instance if tells else None,
        "instance_name": planned.instance_name if tells else words.of_row(case.plan, planned),
        "department_name": words.handler(leg, planned), "transferred_from": _from(leg),
        "state": leg.state.value, "state_name": words.state_name(leg.state, planned),
        "light": light.colour, "light_name": light.words,
        "due_at": _stamp(leg_due.due), "provisional": leg_due.provisional,
        "paused": leg_due.paused is not None,
        "next_actor": actor.kind, "next_actor_name": str(actor.name),
        "wait_until": _stamp(leg_due.wait_until) if leg_due.wait_until and leg_due.wait_until > now else None,
        "waits_for": list(leg_due.waits_for), "why": _why(case, planned, leg_due, masked=masked),
        "start": planned.start, "finish": planned.finish, "critical": planned.critical,
        "limits": {"promised": _text(planned.promised), "statutory": _text(planned.statutory)},
        "reviewable": words.is_reviewable(planned),
        "must_have": planned.must_have, "decided_early": leg.decided_early, "ref": None if masked else leg.ref,
        "reason": None if masked else leg.reason, "forwarded_to": leg.forwarded_to, "step": leg.step,
        "milestones": [str(stone) for stone in planned.milestones], "urges": leg.rounds.get("urge", 0),
        "timeline": timeline(leg, planned, masked=masked),
        "asks": [{**_ask(ask, masked=masked), "brought": {} if masked else _brought(leg, ask)} for ask in leg.asks],
        "results": [_result(result, planned, definitions) for result in leg.results],
        "extension": _extension(leg, masked=masked),
        "documents": [_document(one, masked=masked) for one in documents(leg, planned)],
        "fees": [] if masked else [dict(fee) for fee in leg.fees],
        "beyond": [] if masked else [_beside(one) for one in beyond(leg, clock[1])],
        "remarks": [] if masked else list(leg.remarks),
        "can_withdraw": not masked and can_withdraw(leg.state, leg.withdrawing), "withdrawing": leg.withdrawing,
        "delivery": None if masked else _delivery(leg), "stalled": stalled, "expected_end": expected_end(leg, clock[1]),
        "can_urge": (light.colour == "red" or stalled) and not masked
        and not urges.urged_by(leg, urges.APPLICANT, *clock),
    }


def _from(leg: Leg) -> str | None:
    """The office that had a leg before it went to the one that has it, by its name then."""
    came = words.last_transfer(leg)
    return None if came is None or leg.state in UNSENT else str(came.data["from_name"])


def _with_office(known: Known, number: str, premises: Premises) -> dict[str, Any]:
    """Which office has a leg, what its matter is called there in the country's lists, and who supervises what a body
    of several departments decides; one that fetches, or whose officers open it, is waited for from the moment it
    may."""
    leg, office, planned = known.case.legs[number], known.legs[number].office, by_leg(known.case)[number]
    body = premises.deployment.bodies.get(office)
    found = {"department": office, "code": planned.code, **codes_at(body, planned.matter, planned.code).as_json(),
             "supervised_by": supervisor_of(planned, office, premises.deployment, premises.catalog)}
    if body is None or body.channel == "push" or leg.state is not LegState.QUEUED:
        return found
    return {**found, "state_name": words.TO_BE_OPENED, "next_actor": "department",
            "next_actor_name": words.handler(leg, planned)}


def _why(case: Case, planned: PlannedLeg, leg_due: LegDue, *, masked: bool) -> str:
    """Why a leg does not move by itself, for people; empty when its department is at work."""
    if leg_due.waits_for:
        return f"等待{_awaited(case, planned, leg_due.waits_for, masked=masked)}的结果"
    return f"计时暂停：{leg_due.paused}" if leg_due.paused else ""


def _awaited(case: Case, planned: PlannedLeg, numbers: Iterable[str], *, masked: bool) -> str:
    """The legs that one waits for: those of its own row by their matter, another row's by which row it is, and several
    rows of one matter by how many."""
    found: dict[str, list[PlannedLeg]] = {}
    for other in (edges.planned(case, number) for number in numbers):
        found.setdefault(str(other.name), []).append(other)
    return "、".join(_one_or_many(name, legs, planned, case.plan, masked=masked) for name, legs in found.items())


def _one_or_many(name: str, legs: list[PlannedLeg], planned: PlannedLeg, plan: Plan, *, masked: bool) -> str:
    if len(legs) > 1:
        return f"“{name}”（{len(legs)} 件）"
    other = legs[0]
    if other.instance is None or (other.each, other.row) == (planned.each, planned.row):
        return f"“{name}”"
    if masked:
        return f"“{words.public_name(plan, other)}”"
    told = dict.fromkeys(one for one in (other.instance_name, other.instance) if one and one != other.region)
    return f"“{name}（{' '.join(told) or other.instance_name or other.instance}）”"


def timeline(leg: Leg, planned: PlannedLeg, *, masked: bool) -> list[dict[str, Any]]:
    """What happened to a leg, oldest first, in Chinese; what only moves bytes is left out."""
    lines = []
    for event in fold.story(leg):
        if event.type not in _ONLY_BYTES:
            shown = words.event_name(event, planned) if masked else words.line(event, planned)
            lines.append({"at": event.at.isoformat(), "type": event.type, "text": shown,
                          "by": event.by.partition(":")[0], "filled": event.filled,
                          "on_behalf": event.by.startswith(BY_AGENT)})
    return lines


def _ask(ask: Ask, *, masked: bool) -> dict[str, Any]:
    return {
        "id": ask.id, "reason": MASK if masked else ask.reason, "asked_at": ask.asked_at.isoformat(),
        "until": ask.until,
        "materials": [_asked(entry, "material", masked=masked) for entry in ask.materials],
        "fields": [_asked(entry, "field", masked=masked) for entry in ask.fields],
        "answered_at": _stamp(ask.answered_at), "lapsed": ask.lapsed,
        "dropped": ask.dropped, "by": ask.by, "open": ask.open,
        "deferred": ask.deferred, "overdue": ask.overdue and ask.open,
    }


def _beside(one: Beyond) -> dict[str, Any]:
    """Something that was asked beside what is published, with the list's own words; `ask` where it is in a request."""
    return {"kind": one.kind, "at": one.event.at.isoformat(), "ask": one.event.data.get("ask"), "text": one.text,
            "listed": list(one.listed)}


def _brought(leg: Leg, ask: Ask) -> dict[str, list[str]]:
    """The files that were brought for an ask, by paper; nothing of what was asked before under the same id."""
    said = (event.data.get("materials", {}) for event in reversed(leg.history)
            if event.type == "leg.supplemented" and event.data.get("ask") == ask.id and event.at >= ask.asked_at)
    return {str(key): list(names) for key, names in next(said, {}).items()}


def _asked(entry: Mapping[str, Any], key: str, *, masked: bool) -> dict[str, Any]:
    return {key: entry[key], "name": entry.get("name") or entry[key], "note": None if masked else entry.get("note")}


def _result(result: Result, planned: PlannedLeg, definitions: Catalog | None) -> dict[str, Any]:
    masked, full = definitions is None, {code.rpartition(".")[2]: code for code in planned.gives.fields}
    return {
        "material": result.material, "name": result.name, "number": MASK if masked else result.number,
        "valid_from": None if masked else result.valid_from, "valid_to": None if masked else result.valid_to,
        "void": result.void,
        "files": [] if masked else _files(result.files),
        "fields": [] if definitions is None else [
            _given(definitions.fields[code], value, definitions.regions)
            for name, value in result.fields.items() if (code := full.get(name, name)) in definitions.fields],
    }


def _files(files: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{"file": file.get("file"), "name": file.get("name")} for file in files]


def _delivery(leg: Leg) -> dict[str, Any] | None:
    """How the results were handed over, and where to ask for what was sent; None before."""
    told = next((event for event in reversed(leg.history) if event.type == "leg.delivered"), None)
    if told is None or leg.state is not LegState.DELIVERED:
        return None
    return {"at": told.at.isoformat(), **{name: told.data.get(name) for name in ("mode", "carrier", "tracking")}}


def _extension(leg: Leg, *, masked: bool) -> dict[str, Any] | None:
    """Why the leg's limit was extended, and until which day as it was told."""
    one = leg.extension
    return None if one is None else {
        "until": one.until, "limit": str(one.limit), "reason": MASK if masked else one.reason, "basis": one.basis,
        "approved_by": MASK if masked else one.approved_by}


def _document(one: Document, *, masked: bool) -> dict[str, Any]:
    return {"type": one.type, "at": one.at.isoformat(), "name": one.name,
            "number": MASK if masked else one.number, "files": [] if masked else _files(one.files)}


def _given(field: Field, value: Any, regions: Mapping[str, Region]) -> dict[str, Any]:
    """What a department gave beside a paper, in words; of rows a table, without any row where it found nothing."""
    found = {"code": field.code, "name": field.name}
    if field.type != "rows" or not isinstance(value, list):
        return {**found, "text": value_words(field, value, regions), "columns": [], "rows": []}
    columns, rows = row_words(field, value, regions)
    return {**found, "text": "" if rows else "没有", "columns": columns, "rows": rows}


def composite_view(known: Known, today: date, definitions: Catalog | None) -> dict[str, Any] | None:
    """The certificate over several results as it stands on the city's day: each part with its own validity, and whether
    what it needs is there; `shown` is what a report repeats of the form. None where the case has none."""
    case, one = known.case, known.case.plan.composite
    if one is None:
        return None
    parts = [_part(part, case.legs[part.leg], today, masked=definitions is None) for part in one.parts]
    lines, form = {line.code: line for line in case.plan.fields}, known.row.body["form"]
    shown = [] if definitions is None else [
        {"code": code, "name": lines[code].name, "text": value_words(lines[code], form[code], definitions.regions)}
        for code in one.shows if code in lines and form.get(code) not in (None, "", [])]
    return {"id": one.id, "name": one.name, "kind": one.kind, "issued_by": one.issued_by, "parts": parts,
            "stands": all(part["state"] == "held" for part in parts if part["needed"]), "shown": shown}


def _part(part: PlannedPart, leg: Leg, today: date, *, masked: bool) -> dict[str, Any]:
    found = next((result for result in leg.results if result.material == part.material), None)
    state = "gone" if leg.state in FINAL and found is None else "awaited"
    if found is not None:
        late = found.valid_to is not None and found.valid_to[:10] < today.isoformat()
        state = "void" if found.void else "expired" if late else "held"
    return {"material": part.material, "name": part.name, "leg": part.leg, "needed": part.needed, "state": state,
            "number": None if found is None else MASK if masked else found.number,
            "valid_to": found.valid_to if found is not None and not masked else None}


def _materials(known: Known, files: Mapping[str, FileRow]) -> list[dict[str, Any]]:
    kept = known.row.body["materials"]
    return [
        {"key": line.key, "name": line.name,
         "files": [{"file": name, "name": files[name].name, "size": files[name].size}
                   for name in kept.get(line.key, ()) if name in files]}
        for line in known.case.plan.materials
    ]


def summary(known: Known, calendar: WorkCalendar, now: datetime) -> dict[str, Any]:
    """One line of a person's list of cases."""
    state = outcome.case_state(known.case)
    schedule = due.schedule(known.case, calendar, now)
    expected = schedule.expected
    return {
        "reference": known.row.reference, "bundle": known.case.plan.bundle,
        "bundle_name": known.case.plan.bundle_name, "state": state.value,
        "state_name": words.CASE_NAMES[state], "filed_at": known.case.filed_at.isoformat(),
        "due": _stamp(expected.due), "provisional": expected.provisional,
        "earliest": bool(_standing_still(known.case, schedule)),
        "legs": len(known.case.legs), "over": sum(map(edges.over, known.case.legs.values())),
    }
