from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.firm import Firm, a_firm


@pytest.fixture
async def firm(database_url: str, tmp_path: Path) -> AsyncIterator[Firm]:
    async with a_firm(database_url, tmp_path) as made:
        yield made
