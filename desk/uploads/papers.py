"""Whether the files given for papers can be used: there, one's own, free, of a kind and size the paper takes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from cases.feeds import kind_of
from catalog.dictionary import Spec
from catalog.model import Catalog
from desk.uploads.content import KINDS
from desk.values import LOST_FILE
from forms.plan import Plan
from store import files
from store.errors import FileTaken
from store.errors import UnknownFile as NotStored
from store.files import Traits
from store.port import Database, Tx
from store.uploads import uncleared

MEGABYTE = 1_048_576
SPOILED = "这个文件里查出病毒，已经停用；请删去它，换一个没有病毒的文件上传"
ENDINGS: Mapping[str, frozenset[str]] = {kind.type: frozenset((kind.ending, *kind.others)) for kind in KINDS.values()}
Papers = Mapping[str, Sequence[str]]


def specs_of(plan: Plan, catalog: Catalog, keys: Iterable[str]) -> dict[str, Spec]:
    """How each paper must look: as the plan merged it, else as the dictionary says of its kind."""
    planned = {line.kind: line.spec for line in plan.materials} | {line.key: line.spec for line in plan.materials}
    known = {code: material.spec for code, material in catalog.materials.items()}
    merged = {**known, **planned}
    return {key: merged[code] for key in keys for code in (key, kind_of(key)) if code in merged}


def wrong_papers(database: Database, holder: tuple[str, str | None], papers: Papers,
                 specs: Mapping[str, Spec]) -> dict[str, list[str]]:
    """What is wrong with the files of each paper; `holder` is their owner and the case that may already have them."""
    wrong: dict[str, list[str]] = {}
    with database.read() as tx:
        given = [file for names in papers.values() for file in names]
        known, barred = files.traits(tx, given), uncleared.barred(tx, given)
        for key, names in papers.items():
            said = (SPOILED if barred.get(name) == "infected" else
                    _problem(tx, known.get(name), holder, specs.get(key)) for name in names)
            if problems := list(dict.fromkeys(text for text in said if text is not None)):
                wrong[key] = problems
    return wrong


def fit(papers: Papers, specs: Mapping[str, Spec], known: Iterable[Traits]) -> bool:
    """Whether every paper takes the files given for it, which are there and the giver's own."""
    by_id = {file.file: file for file in known}
    return all(_takes(specs.get(key), by_id[name]) for key, names in papers.items() for name in names)


def _takes(spec: Spec | None, file: Traits) -> bool:
    return spec is None or (not ENDINGS.get(file.type, frozenset()).isdisjoint(spec.file_types)
                            and file.size <= spec.max_mb * MEGABYTE)


def lost_file(papers: Papers, wrong: NotStored | FileTaken) -> dict[str, list[str]]:
    """Which paper has the file that was gone or taken when it was to be linked."""
    return {key: [LOST_FILE] for key, names in papers.items() if wrong.file in names}


def smaller(*, picture: bool) -> str:
    """How somebody without any tool makes a file smaller that is too big."""
    if picture:
        return "请把相机的照片尺寸调小一档再拍，或者打开照片截一张图，上传截图"
    return "请降低扫描的清晰度，或者分成几个文件上传"


def _problem(tx: Tx, file: Traits | None, holder: tuple[str, str | None], spec: Spec | None) -> str | None:
    if file is None or file.owner != holder[0] or file.reference not in (None, holder[1]):
        return LOST_FILE
    if spec is None or _takes(spec, file):
        return None
    if ENDINGS.get(file.type, frozenset()).isdisjoint(spec.file_types):
        return f"“{_name(tx, file)}”不是这份材料收的文件；请上传 {'、'.join(spec.file_types)} 文件"
    return f"“{_name(tx, file)}”超过 {spec.max_mb} MB；{smaller(picture=file.type.startswith('image/'))}"


def _name(tx: Tx, file: Traits) -> str:
    return files.get(tx, file.file).name
