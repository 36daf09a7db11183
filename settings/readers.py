"""How the text of one setting is read: a typed value, or why it cannot be one."""

from __future__ import annotations

import re
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

Kind = Literal["production", "demo", "test"]
KINDS: tuple[Kind, ...] = ("production", "demo", "test")


class NonsenseValue(ValueError):
    """This value of one setting cannot be used; the message says what may stand there."""


def kind(text: str) -> Kind:
    """How the service runs."""
    if text not in KINDS:
        raise NonsenseValue(f"只能是 {'、'.join(KINDS)}")
    return text


def path(text: str) -> Path:
    """A file or folder; `~` is the home of who runs it."""
    if "\0" in text:
        raise NonsenseValue("应是一个路径")
    return Path(text).expanduser()


def text(text: str) -> str:
    """Any text."""
    return text


def whole(least: int, most: int) -> Callable[[str], int]:
    """A reader of whole ASCII numbers between `least` and `most`."""
    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,12}", text, re.ASCII) or not least <= int(text) <= most:
            raise NonsenseValue(f"应是 {least}–{most} 的整数")
        return int(text)
    return read


def factor(text: str) -> float | None:
    """A number of up to three digits before and after the point; None where nothing is said."""
    if text and not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3})?|1000", text, re.ASCII):
        raise NonsenseValue("应是 0–1000 的数，如 2 或 0.5")
    return float(text) if text else None


def database(text: str) -> str:
    """The address of a PostgreSQL."""
    if not text.startswith(("postgresql://", "postgres://")):
        raise NonsenseValue("不设置即为 SQLite；否则应以 postgresql:// 开头")
    return text


def url(text: str) -> str:
    """An address of the web, without a slash at its end."""
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise NonsenseValue("应是 http:// 或 https:// 开头的网址，不带 ? 和 #")
    return text.rstrip("/")


def site(text: str) -> str:
    """The address of this service: of a whole host, for its pages stand at the root of it."""
    whole = url(text)
    if urlsplit(whole).path:
        raise NonsenseValue(f"不能带路径：本服务用一个网址的全部，请给它自己的主机名或端口，如 https://{urlsplit(whole).netloc}")
    return whole


def address(text: str) -> str:
    """An address or a name of this machine, without a port; of IPv6 without its brackets."""
    bare = text[1:-1] if text[:1] + text[-1:] == "[]" else text
    try:
        return str(ip_address(bare))
    except ValueError:
        if bare != text or not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", text, re.ASCII):
            raise NonsenseValue("应是本机的地址或主机名，不带端口，如 127.0.0.1、::1（端口用 PORT 设置）") from None
        return text


def issuer(text: str) -> str:
    """An issuer is compared to the letter, a slash at its end too."""
    url(text)
    return text


def zone(text: str) -> ZoneInfo:
    """A zone by its name."""
    try:
        return ZoneInfo(text)
    except (LookupError, ValueError, OSError) as error:
        raise NonsenseValue("应是时区名，如 Asia/Shanghai") from error


def switch(text: str) -> bool:
    """`on` or `off`."""
    if text not in ("on", "off"):
        raise NonsenseValue("只能是 on、off")
    return text == "on"


def names(text: str) -> frozenset[str]:
    """Ids of definitions, with commas or blanks between them."""
    found = frozenset(text.replace(",", " ").split())
    if not found or not all(re.fullmatch(r"[a-z0-9-]{1,60}", one, re.ASCII) for one in found):
        raise NonsenseValue("应是一件事的编号，用逗号分开，如 utilities,newborn")
    return found


def hours(text: str) -> tuple[int, int]:
    """Two hours of the day as `21-8`; `off` is no time at all."""
    if text == "off":
        return 0, 0
    found = re.fullmatch(r"([01]?[0-9]|2[0-3])-([01]?[0-9]|2[0-3])", text, re.ASCII)
    if found is None:
        raise NonsenseValue("应是两个钟点，如 21-8，或 off")
    return int(found[1]), int(found[2])
