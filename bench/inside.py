"""A portal's inside without its doors: applicants and departments act by calls of the desk, on any store.

For what needs many cases and no HTTP: filling a store, and random walks in tests.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask

from app import create_app
from bench.applicant import CATALOG, jsonable
from bench.filling import answers
from connectors.base import Answer
from desk.applicants.consents import sensitive_lines
from desk.desk import Desk
from desk.errors import AgreementMissing, InvalidAnswers
from desk.hearing.notices import Incoming
from desk.parties.agreements import Reply
from desk.parties.statements import Statement
from desk.sending.recording import Came
from desk.values import Filing, Receipt
from dispatch.retry import Then
from people.accounts import NewAccount
from sandbox.demo_secrets import ensure_secrets
from sandbox.run import DEPLOYMENT
from sources.samples import sample_paper
from web.wiring import NAME, House

SUBJECT = "sample"


class Inside:
    """One house and what people do in it."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.house: House = app.extensions[NAME]
        self._said = 0

    @property
    def desk(self) -> Desk:
        """Its desk."""
        return self.house.desk

    def file(self, situation: Mapping[str, Any], key: str, now: datetime, bundle: str = "utilities") -> Receipt:
        """File a case of `bundle` with every paper that it asks for."""
        filing = self.filing(situation, now, bundle)
        while True:
            try:
                return self.desk.intake.file(SUBJECT, filing, key, now)
            except AgreementMissing:
                return self._file_draft(filing, now)
            except InvalidAnswers as missing:  # papers that no register holds are asked back by name
                asked = {name: self._paper(name, now) for name in missing.errors.get("materials", {})}
                if not asked.keys() - filing.materials.keys():
                    raise
                filing = replace(filing, materials={**filing.materials, **asked})

    def _file_draft(self, filing: Filing, now: datetime) -> Receipt:
        """File as a draft to which everybody agrees who must, each with an account of their own."""
        desk = self.desk
        draft = desk.drafts.open(SUBJECT, filing.bundle, filing.situation, now).id
        parts = {"form": filing.form, "materials": filing.materials, "consent": filing.consent}
        for one in desk.drafts.save(SUBJECT, draft, parts, now).parties:
            self.agree(one.statement, desk.agreements.invite(SUBJECT, draft, one.statement.role, now)[0], now)
        missing = {key: self._paper(key, now) for key in desk.drafts.read(SUBJECT, draft, now).missing}
        desk.drafts.save(SUBJECT, draft, {"materials": missing}, now)
        return desk.submit_draft(SUBJECT, draft, None, now)

    def agree(self, asked: Statement, code: str, now: datetime) -> str:
        """Let whom a statement names open it by its code and agree; the number of the agreement."""
        who = f"party-{asked.number}"
        if self.house.accounts.get(who) is None:
            known = {"holder_id": asked.number, "person_name": asked.name}
            self.house.accounts.add(NewAccount(who, "applicant", asked.name, details=known, subject=who), now)
        seen = self.desk.agreements.open(who, code, now)
        self.desk.agreements.answer(who, seen.agreement, Reply(True, seen.digest, True), now)
        return seen.agreement

    def filing(self, situation: Mapping[str, Any], now: datetime, bundle: str = "utilities") -> Filing:
        """What would be filed, with every paper that the plan asks for."""
        today = now.astimezone(self.house.settings.zone).date()
        form = answers(self.desk.plan(bundle, situation, now), today)
        plan = self.desk.plan(bundle, situation, now, form)
        papers = {line.key: self._paper(line.key, now) for line in plan.materials}
        consent = {"agreed": True, "sensitive": [line.code for line in sensitive_lines(plan)]}
        return Filing(bundle=bundle, situation=jsonable(situation), form=form, materials=papers, consent=consent)

    def _paper(self, key: str, now: datetime) -> tuple[str]:
        kind = CATALOG.materials.get(key.partition("#")[0].partition("@")[0])
        name, type_, content = sample_paper(key, kind.spec.file_types if kind else ("pdf",))
        return (self.desk.keep_file(SUBJECT, (name, type_), [content], now).file,)

    def deliver(self, now: datetime, answer: Answer | None = None, then: Then | None = None) -> int:
        """Let every office answer what is due for it; how many messages there were."""
        room = dict.fromkeys(self.house.deployment.bodies, 64)
        claims = self.desk.claim(room, now, 1000)
        ended = [Came(claim, answer or Answer("received", ref=f"R-{claim.leg[-8:]}"), then or Then("done"))
                 for claim in claims]
        for left in self.desk.record(ended, now):
            raise left.fault
        return len(claims)

    def say(self, office: str, leg: str, type_: str, now: datetime, **data: Any) -> str:
        """A notice of an office; what became of it."""
        self._said += 1
        said = {"type": type_, "timestamp": now.isoformat(), "data": {"leg": leg, **data}}
        return self.desk.notices.take(Incoming(office, f"said-{self._said}", json.dumps(said).encode(), said), now)


@contextmanager
def inside(folder: Path, data: Path | None = None, url: str | None = None, **more: str) -> Iterator[Inside]:
    """A house whose store lies in `data` (or at `url`), with keys and secrets in `folder`; closed afterwards."""
    secrets = folder / "secrets"
    secrets.mkdir(parents=True, exist_ok=True)
    ensure_secrets(DEPLOYMENT, secrets)
    app = create_app({
        "YJS_ENV": "test", "YJS_DATA": str(data or folder / "data"), "YJS_KEYS": str(folder / "keys" / "keys"),
        "YJS_SECRETS": str(secrets), "YJS_DEPARTMENTS": str(DEPLOYMENT), "YJS_SANDBOX_URL": "http://127.0.0.1:9",
        "DATABASE_URL": url or "", **more,
    })
    made = Inside(app)
    try:
        yield made
    finally:
        made.house.close()
