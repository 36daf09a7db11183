"""Why a line of the plan is there or gone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a line is there or gone: a stable rule code, a Chinese sentence, the matters and the source behind it.

    `source` is the condition's text, the licence or registry name, the giving matter or the superseding material."""

    rule: str
    text: str
    matters: tuple[str, ...] = ()
    source: str | None = None
