from collections.abc import AsyncIterator

import httpx2
import pytest
from tests.sandbox.salesforce.client import Client, register

from isthmus.sandbox.salesforce import SalesforceOrg
from isthmus.sandbox.serve import serving


@pytest.fixture
async def sf() -> AsyncIterator[Client]:
    org = SalesforceOrg()
    register(org)
    async with serving(org.app) as url, httpx2.AsyncClient(base_url=url) as http:
        client = Client(http, org, url)
        await client.sign_in()
        yield client
    org.close()
