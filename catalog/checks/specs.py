"""Specifications that no value can satisfy when matters ask the same thing (language 2.11), and their decisions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from catalog.bundle import Bundle
from catalog.checks.bundles import asked_materials, known_matters
from catalog.decisions import BadDecision, decided_value
from catalog.findings import Findings
from catalog.matter import FieldAsk, Matter
from catalog.model import Path
from catalog.reading import all_asks

_PAIRS = (
    ("min", "max", ("最大", "最小")), ("min_length", "max_length", ("最长", "最短")),
    ("not_before", "not_after", ("最晚", "最早")),
)
_DAYS = frozenset({"not_before", "not_after"})
Decided = Mapping[tuple[str, str], Any]


@dataclass(frozen=True, slots=True)
class Clash:
    """Wishes for one thing that cannot all be met; a decision on one of the `attributes` is due. `paths` are where they
    stand, `settled` says that what was decided can be met."""

    code: str
    attributes: tuple[str, ...]
    message: str
    paths: tuple[Path, ...]
    settled: bool


@dataclass(frozen=True, slots=True)
class Wish:
    """What one asker wants of a field."""

    matter: Matter
    ask: FieldAsk

    def path(self, key: str) -> Path:
        """Where the wish stands."""
        return ("matters", self.matter.id, "asks", "fields", self.ask.code, key)


def check_specs(findings: Findings, bundle: Bundle) -> None:
    """Every clash that no decision settles; decisions that say or settle nothing."""
    decided = _decided(findings, bundle)
    clashes = [*_field_clashes(findings, bundle, decided), *_material_clashes(findings, bundle, decided)]
    for clash in clashes:
        if not clash.settled:
            findings.say(clash.paths[0], "spec_clash", clash.message)
    found = {(clash.code, attribute) for clash in clashes for attribute in clash.attributes}
    for index, decision in enumerate(bundle.decisions):
        about = (decision.code, decision.attribute)
        if about in decided and about not in found:
            says = f"裁定 {decision.code} 的 {decision.attribute} 已经不需要；请删去"
            findings.note(("bundles", bundle.id, "decisions", index), "decision_unneeded", says)


def _decided(findings: Findings, bundle: Bundle) -> dict[tuple[str, str], Any]:
    """What is decided, by field or material and attribute; what cannot be read decides nothing."""
    catalog, found = findings.catalog, dict[tuple[str, str], Any]()
    for index, decision in enumerate(bundle.decisions):
        path = ("bundles", bundle.id, "decisions", index)
        if not findings.known(path, "字段或材料", decision.code, {**catalog.fields, **catalog.materials}, "decision"):
            continue
        try:
            value = decided_value(decision, catalog.fields.get(decision.code))
        except BadDecision as bad:
            findings.say(path, "decision", f"裁定 {decision.code}：{bad}")
        else:
            found[decision.code, decision.attribute] = value
    return found


def _wishes(findings: Findings, bundle: Bundle) -> dict[str, list[Wish]]:
    found: dict[str, list[Wish]] = {}
    for _, matter in known_matters(findings.catalog, bundle):
        for asks in all_asks(matter):
            for ask in asks.fields:
                found.setdefault(ask.code, []).append(Wish(matter, ask))
    return found


def _field_clashes(findings: Findings, bundle: Bundle, decided: Decided) -> Iterator[Clash]:
    for code, wishes in _wishes(findings, bundle).items():
        known = findings.catalog.fields.get(code)
        if known is None:
            continue
        for low, high, words in _PAIRS:
            most = _extreme(wishes, high, getattr(known, high), min, code)
            least = _extreme(wishes, low, getattr(known, low), max, code)
            if most and least and most[0] < least[0]:
                says = (
                    f"字段 {code} {words[0]} {most[0]}({findings.place(most[1])})与{words[1]} {least[0]}"
                    f"({findings.place(least[1])})无法同时满足；请在 decisions 中裁定并写明理由"
                )
                fits = decided.get((code, low), least[0]) <= decided.get((code, high), most[0])
                yield Clash(code, (high, low), says, (most[1], least[1]), fits)
        yield from _option_clash(findings, wishes, {option.code for option in known.options}, (code, decided))


Amount = Decimal | int | str


def _extreme(
    wishes: list[Wish], key: str, own: Amount | None, pick: Callable[..., tuple[Amount, Path]], code: str,
) -> tuple[Any, Path] | None:
    group, _, inner = code.partition(".")
    place: Path = ("fields", group, "rows", inner, key) if inner else ("fields", code, key)
    values: list[tuple[Any, Path]] = [(own, place), *((getattr(wish.ask, key), wish.path(key)) for wish in wishes)]
    told = [pair for pair in values if pair[0] is not None and not (key in _DAYS and not _is_fixed(pair[0]))]
    return pick(told, key=lambda pair: pair[0]) if told else None


def _is_fixed(day: str) -> bool:
    """Whether a day bound is a day of the calendar; what hangs on the day of filing is compared on that day."""
    return day[:1].isdigit() and " " not in day


def _option_clash(
    findings: Findings, wishes: list[Wish], known: set[str], of: tuple[str, Decided],
) -> Iterator[Clash]:
    code, decided = of
    wanting = [wish for wish in wishes if wish.ask.options]
    left = set(known)
    for wish in wanting:
        left &= set(wish.ask.options)
    if wanting and known and not left:
        asked = "，".join(f"{wish.matter.name}要求 {{{', '.join(wish.ask.options)}}}" for wish in wanting)
        says = f"选项交集为空：{asked}；请在 decisions 中裁定并写明理由"
        paths = tuple(wish.path("options") for wish in wanting)
        yield Clash(code, ("options",), says, paths, (code, "options") in decided)
    # Whoever asks for this option alone has said so himself.
    if len(left) == 1 and len(wanting) > 1 and all(len(wish.ask.options) > 1 for wish in wanting):
        says = f"字段 {code} 的选项合并后只剩 {next(iter(left))}，等于替申请人选好了；"
        says += "就该这样的，在 decisions 中写明理由"
        if (code, "options") in decided:
            yield Clash(code, ("options",), says, (wanting[0].path("options"),), settled=True)
        else:
            findings.warn(wanting[0].path("options"), "one_option", says)


def _material_clashes(findings: Findings, bundle: Bundle, decided: Decided) -> Iterator[Clash]:
    materials = findings.catalog.materials
    types: dict[str, tuple[set[str], list[tuple[Path, str]]]] = {}
    for _, matter in known_matters(findings.catalog, bundle):
        for path, ask in asked_materials(matter):
            if ask.spec is None or ask.any_of or ask.kind not in materials:
                continue
            left, said = types.setdefault(ask.kind, (set(materials[ask.kind].spec.file_types), []))
            left &= set(ask.spec.file_types)
            shown = f"{matter.name}要求 {{{', '.join(ask.spec.file_types)}}}"
            said.append((("matters", matter.id, *path, "spec"), shown))
    for kind, (left, said) in types.items():
        if not left:
            own = f"字典允许 {{{', '.join(materials[kind].spec.file_types)}}}"
            asked = "，".join([own, *(shown for _, shown in said)])
            says = f"材料 {kind} 的文件类型交集为空：{asked}；请在 decisions 中裁定并写明理由"
            paths = tuple(path for path, _ in said)
            yield Clash(kind, ("file_types",), says, paths, (kind, "file_types") in decided)
