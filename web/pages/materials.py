"""Papers: one upload a line with what it may be said before, sample papers, pledges, and what is not needed."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from flask import jsonify, redirect, render_template, request, url_for
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from catalog.dictionary import Spec
from desk.errors import DeskError
from desk.uploads.papers import MEGABYTE, SPOILED, smaller
from desk.values import Draft, FileInfo
from forms.papers.planned import MaterialLine, RemovedMaterial
from forms.shown.plan_text import pledge_texts
from sources.samples import sample_paper
from web.errors import Problem, answer, from_http, not_found, wants_json
from web.identity import current, subject
from web.pages.again import keep, taken
from web.pages.inputs import Linked, about, file_control_id, flat
from web.pages.root import bp, demo, desk, draft_of, now
from web.pages.words import RULE_NAMES
from web.uploads import PIECE, download, keep_upload
from web.wiring import house

MISSING = "还没有上传，请选择文件"
OF_PHONES, PICTURES = frozenset({"heic", "heif"}), frozenset({"jpg", "jpeg", "png"})
IPHONE = "这是 iPhone 的照片格式：请打开照片截一张图，上传截图；或者在 设置 → 相机 → 格式 里选“兼容性最佳”，再拍一张"
MOST_SWALLOWED = 6  # times the limit of one request; of more the connection breaks, whatever is answered
UPLOADS = frozenset({"pages.upload", "pages.answer"})
MB = 1_000_000  # as the limit of a request is set


@dataclass(frozen=True, slots=True)
class Paper:
    """One line of the papers page: what is wanted, what is there, what is wrong."""

    line: MaterialLine
    files: tuple[FileInfo, ...]
    errors: tuple[str, ...]

    @property
    def id(self) -> str:
        """The id of its file control."""
        return file_control_id(self.line.key)

    @property
    def accept(self) -> str:
        """The endings its file control offers."""
        return accepted(self.line.spec)


def accepted(spec: Spec) -> str:
    """The endings of a paper's files, as a file control takes them."""
    return ",".join(f".{ending}" for ending in spec.file_types)


def papers_of(draft: Draft, complain: bool) -> list[Paper]:
    """Every paper of a draft; `complain` also names what is missing."""
    wrong: Mapping[str, Any] = draft.errors.get("materials") or {}
    spoiled = desk().infected([name for names in draft.materials.values() for name in names])
    found = []
    for line in draft.plan.materials:
        names = draft.materials.get(line.key, ())
        files = tuple(file for name in names if (file := info_of(name)) is not None)
        errors = flat(wrong.get(line.key)) or ([_missing(line)] if complain and line.key in draft.missing else [])
        errors = errors or ([SPOILED] if spoiled.intersection(names) else [])
        found.append(Paper(line, files, tuple(errors)))
    return found


def _missing(line: MaterialLine) -> str:
    """What to say of a paper that is not there: where a look-up found nothing, that too."""
    return f"{line.failed}，请您自己上传" if line.failed and not line.number else MISSING


def numbers_in_doubt(draft: Draft) -> list[Linked]:
    """The numbers by which papers were not looked up and which may be mistyped, each said once with all its papers."""
    page_of = {code: section.code for section in draft.plan.sections for code in section.fields}
    names = {line.code: line.name for line in draft.plan.fields if line.code in page_of}
    papers: dict[str, list[str]] = {}
    for line in draft.plan.materials:
        if (code := line.number or "") in names and line.key in draft.missing:
            papers.setdefault(code, []).append(str(line.name))
    return [Linked(f"{names[code]}：凭这个号码没有查到{'、'.join(found)}；号码填错了请改正，没有填错的请自己上传",
                   f"{url_for('pages.section', draft=draft.id, section=page_of[code])}#f-{code}")
            for code, found in papers.items()]


def info_of(file: str) -> FileInfo | None:
    """What a file of this person is called and how large it is; None where it is not theirs or gone."""
    try:
        return desk().describe_file(subject(), file)
    except DeskError:
        return None


