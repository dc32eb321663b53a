"""A small web server of this machine that hands requests to a destination, one after the other."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlsplit

from rehabctl.domain.errors import UnavailableError
from rehabctl.integrations.redox.destination import MAX_BYTES, Reply, Request

Receive = Callable[[Request], Reply]
_SILENT_S = 30.0


def serve(
    host: str,
    port: int,
    receive: Receive,
    *,
    tls: ssl.SSLContext | None,
    max_requests: int | None,
    ready: Callable[[int], None],
) -> None:
    """Answer requests until interrupted.

    Parameters
    ----------
    host, port
        Where; port 0 takes a free one.
    receive
        Answers; a message is safe when it returns.
    tls
        None is plain, on this machine's own loopback.
    max_requests
        Stop after so many; None goes on.
    ready
        Told the port.

    Raises
    ------
    UnavailableError
        The address is taken or is not this machine's.
    """

    class Handler(BaseHTTPRequestHandler):
        timeout = _SILENT_S

        def do_GET(self) -> None:
            self._answer(b"")

        def do_POST(self) -> None:
            length = self.headers.get("Content-Length", "")
            if not length.isdecimal() or int(length) > MAX_BYTES:
                self._reply(Reply(413 if length.isdecimal() else 411))
                return
            body = self.rfile.read(int(length))
            if len(body) == int(length):  # else it was cut: no answer, and it comes again
                self._answer(body)

        def _answer(self, body: bytes) -> None:
            query = dict(parse_qsl(urlsplit(self.path).query))
            headers = {name.lower(): value for name, value in self.headers.items()}
            self._reply(receive(Request(self.command, headers, query, body)))

        def _reply(self, reply: Reply) -> None:
            text = reply.text.encode()
            self.send_response(reply.status)
            self.send_header("Content-Type", "text/plain; charset=utf-8")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def version_string(self) -> str:
            return "rehabctl"

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing: requests hold patient data."""

    class Server(HTTPServer):
        def handle_error(self, request: object, client_address: object) -> None:
            """Go on: the other side went away, or was silent."""

    try:
        server = Server((host, port), Handler)
    except OSError as error:
        raise UnavailableError(
            f"cannot listen on port {port}: {error.strerror}", "Choose another address"
        ) from None
    with server:
        if tls is not None:
            server.socket = tls.wrap_socket(server.socket, server_side=True)
        ready(server.server_port)
        count = 0
        while max_requests is None or count < max_requests:
            server.handle_request()
            count += 1
