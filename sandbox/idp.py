"""A stand-in for a city's identity platform (OpenID Connect), for demo and test: real HTTP, real signed tokens, and
sample persons only, who are invented and say so. It stands beside the demo departments, under `/idp`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

import requests
from joserfc import jwt
from joserfc.jwk import ECKey

PREFIX = "/idp"
CODE_SECONDS, TOKEN_SECONDS = 60, 300
COOKIE = "sample-idp"
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
PERSONS: Mapping[str, Mapping[str, str]] = {
    "sample-01": {"name": "示例丙", "id_number": "370202196604059930", "phone_number": "13800000003",
                  "user_type": "1", "auth_level": "L3"},
    "sample-02": {"name": "示例甲", "id_number": "370202198001019912", "phone_number": "13800000001",
                  "user_type": "2", "auth_level": "L3", "org_name": "示例科技有限公司",
                  "org_code": "91370202MA0000000Y", "org_role": "1"},
    "sample-03": {"name": "示例乙", "id_number": "370202198503029926", "phone_number": "13800000002",
                  "user_type": "2", "auth_level": "L3", "org_name": "示例科技有限公司",
                  "org_code": "91370202MA0000000Y", "org_role": "2"},
    "sample-04": {"name": "示例庚", "user_type": "1", "auth_level": "L1"},
}
_PAGE = """<!doctype html><html lang="zh-CN"><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>统一身份认证(示例)</title>
<style>body{{font:16px/1.6 sans-serif;max-width:32rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}}
button{{font:inherit;display:block;width:100%;margin:.5rem 0;padding:.7rem;border:1px solid #12458f;background:#fff;
color:#12458f;text-align:left;cursor:pointer}}small{{color:#555}}</style>
<h1>城市统一身份认证(示例)</h1>{body}<p><small>这是演示用的平台，人员和单位均为虚构。</small></p></html>"""


class Told(NamedTuple):
    """An answer over HTTP."""

    status: int
    content: bytes = b""
    kind: str = "application/json"
    headers: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Client:
    """The one portal that may send people here; `public_url` is where they go back to."""

    client_id: str
    secret: str = field(repr=False)
    public_url: str

    @property
    def callback(self) -> str:
        """Where a code may be sent."""
        return f"{self.public_url}/login/platform/back"


@dataclass(frozen=True, slots=True)
class _Code:
    """What a code stands for, until when (seconds of the machine's clock)."""

    person: str
    sid: str
    nonce: str
    challenge: str
    until: float


class Idp:
    """The stand-in. Everything is in memory; whoever restarts it has signed everybody out. `now`: the time in its
    tokens, in seconds since 1970."""

    prefix = PREFIX

    def __init__(self, issuer: str, client: Client, now: Callable[[], float] = time.time) -> None:
        self.issuer, self._client, self._now = issuer, client, now
        self._key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"}, private=True)
        self._key.ensure_kid()
        self._lock = threading.Lock()
        self._codes: dict[str, _Code] = {}
        self._tokens: dict[str, str] = {}
        self._sessions: dict[str, str] = {}

    def get(self, path: str, headers: Mapping[str, str]) -> Told:
        """Answer a GET of `path`, which begins with `/idp/`; header names are in lower case."""
        parts = urlsplit(path)
        asked = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        name = parts.path.removeprefix(PREFIX)
        if name == "/.well-known/openid-configuration":
            return _json(self._description())
        if name == "/keys":
            return _json({"keys": [self._key.as_dict(private=False)]})
        if name == "/authorize":
            return self._authorize(asked)
        if name == "/userinfo":
            return self._userinfo(headers)
        if name == "/end":
            return self._end(asked, headers)
        return _json({"error": "not_found"}, 404)

    def post(self, path: str, headers: Mapping[str, str], raw: bytes) -> Told:
        """Answer a POST: the only one is a code brought to be changed into tokens."""
        if urlsplit(path).path.removeprefix(PREFIX) != "/token":
            return _json({"error": "not_found"}, 404)
        sent = {name: values[0] for name, values in parse_qs(raw.decode("utf-8", "replace")).items()}
        if not self._knows(headers.get("authorization", "")):
            return _json({"error": "invalid_client"}, 401)
        with self._lock:
            code = self._codes.pop(sent.get("code", ""), None)  # used up, whatever comes of it
        given = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        right = code is not None and time.monotonic() < code.until and _b64(given) == code.challenge
        if code is None or not right or sent.get("redirect_uri") != self._client.callback:
            return _json({"error": "invalid_grant"}, 400)
        access = secrets.token_urlsafe(24)
        with self._lock:
            self._tokens[access] = code.person
        claims = {"sub": code.person, "nonce": code.nonce, "sid": code.sid, "name": PERSONS[code.person]["name"]}
        return _json({"access_token": access, "token_type": "Bearer", "expires_in": TOKEN_SECONDS,
                      "id_token": self._signed(claims, "JWT")})

    def _description(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys",
            "userinfo_endpoint": f"{self.issuer}/userinfo", "end_session_endpoint": f"{self.issuer}/end",
            "response_types_supported": ["code"], "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["ES256"], "code_challenge_methods_supported": ["S256"],
            "backchannel_logout_supported": True, "backchannel_logout_session_supported": True,
            "authorization_response_iss_parameter_supported": True}

    def _authorize(self, asked: Mapping[str, str]) -> Told:
        """Choose a sample person; the page's buttons come back here with the choice."""
        ours = asked.get("client_id"), asked.get("redirect_uri"), asked.get("code_challenge_method")
        if ours != (self._client.client_id, self._client.callback, "S256") or not asked.get("code_challenge"):
            return _page("<p>没有登记的应用或回调地址。</p>", 400)
        choice = asked.get("person", "")
        if choice == "none":
            return self._back(asked, {"error": "access_denied"})
        if choice not in PERSONS:
            return _page(_chooser(asked))
        sid, code = secrets.token_urlsafe(12), secrets.token_urlsafe(24)
        until = time.monotonic() + CODE_SECONDS
        with self._lock:
            self._sessions[sid] = choice
            self._codes[code] = _Code(choice, sid, asked.get("nonce", ""), asked["code_challenge"], until)
        cookie = f"{COOKIE}={sid}; Path={PREFIX}; HttpOnly; SameSite=Lax"
        return self._back(asked, {"code": code}, cookie)

    def _back(self, asked: Mapping[str, str], more: Mapping[str, str], cookie: str = "") -> Told:
        query = urlencode({**more, "state": asked.get("state", ""), "iss": self.issuer})
        kept = {"Set-Cookie": cookie} if cookie else {}
        return Told(303, headers={"Location": f"{self._client.callback}?{query}", **kept})

    def _userinfo(self, headers: Mapping[str, str]) -> Told:
        person = self._tokens.get(headers.get("authorization", "").removeprefix("Bearer "))
        if person is None:
            return _json({"error": "invalid_token"}, 401)
        return _json({"sub": person, **PERSONS[person]})

    def _end(self, asked: Mapping[str, str], headers: Mapping[str, str]) -> Told:
        """Sign out: tell the portal, then send the browser back where it asks to go, if that is the portal's."""
        cookies = dict(part.strip().partition("=")[::2] for part in headers.get("cookie", "").split(";"))
        with self._lock:
            sid = cookies.get(COOKIE, "")
            person = self._sessions.pop(sid, None)
        if person is not None:
            self.tell(person, sid)
        target = asked.get("post_logout_redirect_uri", "")
        gone = {"Set-Cookie": f"{COOKIE}=; Path={PREFIX}; Max-Age=0"}
        if target == f"{self._client.public_url}/":
            return Told(303, headers={"Location": target, **gone})
        return _page("<p>您已退出统一身份认证平台(示例)。</p>", headers=gone)

    def tell(self, person: str, sid: str) -> int:
        """Back-channel logout: the portal's status, 0 where it does not answer. It is told nothing more then: its
        sessions end by themselves."""
        token = self._signed({"sub": person, "sid": sid, "jti": secrets.token_urlsafe(12), "events": {LOGOUT: {}}},
                             "logout+jwt")
        with requests.Session() as session:
            session.trust_env = False
            try:
                there = f"{self._client.public_url}/login/platform/out"
                return session.post(there, {"logout_token": token}, timeout=5).status_code
            except requests.RequestException:
                return 0

    def _signed(self, claims: Mapping[str, Any], kind: str) -> str:
        now = int(self._now())
        header = {"alg": "ES256", "kid": self._key.kid, "typ": kind}
        return jwt.encode(header, {"iss": self.issuer, "aud": self._client.client_id, "iat": now,
                                   "exp": now + TOKEN_SECONDS, **claims}, self._key, algorithms=["ES256"])

    def _knows(self, authorization: str) -> bool:
        """Whether the portal itself asks, with its secret."""
        try:
            pair = base64.b64decode(authorization.removeprefix("Basic "), validate=True).decode()
        except ValueError:
            return False
        name, _, secret = pair.partition(":")
        right = unquote(name) == self._client.client_id
        return right and secrets.compare_digest(unquote(secret).encode(), self._client.secret.encode())


def _chooser(asked: Mapping[str, str]) -> str:
    """The page's body: a button for each sample person, and one that declines."""
    kept = "".join(f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">'
                   for name, value in asked.items() if name != "person")
    buttons = "".join(f'<button name="person" value="{sub}">{escape(_called(one))}</button>'
                      for sub, one in PERSONS.items())
    return (f'<p>“一件事”请您登录。请选一位示例人员：</p><form method="get" action="{PREFIX}/authorize">{kept}{buttons}'
            '<button name="person" value="none">取消，不登录</button></form>')


def _called(person: Mapping[str, str]) -> str:
    for_whom = f"，代表{person['org_name']}(法人登录)" if "org_name" in person else "(个人登录)"
    return f"{person['name']}{for_whom}，实名等级 {person['auth_level']}"


def _json(value: Any, status: int = 200) -> Told:
    return Told(status, json.dumps(value, ensure_ascii=False).encode(), headers={"Cache-Control": "no-store"})


def _page(body: str, status: int = 200, headers: Mapping[str, str] | None = None) -> Told:
    return Told(status, _PAGE.format(body=body).encode(), "text/html; charset=utf-8", headers or {})


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
