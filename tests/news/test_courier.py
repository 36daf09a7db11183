"""Bulletins reach the city's message gateway, whatever it does, under one key and in the same bytes."""

import base64
import json
from contextlib import contextmanager
from datetime import timedelta

import pytest

from connectors.gateway import Gateway, gateway_body
from connectors.signing import verify
from desk.staff.acts import Act
from dispatch.courier import MOST_ATTEMPTS, Courier
from store.errors import StorageFull
from store.telling import bulletins, preferences
from tests.connectors.raw_server import RawServer
from tests.oversight.conftest import at

SECRET = f"whsec_{base64.b64encode(b'message gateway.' * 2).decode()}"
MORNING = at(6, 10)
PAGE = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<!doctype html><title>login</title>"


def http(status, *headers):
    return "\r\n".join((f"HTTP/1.1 {status} x", "Content-Length: 0", "Connection: close", *headers, "", "")).encode()


class Post:
    """A courier whose clock is moved by hand, before a gateway that says what it is told to."""

    def __init__(self, town, server):
        self.town, self.server, self.now, self.says = town, server, MORNING, http(204)
        gateway = Gateway(gateway_body(f"http://127.0.0.1:{server.port}/news", (SECRET,)))
        self.courier = Courier(town.desk.bulletins, gateway, lambda: self.now)

    def round(self, says, later=timedelta()):
        """The gateway says this in `later`; how many messages came."""
        self.says, before = says, len(self.server.heard)
        self.now += later
        self.courier.round()
        return len(self.server.heard) - before

    def troubled(self):
        """State and detail of what needs a person."""
        with self.town.premises.database.read() as tx:
            return [(one.state, one.detail) for one in bulletins.troubled(tx, None, 9)[0]]


@contextmanager
def post_of(town):
    with RawServer(lambda peer: peer.say(post.says)) as server:
        post = Post(town, server)
        yield post
        post.courier.stop()


@pytest.fixture
def post(town):
    with post_of(town) as made:
        yield made


def told(town, cases=1):
    """So many cases whose water leg was refused, and it is time to say so to their one applicant."""
    for number in range(cases):
        town.refuse(town.file(f"key-{number}"), "01", MORNING)
    town.desk.sweep(MORNING)


def others(town, persons):
    """The same is told to so many more persons."""
    with town.premises.database.read() as tx:
        first = tx.rows("select * from news")[0]
    for number in range(persons):
        more = {**first, "key": f"k{number}", "subject": f"s{number}"}
        town.premises.database.write(lambda tx, more=more: tx.run(
            f"insert into news ({', '.join(more)}) values ({', '.join(f':{name}' for name in more)})", **more))


def states(town):
    with town.premises.database.read() as tx:
        return sorted((row["state"], row["detail"]) for row in tx.rows("select state, detail from bulletins"))


def split(request):
    head, _, body = request.partition(b"\r\n\r\n")
    return {line.partition(": ")[0].lower(): line.partition(": ")[2] for line in head.decode().split("\r\n")[1:]}, body


def test_what_is_not_known_to_have_arrived_is_sent_again_under_its_key_and_signed_anew(town, post):
    told(town)
    hour = timedelta(hours=1)
    busy = http(503, "Retry-After: 3600")
    assert [post.round(says, later) for says, later in (
        (busy, timedelta()), (busy, hour / 2), (PAGE, hour), (http(404), hour), (http(204), hour), (PAGE, hour),
    )] == [1, 0, 1, 1, 1, 0]
    sent = [split(request) for request in post.server.heard]
    assert len({(head["idempotency-key"], head["webhook-id"], body) for head, body in sent}) == 1
    assert len({head["webhook-timestamp"] for head, _ in sent}) == 4
    head, body = sent[-1]
    assert verify(head, body, [SECRET], post.now - hour) == head["webhook-id"]
    assert json.loads(body)["type"] == "news.told"
    with town.premises.database.read() as tx:
        assert tx.rows("select state, body from bulletins") == [{"state": "sent", "body": None}]


