"""A person without scripts who talks to the application in this process: reads pages, sends forms with their token."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

from flask import Flask
from playwright.sync_api import Page, Route
from werkzeug.test import TestResponse

TAGS = re.compile(r"<[^>]+>")


class Visitor:
    """Keeps the cookies and the last page; `text` is what is written on it, `at` its path, `address` its query too."""

    def __init__(self, app: Flask) -> None:
        self.client, self.page, self.status, self.at, self.address = app.test_client(), "", 0, "", ""

    @property
    def text(self) -> str:
        """The words of the last page without its tags, in one line."""
        return re.sub(r"\s+", " ", TAGS.sub(" ", self.page))

    def get(self, path: str) -> str:
        """Open a page; where it led."""
        return self._keep(self.client.get(path, follow_redirects=True, buffered=True))

    def send(self, path: str, *fields: tuple[str, str]) -> str:
        """Send a form to `path` with the last page's token; where it led."""
        token = re.search(r'name="csrf-token" content="([^"]+)"', self.page)
        assert token is not None
        form: dict[str, list[str]] = {"csrf_token": [token[1]]}
        for name, value in fields:
            form.setdefault(name, []).append(value)
        return self._keep(self.client.post(path, data=form, follow_redirects=True, buffered=True))

    def attach(self, path: str, name: str, content: bytes, field: str = "file",
               beside: Mapping[str, str] | None = None) -> str:
        """Send one chosen file to `path`, with what stands beside it."""
        token = re.search(r'name="csrf-token" content="([^"]+)"', self.page)
        assert token is not None
        form = {"csrf_token": token[1], field: (io.BytesIO(content), name), **(beside or {})}
        return self._keep(self.client.post(path, data=form, content_type="multipart/form-data",
                                           follow_redirects=True, buffered=True))

    def sign_in(self, person: str = "sample-enterprise") -> None:
        """Become a sample person."""
        self.get("/login")
        self.send("/login/persona", ("persona", person))

    def _keep(self, answer: TestResponse) -> str:
        self.page, self.status, self.at = answer.get_data(as_text=True), answer.status_code, answer.request.path
        self.address = answer.request.full_path.rstrip("?")
        return self.at


def let_see(page: Page, visitor: Visitor) -> None:
    """Let a browser's page see the application in this process as the visitor does, at http://portal.test."""
    def answer(route: Route) -> None:
        parts = urlsplit(route.request.url)
        got = visitor.client.get(f"{parts.path}?{parts.query}", buffered=True)
        route.fulfill(status=got.status_code, headers=dict(got.headers), body=got.data)

    page.route("**/*", answer)


def sent(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """An answer as a page sends it."""
    if isinstance(value, bool):
        yield name, "yes" if value else "no"
    elif isinstance(value, list):
        for at, item in enumerate(value):
            if isinstance(item, dict):
                for column, inner in item.items():
                    yield from sent(f"{name}.{at}.{column}", inner)
            else:
                yield name, str(item)
    else:
        yield name, str(value)


class _Controls(HTMLParser):
    """Collects what a browser would send of the controls on a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self._name = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """One control, or the chosen option of a list."""
        given = dict(attrs)
        name, value, kind = given.get("name") or "", given.get("value") or "", given.get("type")
        if tag == "select":
            self._name = name
        elif tag == "option" and "selected" in given:
            self.found.append((self._name, value))
        elif tag == "input" and name and (kind not in {"radio", "checkbox"} or "checked" in given):
            self.found.append((name, value))


def controls(page: str) -> list[tuple[str, str]]:
    """Name and value of everything that the page's form would send as it stands, but the token."""
    reader = _Controls()
    reader.feed(page)
    return [(name, value) for name, value in reader.found if name != "csrf_token"]
