"""One demo department: takes signed pushes, honours keys, plays its script and reports back with signed notices."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from connectors.base import Body
from connectors.signing import BadSignature, verify
from connectors.strict_json import FOREIGN, BadJson, load
from sandbox.agenda import Agenda
from sandbox.answers_given import CHINA, child_told, earliest_grant, notice_data, result_papers, results
from sandbox.ledger import Ledger
from sandbox.messenger import Messenger, NotDelivered
from sandbox.script import Play, Script, Step, Trouble
from sources.papers import paper

DECISIONS = frozenset({"leg.granted", "leg.refused"})
TRANSFERRED = "leg.transferred"
STATES = {
    "leg.withdraw_confirmed": "withdrawn", "leg.special_started": "special", "leg.special_ended": "in_review",
}
_LONGEST_PAUSE = 30.0
_LOOK_AGAIN = 5.0
_MALFORMED = "推送的格式不对：需要 Idempotency-Key、type、data.leg 和 data.notices"
_SILENT_TYPES = frozenset({"leg.remark", "leg.fee"})
_ENDS_WAIT = {
    "supplement": frozenset({"leg.supplemented", "leg.converted"}), "urge": frozenset({"leg.urged"}),
    "papers": frozenset({"leg.material_added"}),
}
_OWED = frozenset({"result", "later"})


@dataclass(frozen=True, slots=True)
class Reaction:
    """What goes back over the wire: an answer, or a `fault` of the connection for `seconds`."""

    status: int = 200
    content: Mapping[str, Any] | None = None
    fault: str = ""
    seconds: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Held:
    """A leg as this department holds it; `facts` is what it keeps of the payload, `at` the next step of its play."""

    facts: dict[str, Any]
    play: Play
    ref: str
    at: int = 0
    state: str = "received"
    final: bool = False
    waits: str = ""
    pause: int = 0
    top: int = 0
    heard: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class World:
    """What all departments of one sandbox share."""

    script: Script
    ledger: Ledger
    agenda: Agenda
    now: Callable[[], datetime]


class Office:
    """One body of the deployment. Calls come from many threads; its lock is never held over the network."""

    def __init__(self, body: Body, world: World) -> None:
        self.body, self.world = body, world
        self.legs: dict[str, Held] = {}
        self._answers: dict[str, dict[str, Any]] = {}
        self._attempts: dict[str, int] = {}
        self._told: dict[str, dict[str, Any]] = {}
        self._over: dict[str, int] = {}
        self._first_call: float | None = None
        self._lock = threading.Lock()
        self._messenger = Messenger(body, world.now)

    def push(self, headers: Mapping[str, str], raw: bytes) -> Reaction:
        """A message of the hub (contract 3.1)."""
        try:
            verify(headers, raw, self.body.secrets, self.world.now())
            message = load(raw, FOREIGN)
            key, data, type_ = headers["idempotency-key"], message["data"], message["type"]
            leg = data["leg"]
            _ = data["notices"] if type_ == "leg.filed" else ""
        except BadSignature as error:
            self._log("bad", code=error.code)
            return Reaction(401, {"code": error.code, "detail": str(error)})
        except (BadJson, KeyError, TypeError):
            self._log("bad", code="malformed")
            return Reaction(400, {"code": "malformed", "detail": _MALFORMED})
        with self._lock:
            held = self.legs.get(leg)
            attempt = self._attempts[key] = self._attempts.get(key, 0) + 1
        play = held.play if held else self._play(data)
        self._log("call", leg=leg, key=key, type=type_, attempt=attempt, body_sha256=hashlib.sha256(raw).hexdigest(),
                  fields=sorted(data.get("fields") or ()))
        trouble = self._trouble(play, type_, attempt)
        if trouble is not None and not trouble.effect:
            return self._troubled(trouble, leg, key)
        if play.delay:
            self.world.agenda.pause(play.delay)
        answer = self._take(key, type_, data, play)
        if trouble is not None:
            return self._troubled(trouble, leg, key)
        status = 200 if answer else 404
        self._log("answer", leg=leg, key=key, status=status)
        return Reaction(status, answer or {"code": "unknown_leg", "detail": "本单位没有这一件"})

    def query(self, headers: Mapping[str, str], leg: str) -> Reaction:
        """The hub asks for a leg (contract 3.3)."""
        try:
            verify(headers, b"", self.body.secrets, self.world.now())
        except BadSignature as error:
            return Reaction(401, {"code": error.code})
        with self._lock:
            held = self.legs.get(leg)
        self._log("query", leg=leg, found=held is not None)
        if held is None:
            return Reaction(404, {"code": "unknown_leg"})
        return Reaction(200, {"ref": held.ref, "state": held.state})

    def restore(self, lines: list[Mapping[str, Any]]) -> None:
        """Take up legs, keys and plays where an earlier run's ledger left them."""
        for line in lines:
            if line["what"] == "effect":
                self._restore_effect(line)
            elif line["what"] == "step" and line["leg"] in self.legs:
                self._restore_step(self.legs[line["leg"]], line)
        for held in self.legs.values():
            if not held.final:
                self._continue(held)

    def close(self) -> None:
        """Close the connections to the hub."""
        self._messenger.close()

    def _log(self, what: str, **more: Any) -> None:
        self.world.ledger.write(self.world.now(), self.body.id, what, **more)

    def _play(self, data: Mapping[str, Any]) -> Play:
        bundle, matter = data.get("bundle") or {}, data.get("matter") or {}
        return self.world.script.play_for(self.body.id, bundle.get("id", ""), matter.get("id", ""), data["leg"])

    def _trouble(self, play: Play, type_: str, attempt: int) -> Trouble | None:
        with self._lock:
            if self._first_call is None:
                self._first_call = self.world.agenda.seconds
            down = self.world.agenda.seconds - self._first_call < play.down
        if down:
            return Trouble(status=503, retry_after="1")
        if type_ != "leg.filed" or attempt > len(play.troubles):
            return None
        return play.troubles[attempt - 1]

    def _troubled(self, trouble: Trouble, leg: str, key: str) -> Reaction:
        self._log("trouble", leg=leg, key=key, status=trouble.status, fault=trouble.fault, effect=trouble.effect)
        headers = {"Retry-After": trouble.retry_after} if trouble.retry_after else {}
        return Reaction(trouble.status or 200, None, trouble.fault, trouble.seconds, headers)

    def _take(self, key: str, type_: str, data: Mapping[str, Any], play: Play) -> dict[str, Any] | None:
        """The effect of a message, once per key; the same key gets the same answer."""
        with self._lock:
            if key in self._answers:
                return self._answers[key]
            if type_ == TRANSFERRED:
                return self._leave(key, data)
            held = self.legs.get(data["leg"])
            if held is None and type_ != "leg.filed":
                return None
            if type_ == "leg.filed" and _number(key) <= self._over.get(data["leg"], 0):
                return {"code": "left"}
            new = held is None
            if held is None:
                facts = _facts(data, self.world.now())
                held = self.legs[data["leg"]] = Held(facts, play, _ref(self.body.id, data["leg"]))
            answer: dict[str, Any] = {"ref": held.ref}
            if new and play.state:
                answer["state"], held.state = play.state, play.state
            # Written before the answer leaves and under the lock, so that a key never has two effects on record.
            self._log("effect", leg=data["leg"], key=key, type=type_, answer=answer, play=play.name,
                      facts=held.facts if new else None)
            self._answers[key] = answer
        if type_ == "leg.material_added":
            _arrived(held, data)
        self._react(held, type_, new)
        return answer

    def _react(self, held: Held, type_: str, new: bool) -> None:
        if new:
            self.world.agenda.later(0, lambda: self._fetch_papers(held))
            self._continue(held)
            return
        if type_ == "leg.withdrawn":
            self._withdraw(held)
            return
        with self._lock:
            held.heard |= {wait for wait, types in _ENDS_WAIT.items() if type_ in types}
        if type_ in _ENDS_WAIT.get(held.waits, ()) and not (held.waits == "papers" and held.facts["owed"]):
            self._go_on(held)
        elif type_ == "leg.urged" and held.play.steps and not held.final:
            self.world.agenda.later(0, lambda: self._tell(held, "leg.remark", {}, f"urged-{held.at}"))

    def _withdraw(self, held: Held) -> None:
        with self._lock:
            if held.final:
                return
            held.final, held.state, held.waits = True, "withdrawn", ""
        self._log("step", leg=held.facts["leg"], at=len(held.play.steps), state="withdrawn", final=True)
        self._certainly(held, "leg.withdraw_confirmed", {}, "withdraw")

    def _leave(self, key: str, data: Mapping[str, Any]) -> dict[str, Any]:
        """The leg is another office's now, whether it came or not: nothing is reported of it, and the filing that is
        over opens nothing, however late it comes."""
        held = self.legs.pop(data["leg"], None)
        if held is not None:
            held.final = True
        self._over[data["leg"]] = _number(data["filed"])
        self._answers[key] = answer = {"code": "left"}
        self._log("effect", leg=data["leg"], key=key, type=TRANSFERRED, answer=answer, over=self._over[data["leg"]],
                  facts=None)
        return answer

    def _continue(self, held: Held) -> None:
        """Put the next step of the play on the agenda, or start to wait for the hub."""
        if held.final or held.at >= len(held.play.steps):
            return
        step = held.play.steps[held.at]
        if not step.wait:
            self.world.agenda.later(step.after, lambda: self._perform(held, step))
            return
        with self._lock:
            held.waits, held.pause = step.wait, held.pause + 1
            pause = held.pause
            here = step.wait in held.heard if step.wait != "papers" else not held.facts["owed"]
        if here:
            self._go_on(held, pause)
        elif step.at_most is not None:
            self.world.agenda.later(step.at_most, lambda: self._go_on(held, pause))

    def _go_on(self, held: Held, pause: int | None = None) -> None:
        """The wait is over: by the hub's message, or by time (then only if it is still this wait)."""
        with self._lock:
            if not held.waits or held.final or (pause is not None and pause != held.pause):
                return
            held.heard.discard(held.waits)
            held.waits = ""
            held.at += 1
        self._log("step", leg=held.facts["leg"], at=held.at - 1, state=held.state, final=False)
        self._continue(held)

    def _perform(self, held: Held, step: Step, failures: int = 0) -> None:
        if held.final:
            return
        if step.type in DECISIONS and self.world.now() < datetime.fromisoformat(held.facts["not_before"]):
            self.world.agenda.later(_LOOK_AGAIN, lambda: self._perform(held, step))
            return
        try:
            data = self._data(held, step)
            for _ in range(step.copies):
                self._send(held, step.type, data, f"{held.at}")
        except NotDelivered as error:
            self._log("retry", leg=held.facts["leg"], type=step.type, why=str(error))
            pause = min(0.5 * 2**failures, _LONGEST_PAUSE)
            self.world.agenda.later(pause, lambda: self._perform(held, step, min(failures + 1, 10)))
            return
        with self._lock:
            # Steps may be told out of order; the highest number is where the leg really stands.
            held.state = _state_after(step.type, held.state) if step.seq > held.top else held.state
            held.top = max(held.top, step.seq)
            held.at += 1
            held.final = held.final or held.at >= len(held.play.steps)
            self._log("step", leg=held.facts["leg"], at=held.at - 1, state=held.state, final=held.final)
        self._continue(held)

    def _data(self, held: Held, step: Step) -> dict[str, Any]:
        facts = held.facts
        if step.type == "leg.supplement_required":
            facts["round"] += 1
            held.heard.discard("supplement")
        data = notice_data(facts, step.type, step.data)
        if step.type == "leg.granted":
            today = self.world.now().astimezone(CHINA).date()
            files = {one["name"]: self._send_result(held, one["name"]) for one in result_papers(facts)}
            data["results"] = results(facts, {name: file for name, file in files.items() if file}, today)
        return {**data, "seq": step.seq}

    def _send_result(self, held: Held, name: str) -> str:
        leg = held.facts["leg"]
        content = paper(name, [f"办件编号：{leg}", f"事项：{held.facts['matter_name']}", f"签发：{self.body.name}"])
        file = self._messenger.result_file(held.facts["notices"], self._id(leg, name), f"{name}.pdf", content)
        self._log("result", leg=leg, name=name, file=file, sha256=hashlib.sha256(content).hexdigest())
        return file

    def _send(self, held: Held, type_: str, data: Mapping[str, Any], part: str) -> None:
        leg = held.facts["leg"]
        message_id = self._id(leg, f"{type_}:{part}")
        # Repeated word for word: other content under a used id would be another notice.
        envelope = self._told.setdefault(message_id, {
            "type": type_, "timestamp": self.world.now().isoformat(), "data": {"leg": leg, "ref": held.ref, **data}})
        self._log("notice", leg=leg, type=type_, id=message_id, seq=data.get("seq"))
        status = self._messenger.notice(held.facts["notices"], message_id, envelope)
        self._log("told", leg=leg, type=type_, id=message_id, status=status)

    def _id(self, leg: str, part: str) -> str:
        """The id of what is said of a leg; of one that came back everything is said anew."""
        stay = [leg, part, self._over[leg]] if leg in self._over else [leg, part]
        return "ntc_" + hashlib.sha256(json.dumps(stay).encode()).hexdigest()[:24]

    def _tell(self, held: Held, type_: str, data: Mapping[str, Any], part: str) -> None:
        try:
            self._send(held, type_, notice_data(held.facts, type_, data), part)
        except NotDelivered as error:
            self._log("retry", leg=held.facts["leg"], type=type_, why=str(error))

    def _certainly(self, held: Held, type_: str, data: Mapping[str, Any], part: str, failures: int = 0) -> None:
        """Send a notice outside the play until the hub has it."""
        def attempt() -> None:
            try:
                self._send(held, type_, notice_data(held.facts, type_, data), part)
            except NotDelivered:
                self._certainly(held, type_, data, part, failures + 1)
        self.world.agenda.later(min(0.2 * 2**min(failures, 8), _LONGEST_PAUSE), attempt)

    def _fetch_papers(self, held: Held) -> None:
        for item in held.facts["materials"]:
            for file in item["files"]:
                try:
                    found = self._messenger.paper(held.facts["notices"], file)
                except NotDelivered as error:
                    found = str(error)
                self._log("paper", leg=held.facts["leg"], material=item["material"], found=found)

    def _restore_step(self, held: Held, line: Mapping[str, Any]) -> None:
        held.at, held.state = line["at"] + 1, line["state"]
        held.final = held.final or line["final"]
        for step in held.play.steps[line["at"]:held.at]:
            held.heard.discard(step.wait)

    def _restore_effect(self, line: Mapping[str, Any]) -> None:
        self._answers[line["key"]] = line["answer"]
        if line["type"] == TRANSFERRED:
            self._over[line["leg"]] = line["over"]
            self.legs.pop(line["leg"], None)
            return
        if line["facts"] is not None:
            plays = self.world.script.plays
            play = plays.get(line["play"]) or next(iter(plays.values()))
            self.legs[line["leg"]] = Held(line["facts"], play, line["answer"]["ref"])
        self.legs[line["leg"]].heard |= {wait for wait, types in _ENDS_WAIT.items() if line["type"] in types}


