"""Wiring: settings → definitions → deployment → store → desk → web. Nothing is opened, locked or started here."""

from __future__ import annotations

import os
from collections.abc import Mapping

from flask import Flask

from settings import Settings
from store import failpoints
from web import blueprints
from web.bodies import Bodies, Pace
from web.errors import handle_errors
from web.headers import harden
from web.identity import guard
from web.pages import register_pages
from web.parts import read_parts
from web.wiring import settle


def create_app(overrides: Mapping[str, str] | None = None) -> Flask:
    """The portal as a WSGI application; `overrides` win over the environment.

    Raises `BadSettings` or `RefusedStart`, each with every problem it found.
    """
    environ = {**os.environ, **(overrides or {})}
    settings = Settings.from_environ(environ)
    failpoints.arm(settings.failpoints)
    parts = read_parts(settings, environ)
    app = Flask(__name__)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the default provider has it
    settle(app, parts)
    harden(app, settings, parts.cookie_key)
    handle_errors(app)
    guard(app)
    for blueprint in blueprints.ALL:
        app.register_blueprint(blueprint)
    register_pages(app)
    pace = Pace(settings.threads // 2, settings.body_deadline, settings.upload_rate)
    app.wsgi_app = Bodies(app.wsgi_app, pace)  # type: ignore[method-assign]
    return app
