"""What we send to departments (contract 3.1, the `webhooks` of the OpenAPI document) and what they tell us (3.4)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from desk.hearing.notice_schemas import DATA
from desk.staff.transfers import BASES

TYPES: Mapping[str, str] = {
    "leg.filed": "A new leg for this department.",
    "leg.supplemented": "The applicant answered what was asked for.",
    "leg.material_added": "A result of another leg, or a paper that was awaited, reached this leg.",
    "leg.material_overdue": "A paper that was to follow (容缺) did not come by its day. The leg goes on, the paper may "
                            "still come; what you decide without it is your word.",
    "leg.withdrawn": "Stop this leg: the applicant takes it back (answer by leg.withdraw_confirmed or _rejected), or a "
                     "rule ends it.",
    "leg.urged": "The applicant, a supervisor, or the portal itself once a leg is late, asks how far this leg is.",
    "leg.transferred": "The leg is another office's from now on: stop, and report nothing more. Answer 2xx although "
                       "you do not know the leg (404 or 410 counts as heard, too); a later leg.filed brings it back.",
    "leg.converted": "The leg was moved to another kind of procedure. Kept free in the contract: nothing sends it yet.",
}
TEXT = {"type": "string"}
MAYBE = {"type": ["string", "null"]}
AGREED = {"type": "array", "items": {"type": "object", "properties": {
    "role": TEXT, "name": TEXT, "agreed_at": TEXT,
    "digest": TEXT | {"description": "SHA-256 of what was shown and agreed to, which the portal keeps"},
    "agreement": TEXT | {"description": "its number"}}}}
FILE = {"type": "object", "required": ["name", "type", "size", "sha256", "url"],
        "properties": {"name": TEXT, "type": TEXT, "size": {"type": "integer"}, "sha256": TEXT,
                       "url": TEXT | {"description": "stable; answers only to this department's bearer token"}}}
MATERIAL = {"type": "object", "required": ["material", "name", "obtained", "files"], "properties": {
    "material": TEXT, "stands_for": MAYBE, "name": TEXT,
    "obtained": {"enum": ["upload", "library", "sharing", "result", "pledge", "premises", "later"]},
    "until": TEXT | {"description": "of a paper that was promised to follow (容缺): by which day; else left out"},
    "role": MAYBE | {"description": "whose paper, where several persons bring one"},
    "files": {"type": "array", "items": FILE},
    "withheld": {"type": "array", "description": "files of another leg's result in which a virus was found after they "
                 "were taken: nobody gets them; there is nothing here otherwise", "items": {
                     "type": "object", "properties": {
                         "name": TEXT, "type": TEXT, "size": {"type": "integer"}, "sha256": TEXT,
                         "why": {"enum": ["infected"]}}}},
    "documents": {"type": "array", "description": "what a register, a licence, a result, a pledge or a mandate says "
                  "beside or instead of a file", "items": {"type": "object", "properties": {
                      "source": TEXT | {"description": "the register or library that was asked; `mandate`"},
                      "version": TEXT, "name": TEXT | {"description": "of a result"}, "number": MAYBE, "issuer": TEXT,
                      "valid_from": MAYBE, "valid_to": MAYBE | {"description": "a day, or 长期"},
                      "form": MAYBE | {"description": "of a pledge: which text"}, "signers": {"type": "array"},
                      "signed_at": TEXT, "principal": TEXT | {"description": "of a mandate given online"},
                      "agent": TEXT, "given_at": TEXT,
                      "bundles": {"type": ["array", "null"], "items": TEXT, "description": "by name; null: all"},
                      "acts": {"type": "array", "items": TEXT, "description": "what the agent may do, in Chinese"},
                      "sample": {"type": "boolean", "description": "made up, for trying out"}}}}}}
HEAD: Mapping[str, Any] = {"leg": TEXT, "reference": TEXT, "instance": MAYBE}
MATERIALS = {"type": "array", "items": MATERIAL}
FIELDS = {"type": "object", "description": "the department's own names, code values, units and date forms"}
PERSON = {"type": "object", "properties": {"name": TEXT, "id": TEXT, "paper": TEXT | {
    "description": "the kind of paper that `id` is of; left out where the identity card alone is taken"}}}
GIVES = {"type": "object", "description": "what the portal expects with leg.granted", "properties": {
    "materials": {"type": "array", "items": {"type": "object", "properties": {"material": TEXT, "name": TEXT}}},
    "fields": {"type": "array", "items": {
        "type": "object", "properties": {
            "field": TEXT, "name": TEXT, "type": TEXT,
            "options": {"type": "array", "description": "of a choice: a value is the `code` of one of these",
                        "items": {"type": "object", "properties": {"code": TEXT, "name": TEXT}}},
            "papers": {"type": "array", "items": {"type": "object", "properties": {"code": TEXT, "name": TEXT}},
                       "description": "of a person's number: on which papers it may stand; one that is not on an "
                                      "identity card comes after its `code` and a colon"},
            "columns": {"type": "array", "items": {"type": "object"},
                        "description": "of rows: what each row may have, written like a field; no row: none"}}}}}}
ANSWERED: Mapping[str, Any] = {
    "ask": TEXT | {"description": "the id of your request"}, "fields": FIELDS, "round": {
        "type": ["integer", "null"], "description": "which of your requests about this leg this answers, the first: 1"},
    "materials": {"type": "array", "items": {"type": "object", "required": ["material", "files"], "properties": {
        "material": TEXT, "files": {"type": "array", "items": FILE}}}}}
REASONED: Mapping[str, Any] = {"ref": MAYBE | {"description": "your number, if you gave one"}, "reason": MAYBE}
OF_TYPE: Mapping[str, Mapping[str, Any]] = {
    "leg.filed": {
        "bundle": {"type": "object", "properties": {"id": TEXT, "name": TEXT, "edition": TEXT}},
        "matter": {"type": "object", "properties": {
            "id": TEXT, "name": TEXT, "variant": MAYBE,
            "code": MAYBE | {"description": "基本编码, 12 digits: region, type, main item, item; empty: none known"},
            "implementation_code": MAYBE | {"description": "实施编码, 31 characters: your credit code, level, `code`"},
            "item_code": MAYBE | {"description": "业务办理项编码, 33 characters, where the matter has one"}}},
        "channel": {"enum": ["online", "counter"], "description": "where it was filed: by people themselves, or by a "
                                                                  "clerk for somebody who came to a counter"},
        "applicant": {"type": "object", "additionalProperties": PERSON,
                      "description": "people by role (holder, legal_rep, agent…), declared parts only"},
        "agreements": AGREED | {"description": "who agreed online before it was filed, of those whom this leg is told "
                                               "of; left out where nobody had to"},
        "fields": FIELDS, "materials": MATERIALS,
        "limits": {"type": "object", "properties": {
            "promised": MAYBE, "statutory": MAYBE, "due": MAYBE,
            "wait": MAYBE | {"description": "the least time before a decision (publicity); earlier grants wait"}}},
        "gives": GIVES,
        "notices": {"type": "string", "description": "where this department's notices go"},
        "read_code": {"type": "string", "description": "for departments that pull: hand it back to /received"}},
    "leg.supplemented": ANSWERED,
    "leg.material_added": {"from": MAYBE | {"description": "the number of the leg that gave it"}, "fields": FIELDS,
                           "materials": MATERIALS, "ask": MAYBE,
                           "corrected": {"type": "boolean", "description": "true: that leg put its result right; this "
                                                                           "takes the place of what it gave before"}},
    "leg.material_overdue": {
        **REASONED, "ask": TEXT, "until": TEXT | {"description": "the day by which it was promised"},
        "materials": {"type": "array", "items": {"type": "object", "properties": {"material": TEXT, "name": TEXT}}}},
    "leg.withdrawn": {
        **REASONED, "why": MAYBE | {
            "description": "applicant: taken back, confirm or reject it; stop, not_needed: what the leg was built on "
                           "came to nothing or no longer calls for it, your 2xx ends it"},
        "ask": MAYBE | {"description": "without `why`: your request that was not answered in time; the leg has ended"},
        "revoke": {"type": "boolean", "description": "true: you granted on what is void now; your 2xx voids the "
                                                     "results"}},
    "leg.urged": {
        **REASONED, "by": {"enum": ["applicant", "supervisor", "platform"]},
        "times": {"type": "integer", "description": "how often this leg was urged, this time included"}},
    "leg.transferred": {
        **REASONED, "filed": TEXT | {
            "description": "the key of the leg.filed that is over; one with a higher number is new"},
        "to": TEXT | {"description": "the office that has it now, by its id"}, "to_name": TEXT,
        "basis": {"enum": list(BASES), "description": "successor: it stands in your place; misdirected: it was "
                                                       "never your business"}},
    "leg.converted": REASONED,
}
_MUST: Mapping[str, list[str]] = {
    "leg.filed": ["matter", "applicant", "fields", "materials", "limits", "gives", "notices", "read_code"],
    "leg.supplemented": ["ask", "fields", "materials"], "leg.material_added": ["fields", "materials"],
    "leg.material_overdue": ["ask", "until", "materials"], "leg.transferred": ["filed", "to", "to_name", "basis"]}
HEADERS: tuple[tuple[str, str], ...] = (
    ("Idempotency-Key", "`{leg}:{type}:{n}`; the same over retries, restarts and resends, with the same bytes"),
    ("webhook-id", "opaque, the same over all attempts of a key"),
    ("webhook-timestamp", "seconds since 1970, fresh for each attempt"),
    ("webhook-signature", "`v1,` and base64 HMAC-SHA256 of `id.timestamp.body` (by a `whsm3_` secret `v1sm3,` "
                          "and HMAC-SM3); two during rotation"),
)
ANSWERS = {
    "2XX": {"description": "received, whatever code of your own stands in it; an immediate `state` (received, "
                           "accepted, not_accepted, granted, refused) may come with that notice's data. A page, broken "
                           "JSON or another encoding than UTF-8: outcome unknown, we ask",
            "content": {"application/json": {"schema": {
                "type": "object", "properties": {"ref": TEXT, "state": TEXT}}}}},
    "3XX": {"description": "never followed: our address of you is wrong; after three legs your queue rests"},
    "401": {"description": "our signature or your secret is wrong: as for a redirect"},
    "404": {"description": "as 403 and 410: to leg.filed our address is wrong; to a later message it is refused, but "
                           "to leg.transferred a 404 or 410 says that nothing is there, which is well"},
    "409": {"description": "with `ref` or `{\"code\": \"already_received\"}`: received; else outcome unknown"},
    "429": {"description": "as 408 and 425: again later, not before Retry-After"},
    "4XX": {"description": "this message is refused: it is stopped and your reason is shown to operators"},
    "5XX": {"description": "again later, with the same key and bytes, if your system honours keys; else we ask first"},
}


def _webhook(type_: str, says: str) -> dict[str, Any]:
    data = {"type": "object", "required": ["leg", "reference", *_MUST.get(type_, [])],
            "properties": {**HEAD, **OF_TYPE[type_]}}
    body = {"type": "object", "required": ["type", "timestamp", "data"],
            "properties": {"type": {"const": type_}, "timestamp": TEXT | {"format": "date-time"}, "data": data}}
    arguments = [{"name": name, "in": "header", "required": True, "schema": TEXT, "description": about}
                 for name, about in HEADERS]
    return {"post": {"operationId": type_.replace(".", "_"), "tags": ["department"], "summary": says,
                     "parameters": arguments, "responses": ANSWERS,
                     "requestBody": {"required": True, "content": {"application/json": {"schema": body}}}}}


WEBHOOKS: Mapping[str, Any] = {name: _webhook(name, says) for name, says in TYPES.items()}


def _notice(type_: str, data: str) -> dict[str, Any]:
    return {"type": "object", "required": ["type", "timestamp", "data"], "properties": {
        "type": {"const": type_}, "timestamp": TEXT | {"format": "date-time"},
        "data": {"$ref": f"#/components/schemas/{data}"}}}


def _notice_name(type_: str) -> str:
    return DATA[type_].__name__.removesuffix("Data")


NOTICE_DATA = {schema.__name__: schema for schema in DATA.values()}
NOTICES: Mapping[str, Any] = {_notice_name(type_): _notice(type_, DATA[type_].__name__) for type_ in DATA}
NOTICE: Mapping[str, Any] = {
    "oneOf": [{"$ref": f"#/components/schemas/{_notice_name(type_)}"} for type_ in DATA],
    "discriminator": {"propertyName": "type", "mapping": {
        type_: f"#/components/schemas/{_notice_name(type_)}" for type_ in DATA}}}
