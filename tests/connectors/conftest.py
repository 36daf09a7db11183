"""Both transports of the REST push: what is tested with them holds for both."""

from collections.abc import Iterator

import pytest

from connectors.rest import Rest


@pytest.fixture(params=["keep_alive", "requests"])
def transport(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of a department that choose a transport."""
    return {"transport": request.param}


@pytest.fixture
def rest() -> Iterator[Rest]:
    rest = Rest()
    yield rest
    rest.close()
