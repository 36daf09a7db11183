"""The strict JSON loader: what other readers would take in two ways is refused with its place."""

from random import Random

import pytest

from connectors.strict_json import FOREIGN, LARGEST_INTEGER, STRICT, BadJson, load

GOOD = [
    (b"{}", {}), (b"[]", []), (b"null", None), (b'"\\ud83d\\ude00"', "😀"), (b"1.5", 1.5), (b"-0", 0),
    ('{"姓名":"阿卜杜拉·艾合买提𠮷"}'.encode(), {"姓名": "阿卜杜拉·艾合买提𠮷"}),
    (b'"line\\nbreak\\ttab"', "line\nbreak\ttab"), (str(LARGEST_INTEGER).encode(), LARGEST_INTEGER),
    (b'"[[[[{{{{\\"[["', '[[[[{{{{"[['), (b"[" * 40 + b"]" * 40, None),
]
BAD = [
    (b"", "内容是空的"), (b" \r\n", "内容是空的"), (b"<a/>", "XML"),
    (b"{", "不是正确的 JSON"), (b"'a'", "不是正确的 JSON"), (b"{} {}", "不是正确的 JSON"),
    (b"\xef\xbb\xbf{}", "BOM"), ('{"a":1}'.encode("utf-16"), "UTF-8"), (b'"\xff"', "UTF-8"),
    (b"[" * 5_000, "嵌套"), (b'{"a":' * 5_000, "嵌套"), (b"[" * 41 + b"]" * 41, "嵌套"),
    (b'{"a":{"b":NaN}}', "a → b：NaN"), (b'{"a":[1,Infinity]}', "a → 第2项"), (b'{"a":-Infinity}', "a："),
    (b'{"a":1e400}', "a：数太大"), (b'{"a":1e30}', "a：数太大"), (b'{"a":9007199254740993}', "a：数太大"),
    (b'{"a":-9223372036854775809}', "a：数太大"), (b'{"a":' + b"9" * 6_000 + b"}", "a：数太大"),
    (b'{"f":{"a":1,"a":2}}', "f → a：同一个名称"), (b'{"a":"\\ud800"}', "a：含有残缺的字符"),
    (b'{"\\udfff":1}', "残缺的字符"), (b'{"a":"x\\u0000y"}', "a：含有不可见的控制字符"),
    (b'{"a":"\\u001b"}', "控制字符"),
    (b'{"a":"\\ufffe"}', "控制字符"), (b'"a\nb"', "不是正确的 JSON"),
]


@pytest.mark.parametrize(("raw", "value"), GOOD)
def test_good_json_is_read_as_it_stands(raw, value):
    assert load(raw) == value or value is None


@pytest.mark.parametrize(("raw", "says"), BAD)
def test_bad_json_is_refused_with_its_place(raw, says):
    with pytest.raises(BadJson) as refused:
        load(raw)
    assert says in str(refused.value)
    str(refused.value).encode()


@pytest.mark.parametrize("raw", [b'\\"' * 400_000, b'"' + b'\\"' * 400_000, b'"\\' * 400_000, b'"' * 999_999])
def test_quotes_that_never_close_cost_one_pass(raw):
    with pytest.raises(BadJson):
        load(raw)


def test_a_row_number_of_64_bits_in_a_departments_answer_is_taken_and_is_refused_where_we_store_numbers():
    raw = b'{"ref": "A-1", "id": 9223372036854775807, "mark": "\\u000b"}'
    assert load(raw, FOREIGN) == {"ref": "A-1", "id": 2**63 - 1, "mark": "\x0b"}
    with pytest.raises(BadJson):
        load(raw)


@pytest.mark.parametrize(("raw", "says"), [
    (b"[" * 65 + b"]" * 65, "64"), (b'{"a":NaN}', "NaN"), (b'{"a":1e400}', "数太大"),
    (b'{"a":18446744073709551616}', "数太大"), (b'{"a":1,"a":2}', "同一个名称"), (b'{"a":"\\ud800"}', "残缺"),
    (b'{"a":"\\u0000"}', "控制字符"),
])
def test_what_no_store_can_keep_is_refused_from_departments_too(raw, says):
    with pytest.raises(BadJson, match=says):
        load(raw, FOREIGN)


LEAVES = (
    '"a"', '"中文"', '""', "1", "-0", "0.5", "1e5", "1e15", "1e16", "1e400", "1E-7", "999999999999999",
    "1000000000000000", "9007199254740993", "18446744073709551616", "9" * 50, "true", "null", "NaN", "01", '"\x7f"',
    '"\uffff"')
NAMES = ('"a"', '"b"', '":"', '"d,"', "c")


def text_of(dice: Random, depth: int = 0) -> str:
    """Some text that is mostly JSON."""
    kind, gap = dice.random(), dice.choice(("", " ", "\n"))
    if depth > 3 or kind < 0.5:
        return dice.choice(LEAVES)
    inner = [f"{gap}{text_of(dice, depth + 1)}" for _ in range(dice.randrange(4))]
    if kind < 0.7:
        return f"[{','.join(inner)}]"
    return "{" + ",".join(f"{dice.choice(NAMES)}{gap}:{value}" for value in inner) + "}"


def read(raw, strictness):
    """What is read, in a form that tells 1 from 1.0, or that it is refused."""
    try:
        return repr(load(raw, strictness))
    except BadJson:
        return None


def test_what_is_read_at_a_glance_is_what_is_read_with_care():
    dice = Random(7)
    taken = 0
    for _ in range(20_000):
        raw, strictness = text_of(dice).encode(), dice.choice((STRICT, FOREIGN))
        glance, careful = read(raw, strictness), read(b'["\\u0041",' + raw + b"]", strictness)  # an escape wants care
        assert careful == (glance and f"['A', {glance}]"), raw
        taken += glance is not None
    assert 2_000 < taken < 18_000
