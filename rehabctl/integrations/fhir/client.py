"""A client of FHIR R4 servers: search in pages, conditional create, versioned update, bulk export.

Nothing is created without a condition and nothing overwritten without its version, so that every
request may be repeated. Addresses of other hosts, which answers may hold, are never followed.
"""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, urljoin, urlsplit

from rehabctl.domain.connection import FhirConnection
from rehabctl.domain.errors import NotPermittedError, RehabctlError, UnavailableError
from rehabctl.integrations.fhir.oauth import HINT, Tokens
from rehabctl.integrations.fhir.pieces import Piece, pieces
from rehabctl.integrations.web_client import Effect, WebClient, object_of

if TYPE_CHECKING:
    import httpx

Resource = dict[str, Any]
_JSON = {"Accept": "application/fhir+json", "Content-Type": "application/fhir+json"}
_MOST_PAGES = 100_000
_POLLS = 200
_POLL_S, _LONGEST_POLL_S = 5.0, 60.0


@dataclass(frozen=True, slots=True)
class Refused:
    """What a server said no to."""

    status: str


@dataclass(slots=True)
class FhirClient:
    """Requests to one FHIR server."""

    at: FhirConnection
    secret: str = field(repr=False)
    now: Callable[[], datetime]
    transport: httpx.BaseTransport | None = None
    sleep: Callable[[float], None] = time.sleep
    page_size: int = 100
    _tokens: Tokens = field(init=False, repr=False)
    _web: WebClient = field(init=False, repr=False)

    def __post_init__(self) -> None:
        name, base = self.at.name, self.at.address.rstrip("/")
        carry: dict[str, Any] = {"transport": self.transport, "sleep": self.sleep}
        carry["secret_hint"] = HINT
        asking = WebClient(name, "", dict, **carry)
        self._tokens = Tokens(self.at, self.secret, self.now, asking)
        self._web = WebClient(name, base, self._tokens.headers, renew=self._tokens.renew, **carry)

    def check(self, kinds: Sequence[str], verb: str) -> list[str]:
        """Check that the server speaks R4, and return the kinds that it knows.

        Parameters
        ----------
        kinds
            Of resources.
        verb
            `read` or `write`.

        Raises
        ------
        NotPermittedError
            The token does not cover one of them.
        RehabctlError
            It is another version, or no FHIR server.
        """
        told = self._object("/metadata", "CapabilityStatement")
        version = str(told.get("fhirVersion"))
        if not version.startswith("4.0"):
            raise RehabctlError(
                f"{self.at.name} speaks another version of FHIR", "Ask for its address of R4"
            )
        rest: list[Any] = told.get("rest") or [{}]
        listed: list[Any] = rest[0].get("resource") or []
        known = {one.get("type") for one in listed}
        kinds = [kind for kind in kinds if kind in known or not known]
        missing = [k for k in kinds if not _covers(self._tokens.scope, k, verb)]
        if missing:
            raise NotPermittedError(
                f"{self.at.name} does not let us {verb} {missing[0]}",
                "Have its administrator widen the scope",
            )
        return kinds

    def search(self, kind: str, **params: str) -> Iterator[Piece]:
        """Yield the entries of a search, from page to page, as they were received.

        Parameters
        ----------
        kind
            Of resource.
        **params
            As the search takes them.

        Raises
        ------
        RehabctlError
            A page is not as it should be, or leads elsewhere.
        """
        address = f"{self.at.address.rstrip('/')}/{kind}"
        asked: dict[str, str] | None = {**params, "_count": str(self.page_size)}
        seen: set[str] = set()
        number = 0
        while len(seen) < _MOST_PAGES:
            content: dict[str, Any] = {} if asked is None else {"params": asked}
            answer = self._web.request("GET", address, Effect.READ, headers=_JSON, **content)
            page = self._checked(answer, "Bundle")
            for piece in pieces(io.BytesIO(answer.content), is_lines=False):
                number += 1
                if not _is_outcome(piece.data):
                    yield Piece(number, piece.data, piece.problem)
            links: list[Any] = page.get("link") or []
            following = [one.get("url") for one in links if one.get("relation") == "next"]
            if not following:
                return
            address, asked = self._same_host(str(following[0])), None
            if address in seen:
                break
            seen.add(address)
        raise RehabctlError(f"the pages of {self.at.name} have no end", "Report it to them")

    def find(self, kind: str, system: str, value: str) -> list[Resource]:
        """Return the resources that bear an identifier, checked: a server may ignore a filter."""
        found: list[Resource] = []
        for piece in self.search(kind, identifier=f"{system}|{value}"):
            one: Resource = json.loads(piece.data).get("resource") or {}
            if bears(one, kind, system, value):
                found.append(one)
        return found

    def create(self, resource: Resource, system: str, value: str) -> Resource:
        """Create a resource unless one with this identifier is there; return the one that is.

        Raises
        ------
        RehabctlError
            Several bear it, or the server refuses.
        """
        headers = {**_JSON, "If-None-Exist": f"identifier={quote(f'{system}|{value}', safe='|:/')}"}
        kind = resource["resourceType"]
        answer = self._web.request("POST", f"/{kind}", Effect.KEYED, json=resource, headers=headers)
        if answer.status_code not in (200, 201):
            raise RehabctlError(
                f"{self.at.name} refused a {kind} ({answer.status_code})", "Ask its administrator"
            )
        found = self.find(kind, system, value)
        if len(found) != 1:
            raise RehabctlError(
                f"{self.at.name} knows {len(found)} {kind}s by one identifier",
                "Have its administrator merge them",
            )
        return found[0]

    def transact(self, entries: Sequence[Resource]) -> list[str | Refused]:
        """Send a transaction of conditional creates; return where each is, or why it is not.

        Parameters
        ----------
        entries
            Each with `ifNoneExist`: the whole may be repeated.

        Returns
        -------
        list
            As long as the entries: `Observation/17`, with ` 200` or ` 201` behind it.
        """
        bundle = {"resourceType": "Bundle", "type": "transaction", "entry": list(entries)}
        answer = self._web.request("POST", "", Effect.KEYED, json=bundle, headers=_JSON)
        if answer.status_code != 200:
            return [Refused(str(answer.status_code))] * len(entries)
        told: list[Any] = self._checked(answer, "Bundle").get("entry") or []
        if len(told) != len(entries):
            raise RehabctlError(
                f"{self.at.name} did not answer for each resource", "Run the command again"
            )
        return [_place(one.get("response") or {}) for one in told]

    def read(self, place: str) -> tuple[Resource, str]:
        """Return a resource and its version tag."""
        answer = self._web.request("GET", f"/{place}", Effect.READ, headers=_JSON)
        found = self._checked(answer, place.partition("/")[0])
        tag = answer.headers.get("etag") or f'W/"{found.get("meta", {}).get("versionId", "")}"'
        return found, tag

    def update(self, place: str, resource: Resource, tag: str) -> Refused | None:
        """Put a resource in the place of the version with this tag; return why not."""
        headers = {**_JSON, "If-Match": tag}
        answer = self._web.request("PUT", f"/{place}", Effect.KEYED, json=resource, headers=headers)
        return None if answer.status_code in (200, 201) else Refused(str(answer.status_code))

    def bulk(self, kinds: Sequence[str]) -> Iterator[tuple[str, bytes]]:
        """Yield the files of a bulk export as kind and lines, patients first.

        The job is taken away at the server afterwards, whatever happened.

        Raises
        ------
        UnavailableError
            It is not ready in time.
        RehabctlError
            The server could not export everything, or answers wrongly.
        """
        headers = {**_JSON, "Prefer": "respond-async"}
        params = {"_type": ",".join(kinds)}
        started = self._web.request("GET", "/$export", Effect.READ, headers=headers, params=params)
        job = started.headers.get("content-location", "")
        if started.status_code != 202 or not job:
            raise RehabctlError(
                f"{self.at.name} makes no bulk export ({started.status_code})",
                "Import without --bulk",
            )
        job = self._same_host(job)
        try:
            told = self._awaited(job)
            if told.get("error"):
                raise RehabctlError(
                    f"{self.at.name} could not export everything",
                    "Import without --bulk, or have its administrator look",
                )
            files: list[Any] = told.get("output") or []
            for one in sorted(files, key=lambda file: file.get("type") != "Patient"):
                where = self._same_host(str(one.get("url")))
                answer = self._web.request(
                    "GET", where, Effect.READ, headers={"Accept": "application/fhir+ndjson"}
                )
                if answer.status_code != 200:
                    raise RehabctlError(
                        f"{self.at.name} does not give a file of its bulk export",
                        "Run the command again",
                    )
                yield str(one.get("type")), answer.content
        finally:
            self._web.request("DELETE", job, Effect.READ, headers=_JSON)

    def _awaited(self, job: str) -> Resource:
        for _ in range(_POLLS):
            answer = self._web.request("GET", job, Effect.READ, headers=_JSON)
            if answer.status_code == 200:
                return object_of(self.at.name, answer)
            if answer.status_code != 202:
                break
            told = answer.headers.get("retry-after", "")
            self.sleep(min(float(told), _LONGEST_POLL_S) if told.isdecimal() else _POLL_S)
        raise UnavailableError(f"the bulk export of {self.at.name} is not ready", "Try again later")

    def _object(self, path: str, kind: str) -> Resource:
        return self._checked(self._web.request("GET", path, Effect.READ, headers=_JSON), kind)

    def _checked(self, answer: httpx.Response, kind: str) -> Resource:
        found = object_of(self.at.name, answer)
        if answer.status_code != 200 or found.get("resourceType") != kind:
            raise RehabctlError(
                f"{self.at.name} gives no {kind} ({answer.status_code})", "Report it to them"
            )
        return found

    def _same_host(self, address: str) -> str:
        """Return an address of an answer, which may only lead to where we were anyway."""
        whole = urljoin(self.at.address.rstrip("/") + "/", address)
        ours, theirs = urlsplit(self.at.address), urlsplit(whole)
        if (ours.scheme, ours.netloc) != (theirs.scheme, theirs.netloc):
            raise RehabctlError(
                f"{self.at.name} leads to another host", "Nothing was sent there; report it to them"
            )
        return whole


