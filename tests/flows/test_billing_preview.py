"""A dry run shows the invoices that would be made, to the cent, and makes none."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from tests.firm import Firm
from tests.flows.deals import a_deal, an_account, edit_card, log_week, project_of, staff, win

from isthmus.flows.billing_preview import Preview, preview_billing
from isthmus.flows.contract_to_invoice import request_billing

pytestmark = pytest.mark.anyio

JULY = date(2026, 7, 31)


async def _worked(firm: Firm, *weeks: tuple[str, list[str]]) -> tuple[dict[str, Any], str]:
    """A won deal with hours; its project and assignment."""
    deal = await a_deal(firm, await an_account(firm))
    await win(firm, deal)
    project = project_of(firm, deal)
    assignment = await staff(firm, project)
    for monday, hours in weeks:
        await log_week(firm, project, assignment, monday, hours)
    await firm.read()
    return project, assignment


async def _preview(firm: Firm) -> Preview:
    return await preview_billing(firm.app.engine, JULY)


def _totals(preview: Preview) -> list[str]:
    return [str(invoice.total) for invoice in preview.plan.invoices]


async def test_what_would_be_made_is_what_is_made(firm: Firm) -> None:
    await _worked(firm, ("2026-07-06", ["8", "7.5"]))

    first = await _preview(firm)
    assert _totals(first) == ["2,325.00 EUR"]
    [planned] = first.plan.invoices
    assert [(str(n.quantity), str(n.unit_price)) for n in planned.lines] == [("15.5", "150.00 EUR")]
    assert (planned.issued_on, planned.period, planned.stops) == (JULY, "Jul 2026", None)
    assert await firm.books.rows("invoice") == []
    assert (first.compared_with, first.changes) == (None, ())

    await request_billing(firm.app.engine, JULY, "person@firm.example")
    await firm.settle()
    [invoice] = await firm.books.rows("invoice")
    assert Decimal(invoice["subtotal"]) == Decimal("2325.00")

    after = await _preview(firm)
    assert _totals(after) == []
    [change] = after.changes
    assert (str(change.before), change.after) == ("2,325.00 EUR", None)
    assert [(m.why, m.count, str(m.amount)) for m in change.moved] == [
        ("invoiced since", 2, "-2,325.00 EUR")
    ]


@pytest.mark.slow
async def test_what_changed_since_the_last_dry_run(firm: Firm) -> None:
    project, assignment = await _worked(firm, ("2026-07-06", ["8", "7.5", "4"]))
    await _preview(firm)
    assert (await _preview(firm)).changes == ()

    [card] = firm.org.rows("pse__Timecard_Header__c")
    await edit_card(
        firm, card["Id"], pse__Monday_Hours__c=Decimal(6), pse__Wednesday_Hours__c=Decimal(0)
    )
    await log_week(firm, project, assignment, "2026-07-13", ["5"])
    await firm.read()

    [change] = (await _preview(firm)).changes
    assert (str(change.before), str(change.after)) == ("2,925.00 EUR", "2,775.00 EUR")
    assert [(m.why, m.count, str(m.amount)) for m in change.moved] == [
        ("new", 1, "750.00 EUR"),
        ("another amount", 1, "-300.00 EUR"),
        ("no longer billable", 1, "-600.00 EUR"),
    ]


async def test_what_is_in_the_way_is_said(firm: Firm) -> None:
    await _worked(firm, ("2026-07-06", ["8"]))
    await firm.books.control("periods", {"period": "Jul 2026", "arLocked": True})
    await firm.read()

    [planned] = (await _preview(firm)).plan.invoices
    assert (str(planned.total), planned.stops) == ("1,200.00 EUR", "period Jul 2026 is locked")


@pytest.mark.slow
async def test_what_is_held_is_on_no_invoice(firm: Firm) -> None:
    project, assignment = await _worked(firm, ("2026-07-06", ["8"]))
    await firm.org.update(
        "pse__Rate_Card__c", firm.org.ids["card_EUR"], pse__End_Date__c="2026-07-10"
    )
    await log_week(firm, project, assignment, "2026-07-13", ["5"])
    await firm.read()

    plan = (await _preview(firm)).plan
    assert [str(invoice.total) for invoice in plan.invoices] == ["1,200.00 EUR"]
    assert [(b.why, b.count) for b in plan.left_out] == [("held: finance", 1)]
