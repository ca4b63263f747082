"""G4, I1: Billing says what can be invoiced, explains what was, and asks for what was looked at.

The books: 16 hours at 150 on an invoice, 12 in the ledger on none, 4 more held at a rate of 999.
"""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import httpx2
import pytest
from tests.api.gateway import a_month_of_work
from tests.console.barriers import AXE, barriers
from tests.console.chromium import MISSING, browser, chromium
from tests.console.reading import PAGE, read, text_of
from tests.databases import Databases
from tests.firm import Firm, a_firm

from isthmus.access.accounts import add_machine
from isthmus.access.keys import add_key
from isthmus.canonical import Invoice, Project
from isthmus.console.billing_work import days_of

pytestmark = pytest.mark.anyio
JULY = "through=2026-07-31"
FOUND = chromium()


@pytest.fixture(scope="module")
async def firm(
    databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Firm]:
    folder: Path = tmp_path_factory.mktemp("billing")
    with databases.one() as url:
        async with a_firm(url, folder) as made:
            await a_month_of_work(made)
            yield made


async def project_of(firm: Firm) -> str:
    async with firm.app.database.begin() as tx:
        return next(p.id for p in await tx.records.list(Project) if p.name == "Harbour redesign")


async def as_role(firm: Firm, role: str, entity: str = "") -> dict[str, str]:
    """Headers of a caller with one role."""
    name = f"{role}{entity.lower()}"
    await add_machine(firm.app.database, name, name, [(role, entity)], "test")
    key = (await add_key(firm.app.database, name, None, timedelta(hours=1), "test")).key
    return {**PAGE, "Authorization": f"Bearer {key}"}


async def test_the_desk_agrees_with_the_finance_view_and_names_what_is_in_the_way(
    http: httpx2.AsyncClient,
) -> None:
    page = await read(http, f"/billing?{JULY}")
    assert "Unbilled 1,800 EUR" in page
    assert "Can be invoiced now 1,800 EUR" in page
    assert "Held 3,996 EUR" in page
    assert re.search(r"Harbour redesign Harbour Works · C-0002 · EA-NL ready in part", page)
    assert "Rate mismatch 3,996.00 EUR" in page
    [aged] = (await http.get("/experience/v1/finance")).json()["aged_unbilled"]
    amounts = [
        f"{Decimal(v):,.2f} EUR" if Decimal(v) else "\u2013" for v in aged["buckets"].values()
    ]
    cells = " ".join(f"{age} days {a}" for age, a in zip(aged["buckets"], amounts, strict=True))
    assert cells in page
    assert aged["total"] == "1800.00"
    none = await read(http, f"/billing?{JULY}&entity=EA-US")
    assert "Nothing is unbilled here" in none
    assert "1,800" not in none
    assert "Unbilled 0" in await read(http, "/billing?through=2026-07-05")


async def test_every_amount_leads_to_its_rows_and_each_row_to_its_journey(
    firm: Firm, http: httpx2.AsyncClient
) -> None:
    desk = await http.get(f"/billing?{JULY}", headers=PAGE)
    links = {html.unescape(a) for a in re.findall(r'class="behind" href="([^"]+)"', desk.text)}
    work = sorted(link for link in links if link.startswith("/billing/work"))
    assert len(work) >= 3
    for link in work:
        assert "2 rows · 1,800.00 EUR" in await read(http, link), link
    rows = await http.get(work[0], headers=PAGE)
    assert "Consultant One" in rows.text
    assert re.search(r"13 Jul 2026 6 h at 150.00 EUR 900.00 EUR posted", text_of(rows))
    [first, _] = re.findall(r'"(/journey\?q=[0-9a-f-]{36})"', rows.text)
    assert "Time entry" in await read(http, first)
    assert "No work is unbilled like this" in await read(http, "/billing/work?ledger=unposted")
    assert "0 rows" in await read(http, f"/billing/work?{JULY}&currency=USD")


