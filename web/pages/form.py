"""The merged form, one section a page; every page is kept as it is, and says all that is wrong with it at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from desk.values import Draft
from forms.plan import FieldLine, SectionLine
from forms.schema import wrong_in
from web.errors import not_found
from web.identity import subject
from web.pages.acting import filled_in, known_for
from web.pages.inputs import (
    Input,
    Linked,
    kept_value,
    of_line,
    pressed,
    problems_of,
    settled,
    with_value,
)
from web.pages.plan import Onward, plan_page
from web.pages.root import bp, bundle_of, demo, desk, draft_of, now, overtaken, seen_of
from web.pages.rows import missing_cells, named
from web.pages.samples import sample_answers
from web.pages.situation import answered
from web.pages.words import departments_of
from web.wiring import house

MISSING = "还没有填，请填写"
BROUGHT, FROM_ACCOUNT = "已带出，请核对", "已从您的账号带出，请核对"
SAMPLE_ROUNDS = 2
CHANGED = "这一页已在别处改过；下面是您刚才在这里填的，还没有保存。再按一次保存，就以这里的为准"


@dataclass(frozen=True, slots=True)
class Page:
    """A section in the list of pages: how many of its questions are still open or wrong."""

    code: str
    name: str
    left: int


def lines_of(draft: Draft, section: SectionLine) -> list[FieldLine]:
    """The fields of a section that are asked; what the situation has answered is only shown."""
    by_code = {line.code: line for line in draft.plan.fields}
    return [by_code[code] for code in section.fields if code in by_code]


def asked_sections(draft: Draft) -> list[SectionLine]:
    """The sections in which at least one field is asked."""
    return [section for section in draft.plan.sections
            if any(not settled(line) for line in lines_of(draft, section))]


def pages_of(draft: Draft) -> list[Page]:
    """Every page of the form with what is left to do on it."""
    left = Counter(draft.lacking)
    left.update({code: wrong_in(wrong) for code, wrong in draft.errors.items()})
    return [
        Page(section.code, section.name, sum(left[line.code] for line in lines_of(draft, section) if not settled(line)))
        for section in asked_sections(draft)
    ]


def inputs_of(draft: Draft, section: SectionLine, complain: bool) -> list[Input]:
    """The inputs of a page with what was kept; `complain` also names what is missing."""
    departments, regions, filled = departments_of(draft.plan), house().catalog.regions, filled_in(draft)
    mark = BROUGHT if draft.on_behalf_of else FROM_ACCOUNT
    found = []
    for line in lines_of(draft, section):
        if settled(line):
            continue
        errors = draft.errors.get(line.code)
        value = kept_value(line, draft.form.get(line.code))
        if complain and line.code in draft.missing and not isinstance(errors, list):
            errors = missing_cells(line, value, MISSING, errors) or [MISSING]
        told = mark if line.code in filled and draft.form.get(line.code) == filled[line.code] else ""
        if value is None and (same := draft.form.get(line.same_as or "")) is not None:
            value, told = same, BROUGHT
        asked = replace(of_line(line, departments, regions), mark=told)
        found.append(with_value(asked, value, errors))
    return found


@bp.get("/drafts/<draft>")
def draft(draft: str) -> Response:
    """On to where the person left off: the first page with something left, the papers, or the review.

    A draft just opened (`first`) begins with its first page, so that what was brought is looked at.
    """
    found = draft_of(draft)
    left = next((page for page in pages_of(found) if page.left or "first" in request.args), None)
    if left is not None:
        return redirect(url_for("pages.section", draft=draft, section=left.code), 303)
    if set(found.missing) & {line.key for line in found.plan.materials}:
        return redirect(url_for("pages.materials", draft=draft), 303)
    return redirect(url_for("pages.consent", draft=draft), 303)


@bp.get("/drafts/<draft>/plan")
def draft_plan(draft: str) -> str:
    """The plan of a draft, with the way back to the questions."""
    found = draft_of(draft)
    onward = Onward("继续填表", url_for("pages.draft", draft=draft), found, changed="changed" in request.args)
    return plan_page(bundle_of(found.bundle), found.plan, answered(found.plan), onward)


@bp.route("/drafts/<draft>/form/<section>", methods=["GET", "POST"])
def section(draft: str, section: str) -> str | tuple[str, int] | Response:
    """One page of the form. Sending it keeps everything, also what is wrong, and says what to change."""
    found = draft_of(draft)
    sections = asked_sections(found)
    place = next((number for number, item in enumerate(sections) if item.code == section), None)
    if place is None:
        if request.method == "POST" and not found.filed_as:
            return redirect(url_for("pages.draft_plan", draft=draft, changed=1), 303)
        raise not_found()
    if request.method == "GET":
        return _page(found, place, inputs_of(found, sections[place], complain="check" in request.args))
    do = request.form.get("do", "next")
    inputs = inputs_of(found, sections[place], complain=False)
    lines = {line.code: line for line in lines_of(found, sections[place])}
    changes = {asked.code: named(lines[asked.code], pressed(asked, request.form, do)) for asked in inputs}
    if overtaken(_mark(found, sections[place])) and any(found.form.get(code) != sent for code, sent in changes.items()):
        typed = [with_value(asked, changes[asked.code]) for asked in inputs]
        return _page(found, place, typed, CHANGED), 409
    found = desk().drafts.save(subject(), draft, {"form": changes}, now())
    if do.startswith(("add:", "drop:")):
        return redirect(url_for("pages.section", draft=draft, section=section, _anchor="f-" + do.split(":")[1]), 303)
    if do == "next" and problems_of(inputs_of(found, sections[place], complain=True)):
        at = url_for("pages.section", draft=draft, section=section, check=1, review=request.args.get("review"))
        return redirect(at, 303)
    return _after(found, place, do)


def _mark(draft: Draft, section: SectionLine) -> str:
    """What a page of the form was made of: the situation and what was kept of its fields."""
    return seen_of(draft.situation, {line.code: draft.form.get(line.code) for line in lines_of(draft, section)})


def _after(draft: Draft, place: int, do: str) -> Response:
    """Where a press leads once the page is kept: the named page, home to one's cases, back to the review, or on."""
    verb, _, named = do.partition(":")
    if verb == "go":
        ways = {"materials": "pages.materials", "review": "pages.review"}
        if named in ways:
            return redirect(url_for(ways[named], draft=draft.id), 303)
        return redirect(url_for("pages.section", draft=draft.id, section=named), 303)
    if verb == "later":
        return redirect(url_for("pages.cases"), 303)
    if "review" in request.args:
        return redirect(url_for("pages.review", draft=draft.id), 303)
    sections = asked_sections(draft)
    if place + 1 < len(sections):
        return redirect(url_for("pages.section", draft=draft.id, section=sections[place + 1].code), 303)
    return redirect(url_for("pages.materials", draft=draft.id), 303)


