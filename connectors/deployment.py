"""The deployment file (YJS_DEPARTMENTS): which offices there are, how each is reached, and with which secrets.

One entry for each body::

    hosts:
      gas: https://gas.example.gov.cn            # or `env:GAS_URL`, or `env:GAS_URL else https://…`
    defaults: {connector: rest, deadline: 10}
    bodies:
      gas-company: {department: gas-utility, name: 燃气公司, host: gas, path: /push,
                    secrets: ["file:gas.secret", "env:GAS_OLD_SECRET"], tokens: ["file:gas.token"]}

Secrets are references, never values: `file:PATH` (relative to YJS_SECRETS, else to this file's folder) or `env:NAME`.
Every fault is listed with file and line; a body with a fault is left out.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from connectors.base import Body, ChannelKind, Registry, UnknownConnector
from connectors.lined_yaml import BadYaml, Lined, plain, read_lined
from connectors.signing import BadSecret, secret_bytes
from connectors.transport import TRANSPORTS

_ID = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,62}[a-z0-9])?")
_HOST = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_YES_NO = {"yes": True, "true": True, "no": False, "false": False}
_NUMBERS = {"read_lag": (0, 86_400), "deadline": (0.1, 30), "answer_cap": (1_000, 1_000_000), "at_once": (1, 64)}
_SWITCHES = ("honours_keys", "can_be_asked", "takes_new")
_TEXTS = ("department", "connector", "name", "region", "phone")
_KEYS = frozenset({
    *_TEXTS, *_NUMBERS, *_SWITCHES, "address", "host", "path", "secrets", "tokens", "networks", "ladder", "settings"})
EVERYWHERE = ""


@dataclass(frozen=True, slots=True, order=True)
class DeploymentProblem:
    """One thing wrong with the deployment file: where, a stable code, a Chinese sentence that says what to write."""

    file: str
    line: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.message}"


@dataclass(frozen=True, slots=True)
class Deployment:
    """Every body by its id, and what is wrong with the file."""

    bodies: Mapping[str, Body] = field(default_factory=dict)
    problems: tuple[DeploymentProblem, ...] = ()

    def served(self) -> dict[str, set[str]]:
        """The regions that each kind of department has a body for that takes new legs; `""` stands for everywhere."""
        found: dict[str, set[str]] = {}
        for body in _taking_new(self.bodies):
            found.setdefault(body.department, set()).add(body.region or EVERYWHERE)
        return found

    def body_for(self, department: str, region: str | None, parent: Callable[[str], str | None]) -> Body | None:
        """The body of that kind that takes new legs and is nearest to `region` upward (`parent` gives the region
        above), else the one that serves everywhere; without a region the only one of its kind. None: nobody does this
        here."""
        mine = {body.region or EVERYWHERE: body for body in _taking_new(self.bodies) if body.department == department}
        if region is None and len(mine) == 1:
            return next(iter(mine.values()))
        passed: set[str] = set()
        while region and region not in passed:
            if region in mine:
                return mine[region]
            passed.add(region)
            region = parent(region)
        return mine.get(EVERYWHERE)

    def body_of_token(self, token: str) -> Body | None:
        """The body whose system may use this bearer token; every token is compared, in constant time."""
        found = None
        for body in self.bodies.values():
            for known in body.tokens:
                if hmac.compare_digest(known.encode(), token.encode()):
                    found = body
        return found


def read_deployment(path: Path, environ: Mapping[str, str], registry: Registry) -> Deployment:
    """Read the file; never raises for what an operator wrote, every fault is in `problems`."""
    try:
        top = read_lined(path)
    except BadYaml as error:
        return Deployment(problems=(DeploymentProblem(path.name, error.line, "unreadable", str(error)),))
    return _Reader(path, environ, registry).read(top)


class _Wrong(ValueError):
    """Something in one entry is wrong: (line, code, message)."""

    def __init__(self, line: int, code: str, message: str) -> None:
        super().__init__(message)
        self.line, self.code = line, code


class _Reader:
    """Reads one file; collects problems."""

    def __init__(self, path: Path, environ: Mapping[str, str], registry: Registry) -> None:
        self.path, self.environ, self.registry = path, environ, registry
        self.folder = Path(environ.get("YJS_SECRETS") or path.parent)
        self.problems: list[DeploymentProblem] = []

    def wrong(self, line: int, code: str, message: str) -> None:
        self.problems.append(DeploymentProblem(self.path.name, line, code, message))

    def read(self, top: Lined) -> Deployment:
        sections = top.value if isinstance(top.value, dict) else {}
        for name in sections.keys() - {"hosts", "defaults", "bodies"}:
            self.wrong(top.lines[name], "unknown_key", f"不认识 {name}；这里只能写 hosts、defaults、bodies")
        empty = Lined({}, top.line)
        hosts, defaults, listed = (sections.get(key, empty) for key in ("hosts", "defaults", "bodies"))
        if not isinstance(listed.value, dict) or not listed.value:
            self.wrong(top.line, "no_bodies", "没有写 bodies；请为每个部门的每个单位写一段")
            return Deployment(problems=tuple(self.problems))
        bodies: dict[str, Body] = {}
        for name, entry in listed.value.items():
            merged = _merged(defaults, entry)
            try:
                bodies[name] = self.body(name, merged, hosts, listed.lines[name])
            except _Wrong as error:
                self.wrong(error.line, error.code, f"{name}：{error}")
        return Deployment(bodies, (*sorted(self.problems), *_twice(self.path.name, bodies, listed.lines)))

    def body(self, name: str, entry: Lined, hosts: Lined, line: int) -> Body:
        if not _ID.fullmatch(name):
            raise _Wrong(line, "bad_id", "单位编号只能用小写字母、数字和连字符，最长 64 位")
        for key in entry.value.keys() - _KEYS:
            raise _Wrong(entry.lines[key], "unknown_key", f"不认识 {key}；可以写 {'、'.join(sorted(_KEYS))}")
        texts = {key: _text(entry, key) for key in _TEXTS if key in entry.value}
        if "department" not in texts:
            raise _Wrong(line, "no_department", "请写 department：它属于哪一类部门")
        channel = self.channel(texts.setdefault("connector", "rest"), entry, line)
        more: dict[str, Any] = {key: _number(entry, key) for key in _NUMBERS if key in entry.value}
        more |= {key: _yes_no(entry, key) for key in _SWITCHES if key in entry.value}
        more |= {"address": self.address(entry, hosts, line) if channel == "push" else "", "channel": channel}
        more |= self.references(entry, line, channel)
        more |= {"networks": _networks(entry), "ladder": _ladder(entry)}
        more |= {"settings": _settings(entry, texts["connector"])}
        return Body(id=name, **(texts | more))

    def channel(self, connector: str, entry: Lined, line: int) -> ChannelKind:
        try:
            return self.registry.channel(connector)
        except UnknownConnector:
            known = "、".join(self.registry.names())
            raise _Wrong(
                entry.lines.get("connector", line), "unknown_connector", f"没有连接方式 {connector}；已有 {known}",
            ) from None

    def address(self, entry: Lined, hosts: Lined, line: int) -> str:
        if "address" in entry.value:
            line = entry.lines["address"]
            if "host" in entry.value or "path" in entry.value:
                raise _Wrong(line, "two_addresses", "address 和 host、path 只能写一种：完整的 address，或 host 加 path")
            written = self.looked_up(_text(entry, "address"), line)
        elif "host" in entry.value:
            written, line = self.at_host(entry, hosts), entry.lines["host"]
        else:
            raise _Wrong(line, "no_address", "请写 address，或 host 加 path")
        fault = address_fault(written)
        if fault:
            raise _Wrong(line, "bad_address", fault)
        return written

    def at_host(self, entry: Lined, hosts: Lined) -> str:
        """The address of a path on one of `hosts`; the path can neither lengthen the host's name nor its port."""
        name = _text(entry, "host")
        if name not in (hosts.value if isinstance(hosts.value, dict) else {}):
            raise _Wrong(entry.lines["host"], "unknown_host", f"hosts 里没有 {name}")
        path = _text(entry, "path") if "path" in entry.value else ""
        if path and not path.startswith("/"):
            raise _Wrong(entry.lines["path"], "bad_path", f"path 应以 / 开头，请写成 /{path.lstrip('/')}")
        host = self.looked_up(_text(hosts, name), hosts.lines[name])
        return f"{host.rstrip('/')}{path}" if path else host

    def looked_up(self, text: str, line: int) -> str:
        if not text.startswith("env:"):
            return text
        name, _, other = text.removeprefix("env:").partition(" else ")
        found = self.environ.get(name.strip()) or other.strip()
        if not found:
            raise _Wrong(line, "variable_missing", f"环境变量 {name.strip()} 没有设置")
        return found

    def references(self, entry: Lined, line: int, channel: ChannelKind) -> dict[str, tuple[str, ...]]:
        secrets = tuple(self.secret(item) for item in _listed(entry, "secrets"))
        tokens = tuple(self.secret(item) for item in _listed(entry, "tokens"))
        if channel != "desk" and not secrets:
            raise _Wrong(line, "no_secret", "请写 secrets：对方用它核对我们的推送，我们用它核对对方的回告")
        for secret, item in zip(secrets, _listed(entry, "secrets"), strict=True):
            try:
                secret_bytes(secret)
            except BadSecret:
                raise _Wrong(item.line, "bad_secret", "密钥应为 whsec_ 加 24–64 字节的 base64") from None
        return {"secrets": secrets, "tokens": tokens}

    def secret(self, item: Lined) -> str:
        kind, _, name = str(item.value).partition(":")
        if kind == "env":
            found = self.environ.get(name, "")
        elif kind == "file":
            try:
                found = (self.folder / name).read_text("utf-8").strip()
            except (OSError, UnicodeDecodeError):
                found = ""
        else:
            raise _Wrong(item.line, "secret_in_file", "密钥不能直接写在这里；请写 file:路径 或 env:变量名")
        if not found:
            raise _Wrong(item.line, "secret_missing", f"{item.value} 读不到内容")
        return found