def _facts(data: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """What a department keeps of a payload to play its part; of the applicant it keeps nothing."""
    matter = data.get("matter") or {}
    materials = [
        {"material": item.get("material"), "name": item.get("name", ""), "obtained": item.get("obtained", ""),
         "files": [{"url": file["url"], "sha256": file["sha256"]} for file in item.get("files") or ()]}
        for item in data.get("materials") or ()]
    return {
        "leg": data["leg"], "matter_name": matter.get("name", ""), "notices": data["notices"], "materials": materials,
        "fields": sorted(data.get("fields") or ()), "child": child_told(data.get("fields") or {}),
        "gives": data.get("gives") or {}, "round": 0,
        "not_before": earliest_grant(data.get("limits") or {}, now),
        "owed": [item["material"] for item in materials if item["obtained"] in _OWED and not item["files"]]}


def _arrived(held: Held, data: Mapping[str, Any]) -> None:
    """A paper of another leg came: it is owed no more."""
    came = {item.get("material") for item in data.get("materials") or ()}
    stands_for = {item.get("stands_for") for item in data.get("materials") or ()}
    held.facts["owed"] = [one for one in held.facts["owed"] if one not in came | stands_for]


def _number(key: str) -> int:
    return int(key.rpartition(":")[2])


def _ref(body: str, leg: str) -> str:
    return f"{body}-{hashlib.sha256(leg.encode()).hexdigest()[:8]}"


def _state_after(type_: str, before: str) -> str:
    return before if type_ in _SILENT_TYPES else STATES.get(type_, type_.removeprefix("leg."))
