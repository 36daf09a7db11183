"""What can go wrong in the pure life of an application; one base, one noun each."""

from __future__ import annotations


class CaseError(Exception):
    """The life of the case does not allow this."""

    code = "case_error"


class BadInstant(CaseError):
    """This is not a point in time or an interval; the message says in Chinese what to write."""

    code = "bad_instant"


class EndlessLimit(CaseError):
    """The limit does not end within the years that can be counted."""

    code = "endless_limit"


class UnknownLeg(CaseError):
    """The case has no leg of this number."""

    code = "unknown_leg"


class UnknownEvent(CaseError):
    """No event of this type is known here: a newer version wrote it. The message is the type."""

    code = "unknown_event"
