"""What operators do to the running service: pause and resume, resend, settle strange notices, note what was taken."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from desk.book import Book
from desk.hearing.notices import Notices
from desk.premises import Premises
from desk.sending.letters import Letters
from desk.staff.acts import Act
from desk.staff.delivering import Deliveries
from desk.staff.erasing import Erasures
from desk.staff.quarantine import Quarantine
from desk.staff.rekeying import BACKUP, Rekeying
from desk.staff.resend import Resends
from desk.staff.spoiled import Spoiled
from desk.staff.transfers import Transfers
from store import marks, pausing
from store import people as stored_people
from store.chains import verifications
from store.chains.verifications import Verification
from store.encoding import moment
from store.marks import Mark
from store.messages import TOPIC
from store.people import Token
from store.port import Tx


class Operations:
    """The operators' side of the desk; every act is an entry of the audit log, in the transaction of the act."""

    def __init__(self, premises: Premises, book: Book, letters: Letters, window: Notices) -> None:
        self._premises = premises
        self._pause_lock = threading.Lock()
        self._pause: tuple[Mark | None, ...] = ()  # what is known of it, where no other process can change it
        self.resends = Resends(premises, book, letters)
        self.quarantine = Quarantine(premises, book, window)
        self.erasures = Erasures(premises, book)
        self.transfers = Transfers(premises, book)
        self.deliveries = Deliveries(premises, book)
        self.rekeying = Rekeying(premises)
        self.spoiled = Spoiled(premises)

    def paused(self) -> Mark | None:
        """Since when and why the service is paused; None while it is not."""
        known = self._pause
        return known[0] if known else self._look_whether_paused()

    def surely_paused(self) -> bool:
        """Whether the service is paused, as far as that is known without looking."""
        known = self._pause
        return bool(known) and known[0] is not None

    def _look_whether_paused(self) -> Mark | None:
        """Look in the store, and keep what was found; under a lock, so that an older look never stays over a newer."""
        with self._pause_lock:
            with self._premises.database.read() as tx:
                found = pausing.paused(tx)
            self._pause = (found,) if self._premises.embedded else ()
            return found

    def pause(self, act: Act, now: datetime) -> dict[str, Any]:
        """Nothing leaves for departments any more, and departments are told to come back later."""
        def unit(tx: Tx) -> None:
            pausing.pause(tx, act.reason, now)
            act.record(tx, "pause", "service", now, {})

        if not act.dry_run:
            self._premises.database.write(unit)
            self._look_whether_paused()
        return {"paused": True, "reason": act.reason}

    def resume(self, act: Act, now: datetime) -> dict[str, Any]:
        """Go on where it was paused; what waited leaves at once, with the keys it always had."""
        before = self.paused()

        def unit(tx: Tx) -> None:
            pausing.resume(tx, now)
            act.record(tx, "resume", "service", now, {"was": before.value if before else None})

        if not act.dry_run and before is not None:
            self._premises.database.write(unit)
            self._look_whether_paused()
            self._premises.database.write(_wake)  # nobody was woken while it was not known
        return {"paused": False, "was": before.value if before else None,
                "since": before.at.isoformat() if before else None}

    def revoke_token(self, token: str, act: Act, now: datetime) -> dict[str, Any]:
        """Make a bearer token worthless from now on; `revoked` is False where there is none to revoke."""
        def unit(tx: Tx) -> bool:
            done = stored_people.revoke_token(tx, token, now)
            if done:
                act.record(tx, "token.revoke", token, now, {})
            return done

        return {"token": token,
                "revoked": self._has_token(token) if act.dry_run else self._premises.database.write(unit)}

    def _has_token(self, token: str) -> bool:
        with self._premises.database.read() as tx:
            return any(one.id == token and one.revoked_at is None for one in stored_people.tokens(tx))

    def tokens(self) -> list[Token]:
        """Every bearer token, without its secret."""
        with self._premises.database.read() as tx:
            return stored_people.tokens(tx)

    def note(self, action: str, target: str, data: Mapping[str, Any], act: Act, now: datetime) -> None:
        """Record what was read or copied beside the portal: a backup, a list compared, personal data exported."""
        def unit(tx: Tx) -> None:
            act.record(tx, action, target, now, data)
            if action == BACKUP:
                marks.put(tx, BACKUP, target, moment(data["at"]) if "at" in data else now)  # what came later it has not

        self._premises.database.write(unit)

    def verified(self, found: Verification, act: Act) -> None:
        """Keep what a walk through all chains came to, which was done beside the portal."""
        said = asdict(found)
        del said["at"], said["actor"]

        def unit(tx: Tx) -> None:
            verifications.add(tx, found)
            act.record(tx, "verify", "store", found.at, said)

        self._premises.database.write(unit)


def _wake(tx: Tx) -> None:
    tx.notify(TOPIC)
