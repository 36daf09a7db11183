"""Options that say no more than whether one matter is wanted, such as the departments of one big inquiry.

A matter that hangs on such an option alone, and on which nothing hangs, stands beside all others. Choosing several such
options shows nothing that choosing none, each by itself or all does not show: no order, group or condition joins them,
and the longest chain of several is the longest of one of them. So they need not be combined.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from catalog import terms
from catalog.bundle import Bundle
from catalog.conditions import Condition


def options_alone(bundle: Bundle, conditions: Iterable[Condition]) -> frozenset[tuple[str, str]]:
    """Question and option of every option that decides one matter alone; `conditions` are all that anybody writes."""
    nodes = [node for condition in conditions for node in terms.walk(condition.tree)]
    read = Counter(node.name for node in nodes if isinstance(node, terms.Name | terms.Count))
    chosen = Counter(pair for node in nodes for pair in _chosen(node))
    other = {name for name, times in read.items() if times > sum(chosen[pair] for pair in chosen if pair[0] == name)}
    other |= {entry.each for entry in bundle.entries if entry.each is not None}
    joined = _joined(bundle)
    return frozenset(
        pair for entry in bundle.entries if entry.matter not in joined and entry.when is not None
        for pair in _chosen(entry.when.tree) if chosen[pair] == 1 and pair[0] not in other
    )


def _chosen(node: terms.Node) -> Iterator[tuple[str, str]]:
    """The question and the option, if a node asks whether that option is among the chosen."""
    match node:
        case terms.Compare("in", terms.Literal(str() as option), terms.Name(question)):
            yield question, option


def _joined(bundle: Bundle) -> set[str]:
    """The matters that some order or group joins with others, and those that run once per row."""
    ends = {edge.target for entry in bundle.entries for edge in entry.after}
    found = {entry.matter for entry in bundle.entries if entry.after or entry.each is not None}
    return found.union(ends, *(group.members for group in bundle.groups))
