"""What every page works with: the blueprint, the desk, who is asking, today, and the figures of a bundle."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from flask import Blueprint, abort, current_app, redirect, request, url_for

from catalog.bundle import Bundle
from desk.desk import Desk
from desk.repeats import digest_of
from desk.values import Draft
from forms.plan import Plan
from forms.values import json_ready
from web.errors import not_found
from web.identity import subject
from web.wiring import house

bp = Blueprint("pages", __name__)


def desk() -> Desk:
    """The one door to every case."""
    return house().desk


def now() -> datetime:
    """The moment of this request."""
    return house().clock.now()


def today() -> date:
    """The day of this request in the deployment's zone."""
    return now().astimezone(house().settings.zone).date()


def bundle_of(name: str) -> Bundle:
    """A bundle of the catalog, or the 404 page."""
    bundle = house().catalog.bundles.get(name)
    if bundle is None:
        raise not_found()
    return bundle


def draft_of(name: str) -> Draft:
    """The person's own draft; the desk answers for others' as for unknown ones. Whoever looks at a page of one that was
    filed, by going back or in a second window, is led to its receipt: the page would look as if nothing was filed."""
    found = desk().drafts.read(subject(), name, now())
    if found.filed_as and request.method == "GET":
        abort(redirect(url_for("pages.receipt", reference=found.filed_as), 303))
    return found


def seen_of(*content: Any) -> str:
    """A short mark of what a page was made of; a form that brings another one back was overtaken in another window."""
    return digest_of(json_ready(content))[:16]


def overtaken(mark: str) -> bool:
    """Whether this request was sent from a page that has seen something else."""
    return request.form.get("seen", mark) != mark


def figures_plan(bundle: Bundle) -> Plan:
    """The plan of the situation that the bundle's public figures are counted in, kept for the day."""
    kept: dict[Any, Plan] = current_app.extensions.setdefault("pages.figures", {})
    key = (bundle.id, today())
    if key not in kept:
        kept[key] = desk().plan(bundle.id, dict(json_ready(bundle.figures)), now())
    return kept[key]


def known_of() -> Mapping[str, Any]:
    """What the account of the signed-in person knows, by field: what can be filled in without asking."""
    return house().accounts.details(subject())


def demo() -> bool:
    """Whether sample persons, answers and papers may be offered."""
    return house().settings.demonstrates
