"""The last steps: consent, everything on one page to check, the filing itself, and the receipt with its QR code."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from desk.applicants.consents import named_sensitive
from desk.applicants.lookups import LOOKED_UP, spoken_for
from desk.errors import DeskError
from desk.parties.statements import is_theirs
from desk.values import Draft, Reviewed
from forms.plan import SectionLine
from web.errors import Problem
from web.identity import subject
from web.pages.again import keep, taken
from web.pages.at_counter import signed_application, signed_consent
from web.pages.form import asked_sections, inputs_of, lines_of
from web.pages.inputs import Input, Linked, flat, kept_value, of_line, problems_of, with_value
from web.pages.materials import numbers_in_doubt, papers_of, pledges_of, problems_in, unsigned
from web.pages.plan import STOPS
from web.pages.root import bp, desk, draft_of, now, overtaken, seen_of
from web.pages.situation import answered
from web.pages.words import departments_of, offices_of
from web.pictures.qr import qr_code
from web.wiring import house

CONSENT_VERSION = "1"


@bp.route("/drafts/<draft>/consent", methods=["GET", "POST"])
def consent(draft: str) -> str | Response:
    """What is fetched and handed on, for what, to whom; nothing is looked up without this consent."""
    found = draft_of(draft)
    if request.method == "GET":
        return _consent_page(found, [Linked(text, href) for text, href in taken() or ()])
    problems = _consent_problems(found)
    if problems:
        keep(request.path, [[problem.text, problem.href] for problem in problems])
        return redirect(request.path, 303)
    given: dict[str, object] = {"agreed": True, "version": CONSENT_VERSION, "sensitive": list(found.scope.sensitive)}
    try:
        given |= signed_consent()
    except Problem as problem:
        keep(request.path, [[problem.detail, "#scan"]])
        return redirect(request.path, 303)
    saved = desk().drafts.save(subject(), draft, {"consent": given}, now())
    asks = not all(party.agrees for party in saved.parties)
    return redirect(url_for("pages.draft_agreements" if asks else "pages.review", draft=draft), 303)


def _consent_problems(draft: Draft) -> list[Linked]:
    """Why what was sent is no consent to what this draft does now; only a whole consent is kept."""
    if request.form.get("shown") != draft.scope.digest:
        return [Linked("您的回答改变后，下面的说明也变了；请再看一遍并勾选", "#agreed")]
    problems = []
    if request.form.get("agreed") != "yes":
        problems.append(Linked("同意后才能提交；不同意也可以到大厅窗口交纸质材料办理", "#agreed"))
    if draft.scope.sensitive and request.form.get("sensitive") != "yes":
        problems.append(Linked("敏感信息需要您单独同意", "#sensitive"))
    return problems


def _consent_page(draft: Draft, problems: Sequence[Linked]) -> str:
    looked_up = [item for item in draft.plan.removed_materials if item.rule in LOOKED_UP]
    asking = {party.statement.role for party in draft.parties}
    others = [item for item in looked_up if any(is_theirs(item, asked) for asked in draft.plan.agreements
                                                if asked.role in asking)]
    return render_template("consent.html", draft=draft, problems=problems, others=others,
                           fetched=[item for item in looked_up if item not in others], related=spoken_for(draft.plan),
                           offices=offices_of(draft.plan), sensitive=named_sensitive(draft.plan))


def _answers(draft: Draft, section: SectionLine) -> list[Input]:
    departments, regions = departments_of(draft.plan), house().catalog.regions
    return [
        with_value(of_line(line, departments, regions),
                   kept_value(line, draft.form.get(line.code)))
        for line in lines_of(draft, section)
    ]


def everything_wrong(draft: Draft) -> list[Linked]:
    """All that still stops the filing, each with the link to where it is solved."""
    found = [Linked(problem.text, url_for("pages.draft_plan", draft=draft.id))
             for problem in draft.plan.problems if problem.level in STOPS]
    for section in asked_sections(draft):
        at = url_for("pages.section", draft=draft.id, section=section.code, check=1)
        found += [Linked(item.text, at + item.href) for item in problems_of(inputs_of(draft, section, complain=True))]
    papers = url_for("pages.materials", draft=draft.id, check=1)
    found += numbers_in_doubt(draft)
    found += [Linked(item.text, papers + item.href) for item in problems_in(papers_of(draft, complain=True))]
    found += [Linked(f"{item.name}：请勾选承诺", papers + "#pledges") for item in unsigned(draft)]
    if not draft.consented:
        found.append(Linked("请先看“您的信息怎么用”并同意", url_for("pages.consent", draft=draft.id)))
    at = url_for("pages.draft_agreements", draft=draft.id)
    return found + [Linked(f"还差{party.statement.role_name}{party.statement.name}的确认：{party.state_name}", at)
                    for party in draft.parties if not party.agrees]


@bp.get("/drafts/<draft>/review")
def review(draft: str) -> str:
    """Everything that will be sent, with a way to change each part."""
    return _review_page(found := draft_of(draft), everything_wrong(found))


def _mark(draft: Draft) -> str:
    return seen_of(draft.situation, draft.form, draft.materials)


def _review_page(draft: Draft, problems: Sequence[Linked]) -> str:
    parts = [(section, _answers(draft, section)) for section in draft.plan.sections]
    return render_template(
        "review.html", draft=draft, parts=parts, papers=papers_of(draft, complain=False), pledges=pledges_of(draft),
        answered=answered(draft.plan), problems=problems, seen=_mark(draft),
        notes=[problem for problem in draft.plan.problems if problem.level not in STOPS],
        running=[] if draft.on_behalf_of or draft.filed_as else desk().running(draft.subject, draft.bundle),
        asked={section.code for section in asked_sections(draft)},
    )


@bp.route("/drafts/<draft>/submit", methods=["GET", "POST"])
def submit(draft: str) -> tuple[str, int] | Response:
    """File the draft: one draft files once, so a second press leads to the same receipt. The address alone, as of a
    refusal opened again, leads to the review."""
    if request.method == "GET":
        return redirect(url_for("pages.review", draft=draft), 303)
    found = draft_of(draft)
    problems = [] if found.filed_as else everything_wrong(found)
    if problems:
        return redirect(url_for("pages.review", draft=draft), 303)  # which names them all
    if not found.filed_as and (changed := _changed(found)):
        return _review_page(found, [Linked(f"{changed}；请再核对一遍后提交")]), 409
    try:
        receipt = desk().submit_draft(subject(), draft, dict(found.consent), now(),
                                      Reviewed(found.version, counter=signed_application(found)))
    except Problem as problem:
        return _review_page(found, [Linked(problem.detail, "#scan")]), problem.status
    except DeskError as error:
        if error.status not in {409, 422}:
            raise
        again = draft_of(draft)
        return _review_page(again, everything_wrong(again) or refusals(again, error)), error.status
    return redirect(url_for("pages.receipt", reference=receipt.reference), 303)


def _changed(draft: Draft) -> str:
    """What is another than on the page from which it is filed; empty for nothing."""
    if request.form.get("edition") != draft.edition:
        return "这件事的办理要求刚刚有更新，下面是更新后的内容"
    return "内容已在别处改过，下面是现在的内容" if overtaken(_mark(draft)) else ""


def refusals(draft: Draft, error: DeskError) -> list[Linked]:
    """What the desk refused at the last step, by the name of the field or paper; else the desk's own sentence."""
    tree = dict(error.errors) if isinstance(error.errors, Mapping) else {}
    papers = tree.pop("materials", None)
    names = {line.code: str(line.name) for line in draft.plan.fields}
    found = [Linked(f"{names.get(code, code)}：{text}") for code, texts in tree.items() for text in flat(texts)]
    called = {line.key: str(line.name) for line in draft.plan.removed_materials}
    called |= {line.key: str(line.name) for line in draft.plan.materials}
    if isinstance(papers, Mapping):
        at = url_for("pages.materials", draft=draft.id, check=1)
        found += [Linked(f"{called.get(key, key)}：{text}", at) for key in papers for text in flat(papers[key])]
    return found or [Linked(error.detail)]


@bp.get("/cases/<reference>/receipt")
def receipt(reference: str) -> str:
    """The receipt: reference, code, QR code (both in the fragment, never in a query), every leg; printable."""
    found = desk().intake.receipt(subject(), reference, now())
    view = desk().case_view(subject(), reference, now())
    base = house().settings.public_url.rstrip("/") + url_for("pages.track")
    svg = qr_code(f"{base}#r={found.reference}&c={found.code}")
    expected = desk().expected_at_filing(subject(), reference, now())
    return render_template("receipt.html", receipt=found, view=view, expected=expected, qr=svg,
                           about=desk().about(subject(), reference, now()))
