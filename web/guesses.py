"""Codes that one person tells another: a wrong one is counted, by who types it and from where."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from flask import request

from people.guesses import PERSONS_CODE, PERSONS_CODE_ADDRESS, network_of
from web.identity import subject
from web.wiring import house

Done = TypeVar("Done")


def counted(kind: str, wrong: type[Exception] | tuple[type[Exception], ...], act: Callable[[], Done]) -> Done:
    """Do what needs a right code of a kind; each try counts as a wrong guess until it did not end as `wrong`."""
    now, guesses = house().clock.now(), house().guesses
    network = network_of(request.remote_addr or "")
    guesses.guess_all([(kind, subject(), PERSONS_CODE),
                       (f"{kind}-address", network, PERSONS_CODE_ADDRESS)], now)
    was_wrong = False
    try:
        return act()
    except wrong:
        was_wrong = True
        raise
    finally:
        if not was_wrong:
            guesses.back(kind, subject())
            guesses.back(f"{kind}-address", network)
