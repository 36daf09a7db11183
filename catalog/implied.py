"""What two conditions say of one another, as far as their written form shows it: nothing is tried out here."""

from __future__ import annotations

from catalog import terms
from catalog.conditions import Condition

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


def _implies(one: terms.Node, other: terms.Node) -> bool:
    """Alternatives of `one` must all lead there, of its parts one is enough; of `other` it is the other way round."""
    if one == other:
        return True
    if isinstance(one, terms.Any_):
        return all(_implies(item, other) for item in one.items)
    if isinstance(other, terms.All):
        return all(_implies(one, item) for item in other.items)
    return (isinstance(one, terms.All) and any(_implies(item, other) for item in one.items)) or (
        isinstance(other, terms.Any_) and any(_implies(one, item) for item in other.items))


def _denied(one: terms.Node, other: terms.Node) -> bool:
    """Whether a part of `one` says no to what `other` implies."""
    return any(isinstance(part, terms.Not) and _implies(other, part.item) for part in _parts(one))


def _parts(tree: terms.Node) -> tuple[terms.Node, ...]:
    """What must hold together for a condition to hold."""
    return tree.items if isinstance(tree, terms.All) else (tree,)


def _opposed(one: terms.Node, other: terms.Node) -> bool:
    match one, other:
        case terms.Compare("==", name, terms.Literal(option)), terms.Compare("==", same, terms.Literal(another)):
            return name == same and option != another
        case terms.Compare(op, left, right), terms.Compare(opposite, same, than):
            return (left, right) == (same, than) and {op, opposite} in _OPPOSITES
    return False
