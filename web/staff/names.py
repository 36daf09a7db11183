"""What matters, bundles and offices are called on the pages of the staff; their ids where nobody knows them."""

from __future__ import annotations

from web.wiring import house


def matter_name(matter: str) -> str:
    """What a matter is called."""
    known = house().catalog.matters.get(matter)
    return str(known.name) if known else matter


def bundle_name(bundle: str) -> str:
    """What a bundle is called."""
    known = house().catalog.bundles.get(bundle)
    return str(known.name) if known else bundle


def office_name(office: str) -> str:
    """What an office is called."""
    known = house().deployment.bodies.get(office)
    return known.name or office if known else office
