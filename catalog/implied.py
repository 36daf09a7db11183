"""What two conditions say of one another, as far as their written form shows it: nothing is tried out here."""

from __future__ import annotations

from catalog.conditions import All, Any_, Compare, Condition, Literal, Node, Not

_OPPOSITES = ({"<", ">="}, {">", "<="}, {"==", "!="})


def implied(one: Condition | None, other: Condition | None) -> bool:
    """Whether `other` surely holds where `one` does; None always holds."""
    return other is None or (one is not None and _implies(one.tree, other.tree))


def exclusive(one: Condition | None, other: Condition | None) -> bool:
    """Whether the two surely never hold together."""
    if one is None or other is None:
        return False
    return any(_opposed(left, right) for left in _parts(one.tree) for right in _parts(other.tree)) or (
        _denied(one.tree, other.tree) or _denied(other.tree, one.tree))


def _implies(one: Node, other: Node) -> bool:
    """Alternatives of `one` must all lead there, of its parts one is enough; of `other` it is the other way round."""
    if one == other:
        return True
    if isinstance(one, Any_):
        return all(_implies(item, other) for item in one.items)
    if isinstance(other, All):
        return all(_implies(one, item) for item in other.items)
    return (isinstance(one, All) and any(_implies(item, other) for item in one.items)) or (
        isinstance(other, Any_) and any(_implies(one, item) for item in other.items))


def _denied(one: Node, other: Node) -> bool:
    """Whether a part of `one` says no to what `other` implies."""
    return any(isinstance(part, Not) and _implies(other, part.item) for part in _parts(one))


def _parts(tree: Node) -> tuple[Node, ...]:
    """What must hold together for a condition to hold."""
    return tree.items if isinstance(tree, All) else (tree,)


def _opposed(one: Node, other: Node) -> bool:
    match one, other:
        case Compare("==", name, Literal(option)), Compare("==", same, Literal(another)) if option != another:
            return name == same
        case Compare(op, left, right), Compare(opposite, same, than):
            return (left, right) == (same, than) and {op, opposite} in _OPPOSITES
    return False
