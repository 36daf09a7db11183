"""API: filing a case, reading it, answering an ask, withdrawing; and tracking without login."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial

from flask import Response, request

from desk.applicants.afterwards import Supply, Withdrawal
from desk.errors import UnknownCase
from desk.reference import clean_reference
from desk.values import Filing
from people.guesses import TRACK, network_of
from web.answers import live, shown
from web.api.catalog import api
from web.api.drafts import draft_json
from web.api.operations import AFTER, AGAIN, KEY, Argument, Operation, operation
from web.api.schemas import CaseBody, SupplementBody, TrackBody, WithdrawBody
from web.api.views import case_json, receipt_json
from web.identity import subject
from web.inputs import body, idempotency_key, only_args
from web.packed import packed
from web.wiring import house


@api.post("/cases")
@operation(Operation(
    "File one application", {201: "the receipt: reference, query code, edition, legs"}, body=CaseBody, arguments=(KEY,),
    refuses=(400, 403, 404, 409, 413, 415, 422, 503), returns="Receipt",
    more="201 only when the case, its legs, its files and the first audit entry are durable, in one transaction. The "
    "same key and content: the same answer, for as long as the case exists. Other content: 422 `idempotency_mismatch`. "
    "Another edition than shown: 409 `edition_changed`. For somebody else, with `on_behalf_of`, only under a mandate "
    "that covers it (else 403 `no_mandate`): the case is theirs, the receipt has a query code of the agent's own."))
def file_case() -> Response:
    """File a case."""
    only_args()
    key = idempotency_key()
    sent = body(CaseBody)
    materials = {name: tuple(files or ()) for name, files in sent.pop("materials", {}).items()}
    receipt = house().desk.intake.file(subject(), Filing(materials=materials, **sent), key, house().clock.now())
    return shown(receipt_json(receipt), 201, {"Location": f"/api/cases/{receipt.reference}"})


@api.get("/cases")
@operation(Operation("List the caller's cases", {200: "a page of the cases, newest first"}, arguments=(AFTER,),
                     refuses=(400,), returns="Cases"))
def cases() -> Response:
    """Cases of the caller."""
    only_args("after")
    found, then = house().desk.cases_of(subject(), house().clock.now(), request.args.get("after"))
    return live({"cases": found, "next": then})


@api.get("/cases/<reference>")
@operation(Operation(
    "Read a case", {200: "every leg, its state, light, due date, next actor, timeline, materials, results",
                    304: "unchanged since the ETag in If-None-Match"}, refuses=(404,), returns="Case"))
def read_case(reference: str) -> Response:
    """One case of the caller; a poller sends the ETag back."""
    only_args()
    return live(case_json(house().desk.case_view(subject(), reference, house().clock.now())))


@api.post("/cases/<reference>/draft")
@operation(Operation(
    "Begin a draft from a case", {201: "the draft with its plan: the answers of the case, and copies of its papers"},
    refuses=(403, 404, 409), returns="Draft",
    more="For whoever was refused, or files the same again. It is composed and checked by the definitions in force; "
    "nobody has consented to it. Of a case filed for somebody else only under a mandate that still covers it. Papers "
    "that could not be copied (not scanned yet, infected, more than one person may keep) are `missing`."))
def draft_of_case(reference: str) -> Response:
    """Begin a draft with what a case says."""
    only_args()
    made = house().desk.anew.begin(subject(), reference, house().clock.now()).draft
    return shown(draft_json(made), 201, {"Location": f"/api/drafts/{made.id}"})


@api.get("/cases/<reference>/results")
@operation(Operation(
    "Fetch every result of a case", {200: "one ZIP, as an attachment: a folder for each leg with its files"},
    refuses=(404, 409, 503), more="What was revoked is left out; what waits for the virus scanner, or in which it "
    "found something, too, and a text among the files says so (409 where nothing else is there). None yet: 404 "
    "`unknown_file`. It counts as one download."))
def results(reference: str) -> Response:
    """Every result of one of the caller's cases."""
    only_args()
    person, at_desk, now = subject(), house().desk, house().clock.now()
    view = at_desk.case_view(person, reference, now)
    return packed(view, partial(at_desk.open_file, person, now=now), now.astimezone(house().settings.zone))


