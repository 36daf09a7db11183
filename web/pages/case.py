"""A case after filing: my cases, the tracking page with its live part, and the same by reference and code."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from flask import Response, redirect, render_template, request, session, url_for
from werkzeug.wrappers import Response as AnyResponse

from desk.agents.agency import RESULTS, may_do
from desk.errors import DeskError
from web.api.cases import tracked as track_counted
from web.errors import OWN_WORDS, Problem, not_found
from web.identity import TRACKED, current, subject
from web.live import Live
from web.packed import packed, results_of
from web.pages.again import keep, taken
from web.pages.lists import lists
from web.pages.root import bp, desk, now
from web.pages.words import called, guide_lines
from web.pictures.map import drawn_map, explained, legend, sample
from web.pictures.stations import LOOK_NAMES, in_words, look, tracked
from web.uploads import download
from web.wiring import house

_OURS = {"applicant": "您", "platform": "系统分送"}
ENDED = frozenset({"finished", "partly_finished", "not_granted", "withdrawn"})
EVERY_SECONDS = 5


@bp.get("/cases")
def cases() -> str:
    """The person's cases and unfiled drafts, newest first; on later pages one list alone."""
    found = lists(own=desk().cases_of, others=desk().filed_for_others)
    unfiled = desk().drafts.of_subject(subject(), now()) if len(found) > 1 else []
    named = {case["reference"]: desk().about(subject(), case["reference"])
             for case in (found["own"].rows if "own" in found else ())}
    waiting = [one for one in desk().agreements.of(subject(), now())[0] if one.open] if len(found) > 1 else []
    visits = house().visits.of_person(str(subject())) if len(found) > 1 and current().visit is None else []
    return render_template("cases.html", lists=found, drafts=unfiled, about=named, waiting=waiting, visits=visits)


@bp.post("/drafts/<draft>/drop")
def drop_draft(draft: str) -> AnyResponse:
    """Delete a draft that was not filed."""
    desk().drafts.drop(subject(), draft, now())
    return redirect(url_for("pages.cases"), 303)


@bp.get("/cases/<reference>")
def case(reference: str) -> str:
    """The tracking page: the map, every leg, what the applicant has to do, results."""
    view = desk().case_view(subject(), reference, now())
    live = live_part(view, url_for("pages.case_live", reference=reference)).shown
    return render_template("case.html", view=view, live=live, told=taken())


@bp.post("/cases/<reference>/anew")
def anew(reference: str) -> AnyResponse:
    """A new draft with what was filled in and brought for this case; on to its plan, with what is left to bring."""
    begun = desk().anew.begin(subject(), reference, now())
    brought = f"和 {begun.copied} 份材料" if begun.copied else ""
    again = f"没能带过来、要重新上传的：{'、'.join(begun.left)}。" if begun.left else ""
    page = url_for("pages.draft_plan", draft=begun.draft.id)
    keep(page, f"办件 {reference} 填过的内容{brought}都带到这份新申请里了，请逐项核对，改好后再提交。{again}")
    return redirect(page, 303)


@bp.get("/cases/<reference>/live")
def case_live(reference: str) -> Response:
    """The live part alone, answered with 304 while nothing has changed."""
    return live_part(desk().case_view(subject(), reference, now()),
                     url_for("pages.case_live", reference=reference)).answer()


def live_part(view: Mapping[str, Any], address: str) -> Live:
    """The part of the tracking page that changes; it ends with the case."""
    net = tracked(view, called)
    legs = [{**leg, "look": look(leg), "look_name": LOOK_NAMES[look(leg)]} for leg in view["legs"]]
    looks = [leg["look"] for leg in legs]
    body = render_template(
        "_case.html", view=view, legs=legs, map=drawn_map(net, "办理进度"), map_words=in_words(net),
        legend=[(sample(found), name) for found, name in legend(net)], lines=explained(net),
        done=looks.count("done"), late=looks.count("late"),
        asks=[(leg, ask) for leg in legs for ask in leg["asks"] if ask.get("open")], waiting=waited_for(legs),
        refused=refused_by_name(legs), ended=view["state"] in ENDED, contact=_contact(view["bundle"]),
        files=len(results_of(view)),
    )
    over = view["state"] in ENDED and not any(leg["look"] in {"running", "waiting", "yours"} for leg in legs)
    return Live(body, None if over else address, EVERY_SECONDS)


