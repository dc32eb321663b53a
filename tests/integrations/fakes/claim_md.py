"""Plays Claim.MD: upload of claims, what became of them, remittances and eligibility.

Documented (docs.claim.md and api.claim.md 1.19 in public copies, api-evangelist/claim-md, and the
shapes on which a public client of version 1.19 insists): everything is POST to
https://svc.claim.md/services/<name>/ with the AccountKey as a form field; Accept chooses XML (the
default) or JSON; at most 100 requests a minute.

- upload: multipart with File, 1-2000 claims; answers a `claim` for each claim with claimid,
  remote_claimid, claimmd_id, pcn, fileid, status A or R, and `messages` with status and message.
- uploadlist: Page, UploadDate; `file` with inboundid, filename, uploadtime, file_type.
- response: ResponseID (0 first); `last_responseid` and a `claim` for each news, whose `messages`
  have a responseid. eralist: ERAID, NewOnly, Page of 100; `last_eraid` and `era`. era835: eraid;
  `data` is the X12. elig: File with one 270; the 271.
- Errors come with HTTP 200 as `error` with error_code and error_mesg.

In XML these are attributes of elements below `result`; in JSON members of one object, where a list
of one may be an object. There is no key against sending twice: an upload that is repeated is
another file.

Assumed: that JSON has no `result` around it, wording and numbers of errors, 429 beyond the limit,
the 271 as body, times as seconds of the epoch.
"""

from __future__ import annotations

import email.parser
import email.policy
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qs
from xml.etree import ElementTree as ET

import httpx

from tests.integrations.fakes import x12_answers

HOST = "svc.claim.md"
ACCOUNT_KEY = "claim-md-key-of-hill-street"
NOW_S = 1772463600
Json = dict[str, Any]


class Fault(StrEnum):
    """What goes wrong at Claim.MD."""

    KEY_REFUSED = "key_refused"
    RATE_LIMITED_ONCE = "rate_limited_once"
    DOWN = "down"
    UNAVAILABLE_ONCE = "unavailable_once"
    ACCEPTED_THEN_500 = "accepted_then_500"
    ACCEPTED_THEN_TIMEOUT = "accepted_then_timeout"
    ALL_REFUSED = "all_refused"
    ONE_REFUSED = "one_refused"
    FEWER_CLAIMS_IN_ANSWER = "fewer_claims_in_answer"
    ANOTHER_ACCOUNT_IN_ANSWER = "another_account_in_answer"
    ONE_IS_NOT_A_LIST = "one_is_not_a_list"
    XML_IN_SPITE_OF_ACCEPT = "xml_in_spite_of_accept"
    CURSOR_GOES_BACK = "cursor_goes_back"
    RESPONSE_TWICE = "response_twice"
    RESPONSES_OUT_OF_ORDER = "responses_out_of_order"
    ERA_TWICE = "era_twice"
    ERA_CUT = "era_cut"
    CUT_BODY = "cut_body"
    PROXY_PAGE = "proxy_page"


FAULTS = tuple(Fault)


