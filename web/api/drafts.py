"""API: files and drafts of the caller: save and resume; partial content is fine, problems are listed."""

from __future__ import annotations

from typing import Any

from flask import Response

from desk.applicants.consents import given
from desk.values import Draft, DraftLine, FileInfo, Reviewed
from forms.shown.public import plan_json
from people.identity import Identity
from web.answers import live, shown
from web.api.catalog import api
from web.api.operations import Operation, operation
from web.api.schemas import DraftBody, DraftChanges, SubmitBody
from web.api.views import receipt_json
from web.identity import current, subject
from web.inputs import body, only_args
from web.uploads import download, keep_raw_body
from web.wiring import house


@api.post("/files")
@operation(Operation(
    "Keep a file", {201: "the file's id, name, type, and SHA-256 and size of what is kept: of a picture that is what is"
                         " left without its place, time, owner and device"}, raw=True,
    refuses=(400, 408, 409, 413, 415, 422, 503), returns="File",
    more="Raw body; `Content-Type` and the name in `Content-Disposition` must agree with the content. PDF, JPG, PNG, "
    "OFD and DWG; nothing empty, locked, active, damaged or infected. Too slow: 408. No free place: 503 with "
    "Retry-After. More than one person may have without filing it: 409."))
def keep_file() -> Response:
    """Keep a raw upload."""
    only_args()
    return shown(file_json(keep_raw_body(subject())), 201)


@api.get("/files/<file>")
@operation(Operation(
    "Fetch a file", {200: "the bytes, as an attachment"}, refuses=(404, 409, 503),
    more="An applicant: own uploads and results of own cases. A department's bearer token: files of its legs. No virus "
    "scanner has cleared it yet, or something was found in it: 409. Eight at once, no slower than 4 kB a second on the "
    "whole; more: 503 `too_many_downloads` with Retry-After."))
def read_file(file: str) -> Response:
    """Send a stored file to whom it concerns."""
    only_args()
    info, pieces = _open(current(), file)
    return download(info, pieces)


def _open(identity: Identity, file: str) -> Any:
    if identity.role == "officer":
        found = house().desk.open_department_file(identity.department or "", file)
        if identity.by == "session":  # a person looks; a department's program fetches what it was told of
            house().desk.sights.file(subject(), file, house().clock.now())
        return found
    return house().desk.open_file(subject(), file, house().clock.now())


@api.get("/drafts")
@operation(Operation("List the caller's unfiled drafts", {200: "the drafts, newest first"}, returns="Drafts"))
def drafts() -> Response:
    """All drafts of the caller."""
    only_args()
    found = house().desk.drafts.of_subject(subject(), house().clock.now())
    return shown({"drafts": [_draft_line(draft) for draft in found]})


@api.post("/drafts")
@operation(Operation("Begin a draft", {201: "the draft with its plan"}, body=DraftBody,
                     refuses=(400, 403, 404, 409, 413, 415, 422), returns="Draft"))
def open_draft() -> Response:
    """Begin a draft."""
    only_args()
    new = body(DraftBody)
    made = house().desk.drafts.open(subject(), new["bundle"], new.get("situation", {}), house().clock.now(),
                                    new.get("on_behalf_of"))
    return shown(draft_json(made), 201, {"Location": f"/api/drafts/{made.id}"})


@api.get("/drafts/<draft>")
@operation(Operation("Read a draft", {200: "the draft with its plan and what is still wrong"}, refuses=(403, 404),
                     returns="Draft"))
def read_draft(draft: str) -> Response:
    """One draft of the caller."""
    only_args()
    return live(draft_json(house().desk.drafts.read(subject(), draft, house().clock.now())))


@api.delete("/drafts/<draft>")
@operation(Operation("Delete a draft that was not filed", {204: "deleted"}, refuses=(404, 409)))
def drop_draft(draft: str) -> Response:
    """Delete one draft of the caller."""
    only_args()
    house().desk.drafts.drop(subject(), draft, house().clock.now())
    return Response(status=204)


@api.patch("/drafts/<draft>")
@operation(Operation("Save parts of a draft", {200: "the draft with its plan and what is still wrong"},
                     body=DraftChanges, refuses=(400, 403, 404, 409, 413, 415, 422), returns="Draft"))
def save_draft(draft: str) -> Response:
    """Lay changes over a draft."""
    only_args()
    return shown(draft_json(house().desk.drafts.save(subject(), draft, body(DraftChanges), house().clock.now())))


@api.post("/drafts/<draft>/submit")
@operation(Operation("File a draft", {201: "the receipt; a repetition gives the same one"}, body=SubmitBody,
                     refuses=(400, 403, 404, 409, 413, 415, 422, 503), returns="Receipt"))
def submit_draft(draft: str) -> Response:
    """File a draft once."""
    only_args()
    sent = body(SubmitBody)
    receipt = house().desk.submit_draft(subject(), draft, sent["consent"], house().clock.now(),
                                        Reviewed(edition=sent.get("edition")))
    return shown(receipt_json(receipt), 201, {"Location": f"/api/cases/{receipt.reference}"})


def file_json(info: FileInfo) -> dict[str, Any]:
    """A kept file."""
    return {"file": info.file, "sha256": info.sha256, "size": info.size, "name": info.name, "type": info.type}


def _draft_line(line: DraftLine) -> dict[str, Any]:
    return {"draft": line.id, "bundle": line.bundle, "bundle_name": line.bundle_name,
            "updated_at": line.updated_at.isoformat(), "missing": line.fields + line.papers, "errors": line.errors,
            "shut": line.shut, "closed": line.closed or None}


def draft_json(draft: Draft) -> dict[str, Any]:
    """A whole draft with its plan."""
    return {"draft": draft.id, "bundle": draft.bundle, "edition": draft.edition, "situation": draft.situation,
            "form": draft.form, "materials": draft.materials, "consent": given(draft.consent),
            "consented": draft.consented, "asks_consent_for": draft.scope.kept(),
            "updated_at": draft.updated_at.isoformat(), "errors": draft.errors, "missing": list(draft.missing),
            "aside": draft.aside, "filed_as": draft.filed_as, "on_behalf_of": draft.on_behalf_of,
            "plan": plan_json(draft.plan), "agreements": [party.line() for party in draft.parties]}
