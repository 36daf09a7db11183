"""Errors of the store: one base, a stable code each, a message that carries no value."""

from __future__ import annotations

import pytest

from store import errors
from store.errors import StoreError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, StoreError)]


def test_every_error_has_a_code_of_its_own() -> None:
    assert len({kind.code for kind in KINDS}) == len(KINDS) > 20


@pytest.mark.parametrize("kind", KINDS)
def test_the_docstring_is_the_message(kind: type[StoreError]) -> None:
    assert str(kind()) == kind.__doc__
    assert str(kind("磁盘已满。")) == f"{kind.__doc__} 磁盘已满。"
