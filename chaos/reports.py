"""What a department tells the portal: signed notices until a definite answer, forged ones once, papers fetched back."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from chaos.evidence import EACH_STAY, number_of
from chaos.manners import FORGED_CODE, Manner
from chaos.script import draw
from chaos.wire import Caller
from connectors.base import Body
from connectors.signing import SECRET_PREFIX, headers_for
from sandbox.answers_given import CHINA, notice_data, results
from sandbox.ledger import Ledger
from sources.papers import paper

AT_ONCE = 12
CALL_SECONDS = 15.0
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0
GLANCE_SECONDS = 0.01
LATE_SECONDS = 0.5  # at least, between writing and telling of a leg that has left: it may be filed there anew meanwhile
DEFINITE = frozenset({200, 201, 202, 204, 400, 401, 403, 404, 409, 410, 413, 415, 422})
UNNUMBERED = frozenset({"leg.remark", "leg.fee"})  # without a number the portal tells copies apart by their id alone
Sign = Callable[[bytes], Mapping[str, str]]
NO_SECRET = SECRET_PREFIX + base64.b64encode(b"nobody was ever given this key..").decode()


@dataclass(slots=True)
class Held:
    """A leg as its department holds it, by the filing `key`. `final` is the decision once it is made; `left` says that
    it is another office's now, and whoever is `obstinate` goes on all the same, until it is filed anew (`back`)."""

    leg: str
    key: str
    ref: str
    facts: dict[str, Any]
    manner: Manner
    refuses: bool
    since: datetime
    state: str = "received"
    final: str = ""
    reported: bool = False
    left: bool = False
    obstinate: bool = False
    back: bool = False
    answered: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def dropped(self) -> bool:
        """Whether nothing more is done or said of it here."""
        return self.left and (self.back or not self.obstinate)


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice to be told: its id stays the same over all tries and copies."""

    held: Held
    id: str
    type: str
    data: Mapping[str, Any]

    @property
    def leg(self) -> str:
        """The leg that it is about."""
        return self.held.leg


class Reporter:
    """Carries the notices of every department to the portal. `untold` counts those without a definite answer."""

    def __init__(self, bodies: Mapping[str, Body], ledger: Ledger, now: Callable[[], datetime]) -> None:
        self._bodies, self._ledger, self._now = bodies, ledger, now
        self._caller = Caller(CALL_SECONDS)
        self._places = asyncio.Semaphore(AT_ONCE)
        self._gate = asyncio.Event()
        self._gate.set()
        self._under_way = 0
        self.untold = 0

    def _log(self, body: str, what: str, **more: Any) -> None:
        self._ledger.write(self._now(), body, what, at=time.time(), **more)

    def notice(self, held: Held, type_: str, seq: int) -> Notice:
        """A notice with what its type needs."""
        data: dict[str, Any] = notice_data(held.facts, type_, {})
        if type_ == "leg.granted":
            data = {**data, "results": results(held.facts, {}, self._now().astimezone(CHINA).date())}
        numbered = {} if type_ in UNNUMBERED else {"seq": number_of(held.key) * EACH_STAY + seq}
        id_ = "ntc_" + hashlib.sha256(f"{held.key}|{type_}|{seq}".encode()).hexdigest()[:24]
        return Notice(held, id_, type_, {"leg": held.leg, "ref": held.ref, **numbered, **data})

    def decision(self, held: Held) -> tuple[dict[str, Any], dict[str, str]]:
        """What an answer to a filing says that decides it, a grant with a file like no other; what of it is noted."""
        says = f"leg.{held.final}"
        if held.final != "granted":
            return {"state": held.final, "data": notice_data(held.facts, says, {})}, {"says": says}
        content = paper("办理结果", [f"消息：{held.key}"])
        given = results(held.facts, {}, self._now().astimezone(CHINA).date())
        given[0]["files"] = [{"base64": base64.b64encode(content).decode(), "name": "办理结果.pdf"}]
        noted = {"says": says, "gave": hashlib.sha256(content).hexdigest()}
        return {"state": held.final, "data": {**notice_data(held.facts, says, {}), "results": given}}, noted

    async def tell(self, body: str, url: str, notice: Notice, manner: Manner) -> None:
        """Tell it, as many copies at once as this manner wants, each until a definite answer or until it is dropped."""
        self._log(body, "notice", leg=notice.leg, type=notice.type, id=notice.id,
                           seq=notice.data.get("seq"))
        written, late = self._written(notice), notice.held.left
        if late:
            await asyncio.sleep(LATE_SECONDS * (1 + 3 * draw(notice.id)))
        copies = (self._until_definite(body, url, notice, None if manner.fresh and not late else written)
                  for _ in range(manner.copies))
        await asyncio.gather(*copies)

    def _written(self, notice: Notice) -> bytes:
        said = {"type": notice.type, "timestamp": self._now().isoformat(), "data": notice.data}
        return json.dumps(said, ensure_ascii=False).encode()

    async def _until_definite(self, body: str, url: str, notice: Notice, written: bytes | None) -> None:
        self.untold += 1
        pause = FIRST_PAUSE
        while not notice.held.dropped or (notice.held.obstinate and written):  # what was written is told on
            raw = written or self._written(notice)
            status = await self._post(url, raw, self._signer(notice.id, self._bodies[body].secrets[:1]))
            if status:
                self._log(body, "told", leg=notice.leg, type=notice.type, id=notice.id,
                                   status=status)
            if status in DEFINITE:
                break
            await asyncio.sleep(pause)
            pause = min(pause * 1.6, LONGEST_PAUSE)
        self.untold -= 1

    def _signer(self, id_: str, secrets: Sequence[str], shift: timedelta = timedelta(0)) -> Sign:
        return lambda raw: headers_for(id_, self._now() + shift, raw, secrets)

    async def _post(self, url: str, raw: bytes, sign: Sign) -> int:
        """Send it once its turn has come, and sign it only then: the clock may leap while it waits."""
        async with self._places:
            await self._gate.wait()
            self._under_way += 1
            try:
                headers = {"Content-Type": "application/json", **sign(raw)}
                status, _ = await self._caller.call("POST", url, headers, raw)
            except OSError:
                return 0
            finally:
                self._under_way -= 1
        return status

    async def hold(self) -> None:
        """Begin nothing more, and wait for what is under way."""
        self._gate.clear()
        while self._under_way:
            await asyncio.sleep(GLANCE_SECONDS)

    def go_on(self) -> None:
        """Tell again."""
        self._gate.set()

    async def tell_bad(self, body: str, url: str, held: Held, kind: str) -> None:
        """Tell what must never count, until any answer at all."""
        data = {"leg": held.leg, "seq": 90, "reason_code": FORGED_CODE, "reason": "伪造的回告"}
        notice = Notice(held, f"bad_{kind}_{_short(held.key)}", "leg.refused", data)
        other = next(name for name in self._bodies if name != body)
        secret, at, where = self._badly(body, other, kind)
        self.untold += 1
        status = 0
        while not status or status >= 500:
            raw = self._written(notice)
            status = await self._post(url.replace(f"/{body}/", f"/{where}/"), raw, self._signer(notice.id, secret, at))
            await asyncio.sleep(0 if status else FIRST_PAUSE)
        self._log(body, "told_bad", leg=held.leg, kind=kind, id=notice.id, status=status)
        self.untold -= 1

    def _badly(self, body: str, other: str, kind: str) -> tuple[Sequence[str], timedelta, str]:
        """Secret, shift of the time and department of a bad notice."""
        own, foreign, now = self._bodies[body].secrets[:1], self._bodies[other].secrets[:1], timedelta(0)
        ways: Mapping[str, tuple[Sequence[str], timedelta, str]] = {
            "forged": ((NO_SECRET,), now, body), "stale": (own, timedelta(minutes=-10), body),
            "foreign": (foreign, now, body), "stranger": (foreign, now, other),
        }
        return ways[kind]

    async def fetch(self, body: str, leg: str, file: Mapping[str, Any]) -> None:
        """Fetch a paper of a leg and compare its bytes with its digest."""
        headers = {"Authorization": f"Bearer {self._bodies[body].tokens[0]}"}
        self.untold += 1
        status = 0
        content = b""
        while not status or status >= 500:
            try:
                status, content = await self._caller.call("GET", file["url"], headers)
            except OSError:
                await asyncio.sleep(LONGEST_PAUSE)
        right = status == 200 and hashlib.sha256(content).hexdigest() == file["sha256"]
        self._log(body, "paper", leg=leg, status=status, right=right, sha256=file["sha256"])
        self.untold -= 1

    def close(self) -> None:
        """Close the connections."""
        self._caller.close()


def _short(leg: str) -> str:
    return hashlib.sha256(leg.encode()).hexdigest()[:12]


def facts_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a department keeps of a filing to report about it; of the applicant it keeps nothing."""
    matter = data.get("matter") or {}
    materials = [{"material": item.get("material"), "name": item.get("name", ""), "obtained": item.get("obtained", ""),
                  "files": [{"url": file["url"], "sha256": file["sha256"]} for file in item.get("files") or ()]}
                 for item in data.get("materials") or ()]
    return {"leg": data["leg"], "matter_name": matter.get("name", ""), "materials": materials, "round": 1,
            "notices": data["notices"], "fields": sorted(data.get("fields") or ()), "gives": data.get("gives") or {}}
