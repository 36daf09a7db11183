"""What the API shows of receipts and cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from desk.values import Receipt


def receipt_json(receipt: Receipt) -> dict[str, Any]:
    """The answer to a filing (contract 2)."""
    legs = [{"leg": leg.leg, "matter": leg.matter, "name": leg.name, "department": leg.department, "state": leg.state}
            for leg in receipt.legs]
    return {"reference": receipt.reference, "code": receipt.code, "state": receipt.state, "edition": receipt.edition,
            "legs": legs}


def case_json(view: Mapping[str, Any]) -> dict[str, Any]:
    """A case as the desk shows it, without the plan object that only the pages draw from."""
    return {name: part for name, part in view.items() if name != "plan"}
