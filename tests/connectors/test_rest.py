"""The REST push on either transport: what it sends, and what it makes of misbehaving servers (raw sockets)."""

import gzip
import socket
import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes

import pytest
import requests
import responses

from connectors.base import Answer, Body, Outgoing
from connectors.rest import Rest
from connectors.signing import verify
from tests.connectors.raw_server import Peer, RawServer, Talk, answer, drip, say, say_each

SECRET = "whsec_" + "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BODY = Body("gas", "gas-utility", "rest", address="https://gas.example/push", secrets=(SECRET,), deadline=20)
HURRIED = replace(BODY, deadline=0.6)  # where the deadline is what ends it
ON_REQUESTS = replace(BODY, settings={"transport": "requests"})
MESSAGE = Outgoing("R-03:leg.filed:1", "msg_1", "leg.filed", "R-03", '{"名":1}'.encode())
Settings = dict[str, str]


def test_a_push_carries_key_signature_and_the_frozen_bytes(rest: Rest, transport: Settings) -> None:
    with RawServer(say_each(answer(), answer())) as server:
        body = replace(BODY, address=f"http://127.0.0.1:{server.port}/推送/%e6?", settings=transport)
        assert rest.send(MESSAGE, body, NOW) == Answer("received", "A", status=200)
        rest.send(MESSAGE, body, NOW + timedelta(seconds=30))
    lines = [request.partition(b"\r\n") for request in server.heard]
    (first, one), (second, two) = ((line, message_from_bytes(rest)) for line, _, rest in lines)
    assert first == second == b"POST /%E6%8E%A8%E9%80%81/%E6 HTTP/1.1"
    assert one.get_payload(decode=True) == two.get_payload(decode=True) == MESSAGE.body
    assert one["Idempotency-Key"] == two["Idempotency-Key"] == MESSAGE.key
    assert one["webhook-id"] == two["webhook-id"] == "msg_1"
    assert one["webhook-signature"] != two["webhook-signature"]
    assert verify({name.lower(): value for name, value in one.items()}, MESSAGE.body, [SECRET], NOW) == "msg_1"
    assert (one["Host"], one["Accept-Encoding"]) == (f"127.0.0.1:{server.port}", "identity")
    assert (one["Content-Type"], one["Authorization"]) == ("application/json", None)


def test_a_query_asks_for_the_leg_and_reads_its_state(rest: Rest, transport: Settings) -> None:
    with RawServer(say(answer(b'{"ref": "G1", "state": "accepted"}'))) as server:
        body = replace(BODY, address=f"http://127.0.0.1:{server.port}/push/", settings=transport)
        assert rest.ask("R-03.1", body, NOW) == Answer("received", "G1", "accepted", status=200)
    assert server.heard[0].startswith(b"GET /push/R-03.1 HTTP/1.1\r\n")
    assert b"content-length" not in server.heard[0].lower()


@responses.activate
def test_what_goes_by_requests_can_be_intercepted_and_follows_no_redirect() -> None:
    responses.post(BODY.address, status=307, headers={"Location": "https://elsewhere.example/"})
    elsewhere = responses.post("https://elsewhere.example/", status=200)
    assert Rest().send(MESSAGE, ON_REQUESTS, NOW).kind == "setup"
    assert elsewhere.call_count == 0
    assert responses.calls[0].request.body == MESSAGE.body


@responses.activate
@pytest.mark.parametrize(("error", "kind"), [
    (requests.exceptions.ConnectTimeout(), "again"), (requests.exceptions.SSLError(), "again"),
    (requests.exceptions.ReadTimeout(), "unknown"), (requests.exceptions.ConnectionError("reset"), "unknown"),
])
def test_errors_of_requests_before_sending_are_told_from_errors_after(error: Exception, kind: str) -> None:
    responses.post(BODY.address, body=error)
    assert Rest().send(MESSAGE, replace(ON_REQUESTS, honours_keys=False), NOW).kind == kind


