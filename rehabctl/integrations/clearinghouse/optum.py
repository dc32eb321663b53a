"""Optum's medical network (once Change Healthcare's), as its public pages say (read 2026-11)."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from rehabctl.domain.claim_port import Arrival, Inbound, Outbound, PortSettings, Receipt
from rehabctl.domain.errors import NotPermittedError, RehabctlError
from rehabctl.integrations.clearinghouse.answers import (
    claim_numbers,
    is_whole,
    raise_for_cut,
    told_of,
    unsaid,
)
from rehabctl.integrations.clearinghouse.questions import is_eligibility
from rehabctl.integrations.web_client import Effect, WebClient, object_of

_BASE = "https://apigw.optum.com"
_NETWORK = "/medicalnetwork"
_NOT_TAKEN = ("ERROR", "EDITS")


@dataclass(slots=True)
class OptumPort:
    """One client of the medical network; `login` is the client identifier.

    The secret is the client's; a second line is the password of the submitter.
    """

    settings: PortSettings
    secret: str = field(repr=False)
    client: WebClient = field(init=False)
    claims_a_file: int = 1
    _token: str = field(default="", init=False, repr=False)

    def __post_init__(self) -> None:
        base = self.settings.address or _BASE
        self.client = WebClient("Optum", base, self._headers, renew=self._renew)

    def stage(self, file: Outbound) -> None:
        """Do nothing: a request is whole or not at all."""

    def release(self, file: Outbound) -> Receipt:
        """Submit one claim; there is no idempotency key, so it is never repeated blindly.

        Raises
        ------
        RehabctlError
            It was refused.
        UncertainError
            It may have been taken.
        """
        answer = self.client.request(
            "POST",
            f"{_NETWORK}/professionalclaims/v3/raw-x12-submission",
            Effect.ONCE,
            json={"x12": file.data.decode("ascii")},
            headers=self._submitter(),
        )
        told = told_of("Optum", answer)
        status = str(told.get("status", ""))
        if answer.status_code >= 400 or status in _NOT_TAKEN:
            raise RehabctlError(
                f"Optum refused {file.name} ({status or answer.status_code})",
                "Look at it: rehabctl claim preflight; the connection names biller and submitter",
            )
        reference: dict[str, Any] = told.get("claimReference") or {}
        number = str(reference.get("patientControlNumber", ""))
        if number and number not in claim_numbers(file.data):
            raise unsaid("Optum")
        return Receipt(str(reference.get("correlationId", "")))

    def arrival(self, file: Outbound, now: datetime) -> Arrival:
        """Say that nobody knows: no list of submissions is published."""
        return Arrival.UNKNOWN

    def fetch(self, known: Set[str]) -> Iterator[Inbound]:
        """Yield reports that are not known; none is deleted there."""
        listed = object_of(
            "Optum", self.client.request("GET", f"{_NETWORK}/reports/v2/", Effect.READ)
        )
        names: list[Any] = listed.get("reports") or []
        cut = 0
        for name in dict.fromkeys(map(str, names)):
            if name in known:
                continue
            path = f"{_NETWORK}/reports/v2/{quote(name, safe='')}"
            answer = self.client.request("GET", path, Effect.READ)
            content = object_of("Optum", answer).get("report_content")
            data = content.encode() if isinstance(content, str) else b""
            if is_whole(data):
                yield Inbound(name, name, data)
            else:
                cut += 1
        raise_for_cut("Optum", cut)

    def ask(self, question: bytes) -> bytes | None:
        """Put a 270 or a 276 and return the payer's answer."""
        asks = "eligibility/v3" if is_eligibility(question) else "claimstatus/v2"
        x12 = self._x12(f"{asks}/raw-x12", Effect.READ, question).get("x12")
        if not isinstance(x12, str) or not x12:
            raise RehabctlError("Optum's answer holds no X12", "Report it to them")
        return x12.encode()

    def _x12(self, path: str, effect: Effect, data: bytes) -> dict[str, Any]:
        answer = self.client.request(
            "POST", f"{_NETWORK}/{path}", effect, json={"x12": data.decode("ascii")}
        )
        if answer.status_code != 200:
            raise RehabctlError(
                f"Optum refused the file ({answer.status_code})",
                "Look at it: rehabctl claim preflight",
            )
        return object_of("Optum", answer)

    def _secrets(self) -> tuple[str, str]:
        """Return the client's secret and, on the second line, the submitter's password."""
        first, _, second = self.secret.partition("\n")
        return first.strip(), second.strip()

    def _submitter(self) -> dict[str, str]:
        """Return who submits, as Optum's analyst gave it out."""
        names = self.settings.submitter.split()
        if len(names) != 3:
            return {}
        values = (*names, self._secrets()[1])
        keys = ("BillerId", "SubmitterId", "Username", "Pwd")
        return {f"X-CHC-ClaimSubmission-{k}": v for k, v in zip(keys, values, strict=True)}

    def _headers(self) -> dict[str, str]:
        if not self._token:
            self._renew()
        return {"Authorization": f"Bearer {self._token}"}

    def _renew(self) -> bool:
        base = self.settings.address or _BASE
        secret = {"client_id": self.settings.login, "client_secret": self._secrets()[0]}
        door = WebClient("Optum", base, dict, transport=self.client.transport)
        door.sleep = self.client.sleep
        answer = door.request(
            "POST", "/apip/auth/v2/token", Effect.READ,
            json={**secret, "grant_type": "client_credentials"},
        )  # fmt: skip
        token = object_of("Optum", answer).get("access_token")
        if answer.status_code != 200 or not isinstance(token, str):
            raise NotPermittedError(
                "Optum gave us no token", "Store the secret again: rehabctl claim secret NAME"
            )
        self._token = token
        return True
