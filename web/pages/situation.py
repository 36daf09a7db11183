"""The situation questions one at a time, and the plan they lead to, before anybody has to sign in.

The answers of a visitor stay in the signed session cookie until a draft is opened; they name no person. The situation
of a draft is changed at the same addresses with the draft's id (`draft`), by its owner alone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from flask import redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from catalog.bundle import Bundle
from catalog.model import Catalog
from catalog.reading import columns_that_choose
from desk.agents.mandates import Mandate
from desk.values import Draft
from forms.answers import CHOSEN, FILER, ground_of
from forms.plan import AskedQuestion, Plan
from forms.values import BadValue, Surroundings, read_value
from forms.wanted import wanted_of_question
from web.errors import not_found
from web.identity import current, subject
from web.pages.acting import filled_in, forget_for_whom, under_of
from web.pages.again import keep as keep_sent
from web.pages.again import kept
from web.pages.inputs import (
    Input,
    answer_words,
    of_question,
    pressed,
    problems_of,
    read,
    settled,
    with_value,
)
from web.pages.kept import forget, keep, kept_for
from web.pages.plan import Onward, plan_page
from web.pages.root import bp, bundle_of, desk, draft_of, now, overtaken, seen_of, today
from web.pages.rows import (
    columns_asked,
    form_with_its_rows,
    papers_with_their_rows,
    read_by,
    rules_of,
    told_by_question,
)
from web.wiring import house

TOO_MUCH = "内容太多，这一步记不下，还没有保存；请少填一些，其余的另办一件"
RESERVED_WHY = {
    FILER: "决定核对谁的身份证；请人代办的，还要交授权委托书。",
    CHOSEN: "不需要可以都不选，以后也能单独办。",
}
P = ParamSpec("P")
R = TypeVar("R")
LISTED = frozenset({"choice", "yes_no", "many", "region", "regions"})


@dataclass(frozen=True, slots=True)
class Asking:
    """Whose questions a page asks: a bundle's for a draft to come, or those of a draft that is being changed; and what
    has been answered so far."""

    bundle: Bundle
    draft: str | None
    given: dict[str, Any]

    def to(self, endpoint: str, **more: Any) -> str:
        """The address of a page about the same."""
        return url_for(endpoint, bundle=self.bundle.id, draft=self.draft, **more)


def asking(bundle: str) -> Asking:
    """What this request is about; a draft is found by its owner alone."""
    found, named = bundle_of(bundle), request.args.get("draft")
    if not named:
        return Asking(found, None, kept_for(bundle, None) or {})
    draft = draft_of(named)
    if draft.bundle != bundle:
        raise not_found()
    kept = kept_for(bundle, draft.id)
    return Asking(found, draft.id, told_by_question(house().catalog, found, draft.situation) if kept is None else kept)


def signed_in_first(view: Callable[P, R]) -> Callable[P, R | Response]:
    """Send a person whose sign-in ran out while a draft was being changed to sign in again, and back."""
    @wraps(view)
    def seen(*args: P.args, **named: P.kwargs) -> R | Response:
        if request.args.get("draft") and not current().signed_in:
            unsaved = 1 if request.method == "POST" else None
            return redirect(url_for("pages.login", next=request.full_path, unsaved=unsaved), 303)
        return view(*args, **named)
    return seen


def shown_input(question: AskedQuestion, catalog: Catalog, bundle: Bundle | None = None) -> Input:
    """A question as an input, with what the dictionary says about it; where `bundle` asks it, its rows (of people,
    perhaps) have the columns that a question may ask."""
    group = catalog.fields.get(question.id)
    columns = None if bundle is None or group is None else columns_asked(catalog, bundle, group)
    return of_question(question, group, catalog.regions, columns,
                       columns_that_choose(bundle) if bundle else frozenset())


def _next_open(plan: Plan, given: Mapping[str, Any]) -> AskedQuestion | None:
    """The first question to ask: what is open, and what only its default or nobody's wish has answered so far."""
    return next((question for question in plan.questions if question.id not in given
                 and (question.state in {"open", "answered"} or _offered(question))), None)


def _offered(question: AskedQuestion) -> bool:
    """Whether this is the offer of optional matters, which nothing else waits for."""
    return question.id == CHOSEN and question.state == "idle"


