"""What axe-core finds on pages in light, in dark and on a phone."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from playwright.async_api import Page, TimeoutError

AXE = Path(__file__).parents[2] / "build/assets/axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


async def barriers(page: Page, paths: Iterable[str]) -> dict[str, Any]:
    """Address and rule -> what breaks it; a page that a phone would have to move sideways fails."""
    found: dict[str, Any] = {}
    for path in paths:
        await page.goto(path)
        await page.evaluate(AXE.read_text())
        for theme in ("light", "dark"):
            await page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            await page.evaluate("t => { document.documentElement.dataset.theme = t }", theme)
            await settled(page)
            found |= await _violations(page, path, theme)
        await page.set_viewport_size({"width": 360, "height": 740})
        width = await _width(page, 360)
        assert width == 360, f"{path} is {width} px wide on a phone"
        await page.set_viewport_size({"width": 1280, "height": 800})
    return found


async def settled(page: Page) -> None:
    await page.wait_for_load_state("load")
    if await page.locator("[data-chart]").count():
        await page.locator("[data-chart] svg").first.wait_for()


async def _width(page: Page, wanted: int) -> int:
    """Once a chart has drawn itself anew for the screen that it found itself on."""
    fits = "wanted => document.documentElement.scrollWidth === wanted"
    with suppress(TimeoutError):
        await page.wait_for_function(fits, arg=wanted, timeout=2_000)
    return int(await page.evaluate("document.documentElement.scrollWidth"))


async def _violations(page: Page, where: str, theme: str) -> dict[str, Any]:
    """In the dark only what colours do is another matter."""
    light = {"type": "tag", "values": WCAG}
    only = light if theme == "light" else {"type": "rule", "values": ["color-contrast"]}
    found = await page.evaluate("only => axe.run(document, {runOnly: only})", only)
    return {
        f"{where} {theme}: {v['id']}": [node["html"][:160] for node in v["nodes"][:3]]
        for v in found["violations"]
    }
