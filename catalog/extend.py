"""Local bundles on a parent (language 2.9): parent and child nodes → one node; what the child must not do is said.

Maps merge by key, texts and lists replace. Numbers of the parent's matters never change, even when some are dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from catalog.extend_rules import Refusals, is_fill
from catalog.nodes import Node
from catalog.suggest import unknown
from catalog.text import Problem

DEEPEST_EXTENSION = 4
REPLACED = frozenset({"examples", "drop", "id"})
APPENDED = frozenset({"rules", "decisions"})


def inherited(
    bundles: Mapping[str, Node], matters: Mapping[str, Node], sets: Mapping[str, Node],
) -> tuple[dict[str, Node], list[Problem]]:
    """Every usable bundle with its parents laid under it, and what its child must not do.

    A parent that leaves something to fill (`fill: required`) is a pattern for its children and no bundle by itself.
    """
    heirs = _Heirs(bundles, Refusals(matters, sets))
    parents = {node.pairs["extends"].text for node in bundles.values() if "extends" in node.pairs}
    found = {}
    for ident in bundles:
        node = heirs.merged(ident)
        left = list(_to_fill(node))
        if left and ident in parents:
            continue
        for name, one in left:
            place = bundles[ident].pairs.get("extends", one).place
            heirs.refusals.say(place, "fill", f"{name} 还没有填写；上级版本把它标为 fill: required，请补上")
        found[ident] = _without_fills(node) if left else node
    return found, heirs.refusals.problems


@dataclass(slots=True)
class _Heirs:
    """Bundles merged with their parents, each once."""

    bundles: Mapping[str, Node]
    refusals: Refusals
    done: dict[str, Node] = field(default_factory=dict)

    def merged(self, ident: str) -> Node:
        """A bundle over its parents, from the uppermost down."""
        if ident in self.done:
            return self.done[ident]
        chain = self.chain(ident)
        if len(chain) == 1:
            self.done[ident] = self.bundles[ident]
            return self.bundles[ident]
        node = _numbered(self.bundles[chain[-1]])
        for child in reversed(chain[:-1]):
            own = self.bundles[child]
            self.refusals.check(node, own)
            node = _dropped(_numbered(_laid(node, own)), own)
        self.done[ident] = node
        return node

    def chain(self, ident: str) -> list[str]:
        """A bundle and its parents upward; stops at what is unknown, too deep or a ring."""
        chain = [ident]
        while "extends" in self.bundles[chain[-1]].pairs:
            said = self.bundles[chain[-1]].pairs["extends"]
            if said.text not in self.bundles:
                says = f"上级版本 {said.text} 不存在{unknown(said.text, self.bundles)}"
                self.refusals.say(said.place, "extends", says)
                break
            if said.text in chain:
                self.refusals.say(said.place, "extends", f"上下级版本成环：{' → '.join([*chain, said.text])}")
                break
            if len(chain) == DEEPEST_EXTENSION:
                self.refusals.say(said.place, "extends", f"上下级版本超过 {DEEPEST_EXTENSION} 层")
                break
            chain.append(said.text)
        return chain


def _laid(parent: Node, child: Node, top: bool = True) -> Node:
    """The child over the parent."""
    if parent.kind != "map" or child.kind != "map" or is_fill(parent):
        return child
    pairs = dict(parent.pairs)
    if top:
        pairs = {key: one for key, one in pairs.items() if key not in REPLACED}
    for key, one in child.pairs.items():
        earlier = pairs.get(key)
        if earlier is None:
            pairs[key] = one
        elif top and key in APPENDED:
            pairs[key] = Node(one.place, "list", items=(*_items(earlier), *_items(one)))
        else:
            pairs[key] = _laid(_as_map(earlier, key), _as_map(one, key), top=False)
    return replace(child, pairs=pairs)


def _as_map(node: Node, key: str) -> Node:
    """`after` in its short forms as a map, so that edges add up."""
    if key != "after" or node.kind == "map":
        return node
    names = node.items or (node,)
    return Node(node.place, "map", pairs={one.text: Node(one.place, "map") for one in names})


def _items(node: Node) -> tuple[Node, ...]:
    return node.items if node.kind == "list" else (node,)


def _numbered(node: Node) -> Node:
    """Every entry with its number written out, so that dropping one never renumbers the others."""
    matters = node.pairs.get("matters")
    if matters is None or matters.kind != "map":
        return node
    pairs = {}
    for index, (ident, entry) in enumerate(matters.pairs.items(), 1):
        number = Node(entry.place, "text", f"{index:02d}")
        pairs[ident] = replace(entry, pairs={"no": number, **entry.pairs}) if entry.kind == "map" else entry
    return replace(node, pairs={**node.pairs, "matters": replace(matters, pairs=pairs)})


def _dropped(node: Node, child: Node) -> Node:
    """The merged bundle without what the child drops, and without every mention of it in order and groups."""
    listed = child.pairs.get("drop")
    gone = frozenset(one.text for one in _items(listed)) if listed else frozenset[str]()
    if not gone:
        return node
    pairs = {key: one for key, one in node.pairs.items() if key != "drop"}
    matters = node.pairs.get("matters")
    if matters is not None:
        kept = {ident: _entry_without(one, gone) for ident, one in matters.pairs.items() if ident not in gone}
        pairs["matters"] = replace(matters, pairs=kept)
    if "groups" in pairs:
        groups = {ident: _group_without(one, gone) for ident, one in pairs["groups"].pairs.items()}
        pairs["groups"] = replace(pairs["groups"], pairs=groups)
    before = pairs.get("before")
    if before is not None and "after" in before.pairs:
        pairs["before"] = replace(before, pairs={"after": _order_without(before.pairs["after"], gone)})
    return replace(node, pairs=pairs)


def _entry_without(entry: Node, gone: frozenset[str]) -> Node:
    after = entry.pairs.get("after")
    if after is None:
        return entry
    after = _as_map(after, "after")
    kept = {target: one for target, one in after.pairs.items() if target not in gone}
    rest = {key: one for key, one in entry.pairs.items() if key != "after"}
    return replace(entry, pairs={**rest, "after": replace(after, pairs=kept)} if kept else rest)


def _group_without(group: Node, gone: frozenset[str]) -> Node:
    pairs = {
        key: replace(one, items=_kept(one.items, gone)) if one.kind == "list" else one
        for key, one in group.pairs.items()
    }
    return replace(group, pairs=pairs)


def _order_without(order: Node, gone: frozenset[str]) -> Node:
    kept = {follower: one for follower, one in order.pairs.items() if follower not in gone}
    lists = {follower: replace(one, kind="list", items=_kept(_items(one), gone)) for follower, one in kept.items()}
    return replace(order, pairs={follower: one for follower, one in lists.items() if one.items})


def _kept(items: Iterable[Node], gone: frozenset[str]) -> tuple[Node, ...]:
    return tuple(one for one in items if one.text not in gone)


def _to_fill(node: Node, name: str = "") -> Iterable[tuple[str, Node]]:
    for key, one in node.pairs.items():
        if is_fill(one):
            yield f"{name}{key}", one
        elif one.kind == "map":
            yield from _to_fill(one, f"{name}{key}.")


def _without_fills(node: Node) -> Node:
    pairs = {key: _without_fills(one) for key, one in node.pairs.items() if not is_fill(one)}
    return replace(node, pairs=pairs)
