"""Plays Stedi: claims, eligibility and status as X12 in JSON, and the list of what came back.

Documented (stedi.com/docs/healthcare/api-reference, the changelog of 2026-02-17, and the error and
convention pages gathered in api-evangelist/stedi):

- The bare API key in `Authorization` (`Key <key>` is an older form); JSON on both hosts.
- POST https://healthcare.us.stedi.com/2024-04-01/change/medicalnetwork/professionalclaims/v3/
  raw-x12-submission with `{"x12"}`: 200 has status SUCCESS, claimReference and Stedi's own 277CA in
  `x12`; 400 has status ERROR, errors [{code, description, followupAction}] and such a 277CA too.
- `Idempotency-Key` for 24 hours, on submissions alone: the same key and body give the first answer,
  another body 422, a first request still at work 409 with Retry-After.
- POST .../eligibility/v3/raw-x12 and .../claimstatus/v2/raw-x12: the answer of the payer in `x12`.
- GET https://core.us.stedi.com/2023-08-01/polling/transactions with startDateTime or pageToken:
  items of every direction, nextPageToken while there is more. An inbound file as X12 is
  GET /executions/{fileExecutionId}/input: 302 to a link of 60 minutes on another host, with
  documentDownloadUrl in the body. GET .../reports/v2/{transactionId}/277 and /835 give JSON.
- Errors are `{code, message}`; 429 has code TOO_MANY_REQUESTS and no header that says how long.

Assumed: ISA15 tells test from production for any key; a batch has one claimReference, of its first
claim; what the storage host is called; that a nextPageToken comes with each full page only.
"""

from __future__ import annotations

import json
import re
import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import httpx

from tests.integrations.fakes import x12_answers

HOST, CORE, STORAGE = "healthcare.us.stedi.com", "core.us.stedi.com", "files.stedi-storage.test"
API_KEY = "stedi-key-of-hill-street"
PAGE = 2
Json = dict[str, Any]


class Fault(StrEnum):
    """What goes wrong at Stedi."""

    KEY_DELETED = "key_deleted"
    ADDRESS_BLOCKED = "address_blocked"
    RATE_LIMITED_ONCE = "rate_limited_once"
    STILL_AT_WORK_ONCE = "still_at_work_once"
    DOWN = "down"
    UNAVAILABLE_ONCE = "unavailable_once"
    ACCEPTED_THEN_500 = "accepted_then_500"
    ACCEPTED_THEN_TIMEOUT = "accepted_then_timeout"
    REFUSED_BY_EDIT = "refused_by_edit"
    SUCCESS_WITHOUT_ACKNOWLEDGEMENT = "success_without_acknowledgement"
    MEMBER_NOT_FOUND = "member_not_found"
    PAGE_TOKEN_REPEATS = "page_token_repeats"
    TRANSACTION_TWICE = "transaction_twice"
    NEWEST_FIRST = "newest_first"
    LINK_EXPIRED = "link_expired"
    FILE_CUT = "file_cut"
    LINK_WITHOUT_ENCRYPTION = "link_without_encryption"
    CUT_JSON = "cut_json"
    PROXY_PAGE = "proxy_page"


FAULTS = tuple(Fault)


