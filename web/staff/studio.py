"""The authors' studio: what is wrong with the definitions in the folder, what they would change, and what any situation
would come to, before they are in force."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import current_app, render_template, request

from catalog.bundle import Bundle
from catalog.nodes import read_text
from catalog.text import Problem
from desk.differences import KIND_NAMES, brief
from forms.values import json_ready
from web.errors import not_found
from web.pages.plan import shown_of
from web.pages.root import today
from web.pages.situation import answered
from web.staff.root import bp
from web.staff.workbench import Looked, Workbench
from web.wiring import house

STATES = {"new": "新的", "changed": "有改动", "same": "与生效的相同", "gone": "目录里没有了"}
CHANGES = {"added": "新增", "removed": "删去", "changed": "改为"}
LONGEST_SITUATION = 20_000


def workbench() -> Workbench:
    """The one workbench of this application."""
    made: Workbench = current_app.extensions.setdefault("staff.workbench", Workbench(house()))
    return made


@bp.get("/studio")
def studio() -> str:
    """Everything wrong with the folder, by file and line; and each bundle beside the one in force."""
    looked = workbench().look(today())
    return render_template(
        "staff/studio.html", looked=looked, files=_by_file(looked.problems), names=STATES,
        bundles=workbench().beside(looked) if looked.composable else (), folder=house().settings.bundles.name)


def _by_file(problems: tuple[Problem, ...]) -> dict[str, list[Problem]]:
    """The problems of each file, files with errors first."""
    found: dict[str, list[Problem]] = {}
    for problem in problems:
        found.setdefault(problem.place.file, []).append(problem)
    return found


@bp.get("/studio/<bundle>")
def try_out(bundle: str) -> str | tuple[str, int]:
    """What a situation comes to by the definitions in the folder: an example's, or one that the author writes."""
    looked = workbench().look(today())
    if not looked.composable:
        return studio(), 409
    if bundle not in looked.catalog.bundles:
        raise not_found()
    return _tried(looked, looked.catalog.bundles[bundle])


def _tried(looked: Looked, bundle: Bundle) -> str:
    bench, cases = workbench(), _cases(bundle)
    chosen = request.args.get("case", next(iter(cases), "own"))
    given = request.args.get("given", "")[:LONGEST_SITUATION] if chosen == "own" else cases.get(chosen, "")
    situation, wrong = _read(given)
    filed_on = {str(number): one.on for number, one in enumerate(bundle.examples, 1)}.get(chosen) or today()
    plan = bench.plan(looked, bundle.id, situation, filed_on)
    return render_template(
        "staff/try_out.html", bundle=bundle, cases=cases, chosen=chosen, given=given, wrong=wrong,
        filed_on=None if filed_on == today() else filed_on,
        beside=bench.one_beside(looked, bundle.id), states=STATES, kinds=KIND_NAMES, changes=CHANGES, brief=brief,
        found=bench.explored(looked, bundle.id, today()), answered=answered(plan), **shown_of(plan))


def _cases(bundle: Bundle) -> dict[str, str]:
    """The situations that the bundle itself names, as an author writes them."""
    named: dict[str, Mapping[str, Any]] = {"figures": bundle.figures} if bundle.figures else {}
    named |= {str(number): example.given for number, example in enumerate(bundle.examples, 1)}
    return {name: _written(given) for name, given in named.items()}


def _written(given: Mapping[str, Any]) -> str:
    """Answers a line each; JSON is YAML as well."""
    return "\n".join(f"{name}: {json.dumps(json_ready(value), ensure_ascii=False)}" for name, value in given.items())


def _read(text: str) -> tuple[Mapping[str, Any], list[str]]:
    """The answers in a text, and what is wrong with it; it is read as the files are."""
    if not text.strip():
        return {}, []
    read = read_text("情形", text)
    said = [f"第 {problem.place.line} 行：{problem.message}" for problem in read.problems]
    found = read.node.plain() if read.node is not None and not said else {}
    if isinstance(found, Mapping):
        return found, said
    return {}, ["请每行写一个「问题: 回答」，例如 filer: self"]