def test_what_the_gateway_refuses_is_shown_and_sent_again_by_a_person(town, post):
    told(town)
    assert post.round(http(422)) == 1
    assert post.troubled() == [("refused", "HTTP 422")]
    assert post.round(http(204), timedelta(days=1)) == 0
    key = split(post.server.heard[0])[0]["webhook-id"]
    assert town.desk.bulletins.resend([key, "another"], Act("operator", "已修复"), post.now) == 1
    assert post.round(http(204)) == 1
    assert split(post.server.heard[0])[1] == split(post.server.heard[1])[1]
    assert post.troubled() == []


def test_a_gateway_that_never_takes_it_is_given_up_after_days_and_a_person_is_told(town, post):
    told(town)
    tried = sum(post.round(http(503), timedelta(days=1)) for _ in range(MOST_ATTEMPTS + 1))
    assert tried == MOST_ATTEMPTS
    assert post.troubled() == [("stuck", "HTTP 503")]


def test_a_gateway_that_is_down_is_left_alone_and_then_tried_with_one(town, post):
    told(town)
    others(town, 9)
    assert [post.round(http(500)), post.round(http(500)), post.round(http(500))] == [4, 4, 0]
    assert post.round(http(500), timedelta(minutes=2)) == 1
    assert post.round(http(204), timedelta(minutes=9)) == 1
    assert post.round(http(204)) == 4


def test_nobody_listening_loses_nothing(town, post):
    told(town)
    post.server.stop_listening()
    assert post.round(http(204)) == 0
    with town.premises.database.read() as tx:
        assert bulletins.figures(tx).waiting == 1


def test_what_the_store_did_not_take_is_noted_first_and_nobody_is_told_twice(town, post, monkeypatch):
    told(town)
    with monkeypatch.context() as full, pytest.raises(StorageFull):
        full.setattr(town.desk.bulletins, "end", raising(StorageFull))
        post.round(http(204))
    assert post.round(http(204), timedelta(hours=1)) == 0  # though its lease is long over
    assert states(town) == [("sent", "received")]


@pytest.mark.parametrize(("broken", "error", "detail"), [
    ("connectors.gateway.Gateway.send", KeyError("何人"), "KeyError"),
    ("threading.Thread.start", RuntimeError("can't start new thread"), "not sent")])
def test_a_bulletin_that_cannot_be_brought_comes_again_and_is_not_left_to_its_lease(
        town, post, monkeypatch, broken, error, detail):
    told(town)
    with monkeypatch.context() as fails:
        fails.setattr(broken, raising(error))
        post.round(http(204))
    assert states(town) == [("due", detail)]
    assert post.round(http(204), timedelta(minutes=1)) == 1
    assert states(town) == [("sent", "received")]


def test_a_bulletin_that_does_not_open_is_a_persons_and_the_others_leave(town, post, caplog):
    told(town)
    others(town, 2)
    assert town.desk.bulletins.make(MORNING) == 3
    town.premises.database.write(lambda tx: tx.run("update bulletins set body = x'00' where subject = 's0'"))
    assert post.round(http(204)) == 2
    assert states(town) == [("sent", "received")] * 2 + [("stuck", "cannot be read: SealBroken")]
    assert caplog.text.count("a bulletin cannot leave: SealBroken at") == 1


def test_one_person_for_whom_no_bulletin_can_be_made_keeps_no_other_waiting(town, post, monkeypatch, caplog):
    told(town)
    others(town, 2)
    of = preferences.of

    def breaks(tx, subjects):
        subjects = list(subjects)
        return {}["何人"] if "s0" in subjects else of(tx, subjects)

    monkeypatch.setattr("store.telling.preferences.of", breaks)
    assert post.round(http(204)) == 2
    assert post.round(http(204)) == 0  # what the one is told waits behind all others
    assert states(town) == [("sent", "received")] * 2
    assert caplog.text.count("no bulletin is made for a person: KeyError at") == 1
    monkeypatch.undo()
    assert post.round(http(204), timedelta(minutes=11)) == 1


def raising(error):
    def met(*_):
        raise error
    return met
