"""Sign-ins of the staff, and tries that failed: in the audit log, and shown to the owner of the account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from people.guesses import network_of
from store import audit
from store import people as stored_people
from store.audit import Entry
from store.people import Account
from store.port import Database, Tx
from store.sign_in import sign_ins
from store.sign_in.sign_ins import History, SignIn

NOBODY = "visitor"  # who tried and failed: nobody knows
OTHERS = ""  # the row in which tries are counted that are not of the staff


class SignIns:
    """When and from where members of the staff came."""

    def __init__(self, database: Callable[[], Database]) -> None:
        self._database = database

    def of(self, subject: str) -> History:
        """The last sign-ins of an account."""
        with self._database().read() as tx:
            return sign_ins.history(tx, subject)

    def failed(self, login: str, what: str, address: str, now: datetime) -> None:
        """A try with a login failed, by a wrong password or a wrong code. Of applicants, and of logins that nobody has,
        only how many: anybody could fill the log with those, and yet it takes as long."""
        def unit(tx: Tx) -> None:
            account = stored_people.by_login(tx, login)
            if account is None or account.role == "applicant":
                sign_ins.note_wrong(tx, OTHERS)
                return
            sign_ins.note_wrong(tx, account.account)
            audit.record(tx, Entry(now, NOBODY, "sign_in.failed", account.account,
                                   {"network": network_of(address), "how": what}))

        self._database().write(unit)


def came(tx: Tx, account: Account, how: str, address: str, now: datetime) -> History:
    """A member of the staff signed in, in the transaction that opens the session; the history before."""
    network = network_of(address)
    audit.record(tx, Entry(now, account.account, "sign_in", account.account, {"network": network, "how": how}))
    return sign_ins.note(tx, account.account, SignIn(now, network, how))
