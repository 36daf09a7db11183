"""A deployment with its two offices, and people of the staff at its pages."""

from contextlib import contextmanager

import pytest

from app import create_app
from tests.ops.conftest import deployment
from tests.pages.client import Visitor
from web.wiring import NAME

__all__ = ["deployment"]
AT_THE_PAGES = """bodies:
  water-office: {department: water, name: 供水公司, connector: desk}
  power-office: {department: power, name: 供电公司, connector: rest, address: "http://127.0.0.1:9/power",
                 secrets: ["env:OFFICE_SECRET"]}
"""


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


@pytest.fixture
def at_the_pages(deployment):
    """The water company has no system: its officers work on our pages; the power company has one."""
    (deployment.folder / "offices.yaml").write_text(AT_THE_PAGES)
