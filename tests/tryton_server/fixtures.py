"""`tryton`: one real Tryton server for the session, or a skip that says why there is none."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from tests.tryton_server.server import TrytonServer, running, shelf

from isthmus.sandbox.tryton import NotInstallable

__all__ = ["tryton"]


def require_tryton() -> None:
    """Skip without the packages, unless the environment insists that they must be there."""
    try:
        shelf().interpreter()
    except NotInstallable as error:
        if os.environ.get("ISTHMUS_TEST_REQUIRE_TRYTON"):
            raise
        pytest.skip(f"{error} (a run with PyPI in reach fills the cache)")


@pytest.fixture(scope="session")
def tryton() -> Iterator[TrytonServer]:
    require_tryton()
    with running() as server:
        yield server
