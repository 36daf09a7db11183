"""The numbers by which a person is known, each by the rule of the paper that it stands on.

GB 11643 (identity card; the residence cards of Hong Kong, Macao and Taiwan and the permanent residence card of
foreigners since 2023 have the same 18 signs and check digit); ICAO Doc 9303 (passport: letters and digits, of no common
length); H or M and 8 digits, 10 on cards of before 2013 with the number of issues (港澳居民来往内地通行证); 8 digits,
10 before 2015 (台湾居民来往大陆通行证); three letters of the country and 12 digits (永久居留身份证 of before 2023).
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
    HK_MACAO_PERMIT: (re.compile(r"[HM](?:\d{8}|\d{10})", re.ASCII),
                      "港澳居民来往内地通行证号码不对：应为 H 或 M 加 8 位数字（旧证 10 位）"),
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
    are taken, with their names, none for the identity card alone. `text` is folded by NFKC. Raises `BadFormat`."""
    kind, mark, number = text.partition(MARK)
    if not kinds or not mark:
        return _bare(text, kinds)
    kind = kind.strip()
    if kind not in kinds:
        raise BadFormat(f"这里不能用这种证件（{kind[:20]}）；可以用的：{'、'.join(kinds.values())}")
    return id_card(number) if kind == ID_CARD else of_kind(kind, _of_other(kind, number))


def _bare(text: str, kinds: Mapping[str, str]) -> str:
    """A number that does not say of which paper it is."""
    others = [name for kind, name in kinds.items() if kind != ID_CARD]
    if others and (ID_CARD not in kinds or not _ID_SHAPE.fullmatch(_SPACES.sub("", text).upper())):
        raise BadFormat("号码不是 18 位的身份证号；用别的证件的，请先选是哪一种：" + "、".join(others))
    return id_card(text)


def _of_other(kind: str, number: str) -> str:
    shape, says = _SHAPES.get(kind, _ANY_OTHER)
    plain = _SPACES.sub("", number).upper()
    if not shape.fullmatch(plain):
        raise BadFormat(says)
    return plain


def id_card(text: str) -> str:
    """The 18 signs of an identity card, as they stand on it; `BadFormat`."""
    number = _SPACES.sub("", text).upper()
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
