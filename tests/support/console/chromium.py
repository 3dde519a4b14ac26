"""A real Chromium that opens pages of a console, and what goes wrong on them."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, BrowserContext, Page, async_playwright

PROGRAM = shutil.which("chromium")
MISSING = "chromium is missing: .ci/system chromium installs it"
AXE = os.environ.get("PORTERO_TEST_AXE", "")
"""The file axe.min.js of axe-core (MPL-2.0, `npm pack axe-core`); without it accessibility is not checked."""

_RUN_AXE = """async () => (await axe.run()).violations.map(each =>
    `${each.id}: ${each.help} (${each.nodes.slice(0, 3).map(node => node.target.join(" ")).join(", ")})`)"""


@cache
def _axe() -> str:
    return Path(AXE).read_text(encoding="utf-8")


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Runs the system's Chromium without a window; as root without its sandbox, which does not work then."""
    flags = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=PROGRAM, args=flags)
        try:
            yield browser
        finally:
            await browser.close()


class Watched:
    """A page of which is kept what went wrong: errors of its modules, what the policy refused, dialogs."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.wrong: list[str] = []
        page.on("console", lambda said: self.wrong.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("dialog", self._on_dialog)

    async def _on_dialog(self, dialog: Any) -> None:
        self.wrong.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    async def accessibility(self) -> list[str]:
        """Returns what axe finds on the page as it is now; nothing where axe is not given."""
        if not AXE:
            return []
        # By the debugger: the page's policy allows no script of ours.
        session = await self.page.context.new_cdp_session(self.page)
        await session.send("Runtime.evaluate", {"expression": _axe()})
        found: list[str] = await self.page.evaluate(_RUN_AXE)
        return found

    async def overflow(self) -> int:
        """Returns by how many pixels the page is wider than the screen."""
        width: int = await self.page.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        return width


async def opened(context: BrowserContext) -> Watched:
    """Returns a new page of a browser."""
    return Watched(await context.new_page())