def _merged(defaults: Lined, entry: Lined) -> Lined:
    if not isinstance(entry.value, dict):
        return entry if not isinstance(defaults.value, dict) else Lined({}, entry.line)
    base = dict(defaults.value) if isinstance(defaults.value, dict) else {}
    # A body's own address takes the place of an inherited host, and the other way round.
    for own, inherited in (("address", ("host", "path")), ("host", ("address",))):
        for key in inherited if own in entry.value else ():
            base.pop(key, None)
    return Lined({**base, **entry.value}, entry.line, {**defaults.lines, **entry.lines})


def _text(entry: Lined, key: str) -> str:
    value = entry.value[key].value
    if not isinstance(value, str):
        raise _Wrong(entry.lines[key], "bad_value", f"{key} 应为一行文字")
    return value


def _number(entry: Lined, key: str) -> float | int:
    low, high = _NUMBERS[key]
    text = _text(entry, key)
    whole = key in {"answer_cap", "at_once"}
    shape = r"\d{1,7}" if whole else r"\d{1,7}(\.\d{1,3})?"
    if not re.fullmatch(shape, text, re.ASCII) or not low <= float(text) <= high:
        raise _Wrong(entry.lines[key], "bad_value", f"{key} 应为 {low} 到 {high} 的数字")
    return int(text) if whole else float(text)


