"""What the API shows of receipts and cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from desk.values import Receipt


def receipt_json(receipt: Receipt) -> dict[str, Any]:
    """The answer to a filing (contract 2)."""
    return receipt.kept()


def case_json(view: Mapping[str, Any]) -> dict[str, Any]:
    """A case as the desk shows it, without the plan object that only the pages draw from."""
    return {name: part for name, part in view.items() if name != "plan"}
