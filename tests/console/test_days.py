"""G4: the days of those who read, in a browser, to the cent, and what each of them may not see."""

from __future__ import annotations

import zipfile
from collections.abc import AsyncIterator
from datetime import date

import pytest
from playwright.async_api import Browser, Page
from tests.console.chromium import MISSING, chromium
from tests.console.desk import acts, answers, at_desk, menu, refused, text_of
from tests.firm import Firm
from tests.flows.work import Work

from isthmus.access.accounts import first_person
from isthmus.api.server import serving
from isthmus.observe.kpis import Figures

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(chromium() is None, reason=MISSING)]
Place = tuple[Firm, Work]
SUBMITTED = {"pse__Status__c": "Submitted", "pse__Submitted__c": True}


@pytest.fixture(scope="module")
async def url(place: Place) -> AsyncIterator[str]:
    await first_person(place[0].app.database, "test")
    async with serving(place[0].app) as found:
        yield found


async def label_of(firm: Firm, code: str) -> str:
    """Of the one open hold of a cause."""
    async with firm.app.database.begin() as tx:
        [hold] = await tx.holds.list(code=code)
    return hold.label


async def test_a_delivery_manager_sees_what_projects_earn_and_nobodys_name(
    place: Place, chrome: Browser, url: str
) -> None:
    async with at_desk(chrome, place[0], url, "dirk", "delivery", "EA-NL") as page:
        await page.goto("/")
        shown = ["Overview", "Exceptions", "Approvals", "Journey", "Projects", "Billing", "Model"]
        assert await menu(page) == shown
        await page.get_by_role("link", name="Projects").click()
        row = await text_of(page.locator("[data-row]"))
        assert row == (
            "Harbour redesign Harbour Works · C-0002 · EA-NL · 13 of 100 h held 750.00 EUR "
            "15,000.00 EUR 1,200.00 EUR 8 % of sold 1,200.00 EUR "
            "at most 560.00 EUR 46.7 % after cost of 640.00 EUR 5 h have no cost"
        )
        await page.get_by_role("link", name="1,200.00 EUR").click()
        assert "••• Harbour redesign · time entry · Consultant 6 Jul 2026 8 h" in await text_of(
            page
        )
        assert "Consultant One" not in await page.content()
        assert await acts(page) == set()
        held = f"/exceptions/{await label_of(place[0], 'phase_closed')}"
        await page.goto(held)
        assert await acts(page) == set()
        shut = ["/close", "/flows", "/systems", "/reconciliation", "/audit", "/access", "/erasure"]
        assert await answers(page, *shut) == dict.fromkeys(shut, 403)
        done = [f"{held}/replay", f"{held}/skip", "/billing/dry-run"]
        assert set((await refused(page, *done)).values()) == {403}


async def test_a_delivery_manager_of_another_company_sees_none_of_it(
    place: Place, chrome: Browser, url: str
) -> None:
    async with at_desk(chrome, place[0], url, "dora", "delivery", "EA-US") as page:
        for path, told in (("/", "Nothing needs a person"), ("/projects", "No project is open"),
                           ("/billing", "Nothing waits for an invoice"),
                           ("/exceptions", "No holds")):  # fmt: skip
            await page.goto(path)
            text = await text_of(page)
            assert told in text, path
            assert not any(n in text for n in ("1,200", "15,000", "750.00", "Harbour", "Quay"))
        held = f"/exceptions/{await label_of(place[0], 'phase_closed')}"
        assert await answers(page, held) == {held: 404}


async def test_the_project_office_sees_whose_approval_is_overdue_and_what_it_blocks(
    place: Place, chrome: Browser, url: str
) -> None:
    """Two weeks of one person are handed in and nobody decides: 8 h and 3.5 h that are billed at
    150, 2 h that are not.
    """
    firm, work = place
    await work.log(["8", "3.5"], "2026-07-13", approved=False, **SUBMITTED)
    await work.log(["2"], "2026-07-20", approved=False, pse__Billable__c=False, **SUBMITTED)
    await firm.read()
    longest = (Figures(firm.app.landscape).today - date(2026, 7, 13)).days
    async with at_desk(chrome, firm, url, "petra", "pmo") as page:
        await page.goto("/")
        await page.get_by_role("link", name="Approvals", exact=True).click()
        assert await text_of(page.get_by_label("Figures")) == (
            "Overdue 3 hours, expenses, milestones and acts Hours 13.5 h nobody approved or "
            "rejected Blocked 1,725 EUR cannot be billed before "
            f"Longest wait {longest} days since the work, the delivery or the question"
        )
        [row] = await page.locator("[data-row]").all()
        assert await text_of(row) == (
            "3 time entries of Consultant One Harbour redesign · Harbour Works · EA-NL "
            f"its approver in certinia 13.5 h 1,725.00 EUR {longest} days Remind the approver; "
            "approve or reject the hours there. They go on by themselves."
        )
        await page.get_by_role("link", name="3 time entries of").click()
        rows = [await text_of(row) for row in await page.locator("[data-row]").all()]
        assert [row.split(" certinia ")[1].split(" Remind")[0] for row in rows] == [
            f"8 h 1,200.00 EUR {longest} days", f"3.5 h 525.00 EUR {longest - 1} days",
            f"2 h \N{EN DASH} {longest - 7} days",
        ]  # fmt: skip
        await page.locator("[data-row] a").first.click()
        await page.get_by_role("heading", name="Time entry").wait_for()
        for path in ("/approvals", "/trends/approval_bottlenecks"):
            await page.goto(path)
            assert await acts(page) == set(), path
        await page.get_by_role("link", name="Whose they are").click()
        await page.get_by_role("heading", name="Approvals").wait_for()
    async with at_desk(chrome, firm, url, "dana", "delivery", "EA-NL") as page:
        await page.goto("/approvals")
        text = await text_of(page)
        assert "3 time entries of ••• Harbour redesign" in text
        assert "Consultant One" not in await page.content()
    async with at_desk(chrome, firm, url, "dave", "delivery", "EA-US") as page:
        await page.goto("/approvals")
        assert "No approval is overdue" in await text_of(page)
        assert await answers(page, "/exceptions") == {"/exceptions": 200}


