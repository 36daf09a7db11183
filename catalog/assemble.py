"""Authored texts by file name → one catalog and every problem of reading it. Pure: `load.py` brings the texts."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from marshmallow import ValidationError

from catalog.answers import type_of_field
from catalog.build_bundle import build_bundle
from catalog.build_dictionary import built
from catalog.build_matter import Words, matter
from catalog.bundle import Bundle
from catalog.conditions import fold
from catalog.dictionary import Field, Option, Table
from catalog.extend import inherited
from catalog.matter import Matter
from catalog.model import Catalog, Path, Places
from catalog.nodes import Node, read_text
from catalog.schemas.bundle import BUNDLE
from catalog.schemas.dictionary import SHAPES
from catalog.schemas.fields import check_name
from catalog.schemas.matter import ASK_SET, MATTER
from catalog.shaping import place_at, shaped
from catalog.suggest import unknown
from catalog.text import BASE_LANGUAGE, Place, Problem, Text

DICTIONARY = ("departments", "regions", "sections", "fields", "materials", "licences", "roles", "tables", "windows")
FOLDERS = (*DICTIONARY, "sets", "matters", "calendar")
FILERS = frozenset({"self", "legal_rep", "agent"})
YES_NO = frozenset({"yes", "no"})
_LINE = re.compile(r"name_([a-z]{2})")  # a column of a table that has its names in another language: `name_en`


@dataclass(frozen=True, slots=True)
class Loaded:
    """A catalog with every problem of reading it; partial where there are problems.

    `unread` are the files of which nothing could be made, so that other files seem to name what is not there.
    """

    catalog: Catalog
    problems: tuple[Problem, ...]
    unread: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Parts:
    """The nodes of every kind by code, and what is wrong so far."""

    nodes: dict[str, dict[str, Node]] = field(default_factory=lambda: {kind: {} for kind in (*FOLDERS, "bundles")})
    problems: list[Problem] = field(default_factory=list)
    bundles: dict[str, dict[str, Node]] = field(default_factory=dict)  # by id, then by the name of the file

    def say(self, place: Place, code: str, message: str) -> None:
        self.problems.append(Problem(place, code, message))

    def add(self, kind: str, code: str, node: Node) -> None:
        earlier = self.nodes[kind].get(code)
        if earlier is not None:
            says = f"重复的键 {code}：{earlier.place} 和 {node.place} 各写了一次；"
            says += "原来有的直接用，请删去新写的；意思不同就换一个编码"
            self.say(node.place, "duplicate_key", says)
        else:
            self.nodes[kind][code] = node


def assemble(texts: Mapping[str, str]) -> Loaded:
    """Read all texts (by path below the bundles folder, `/` between folders) into a catalog."""
    parts = _Parts()
    unread = set()
    for file, text in sorted(texts.items()):
        read = read_text(file, text)
        parts.problems.extend(read.problems)
        if read.node is not None:
            _sort_in(parts, file, read.node)
        elif read.problems:
            unread.add(file)
        else:
            parts.say(Place(file, 1), "empty_file", "文件里没有内容；请写上定义，或删去这个文件")
    _name_bundles(parts)
    catalog = _build(parts)
    return Loaded(catalog, tuple(sorted(set(parts.problems))), frozenset(unread))


def _sort_in(parts: _Parts, file: str, node: Node) -> None:
    folder, _, name = file.rpartition("/")
    stem = name.removesuffix(".yaml")
    kind = folder or stem
    if kind == "calendar" and stem == "windows":
        kind = "windows"
    whole = _whole_file(kind, folder, stem, node)
    if node.kind != "map":
        parts.say(node.place, "bad_value", "文件要写成「键: 值」的形式")
        return
    if whole is None and (kind not in FOLDERS or kind == "calendar"):
        _bundle_file(parts, file, node)
        return
    for code, one in node.pairs.items() if whole is None else ((whole, node),):
        parts.add(kind, code, one)


def _whole_file(kind: str, folder: str, stem: str, node: Node) -> str | None:
    """The code of a file that holds one entry: a calendar year, or a matter that names its id."""
    if kind == "calendar" and folder:
        return stem
    own = node.pairs.get("id")
    return own.text if kind == "matters" and own is not None and own.kind == "text" else None


def _bundle_file(parts: _Parts, file: str, node: Node) -> None:
    ident = node.pairs.get("id")
    if ident is not None and ident.kind == "text" and "/" not in file:
        parts.bundles.setdefault(ident.text, {})[file.removesuffix(".yaml")] = node
    elif "/" in file:
        folder = file.split("/", maxsplit=1)[0]
        parts.say(Place(file, 1), "unknown_file", f"不认识的文件夹 {folder}{unknown(folder, FOLDERS, list_all=True)}")
    else:
        stem = file.removesuffix(".yaml")
        says = f"这个文件没有 id，不是一件事；也不是字典文件{unknown(stem, FOLDERS)}"
        parts.say(Place(file, 1), "unknown_file", says)


def _name_bundles(parts: _Parts) -> None:
    """Each id to the file of that name; of several files with one id the others are copies."""
    for ident, files in parts.bundles.items():
        own = next((stem for stem in files if fold(stem) == fold(ident)), next(iter(files)))
        parts.nodes["bundles"][ident] = files[own]
        for stem in files.keys() - {own}:
            says = f"id {ident} 在 {own}.yaml 里已有；备份和旧版请移到这个文件夹外，另一件事请另取 id"
            parts.say(files[stem].pairs["id"].place, "duplicate_key", says)
        if fold(own) != fold(ident):
            says = f"id {ident} 与文件名 {own}.yaml 不同；请把 id 写成 {own}，或把文件改名为 {ident}.yaml"
            parts.say(files[own].pairs["id"].place, "bundle_id", says)


def _build(parts: _Parts) -> Catalog:
    kinds: dict[str, Any] = {kind: _dictionary(parts, kind) for kind in DICTIONARY}
    tables: dict[str, Table] = kinds["tables"]
    field_tables = _field_tables(parts)
    fields = {code: _with_options(one, field_tables, tables) for code, one in kinds["fields"].items()}
    kinds["fields"] = fields | {inner.code: inner for one in fields.values() for inner in one.inner}
    types = {code: type_of_field(one) for code, one in kinds["fields"].items()}
    words = Words(
        kinds["fields"], kinds["materials"], tables, _options_of(kinds), _ask_sets(parts), field_tables, types,
    )
    matters = {ident: _matter(parts, ident, node, words) for ident, node in parts.nodes["matters"].items()}
    merged, problems = inherited(parts.nodes["bundles"], parts.nodes["matters"], parts.nodes["sets"])
    parts.problems.extend(problems)
    bundles = {ident: _bundle(parts, node, words, matters, kinds["roles"]) for ident, node in merged.items()}
    calendar = {year.year: year for year in _dictionary(parts, "calendar").values()}
    return Catalog(**kinds, calendar=calendar, matters=matters, bundles=bundles, places=_places(parts, merged))


def _dictionary(parts: _Parts, kind: str) -> dict[str, Any]:
    found = {}
    for code, node in parts.nodes[kind].items():
        named = "identifier" if kind in {"fields", "roles", "windows"} else "code"
        try:
            check_name(code, named)
        except ValidationError as error:
            parts.say(node.place, "bad_name", str(error.messages[0]))
        data, problems = shaped(node, SHAPES[kind])
        parts.problems.extend(problems)
        found[code] = built(kind, code, data)
    return found


def _field_tables(parts: _Parts) -> dict[str, str]:
    found = {}
    for code, node in parts.nodes["fields"].items():
        rows = node.pairs["rows"].pairs if "rows" in node.pairs else {}
        for name, one in {code: node, **{f"{code}.{name}": one for name, one in rows.items()}}.items():
            if "table" in one.pairs:
                found[name] = one.pairs["table"].text
    for code, table in found.items():
        if table not in parts.nodes["tables"]:
            place = parts.nodes["fields"][code.split(".")[0]].place
            known = parts.nodes["tables"]
            parts.say(place, "unknown_table", f"代码表 {table} 不存在{unknown(table, known)}")
    return found


def _with_options(one: Field, field_tables: Mapping[str, str], tables: Mapping[str, Table]) -> Field:
    inner = tuple(_with_options(each, field_tables, tables) for each in one.inner)
    table = tables.get(field_tables.get(one.code, ""))
    if table is None or one.options:
        return replace(one, inner=inner) if inner else one
    from_rows = tuple(Option(row["code"], _named(row)) for row in table.rows if "code" in row and "name" in row)
    return replace(one, options=from_rows, inner=inner)


def _named(row: Mapping[str, str]) -> Text:
    """The label of a row: its `name`, with the lines that stand in columns such as `name_en`."""
    others = {found[1]: line for column, line in row.items() if (found := _LINE.fullmatch(column))}
    return Text(row["name"], {tag: line for tag, line in others.items() if tag != BASE_LANGUAGE})


def _options_of(kinds: Mapping[str, Mapping[str, Any]]) -> Any:
    fields: Mapping[str, Field] = kinds["fields"]
    regions = frozenset(kinds["regions"])
    known = {code: frozenset(option.code for option in one.options) for code, one in fields.items()}
    for code, one in fields.items():
        if one.type == "yes_no":
            known[code] = YES_NO
        if one.type in {"region", "regions"}:
            known[code] = regions
    known["filer"] = FILERS
    return lambda name: known.get(name, frozenset())


def _ask_sets(parts: _Parts) -> dict[str, Any]:
    found = {}
    for name, node in parts.nodes["sets"].items():
        if "sets" in node.pairs:
            parts.say(node.pairs["sets"].place, "nested_set", f"共同询问 {name} 里不能再用共同询问；请把内容写全")
        plain = Node(node.place, "map", pairs=_without(node, "sets")) if "sets" in node.pairs else node
        data, problems = shaped(plain, ASK_SET)
        parts.problems.extend(problems)
        found[name] = data
    return found


def _without(node: Node, key: str) -> dict[str, Node]:
    return {name: one for name, one in node.pairs.items() if name != key}


def _matter(parts: _Parts, ident: str, node: Node, words: Words) -> Matter:
    data, problems = shaped(node, MATTER)
    parts.problems.extend(problems)
    if data.get("id", ident) != ident:
        says = f"事项的 id {data['id']} 与名称 {ident} 不同；请写成一样或删去 id"
        parts.say(place_at(node, ("id",)), "matter_id", says)
    known = (("asks",), *(("variants", key, "asks") for key in data.get("variants", {})))
    for path in known:
        _check_sets(parts, node, path, words)
    _check_rule_tables(parts, node, data, words)
    return matter(ident, data, words)


def _check_sets(parts: _Parts, node: Node, path: tuple[str, ...], words: Words) -> None:
    for step in path:
        node = node.pairs.get(step, node)
    asked = node.pairs.get("sets")
    for one in (asked.items or (asked,)) if asked else ():
        if one.kind == "text" and one.text not in words.sets:
            says = f"共同询问 {one.text} 不存在{unknown(one.text, words.sets)}"
            parts.say(one.place, "unknown_set", says)


def _check_rule_tables(parts: _Parts, node: Node, data: Mapping[str, Any], words: Words) -> None:
    seen: set[str] = set()
    for index, rule in enumerate(data.get("rules", ())):
        if rule["id"] in seen:
            says = f"规则编号 {rule['id']} 写了两次；请改一个"
            parts.say(place_at(node, ("rules", index, "id")), "same_rule", says)
        seen.add(rule["id"])
        name = rule.get("table")
        table = words.tables.get(name)
        place = place_at(node, ("rules", index, "table"))
        if name is not None and table is None:
            parts.say(place, "unknown_table", f"规则表 {name} 不存在{unknown(name, words.tables)}")
        for column in rule.get("by", ()) if table else ():
            if table and column not in table.columns:
                says = f"规则表 {name} 没有列 {column}{unknown(column, table.columns, list_all=True)}"
                parts.say(place_at(node, ("rules", index, "by", column)), "unknown_column", says)


def _bundle(
    parts: _Parts, node: Node, words: Words, matters: Mapping[str, Matter], roles: Mapping[str, Any],
) -> Bundle:
    data, problems = shaped(node, BUNDLE)
    parts.problems.extend(problems)
    _check_rule_tables(parts, node, data, words)
    bundle, found = build_bundle(data, words, matters, roles)
    for path, code, message in found:
        parts.say(place_at(node, path), code, message)
    return bundle


def _places(parts: _Parts, bundles: Mapping[str, Node]) -> Places:
    known: dict[Path, Place] = {}
    for kind, nodes in {**parts.nodes, "bundles": bundles}.items():
        for code, node in nodes.items():
            node.places((kind, code), known)
    for ident, node in parts.nodes["matters"].items():
        known.update(_ask_places(node, ("matters", ident, "asks")))
    for ident, node in bundles.items():
        for entry, one in place_pairs(node, "matters"):
            known.update(_ask_places(one, ("bundles", ident, "matters", entry, "asks")))
    return Places(known)


def place_pairs(node: Node, key: str) -> list[tuple[str, Node]]:
    """The entries below `key` of a map, none when it is absent."""
    return list(node.pairs[key].pairs.items()) if key in node.pairs else []


def _ask_places(node: Node, path: Path) -> dict[Path, Place]:
    """Asks by name too, since expanding sets moves their positions."""
    found: dict[Path, Place] = {}
    asks = node.pairs.get("asks")
    for kind, listed in asks.pairs.items() if asks else ():
        for item in listed.items:
            for name in item.pairs or (item.text,):
                found[(*path, kind, name)] = item.place
    return found
