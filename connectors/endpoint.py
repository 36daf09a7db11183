"""What a file of a deployment says of one system that is asked or pushed to: its address, its secrets, where a
connection may end. Every fault at once, each with its line and what to write.

An office (`connectors/entry.py`) is such a system, and so is a source in which papers are looked up
(`sources/entry.py`).
"""

from __future__ import annotations

import ipaddress
import os
import re
import stat
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, TypeVar

from connectors.addresses import address_fault
from connectors.base import Registry
from connectors.lined_yaml import Lined
from connectors.signing import BadSecret, secret_bytes

Level = Literal["error", "warning"]
T = TypeVar("T")
_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
OTHERS = stat.S_IRWXO


class Wrong(ValueError):
    """Something in one entry is wrong: (line, code, message, and whether it is refused)."""

    def __init__(self, line: int, code: str, message: str, level: Level = "error") -> None:
        super().__init__(message)
        self.line, self.code, self.level = line, code, level


@dataclass(frozen=True, slots=True)
class Around:
    """What an entry may refer to: the file's `hosts`, the environment, the folder of secrets, the known connectors."""

    hosts: Lined
    environ: Mapping[str, str]
    folder: Path
    registry: Registry = field(default_factory=Registry)


class Endpoint:
    """One entry with what it inherits; `faults` holds what was found wrong with it, `references` (of secrets and
    tokens) what could be read of them all the same."""

    def __init__(self, name: str, given: Lined, line: int, around: Around) -> None:
        self.name, self.given, self.line, self.around = name, given, line, around
        self.faults: list[Wrong] = []
        self.references: tuple[str, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether nothing was found for which it must be left out."""
        return not any(fault.level == "error" for fault in self.faults)

    def _tried(self, otherwise: T, read: Callable[..., T], *given: object) -> T:
        """What `read` gives; where it finds a fault, that is kept and the next part is read all the same."""
        try:
            return read(*given)
        except Wrong as fault:
            self.faults.append(fault)
            return otherwise

    def _wrong(self, line: int, code: str, message: str, level: Level = "error") -> None:
        self.faults.append(Wrong(line, code, message, level))

    def _named(self, whose: str, known: Collection[str]) -> None:
        """Refuse an id that cannot be one, and every key that is not `known`."""
        if not _ID.fullmatch(self.name):
            self._wrong(self.line, "bad_id", f"{whose}编号只能用小写字母、数字和连字符，最长 64 位")
        for key in self.given.value.keys() - known:
            self._wrong(self.given.lines[key], "unknown_key", f"不认识 {key}；{may_be(key, known)}")

    def _address(self) -> str:
        entry, line = self.given, self.line
        if "address" in entry.value:
            line = entry.lines["address"]
            if "host" in entry.value or "path" in entry.value:
                raise Wrong(line, "two_addresses", "address 和 host、path 只能写一种：完整的 address，或 host 加 path")
            written = self._looked_up(text_of(entry, "address"), line)
        elif "host" in entry.value:
            written, line = self._at_host(), entry.lines["host"]
        else:
            raise Wrong(line, "no_address", "请写 address，或 host 加 path")
        fault = address_fault(written)
        if fault:
            raise Wrong(line, "bad_address", fault)
        return written

    def _at_host(self) -> str:
        """The address of a path on one of `hosts`; the path can neither lengthen the host's name nor its port."""
        entry, hosts = self.given, self.around.hosts
        name = text_of(entry, "host")
        if name not in (hosts.value if isinstance(hosts.value, dict) else {}):
            raise Wrong(entry.lines["host"], "unknown_host", f"hosts 里没有 {name}")
        path = text_of(entry, "path") if "path" in entry.value else ""
        if path and not path.startswith("/"):
            raise Wrong(entry.lines["path"], "bad_path", f"path 应以 / 开头，请写成 /{path.lstrip('/')}")
        host = self._looked_up(text_of(hosts, name), hosts.lines[name])
        return f"{host.rstrip('/')}{path}" if path else host

    def _looked_up(self, text: str, line: int) -> str:
        if not text.startswith("env:"):
            return text
        name, _, other = text.removeprefix("env:").partition(" else ")
        found = self.around.environ.get(name.strip()) or other.strip()
        if not found:
            raise Wrong(line, "variable_missing", f"环境变量 {name.strip()} 没有设置")
        return found

    def _references(self, key: str, signs: bool) -> tuple[str, ...]:
        """What the references of `key` lead to; what `signs` must be a secret of webhooks."""
        none: list[Lined] = []
        items = self._tried(none, listed, self.given, key)
        self.references += tuple(str(item.value) for item in items)
        return tuple(found for item in items if (found := self._tried("", self._secret, item, signs)))

    def _certified(self, entry: Lined, keys: Collection[str], level: Level = "error") -> None:
        """Name every file of certificates that cannot be opened: each connection would fail for want of it, and say no
        more than that it did. An authority may be a folder."""
        for key in keys:
            given = entry.value.get(key)
            if given is not None and isinstance(given.value, str) and not _opens(Path(given.value)):
                says = f"{key} 的文件 {given.value} 打不开，连接都会失败；请写文件的完整路径，并让运行服务的用户能读"
                self._wrong(entry.lines[key], "certificate_missing", says, level)

    def _secret(self, item: Lined, signs: bool) -> str:
        kind, _, name = str(item.value).partition(":")
        if kind == "env":
            found = self.around.environ.get(name, "")
        elif kind == "file":
            path = self.around.folder / name
            found = _content(path)
            if found and path.stat().st_mode & OTHERS:
                says = f"{item.value} 本机任何用户都能读到，拿到它就能冒充对方；请执行 chmod o= {path}"
                self._wrong(item.line, "secret_exposed", says, "warning")
        else:
            raise Wrong(item.line, "secret_in_file", "密钥不能直接写在这里；请写 file:路径 或 env:变量名")
        if not found:
            raise Wrong(item.line, "secret_missing", f"{item.value} 读不到内容")
        if signs:
            _must_sign(found, item.line)
        return found


def may_be(name: str, known: Collection[str]) -> str:
    """What may have been meant by a name that is not known."""
    near = get_close_matches(name, known, 1)
    return f"是不是 {near[0]}？" if near else f"可以写 {'、'.join(sorted(known))}"


def _content(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _opens(path: Path) -> bool:
    return path.exists() and os.access(path, os.R_OK)


def _must_sign(secret: str, line: int) -> None:
    try:
        secret_bytes(secret)
    except BadSecret:
        says = "密钥应为 whsec_（国密 whsm3_）加 24–64 字节的 base64，例如 echo whsec_$(openssl rand -base64 32) 生成"
        raise Wrong(line, "bad_secret", says) from None


def text_of(entry: Lined, key: str) -> str:
    """The one line of text under `key`."""
    value = entry.value[key].value
    if not isinstance(value, str):
        raise Wrong(entry.lines[key], "bad_value", f"{key} 应为一行文字")
    return value


def number_of(entry: Lined, key: str, between: tuple[float, float], whole: bool) -> float | int:
    """The number under `key`."""
    low, high = between
    text = text_of(entry, key)
    shape = r"\d{1,7}" if whole else r"\d{1,7}(\.\d{1,3})?"
    if not re.fullmatch(shape, text, re.ASCII) or not low <= float(text) <= high:
        raise Wrong(entry.lines[key], "bad_value", f"{key} 应为 {low} 到 {high} 的数字")
    return int(text) if whole else float(text)


def listed(entry: Lined, key: str) -> list[Lined]:
    """The texts under `key`, of which one may stand alone; none where nothing stands there."""
    if key not in entry.value:
        return []
    item: Lined = entry.value[key]
    items = item.value if isinstance(item.value, list) else [item]
    if any(not isinstance(one.value, str) for one in items):
        raise Wrong(entry.lines[key], "bad_value", f"{key} 应为文字或文字的列表")
    return items


def listed_at_all(entry: Lined, key: str) -> bool:
    """Whether anything stands there; what stands there wrongly has its own sentence."""
    return key in entry.value and entry.value[key].value != []


def networks_of(entry: Lined) -> tuple[str, ...]:
    """The networks in which a connection may end."""
    for item in listed(entry, "networks"):
        try:
            ipaddress.ip_network(item.value)
        except ValueError:
            raise Wrong(item.line, "bad_value", f"{item.value} 不是网段，请写成 10.1.2.0/24") from None
    return tuple(item.value for item in listed(entry, "networks"))


def merged(defaults: Lined, entry: Lined) -> Lined:
    """An entry with what it inherits; its own address takes the place of an inherited host, and the other way round."""
    if not isinstance(entry.value, dict):
        return Lined({}, entry.line)
    base = dict(defaults.value) if isinstance(defaults.value, dict) else {}
    for own, inherited in (("address", ("host", "path")), ("host", ("address",))):
        for key in inherited if own in entry.value else ():
            base.pop(key, None)
    return Lined({**base, **entry.value}, entry.line, {**defaults.lines, **entry.lines})
