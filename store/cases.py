"""Cases: who filed what against which edition and plan; the answers are sealed."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from store.encoding import moment, stamp
from store.errors import UnknownCase
from store.port import Row, Tx
from store.rows import insert, named, one, params, shape
from store.sealing import seal, unseal


@dataclass(frozen=True, slots=True)
class CaseRow:
    """A case as filed; `body` holds situation, form, materials, applicant and consent, `code` is the query code."""

    reference: str
    subject: str
    bundle: str
    edition: str
    plan: str
    filed_at: datetime
    code: str
    body: Mapping[str, Any]
    on_behalf_of: str | None = None
    closed_at: datetime | None = None


def add(tx: Tx, case: CaseRow) -> None:
    """Store a new case; its edition and plan are stored before."""
    insert(tx, "cases", {
        **params(case, "body", "code", "on_behalf_of"),
        "body": seal(tx, case.body, _place("body", case.reference)),
        "code": seal(tx, case.code, _place("code", case.reference)),
        "on_behalf_of": _sealed_text(tx, case.on_behalf_of, _place("on_behalf_of", case.reference)),
    })


def get(tx: Tx, reference: str) -> CaseRow:
    """The case; UnknownCase."""
    return opened(tx, one(tx, UnknownCase, "select * from cases where reference = :reference", reference=reference))


def several(tx: Tx, references: Iterable[str]) -> list[CaseRow]:
    """Those of these cases that there are."""
    return [opened(tx, row) for names, each in named(references)
            for row in tx.rows(f"select * from cases where reference in ({names})", **each)]


def has_code(tx: Tx, reference: str, code: str) -> bool:
    """Whether `code` is the query code of the case; False for an unknown case too."""
    found = tx.rows("select code from cases where reference = :reference", reference=reference)
    kept = str(unseal(tx, found[0]["code"], _place("code", reference))) if found else ""
    return hmac.compare_digest(kept.encode(), code.encode()) and bool(kept)


def lock(tx: Tx, reference: str) -> CaseRow:
    """The case, held until this transaction ends; UnknownCase."""
    sql = "select * from cases where reference = :reference {lock}"
    return opened(tx, one(tx, UnknownCase, sql, reference=reference))


def close(tx: Tx, reference: str, at: datetime | None) -> None:
    """Note when every leg had ended, or None once one is open again."""
    tx.run("update cases set closed_at = :at where reference = :reference",
           at=None if at is None else stamp(at), reference=reference)


def running(tx: Tx, subject: str, bundle: str, limit: int = 3) -> list[tuple[str, datetime]]:
    """The newest cases of a bundle that a person has and that go on: reference and moment of filing."""
    found = tx.rows("select reference, filed_at from cases where subject = :subject and bundle = :bundle"
                    " and closed_at is null order by filed_at desc, reference limit :limit",
                    subject=subject, bundle=bundle, limit=limit)
    return [(row["reference"], moment(row["filed_at"])) for row in found]


def is_erased(case: CaseRow) -> bool:
    """Whether what it said of people is gone; then it is nobody's."""
    return not case.subject


def blank(tx: Tx, reference: str) -> None:
    """Take from a case whose it is and everything that was filed."""
    tx.run("update cases set subject = '', on_behalf_of = null, body = :body, code = :code"
           " where reference = :reference", reference=reference, body=seal(tx, {}, _place("body", reference)),
           code=seal(tx, "", _place("code", reference)))


def plan_with(tx: Tx, reference: str, plan: str) -> None:
    """Give a case another stored plan."""
    tx.run("update cases set plan = :plan where reference = :reference", plan=plan, reference=reference)


def opened(tx: Tx, row: Row) -> CaseRow:
    """A row of `cases` with its sealed columns opened."""
    reference = row["reference"]
    return shape(
        CaseRow, row, body=unseal(tx, row["body"], _place("body", reference)),
        code=unseal(tx, row["code"], _place("code", reference)),
        on_behalf_of=_opened_text(tx, row["on_behalf_of"], _place("on_behalf_of", reference)),
    )


def _sealed_text(tx: Tx, value: str | None, place: str) -> str | None:
    """A sealed value in a text column: whoever a case is filed for may be named by a number of theirs."""
    return None if value is None else base64.b64encode(seal(tx, value, place)).decode()


def _opened_text(tx: Tx, kept: str | None, place: str) -> str | None:
    return None if kept is None else str(unseal(tx, base64.b64decode(kept), place))


def _place(column: str, reference: str) -> str:
    return f"cases:{column}:{reference}"
