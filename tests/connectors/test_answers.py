"""The answer table of contract 3.2, row by row."""

from datetime import UTC, datetime

import pytest

from connectors.answers import NoReply, Reply, asked, meaning, retry_after

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
JSON = "application/json"
HTML = b"<!doctype html><title>login</title>"

# status, content type, body, type of message, honours keys → kind, ref, state, reason, strange
ROWS = [
    (200, JSON, b"", "leg.filed", True, "received", None, None, "", ""),
    (204, "", b"", "leg.filed", False, "received", None, None, "", ""),
    (200, JSON, b"{}", "leg.filed", True, "received", None, None, "", ""),
    (200, JSON, b"[]", "leg.filed", True, "received", None, None, "", ""),
    (200, JSON, b'"ok"', "leg.filed", True, "received", None, None, "", ""),
    (201, JSON, b'{"ref": "A-1"}', "leg.filed", True, "received", "A-1", None, "", ""),
    (202, JSON, b'{"ref": "A-1", "state": "accepted"}', "leg.filed", True, "received", "A-1", "accepted", "", ""),
    (200, JSON, b'{"state": "refused", "reason": "x"}', "leg.filed", True, "received", None, "refused", "", ""),
    (200, JSON, b'{"state": "in_review"}', "leg.filed", True, "received", None, None, "", "unknown_state"),
    (200, JSON, b'{"state": 7}', "leg.filed", True, "received", None, None, "", "unknown_state"),
    (200, JSON, b'{"ref": 7}', "leg.filed", True, "received", "7", None, "", ""),
    (200, JSON, b'{"ref": {}}', "leg.filed", True, "received", None, None, "", "bad_ref"),
    (200, JSON, b'{"ref": true}', "leg.filed", True, "received", None, None, "", "bad_ref"),
    (200, JSON, b'\xef\xbb\xbf{"ref": "A-1"}', "leg.filed", True, "received", "A-1", None, "", ""),
    (200, JSON, b'{"ref": "A', "leg.filed", True, "unknown", None, None, "", ""),
    (200, JSON, b'{"ref": "A", "ref": "B"}', "leg.filed", True, "unknown", None, None, "", ""),
    (200, JSON, b'{"n": NaN}', "leg.filed", True, "unknown", None, None, "", ""),
    (200, JSON, b'{"t": "\\ud800"}', "leg.filed", True, "unknown", None, None, "", ""),
    (200, JSON, b"[" * 5000 + b"]" * 5000, "leg.filed", True, "unknown", None, None, "", ""),
    (200, "text/html", HTML, "leg.filed", True, "unknown", None, None, "", ""),
    (200, JSON, HTML, "leg.filed", False, "unknown", None, None, "", ""),
    (200, "text/plain", "成功".encode("gbk"), "leg.filed", True, "unknown", None, None, "", ""),
    (409, JSON, b'{"ref": "A-1"}', "leg.filed", True, "received", "A-1", None, "", ""),
    (409, JSON, b'{"code": "already_received"}', "leg.filed", False, "received", None, None, "", ""),
    (409, JSON, b'{"code": "busy"}', "leg.filed", True, "unknown", None, None, "", ""),
    (409, "text/html", HTML, "leg.filed", True, "unknown", None, None, "", ""),
    (408, "", b"", "leg.filed", True, "again", None, None, "", ""),
    (425, "", b"", "leg.filed", False, "unknown", None, None, "", ""),
    (429, "", b"", "leg.filed", True, "again", None, None, "", ""),
    (500, "text/html", HTML, "leg.filed", True, "again", None, None, "", ""),
    (502, "", b"", "leg.filed", False, "unknown", None, None, "", ""),
    (503, "", b"", "leg.urged", True, "again", None, None, "", ""),
    (599, "", b"", "leg.filed", True, "again", None, None, "", ""),
    (301, "", b"", "leg.filed", True, "setup", None, None, "", ""),
    (307, "", b"", "leg.supplemented", True, "setup", None, None, "", ""),
    (401, "", b"", "leg.withdrawn", True, "setup", None, None, "", ""),
    (403, "", b"", "leg.filed", True, "setup", None, None, "", ""),
    (404, "", b"", "leg.filed", False, "setup", None, None, "", ""),
    (410, "", b"", "leg.filed", True, "setup", None, None, "", ""),
    (404, JSON, '{"reason": "查无此件"}'.encode(), "leg.supplemented", True, "refused", None, None, "查无此件", ""),
    (410, "", b"", "leg.urged", True, "refused", None, None, "", ""),
    (400, JSON, '{"detail": "缺少字段"}'.encode(), "leg.filed", True, "refused", None, None, "缺少字段", ""),
    (422, "text/plain", "面积不对".encode(), "leg.filed", True, "refused", None, None, "面积不对", ""),
    (422, "text/plain", "面积不对".encode("gbk"), "leg.filed", True, "refused", None, None, "面积不对", ""),
    (413, "text/html", HTML, "leg.filed", True, "refused", None, None, "", ""),
    (101, "", b"", "leg.filed", True, "unknown", None, None, "", ""),
    (999, "", b"", "leg.filed", True, "unknown", None, None, "", ""),
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row[0]}-{row[1]}-{row[2][:20]!r}-{row[3]}")
def test_every_answer_of_a_department_has_its_meaning(row: tuple[object, ...]) -> None:
    status, content_type, body, type_, honours, kind, ref, state, reason, strange = row
    answer = meaning(Reply(status, content_type, body), type_, honours, NOW)  # type: ignore[arg-type]
    assert (answer.kind, answer.ref, answer.state, answer.reason, answer.strange) == (kind, ref, state, reason, strange)


