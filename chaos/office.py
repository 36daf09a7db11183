"""One misbehaving department: what a call does to it, what it answers, and what it reports afterwards."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from chaos.evidence import FILED, TRANSFERRED, number_of
from chaos.forms import OBSTINATE, RATED
from chaos.manners import MANNERS
from chaos.reports import Held, Reporter, facts_of
from chaos.script import Behaviour, Call, Rule, draw
from chaos.troubles import Line, ends, fail, pause, reply
from chaos.wire import Request, answer
from connectors.base import Body
from connectors.signing import BadSignature, verify
from sandbox.ledger import Ledger

EARLY_SECONDS = 1.0
STEP_SECONDS = 0.15
SHARE_OF_PAPERS = 0.03
GOES_ON = 40  # the number of a notice that says nothing but that an office works on although the leg has left
TOLD = ("agreement", "digest", "agreed_at")  # of who agreed
_SAYS = {"leg.granted": "granted", "leg.refused": "refused"}


@dataclass(frozen=True, slots=True)
class World:
    """What all departments of one run share. `hurry`: nothing tarries any more; `moment` is when a message with these
    headers is judged."""

    ledger: Ledger
    reporter: Reporter
    now: Callable[[], datetime]
    seed: int
    begin: Callable[[Coroutine[Any, Any, None]], None]
    hurry: asyncio.Event
    moment: Callable[[Mapping[str, str]], datetime]


class Office:
    """One body of the deployment; everything runs in one thread, between two awaits nothing else happens."""

    def __init__(self, body: Body, behaviour: Behaviour, world: World) -> None:
        self._body, self.behaviour, self._world = body, behaviour, world
        self.legs: dict[str, Held] = {}
        self._over: dict[str, int] = {}  # up to which number the filings of a leg that left are over
        self._gone_on: dict[str, Held] = {}  # legs that left and of which it goes on telling
        self._opened: set[str] = set()  # by which filings legs were opened here
        self._done: set[tuple[str, ...]] = set()
        self._attempts: dict[str, int] = {}
        self._calls = 0

    def play(self, behaviour: Behaviour) -> None:
        """Behave in another way from now on; that it goes away, and is back, is on record."""
        if bool(behaviour.away) != bool(self.behaviour.away):
            self._log("away" if behaviour.away else "back")
        self.behaviour = behaviour

    @property
    def open(self) -> int:
        """How many legs it has not decided and will."""
        return sum(not held.final and bool(held.manner.steps) for held in self.legs.values())

    async def push(self, request: Request, line: Line) -> None:
        """A message of the portal (contract 3.1)."""
        writer = line[1]
        try:
            verify(request.headers, request.body, self._body.secrets, self._world.moment(request.headers))
            message = json.loads(request.body)
            key, data, type_ = request.headers["idempotency-key"], message["data"], message["type"]
            call = self._call(key, data["leg"], type_)
        except (BadSignature, ValueError, KeyError, TypeError) as error:
            self._log("bad", code=getattr(error, "code", type(error).__name__))
            writer.write(answer(401 if isinstance(error, BadSignature) else 400, {"detail": str(error)}))
            return
        if RATED.encode() in request.body:
            self._log("leak", leg=call.leg, key=key)
        self._log("call", leg=call.leg, key=key, type=type_, attempt=call.attempt,
                  body_sha256=hashlib.sha256(request.body).hexdigest(), **_seen(data))
        away = self.behaviour.away
        rule = Rule(before=away) if away else self.behaviour.rule_for(self._world.seed, call)
        if rule.before and await self._before(rule, call, line):
            return
        held = self._leave(rule, call, data) if type_ == TRANSFERRED else self._effect(rule, call, data)
        over = call.leg in self._over and type_ in {FILED, TRANSFERRED}
        if held is None and rule.effect != "none" and not over:
            self._log("answer", leg=call.leg, key=key, status=404, left=call.leg in self._over)
            writer.write(answer(404, {"code": "unknown_leg", "detail": "本单位没有这一件"}))
            return
        if held is not None and type_ == FILED and held.manner.early:
            await self._told_early(held)
        await self._after(rule, call, held, line)

    def query(self, request: Request, leg: str) -> bytes:
        """The portal asks for a leg (contract 3.3); a lagging department does not find what came just now."""
        try:
            verify(request.headers, b"", self._body.secrets, self._world.moment(request.headers))
        except BadSignature as error:
            self._log("bad", code=error.code)
            return answer(401, {"code": error.code})
        if self.behaviour.away:
            self._log("query", leg=leg, found=False)
            return answer(503, {"detail": "稍后再试"})
        held = self.legs.get(leg)
        if held is not None and (self._world.now() - held.since).total_seconds() < self.behaviour.lag:
            held = None
        self._log("query", leg=leg, found=held is not None)
        return answer(404, {"code": "unknown_leg"}) if held is None else \
            answer(200, {"ref": held.ref, "state": held.state})

    def _log(self, what: str, **more: Any) -> None:
        self._world.ledger.write(self._world.now(), self._body.id, what, at=time.time(), **more)

    def _call(self, key: str, leg: str, type_: str) -> Call:
        self._calls += 1
        if type_ == FILED and (before := self._gone_on.get(leg)) is not None and number_of(key) > number_of(before.key):
            before.back = True
        attempt = self._attempts[key] = self._attempts.get(key, 0) + 1
        return Call(key, leg, type_, self._calls, attempt)

    async def _before(self, rule: Rule, call: Call, line: Line) -> bool:
        """What goes wrong before the effect; whether the call ends with it."""
        if not ends(rule):
            await pause(rule)
            return False
        self._log("trouble", leg=call.leg, key=call.key, trouble=rule.before, effect=False)
        await fail(rule, line)
        self._log("failed", leg=call.leg, key=call.key)
        return True

    def _effect(self, rule: Rule, call: Call, data: Mapping[str, Any]) -> Held | None:
        """The effect of a message, as often as this department has it; the leg as it stands then."""
        how, held = rule.effect or self.behaviour.effect, self.legs.get(call.leg)
        if how == "none" or (held is None and call.type != FILED):
            return held
        if call.type == FILED and number_of(call.key) <= self._over.get(call.leg, 0):
            return None  # it came late
        if held is not None and call.type == FILED and number_of(call.key) > number_of(held.key):
            self._part(held).back = True  # it left and came back, though nobody has told of that yet
            held = None
        mark = (call.key,) if how == "key" else (call.leg, call.type, call.key.rpartition(":")[2])
        if how != "call" and mark in self._done:
            return held
        new = held is None
        if held is None:
            manner = MANNERS[self.behaviour.manner_for(self._world.seed, call.leg)]
            ref = f"{self._body.id}-{hashlib.sha256(call.key.encode()).hexdigest()[:8]}"
            refuses = self.behaviour.refuses_leg(self._world.seed, call.leg)
            obstinate = draw(self._world.seed, "obstinate", call.leg) < OBSTINATE
            held = Held(call.leg, call.key, ref, facts_of(data), manner, refuses, self._world.now(),
                        obstinate=obstinate)
        # On record before anything else can happen: the answer may be lost, the effect may not.
        self._log("effect", leg=call.leg, key=call.key, type=call.type, ref=held.ref)
        self._done.add(mark)
        self.legs[call.leg] = held
        self._opened |= {call.key} if call.type == FILED else set()
        self._react(held, call, new)
        return held

    def _leave(self, rule: Rule, call: Call, data: Mapping[str, Any]) -> Held | None:
        """A leg is another office's now: the filing that is named, or an older one, is over, however late it comes. A
        newer one is not: the leg has come back since. What was asked meanwhile is waited for no longer."""
        held, over = self.legs.get(call.leg), number_of(data["filed"])
        if (rule.effect or self.behaviour.effect) == "none" or (call.key,) in self._done:
            return held
        self._log("effect", leg=call.leg, key=call.key, type=TRANSFERRED, over=over, ref=None,
                  known=data["filed"] in self._opened, back=held is not None and number_of(held.key) > over)
        self._done.add((call.key,))
        self._over[call.leg] = max(over, self._over.get(call.leg, 0))
        if held is None or number_of(held.key) > over:
            return held
        return self._part(held)

    def _part(self, held: Held) -> Held:
        held.left = True
        self._gone_on[held.leg] = held
        held.answered.set()
        if held.obstinate and not held.final:
            self._world.begin(self._tell(held, "leg.in_review", GOES_ON))
        return self.legs.pop(held.leg)

    def _react(self, held: Held, call: Call, new: bool) -> None:
        if held.manner.at_once and not held.final:
            self._decide(held, "refused" if held.refuses else "granted")
        elif new and not held.manner.early:
            self._world.begin(self._report(held))
        if new and draw(self._world.seed, "paper", held.leg) < SHARE_OF_PAPERS:
            for file in [file for item in held.facts["materials"] for file in item["files"]]:
                self._world.begin(self._world.reporter.fetch(self._body.id, held.leg, file))
        if call.type == "leg.supplemented":
            held.answered.set()
        if call.type == "leg.withdrawn" and not held.final:
            self._decide(held, "withdrawn")
            held.answered.set()
            self._world.begin(self._tell(held, "leg.withdraw_confirmed", 50))

    async def _after(self, rule: Rule, call: Call, held: Held | None, line: Line) -> None:
        """The answer, or what stands in its place."""
        says = {"ref": held.ref} if held is not None else {}
        noted: dict[str, str] = {}
        if held is not None and held.manner.at_once and call.type == FILED and held.final != "withdrawn":
            decided, noted = self._world.reporter.decision(held)
            says |= decided
        if rule.after:
            self._log("trouble", leg=call.leg, key=call.key, trouble=rule.after, effect=held is not None)
        else:
            self._log("answer", leg=call.leg, key=call.key, status=201, **noted)
        await reply(rule, says, line)

    def _decide(self, held: Held, state: str) -> None:
        held.final = held.state = state
        self._log("final", leg=held.leg, key=held.key, state=state, ref=held.ref)

    async def _told_early(self, held: Held) -> None:
        """Report before the push is answered, if the portal takes it in time; what is left goes on beside."""
        if held.reported:
            return
        telling = asyncio.ensure_future(self._report(held))
        self._world.begin(_finished(telling))
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(telling), EARLY_SECONDS)

    async def _report(self, held: Held) -> None:
        """Everything this leg's manner says, once."""
        held.reported = True
        for kind in held.manner.bad:
            await self._world.reporter.tell_bad(self._body.id, held.facts["notices"], held, kind)
        if not held.manner.early:
            await asyncio.sleep(held.manner.pause + STEP_SECONDS * (1 + draw(self._world.seed, "pause", held.leg)))
        if held.manner.waits and not held.final:
            await self._tell(held, "leg.supplement_required", 1)
            await held.answered.wait()
        steps = [*enumerate(held.manner.steps, 2)]
        if held.manner.backwards and steps and not self._decided(held, steps[-1][1]):
            return
        for seq, type_ in reversed(steps) if held.manner.backwards else steps:
            if held.manner.tarries and seq == steps[-1][0]:
                await self._world.hurry.wait()
            if held.final == "withdrawn" or held.dropped:
                return
            if type_ == "leg.granted" and not held.manner.backwards and not self._decided(held, type_):
                return
            said = "leg.refused" if type_ == "leg.granted" and held.refuses else type_
            await self._tell(held, said, seq)

    def _decided(self, held: Held, type_: str) -> bool:
        """Decide the leg; not if the applicant took it back first."""
        if held.final or held.dropped:
            return False
        self._decide(held, "refused" if held.refuses else _SAYS[type_])
        return True

    async def _tell(self, held: Held, type_: str, seq: int) -> None:
        notice = self._world.reporter.notice(held, type_, seq)
        await self._world.reporter.tell(self._body.id, held.facts["notices"], notice, held.manner)


def _seen(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a payload shows of its definitions; of the applicant nothing."""
    files = [file["sha256"] for item in data.get("materials") or () for file in item.get("files") or ()]
    agreed = [{name: one[name] for name in TOLD} for one in data.get("agreements") or ()]
    return {"files": files, "agreements": agreed, "fields": sorted(data.get("fields") or ()),
            "edition": (data.get("bundle") or {}).get("edition"), "matter": (data.get("matter") or {}).get("id")}


async def _finished(task: asyncio.Future[None]) -> None:
    await task
