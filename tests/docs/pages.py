"""What a page of the documentation is made of, for tests that hold two editions of it together."""

from __future__ import annotations

import re

FENCE = re.compile(r"^ *```\w*\n.*?^ *```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
CODE = re.compile(r"`([^`]+)`")


def anchors(text: str) -> list[str]:
    """The anchors of a page's headings in their order: small letters, no punctuation, a dash for each blank."""
    said = HEADING.findall(FENCE.sub("", text))
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in said]


def blocks(text: str) -> list[list[str]]:
    """The fenced blocks, line by line, without the comments at the ends of lines; a picture in words is prose."""
    fenced = (block.splitlines() for block in FENCE.findall(text))
    return [[line.partition("  # ")[0].rstrip() for line in block] for block in fenced if block[0] != "```text"]


def code(text: str) -> set[str]:
    """What a text without fenced blocks names as code, however its lines are broken."""
    return {" ".join(one.split()) for one in CODE.findall(text)}