@api.post("/track")
@operation(Operation(
    "Read a case by its two codes, masked, without login", {200: "the case, masked"}, body=TrackBody,
    refuses=(400, 404, 413, 415, 422, 429), returns="Case",
    more="From one network at most 5 wrong codes for a reference in 15 minutes; where its code was not known lately "
    "also 200 for any in an hour, and from all such networks 100 for a reference in an hour. Unknown reference and "
    "wrong code are answered alike. Never put the codes into a URL's query."))
def track() -> Response:
    """Track by reference and code."""
    only_args()
    sent = body(TrackBody)
    return live(case_json(tracked(sent["reference"], sent["code"])))


def tracked(reference: str, code: str) -> dict[str, object]:
    """The masked case of a receipt's two codes, with wrong guesses counted; for the API and the tracking page."""
    now, guesses = house().clock.now(), house().guesses
    network = network_of(request.remote_addr or "")
    clean = clean_reference(reference)
    guesses.guess_at(TRACK, clean, network, now)
    if clean is None:
        raise UnknownCase
    found = house().desk.track(clean, code, now)
    guesses.known_at(TRACK, clean, network, now)
    return found


@api.post("/cases/<reference>/supplement")
@operation(Operation("Answer a department's request for more", {200: "the case"}, body=SupplementBody, arguments=(KEY,),
                     refuses=(400, 403, 404, 409, 413, 415, 422, 503), returns="Case", more=AGAIN))
def supplement(reference: str) -> Response:
    """Answer an ask."""
    only_args()
    key = idempotency_key()
    sent = body(SupplementBody)
    materials = {name: tuple(files or ()) for name, files in sent.get("materials", {}).items()}
    supply = Supply(leg=sent["leg"], ask=sent["ask"], fields=sent.get("supplied", {}), materials=materials)
    house().desk.afterwards.supplement(subject(), reference, supply, key, house().clock.now())
    return shown(case_json(house().desk.case_after(subject(), reference, house().clock.now())))


@api.get("/cases/<reference>/withdraw")
@operation(Operation(
    "See what withdrawing would lead to", {200: "every leg on which it has an effect, in the order of the plan"},
    arguments=(Argument("legs", "query", {"type": "string"},
                        "numbers or ids of legs, with commas between; left out: all that can be withdrawn"),),
    refuses=(400, 403, 404, 409), returns="Foreseen",
    more="Nothing is done. The same follows when the consent is taken back, as for all legs."))
def foresee_withdrawal(reference: str) -> Response:
    """What withdrawing would lead to."""
    only_args("legs")
    named = request.args.get("legs")
    legs = None if named is None else [leg for leg in named.split(",") if leg]
    effects = house().desk.afterwards.withdrawal(subject(), reference, legs, house().clock.now())
    return shown({"effects": [{**asdict(one), "id": f"{reference}-{one.leg}"} for one in effects]})


@api.post("/cases/<reference>/withdraw")
@operation(Operation("Withdraw legs or the whole case", {200: "the case"}, body=WithdrawBody, arguments=(KEY,),
                     refuses=(400, 403, 404, 409, 413, 415, 422, 503), returns="Case", more=AGAIN))
def withdraw(reference: str) -> Response:
    """Withdraw."""
    only_args()
    key = idempotency_key()
    sent = body(WithdrawBody)
    legs = None if sent["legs"] is None else tuple(sent["legs"])
    house().desk.afterwards.withdraw(subject(), reference, Withdrawal(legs, sent["reason"]), key, house().clock.now())
    return shown(case_json(house().desk.case_after(subject(), reference, house().clock.now())))
