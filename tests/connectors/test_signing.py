"""Signatures in both directions, against our own rules and against the published package."""

import base64
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks.webhooks import Webhook

from connectors.signing import BadSecret, BadSignature, headers_for, secret_bytes, verify
from store.algorithms import sm3

OLD = "whsec_" + base64.b64encode(b"o" * 32).decode()
NEW = "whsec_" + base64.b64encode(b"n" * 32).decode()
STATE = "whsm3_" + base64.b64encode(b"s" * 32).decode()
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
BODY = b'{"type":"leg.granted"}'


def test_a_signed_message_is_verified_and_gives_its_id() -> None:
    assert verify(headers_for("m1", NOW, BODY, [NEW]), BODY, [NEW], NOW) == "m1"


def test_bytes_that_are_no_text_can_be_signed_too() -> None:
    pdf = b"%PDF-1.7\n\xff\xfe\x00"
    assert verify(headers_for("m1", NOW, pdf, [NEW]), pdf, [NEW], NOW) == "m1"


def test_two_live_secrets_overlap_while_they_are_changed() -> None:
    both = headers_for("m1", NOW, BODY, [NEW, OLD])
    assert verify(both, BODY, [OLD], NOW) == verify(both, BODY, [NEW], NOW) == "m1"
    assert both["webhook-signature"].count("v1,") == 2
    with pytest.raises(BadSignature):
        verify(headers_for("m1", NOW, BODY, [OLD]), BODY, [NEW], NOW)


def test_a_secret_of_the_other_kind_signs_with_sm3_and_may_replace_one_of_the_first() -> None:
    signed = headers_for("m1", NOW, BODY, [STATE])
    key, said = b"s" * 32, f"m1.{NOW.timestamp():.0f}.".encode() + BODY
    inner = sm3(bytes(each ^ 0x36 for each in key.ljust(64, b"\0")) + said)
    outer = sm3(bytes(each ^ 0x5c for each in key.ljust(64, b"\0")) + bytes.fromhex(inner))
    assert signed["webhook-signature"] == f"v1sm3,{base64.b64encode(bytes.fromhex(outer)).decode()}"
    assert verify(signed, BODY, [STATE], NOW) == "m1"
    both = headers_for("m1", NOW, BODY, [STATE, NEW])
    assert verify(both, BODY, [NEW], NOW) == verify(both, BODY, [STATE], NOW) == "m1"


@pytest.mark.parametrize(("signs", "takes"), [(STATE, "whsec_"), (NEW, "whsm3_")])
def test_a_secret_takes_no_signature_of_the_other_kind(signs: str, takes: str) -> None:
    same_key = takes + signs.split("_", 1)[1]
    with pytest.raises(BadSignature):
        verify(headers_for("m1", NOW, BODY, [signs]), BODY, [same_key], NOW)
    passed_off = headers_for("m1", NOW, BODY, [signs])
    name = {"whsec_": "v1", "whsm3_": "v1sm3"}[takes]
    passed_off["webhook-signature"] = f"{name},{passed_off['webhook-signature'].split(',')[1]}"
    with pytest.raises(BadSignature):
        verify(passed_off, BODY, [signs], NOW)


@pytest.mark.parametrize(("change", "code"), [
    ({"webhook-id": ""}, "signature_missing"),
    ({"webhook-id": "m2"}, "signature_wrong"),
    ({"webhook-timestamp": ""}, "signature_missing"),
    ({"webhook-timestamp": "soon"}, "signature_window"),
    ({"webhook-timestamp": "1e9"}, "signature_window"),
    ({"webhook-timestamp": "-5"}, "signature_window"),
    ({"webhook-timestamp": "9" * 400}, "signature_window"),
    ({"webhook-timestamp": "١٢٣"}, "signature_window"),
    ({"webhook-signature": ""}, "signature_missing"),
    ({"webhook-signature": "v1,"}, "signature_wrong"),
    ({"webhook-signature": "v0,AAAA"}, "signature_wrong"),
    ({"webhook-signature": "v1,!!!!"}, "signature_wrong"),
    ({"webhook-signature": "nonsense"}, "signature_wrong"),
    ({"webhook-signature": "v1,AAAA v1,BBBB"}, "signature_wrong"),
    ({"webhook-signature": "v1," + base64.b64encode(b"x" * 32).decode()}, "signature_wrong"),
])
def test_every_malformed_or_forged_header_is_refused(change: dict[str, str], code: str) -> None:
    with pytest.raises(BadSignature) as caught:
        verify(headers_for("m1", NOW, BODY, [NEW]) | change, BODY, [NEW], NOW)
    assert caught.value.code == code
    if code == "signature_missing":
        assert f"缺少 {next(iter(change))}：" in str(caught.value)


def test_milliseconds_are_called_by_their_name() -> None:
    said = {}
    for written in (f"{NOW.timestamp() * 1000:.0f}", f"{NOW.timestamp():.3f}"):
        with pytest.raises(BadSignature) as caught:
            verify(headers_for("m1", NOW, BODY, [NEW]) | {"webhook-timestamp": written}, BODY, [NEW], NOW)
        said[written] = str(caught.value)
    assert ["毫秒" in words for words in said.values()] == [True, False]
    assert all("秒数" in words for words in said.values())


@pytest.mark.parametrize(("shift", "accepted"), [(-301, False), (-299, True), (299, True), (301, False)])
def test_the_window_is_five_minutes_each_way(shift: int, accepted: bool) -> None:
    headers = headers_for("m1", NOW + timedelta(seconds=shift), BODY, [NEW])
    if accepted:
        assert verify(headers, BODY, [NEW], NOW) == "m1"
    else:
        with pytest.raises(BadSignature, match="5 分钟"):
            verify(headers, BODY, [NEW], NOW)


def test_a_changed_body_is_refused() -> None:
    with pytest.raises(BadSignature):
        verify(headers_for("m1", NOW, BODY, [NEW]), BODY + b" ", [NEW], NOW)


def test_no_secret_verifies_nothing() -> None:
    with pytest.raises(BadSignature):
        verify(headers_for("m1", NOW, BODY, [NEW]), BODY, [], NOW)


def test_the_published_package_and_ours_understand_each_other() -> None:
    now = datetime.now(UTC)
    text = '{"名称": "示例"}'
    assert Webhook(NEW).verify(text.encode(), headers_for("m1", now, text.encode(), [OLD, NEW])) == {"名称": "示例"}
    theirs = {
        "webhook-id": "m2", "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": Webhook(NEW).sign("m2", now, text)}
    assert verify(theirs, text.encode(), [NEW], now) == "m2"


SHORT = "whsec_" + base64.b64encode(b"short").decode()


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_%%%", "whsm3_", SHORT, "x" * 200])
def test_a_secret_of_another_shape_is_refused_without_being_repeated(secret: str) -> None:
    with pytest.raises(BadSecret) as caught:
        secret_bytes(secret)
    assert not secret or secret not in str(caught.value)
