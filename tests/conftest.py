"""Says of each test whether it needs Chromium or a PostgreSQL server, by the fixtures it uses; `dev.py test --quick`
leaves those out."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest
from flask import Flask

from tests.shared import Templates, browser, cipher, migrated, server, shipped_offices

__all__ = ["browser", "cipher", "migrated", "server", "shipped_offices"]
Flask.jinja_options = {"bytecode_cache": Templates()}


def pytest_collection_finish() -> None:
    """Look for garbage as seldom as the portal does: all these tests and what they imported stay to the end."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser or a database server."""
    for item in items:
        if _made_in(item, "browser") == "shared":
            item.add_marker(pytest.mark.browser)
        if _made_in(item, "server") == "shared" or _params(item).get("place") == "postgres":
            item.add_marker(pytest.mark.postgres)


def _made_in(item: pytest.Item, name: str) -> str:
    """The module that makes the fixture `name` of a test: others may be called the same."""
    info = getattr(item, "_fixtureinfo", None)
    made = info.name2fixturedefs.get(name) if info else None
    return Path(made[-1].func.__code__.co_filename).stem if made else ""


def _params(item: pytest.Item) -> dict[str, object]:
    call = getattr(item, "callspec", None)
    return dict(call.params) if call else {}
