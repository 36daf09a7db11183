"""What comes in with a request, typed strictly: JSON bodies, query arguments, keys."""

from __future__ import annotations

import re
from typing import Any

from flask import request
from marshmallow import Schema

from connectors.strict_json import load, whole_text
from web.api.schemas import read
from web.errors import Problem
from web.present import asked
from web.wiring import house

JSON_TYPES = frozenset({"application/json"})
_WHOLE = re.compile(r"[0-9]{1,15}", re.ASCII)
_KEY = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)


def body(schema: type[Schema]) -> dict[str, Any]:
    """The JSON body as `schema` reads it; 413, 415, 400 (unreadable) or 422 (wrong) otherwise."""
    return read(schema, load(raw_json()))


def raw_json() -> bytes:
    """The bytes of a JSON body, after size and type."""
    request = asked()
    request.max_content_length = house().settings.json_limit
    if request.environ.get("CONTENT_TYPE") not in JSON_TYPES:  # nearly always said in the shortest way
        _refuse_type()
    return request.get_data(cache=True)


def _refuse_type() -> None:
    """Refuse what is no JSON in UTF-8."""
    if request.mimetype not in JSON_TYPES:
        raise Problem(415, "wrong_type", "内容类型不对，请用 Content-Type: application/json 发送 JSON")
    if request.mimetype_params.get("charset", "utf-8").lower() not in ("utf-8", "utf8"):
        raise Problem(415, "wrong_type", "编码不对，请用 UTF-8 发送 JSON")


def only_args(*known: str) -> None:
    """Refuse query arguments that are unknown, doubled, or not whole text."""
    request = asked()
    if not request.environ.get("QUERY_STRING"):
        return
    for name, values in request.args.lists():
        if name not in known:
            raise bad_arg(name, f"没有这个查询参数；可用：{'、'.join(known) or '无'}")
        if len(values) > 1:
            raise bad_arg(name, "同一个查询参数出现了两次，请只保留一个")
        if not whole_text(values[0]):
            raise bad_arg(name, "含有不能使用的字符")


def whole_arg(name: str, otherwise: int, least: int, most: int) -> int:
    """A whole number between `least` and `most` in ASCII digits."""
    text = request.args.get(name)
    if text is None:
        return otherwise
    if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
        raise bad_arg(name, f"应是 {least}–{most} 的整数")
    return int(text)


def bad_arg(name: str, say: str) -> Problem:
    """A wrong query argument."""
    return Problem(400, "bad_argument", f"查询参数 {name[:40]}：{say}", {name[:40]: [say]})


def idempotency_key() -> str:
    """The caller's Idempotency-Key: 1–200 visible ASCII characters; a missing one is the caller's error."""
    key: str = asked().environ.get("HTTP_IDEMPOTENCY_KEY", "")
    if not key:
        say = "缺少 Idempotency-Key 请求头；请为每次提交生成一个不重复的值，重试时保持不变。说明见 /api/docs"
        raise Problem(400, "missing_key", say, headers={"Link": '</api/docs>; rel="help"'})
    if not _KEY.fullmatch(key):
        raise Problem(400, "bad_key", "Idempotency-Key 应是 1–200 个可见的 ASCII 字符")
    return key
