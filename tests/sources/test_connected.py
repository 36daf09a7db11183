"""A source of the city over HTTP: what it is asked, what each answer means, and what it costs while it is down."""

import base64
import hashlib
import json
import re
from contextlib import contextmanager
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from connectors.answers import Reply
from connectors.base import Body
from connectors.signing import verify
from sources.answer import Shape, heard
from sources.connected import Connected, Place
from sources.port import Query
from sources.resting import FIRST_PAUSE, LONGEST_PAUSE, Resting
from sources.shipped import sources
from tests.connectors.raw_server import RawServer

AT = datetime(2026, 11, 30, 17, 30, tzinfo=UTC)  # in Shanghai it is the next day already
TODAY = date(2026, 12, 1)
NUMBER, SECRET, OLDER = "37020219800101991X", "whsec_" + "QUFB" * 10, "whsm3_" + "QkJC" * 10
CONSENT = {"agreed": True, "scope": {"lookups": ["licence:citizen_card"]}}
QUERY = Query("licence", "citizen_card", {"holder": NUMBER}, CONSENT, AT, "utilities", "水电气网联合报装")
FOUND = {"state": "found", "document": {"number": "示例0001", "valid_from": "2015-05-03", "valid_to": "2026-12-01"},
         "fields": {"holder_name": "示例甲", "age": 41, "Bad Code": "x", "odd": {"a": 1}}}


def reply(value, status=200, **headers):
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    return Reply(status, "application/json", content, headers=headers)


def says(value, status="200 OK", **headers):
    """What a real server says on the wire."""
    content = value if isinstance(value, bytes) else json.dumps(value).encode()
    more = "".join(f"{name.replace('_', '-')}: {one}\r\n" for name, one in headers.items())
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(content)}\r\n{more}\r\n".encode() + content


class Times:
    now = 1000.0

    def __call__(self):
        return self.now


@contextmanager
def library(talk, clock=None, **more):
    """A source that a real server answers for; it says `talk`, or does what it does."""
    server = RawServer(talk if callable(talk) else lambda peer: peer.say(talk))
    body = Body(id="library", department="", connector="rest", name="市电子证照库", networks=("127.0.0.0/8",),
                address=f"http://127.0.0.1:{server.port}/lookups",
                **{"secrets": (SECRET, OLDER), "deadline": 5.0, "answer_cap": 2_000, **more})
    source = Connected(Place("licence", body, {"citizen_card": "11-001", "*": "x"}), ZoneInfo("Asia/Shanghai"),
                       rest=Resting(clock or Times()))
    try:
        yield source, server
    finally:
        server.stop_listening()


