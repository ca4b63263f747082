"""Crediting and charging from the command line, and what is explained of it afterwards."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
from tests.cli.conftest import Isthmus
from tests.firm import Firm, a_firm
from tests.flows.test_intercompany import CHART, COST_PLUS, NUMBERS, american, cost, policies
from tests.flows.work import bill, under_way
from tests.landscapes import ENVIRONMENT

pytestmark = pytest.mark.anyio


@pytest.fixture
async def firm(
    database_url: str, isthmus: Isthmus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Firm]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    async with a_firm(database_url, tmp_path, more=policies(COST_PLUS), accounts=NUMBERS) as made:
        await made.books.control("seed", CHART)
        yield made


async def test_a_line_is_credited_in_part_and_explained(firm: Firm, isthmus: Isthmus) -> None:
    work = await under_way(firm)
    await work.log(["8", "7.5"])
    await firm.read()
    await bill(firm)
    [billed] = await firm.books.rows("invoice")
    number = billed["tranId"]
    said = ("--reason", "Half a day too many", "--on", "2026-08-05")
    answer = await isthmus("credit", number, "--line", "1", "--quantity", "3.5", *said)
    assert (answer.code, answer.out) == (
        0, f"525.00 EUR before tax of invoice {number} are credited; see `isthmus run list`\n",
    )  # fmt: skip
    await firm.settle()
    explained = (await isthmus("explain", number)).out
    for part in (
        "credit memo CM1-00001  applied  -525.00 EUR  Half a day too many",
        "issued 2026-08-05, not billed again",
        "tax 110.25 EUR, total 635.25 EUR, open 0.00 EUR",
        "of line 1: 3.5 x 150.00 EUR = 525.00 EUR",
        "= sum of 2 facts, difference 0",
    ):
        assert part in explained
    found = json.loads((await isthmus("explain", number, "--json")).out)
    assert [c["lines_total"]["amount"] for c in found["credits"]] == ["525.00"]
    again = json.loads((await isthmus("credit", number, "--all", "--rebill", "--json", *said)).out)
    assert again["credit"] == "1,800.00 EUR"
    await firm.settle()
    [memo, _] = await firm.events("credit.requested")
    assert memo["data"]["by"] == "a tester"


@pytest.mark.slow
async def test_what_cannot_be_credited_is_told_in_three_lines(firm: Firm, isthmus: Isthmus) -> None:
    work = await under_way(firm)
    await work.log(["8"])
    await firm.read()
    await bill(firm)
    [billed] = await firm.books.rows("invoice")
    number = billed["tranId"]

    async def refused(*words: str) -> str:
        answer = await isthmus("credit", *words, "--reason", "x")
        assert answer.code == 1
        return answer.err

    assert await refused(number, "--line", "1", "--amount", "1200.01") == (
        f"No credit for invoice {number}\n"
        "  why: 1,200.01 EUR of line 1 are more than the 1,200.00 EUR that are left of it\n"
        "  do:  Credit 1,200.00 EUR of line 1 at most.\n"
    )
    assert (await refused(number)).startswith("It is not said what to credit.\n")
    assert (await refused(number, "--all", "--line", "1")).startswith("It is not said what to")
    assert (await refused(number, "--all", "--amount", "5")).startswith("A part needs its line.\n")
    assert (await refused(number, "--line", "1", "--amount", "5", "--quantity", "1")).startswith(
        "Quantity and amount are both given.\n"
    )
    assert (await refused(number, "--line", "1", "--amount", "5,50")).startswith(
        "5,50 is not a number.\n"
    )
    assert (await refused("INV-99", "--all")).startswith("Nothing here is called INV-99.\n")
    assert (await refused("Harbour Works", "--all")).startswith(
        "Harbour Works is not an invoice.\n"
    )
    assert await firm.events("credit.requested") == []


async def test_an_entry_shows_what_it_was_charged_at(firm: Firm, isthmus: Isthmus) -> None:
    await american(firm, ["8"])
    await cost(firm, "80.00")
    answer = await isthmus("intercompany", "--up-to", "2026-07-31")
    assert (answer.code, answer.out) == (
        0, "1 pairs of companies and months are charged; see `isthmus run list`\n",
    )  # fmt: skip
    await firm.settle()
    none = json.loads((await isthmus("intercompany", "--up-to", "2026-07-31", "--json")).out)
    assert none["pairs"] == 0
    [header] = firm.org.rows("pse__Timecard_Header__c")
    entry = f"{header['Id']}:2026-07-06"
    performing, contracting = [e["tranId"] for e in await firm.books.rows("journalEntry")]
    assert (
        f"charged by EA-NL to EA-US for 2026-07: 8 h, cost_plus 10 %, 704.00 EUR  "
        f"({performing} and {contracting})"
    ) in (await isthmus("explain", entry)).out
    found = json.loads((await isthmus("explain", entry, "--json")).out)
    [row] = found["transfers"]
    assert (Decimal(row["amount"]["amount"]), row["numbers"]) == (
        Decimal("704.00"), [performing, contracting]
    )  # fmt: skip
