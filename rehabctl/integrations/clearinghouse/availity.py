"""Availity's REST: cover (270/271) and status of claims (276/277), as its pages say (2026-11).

It takes forms and answers JSON some time later; behind the port both are X12, so the question that
was kept and the answer read like those of any other way. Claims go to Availity by SFTP.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn

from rehabctl.billing.x12.segments import Segment, read_segments
from rehabctl.domain.claim_port import Arrival, Inbound, Outbound, PortSettings, Receipt
from rehabctl.domain.errors import NotPermittedError, RehabctlError, UnavailableError, UsageError
from rehabctl.integrations.clearinghouse import availity_answers
from rehabctl.integrations.clearinghouse.answers import objects
from rehabctl.integrations.clearinghouse.questions import is_eligibility
from rehabctl.integrations.web_client import Effect, WebClient, object_of

_BASE = "https://api.availity.com/v1"
_SCOPE = "healthcare-hipaa-transactions"
_WAITS_S = (1.0, 1.0, 2.0, 2.0, 4.0, 4.0, 8.0, 8.0)
_COMPLETE, _REFUSED, _AWAY = "4", "R", "E"
_IDENTIFIER = re.compile(r"[A-Za-z0-9_-]{1,80}")


@dataclass(slots=True)
class AvailityPort:
    """One application; `login` is its client identifier."""

    settings: PortSettings
    secret: str = field(repr=False)
    client: WebClient = field(init=False)
    claims_a_file: int = 0
    _token: str = field(default="", init=False, repr=False)

    def __post_init__(self) -> None:
        base = self.settings.address or _BASE
        self.client = WebClient("Availity", base, self._headers, renew=self._renew)

    def stage(self, file: Outbound) -> None:
        """Refuse a file of claims."""
        self._no_claims()

    def release(self, file: Outbound) -> Receipt:
        """Refuse a file of claims."""
        self._no_claims()

    def arrival(self, file: Outbound, now: datetime) -> Arrival:
        """Say that no file of claims arrives this way."""
        return Arrival.NOT_THERE

    def fetch(self, known: Set[str]) -> Iterator[Inbound]:
        """Yield nothing: answers come at once."""
        yield from ()

    def _no_claims(self) -> NoReturn:
        raise UsageError(
            f"{self.settings.name} answers questions only",
            'Send claims to Availity by SFTP: a connection of kind "availity"',
        )

    def ask(self, question: bytes) -> bytes | None:
        """Put a 270 or a 276, wait for the payer, and return its answer as X12.

        Raises
        ------
        RehabctlError
            The question was refused, or the answer is not as documented.
        UnavailableError
            The payer did not answer in time.
        """
        asked = [one for one in read_segments(io.BytesIO(question)) if isinstance(one, Segment)]
        if is_eligibility(question):
            found = self._result("coverages", _coverage_form(asked))
            return availity_answers.cover_271(asked, found)
        found = self._result("claim-statuses", _status_form(asked))
        return availity_answers.status_277(asked, found)

    def _result(self, kind: str, form: dict[str, str]) -> dict[str, Any]:
        """Ask, then look again until the payer has answered."""
        filled = {name: value for name, value in form.items() if value}
        override = {"X-HTTP-Method-Override": "GET"} if kind == "claim-statuses" else {}
        answer = self.client.request("POST", f"/{kind}", Effect.READ, data=filled, headers=override)
        told = object_of("Availity", answer)
        if answer.status_code not in (200, 202):
            fields = [str(one.get("field", "")) for one in objects(told.get("errors"))]
            known = ", ".join(one for one in fields if one in filled or one in form)
            raise RehabctlError(
                f"Availity refused the question ({answer.status_code})",
                f"Look at {known}" if known else "Check payer and member",
            )
        listed = objects(told.get("coverages" if kind == "coverages" else "claimStatuses"))
        number = str((listed[0] if listed else told).get("id", ""))
        if not _IDENTIFIER.fullmatch(number):
            raise RehabctlError("the answer of Availity names no question", "Report it to them")
        return self._waited_for(f"/{kind}/{number}")  # never the link: it may lead elsewhere

    def _waited_for(self, path: str) -> dict[str, Any]:
        for wait_s in _WAITS_S:
            answer = self.client.request("GET", path, Effect.READ)
            if answer.status_code not in (200, 202):
                raise RehabctlError(
                    f"Availity no longer has the answer ({answer.status_code})", "Ask again"
                )
            told = object_of("Availity", answer)
            code = str(told.get("statusCode", ""))
            if code in (_COMPLETE, _REFUSED):
                return told
            if code == _AWAY:
                raise UnavailableError("Availity did not reach the payer", "Ask again later")
            self.client.sleep(wait_s)
        raise UnavailableError("the payer has not answered Availity yet", "Ask again later")

    def _headers(self) -> dict[str, str]:
        if not self._token:
            self._renew()
        return {"Authorization": f"Bearer {self._token}"}

    def _renew(self) -> bool:
        form = {
            "grant_type": "client_credentials",
            "client_id": self.settings.login,
            "client_secret": self.secret,
            "scope": _SCOPE,
        }
        door = WebClient("Availity", self.client.base, dict, transport=self.client.transport)
        door.sleep = self.client.sleep
        answer = door.request("POST", "/token", Effect.READ, data=form)
        token = object_of("Availity", answer).get("access_token")
        if answer.status_code != 200 or not isinstance(token, str):
            raise NotPermittedError(
                "Availity gave us no token", "Store the secret again: rehabctl claim secret NAME"
            )
        self._token = token
        return True


def _coverage_form(asked: list[Segment]) -> dict[str, str]:
    payer, provider = _named(asked, "PR"), _named(asked, "1P")
    holder, patient = _named(asked, "IL"), _named(asked, "03")
    who = patient or holder
    born = _last(asked, "DMG")
    types = [one.get(1) for one in asked if one.tag == "EQ"]
    inside = _last(asked, "INS")
    return {
        "payerId": payer[9],
        "providerNpi": provider[9],
        "memberId": holder[9],
        "patientLastName": who[3],
        "patientFirstName": who[4],
        "patientBirthDate": _day(born.get(2) if born else ""),
        "patientGender": born.get(3) if born else "",
        "subscriberRelationship": inside.get(2) if inside else "18",
        "asOfDate": _day(_date(asked, "291")),
        "serviceType": next((one for one in types if one != "30"), "30"),
    }


def _status_form(asked: list[Segment]) -> dict[str, str]:
    payer, provider = _named(asked, "PR"), _named(asked, "1P")
    holder, patient = _named(asked, "IL"), _named(asked, "QC")
    who = patient or holder
    born, amount = _last(asked, "DMG"), _last(asked, "AMT")
    trace = _last(asked, "TRN")
    number = next((one.get(2) for one in asked if one.tag == "REF" and one.get(1) == "1K"), "")
    first, _, last = _date(asked, "472").partition("-")
    return {
        "payer.id": payer[9],
        "providers.npi": provider[9],
        "subscriber.memberId": holder[9],
        "subscriber.lastName": holder[3],
        "subscriber.firstName": holder[4],
        "patient.lastName": who[3],
        "patient.firstName": who[4],
        "patient.birthDate": _day(born.get(2) if born else ""),
        "patient.genderCode": born.get(3) if born else "",
        "patient.subscriberRelationshipCode": "18" if not patient else "G8",
        "patient.accountNumber": trace.get(2) if trace else "",
        "claimNumber": number,
        "claimAmount": amount.get(2) if amount else "",
        "fromDate": _day(first),
        "toDate": _day(last or first),
    }


def _named(asked: list[Segment], entity: str) -> list[str]:
    """Return the elements of an NM1, filled up; empty when there is none."""
    for one in asked:
        if one.tag == "NM1" and one.get(1) == entity:
            return [*one.elements, *[""] * (10 - len(one.elements))]
    return []


def _last(asked: list[Segment], tag: str) -> Segment | None:
    return next((one for one in reversed(asked) if one.tag == tag), None)


def _date(asked: list[Segment], qualifier: str) -> str:
    return next((s.get(3) for s in asked if s.tag == "DTP" and s.get(1) == qualifier), "")


def _day(text: str) -> str:
    return f"{text[:4]}-{text[4:6]}-{text[6:8]}" if len(text) >= 8 else ""
