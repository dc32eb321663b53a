"""`rehabctl panel --serve` as it is shipped, on the real store, in a real browser."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from tui.browser.chromium import browser
from tui.test_launch import imported

__all__ = ["imported"]  # the fixture

pytestmark = pytest.mark.slow


async def test_a_browser_opens_the_panel_acts_and_nothing_leaves_the_machine(
    imported: Path, tmp_path: Path
) -> None:
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "rehabctl", "panel", "--serve", "--port", "0",
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert server.stdout is not None
    assert server.stderr is not None
    try:
        async with asyncio.timeout(60):
            link = (await server.stdout.readline()).decode().strip()
        site = link.partition("/?")[0]
        assert site.startswith("http://127.0.0.1:")
        async with browser(tmp_path / "profile") as page:
            await page.open(link)
            await page.wait_for("Family0")
            assert await page.evaluate("location.href") == f"{site}/"
            assert await page.evaluate("document.title") == "rehabctl"
            await page.wait_until("document.activeElement.className.includes('xterm')")
            await page.press("e")
            await page.wait_for("Note on 2001")
            for letter in "seen":
                await page.press(letter)
            await page.call(
                "Input.dispatchKeyEvent", type="keyDown", key="s", code="KeyS", modifiers=2,
                windowsVirtualKeyCode=83,
            )  # fmt: skip
            await page.wait_for("Note saved")
            async with aiohttp.ClientSession() as other, other.get(link) as answer:
                assert answer.status == 403  # the link was used
            assert page.problems == []
            await page.press("q")
            await page.wait_until("document.body.classList.contains('-closed')")
            elsewhere = [
                address
                for address in page.requested
                if not address.startswith((site, site.replace("http", "ws"), "data:"))
            ]
            assert elsewhere == []
    finally:
        server.send_signal(signal.SIGINT)
        out, errors = await server.communicate()
    assert server.returncode == 0
    assert out == b""
    assert errors.decode().splitlines() == [
        "Open this link in a browser; it works once. Ctrl+C ends the panel."
    ]
