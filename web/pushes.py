"""What we send to departments (contract 3.1), as the `webhooks` of the OpenAPI document."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

TYPES: Mapping[str, str] = {
    "leg.filed": "A new leg for this department.",
    "leg.supplemented": "The applicant answered what was asked for.",
    "leg.material_added": "A result of another leg, or a paper that was awaited, reached this leg.",
    "leg.withdrawn": "The applicant wishes to withdraw this leg; answer by leg.withdraw_confirmed or _rejected.",
    "leg.urged": "The applicant or a supervisor asks how far this leg is.",
    "leg.converted": "The leg was moved to another kind of procedure.",
}
TEXT = {"type": "string"}
MAYBE = {"type": ["string", "null"]}
FILE = {"type": "object", "required": ["name", "type", "size", "sha256", "url"],
        "properties": {"name": TEXT, "type": TEXT, "size": {"type": "integer"}, "sha256": TEXT,
                       "url": TEXT | {"description": "stable; answers only to this department's bearer token"}}}
MATERIAL = {"type": "object", "required": ["material", "name", "obtained", "files"], "properties": {
    "material": TEXT, "stands_for": MAYBE, "name": TEXT,
    "obtained": {"enum": ["upload", "library", "sharing", "result", "pledge", "premises", "later"]},
    "files": {"type": "array", "items": FILE}}}
DATA = {"type": "object", "required": ["leg", "reference", "matter", "fields", "materials"], "properties": {
    "leg": TEXT, "reference": TEXT, "instance": MAYBE,
    "bundle": {"type": "object", "properties": {"id": TEXT, "name": TEXT, "edition": TEXT}},
    "matter": {"type": "object", "properties": {"id": TEXT, "code": TEXT, "name": TEXT, "variant": MAYBE}},
    "applicant": {"type": "object", "description": "declared parts only"},
    "fields": {"type": "object", "description": "the department's own names, code values, units and date forms"},
    "materials": {"type": "array", "items": MATERIAL},
    "limits": {"type": "object", "properties": {"promised": MAYBE, "statutory": MAYBE, "due": MAYBE}},
    "notices": {"type": "string", "description": "where this department's notices go"},
    "read_code": {"type": "string", "description": "for departments that pull: hand it back to /received"}}}
HEADERS: tuple[tuple[str, str], ...] = (
    ("Idempotency-Key", "`{leg}:{type}:{n}`; the same over retries, restarts and resends, with the same bytes"),
    ("webhook-id", "opaque, the same over all attempts of a key"),
    ("webhook-timestamp", "seconds since 1970, fresh for each attempt"),
    ("webhook-signature", "`v1,` and base64 HMAC-SHA256 of `id.timestamp.body`; two during rotation"),
)
ANSWERS = {
    "2XX": {"description": "received; an immediate `state` (received, accepted, not_accepted, granted, refused) may "
                           "come with that notice's data",
            "content": {"application/json": {"schema": {
                "type": "object", "properties": {"ref": TEXT, "state": TEXT}}}}},
    "409": {"description": "with `ref` or `{\"code\": \"already_received\"}`: received"},
    "4XX": {"description": "this message is refused: it is stopped and your reason is shown to operators"},
    "5XX": {"description": "again later, with the same key and bytes, if your system honours keys; else we ask first"},
}


def _webhook(type_: str, says: str) -> dict[str, Any]:
    body = {"type": "object", "required": ["type", "timestamp", "data"],
            "properties": {"type": {"const": type_}, "timestamp": TEXT | {"format": "date-time"}, "data": DATA}}
    arguments = [{"name": name, "in": "header", "required": True, "schema": TEXT, "description": about}
                 for name, about in HEADERS]
    return {"post": {"operationId": type_.replace(".", "_"), "tags": ["department"], "summary": says,
                     "parameters": arguments, "responses": ANSWERS,
                     "requestBody": {"required": True, "content": {"application/json": {"schema": body}}}}}


WEBHOOKS: Mapping[str, Any] = {name: _webhook(name, says) for name, says in TYPES.items()}
