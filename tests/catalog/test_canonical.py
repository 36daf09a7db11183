"""Canonical JSON: the same value gives the same bytes and comes back equal; editions are readable for ever."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from catalog.bundle import Bundle, Edge, Example, Question
from catalog.canonical import CanonicalError, dumps, loads
from catalog.conditions import Condition, parse_condition
from catalog.dictionary import Field, Licence, Option
from catalog.edition import Edition, UnknownEditionBundle, edition_of, open_edition
from catalog.limits import Limit
from catalog.load import load_catalog
from catalog.matter import Fee, LimitRow, Matter
from catalog.model import Catalog
from catalog.text import Text
from forms.compose import compose
from forms.plan import Plan

MINI = load_catalog(Path(__file__).parent / "mini").catalog
SHIPPED = load_catalog(Path(__file__).parents[2] / "bundles").catalog
VALUES: list[tuple[Any, Any]] = [
    (Text("甲", {"en": "A"}), Text), (Text("甲"), Text), (Limit(7, "wd"), Limit), (Decimal("2.50"), Decimal),
    (date(2026, 1, 2), date), (parse_condition("a > 1 and not (b in c or count(d) == 2) and e + 3mo <= today"),
    Condition),
    (parse_condition("a in all(d.e) or year(born(b) + 3mo) == 2020"), Condition),
    (parse_condition("a == 'x' or b == 2026-01-02 or c != -0.5"), Condition),
    (LimitRow(parse_condition("a"), Limit(1, "mo"), Limit(2, "nd")), LimitRow),
    (Fee("plate", Decimal("100.00"), Text("依据")), Fee), (Option("a", Text("甲", {"en": "A", "de": "Ä"})), Option),
    (Edge("t", "before_decide", ("K1",), "first", within=Limit(5, "nd"), on={"refused": "stop"}), Edge),
    (Question("q", Text("问"), "many", (Option("a", Text("甲")),), default=("a",)), Question),
    (Licence("l", Text("证"), "both", {"number": ("a", "b"), "name": "c"}), Licence),
    (Example({"a": Decimal(2), "b": date(2026, 1, 2), "c": (1, ("x",), {"$k": Text("甲", {"en": "a"})}), "d": [None,
    True],
              "e": datetime.fromisoformat("2026-01-01T02:00"),
              "f": {"$decimal": "no tag"}, "g": 2.5, "h": Limit(1, "wd"), "i": {}}),
              Example),
]


@pytest.mark.parametrize(("value", "cls"), VALUES, ids=[str(index) for index in range(len(VALUES))])
def test_a_value_comes_back_equal_and_gives_the_same_bytes(value: Any, cls: type) -> None:
    raw = dumps(value)
    again = loads(raw, cls)
    assert again == value
    assert dumps(again) == raw


def test_languages_of_a_text_come_back() -> None:
    assert loads(dumps(Text("甲", {"en": "A"})), Text).in_language("en") == "A"


def test_bytes_are_sorted_compact_utf8_without_floats() -> None:
    raw = dumps(Example({"乙": Decimal(1), "a": 1.5}))
    assert raw == '{"given":{"a":{"$float":"1.5"},"乙":{"$decimal":"1"}}}'.encode()


@pytest.mark.parametrize("raw", [
    b"", b"{", b"[]", b"null", b'"x"', b"\xff", b'{"given":1.5}', b'{"given":{},"more":1}', b"{}",
    b'{"given":{"a":{"$date":"x"}}}',
    b"[" * 100_000,
])
def test_other_bytes_are_refused(raw: bytes) -> None:
    with pytest.raises(CanonicalError):
        loads(raw, Example)


@pytest.mark.parametrize("value", [object(), Example({"a": object()}), Example({"a": float("nan")}),
Example({"a": "\ud800"})])
def test_values_without_a_canonical_form_are_refused_or_tagged(value: Any) -> None:
    try:
        assert b"$float" in dumps(value)
    except CanonicalError as error:
        assert error.code == "not_canonical"


def test_everything_in_the_catalogs_round_trips() -> None:
    for catalog in (MINI, SHIPPED):
        for kind, cls in (("fields", Field), ("matters", Matter), ("bundles", Bundle)):
            for value in getattr(catalog, kind).values():
                assert loads(dumps(value), cls) == value
        assert loads(dumps(catalog), Catalog) == catalog


@pytest.mark.parametrize("bundle", sorted(SHIPPED.bundles))
def test_a_plan_round_trips(bundle: str) -> None:
    plan = compose(SHIPPED, bundle, dict(SHIPPED.bundles[bundle].figures), today=date(2026, 1, 5))
    assert loads(dumps(plan), Plan) == plan


@pytest.mark.parametrize(("catalog", "bundle"), [
    *((MINI, one) for one in sorted(MINI.bundles)), *((SHIPPED, one) for one in sorted(SHIPPED.bundles))])
def test_an_edition_opens_to_a_catalog_that_has_the_same_edition(catalog: Catalog, bundle: str) -> None:
    edition = edition_of(catalog, bundle)
    opened = open_edition(edition.body)
    assert list(opened.bundles) == [bundle]
    assert edition_of(opened, bundle) == edition
    assert json.loads(edition.body)["bundle"]["id"] == bundle


@pytest.mark.parametrize("bundle", sorted(SHIPPED.bundles))
def test_an_edition_composes_as_the_living_catalog_does(bundle: str) -> None:
    opened = open_edition(edition_of(SHIPPED, bundle).body)
    situation = dict(SHIPPED.bundles[bundle].figures)
    living = replace(SHIPPED, calendar={})
    assert compose(opened, bundle, situation, today=date(2026, 1, 5)) == compose(living, bundle, situation,
    today=date(2026, 1, 5))


def edition_after(change: Mapping[str, Any]) -> Edition:
    return edition_of(replace(MINI, **change), "utilities")


def test_an_edition_changes_with_what_the_bundle_uses_and_only_with_that() -> None:
    before = edition_of(MINI, "utilities")
    used = replace(MINI.fields["line_length"], max=Decimal(9))
    other = replace(MINI.fields["vehicles.vin"], help=Text("新"))
    matter = replace(MINI.matters["fleet-summary"], name=Text("新"))
    assert edition_after({"fields": {**MINI.fields, "line_length": used}}).hash != before.hash
    assert edition_after({"fields": {**MINI.fields, "vehicles.vin": other}}) == before
    assert edition_after({"matters": {**MINI.matters, "fleet-summary": matter}}) == before
    assert edition_after({"calendar": {}}) == before


def test_an_unknown_bundle_has_no_edition() -> None:
    with pytest.raises(UnknownEditionBundle):
        edition_of(MINI, "nothing")
