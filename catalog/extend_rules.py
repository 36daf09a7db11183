"""What a local bundle may not do to its parent (language 2.9): each refusal at the child's line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field

from catalog.conditions import BadCondition, parse_condition
from catalog.limits import BadLimit, Limit, parse_limit
from catalog.nodes import Node
from catalog.suggest import SHOWN_NAMES
from catalog.terms import All
from catalog.terms import Node as Tree
from catalog.text import Place, Problem

EMPTY = Node(Place("", 0), "map")
FIXED_IN_ENTRY = {"each": "份数", "gives": "结果", "no": "序号", "droppable": "可否不办"}
FIXED_LIMITS = {"statutory": "法定时限", "before": "原承诺时限", "wait": "公告期", "when": "时限的条件"}
FREE_IN_QUESTION = frozenset({"why", "default", "when", "one", "many", "section"})
WORDS_IN_ASK = ("as", "paper_as", "unit", "values", "date_form", "note")
FREE_IN_ASK = frozenset({*WORDS_IN_ASK, "when"})
USUAL_IN_ASK = {"required": ("yes", "true"), "itself": ("no", "false"), "tolerable": ("no", "false")}
KINDS = ("cancels", "before_deliver", "before_decide", "before_start")
EFFECTS = ("continue", "ask", "stop", "void")


def is_fill(node: Node) -> bool:
    """Whether a value is left to the children."""
    return node.kind == "map" and list(node.pairs) == ["fill"] and node.pairs["fill"].text == "required"


@dataclass(slots=True)
class Refusals:
    """Compares children with their parents; `matters` and `sets` are the shared definitions."""

    matters: Mapping[str, Node]
    sets: Mapping[str, Node]
    problems: list[Problem] = field(default_factory=list)

    def say(self, place: Place, code: str, message: str) -> None:
        """Note one refusal."""
        problem = Problem(place, code, message)
        if problem not in self.problems:
            self.problems.append(problem)

    def refuse(self, node: Node, message: str) -> None:
        """Note that the child must not do something."""
        self.say(node.place, "extends_refused", f"下级版本不得{message}")

    def check(self, parent: Node, child: Node) -> None:
        """Everything one child does to its (already merged) parent."""
        self.promise(below(parent, "limits"), below(child, "limits"), "总承诺")
        for ident, one, old in shared(parent, child, "situation"):
            self.question(ident, old, one)
        for ident, one, old in shared(parent, child, "groups"):
            self.group(ident, old, one)
        for ident, one, old in shared(parent, child, "matters"):
            self.entry(ident, old, one)
        self.rules(child)
        self.order(parent, child)
        self.drops(parent, child)
        if "composite" in parent.pairs and "composite" in child.pairs:
            self.refuse(child.pairs["composite"], "改变上级的综合证")

    def promise(self, old: Node, new: Node, what: str) -> None:
        """A promise may only become shorter."""
        was, now = limit_in(old), limit_in(new)
        if was and now and (now.unit != was.unit or now.amount > was.amount):
            self.refuse(new.pairs.get("promised", new), f"把{what}的承诺时限 {was} 延长为 {now}")

    def question(self, ident: str, old: Node, new: Node) -> None:
        """Options may be added, a condition narrowed; nothing else of a question changes."""
        for key, one in new.pairs.items():
            if key not in FREE_IN_QUESTION and not same(old.pairs.get(key), one):
                self.refuse(one, f"改变上级问题 {ident} 的 {key}")
        self.condition(f"问题 {ident}", old, new)

    def condition(self, what: str, old: Node, new: Node, key: str = "when") -> None:
        """A `when`, or what else is a condition, may only be narrowed by `and`."""
        now, was = new.pairs.get(key), old.pairs.get(key)
        if now is None or was is None or same(was, now):
            return
        if not set(parts_of(was.text)) <= set(parts_of(now.text)):
            self.refuse(now, f"改变{what}的条件；只能写成 ({was.text}) and …")

    def group(self, ident: str, old: Node, new: Node) -> None:
        """Members may be added to a group."""
        for key, one in new.pairs.items():
            before = old.pairs.get(key)
            names = {item.text for item in one.items}
            if key in {"any", "one_of", "some_of"} and before is None:
                self.refuse(one, f"改变上级的组 {ident} 的选法")
            missing = [item.text for item in before.items if item.text not in names] if before else []
            if missing:
                self.refuse(one, f"从上级的组 {ident} 中去掉 {'、'.join(missing)}")

    def entry(self, ident: str, old: Node, new: Node) -> None:
        """An entry of the parent: narrower, stricter, sooner."""
        for key, word in FIXED_IN_ENTRY.items():
            if key in new.pairs and not same(old.pairs.get(key), new.pairs[key]):
                self.refuse(new.pairs[key], f"改变 {ident} 的{word}")
        if said(old, "must_have") and "must_have" in new.pairs and not said(new, "must_have"):
            self.refuse(new.pairs["must_have"], f"把必办事项 {ident} 改为可不办")
        if said(new, "optional") and not said(old, "optional"):
            self.refuse(new.pairs["optional"], f"把 {ident} 改为可选")
        self.condition(f" {ident} ", old, new)
        self.limits(ident, old, new)
        self.asks(ident, old, new)
        for target, one, was in shared(old, new, "after"):
            self.edge(ident, target, was, one)

    def limits(self, ident: str, old: Node, new: Node) -> None:
        """The promise of a parent's matter may become shorter, no other limit changes."""
        now = new.pairs.get("limits")
        matter = below(self.matters.get(ident, EMPTY), "limits")
        if now is None:
            return
        if now.kind != "map" or matter.kind != "map":
            self.refuse(now, f"改写 {ident} 分情形的时限")
            return
        for key, word in FIXED_LIMITS.items():
            if key in now.pairs and not same(matter.pairs.get(key), now.pairs[key]):
                self.refuse(now.pairs[key], f"改变 {ident} 的{word}")
        self.promise(old.pairs.get("limits", matter), now, f" {ident} ")

    def asks(self, ident: str, old: Node, new: Node) -> None:
        """Asks may be removed, never added or made harder."""
        original = below(self.matters.get(ident, EMPTY), "asks")
        before, now = old.pairs.get("asks") or original, new.pairs.get("asks", EMPTY)
        for key, word in (("fields", "字段"), ("materials", "材料")):
            base = dict(self.listed(original, key))
            known = dict(self.listed(before, key)) if key in before.pairs else base
            for name, item in self.listed(now, key):
                if name not in known:
                    self.refuse(item, f"给 {ident} 增加{word} {name}")
                else:
                    self.wish(f" {ident} 对{word} {name} 的", item, (known[name], base.get(name, EMPTY)))
            self.gone(ident, word, now.pairs.get(key), known.keys() - dict(self.listed(now, key)).keys())

    def gone(self, ident: str, word: str, written: Node | None, names: Set[str]) -> None:
        """A list replaces the parent's whole list, which who writes one name to change it may not mean."""
        if written is not None and names:
            listed = "、".join(sorted(names)[:SHOWN_NAMES]) + ("…" if len(names) > SHOWN_NAMES else "")
            says = f"{ident} 在这个版本里不再要{word} {listed}：列表没有写的就去掉；要保留的请一并写上"
            self.problems.append(Problem(written.place, "asks_gone", says, "note"))

    def wish(self, what: str, item: Node, earlier: tuple[Node, Node]) -> None:
        """One ask that the parent has too: in the department's own words, or in fewer situations, else as it was.

        `earlier` are the parent's ask and the matter's own, from which comes what the child leaves open.
        """
        old, base = (wished(one) for one in earlier)
        new = wished(item)
        for key, one in new.items():
            usual = key not in old and one.text in USUAL_IN_ASK.get(key, ())
            if key not in FREE_IN_ASK and not usual and not same(old.get(key), one):
                self.refuse(one, f"改变{what}{key}；只能去掉整项、收窄 when，或改 {'、'.join(WORDS_IN_ASK)}")
        was, now = old.get("when"), new.get("when", base.get("when"))
        if was is not None and not set(parts_of(was.text)) <= set(parts_of(now.text if now is not None else "")):
            self.refuse(new.get("when", item), f"改变{what}条件；只能写成 ({was.text}) and …")

    def listed(self, asks: Node, key: str) -> Iterator[tuple[str, Node]]:
        """The asks of one kind with their nodes, sets spelled out."""
        used = asks.pairs.get("sets")
        for one in (used.items or (used,)) if used else ():
            yield from self.listed(self.sets.get(one.text, EMPTY), key)
        for item in asks.pairs[key].items if key in asks.pairs else ():
            yield (next(iter(item.pairs), "") if item.kind == "map" else item.text), item

    def edge(self, ident: str, target: str, old: Node, new: Node) -> None:
        """An edge of the parent may only become stricter."""
        if old.kind == "list" or new.kind == "list":
            if not same(old, new):
                self.refuse(new, f"改变 {ident} 到 {target} 的先后关系")
            return
        was, now = edge_kind(old), edge_kind(new, edge_kind(old))
        weaker = rank(KINDS, now) < rank(KINDS, was)
        fed = {one.text for one in below(old, "feeds").items}
        lost = "feeds" in new.pairs and not fed <= {one.text for one in new.pairs["feeds"].items}
        fixed = [key for key in ("join", "absent", "within") if key in new.pairs]
        other = any(not same(old.pairs.get(key), new.pairs[key]) for key in fixed)
        if weaker or lost or other or softer(below(old, "on"), below(new, "on")):
            self.refuse(new, f"放宽 {ident} 到 {target} 的先后关系或后果")
        self.condition(f" {ident} 到 {target} 的 need ", old, new, "need")

    def rules(self, child: Node) -> None:
        """A child adds rules that warn."""
        listed = child.pairs.get("rules")
        for rule in (listed.items or (listed,)) if listed else ():
            if rule.kind == "map" and ("effect" not in rule.pairs or rule.pairs["effect"].text != "warn"):
                self.refuse(rule, "增加会阻止申报的规则；请写 effect: warn")

    def order(self, parent: Node, child: Node) -> None:
        """The old order of the parent's matters is history."""
        known = below(parent, "matters").pairs
        for follower, one in below(below(child, "before"), "after").pairs.items():
            if follower in known:
                self.refuse(one, f"改变 {follower} 改革前的先后关系")

    def drops(self, parent: Node, child: Node) -> None:
        """Only what the parent marks may be dropped."""
        listed = child.pairs.get("drop")
        known = below(parent, "matters").pairs
        for one in (listed.items or (listed,)) if listed else ():
            if one.text not in known:
                self.say(one.place, "unknown_matter", f"要去掉的事项 {one.text} 不在上级版本中")
            elif not said(known[one.text], "droppable"):
                self.refuse(one, f"去掉 {one.text}；上级没有把它标为 droppable: yes")


