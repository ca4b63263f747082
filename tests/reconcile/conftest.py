from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.firm import Firm, a_firm

RECONCILIATIONS = """\
reconciliations:
  time: {promise: time, connections: [certinia, netsuite], grace: none, months: 12,
         signatures: [finance, delivery]}
  time-later: {promise: time, connections: [certinia, netsuite], grace: 1d, months: 12}
  invoices: {promise: invoices, connections: [netsuite, salesforce], grace: none, months: 12}
  customers: {promise: customers, connections: [salesforce, netsuite], grace: none}
"""


@pytest.fixture
async def firm(database_url: str, tmp_path: Path) -> AsyncIterator[Firm]:
    async with a_firm(database_url, tmp_path, more=RECONCILIATIONS) as made:
        yield made
