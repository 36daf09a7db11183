"""The state of every situation question: answered, open, idle or not applicable.

A question is open when it applies, has no answer, and some condition, row source, region or form field still needs
it; a question that can no longer change anything is idle and need not be asked (language 2.2).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from catalog.bundle import Question
from catalog.conditions import Condition, names_in
from catalog.dictionary import Option
from catalog.evaluate import EMPTY
from catalog.matter import Asks, Matter, Rule
from catalog.reading import conditions_of
from catalog.text import Text
from forms.answers import CHOSEN, FILER, Known, by_use
from forms.choose import Selection
from forms.legs import Leg, asks_in_force
from forms.plan import AskedQuestion, PlanProblem
from forms.values import json_ready
from forms.wanted import wanted_of_question
from forms.words import filers_offered, open_names, phrase

State = Literal["answered", "open", "idle", "not_applicable"]
_FILER_ASK: Final = Text("由谁提交申请？", {"en": "Who files it?"})
_CHOSEN_ASK: Final = Text("还有这些可选事项，要一并办理吗？")


@dataclass(frozen=True, slots=True)
class Questions:
    """All questions with their states, and one `undecided` problem for each that is open."""

    asked: tuple[AskedQuestion, ...]
    problems: tuple[PlanProblem, ...]


def questions_of(selection: Selection, legs: list[Leg], known: Known) -> Questions:
    """Judge every question of the bundle and the reserved ones."""
    live = _live(selection, legs, known)
    asked = [_asked(question, live, known) for question in known.bundle.questions]
    asked.extend(_reserved(selection, live, known))
    problems = tuple(
        PlanProblem("undecided", "open_question", f"请回答：{question.ask}", question.id)
        for question in asked if question.state == "open"
    )
    return Questions(tuple(asked), problems)


def _live(selection: Selection, legs: list[Leg], known: Known) -> set[str]:
    """Every unanswered name that can still change something."""
    live = set(selection.ambiguous)
    for verdict in selection.verdicts.values():
        live |= verdict.hangs_on
    for leg in legs:
        live |= leg.hangs_on | _of_matter(leg.matter, leg.asks, leg.values, known)
    for entry in known.bundle.entries:
        verdict = selection.verdicts[entry.matter]
        if verdict.state is None:
            matter = selection.matters[entry.matter]
            live |= _of_matter(matter, asks_in_force(matter, known.values, known), known.values, known)
        if verdict.state is not False and entry.region and entry.region != "each":
            live.add(entry.region)
    for rule in known.bundle.rules:
        live |= _open_all(_of_rule(rule, known.values, known), known.values, known)
    for group in known.bundle.groups:
        live |= _open_all((group.none,), known.values, known)
    for question in reversed(by_use(known.bundle.questions)):
        if question.id in live and question.when is not None and known.applies[question.id] is None:
            live |= open_names(question.when, known.values, known.today)
    return live


def _of_matter(matter: Matter, asks: Asks, values: Mapping[str, Any], known: Known) -> set[str]:
    found = _open_all(_conditions(matter, asks), values, known)
    for rule in matter.rules:
        found |= _open_all(_of_rule(rule, values, known), values, known)
    for ask in asks.fields:
        question = ask.code if ask.code in known.applies else ask.code.partition(".")[0]
        if question in known.applies and known.holds(ask.when, values) is not False:
            found.add(question)
    return found


def _of_rule(rule: Rule, values: Mapping[str, Any], known: Known) -> tuple[Condition | None, ...]:
    """What a rule still reads: nothing where it does not apply, whatever it needs."""
    return () if known.holds(rule.when, values) is False else (rule.when, rule.need)


def _open_all(conditions: Iterable[Condition | None], values: Mapping[str, Any], known: Known) -> set[str]:
    """The unanswered names on which these conditions still hang."""
    found: set[str] = set()
    for condition in conditions:
        if condition is not None:
            found |= open_names(condition, values, known.today)
    return found


def _conditions(matter: Matter, asks: Asks) -> Iterator[Condition | None]:
    """Every condition of a matter but those of its rules."""
    for row in matter.limits:
        yield row.when
    for variant in matter.variants:
        yield variant.when
    for special in matter.special:
        yield special.when
    for forward in matter.forwards:
        yield forward.when
    for ask in asks.fields:
        yield ask.when
    for paper in asks.materials:
        yield from (paper.when, paper.pledge.when if paper.pledge else None)


def _asked(question: Question, live: set[str], known: Known) -> AskedQuestion:
    wanted = wanted_of_question(question, known.catalog.fields)
    value = known.values.get(question.id)
    return AskedQuestion(
        id=question.id, ask=question.ask, type=wanted.type, state=_state(question.id, live, known),
        value=None if value is EMPTY or value is None else known.situation.get(question.id, json_ready(value)),
        options=wanted.options, unit=wanted.unit, min=wanted.min, max=wanted.max, why=question.why,
        when_text=f"仅当{phrase(question.when.tree, True, known.labels)}时才问" if question.when else None,
    )


def _state(name: str, live: set[str], known: Known) -> State:
    applies = known.applies.get(name, True)
    if applies is False:
        return "not_applicable"
    if name in known.values:
        return "answered"
    return "open" if applies and name in live else "idle"


def _reserved(selection: Selection, live: set[str], known: Known) -> Iterator[AskedQuestion]:
    if FILER not in known.applies and _needs_filer(selection, known):
        named = filers_offered(known.catalog, known.bundle)
        options = {code: name for code, name in named.items() if not _refused(code, known)} or named
        yield _extra(AskedQuestion(FILER, _FILER_ASK, "choice", _state(FILER, live, known)), options, known)
    optional = {entry.matter: selection.matters[entry.matter].name for entry in known.bundle.entries if entry.optional}
    if optional:
        ticked: State = "answered" if CHOSEN in known.values else "idle"
        yield _extra(AskedQuestion(CHOSEN, _CHOSEN_ASK, "many", ticked), optional, known)
    for group in known.bundle.groups:
        members = selection.ambiguous.get(group.id, ())
        if not members and group.id in known.values and group.id in selection.taken:
            members = (selection.taken[group.id],)
        if members:
            options = {member: selection.matters[member].name for member in members}
            ask = Text(f"“{group.name or '、'.join(options.values())}”只能办理一项，请选择")
            state: State = "open" if group.id in selection.ambiguous else "answered"
            yield _extra(AskedQuestion(group.id, ask, "choice", state), options, known)


def _refused(filer: str, known: Known) -> bool:
    """Whether a rule would refuse this filer whatever else is answered: nobody is offered what cannot be taken."""
    values = {**known.values, FILER: filer}
    about = [rule for rule in known.bundle.rules if rule.effect == "block" and any(
        FILER in names_in(one) for one in (rule.when, rule.need) if one is not None)]
    return any(known.holds(rule.when, values) is True and known.holds(rule.need, values) is False for rule in about)


def _extra(question: AskedQuestion, options: Mapping[str, Text], known: Known) -> AskedQuestion:
    listed = tuple(Option(code, label) for code, label in options.items())
    return replace(question, value=known.situation.get(question.id), options=listed)


def _needs_filer(selection: Selection, known: Known) -> bool:
    if any(role.code in {"agent", "legal_rep"} for role in known.bundle.people):
        return True
    conditions = [entry.when for entry in known.bundle.entries] + [question.when for question in known.bundle.questions]
    for rule in known.bundle.rules:
        conditions += [rule.when, rule.need]
    for matter in selection.matters.values():
        conditions.extend(conditions_of(matter))
    return any(FILER in names_in(condition) for condition in conditions if condition is not None)
