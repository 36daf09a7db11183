"""A deployment with its two offices, and people of the staff at its pages."""

from contextlib import contextmanager

import pytest

from app import create_app
from tests.ops.conftest import deployment
from tests.pages.client import Visitor
from web.wiring import NAME

__all__ = ["deployment"]


@pytest.fixture
def opened(deployment):
    """The portal's inside and somebody of the staff who has signed in at its pages."""
    @contextmanager
    def portal(person="operator"):
        app = create_app()
        clerk = Visitor(app)
        clerk.sign_in(person)
        try:
            yield app.extensions[NAME], clerk
        finally:
            app.extensions[NAME].close()

    return portal
