"""Where a connection for a department may end: the check of the address that a name really led to."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def may_reach(peer: str, host: str, networks: tuple[str, ...]) -> bool:
    """Whether a connection for `host` may end at the address `peer`: inside `networks`, if there are any; else an
    address stands for itself, and a name leads anywhere but to this machine or its own cable."""
    address: Address = ipaddress.ip_address(peer.partition("%")[0])
    address = getattr(address, "ipv4_mapped", None) or address
    if networks:
        return any(address in network for network in _parsed(networks))
    literal = _literal(host)
    if literal is not None:
        return address == literal
    inner = address.is_loopback or address.is_link_local or address.is_unspecified or address.is_multicast
    return not inner or (host == "localhost" and address.is_loopback)


@lru_cache(maxsize=1024)
def _parsed(networks: tuple[str, ...]) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(network) for network in networks)


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
