"""The sample persons and enterprises of demo and test, with what they would write into a form."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sources.papers import paper, photo
from sources.stand_in import records


@dataclass(frozen=True, slots=True)
class SamplePerson:
    """An invented person, named 示例…; `details` are answers by field code, for the fields this person knows, and
    `bundles` those that this person is there to try."""

    id: str
    name: str
    note: str
    details: Mapping[str, Any]
    bundles: tuple[str, ...]


PERSONAS: tuple[SamplePerson, ...] = tuple(
    SamplePerson(**{**one, "bundles": tuple(one.get("bundles", ()))}) for one in records("persons"))


def who_tries(bundle: str) -> SamplePerson:
    """The sample person who is there to try a bundle, the first one for a bundle nobody names."""
    return next((one for one in PERSONAS if bundle in one.bundles), PERSONAS[0])


def sample_paper(name: str, endings: Collection[str] = ("pdf",)) -> tuple[str, str, bytes]:
    """A paper called `name` to attach: its file name, media type and bytes, a real PDF that says 示例; a plain
    picture where only pictures are taken."""
    if "pdf" not in endings and "png" in endings:
        return f"示例-{name}.png", "image/png", photo()
    return f"示例-{name}.pdf", "application/pdf", paper(name, ["本材料由演示环境生成，仅供体验。"])
