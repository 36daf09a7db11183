"""What the web side works with, in one value: made by `app.create_app`, reached by `house()`.

Making it opens nothing. The store is opened (its folder locked, its migrations run) at the first request that needs it
or by the server when its worker starts, so that `flask routes` or a second shell never takes the portal's lock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from threading import RLock
from typing import cast

from desk.desk import Desk
from flask import Flask, current_app

from catalog.model import Catalog
from connectors.base import Registry
from connectors.deployment import Deployment
from people.accounts import Accounts
from people.attempts import Attempts
from people.personas import Persona
from people.sessions import Lives, Sessions
from people.tokens import Tokens
from settings import Clock, Settings
from store.opening import Opened
from store.port import Database

NAME = "yijianshi"


class RefusedStart(RuntimeError):
    """The definitions or the deployment have problems; all of them stand in the message."""

    code = "refused_start"


@dataclass(frozen=True, slots=True)
class Parts:
    """What `create_app` read and checked before anything was opened. `open_store` opens the store, `make_desk` builds
    the desk on it."""

    settings: Settings
    catalog: Catalog
    deployment: Deployment
    registry: Registry
    open_store: Callable[[], Opened]
    make_desk: Callable[[Opened], Desk]
    personas: tuple[Persona, ...] = ()
    cookie_key: str = ""


class House:
    """Everything a view needs. `clock.now()` is the only clock of the web side."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.settings = parts.settings
        self.catalog = parts.catalog
        self.deployment = parts.deployment
        self.registry = parts.registry
        self.personas = parts.personas
        self.clock = Clock(parts.settings.clock_file)
        self.attempts = Attempts()
        self.accounts = Accounts(lambda: self.database, self.attempts)
        self.tokens = Tokens(lambda: self.database)
        lives = Lives(timedelta(seconds=parts.settings.session_idle), timedelta(seconds=parts.settings.session_life))
        self.sessions = Sessions(lambda: self.database, lives)
        self._lock = RLock()
        self._opened: Opened | None = None

    @property
    def opened(self) -> Opened:
        """The store, opened at the first use; every later use is the same one."""
        with self._lock:
            if self._opened is None:
                self._opened = self.parts.open_store()
            return self._opened

    @property
    def database(self) -> Database:
        """The database of the store."""
        return self.opened.db

    @cached_property
    def desk(self) -> Desk:
        """The one door for every change."""
        return self.parts.make_desk(self.opened)

    def close(self) -> None:
        """Close the store if it was opened; nothing may be used afterwards."""
        with self._lock:
            if self._opened is not None:
                self._opened.db.close()


def settle(app: Flask, parts: Parts) -> House:
    """Give `app` its house and return it."""
    made = House(parts)
    app.extensions[NAME] = made
    return made


def house() -> House:
    """The house of the app that serves this request."""
    return cast(House, current_app.extensions[NAME])