def test_ages_meet_without_a_gap() -> None:
    on, day = date(2026, 8, 31), timedelta(days=1)
    young, next_, old, oldest = (days_of(age, on) for age in ("0-30", "31-60", "61-90", "over 90"))
    assert young == (date(2026, 8, 1), None)
    assert next_ == (date(2026, 7, 2), date(2026, 7, 31))
    assert old == (date(2026, 6, 2), date(2026, 7, 1))
    assert oldest == (None, date(2026, 6, 1))
    assert next_[0] is not None
    assert days_of("over 60", on) == (None, next_[0] - day)


async def test_a_dry_run_shows_the_invoice_line_by_line_and_what_is_left_out(
    firm: Firm, http: httpx2.AsyncClient
) -> None:
    page = await read(http, f"/billing/dry-run?{JULY}")
    assert re.search(r"EA-NL EUR 1 invoice 1,800.00 EUR held 3,996.00 EUR", page)
    assert (
        "Consultant, Consultant One, 2026-07-13 to 2026-07-14 time 12 h \u00d7 150.00 EUR" in page
    )
    assert "= 1,800.00 EUR" in page
    assert "2 sources behind it" in page
    assert re.search(r"Left out Rate mismatch 3,996.00 EUR .* Finance: Correct the rate", page)
    part = await read(http, f"/billing/dry-run?through=2026-07-13&project={await project_of(firm)}")
    assert "6 h \u00d7 150.00 EUR = 900.00 EUR" in part
    assert "Ready to bill 1,800 EUR" in await read(http, "/"), "the dry run up to today"
    assert "EA-NL EUR 1 invoice 1,800.00 EUR" in await read(http, "/billing/dry-run")
    early = await read(http, "/billing/dry-run?through=2026-07-05")
    assert "No invoice would be made" in early
    assert "Ask for" not in early
    wrong = await http.get("/billing/dry-run?through=31.7.2026&client=Harbour+Works", headers=PAGE)
    assert wrong.status_code == 422
    assert "31.7.2026 is no day; write it as 2026-07-31" in text_of(wrong)
    assert '<option value="Harbour Works" selected>' in wrong.text


async def test_an_invoice_is_explained_to_the_hour_and_the_price(
    firm: Firm, http: httpx2.AsyncClient
) -> None:
    listed = await http.get("/billing/invoices", headers=PAGE)
    assert "1 invoice · 2,400.00 EUR before tax, 2,904.00 EUR due" in text_of(listed)
    [path] = re.findall(r'"(/billing/invoices/[0-9a-f-]{36})"', listed.text)
    page = await read(http, path)
    async with firm.app.database.begin() as tx:
        [invoice] = await tx.records.list(Invoice)
    assert f"Invoice {invoice.number} Harbour Works, of EA-NL" in page
    assert "Before tax 2,400.00 EUR Tax 504.00 EUR Total 2,904.00 EUR" in page
    assert "16 h \u00d7 150.00 EUR = 2,400.00 EUR" in page
    assert re.search(r"150.00 EUR an hour, rate card \S+ for Consultant, in force from", page)
    assert page.count("8 h 1,200.00 EUR") == 2
    assert "The sum of its 2 sources is the amount of the line; difference 0." in page
    assert "Billed by time and materials" in page
    assert "Nothing of it was credited." in page
    assert "Explained to the cent" in page
    assert f"Invoice {invoice.number}" in await read(http, f"/billing/invoices/{invoice.number}")
    assert "No invoice is like this" in await read(http, "/billing/invoices?status=void")
    assert "No invoice is like this" in await read(http, "/billing/invoices?period=Aug+2026")
    assert (await http.get("/billing/invoices/INV-NONE", headers=PAGE)).status_code == 404


