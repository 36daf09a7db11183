"""Connections that are begun and left alone: where they lead, and what befalls them, is told as exactly as ever."""

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from connectors.answers import NoReply, Reply
from connectors.base import Body
from connectors.transport import Call
from tests.connectors.polled import Polled
from tests.connectors.raw_server import Peer, RawServer, Talk, answer, say_each

NO_KEYS = Body("heat", "heat-utility", "rest", deadline=5.0, honours_keys=False)


@pytest.fixture
def polled() -> Iterator[Polled]:
    polled = Polled()
    yield polled
    polled.close()


def post(polled: Polled, port: int, body: Body = NO_KEYS, host: str = "127.0.0.1") -> Reply | NoReply:
    return polled.call(Call("POST", f"http://{host}:{port}/p", {"Idempotency-Key": "k"}, b"{}"), body)


def once() -> Talk:
    """Answer, and wait until the other side closes."""
    def talk(peer: Peer) -> None:
        peer.say(answer())
        peer.wait_until_closed()

    return talk


def test_a_department_without_keys_gets_a_connection_for_each_message_and_nobody_waits_for_it(polled: Polled) -> None:
    with RawServer(once()) as server:
        replies = [post(polled, server.port) for _ in range(3)]
    assert [reply.status for reply in replies if isinstance(reply, Reply)] == [200, 200, 200]
    assert (polled.begun, server.connections, len(server.heard)) == (2, 3, 3)  # the first one has to find the way
    assert all(b"Connection: close\r\n" in heard for heard in server.heard)


def test_a_connection_that_was_begun_is_kept_where_keys_are_honoured(polled: Polled) -> None:
    keyed = replace(NO_KEYS, honours_keys=True)

    def talk(peer: Peer) -> None:
        if server.connections == 1:
            peer.say(answer(more=b"Connection: close\r\n"))
        else:
            say_each(answer(), answer())(peer)

    with RawServer(talk) as server:
        replies = [post(polled, server.port, keyed) for _ in range(3)]
    assert [reply.status for reply in replies if isinstance(reply, Reply)] == [200, 200, 200]
    assert (polled.begun, server.connections) == (2, 2)


def test_where_nobody_listens_any_more_a_message_was_not_sent_and_the_way_is_sought_anew(polled: Polled) -> None:
    with RawServer(once()) as server:
        assert isinstance(post(polled, server.port), Reply)
    for _ in range(2):
        lost = post(polled, server.port)
        assert lost == NoReply(sent=False, detail="not sent: ConnectionRefusedError")
    assert polled.begun == 1


def test_a_name_is_tried_at_its_other_addresses_once_the_one_is_gone(
    polled: Polled, monkeypatch: pytest.MonkeyPatch,
) -> None:
    with RawServer(once()) as first, RawServer(once()) as second:
        ports = [first.port, second.port]

        def found(host: str, port: int, **more: Any) -> list[tuple[Any, ...]]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", one)) for one in ports]

        monkeypatch.setattr(socket, "getaddrinfo", found)
        body = replace(NO_KEYS, networks=("127.0.0.0/8",))
        assert isinstance(post(polled, 80, body, "heat.example"), Reply)
        first.stop_listening()
        assert isinstance(post(polled, 80, body, "heat.example"), Reply)
        assert (polled.begun, len(first.heard), len(second.heard)) == (1, 1, 1)


def test_a_connection_that_nobody_takes_is_given_up_unsent(polled: Polled, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.keep_alive.CONNECT_SECONDS", 0.2)
    with RawServer(once()) as server:
        assert isinstance(post(polled, server.port), Reply)
        server.stop_listening()
        with socket.create_server(("127.0.0.1", server.port), backlog=0), contextlib.ExitStack() as waiting:
            for _ in range(4):  # until one more is left without an answer
                one = waiting.enter_context(socket.socket())
                one.setblocking(False)
                one.connect_ex(("127.0.0.1", server.port))
            lost = post(polled, server.port)
    assert lost == NoReply(sent=False, detail="not sent: TimeoutError")
    assert polled.begun == 1