def _onward(place: Asking) -> Response:
    question = _next_open(desk().plan(place.bundle.id, place.given, now()), place.given)
    if question is not None and question.id == FILER and len(question.options) == 1:  # a guardian files as guardian
        given = {**place.given, FILER: question.options[0].code}
        if keep(place.bundle.id, place.draft, given):
            return _onward(replace(place, given=given))
    if question is not None:
        return redirect(place.to("pages.question", question=question.id), 303)
    return redirect(place.to("pages.preview"), 303)


@bp.get("/bundles/<bundle>/questions")
@signed_in_first
def questions(bundle: str) -> Response:
    """On to the first question that is still open."""
    return _onward(asking(bundle))


@bp.route("/bundles/<bundle>/questions/<question>", methods=["GET", "POST"])
@signed_in_first
def question(bundle: str, question: str) -> str | tuple[str, int] | Response:
    """One question; its answer decides which one comes next."""
    place = asking(bundle)
    found, given = place.bundle, place.given
    plan = desk().plan(bundle, given, now())
    asked = next((item for item in plan.questions if item.id == question), None)
    if asked is None or asked.state == "not_applicable":
        raise not_found()
    its_words = ground_of(house().catalog, found).catalog
    shown = shown_input(asked, its_words, found)  # with its default, if it has one
    if question in given:
        shown = with_value(shown, given[question])
    if request.method == "GET" and "check" in request.args:
        value = given.get(question) if (sent := kept()) is None else sent["value"]
        return _page(place, plan, asked, with_value(shown, value, _wrong(found, given, asked, value)))
    if request.method == "GET":
        return _page(place, plan, asked, shown)
    if do := request.form.get("do"):
        return _page(place, plan, asked, with_value(shown, pressed(shown, request.form, do)))
    value = read(shown, request.form)
    if value is None and asked.type == "many":
        value = []
    wrong = _wrong(found, given, asked, value)
    if wrong and keep_sent(request.path, {"value": value}):
        return redirect(place.to("pages.question", question=question, check=1), 303)
    after = replace(place, given=_said(place, plan, question, value))
    if not wrong and not keep(bundle, place.draft, after.given):
        wrong = [TOO_MUCH]
    if wrong:
        return _page(place, plan, asked, with_value(shown, value, wrong)), 422
    return _onward(after)


def _said(place: Asking, before: Plan, asked: str, value: Any) -> dict[str, Any]:
    """The answers with a new one. Who files goes with it where that is not offered any more, and where only one could
    and nobody was asked; a mandate has said it for good."""
    given = {**place.given, asked: value}
    if asked == FILER or FILER not in given or under_of(place.bundle.id) is not None or (
            place.draft and draft_of(place.draft).on_behalf_of):
        return given
    then = _filers(desk().plan(place.bundle.id, given, now()))
    if len(_filers(before)) != 1 and given[FILER] in then:
        return given
    return {code: one for code, one in given.items() if code != FILER}


def _filers(plan: Plan) -> list[str]:
    """Who may file, as the question offers it."""
    return [option.code for one in plan.questions if one.id == FILER for option in one.options]


def unanswered(type_: str) -> list[str]:
    """What to say of a question without an answer."""
    if type_ in LISTED:
        return ["请选择一项；拿不准时可以先选最接近的，之后还能改"]
    if type_ == "rows":
        return ["一行也没有填；请至少填写一行，资料不在手边的可以先离开，找到再来填"]
    return ["请填写；拿不准时可以先填估计的，之后还能改"]


def _wrong(bundle: Bundle, given: Mapping[str, Any], asked: AskedQuestion, value: Any) -> Any:
    """What is wrong with an answer: sentences, or a tree by row and column."""
    if value is None:
        return unanswered(asked.type)
    catalog, question = house().catalog, asked.id
    authored = next((item for item in bundle.questions if item.id == question), None)
    try:
        if authored is not None:
            wanted = wanted_of_question(authored, catalog.fields, columns_that_choose(bundle))
            read_value(value, wanted, Surroundings(catalog.regions, today()))
    except BadValue as bad:
        return bad.errors
    after = desk().plan(bundle.id, {**given, question: value}, now())
    return [problem.text for problem in after.problems if problem.rule == "bad_answer" and problem.at == question]


