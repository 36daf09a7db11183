"""Specifications that no value can satisfy when matters ask the same thing (language 2.11), and their decisions."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from catalog.bundle import Bundle
from catalog.check_bundles import asked_materials, known_matters
from catalog.findings import Findings
from catalog.matter import FieldAsk, Matter
from catalog.model import Path
from catalog.reading import all_asks


@dataclass(frozen=True, slots=True)
class Clash:
    """Two wishes for one attribute of one thing that cannot both be met; `paths` are where they stand."""

    code: str
    attribute: str
    message: str
    paths: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What one asker wants of a field."""

    matter: Matter
    ask: FieldAsk

    def path(self, key: str) -> Path:
        """Where the wish stands."""
        return ("matters", self.matter.id, "asks", "fields", self.ask.code, key)


def check_specs(findings: Findings, bundle: Bundle) -> None:
    """Every clash that no decision settles; decisions that settle nothing."""
    clashes = [*_field_clashes(findings, bundle), *_material_clashes(findings, bundle)]
    settled = {(one.code, one.attribute) for one in bundle.decisions}
    for clash in clashes:
        if (clash.code, clash.attribute) not in settled:
            findings.say(clash.paths[0], "spec_clash", clash.message)
    found = {(clash.code, clash.attribute) for clash in clashes}
    for index, decision in enumerate(bundle.decisions):
        if (decision.code, decision.attribute) not in found:
            says = f"裁定 {decision.code} 的 {decision.attribute} 已经不需要；请删去"
            findings.note(("bundles", bundle.id, "decisions", index), "decision_unneeded", says)


def _wishes(findings: Findings, bundle: Bundle) -> dict[str, list[Wish]]:
    found: dict[str, list[Wish]] = {}
    for _, matter in known_matters(findings.catalog, bundle):
        for asks in all_asks(matter):
            for ask in asks.fields:
                found.setdefault(ask.code, []).append(Wish(matter, ask))
    return found


def _field_clashes(findings: Findings, bundle: Bundle) -> Iterator[Clash]:
    for code, wishes in _wishes(findings, bundle).items():
        known = findings.catalog.fields.get(code)
        if known is None:
            continue
        for low, high, words in (("min", "max", ("最大", "最小")), ("min_length", "max_length", ("最长", "最短"))):
            most = _extreme(wishes, high, getattr(known, high), min, code)
            least = _extreme(wishes, low, getattr(known, low), max, code)
            if most and least and most[0] < least[0]:
                says = (
                    f"字段 {code} {words[0]} {most[0]}({findings.place(most[1])})与{words[1]} {least[0]}"
                    f"({findings.place(least[1])})无法同时满足；请在 decisions 中裁定并写明理由"
                )
                yield Clash(code, high, says, (most[1], least[1]))
        yield from _option_clash(findings, wishes, {option.code for option in known.options}, code)


Amount = Decimal | int


def _extreme(
    wishes: list[Wish], key: str, own: Amount | None, pick: Callable[..., tuple[Amount, Path]], code: str,
) -> tuple[Amount, Path] | None:
    group, _, inner = code.partition(".")
    place: Path = ("fields", group, "rows", inner, key) if inner else ("fields", code, key)
    values: list[tuple[Amount, Path]] = [] if own is None else [(own, place)]
    values += [(getattr(wish.ask, key), wish.path(key)) for wish in wishes if getattr(wish.ask, key) is not None]
    return pick(values, key=lambda pair: pair[0]) if values else None


def _option_clash(findings: Findings, wishes: list[Wish], known: set[str], code: str) -> Iterator[Clash]:
    wanting = [wish for wish in wishes if wish.ask.options]
    left = set(known)
    for wish in wanting:
        left &= set(wish.ask.options)
    if wanting and known and not left:
        asked = "，".join(f"{wish.matter.name}要求 {{{', '.join(wish.ask.options)}}}" for wish in wanting)
        says = f"选项交集为空：{asked}；请在 decisions 中裁定并写明理由"
        yield Clash(code, "options", says, tuple(wish.path("options") for wish in wanting))
    if len(wanting) > 1 and len(left) == 1:
        says = f"字段 {code} 的选项合并后只剩 {next(iter(left))}；请确认"
        findings.warn(wanting[0].path("options"), "one_option", says)


def _material_clashes(findings: Findings, bundle: Bundle) -> Iterator[Clash]:
    types: dict[str, tuple[set[str], list[tuple[Path, str]]]] = {}
    for _, matter in known_matters(findings.catalog, bundle):
        for path, ask in asked_materials(matter):
            if ask.spec is None or ask.any_of:
                continue
            left, said = types.setdefault(ask.kind, (set(ask.spec.file_types), []))
            left &= set(ask.spec.file_types)
            shown = f"{matter.name}要求 {{{', '.join(ask.spec.file_types)}}}"
            said.append((("matters", matter.id, *path, "spec"), shown))
    for kind, (left, said) in types.items():
        if not left:
            asked = "，".join(shown for _, shown in said)
            says = f"材料 {kind} 的文件类型交集为空：{asked}；请在 decisions 中裁定并写明理由"
            yield Clash(kind, "file_types", says, tuple(path for path, _ in said))
