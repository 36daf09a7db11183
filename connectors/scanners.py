"""The virus scanner of a deployment as a port, and which one a setting names: clamd, or none."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Literal, NamedTuple, Protocol

from connectors.reach import Address

TOO_LATE, CUT, NOTHING = "too late", "cut answer", "no answer"
TORN = frozenset({CUT, NOTHING})  # it was there, and broke off: perhaps over this file alone
_PLACE = re.compile(r"clamd://(\[[0-9a-f:.]+\]|[a-z0-9.-]{1,253}):([0-9]{1,5})/?", re.ASCII)
_LARGEST_PORT = 65_535


class Looked(NamedTuple):
    """What a scanner made of some bytes. `infected`: `detail` is its name for what it found. `away`: nobody answered,
    or not in time. `unable`: it answered, and could not tell. For these two `detail` is a stable word, for operators.
    """

    kind: Literal["clean", "infected", "away", "unable"]
    detail: str = ""


class Scanner(Protocol):
    """Looks for viruses in bytes. Nothing is raised for what a network or a scanner can do."""

    @property
    def name(self) -> str:
        """Which scanner it is and where, for operators; empty for none."""

    def look(self, chunks: Iterable[bytes], seconds: float) -> Looked:
        """Look at one file, within `seconds` altogether. What `chunks` raises goes through."""

    def answers(self) -> bool:
        """Whether it is there."""


class NoScanner:
    """A deployment without a scanner: nothing is looked at, and nothing waits to be."""

    name = ""

    def look(self, chunks: Iterable[bytes], seconds: float) -> Looked:  # noqa: ARG002  # it is a Scanner
        """Whatever it is, it is not looked at: what waited for a scanner that was taken away goes on waiting."""
        return Looked("away", "no scanner")

    def answers(self) -> bool:
        """There is none."""
        return False


class BadScanner(ValueError):
    """This names no scanner; the message says in Chinese what may stand there."""


class Place(NamedTuple):
    """Where a clamd listens: the path of a socket, or a host and its port."""

    path: str = ""
    host: str = ""
    port: int = 0

    def __str__(self) -> str:
        return f"unix:{self.path}" if self.path else f"clamd://{self.host}:{self.port}"


def place_of(text: str) -> Place:
    """The place that `clamd://host:port` or `unix:/path` names; `BadScanner`."""
    if text.startswith("unix:/") and "\0" not in text:
        return Place(path=text.removeprefix("unix:"))
    found = _PLACE.fullmatch(text)
    if found is None or not 0 < int(found[2]) <= _LARGEST_PORT:
        raise BadScanner("应是 clamd://主机:端口、unix:/套接字路径 或 none")
    return Place(host=found[1].strip("[]"), port=int(found[2]))


def is_near(peer: str) -> bool:
    """Whether an address is of this machine or of a private network (RFC 1918, RFC 4193): files leave in clear."""
    address: Address = ipaddress.ip_address(peer.partition("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or any(address in network for network in _PRIVATE if network.version == address.version)


_PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
