"""Checks of the order in a bundle: targets, cycles, what is fed, joins, consequences (language 1.3, 2.4–2.7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from catalog.bundle import Bundle, Edge, Entry
from catalog.checks.bundles import known_matters
from catalog.checks.flows import check_flows, follows
from catalog.checks.needs import check_needs
from catalog.conditions import Condition
from catalog.findings import Findings
from catalog.implied import exclusive, implied
from catalog.matter import Gives, Matter
from catalog.model import Path
from catalog.reading import all_asks, covered, given, members, ring


def check_edges(findings: Findings, bundle: Bundle) -> None:
    """Every edge of a bundle, and what all edges together make."""
    entries = {entry.matter: entry for entry in bundle.entries}
    matters = {entry.matter: matter for entry, matter in known_matters(findings.catalog, bundle)}
    for entry in bundle.entries:
        for edge in entry.after:
            path = edge_path(bundle, entry.matter, edge)
            if not findings.known(path, "前置事项", edge.target, _targets(bundle), "unknown_matter"):
                continue
            if entry.matter in members(bundle, edge.target):
                findings.say(path, "self_edge", f"事项 {entry.matter} 不能以自己为前置；请删去 {edge.target}")
            _feeds(findings, bundle, entry, edge, matters)
            _join(findings, bundle, entry, edge, entries)
            _rest(findings, bundle, entry, edge, matters)
    _cycles(findings, bundle)
    check_flows(findings, bundle, matters)
    check_needs(findings, bundle, matters)


def edge_path(bundle: Bundle, follower: str, edge: Edge) -> Path:
    """Where an edge stands."""
    return ("bundles", bundle.id, "matters", follower, "after", edge.target)


def _targets(bundle: Bundle) -> list[str]:
    return [entry.matter for entry in bundle.entries] + [group.id for group in bundle.groups]


def _cycles(findings: Findings, bundle: Bundle) -> None:
    found = ring(follows(bundle))
    if found:
        path: Path = ("bundles", bundle.id, "matters", found[0], "after")
        findings.say(path, "cycle", f"依赖成环：{' → '.join(found)}")
    old = {
        follower: [one for target in targets for one in members(bundle, target) if one != follower]
        for follower, targets in bundle.before_after.items()
    }
    found = ring(old)
    if found:
        path = ("bundles", bundle.id, "before", "after", found[0])
        findings.say(path, "cycle", f"改革前的依赖成环：{' → '.join(found)}")


def _feeds(
    findings: Findings, bundle: Bundle, entry: Entry, edge: Edge, matters: Mapping[str, Matter],
) -> None:
    givers = [matters[one] for one in members(bundle, edge.target) if one in matters]
    follower = matters.get(entry.matter)
    path = (*edge_path(bundle, entry.matter, edge), "feeds")
    if edge.feeds and edge.kind == "cancels":
        findings.say(path, "cancels_feeds", "kind: cancels 不传递内容；请把 feeds 写在另一条先后关系里")
    for code in edge.feeds:
        made = frozenset(code for giver in givers for code in _covering(findings, giver))
        if code not in made and givers:
            direct = sorted({code for giver in givers for code in given(giver)})
            says = f"feeds 写了 {code}，但 {edge.target} 只产出 {'、'.join(direct)}" if direct else (
                f"feeds 写了 {code}，但 {edge.target} 没有产出任何结果"
            )
            findings.say(path, "feeds_not_given", says)
        for giver in givers:
            _variants(findings, giver, code, entry, path)
        if follower is not None and code not in _asked_codes(findings, follower):
            says = f"feeds 写了 {code}，但 {entry.matter} 没有要求它；请在 asks 里写上或删去"
            own = ("bundles", bundle.id, "matters", entry.matter, "asks")  # of a local version that asks less
            findings.say(own if entry.matter in bundle.own_matters else path, "feeds_not_asked", says)
        if follower is not None:
            _whose(findings, follower, code, path)
        if code in findings.catalog.fields and findings.catalog.fields[code].type == "rows":
            says = f"feeds 写了 {code}，它是一张多行表，不能整张传给后面的事项"
            findings.say(path, "feeds_rows", f"{says}；请让 {edge.target} 出一份材料来传，或者只传单个字段")


def _whose(findings: Findings, follower: Matter, code: str, path: Path) -> None:
    """A result is given for nobody in particular, so it cannot fill the papers of two people."""
    for asks in all_asks(follower):
        roles = [one.role for one in asks.materials if one.kind == code and one.role is not None and one.when is None]
        if len(set(roles)) > 1:
            says = f"{follower.id} 要 {'、'.join(roles)} 各自的 {code}，传来的结果分不清是谁的"
            findings.say(path, "feeds_whose", f"{says}；请只要一人的，或不写在 feeds 里")


def _asked_codes(findings: Findings, matter: Matter) -> frozenset[str]:
    fields = findings.catalog.fields
    codes = {one.code for asks in all_asks(matter) for one in asks.fields}
    codes |= {inner.code for code in codes if code in fields for inner in fields[code].inner}
    for asks in all_asks(matter):
        for one in asks.materials:
            codes |= {one.kind, one.key, *one.any_of}
    return frozenset(codes)


def _covering(findings: Findings, matter: Matter) -> frozenset[str]:
    return covered(given(matter), findings.catalog.materials)


def _variants(findings: Findings, giver: Matter, code: str, entry: Entry, path: Path) -> None:
    """What is fed must come in whichever form of the giver its follower can meet."""
    materials = findings.catalog.materials
    by_form = [covered((*one.materials, *one.fields), materials) for one in _met(giver, entry.when)]
    if code in _covering(findings, giver) and not all(code in form for form in by_form):
        says = f"{giver.id} 的某个变体不产出 {code}，后面的事项会缺少它；请让每个变体都产出它或能代替它的材料"
        findings.say(path, "variant_gives", f"{says}，或者用 when 排除这种情形")


def _met(giver: Matter, when: Condition | None) -> Iterator[Gives]:
    """What the giver gives in each form in which it can stand beside a matter that is chosen `when` this holds."""
    if not any(implied(when, one.when) for one in giver.variants):
        yield giver.gives
    yield from (one.gives or giver.gives for one in giver.variants if not exclusive(when, one.when))


def _join(findings: Findings, bundle: Bundle, entry: Entry, edge: Edge, entries: Mapping[str, Entry]) -> None:
    targets = [entries[one] for one in members(bundle, edge.target) if one in entries]
    path = edge_path(bundle, entry.matter, edge)
    is_group = any(group.id == edge.target for group in bundle.groups)
    gathers = any(one.each is not None and one.each != entry.each for one in targets)
    if gathers and edge.join is None and edge.kind != "cancels":
        says = f"汇总多份 {edge.target} 必须写明 join(all、ended、any)"
        findings.say(path, "no_join", says)
    if edge.join == "first" and not is_group:
        findings.say((*path, "join"), "join_first", "join: first 只用于组(按顺序取第一个选中的事项)")


def _rest(
    findings: Findings, bundle: Bundle, entry: Entry, edge: Edge, matters: Mapping[str, Matter],
) -> None:
    path = edge_path(bundle, entry.matter, edge)
    if edge.absent == "pull":
        for group in bundle.groups:
            if group.kind == "one_of" and edge.target in group.members:
                says = f"absent: pull 不能拉入 {edge.target}，它属于只选一项的组 {group.id}"
                findings.say((*path, "absent"), "pull_one_of", says)
    if edge.within is not None and edge.within.amount == 0:
        findings.say((*path, "within"), "within", "within 不能为 0；请写最长间隔，例如 20nd")
    follower = matters.get(entry.matter)
    for upstream, effect in edge.on.items():
        if effect == "void" and follower is not None and not given(follower):
            says = f"{entry.matter} 没有产出结果，不能写 {upstream}: void；请改为 ask 或 continue"
            findings.say((*path, "on", upstream), "void", says)
        if effect == "ask" and edge.feeds and upstream != "voided":
            _ask(findings, edge, (*path, "on", upstream))


def _ask(findings: Findings, edge: Edge, path: Path) -> None:
    catalog = findings.catalog
    for code in edge.feeds:
        material = catalog.materials.get(code)
        if material is not None and not material.sources and not material.becomes:
            says = f"{path[-1]}: ask 会请申请人补交 {code}，但它没有任何来源，谁也拿不到；请改为 stop 或给它写 sources"
            findings.say(path, "ask_nobody", says)
