from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest
from playwright.async_api import Browser
from tests.console.chromium import browser, chromium
from tests.console.place import a_place
from tests.databases import Databases
from tests.firm import Firm, a_firm
from tests.flows.work import Work

from isthmus.api.server import serving


@pytest.fixture(scope="module")
async def place(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Firm, Work]]:
    """One for all tests of a file."""
    folder: Path = tmp_path_factory.mktemp("console")
    with databases.one() as url:
        async with a_place(url, folder) as found:
            yield found


@pytest.fixture(scope="module")
async def chrome() -> AsyncIterator[Browser]:
    """Where there is none the tests that want it are skipped."""
    async with browser(str(chromium())) as opened:
        yield opened


@pytest.fixture(scope="module")
async def firm(
    request: pytest.FixtureRequest,
    databases: Databases,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[Firm]:
    """Without a worker; its landscape has what the file calls MORE."""
    folder: Path = tmp_path_factory.mktemp("firm")
    with databases.one() as url:
        async with a_firm(url, folder, more=request.module.MORE, works=False) as found:
            yield found


@pytest.fixture(scope="module")
async def url(firm: Firm) -> AsyncIterator[str]:
    async with serving(firm.app) as found:
        yield found


@pytest.fixture(scope="module")
async def http(url: str) -> AsyncIterator[httpx2.AsyncClient]:
    """Whoever sits at the machine, until somebody logs in there."""
    async with httpx2.AsyncClient(base_url=url, timeout=30) as client:
        yield client
