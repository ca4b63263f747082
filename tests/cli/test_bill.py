"""H5: whoever asks for invoices, by whichever door, is in the audit with companies and day."""

from __future__ import annotations

import html
import re
from typing import Any

import httpx2
import pytest
from tests.cli.conftest import Isthmus
from tests.console.govern import PAGE, as_role
from tests.firm import Firm
from tests.flows.work import under_way

from isthmus.api.server import serving

pytestmark = pytest.mark.anyio
JULY = "2026-07-31"


async def asked(firm: Firm) -> list[tuple[str, str | None, dict[str, Any]]]:
    """(who, about what, what is told), the oldest first."""
    async with firm.app.database.begin() as tx:
        rows = await tx.audit.list(action="billing.requested")
    return [(row.principal, row.object_id, row.after) for row in reversed(rows)]


async def test_each_door_says_who_asked_for_which_companies_and_up_to_which_day(
    firm: Firm, isthmus: Isthmus
) -> None:
    work = await under_way(firm)
    finance = await as_role(firm, "controller", "finance")
    async with serving(firm.app) as url, httpx2.AsyncClient(base_url=url, timeout=30) as http:
        await work.log(["8"])
        await firm.read()
        sent = {"up_to": JULY, "dry_run": True}
        looked = {**finance, "idempotency-key": "look"}
        answer = await http.post("/process/v1/billing-runs", json=sent, headers=looked)
        assert answer.json()["contracts"] == 1
        assert await asked(firm) == []
        keyed = {**finance, "idempotency-key": "bill"}
        answer = await http.post("/process/v1/billing-runs", json={"up_to": JULY}, headers=keyed)
        assert answer.json()["contracts"] == 1
        await firm.settle()

        await work.log(["7"], "2026-07-13")
        await firm.read()
        path = f"/billing/dry-run?through={JULY}&client=Harbour+Works"
        page = (await http.get(path, headers=finance)).text
        [seen] = set(re.findall(r'name="seen" value="([0-9a-f]+)"', html.unescape(page)))
        form = {"through": JULY, "client": "Harbour Works", "seen": seen}
        answer = await http.post("/billing/dry-run", data=form, headers={**finance, **PAGE})
        assert answer.status_code == 303, answer.text
        await firm.settle()

    await work.log(["6"], "2026-07-20")
    await firm.read()
    assert (await isthmus("bill", "--up-to", JULY)).code == 0
    await firm.settle()
    assert (await isthmus("bill", "--up-to", "2026-06-30")).code == 0

    told = {"up_to": JULY, "companies": ["EA-NL"], "contracts": ["C-0002"]}
    assert await asked(firm) == [
        ("controller", "firm", told),
        ("controller", "firm",
         {**told, "client": "Harbour Works", "invoices": {"C-0002": "1050.00 EUR"}}),
        ("a tester", "firm", told),
        ("a tester", "firm", {"up_to": "2026-06-30", "companies": [], "contracts": []}),
    ]  # fmt: skip
