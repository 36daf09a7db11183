"""Says of each test whether it needs Chromium or a PostgreSQL server, by the fixtures it uses; `dev.py test --quick`
leaves those out."""

from __future__ import annotations

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a browser or a database server."""
    for item in items:
        uses = getattr(item, "fixturenames", ())
        if "browser" in uses and item.path.parent.name == "pages":
            item.add_marker(pytest.mark.browser)
        if "server" in uses or _params(item).get("place") == "postgres":
            item.add_marker(pytest.mark.postgres)


def _params(item: pytest.Item) -> dict[str, object]:
    call = getattr(item, "callspec", None)
    return dict(call.params) if call else {}
