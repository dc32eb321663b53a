"""Local web servers that behave as Stedi, Claim.MD and Optum document it, with faults.

Written from their public pages before the clients: request and response shapes, idempotency keys,
tokens, pages. They keep what they took, so that a test sees what was taken twice.
"""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass
class Request:
    """One request as a server sees it."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: Message
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def form(self) -> dict[str, str]:
        """Fields of a form, multipart ones too."""
        kind = self.headers.get("Content-Type", "")
        if not kind.startswith("multipart/form-data"):
            return {k: v[0] for k, v in parse_qs(self.body.decode()).items()}
        boundary = kind.split("boundary=")[1].encode()
        found: dict[str, str] = {}
        for part in self.body.split(b"--" + boundary)[1:-1]:
            head, _, content = part.strip(b"\r\n").partition(b"\r\n\r\n")
            name = re.search(rb'name="([^"]+)"', head)
            assert name is not None
            found[name.group(1).decode()] = content.decode()
        return found


Answer = tuple[int, dict[str, str], bytes]


def as_json(status: int, value: Any, **headers: str) -> Answer:
    return status, {"Content-Type": "application/json", **headers}, json.dumps(value).encode()


@dataclass
class WebFake:
    """A clearinghouse's web service; `faults` are used up one a request, in order.

    `cut` drops the connection after the request was carried out, `slow` answers too late, a number
    is that status; `429:2` has a Retry-After of two seconds, `409:1` of one.
    """

    faults: list[str] = field(default_factory=list)
    taken: list[str] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    base: str = ""

    def answer(self, request: Request) -> Answer:
        raise NotImplementedError

    def fault_body(self, status: int) -> bytes:
        return json.dumps({"error": "E", "message": "m"}).encode()


@dataclass
class StediFake(WebFake):
    """Bare API key; Idempotency-Key kept for a day; X12 in, X12 acknowledgement in the answer."""

    api_key: str = "key-1"
    by_key: dict[str, tuple[bytes, Answer]] = field(default_factory=dict)
    acknowledgement: str = ""
    rejects: bool = False
    inbox: dict[str, str] = field(default_factory=dict)
    """Whole X12 files by execution id."""
    eligibility: str = ""

    def answer(self, request: Request) -> Answer:
        if request.path == "/download":  # a signed address of another service
            if request.headers.get("Authorization"):
                return as_json(400, {"message": "two kinds of authentication"})
            return 200, {"Content-Type": "text/plain"}, self.inbox[request.query["id"][0]].encode()
        if request.headers.get("Authorization") != self.api_key:
            return as_json(403, {"message": "Forbidden"})
        if request.path.endswith("/professionalclaims/v3/raw-x12-submission"):
            return self._submission(request)
        if request.path.endswith(("/eligibility/v3/raw-x12", "/claimstatus/v2/raw-x12")):
            return as_json(200, {"controlNumber": "1", "x12": self.eligibility})
        if request.path.endswith("/polling/transactions"):
            return self._poll(request)
        found = re.search(r"/executions/([^/]+)/input$", request.path)
        if found:
            elsewhere = self.base.replace("127.0.0.1", "localhost")  # another host
            address = f"{elsewhere}/download?id={found.group(1)}"
            return as_json(302, {"documentDownloadUrl": address}, Location=address)
        return as_json(404, {"message": "Not found"})

    def _submission(self, request: Request) -> Answer:
        key = request.headers.get("Idempotency-Key", "")
        if key in self.by_key:
            body, before = self.by_key[key]
            if body != request.body:
                return as_json(422, {"error": "IDEMPOTENCY_MISMATCH", "message": "other body"})
            return before
        x12 = request.json["x12"]
        if not x12.startswith("ISA"):
            return as_json(400, {"status": "ERROR", "errors": [{"code": "33"}]})
        answer: dict[str, Any] = {
            "status": "SUCCESS",
            "claimReference": {"correlationId": f"corr-{len(self.taken) + 1}"},
            "x12": self.acknowledgement,
        }
        status = 200
        if self.rejects:
            answer |= {"status": "ERROR", "errors": [{"code": "33", "description": "no"}]}
            status = 400
        self.taken.append(x12)
        self.by_key[key] = request.body, as_json(status, answer)
        return self.by_key[key][1]

    def _poll(self, request: Request) -> Answer:
        page = int(request.query.get("pageToken", ["0"])[0])
        if not request.query.get("pageToken") and not request.query.get("startDateTime"):
            return as_json(400, {"message": "startDateTime or pageToken"})
        ids = list(self.inbox)[page * 2 : page * 2 + 2]
        items = [
            {
                "transactionId": f"t-{one}", "fileExecutionId": one, "direction": "INBOUND",
                "status": "succeeded", "mode": "production",
                "x12": {"metadata": {"transaction": {"transactionSetIdentifier": "835"}}},
            }
            for one in ids
        ]  # fmt: skip
        if page == 0:
            items.insert(0, {"transactionId": "o", "fileExecutionId": "o", "direction": "OUTBOUND",
                             "status": "succeeded", "mode": "production"})  # fmt: skip
        return as_json(200, {"items": items, "nextPageToken": str(page + 1)})


@dataclass
class ClaimMdFake(WebFake):
    """AccountKey in each form; uploads are listed; remittances by rising ERAID."""

    account_key: str = "key-1"
    uploads: list[str] = field(default_factory=list)
    remittances: dict[int, str] = field(default_factory=dict)
    eligibility: str = ""

    def answer(self, request: Request) -> Answer:
        form = request.form
        if form.get("AccountKey") != self.account_key:
            return as_json(401, {"error": {"error_mesg": "Invalid AccountKey"}})
        if request.headers.get("Accept") != "application/json" and "835" not in request.path:
            return 200, {"Content-Type": "application/xml"}, b"<result/>"
        if request.path == "/services/upload/":
            self.taken.append(form["File"])
            self.uploads.append(form["Filename"])
            return as_json(200, {"fileid": str(len(self.uploads)), "claim": [{"claimid": "1"}]})
        if request.path == "/services/uploadlist/":
            page = int(form.get("Page", "1"))
            files = self.uploads[(page - 1) * 2 : page * 2]
            return as_json(200, {"file": [{"fileid": "1", "filename": one} for one in files]})
        if request.path == "/services/eralist/":
            after, newest = int(form.get("ERAID", "0")), form.get("NewOnly", "1")
            found = [one for one in sorted(self.remittances) if one > after and newest == "0"]
            return as_json(200, {"era": [{"eraid": one, "payerid": "P"} for one in found]})
        if request.path == "/services/era835/":
            return (
                200,
                {"Content-Type": "text/plain"},
                self.remittances[int(form["eraid"])].encode(),
            )
        if request.path == "/services/elig/":
            assert form["File"].startswith("ISA")
            return 200, {"Content-Type": "text/plain"}, self.eligibility.encode()
        return as_json(404, {"error": "no such service"})


@dataclass
class OptumFake(WebFake):
    """OAuth 2 client credentials, a token for an hour; no idempotency key; reports by file name."""

    client: tuple[str, str] = ("client", "key-1")
    tokens: list[str] = field(default_factory=list)
    reports: dict[str, str] = field(default_factory=dict)
    eligibility: str = ""

    def answer(self, request: Request) -> Answer:
        if request.path == "/apip/auth/v2/token":
            told = request.json
            if (told["client_id"], told["client_secret"]) != self.client:
                return as_json(401, {"error": "invalid_client"})
            assert told["grant_type"] == "client_credentials"
            self.tokens.append(f"token-{len(self.tokens) + 1}")
            return as_json(
                200,
                {"access_token": self.tokens[-1], "token_type": "Bearer", "expires_in": 3600},
            )
        if not self.tokens or request.headers.get("Authorization") != f"Bearer {self.tokens[-1]}":
            return as_json(401, {"error": "invalid_token"})
        if request.path == "/medicalnetwork/professionalclaims/v3/raw-x12-submission":
            self.taken.append(request.json["x12"])
            return as_json(
                200, {"status": "SUCCESS", "claimReference": {"correlationId": "corr-1"}}
            )
        if request.path in (
            "/medicalnetwork/eligibility/v3/raw-x12", "/medicalnetwork/claimstatus/v2/raw-x12",
        ):  # fmt: skip
            return as_json(200, {"x12": self.eligibility})
        if request.path == "/medicalnetwork/reports/v2/":
            return as_json(200, {"reports": list(self.reports)})
        name = unquote(request.path.removeprefix("/medicalnetwork/reports/v2/"))
        if name in self.reports:
            return as_json(200, {"report_content": self.reports[name]})
        return as_json(404, {"error": "not found"})


class _Handler(BaseHTTPRequestHandler):
    fake: WebFake
    released: threading.Event

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def _serve(self) -> None:
        split = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        request = Request(self.command, split.path, parse_qs(split.query), self.headers, body)
        self.fake.requests.append(request)
        fault = self.fake.faults.pop(0) if self.fake.faults else ""
        if fault in ("", "cut"):
            answer = self.fake.answer(request)
        if fault == "cut":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
            return
        if fault == "slow":
            answer = self.fake.answer(request)
            self.released.wait(5)
        elif fault:
            status, _, wait = fault.partition(":")
            headers = {"Retry-After": wait} if wait else {}
            answer = int(status), headers, self.fake.fault_body(int(status))
        try:
            self.send_response(answer[0])
            for name, value in answer[1].items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer[2])))
            self.end_headers()
            self.wfile.write(answer[2])
        except OSError:  # the client did not wait
            self.close_connection = True

    do_GET = do_POST = _serve


@contextmanager
def serving(fake: WebFake) -> Generator[WebFake]:
    """Serve a fake until the block ends."""
    released = threading.Event()
    handler = type("Handler", (_Handler,), {"fake": fake, "released": released})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    fake.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield fake
    finally:
        released.set()
        server.shutdown()
        thread.join()
        server.server_close()
