"""G4 in a browser: from the log-in to the posted hour, by keyboard, and without a barrier."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from playwright.async_api import Browser, BrowserContext, Page
from tests.console.barriers import AXE, barriers
from tests.console.chromium import MISSING, chromium
from tests.console.desk import a_page
from tests.firm import Firm
from tests.flows.work import Work, ledger

from isthmus.access.accounts import add_machine, add_person
from isthmus.access.keys import add_key
from isthmus.api.server import serving
from isthmus.console.site import PAGES

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(chromium() is None, reason=MISSING),
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not here: run tools/assets/fetch"),
]
PASSWORD = "correct horse battery"


@pytest.fixture(scope="module")
async def logged_in(place: tuple[Firm, Work], chrome: Browser) -> AsyncIterator[BrowserContext]:
    """Finance, who also manages access, has just been given an account and changed the first
    password.
    """
    firm, _ = place
    roles = [("finance", ""), ("admin", "")]
    first = await add_person(firm.app.database, "fay", "Fay", roles, "test")
    await add_machine(firm.app.database, "psa", "PSA", [("service", "")], "test")
    await add_key(firm.app.database, "psa", None, timedelta(days=9), "test")
    async with serving(firm.app) as url:
        context = await chrome.new_context(base_url=url)
        page = await context.new_page()
        await page.goto("/exceptions")
        await page.get_by_label("Name").fill("fay")
        await page.get_by_label("Password").fill(first)
        await page.get_by_role("button", name="Log in").click()
        await page.get_by_label("Password now").fill(first)
        await page.get_by_label("New password").fill(PASSWORD)
        await page.get_by_role("button", name="Change it").click()
        await page.wait_for_url(f"{url}/")
        await page.close()
        yield context
        await context.close()


@pytest.fixture
async def page(logged_in: BrowserContext) -> AsyncIterator[Page]:
    async with a_page(logged_in) as opened:
        yield opened


async def test_every_page_is_without_barriers_in_light_dark_and_on_a_phone(page: Page) -> None:
    await page.goto("/exceptions?code=phase_closed")
    one = await page.locator("[data-row] a").first.get_attribute("href")
    await page.goto("/access/machines")
    machine = await page.locator("[data-row] a").first.get_attribute("href")
    paths = [*(p.path for p in PAGES), str(one), "/exceptions?code=rate_outdated", "/password",
             "/trends", "/trends/unbilled_approved_time",
             "/exceptions/bulk?act=assign&value=ana&code=rate_outdated", str(machine),
             "/audit/1", "/audit/verify", "/access/machines", "/access/roles",
             "/model/objects/project", "/model/events/invoice.posted"]  # fmt: skip
    assert await barriers(page, paths) == {}


async def test_keys_move_search_and_explain(page: Page) -> None:
    await page.goto("/exceptions")
    await page.keyboard.press("j")
    await page.keyboard.press("j")
    await page.keyboard.press("k")
    rows = page.locator("[data-row]")
    focused = await page.evaluate("document.activeElement.closest('[data-row]').innerText")
    assert focused == await rows.first.inner_text()
    await page.keyboard.press("?")
    await page.get_by_role("heading", name="Keys").wait_for()
    await page.keyboard.press("Escape")
    await page.keyboard.press("/")
    assert await page.evaluate("document.activeElement.id") == "search"
    await page.keyboard.press("Escape")
    await page.keyboard.press("Tab")
    await page.goto("/exceptions")
    await page.keyboard.press("Tab")
    assert await page.evaluate("document.activeElement.className") == "skip"


async def test_a_person_is_made_asked_about_once_and_the_password_told_once(page: Page) -> None:
    await page.goto("/access")
    await page.get_by_text("Add a person").click()
    await page.get_by_label("Name", exact=True).fill("ula")
    await page.get_by_label("Role").select_option("auditor")
    await page.get_by_role("button", name="Make the account").click()
    await page.get_by_role("dialog").get_by_text("A one-time password is shown once.").wait_for()
    await page.get_by_role("button", name="Make it").click()
    await page.get_by_role("heading", name="ula is made").wait_for()
    secret = await page.locator(".secret code").inner_text()
    assert len(secret) == 23
    await page.get_by_role("link", name="back to Access").click()
    await page.get_by_role("link", name="ula").wait_for()
    assert secret not in await page.content()
    await page.goto("/audit?act=account&object=ula")
    await page.keyboard.press("j")
    await page.keyboard.press("Enter")
    await page.get_by_role("heading", name="Account added").wait_for()
    async with page.expect_download() as arriving:
        await page.goto("/audit")
        await page.get_by_role("button", name="Export").click()
        await page.get_by_role("dialog").get_by_role("button", name="Export").click()
    assert (await arriving.value).suggested_filename.endswith(".zip")


async def test_find_the_blocked_hours_fix_them_replay_and_see_them_posted(
    page: Page, place: tuple[Firm, Work]
) -> None:
    firm, _ = place
    assert await ledger(firm) == [("posted", "EUR", 1200, 1)]
    await page.goto("/")
    await page.get_by_role("link", name="Held").click()
    await page.get_by_role("link", name="Phase closed").click()
    await page.get_by_role("heading", name="phase Delivery").wait_for()
    await page.keyboard.press("e")
    assert await page.evaluate("document.activeElement.name") == "phase"
    await page.get_by_label("Phase").select_option(label="Build (07 Jul 2026 to 31 Dec 2026)")
    await page.get_by_role("button", name="See what it does").click()
    preview = page.get_by_role("region", name="Before and after the correction")
    told = " ".join((await preview.inner_text()).split())
    assert "billed held 750.00 EUR" in told
    assert "1,200.00 EUR 1,950.00 EUR" in told
    assert await ledger(firm) == [("posted", "EUR", 1200, 1)], "nothing was kept"

    await page.get_by_role("button", name="Keep the correction").click()
    await page.get_by_text("corrected (phase:").wait_for()
    await page.keyboard.press("r")
    await page.get_by_role("dialog").get_by_text("It frees 750.00 EUR for Harbour Works").wait_for()
    await page.get_by_role("button", name="Replay", exact=True).last.click()
    await page.get_by_text("is rated again").wait_for()
    await firm.settle()
    assert await ledger(firm) == [("posted", "EUR", 1950, 2)]
    await page.reload()
    await page.get_by_role("heading", name="It is over").wait_for()
    assert "fay replayed it" in " ".join((await page.locator("#history + ol").inner_text()).split())
    await page.goto("/close")
    await page.get_by_text("Nothing blocks Jul 2026").wait_for()
