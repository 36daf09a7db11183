"""Codes of authenticator apps by the published vectors, and which passwords are taken."""

import base64
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from people import totp
from people.factors import digits
from people.password_rules import fault

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()
NOW = datetime(2026, 11, 23, 1, tzinfo=UTC)


@pytest.mark.parametrize(("seconds", "code"), [  # RFC 6238, appendix B, the last six of its eight digits
    (59, "287082"), (1111111109, "081804"), (1111111111, "050471"), (1234567890, "005924"), (2000000000, "279037"),
    (20000000000, "353130"),
])
def test_a_code_is_what_the_rfc_says_at_its_moments(seconds, code):
    at = datetime.fromtimestamp(seconds, UTC)
    assert totp.code_of(RFC_SECRET, totp.step_at(at)) == code
    assert totp.step_of(RFC_SECRET, code, at) == seconds // 30


@pytest.mark.parametrize("count, code", list(enumerate(  # RFC 4226, appendix D
    ["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"])))
def test_a_code_is_what_the_rfc_says_at_its_counts(count, code):
    assert totp.code_of(RFC_SECRET, count) == code


@pytest.mark.parametrize(("steps", "fits"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_telephone_may_be_wrong_by_one_step_either_way(steps, fits):
    code = totp.code_of(RFC_SECRET, totp.step_at(NOW + steps * timedelta(seconds=30)))
    assert (totp.step_of(RFC_SECRET, code, NOW) is not None) is fits


@pytest.mark.parametrize("odd", ["", "12345", "1234567", "abcdef", "\ud800", "１２３４５６７"])
def test_what_is_no_code_is_of_no_step(odd):
    assert totp.step_of(RFC_SECRET, digits(odd), NOW) is None


def test_digits_may_be_grouped_and_typed_in_any_width():
    assert digits(" 123 456 ") == digits("１２３-４５６") == "123456"


def test_the_picture_says_what_an_app_has_to_know():
    secret = totp.new_secret()
    parts = urlsplit(totp.address(secret, "李/一?", "一件事"))
    assert (parts.scheme, parts.netloc, unquote(parts.path)) == ("otpauth", "totp", "/一件事:李/一?")
    assert {name: value for name, (value,) in parse_qs(parts.query).items()} == {
        "secret": secret, "issuer": "一件事", "algorithm": "SHA1", "digits": "6", "period": "30"}
    assert len(base64.b32decode(secret)) == 20 and secret != totp.new_secret()


@pytest.mark.parametrize(("password", "login", "word"), [
    ("短" * 11, "li", "至少 12 个字符"), ("x" * 257, "li", "不超过 256"), ("ababababababab", "li", "不同的字符太少"),
    ("123456789012", "li", "容易被猜到"), ("Password@2026", "li", "容易被猜到"), ("Admin@123456", "li", "容易被猜到"),
    ("1qaz2wsx3edc!", "li", "容易被猜到"), ("woaini5201314", "li", "容易被猜到"),
    ("zhangsanfeng1", "ZhangSanFeng", "容易被猜到"),
    ("lilililili-2026xq", "li", ""), ("一句只有我自己知道的话呀", "li", ""), ("correct horse battery staple", "li", ""),
    ("Tq8#mwLp02vZ", "", ""),
])
def test_a_password_is_long_and_more_than_the_login_and_what_everybody_tries(password, login, word):
    said = fault(password, login)
    assert word in said and bool(said) is bool(word)