def _page(place: Asking, plan: Plan, asked: AskedQuestion, shown: Input) -> str:
    passed = [item for item in plan.questions if item.id == asked.id or item.state in {"answered", "open"}]
    at = next((number for number, item in enumerate(passed) if item.id == asked.id), 0)
    before = passed[at - 1] if at else None
    back = (place.to("pages.question", question=before.id) if before
            else url_for("pages.bundle", bundle=place.bundle.id))
    return render_template("question.html", bundle=place.bundle, asked=asked, item=shown, back=back, number=at + 1,
                           reserved_why=RESERVED_WHY,
                           stops=_refused(place, plan), problems=problems_of([shown]))


def _refused(place: Asking, plan: Plan) -> list[str]:
    """What rules refuse of the answers so far. Where only a default has answered yet, nobody has said anything that
    could be refused."""
    unsaid = {item.id for item in plan.questions if item.state != "not_applicable"} - place.given.keys()
    rules = rules_of(house().catalog, place.bundle)
    said = {rule.id for rule in rules if unsaid.isdisjoint(name.partition(".")[0] for name in read_by(rule))}
    return list(dict.fromkeys(problem.text for problem in plan.problems
                              if problem.level == "block" and problem.rule in said))


@bp.get("/bundles/<bundle>/plan")
@signed_in_first
def preview(bundle: str) -> str | Response:
    """The plan of the answers so far; with open questions left, on to the first of them."""
    place = asking(bundle)
    plan = desk().plan(bundle, place.given, now())
    if _next_open(plan, place.given) is not None:
        return _onward(place)
    under = None if place.draft else under_of(bundle)
    if under is not None or (place.draft and draft_of(place.draft).on_behalf_of):
        plan = desk().plan_for_agent(bundle, place.given, now())
    running = [] if place.draft or under or not current().signed_in else desk().running(subject(), bundle)
    onward = Onward("保存并继续填表" if place.draft else "开始填表", place.to("pages.start"), running=running,
                    seen=_seen(place.given, under), changed="changed" in request.args, of=place.draft, under=under)
    return plan_page(place.bundle, plan, answered(plan), onward)


def _seen(given: Mapping[str, Any], under: Mandate | None) -> str:
    """A mark of what a plan was shown for: the answers, and for whom, if it is for somebody else."""
    return seen_of(given) if under is None else seen_of(given, under.row.mandate)


def answered(plan: Plan) -> list[tuple[str, str, str]]:
    """The answered questions: id, question, answer in words."""
    return [(item.id, item.ask, answer_words(shown_input(item, house().catalog)) or "无")
            for item in plan.questions if item.state == "answered"]


@bp.post("/bundles/<bundle>/start")
def start(bundle: str) -> Response:
    """Open a draft with the answers, or give them to the draft they were taken from."""
    place = asking(bundle)
    given = place.given
    under = None if place.draft else under_of(bundle)
    if overtaken(_seen(given, under)):
        return redirect(place.to("pages.preview", changed=1), 303)
    if place.draft:
        before = draft_of(place.draft)
        draft = desk().drafts.save(subject(), place.draft, {"situation": given}, now())
        changes = _no_longer_the_forms(before, draft)
        moved = papers_with_their_rows(house().catalog, before, draft)
    else:
        draft = desk().drafts.open(subject(), bundle, given, now(), None if under is None else under.row.principal)
        changes, moved = filled_in(draft), {}
        forget_for_whom(bundle)
    forget(bundle, place.draft)
    desk().drafts.save(subject(), draft.id, {"form": changes, **({"materials": moved} if moved else {})}, now())
    return redirect(url_for("pages.draft", draft=draft.id, first=None if place.draft else 1), 303)


def _no_longer_the_forms(before: Draft, draft: Draft) -> dict[str, Any]:
    """What changes of the form with a new situation: a kept answer to what that says itself would contradict it at
    filing, and what was said of a row goes with the row."""
    return {line.code: form_with_its_rows(line, before) if line.type == "rows" else None for line in draft.plan.fields
            if (line.code in before.form and settled(line)) or (line.type == "rows" and isinstance(line.value, list))}


@bp.post("/drafts/<draft>/questions")
def draft_questions(draft: str) -> Response:
    """Change the situation of a draft: its answers go back to the questions, what was filled in stays."""
    found = draft_of(draft)
    forget(found.bundle, found.id)
    named = request.form.get("question")
    if named:
        return redirect(url_for("pages.question", bundle=found.bundle, question=named, draft=found.id), 303)
    return redirect(url_for("pages.preview", bundle=found.bundle, draft=found.id), 303)
