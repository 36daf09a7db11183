"""The lean transport: which connections it uses again, and when a message leaves a second time."""

import gc
import socket
import struct
import threading
import time
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from connectors.answers import NoReply, Reply
from connectors.base import Body
from connectors.keep_alive import KeepAlive
from connectors.transport import Call
from tests.connectors.polled import Polled
from tests.connectors.raw_server import Peer, RawServer, Talk, answer, say_each

BODY = Body("gas", "gas-utility", "rest", deadline=20)
HURRIED = replace(BODY, deadline=0.6)  # where the deadline is what ends it
NO_KEYS = replace(BODY, honours_keys=False)
A, B = answer(), answer(b'{"ref": "B"}')


@pytest.fixture(params=[KeepAlive, Polled], ids=["waited for", "polled"])
def lean(request: pytest.FixtureRequest) -> Iterator[KeepAlive]:
    lean = request.param()
    yield lean
    lean.close()


def _post(lean: KeepAlive, server: RawServer, body: Body = BODY, method: str = "POST") -> Reply | NoReply:
    content = b"{}" if method == "POST" else b""
    return lean.call(Call(method, f"http://127.0.0.1:{server.port}/p", {"Idempotency-Key": "k"}, content), body)


def _status(reply: Reply | NoReply) -> int | str:
    return reply.detail if isinstance(reply, NoReply) else reply.status


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(("said", "kept"), [
    (A, True),
    (HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", True),
    (b"HTTP/1.1 204 No Content\r\n\r\n", True),
    (b"HTTP/1.1 500 Oops\r\nContent-Length: 2\r\n\r\n{}", True),
    (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + A, True),
    (b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 2\r\n\r\n{}", True),
    (HEAD + b"X-Long: a\r\n b\r\nContent-Length: 2\r\n\r\n{}", False),
    (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\n{}", False),
    (answer(more=b"Connection: close\r\n"), False),
    (answer(more=b"CONNECTION: foo, CLOSE\r\n"), False),
    (answer(more=b"no header at all\r\n"), False),
    (answer(more=b"Odd : space\r\n"), False),
    (HEAD + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n2\r\n{}\r\n0\r\n\r\n", False),
    (answer(more=b"Content-Length: 2\r\n"), False),
    (answer(b" " * 2_000), False),
    (HEAD + b"Content-Length: x\r\n\r\n{}", False),
    (b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}", False),
    (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", False),
    (A + b"\r\n", False),
    (A + A, False),
])
def test_only_a_connection_whose_answer_ended_beyond_doubt_is_used_again(
    said: bytes, kept: bool, lean: KeepAlive,
) -> None:
    def talk(peer: Peer) -> None:
        peer.say(said)
        peer.hear()
        peer.say(B)

    with RawServer(talk) as server:
        body = replace(BODY, answer_cap=1_000)
        first = _post(lean, server, body)
        assert _status(first) == int(said.rpartition(b"HTTP/1.")[2][2:5])
        second = _post(lean, server, body)
        lean.close()
    assert isinstance(second, Reply)
    assert server.connections == (1 if kept else 2)
    assert len(server.heard) == 2


def test_a_message_whose_kept_connection_closes_unheard_leaves_once_more_where_keys_are_honoured(
    lean: KeepAlive,
) -> None:
    def talk(peer: Peer) -> None:
        peer.say(A if len(server.heard) == 1 else B)
        peer.hear()

    with RawServer(talk) as server:
        assert [_status(_post(lean, server)) for _ in range(2)] == [200, 200]
        assert _status(_post(lean, server, NO_KEYS, "GET")) == 200
        lean.close()
    assert server.connections == 3
    first, *others = server.heard
    assert server.heard == [first] * 3 + others[2:]
    assert [request[:4] for request in others[2:]] == [b"GET ", b"GET "]


def _reset(peer: Peer) -> None:
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def test_a_kept_connection_that_is_reset_unheard_counts_as_closed(lean: KeepAlive) -> None:
    def talk(peer: Peer) -> None:
        peer.say(A)
        peer.hear()
        _reset(peer)

    with RawServer(talk) as server:
        assert [_status(_post(lean, server)) for _ in range(2)] == [200, 200]
        lean.close()
    assert (server.connections, len(server.heard)) == (2, 3)


def test_departments_that_honour_no_keys_get_a_connection_for_each_message(lean: KeepAlive) -> None:
    def talk(peer: Peer) -> None:
        peer.say(A)
        peer.hear()

    with RawServer(talk) as server:
        assert [_status(_post(lean, server, NO_KEYS)) for _ in range(3)] == [200] * 3
        assert _status(_post(lean, server)) == 200
        lean.close()
    assert server.connections == 4
    assert [b"\r\nConnection: close\r\n" in request for request in server.heard] == [True] * 3 + [False]


@pytest.mark.parametrize("talk", [
    lambda peer: peer.close(), _reset,
    lambda peer: [peer.say(A), peer.hear(), peer.say(b"HTTP/1.1 2")],
    lambda peer: [peer.say(A), peer.hear(), peer.wait_until_closed()],
    lambda peer: [peer.say(A), peer.hear(), peer.say(HEAD + b"Content-Length: 9\r\n\r\n{")],
])
def test_what_a_department_began_to_answer_or_was_given_time_for_is_not_sent_again(
    talk: Talk, lean: KeepAlive,
) -> None:
    with RawServer(talk) as server:
        first = _post(lean, server)
        last = first if isinstance(first, NoReply) else _post(lean, server, HURRIED)
        lean.close()
    assert last.sent if isinstance(last, NoReply) else last.cut
    assert len(server.heard) == (1 if last is first else 2)
    assert server.connections == 1


def test_what_left_on_a_kept_connection_stays_sent_when_no_other_can_be_opened(lean: KeepAlive) -> None:
    def talk(peer: Peer) -> None:
        peer.say(A)
        peer.hear()
        server.stop_listening()

    with RawServer(talk) as server:
        assert _status(_post(lean, server)) == 200
        assert _post(lean, server) == NoReply(True, "no answer: ConnectionRefusedError")


def test_a_deadline_holds_for_both_tries_together(lean: KeepAlive) -> None:
    def talk(peer: Peer) -> None:
        if len(server.heard) == 1:
            peer.say(A)
            peer.hear()
        else:
            peer.wait_until_closed()

    with RawServer(talk) as server:
        assert _status(_post(lean, server)) == 200
        assert _post(lean, server, HURRIED) == NoReply(True, "no answer: the deadline came")
    assert len(server.heard) == 3


def test_a_connection_that_rested_too_long_is_not_used_again() -> None:
    lean = KeepAlive(longest_rest=0.0)
    with RawServer(say_each(A, A)) as server:
        assert [_status(_post(lean, server)) for _ in range(2)] == [200, 200]
        lean.close()
    assert server.connections == 2


def test_many_threads_share_the_connections_and_each_gets_its_own_answer(lean: KeepAlive) -> None:
    def talk(peer: Peer) -> None:
        while True:
            peer.say(answer(peer.heard_last.partition(b"\r\n\r\n")[2]))
            peer.hear()

    def post(number: int) -> bool:
        content = b"%d" % number * 50
        reply = lean.call(Call("POST", f"http://127.0.0.1:{server.port}/p", {}, content), BODY)
        return isinstance(reply, Reply) and reply.body == content

    with RawServer(talk) as server:
        with ThreadPoolExecutor(8) as pool:
            assert all(pool.map(post, range(400)))
        lean.close()
    assert server.connections <= 8


def test_what_is_under_way_when_all_is_closed_ends_well_and_is_closed_behind_it(lean: KeepAlive) -> None:
    begun, closed = threading.Event(), threading.Event()

    def talk(peer: Peer) -> None:
        begun.set()
        closed.wait(20)
        peer.say(A)
        peer.hear()

    with RawServer(talk) as server, ThreadPoolExecutor(1) as pool:
        first = pool.submit(_post, lean, server, BODY)
        begun.wait(20)
        lean.close()
        closed.set()
        assert _status(first.result()) == 200
        assert _status(_post(lean, server)) == 200
        lean.close()
    assert server.connections == 2


def test_a_forgotten_transport_leaves_no_socket_open() -> None:
    with warnings.catch_warnings(record=True) as warned, RawServer(say_each(A, A)) as server:
        warnings.simplefilter("always")
        assert _status(_post(KeepAlive(), server)) == 200
        gc.collect()
    assert [str(one.message) for one in warned] == []


@pytest.mark.parametrize("text", ["a\r\nb: c", "a\nb", "a\rb", "a\x00", "a\x7f", "é"])
def test_a_header_that_is_no_plain_text_is_refused_before_anything_leaves(text: str, lean: KeepAlive) -> None:
    with RawServer(say_each(A)) as server:
        call = Call("POST", f"http://127.0.0.1:{server.port}/p", {"X": text}, b"{}")
        assert lean.call(call, BODY) == NoReply(False, "not sent: BadHeader")
    assert server.connections == 0


def dripped(data: bytes) -> Talk:
    def talk(peer: Peer) -> None:
        for place in range(len(data)):
            peer.say(data[place:place + 1])
    return talk


def said(*pieces: bytes, closes: bool = False) -> Talk:
    def talk(peer: Peer) -> None:
        for piece in pieces:
            peer.say(piece)
            time.sleep(0.02)
        if closes:
            peer.close()
    return talk


ENDLESS = [said(HEAD + b"Content-Length: 9\r\n\r\n{}"), said(HEAD), said(),
           said(HEAD + b"Content-Length: 99999999999999\r\n\r\n{}")]
ENDING = [
    said(B), said(B[:30], B[30:]), said(*B.partition(b"\r\n\r\n")), dripped(B),
    said(HEAD + b"Transfer-Encoding: chunked\r\n\r\n", b"2\r\n{}\r\n", b"0\r\n\r\n"),
    said(HEAD + b"\r\n{}", closes=True), said(HEAD + b"Content-Length: 9\r\n\r\n{}", closes=True),
    said(HEAD[:9], closes=True),
    said(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n", B), said(b"SSH-2.0-x\r\n\r\n"),
    said(b"HTTP/1.1 2x0 OK\r\n\r\n"),
    said(HEAD + b"Content-Length: 2000\r\n\r\n" + b"x" * 2000),
    said(answer(b'{"ref": "' + b"x" * 70_000 + b'"}')), said(HEAD + b"X: " + b"y" * 150_000 + b"\r\n\r\n"),
    said(answer(more=b"Content-Encoding: gzip\r\n")), said(answer(more=b"Content-Length: 2\r\n")),
    said(b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n{}"),
    said(b"HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n"), said(B + b"HTTP/1.1 200 OK\r\n"),
    said(answer(more=b"Connection: close\r\n")), said(b"HTTP/1.0 200 OK\r\n\r\n", closes=True),
    said(answer(more=b"X: a line ends\nConnection: close\r\n")),
    said(HEAD + b"Content-Length: 2\r\nX: y\n\n{}\r\n\r\n"),
]


@pytest.mark.parametrize(("second", "deadline"), [
    *((talk, 20.0) for talk in ENDING), *((talk, 0.4) for talk in ENDLESS),
])
def test_an_answer_that_is_polled_means_what_it_means_when_it_is_waited_for(second: Talk, deadline: float) -> None:
    def talk(peer: Peer) -> None:
        peer.say(A)
        peer.hear()
        second(peer)
        peer.wait_until_closed()

    def both(lean: KeepAlive) -> tuple[Reply | NoReply, int]:
        with RawServer(talk) as server:
            body = replace(BODY, answer_cap=1_500)
            assert _status(_post(lean, server, body)) == 200
            reply = _post(lean, server, replace(body, deadline=deadline))
            lean.close()
            return reply, len(server.heard)

    polled = Polled()
    assert both(polled) == both(KeepAlive())
    assert polled.begun == 1
