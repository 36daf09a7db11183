"""Checks of what a bundle looks up: the key must be answered by the filing, and a licence must fit its holder."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.bundle import Bundle
from catalog.checks.bundles import all_fields, asked_materials, known_matters
from catalog.dictionary import Material, Source
from catalog.findings import Findings
from catalog.matter import MaterialAsk
from catalog.model import Catalog, Path
from catalog.reading import fields_asked

HOLDER_IDS = {"citizen_id": "person", "uscc": "enterprise"}
HOLDER_WORDS = {"person": "个人", "enterprise": "单位"}
ID_WORDS = {"citizen_id": "身份证号", "uscc": "统一社会信用代码"}


def check_sources(findings: Findings, bundle: Bundle) -> None:
    """Every source of what this bundle asks. What an earlier matter gives comes too late to look up with."""
    catalog = findings.catalog
    columns = {inner.code for code in all_fields(catalog, bundle) if code in catalog.fields
               for inner in catalog.fields[code].inner}
    known = all_fields(catalog, bundle) | columns
    for path, ask, material in _asked(findings, bundle):
        _roles(findings, bundle, path, _holders(ask, material), known)
        for source in material.sources:
            _fits(findings, bundle, ("materials", material.code, "sources"), source, ask.role)
    for kind, material in sorted({one.code: one for _, _, one in _asked(findings, bundle)}.items()):
        _keys(findings, bundle, ("materials", kind, "sources"), material, known)
        _persons(findings, bundle, ("materials", kind, "sources"), material)
    for code in sorted({code for _, matter in known_matters(catalog, bundle) for code in fields_asked(matter)}):
        for source in catalog.fields[code].prefill if code in catalog.fields else ():
            group, _, inner = code.partition(".")
            _fits(findings, bundle, ("fields", group, "rows", inner) if inner else ("fields", code), source, None)


def _asked(findings: Findings, bundle: Bundle) -> Iterator[tuple[Path, MaterialAsk, Material]]:
    """Every ask of a material, once for each kind that it may be."""
    matters = [matter for _, matter in known_matters(findings.catalog, bundle)]
    asks = [(("matters", matter.id, *path), ask) for matter in matters for path, ask in asked_materials(matter)]
    for path, ask, kind in [(place, one, kind) for place, one in asks for kind in one.any_of or (one.kind,)]:
        material = findings.catalog.materials.get(kind.partition("@")[0])
        if material is not None:
            yield path, ask, material


def _holders(ask: MaterialAsk, material: Material) -> list[str]:
    """Whose licences this ask is looked up by."""
    if ask.role:
        return [ask.role]
    return list(dict.fromkeys(one.holder for one in material.sources if one.kind == "licence" and one.holder))


def _roles(findings: Findings, bundle: Bundle, path: Path, holders: list[str], known: frozenset[str]) -> None:
    """A role whose papers are looked up needs its number on the form."""
    roles = findings.catalog.roles_of(bundle)
    for name in holders:
        role = roles.get(name)
        if role is not None and role.id not in known:
            says = f"一件事 {bundle.id} 用了角色 {name}，但没有事项询问它的证件号字段 {role.id}，无法查证照，只能上传"
            findings.warn(path, "role_number", says)


def _keys(findings: Findings, bundle: Bundle, path: Path, material: Material, known: frozenset[str]) -> None:
    """A look-up by fields needs all of them."""
    needed = {name for source in material.sources for name in source.by}
    for name in sorted(needed & set(findings.catalog.fields) - known):
        says = f"共享来源需要字段 {name}，但本一件事({bundle.id})没有事项询问它；请加入问题或改用上传"
        level = "warning" if len(material.sources) > 1 else "error"
        findings.say(path, "source_unasked", says, level)


def _persons(findings: Findings, bundle: Bundle, path: Path, material: Material) -> None:
    """Who is looked up must be somebody of the case: of anybody else nobody could say who consents to it."""
    roles = {role.id for role in findings.catalog.roles_of(bundle).values()}
    for code in dict.fromkeys(code for source in material.sources for code in source.by):
        if code not in roles and _is_person(findings.catalog, code):
            says = f"材料 {material.code} 按 {code} 查询某个人的资料，但一件事 {bundle.id} 没有以它为证件号的角色，" \
                   "不知道凭谁的同意查；请在 people 里写上这个角色，或改用上传"
            findings.say(path, "source_person", says)


def _is_person(catalog: Catalog, code: str) -> bool:
    """Whether a field, or a column of a group, holds a person's number."""
    group = catalog.fields.get(code.partition(".")[0])
    return group is not None and any(one.code == code and one.type == "citizen_id" for one in (group, *group.inner))


def _fits(findings: Findings, bundle: Bundle, path: Path, source: Source, role: str | None) -> None:
    """A person's licence is asked for with a person's number, an enterprise's with its own."""
    catalog = findings.catalog
    licence = catalog.licences.get(source.name or "") if source.kind == "licence" else None
    holder = catalog.roles_of(bundle).get(role or source.holder or "")
    if licence is None or holder is None or holder.id not in catalog.fields:
        return
    kind = catalog.fields[holder.id].type
    if licence.held_by == "both" or HOLDER_IDS.get(kind, licence.held_by) == licence.held_by:
        return
    says = (
        f"证照 {source.name} 的持有人是{HOLDER_WORDS[licence.held_by]}(held_by: {licence.held_by})，"
        f"一件事 {bundle.id} 却按角色 {holder.code}({holder.name})的{ID_WORDS[kind]}去查，永远查不到；"
        f"请把 holder 改成{HOLDER_WORDS[licence.held_by]}角色，或把证照的 held_by 改为 {HOLDER_IDS[kind]}，"
        "个人和单位都会有的写 [person, enterprise]"
    )
    findings.say(path, "holder_kind", says)
