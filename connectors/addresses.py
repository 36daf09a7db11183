"""Says whether an address can be pushed to: a whole http(s) address of a host by its name or its plain IP address."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

_HOST = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")


def address_fault(address: str) -> str:
    """What is wrong with an address, in Chinese, or nothing. Odd spellings of IP addresses are refused."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return f"地址 {address} 写法不对"
    if parts.scheme not in {"http", "https"} or parts.username or parts.password or parts.query or parts.fragment:
        return "地址应为 http(s)://主机[:端口]/路径，不带用户名、? 和 #"
    if re.search(r"[\s\\]", address) or port == 0:
        return "地址里有不允许的字符"
    if not _HOST.fullmatch(host) and not _canonical(host):
        return f"主机 {host} 应为域名，或完整写法的 IP 地址"
    return ""


def _canonical(host: str) -> bool:
    try:
        return str(ipaddress.ip_address(host)) == host
    except ValueError:
        return False
