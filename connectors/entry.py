"""Reads one body's entry of the deployment file: every fault of it at once, each with its line and what to write."""

from __future__ import annotations

import ipaddress
import re
import stat
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, TypeVar

from connectors.addresses import address_fault
from connectors.base import Body, ChannelKind, Registry, UnknownConnector
from connectors.lined_yaml import Lined, plain
from connectors.signing import BadSecret, secret_bytes
from connectors.transport import TRANSPORTS

Level = Literal["error", "warning"]
T = TypeVar("T")
_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_YES_NO = {"yes": True, "true": True, "no": False, "false": False}
_NUMBERS = {"read_lag": (0, 86_400), "deadline": (0.1, 30), "answer_cap": (1_000, 1_000_000), "at_once": (1, 64)}
_FLAGS = ("honours_keys", "can_be_asked", "takes_new")
_TEXTS = ("department", "connector", "name", "region", "phone")
_KEYS = frozenset({
    *_TEXTS, *_NUMBERS, *_FLAGS, "address", "host", "path", "secrets", "tokens", "networks", "ladder", "settings"})
OTHERS = stat.S_IRWXO
AUTHORITIES = "authorities"  # the one setting that is the portal's own and not the connector's


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
    registry: Registry


class Entry:
    """One entry with what it inherits; `faults` holds what was found wrong with it, `address` and `references` (of
    secrets and tokens) what could be read of it all the same."""

    def __init__(self, name: str, given: Lined, line: int, around: Around) -> None:
        self.name, self.given, self.line, self.around = name, given, line, around
        self.faults: list[Wrong] = []
        self.address = ""
        self.references: tuple[str, ...] = ()

    def kind_and_region(self) -> tuple[str, str, int]:
        """The kind of department it is for, its region (empty: everywhere) and the line of the kind, as far as they
        can be read: they are asked for even where something else of the entry is wrong."""
        kind, region = (item.value if (item := self.given.value.get(key)) and isinstance(item.value, str) else ""
                        for key in ("department", "region"))
        return kind, region, self.given.lines.get("department", self.line)

    def body(self) -> Body | None:
        """The body, or None where a fault makes it unusable."""
        self._names()
        texts = {key: self._tried("", _text, self.given, key) for key in _TEXTS if key in self.given.value}
        connector = texts.setdefault("connector", "rest")
        channel = self._tried(None, self._channel, connector)
        more: dict[str, Any] = {key: self._tried(0.0, _number, self.given, key)
                                for key in _NUMBERS if key in self.given.value}
        more |= {key: self._tried(False, _yes_no, self.given, key) for key in _FLAGS if key in self.given.value}
        self.address = more["address"] = self._tried("", self._address) if channel == "push" else ""
        more |= {key: self._references(key) for key in ("secrets", "tokens")}
        self._signs(channel)
        lists: tuple[tuple[str, Callable[..., Any]], ...] = (("networks", _networks), ("ladder", _ladder))
        more |= {key: self._tried(None, read, self.given) for key, read in lists}
        settings = self.given.value.get("settings", Lined({}, self.line))
        more["authorities"] = self._tried(None, _authorities, settings)
        more["settings"] = self._settings(settings, connector)
        if channel is None or any(fault.level == "error" for fault in self.faults):
            return None
        return Body(id=self.name, channel=channel, **(texts | more))

    def _tried(self, otherwise: T, read: Callable[..., T], *given: Any) -> T:
        """What `read` gives; where it finds a fault, that is kept and the next part is read all the same."""
        try:
            return read(*given)
        except Wrong as fault:
            self.faults.append(fault)
            return otherwise

    def _wrong(self, line: int, code: str, message: str, level: Level = "error") -> None:
        self.faults.append(Wrong(line, code, message, level))

    def _names(self) -> None:
        if not _ID.fullmatch(self.name):
            self._wrong(self.line, "bad_id", "单位编号只能用小写字母、数字和连字符，最长 64 位")
        for key in self.given.value.keys() - _KEYS:
            self._wrong(self.given.lines[key], "unknown_key", f"不认识 {key}；{_may_be(key, _KEYS)}")
        if "department" not in self.given.value:
            self._wrong(self.line, "no_department", "请写 department：它属于哪一类部门")

    def _channel(self, connector: str) -> ChannelKind:
        try:
            return self.around.registry.channel(connector)
        except UnknownConnector:
            known = "、".join(self.around.registry.names())
            line = self.given.lines.get("connector", self.line)
            raise Wrong(line, "unknown_connector", f"没有连接方式 {connector}；已有 {known}") from None

    def _address(self) -> str:
        entry, line = self.given, self.line
        if "address" in entry.value:
            line = entry.lines["address"]
            if "host" in entry.value or "path" in entry.value:
                raise Wrong(line, "two_addresses", "address 和 host、path 只能写一种：完整的 address，或 host 加 path")
            written = self._looked_up(_text(entry, "address"), line)
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
        name = _text(entry, "host")
        if name not in (hosts.value if isinstance(hosts.value, dict) else {}):
            raise Wrong(entry.lines["host"], "unknown_host", f"hosts 里没有 {name}")
        path = _text(entry, "path") if "path" in entry.value else ""
        if path and not path.startswith("/"):
            raise Wrong(entry.lines["path"], "bad_path", f"path 应以 / 开头，请写成 /{path.lstrip('/')}")
        host = self._looked_up(_text(hosts, name), hosts.lines[name])
        return f"{host.rstrip('/')}{path}" if path else host

    def _looked_up(self, text: str, line: int) -> str:
        if not text.startswith("env:"):
            return text
        name, _, other = text.removeprefix("env:").partition(" else ")
        found = self.around.environ.get(name.strip()) or other.strip()
        if not found:
            raise Wrong(line, "variable_missing", f"环境变量 {name.strip()} 没有设置")
        return found

    def _references(self, key: str) -> tuple[str, ...]:
        """The secrets or tokens that the references of `key` lead to."""
        none: list[Lined] = []
        items = self._tried(none, _listed, self.given, key)
        self.references += tuple(str(item.value) for item in items)
        return tuple(found for item in items if (found := self._tried("", self._secret, item, key)))

    def _signs(self, channel: ChannelKind | None) -> None:
        """Who pushes or fetches needs what proves it."""
        if channel in ("push", "pull") and not _listed_at_all(self.given, "secrets"):
            self._wrong(self.line, "no_secret", "请写 secrets：对方用它核对我们的推送，我们用它核对对方的回告")
        if channel == "pull" and not _listed_at_all(self.given, "tokens"):
            says = "没有写 tokens，对方的系统来取件会被拒绝；请写上，例如 tokens: [file:本单位.token]"
            self._wrong(self.line, "no_token", says, "warning")

    def _secret(self, item: Lined, key: str) -> str:
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
        if key == "secrets":
            _must_sign(found, item.line)
        return found

    def _settings(self, item: Lined, connector: str) -> dict[str, str]:
        """The connector's settings: texts, each under a name that it knows. The authorities are the portal's own."""
        value = plain(item)
        if isinstance(value, dict):
            value.pop(AUTHORITIES, None)
        if not isinstance(value, dict) or any(not isinstance(one, str) for one in value.values()):
            self._wrong(self.given.lines["settings"], "bad_value", "settings 应为 名称: 文字")
            return {}
        own = self.around.registry.settings(connector)
        known = {*(own or ()), AUTHORITIES}
        for key in value.keys() - known if own is not None else ():
            self._wrong(item.lines[key], "unknown_setting", f"settings 里不认识 {key}；{_may_be(key, known)}")
        if connector == "rest" and value.get("transport", TRANSPORTS[0]) not in TRANSPORTS:
            self._wrong(item.lines["transport"], "bad_value", f"transport 请写 {' 或 '.join(TRANSPORTS)}")
        return value


