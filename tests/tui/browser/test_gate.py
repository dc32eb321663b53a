"""The link works once, for one browser, under its own name only."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import aiohttp
import pytest
from aiohttp.test_utils import TestClient, TestServer

from rehabctl.domain.errors import UsageError
from rehabctl.tui.browser.gate import SESSION_COOKIE, Gate
from rehabctl.tui.browser.launch import serve
from rehabctl.tui.browser.server import PanelServer

SITE = "https://panel.clinic.example"


def token_of(gate: Gate) -> str:
    return gate.link.partition("token=")[2]


def test_a_token_is_redeemed_once() -> None:
    gate = Gate("http://127.0.0.1:8420")
    token = token_of(gate)
    assert gate.redeem("wrong") is None
    assert gate.redeem("") is None
    session = gate.redeem(token)
    assert session is not None
    assert gate.redeem(token) is None
    assert gate.knows(session)
    assert not any(gate.knows(text) for text in (None, "", token, session[:-1]))


def test_nobody_is_known_before_the_link_was_used() -> None:
    assert not Gate("http://127.0.0.1:8420").knows("")


@pytest.mark.parametrize(
    "address", ["panel.clinic.example", "ftp://a", "https://a/panel", "https://"]
)
def test_an_address_that_is_no_site_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="not the address of a site"):
        serve([], 0, address)


@pytest.fixture
async def gate_and_client() -> AsyncGenerator[tuple[Gate, TestClient]]:  # type: ignore[type-arg]
    gate = Gate(SITE)
    server = PanelServer("exec cat", gate)
    async with TestClient(
        TestServer(await server._make_app()), cookie_jar=aiohttp.DummyCookieJar()
    ) as client:
        yield gate, client


OWN = {"Host": "panel.clinic.example"}


async def test_without_the_link_nothing_is_answered(gate_and_client) -> None:  # type: ignore[no-untyped-def]
    _, client = gate_and_client
    for path in ("/", "/ws", "/static/js/textual.js", "/download/x", "/?token=", "/?token=wrong"):
        answer = await client.get(path, headers=OWN)
        assert answer.status == 403, path
        assert "Set-Cookie" not in answer.headers


async def test_the_link_gives_a_cookie_that_scripts_and_other_sites_cannot_use(
    gate_and_client,  # type: ignore[no-untyped-def]
) -> None:
    gate, client = gate_and_client
    link = f"/?token={token_of(gate)}"
    answer = await client.get(link, headers=OWN, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/")
    cookie = answer.cookies[SESSION_COOKIE]
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"]) == (True, True, "Strict")
    assert (await client.get(link, headers=OWN)).status == 403
    known = OWN | {"Cookie": f"{SESSION_COOKIE}={cookie.value}"}
    page = await client.get("/", headers=known)
    assert page.status == 200
    assert "wss://panel.clinic.example/ws" in await page.text()
    assert page.headers["Cache-Control"] == "no-store"
    assert (await client.get("/static/js/textual.js", headers=known)).status == 200
    assert (await client.get("/static/", headers=known)).status == 403
    assert (await client.get("/", headers=known | {"Host": "evil.example"})).status == 421


async def test_a_websocket_of_another_site_is_refused(gate_and_client) -> None:  # type: ignore[no-untyped-def]
    gate, client = gate_and_client
    session = gate.redeem(token_of(gate))
    known = OWN | {"Cookie": f"{SESSION_COOKIE}={session}"}
    for origin in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
        with pytest.raises(aiohttp.WSServerHandshakeError, match="403"):
            await client.ws_connect("/ws", headers=known | origin)
