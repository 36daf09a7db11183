"""What a connector is: it sends one frozen message to one department and says what the answer means.

Contract 3.1–3.3. A connector knows nothing of cases, stores or pages: `dispatch` hands it an `Outgoing` and a
`Body` (the department's entry in the deployment file) and records the `Answer`. To join a new kind of department
system, write one file here with a class that has `send` (and `ask`, if the system can be asked) and register it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Literal, Protocol

from connectors.certificates import Expiry, Shown

AnswerKind = Literal["received", "again", "unknown", "setup", "refused", "absent"]
ChannelKind = Literal["push", "pull", "desk"]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message of one leg, frozen at its first attempt: `body` never changes over retries, hosts and resends.

    `key` is the Idempotency-Key `{leg}:{type}:{n}`; `message_id` the opaque webhook-id, the same for all attempts.
    """

    key: str
    message_id: str
    type: str
    leg: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Body:
    """One office as the deployment lists it (YJS_DEPARTMENTS): address, secrets, and what its system can do.

    `honours_keys`: the same Idempotency-Key twice has one effect. `can_be_asked`: contract 3.3 is answered.
    `read_lag` seconds must pass before its "not found" is definite. `deadline` is the total seconds of an attempt,
    `answer_cap` the bytes read at most, `at_once` how many attempts may run beside each other. `secrets` sign in
    both directions, newest first; `tokens` are the bearer tokens with which its system fetches files and waiting
    legs. `networks` (CIDR) is where a connection may end; empty: where the address itself says. `ladder` holds the
    seconds between attempts, empty for the usual one. Without `takes_new` it keeps the legs that it has and gets no
    other. `authorities` may correct what it decided (`leg.corrected`), each by the name its notices write. Neither
    secrets nor tokens ever appear in a repr.

    It stands for the kind `department` and for those in `also`; where `matters` are named it gets these alone of them.
    `uscc` and `level` (its credit code, one digit), and `codes` by matter, are what the codes of a matter at this body
    are made of (`connectors/matter_codes.py`).
    """

    id: str
    department: str
    connector: str
    name: str = ""
    region: str | None = None
    channel: ChannelKind = "push"
    address: str = ""
    secrets: tuple[str, ...] = field(default=(), repr=False)
    honours_keys: bool = True
    can_be_asked: bool = True
    read_lag: float = 0.0
    deadline: float = 10.0
    answer_cap: int = 1_000_000
    at_once: int = 4
    tokens: tuple[str, ...] = field(default=(), repr=False)
    networks: tuple[str, ...] = ()
    ladder: tuple[float, ...] = ()
    phone: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    takes_new: bool = True
    authorities: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    matters: frozenset[str] = frozenset()
    uscc: str = ""
    level: str = ""
    codes: Mapping[str, str] = field(default_factory=dict)

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every kind of department that it stands for, as the list names them."""
        return (self.department, *self.also)

    def does(self, kind: str, matter: str) -> bool:
        """Whether a matter of this kind of department is one of its own."""
        return kind in self.kinds and (not self.matters or matter in self.matters)


@dataclass(frozen=True, slots=True)
class Answer:
    """What an attempt came to (the table of contract 3.2).

    `received`: the department has it, `ref` and an immediate `state` with `data` may come with it.
    `again`: certainly without effect, or safe to repeat: later, not before `retry_after` seconds.
    `unknown`: it may have had its effect; never repeat blindly. `setup`: address, login or certificate is wrong.
    `refused`: this message is refused, with `reason`; never a legal refusal. `absent` (only from `ask`): the
    department says it does not have the leg. `detail` is one line for operators without personal data; `strange`
    is a stable code when what came with a received message cannot be used and `data` belongs into quarantine. `sent`
    is False only where certainly not a byte left (name, connect, TLS): then the department cannot have the message.
    """

    kind: AnswerKind
    ref: str | None = None
    state: str | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    reason: str = ""
    retry_after: float | None = None
    status: int | None = None
    detail: str = ""
    strange: str = ""
    sent: bool = True


class Connector(Protocol):
    """A way to reach departments. Instances are shared by threads and keep their own connections.

    One that names in `settings` (a frozenset) which `settings` of a body it knows has a misspelt one refused; without
    it any is taken.

    One that has `expiries(body) -> Iterable[Expiry]` says when the certificates end with which it reaches a body, so
    that operators hear of it in time (`connectors/certificates.py`).

    One that has `begin(message, body, now) -> Delivery | None` need not wait for each answer: it lets the message leave
    and comes back at once, or returns None where `send` has to do it. That is only a gain in speed.
    """

    name: str

    def send(self, message: Outgoing, body: Body, now: datetime) -> Answer:
        """Deliver `message`; every outcome is an `Answer`, nothing is raised for what a network can do."""

    def ask(self, leg: str, body: Body, now: datetime) -> Answer:
        """Ask whether the department has `leg`: received (with ref, state), absent, again or unknown."""


class Heard(Enum):
    """What has come of an answer that nobody waits for: more must come, all is there, or a thread has to look."""

    PART = "part"
    ALL = "all"
    ODD = "odd"


class Delivery(Protocol):
    """A message that left, and whose answer no thread waits for: one poller watches all of them."""

    @property
    def ends(self) -> float:
        """When the answer must have come, by the monotonic clock; while it `opens`, when the connection must be."""

    @property
    def opens(self) -> bool:
        """Whether its connection is being opened: it leaves once that can be written to and `listen` is called."""

    @property
    def odd(self) -> bool:
        """Whether something is wrong already, so that a thread has to `finish`."""

    def fileno(self) -> int:
        """What becomes readable when something of the answer comes."""

    def listen(self) -> Heard:
        """Take in what has come, without waiting."""

    def finish(self, clock: Callable[[], datetime]) -> Answer:
        """What the attempt came to. It does not wait once all has come or the time is over; else it may."""

    def close(self) -> None:
        """Hear nothing more, and do not `finish`: the connection ends."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A way in which nothing is sent: the message waits until the department fetches it (`pull`, contract 3.6) or
    an officer works on it at our own pages (`desk`). Endpoints and pages live in `web`."""

    name: str
    channel: ChannelKind
    settings: frozenset[str] = frozenset()


class UnknownConnector(LookupError):
    """No connector has this name."""

    code = "unknown_connector"


class Registry:
    """The connectors by name; an object, so that a test can have its own. `shown` is what all connections of a process
    were shown, also those that are no office's."""

    def __init__(self) -> None:
        self.shown = Shown()
        self._known: dict[str, Connector | Waiting] = {}

    def add(self, connector: Connector | Waiting) -> None:
        """Add a connector under its name; a second one of the same name is refused."""
        if connector.name in self._known:
            raise ValueError(f"two connectors are called {connector.name}")
        self._known[connector.name] = connector

    def get(self, name: str) -> Connector:
        """The sending connector called `name`; `UnknownConnector` names the known ones."""
        found = self._known.get(name)
        if found is None or isinstance(found, Waiting):
            raise UnknownConnector(f"no connector called {name} sends; known: {', '.join(self.names())}")
        return found

    def channel(self, name: str) -> ChannelKind:
        """Whether messages through `name` are pushed, or wait for a program (`pull`) or an officer (`desk`)."""
        if name not in self._known:
            raise UnknownConnector(f"connector {name} is unknown; known: {', '.join(self.names())}")
        found = self._known[name]
        return found.channel if isinstance(found, Waiting) else "push"

    def settings(self, name: str) -> frozenset[str] | None:
        """The settings of a body that the connector called `name` knows; None if it does not say."""
        known: frozenset[str] | None = getattr(self._known.get(name), "settings", None)
        return known

    def expiries(self, body: Body) -> tuple[Expiry, ...]:
        """When what a body is reached with ends, as far as its connector knows."""
        told: Callable[[Body], Iterable[Expiry]] | None = getattr(self._known.get(body.connector), "expiries", None)
        return tuple(told(body)) if told else ()

    def names(self) -> tuple[str, ...]:
        """Every known name, sorted."""
        return tuple(sorted(self._known))
