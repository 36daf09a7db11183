"""The body of a message to a department (contract 3.1): only what the matter declares, under the department's names.

Derived from the stored plan, the filed answers and the results so far; frozen by the store at the first attempt.
"""

from __future__ import annotations

import json
from collections.abc import Container, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import orjson

from cases.feeds import given_for, kind_of
from cases.model import Case, Event, Leg, Result
from connectors.matter_codes import NO_CODES, MatterCodes
from desk.hearing.asking import in_their_words
from desk.parties.statements import part_of
from forms.papers.planned import MaterialSlot
from forms.plan import Plan, PlannedLeg
from forms.split import applicant_part, leg_fields, with_results
from store.files import FileRow

MAPPING_VERSION = "1"
_CARRY_NO_PAPER = frozenset({"form", "replaced"})
# How a slot is obtained: by what flows to it, by what the applicant brings, and which of these may still come.
_FLOW, _BROUGHT = frozenset({"result", "later"}), frozenset({"upload", "later", "result"})
_AWAITED: frozenset[str] = frozenset({"result", "upload"})
_FOLLOWS: Mapping[str, Any] = {"obtained": "later"}


@dataclass(frozen=True)
class Dossier:
    """All that is known of one case when a message is written.

    `body` is what was filed (`form`, `materials` key → file ids, `lookups` key → document, `consent`); `files` the
    stored files by id; `spoiled` the files of results in which a scanner found something.
    """

    case: Case
    body: Mapping[str, Any]
    files: Mapping[str, FileRow]
    spoiled: frozenset[str] = frozenset()

    @cached_property
    def said(self) -> dict[str, dict[Hashable, dict[str, Any]]]:
        """What was said of papers so far, by where the addresses of files begin: several legs ask the same ones."""
        return {}

    @cached_property
    def answers(self) -> Mapping[str, Any]:
        """The filed answers, with what earlier legs gave and what supplements put right since; every message of the
        case reads them. What the applicant says in place of a leg that gives it counts while no leg does."""
        plan, known = self.case.plan, dict(self.body["form"])
        answered = {number: events for number, leg in self.case.legs.items() if (events := answers_of(leg))}
        in_place, on_form = ({one.code for line in lines for one in (line, *getattr(line, "inner", ()))}
                             if answered else set[str]() for lines in (plan.removed_fields, plan.fields))
        for number, events in answered.items():
            known = with_results(plan, known, number, _about(events, in_place))
        for number, leg in self.case.legs.items():
            for result in leg.results:
                known = known if result.void else with_results(plan, known, number, result.fields)
            if number in answered:
                known = with_results(plan, known, number, _about(answered[number], on_form))
        return known


def _about(events: Iterable[Event], codes: Container[str]) -> dict[str, Any]:
    """What answers to asks say of these fields; the last one counts."""
    return {code: value for event in events for code, value in event.data.get("fields", {}).items() if code in codes}


@dataclass(frozen=True, slots=True)
class Addressee:
    """Where the answers to a message go: the notices URL and the base of the file URLs of one office.

    `gives` tells the department what a grant is expected to bring, by our codes with their names; `codes` what its
    matter is called in the country's lists at this office.
    """

    notices: str
    files: str
    read_code: str
    gives: Mapping[str, Any] = field(default_factory=dict)
    codes: MatterCodes = NO_CODES


def encode(type_: str, at: datetime, data: Mapping[str, Any]) -> bytes:
    """The envelope of contract 3.1 as bytes."""
    return _written({"type": type_, "timestamp": at.isoformat(), "data": data})


