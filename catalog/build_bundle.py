"""Typed bundles → frozen values: options resolved, entries numbered, answers typed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from datetime import date
from typing import Any, TypeVar

from catalog.answers import FILER_TYPE, AnswerType, BadAnswer, type_of_question, typed_answer
from catalog.build_dictionary import options, role
from catalog.build_matter import Words, asks, gives, overlaid, rules
from catalog.bundle import (
    Bundle,
    Closing,
    Composite,
    Decision,
    Edge,
    Entry,
    Example,
    Group,
    OwnWords,
    Question,
    QuestionKind,
)
from catalog.dictionary import Role
from catalog.evaluate import UNANSWERED
from catalog.matter import Asks, FieldAsk, MaterialAsk, Matter
from catalog.text import Text

Data = Mapping[str, Any]
_Ask = TypeVar("_Ask", FieldAsk, MaterialAsk)
KINDS: tuple[QuestionKind, ...] = ("yes_no", "one", "many", "number", "date")


class BundleBuilder:
    """Builds one bundle out of its typed data; what does not fit is kept in `problems`."""

    def __init__(self, data: Data, words: Words, matters: Mapping[str, Matter], roles: Mapping[str, Role]) -> None:
        self.data, self.matters, self.roles = data, matters, roles
        self.problems: list[tuple[tuple[str | int, ...], str, str]] = []
        drafts = [self.question(ident, one, words) for ident, one in data.get("situation", {}).items()]
        self.types = self.answer_types(words) | {one.id: type_of_question(one, words.fields) for one in drafts}
        self.words = replace(words, options_of=self.options_of(words), types=self.types)
        self.questions = tuple(self.finished(one) for one in drafts)

    def answer_types(self, words: Words) -> dict[str, AnswerType]:
        """What a situation may answer beside the questions: fields, who files, optional matters, groups."""
        found = {code: kind for code, kind in words.types.items() if "." not in code}
        found |= {"filer": FILER_TYPE, "chosen": AnswerType("many", tuple(self.data.get("matters", {})))}
        for ident, group in self.data.get("groups", {}).items():
            if "one_of" in group:
                found[ident] = AnswerType("choice", tuple(group["one_of"]))
        return found

    def options_of(self, words: Words) -> Any:
        """Options of a name as this bundle sees it: its own question first."""
        def known(name: str) -> frozenset[str]:
            kind = self.types.get(name)
            if kind is None or not (kind.options or kind.type == "yes_no"):
                return words.options_of(name)
            return frozenset(kind.options or ("yes", "no"))
        return known

    def say(self, path: tuple[str | int, ...], code: str, message: str) -> None:
        """Note a problem at a path below the bundle."""
        self.problems.append((path, code, message))

    def question(self, ident: str, data: Data, words: Words) -> Question:
        """A question whose conditions and default are not worked out yet."""
        written = [kind for kind in KINDS if data.get(kind) not in (None, False)]
        if len(written) > 1:
            says = f"问题 {ident} 写了两种题型({'、'.join(written)})；请只留一种"
            self.say(("situation", ident), "question_kind", says)
        kind: QuestionKind = written[0] if written else "field"
        if ident in words.fields:
            self.same_as_field(ident, data, kind, words)
            kind = "field"
        elif not written:
            says = f"问题 {ident} 没有题型，字典里也没有字段 {ident}；请写 yes_no、one、many、number 或 date"
            self.say(("situation", ident), "question_kind", says)
        bounds = data["number"] if isinstance(data.get("number"), Mapping) else data
        chosen = data.get("one") or data.get("many") or {}
        return Question(
            id=ident, ask=data.get("ask") or Text(ident), kind=kind, options=() if kind == "field" else options(chosen),
            min=bounds.get("min"), max=bounds.get("max"), when=data.get("when"), why=data.get("why"),
            default=data.get("default"), section=data.get("section", ""),
        )

    def same_as_field(self, ident: str, data: Data, kind: QuestionKind, words: Words) -> None:
        """A question that is a dictionary field may repeat its type, not change it."""
        known = words.fields[ident]
        fits = {"yes_no": "yes_no", "one": "choice", "many": "many", "date": "date"}
        number = kind == "number" and known.type in {"number", "integer"}
        if kind != "field" and not number and fits.get(kind) != known.type:
            says = f"问题 {ident} 就是字典字段 {ident}(类型 {known.type})，不能写成 {kind}；请删去题型"
            self.say(("situation", ident, kind), "question_type", says)
        chosen = data.get("one") or data.get("many")
        if chosen and set(chosen) != {option.code for option in known.options}:
            says = f"问题 {ident} 的选项与字典字段不同；请删去这里的选项，以字典为准"
            self.say(("situation", ident, kind), "question_options", says)

    def finished(self, draft: Question) -> Question:
        """The question with its condition resolved and its default typed."""
        path = ("situation", draft.id, "default")
        default = None if draft.default is None else self.typed(draft.default, draft.id, path)
        return replace(draft, when=self.words.condition(draft.when), default=default)

    def typed(self, raw: Any, name: str, path: tuple[str | int, ...]) -> Any:
        """A typed answer, or a problem."""
        try:
            return typed_answer(raw, self.types[name])
        except BadAnswer as error:
            self.say(path, "bad_answer", f"{name} 的回答不对：{error}")
            return None

    def answers(self, data: Data, path: tuple[str | int, ...]) -> dict[str, Any]:
        """Typed answers to questions, a refused one as not answered; other names are refused by the checker."""
        found = {}
        for name, raw in data.items():
            value = self.typed(raw, name, (*path, name)) if name in self.types else raw
            found[name] = UNANSWERED if value is None else value
        return found

    def entries(self) -> tuple[Entry, ...]:
        """Entries in order, numbered by `no` or by position."""
        found = []
        for index, (ident, data) in enumerate(self.data.get("matters", {}).items(), 1):
            plain = ("optional", "must_have", "each", "region", "droppable")
            found.append(Entry(
                matter=ident, number=data.get("number", f"{index:02d}"), when=self.words.condition(data.get("when")),
                after=tuple(edge(target, one, self.words)
                            for target, kinds in data.get("after", {}).items() for one in kinds),
                **{key: data[key] for key in plain if key in data},
            ))
        return tuple(found)

    def own_matters(self) -> dict[str, Matter]:
        """Matters that a local bundle overrides; what it may change is checked in `extend_rules.py`."""
        found = {}
        for ident, data in self.data.get("matters", {}).items():
            changes = [key for key in ("limits", "asks", "gives") if key in data]
            if changes and "extends" not in self.data:
                says = f"只有写了 extends 的下级版本才能改写事项；请把 {changes[0]} 写到 matters/ 里的事项 {ident}"
                self.say(("matters", ident, changes[0]), "override", says)
            elif changes and ident in self.matters:
                found[ident] = overridden(self.matters[ident], data, self.words)
        return found

    def groups(self) -> tuple[Group, ...]:
        """Groups in order."""
        found = []
        for ident, data in self.data.get("groups", {}).items():
            kinds = [kind for kind in ("any", "one_of", "some_of") if kind in data]
            if len(kinds) != 1:
                self.say(("groups", ident), "group_kind", f"组 {ident} 要写 any、one_of、some_of 中的一种")
            none = self.words.condition(data.get("none"))
            found.append(Group(
                ident, kinds[0] if kinds else "any",  # type: ignore[arg-type]  # the tuple above
                data.get(kinds[0], ()) if kinds else (), none,
                data.get("deliver", "apart"), data.get("name"),
            ))
        return tuple(found)

    def people(self) -> tuple[Role, ...]:
        """The roles declared here; a bare name takes everything from roles.yaml."""
        found = []
        for code, data in (self.data.get("people") or {}).items():
            known = self.roles.get(code)
            if data is None and known is None:
                self.say(("people",), "unknown_role", f"角色 {code} 不在 roles.yaml 中；请写明 id 和 shown")
            elif data is None and known is not None:
                found.append(known)
            else:
                found.append(role(code, {**({"name": known.name} if known else {}), **(data or {})}))
        return tuple(self.resolved(one) for one in found)

    def resolved(self, one: Role) -> Role:
        """A role whose conditions have their options resolved."""
        if one.agrees is not None:
            one = replace(one, agrees=replace(one.agrees, when=self.words.condition(one.agrees.when)))
        if one.related is not None:
            one = replace(one, related=replace(one.related, when=self.words.condition(one.related.when)))
        return one

    def build(self) -> Bundle:
        """The bundle."""
        data = self.data
        plain = ("origin", "lead", "stage", "summary", "window", "tone", "guide", "extends", "form")
        words = data.get("words", {})
        return Bundle(
            id=data.get("id", ""), name=data.get("name") or Text(data.get("id", "")), questions=self.questions,
            entries=self.entries(), groups=self.groups(), rules=rules(data.get("rules", ()), self.words),
            people=self.people(), promised=data.get("limits", {}).get("promised"),
            before_after=data.get("before", {}).get("after", {}),
            figures=self.answers(data.get("figures", {}), ("figures",)),
            composite=Composite(**data["composite"]) if "composite" in data else None,
            closed=Closing(**data["closed"]) if "closed" in data else None,
            decisions=tuple(self.decisions()), examples=tuple(self.examples()), own_matters=self.own_matters(),
            field_words=own_words(words.get("fields_", {})), section_words=own_words(words.get("sections", {})),
            material_words=own_words(words.get("materials", {})), filer_words=words.get("filer", {}),
            language=int(data.get("language", "1")), **{key: data[key] for key in plain if key in data},
        )

    def decisions(self) -> Iterable[Decision]:
        """Decisions; each names a field or a material."""
        for index, one in enumerate(self.data.get("decisions", ())):
            code = one.get("field") or one.get("material")
            if code is None or ("field" in one and "material" in one):
                self.say(("decisions", index), "decision_code", "裁定要写明 field 或 material 中的一个")
            yield Decision(code or "", one["attribute"], one["value"], one["because"])

    def examples(self) -> Iterable[Example]:
        """Examples with typed answers."""
        for index, one in enumerate(self.data.get("examples", ())):
            given = self.answers(one["given"], ("examples", index, "given"))
            yield Example(
                given, one.get("matters"), one.get("materials"), one.get("days"), tuple(one.get("blocked_by", ())),
                date.fromisoformat(one["on"]) if "on" in one else None,
            )


def overridden(matter: Matter, data: Data, words: Words) -> Matter:
    """A matter with what a local bundle says laid over it. A list of asks replaces the matter's list; what an ask of it
    leaves open is as the matter has it."""
    limits = overlaid(data["limits"], matter.limits, words) if "limits" in data else matter.limits
    given = data.get("asks", {})
    new = asks(given, words, limits)
    by_code = {ask.code: ask for ask in matter.asks.fields}
    by_key = {ask.key: ask for ask in matter.asks.materials}
    used, papers = matter.asks.fields, matter.asks.materials
    if "fields_" in given:
        used = tuple(over(by_code.get(ask.code), ask, FieldAsk(ask.code)) for ask in new.fields)
    if "materials" in given:
        papers = tuple(over(by_key.get(ask.key), ask, MaterialAsk(ask.kind, ask.role)) for ask in new.materials)
    return replace(
        matter, limits=limits, asks=Asks(used, papers),
        gives=gives(data["gives"], words) if "gives" in data else matter.gives,
    )


def over(parent: _Ask | None, child: _Ask, plain: _Ask) -> _Ask:
    """An ask with what the child left open, as in a `plain` one, taken from the parent."""
    if parent is None:
        return child
    names = [one.name for one in fields(plain)]
    return replace(parent, **{
        name: getattr(child, name) for name in names if getattr(child, name) != getattr(plain, name)})


def own_words(data: Data) -> dict[str, OwnWords]:
    """A bundle's own texts, by code."""
    return {code: OwnWords(**texts) for code, texts in data.items()}


def edge(target: str, data: Data, words: Words) -> Edge:
    """One edge."""
    return Edge(target, **{**data, "need": words.condition(data.get("need"))})


def build_bundle(
    data: Data, words: Words, matters: Mapping[str, Matter], roles: Mapping[str, Role],
) -> tuple[Bundle, list[tuple[tuple[str | int, ...], str, str]]]:
    """A bundle from typed data, and what is wrong with it by path below the bundle."""
    builder = BundleBuilder(data, words, matters, roles)
    bundle = builder.build()
    return bundle, builder.problems
