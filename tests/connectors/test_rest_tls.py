"""The REST push over TLS on either transport: whose certificate is believed, and what a deadline ends."""

import datetime as dt
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.base import Answer, Body, Outgoing
from connectors.certificates import Expiry
from connectors.gateway import Gateway, gateway_body
from connectors.rest import Rest
from connectors.shipped import registry
from desk.upkeep.expiring import Expiring, certificates
from people.errors import PlatformDown
from people.oidc.flow import Flow
from people.oidc.setup import Setup
from people.oidc.ticket import new_ticket
from tests.connectors.made_certificate import certificate
from tests.connectors.raw_server import Peer, RawServer, Talk, answer, drip, say, say_each

SECRET = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0"
MESSAGE = Outgoing("R-03:leg.filed:1", "msg_1", "leg.filed", "R-03", b"{}")
NOW = dt.datetime.now(dt.UTC)
BODY = Body("a", "d", "rest", secrets=(SECRET,), deadline=20, honours_keys=False)
HURRY = 0.8  # seconds, where the deadline is what ends it
Settings = dict[str, str]


def _server(certificate: Path, talk: Talk, only: Path | None = None, first: bool = True) -> RawServer:
    """A TLS server; with `only` it wants to see that certificate of its caller."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    if only:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(only)
    return RawServer(talk, first, wrap=lambda plain: context.wrap_socket(plain, server_side=True))


def _at(server: RawServer, transport: Settings, deadline: float = 20, **settings: Path) -> Body:
    named = {name: str(path) for name, path in settings.items()}
    return replace(BODY, address=f"https://127.0.0.1:{server.port}/push", settings=transport | named, deadline=deadline)


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return certificate(tmp_path, "127.0.0.1")


def test_a_trusted_certificate_is_talked_to(rest: Rest, own: Path, transport: Settings) -> None:
    with _server(own, say(answer())) as server:
        assert rest.send(MESSAGE, _at(server, transport, ca=own), NOW) == Answer("received", "A", status=200)
        rest.close()


def test_an_unknown_certificate_or_one_of_another_host_is_never_sent_to(
    rest: Rest, own: Path, tmp_path: Path, transport: Settings,
) -> None:
    other = certificate(tmp_path, "127.0.0.9")
    with _server(own, say(answer())) as server, _server(other, say(answer())) as another:
        bodies = [_at(server, transport), _at(server, transport, ca=other), _at(another, transport, ca=other)]
        got = [rest.send(MESSAGE, body, NOW) for body in bodies]
    assert [(one.kind, one.sent) for one in got] == [("again", False)] * 3
    assert server.heard == another.heard == []


def test_a_certificate_file_that_is_missing_or_none_is_never_sent_with(
    rest: Rest, own: Path, tmp_path: Path, transport: Settings,
) -> None:
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("nothing", "ascii")
    with _server(own, say(answer())) as server:
        bodies = [_at(server, transport, ca=tmp_path / "none"), _at(server, transport, ca=nothing),
                  _at(server, transport, ca=own, client_certificate=tmp_path / "none"),
                  _at(server, transport, ca=own, client_certificate=nothing)]
        got = [rest.send(MESSAGE, body, NOW) for body in bodies]
    assert [(one.kind, one.sent, server.heard) for one in got] == [("again", False, [])] * 4


def test_our_own_certificate_is_shown_where_it_is_asked_for(
    rest: Rest, own: Path, tmp_path: Path, transport: Settings,
) -> None:
    (tmp_path / "ours").mkdir()
    ours = certificate(tmp_path / "ours", "127.0.0.1")
    with _server(own, say(answer()), only=ours) as server:
        assert rest.send(MESSAGE, _at(server, transport, ca=own, client_certificate=ours), NOW).ref == "A"
        assert rest.send(MESSAGE, _at(server, transport, ca=own), NOW).kind != "received"
        rest.close()
    assert len(server.heard) == 1


def test_one_connection_serves_many_messages_and_what_came_behind_an_answer_ends_it(
    rest: Rest, own: Path, transport: Settings,
) -> None:
    wrong = answer(b'{"ref": "WRONG"}')
    with _server(own, say_each(answer(), answer() + wrong, answer())) as server:
        body = replace(_at(server, transport, ca=own), honours_keys=True)
        assert [rest.send(MESSAGE, body, NOW).ref for _ in range(3)] == ["A"] * 3
        rest.close()
    assert len(server.heard) == 3
    assert server.connections <= 2


def test_a_folder_of_certificates_is_believed(rest: Rest, own: Path, tmp_path: Path, transport: Settings) -> None:
    with _server(own, say(answer())) as server:
        # An empty folder holds nobody to believe; it is read all the same.
        got = rest.send(MESSAGE, _at(server, transport, ca=tmp_path / "ours"), NOW)
        (tmp_path / "ours").mkdir()
        empty = rest.send(MESSAGE, _at(server, transport, ca=tmp_path / "ours"), NOW)
    assert [(one.kind, one.sent) for one in (got, empty)] == [("again", False)] * 2


@pytest.mark.parametrize("talk", [say(answer()[:60]), drip(answer(b" " * 4000)), lambda peer: peer.wait_until_closed()])
def test_the_deadline_ends_a_tls_answer_that_never_comes_whole(
    talk: Talk, rest: Rest, own: Path, transport: Settings,
) -> None:
    with _server(own, talk) as server:
        got = rest.send(MESSAGE, _at(server, transport, HURRY, ca=own), NOW)
    assert (got.kind, got.sent) == ("unknown", True)


def test_a_long_message_to_one_who_does_not_read_ends_at_the_deadline(
    rest: Rest, own: Path, transport: Settings,
) -> None:
    done: list[bool] = []

    def talk(peer: Peer) -> None:
        while not done:
            peer.sock.recv(1)

    with _server(own, talk, first=False) as server:
        got = rest.send(replace(MESSAGE, body=b"x" * 24_000_000), _at(server, transport, HURRY, ca=own), NOW)
        done.append(True)
    assert (got.kind, got.sent) == ("unknown", True)


def test_a_handshake_that_never_comes_was_never_sent(rest: Rest, own: Path, transport: Settings) -> None:
    with RawServer(lambda peer: peer.wait_until_closed(), first=False) as server:
        got = rest.send(MESSAGE, _at(server, transport, HURRY, ca=own), NOW)
    assert (got.kind, got.sent) == ("again", False)


def test_until_when_certificates_are_good_is_known_once_they_were_shown_or_read(
    rest: Rest, tmp_path: Path, transport: Settings,
) -> None:
    day = NOW.replace(microsecond=0) + dt.timedelta(1)
    own = certificate(tmp_path, "127.0.0.1", day)
    with _server(own, say(answer())) as server:
        body = _at(server, transport, ca=own, client_certificate=own)
        files = [Expiry("client_certificate", day), Expiry("ca", day)]
        assert list(rest.expiries(body)) == files  # nobody was met yet
        rest.send(MESSAGE, body, NOW)
        assert list(rest.expiries(body)) == [Expiry("server", day), *files]
    nothing = tmp_path / "nothing.pem"
    nothing.write_text("nothing", "ascii")
    plain = replace(BODY, address="http://127.0.0.1:9", settings={"ca": str(nothing), "client_certificate": "none"})
    assert list(rest.expiries(plain)) == []


def test_the_gateways_and_the_platforms_certificates_are_watched_as_the_offices_are(tmp_path: Path) -> None:
    day = NOW.replace(microsecond=0) + dt.timedelta(20)
    own, known = certificate(tmp_path, "127.0.0.1", day), registry()
    with _server(own, say(answer())) as server, _server(own, say(answer())) as another:
        gateway = replace(gateway_body(f"https://127.0.0.1:{server.port}/in", (SECRET,)), settings={"ca": str(own)})
        platform = Setup(f"https://127.0.0.1:{another.port}", "c", "s", "", "openid", "http://here", ca=str(own))
        files = [Expiring(day, "ca", "message-gateway", "消息网关"),
                 Expiring(day, "ca", "identity-platform", "统一身份认证平台")]
        assert sorted(certificates(known, [gateway, platform.reached])) == sorted(files), "nobody was met yet"
        assert Gateway(gateway, known.shown).send("news_1", b"{}", NOW).kind == "received"
        with pytest.raises(PlatformDown):  # it does not say what a platform says of itself
            Flow(platform, known.shown).begin(new_ticket("", NOW), NOW)
        met = [replace(one, what="server") for one in files]
        assert sorted(certificates(known, [gateway, platform.reached])) == sorted([*files, *met])
