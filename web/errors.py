"""One shape for everything that goes wrong: problem+json (RFC 9457) for programs, one page for people."""

from __future__ import annotations

import logging
import random
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, json, render_template, request
from flask.globals import request_ctx
from flask_wtf.csrf import CSRFError
from markupsafe import escape
from werkzeug.exceptions import HTTPException, SecurityError
from werkzeug.routing import RequestRedirect

from connectors.strict_json import BadJson
from desk.errors import Busy, DeskError
from desk.faults import told
from store.engine.folder import is_full
from store.errors import StorageFull, StoreClosed, StoreError, StoreUnavailable
from web.present import noted

LOG = logging.getLogger("yijianshi.web")
_NUMBERS = random.Random()  # noqa: S311  it tells requests apart and is no secret; the system's own costs a call each
PROBLEM_TYPE = "application/problem+json"
TITLES: Mapping[int, str] = {
    400: "请求无法读懂", 401: "请先登录", 403: "没有权限", 404: "没有找到", 405: "不能这样打开",
    408: "发送太慢", 409: "内容已变化", 411: "缺少内容长度", 413: "内容太大", 415: "内容类型不对",
    422: "内容需要修改", 429: "请求太频繁", 431: "请求头太大", 500: "服务出错", 503: "服务暂时繁忙",
    507: "存储空间不足",
}
CALLED_BY_CODE: Mapping[str, str] = {
    "signature_missing": "签名未通过", "signature_window": "签名未通过", "signature_wrong": "签名未通过",
    "bad_token": "令牌未通过", "file_not_scanned": "文件还不能打开", "file_quarantined": "文件已经停用",
}  # who calls with these is a program, which has nowhere to log in
UNSAVED = "系统暂时不能保存，刚才的操作没有生效；已保存的草稿仍在，请稍后再试"
UNKNOWN_HOST = ("这个主机名不是本服务的；请用本服务公布的网址访问。"
                "运维人员：代理要把 Host 原样传来，它须与 YJS_PUBLIC_URL 的主机名相同")
BY_BUTTON = "这一步要按页面上的按钮；请返回上一页继续，已保存的内容都在"
OWN_WORDS: Mapping[int, tuple[str, str]] = {
    400: ("bad_request", "这个请求不完整或无法读懂，请检查后重新发送"),
    401: ("not_signed_in", "请先登录，再继续办理"),
    403: ("forbidden", "当前身份不能做这件事；如需办理，请换有权限的账号登录"),
    404: ("not_found", "没有找到您要的内容，请检查编号或网址"),
    405: ("method_not_allowed", "这个网址不支持这种请求方式，请查看接口说明"),
    408: ("too_slow", "内容发送得太慢，连接已结束，请检查网络后重试"),
    411: ("length_required", "请求缺少 Content-Length，请补上后重新发送"),
    413: ("too_large", "发送的内容超过大小限制，请缩小后重试"),
    415: ("wrong_type", "内容类型不对，请按接口说明设置 Content-Type"),
    429: ("too_many", "请求太频繁，请稍后再试"),
    431: ("headers_too_large", "请求头太大，请清理 Cookie 后重试"),
    503: ("busy", "服务暂时繁忙，请稍后再试；已填写的内容仍保留"),
}


