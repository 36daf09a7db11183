"""The formal documents of a leg (文书): what its department wrote and served beside each step (受理通知书, 补正告知书).

They stand in the notices that brought them, whatever became of the leg since; nothing of a leg is decided by them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from cases.model import Event, Leg
from cases.said import entries, plain_text
from cases.states import NOTICES
from forms.plan import PlannedLeg

_OTHER = "文书"
# What a document is called that came without a name; for an administrative licence the law has names of its own.
NAMES: Mapping[str, str] = {
    "leg.accepted": "受理通知书", "leg.not_accepted": "不予受理通知书", "leg.supplement_required": "补正告知书",
    "leg.special_started": "特别程序告知书", "leg.extended": "延长办理期限告知书", "leg.granted": "办理决定书",
    "leg.refused": "不予办理决定书", "leg.delivered": "送达回证", "leg.fee": "缴费通知书",
    "leg.corrected": "更正决定书", "leg.withdraw_confirmed": "准予撤回通知书",
}
_OF_LICENCES: Mapping[str, str] = {
    "leg.not_accepted": "不予受理决定书", "leg.granted": "准予行政许可决定书", "leg.refused": "不予行政许可决定书"}


class Document(NamedTuple):
    """One document: the type and the time of the notice that brought it, its name, its number and its files."""

    type: str
    at: datetime
    name: str
    number: str | None
    files: tuple[Mapping[str, Any], ...]


def document_name(type_: str, planned: PlannedLeg) -> str:
    """What a document beside a notice of this type is usually called."""
    usual = NAMES.get(type_, _OTHER)
    return _OF_LICENCES.get(type_, usual) if planned.matter_class == "行政许可" else usual


def documents(leg: Leg, planned: PlannedLeg) -> tuple[Document, ...]:
    """Every document of a leg, the oldest first."""
    told = sorted((event for event in leg.history if event.type in NOTICES), key=lambda event: event.at)
    return tuple(one for event in told for one in _of(event, document_name(event.type, planned)))


def _of(event: Event, usual: str) -> Iterator[Document]:
    """The documents of a notice, and as one of its own the files beside them. Before we read them, a department may
    have sent anything under these keys: only a file that was looked at then has a digest."""
    listed = event.data.get("documents")
    for one in [*(listed if isinstance(listed, (list, tuple)) else ()), {"files": event.data.get("files")}]:
        said = one if isinstance(one, Mapping) else {}
        files = tuple(file for file in entries(said.get("files"), "file") if file.get("sha256"))
        name, number = plain_text(said.get("name")), plain_text(said.get("number"))
        if files or name or number:
            yield Document(event.type, event.at, name or usual, number, files)
