"""Rules about how often anybody may ask."""

from __future__ import annotations

from collections.abc import Iterator

from chaos.clients import TOO_OFTEN
from chaos.evidence import Evidence
from chaos.judges.sign_ins import disturbed


def refused_unfairly(found: Evidence) -> Iterator[str]:
    """I57: whoever asks without a pause is refused, is told when to come again, and is let in then; whoever asks calmly
    is refused nothing meanwhile."""
    for line in found.noted("hurried"):
        if not line["refused"] and not disturbed(found, line):
            yield f"{line['body']}: nobody was refused"
        if line["refused"] and not str(line["after"]).isdecimal():
            yield f"{line['body']}: refused, and not told for how long: {line['after']!r}"
        if line["then"] == TOO_OFTEN:
            yield f"{line['body']}: refused again after {line['after']} s"
    yield from (f"{line['body']}: refused for what others do" for line in found.noted("asked_calmly")
                if line["status"] == TOO_OFTEN)
