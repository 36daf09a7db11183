"""A second language beside the Chinese: who chose it reads what authors wrote in both, the Chinese first.

The Chinese is what counts, so it always stands; what has no line in the other language stands alone. Authors write
`{zh: 员工姓名, en: Employee's name}`; the pages' own words, from the guide to the receipt, stand in
`templates/phrases.yaml`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

import yaml
from flask import has_request_context
from jinja2 import pass_context
from jinja2.runtime import Context

from catalog.text import BASE_LANGUAGE, Text
from web.pages.words import bundle_of_page
from web.present import asked, noted

COOKIE: Final = "beside"
KEPT: Final = 365 * 24 * 3600  # seconds
_NAMES: Final = {"en": "English", "ja": "日本語", "ko": "한국어", "ru": "Русский", "fr": "Français", "es": "Español"}
_TAG: Final = re.compile(r"[a-z]{2,3}(-[A-Za-z]{2,8})?")


@pass_context
def offered(context: Context) -> Mapping[str, str]:
    """The languages that a page can be read in beside the Chinese, which are those of the name of its bundle, and the
    one that is read now: tag → what it calls itself."""
    bundle = bundle_of_page(context)
    tags = {*(bundle.name.lines if bundle else ()), chosen()} - {BASE_LANGUAGE, ""}
    return {tag: _NAMES.get(tag, tag) for tag in sorted(tags)}


def chosen() -> str:
    """The language that the visitor reads beside the Chinese; "" for none."""
    kept = noted()
    found: str | None = kept.get("beside")
    if found is None:
        tag = asked().cookies.get(COOKIE, "")
        found = kept.beside = tag if _TAG.fullmatch(tag) and tag != BASE_LANGUAGE else ""
    return found


def beside(value: Any) -> Any:
    """What a page shows of a value: of a text its other line behind it, anything else as it is."""
    if type(value) is not Text or len(value.lines) == 1 or not has_request_context():
        return value
    other = value.lines.get(chosen())
    return f"{value} {other}" if other else value


@pass_context  # else it would be worked out once for all, where a template is compiled
def phrase(_: Context, line: str) -> Text:
    """One of the pages' own phrases, with its lines in other languages if it has any."""
    return phrases().get(line) or Text(line)


@cache
def phrases() -> Mapping[str, Text]:
    """The pages' own phrases by their Chinese line."""
    text = (Path(__file__).parent.parent / "templates" / "phrases.yaml").read_text("utf-8")
    return {zh: Text(zh, lines) for zh, lines in yaml.safe_load(text).items()}