def problems_in(papers: list[Paper]) -> list[Linked]:
    """The problems of the papers, each linked to its control."""
    return [Linked(about(str(paper.line.name), text), f"#{paper.id}") for paper in papers for text in paper.errors]


def pledges_of(draft: Draft) -> list[RemovedMaterial]:
    """The papers that a signed statement replaces."""
    return [item for item in draft.plan.removed_materials if item.rule == "pledge"]


@bp.route("/drafts/<draft>/materials", methods=["GET", "POST"])
def materials(draft: str) -> str | Response:
    """The papers; sending the page signs the pledges and goes on if nothing is missing."""
    found = draft_of(draft)
    if request.method == "GET":
        key, text = taken() or ("", "")
        return _page(found, complain="check" in request.args, refused=(key, text))
    signed = request.form.getlist("signed")
    found = desk().drafts.save(subject(), draft, {"consent": {"signed": signed}}, now())
    if problems_in(papers_of(found, complain=True)) or unsigned(found):
        return redirect(url_for("pages.materials", draft=draft, check=1), 303)
    return redirect(url_for("pages.consent", draft=draft), 303)


@bp.post("/drafts/<draft>/look-again")
def look_again(draft: str) -> Response:
    """Ask the sources again, one of which did not answer."""
    desk().drafts.look_again(subject(), draft, now())
    return redirect(url_for("pages.materials", draft=draft), 303)


def unsigned(draft: Draft) -> list[RemovedMaterial]:
    """The pledges that are not signed yet."""
    signed = set(draft.consent.get("signed") or ())
    return [item for item in pledges_of(draft) if item.key not in signed]


def _page(draft: Draft, complain: bool, refused: tuple[str, str] = ("", "")) -> str:
    """The papers; `refused` is the key of a paper and why the file chosen for it was not taken."""
    papers = [replace(paper, errors=(refused[1],)) if paper.line.key == refused[0] else paper
              for paper in papers_of(draft, complain)]
    problems = problems_in(papers)
    not_signed = [f"{item.name}：请勾选承诺" for item in unsigned(draft)] if complain else []
    problems += [Linked(text, "#pledges") for text in not_signed]
    removed = [item for item in draft.plan.removed_materials if item.rule != "pledge"]
    return render_template(
        "materials.html", draft=draft, papers=papers, problems=problems, pledges=pledges_of(draft), removed=removed,
        signed=draft.consent.get("signed") or (), promised=_promised(draft), unsigned=not_signed, rule_names=RULE_NAMES,
        samples=demo(), smaller=smaller, doubts=numbers_in_doubt(draft))


def _promised(draft: Draft) -> dict[str, str]:
    """What each pledge promises, by its code: nobody signs what he cannot read."""
    catalog = house().catalog
    bundle = catalog.bundles[draft.bundle]
    return pledge_texts(catalog.matter_of(bundle, entry.matter) for entry in bundle.entries)


def _line(draft: Draft, key: str) -> MaterialLine:
    for line in draft.plan.materials:
        if line.key == key:
            return line
    raise not_found()


@bp.post("/drafts/<draft>/materials/<key>")
def upload(draft: str, key: str) -> Response:
    """Keep the files chosen for one paper; a program (the progress bar) gets JSON, a plain form the page again."""
    found = draft_of(draft)
    line = _line(found, key)
    try:
        kept = [keep_paper(file, line.name, line.spec) for file in request.files.getlist("file") if file.filename]
        if not kept:
            raise Problem(422, "no_file", MISSING, {"file": [MISSING]})
    except Problem as problem:
        if wants_json() or problem.status not in {413, 422}:
            raise
        return _refused(draft, key, problem.detail)
    saved = desk().drafts.attach(subject(), draft, key, kept, now())
    if wants_json():
        return jsonify({"files": saved.materials.get(key, ())})
    return redirect(url_for("pages.materials", draft=draft, _anchor=f"paper-{key}"), 303)