async def test_an_executive_sees_where_it_goes_and_changes_nothing(
    place: Place, chrome: Browser, url: str
) -> None:
    async with at_desk(chrome, place[0], url, "elke", "executive") as page:
        await page.goto("/")
        assert await menu(page) == ["Overview", "Projects", "Billing", "Model"]
        text = await text_of(page)
        assert "Unbilled 1,200 EUR Held 15,750 EUR 7,770 USD" in text
        assert "Unbilled approved time EUR 1,200.00 EUR better 300.00 EUR less than on" in text
        assert await page.get_by_role("link", name="Rate outdated").count() == 0
        await page.get_by_role("link", name="All key figures").click()
        await page.get_by_text("As a table").click()
        table = page.get_by_role("region", name="Key figures of four days")
        assert "Unbilled approved time EUR 1,500.00 EUR not kept not kept 1,200.00 EUR" in (
            await text_of(table)
        )
        for path in ("/", "/trends", "/trends/unbilled_approved_time", "/projects", "/billing",
                     "/billing/dry-run", "/billing/invoices", "/model"):  # fmt: skip
            await page.goto(path)
            assert await acts(page) == set(), path
        assert set((await answers(page, "/exceptions", "/journey", "/close")).values()) == {403}


async def test_an_auditor_reads_everything_proves_it_and_changes_nothing(
    place: Place, chrome: Browser, url: str
) -> None:
    firm, _ = place
    async with at_desk(chrome, firm, url, "arne", "auditor") as page:
        await page.goto("/audit")
        pages = await menu(page)
        assert pages == ["Overview", "Exceptions", "Approvals", "Journey", "Flows", "Projects",
                         "Billing", "Close", "Reconciliation", "Systems", "Model", "Audit",
                         "Access"]  # fmt: skip
        await page.get_by_label("Object").fill("arne")
        await page.get_by_label("Act", exact=True).fill("account")
        await page.get_by_role("button", name="Apply").click()
        await page.wait_for_url("**/audit?*object=arne*")
        assert await page.locator("[data-row]").count() == 1
        assert "Account added test account arne roles auditor" in await text_of(
            page.locator("[data-row]")
        )
        await page.get_by_role("link", name="Account added").click()
        await page.get_by_text("As it was written").wait_for()
        rows = await _rows(firm)
        await page.goto("/audit")
        await page.get_by_role("button", name="Verify the chain").click()
        await page.get_by_role("heading", name="Verify the chain").wait_for()
        assert f"Verdict intact Rows {rows} " in await text_of(page)
        await _exported(page, rows)
        for path in [
            str(await a.get_attribute("href")) for a in await page.locator("#menu a").all()
        ]:
            await page.goto(path)
            assert await acts(page) <= {"/audit/export"}, path
        held = f"/exceptions/{await label_of(firm, 'phase_closed')}"
        await page.goto(held)
        assert await acts(page) == set()
        done = [f"{held}/{act}" for act in ("fix", "replay", "skip", "assign", "comment")]
        done += ["/access", "/reconciliation", "/systems/netsuite/ask", "/erasure"]
        assert set((await refused(page, *done)).values()) == {403}
        assert await _rows(firm) == rows + 1, "the export alone"


async def _rows(firm: Firm) -> int:
    async with firm.app.database.begin() as tx:
        return (await tx.audit.head()).number


async def _exported(page: Page, rows: int) -> None:
    await page.goto("/audit")
    async with page.expect_download() as arriving:
        await page.get_by_role("button", name="Export").click()
        await page.get_by_role("dialog").get_by_role("button", name="Export").click()
    with zipfile.ZipFile(await (await arriving.value).path()) as packed:
        assert len(packed.read("audit.ndjson").splitlines()) == rows
