"""The browsable page of the own API, in a real Chromium."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, async_playwright

from tests.dialects.native.rig import serving

#: Debian has Chromium as a package; elsewhere "make test" has playwright bring its own.
CHROMIUM = "/usr/bin/chromium" if Path("/usr/bin/chromium").exists() else None
#: It runs without its own sandbox when root starts it, and asks the network for nothing.
OPTIONS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield browser
        await browser.close()


async def test_a_reader_opens_an_operation_and_needs_nothing_from_elsewhere(browser: Browser, tmp_path: Path) -> None:
    async with serving(tmp_path) as rig:
        page = await browser.new_page()
        asked: list[str] = []
        faults: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: faults.append(str(error)))
        await page.goto(f"http://{rig.address}/v1/docs")

        refuse = page.locator("details", has_text="/v1/calls/{id}/refuse").first
        assert not await refuse.locator("table, pre, dl, ul").first.is_visible()
        await refuse.locator("summary").click()
        opened = await refuse.inner_text()

        assert "reason" in opened
        assert "status" in opened
        assert all(url.startswith(f"http://{rig.address}/") or url.startswith("data:") for url in asked)
        assert faults == []


async def test_the_page_fits_a_telephone(browser: Browser, tmp_path: Path) -> None:
    async with serving(tmp_path) as rig:
        page = await browser.new_page(viewport={"width": 390, "height": 800})
        await page.goto(f"http://{rig.address}/v1/docs")
        assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
