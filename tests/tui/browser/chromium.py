"""A headless Chromium, driven through its DevTools protocol."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from typing import Any

import aiohttp
import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str:
    """Return the program; in CI its absence is a failure, elsewhere a skip with the reason."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None and os.environ.get("REHABCTL_REQUIRE_CHROMIUM"):
        pytest.fail("no Chromium: run bash .ci/system-libraries --with-chromium")
    if found is None:
        pytest.skip("no Chromium: run bash .ci/system-libraries --with-chromium")
    return found


class Page:
    """One tab."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._numbers = count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.frames = bytearray()
        """What came over the page's websockets: what the terminal was sent."""
        self.requested: list[str] = []
        """Every address that the page asked for."""
        self.problems: list[str] = []

    async def listen(self) -> None:
        """Take in answers and events until the tab is closed."""
        async for message in self._socket:
            said = message.json()
            parameters = said.get("params", {})
            match said.get("method"):
                case None:
                    self._answers.pop(said["id"]).set_result(said)
                case "Network.webSocketFrameReceived":
                    response = parameters["response"]
                    if response["opcode"] == 2:
                        self.frames += base64.b64decode(response["payloadData"])
                case "Network.requestWillBeSent":
                    self.requested.append(parameters["request"]["url"])
                case "Log.entryAdded" if parameters["entry"]["level"] == "error":
                    self.problems.append(parameters["entry"]["text"])
                case "Runtime.exceptionThrown":
                    self.problems.append(parameters["exceptionDetails"]["text"])
                case _:
                    pass

    async def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Send a command and return its result."""
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        said = await asyncio.wait_for(self._answers[number], 30)
        assert "error" not in said, said
        return said.get("result", {})

    async def open(self, address: str) -> None:
        """Go to an address."""
        await self.call("Page.navigate", url=address)

    async def evaluate(self, script: str) -> Any:
        """Return the value of a script."""
        done = await self.call("Runtime.evaluate", expression=script, returnByValue=True)
        return done["result"].get("value")

    async def press(self, key: str, code: int | None = None) -> None:
        """Press a key: a character, or a named key with its code."""
        text = key if len(key) == 1 else "\r" if key == "Enter" else ""
        number = ord(key.upper()) if code is None else code
        for kind in ("keyDown", "keyUp"):
            await self.call(
                "Input.dispatchKeyEvent", type=kind, key=key, text=text,
                windowsVirtualKeyCode=number,
            )  # fmt: skip

    async def wait_for(self, text: str, seconds: float = 30.0) -> None:
        """Wait until the terminal was sent a text."""
        try:
            async with asyncio.timeout(seconds):
                while text.encode() not in self.frames:
                    await asyncio.sleep(0.05)
        except TimeoutError:
            pytest.fail(f"{text!r} did not come: {bytes(self.frames[-1500:])!r} {self.problems}")

    async def wait_until(self, script: str, seconds: float = 30.0) -> None:
        """Wait until a script is true."""
        async with asyncio.timeout(seconds):
            while not await self.evaluate(script):
                await asyncio.sleep(0.05)


@asynccontextmanager
async def browser(folder: Path) -> AsyncGenerator[Page]:
    """Start Chromium with an empty profile and yield its tab."""
    process = await asyncio.create_subprocess_exec(
        chromium(), "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--remote-debugging-port=0", f"--user-data-dir={folder}", "--window-size=1200,800",
        "--no-first-run", "--disable-background-networking", "about:blank",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    try:
        note = folder / "DevToolsActivePort"
        async with asyncio.timeout(60):
            while not (note.exists() and "\n" in note.read_text("utf-8")):
                await asyncio.sleep(0.05)
        port = note.read_text("utf-8").splitlines()[0]
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                tabs = [tab for tab in await answer.json() if tab["type"] == "page"]
            async with session.ws_connect(tabs[0]["webSocketDebuggerUrl"], max_msg_size=0) as line:
                page = Page(line)
                listening = asyncio.create_task(page.listen())
                for domain in ("Page", "Network", "Log", "Runtime"):
                    await page.call(f"{domain}.enable")
                yield page
                listening.cancel()
    finally:
        process.terminate()
        await process.wait()
