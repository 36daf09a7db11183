"""What the desk works with: the stores, the definitions in force, the deployment, and the sources."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, timedelta
from zoneinfo import ZoneInfo

from cases.calendar_days import WorkCalendar
from cases.quiet import Quiet
from catalog.model import Catalog
from connectors.deployment import Deployment
from connectors.scanners import NoScanner, Scanner
from desk.applicants.places import Places
from desk.behind import Behind
from sources.port import Sources
from store.copies.journal import Journal
from store.port import Database
from store.uploads.vault import Vault


@dataclass(frozen=True, slots=True)
class Keep:
    """How long what was not filed is kept: drafts since they were touched last, uploads since they came; and how many
    bytes of such uploads one person may have."""

    drafts: timedelta = timedelta(days=180)
    uploads: timedelta = timedelta(days=30)
    bytes: int = 2_000_000_000


NEVER_QUIET = Quiet(0, 0, UTC)
NO_SCANNER = NoScanner()


@dataclass(frozen=True, slots=True)
class Premises:
    """Made by `web/parts.py` once the store is open. `public_url` is how departments reach us, without a trailing
    slash; `embedded` says that this process is the only one that writes, so that what it remembers is true; `urges`
    that the portal urges late legs by itself. `gateway`: whether news leaves through a message gateway, which is told
    numbers of those who agreed if `gateway_gets_mobiles`, and nothing in the hours that are `quiet`. `scanner` looks
    for viruses in files before anybody gets them. `journal` is where it is written down what was taken away. `behind`:
    what this process has met of a newer version. `places`: how many may wait for sources at once.
    """

    database: Database
    vault: Vault
    catalog: Catalog
    calendar: WorkCalendar
    deployment: Deployment
    sources: Sources
    zone: ZoneInfo
    public_url: str
    embedded: bool = True
    keep: Keep = Keep()
    urges: bool = False
    gateway: bool = False
    gateway_gets_mobiles: bool = False
    quiet: Quiet = NEVER_QUIET
    scanner: Scanner = NO_SCANNER
    journal: Journal | None = None
    behind: Behind = field(default_factory=Behind)
    places: Places = field(default_factory=lambda: Places(1))

    @property
    def rests(self) -> bool:
        """Whether this process leaves all work to others on the same store, which are newer or have a newer key."""
        return not self.embedded and (bool(self.behind.why) or self.database.cipher.retired)