def _covers(scope: str, kind: str, verb: str) -> bool:
    """Return whether what was granted covers a kind; nothing said is what was asked."""
    letters = {"read": "r", "write": "c"}[verb]
    for one in scope.split():
        level, _, rest = one.partition("/")
        on, _, rights = rest.partition("?")[0].partition(".")
        if level not in ("system", "user", "patient") or on not in ("*", kind):
            continue
        if rights in (verb, "*") or (rights not in ("read", "write") and letters in rights):
            return True
    return "/" not in scope


def bears(resource: Resource, kind: str, system: str, value: str) -> bool:
    """Return whether a resource is of this kind and bears this identifier.

    Parameters
    ----------
    resource
        As it was received.
    kind, system, value
        What it should be.
    """
    found: Any = resource.get("identifier") or []
    every = cast("list[Any]", found) if isinstance(found, list) else [found]
    return resource.get("resourceType") == kind and any(
        one.get("system") == system and one.get("value") == value for one in every
    )


def _is_outcome(data: bytes) -> bool:
    """Return whether an entry of a search is a remark of the server."""
    if b"OperationOutcome" not in data:
        return False
    try:
        return json.loads(data)["resource"]["resourceType"] == "OperationOutcome"
    except (ValueError, KeyError, TypeError):
        return False


def _place(response: Resource) -> str | Refused:
    status = str(response.get("status", ""))[:3]
    where = str(response.get("location", "")).partition("/_history/")[0].split("/")[-2:]
    if status not in ("200", "201") or len(where) != 2:
        return Refused(status or "no status")
    return f"{where[0]}/{where[1]} {status}"
