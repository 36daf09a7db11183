"""What every act of an operator carries: who, why, and whether it is only tried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from connectors.strict_json import whole_text
from desk.errors import MissingReason
from forms.values import is_blank
from store import audit
from store.audit import Entry
from store.port import Tx

LONGEST_REASON = 1_000


@dataclass(frozen=True, slots=True)
class Act:
    """Who (`by`) does it and why (`reason`); `dry_run`: only say what would be done."""

    by: str
    reason: str
    dry_run: bool = False

    def __post_init__(self) -> None:
        if is_blank(self.reason) or len(self.reason) > LONGEST_REASON:
            raise MissingReason
        if not whole_text(self.reason):
            raise MissingReason("原因里有不可见的控制字符；请删除后再提交。")

    def record(self, tx: Tx, action: str, target: str, now: datetime, data: Mapping[str, Any]) -> None:
        """Write the act into the audit log, in the transaction of the act itself."""
        audit.record(tx, Entry(now, self.by, action, target, {"reason": self.reason, **data}))
