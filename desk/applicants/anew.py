"""A new application out of an earlier one: what was filled in, and copies of the papers.

Whoever was refused changes what was wrong and nothing else; whoever files the same every month types what is different.
It is a draft as any other: composed by the definitions in force, checked anew, without consent, filed by nobody yet.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cases.model import Case, Event
from catalog.bundle import Bundle
from desk.applicants.afterwards import AfterFiling
from desk.applicants.drafts import Drafts
from desk.errors import DeskError, UnknownBundle
from desk.known import Known
from desk.premises import Premises
from desk.uploads.files import fresh, keep, opened
from desk.values import Draft
from forms.answers import FILER
from forms.split import columns_of, with_results
from store import files
from store.errors import UnknownFile
from store.files import FileRow


@dataclass(frozen=True, slots=True)
class Begun:
    """A draft made of a case, and how many of its papers came along; `left` are those that did not, by name."""

    draft: Draft
    copied: int
    left: tuple[str, ...] = ()


class Anew:
    """Drafts made of cases."""

    def __init__(self, premises: Premises, applicant: AfterFiling, drafts: Drafts) -> None:
        self._premises, self._applicant, self._drafts = premises, applicant, drafts

    def begin(self, subject: str, reference: str, now: datetime) -> Begun:
        """A draft with what a case of the subject's says, or of one whom they may file for. Papers come as copies, as
        far as the subject may keep more: what became of the case's own is settled by the case. `UnknownCase`;
        `UnknownBundle` where the matter is not filed here any more."""
        known, _ = self._applicant.seen(subject, reference, now)
        bundle = self._premises.catalog.bundles.get(known.case.plan.bundle)
        if bundle is None:
            raise UnknownBundle
        principal = known.row.subject if known.row.subject != subject else None
        draft = self._drafts.open(subject, bundle.id, _situation(known, bundle, own=principal is None), now, principal)
        form = _form(known, self._premises.catalog.fields)
        filled = self._drafts.save(subject, draft.id, {"form": form}, now)  # some papers hang on the form
        papers = {line.key: str(line.name) for line in filled.plan.materials}
        copies, left = self._copied(subject, _papers(known, papers), reference, now)
        # What the situation says, or nobody asks any more, is not kept beside it: of rows that is some of their cells.
        asked = {code: filled.form.get(code) for code in filled.aside.get("form", ())}
        brought = self._drafts.save(subject, draft.id, {"form": asked, "materials": copies}, now)
        return Begun(brought, sum(map(len, copies.values())), tuple(papers[key] for key in left))

    def _copied(self, subject: str, wanted: Mapping[str, Iterable[str]], reference: str,
                now: datetime) -> tuple[dict[str, list[str]], list[str]]:
        """The papers as files of the subject's own, by key, and the keys of those that could not be copied whole."""
        with self._premises.database.read() as tx:
            rows = {row.file: row for row in files.of_case(tx, reference)}
        copies: dict[str, list[str]] = {}
        left: list[str] = []
        for key, names in wanted.items():
            try:
                copies[key] = [self._copy(subject, rows[name], now) for name in names]
            except (DeskError, UnknownFile, KeyError):
                left.append(key)
        return copies, left

    def _copy(self, subject: str, row: FileRow, now: datetime) -> str:
        made = fresh(subject, row.name, row.type, now)
        return keep(self._premises, made, opened(self._premises, row.file)).file


def _situation(known: Known, bundle: Bundle, *, own: bool) -> dict[str, Any]:
    """The answers that the bundle still asks for. Who files is asked anew where an agent did and the owner does now."""
    asked = {question.id for question in bundle.questions}
    if not (own and known.row.on_behalf_of is not None):
        asked |= {FILER}
    return {code: value for code, value in known.row.body["situation"].items() if code in asked}


def _form(known: Known, fields: Container[str]) -> dict[str, Any]:
    """What was filled in, with what was answered later in its place. What no longer is one of the `fields` could only
    be named as a mistake, which nobody could mend on a page."""
    lines = {line.code for line in known.case.plan.fields}
    said = dict(known.row.body["form"])
    for event in _answers(known.case):
        own = columns_of(known.case.plan, str(event.leg))
        said = with_results(known.case.plan, said, str(event.leg), {
            code: value for code, value in event.data.get("fields", {}).items() if code in lines | own.keys()})
    return {code: value for code, value in said.items() if code in fields}


def _papers(known: Known, asked: Mapping[str, str]) -> dict[str, list[str]]:
    """The files of each paper that is asked again, the last that were brought."""
    found = {key: list(names) for key, names in known.row.body["materials"].items() if names}
    for event in _answers(known.case):
        found |= {key: list(names) for key, names in event.data.get("materials", {}).items() if names}
    return {key: names for key, names in found.items() if key in asked}


def _answers(case: Case) -> list[Event]:
    return sorted((event for leg in case.legs.values() for event in leg.history if event.type == "leg.supplemented"),
                  key=lambda event: event.at)
