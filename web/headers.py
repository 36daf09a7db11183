"""What every answer carries: strict headers, no caching of personal pages, a number to quote; and our own hosts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from flask import Flask, Response, g, request
from flask.sessions import SecureCookieSessionInterface
from werkzeug.middleware.proxy_fix import ProxyFix

from connectors.strict_json import whole_text
from people.identity import VISITOR
from settings import Settings
from web.errors import OWN_WORDS, Problem, request_id
from web.wiring import house

POLICY = ("default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
          "frame-ancestors 'none'")
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}
MOST_PAIRS = 5_000
YEAR = 31_536_000
LOCAL = ["localhost", "127.0.0.1", "[::1]"]


class PageSessions(SecureCookieSessionInterface):
    """Flask's own signed cookie, which holds no identity: CSRF tokens and a visitor's answers before sign-in. Its key
    comes from the key file at the first use."""

    def get_signing_serializer(self, app: Flask) -> Any:
        """The signer, with our key."""
        if not app.secret_key:
            app.secret_key = house().parts.cookie_key
        return super().get_signing_serializer(app)


def harden(app: Flask, settings: Settings) -> None:
    """Set every safety switch of `app`; nothing is left to a default."""
    app.session_interface = PageSessions()
    app.config.update(
        SESSION_COOKIE_NAME="__Host-page" if settings.secure else "page",
        SESSION_COOKIE_HTTPONLY=True, SESSION_COOKIE_SECURE=settings.secure, SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=settings.session_life, MAX_CONTENT_LENGTH=settings.upload_limit + 1_000_000,
        MAX_FORM_MEMORY_SIZE=500_000, MAX_FORM_PARTS=1_000, TRUSTED_HOSTS=_hosts(settings), DEBUG=False,
        WTF_CSRF_CHECK_DEFAULT=False, WTF_CSRF_TIME_LIMIT=None, WTF_CSRF_SSL_STRICT=settings.secure,
        PREFERRED_URL_SCHEME="https" if settings.secure else "http", SEND_FILE_MAX_AGE_DEFAULT=3_600,
    )
    if settings.trusted_proxies:
        count = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=count, x_proto=count, x_host=0)  # type: ignore[method-assign]
    app.before_request(_refuse_unfit_url)
    app.before_request(_refuse_unfit_form)
    app.after_request(_finish(settings))


def _hosts(settings: Settings) -> list[str]:
    public = urlsplit(settings.public_url).hostname or ""
    return sorted({public, *LOCAL})


def _refuse_unfit_url() -> None:
    """Refuse addresses with what no file, store or log can take, before any view sees them."""
    parts = [request.path, *(request.view_args or {}).values(), *request.args.keys(), *request.args.values()]
    if not all(whole_text(str(part)) and "\ufffd" not in str(part) for part in parts):
        raise Problem(400, "bad_request", "网址里有不能使用的字符，请检查后重试")


def _refuse_unfit_form() -> None:
    """Read a plain form within the limit of JSON before anything parses it, and refuse bytes that are not UTF-8: the
    stock parser takes any number of pairs and keeps broken bytes as escapes."""
    if request.mimetype != "application/x-www-form-urlencoded":
        return
    request.max_content_length = house().settings.json_limit
    raw = request.get_data()
    if raw.count(b"&") >= MOST_PAIRS:
        raise Problem(413, *OWN_WORDS[413])
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError as error:
        raise Problem(400, "bad_request", "表单里有不是 UTF-8 编码的字符，请刷新页面后重试") from error
    if "\0" in text:
        raise Problem(400, "bad_request", "表单里有不能使用的字符，请删除后重试")


def _finish(settings: Settings) -> Callable[[Response], Response]:
    def finish(response: Response) -> Response:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        response.headers["X-Request-Id"] = request_id()
        if settings.secure:
            response.headers["Strict-Transport-Security"] = f"max-age={YEAR}; includeSubDomains"
        _cache(response)
        return response
    return finish


def _cache(response: Response) -> None:
    """Static files may be kept for long under a changing address; everything else is asked for again, and what a
    signed-in person sees is never stored."""
    if request.endpoint == "static" and response.status_code == 200:
        response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable" if "v" in request.args else "no-cache"
    elif "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-store" if _personal() else "no-cache"


def _personal() -> bool:
    """Whether this answer may hold somebody's data: anything but a page that a visitor reads without any code."""
    behind_a_code = request.path.startswith(("/api/", "/track/"))
    return request.method != "GET" or behind_a_code or g.get("identity", VISITOR).signed_in
