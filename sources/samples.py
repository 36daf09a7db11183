"""The sample persons and enterprises of demo and test, with what they would write into a form."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sources.papers import paper, photo
from sources.stand_in import records

_CHECKS = "10X98765432"
LONGEST = 20  # of a sample text that is made longer


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


def of_its_own(kind: str, value: Any, at: int, longest: int | None = None) -> Any:
    """A sample value for the row `at` of a column that differs in every row; the first row has `value` itself."""
    if at == 0 or value is None:
        return value
    if kind == "citizen_id":
        return _citizen(date(1990, 1, 1) + timedelta(days=37 * at))
    ending = str(at + 1)
    return str(value)[: (longest or LONGEST) - len(ending)].removesuffix(ending) + ending


def _citizen(born: date) -> str:
    """A number in the form of GB 11643 with its check sign, in an order code no office issues (999)."""
    digits = f"370202{born:%Y%m%d}999"
    return digits + _CHECKS[sum(int(one) * (2 ** (17 - at) % 11) for at, one in enumerate(digits)) % 11]


def sample_paper(name: str, endings: Collection[str] = ("pdf",)) -> tuple[str, str, bytes]:
    """A paper called `name` to attach: its file name, media type and bytes, a real PDF that says 示例; a plain
    picture where only pictures are taken."""
    if "pdf" not in endings and "png" in endings:
        return f"示例-{name}.png", "image/png", photo()
    return f"示例-{name}.pdf", "application/pdf", paper(name, ["本材料由演示环境生成，仅供体验。"])