def test_a_look_up_says_what_about_for_what_and_on_which_consent_and_is_signed_with_every_secret():
    with library(says(FOUND)) as (source, server):
        found = source.find(QUERY)
    head, _, content = server.heard[0].partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode().lower().split("\r\n")[1:])
    signatures = re.search("(?i)webhook-signature: (.*)", head.decode())[1].strip()
    for secret in (SECRET, OLDER):
        assert verify({**headers, "webhook-signature": signatures}, content, [secret], AT).startswith("lu_")
    data = json.loads(content)["data"]
    consent = json.dumps(CONSENT, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    assert data == {"request": headers["webhook-id"], "kind": "licence", "name": "11-001",
                    "about": {"holder": NUMBER}, "consent": {"digest": hashlib.sha256(consent).hexdigest()},
                    "purpose": {"bundle": "utilities", "name": "水电气网联合报装"}}
    assert (found.status, found.fields) == ("hit", {"holder_name": "示例甲", "age": "41"})
    assert found.document == {"source": "citizen_card", "by": "library", "request": headers["webhook-id"],
                              **FOUND["document"]}


def test_a_bearer_token_proves_it_as_well():
    with library(says(FOUND), secrets=(), tokens=("a-token-of-ours",)) as (source, server):
        assert source.find(QUERY).status == "hit"
    assert b"\r\nAuthorization: Bearer a-token-of-ours\r\n" in server.heard[0]
    assert b"webhook-signature" not in server.heard[0]


@pytest.mark.parametrize("query", [
    QUERY._replace(consent={}), QUERY._replace(consent={"agreed": False}), QUERY._replace(numbers={}),
    QUERY._replace(name="driving_licence")])
def test_nobody_is_asked_without_a_consent_a_number_or_a_name_that_they_know(query):
    with library(says(FOUND)) as (source, server):
        assert (source.find(query).status, server.connections) == ("failed", 0)


@pytest.mark.parametrize(("value", "status", "well"), [
    ({"state": "not_found"}, "miss", True), ({"state": "over"}, "absent", True),
    ({"state": "not_allowed"}, "failed", True), ({"state": "again"}, "failed", True),
    ({"state": "found"}, "hit", True), ({"state": "FOUND"}, "failed", False), ({}, "failed", False),
    ({"state": True}, "failed", False), ([], "failed", False), (b"<html>", "failed", False), (b"", "failed", False),
    (b'{"state":"found"', "failed", False), (b"[" * 5000, "failed", False),
    ({"state": "found", "document": {"valid_to": "2026-11-30"}}, "absent", True),
    ({"state": "found", "document": {"valid_to": "20261201"}}, "hit", True),
    ({"state": "found", "document": {"valid_from": "2026年12月2日"}}, "miss", True),
    ({"state": "found", "document": {"valid_to": "长期", "valid_from": "2026/1/2"}}, "hit", True),
    ({"state": "found", "document": {"valid_to": "2026-02-30"}}, "failed", True),
    ({"state": "found", "document": {"valid_to": "soon"}}, "failed", True),
    ({"state": "found", "document": ["no object"]}, "hit", True),
])
def test_each_answer_has_one_meaning_and_none_is_an_exception(value, status, well):
    made = heard(reply(value), Shape(), AT, TODAY)
    assert (made.found.status, made.well, made.found.why == "") == (status, well, status == "hit")


@pytest.mark.parametrize(("status", "value", "meant", "well"), [
    (404, {"state": "not_found"}, "miss", True), (404, b"Not Found", "failed", False),
    (403, {"state": "not_allowed"}, "failed", True), (403, {}, "failed", False), (401, {}, "failed", False),
    (302, {"state": "found"}, "failed", False), (500, {"state": "found"}, "failed", False), (503, {}, "failed", False),
])
def test_a_status_of_http_counts_before_what_its_page_says(status, value, meant, well):
    made = heard(reply(value, status), Shape(), AT, TODAY)
    assert (made.found.status, made.well) == (meant, well)


def test_an_answer_of_a_platform_that_stands_is_read_by_its_mapping():
    shape = Shape(state="head.code", words={"found": frozenset({"0", "200"}), "not_found": frozenset({"404"})},
                  about={"number": "data.0.certNo", "valid_to": "data.0.end"}, fields={"holder_name": "data.0.owner"})
    value = {"head": {"code": 200}, "data": [{"certNo": 7, "end": "20301231", "owner": "示例甲"}], "state": "not_found"}
    found = heard(reply(value), shape, AT, TODAY).found
    assert (found.document, found.fields) == ({"number": "7", "valid_to": "2030-12-31"}, {"holder_name": "示例甲"})
    assert heard(reply({"head": {"code": "404"}}), shape, AT, TODAY).found.status == "miss"
    assert heard(reply({"head": {"code": "500"}}), shape, AT, TODAY).well is False
    assert heard(reply({"head": {"code": 0}, "data": []}), shape, AT, TODAY).found.document == {}


DOWN = {
    "500": says({"state": "found"}, "500 Oops"), "no json": says(b"<html>\xff"),
    "signature refused": says({"code": "signature_wrong"}, "401 Unauthorized"),
    "too large": says({**FOUND, "more": "x" * 3_000}), "cut": says(FOUND)[:-5],
    "nothing": b"", "no http": b"SSH-2.0\r\n\r\n",
    "chunks that never end": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{\"sta\r\n",
}


@pytest.mark.parametrize("talk", DOWN.values(), ids=DOWN)
def test_whatever_a_server_does_is_an_answer_and_the_log_knows_nobody(talk, caplog):
    with library(talk, deadline=1.0) as (source, _):
        assert {source.find(QUERY).status for _ in range(3)} == {"failed"}
    assert "source library is left alone for 15 seconds" in caplog.text
    assert NUMBER not in caplog.text and SECRET not in caplog.text and "示例" not in caplog.text


def test_a_slow_one_costs_its_deadline_a_few_times_and_then_nothing_until_one_caller_has_tried_it():
    clock, waiting = Times(), [True]

    def talk(peer):
        if waiting[0]:
            peer.wait_until_closed()
        else:
            peer.say(says(FOUND))

    with library(talk, clock, deadline=0.2) as (source, server):
        assert [source.find(QUERY).status for _ in range(5)] == ["failed"] * 5
        assert (server.connections, source.resting()) == (3, ("市电子证照库",))
        clock.now += FIRST_PAUSE
        assert [source.find(QUERY).status for _ in range(3)] == ["failed"] * 3
        assert server.connections == 4  # one of them has tried
        clock.now += FIRST_PAUSE
        assert (source.find(QUERY).status, server.connections) == ("failed", 4)  # it rests for longer now
        clock.now += FIRST_PAUSE
        waiting[0] = False
        assert (source.find(QUERY).status, server.connections, source.resting()) == ("hit", 5, ())


def test_one_that_asks_to_come_again_later_is_not_asked_before():
    clock = Times()
    with library(says({}, "429 Slow", Retry_After="40"), clock) as (source, server):
        assert [source.find(QUERY).status for _ in range(3)] == ["failed"] * 3
        assert server.connections == 1
        clock.now += 39
        assert (source.find(QUERY).status, server.connections) == ("failed", 1)
        clock.now += 1
        assert (source.find(QUERY).status, server.connections) == ("failed", 2)


def test_one_that_says_come_at_once_and_never_answers_is_left_alone_like_any_that_is_down():
    with library(says({}, "503 Busy", Retry_After="0")) as (source, server):
        assert [source.find(QUERY).status for _ in range(5)] == ["failed"] * 5
        assert (server.connections, source.resting()) == (3, ("市电子证照库",))


def test_one_record_that_cannot_be_read_is_in_the_log_and_lets_nobody_else_wait(caplog):
    with library(says({"state": "found", "document": {"number": NUMBER, "valid_to": "示例"}})) as (source, server):
        assert [source.find(QUERY).status for _ in range(5)] == ["failed"] * 5
        assert (len(server.heard), source.resting()) == (5, ())
    assert caplog.text.count("source library: one record cannot be used: a day that cannot be read") == 5
    assert NUMBER not in caplog.text and "示例" not in caplog.text


def test_many_that_fail_together_let_it_rest_once():
    rest = Resting(Times())
    assert all(rest.may_ask() for _ in range(8))
    assert [rest.failed() for _ in range(8)] == [None, None, FIRST_PAUSE] + [None] * 5
    assert rest.failed(10_000) is None and Resting(Times()).failed(10_000) == LONGEST_PAUSE


def test_what_is_named_goes_before_all_and_the_sample_records_fill_the_rest_in_a_demo():
    zone = ZoneInfo("Asia/Shanghai")
    every, one = (Connected(Place("licence", Body(name, "", "rest"), names), zone)
                  for name, names in (("every", None), ("one", {"citizen_card": "11"})))
    board = sources(demonstrates=False, city=[every, one])
    assert board._source("licence", "citizen_card") is one and board._source("licence", "anything") is every
    assert (board.connected("sharing", "any"), board.waits("licence"), board.waits("sharing")) == (False, True, False)
    demo = sources(demonstrates=True, city=[one])
    assert demo.connected("sharing", "any") and demo.find(QUERY._replace(name="none")).status == "failed"


def test_a_secret_is_never_shown():
    token = base64.b64encode(b"token").decode()
    place = Place("licence", Body("a", "", "rest", secrets=(SECRET,), tokens=(token,)))
    assert SECRET not in repr(place) and token not in repr(place)
