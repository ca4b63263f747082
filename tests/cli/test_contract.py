"""Contracts on the command line: listed, shown on a day, given terms."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from tests.cli.conftest import Isthmus
from tests.firm import Firm
from tests.flows.work import amend, under_way

pytestmark = pytest.mark.anyio
TERMS = """\
time:
  rounding: {increment: 30}
  overtime: {daily_threshold: 8, multiplier: 1.5}
"""


async def test_terms_are_shown_written_and_read_back(
    firm: Firm, isthmus: Isthmus, tmp_path: Path
) -> None:
    work = await under_way(firm, Cap_Amount__c=5000, Minimum_Increment__c=6)
    await work.log(["7.6"], "2026-07-06")
    await firm.read()
    [row] = json.loads((await isthmus("contract", "list", "--on", "2026-07-31", "--json")).out)
    number = row["number"]
    assert (row["customer"], row["billing_model"], row["terms"]) == ("Harbour Works", "t_and_m", 0)

    file = tmp_path / "terms.yaml"
    file.write_text(TERMS, "utf-8")
    give = ("contract", "terms", number, str(file), "--from", "2026-07-06")
    shown = await isthmus(*give)
    assert shown.code == 0, shown.err
    lines = [line.split() for line in shown.out.splitlines()]
    for change in (
        ["time.overtime.daily_threshold", "none", "8"],
        ["time.overtime.multiplier", "none", "1.5"],
        ["time.rounding.increment", "none", "30"],
    ):
        assert change in lines
    assert "1 entry on no invoice move by 60.00 EUR" in shown.out
    assert shown.out.endswith("nothing was written; --write does it\n")
    assert json.loads((await isthmus("contract", "show", number, "--json")).out)["given_by"] is None

    unexplained = await isthmus(*give, "--write")
    assert (unexplained.code, unexplained.err) == (
        1, "It is not said why the terms change.\n  why: The reason is kept with the amendment, "
        'and shown by `isthmus explain`.\n  do:  Add --note "why".\n',
    )  # fmt: skip
    written = await isthmus(*give, "--write", "--note", "side letter of 3 July")
    assert written.out.endswith("written as amendment 1; see `isthmus run list`\n")
    await firm.settle()
    again = json.loads((await isthmus(*give, "--write", "--note", "once more", "--json")).out)
    assert (again["terms"], again["written"]) == ([], False)
    [told] = await firm.events("contract.terms_changed")
    assert (told["data"]["by"], told["data"]["note"]) == ("a tester", "side letter of 3 July")

    sheet = (await isthmus("contract", "show", number, "--on", "2026-07-31")).out
    for part in (
        f"contract {number}  active  Harbour Works",
        "not to exceed 5,000.00 EUR: 1,200.00 EUR used, 3,800.00 EUR left",
        "hours are billed in steps of 6 minutes, where time.rounding is not set",
        "amendment 1 from 2026-07-06: detailed terms changed, note side letter of 3 July",
        "terms on 2026-07-31, by amendment 1",
    ):
        assert part in sheet
    told_terms = [line.split() for line in sheet.splitlines()]
    assert ["time.rounding.increment", "30", "set"] in told_terms
    assert ["time.half_cent", "up", "default"] in told_terms
    before = (await isthmus("contract", "show", number, "--on", "2026-07-05")).out
    assert "terms on 2026-07-05, as first agreed" in before
    assert "time.rounding.increment" not in before

    yaml = await isthmus("contract", "show", number, "--on", "2026-07-31", "--yaml")
    file.write_text(yaml.out, "utf-8")
    assert json.loads((await isthmus(*give, "--json")).out)["terms"] == []


@pytest.mark.slow
async def test_a_file_with_mistakes_changes_nothing(
    firm: Firm, isthmus: Isthmus, tmp_path: Path
) -> None:
    await under_way(firm)
    [row] = json.loads((await isthmus("contract", "list", "--json")).out)
    file = tmp_path / "terms.yaml"
    file.write_text("caps:\n  - {amount: 100 USD}\nsubscription: {price: 100}\n", "utf-8")
    refused = await isthmus(
        "contract", "terms", row["number"], str(file), "--from", "2026-07-06", "--write",
        "--note", "a try",
    )  # fmt: skip
    assert (refused.code, refused.out) == (1, "")
    assert refused.err == (
        f"{file}:2:14: 100.00 USD is of another currency than its contract\n"
        f"  why: contract {row['number']} is in EUR, and nothing is converted\n"
        "  do:  Write the amount in EUR, as `100 EUR`.\n"
        f"{file}:3:1: no flow bills by `subscription` yet\n"
        "  why: a subscription would be agreed here and never be on an invoice\n"
        "  do:  Remove it, and bill what it says by hand.\n"
    )
    assert await firm.events("contract.terms_changed") == []


@pytest.mark.slow
async def test_an_amended_value_is_that_of_the_day(firm: Firm, isthmus: Isthmus) -> None:
    work = await under_way(firm)
    await amend(work, Work_Starts_On__c="2026-08-01", Amount=1000)
    for day, value in (("2026-07-31", 15000), ("2026-08-01", 16000)):
        [row] = json.loads((await isthmus("contract", "list", "--on", day, "--json")).out)
        assert Decimal(row["value"]["amount"]) == value


async def test_a_contract_that_is_not_there(firm: Firm, isthmus: Isthmus) -> None:
    assert (await isthmus("contract", "list")).out == "there is no contract yet\n"
    missing = await isthmus("contract", "show", "C-9999")
    assert (missing.code, missing.err.splitlines()[0]) == (1, "Nothing here is called C-9999.")


async def test_the_schema_is_printed_or_written(isthmus: Isthmus, tmp_path: Path) -> None:
    printed = await isthmus("contract", "schema")
    assert set(json.loads(printed.out)["properties"]) == {
        "time", "caps", "expenses", "fixed_fee", "recognition",
    }  # fmt: skip
    assert (await isthmus("contract", "schema", str(tmp_path))).code == 0
    assert (tmp_path / "terms.schema.json").read_text("utf-8") == printed.out
