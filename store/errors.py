"""Everything the store can refuse; no message ever carries a stored value."""

from __future__ import annotations


class StoreError(Exception):
    """The store cannot do this."""

    code = "store_error"

    def __init__(self, detail: str = "") -> None:
        self.detail = detail
        super().__init__(f"{(type(self).__doc__ or '').strip()}{' ' + detail if detail else ''}")

    @property
    def says(self) -> str:
        """What an operator is told: the sentence that goes with it, if there is one."""
        return self.detail if self.detail.endswith("。") else str(self)


class FolderBusy(StoreError):
    """Another process holds the data folder."""

    code = "folder_busy"


class UnsafeStorage(StoreError):
    """This storage cannot keep what is acknowledged."""

    code = "unsafe_storage"


class NewerSchema(UnsafeStorage):
    """The database was written by a newer version of this service."""

    code = "newer_schema"


class OlderSchema(UnsafeStorage):
    """The database stands as an older version left it, until a start of this one brings it to its layout."""

    code = "older_schema"


class StoreClosed(StoreError):
    """The store is closed."""

    code = "store_closed"


class StoreUnavailable(StoreError):
    """The store cannot be reached or written just now; nothing was acknowledged."""

    code = "store_unavailable"


class StorageFull(StoreUnavailable):
    """The disk of the store is full; nothing was acknowledged."""

    code = "storage_full"


class TransactionLost(StoreUnavailable):
    """The transaction ended under its unit; nothing of the unit was kept."""

    code = "transaction_lost"


class ConstraintBroken(StoreError):
    """A row contradicts what is stored."""

    code = "constraint_broken"


class WrongText(StoreError):
    """This SQL text may not be run inside a unit."""

    code = "wrong_text"


class NestedWrite(StoreError):
    """A unit called write; units do not nest."""

    code = "nested_write"


class Stale(StoreError):
    """Somebody else changed this in between; read it again."""

    code = "stale"


class Leaving(Stale):
    """This would end or hold a leg (`detail`) as unsent while it leaves: the case has to know that first."""

    code = "leaving"


class SealBroken(StoreError):
    """A sealed value does not open at this place with the known keys."""

    code = "seal_broken"


class KeysMissing(StoreError):
    """The key file cannot be read."""

    code = "keys_missing"


class KeysDiffer(StoreError):
    """The store was written with other keys."""

    code = "keys_differ"


class KeysInUse(StoreError):
    """A key is still needed, or was until lately."""

    code = "keys_in_use"


class KeysExposed(StoreError):
    """The key file lies where it may not lie or others may read it."""

    code = "keys_exposed"


class Unknown(StoreError):
    """There is no such thing."""

    code = "unknown"


class UnknownCase(Unknown):
    """There is no such case."""

    code = "unknown_case"


class UnknownLeg(Unknown):
    """There is no such leg."""

    code = "unknown_leg"


class UnknownDraft(Unknown):
    """There is no such draft."""

    code = "unknown_draft"


class UnknownAgreement(Unknown):
    """There is no such agreement, or it is part of a case and stays as it is."""

    code = "unknown_agreement"


class UnknownMandate(Unknown):
    """There is no such mandate."""

    code = "unknown_mandate"


class UnknownVisit(Unknown):
    """There is no such visit."""

    code = "unknown_visit"


class UnknownFile(Unknown):
    """There is no such file."""

    code = "unknown_file"

    def __init__(self, detail: str = "", *, file: str = "") -> None:
        super().__init__(detail)
        self.file = file


class FileTaken(StoreError):
    """The file already belongs to a case."""

    code = "file_taken"

    def __init__(self, detail: str = "", *, file: str = "") -> None:
        super().__init__(detail)
        self.file = file


class UnknownEdition(Unknown):
    """There is no such edition or plan."""

    code = "unknown_edition"


class UnknownMessage(Unknown):
    """There is no such message."""

    code = "unknown_message"


class UnknownEntry(Unknown):
    """There is no such entry in quarantine."""

    code = "unknown_entry"


class UnknownAccount(Unknown):
    """There is no such account."""

    code = "unknown_account"


class LoginTaken(StoreError):
    """This login is already in use."""

    code = "login_taken"


class LeaseLost(StoreError):
    """The lease ran out and somebody else has the message now."""

    code = "lease_lost"


class NoCopy(StoreError):
    """The backup was not made or cannot be used."""

    code = "no_copy"


class JournalUnfit(StoreError):
    """The journal of what was erased is not there, cannot be read, is in use, or is another store's."""

    code = "journal_unfit"
