"""The paper by which a person proves who they are (身份证件): its kind and its number, in one text.

The 18 signs of GB 11643 stand as they are; they are on the card of a citizen, on the residence cards of Hong Kong,
Macao and Taiwan and on the permanent residence card of foreigners. The number of any other paper follows its kind:
`passport:E12345678`. Which kinds a field takes are its options, whose codes the definitions may add to those here; the
number that nothing stands before is of `id_card`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ID_CARD: Final = "id_card"
PASSPORT: Final = "passport"
HK_MACAO_PERMIT: Final = "hk_macao_permit"
TAIWAN_PERMIT: Final = "taiwan_permit"
FOREIGN_RESIDENT: Final = "foreign_resident"
MARK: Final = ":"
_NAMES: Final[Mapping[str, str]] = {  # for who does not know the field any more
    PASSPORT: "护照", HK_MACAO_PERMIT: "港澳居民来往内地通行证", TAIWAN_PERMIT: "台湾居民来往大陆通行证",
    FOREIGN_RESIDENT: "外国人永久居留身份证",
}
KINDS: Final = (ID_CARD, *_NAMES)


def kind_of(value: str) -> str:
    """The kind of paper that a number is of, as its code."""
    kind, mark, _ = value.partition(MARK)
    return kind if mark else ID_CARD


def number_of(value: str) -> str:
    """The number alone, as it stands on the paper."""
    kind, mark, number = value.partition(MARK)
    return number if mark else kind


def number_words(value: str, names: Mapping[str, str]) -> str:
    """A number as people read it: that of another paper than the identity card after the name of its kind."""
    kind = kind_of(value)
    return value if kind == ID_CARD else f"{names.get(kind) or name_of(kind)} {number_of(value)}"


def name_of(kind: str) -> str:
    """What people call a kind of paper, as far as the engine knows it."""
    return _NAMES.get(kind, kind)


def of_kind(kind: str, number: str) -> str:
    """A number with its kind before it, where it needs one."""
    return number if kind == ID_CARD else f"{kind}{MARK}{number}"
