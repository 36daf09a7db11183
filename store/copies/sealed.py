"""Every sealed column and where its values are sealed, for whoever has to open all that a store holds."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

# Table and column → its place, with the names of the row's columns.
SEALED: Mapping[tuple[str, str], str] = {
    ("plans", "body"): "plans:body:{hash}", ("drafts", "body"): "drafts:body:{draft}",
    **{("cases", said): f"cases:{said}:{{reference}}" for said in ("body", "code", "on_behalf_of")},
    ("submissions", "answer"): "submissions:answer:{subject}/{key}",
    ("events", "body"): "events:body:{reference}/{n}", ("audit", "body"): "audit:body:{n}",
    ("files", "name"): "files:name:{file}",
    ("bodies", "body"): "messages:body:{reference}-{frozen}",
    ("messages", "reason"): "messages:reason:{reference}-{leg}:{type}:{n}",
    ("attempts", "answer"): "attempts:answer:{reference}-{leg}:{type}:{n}/{attempt}",
    ("notices", "body"): "notices:body:{department}/{message_id}",
    **{("quarantine", said): f"quarantine:{said}:{{id}}" for said in ("body", "reason")},
    **{("accounts", said): f"accounts:{said}:{{account}}" for said in ("name", "body")},
    ("sessions", "body"): "sessions:body:{digest}", ("identities", "body"): "identities:body:{identity}",
    ("factors", "body"): "factors:body:{account}", ("half_sign_ins", "body"): "half_sign_ins:body:{digest}",
    ("sign_ins", "body"): "sign_ins:body:{account}", ("preferences", "body"): "preferences:body:{subject}",
    ("consents", "scope"): "consents:scope:{consent}", ("agreements", "body"): "agreements:body:{agreement}",
    ("mandates", "body"): "mandates:body:{mandate}", ("agencies", "code"): "mandates:code:{reference}",
    ("visits", "body"): "visits:body:{visit}",
    **{("ratings", said): f"ratings:{said}:{{reference}}/{{leg}}" for said in ("body", "fix", "call")},
    ("bulletins", "body"): "bulletins:body:{bulletin}", ("bells", "body"): "bells:body:{account}",
}
# Bytes that are as they are: definitions, heads, counts. Those of files are the vault's.
PLAIN = frozenset({("editions", "body"), ("seals", "body"), ("days", "body"), ("file_bytes", "body")})


def sealed_of(value: Any) -> bytes:
    """The sealed bytes in a column, which may be a column of text."""
    return base64.b64decode(value) if isinstance(value, str) else bytes(value)


def as_column(sealed: bytes, like: Any) -> bytes | str:
    """Sealed bytes as the value that was there is kept."""
    return base64.b64encode(sealed).decode() if isinstance(like, str) else sealed
