"""Stedi's web service, as its public pages describe it (read 2026-11)."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from rehabctl.domain.claim_port import Arrival, Inbound, Outbound, PortSettings, Receipt
from rehabctl.domain.errors import NotPermittedError, RehabctlError, UnavailableError
from rehabctl.integrations.clearinghouse.answers import is_whole, raise_for_cut, told_of
from rehabctl.integrations.clearinghouse.questions import is_eligibility
from rehabctl.integrations.web_client import Effect, WebClient, object_of

_HEALTHCARE = "https://healthcare.us.stedi.com/2024-04-01/change/medicalnetwork"
_CORE = "https://core.us.stedi.com/2023-08-01"
_KEY_HOLDS = timedelta(hours=23)
"""An idempotency key is kept for a day."""
_LOOK_BACK = timedelta(days=30)
_MOST_PAGES = 1000


@dataclass(slots=True)
class StediPort:
    """One Stedi account. `address` of its settings replaces both hosts, for tests."""

    settings: PortSettings
    secret: str = field(repr=False)
    now: datetime
    client: WebClient = field(init=False)
    claims_a_file: int = 1

    def __post_init__(self) -> None:
        self.client = WebClient("Stedi", "", lambda: {"Authorization": self.secret})

    def stage(self, file: Outbound) -> None:
        """Do nothing: a request is whole or not at all."""

    def release(self, file: Outbound) -> Receipt:
        """Submit one claim; Stedi's own acknowledgement (277CA) comes back at once.

        Raises
        ------
        RehabctlError
            It was refused as a request.
        UncertainError
            It may have been taken.
        """
        answer = self.client.request(
            "POST",
            self._healthcare("/professionalclaims/v3/raw-x12-submission"),
            Effect.KEYED,
            json={"x12": file.data.decode("ascii")},
            headers={"Idempotency-Key": file.key},
        )
        told = told_of("Stedi", answer)
        x12 = told.get("x12")
        if answer.status_code != 200 and not x12:
            raise RehabctlError(
                f"Stedi refused {file.name} ({answer.status_code})",
                "Look at it: rehabctl claim preflight",
            )
        reference: dict[str, Any] = told.get("claimReference") or {}
        remote_id = str(reference.get("correlationId", ""))
        if not isinstance(x12, str) or not x12:
            return Receipt(remote_id)
        name = f"{file.name}.277"
        return Receipt(remote_id, (Inbound(name, f"answer:{file.key}", x12.encode()),))

    def arrival(self, file: Outbound, now: datetime) -> Arrival:
        """Say that it may be sent again while its idempotency key holds."""
        return Arrival.NOT_THERE if now - file.created_at < _KEY_HOLDS else Arrival.UNKNOWN

    def fetch(self, known: Set[str]) -> Iterator[Inbound]:
        """Yield whole X12 files that payers sent in the last thirty days."""
        start = (self.now - _LOOK_BACK).strftime("%Y-%m-%dT%H:%M:%SZ")
        query = {"startDateTime": start}
        seen, pages, cut = set(known), set[str](), 0
        for _ in range(_MOST_PAGES):
            answer = self.client.request(
                "GET", self._core("/polling/transactions"), Effect.READ, params=query
            )
            page = object_of("Stedi", answer)
            items: list[dict[str, Any]] = page.get("items") or []
            for item in items:
                execution = str(item.get("fileExecutionId", ""))
                if item.get("direction") != "INBOUND" or execution in seen or not execution:
                    continue
                seen.add(execution)
                data = self._document(execution)
                if is_whole(data):
                    yield Inbound(f"{execution}.x12", execution, data)
                else:
                    cut += 1
            token = str(page.get("nextPageToken") or "")
            if not items or not token:
                break
            if token in pages:
                raise UnavailableError("the pages of Stedi repeat", "Run the command again later")
            pages.add(token)
            query = {"pageToken": token}
        raise_for_cut("Stedi", cut)

    def _document(self, execution: str) -> bytes:
        """Return an inbound file from the storage that Stedi names; the key stays with Stedi."""
        path = self._core(f"/executions/{quote(execution, safe='')}/input")
        answer = self.client.request("GET", path, Effect.READ)
        link = answer.headers.get("location", "")
        if not link.startswith("https://") and not self.settings.address.startswith("http://"):
            return b""
        storage = WebClient("Stedi's storage", "", dict, transport=self.client.transport)
        storage.sleep = self.client.sleep
        try:
            document = storage.request("GET", link, Effect.READ)
        except NotPermittedError:  # the link has run out
            return b""
        return document.content if document.status_code == 200 else b""

    def ask(self, question: bytes) -> bytes | None:
        """Put a 270 or a 276 and return the payer's answer."""
        asks = "eligibility/v3" if is_eligibility(question) else "claimstatus/v2"
        answer = self.client.request(
            "POST",
            self._healthcare(f"/{asks}/raw-x12"),
            Effect.READ,
            json={"x12": question.decode("ascii")},
        )
        x12 = object_of("Stedi", answer).get("x12")
        if not isinstance(x12, str) or not x12:
            raise RehabctlError(
                f"Stedi refused the question ({answer.status_code})", "Check payer and member"
            )
        return x12.encode()

    def _healthcare(self, path: str) -> str:
        return (self.settings.address or _HEALTHCARE) + path

    def _core(self, path: str) -> str:
        return (self.settings.address or _CORE) + path
