"""A web server on loopback that runs one panel for each tab, behind the gate.

textual-serve connects a browser to a Textual program and checks nobody; here its handlers are
reached only through the gate, its page is replaced by one that loads nothing from elsewhere, and
its logging, which shows local variables, is never set up.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp_jinja2
import jinja2
from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

from rehabctl.tui.browser.gate import SESSION_COOKIE, Gate

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; font-src 'self'; connect-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
_REFUSED = "This link does not work, or was used already. Start the panel again for a new one.\n"
_MOST_TABS = 4
_HEARTBEAT_S = 15.0
_PATIENCE_S = 5.0
_USUAL_SIZE = (("width", 80), ("height", 24))

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Tab(AppService):
    """One panel process; it has ended when `stop` returns."""

    async def stop(self) -> None:
        """Ask it to end, and end it when it does not."""
        await super().stop()
        process = self._process
        if process is None:
            return
        try:
            await asyncio.wait_for(process.wait(), _PATIENCE_S)
        except TimeoutError:
            process.kill()
            await process.wait()


class PanelServer(Server):
    """Serves the panel.

    Parameters
    ----------
    command
        Shell command that starts one panel.
    gate
        Who may come in.
    """

    def __init__(self, command: str, gate: Gate) -> None:
        super().__init__(  # pyright: ignore[reportUnknownMemberType]
            command, title="rehabctl", public_url=gate.origin
        )
        self.templates_path = Path(__file__).parent
        self._gate = gate
        self._tabs = 0

    async def _make_app(self) -> web.Application:
        """Return the application; every request passes `_check` first."""

        @web.middleware
        async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
            return await self._check(request, handler)

        app = web.Application(middlewares=[check])
        aiohttp_jinja2.setup(app, loader=jinja2.FileSystemLoader(self.templates_path))
        app.add_routes(
            [
                web.get("/", self.handle_index, name="index"),
                web.get("/ws", self.handle_websocket, name="websocket"),
                web.get("/focus.js", self._focus_script),
                web.static("/static", self.statics_path, name="static"),
            ]
        )
        return app

    async def _focus_script(self, _: web.Request) -> web.FileResponse:
        return web.FileResponse(Path(__file__).with_name("focus.js"))

    async def _check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        gate = self._gate
        if not gate.is_own_host(request.headers.get("Host")):
            return web.Response(status=421, text="Wrong host.\n", headers=_HEADERS)
        if request.path == "/" and "token" in request.query:
            return self._redeem(request.query["token"])
        if not gate.knows(request.cookies.get(SESSION_COOKIE)):
            return web.Response(status=403, text=_REFUSED, headers=_HEADERS)
        if request.path != "/ws":
            response = await handler(request)
            response.headers.update(_HEADERS)
            return response
        if not gate.is_own_origin(request.headers.get("Origin")):
            return web.Response(status=403, text="Wrong origin.\n", headers=_HEADERS)
        return await self._run_tab(request, handler)

    def _redeem(self, token: str) -> web.Response:
        session = self._gate.redeem(token)
        if session is None:
            return web.Response(status=403, text=_REFUSED, headers=_HEADERS)
        response = web.Response(status=303, headers=_HEADERS | {"Location": "/"})
        response.set_cookie(
            SESSION_COOKIE, session, httponly=True, samesite="Strict", secure=self._gate.is_https
        )
        return response

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Run a panel for as long as the websocket is open."""
        connection = web.WebSocketResponse(heartbeat=_HEARTBEAT_S)
        await connection.prepare(request)
        tab = _Tab(
            self.command,
            write_bytes=connection.send_bytes,
            write_str=connection.send_str,
            close=connection.close,  # pyright: ignore[reportArgumentType] - it says whether it was open
            download_manager=self.download_manager,
        )
        size = [to_int(request.query.get(name, ""), usual) for name, usual in _USUAL_SIZE]
        await tab.start(*size)
        try:
            await self._process_messages(connection, tab)
        finally:
            await tab.stop()
        return connection

    async def _run_tab(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if self._tabs >= _MOST_TABS:
            return web.Response(status=503, text="Too many tabs.\n", headers=_HEADERS)
        self._tabs += 1
        try:
            return await handler(request)
        finally:
            self._tabs -= 1

    def serve_on(self, listening: socket.socket) -> None:
        """Serve until interrupted; nothing is logged.

        Parameters
        ----------
        listening
            A bound socket on loopback.
        """
        logging.disable()  # a handler's failure would be logged with a traceback
        web.run_app(self._make_app(), sock=listening, access_log=None, print=None)
