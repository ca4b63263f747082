from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.holds.place import an_engine

from isthmus.engine import Engine


@pytest.fixture
async def engine(database_url: str, tmp_path: Path) -> AsyncIterator[Engine]:
    """It works on runs."""
    async with an_engine(database_url, tmp_path) as made:
        yield made


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Engine]:
    """It works on no run: holds are only looked at."""
    async with an_engine(database_url, tmp_path, works=False) as made:
        yield made
