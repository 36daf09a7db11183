"""The headings of a page and the anchors by which links find them."""

from __future__ import annotations

import re

FENCE = re.compile(r"^```\w*\n.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def anchors(text: str) -> list[str]:
    """The anchors of a page's headings in their order: small letters, no punctuation, a dash for each blank."""
    said = HEADING.findall(FENCE.sub("", text))
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in said]