def _may_be(name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, 1)
    return f"是不是 {near[0]}？" if near else f"可以写 {'、'.join(sorted(known))}"


def _content(path: Path) -> str:
    try:
        return path.read_text("utf-8-sig").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _must_sign(secret: str, line: int) -> None:
    try:
        secret_bytes(secret)
    except BadSecret:
        says = "密钥应为 whsec_（国密 whsm3_）加 24–64 字节的 base64，例如 echo whsec_$(openssl rand -base64 32) 生成"
        raise Wrong(line, "bad_secret", says) from None


def _text(entry: Lined, key: str) -> str:
    value = entry.value[key].value
    if not isinstance(value, str):
        raise Wrong(entry.lines[key], "bad_value", f"{key} 应为一行文字")
    return value


def _number(entry: Lined, key: str) -> float | int:
    low, high = _NUMBERS[key]
    text = _text(entry, key)
    whole = key in {"answer_cap", "at_once"}
    shape = r"\d{1,7}" if whole else r"\d{1,7}(\.\d{1,3})?"
    if not re.fullmatch(shape, text, re.ASCII) or not low <= float(text) <= high:
        raise Wrong(entry.lines[key], "bad_value", f"{key} 应为 {low} 到 {high} 的数字")
    return int(text) if whole else float(text)


def _yes_no(entry: Lined, key: str) -> bool:
    text = _text(entry, key)
    if text not in _YES_NO:
        raise Wrong(entry.lines[key], "bad_value", f"{key} 请写 yes 或 no")
    return _YES_NO[text]


def _listed(entry: Lined, key: str) -> list[Lined]:
    if key not in entry.value:
        return []
    item: Lined = entry.value[key]
    items = item.value if isinstance(item.value, list) else [item]
    if any(not isinstance(one.value, str) for one in items):
        raise Wrong(entry.lines[key], "bad_value", f"{key} 应为文字或文字的列表")
    return items


def _listed_at_all(entry: Lined, key: str) -> bool:
    """Whether anything stands there; what stands there wrongly has its own sentence."""
    return key in entry.value and entry.value[key].value != []


def _networks(entry: Lined) -> tuple[str, ...]:
    for item in _listed(entry, "networks"):
        try:
            ipaddress.ip_network(item.value)
        except ValueError:
            raise Wrong(item.line, "bad_value", f"{item.value} 不是网段，请写成 10.1.2.0/24") from None
    return tuple(item.value for item in _listed(entry, "networks"))


def _authorities(settings: Lined) -> tuple[str, ...]:
    """Names in a list, each as it stands there; or in one text, between spaces or commas."""
    if not isinstance(settings.value, dict) or AUTHORITIES not in settings.value:
        return ()
    if isinstance(settings.value[AUTHORITIES].value, str):
        return tuple(name for name in re.split(r"[\s,，、;；]+", settings.value[AUTHORITIES].value) if name)
    return tuple(item.value.strip() for item in _listed(settings, AUTHORITIES))


def _ladder(entry: Lined) -> tuple[float, ...]:
    steps = _listed(entry, "ladder")
    if any(not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", item.value, re.ASCII) for item in steps):
        raise Wrong(entry.lines["ladder"], "bad_value", "ladder 应为秒数的列表")
    return tuple(float(item.value) for item in steps)
