"""What is different on applicants' pages where a clerk at a counter fills them in: what the person agrees to and
applies for is printed and signed by hand, and the scan of it is kept."""

from __future__ import annotations

from contextlib import suppress

from flask import request

from catalog.dictionary import Spec
from desk.errors import DeskError
from desk.staff.counter import MANDATE
from desk.values import AtCounter, Draft
from web.errors import Problem
from web.identity import current, subject
from web.pages.materials import keep_paper
from web.pages.root import desk

SCANS = Spec(file_types=("pdf", "jpg", "png"))
PAPER = "paper"  # in a consent: the scan of what the person signed


def scan_of(name: str) -> str:
    """The id of the scan that came with this form; a `Problem` if none did, or it cannot be taken."""
    file = request.files.get("scan")
    if file is None or not file.filename:
        raise Problem(422, "no_file", f"请打印出来，由本人（或受托人）签字，再上传签字的{name}扫描件或照片")
    return keep_paper(file, name, SCANS)


def signed_consent() -> dict[str, str]:
    """What a consent says beside that it is given: at a counter the scan of the person's own signature."""
    return {PAPER: scan_of("同意书")} if current().visit else {}


def signed_application(draft: Draft) -> AtCounter | None:
    """At which counter a draft is filed, with what was signed for it; None where people file themselves."""
    visit = current().visit
    if visit is None or draft.filed_as:
        return None
    scans = {"application": (scan_of("申请表"),), "consent": _kept(draft.consent.get(PAPER)),
             MANDATE: desk().counter.unfiled(visit.row)}
    return AtCounter(visit.id, visit.counter, {name: files for name, files in scans.items() if files})


def _kept(consent: str | None) -> tuple[str, ...]:
    """The scan of the consent; none where the person agreed online. A `Problem` if it is there no more, as after a
    virus was found in it."""
    if consent is None:
        return ()
    with suppress(DeskError):
        desk().describe_file(subject(), consent)
        if not desk().infected([consent]):
            return (consent,)
    raise Problem(422, "no_file", "签了字的同意书已经用不了；请回到“您的信息怎么用”，重新上传")
