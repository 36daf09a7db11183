"""The basic code of a matter (基本编码), by which all places know it: 2 digits of the region whose list has it (00: the
nation's), 2 of its type, 5 of the main item, 3 of the item below that (000: none)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# GB/T 2260, by which a list is the nation's or a province's.
_PROVINCES: Final = ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65), (71, 71), (81, 82))
# Of systems that count otherwise (one has 08 for 行政确认) a connector knows how, or the deployment's list.
TYPES: Final[Mapping[str, str]] = {
    "01": "行政许可", "02": "行政处罚", "03": "行政强制", "04": "行政征收", "05": "行政给付", "06": "行政检查",
    "07": "行政确认", "08": "行政奖励", "09": "行政裁决", "10": "其他行政权力", "20": "公共服务"}
# What goes by another word in a class of matter.
_CLASSES: Final[Mapping[str, str]] = {"行政备案": "其他行政权力"}
LENGTH, OLDER = 12, 10
_OF_A_BODY: Final[Mapping[int, str]] = {31: "实施编码", 33: "业务办理项编码"}


def fault(code: str) -> str:
    """What is wrong with a code, as a sentence that says what to write; empty if it may stand."""
    if len(code) in _OF_A_BODY:
        return (f"这是 {len(code)} 位的{_OF_A_BODY[len(code)]}，请只写其中的基本编码 {code[19:31]}"
                "（第 20 到 31 位）；实施编码由承办单位的代码算出，写在部门接入清单里")
    if not (code.isascii() and code.isdigit()):
        return "应为 12 位半角数字"
    if len(code) == OLDER:
        return f"这是旧的 10 位编码；请在前面加上 2 位区划，国家目录的事项写 00{code}"
    if len(code) != LENGTH:
        return f"应为 12 位数字（区划 2、类型 2、主项 5、子项 3），现在是 {len(code)} 位"
    return _of_parts(code)


def _of_parts(code: str) -> str:
    """What is wrong with the parts of a code of the right length."""
    if code[:2] != "00" and not any(first <= int(code[:2]) <= last for first, last in _PROVINCES):
        return f"前 2 位 {code[:2]} 不是区划；国家目录的事项写 00，省目录的写省的代码，例如山东 37"
    if code[2:4] not in TYPES:
        known = "、".join(f"{digits} {name}" for digits, name in TYPES.items())
        return f"第 3、4 位 {code[2:4]} 不是事项类型；请写国家的编号：{known}。本地系统自己的编号由对接时对照"
    return ""


def other_class(code: str, matter_class: str) -> str | None:
    """The type that a right code says where that is not the class of its matter; None where they agree, or the class is
    none of which a code speaks."""
    said, meant = TYPES.get(code[2:4]), _CLASSES.get(matter_class, matter_class)
    return said if meant in TYPES.values() and said != meant else None