def _contact(bundle: str) -> str:
    """Whom to ask about a bundle; nothing where the definitions in force no longer know it or say nothing."""
    known = house().catalog.bundles.get(bundle)
    return "".join(guide_lines(known.guide, "contact")) if known else ""


def refused_by_name(legs: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """The legs that a department turned down, by what that is called: `不予批准`, `不予受理`."""
    found: dict[str, list[dict[str, Any]]] = {}
    for leg in legs:
        if leg["look"] == "refused":
            found.setdefault(leg["state_name"], []).append(leg)
    return found


def waited_for(legs: list[dict[str, Any]]) -> list[str]:
    """Who acts next, each named once."""
    return list(dict.fromkeys(
        _OURS.get(leg["next_actor"]) or leg["next_actor_name"] for leg in legs
        if leg["look"] in {"running", "soon", "late", "yours"} and leg.get("next_actor_name")
    ))


@bp.get("/cases/<reference>/files/<file>")
def result(reference: str, file: str) -> AnyResponse:
    """A result or an own upload of one of the person's cases as a download."""
    desk().intake.receipt(subject(), reference, now())
    info, pieces = desk().open_file(subject(), file, now())
    return download(info, pieces)


@bp.get("/cases/<reference>/results")
def results(reference: str) -> AnyResponse:
    """Every result of the case as one ZIP."""
    person, at_desk = subject(), desk()
    here = now().astimezone(house().settings.zone)
    return packed(at_desk.case_view(person, reference, here), partial(at_desk.open_file, person, now=here), here)


@bp.get("/cases/<reference>/report")
def report(reference: str) -> str:
    """What several departments found, as the one report to print and hand on: who is asked about, and part by part."""
    view = desk().case_view(subject(), reference, now())
    if view["composite"] is None or view["composite"]["kind"] != "report":
        raise not_found()
    legs = {leg["leg"]: leg for leg in view["legs"]}
    parts = [(part, legs[part["leg"]], [one for one in legs[part["leg"]]["results"]
                                        if one["material"] == part["material"] and not one["void"]])
             for part in view["composite"]["parts"]]
    states = [part["state"] for part in view["composite"]["parts"]]
    left, without = states.count("awaited"), sum(one not in {"awaited", "held"} for one in states)
    return render_template("report.html", view=view, parts=parts, at=now().isoformat(), left=left, without=without,
                           withheld=not may_do(view, RESULTS))


@bp.route("/track", methods=["GET", "POST"])
def track() -> str | tuple[str, int] | AnyResponse:
    """Look up a case by reference and code; the QR code brings both in the fragment of the address."""
    if request.method == "GET":
        return render_template("track.html", problem="", reference="")
    reference, code = (request.form.get(name, "").strip().upper() for name in ("reference", "code"))
    try:
        view = track_counted(reference, code)
    except DeskError as error:
        if error.status != 404:
            raise
        say = "没有找到这个办件，请核对受理编号和查询码"
        return render_template("track.html", problem=say, reference=reference), 404
    session[TRACKED] = {"reference": view["reference"], "code": code}
    return redirect(url_for("pages.tracked", reference=view["reference"]), 303)


def _tracked(reference: str) -> Mapping[str, Any] | None:
    kept = session.get(TRACKED) or {}
    return desk().track(reference, kept["code"], now()) if kept.get("reference") == reference else None


@bp.get("/track/<reference>", endpoint="tracked")
def tracked_case(reference: str) -> str | AnyResponse:
    """The tracking page without signing in: names and numbers are masked, nothing can be changed."""
    view = _tracked(reference)
    if view is None:
        return redirect(url_for("pages.track"), 303)
    live = live_part(view, url_for("pages.tracked_live", reference=reference)).shown
    return render_template("case.html", view=view, live=live)


@bp.get("/track/<reference>/live")
def tracked_live(reference: str) -> AnyResponse:
    """The live part of the masked page; once the case is closed to this browser, the whole page goes to look it up."""
    view = _tracked(reference)
    if view is None:
        raise Problem(404, *OWN_WORDS[404], headers={"HX-Redirect": url_for("pages.track")})
    return live_part(view, url_for("pages.tracked_live", reference=reference)).answer()