class Problem(Exception):
    """Something the caller can act on: HTTP status, stable code, a Chinese sentence, and errors keyed by field."""

    def __init__(self, status: int, code: str, detail: str, errors: Any = None,
                 headers: Mapping[str, str] | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.detail = status, code, detail
        self.errors, self.headers = errors, dict(headers or {})
        self.more: Mapping[str, Any] = {}

    @property
    def title(self) -> str:
        """The status in two or three Chinese words."""
        return CALLED_BY_CODE.get(self.code) or TITLES.get(self.status, "请求没有完成")

    @property
    def request_id(self) -> str:
        """The number a person can quote to the operators."""
        return request_id()

    def as_json(self) -> dict[str, Any]:
        """The RFC 9457 object; `errors` only where there are some, `more` as extension members."""
        shown = {"type": f"urn:yijianshi:problem:{self.code}", "title": self.title, "status": self.status,
                 "code": self.code, "detail": self.detail, "request_id": self.request_id}
        return {**self.more, **shown} | ({"errors": self.errors} if self.errors else {})


def not_found() -> Problem:
    """The one answer for what does not exist and for what belongs to somebody else."""
    return Problem(404, *OWN_WORDS[404])


def request_id() -> str:
    """This request's random number; never the caller's, which could carry anything into our logs."""
    kept = noted()
    known: str | None = kept.get("request_id")
    if known is None:
        known = kept.request_id = f"{_NUMBERS.getrandbits(64):016x}"
    return known


def wants_json() -> bool:
    """Whether the caller is a program: the API, or a client that prefers JSON to HTML."""
    if request.path.startswith(("/api/", "/healthz", "/readyz", "/metrics")) and request.path != "/api/docs":
        return True
    kinds = request.accept_mimetypes
    return kinds["application/json"] > kinds["text/html"]


def answer(problem: Problem) -> Response:
    """`problem` as the answer to this request."""
    if wants_json():
        body = json.dumps(problem.as_json(), ensure_ascii=False)
        made = Response(body, problem.status, content_type=PROBLEM_TYPE)
    else:
        made = Response(_page(problem), problem.status, content_type="text/html; charset=utf-8")
    made.headers.extend(problem.headers)
    return made


def _page(problem: Problem) -> str:
    if request_ctx.url_adapter is None:  # asked by another host's name: no address of ours can be made
        return _bare_page(problem)
    try:
        return render_template("error.html", problem=problem)
    except Exception as error:  # noqa: BLE001  the page about a fault must not fault itself
        LOG.error("error page: %s", told(error))
        return _bare_page(problem)


def _bare_page(problem: Problem) -> str:
    return f"<!doctype html><html lang=zh-CN><title>{problem.title}</title><p>{escape(problem.detail)}"


def from_http(error: HTTPException) -> Problem:
    """Werkzeug's own refusals in our shape; its English description is not shown."""
    if isinstance(error, SecurityError):
        return Problem(400, "unknown_host", UNKNOWN_HOST)
    status = error.code or 500
    code, detail = OWN_WORDS.get(status, ("http_error", "请求没有完成，请检查后重试"))
    kept = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After", "WWW-Authenticate")}
    return Problem(status, code, detail, headers=kept)


def from_desk(error: DeskError) -> Problem:
    """A refusal of the desk in our shape, with what it says beside (the reference, the difference of editions)."""
    headers = {"Retry-After": "2"} if isinstance(error, Busy) else {}
    problem = Problem(error.status, error.code, error.detail, error.errors or None, headers=headers)
    problem.more = error.more
    return problem


def _on_store(error: StoreError) -> Response:
    """A store that cannot be written to now: nothing was changed, come again. Anything else of it is our fault."""
    if not isinstance(error, StoreUnavailable | StoreClosed):
        return _on_anything(error)
    LOG.error("store: %s (%s)", error.code, request_id())
    status = 507 if isinstance(error, StorageFull) else 503
    return answer(Problem(status, error.code, UNSAVED, headers={"Retry-After": "5"}))


def _on_disk(error: OSError) -> Response:
    """No room for a body that is still on its way into the store, in whatever folder it is held."""
    return _on_store(StorageFull()) if is_full(error) else _on_anything(error)


def _on_http(error: HTTPException) -> Any:
    if error.code == 405 and not wants_json():
        return answer(Problem(405, OWN_WORDS[405][0], BY_BUTTON, headers=from_http(error).headers))
    return error.get_response() if isinstance(error, RequestRedirect) else answer(from_http(error))


def _on_csrf(_error: CSRFError) -> Response:
    return answer(Problem(400, "csrf", "页面停留太久或来源不对，没有提交；请返回上一页再提交一次，已保存的内容仍在"))


def _on_json(error: BadJson) -> Response:
    places = {".".join(str(part) for part in error.place): [error.say]} if error.place else None
    return answer(Problem(400, error.code, str(error), printable_tree(places)))


def printable_tree(tree: Any) -> Any:
    """`tree` with only characters that UTF-8 can carry."""
    if isinstance(tree, dict):
        return {str(printable_tree(key)): printable_tree(inner) for key, inner in tree.items()}
    if isinstance(tree, list):
        return [printable_tree(inner) for inner in tree]
    return tree.encode("utf-8", "replace").decode() if isinstance(tree, str) else tree


def _on_anything(error: Exception) -> Response:
    """A fault of ours: the log gets where it happened, never the message, which may carry somebody's data."""
    LOG.error("fault in %s: %s (%s)", request.endpoint, told(error), request_id())
    detail = f"服务出错，这不是您的问题；已保存的内容仍在，请稍后再试。如需帮助请提供编号 {request_id()}"
    return answer(Problem(500, "internal", detail))


def handle_errors(app: Flask) -> None:
    """Let every error of `app` leave in the one shape, and give every answer its number."""
    app.register_error_handler(Problem, answer)
    app.register_error_handler(DeskError, lambda error: answer(from_desk(error)))
    app.register_error_handler(StoreError, _on_store)
    app.register_error_handler(OSError, _on_disk)
    app.register_error_handler(BadJson, _on_json)
    app.register_error_handler(CSRFError, _on_csrf)
    app.register_error_handler(HTTPException, _on_http)
    app.register_error_handler(Exception, _on_anything)
