"""Wiring: settings → definitions → deployment → store → desk → web. Nothing is opened, locked or started here."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import partial

from flask import Flask

import cli
from settings.values import BadSettings, Settings
from store import failpoints
from web import blueprints
from web.bodies import Bodies, Pace
from web.errors import handle_errors
from web.headers import harden
from web.html import register_pages
from web.identity import guard
from web.names import BAD_SETTINGS
from web.parts import read_parts
from web.wiring import settle


def create_app(overrides: Mapping[str, str] | None = None) -> Flask:
    """The portal as a WSGI application; `overrides` win over the environment.

    Raises `BadSettings` or `RefusedStart`, each with every problem it found. Under the `flask` command the definitions
    are read only when a command needs them: `flask check` must be able to say what is wrong with them.
    """
    environ = {**os.environ, **(overrides or {})}
    settings = _settings(environ)
    failpoints.arm(settings.failpoints)
    app = Flask(__name__)
    app.json.ensure_ascii = False  # type: ignore[attr-defined]  # the default provider has it
    house = settle(app, settings, partial(read_parts, settings, environ))
    harden(app, settings)
    handle_errors(app)
    guard(app)
    for blueprint in blueprints.ALL:
        app.register_blueprint(blueprint)
    register_pages(app)
    cli.register(app)
    pace = Pace(settings.threads, settings.body_deadline, settings.upload_rate)
    app.wsgi_app = Bodies(app.wsgi_app, pace)  # type: ignore[assignment, method-assign]
    if not _for_a_command(environ):
        house.parts  # noqa: B018  reads and checks everything now, so that a wrong set-up never starts
    return app


def _settings(environ: Mapping[str, str]) -> Settings:
    try:
        return Settings.from_environ(environ)
    except BadSettings as error:
        if _for_a_command(environ):  # a traceback would bury what is wrong
            sys.stderr.write(f"{error}\n")
            raise SystemExit(BAD_SETTINGS) from error
        raise


def _for_a_command(environ: Mapping[str, str]) -> bool:
    return environ.get("FLASK_RUN_FROM_CLI") == "true"