def _written(said: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(said, option=orjson.OPT_PASSTHROUGH_DATETIME)
    except TypeError:  # a number of more than 64 bits; what cannot be written at all is refused here as well
        return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def head(case: Case, leg: PlannedLeg) -> dict[str, Any]:
    """What every message carries: which leg of which case."""
    return {"leg": f"{case.reference}-{leg.leg}", "reference": case.reference, "instance": leg.instance}


def filed(dossier: Dossier, leg: PlannedLeg, due: datetime | None, to: Addressee) -> dict[str, Any]:
    """The data of `leg.filed`: everything the department needs to begin, with the day it is due as we count it now."""
    plan, known = dossier.case.plan, dossier.answers
    said, people = _said(plan, leg), applicant_part(plan, leg.leg, known)
    return {
        **head(dossier.case, leg),
        "bundle": said["bundle"],
        "matter": {**said["matter"], **to.codes.as_json()},
        "channel": "counter" if "counter" in dossier.body else "online",
        "applicant": people,
        **_agreed(dossier, leg, people),
        "fields": leg_fields(plan, leg.leg, known),
        "materials": materials(dossier, leg, to),
        "limits": {**said["limits"], "due": due.isoformat() if due else None},
        "gives": to.gives,
        "notices": to.notices,
        "read_code": to.read_code,
    }


def _agreed(dossier: Dossier, leg: PlannedLeg, people: Container[str]) -> dict[str, Any]:
    """Who agreed to the case before it was filed, of those about whom this leg is told; nothing where nobody had to."""
    said, plan = dossier.body.get("agreements", ()), dossier.case.plan
    if not said:
        return {}
    taken = {slot.taken for slot in plan.parts[leg.leg].slots}
    told = {asked.role for asked in plan.agreements
            if asked.role in people or not taken.isdisjoint(part_of(plan, asked).papers)}
    found = [one for one in said if one["role"] in told]
    return {"agreements": found} if found else {}


def _said(plan: Plan, leg: PlannedLeg) -> Mapping[str, Mapping[str, Any]]:
    """What the plan alone says of a leg in its filing; worked out once."""
    made: Mapping[str, Mapping[str, Any]] | None = plan.parts[leg.leg].made.get("said")
    if made is None:
        made = plan.parts[leg.leg].made["said"] = {
            "bundle": {"id": plan.bundle, "name": plan.bundle_name, "edition": plan.edition},
            "matter": {"id": leg.matter, "code": leg.code, "name": leg.name, "variant": leg.variant},
            "limits": {"promised": _text(leg.promised), "statutory": _text(leg.statutory), "wait": _text(leg.wait)},
        }
    return made


def _text(limit: object | None) -> str | None:
    return None if limit is None else str(limit)


def brought_later(leg: Leg) -> dict[str, list[str]]:
    """The papers with which the applicant answered asks of a leg, by material."""
    return {kind: list(files) for event in answers_of(leg) for kind, files in event.data.get("materials", {}).items()}


def answers_of(*legs: Leg) -> list[Event]:
    """What the applicant answered to the asks of these legs, in order of arrival for each."""
    return [event for leg in legs for event in leg.history if event.type == "leg.supplemented"]


def materials(dossier: Dossier, leg: PlannedLeg, to: Addressee) -> list[dict[str, Any]]:
    """One entry for each paper the matter asks, with its files or its document."""
    return _entries(dossier, leg.leg, _sheet(dossier.case.plan, leg.leg), to)


@dataclass(frozen=True, slots=True)
class _Line:
    """A paper that a leg asks: its slot, the key of what fills it, and what is said of it whatever that is; `same` is
    equal for lines of which the same is said to every leg. `pledge` is what is said of the statement in its place."""

    slot: MaterialSlot
    key: str
    blank: Mapping[str, Any]
    same: Hashable
    pledge: Mapping[str, Any]


def _sheet(plan: Plan, leg: str) -> Sequence[_Line]:
    """The papers that a leg asks; worked out once."""
    part = plan.parts[leg]
    made: Sequence[_Line] | None = part.made.get("sheet")
    if made is None:
        made = part.made["sheet"] = tuple(
            _line(plan, slot) for slot in part.slots if slot.obtained not in _CARRY_NO_PAPER)
    return made


def _line(plan: Plan, slot: MaterialSlot) -> _Line:
    key = slot.taken or slot.key
    same = (key, slot.key, slot.name, slot.obtained, slot.by, slot.leg if slot.obtained == "pledge" else "")
    return _Line(slot, key, {
        "material": kind_of(key), "role": key.partition("#")[0].partition("@")[2] or None,
        "stands_for": kind_of(slot.key) if key != slot.key else None, "name": slot.name, "obtained": slot.obtained,
        "files": ()}, same, _pledge(plan, slot) if slot.obtained == "pledge" else {})


def _pledge(plan: Plan, slot: MaterialSlot) -> Mapping[str, Any]:
    """The form that is signed in place of a paper, and by whom. An ask for any of several papers may stand under the
    paper that settles it: there the form tells which it is."""
    signed = [line for line in plan.removed_materials
              if line.rule == "pledge" and line.by == slot.by and slot.leg in line.askers]
    removed = next((line for line in signed if line.key == slot.key), signed[0] if signed else None)
    return {"form": removed.by[0] if removed and removed.by else None,
            "signers": list(removed.signers) if removed else []}


def _entries(dossier: Dossier, leg: str, sheet: Iterable[_Line], to: Addressee) -> list[dict[str, Any]]:
    later = brought_later(dossier.case.legs[leg])
    if later:
        return [_entry(dossier, line, later, to) for line in sheet]
    said = dossier.said.setdefault(to.files, {})
    return [said.get(line.same) or said.setdefault(line.same, _entry(dossier, line, {}, to)) for line in sheet]


def _entry(dossier: Dossier, line: _Line, later: Mapping[str, Sequence[str]], to: Addressee) -> dict[str, Any]:
    return {**line.blank, **_filled(dossier, line, later, to)}


def _filled(dossier: Dossier, line: _Line, later: Mapping[str, Sequence[str]], to: Addressee) -> Mapping[str, Any]:
    """What fills a paper now: results that arrived, uploads, a looked-up document, a pledge; else it follows later."""
    obtained = line.slot.obtained
    if obtained in _FLOW and (results := _results(dossier.case, line.slot)):
        given = [(str(file["file"]), file_entry(file, to)) for result in results for file in result.files]
        return {"obtained": "result", **_usable(given, dossier.spoiled),
                "documents": [_document(result) for result in results]}
    if obtained in _BROUGHT:
        files = later.get(line.key) or dossier.body["materials"].get(line.key, ())
        if files:
            return {"obtained": "upload", "files": [file_entry(_described(dossier.files[file]), to) for file in files]}
    if obtained in _AWAITED:
        until = _promised_until(dossier.case.legs[line.slot.leg], line.key)
        return {**_FOLLOWS, "until": until} if until else _FOLLOWS
    known = dossier.body.get("lookups", {})
    if document := known.get(line.key) or known.get(line.slot.key):  # cases filed earlier name the list, not its kind
        return {"documents": [document]}
    if obtained == "pledge":
        return {"documents": [{**line.pledge, "signed_at": dossier.case.filed_at.isoformat()}]}
    return {}


def _promised_until(leg: Leg, paper: str) -> str | None:
    """The day by which a paper was promised to follow (容缺); None for one that was not."""
    return next((ask.until for ask in leg.asks if ask.deferred and ask.open
                 and any(entry["material"] == paper for entry in ask.materials)), None)


def _results(case: Case, slot: MaterialSlot) -> list[Result]:
    return [result for giver in slot.by for result in given_for(case, giver, slot)]


def _document(result: Result) -> dict[str, Any]:
    return {"name": result.name, "number": result.number, "valid_from": result.valid_from, "valid_to": result.valid_to}


def _described(file: FileRow) -> dict[str, Any]:
    return {"file": file.file, "name": file.name, "type": file.type, "size": file.size, "sha256": file.sha256}


def file_entry(file: Mapping[str, Any], to: Addressee) -> dict[str, Any]:
    """A file as a department sees it: `url` answers only to that department's bearer token."""
    return {"name": file.get("name"), "type": file.get("type"), "size": file.get("size"),
            "sha256": file.get("sha256"), "url": f"{to.files}/{file['file']}"}


def _usable(files: Sequence[tuple[str, Mapping[str, Any]]], spoiled: Container[str]) -> dict[str, Any]:
    """Files of a paper by id as a department sees them; those in which something was found are named as `withheld`, so
    that it knows that they are missing, and of whom to ask them."""
    gone = [{**{name: said for name, said in entry.items() if name != "url"}, "why": "infected"}
            for file, entry in files if file in spoiled]
    return {"files": [entry for file, entry in files if file not in spoiled], **({"withheld": gone} if gone else {})}


def without(body: bytes, file: str) -> bytes:
    """A message that was written and has never left, with a department's file of its papers withheld."""
    if not names(body, [file]):
        return body
    said = json.loads(body)
    for paper in said["data"].get("materials", ()):
        listed = [(str(one["url"]).rpartition("/")[2], one) for one in paper.get("files", ())]
        known, fresh = paper.get("withheld", []), _usable(listed, {file})
        paper |= {**fresh, **({"withheld": known + fresh["withheld"]} if "withheld" in fresh else {})}
    return _written(said)


def supplemented(dossier: Dossier, leg: PlannedLeg, data: Mapping[str, Any], to: Addressee) -> dict[str, Any]:
    """The data of `leg.supplemented`: the answer to one ask, in the department's own words. Where a part of it could
    not be used and was asked again, it is told with what was brought for it first."""
    data = _whole_answer(dossier.case.legs[leg.leg], data)
    papers = [{"material": kind, "files": [file_entry(_described(dossier.files[file]), to) for file in files]}
              for kind, files in data.get("materials", {}).items()]
    return {**head(dossier.case, leg), "ask": data["ask"], "materials": papers,
            "round": _round(dossier, leg, data["ask"]),
            "fields": in_their_words(dossier.case.plan, leg.leg, data.get("fields", {}))}


def _whole_answer(leg: Leg, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """An answer with all that was said to its request since it was made, whatever was said last counting."""
    asked = [one for one in leg.asks if one.id == data["ask"]]
    if not asked[1:]:
        return data
    since = next((one.asked_at for one in reversed(asked) if one.by == "department"), asked[0].asked_at)
    said = [event.data for event in answers_of(leg) if event.data.get("ask") == data["ask"] and event.at >= since]
    return {**data, **{part: {key: value for one in (*said, data) for key, value in one.get(part, {}).items()}
                       for part in ("materials", "fields")}}


def names(body: bytes, files: Iterable[str]) -> bool:
    """Whether a message names one of these files."""
    return any(file.encode() in body for file in files)


def papers_of(case: Case, brought: Mapping[str, Sequence[str]], leg: str) -> dict[str, list[str]]:
    """The files that fill the papers of a leg now, by paper: what its filing would name. `brought` are those that came
    with the application."""
    later, found = brought_later(case.legs[leg]), dict[str, list[str]]()
    for line in _sheet(case.plan, leg):
        results = _results(case, line.slot) if line.slot.obtained in _FLOW else []
        if results:
            found[line.key] = [str(file["file"]) for result in results for file in result.files]
        elif line.slot.obtained in _BROUGHT:
            found[line.key] = list(later.get(line.key) or brought.get(line.key, ()))
    return found


def _round(dossier: Dossier, leg: PlannedLeg, ask: str) -> int | None:
    """Which of the department's requests about this leg is answered, the first being 1; None for one of ours."""
    asked = [one.id for one in dossier.case.legs[leg.leg].asks if one.by == "department"]
    return asked.index(ask) + 1 if ask in asked else None


def puts_right(body: bytes) -> bool:
    """Whether a message brings in the place of what an earlier one brought."""
    return b'"corrected":true' in body and json.loads(body)["data"].get("corrected") is True


def material_added(dossier: Dossier, leg: PlannedLeg, data: Mapping[str, Any], to: Addressee) -> dict[str, Any]:
    """The data of `leg.material_added`: results of the leg `from` that flow here, or papers brought in their place."""
    if "ask" in data:
        return supplemented(dossier, leg, data, to)
    part, asked = dossier.case.plan.parts[leg.leg], data.get("slots", ())
    lines = [_line(dossier.case.plan, slot) for slot in part.slots if slot.key in asked]
    given = {code: value for code, value in dossier.answers.items() if code in data.get("fields", {})}
    corrected = {"corrected": True} if data.get("corrected") else {}
    return {**head(dossier.case, leg), "from": data.get("from"), **corrected,
            "materials": _entries(dossier, leg.leg, lines, to),
            "fields": leg_fields(dossier.case.plan, leg.leg, given)}


def transferred(dossier: Dossier, leg: PlannedLeg, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of `leg.transferred`: the leg that the office knew as `ref` is another's now, and why."""
    return {**head(dossier.case, leg), **{name: data.get(name) for name in ("ref", "filed", "to", "to_name", "basis",
                                                                             "reason")}}


def plain(dossier: Dossier, leg: PlannedLeg, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data of `leg.withdrawn`, `leg.urged`, `leg.material_overdue` and `leg.converted`: who, what and why."""
    state: Leg | None = dossier.case.legs.get(leg.leg)
    return {**head(dossier.case, leg), "ref": state.ref if state else None, **data}