def below(node: Node, key: str) -> Node:
    """The value of a key, an empty map where it is absent."""
    return node.pairs.get(key, EMPTY)


def shared(parent: Node, child: Node, key: str) -> Iterator[tuple[str, Node, Node]]:
    """The names that both have below `key`: name, the child's node, the parent's."""
    old = below(parent, key).pairs
    for name, one in below(child, key).pairs.items():
        if name in old and not is_fill(old[name]):
            yield name, one, old[name]


def same(one: Node | None, other: Node) -> bool:
    """Whether two nodes say the same, wherever they stand."""
    return one is not None and (is_fill(one) or one.plain() == other.plain())


def wished(item: Node) -> Mapping[str, Node]:
    """What an ask says beside its name; the department's own word alone is short for `as`."""
    value = next(iter(item.pairs.values()), EMPTY)
    return {"as": value} if value.kind == "text" else value.pairs


def said(node: Node, key: str) -> bool:
    """Whether a yes_no key is there and yes."""
    return key in node.pairs and node.pairs[key].text in {"yes", "true"}


def limit_in(node: Node) -> Limit | None:
    """The promise in a limits map (or in its short form), None where there is none or it cannot be read."""
    said_ = node.pairs.get("promised", node)
    try:
        return parse_limit(said_.text)
    except BadLimit:
        return None


def parts_of(text: str) -> tuple[Tree, ...]:
    """The conditions that a condition joins by `and`; nothing for one that cannot be read (said elsewhere)."""
    try:
        tree = parse_condition(text).tree
    except BadCondition:
        return ()
    return tuple(part for item in tree.items for part in _flat(item)) if isinstance(tree, All) else (tree,)


def _flat(tree: Tree) -> Iterator[Tree]:
    if isinstance(tree, All):
        for item in tree.items:
            yield from _flat(item)
    else:
        yield tree


def softer(old: Node, new: Node) -> bool:
    """Whether a consequence became milder."""
    return any(rank(EFFECTS, one.text) < rank(EFFECTS, old.pairs.get(key, one).text) for key, one in new.pairs.items())


def edge_kind(node: Node, default: str = "before_start") -> str:
    """The kind of an edge in any of its forms."""
    if node.kind == "text":
        return node.text
    return node.pairs["kind"].text if "kind" in node.pairs else default


def rank(order: tuple[str, ...], word: str) -> int:
    """How strict a word is; unknown words (said elsewhere) are strictest."""
    return order.index(word) if word in order else len(order)
