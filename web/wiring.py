"""What the web side works with, in one value: made by `app.create_app`, reached by `house()`.

Making it opens nothing. The store is opened (its folder locked, its migrations run) at the first request that needs it
or by the server when its worker starts, so that `flask routes` or a second shell never takes the portal's lock.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from importlib import import_module
from threading import RLock
from time import monotonic
from typing import TYPE_CHECKING, cast

from flask import Flask

from catalog.model import Catalog
from connectors.base import Body, Registry
from connectors.deployment import Deployment
from connectors.gateway import Gateway
from connectors.scanners import Scanner
from desk.desk import Desk
from desk.premises import NO_SCANNER
from desk.staff.erasing import FILES_REST
from desk.upkeep.journaling import follow, say_why
from desk.upkeep.offices import absent, advice
from dispatch.courier import Courier
from dispatch.inspector import Inspector
from dispatch.loop import Dispatcher, Works
from oversight.daily import Daily
from oversight.ratings import Ratings
from people.accounts import Accounts, Beside
from people.factors import Factors
from people.guesses import Guesses
from people.halfway import Asks, Halfway
from people.oidc.accounts import OidcAccounts
from people.oidc.person import RoleFields
from people.oidc.setup import Setup
from people.personas import Persona
from people.sessions import Lives, Sessions
from people.sign_ins import SignIns
from people.tokens import Tokens
from people.visits import Visits
from settings.clock import Clock
from settings.values import Settings
from sources.port import Sources
from sources.shipped import NO_SOURCES
from store.copies.journal import Journal
from store.engine.opening import Opened
from store.engine.same_keys import note_keys
from store.errors import JournalUnfit
from store.port import Database
from web.names import NAME, RefusedStart
from web.present import serving
from web.rates import Rates
from web.readers import Readers

if TYPE_CHECKING:
    from people.oidc.flow import Flow

LOG = logging.getLogger("yijianshi.start")
FLOW = "people.oidc.flow"  # by name: its library takes a fifth of a start, and few deployments need it then
__all__ = ["NAME", "House", "Parts", "RefusedStart", "house", "settle"]


@dataclass(frozen=True, slots=True)
class Parts:
    """What was read and checked before anything is opened. `open_store` opens the store, `make_desk` builds the desk
    on it; `cookie_key` signs cookies; `oidc` is the connection to the identity platform, `roles` those that a known
    person may have in a case; `gateway` is the city's message gateway, `scanner` looks for viruses, in `sources` papers
    are looked up, at the systems `looked_up_at`; `unconnected` says which the bundles count on and nobody connected."""

    catalog: Catalog
    deployment: Deployment
    registry: Registry
    open_store: Callable[[], Opened]
    make_desk: Callable[[Opened], Desk]
    personas: tuple[Persona, ...] = ()
    cookie_key: str = ""
    oidc: Setup | None = None
    roles: tuple[RoleFields, ...] = ()
    gateway: Body | None = None
    scanner: Scanner = NO_SCANNER
    sources: Sources = NO_SOURCES
    looked_up_at: tuple[Body, ...] = ()
    unconnected: str = ""

    @property
    def reached(self) -> tuple[Body, ...]:
        """All whom we connect to, and whose certificates may end: offices, sources, message gateway, platform."""
        others = (self.gateway, self.oidc.reached if self.oidc else None)
        return (*self.deployment.bodies.values(), *self.looked_up_at, *(one for one in others if one is not None))


class House:
    """Everything a view needs. `clock.now()` is the only clock of the web side."""

    def __init__(self, settings: Settings, load: Callable[[], Parts]) -> None:
        self.settings = settings
        self._load = load
        self.clock = Clock(settings.clock_file)
        self.dispatcher: Dispatcher | None = None
        self.courier: Courier | None = None
        self.inspector: Inspector | None = None
        self.guesses, self.rates, self.readers = Guesses(), Rates(settings.rates), Readers()
        self.accounts = Accounts(lambda: self.database, self.guesses)
        self.tokens = Tokens(lambda: self.database, alone=settings.database_url is None)
        lives = Lives(*(timedelta(seconds=one) for one in (
            settings.session_idle, settings.session_life, settings.visit_idle)))
        self.sessions = Sessions(lambda: self.database, lives)
        self.factors = Factors(lambda: self.database, self.guesses)
        self.halfway = Halfway(lambda: self.database, Asks(settings.asks_factor, settings.password_days))
        self.sign_ins = SignIns(lambda: self.database)
        self.visits = Visits(lambda: self.database, lives.visit)
        self.oidc_accounts = OidcAccounts(lambda: self.database, lambda: self.parts.roles)
        self._lock = RLock()
        self._parts: Parts | None = None
        self._opened: Opened | None = None
        self._journal_whole = True

    @property
    def parts(self) -> Parts:
        """The definitions, the deployment and the keys, read and checked once; raises `RefusedStart`."""
        with self._lock:
            if self._parts is None:
                self._parts = self._load()
            return self._parts

    @property
    def catalog(self) -> Catalog:
        """The definitions in force."""
        return self.parts.catalog

    @property
    def deployment(self) -> Deployment:
        """The departments' offices and how they are reached."""
        return self.parts.deployment

    @property
    def personas(self) -> tuple[Persona, ...]:
        """The sample persons of demo and test; none in production."""
        return self.parts.personas

    @cached_property
    def oidc(self) -> Flow | None:
        """Sign-ins by the city's identity platform; None where none is set up. It is asked when somebody comes."""
        if self.parts.oidc is None:
            return None
        flow: Flow = import_module(FLOW).Flow(self.parts.oidc, self.parts.registry.shown)
        return flow

    @property
    def opened(self) -> Opened:
        """The store, opened at the first use; every later use is the same one."""
        with self._lock:
            if self._opened is None:
                self._opened = self._followed(self.parts.open_store())
            return self._opened

    def _followed(self, opened: Opened) -> Opened:
        """The store, once the journal is where it is. A journal that cannot be written keeps nobody out: the log and
        `/readyz` say so; nor does one that is damaged in its middle, which only a restore would find otherwise."""
        journal = Journal(self.settings.journal_file)
        try:
            follow(opened, journal, self.clock.now())
            journal.lines()
        except Exception as error:  # noqa: BLE001  # a healthy store begins, whatever its journal is
            self._journal_whole = False
            say_why(journal, error)
        except BaseException:
            opened.close()
            raise
        return opened

    @property
    def journal_whole(self) -> bool:
        """Whether the journal could be read at the start, all of it, or can be now."""
        if not self._journal_whole:
            with suppress(JournalUnfit):
                Journal(self.settings.journal_file).lines()
                self._journal_whole = True
        return self._journal_whole

    @property
    def database(self) -> Database:
        """The database of the store."""
        return self.opened.db

    @cached_property
    def desk(self) -> Desk:
        """The one door for every change."""
        return self.parts.make_desk(self.opened)

    @cached_property
    def daily(self) -> Daily:
        """The figures of every day, for reports."""
        return Daily(self.database, self.desk.calendar)

    @cached_property
    def ratings(self) -> Ratings:
        """Where ratings come in and are answered."""
        return Ratings(self.database, self.desk)

    def erase_account(self, account: str, beside: Beside) -> None:
        """Erase an applicant's account, and write what is `beside` it in its transaction. Uploads go in a day or two: a
        backup that has copied the rows just now must still find their bytes."""
        now = self.clock.now()
        rest = timedelta(days=self.settings.keep_uploads) - FILES_REST
        self.accounts.erase(account, now - rest, now, beside)
        self.desk.write_down(now)

    def begin(self) -> None:
        """Open the store and start the dispatcher; the server calls it in its worker, nobody else does. `RefusedStart`
        if an office with open legs is not in the department list: its messages would have no way and its notices would
        be turned away for good."""
        note_keys(self.database, self.clock.now())
        refuse_absent(self.database, self.deployment.bodies)
        embedded = self.settings.database_url is None
        works = Works(self.desk, self.parts.registry, self.deployment, self.clock.now, recover=embedded,
                      reached=self.parts.reached, count=self._count)
        self.dispatcher = Dispatcher(works).start()
        if self.parts.gateway is not None:
            gateway = Gateway(self.parts.gateway, self.parts.registry.shown)
            self.courier = Courier(self.desk.bulletins, gateway, self.clock.now).start()
        if self.parts.scanner.name:
            self.inspector = Inspector(self.desk.late_scans, self.parts.scanner, self.clock.now).start()
        elif not self.settings.demonstrates:
            LOG.warning("YJS_SCANNER is not set: nothing that is uploaded is looked at for viruses")

    def _count(self, now: datetime) -> bool:
        """A piece of what is counted beside everything else; newer hosts on the same store count it as they do."""
        return not self.desk.rests and self.daily.go_on(now)

    def close(self, seconds: float = 0.0) -> None:
        """Stop the dispatcher within `seconds` and close the store; nothing may be used afterwards."""
        until = monotonic() + seconds
        for one in (self.courier, self.inspector):
            if one is not None:
                one.halt()
        if self.dispatcher is not None:
            self.dispatcher.stop(seconds)
        for one in (self.courier, self.inspector):
            if one is not None:
                one.stop(until - monotonic())
        with self._lock:
            if self._opened is not None:
                self._opened.db.close()


def refuse_absent(database: Database, listed: Collection[str]) -> None:
    """`RefusedStart` if an office with open legs is not `listed`."""
    if missing := absent(database, listed):
        raise RefusedStart(advice(missing))


def settle(app: Flask, settings: Settings, load: Callable[[], Parts]) -> House:
    """Give `app` its house and return it; `load` reads the parts at the first use."""
    made = House(settings, load)
    app.extensions[NAME] = made
    return made


def house() -> House:
    """The house of the app that serves this request."""
    return cast(House, serving().extensions[NAME])