@dataclass
class FakeStedi:
    """One account; `claims` holds the control number of each claim that went on to a payer."""

    fault: str | None = None
    claims: list[str] = field(default_factory=list[str])
    files: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    """Inbound files by execution: kind of transaction, and the X12."""
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    leaks: list[str] = field(default_factory=list[str])
    _answers: dict[str, tuple[bytes, Json]] = field(default_factory=dict[str, tuple[bytes, Json]])
    _batches: list[x12_answers.Batch] = field(default_factory=list[x12_answers.Batch])

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def pay(self) -> None:
        """Let the payers acknowledge and pay everything that was sent to them."""
        for number, batch in enumerate(self._batches, 1):
            answers = x12_answers.acknowledgement(batch, number=number * 10)
            self.put("277", answers)
            check = f"EFT{number:07d}"
            self.put("835", x12_answers.remittance(batch, number=number * 10 + 1, check=check))
        self._batches.clear()

    def put(self, kind: str, x12: str) -> str:
        """Lay one inbound file ready; return its execution."""
        name = str(uuid.uuid5(uuid.NAMESPACE_OID, f"stedi/{len(self.files)}"))
        self.files[name] = (kind, x12)
        return name

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append((request.method, request.url.path))
        if self.fault == Fault.DOWN:
            raise httpx.ConnectError("refused", request=request)
        if request.url.scheme != "https":
            self.leaks.append("spoke without encryption")
            return httpx.Response(400)
        if request.url.host == STORAGE:
            return self._download(request)
        if request.url.host not in (HOST, CORE):
            self.leaks.append(f"asked {request.url.host}")
            return httpx.Response(404)
        if self.fault == Fault.PROXY_PAGE:
            return httpx.Response(200, html="<html>Sign in to the hotel's network</html>")
        response = self._early(request) or self._route(request)
        if self.fault == Fault.CUT_JSON and response.content:
            return httpx.Response(response.status_code, content=response.content[:-6])
        return response

    def _early(self, request: httpx.Request) -> httpx.Response | None:
        key = request.headers.get("Authorization", "").removeprefix("Key ")
        if key != API_KEY or self.fault == Fault.KEY_DELETED:
            return _problem(401, "UNAUTHORIZED", "The API key is not valid")
        if self.fault == Fault.ADDRESS_BLOCKED:
            return _problem(403, "ACCESS_DENIED", "Forbidden")
        if self.fault == Fault.RATE_LIMITED_ONCE:
            self.fault = None
            return _problem(429, "TOO_MANY_REQUESTS", "throttled: CUSTOMER_LIMIT")
        if self.fault == Fault.UNAVAILABLE_ONCE:
            self.fault = None
            return _problem(503, "SERVICE_UNAVAILABLE", "Try again")
        return None

    def _route(self, request: httpx.Request) -> httpx.Response:
        parts = request.url.path.strip("/").split("/")
        version = "2023-08-01" if request.url.host == CORE else "2024-04-01"
        if parts[0] != version:
            return _problem(404, "NOT_FOUND", "no such version")
        match [request.method, *(part for part in parts[1:] if part != "change")]:
            case ["POST", "medicalnetwork", "professionalclaims", "v3", "raw-x12-submission"]:
                return self._submit(request)
            case ["POST", "medicalnetwork", "eligibility", "v3", "raw-x12"]:
                return self._inquire(request, "271")
            case ["POST", "medicalnetwork", "claimstatus", "v2", "raw-x12"]:
                return self._inquire(request, "277")
            case ["GET", "medicalnetwork", "reports", "v2", name, "277" | "835"]:
                return self._report(name)
            case ["GET", "polling", "transactions"]:
                return self._transactions(request)
            case ["GET", "executions", name, "input"] if name in self.files:
                scheme = "http" if self.fault == Fault.LINK_WITHOUT_ENCRYPTION else "https"
                link = f"{scheme}://{STORAGE}/{name}?X-Amz-Signature=1"
                said = {"documentDownloadUrl": link}
                return httpx.Response(302, headers={"Location": link}, json=said)
            case ["GET", "medicalnetwork", *_]:
                return _problem(403, "ACCESS_DENIED", "This endpoint takes POST")
            case _:
                return _problem(404, "NOT_FOUND", "Resource not found")

    def _submit(self, request: httpx.Request) -> httpx.Response:
        key = request.headers.get("Idempotency-Key")
        if key is None:
            self.leaks.append("a submission without an Idempotency-Key")
        elif key in self._answers:
            if self._answers[key][0] != request.content:
                return _problem(422, "REQUEST_CHANGED", "The key was used for another request")
            return _as_response(self._answers[key][1])
        if self.fault == Fault.STILL_AT_WORK_ONCE:
            self.fault = None
            said = "The first request with this key is still at work"
            return _problem(409, "CONFLICT", said, {"Retry-After": "2"})
        try:
            batch = x12_answers.batch_of(_x12_of(request))
        except x12_answers.NotX12Error:
            return _problem(400, "BAD_REQUEST", "The request is not valid X12")
        answer = self._judged(batch)
        if key is not None:
            self._answers[key] = (request.content, answer)
        if self.fault == Fault.ACCEPTED_THEN_500:
            self.fault = None
            return _problem(500, "INTERNAL_SERVER_ERROR", "An internal error occurred")
        if self.fault == Fault.ACCEPTED_THEN_TIMEOUT:
            self.fault = None
            raise httpx.ReadTimeout("no answer", request=request)
        return _as_response(answer)

    def _judged(self, batch: x12_answers.Batch) -> Json:
        first, number = batch.claims[0], len(self.claims) + 1
        name = f"01J1M588QT2TAV2N0{number:09d}"
        refused = "The billing provider tax id is invalid" * (self.fault == Fault.REFUSED_BY_EDIT)
        answer: Json = {
            "status": "ERROR" if refused else "SUCCESS",
            "controlNumber": batch.control_number,
            "tradingPartnerServiceId": batch.payer[1],
            "claimReference": {
                "correlationId": name,
                "customerClaimNumber": name,
                "patientControlNumber": first.pcn,
                "timeOfResponse": "2026-03-02T15:00:00.203Z",
                "payerID": batch.payer[1],
                "formatVersion": "5010",
                "rhclaimNumber": name,
                "serviceLines": [
                    {"lineItemControlNumber": line.control_number} for line in first.lines
                ],
            },
            "errors": [],
            "httpStatusCode": "400 BAD_REQUEST" if refused else "200 OK",
            "meta": {"traceId": str(uuid.uuid5(uuid.NAMESPACE_OID, name))},
            "payer": {"payerName": batch.payer[0], "payerID": batch.payer[1]},
            "x12": x12_answers.acknowledgement(batch, refused=refused, number=number),
        }
        if self.fault == Fault.SUCCESS_WITHOUT_ACKNOWLEDGEMENT:
            del answer["x12"]
        if refused:
            fix = {"followupAction": "Please Correct and Resubmit"}
            answer["errors"] = [{"code": "33", "description": refused, **fix}]
            return answer
        self.claims += [claim.pcn for claim in batch.claims]
        self._batches.append(batch)
        return answer

    def _inquire(self, request: httpx.Request, kind: str) -> httpx.Response:
        try:
            asked = _x12_of(request)
            reason = "75" if self.fault == Fault.MEMBER_NOT_FOUND else ""
            if kind == "271":
                answer = x12_answers.eligibility(asked, refused=reason)
            else:
                answer = x12_answers.claim_status(asked, category="D0:35" if reason else "F1:65")
        except (x12_answers.NotX12Error, KeyError):
            return _problem(400, "BAD_REQUEST", "The request is not valid X12")
        said: Json = {"meta": {"traceId": "t", "applicationMode": "production"}, "x12": answer}
        if reason and kind == "271":
            fix = {"followupAction": "Please Correct and Resubmit", "location": "Loop 2100C"}
            said["errors"] = [{"code": "75", "description": "Subscriber not found", **fix}]
        return httpx.Response(200, json=said)

    def _transactions(self, request: httpx.Request) -> httpx.Response:
        asked = request.url.params
        if ("startDateTime" in asked) == ("pageToken" in asked):
            return _problem(400, "BAD_REQUEST", "Give startDateTime or pageToken")
        items = [self._item(index, name) for index, name in enumerate(self.files)]
        if self.fault == Fault.TRANSACTION_TWICE:
            items = [item for item in items for _ in range(2)]
        if self.fault == Fault.NEWEST_FIRST:
            items.reverse()
        sent = self._item(99, "outbound") | {"direction": "OUTBOUND"}
        sent["x12"] = {"metadata": {"transaction": {"transactionSetIdentifier": "837"}}}
        items.insert(0, sent)
        start = int(asked.get("pageToken", "page-0").removeprefix("page-"))
        body: Json = {"items": items[start : start + PAGE]}
        if start + PAGE < len(items):
            step = 0 if self.fault == Fault.PAGE_TOKEN_REPEATS else PAGE
            body["nextPageToken"] = f"page-{start + step}"
        return httpx.Response(200, json=body)

    def _item(self, index: int, name: str) -> Json:
        kind = self.files.get(name, ("837", ""))[0]
        identifier = str(uuid.uuid5(uuid.NAMESPACE_OID, f"transaction/{name}"))
        transaction = {"controlNumber": f"{index + 1:04d}", "transactionSetIdentifier": kind}
        release = {"277": "005010X214", "835": "005010X221A1"}.get(kind, "005010X222A1")
        group = {"controlNumber": index + 1, "release": release}
        return {
            "direction": "INBOUND",
            "mode": "production",
            "status": "succeeded",
            "fileExecutionId": name,
            "transactionId": identifier,
            "processedAt": f"2026-03-02T15:{index % 60:02d}:28.354Z",
            "artifacts": [],
            "x12": {"metadata": {"functionalGroup": group, "transaction": transaction}},
        }

    def _report(self, name: str) -> httpx.Response:
        known = {str(uuid.uuid5(uuid.NAMESPACE_OID, f"transaction/{one}")) for one in self.files}
        if name not in known:
            return _problem(404, "NOT_FOUND", "Resource not found")
        return httpx.Response(200, json={"meta": {"transactionId": name}, "transactions": []})

    def _download(self, request: httpx.Request) -> httpx.Response:
        if "Authorization" in request.headers:
            self.leaks.append("the key was shown to the storage")
        if self.fault == Fault.LINK_EXPIRED:
            return httpx.Response(403, text="<Error><Code>AccessDenied</Code></Error>")
        content = self.files[request.url.path.strip("/")][1].encode()
        if self.fault == Fault.FILE_CUT:
            content = content[: len(content) * 2 // 3]
        return httpx.Response(200, content=content, headers={"Content-Type": "text/plain"})


def _x12_of(request: httpx.Request) -> str:
    try:
        text = json.loads(request.content)["x12"]
    except (ValueError, KeyError, TypeError):
        raise x12_answers.NotX12Error from None
    if not isinstance(text, str) or re.search(r"[^\x20-\x7e\r\n]", text):
        raise x12_answers.NotX12Error
    return text


def _as_response(answer: Json) -> httpx.Response:
    return httpx.Response(int(answer["httpStatusCode"][:3]), json=answer)


def _problem(
    status: int, code: str, message: str, headers: dict[str, str] | None = None
) -> httpx.Response:
    body = {"code": code, "error": code, "message": message}
    return httpx.Response(status, json=body, headers=headers)