@pytest.mark.parametrize(("sent", "honours", "kind"), [
    (False, True, "again"), (False, False, "again"), (True, True, "again"), (True, False, "unknown"),
])
def test_a_call_without_an_answer_is_repeated_only_where_that_is_safe(sent: bool, honours: bool, kind: str) -> None:
    answer = meaning(NoReply(sent, "reset"), "leg.filed", honours, NOW)
    assert (answer.kind, answer.sent) == (kind, sent)


def test_a_cut_success_is_an_unknown_outcome_and_a_cut_refusal_still_a_refusal() -> None:
    assert meaning(Reply(200, JSON, b'{"ref": "A"}', cut=True), "leg.filed", True, NOW).kind == "unknown"
    assert meaning(Reply(400, JSON, b'{"reason": "A"', cut=True), "leg.filed", True, NOW).kind == "refused"


def test_the_data_of_an_immediate_state_comes_along_flat_or_nested() -> None:
    flat = meaning(Reply(200, JSON, b'{"state":"refused","code":"R1","reason":"no"}'), "leg.filed", True, NOW)
    inner = b'{"state":"refused","data":{"code":"R1","reason":"no"}}'
    nested = meaning(Reply(200, JSON, inner), "leg.filed", True, NOW)
    assert flat.data == nested.data == {"code": "R1", "reason": "no"}


@pytest.mark.parametrize(("header", "seconds"), [
    ("3600", 3600.0), ("0", 0.0), ("-1", None), ("abc", None), ("", None), ("1000000000", 43_200.0), ("1.5", None),
    ("Mon, 02 Mar 2026 09:10:00 GMT", 600.0), ("Mon, 02 Mar 2026 08:00:00 GMT", 0.0),
    ("Mon, 02 Mar 2036 09:10:00 GMT", 43_200.0), ("٣", None),
])
def test_retry_after_is_obeyed_capped_and_ignored_when_senseless(header: str, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds


@pytest.mark.parametrize(("status", "body", "kind", "state"), [
    (200, b'{"ref": "A", "state": "in_review"}', "received", "in_review"),
    (200, b"{}", "unknown", None), (200, HTML, "unknown", None), (404, b"", "absent", None),
    (410, b"", "again", None), (401, b"", "setup", None), (302, b"", "setup", None), (503, b"", "again", None),
])
def test_a_query_tells_found_from_absent_from_not_answered(
    status: int, body: bytes, kind: str, state: str | None,
) -> None:
    answer = asked(Reply(status, JSON, body), NOW)
    assert (answer.kind, answer.state) == (kind, state)