def _said_to(talk: Talk, body: Body, message: Outgoing = MESSAGE, first: bool = True) -> Answer:
    rest = Rest()
    with RawServer(talk, first) as server:
        body = replace(body, address=f"http://127.0.0.1:{server.port}/p", honours_keys=False)
        try:
            return rest.send(message, body, NOW)
        finally:
            rest.close()


def _half_closed(data: bytes) -> Talk:
    def talk(peer: Peer) -> None:
        peer.say(data)
        peer.sock.shutdown(socket.SHUT_WR)
        peer.wait_until_closed()
    return talk


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n"
BOMB = gzip.compress(b"0" * 100_000_000)
PACKED = gzip.compress(b'{"ref": "A"}')
GZIP = b"Content-Encoding: gzip\r\n"
LATE = "unknown"
A = b'{"ref": "A"}'


@pytest.mark.parametrize(("talk", "kind"), [
    (drip(HEAD + b"X-Endless: " + b"a" * 4000), LATE),
    (drip(HEAD + b'Content-Length: 4000\r\n\r\n{"ref": "' + b"a" * 4000), LATE),
    (drip(HEAD + b'\r\n{"ref": "' + b"a" * 4000), LATE),
    (drip(CHUNKED + b"\r\n" + b"1\r\n \r\n" * 900), LATE),
    (drip(CHUNKED + b"\r\n0\r\n" + b"X: y\r\n" * 900), LATE),
    (drip(b"HTTP/1.1 100 Continue\r\n\r\n" * 200), LATE),
    (lambda peer: peer.close(), LATE),
    (lambda peer: peer.wait_until_closed(), LATE),
    (_half_closed(b""), LATE),
    (_half_closed(answer()), "received"),
    (_half_closed(HEAD + b"\r\n" + A), "received"),
    (say(HEAD + b'Content-Length: 400\r\n\r\n{"ref": "A"}'), LATE),
    (say(HEAD + b"Content-Length: 400\r\n\r\n"), LATE),
    (say(CHUNKED + b'\r\n5\r\n{"re'), LATE),
    (say(CHUNKED + b'\r\nc\r\n{"ref": "A"}\r\n'), LATE),
    (say(CHUNKED + b'\r\nzz\r\n{"ref": "A"}\r\n0\r\n\r\n'), LATE),
    (say(CHUNKED + b'\r\n-1\r\n{"ref": "A"}\r\n0\r\n\r\n'), LATE),
    (say(CHUNKED + b"\r\n" + (b"10000\r\n" + b" " * 65_536 + b"\r\n") * 20 + b"0\r\n\r\n"), LATE),
    (say(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n"), LATE),
    (say(HEAD + b"X: " + b"y" * 140_000 + b"\r\nContent-Length: 12\r\n\r\n" + A), LATE),
    (say(HEAD), LATE),
    (say(HEAD + b"Content-Le"), LATE),
    (say(b"HTTP/1.1 200 OK\r\n"), LATE),
    (say(b"HTTP/1.1 100 Continue\r\n\r\n"), LATE),
    (say(b"HTTP/1.0 200 OK\r\n\r\n"), "received"),
    (say(b"SSH-2.0-nonsense\r\n"), LATE),
    (say(b"HTTP/1.1 OK\r\nContent-Length: 0\r\n\r\n"), LATE),
    (say(b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n"), LATE),
    (say(b"\x00" * 70_000), LATE),
    (say(answer(BOMB, GZIP)), LATE),
    (say(answer(PACKED[:20], GZIP)), LATE),
    (say(answer(b"no gzip", GZIP)), LATE),
    (say(answer(b"xx", b"Content-Encoding: br\r\n")), LATE),
    (say(answer(b" " * 3_000_000)), LATE),
    (say(HEAD + b"Content-Length: 12, 12\r\n\r\n" + A), "received"),
    (say(answer(A, b"Content-Length: 12\r\n")), "received"),
    (say(answer(A, b"Content-Length: 2\r\n")), LATE),
    (say(HEAD + b"Content-Length: 12, 2\r\n\r\n" + A), LATE),
    (say(HEAD + b"Content-Length: -12\r\n\r\n" + A), LATE),
    (say(HEAD + b"Content-Length: +12\r\n\r\n" + A), LATE),
    (say(HEAD + b"Content-Length: 0xc\r\n\r\n" + A), LATE),
    (say(HEAD + b"Content-Length: 1_2\r\n\r\n" + A), LATE),
    (say(HEAD + b"Content-Length: 99999999999999999999\r\n\r\n" + A), LATE),
    (say(HEAD + b"Transfer-Encoding: gzip, chunked\r\n\r\nc\r\n" + A + b"\r\n0\r\n\r\n"), LATE),
    (say(b"HTTP/1.1 400 Bad\r\nContent-Length: none\r\n\r\n{}"), "refused"),
    (say(answer(A, b"Transfer-Encoding: identity\r\n")), "received"),
    (say(CHUNKED + b"Content-Length: 2\r\n\r\nc\r\n" + A + b"\r\n0\r\n\r\n"), "received"),
    (say(answer()), "received"),
    (say(answer() + b"HTTP/1.1 500 Again\r\n\r\n"), "received"),
    (say(answer().replace(b"\r\n", b"\n")), "received"),
    (say(b"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"), "received"),
    (say(b"HTTP/1.0 200 OK\r\n\r\n" + A), "received"),
    (say(HEAD + b"Connection: close\r\n\r\n" + A), "received"),
    (say(b"HTTP/1.1 204 No Content\r\n\r\n"), "received"),
    (say(b"HTTP/1.1 204 No Content\r\nContent-Length: none\r\n\r\n"), "received"),
    (say(b"HTTP/1.1 204 No Content\r\nContent-Encoding: gzip\r\n\r\n"), "received"),
    (say(CHUNKED + b'\r\nc\r\n{"ref": "A"}\r\n0\r\n\r\n'), "received"),
    (say(CHUNKED + b'\r\n1;x=y\r\n{\r\nb\r\n"ref": "A"}\r\n0\r\nX-Sum: 1\r\n\r\n'), "received"),
    (say(answer(PACKED, GZIP)), "received"),
    (say(CHUNKED + GZIP + b"\r\n%x\r\n" % len(PACKED) + PACKED + b"\r\n0\r\n\r\n"), "received"),
    (say(b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"), "setup"),
    (say(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\nX: y\r\n\r\n" + answer()), "received"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_misbehaving_server_gets_one_bounded_attempt_and_the_right_meaning(
    talk: Talk, kind: str, transport: Settings,
) -> None:
    got = _said_to(talk, replace(HURRIED if kind == LATE else BODY, settings=transport))
    assert got.kind == kind
    assert got.sent


LONG = replace(MESSAGE, body=b'{"list": "' + b"x" * 24_000_000 + b'"}')


def _before_the_end(data: bytes) -> Talk:
    def talk(peer: Peer) -> None:
        peer.head()
        peer.say(data)
    return talk


@pytest.mark.parametrize(("data", "kind"), [
    (answer(b'{"detail": "too long"}', status=b"413 Too Large"), "refused"), (answer(), LATE), (b"", LATE),
])
def test_an_answer_before_the_message_was_all_there_counts_unless_it_says_taken(
    data: bytes, kind: str, transport: Settings,
) -> None:
    body = replace(BODY, settings=transport)
    assert _said_to(_before_the_end(data), body, LONG, first=False).kind == kind


def test_a_server_that_does_not_read_is_left_at_the_deadline(transport: Settings) -> None:
    stop = threading.Event()
    got = _said_to(lambda peer: stop.wait(0.8), replace(HURRIED, settings=transport), LONG, first=False)
    assert (got.kind, got.sent) == (LATE, True)


def test_a_refused_connection_was_never_sent(rest: Rest, transport: Settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    body = replace(BODY, address=f"http://127.0.0.1:{port}/", honours_keys=False, settings=transport)
    got = rest.send(MESSAGE, body, NOW)
    assert (got.kind, got.sent) == ("again", False)


@pytest.mark.parametrize(("host", "more"), [
    ("gas.invalid", {}), ("http://[broken", {}), ("127.0.0.1", {"networks": ("10.0.0.0/8",)}),
])
def test_what_is_not_to_be_found_or_outside_the_networks_is_never_sent_to(
    host: str, more: dict[str, tuple[str, ...]], transport: Settings,
) -> None:
    rest = Rest()
    with RawServer(say(answer())) as server:
        address = host if "/" in host else f"http://{host}:{server.port}/"
        got = rest.send(MESSAGE, replace(BODY, address=address, settings=transport, honours_keys=False, **more), NOW)
        rest.close()
    assert (got.kind, got.sent, server.heard) == ("again", False, [])


def test_a_name_that_leads_to_loopback_is_not_followed_there(rest: Rest, transport: Settings) -> None:
    with RawServer(say(answer())) as server:
        named = replace(BODY, address=f"http://localhost:{server.port}/", honours_keys=False, settings=transport)
        assert rest.send(MESSAGE, named, NOW).kind == "received"
        literal = replace(named, address=f"http://127.0.0.2:{server.port}/", networks=("127.0.0.1/32",))
        assert rest.send(MESSAGE, literal, NOW).kind == "again"


def test_a_kept_connection_outside_the_networks_of_another_body_is_not_used_for_it(
    rest: Rest, transport: Settings,
) -> None:
    with RawServer(say_each(answer(), answer())) as server:
        body = replace(BODY, address=f"http://127.0.0.1:{server.port}/", settings=transport)
        assert rest.send(MESSAGE, body, NOW).kind == "received"
        got = rest.send(MESSAGE, replace(body, networks=("10.0.0.0/8",)), NOW)
        assert (got.kind, got.sent, len(server.heard)) == ("again", False, 1)
        rest.close()


@pytest.mark.parametrize("key", ["a\r\nX-Other: b", "a\nb", "a\x00b", "键"])
def test_a_key_that_would_break_the_headers_is_never_sent(rest: Rest, key: str, transport: Settings) -> None:
    with RawServer(say(answer())) as server:
        body = replace(BODY, address=f"http://127.0.0.1:{server.port}/", honours_keys=False, settings=transport)
        got = rest.send(replace(MESSAGE, key=key), body, NOW)
        assert (got.kind, got.sent, server.connections) == ("again", False, 0)


def test_one_connection_serves_many_messages(rest: Rest, transport: Settings) -> None:
    with RawServer(say_each(*[answer()] * 3)) as server:
        body = replace(BODY, address=f"http://127.0.0.1:{server.port}/p", settings=transport)
        assert [rest.send(MESSAGE, body, NOW).ref for _ in range(3)] == ["A"] * 3
        assert server.connections == 1


@pytest.mark.parametrize("late", [False, True])
def test_what_comes_behind_an_answer_is_never_taken_for_the_next_one(
    rest: Rest, late: bool, transport: Settings,
) -> None:
    said, wrong = threading.Event(), answer(b'{"ref": "WRONG"}')

    def talk(peer: Peer) -> None:
        if len(server.heard) > 1:
            peer.say(answer(b'{"ref": "B"}'))
            return
        peer.say(answer() if late else answer() + wrong)
        if late:
            peer.say(wrong)
        said.set()
        peer.hear()
        peer.say(answer(b'{"ref": "B"}'))

    with RawServer(talk) as server:
        body = replace(BODY, address=f"http://127.0.0.1:{server.port}/p", settings=transport)
        assert rest.send(MESSAGE, body, NOW).ref == "A"
        said.wait(20)
        assert rest.send(MESSAGE, body, NOW).ref == "B"
        rest.close()


def test_a_connection_that_was_closed_meanwhile_is_not_used_again(rest: Rest, transport: Settings) -> None:
    closed = threading.Event()

    def talk(peer: Peer) -> None:
        peer.say(answer())
        peer.close()
        closed.set()

    with RawServer(talk) as server:
        body = replace(BODY, address=f"http://127.0.0.1:{server.port}/p", honours_keys=False, settings=transport)
        assert rest.send(MESSAGE, body, NOW).kind == "received"
        closed.wait(20)
        assert rest.send(MESSAGE, body, NOW).kind == "received"
        assert (server.connections, len(server.heard)) == (2, 2)
