"""`rest`: pushes signed JSON over HTTP(S) and asks by GET (contract 3.1 to 3.3), on requests.

A prepared request is copied for each attempt and handed to the adapter directly: half the cost of a session is
bookkeeping that a push does not need (proxies of the environment, cookies, redirects), and those three are unwanted.
"""

from __future__ import annotations

import threading
import zlib
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

import requests
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NameResolutionError, NewConnectionError

from connectors.answers import NoReply, Reply, asked, meaning
from connectors.base import Answer, Body, Outgoing
from connectors.guard import Attempt, WatchedAdapter
from connectors.signing import headers_for

_PIECE = 65_536
_POOLED = 64
_CONNECT_SECONDS = 5.0
_NOT_SENT = (requests.exceptions.ConnectTimeout, requests.exceptions.SSLError, requests.exceptions.InvalidURL)
_NEVER_CONNECTED = (NewConnectionError, NameResolutionError, ConnectTimeoutError)


class Rest:
    """The connector `rest`. Shared by threads; keeps connections alive per host."""

    name = "rest"

    def __init__(self) -> None:
        self._adapter = WatchedAdapter(pool_connections=_POOLED, pool_maxsize=_POOLED)
        self._prepared: dict[tuple[str, str], requests.PreparedRequest] = {}
        self._lock = threading.Lock()

    def send(self, message: Outgoing, body: Body, now: datetime) -> Answer:
        """POST the frozen body with a fresh signature; what came back by the table of contract 3.2."""
        headers = headers_for(message.message_id, now, message.body, body.secrets)
        headers["Idempotency-Key"] = message.key
        reply = self._call(self._request("POST", body.address, headers, message.body), body)
        return meaning(reply, message.type, body.honours_keys, now)

    def ask(self, leg: str, body: Body, now: datetime) -> Answer:
        """GET `{address}/{leg}`, signed over the empty body; contract 3.3."""
        headers = headers_for(f"ask_{leg.replace('.', '_')}", now, b"", body.secrets)
        address = f"{body.address.rstrip('/')}/{quote(leg, safe='')}"
        return asked(self._call(self._request("GET", address, headers, b""), body), now)

    def close(self) -> None:
        """Close the kept connections."""
        self._adapter.close()

    def _request(
        self, method: str, address: str, headers: Mapping[str, str], content: bytes,
    ) -> requests.PreparedRequest:
        prepared = self._template(method, address).copy()
        prepared.headers.update(headers)
        if method == "POST":
            prepared.body = content
            prepared.headers["Content-Length"] = str(len(content))
        return prepared

    def _template(self, method: str, address: str) -> requests.PreparedRequest:
        if method == "GET":
            return requests.Request(method, address, _common()).prepare()
        with self._lock:
            if (method, address) not in self._prepared:
                headers = _common() | {"Content-Type": "application/json"}
                self._prepared[method, address] = requests.Request(method, address, headers).prepare()
            return self._prepared[method, address]

    def _call(self, request: requests.PreparedRequest, body: Body) -> Reply | NoReply:
        with Attempt(body.deadline, body.networks) as attempt:
            try:
                response = self._adapter.send(
                    request, stream=True, timeout=(min(_CONNECT_SECONDS, body.deadline), body.deadline),
                    verify=body.settings.get("ca") or True, cert=body.settings.get("client_certificate"))
            except (requests.RequestException, HTTPError, OSError, ValueError) as error:
                return _lost(error, attempt)
            try:
                return _read(response, body.answer_cap, attempt)
            finally:
                response.close()


def _common() -> dict[str, str]:
    return {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "yijianshi/1"}


def _lost(error: Exception, attempt: Attempt) -> NoReply:
    """Whether anything was sent: the connection knows; without one (name, connect, TLS) the error says so."""
    inner = error.args[0] if error.args else None
    reason = inner.reason if isinstance(inner, MaxRetryError) else inner
    unsent = isinstance(error, _NOT_SENT) or isinstance(reason, _NEVER_CONNECTED)
    sent = attempt.sent if attempt.seen else not unsent
    what = "the deadline came" if attempt.overdue else type(reason or error).__name__
    return NoReply(sent=sent, detail=f"{'no answer' if sent else 'not sent'}: {what}")


def _read(response: requests.Response, cap: int, attempt: Attempt) -> Reply:
    """The answer with at most `cap` bytes of body, unpacked no further than that."""
    pieces, size, cut = [], 0, False
    try:
        while piece := response.raw.read(_PIECE, decode_content=False):
            pieces.append(piece)
            size += len(piece)
            if size > cap:
                cut = True
                break
    except (HTTPError, OSError, ValueError):
        cut = True
    if cut:
        # What is left unread must not be read by the next message on this connection.
        response.raw.close()
    content, packed_cut = _unpacked(b"".join(pieces), response.headers.get("content-encoding", ""), cap)
    headers = {name.lower(): value for name, value in response.headers.items()}
    cut = cut or packed_cut or attempt.overdue
    return Reply(response.status_code, headers.get("content-type", "").lower(), content[:cap], cut, headers)


def _unpacked(raw: bytes, encoding: str, cap: int) -> tuple[bytes, bool]:
    """The decoded body and whether it is not all there. We asked for no packing; gzip comes all the same."""
    if encoding.lower() in {"", "identity"}:
        return raw, False
    if encoding.lower() not in {"gzip", "x-gzip", "deflate"}:
        return b"", True
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32)
    try:
        content = unpack.decompress(raw, cap + 1)
    except zlib.error:
        return b"", True
    return content, len(content) > cap or not unpack.eof
