"""Passwords by argon2, a few at a time: each check takes 64 MiB and a fifth of a second."""

from __future__ import annotations

from functools import cached_property
from threading import BoundedSemaphore

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from people.errors import WeakPassword
from people.password_rules import LONGEST, fault
from store.engine.turns import away

AT_ONCE = 2


class Passwords:
    """Makes and checks password hashes, at most `AT_ONCE` beside each other."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher()
        self._room = BoundedSemaphore(AT_ONCE)

    @cached_property
    def _nobody(self) -> str:
        """What an unknown account is compared with, so that it costs the same."""
        return self._hasher.hash("a password that nobody has")

    def make(self, password: str, login: str) -> str:
        """The hash to store of what `login` is opened by; raises `WeakPassword` with what is wrong with it."""
        if wrong := fault(password, login):
            raise WeakPassword(wrong)
        with away(), self._room:
            return self._hasher.hash(password)

    def fits(self, stored: str | None, password: str) -> bool:
        """Whether `password` is the one; an unknown account costs the same time as a wrong password."""
        with away(), self._room:
            try:
                return self._hasher.verify(stored or self._nobody, password[:LONGEST]) and stored is not None
            except (VerificationError, InvalidHashError):
                return False
