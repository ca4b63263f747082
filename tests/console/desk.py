"""Somebody of a role at their desk: logged in, on a page that fails where it writes an error."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, BrowserContext, Locator, Page
from tests.firm import Firm

from isthmus.access.accounts import add_person, named
from isthmus.access.log_in import begin
from isthmus.web.sessions import SESSION, lasts_of


@asynccontextmanager
async def at_desk(
    chrome: Browser, firm: Firm, url: str, name: str, role: str, place: str = ""
) -> AsyncIterator[Page]:
    """The account is made; the password was changed before."""
    await add_person(firm.app.database, name, name.title(), [(role, place)], "test")
    context = await chrome.new_context(base_url=url)
    secret = await _logged_in(firm, name)
    await context.add_cookies([{"name": SESSION, "value": secret, "url": url}])
    async with a_page(context) as page:
        yield page
    await context.close()


async def _logged_in(firm: Firm, name: str) -> str:
    async with firm.app.database.begin() as tx:
        row = await named(tx, name)
        await tx.accounts.set_password(row.id, row.password or "", must_change=False)
        return await begin(tx, row, "127.0.0.1", lasts_of(firm.app.settings))


@asynccontextmanager
async def a_page(context: BrowserContext) -> AsyncIterator[Page]:
    """Fails where the page writes an error or breaks the policy for its content."""
    opened, said = await context.new_page(), list[str]()
    opened.set_default_timeout(10_000)
    opened.on("console", lambda m: said.append(m.text) if m.type == "error" else None)
    opened.on("pageerror", lambda error: said.append(str(error)))
    yield opened
    await opened.close()
    assert said == []


async def text_of(where: Page | Locator) -> str:
    """As a person reads it, in one line."""
    found = where.locator("main") if isinstance(where, Page) else where
    return " ".join((await found.inner_text()).split())


async def menu(page: Page) -> list[str]:
    return await page.locator("#menu a").all_inner_texts()


async def acts(page: Page) -> set[str]:
    """Where forms of the page write to, beside the log-out."""
    forms = await page.locator('form[method="post"]').all()
    found = {str(await form.get_attribute("action")) for form in forms}
    return found - {"/logout"}


async def answers(page: Page, *paths: str) -> dict[str, int]:
    """Status of addresses that are typed by hand."""
    return {path: (await page.request.get(path)).status for path in paths}


async def refused(page: Page, *paths: str) -> dict[str, int]:
    """Status of acts that are sent past the page, with its own token."""
    token = await page.locator('meta[name="csrf-token"]').get_attribute("content")
    sent = {"csrf_token": str(token), "reason": "tried", "text": "tried", "person": "tried"}
    return {path: (await page.request.post(path, form=sent)).status for path in paths}