def _yes_no(entry: Lined, key: str) -> bool:
    text = _text(entry, key)
    if text not in _YES_NO:
        raise _Wrong(entry.lines[key], "bad_value", f"{key} 请写 yes 或 no")
    return _YES_NO[text]


def _listed(entry: Lined, key: str) -> list[Lined]:
    if key not in entry.value:
        return []
    item: Lined = entry.value[key]
    items = item.value if isinstance(item.value, list) else [item]
    if any(not isinstance(one.value, str) for one in items):
        raise _Wrong(entry.lines[key], "bad_value", f"{key} 应为文字或文字的列表")
    return items


def _networks(entry: Lined) -> tuple[str, ...]:
    for item in _listed(entry, "networks"):
        try:
            ipaddress.ip_network(item.value)
        except ValueError:
            raise _Wrong(item.line, "bad_value", f"{item.value} 不是网段，请写成 10.1.2.0/24") from None
    return tuple(item.value for item in _listed(entry, "networks"))


def _ladder(entry: Lined) -> tuple[float, ...]:
    steps = _listed(entry, "ladder")
    if any(not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", item.value, re.ASCII) for item in steps):
        raise _Wrong(entry.lines["ladder"], "bad_value", "ladder 应为秒数的列表")
    return tuple(float(item.value) for item in steps)


def _settings(entry: Lined, connector: str) -> dict[str, str]:
    value = plain(entry.value["settings"]) if "settings" in entry.value else {}
    if not isinstance(value, dict) or any(not isinstance(item, str) for item in value.values()):
        raise _Wrong(entry.lines["settings"], "bad_value", "settings 应为 名称: 文字")
    if connector == "rest" and value.get("transport", TRANSPORTS[0]) not in TRANSPORTS:
        raise _Wrong(entry.lines["settings"], "bad_value", f"transport 请写 {' 或 '.join(TRANSPORTS)}")
    return value


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


def _taking_new(bodies: Mapping[str, Body]) -> list[Body]:
    return [body for body in bodies.values() if body.takes_new]


def _twice(file: str, bodies: Mapping[str, Body], lines: Mapping[str, int]) -> Iterable[DeploymentProblem]:
    seen: dict[tuple[str, str | None], str] = {}
    for body in _taking_new(bodies):
        name, other = body.id, seen.setdefault((body.department, body.region), body.id)
        if other != name:
            yield DeploymentProblem(
                file, lines[name], "same_place", f"{name} 与 {other} 是同一类部门、同一地区，无法决定送给谁")
