"""What goes wrong with one call before and after its effect, on the line it came on: of departments, of the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from chaos.script import Rule, named
from chaos.wire import HANG_SECONDS, answer, drip, odd_answer, reset

Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def ends(rule: Rule) -> bool:
    """Whether a call is over before it has had an effect."""
    return bool(rule.before) and named(rule.before)[0] != "sleep"


async def pause(rule: Rule) -> None:
    """Think for a while, if it is that which goes wrong before the effect."""
    if rule.before:
        await asyncio.sleep(named(rule.before)[1])


async def fail(rule: Rule, line: Line) -> None:
    """End a call before its effect, in the way of its rule."""
    what, number = named(rule.before)
    reader, writer = line
    if what == "hang":
        await _until_gone(reader)
    if what in {"hang", "reset", "refuse"}:
        reset(writer)
        return
    headers = {"Retry-After": str(int(number))} if what == "429" else {}
    writer.write(answer(int(what), {"detail": "稍后再试"}, headers))


async def reply(rule: Rule, good: Mapping[str, Any], line: Line) -> None:
    """Answer after the effect: with `good`, or with what stands in its place."""
    what, number = named(rule.after)
    reader, writer = line
    if what == "hang":
        await _until_gone(reader)
        reset(writer)
        return
    whole = odd_answer(what, number, good)
    if what == "drip":
        await drip(writer, whole)
        return
    writer.write(whole)
    if what in {"reset", "length"}:
        await writer.drain()
        writer.close()


async def _until_gone(reader: asyncio.StreamReader) -> None:
    """Say nothing until the other side hangs up."""
    with suppress(TimeoutError, ConnectionError):
        await asyncio.wait_for(reader.read(1), HANG_SECONDS)
