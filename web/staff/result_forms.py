"""What an act hands over: the document that goes with it; of a grant a block for each paper that the matter gives, one
for any other, and the fields that it gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask import request

from cases.documents import document_name
from desk.hearing.notice_values import FOR_EVER
from desk.staff.officers import Sheet
from desk.uploads.files import owner_of
from desk.values import FileInfo
from web.errors import Problem
from web.pages.inputs import Input, Linked, control_id, flat, with_value
from web.staff.leg_sheet import given_input
from web.uploads import keep_upload
from web.wiring import house

OTHER, KEY = "其他结果文件", "granted"
NAMED = "办理结果"
_DAYS = {"valid_from": "请选一个日期", "valid_to": "请选一个日期，没有截止日的勾选“长期有效”"}
_AT = {"number": "编号", "valid_from": "有效期自", "valid_to": "有效期至", "files": "文件", "name": "名称"}


@dataclass(frozen=True, slots=True)
class Block:
    """One paper of a grant, or the `document` of an act. `given`: it is handed out; `files` are those that were taken
    for it already."""

    key: str
    name: str
    material: str = ""
    given: bool = True
    number: str = ""
    valid_from: str = ""
    valid_to: str = ""
    for_ever: bool = False
    files: tuple[FileInfo, ...] = ()
    errors: tuple[tuple[str, str], ...] = ()
    document: bool = False

    def id(self, part: str) -> str:
        """The id of one of its controls."""
        return control_id(f"{self.key}.{part}")

    def wrong(self, part: str) -> list[str]:
        """What is wrong with one of its controls."""
        return [says for at, says in self.errors if at == part]

    @property
    def problems(self) -> list[Linked]:
        """All that is wrong with it."""
        return [Linked(f"{self.name}，{_AT.get(at, at)}：{says}", f"#{self.id(at)}") for at, says in self.errors]


def blocks_of(sheet: Sheet) -> tuple[tuple[Block, ...], tuple[Input, ...]]:
    """The blank blocks and the fields that this matter gives; those that go on to other offices must be filled in."""
    known, gives, leg = sheet.definitions.materials, sheet.planned.gives, sheet.planned.leg
    flows = {line.code for line in sheet.plan.removed_fields if leg in line.by}
    blocks = [Block(f"{KEY}.{place}", str(known[code].name) if code in known else code, code)
              for place, code in enumerate(gives.materials)]
    fields = (with_value(replace(given_input(sheet, code), code=code, name=f"{KEY}.given.{code}",
                                 required=code in flows), None) for code in gives.fields)
    return (*blocks, Block(f"{KEY}.other", OTHER, given=False)), tuple(fields)


def document_of(sheet: Sheet, type_: str) -> Block:
    """The blank block of the document that usually goes with a notice of this type."""
    key = f"{type_.removeprefix('leg.')}.document"
    return Block(key, document_name(type_, sheet.planned), given=False, document=True)


LOST = "前面附上的文件里有的查出病毒或者已经不在，不能发出；请换一个没有病毒的文件，再提交一次"


def filled_blocks(blocks: Sequence[Block], office: str, leg: str) -> tuple[Block, ...]:
    """The blocks as they were sent, with the files that earlier presses took and those chosen now."""
    return tuple(_filled(block, office, leg) for block in blocks)


def _filled(block: Block, office: str, leg: str) -> Block:
    def sent(part: str) -> str:
        return request.form.get(f"{block.key}.{part}", "").strip()

    named = list(dict.fromkeys(request.form.getlist(f"{block.key}.kept")))
    kept = house().desk.officer_acts.files(office, leg, named)
    taken, errors = list(kept), [("files", LOST)] if len(kept) < len(named) else list[tuple[str, str]]()
    for chosen in request.files.getlist(f"{block.key}.file"):
        try:
            taken += [keep_upload(chosen.stream, chosen.filename, "", owner_of(office))] if chosen.filename else []
        except Problem as problem:
            if problem.status not in {413, 422}:
                raise
            errors.append(("files", f"{chosen.filename}：{problem.detail}"))
    name = (sent("name") or block.name) if not block.material else block.name
    retitled = sent("name") not in ("", block.name if block.document else "")
    said = bool(retitled or sent("number") or taken) if not block.material else bool(sent("on"))
    return replace(block, name=name, given=said, number=sent("number"), valid_from=sent("from"), valid_to=sent("to"),
                   for_ever=bool(sent("for_ever")), files=tuple(taken), errors=tuple(errors))


def read_blocks(blocks: Sequence[Block], fields: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The results of the grant. The fields go with the first paper, or alone where nothing is handed out."""
    results = [_result(block) for block in blocks if block.given]
    if fields and not results:
        results = [{"name": NAMED}]
    return [{**result, **({"fields": dict(fields)} if fields and not place else {})}
            for place, result in enumerate(results)]


def _result(block: Block) -> dict[str, Any]:
    said = {"material": block.material, "name": block.name, "number": block.number, "valid_from": block.valid_from,
            "valid_to": FOR_EVER if block.for_ever else block.valid_to}
    files = [{"file": file.file, "name": file.name, "sha256": file.sha256} for file in block.files]
    return {**{key: value for key, value in said.items() if value}, "files": files}


def with_faults(blocks: Sequence[Block], fields: Sequence[Input],
                tree: Mapping[str, Any]) -> tuple[tuple[Block, ...], tuple[Input, ...]]:
    """The blocks and fields with what the desk found wrong, by the places of the results that they were sent as."""
    given = [block for block in blocks if block.given]
    found: dict[str, list[tuple[str, str]]] = {}
    of_fields: Mapping[str, Any] = {}
    for place, faults in tree.items() if isinstance(tree, Mapping) else ():
        parts = faults if isinstance(faults, Mapping) else {"files": faults}
        of_fields = parts.get("fields") or of_fields
        if int(place) < len(given):
            found[given[int(place)].key] = [(part, _DAYS.get(part, says)) for part, wrong in parts.items()
                                            if part != "fields" for says in flat(wrong)]
    marked = tuple(replace(block, errors=(*block.errors, *found.get(block.key, ()))) for block in blocks)
    return marked, tuple(replace(item, errors=tuple(flat(of_fields.get(item.code)))) for item in fields)