async def test_each_role_sees_its_companies_and_no_names_that_it_may_not_see(
    firm: Firm, http: httpx2.AsyncClient
) -> None:
    async with firm.app.database.begin() as tx:
        [invoice] = await tx.records.list(Invoice)
    pages = (f"/billing?{JULY}", f"/billing/dry-run?{JULY}", "/billing/work",
             f"/billing/invoices/{invoice.number}")  # fmt: skip
    for role, links in (("delivery", "/exceptions/H-1"), ("executive", ""), ("auditor", "/flows/")):
        headers = await as_role(firm, role)
        texts = [(await http.get(path, headers=headers)).text for path in pages]
        assert all("150.00" in text or "1,800" in text for text in texts), role
        assert not any("Consultant One" in text for text in texts), role
        assert not any('<form method="post" action="/billing' in text for text in texts), role
        assert any(links in text for text in texts), role
        assert (await http.post("/billing/dry-run", headers=headers)).status_code == 403
    assert not any('href="/exceptions' in text for text in texts) or role == "auditor"
    american = await as_role(firm, "delivery", "EA-US")
    for path in pages[:3]:
        assert "1,800" not in (await http.get(path, headers=american)).text
    assert (await http.get(pages[3], headers=american)).status_code == 404
    operator = await as_role(firm, "integration")
    assert (await http.get("/billing", headers=operator)).status_code == 403
    other = await as_role(firm, "finance", "EA-US")
    sent = {"through": "2026-07-31", "entity": "EA-NL", "seen": ""}
    assert (await http.post("/billing/dry-run", headers=other, data=sent)).status_code == 403


async def test_what_changed_since_it_was_looked_at_is_not_asked_for(
    firm: Firm, http: httpx2.AsyncClient
) -> None:
    sent = {"through": "2026-07-31", "seen": "another plan"}
    refused = await http.post("/billing/dry-run", data=sent)
    assert refused.status_code == 422
    assert "What would be invoiced has changed since you looked." in text_of(refused)
    assert "Nothing was drafted or posted." in text_of(refused)
    await firm.settle()
    assert "1 invoice ·" in await read(http, "/billing/invoices")
    async with firm.app.database.begin() as tx:
        assert await tx.audit.list(action="billing.requested", principal="local") == []


@pytest.mark.skipif(FOUND is None, reason=MISSING)
@pytest.mark.skipif(not AXE.exists(), reason="axe-core is not here: run tools/assets/fetch")
async def test_pages_without_barriers_and_an_invoice_asked_for_after_one_question(
    firm: Firm, url: str, http: httpx2.AsyncClient
) -> None:
    listed = (await http.get("/billing/invoices", headers=PAGE)).text
    [path] = re.findall(r'"(/billing/invoices/[0-9a-f-]{36})"', listed)
    paths = [f"/billing?{JULY}", f"/billing/dry-run?{JULY}", "/billing/work", "/billing/invoices",
             path]  # fmt: skip
    async with browser(str(FOUND)) as opened:
        page = await opened.new_page(base_url=url)
        page.set_default_timeout(10_000)
        assert await barriers(page, paths) == {}
        await page.goto(f"/billing?{JULY}")
        await page.keyboard.press("j")
        await page.keyboard.press("Enter")
        await page.get_by_role("button", name="Ask for 1 invoice").click()
        await page.get_by_role("dialog").get_by_text("1,800.00 EUR before tax").wait_for()
        await page.get_by_role("dialog").get_by_text("posted in netsuite").wait_for()
        await page.get_by_role("button", name="Ask for it").click()
        await page.get_by_text("1 invoice is asked for, 1,800.00 EUR before tax").wait_for()
        await firm.settle()
        await page.reload()
        await page.get_by_text("2 invoices").wait_for()
    assert "2 invoices · 4,200.00 EUR before tax" in await read(http, "/billing/invoices")
    async with firm.app.database.begin() as tx:
        [asked] = await tx.audit.list(action="billing.requested", principal="local")
    assert asked.after["companies"] == ["EA-NL"]
    assert asked.after["up_to"] == "2026-07-31"
    assert list(asked.after["invoices"].values()) == ["1800.00 EUR"]
    assert "No invoice would be made" in await read(http, f"/billing/dry-run?{JULY}")