def _page(draft: Draft, place: int, inputs: list[Input], said_first: str = "") -> str:
    sections = asked_sections(draft)
    said = [line for line in lines_of(draft, sections[place]) if settled(line)]
    departments, regions = departments_of(draft.plan), house().catalog.regions
    before = sections[place - 1] if place else None
    return render_template(
        "section.html", draft=draft, section=sections[place], inputs=inputs,
        problems=[Linked(said_first)] if said_first else problems_of(inputs), seen=_mark(draft, sections[place]),
        said=[with_value(of_line(line, departments, regions), line.value) for line in said],
        pages=pages_of(draft), number=place + 1, samples=demo(),
        back=(url_for("pages.section", draft=draft.id, section=before.code) if before
              else url_for("pages.draft_plan", draft=draft.id)),
    )


@bp.post("/drafts/<draft>/sample-form")
def sample_form(draft: str) -> Response:
    """Fill the whole form with sample answers (demo and test only); what was typed stays where there is no sample. For
    somebody else with theirs, for a sample person has nothing to hide."""
    found = draft_of(draft)
    theirs = house().accounts.details(found.on_behalf_of) if found.on_behalf_of else {}
    known = {**theirs, **known_for(found)}
    for _ in range(SAMPLE_ROUNDS):  # what is filled in may lead to more fields
        found = desk().drafts.save(subject(), draft, {"form": dict(sample_answers(found, known))}, now())
    return redirect(url_for("pages.section", draft=draft, section=request.form.get("section", "") or "applicant"), 303)
