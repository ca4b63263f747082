"""G4: the days of those who change something, in a browser, to the cent. Finance's day is in
`test_browser`; the days are of one firm and follow each other.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Browser, Page
from tests.console.chromium import MISSING, chromium
from tests.console.desk import acts, answers, at_desk, refused, text_of
from tests.firm import Firm
from tests.flows.test_contract_to_invoice import invoices
from tests.flows.work import Work, bill

from isthmus.access.accounts import first_person
from isthmus.api.server import serving
from isthmus.store.audit import AuditRow

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(chromium() is None, reason=MISSING)]
Place = tuple[Firm, Work]
WITH_ONE = 2
"""Projects of the firm, its template among them."""


@pytest.fixture(scope="module")
async def url(place: Place) -> AsyncIterator[str]:
    await first_person(place[0].app.database, "test")
    async with serving(place[0].app) as found:
        yield found


async def test_an_operator_asks_a_sick_system_and_sees_what_waited_go_on(
    place: Place, chrome: Browser, url: str
) -> None:
    firm, _ = place
    await firm.books.control("faults", {"kind": "outage"})
    assert await bill(firm) == 1
    async with at_desk(chrome, firm, url, "otto", "integration") as page:
        await page.goto("/systems")
        await page.get_by_role("heading", name="netsuite").get_by_text("failing").wait_for()
        text = await text_of(page)
        assert "1 run waits for it: 1,200.00 EUR" in text
        for _ in range(3):
            await page.get_by_role("button", name="Ask netsuite now").click()
            await page.get_by_text("netsuite does not answer yet").wait_for()
        await page.get_by_role("heading", name="netsuite").get_by_text("away").wait_for()
        assert "Nothing is lost: runs wait" in await text_of(page)
        await page.goto("/")
        assert "Systems 1 of 2 answer" in await text_of(page)

        await page.goto("/flows?state=waiting_system")
        assert "contract to invoice" in await text_of(page.locator("[data-row]"))
        await page.keyboard.press("j")
        await page.keyboard.press("Enter")
        await page.get_by_role("heading", name="contract to invoice").wait_for()
        steps = await page.get_by_role("region", name="Steps of the run").inner_text()
        ended = r"1\s+draft invoice\s.*\sdone\s.*\s2\s+post invoice\s.*\sstopped\s"
        assert re.search(ended, steps, re.DOTALL)

        await firm.books.clear_faults()
        await page.goto("/systems")
        await page.get_by_role("button", name="Ask netsuite now").click()
        await page.get_by_text("netsuite answers; what waited for it goes on").wait_for()
        await firm.wake()
        assert await invoices(firm) == [("EUR", 1200, 252, 1452)]
        await page.goto("/systems")
        assert "run waits" not in await text_of(page)
        await _still_stopped(firm, page)
        assert set((await answers(page, "/billing", "/close", "/audit", "/access")).values()) == {
            403
        }


async def _still_stopped(firm: Firm, page: Page) -> None:
    """A replay of a run whose cause is not mended stops at the same step, and says so."""
    await page.goto("/flows?state=held")
    await page.get_by_role("link", name="R-0006").click()
    await page.get_by_text("after 1 attempt").wait_for()
    await page.keyboard.press("r")
    await page.get_by_role("dialog").get_by_text("steps before it are not called again").wait_for()
    await page.get_by_role("dialog").get_by_role("button", name="Replay").click()
    await page.get_by_role("status").get_by_text("R-0006").wait_for()
    await firm.settle()
    await page.reload()
    text = await text_of(page)
    assert "needs a person after 2 attempts" in text
    assert "1 validate deal Quay refit: it does not say how the work is billed stopped" in text


async def test_the_project_office_finds_a_won_deal_without_a_project_and_opens_it(
    place: Place, chrome: Browser, url: str
) -> None:
    firm, _ = place
    async with at_desk(chrome, firm, url, "pia", "pmo") as page:
        await page.goto("/exceptions?queue=pmo")
        assert "2 holds · 15,750.00 EUR blocked" in await text_of(page)
        await page.get_by_role("link", name="Billing model missing").click()
        await page.get_by_role("link", name="Follow it across the systems").click()
        await page.get_by_role("heading", name="Opportunity Quay refit").wait_for()
        assert "run R-0006 opportunity to project held" in await text_of(page)
        assert len(firm.org.rows("pse__Proj__c")) == WITH_ONE
        await page.go_back()
        await page.get_by_role("textbox", name="Assign to").fill("pia")
        await page.get_by_role("button", name="Assign").click()
        await page.get_by_text("PMO · pia").wait_for()
        await page.get_by_role("textbox", name="Comment").fill("asked the client on 3 May")
        await page.get_by_role("button", name="Comment").click()
        await page.get_by_text("asked the client on 3 May").wait_for()
        await page.get_by_label("Billing model").select_option("t_and_m")
        await _corrected(firm, page)

        await page.get_by_role("heading", name="are two records of salesforce").wait_for()
        await page.get_by_label("Correct here").select_option("tax_registration")
        await page.get_by_role("textbox", name="Tax registration").fill("NL123456782B12")
        await _corrected(firm, page)
        text = await text_of(page)
        assert "It is over" in text
        assert "pia said just now asked the client on 3 May" in text
        assert len(firm.org.rows("pse__Proj__c")) == WITH_ONE + 1
        await page.goto("/exceptions?queue=pmo")
        assert "1 hold · 750.00 EUR blocked" in await text_of(page)
        assert await acts(page) == set()
        assert set((await answers(page, "/close", "/audit", "/access", "/erasure")).values()) == {
            403
        }
        replay = "/flows/R-0006/replay"
        assert await refused(page, replay) == {replay: 403}


async def _corrected(firm: Firm, page: Page) -> None:
    await page.get_by_role("button", name="Correct and replay").click()
    await page.get_by_role("status").first.wait_for()
    await firm.settle()
    await page.reload()


async def test_an_administrator_makes_a_machine_rotates_its_key_and_ends_a_session(
    place: Place, chrome: Browser, url: str
) -> None:
    firm, _ = place
    async with (
        at_desk(chrome, firm, url, "ada", "admin") as page,
        at_desk(chrome, firm, url, "lea", "finance") as other,
    ):
        await page.goto("/access/machines")
        await page.get_by_text("Add a machine").click()
        await page.get_by_label("Name", exact=True).fill("hours")
        await page.get_by_label("Role").select_option("service")
        await _confirmed(page, "Make the account", "Make it")
        await page.get_by_text("Make a key").click()
        await _confirmed(page, "Make the key", "Make it")
        first = await page.locator(".secret code").inner_text()
        assert await _asks(page, first) == 200
        await page.go_back()
        await page.reload()
        await page.locator("summary", has_text="Rotate").click()
        await _confirmed(page, "Rotate key", "Rotate")
        second = await page.locator(".secret code").inner_text()
        assert [await _asks(page, key) for key in (first, second)] == [200, 200]
        assert await _asks(page, f"{second[:-1]}!") == 401

        await page.goto("/access?q=lea")
        await page.get_by_role("link", name="lea", exact=True).click()
        await page.get_by_text("Give it a role").click()
        await page.get_by_label("Role", exact=True).select_option("pmo")
        await page.get_by_label("Holds in").select_option("EA-US")
        await _confirmed(page, "Give the role", "Give it")
        await page.get_by_text("account lea is now pmo for EA-US", exact=False).wait_for()
        await other.goto("/close")
        await page.reload()
        await _confirmed(page, "End sessions", "Log out")
        await page.get_by_text("Nobody is logged in with it.").wait_for()
        await other.goto("/close")
        assert other.url == f"{url}/login?next=%2Fclose"
        done = [row.action for row in await _acts_of(firm, "ada")]
        assert done == ["sessions.ended", "account.granted", "key.rotated", "key.added",
                        "account.added", "log_in"]  # fmt: skip


async def _confirmed(page: Page, button: str, yes: str) -> None:
    await page.get_by_role("button", name=button).click()
    await page.get_by_role("dialog").get_by_role("button", name=yes, exact=True).click()
    await page.wait_for_load_state()


async def _asks(page: Page, key: str) -> int:
    """As the program does, without the cookie of who looks at the page."""
    return (await page.request.get("/events", headers={"Authorization": f"Bearer {key}"})).status


async def _acts_of(firm: Firm, who: str) -> list[AuditRow]:
    async with firm.app.database.begin() as tx:
        return await tx.audit.list(principal=who)
