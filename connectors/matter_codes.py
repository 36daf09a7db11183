"""The codes by which the country's lists know a matter at one body (GB/T 39554): the implementation code (实施编码) is
the body's credit code, the digit of its level and the matter's basic code (基本编码), and is computed of the three; an
item code (业务办理项编码) has two digits more."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from connectors.base import Body

LEVELS: Mapping[str, str] = {
    "1": "国家", "2": "省", "3": "市（直辖市的区也是 3）", "4": "县、区", "5": "乡镇、街道", "6": "村、社区"}
BASIC, CREDIT = 12, 18  # characters
WHOLE = CREDIT + 1 + BASIC
_OWN = re.compile(rf"\d{{2}}|[0-9A-Z]{{{CREDIT}}}[1-6]\d{{{BASIC}}}(\d{{2}})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class MatterCodes:
    """The codes of a matter at a body; None where the body or the matter lacks what they are made of."""

    implementation: str | None = None
    item: str | None = None

    def as_json(self) -> dict[str, str | None]:
        """As departments and the API get them."""
        return {"implementation_code": self.implementation, "item_code": self.item}


NO_CODES = MatterCodes()


def codes_at(body: Body | None, matter: str, basic: str) -> MatterCodes:
    """The codes of a matter with this basic code (empty: none) at a body (None: nobody knows it any more)."""
    own = body.codes.get(matter, "") if body else ""
    if len(own) >= WHOLE:
        return MatterCodes(own[:WHOLE], own if own[WHOLE:] else None)
    if body is None or not body.uscc or not basic:
        return NO_CODES
    whole = f"{body.uscc}{body.level}{basic}"
    return MatterCodes(whole, f"{whole}{own}" if own else None)


def credit_code(text: str) -> str | None:
    """A credit code in capitals, which some systems do not write; None if it is none (GB 32100)."""
    try:
        return str(uscc.validate(text.upper()))
    except ValidationError:
        return None


def own_code(text: str) -> str | None:
    """What an entry may say of one matter: the two digits of the item, or a whole code of 31 or 33 characters that a
    system has as its own, in capitals; None for anything else."""
    code = text.strip().upper()
    return code if _OWN.fullmatch(code) and (len(code) < WHOLE or credit_code(code[:CREDIT]) == code[:CREDIT]) else None
