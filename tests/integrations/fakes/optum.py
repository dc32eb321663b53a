"""Plays the medical network of Optum (once Change Healthcare): claims as X12, mailbox, inquiries.

Documented (developer.optum.com: Security and Authorization v2, Professional Claims v3, Claims
Responses and Reports v2, and the pages of the older developer portal, as gathered in
api-evangelist/optum and public copies):

- POST https://apigw.optum.com/apip/auth/v2/token as JSON or form: client_id, client_secret,
  grant_type; access_token, token_type "bearer", expires_in 3600. A refusal is 400 or 401 with
  error and error_description. One token is meant for many calls.
- POST /medicalnetwork/professionalclaims/v3/raw-x12-submission (and /raw-x12-validation) with
  `{"x12"}` and the headers X-CHC-ClaimSubmission-BillerId, -Username, -Pwd and -SubmitterId that
  the analyst gives out: status, controlNumber, tradingPartnerServiceId, claimReference
  {correlationId, submitterId, customerClaimNumber, patientControlNumber, timeOfResponse, claimType
  "PRO", formatVersion, rhclaimNumber}, editStatus, errors, meta, payer. SUCCESS means that the
  network has it. The component separator has to be a colon. No key against doing it twice is known.
- GET /medicalnetwork/reports/v2 lists the files of the mailbox: `X3nnnnnn.XX` is a 277,
  `R5nnnnnn.XX` an 835. GET /{file} has `report_content`; DELETE has `status`. A large file is "413
  (processing)" until it is ready. Files are kept for a while only.
- POST /medicalnetwork/eligibility/v3/raw-x12 with `{"x12"}` answers `{"x12"}` and meta.

Assumed: the host of production, 401 for a token that is over, the body of gateway errors, status
and text of a claim with edits (`status: "EDITS"`), 400 for wrong headers, 404 for a file that is
gone, members of `meta` beyond senderId, submitterId, billerId, traceId and applicationMode.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs

import httpx

from tests.integrations.fakes import x12_answers

HOST = "apigw.optum.com"
CLIENT_ID, CLIENT_SECRET = "optum-key-of-hill-street", "optum-secret-of-hill-street"
BILLER_ID, SUBMITTER_ID = "009998", "999898"
USERNAME, PASSWORD = "hillstreet", "password-of-hill-street"
NOW_S = 1772463600
Json = dict[str, Any]


class Fault(StrEnum):
    """What goes wrong at Optum."""

    SECRET_REFUSED = "secret_refused"
    TOKEN_EXPIRED_ONCE = "token_expired_once"
    BILLER_UNKNOWN = "biller_unknown"
    RATE_LIMITED_ONCE = "rate_limited_once"
    DOWN = "down"
    GATEWAY_ERROR_ONCE = "gateway_error_once"
    ACCEPTED_THEN_500 = "accepted_then_500"
    ACCEPTED_THEN_TIMEOUT = "accepted_then_timeout"
    EDITS = "edits"
    ANOTHER_PATIENT_CONTROL_NUMBER = "another_patient_control_number"
    REPORT_IN_PROGRESS_ONCE = "report_in_progress_once"
    REPORT_GONE = "report_gone"
    REPORT_CUT = "report_cut"
    REPORT_TWICE = "report_twice"
    REPORT_UNDER_ANOTHER_PREFIX = "report_under_another_prefix"
    MEMBER_NOT_FOUND = "member_not_found"
    CUT_JSON = "cut_json"
    PROXY_PAGE = "proxy_page"


FAULTS = tuple(Fault)


@dataclass
class FakeOptum:
    """One submitter; `claims` holds the control number of each claim that the network took."""

    fault: str | None = None
    clock: Callable[[], float] = lambda: NOW_S
    claims: list[str] = field(default_factory=list[str])
    mailbox: dict[str, str] = field(default_factory=dict[str, str])
    deleted: list[str] = field(default_factory=list[str])
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    leaks: list[str] = field(default_factory=list[str])
    _tokens: dict[str, float] = field(default_factory=dict[str, float])
    _batches: list[x12_answers.Batch] = field(default_factory=list[x12_answers.Batch])

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def pay(self) -> None:
        """Let the payers acknowledge and pay everything that was sent to them."""
        for batch in self._batches:
            number = len(self.mailbox) + 1
            self._put("X3", x12_answers.acknowledgement(batch, number=number))
            check = f"EFT{number:07d}"
            self._put("R5", x12_answers.remittance(batch, number=number + 1, check=check))
        self._batches.clear()

    def _put(self, prefix: str, content: str) -> None:
        if self.fault == Fault.REPORT_UNDER_ANOTHER_PREFIX:
            prefix = {"X3": "R5", "R5": "X3"}[prefix]
        number = len(self.mailbox)
        suffix = (
            "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[number // 26] + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[number % 26]
        )
        self.mailbox[f"{prefix}{SUBMITTER_ID}.{suffix}"] = content

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append((request.method, request.url.path))
        if request.url.scheme != "https" or request.url.host != HOST:
            self.leaks.append(f"asked {request.url.scheme}://{request.url.host}")
            return httpx.Response(404)
        if self.fault == Fault.DOWN:
            raise httpx.ConnectError("refused", request=request)
        if self.fault == Fault.PROXY_PAGE:
            return httpx.Response(200, html="<html>Sign in to the hotel's network</html>")
        response = self._early(request) or self._route(request)
        if self.fault == Fault.CUT_JSON:
            return httpx.Response(response.status_code, content=response.content[:-5])
        return response

    def _early(self, request: httpx.Request) -> httpx.Response | None:
        if request.url.path.rstrip("/") == "/apip/auth/v2/token":
            return self._token(request)
        bearer = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._tokens.get(bearer, 0) <= self.clock():
            return httpx.Response(401, json={"error": "invalid_token"})
        if self.fault == Fault.RATE_LIMITED_ONCE:
            self.fault = None
            return httpx.Response(429, headers={"Retry-After": "5"}, json={"error": "quota"})
        if self.fault == Fault.GATEWAY_ERROR_ONCE:
            self.fault = None
            return httpx.Response(504, html="<html>504 Gateway Timeout</html>")
        return None

    def _token(self, request: httpx.Request) -> httpx.Response:
        try:
            form: Json = json.loads(request.content)
        except ValueError:
            form = {name: one[0] for name, one in parse_qs(request.content.decode()).items()}
        if request.method != "POST" or form.get("grant_type") != "client_credentials":
            return httpx.Response(400, json={"error": "unsupported_grant_type"})
        pair = (form.get("client_id"), form.get("client_secret"))
        if pair != (CLIENT_ID, CLIENT_SECRET) or self.fault == Fault.SECRET_REFUSED:
            said = {"error": "invalid_client", "error_description": "Invalid client credentials"}
            return httpx.Response(401, json=said)
        token = f"optum-token-{len(self._tokens) + 1}"
        dead = self.fault == Fault.TOKEN_EXPIRED_ONCE and not self._tokens
        self._tokens[token] = self.clock() - 1 if dead else self.clock() + 3600
        body = {"access_token": token, "token_type": "bearer", "expires_in": 3600}
        return httpx.Response(200, json=body)

    def _route(self, request: httpx.Request) -> httpx.Response:
        match [request.method, *request.url.path.strip("/").split("/")]:
            case ["POST", "medicalnetwork", "professionalclaims", "v3", "raw-x12-submission"]:
                return self._submit(request, keep=True)
            case ["POST", "medicalnetwork", "professionalclaims", "v3", "raw-x12-validation"]:
                return self._submit(request, keep=False)
            case ["GET", "medicalnetwork", "professionalclaims", "v3", "healthcheck"]:
                return httpx.Response(200, json={"status": "ok", "version": "v3"})
            case ["POST", "medicalnetwork", "eligibility", "v3", "raw-x12"]:
                return self._eligibility(request)
            case ["GET", "medicalnetwork", "reports", "v2"]:
                names = list(self.mailbox) * (1 + (self.fault == Fault.REPORT_TWICE))
                return httpx.Response(200, json={"reports": names, "meta": _meta()})
            case [verb, "medicalnetwork", "reports", "v2", name]:
                return self._report(verb, name)
            case _:
                return httpx.Response(404, json={"error": "not_found"})

    def _submit(self, request: httpx.Request, *, keep: bool) -> httpx.Response:
        headers = {
            "BillerId": BILLER_ID,
            "SubmitterId": SUBMITTER_ID,
            "Username": USERNAME,
            "Pwd": PASSWORD,
        }
        wrong = [
            name
            for name, value in headers.items()
            if request.headers.get(f"X-CHC-ClaimSubmission-{name}") != value
        ]
        if wrong or self.fault == Fault.BILLER_UNKNOWN:
            return self._refused(f"X-CHC-ClaimSubmission-{(wrong or ['BillerId'])[0]}", "401")
        try:
            text = _x12_of(request)
            batch = x12_answers.batch_of(text)
        except x12_answers.NotX12Error:
            return self._refused("x12", "33")
        if text[104] != ":":
            return self._refused("ISA16", "33")
        first = batch.claims[0]
        edits = self.fault == Fault.EDITS
        pcn = "SOMEBODY-ELSE" if self.fault == Fault.ANOTHER_PATIENT_CONTROL_NUMBER else first.pcn
        body: Json = {
            "status": "EDITS" if edits else "SUCCESS",
            "controlNumber": batch.control_number,
            "tradingPartnerServiceId": batch.payer[1],
            "claimReference": {
                "correlationId": f"260302R{SUBMITTER_ID}~{len(self.claims) + 1:014d}",
                "submitterId": BILLER_ID,
                "customerClaimNumber": batch.control_number,
                "patientControlNumber": pcn,
                "timeOfResponse": "2026-03-02T09:00:00.85-06:00",
                "claimType": "PRO",
                "formatVersion": "5010",
                "rhclaimNumber": f"26061{len(self.claims) + 1:08d}",
            },
            "editStatus": "EDITS" if edits else "SUCCESS",
            "errors": [],
            "meta": _meta(),
            "payer": {"payerName": batch.payer[0] or "Unknown", "payerID": batch.payer[1]},
        }
        if edits:
            said = {"field": "NM109", "value": "", "code": "85", "location": "Loop 2010BA"}
            body["errors"] = [{**said, "description": "Subscriber id is not valid"}]
            return httpx.Response(200, json=body)
        if keep:
            self.claims += [claim.pcn for claim in batch.claims]
            self._batches.append(batch)
            if self.fault == Fault.ACCEPTED_THEN_500:
                return httpx.Response(500, json={"error": "internal_error"})
            if self.fault == Fault.ACCEPTED_THEN_TIMEOUT:
                raise httpx.ReadTimeout("no answer", request=request)
        return httpx.Response(200, json=body)

    def _refused(self, what: str, code: str) -> httpx.Response:
        error = {"field": what, "value": "", "code": code, "description": f"{what} is invalid"}
        fix = {"followupAction": "Please Correct and Resubmit", "location": what}
        body: Json = {"status": "ERROR", "errors": [error | fix], "meta": _meta()}
        return httpx.Response(400, json=body)

    def _eligibility(self, request: httpx.Request) -> httpx.Response:
        try:
            reason = "75" if self.fault == Fault.MEMBER_NOT_FOUND else ""
            answer = x12_answers.eligibility(_x12_of(request), refused=reason)
        except (x12_answers.NotX12Error, KeyError):
            return self._refused("x12", "33")
        return httpx.Response(200, json={"meta": _meta(), "x12": answer})

    def _report(self, verb: str, name: str) -> httpx.Response:
        if name not in self.mailbox or self.fault == Fault.REPORT_GONE:
            return httpx.Response(404, json={"detail": "File not found"})
        if verb == "DELETE":
            del self.mailbox[name]
            self.deleted.append(name)
            return httpx.Response(200, json={"status": "deleted", "meta": _meta()})
        if verb != "GET":
            return httpx.Response(405)
        if self.fault == Fault.REPORT_IN_PROGRESS_ONCE:
            self.fault = None
            return httpx.Response(413, json={"detail": "processing"})
        content = self.mailbox[name]
        if self.fault == Fault.REPORT_CUT:
            content = content[: len(content) // 2]
        return httpx.Response(200, json={"report_content": content, "meta": _meta()})


def _x12_of(request: httpx.Request) -> str:
    try:
        text = json.loads(request.content)["x12"]
    except (ValueError, KeyError, TypeError):
        raise x12_answers.NotX12Error from None
    if not isinstance(text, str):
        raise x12_answers.NotX12Error
    return text


def _meta() -> Json:
    trace = "900773a9-c0ba-6aa2-0f61-cfcc30a0200f"
    mode: Json = {"applicationMode": "production", "traceId": trace, "senderId": "HILLSTREET"}
    return mode | {"submitterId": SUBMITTER_ID, "billerId": BILLER_ID}
