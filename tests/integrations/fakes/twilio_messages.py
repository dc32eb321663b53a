"""Plays the message resource of Twilio as its public documentation describes it.

It has no idempotency key: whoever repeats a request whose answer was lost sends a second message.
Documentation only.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx

ACCOUNT = "AC00000000000000000000000000000001"
TOKEN = "a-token-that-only-the-fake-knows"
FAULTS = (
    "unauthorized",
    "rate_limited_once",
    "down",
    "unavailable_503",
    "sent_then_timeout",
    "sent_then_500",
    "opted_out",
    "not_a_number",
    "landline",
    "never_delivered",
    "cut_json",
    "proxy_page",
    "pages_that_never_end",
    "page_of_another_host",
    "reply_twice",
    "reply_from_a_stranger",
)


@dataclass
class FakeTwilio:
    """One account; `sent` holds every message that would have reached a phone."""

    fault: str | None = None
    sent: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    replies: list[dict[str, str]] = field(default_factory=list[dict[str, str]])
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    leaks: list[str] = field(default_factory=list[str])

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def reply(self, sender: str, body: str, sid: str, sent_at: str) -> None:
        """Let a phone answer; `sent_at` is RFC 2822, as the vendor writes it."""
        one = {"sid": sid, "from": sender, "to": "+15125550100", "body": body}
        self.replies.append({**one, "direction": "inbound", "date_sent": sent_at})

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append((request.method, request.url.path))
        if request.url.scheme != "https" or request.url.host != "api.twilio.com":
            self.leaks.append(f"asked {request.url.scheme}://{request.url.host}")
            return httpx.Response(404)
        if self.fault == "down":
            raise httpx.ConnectError("refused", request=request)
        if self.fault == "proxy_page":
            return httpx.Response(200, html="<html>Sign in to the hotel's network</html>")
        if self.fault == "unavailable_503":
            return httpx.Response(503, text="upstream connect error")
        if self.fault == "rate_limited_once" and len(self.requests) == 1:
            return _problem(429, 20429, "Too Many Requests", {"Retry-After": "2"})
        basic = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        wrong = request.headers.get("Authorization") != f"Basic {basic}"
        if wrong or self.fault == "unauthorized":
            return _problem(401, 20003, "Authenticate")
        response = self._route(request)
        if self.fault == "cut_json":
            return httpx.Response(response.status_code, content=response.content[:-5])
        return response

    def _route(self, request: httpx.Request) -> httpx.Response:
        base = f"/2010-04-01/Accounts/{ACCOUNT}/Messages"
        path = request.url.path
        if request.method == "POST" and path == f"{base}.json":
            return self._send(request)
        if request.method == "GET" and path == f"{base}.json":
            return self._list(request, base)
        if request.method == "GET" and path.startswith(f"{base}/"):
            sid = path.removeprefix(f"{base}/").removesuffix(".json")
            for message in self.sent:
                if message["sid"] == sid:
                    return httpx.Response(200, json=self._shown(message))
        return _problem(404, 20404, "The requested resource was not found")

    def _send(self, request: httpx.Request) -> httpx.Response:
        form = {key: values[0] for key, values in parse_qs(request.content.decode()).items()}
        to, body = form.get("To", ""), form.get("Body", "")
        if not to.startswith("+") or self.fault == "not_a_number":
            return _problem(400, 21211, "Invalid 'To' Phone Number")
        if not body:
            return _problem(400, 21602, "Message body is required")
        if len(body) > 1600:
            return _problem(400, 21617, "The concatenated message body exceeds 1600 characters")
        if "From" not in form and "MessagingServiceSid" not in form:
            return _problem(400, 21603, "A 'From' phone number is required")
        if self.fault == "opted_out":
            return _problem(400, 21610, "Attempt to send to unsubscribed recipient")
        if self.fault == "landline":
            return _problem(400, 21614, "'To' number is not a valid mobile number")
        sid = f"SM{len(self.sent) + 1:032x}"
        sender = form.get("From", "+15125550100")
        message = {"sid": sid, "to": to, "from": sender, "body": body, "direction": "outbound-api"}
        self.sent.append(message)
        if self.fault == "sent_then_timeout":
            raise httpx.ReadTimeout("no answer", request=request)
        if self.fault == "sent_then_500":
            return _problem(500, 20500, "Internal Server Error")
        return httpx.Response(201, json=self._shown(message, "queued"))

    def _shown(self, message: dict[str, str], status: str | None = None) -> dict[str, Any]:
        failed = self.fault == "never_delivered"
        return {
            **message,
            "account_sid": ACCOUNT,
            "status": status or ("undelivered" if failed else "delivered"),
            "error_code": 30003 if failed and status is None else None,
            "date_created": "Sun, 01 Mar 2026 09:00:00 +0000",
            "date_sent": message.get("date_sent", "Sun, 01 Mar 2026 09:00:01 +0000"),
            "uri": f"/2010-04-01/Accounts/{ACCOUNT}/Messages/{message['sid']}.json",
        }

    def _list(self, request: httpx.Request, base: str) -> httpx.Response:
        wanted = request.url.params
        known = [self._shown(m) for m in self.sent]
        known += [self._shown(m, "received") for m in self.replies]
        if self.fault == "reply_twice":
            known += [self._shown(m, "received") for m in self.replies]
        if self.fault == "reply_from_a_stranger":
            stranger = {"sid": "SMf" + "0" * 31, "from": "+15005550006", "to": "+15125550100"}
            stranger |= {"body": "Who is this?", "direction": "inbound"}
            known.append(self._shown(stranger, "received"))
        for key, name in (("To", "to"), ("From", "from")):
            if key in wanted:
                known = [m for m in known if m[name] == wanted[key]]
        size = int(wanted.get("PageSize", "50"))
        page = int(wanted.get("Page", "0"))
        more = (page + 1) * size < len(known)
        following = f"{base}.json?PageSize={size}&Page={page + 1}" if more else None
        if self.fault == "pages_that_never_end":
            following = f"{base}.json?PageSize={size}&Page={page}"
        if self.fault == "page_of_another_host":
            following = "https://evil.example.test/Messages.json"
        shown = known[page * size : (page + 1) * size]
        return httpx.Response(200, json={"messages": shown, "next_page_uri": following})


def _problem(
    status: int, code: int, message: str, headers: dict[str, str] | None = None
) -> httpx.Response:
    body = {"code": code, "message": message, "status": status}
    return httpx.Response(status, json=body, headers=headers)