@dataclass
class FakeClaimMd:
    """One account; `uploads` has a file for each upload that arrived, with its claims."""

    fault: str | None = None
    clock: Callable[[], float] = lambda: NOW_S
    uploads: list[tuple[str, x12_answers.Batch]] = field(
        default_factory=list[tuple[str, x12_answers.Batch]]
    )
    responses: list[Json] = field(default_factory=list[Json])
    eras: list[str] = field(default_factory=list[str])
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    leaks: list[str] = field(default_factory=list[str])
    _times: list[float] = field(default_factory=list[float])

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def pay(self) -> None:
        """Let the payers accept and pay every file that was uploaded."""
        for number, (_, batch) in enumerate(self.uploads, 1):
            for claim in batch.claims:
                self._note(claim, number, "A", "Accepted by payer")
            check = f"EFT{number:07d}"
            self.eras.append(x12_answers.remittance(batch, number=number, check=check))

    def _note(self, claim: x12_answers.Claim, file: int, status: str, message: str) -> Json:
        told = {"responseid": f"{len(self.responses) + 1}", "status": status, "message": message}
        one: Json = {
            "claimid": f"{len(self.responses) + 1000}",
            "claimmd_id": f"{48213000 + sum(map(ord, claim.pcn))}",
            "remote_claimid": claim.trace or claim.pcn,
            "pcn": claim.pcn,
            "fileid": f"{file}",
            "batchid": f"20260302{file:09d}",
            "filename": self.uploads[file - 1][0],
            "total_charge": f"{claim.charge}",
            "payerid": self.uploads[file - 1][1].payer[1],
            "sender_name": "CLAIM.MD",
            "sender_icn": x12_answers.icn(claim),
            "response_time": "2026-03-02 15:00:00",
            "status": status,
            "messages": [told],
        }
        self.responses.append(one)
        return one

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append((request.method, request.url.path))
        self._times = [time for time in self._times if time > self.clock() - 60]
        self._times.append(self.clock())
        if request.url.scheme != "https" or request.url.host != HOST:
            self.leaks.append(f"asked {request.url.scheme}://{request.url.host}")
            return httpx.Response(404)
        if request.url.query:
            self.leaks.append("the key or a question in the address, where logs keep it")
        if self.fault == Fault.DOWN:
            raise httpx.ConnectError("refused", request=request)
        if self.fault == Fault.PROXY_PAGE:
            return httpx.Response(200, html="<html>Sign in to the hotel's network</html>")
        if self.fault == Fault.RATE_LIMITED_ONCE or len(self._times) > 100:
            self.fault = None if self.fault == Fault.RATE_LIMITED_ONCE else self.fault
            return httpx.Response(429, text="Too many requests")
        if self.fault == Fault.UNAVAILABLE_ONCE:
            self.fault = None
            return httpx.Response(503, text="Service Unavailable")
        form, file = _parts(request)
        response = self._route(request, form, file)
        if self.fault == Fault.CUT_BODY and response.content:
            return httpx.Response(response.status_code, content=response.content[:-8])
        return response

    def _route(
        self, request: httpx.Request, form: dict[str, str], file: tuple[str, str] | None
    ) -> httpx.Response:
        if request.method != "POST":
            return httpx.Response(405)
        if form.get("AccountKey") != ACCOUNT_KEY or self.fault == Fault.KEY_REFUSED:
            return self._written(request, _error("100", "Invalid AccountKey"))
        match request.url.path.strip("/").split("/"):
            case ["services", "upload"] if file:
                return self._upload(request, *file)
            case ["services", "uploadlist"]:
                rows = [self._listed(index) for index in range(len(self.uploads))]
                page = int(form.get("Page", "1")) - 1
                return self._written(request, {"file": rows[page * 100 : page * 100 + 100]})
            case ["services", "response"]:
                return self._written(request, self._responses_after(form.get("ResponseID", "")))
            case ["services", "eralist"]:
                return self._written(request, self._eras_after(form))
            case ["services", "era835"]:
                return self._written(request, self._era(form.get("eraid", "")))
            case ["services", "elig"] if file:
                try:
                    return httpx.Response(200, text=x12_answers.eligibility(file[1]))
                except (x12_answers.NotX12Error, KeyError):
                    return self._written(request, _error("200", "Invalid 270 file"))
            case _:
                return self._written(request, _error("101", "Missing or unknown parameter"))

    def _upload(self, request: httpx.Request, name: str, text: str) -> httpx.Response:
        try:
            batch = x12_answers.batch_of(text)
        except x12_answers.NotX12Error:
            return self._written(request, _error("201", "Invalid file format"))
        if len(batch.claims) > 2000:
            return self._written(request, _error("202", "Too many claims in file"))
        self.uploads.append((name, batch))
        claims: list[Json] = []
        for index, claim in enumerate(batch.claims):
            refused = self.fault == Fault.ALL_REFUSED or (
                self.fault == Fault.ONE_REFUSED and index == 0
            )
            said = "Subscriber id is not valid" if refused else "Claim acknowledged"
            claims.append(self._note(claim, len(self.uploads), "R" if refused else "A", said))
        if self.fault == Fault.ACCEPTED_THEN_500:
            return httpx.Response(500, text="Internal Server Error")
        if self.fault == Fault.ACCEPTED_THEN_TIMEOUT:
            raise httpx.ReadTimeout("no answer", request=request)
        if self.fault == Fault.FEWER_CLAIMS_IN_ANSWER:
            claims = claims[1:]
        if self.fault == Fault.ANOTHER_ACCOUNT_IN_ANSWER:
            claims = [claim | {"pcn": "SOMEBODY-ELSE-1"} for claim in claims]
        return self._written(request, {"claim": claims})

    def _listed(self, index: int) -> Json:
        name, batch = self.uploads[index]
        charge = sum(claim.charge for claim in batch.claims)
        return {
            "inboundid": f"{index + 1}",
            "filename": name,
            "file_type": "claim",
            "uploadtime": f"{int(self.clock())}",
            "claim_count": f"{len(batch.claims)}",
            "amount": f"{charge}",
        }

    def _responses_after(self, since: str) -> Json:
        if not since.isdigit():
            return _error("102", "ResponseID is required")
        news = self.responses[int(since) :][:20000]
        last = f"{int(since) + len(news)}"
        if self.fault == Fault.CURSOR_GOES_BACK and int(since) > 0:
            last = "0"
        if self.fault == Fault.RESPONSE_TWICE:
            news = [one for one in news for _ in range(2)]
        if self.fault == Fault.RESPONSES_OUT_OF_ORDER:
            news = news[::-1]
        return {"last_responseid": last, "claim": news}

    def _eras_after(self, form: dict[str, str]) -> Json:
        since, page = int(form.get("ERAID", "0") or 0), int(form.get("Page", "1"))
        numbers = list(range(since + 1, len(self.eras) + 1))[(page - 1) * 100 : page * 100]
        rows = [
            {
                "eraid": f"{number}",
                "check_number": f"EFT{number:07d}",
                "check_type": "ACH",
                "paid_amount": self.eras[number - 1].split("BPR*I*")[1].split("*")[0],
                "paid_date": "2026-03-02",
                "payer_name": "A PAYER",
                "payerid": "60054",
                "received_time": "2026-03-02 15:00:00",
            }
            for number in numbers
        ]
        if self.fault == Fault.ERA_TWICE:
            rows = [row for row in rows for _ in range(2)]
        return {"last_eraid": f"{max([since, *numbers])}", "era": rows}

    def _era(self, name: str) -> Json:
        if not name.isdigit() or not 0 < int(name) <= len(self.eras):
            return _error("301", "ERA not found")
        text = self.eras[int(name) - 1]
        return {"eraid": name, "data": text[:-60] if self.fault == Fault.ERA_CUT else text}

    def _written(self, request: httpx.Request, body: Json) -> httpx.Response:
        wants_json = "json" in request.headers.get("Accept", "").lower()
        if wants_json and self.fault != Fault.XML_IN_SPITE_OF_ACCEPT:
            if self.fault == Fault.ONE_IS_NOT_A_LIST:
                body = {name: _alone(value) for name, value in body.items()}
            return httpx.Response(200, json=body)
        text = ET.tostring(_element("result", body), encoding="unicode")
        return httpx.Response(200, text=text, headers={"Content-Type": "application/xml"})


