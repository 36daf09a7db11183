"""Reads one body's entry of the deployment file: every fault of it at once, each with its line and what to write."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from connectors.base import Body, ChannelKind, UnknownConnector
from connectors.certificates import IN_FILES
from connectors.endpoint import Endpoint, Wrong, listed, listed_at_all, may_be, networks_of, number_of, text_of
from connectors.lined_yaml import Lined, plain
from connectors.matter_codes import LEVELS, credit_code, own_code
from connectors.transport import TRANSPORTS

_YES_NO = {"yes": True, "true": True, "no": False, "false": False}
_NUMBERS = {"read_lag": (0, 86_400), "deadline": (0.1, 30), "answer_cap": (1_000, 1_000_000), "at_once": (1, 64)}
_WHOLE = frozenset({"answer_cap", "at_once"})
_FLAGS = ("honours_keys", "can_be_asked", "takes_new")
_TEXTS = ("connector", "name", "region", "phone")
_KEYS = frozenset({
    *_TEXTS, *_NUMBERS, *_FLAGS, "address", "host", "path", "secrets", "tokens", "networks", "ladder", "settings",
    "department", "matters", "uscc", "level", "codes"})
NAMELESS = "承办几类部门的事项，请写 name：申请人看到的是这个单位自己的名称"
AUTHORITIES = "authorities"  # the one setting that is the portal's own and not the connector's


@dataclass(frozen=True, slots=True)
class Served:
    """For what an entry is: kinds of department, the region (empty: everywhere), of which matters alone (empty: all);
    and the line that names the kinds."""

    kinds: tuple[str, ...]
    region: str
    matters: frozenset[str]
    line: int


class Entry(Endpoint):
    """One office's entry; `address` is what could be read of it, whatever else is wrong."""

    address = ""

    def place(self) -> Served:
        """Which kinds of department it is for, where, and of which matters, as far as they can be read: they are asked
        for even where something else of the entry is wrong."""
        kinds, matters = (tuple(dict.fromkeys(_as_read(self.given, key))) for key in ("department", "matters"))
        return Served(kinds, next(iter(_as_read(self.given, "region")), ""), frozenset(matters),
                      self.given.lines.get("department", self.line))

    def body(self) -> Body | None:
        """The body, or None where a fault makes it unusable."""
        self._named("单位", _KEYS)
        place = self._place()
        texts = {key: self._tried("", text_of, self.given, key) for key in _TEXTS if key in self.given.value}
        connector = texts.setdefault("connector", "rest")
        channel = self._tried(None, self._channel, connector)
        more: dict[str, Any] = {key: self._tried(0.0, number_of, self.given, key, _NUMBERS[key], key in _WHOLE)
                                for key in _NUMBERS if key in self.given.value}
        more |= {key: self._tried(False, _yes_no, self.given, key) for key in _FLAGS if key in self.given.value}
        self.address = more["address"] = self._tried("", self._address) if channel == "push" else ""
        more |= {key: self._references(key, signs=key == "secrets") for key in ("secrets", "tokens")}
        self._signs(channel)
        lists: tuple[tuple[str, Callable[..., Any]], ...] = (("networks", networks_of), ("ladder", _ladder))
        more |= {key: self._tried(None, read, self.given) for key, read in lists}
        settings = self.given.value.get("settings", Lined({}, self.line))
        more["authorities"] = self._tried(None, _authorities, settings)
        more |= {"uscc": self._tried("", _credit_code, self.given), "level": self._tried("", _level, self.given)}
        more["codes"] = self._codes()
        more["settings"] = self._settings(settings, connector)
        if channel is None or not self.usable:
            return None
        return Body(id=self.name, channel=channel, department=place.kinds[0], also=place.kinds[1:],
                    matters=place.matters, **(texts | more))

    def _place(self) -> Served:
        """What it is for, and what is wrong with how that is written."""
        for key in ("department", "matters"):
            names = [item.value for item in self._tried(list[Lined](), listed, self.given, key)]
            for name in {name for name in names if names.count(name) > 1}:
                self._wrong(self.given.lines[key], "bad_value", f"{key} 里 {name} 写了两次，请删去一个")
        place = self.place()
        if "department" not in self.given.value or self.given.value["department"].value == []:
            self._wrong(self.line, "no_department", "请写 department：它属于哪一类部门")
        if "matters" in self.given.value and self.given.value["matters"].value == []:
            says = "matters 里没有事项；只承办一部分的列出事项编号，全部承办的删去这一行"
            self._wrong(self.given.lines["matters"], "bad_value", says)
        if place.kinds[1:] and "name" not in self.given.value:
            self._wrong(place.line, "no_name", NAMELESS)
        return place

    def _codes(self) -> dict[str, str]:
        """What the entry says of the codes of single matters; and that it has but half of what all are made of."""
        lines, has = self.given.lines, self.given.value.keys()
        if ("uscc" in has) is not ("level" in has):
            there, lacks = ("uscc", "level") if "uscc" in has else ("level", "uscc")
            self._wrong(lines[there], "half_code", f"写了 {there}，请把 {lacks} 也写上：实施编码由两者和基本编码组成")
        item = self.given.value.get("codes", Lined({}, self.line))
        value = plain(item)
        if not isinstance(value, dict) or any(not isinstance(one, str) for one in value.values()):
            self._wrong(lines["codes"], "bad_value", "codes 应为 事项编号: 编码")
            return {}
        found = {matter: own_code(text) for matter, text in value.items()}
        for matter in (matter for matter, code in found.items() if code is None):
            says = (f"codes 里 {matter} 的编码 {value[matter]} 不对：写业务办理项的 2 位数字，或该系统自己的 31 位"
                    "实施编码或 33 位业务办理项编码（前 18 位是统一社会信用代码，其末位是校验码）")
            self._wrong(item.lines[matter], "bad_code", says)
        return {matter: code for matter, code in found.items() if code is not None}

    def _channel(self, connector: str) -> ChannelKind:
        try:
            return self.around.registry.channel(connector)
        except UnknownConnector:
            known = "、".join(self.around.registry.names())
            line = self.given.lines.get("connector", self.line)
            raise Wrong(line, "unknown_connector", f"没有连接方式 {connector}；已有 {known}") from None

    def _signs(self, channel: ChannelKind | None) -> None:
        """Who pushes or fetches needs what proves it."""
        if channel in ("push", "pull") and not listed_at_all(self.given, "secrets"):
            self._wrong(self.line, "no_secret", "请写 secrets：对方用它核对我们的推送，我们用它核对对方的回告")
        if channel == "pull" and not listed_at_all(self.given, "tokens"):
            says = "没有写 tokens，对方的系统来取件会被拒绝；请写上，例如 tokens: [file:本单位.token]"
            self._wrong(self.line, "no_token", says, "warning")

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
            self._wrong(item.lines[key], "unknown_setting", f"settings 里不认识 {key}；{may_be(key, known)}")
        self._certified(item, IN_FILES, "warning")  # the others' work goes on
        if connector == "rest" and value.get("transport", TRANSPORTS[0]) not in TRANSPORTS:
            self._wrong(item.lines["transport"], "bad_value", f"transport 请写 {' 或 '.join(TRANSPORTS)}")
        return value


