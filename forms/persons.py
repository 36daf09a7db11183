"""The numbers by which a person is known, each by the rule of the paper that it stands on.

GB 11643 (identity card; the residence cards of Hong Kong, Macao and Taiwan and the permanent residence card of
foreigners since 2023 have the same 18 signs and check digit); ICAO Doc 9303 (passport: letters and digits, of no common
length); 港澳居民来往内地通行证: H or M and 8 digits, on cards of before 2013 two more for the number of issues, since
2024 A and 7 digits for those who are no Chinese citizens; 台湾居民来往大陆通行证: 8 digits, before 2015 10;
永久居留身份证 of before 2023: three letters of the country and 12 digits.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from operator import mul
from typing import Final

from catalog.papers import (
    FOREIGN_RESIDENT,
    HK_MACAO_PERMIT,
    ID_CARD,
    MARK,
    PASSPORT,
    TAIWAN_PERMIT,
    name_of,
    of_kind,
)

_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS: Final = "10X98765432"
_ID_SHAPE: Final = re.compile(r"\d{17}[\dX]", re.ASCII)
_OTHER: Final = re.compile(r"[A-Z]{1,2}\d{6,10}|[A-Z]{3}\d{12}", re.ASCII)  # as on a passport, a permit, an old card
_SPACES: Final = re.compile(r"[\s-]+")
_SHAPES: Final[Mapping[str, tuple[re.Pattern[str], str]]] = {
    PASSPORT: (re.compile(r"(?=.*\d)[A-Z0-9]{5,20}", re.ASCII),
               "护照号码不对：应为 5 到 20 位字母和数字，请照护照资料页右上角填写"),
    HK_MACAO_PERMIT: (re.compile(r"[HM](?:A\d{7}|\d{8}(?:\d{2})?)", re.ASCII),
                      "港澳居民来往内地通行证号码不对：应为 H 或 M 加 8 位数字（旧证 10 位），"
                      "非中国籍的是 HA 或 MA 加 7 位数字"),
    TAIWAN_PERMIT: (re.compile(r"\d{8}|\d{10}", re.ASCII),
                    "台湾居民来往大陆通行证号码不对：应为 8 位数字（旧证 10 位）"),
    FOREIGN_RESIDENT: (re.compile(r"[A-Z]{3}\d{12}", re.ASCII),
                       "永久居留证件号码不对：旧证应为 3 个字母加 12 位数字；2023 年起的新证是 18 位，"
                       "证件种类请选居民身份证"),
}
_ANY_OTHER: Final = (re.compile(r"[0-9A-Z\u4e00-\u9fff]{4,30}"), "证件号码不对：应为 4 到 30 个字母、数字或汉字")


class BadFormat(ValueError):
    """The text is not of the wanted format; the message says in Chinese what is wrong."""


def person_number(text: str, kinds: Mapping[str, str]) -> str:
    """The clean form of a number, its kind of paper before it where it is no identity card's; `kinds` are those that
    are taken, with their names, none for the identity card alone. `text` is folded by NFKC. Raises `BadFormat`.

    An identity card's number is one on whatever paper it is said to stand: the permanent residence card has the same
    name with and without it, and nobody gets past a comparison of two numbers by calling one a passport's."""
    said, mark, number = text.partition(MARK)
    if not kinds or not mark:
        return _bare(text, kinds)
    kind = _kind_of(said.strip(), kinds)
    if kind == ID_CARD:
        return id_card(number)
    return _bare(number, kinds) if _read_as_card(number) else of_kind(kind, _of_other(kind, number))


def _read_as_card(text: str) -> str | None:
    """The number of an identity card, check digit and all; None for anything else."""
    try:
        return id_card(text)
    except BadFormat:
        return None


def _kind_of(said: str, kinds: Mapping[str, str]) -> str:
    """A kind by its code or its name, as people and programs write it."""
    known = {**{name: kind for kind, name in kinds.items()}, **{kind: kind for kind in kinds}}
    kind = known.get(said) or known.get(said.lower())
    if kind is None:
        raise BadFormat(f"这里不能用{name_of(said[:20])}；可以用的：{'、'.join(kinds.values())}")
    return kind


def _bare(text: str, kinds: Mapping[str, str]) -> str:
    """A number that does not say of which paper it is: of the only one that is taken, or of an identity card."""
    others = [kind for kind in kinds if kind != ID_CARD]
    if not others:
        return id_card(text)
    names, card = "、".join(kinds[kind] for kind in others), _read_as_card(text)
    if card is not None and ID_CARD in kinds:
        return card
    if card is not None:
        raise BadFormat(f"这是 18 位的身份证号，这里要填的是：{names}")
    if len(kinds) == 1:
        return of_kind(others[0], _of_other(others[0], text))
    if ID_CARD in kinds and _ID_SHAPE.fullmatch(_plain(text)):
        return id_card(text)  # which says what is wrong with it
    raise BadFormat(f"号码不是 18 位的身份证号；用别的证件的，请先选是哪一种：{names}")


def _of_other(kind: str, number: str) -> str:
    shape, says = _SHAPES.get(kind, _ANY_OTHER)
    plain = _plain(number)
    if not shape.fullmatch(plain):
        raise BadFormat(says)
    return plain


def _plain(text: str) -> str:
    return _SPACES.sub("", text).upper()


def id_card(text: str) -> str:
    """The 18 signs of an identity card, as they stand on it; `BadFormat`."""
    number = _plain(text)
    if _OTHER.fullmatch(number):
        raise BadFormat("这里要填 18 位的身份证号；外国人永久居留身份证、港澳台居民居住证也是 18 位，一样填。"
                        "只有护照、通行证的，请到政务服务大厅综合窗口办理")
    if not _ID_SHAPE.fullmatch(number):
        raise BadFormat("证件号码不对：应为 18 位，最后一位是数字或 X")
    total = sum(map(mul, map(int, number[:17]), _WEIGHTS))
    if _CHECKS[total % 11] != number[17]:
        raise BadFormat("证件号码的校验码不对，请对照证件核对每一位")
    try:
        born = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        raise BadFormat("证件号码中的出生日期不存在，请对照证件核对") from None
    if born.year < 1850:
        raise BadFormat("证件号码中的出生日期不对，请对照证件核对")
    return number
