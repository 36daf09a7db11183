"""What every answer carries: strict headers, no caching of personal pages, a number to quote; and our own hosts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from flask import Flask, Request, Response
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from werkzeug.middleware.proxy_fix import ProxyFix

from connectors.strict_json import whole_text
from people.identity import VISITOR
from settings.values import Settings
from web.errors import OWN_WORDS, Problem, request_id
from web.present import asked, noted
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
PLAIN_PATH, PLAIN_QUERY = re.compile(r"[!-~]*"), re.compile(r"[!-$&-~]*")  # nothing here needs a closer look
MOST_PAIRS = 5_000
Start = Callable[..., Any]
Environ = dict[str, Any]
Application = Callable[[Environ, Start], Iterable[bytes]]
YEAR = 31_536_000
LOCAL = ["localhost", "127.0.0.1", "[::1]"]
MACHINES = frozenset({"/healthz", "/readyz", "/metrics"})  # asked by balancers and Prometheus, by this host's address


class PageSessions(SecureCookieSessionInterface):
    """Flask's own signed cookie, which holds no identity: CSRF tokens and a visitor's answers before sign-in. Its key
    comes from the key file at the first use. Who sends no cookie and gets none costs nothing."""

    _signer: Any = None

    def get_signing_serializer(self, app: Flask) -> Any:
        """The signer, made once, for it keeps nothing."""
        if self._signer is None:
            self._signer = super().get_signing_serializer(app)
        return self._signer

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session in the cookie, or an empty one."""
        if not app.secret_key:
            app.secret_key = house().parts.cookie_key
        return super().open_session(app, request) if "HTTP_COOKIE" in request.environ else self.session_class()

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Give the cookie if there is something to keep or to forget."""
        if session or session.modified or session.accessed:
            super().save_session(app, session, response)


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
    app.after_request(_finish)
    app.ensure_sync = _as_it_is  # type: ignore[assignment, method-assign]
    app.wsgi_app = _fixed(app.wsgi_app, settings)  # type: ignore[assignment, method-assign]


def _as_it_is(function: Callable[..., Any]) -> Callable[..., Any]:
    """Flask asks of every function at every call whether it is a coroutine; none of ours is."""
    return function


def _hosts(settings: Settings) -> list[str]:
    public = urlsplit(settings.public_url).hostname or ""
    return sorted({public, *LOCAL})


def _refuse_unfit_url() -> None:
    """Refuse addresses with what no file, store or log can take, before any view sees them."""
    request = asked()
    if PLAIN_PATH.fullmatch(request.path) and PLAIN_QUERY.fullmatch(request.environ.get("QUERY_STRING", "")):
        return
    parts = [request.path, *(request.view_args or {}).values(), *request.args.keys(), *request.args.values()]
    if not all(whole_text(str(part)) and "\ufffd" not in str(part) for part in parts):
        raise Problem(400, "bad_request", "网址里有不能使用的字符，请检查后重试")


def refuse_unfit_form() -> None:
    """Read a plain form within the limit of JSON before anything parses it, and refuse bytes that are not UTF-8: the
    stock parser takes any number of pairs and keeps broken bytes as escapes."""
    request = asked()
    if "application/x-www-form-urlencoded" not in request.environ.get("CONTENT_TYPE", "").lower():
        return
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
        raise _unfit()


def refuse_unfit_parts() -> None:
    """The same of a form with parts, once they are read: a NUL is text for one store and a fault for the other."""
    if any("\0" in text for texts in asked().form.listvalues() for text in texts):
        raise _unfit()


def _unfit() -> Problem:
    return Problem(400, "bad_request", "表单里有不能使用的字符，请删除后重试")


def _fixed(inner: Application, settings: Settings) -> Application:
    """WSGI middleware: the headers that are the same for every answer, where a view has not set its own."""
    always = HEADERS | ({"Strict-Transport-Security": f"max-age={YEAR}; includeSubDomains"} if settings.secure else {})
    pairs = [(name.lower(), (name, value)) for name, value in always.items()]

    def serve(environ: Environ, start: Start) -> Iterable[bytes]:
        if environ["PATH_INFO"] in MACHINES:
            environ["HTTP_HOST"] = LOCAL[0]

        def start_fixed(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            given = {name.lower() for name, _ in headers}
            return start(status, [*headers, *(pair for name, pair in pairs if name not in given)], *more)

        return inner(environ, start_fixed)

    return serve


def _finish(response: Response) -> Response:
    """The number of this request, and how long the answer may be kept."""
    request, headers = asked(), response.headers
    headers.add("X-Request-Id", request_id())
    if request.endpoint == "static" and response.status_code == 200:
        headers["Cache-Control"] = _static_cache(request)
    elif "Cache-Control" not in headers:
        headers.add("Cache-Control", "no-store" if _personal(request) else "no-cache")
    return response


def _static_cache(request: Request) -> str:
    """Static files may be kept for long under a changing address; everything else is asked for again, and what a
    signed-in person sees is never stored."""
    return f"public, max-age={YEAR}, immutable" if "v" in request.args else "no-cache"


def _personal(request: Request) -> bool:
    """Whether this answer may hold somebody's data: anything but a page that a visitor reads without any code, or right
    password."""
    behind_a_code = request.path.startswith(("/api/", "/track/", "/login/"))
    return request.method != "GET" or behind_a_code or noted().get("identity", VISITOR).signed_in
