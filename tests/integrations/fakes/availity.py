"""Plays Availity: coverages (270/271) and claim statuses (276/277) over REST.

Documented (developer.availity.com API guide, and the Swagger documents of Coverages 1.0.0 and Claim
Statuses 1.0.0 as gathered in api-evangelist/availity):

- POST https://api.availity.com/v1/token, a form with grant_type, client_id, client_secret and
  scope; the token lives 300 s. The same API answers below `/v1` and `/availity/v1`.
- POST /coverages with a form (JSON is 415): 202, the link to ask again in `Location`. POST
  /claim-statuses with a form and `X-HTTP-Method-Override: GET`: the same. The answer is a page
  (totalCount, count, offset, limit, links) whose list has the plural name of the resource.
- GET /coverages/{id} and /claim-statuses/{id}: statusCode "0" in progress, "1" trying again, "4"
  complete, "R" request error, "E" communication error. 202 too means: ask again.
- Errors are `{userMessage, developerMessage, reasonCode, statusCode, errors: [{field, code,
  errorMessage}]}`. 429 comes without any header. Unsafe characters are 400 "inbound injection".
  There is no key against asking twice. Dates are `2014-06-16T18:38:12.000+0000`; amounts are text.
- The scope is that of the product: `healthcare-hipaa-transactions`, with `-demo` for the demo, and
  `hipaa` in older pages.

Assumed: that a GET in progress answers 202 for coverages too (the Swagger names 200 alone, where
statusCode tells), the wording of status and errors, the members of OAuth errors, 405 without the
override. The Swagger gives a POST of coverages one summary, live demos gave a page: a page here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs

import httpx

HOST = "api.availity.com"
CLIENT_ID = "availity-key-of-hill-street"
CLIENT_SECRET = "availity-secret-of-hill-street"
SCOPE = "healthcare-hipaa-transactions"
NOW_S = 1772463600
"""2026-03-02 15:00 UTC, the time at the fake unless `clock` says another."""
MEMBER = "XYZ123456789"
Json = dict[str, Any]


class Fault(StrEnum):
    """What goes wrong at Availity."""

    SECRET_REFUSED = "secret_refused"
    SCOPE_REFUSED = "scope_refused"
    TOKEN_EXPIRED_ONCE = "token_expired_once"
    NOT_SUBSCRIBED = "not_subscribed"
    RATE_LIMITED_ONCE = "rate_limited_once"
    DOWN = "down"
    ACCEPTED_THEN_500 = "accepted_then_500"
    ACCEPTED_THEN_TIMEOUT = "accepted_then_timeout"
    NEVER_COMPLETE = "never_complete"
    IN_PROGRESS_WITH_200 = "in_progress_with_200"
    GATEWAY_TIMEOUT_ONCE = "gateway_timeout_once"
    COMMUNICATION_ERROR = "communication_error"
    REQUEST_ERROR = "request_error"
    EXPIRED_RESULT = "expired_result"
    LINK_TO_ANOTHER_HOST = "link_to_another_host"
    ANOTHER_MEMBER = "another_member"
    NUMBERS_FOR_AMOUNTS = "numbers_for_amounts"
    NOTHING_FOUND = "nothing_found"
    CUT_JSON = "cut_json"
    PROXY_PAGE = "proxy_page"


FAULTS = tuple(Fault)
_STATUS = {
    "0": "In Progress",
    "1": "Retrying",
    "4": "Complete",
    "R": "Request Error",
    "E": "Communication Error",
}


@dataclass
class FakeAvaility:
    """One application; `inquiries` holds the form of each inquiry that reached a payer."""

    fault: str | None = None
    clock: Callable[[], float] = lambda: NOW_S
    scopes: tuple[str, ...] = (SCOPE, "hipaa")
    polls: int = 2
    """How often an inquiry is still in progress when asked for."""
    inquiries: list[tuple[str, dict[str, str]]] = field(
        default_factory=list[tuple[str, dict[str, str]]]
    )
    deleted: list[str] = field(default_factory=list[str])
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    leaks: list[str] = field(default_factory=list[str])
    _asked: dict[str, int] = field(default_factory=dict[str, int])
    _tokens: dict[str, float] = field(default_factory=dict[str, float])

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append((request.method, request.url.path))
        if request.url.scheme != "https" or request.url.host != HOST:
            self.leaks.append(f"asked {request.url.scheme}://{request.url.host}")
            return httpx.Response(404)
        if request.url.query:
            self.leaks.append("a question in the address, where logs keep it")
        if self.fault == Fault.DOWN:
            raise httpx.ConnectError("refused", request=request)
        if self.fault == Fault.PROXY_PAGE:
            return httpx.Response(200, html="<html>Sign in to the hotel's network</html>")
        path = request.url.path.removeprefix("/availity").strip("/").split("/")
        match [request.method, *path]:
            case ["POST", "v1", "token"]:
                response = self._token(request)
            case [_, "v1", "coverages" | "claim-statuses", *_]:
                response = self._guarded(request, path[1], path[2] if len(path) == 3 else None)
            case _:
                response = _problem(404, "The requested resource does not exist.")
        if self.fault == Fault.CUT_JSON and response.content:
            return httpx.Response(response.status_code, content=response.content[:-3])
        response.headers["X-Availity-Transaction-ID"] = f"t-{len(self.requests)}"
        return response

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = _form(request)
        if form.get("grant_type") != "client_credentials":
            return httpx.Response(400, json={"error": "unsupported_grant_type"})
        pair = (form.get("client_id"), form.get("client_secret"))
        if pair != (CLIENT_ID, CLIENT_SECRET) or self.fault == Fault.SECRET_REFUSED:
            said = {"error": "invalid_client", "error_description": "client authentication failed"}
            return httpx.Response(401, json=said)
        asked = set(form.get("scope", "").split())
        if not asked or asked - set(self.scopes) or self.fault == Fault.SCOPE_REFUSED:
            return httpx.Response(400, json={"error": "unauthorized_client"})
        token = f"availity-token-{len(self._tokens) + 1}"
        dead = self.fault == Fault.TOKEN_EXPIRED_ONCE and not self._tokens
        self._tokens[token] = self.clock() - 1 if dead else self.clock() + 300
        body = {"access_token": token, "token_type": "Bearer", "expires_in": 300, "scope": SCOPE}
        return httpx.Response(200, json=body | {"consented_on": int(self.clock())})

    def _guarded(self, request: httpx.Request, kind: str, name: str | None) -> httpx.Response:
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._tokens.get(bearer, 0) <= self.clock():
            return _problem(401, "Not authenticated.")
        if self.fault == Fault.NOT_SUBSCRIBED:
            return _problem(403, "The application is not subscribed to this product.")
        if self.fault == Fault.RATE_LIMITED_ONCE:
            self.fault = None
            return _problem(429, "The transaction rate limit has been exceeded.")
        if name is None:
            return self._inquire(request, kind)
        if name not in self._asked or self.fault == Fault.EXPIRED_RESULT:
            return _problem(404, "The requested resource does not exist.")
        if request.method == "DELETE":
            del self._asked[name]
            self.deleted.append(name)
            return httpx.Response(204 if kind == "coverages" else 200)
        if request.method != "GET":
            return _problem(405, "Method not allowed.")
        return self._poll(kind, name)

    def _inquire(self, request: httpx.Request, kind: str) -> httpx.Response:
        override = request.headers.get("X-HTTP-Method-Override") == "GET"
        if request.method != "POST" or (kind == "claim-statuses" and not override):
            return _problem(405, "Method not allowed.")
        if "x-www-form-urlencoded" not in request.headers.get("Content-Type", ""):
            return _problem(415, "Unsupported media type.")
        form = _form(request)
        if any(re.search(r"[<>\x00-\x1f]", value) for value in form.values()):
            return _problem(400, "inbound injection")
        names = ("payerId", "memberId", "patientBirthDate")
        if kind == "claim-statuses":
            names = ("payer.id", "subscriber.memberId", "fromDate", "toDate")
        missing = [{"field": n, "code": "1", "errorMessage": "Required"} for n in names]
        missing = [one for one in missing if one["field"] not in form]
        if missing:
            return _problem(400, "Invalid request.", missing)
        name = f"{7276849100383928590 + len(self.inquiries)}"
        self.inquiries.append((kind, form))
        self._asked[name] = 0
        if self.fault == Fault.ACCEPTED_THEN_500:
            return _problem(500, "The service encountered an unexpected condition.")
        if self.fault == Fault.ACCEPTED_THEN_TIMEOUT:
            raise httpx.ReadTimeout("no answer", request=request)
        host = "collector.example.test" if self.fault == Fault.LINK_TO_ANOTHER_HOST else HOST
        link = f"https://{host}/v1/{kind}/{name}"
        one = self._shown(kind, name, "0") | {"links": {"self": {"href": link}}}
        page: Json = {"totalCount": 1, "count": 1, "offset": 0, "limit": 50}
        page |= {"links": {"self": {"href": f"https://{HOST}/v1/{kind}"}}, _plural(kind): [one]}
        return httpx.Response(202, json=page, headers={"Location": link})

    def _poll(self, kind: str, name: str) -> httpx.Response:
        self._asked[name] += 1
        if self.fault == Fault.GATEWAY_TIMEOUT_ONCE:
            self.fault = None
            return _problem(504, "The payer did not answer in time.")
        if self._asked[name] <= self.polls or self.fault == Fault.NEVER_COMPLETE:
            code = "1" if self._asked[name] % 2 == 0 else "0"
            status = 200 if self.fault == Fault.IN_PROGRESS_WITH_200 else 202
            return httpx.Response(status, json=self._shown(kind, name, code))
        if self.fault in (Fault.COMMUNICATION_ERROR, Fault.REQUEST_ERROR):
            code = "E" if self.fault == Fault.COMMUNICATION_ERROR else "R"
            said = [{"field": "memberId", "code": "75", "errorMessage": "Subscriber not found"}]
            shown = self._shown(kind, name, code) | {"validationMessages": said}
            return httpx.Response(200, json=shown)
        shown = self._shown(kind, name, "4")
        found = self.fault != Fault.NOTHING_FOUND
        if kind == "coverages":
            shown["plans"] = [self._plan()] if found else []
        else:
            shown["claimCount"] = str(int(found))
            form = self._form_of(name)
            shown["claimStatuses"] = [self._claim(form)] if found else []
        return httpx.Response(200, json=shown)

    def _form_of(self, name: str) -> dict[str, str]:
        return self.inquiries[int(name) - 7276849100383928590][1]

    def _shown(self, kind: str, name: str, code: str) -> Json:
        form = self._form_of(name)
        dotted = kind == "claim-statuses"
        member = form["subscriber.memberId" if dotted else "memberId"]
        if self.fault == Fault.ANOTHER_MEMBER:
            member = "ZZZ000000001"
        payer = form["payer.id" if dotted else "payerId"]
        born = form.get("patient.birthDate" if dotted else "patientBirthDate", "")[:10]
        return {
            "id": name,
            "status": _STATUS[code],
            "statusCode": code,
            "controlNumber": f"{int(name) % 10**9}",
            "createdDate": "2026-03-02T15:00:00.000+0000",
            "updatedDate": "2026-03-02T15:00:02.000+0000",
            "expirationDate": "2026-03-03T15:00:00.000+0000",
            "payer": {"id": payer} if dotted else {"payerId": payer, "name": "A Payer"},
            "subscriber": {"memberId": member, "firstName": "A", "lastName": "MEMBER"},
            "patient": {"birthDate": born if dotted else f"{born}T00:00:00.000+0000"},
        }

    def _amount(self, amount: str) -> str | float:
        return float(amount) if self.fault == Fault.NUMBERS_FOR_AMOUNTS else amount

    def _plan(self) -> Json:
        visit = {"amount": self._amount("30"), "units": "USD", "level": "Individual"}
        left = {"quantity": "20", "quantityQualifierCode": "VS", "remaining": self._amount("13")}
        share = {"amount": self._amount("0.2"), "units": "%"}
        amounts = {"coPayment": {"inNetwork": [visit]}, "coInsurance": {"inNetwork": [share]}}
        therapy: Json = {"name": "Physical Therapy", "type": "PT", "status": "Active Coverage"}
        therapy |= {"statusCode": "1", "amounts": amounts, "limitations": {"inNetwork": [left]}}
        return {
            "status": "Active Coverage",
            "statusCode": "1",
            "groupNumber": "G-100",
            "insuranceTypeCode": "C1",
            "eligibilityStartDate": "2026-01-01T00:00:00.000+0000",
            "benefits": [therapy],
        }

    def _claim(self, form: dict[str, str]) -> Json:
        charge = form.get("claimAmount", "250.00")
        detail: Json = {
            "category": "Finalized/Payment",
            "categoryCode": "F1",
            "status": "Processed according to contract provisions",
            "statusCode": "107",
            "effectiveDate": "2026-03-01",
            "finalizedDate": "2026-02-27",
            "remittanceDate": "2026-03-01",
            "checkNumber": "0000123456",
            "claimAmount": self._amount(charge),
            "claimAmountUnits": "USD",
            "paymentAmount": self._amount("180.00"),
            "paymentAmountUnits": "USD",
        }
        return {
            "claimControlNumber": form.get("claimNumber", "ICN26060000001"),
            "patientControlNumber": form.get("patient.accountNumber", ""),
            "traceId": "1",
            "fromDate": form["fromDate"],
            "toDate": form["toDate"],
            "statusDetails": [detail],
            "serviceLines": [],
        }


def _plural(kind: str) -> str:
    return "coverages" if kind == "coverages" else "claimStatuses"


def _form(request: httpx.Request) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.content.decode()).items()}


def _problem(status: int, said: str, errors: list[dict[str, str]] | None = None) -> httpx.Response:
    body: Json = {"userMessage": said, "developerMessage": said, "reasonCode": 0}
    body |= {"statusCode": status, "errors": errors or []}
    return httpx.Response(status, json=body)
