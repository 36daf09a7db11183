"""Checks of what a matter needs of the fields that an earlier one gives (decision 36): `need` and `say` of an edge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from catalog.answers import type_of_field
from catalog.bundle import Bundle, Edge, Entry
from catalog.checks.conditions import Scope, check_condition
from catalog.conditions import names_in
from catalog.findings import Findings
from catalog.matter import Matter
from catalog.model import Path
from catalog.reading import all_asks, edges, members

_BUILT_IN = frozenset({"today", "filer"})
_MANY = frozenset({"rows", "regions", "address"})  # no single value to compare


def check_needs(findings: Findings, bundle: Bundle, matters: Mapping[str, Matter]) -> None:
    """Every `need` of a bundle, and what else would wait for a matter that turns out not to be needed."""
    for entry, edge in ((one, edge) for one in bundle.entries for edge in one.after):
        path: Path = ("bundles", bundle.id, "matters", entry.matter, "after", edge.target)
        if edge.need is not None:
            _need(findings, bundle, entry, edge, path)
            _asked_always(findings, edge, matters.get(entry.matter), path)
        elif edge.say is not None:
            findings.say((*path, "say"), "say_alone", "say 说的是 need 不满足时的原因；请写上 need，或删去 say")
        if edge.feeds:
            _fed_by_unsure(findings, bundle, entry, edge, path)


def _need(findings: Findings, bundle: Bundle, entry: Entry, edge: Edge, path: Path) -> None:
    fields = findings.catalog.fields
    fed = [code for code in edge.feeds if code in fields and "." not in code and fields[code].type not in _MANY]
    below = (*path, "need")
    if edge.say is None:
        findings.say(below, "no_say", "need 不满足时本事项就不办了，要告诉申请人为什么；请写 say")
    if edge.kind != "before_start":
        says = f"need 要等前面办好才知道，kind: {edge.kind} 却不等它就开始；请删去 kind，或改用别的条件"
        findings.say((*path, "kind"), "need_kind", says)
    if len(set(_givers(bundle, entry, edge))) != 1:
        says = f"need 看的是 {edge.target} 办出来的一个结果，这里有几个，分不清看哪一个；请对每个事项分别写 after"
        findings.say(below, "need_of_several", says)
    says = "need 只能用这一条 feeds 传来的单个字段，{name} 不是；填表时就知道的请写在 when 里"
    names = {code: type_of_field(fields[code]) for code in fed}
    check_condition(findings, below, edge.need, Scope(names, dict.fromkeys([*fields, *_questions(bundle)], says)))
    if edge.need is not None and names_in(edge.need) <= _BUILT_IN:
        meant = "、".join(fed) or "先让前面的事项 gives 一个字段"
        findings.say(below, "need_of_nothing", f"need 没有用到传来的字段，填表时就能判断；请写在 when 里，或用 {meant}")


def _questions(bundle: Bundle) -> list[str]:
    return [question.id for question in bundle.questions]


def _givers(bundle: Bundle, entry: Entry, edge: Edge) -> Iterator[str]:
    """The matters of which one result each may come: the chosen one of a `one_of` counts as one, rows as two."""
    one_of = next((group for group in bundle.groups if group.id == edge.target and group.kind == "one_of"), None)
    each = {one.matter: one.each for one in bundle.entries}
    for matter in members(bundle, edge.target):
        if each.get(matter) not in {None, entry.each}:
            yield f"{matter} each"
        yield one_of.id if one_of is not None else matter


def _asked_always(findings: Findings, edge: Edge, follower: Matter | None, path: Path) -> None:
    """What is judged reaches the follower, too, in every situation: the plan keeps it as given, with its type."""
    read = names_in(edge.need) if edge.need is not None else frozenset[str]()
    asked = (ask for asks in all_asks(follower) for ask in asks.fields) if follower is not None else ()
    for code in (ask.code for ask in asked if ask.code in read and ask.when is not None):
        says = f"need 用了 {code}，本事项却只在一种情形下要它；请在事项里删去这个字段的 when"
        findings.say((*path, "need"), "need_asked_when", says)


def _fed_by_unsure(findings: Findings, bundle: Bundle, entry: Entry, edge: Edge, path: Path) -> None:
    """A matter that is fed by one which may turn out not to be needed would wait for what never comes."""
    needs = {(other.target, other.need) for other in entry.after if other.need is not None}
    targets = members(bundle, edge.target)
    for giver, above in edges(bundle):
        if giver in targets and above.need is not None and (above.target, above.need) not in needs:
            says = f"{entry.matter} 要 {giver} 传来的 {'、'.join(edge.feeds)}，{giver} 却可能因为 need 不用办；"
            says += f"请给 {entry.matter} 也写上 after: {{{above.target}: {{need: {above.need.text}, say: …}}}}"
            findings.say((*path, "feeds"), "fed_by_unsure", says)
