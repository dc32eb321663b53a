"""Claim.MD's web service, as its public pages describe it (read 2026-11).

Acknowledgements of claims come as X12 over its SFTP only; this adapter brings remittances.
"""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rehabctl.domain.claim_port import Arrival, Inbound, Outbound, PortSettings, Receipt
from rehabctl.domain.errors import NotPermittedError, RehabctlError
from rehabctl.integrations.clearinghouse.answers import (
    claim_numbers,
    is_whole,
    objects,
    raise_for_cut,
    told_of,
    unsaid,
)
from rehabctl.integrations.clearinghouse.questions import is_eligibility
from rehabctl.integrations.web_client import Effect, WebClient, object_of

_BASE = "https://svc.claim.md"
_LISTED_AFTER = timedelta(minutes=10)
"""Nothing says how soon an upload is listed."""
_MOST_PAGES = 200
_ERA = "era:"
_ERAS_OF_A_PAGE = 100


@dataclass(slots=True)
class ClaimMdPort:
    """One Claim.MD account."""

    settings: PortSettings
    secret: str = field(repr=False)
    client: WebClient = field(init=False)
    claims_a_file: int = 2000

    def __post_init__(self) -> None:
        base = self.settings.address or _BASE
        self.client = WebClient("Claim.MD", base, lambda: {"Accept": "application/json"})

    def stage(self, file: Outbound) -> None:
        """Do nothing: a request is whole or not at all."""

    def release(self, file: Outbound) -> Receipt:
        """Upload a file; it has no idempotency key, so it is never repeated blindly.

        Raises
        ------
        RehabctlError
            It was refused.
        UncertainError
            It may have been taken.
        """
        answer = self._post("upload", Effect.ONCE, file=(file.name, file.data), Filename=file.name)
        told = told_of("Claim.MD", answer)
        if answer.status_code != 200 or "error" in told:
            raise RehabctlError(
                f"Claim.MD refused {file.name} ({answer.status_code})",
                "Look at it: rehabctl claim preflight",
            )
        ours = claim_numbers(file.data)
        claims = [one for one in objects(told.get("claim")) if one.get("pcn") in ours]
        number = str(told.get("fileid") or (claims[0].get("fileid") if claims else "") or "")
        if not number:
            raise unsaid("Claim.MD")
        return Receipt(number)

    def arrival(self, file: Outbound, now: datetime) -> Arrival:
        """Look for the file's name in the list of uploads."""
        for page in range(1, _MOST_PAGES):
            told = _told(self._post("uploadlist", Effect.READ, Page=str(page)))
            files = objects(told.get("file"))
            if any(one.get("filename") == file.name for one in files):
                return Arrival.THERE
            if not files:
                soon = now - file.created_at < _LISTED_AFTER
                return Arrival.UNKNOWN if soon else Arrival.NOT_THERE
        return Arrival.UNKNOWN

    def fetch(self, known: Set[str]) -> Iterator[Inbound]:
        """Yield remittances (835) whose number is not known."""
        seen, cut = set(known), 0
        for page in range(1, _MOST_PAGES):
            answer = self._post("eralist", Effect.READ, NewOnly="0", ERAID="0", Page=str(page))
            told = _told(answer)
            new = {str(one.get("eraid", "")) for one in objects(told.get("era"))} - {""}
            new -= {one.removeprefix(_ERA) for one in seen}
            for number in sorted(new, key=lambda one: (len(one), one)):
                seen.add(f"{_ERA}{number}")
                data = self._remittance(number)
                if is_whole(data):
                    yield Inbound(f"{number}.835", f"{_ERA}{number}", data)
                else:
                    cut += 1
            if len(objects(told.get("era"))) < _ERAS_OF_A_PAGE:
                break
        raise_for_cut("Claim.MD", cut)

    def _remittance(self, number: str) -> bytes:
        """Return one 835: it comes in `data`, or as it is."""
        answer = self._post("era835", Effect.READ, eraid=number)
        if answer.status_code != 200 or answer.content.lstrip().startswith(b"ISA"):
            return answer.content
        data = object_of("Claim.MD", answer).get("data")
        return data.encode() if isinstance(data, str) else b""

    def ask(self, question: bytes) -> bytes | None:
        """Put a 270; a 276 is not offered."""
        if not is_eligibility(question):
            return None
        answer = self._post("elig", Effect.READ, file=("question.270", question))
        if not is_whole(answer.content):
            raise RehabctlError("Claim.MD gave no 271 as its answer", "Check payer and member")
        return answer.content

    def _post(
        self, service: str, effect: Effect, *, file: tuple[str, bytes] | None = None, **form: str
    ) -> Any:
        values = {"AccountKey": self.secret, **form}
        files = None if file is None else {"File": file}
        answer = self.client.request(
            "POST", f"/services/{service}/", effect, data=values, files=files
        )
        if answer.status_code == 200 and b"AccountKey" in answer.content[:300]:
            raise NotPermittedError(
                "Claim.MD refused our AccountKey", "Store it again: rehabctl claim secret NAME"
            )
        return answer


def _told(answer: Any) -> dict[str, Any]:
    """Return the object of an answer; an error comes with the status of a success."""
    told = object_of("Claim.MD", answer)
    if "error" in told:
        raise RehabctlError("Claim.MD refused what was asked for", "Look at the account with them")
    return told
