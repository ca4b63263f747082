"""An account on a file survives kill -9 with every request it had answered."""

import asyncio
import signal
import sys
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import pytest

from isthmus.sandbox.netsuite import NetSuiteAccount
from isthmus.sandbox.serve import serving

from .conftest import CERTIFICATE_ID, CLIENT_ID, FIRM, PUBLIC_PEM, Api, invoice
from .test_batch import clients, submit

pytestmark = pytest.mark.anyio

SERVER = """
import asyncio, sys
from pathlib import Path
from isthmus.sandbox.netsuite import NetSuiteAccount
from isthmus.sandbox.serve import serving

async def main():
    async with serving(NetSuiteAccount(Path(sys.argv[1])).app) as url:
        print(url, flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def prepare(api: Api) -> dict[str, Any]:
    await api.control(
        "integrations",
        {
            "client_id": CLIENT_ID,
            "certificate_id": CERTIFICATE_ID,
            "public_key": PUBLIC_PEM.decode(),
        },
    )
    await api.control("seed", FIRM)
    await api.control("settings", {"tax_rates": {"NL": "21"}, "batch_seconds": 1})
    await api.sign_in()
    row_id = await api.create("invoice", **invoice(externalId="inv-1"))
    await api.control("pay", {"invoice": row_id, "amount": 10, "date": "2026-02-20"})
    job = (await submit(api, clients("late"))).headers["location"]
    return {"token": api.token, "invoice": row_id, "job": job}


async def test_after_kill_9_everything_answered_is_there(tmp_path: Path) -> None:
    data = tmp_path / "netsuite.db"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVER, str(data), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    url = (await process.stdout.readline()).decode().strip()
    async with httpx2.AsyncClient(base_url=url, timeout=10) as client:
        known = await prepare(Api(client, None))  # type: ignore[arg-type]
    process.send_signal(signal.SIGKILL)
    await process.wait()

    with closing(NetSuiteAccount(data)) as account:
        async with (
            serving(account.app) as url,
            httpx2.AsyncClient(base_url=url, timeout=10) as client,
        ):
            api = Api(client, account)
            api.token = known["token"]
            shown = await api.get("invoice", known["invoice"])
            assert (shown["externalId"], shown["amountRemaining"]) == ("inv-1", 1200.0)
            rows = await api.select(
                "SELECT tranid, foreignamountunpaid FROM transaction WHERE type = 'CustInvc'"
            )
            assert rows == [{"tranid": "INV1-00001", "foreignamountunpaid": "1200"}]
            await asyncio.sleep(1)
            assert [row["externalId"] for row in await api.rows("customer")][2:] == ["late"]
            assert await api.create("invoice", **invoice()) == "3", "ids go on after the payment"


async def test_a_program_that_holds_the_account_seeds_it_directly(tmp_path: Path) -> None:
    data = tmp_path / "netsuite.db"
    with closing(NetSuiteAccount(data)) as account:
        account.register(CLIENT_ID, CERTIFICATE_ID, PUBLIC_PEM.decode())
        assert account.seed(FIRM)["job"] == ["4"]
    with closing(NetSuiteAccount(data)) as account:
        (yen,) = [row for row in account.books.all("currency") if row["symbol"] == "JPY"]
        assert yen["exchangeRate"] == Decimal("0.00625")
        assert account.seed(FIRM)["job"] == ["4"], "a repeated seed changes nothing"
