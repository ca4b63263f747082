from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser
from tests.console.chromium import browser, chromium
from tests.console.place import a_place
from tests.databases import Databases
from tests.firm import Firm
from tests.flows.work import Work


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