def _alone(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value  # pyright: ignore


def _element(name: str, body: Json) -> ET.Element:
    element = ET.Element(name)
    for key, value in body.items():
        if isinstance(value, list):
            element.extend(_element(key, one) for one in value)  # pyright: ignore
        elif isinstance(value, dict):
            element.append(_element(key, value))  # pyright: ignore
        elif key == "data":
            ET.SubElement(element, key).text = value
        else:
            element.set(key, str(value))
    return element


def _error(code: str, message: str) -> Json:
    return {"error": {"error_code": code, "error_mesg": message}}


def _parts(request: httpx.Request) -> tuple[dict[str, str], tuple[str, str] | None]:
    """Return the fields of a form and its file, if it has one."""
    kind = request.headers.get("Content-Type", "")
    if "multipart" not in kind:
        form = parse_qs(request.content.decode("latin-1"))
        return {name: values[0] for name, values in form.items()}, None
    head = f"Content-Type: {kind}\r\n\r\n".encode()
    parser = email.parser.BytesParser(policy=email.policy.HTTP)
    fields: dict[str, str] = {}
    file: tuple[str, str] | None = None
    for part in parser.parsebytes(head + request.content).iter_parts():
        name = str(part.get_param("name", header="content-disposition"))
        payload = part.get_payload(decode=True)
        text = payload.decode("latin-1") if isinstance(payload, bytes) else ""
        if part.get_filename() is None:
            fields[name] = text
        elif name == "File":
            file = (str(part.get_filename()), text)
    return fields, file