def _yes_no(entry: Lined, key: str) -> bool:
    text = text_of(entry, key)
    if text not in _YES_NO:
        raise Wrong(entry.lines[key], "bad_value", f"{key} 请写 yes 或 no")
    return _YES_NO[text]


def _as_read(entry: Lined, key: str) -> list[str]:
    """The texts under a key, whatever else stands there."""
    item = entry.value.get(key)
    items = item.value if item is not None and isinstance(item.value, list) else [item]
    return [one.value for one in items if one is not None and isinstance(one.value, str)]


def _credit_code(entry: Lined) -> str:
    if "uscc" not in entry.value:
        return ""
    found = credit_code(text_of(entry, "uscc"))
    if found is None:
        says = "uscc 不是统一社会信用代码：应为 18 位，最后一位是校验码，请照这个单位的证书核对"
        raise Wrong(entry.lines["uscc"], "bad_code", says)
    return found


def _level(entry: Lined) -> str:
    text = text_of(entry, "level") if "level" in entry.value else ""
    if text and text not in LEVELS:
        known = "，".join(f"{digit} {name}" for digit, name in LEVELS.items())
        raise Wrong(entry.lines["level"], "bad_value", f"level 请写一位数字：{known}")
    return text


def _authorities(settings: Lined) -> tuple[str, ...]:
    """Names in a list, each as it stands there; or in one text, between spaces or commas."""
    if not isinstance(settings.value, dict) or AUTHORITIES not in settings.value:
        return ()
    if isinstance(settings.value[AUTHORITIES].value, str):
        return tuple(name for name in re.split(r"[\s,，、;；]+", settings.value[AUTHORITIES].value) if name)
    return tuple(item.value.strip() for item in listed(settings, AUTHORITIES))


def _ladder(entry: Lined) -> tuple[float, ...]:
    steps = listed(entry, "ladder")
    if any(not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", item.value, re.ASCII) for item in steps):
        raise Wrong(entry.lines["ladder"], "bad_value", "ladder 应为秒数的列表")
    return tuple(float(item.value) for item in steps)
