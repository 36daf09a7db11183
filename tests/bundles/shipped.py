"""The shipped definitions, loaded once, and the plans the tests of this folder look at."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from catalog.load import load_catalog
from catalog.model import Catalog
from forms.compose import compose
from forms.plan import Plan
from forms.values import json_ready

FOLDER = Path(__file__).parents[2] / "bundles"
TODAY = date(2026, 3, 2)
LOADED = load_catalog(FOLDER)
CATALOG = LOADED.catalog


def planned(bundle: str, situation: Mapping[str, Any], catalog: Catalog = CATALOG, on: date | None = None) -> Plan:
    """The plan of a bundle for a situation, given typed (from the file) or as JSON."""
    return compose(catalog, bundle, json_ready(situation), today=on or TODAY)


@cache
def public_plan(bundle: str) -> Plan:
    """The plan in which the bundle's public figures are counted."""
    return planned(bundle, CATALOG.bundles[bundle].figures)
