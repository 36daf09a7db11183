"""What operators and engineers read of an attempt says what to do."""

from datetime import UTC, datetime

import pytest

from connectors.advice import advice, explained
from connectors.answers import NoReply, Reply, asked, meaning

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PAGE = b"<!doctype html><title>login</title>"


def of(reply, honours_keys=True):
    return meaning(reply, "leg.filed", honours_keys, NOW).detail


@pytest.mark.parametrize(("detail", "says"), [
    (of(Reply(302)), "不经过登录页"), (of(Reply(401)), "同一把密钥"), (of(Reply(403)), "防火墙或网关"),
    (of(Reply(404)), "接入清单里的地址"), (of(Reply(410)), "已停用"), (of(Reply(409)), "already_received"),
    (of(Reply(408)), "超时"), (of(Reply(429)), "Retry-After"), (of(Reply(422)), '{"detail": 原因}'),
    (of(Reply(500)), "对方看它的日志"), (of(Reply(200, "text/html", PAGE)), "登录页"),
    (of(Reply(200, "application/json", '{"ref": "电"}'.encode("gbk"))), "UTF-8"),
    (of(Reply(200, "application/json", b"{", cut=True)), "Content-Length"),
    (asked(Reply(200, "application/json", b"{}"), NOW).detail, "can_be_asked: no"),
    ("no answer: the deadline came", "马上答复"), ("not sent: ConnectionRefusedError", "启动接收程序"),
    ("not sent: SSLCertVerificationError", "证书"), ("not sent: gaierror", "域名"),
    ("not sent: TooOdd", "地址、证书和网络"),
])
def test_what_an_attempt_came_to_is_followed_by_what_to_do(detail, says):
    assert says in advice(detail)
    assert explained(detail) == f"{detail}：{advice(detail)}"


def test_the_place_of_a_fault_in_an_answer_is_kept():
    assert "第 9 个字节不是 UTF-8" in of(Reply(200, "application/json", '{"ref":"电"}'.encode("gbk")))


def test_what_a_department_says_itself_stays_as_it_is():
    refused = meaning(Reply(422, "text/plain", "面积不对".encode()), "leg.filed", True, NOW)
    assert explained(refused.reason) == "面积不对"
    assert meaning(NoReply(False, "x"), "leg.filed", True, NOW).detail == "x"
