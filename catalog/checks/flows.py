"""What one matter of a bundle gives and another asks: the way it flows must be written (language 2.8)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from catalog.bundle import Bundle, Entry
from catalog.findings import Findings
from catalog.implied import exclusive
from catalog.matter import Matter
from catalog.reading import all_asks, edges, given, members

TIMING = frozenset({"before_start", "before_decide", "before_deliver"})
_WAITING = frozenset({"before_start", "before_decide"})


def check_flows(findings: Findings, bundle: Bundle, matters: Mapping[str, Matter]) -> None:
    """Each thing that one matter gives and another asks, where both can be chosen and nothing says how it gets there.

    Without an order the asker may be done before the thing exists; after its giver, it would be asked of an applicant
    who cannot have it yet.
    """
    ordered = _ancestors(follows(bundle, TIMING | {"cancels"}))
    waiting = _ancestors(follows(bundle, _WAITING))
    entries = {entry.matter: entry for entry in bundle.entries}
    gives = {ident: given(matter) for ident, matter in matters.items()}
    for follower, matter in matters.items():
        fed = frozenset(code for edge in entries[follower].after for code in edge.feeds)
        needed = [(code, giver) for code, giver in _needed(follower, matter, gives)
                  if not _apart(entries[giver], entries[follower], bundle)]
        for code, giver in needed:
            if giver not in ordered[follower] and follower not in ordered[giver]:
                _unordered(findings, bundle, follower, giver, code)
        late = [(code, giver) for code, giver in needed if giver in waiting[follower] and code not in fed]
        for late_giver in dict.fromkeys(giver for _, giver in late):
            codes = dict.fromkeys(code for code, giver in late if giver == late_giver)
            _unfed(findings, bundle, entries[follower], late_giver, list(codes))


def follows(bundle: Bundle, kinds: frozenset[str] = TIMING) -> dict[str, list[str]]:
    """Follower → the matters it waits for, groups spelled out."""
    found: dict[str, list[str]] = {entry.matter: [] for entry in bundle.entries}
    for follower, edge in edges(bundle):
        if edge.kind in kinds:
            found[follower].extend(one for one in members(bundle, edge.target) if one != follower)
    return found


def _needed(follower: str, matter: Matter, gives: Mapping[str, frozenset[str]]) -> Iterator[tuple[str, str]]:
    """What a matter asks and does not give itself, with each other matter that gives it."""
    for code in (code for code, itself in _asked_of(matter) if code not in gives[follower] and not itself):
        yield from ((code, giver) for giver, given_ in gives.items() if giver != follower and code in given_)


def _asked_of(matter: Matter) -> Iterator[tuple[str, bool]]:
    for asks in all_asks(matter):
        yield from ((one.code, False) for one in asks.fields)
        yield from ((one.kind, one.itself) for one in asks.materials if not one.any_of)


def _unordered(findings: Findings, bundle: Bundle, follower: str, giver: str, code: str) -> None:
    feeds = f"after: {{{giver}: {{feeds: [{code}]}}}}"
    says = f"{code} 既由 {giver} 产出又被 {follower} 要求，两者之间没有先后关系；请写 feeds"
    says += f"：{feeds}" if code in findings.catalog.fields else f" 或 itself：{feeds}，或 {{{code}: {{itself: yes}}}}"
    says += "；两者不会同时办的，在两边的 when 里写上相反的条件"
    findings.say(("bundles", bundle.id, "matters", follower), "given_and_asked", says)


def _unfed(findings: Findings, bundle: Bundle, entry: Entry, giver: str, codes: list[str]) -> None:
    edge = next((one for one in entry.after if giver in members(bundle, one.target) and one.kind != "cancels"), None)
    target, known = (edge.target, edge.feeds) if edge else (giver, ())
    timing = f"kind: {edge.kind}, " if edge is not None and edge.kind != "before_start" else ""
    line = f"{target}: {{{timing}feeds: [{', '.join((*known, *codes))}]}}"
    says = f"{entry.matter} 在 {giver} 之后办，还向申请人要 {giver} 才办得出的 {'、'.join(codes)}；"
    says += f"请在 after 里写 {line}"
    papers = [code for code in codes if code not in findings.catalog.fields]
    says += f"，要原有那一份的写 {{{papers[0]}: {{itself: yes}}}}" if papers else ""
    path = ("bundles", bundle.id, "matters", entry.matter, "after", target)
    findings.say(path, "given_unfed", says)


def _apart(one: Entry, other: Entry, bundle: Bundle) -> bool:
    """Whether two matters are never chosen together: members of one `one_of`, or conditions that exclude each other."""
    pair = {one.matter, other.matter}
    if any(group.kind == "one_of" and pair <= set(group.members) for group in bundle.groups):
        return True
    return exclusive(one.when, other.when)


def _ancestors(above: Mapping[str, list[str]]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for start in above:
        seen: set[str] = set()
        todo = list(above[start])
        while todo:
            name = todo.pop()
            if name not in seen:
                seen.add(name)
                todo.extend(above.get(name, ()))
        found[start] = frozenset(seen)
    return found
