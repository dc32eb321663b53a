"""Plays a FHIR R4 server behind OAuth 2 as the specifications describe it, with its bad days.

Client credentials and SMART backend services (a signed assertion) at the token address; read,
search in pages, conditional create, versioned update, transaction, bulk export. It keeps what it is
given and counts what was done twice. Written from hl7.org/fhir/R4 and the SMART backend services
page; a real router is the other peer of the tests.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

import httpx

BASE = "https://fhir.example.test/r4"
TOKEN_URL = "https://auth.example.test/token"
CLIENT = "rehab-clinic"
SECRET = "a-secret-that-only-the-fake-knows"
FAULTS = (
    "wrong_secret",
    "token_dies_between_pages",
    "token_without_expiry",
    "scope_narrower_than_asked",
    "forbidden",
    "stale_version",
    "rate_limited_seconds",
    "rate_limited_date",
    "unavailable_once",
    "created_then_500",
    "created_then_timeout",
    "down",
    "cut_json",
    "login_page",
    "another_version_of_fhir",
    "next_page_of_another_host",
    "next_page_is_this_page",
    "one_entry_of_the_transaction_refused",
    "conditional_create_finds_two",
    "resource_of_another_patient",
    "bulk_never_ready",
    "bulk_with_errors",
    "bulk_file_cut",
    "bulk_line_is_no_json",
)


@dataclass
class FakeFhirServer:
    """One server; `resources` holds what it keeps, by type and id."""

    fault: str | None = None
    resources: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=dict[str, dict[str, dict[str, Any]]]
    )
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    assertions: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    leaks: list[str] = field(default_factory=list[str])
    polls: int = 0
    _tokens: int = 0

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def keep(self, resource: dict[str, Any]) -> dict[str, Any]:
        """Take in a resource as version 1, with an id of its own where it has none."""
        kept = self.resources.setdefault(resource["resourceType"], {})
        identifier = resource.get("id") or f"{resource['resourceType'].lower()}-{len(kept) + 1}"
        resource = {**resource, "id": identifier, "meta": {"versionId": "1"}}
        kept[identifier] = resource
        return resource

    # the outside

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append((request.method, str(request.url)))
        if request.url.scheme != "https":
            self.leaks.append("spoke without encryption")
        if str(request.url).startswith(TOKEN_URL):
            return self._token(request)
        if not str(request.url).startswith(BASE):
            if "Authorization" in request.headers:
                self.leaks.append(f"showed its token to {request.url.host}")
            return httpx.Response(404)
        if self.fault == "down":
            raise httpx.ConnectError("refused", request=request)
        if self.fault == "login_page":
            return httpx.Response(200, html="<html>Please sign in</html>")
        early = self._bad_moment(request)
        if early is not None:
            return early
        response = self._route(request)
        if self.fault == "cut_json" and request.method == "GET":
            return httpx.Response(response.status_code, content=response.content[:-9])
        return response

    def _bad_moment(self, request: httpx.Request) -> httpx.Response | None:
        token = request.headers.get("Authorization", "")
        if token != f"Bearer token-{self._tokens}" or not self._tokens:
            return _outcome(401, "login", "the token is not known")
        work = [r for r in self.requests if r[1].startswith(BASE)]
        dies = self.fault == "token_dies_between_pages" and self._tokens == 1
        if dies and "page=2" in str(request.url):
            return _outcome(401, "expired", "the token is not valid any more")
        if self.fault == "forbidden":
            return _outcome(403, "forbidden", "not for this client")
        if self.fault == "unavailable_once" and len(work) == 1:
            return httpx.Response(503, text="upstream connect error")
        if self.fault == "rate_limited_seconds" and len(work) == 1:
            return httpx.Response(429, headers={"Retry-After": "2"})
        if self.fault == "rate_limited_date" and len(work) == 1:
            return httpx.Response(429, headers={"Retry-After": "Sun, 01 Mar 2026 09:00:02 GMT"})
        return None

    def _token(self, request: httpx.Request) -> httpx.Response:
        form = {key: values[0] for key, values in parse_qs(request.content.decode()).items()}
        if request.method != "POST" or form.get("grant_type") != "client_credentials":
            return httpx.Response(400, json={"error": "unsupported_grant_type"})
        if "client_assertion" in form:
            claims = json.loads(_part(form["client_assertion"], 1))
            head = json.loads(_part(form["client_assertion"], 0))
            used = claims.get("jti") in {one.get("jti") for one in self.assertions}
            self.assertions.append(claims)
            right = claims.get("aud") == TOKEN_URL and claims.get("iss") == claims.get("sub")
            short = 0 < claims.get("exp", 0) - claims.get("iat", claims.get("exp", 0) - 300) <= 300
            if used or not right or not short or head.get("alg") not in ("RS384", "ES384"):
                return httpx.Response(400, json={"error": "invalid_client"})
        else:
            basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
            by_header = request.headers.get("Authorization") == f"Basic {basic}"
            by_form = (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
            if not (by_header or by_form) or self.fault == "wrong_secret":
                return httpx.Response(401, json={"error": "invalid_client"})
        self._tokens += 1
        answer: dict[str, Any] = {
            "access_token": f"token-{self._tokens}",
            "token_type": "bearer",
            "expires_in": 300,
            "scope": form.get("scope", ""),
        }
        if self.fault == "token_without_expiry":
            del answer["expires_in"]
        if self.fault == "scope_narrower_than_asked":
            answer["scope"] = "system/Patient.read"
        return httpx.Response(200, json=answer, headers={"Cache-Control": "no-store"})

    # the inside

    def _route(self, request: httpx.Request) -> httpx.Response:
        parts = [part for part in request.url.path.removeprefix("/r4").split("/") if part]
        match [request.method, *parts]:
            case ["GET", "metadata"]:
                version = "5.0.0" if self.fault == "another_version_of_fhir" else "4.0.1"
                body = {"resourceType": "CapabilityStatement", "fhirVersion": version}
                return httpx.Response(200, json=body)
            case ["POST"]:
                return self._transaction(json.loads(request.content))
            case ["GET", "$export"] | ["GET", "Patient", "$export"]:
                if request.headers.get("Prefer") != "respond-async":
                    return _outcome(400, "required", "Prefer: respond-async is required")
                where = {"Content-Location": f"{BASE}/bulk/1"}
                return httpx.Response(202, headers=where)
            case ["GET", "bulk", "1"]:
                return self._bulk_state()
            case ["GET", "bulk", "1", name]:
                return self._bulk_file(name)
            case ["DELETE", "bulk", "1"]:
                return httpx.Response(202)
            case ["GET", kind]:
                return self._search(kind, request.url.params)
            case ["GET", kind, identifier]:
                found = self.resources.get(kind, {}).get(identifier)
                if found is None:
                    return _outcome(404, "not-found", "no such resource")
                return _versioned(200, found)
            case ["POST", kind]:
                return self._create(kind, request, request.headers.get("If-None-Exist"))
            case ["PUT", kind, identifier]:
                return self._update(kind, identifier, request)
            case _:
                return _outcome(405, "not-supported", "not here")

    def _search(self, kind: str, params: httpx.QueryParams) -> httpx.Response:
        found = list(self.resources.get(kind, {}).values())
        identifier = params.get("identifier")
        if identifier is not None:
            found = [one for one in found if _has_identifier(one, identifier)]
        if self.fault == "resource_of_another_patient" and kind != "Patient":
            found.append(
                {
                    "resourceType": kind,
                    "id": "stranger",
                    "status": "final",
                    "subject": {"reference": "Patient/somebody-else"},
                    "code": {"text": "x"},
                }
            )
        size, page = int(params.get("_count", "2")), int(params.get("page", "1"))
        shown = found[(page - 1) * size : page * size]
        links = [{"relation": "self", "url": f"{BASE}/{kind}?{params}"}]
        if page * size < len(found) or self.fault == "next_page_is_this_page":
            following = page if self.fault == "next_page_is_this_page" else page + 1
            host = (
                "https://evil.example.test/r4"
                if self.fault == "next_page_of_another_host"
                else BASE
            )
            rest = params.set("page", str(following)).set("_count", str(size))
            links.append({"relation": "next", "url": f"{host}/{kind}?{rest}"})
        entries = [{"fullUrl": f"{BASE}/{kind}/{one['id']}", "resource": one} for one in shown]
        body = {"resourceType": "Bundle", "type": "searchset", "total": len(found)}
        return httpx.Response(200, json={**body, "link": links, "entry": entries})

    def _create(self, kind: str, request: httpx.Request, condition: str | None) -> httpx.Response:
        resource = json.loads(request.content)
        if resource.get("resourceType") != kind:
            return _outcome(400, "invalid", "the type is not that of the address")
        status, kept = self._created(resource, condition)
        if status == 412:
            return _outcome(412, "multiple-matches", "the condition fits more than one")
        if self.fault == "created_then_500" and status == 201:
            return _outcome(500, "exception", "after the fact")
        if self.fault == "created_then_timeout" and status == 201:
            raise httpx.ReadTimeout("no answer", request=request)
        return _versioned(status, kept)

    def _created(
        self, resource: dict[str, Any], condition: str | None
    ) -> tuple[int, dict[str, Any]]:
        if condition is not None:
            if self.fault == "conditional_create_finds_two":
                return 412, {}
            wanted = condition.partition("identifier=")[2]
            for one in self.resources.get(resource["resourceType"], {}).values():
                if wanted and _has_identifier(one, wanted):
                    return 200, one
        return 201, self.keep({k: v for k, v in resource.items() if k not in ("id", "meta")})

    def _update(self, kind: str, identifier: str, request: httpx.Request) -> httpx.Response:
        found = self.resources.get(kind, {}).get(identifier)
        if found is None:
            return _outcome(404, "not-found", "no such resource")
        version = found["meta"]["versionId"]
        if self.fault == "stale_version":
            version = str(int(version) + 1)
        if "If-Match" not in request.headers:
            self.leaks.append("overwrote without looking at the version")
        elif request.headers["If-Match"] != f'W/"{version}"':
            return _outcome(412, "conflict", "somebody changed it")
        resource = {**json.loads(request.content), "meta": {"versionId": str(int(version) + 1)}}
        self.resources[kind][identifier] = resource
        return _versioned(200, resource)

    def _transaction(self, bundle: dict[str, Any]) -> httpx.Response:
        if bundle.get("type") not in ("transaction", "batch"):
            return _outcome(400, "invalid", "neither transaction nor batch")
        names: dict[str, str] = {}
        answers: list[dict[str, Any]] = []
        for number, entry in enumerate(bundle.get("entry", [])):
            if self.fault == "one_entry_of_the_transaction_refused" and number == 1:
                issue = _outcome(422, "business-rule", "refused").json()
                answers.append({"response": {"status": "422", "outcome": issue}})
                continue
            text = json.dumps(entry["resource"])
            for urn, reference in names.items():
                text = text.replace(urn, reference)
            status, kept = self._created(json.loads(text), entry["request"].get("ifNoneExist"))
            where = f"{kept.get('resourceType')}/{kept.get('id')}"
            if "fullUrl" in entry:
                names[entry["fullUrl"]] = where
            answers.append({"response": {"status": str(status), "location": where}})
        body = {"resourceType": "Bundle", "type": "transaction-response", "entry": answers}
        return httpx.Response(200, json=body)

    # bulk export

    def _bulk_state(self) -> httpx.Response:
        self.polls += 1
        if self.polls == 1 or self.fault == "bulk_never_ready":
            return httpx.Response(202, headers={"Retry-After": "1", "X-Progress": "half"})
        files = [{"type": k, "url": f"{BASE}/bulk/1/{k}.ndjson"} for k in sorted(self.resources)]
        errors = [{"type": "OperationOutcome", "url": f"{BASE}/bulk/1/errors.ndjson"}]
        body = {
            "transactionTime": "2026-03-01T09:00:00Z",
            "request": f"{BASE}/$export",
            "requiresAccessToken": True,
            "output": files,
            "error": errors if self.fault == "bulk_with_errors" else [],
        }
        return httpx.Response(200, json=body)

    def _bulk_file(self, name: str) -> httpx.Response:
        kind = name.removesuffix(".ndjson")
        if kind == "errors":
            issue = _outcome(500, "exception", "two resources could not be read").content
            return httpx.Response(200, content=issue + b"\n")
        lines = [json.dumps(one) for one in self.resources.get(kind, {}).values()]
        if self.fault == "bulk_line_is_no_json":
            lines.insert(1, "<html>")
        content = ("\n".join(lines) + "\n").encode()
        if self.fault == "bulk_file_cut":
            length = {"Content-Length": str(len(content))}
            return httpx.Response(200, content=content[:-20], headers=length)
        return httpx.Response(200, content=content)


def _has_identifier(resource: dict[str, Any], wanted: str) -> bool:
    system, _, value = wanted.rpartition("|")
    return any(
        one.get("value") == value and (not system or one.get("system") == system)
        for one in resource.get("identifier", [])
    )


def _versioned(status: int, resource: dict[str, Any]) -> httpx.Response:
    version = resource["meta"]["versionId"]
    where = f"{BASE}/{resource['resourceType']}/{resource['id']}/_history/{version}"
    headers = {"ETag": f'W/"{version}"', "Location": where}
    return httpx.Response(status, json=resource, headers=headers)


def _outcome(status: int, code: str, text: str) -> httpx.Response:
    issue = {"severity": "error", "code": code, "diagnostics": text}
    return httpx.Response(status, json={"resourceType": "OperationOutcome", "issue": [issue]})


def _part(token: str, number: int) -> bytes:
    text = token.split(".")[number]
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
