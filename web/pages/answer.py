"""What an applicant still does with a filed case: answer a department's ask, or withdraw after seeing what follows."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from catalog.dictionary import Spec
from desk.agents.agency import ANSWER, may_do, refused
from desk.applicants.afterwards import Supply, Withdrawal
from desk.errors import DeskError
from desk.uploads.papers import specs_of
from desk.values import FileInfo
from forms.plan import Plan
from forms.split import columns_of
from sources.samples import sample_paper
from web.errors import Problem, not_found
from web.identity import subject
from web.pages.again import keep, taken
from web.pages.inputs import Input, Linked, about, file_control_id, flat, of_line, pressed, problems_of, with_value
from web.pages.materials import MISSING, accepted, info_of, keep_paper
from web.pages.root import bp, demo, desk, now
from web.pages.words import called
from web.pictures.stations import short
from web.wiring import house

SEND, UPLOAD = "send", "upload"


@dataclass(frozen=True, slots=True)
class WantedPaper:
    """A paper an ask wants: code, name, what its department says of it, how the file must look, which files were
    already taken for it, what is wrong, and what was brought when others asked for the same (whose ask, which file)."""

    code: str
    name: str
    note: str = ""
    spec: Spec = field(default_factory=Spec)
    errors: tuple[str, ...] = ()
    files: tuple[FileInfo, ...] = ()
    offered: tuple[tuple[str, FileInfo], ...] = ()

    @property
    def id(self) -> str:
        """The id of the file control."""
        return file_control_id(self.code)

    @property
    def accept(self) -> str:
        """The endings its file control offers."""
        return accepted(self.spec)


def _ask(view: Mapping[str, Any], leg: str, ask: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """The leg with the ask of that id: the open one, where the same was asked again."""
    found = next((one for one in view["legs"] if short(one["leg"]) == short(leg)), None)
    asked = [] if found is None else [item for item in found["asks"] if item["id"] == ask]
    if found is None or not asked:
        raise not_found()
    return found, next((item for item in asked if item["open"]), asked[-1])


def _inputs(plan: Plan, leg: str, ask: Mapping[str, Any]) -> list[Input]:
    """The fields of an ask: the form's own and those of the leg's own row, where it has them, else a line of text under
    the department's name."""
    lines = {line.code: line for line in plan.fields} | columns_of(plan, leg)
    regions = house().catalog.regions
    return [
        replace(of_line(lines[code], {}, regions), code=code, name=code, required=True)
        if (code := entry["field"]) in lines else Input(code, code, str(entry.get("name") or code), "text")
        for entry in ask["fields"]
    ]


def papers_of(plan: Plan, ask: Mapping[str, Any]) -> list[WantedPaper]:
    """The papers of an ask, under the same limits as when they were first handed in."""
    specs = specs_of(plan, desk().definitions(plan), [paper["material"] for paper in ask["materials"]])
    return [
        WantedPaper(paper["material"], str(paper.get("name") or paper["material"]), str(paper.get("note") or ""),
                    specs.get(paper["material"], Spec()))
        for paper in ask["materials"]
    ]


@bp.route("/cases/<reference>/legs/<leg>/asks/<ask>", methods=["GET", "POST"])
def answer(reference: str, leg: str, ask: str) -> str | tuple[str, int] | Response:
    """The answer to one ask: its fields and papers on one page, sent together, and only by the button that says so.

    Whatever else is pressed shows the page again with all that was typed and every file that was taken.
    """
    if (done := done_before(reference)) is not None:
        return done
    view = desk().case_view(subject(), reference, now())
    if not may_do(view, ANSWER):
        raise refused("act")
    found, wanted = _ask(view, leg, ask)
    inputs = _inputs(view["plan"], short(leg), wanted)
    papers = [replace(paper, offered=tuple(_brought_elsewhere(view, found, paper)))
              for paper in papers_of(view["plan"], wanted)]
    if request.method == "GET" or not wanted.get("open"):
        return _page(view, (found, wanted), [with_value(item, None) for item in inputs], papers, taken() or "")
    do = request.form.get("do", SEND)
    values = {item.code: value for item in inputs if (value := pressed(item, request.form, do)) is not None}
    papers = [_with_files(paper, do) for paper in papers]
    if do != SEND:
        page = _page(view, (found, wanted), [with_value(item, values.get(item.code)) for item in inputs], papers)
        return (page, 422) if any(paper.errors for paper in papers) else page
    # A paper whose file was refused is left out: the desk then finds the answer incomplete, and says what else is.
    given = {paper.code: tuple(file.file for file in paper.files)
             for paper in papers if paper.files and not paper.errors}
    try:
        supply = Supply(short(leg), ask, values, given)
        desk().afterwards.supplement(subject(), reference, supply, request.form.get("key", ""), now())
    except DeskError as error:
        if error.status != 422:
            raise
        tree = error.errors if isinstance(error.errors, Mapping) else {}
        shown = [with_value(item, values.get(item.code), tree.get(item.code)) for item in inputs]
        wrong = tree.get("materials") or {}
        marked = [replace(paper, errors=paper.errors or tuple(flat(wrong.get(paper.code)))) for paper in papers]
        return _page(view, (found, wanted), shown, marked, error.detail), 422
    return to_case(reference, f"补充已提交，{found['department_name']}收到后接着办理“{called(found)}”。")


