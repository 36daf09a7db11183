"""The HTML side: registers every page, the template tools and the accessible components' templates."""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from functools import lru_cache
from pathlib import Path

from flask import Flask, url_for
from jinja2 import ChoiceLoader, PackageLoader, PrefixLoader

from connectors.advice import advice, explained
from web.account import page, steps
from web.account.root import bp as own_account
from web.languages import beside, chosen, offered, phrase, phrases
from web.pages import (
    account,
    acting,
    agreements,
    answer,
    case,
    disclosure,
    filing,
    form,
    home,
    login,
    mandates,
    materials,
    news,
    oversight,
    platform,
    situation,
)
from web.pages.root import bp
from web.pages.words import called, codes_words, dated, days, kinds, said, solemn, supervisor
from web.staff import (
    auditing,
    bells,
    bulletins,
    counter,
    health,
    inbox,
    leg_work,
    overview,
    ratings,
    report,
    strange,
    studio,
    transfers,
    undelivered,
    warnings,
)
from web.staff import root as staff
from web.wiring import house

ACCOUNT_VIEWS = (steps, page)
VIEWS = (answer, home, login, situation, form, materials, filing, case,
         oversight, disclosure, platform, mandates, agreements, acting, news, account)
STAFF_VIEWS = (health, undelivered, strange, transfers, bulletins, studio, inbox, leg_work, bells, warnings, ratings,
               overview, report, auditing, counter)


def register_pages(app: Flask) -> None:
    """Add all pages to the application; called once by `create_app`."""
    components = PrefixLoader({"govuk_frontend_jinja": PackageLoader("govuk_frontend_jinja")})
    own = app.jinja_loader
    app.jinja_loader = ChoiceLoader([components] if own is None else [own, components])
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(advice=advice, explained=explained, day=day, moment=moment, called=called, said=said,
                                 dated=dated, days=days, kinds=kinds, t=phrase,
                                 codes_words=codes_words, supervisor=supervisor)
    app.jinja_env.finalize = beside
    phrases()  # read now, for a slip in them must be seen at the start
    app.jinja_env.globals.update(asset=asset, solemn=solemn, rated=oversight.rated,
                                 acted_for=acting.acted_for, unread=news.unread, languages=offered, language=chosen)
    app.register_blueprint(bp)
    app.register_blueprint(own_account)
    app.register_blueprint(staff.bp)


def asset(name: str) -> str:
    """The address of a static file with its content's hash, so that it can be kept for long."""
    return url_for("static", filename=name, v=_digest(name))


@lru_cache(maxsize=64)
def _digest(name: str) -> str:
    path = Path(__file__).parent.parent / "static" / name
    return hashlib.sha256(path.read_bytes()).hexdigest()[:10]


def day(value: str | date | None) -> str:
    """A day as `2026年3月1日`, in the deployment's zone; empty for none, and what is no day as it was written."""
    found = _local(value)
    return f"{found.year}年{found.month}月{found.day}日" if found else str(value or "")


def moment(value: str | datetime | None) -> str:
    """A moment as `3月1日 09:05`, with the year where it is another one."""
    found = _local(value)
    if not isinstance(found, datetime):
        return day(value)
    year = "" if found.year == house().clock.now().astimezone(house().settings.zone).year else f"{found.year}年"
    return f"{year}{found.month}月{found.day}日 {found:%H:%M}"


def _local(value: str | date | datetime | None) -> date | datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value) if len(value) > 10 else date.fromisoformat(value)
        except ValueError:
            return None
    return value.astimezone(house().settings.zone) if isinstance(value, datetime) and value.tzinfo else value
