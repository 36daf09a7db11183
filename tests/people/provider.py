"""An identity platform over real HTTP that does as a test tells it: signs what it should not, breaks off, hangs."""

from __future__ import annotations

import json
import threading
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

from joserfc import jws
from joserfc.jwk import ECKey, OctKey

CLIENT, SECRET = "portal", "a secret: of ours/+"
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
Answer = tuple[int, bytes]


class Provider:
    """`claims` stand in each token beside the usual ones, `nonce` is the one that the browser was sent with; `answers`
    stand in for whole answers by path; `heard` are the forms and headers of calls to the token endpoint."""

    def __init__(self) -> None:
        self.keys = [ECKey.generate_key("P-256", {"kid": "k1"}, private=True)]
        self.claims: dict[str, Any] = {}
        self.nonce = ""
        self.userinfo: dict[str, Any] = {}
        self.description: dict[str, Any] = {}
        self.answers: dict[str, Callable[[Any], Answer | None]] = {}
        self.make: Callable[[dict[str, Any]], str] = self.signed
        self.heard: list[tuple[dict[str, str], Mapping[str, str]]] = []
        self.asked: list[str] = []
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.provider = self
        self.issuer = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def usual(self) -> dict[str, Any]:
        now = int(time.time())
        return {"iss": self.issuer, "aud": CLIENT, "sub": "s-1", "iat": now, "exp": now + 300, "nonce": self.nonce}

    def token(self) -> str:
        """An id token; a claim that is set to None is left out."""
        return self.make({name: value for name, value in {**self.usual(), **self.claims}.items() if value is not None})

    def signed(self, claims: dict[str, Any], **header: Any) -> str:
        return self.signed_text(json.dumps(claims), **header)

    def signed_text(self, text: str, **header: Any) -> str:
        key = self.keys[-1]
        return jws.serialize_compact({"alg": "ES256", "kid": key.kid, **header}, text, key)

    def with_secret(self, claims: dict[str, Any]) -> str:
        """Signed with what is no secret to us: the client's own."""
        key = OctKey.import_key(SECRET)
        return jws.serialize_compact({"alg": "HS256"}, json.dumps(claims), key, algorithms=["HS256"])

    def with_header(self, claims: dict[str, Any], header: dict[str, Any]) -> str:
        """A token with another header than the one that was signed; one signed by nobody has no signature."""
        _, payload, signature = self.signed(claims).split(".")
        written = urlsafe_b64encode(json.dumps(header).encode()).rstrip(b"=").decode()
        return f"{written}.{payload}.{signature if header['alg'] != 'none' else ''}"

    def logout(self, **claims: Any) -> str:
        """A logout token with the usual claims but those given."""
        usual = {**self.usual(), "nonce": None, "sid": "sid-1", "jti": f"j{time.monotonic_ns()}",
                 "events": {LOGOUT: {}}, **claims}
        return self.signed({name: value for name, value in usual.items() if value is not None}, typ="logout+jwt")

    def get(self, path: str) -> Answer:
        found: Any = None
        if path == "/.well-known/openid-configuration":
            found = {"issuer": self.issuer, "authorization_endpoint": f"{self.issuer}/authorize?theme=city",
                     "token_endpoint": f"{self.issuer}/token", "jwks_uri": f"{self.issuer}/keys",
                     "userinfo_endpoint": f"{self.issuer}/userinfo", **self.description}
        elif path == "/keys":
            shared = OctKey.import_key(SECRET, {"kid": "shared"}).as_dict(private=True)
            found = {"keys": [shared, *(key.as_dict(private=False) for key in self.keys), {"kty": "SM2"}]}
        elif path == "/userinfo":
            found = {"sub": "s-1", **self.userinfo}
        return (200, json.dumps(found).encode()) if found is not None else (404, b"{}")

    def post(self) -> Answer:
        return 200, json.dumps({"access_token": "an access token", "token_type": "Bearer",
                                "id_token": self.token()}).encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    provider: Provider

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who hangs up is expected to."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._answer(lambda: self.server.provider.get(self.path))

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {name: values[0] for name, values in parse_qs(raw).items()}
        self.server.provider.heard.append((form, dict(self.headers)))
        self._answer(self.server.provider.post)

    def _answer(self, usual: Callable[[], Answer]) -> None:
        provider = self.server.provider
        provider.asked.append(self.path)
        instead = provider.answers.get(self.path)
        found = instead(self) if instead else usual()
        if found is None:
            return
        self.send_response(found[0])
        self.send_header("Content-Length", str(len(found[1])))
        if found[0] == 302:
            self.send_header("Location", f"{provider.issuer}/userinfo")
        self.end_headers()
        self.wfile.write(found[1])

    def log_message(self, *args: Any) -> None:
        """Quiet."""


def drip(handler: Any) -> None:
    """A byte now and then, for ever as far as anybody wants to wait."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    for _ in range(40):
        handler.wfile.write(b".")
        handler.wfile.flush()
        time.sleep(0.05)
