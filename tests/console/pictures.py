"""Pictures of every page: `python -m tests.console.pictures` (`make screenshots`).

The demo is played once into build/demo, which takes a few minutes, and looked at from then on. All
pictures go to build/screenshots; those that the documents show are kept in docs/pictures/console.
Names of pages as arguments: of these alone.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from playwright.async_api import Browser
from tests.console.chromium import MISSING, browser, chromium
from tests.console.picture_place import looked_at

from isthmus.api.server import serving
from isthmus.app import App
from isthmus.console.site import PAGES
from isthmus.demo import run_demo
from isthmus.installed import load_landscape
from isthmus.observe.logging import configure_logging
from isthmus.settings import Settings
from isthmus.store.invoices import InvoiceFilter

ROOT = Path(__file__).parents[2]
HOME, ALL, KEPT = ROOT / "build/demo", ROOT / "build/screenshots", ROOT / "docs/pictures/console"
LOOKS = (("light", 1280, 800), ("dark", 1280, 800), ("phone", 360, 740))
SHOWN = frozenset(
    {
        "overview-light", "overview-dark", "overview-phone", "exceptions-light",
        "hold-light", "hold-phone", "close-dark", "billing-light", "invoice-light",
        "audit-light", "access-light",
        "object-dark",
    }
)  # fmt: skip
"""Pictures that the documents show."""
QUALITY = 72
COOKIE = "isthmus_session"


async def main(only: frozenset[str]) -> int:
    path = chromium()
    if path is None:
        print(f"No pictures are made: {MISSING}", file=sys.stderr)
        return 0
    if not (HOME / "isthmus.yaml").exists():
        await run_demo(HOME)
    configure_logging("error", "console")
    landscape = HOME / "isthmus.yaml"
    settings = Settings(DATABASE_URL=None, home=HOME, landscape=landscape, port=0)
    app = await App.open(settings, load_landscape(landscape))
    try:
        await app.start(readers=False)
        secret = await looked_at(app)
        async with serving(app) as url, browser(path) as opened:
            known = await _addresses(app)
            chosen = {name: known[name] for name in known if not only or name in only}
            await _take(opened, url, secret, chosen)
    finally:
        await app.close()
    return 0


async def _addresses(app: App) -> dict[str, str]:
    """Name of the picture -> address: every page, one hold with its form, one invoice."""
    pages = {page.title.lower(): page.path for page in PAGES}
    async with app.database.begin() as tx:
        held = await tx.holds.list(code="phase_closed", limit=1)
        billed = await tx.invoices.list(InvoiceFilter(), limit=1)
        machine = await tx.accounts.named("time-portal")
        fixed = await tx.audit.list(action="hold.fixed", limit=1)
    more = {"cause": "/exceptions?code=rate_outdated",
            "bulk": "/exceptions/bulk?act=replay&code=rate_outdated",
            "dry-run": "/billing/dry-run", "invoices": "/billing/invoices", "trends": "/trends",
            "trend": "/trends/approval_bottlenecks"}  # fmt: skip
    more |= {"verify": "/audit/verify", "roles": "/access/roles", "machines": "/access/machines"}
    more |= {"object": "/model/objects/project", "field": "/model?q=terms",
             "events": "/model/events", "event": "/model/events/invoice.posted"}  # fmt: skip
    if billed:
        more["invoice"] = f"/billing/invoices/{billed[0].id}"
    if machine and fixed:
        more |= {"account": f"/access/accounts/{machine.id}", "act": f"/audit/{fixed[0].number}"}
    return pages | more | ({"hold": f"/exceptions/{held[0].label}"} if held else {})


async def _take(opened: Browser, url: str, secret: str, addresses: dict[str, str]) -> None:
    for folder in (ALL, KEPT):
        folder.mkdir(parents=True, exist_ok=True)
    for look, width, height in LOOKS:
        scheme = "dark" if look == "dark" else "light"
        page = await opened.new_page(
            base_url=url,
            viewport={"width": width, "height": height},
            color_scheme=scheme,
        )
        await page.context.add_cookies([{"name": COOKIE, "value": secret, "url": url}])
        for name, address in addresses.items():
            await page.goto(address)
            await page.wait_for_load_state("networkidle")
            picture = f"{name}-{look}"
            await page.screenshot(path=ALL / f"{picture}.png", full_page=look == "phone")
            if picture in SHOWN:
                await page.screenshot(path=KEPT / f"{picture}.jpg", type="jpeg", quality=QUALITY)
        await page.close()


if __name__ == "__main__":
    sys.exit(asyncio.run(main(frozenset(sys.argv[1:]))))
