"""What the officers' page of a leg shows of the application: its answers by the form's own sections, its papers, and
the facts beside them, all in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.dictionary import Field
from desk.staff.officers import Asked, Sheet
from forms.plan import RemovedField
from web.pages.inputs import Input, answer_words, of_given, of_line, with_value
from web.pages.words import said
from web.wiring import house

GIVEN = "前面的事项给出的"
OBTAINED = {"upload": "申请人上传", "library": "证照库调取", "sharing": "部门共享", "result": "前面事项的结果",
            "pledge": "承诺书代替", "premises": "场所预备案", "later": "随后送来"}
DOCUMENT = {"name": "名称", "number": "编号", "issuer": "发证机关", "valid_from": "自", "valid_to": "有效期至",
            "form": "承诺书", "signers": "签署人", "signed_at": "签署于", "version": "版本", "source": "来源",
            "principal": "委托人", "agent": "代办人", "bundles": "委托范围", "acts": "可以", "given_at": "委托于"}
_SILENT = frozenset({"sample", "version", "source"})


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer in words, under its name."""

    label: str
    words: str
    code: str


WITHHELD = "“{}”里查出病毒，已经停用，没有转来；请向给出这份材料的部门另要一份"


@dataclass(frozen=True, slots=True)
class Part:
    """A section of the form with what the office may read of it."""

    name: str
    answers: tuple[Answered, ...]


@dataclass(frozen=True, slots=True)
class Paper:
    """A paper of the application: where it comes from, its files, and what is known of it where there is none."""

    name: str
    obtained: str
    files: tuple[Mapping[str, Any], ...]
    documents: tuple[str, ...]
    missing: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """A request to the applicant, what was wanted, and what was answered to it."""

    asked: Asked
    wanted: str
    values: tuple[Answered, ...]
    papers: tuple[Paper, ...]


def parts_of(sheet: Sheet) -> list[Part]:
    """The answers by section, in the order of the form; what earlier matters gave comes last."""
    lines = {line.code: line for line in sheet.plan.fields}
    names = {section.code: str(section.name) for section in sheet.plan.sections}
    found: dict[str, list[Answered]] = {}
    for code, value in sheet.told.items():
        asked = _asked(sheet, code)
        section = names.get(lines[code].section, "其他") if code in lines else GIVEN
        found.setdefault(section, []).append(Answered(asked.label, answer_words(with_value(asked, value)), code))
    order = [*names.values(), "其他", GIVEN]
    return [Part(name, tuple(found[name])) for name in dict.fromkeys(order) if name in found]


def _asked(sheet: Sheet, code: str) -> Input:
    """A field as the form or the dictionary knows it."""
    regions = house().catalog.regions
    line = next((line for line in sheet.plan.fields if line.code == code), None)
    return of_line(line, {}, regions) if line is not None else given_input(sheet, code)


def given_input(sheet: Sheet, code: str) -> Input:
    """A field that a matter gives, as the dictionary of the case's edition has it."""
    known: Field | None = sheet.definitions.fields.get(code)
    if known is not None:
        return of_given(known, house().catalog.regions)
    removed: RemovedField | None = next((line for line in sheet.plan.removed_fields if line.code == code), None)
    return Input(code, code, str(removed.name) if removed else code, "text", required=False)


def papers_of(sheet: Sheet) -> list[Paper]:
    """Every paper that the matter asks, with what fills it now."""
    return [Paper(str(entry["name"]) + _whose(sheet, entry), OBTAINED.get(entry["obtained"], entry["obtained"]),
                  _with_ids(entry["files"]),
                  (*(text for one in entry.get("documents", ()) if (text := _document(sheet, one))),
                   *(WITHHELD.format(one["name"] or "附件") for one in entry.get("withheld", ()))),
                  entry["obtained"] == "later")
            for entry in sheet.data.get("materials", ())]


def replies_of(sheet: Sheet) -> list[Reply]:
    """What the applicant was asked and answered, the latest first."""
    return [_reply(sheet, asked) for asked in reversed(sheet.asked)]


def _reply(sheet: Sheet, asked: Asked) -> Reply:
    values = [Answered(item.label, answer_words(with_value(item, value)), code) for code, value in asked.fields.items()
              for item in (_asked_field(sheet, asked, code),)]
    papers = [Paper(asked.wanted.get(code, code), "", _with_ids(files), (), False)
              for code, files in asked.papers.items()]
    return Reply(asked, "、".join(asked.wanted.values()), tuple(values), tuple(papers))


def _asked_field(sheet: Sheet, asked: Asked, code: str) -> Input:
    known = {line.code for line in sheet.plan.fields} | {line.code for line in sheet.plan.removed_fields}
    return _asked(sheet, code) if code in known else Input(code, code, asked.wanted.get(code, code), "text")


def _with_ids(files: Sequence[Mapping[str, Any]]) -> tuple[Mapping[str, Any], ...]:
    """Files as messages tell of them, each with its id, which its address ends with."""
    return tuple({**file, "id": file["url"].rsplit("/", 1)[1]} for file in files)


def _whose(sheet: Sheet, entry: Mapping[str, Any]) -> str:
    role = next((role for role in sheet.plan.people if role.code == entry.get("role")), None)
    return f"（{role.name}）" if role and str(role.name) not in str(entry["name"]) else ""


def _document(sheet: Sheet, document: Mapping[str, Any]) -> str:
    """What is known of a paper, in words; codes under the names that the edition has for them."""
    return "，".join(_facts(sheet, document))


def _facts(sheet: Sheet, document: Mapping[str, Any]) -> Iterator[str]:
    people = {role.code: str(role.name) for role in sheet.plan.people}
    for key, value in document.items():
        if value in (None, "", []) or key in _SILENT:
            continue
        if isinstance(value, list):
            text = "、".join(people.get(str(one), str(one)) for one in value)
        else:
            licence = sheet.definitions.licences.get(str(value)) if key == "name" else None
            text = str(licence.name) if licence else said(value)
        yield text if key == "name" else f"{DOCUMENT.get(key, key)} {text}"
