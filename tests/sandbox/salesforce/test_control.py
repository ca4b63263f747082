import asyncio
import os
import sys
from pathlib import Path

import httpx2
import pytest
from tests.sandbox.salesforce.client import Client, V, register

from isthmus.sandbox.salesforce import SalesforceOrg
from isthmus.sandbox.serve import serving

pytestmark = pytest.mark.anyio


async def test_seed_is_validated_and_all_or_nothing(sf: Client) -> None:
    good = {"attributes": {"type": "Account"}, "Name": "A"}
    old = "2020-01-01T00:00:00.000+0000"
    answer = await sf.control("seed", {"records": [good, {**good, "Name": None}]})
    assert answer["error"]["errorCode"] == "REQUIRED_FIELD_MISSING"
    assert (await sf.query("SELECT COUNT() FROM Account"))["totalSize"] == 0
    made = await sf.seed("Account", {"Name": "Old", "CreatedDate": old, "SystemModstamp": old})
    row = await sf.read("Account", made[0])
    assert (row["CreatedDate"], row["SystemModstamp"]) == (old, old)


async def test_update_and_delete_as_a_person_would(sf: Client) -> None:
    made = await sf.create("Account", Name="A")
    change = {"attributes": {"type": "Account"}, "Id": made, "Name": "B"}
    assert await sf.control("update", {"records": [change]}) == {"ids": [made]}
    assert (await sf.read("Account", made))["Name"] == "B"
    await sf.control("delete", {"ids": [made]})
    assert (await sf.query("SELECT COUNT() FROM Account"))["totalSize"] == 0


async def test_raw_rows_keep_decimals_exact(sf: Client) -> None:
    await sf.create("Account", Name="A")
    await sf.create(
        "Opportunity", Name="D", StageName="Prospecting", CloseDate="2026-01-01", Amount=12.5
    )
    answer = (await sf.http.get("/__control/rows/Opportunity")).json()
    assert [row["Amount"] for row in answer["rows"]] == ["12.50"]


async def test_statistics_by_resource(sf: Client) -> None:
    await sf.http.delete("/__control/stats")
    made = await sf.create("Account", Name="A")
    await sf.read("Account", made)
    await sf.read("Account", made)
    await sf.query("SELECT Id FROM Account")
    assert (await sf.http.get("/__control/stats")).json() == {
        "requests": {
            "POST /sobjects/{object}": 1,
            "GET /sobjects/{object}/{id}": 2,
            "GET /query": 1,
        },
        "total": 4,
    }


async def test_reset_gives_a_new_org(sf: Client) -> None:
    await sf.create("Account", Name="A")
    await sf.control("reset")
    assert (await sf.http.get(f"{V}/limits")).status_code == 401
    register(sf.org)
    await sf.sign_in()
    assert (await sf.query("SELECT COUNT() FROM Account"))["totalSize"] == 0
    assert (await sf.query("SELECT COUNT() FROM OpportunityStage"))["totalSize"] == 10


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("seed", {"rows": []}),
        ("connected-apps", {"client_id": "a", "username": "b", "colour": "red"}),
        ("outbound-messages/settings", {"shuffel": True}),
        ("connected-apps", {"client_id": "a", "username": "b", "public_key": "rubbish"}),
    ],
)
async def test_a_misspelt_control_body_is_refused(
    sf: Client, name: str, body: dict[str, object]
) -> None:
    answer = await sf.http.post(f"/__control/{name}", json=body)
    assert (answer.status_code, list(answer.json())) == (400, ["error"])


async def test_faults_strike_the_api_not_the_control(sf: Client) -> None:
    await sf.control("faults", {"kind": "error", "status": 503, "path": "/sobjects", "times": 1})
    refused = await sf.http.post(f"{V}/sobjects/Account", json={"Name": "A"})
    assert (refused.status_code, refused.json()[0]["errorCode"]) == (503, "SERVER_UNAVAILABLE")
    assert (await sf.query("SELECT COUNT() FROM Account"))["totalSize"] == 0
    await sf.create("Account", Name="A")


async def test_a_lost_answer_leaves_the_row(sf: Client) -> None:
    await sf.control("faults", {"kind": "timeout_after_commit", "path": "/sobjects", "times": 1})
    with pytest.raises(httpx2.RemoteProtocolError):
        await sf.http.post(f"{V}/sobjects/Account", json={"Name": "A"})
    assert (await sf.query("SELECT COUNT() FROM Account"))["totalSize"] == 1


SERVER = """
import asyncio, sys
from pathlib import Path
from isthmus.sandbox.salesforce import SalesforceOrg
from isthmus.sandbox.serve import serving
from tests.sandbox.salesforce.client import register

async def main():
    org = SalesforceOrg(Path(sys.argv[1]))
    register(org)
    async with serving(org.app) as url:
        print(url, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_kill_9_keeps_every_answered_request(tmp_path: Path) -> None:
    data = tmp_path / "org.db"
    command = [sys.executable, "-c", SERVER, str(data)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])}
    server = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, env=environment
    )
    assert server.stdout is not None
    url = (await server.stdout.readline()).decode().strip()
    org = SalesforceOrg()
    async with httpx2.AsyncClient(base_url=url) as http:
        sf = Client(http, org, url)
        await sf.sign_in()
        made = [await sf.create("Account", Name=f"A{n}") for n in range(20)]
        token = http.headers["Authorization"]
    org.close()
    server.kill()
    await server.wait()
    org = SalesforceOrg(data)
    async with serving(org.app) as url, httpx2.AsyncClient(base_url=url) as http:
        sf = Client(http, org, url)
        http.headers["Authorization"] = token
        found = await sf.query("SELECT Id FROM Account ORDER BY Id")
        assert [row["Id"] for row in found["records"]] == made
        assert await sf.create("Account", Name="next") not in made
    org.close()
