"""The REST push: what it sends (intercepted), and what it makes of misbehaving servers (raw sockets)."""

import gzip
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
import requests
import responses

from connectors.base import Answer, Body, Outgoing
from connectors.rest import Rest
from connectors.signing import verify

SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BODY = Body("gas", "gas-utility", "rest", address="https://gas.example/push", secrets=(SECRET,), deadline=0.6)
MESSAGE = Outgoing("R-03:leg.filed:1", "msg_1", "leg.filed", "R-03", '{"名":1}'.encode())


@responses.activate
def test_a_push_carries_key_signature_and_the_frozen_bytes() -> None:
    responses.post(BODY.address, json={"ref": "G1"}, status=201)
    rest = Rest()
    assert rest.send(MESSAGE, BODY, NOW) == Answer("received", "G1", status=201)
    rest.send(MESSAGE, BODY, NOW + timedelta(seconds=30))
    first, second = (call.request for call in responses.calls)
    assert first.body == second.body == MESSAGE.body
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"] == MESSAGE.key
    assert first.headers["webhook-id"] == second.headers["webhook-id"] == "msg_1"
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]
    assert verify(first.headers, MESSAGE.body, [SECRET], NOW) == "msg_1"
    assert first.headers["Content-Type"] == "application/json"
    assert "Authorization" not in first.headers


@responses.activate
def test_a_redirect_is_never_followed() -> None:
    responses.post(BODY.address, status=307, headers={"Location": "https://elsewhere.example/"})
    elsewhere = responses.post("https://elsewhere.example/", status=200)
    assert Rest().send(MESSAGE, BODY, NOW).kind == "setup"
    assert elsewhere.call_count == 0


@responses.activate
def test_a_query_asks_for_the_leg_and_reads_its_state() -> None:
    responses.get(f"{BODY.address}/R-03.1", json={"ref": "G1", "state": "accepted"})
    assert Rest().ask("R-03.1", BODY, NOW) == Answer("received", "G1", "accepted", status=200)


@responses.activate
@pytest.mark.parametrize(("error", "kind"), [
    (requests.exceptions.ConnectTimeout(), "again"), (requests.exceptions.SSLError(), "again"),
    (requests.exceptions.ReadTimeout(), "unknown"), (requests.exceptions.ConnectionError("reset"), "unknown"),
])
def test_errors_before_sending_are_told_from_errors_after(error: Exception, kind: str) -> None:
    responses.post(BODY.address, body=error)
    assert Rest().send(MESSAGE, replace(BODY, honours_keys=False), NOW).kind == kind


Conversation = Callable[[socket.socket], None]


def _hear(peer: socket.socket) -> None:
    """Read one request to its end: headers and body may come in two pieces."""
    heard = b""
    while not heard.endswith(MESSAGE.body):
        piece = peer.recv(65_536)
        if not piece:
            raise ConnectionResetError("the other side closed")
        heard += piece


class Misbehaving:
    """A server on a raw socket that reads a request and then does what it is told, once per connection."""

    def __init__(self, talk: Conversation) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.talk, self.stop = talk, threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            with peer:
                peer.settimeout(5)
                try:
                    _hear(peer)
                    self.talk(peer)
                except OSError:
                    continue

    def close(self) -> None:
        self.stop.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(5)


def _said_to(talk: Conversation, body: Body = BODY) -> Answer:
    server = Misbehaving(talk)
    rest = Rest()
    try:
        return rest.send(MESSAGE, replace(body, address=f"http://127.0.0.1:{server.port}/p", honours_keys=False), NOW)
    finally:
        rest.close()
        server.close()


def _drip(data: bytes) -> Conversation:
    pause = threading.Event()

    def talk(peer: socket.socket) -> None:
        for at in range(len(data)):
            peer.sendall(data[at:at + 1])
            pause.wait(0.05)
    return talk


def _say(data: bytes) -> Conversation:
    return lambda peer: peer.sendall(data)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
BOMB = gzip.compress(b"0" * 100_000_000)
PACKED = gzip.compress(b"{}")
LATE = "unknown"


@pytest.mark.parametrize(("talk", "kind"), [
    (_drip(HEAD + b"X-Endless: " + b"a" * 4000), LATE),
    (_drip(HEAD + b'Content-Length: 4000\r\n\r\n{"ref": "' + b"a" * 4000), LATE),
    (_drip(HEAD + b'\r\n{"ref": "' + b"a" * 4000), LATE),
    (lambda peer: peer.close(), LATE),
    (lambda peer: threading.Event().wait(1.5), LATE),
    (_say(HEAD + b'Content-Length: 400\r\n\r\n{"ref": "A"}'), LATE),
    (_say(HEAD + b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"re'), LATE),
    (_say(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n"), LATE),
    (_say(b"SSH-2.0-nonsense\r\n"), LATE),
    (_say(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(BOMB) + BOMB), LATE),
    (_say(HEAD + b"Content-Encoding: br\r\nContent-Length: 2\r\n\r\nxx"), LATE),
    (_say(HEAD + b"Content-Length: 3000000\r\n\r\n" + b" " * 3_000_000), LATE),
    (_say(HEAD + b'Content-Length: 12\r\n\r\n{"ref": "A"}'), "received"),
    (_say(HEAD + b'Transfer-Encoding: chunked\r\n\r\nc\r\n{"ref": "A"}\r\n0\r\n\r\n'), "received"),
    (_say(HEAD + b"Content-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(PACKED) + PACKED), "received"),
    (_say(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"), "setup"),
    (_say(b"HTTP/1.1 100 Continue\r\n\r\n" + HEAD + b"Content-Length: 0\r\n\r\n"), "received"),
])
def test_a_misbehaving_server_gets_one_bounded_attempt_and_the_right_meaning(talk: Conversation, kind: str) -> None:
    assert _said_to(talk).kind == kind


def test_a_refused_connection_was_never_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    body = replace(BODY, address=f"http://127.0.0.1:{port}/", honours_keys=False)
    assert Rest().send(MESSAGE, body, NOW).kind == "again"


def test_a_connection_outside_the_allowed_networks_is_closed_before_a_byte_is_sent() -> None:
    heard: list[bytes] = []
    answer = _said_to(lambda peer: heard.append(b"x"), replace(BODY, networks=("10.0.0.0/8",)))
    assert answer.kind == "again"


def test_a_name_that_leads_to_loopback_is_not_followed_there() -> None:
    server = Misbehaving(_say(HEAD + b"Content-Length: 0\r\n\r\n"))
    rest = Rest()
    try:
        named = replace(BODY, address=f"http://localhost:{server.port}/", honours_keys=False)
        assert rest.send(MESSAGE, named, NOW).kind == "received"
        literal = replace(BODY, address=f"http://127.0.0.2:{server.port}/", networks=("127.0.0.1/32",))
        assert rest.send(MESSAGE, literal, NOW).kind == "again"
    finally:
        rest.close()
        server.close()


def test_one_connection_serves_many_messages() -> None:
    opened: list[int] = []

    def talk(peer: socket.socket) -> None:
        opened.append(1)
        peer.sendall(HEAD + b"Content-Length: 2\r\n\r\n{}")
        for _ in range(2):
            _hear(peer)
            peer.sendall(HEAD + b"Content-Length: 2\r\n\r\n{}")

    server = Misbehaving(talk)
    rest = Rest()
    body = replace(BODY, address=f"http://127.0.0.1:{server.port}/p")
    try:
        assert [rest.send(MESSAGE, body, NOW).kind for _ in range(3)] == ["received"] * 3
        assert len(opened) == 1
    finally:
        rest.close()
        server.close()