def to_case(reference: str, done: str) -> Response:
    """On to the progress of the case, which says once what was done; or, where that may be seen no more, to the list in
    which it stands."""
    if not desk().sees(subject(), reference, now()):
        return redirect(url_for("pages.cases"), 303)
    page = url_for("pages.case", reference=reference)
    keep(page, done)
    return redirect(page, 303)


def done_before(reference: str) -> Response | None:
    """What is answered to a form that was sent before, and taken, while an agent's mandate stood which is over by now;
    None for any other."""
    key = request.form.get("key", "") if request.method == "POST" else ""
    over = bool(key) and not desk().sees(subject(), reference, now()) and desk().did(subject(), reference, key)
    return to_case(reference, "") if over else None


def _brought_elsewhere(view: Mapping[str, Any], asking: Mapping[str, Any],
                       paper: WantedPaper) -> Iterator[tuple[str, FileInfo]]:
    """The files that were brought when other legs asked for the same paper, each once, the newest first: what several
    departments ask is not fetched and uploaded for each."""
    answered = ((ask["answered_at"], leg, ask["brought"].get(paper.code, ())) for leg in view["legs"]
                if leg["leg"] != asking["leg"] for ask in leg["asks"] if ask["answered_at"])
    told: set[str] = set()
    for _, leg, names in sorted(answered, key=lambda one: str(one[0]), reverse=True):
        for name in names:
            if name not in told and (info := info_of(name)) is not None:
                told.add(name)
                yield called(leg), info


def _with_files(paper: WantedPaper, do: str) -> WantedPaper:
    """A paper with the files that earlier presses took for it and those chosen now, and why one was not taken.

    In the demo a tick attaches a sample paper where there is none.
    """
    kept = [file for file in request.form.getlist(f"kept.{paper.code}") if do != f"away:{paper.code}:{file}"]
    errors = []
    for chosen in request.files.getlist(f"file.{paper.code}"):
        try:
            kept += [keep_paper(chosen, paper.name, paper.spec)] if chosen.filename else []
        except Problem as problem:
            if problem.status not in {413, 422}:
                raise
            errors.append(problem.detail)
    if not kept and not errors and demo() and request.form.get(f"sample.{paper.code}"):
        name, type_, content = sample_paper(paper.name, paper.spec.file_types)
        kept = [desk().keep_file(subject(), (name, type_), [content], now()).file]
    if do == UPLOAD and not kept and not any(chosen.filename for chosen in request.files.values()):
        errors = [MISSING]
    own = (info_of(file) for file in dict.fromkeys(kept))
    return replace(paper, files=tuple(info for info in own if info is not None), errors=tuple(errors))


def _page(view: Mapping[str, Any], asked: tuple[Mapping[str, Any], Mapping[str, Any]], inputs: list[Input],
          papers: list[WantedPaper], said: str = "") -> str:
    leg, ask = asked
    problems = problems_of(inputs)
    problems += [Linked(about(paper.name, text), f"#{paper.id}") for paper in papers for text in paper.errors]
    if said and not problems:
        problems = [Linked(said)]
    return render_template("answer.html", view=view, leg=leg, ask=ask, inputs=inputs, papers=papers, problems=problems,
                           key=request.form.get("key") or secrets.token_hex(16), samples=demo())


@bp.route("/cases/<reference>/withdraw", methods=["GET", "POST"])
def withdraw(reference: str) -> str | tuple[str, int] | Response:
    """Choose what to withdraw, see what follows, then confirm with a reason."""
    if (done := done_before(reference)) is not None:
        return done
    view = desk().case_view(subject(), reference, now())
    given = request.form if request.method == "POST" else request.args
    chosen = list(dict.fromkeys(short(leg) for leg in given.getlist("leg")))
    reason = request.form.get("reason", "").strip()
    if request.method == "POST" and chosen and reason:
        wish, key = Withdrawal(tuple(chosen), reason), request.form.get("key", "")
        desk().afterwards.withdraw(subject(), reference, wish, key, now())
        return to_case(reference, f"撤回申请已提交，共 {len(chosen)} 项；每一项撤回没有，看下面的进度。")
    effects = desk().afterwards.withdrawal(subject(), reference, chosen, now()) if chosen else []
    problems = []
    if not chosen and (request.method == "POST" or "look" in request.args):
        problems = [Linked("请先选择要撤回的事项", "#legs")]
    elif request.method == "POST":
        problems = [Linked("请写一句撤回的原因", "#reason")]
    page = render_template("withdraw.html", view=view, chosen=chosen, effects=effects, problems=problems, reason=reason,
                           key=request.form.get("key") or secrets.token_hex(16),
                           legs=[leg for leg in view["legs"] if leg["can_withdraw"]])
    return (page, 422) if problems else page
