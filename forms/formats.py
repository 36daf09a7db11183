"""Formats the engine knows: credit code, phone, e-mail, VIN, plate, project code, bank account; of persons:
`forms.persons`.

Each reader takes a text already folded by NFKC and returns its one clean written form, or raises `BadFormat` with a
Chinese sentence. Rules: GB 32100 (credit code); GB 16735 (VIN; its check digit is not asked for, since imported
vehicles lack it).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from operator import mul
from typing import Final

import phonenumbers
from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from forms.persons import BadFormat, id_card

_EMAIL: Final = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}",
)
_VIN: Final = re.compile(r"[A-HJ-NPR-Z0-9]{17}")
_PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PLATE: Final = re.compile(
    rf"[{_PROVINCES}][A-HJ-NP-Z](?:[A-HJ-NP-Z0-9]{{4}}[A-HJ-NP-Z0-9挂学警港澳超]|[A-HJ-NP-Z0-9]{{6}})",
)
_PROJECT: Final = re.compile(r"\d{4}-\d{6}-\d{2}-\d{2}-\d{6}", re.ASCII)
_ACCOUNT: Final = re.compile(r"\d{10,30}", re.ASCII)
_USCC_SIGNS: Final = {sign: value for value, sign in enumerate("0123456789ABCDEFGHJKLMNPQRTUWXY")}
_USCC_SHAPE: Final = re.compile(rf"\d{{8}}[{''.join(_USCC_SIGNS)}]{{10}}", re.ASCII)
_USCC_WEIGHTS: Final = (*(pow(3, place, 31) for place in range(17)), 1)  # with its check digit it comes to 0


def _uscc(text: str) -> str:
    # The library folds, strips and looks at every character twice; what is written as it should be needs none of it.
    if _USCC_SHAPE.fullmatch(text) and not sum(map(mul, map(_USCC_SIGNS.__getitem__, text), _USCC_WEIGHTS)) % 31:
        return text
    try:
        return str(uscc.validate(text))
    except ValidationError:
        raise BadFormat("统一社会信用代码不对：应为 18 位，最后一位是校验码，请对照营业执照核对") from None


def _mobile_shape() -> re.Pattern[str]:
    """What the library itself takes for a mobile number once it has taken off what stands before it."""
    known = phonenumbers.PhoneMetadata.metadata_for_region("CN")
    assert known is not None
    assert known.mobile is not None
    # Numbers that begin like a carrier's own prefix (17951) are left to its full reading.
    return re.compile(rf"(?!179)(?:{known.mobile.national_number_pattern})", re.ASCII)


_MOBILE: Final = _mobile_shape()


def _phone(text: str) -> str:
    if _MOBILE.fullmatch(text):
        return text
    try:
        number = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        raise BadFormat("电话号码不对：请填 11 位手机号，或区号加座机号，例如 0532-12345678") from None
    if not phonenumbers.is_valid_number(number) or number.country_code not in {86, 852, 853, 886}:
        raise BadFormat("电话号码不对：请填 11 位手机号，或区号加座机号，例如 0532-12345678")
    if number.country_code != 86:
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE:
        return str(number.national_number)
    area = phonenumbers.length_of_geographical_area_code(number)
    national = phonenumbers.national_significant_number(number)
    return f"0{national[:area]}-{national[area:]}" if area else national


def _email(text: str) -> str:
    if not _EMAIL.fullmatch(text) or ".." in text or len(text) > 254:
        raise BadFormat("电子邮箱不对，请按 name@example.com 的样子填写")
    name, _, host = text.rpartition("@")
    return f"{name}@{host.lower()}"


def _vin(text: str) -> str:
    number = text.upper()
    if not _VIN.fullmatch(number):
        raise BadFormat("车架号不对：应为 17 位字母和数字，不含 I、O、Q")
    return number


def _plate(text: str) -> str:
    number = re.sub(r"[\s·•・.-]+", "", text).upper()
    if not _PLATE.fullmatch(number):
        raise BadFormat("车牌号不对：例如 鲁B12345，新能源车 鲁BD12345")
    return number


def _project_code(text: str) -> str:
    code = text.replace("—", "-").replace("–", "-").replace(" ", "")
    if not _PROJECT.fullmatch(code):
        raise BadFormat("项目代码不对：应为 24 位，例如 2026-370202-44-01-123456")
    return code


def _bank_account(text: str) -> str:
    account = re.sub(r"[\s-]+", "", text)
    if not _ACCOUNT.fullmatch(account):
        raise BadFormat("应为 10 到 30 位数字，请照银行卡、存折或开户资料逐位核对，不用写字母和户名")
    return account


__all__ = ("FORMATS", "BadFormat")
FORMATS: Final[dict[str, Callable[[str], str]]] = {
    "uscc": _uscc, "citizen_id": id_card, "phone": _phone, "email": _email, "vin": _vin, "plate": _plate,
    "project_code": _project_code, "bank_account": _bank_account,
}
