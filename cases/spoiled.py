"""What is asked again because what was brought cannot be used: a scanner found something in it before it left.

The leg stands meanwhile, and nothing of the paper has left. It is asked under the name of the request that it answered,
so that the new one is the answer to that; a paper of the filing itself gets a request of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Any

from cases.edges import over, unsent
from cases.lapse import PLATFORM
from cases.model import Case, Event, Leg

REASON = "您上传的文件里查出病毒，已经停用，没有转给部门；请换一个没有病毒的文件重新上传（可在别的电脑上重做一份）"


def asked_again(case: Case, file: str, papers: Mapping[str, Mapping[str, Collection[str]]],
                now: datetime) -> Iterator[Event]:
    """The requests that a spoiled file makes necessary, one for each leg that would have got it and request that it
    answered. `papers` says of each leg which files fill its papers now. Nothing is asked twice for one file."""
    for number, leg in case.legs.items():
        if over(leg) or leg.withdrawing:
            continue
        filled = {key for key, files in papers.get(number, {}).items() if file in files}
        for ask, keys in _by_request(leg, file, filled).items():
            if not any(one.id == ask and one.open for one in leg.asks):
                yield Event("leg.held", now, PLATFORM, number, {
                    "ask": ask, "holds": True, "limit": None, "until": None, "reason": REASON,
                    "choices": ["bring", "withdraw"], "materials": _named(case, leg, keys)})


def _by_request(leg: Leg, file: str, filled: Collection[str]) -> dict[str, list[str]]:
    """The papers that the file stands for, by the request under which each is asked again: of a leg that nobody has got
    yet all under one of our own."""
    found: dict[str, list[str]] = {}
    answered, ours = _answered(leg, file), f"{leg.leg}-{file}"
    for key in sorted({*filled, *answered}):
        found.setdefault(ours if unsent(leg) else answered.get(key, ours), []).append(key)
    return found


def _answered(leg: Leg, file: str) -> dict[str, str]:
    """The papers that the file was brought for later and still stands for, each with the request that it answered."""
    brought: dict[str, tuple[str, Collection[str]]] = {}
    for event in leg.history:
        if event.type == "leg.supplemented":
            brought |= {key: (str(event.data.get("ask")), files)
                        for key, files in event.data.get("materials", {}).items()}
    return {key: ask for key, (ask, files) in brought.items() if file in files}


def _named(case: Case, leg: Leg, keys: Collection[str]) -> list[dict[str, Any]]:
    """Papers as a request lists them."""
    names = {slot.taken or slot.key: str(slot.name) for slot in case.plan.parts[leg.leg].slots}
    names |= {str(entry["material"]): str(entry["name"]) for ask in leg.asks for entry in ask.materials
              if entry.get("name")}
    return [{"material": key, "name": names.get(key, key)} for key in keys]
