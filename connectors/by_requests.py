"""The transport on the library requests: for your own connectors, and wherever a department wants it.

A prepared request is copied for each attempt and handed to the adapter directly: half the cost of a session is
bookkeeping that a push does not need (proxies of the environment, cookies, redirects), and those three are unwanted.
`responses` can intercept it in tests.
"""

from __future__ import annotations

import threading

import requests
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NameResolutionError, NewConnectionError

from connectors.answers import NoReply, Reply
from connectors.base import Body
from connectors.certificates import Shown
from connectors.guard import Attempt, WatchedAdapter
from connectors.transport import COMMON_HEADERS, CONNECT_SECONDS, Call, check_headers, framing, unpacked

_PIECE = 65_536
_POOLED = 64
_NOT_SENT = (requests.exceptions.ConnectTimeout, requests.exceptions.SSLError, requests.exceptions.InvalidURL)
_NEVER_CONNECTED = (NewConnectionError, NameResolutionError, ConnectTimeoutError)


class ByRequests:
    """Keeps up to 64 connections per host; each attempt has its deadline from `connectors/guard.py`."""

    def __init__(self, shown: Shown | None = None) -> None:
        self._shown = shown
        self._adapter = WatchedAdapter(pool_connections=_POOLED, pool_maxsize=_POOLED)
        self._prepared: dict[str, requests.PreparedRequest] = {}
        self._lock = threading.Lock()

    def call(self, call: Call, body: Body) -> Reply | NoReply:
        """Make one attempt within `body.deadline`."""
        with Attempt(body.deadline, body.networks, self._shown) as attempt:
            try:
                response = self._adapter.send(
                    self._request(call), stream=True, timeout=(min(CONNECT_SECONDS, body.deadline), body.deadline),
                    verify=body.settings.get("ca") or True, cert=body.settings.get("client_certificate"))
            except (requests.RequestException, HTTPError, OSError, ValueError) as error:
                return _lost(error, attempt)
            try:
                return _read(response, body.answer_cap, attempt)
            finally:
                response.close()

    def close(self) -> None:
        """Close the kept connections."""
        self._adapter.close()

    def _request(self, call: Call) -> requests.PreparedRequest:
        check_headers(call.headers)
        prepared = self._template(call).copy()
        prepared.headers.update(call.headers)
        if call.method == "POST":
            prepared.body = call.content
            prepared.headers["Content-Length"] = str(len(call.content))
        return prepared

    def _template(self, call: Call) -> requests.PreparedRequest:
        if call.method != "POST":
            return requests.Request(call.method, call.address, COMMON_HEADERS).prepare()
        with self._lock:
            if call.address not in self._prepared:
                self._prepared[call.address] = requests.Request("POST", call.address, COMMON_HEADERS).prepare()
            return self._prepared[call.address]


def _lost(error: Exception, attempt: Attempt) -> NoReply:
    """Whether anything was sent: the connection knows; without one (name, connect, TLS) the error says so."""
    inner = error.args[0] if error.args else None
    reason = inner.reason if isinstance(inner, MaxRetryError) else inner
    # What is no error of requests came before it had anything to do with a network: a header, a certificate's file.
    before = isinstance(error, _NOT_SENT) or not isinstance(error, requests.RequestException | HTTPError)
    sent = attempt.sent if attempt.seen else not (before or isinstance(reason, _NEVER_CONNECTED))
    what = "the deadline came" if attempt.overdue else type(reason or error).__name__
    return NoReply(sent=sent, detail=f"{'no answer' if sent else 'not sent'}: {what}")


def _read(response: requests.Response, cap: int, attempt: Attempt) -> Reply:
    """The answer with at most `cap` bytes of body, unpacked no further than that."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    pieces, size, cut = [], 0, framing(response.status_code, headers) is None
    try:
        while not cut and (piece := response.raw.read(_PIECE, decode_content=False)):
            pieces.append(piece)
            size += len(piece)
            cut = size > cap
    except (HTTPError, OSError, ValueError):
        cut = True
    if cut:
        # What is left unread must not be read by the next message on this connection.
        response.raw.close()
    content, packed_cut = unpacked(b"".join(pieces), headers.get("content-encoding", ""), cap)
    # Whoever says "taken" before the message was all there cannot have taken it.
    cut = cut or packed_cut or attempt.overdue or attempt.broken
    return Reply(response.status_code, headers.get("content-type", "").lower(), content, cut, headers)