def keep_paper(file: FileStorage, name: object, spec: Spec, owner: str | None = None) -> str:
    """Keep a file chosen for the paper called `name`, as the caller's or that of an `owner`, and give its id; a
    `Problem` says why this paper takes it not."""
    ending = (file.filename or "").rpartition(".")[2].lower()
    if ending not in {*spec.file_types, *(("jpeg",) if "jpg" in spec.file_types else ())}:
        say = f"{name}只收 {'、'.join(spec.file_types)} 文件，{IPHONE if ending in OF_PHONES else '请换一个文件'}"
        raise Problem(422, "file_type", say, {"file": [say]})
    try:
        kept = keep_upload(file.stream, file.filename or "", "", owner or subject())
    except Problem as problem:
        if problem.code not in {"file_type", "file_type_differs"}:
            raise
        types = "、".join(spec.file_types)
        say = f"文件名以 .{ending} 结尾，内容却不是 {ending.upper()}；请换成真正的 {types} 文件"
        raise Problem(422, problem.code, say, {"file": [say]}) from problem
    if kept.size > spec.max_mb * MEGABYTE:
        say = f"{name}不能超过 {spec.max_mb} MB；{smaller(picture=ending in PICTURES)}"
        raise Problem(422, "file_size", say, {"file": [say]})
    return kept.file


def _refused(draft: str, key: str, say: str) -> Response:
    """Back to the papers page, which says once why nothing was taken for a paper."""
    page = url_for("pages.materials", draft=draft)
    keep(page, [key, say])
    return redirect(page, 303)


@bp.errorhandler(413)
def too_large(error: HTTPException) -> Response:
    """A plain form sends all the files chosen for a paper at once: what they are together may be too much, which is
    found before the form is read."""
    sent, limit = request.content_length or 0, house().settings.upload_limit
    if request.endpoint not in UPLOADS or wants_json() or sent <= limit or not current().signed_in:
        return answer(from_http(error))
    swallow(MOST_SWALLOWED * limit)
    say = f"一次选的文件一共约 {sent / MB:.0f} MB，一次最多发送 {limit // MB} MB，一份也没有保存；请分几次上传"
    if request.endpoint == "pages.upload":
        return _refused(**(request.view_args or {}), say=say)
    keep(request.path, f"{say}，每次选一两个，按“先上传选好的文件”；填的内容也请再填一遍")
    return redirect(request.path, 303)


def swallow(most: int) -> None:
    """Read what a browser sends and throw it away: it reads no answer before it has sent its form."""
    with suppress(Problem):  # too slow, or no place for it now: then it is answered as it stands
        for _ in range(0, most, PIECE):
            if not request.environ["wsgi.input"].read(PIECE):
                return


@bp.get("/drafts/<draft>/materials/<key>/<file>")
def paper(draft: str, key: str, file: str) -> Response:
    """A file of this draft as it was taken, to be looked at before it is handed in."""
    if file not in draft_of(draft).materials.get(key, ()):
        raise not_found()
    return download(*desk().open_file(subject(), file))


@bp.post("/drafts/<draft>/materials/<key>/drop")
def drop_upload(draft: str, key: str) -> Response:
    """Take one file away from a paper."""
    desk().drafts.detach(subject(), draft, key, request.form.get("file", ""), now())
    return redirect(url_for("pages.materials", draft=draft, _anchor=f"paper-{key}"), 303)


@bp.post("/drafts/<draft>/sample-papers")
def sample_papers(draft: str) -> Response:
    """Attach a sample paper wherever one is missing (demo and test only)."""
    found = draft_of(draft)
    changes = {}
    for line in found.plan.materials:
        if not found.materials.get(line.key):
            name, type_, content = sample_paper(str(line.name), line.spec.file_types)
            changes[line.key] = [desk().keep_file(subject(), (name, type_), [content], now()).file]
    if changes:
        desk().drafts.save(subject(), draft, {"materials": changes}, now())
    return redirect(url_for("pages.materials", draft=draft), 303)
