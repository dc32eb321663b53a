"""Measured values as a message of Redox's data model, and the way to its endpoint."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from rehabctl.domain.claim_port import UncertainError
from rehabctl.domain.connection import FhirAuth, FhirConnection, RedoxConnection
from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.exchange import LOINC, CodedObservation
from rehabctl.domain.patient import Demographics, Sex
from rehabctl.integrations.fhir.oauth import Tokens
from rehabctl.integrations.web_client import Effect, WebClient, object_of

if TYPE_CHECKING:
    import httpx

HOST = "https://api.redoxengine.com"
_SEXES = {Sex.FEMALE: "Female", Sex.MALE: "Male", Sex.OTHER: "Other", Sex.UNKNOWN: "Unknown"}


def results(
    at: RedoxConnection,
    who: Demographics,
    values: Sequence[CodedObservation],
    number: str,
    now: datetime,
) -> dict[str, Any]:
    """Return the message of measured values.

    Parameters
    ----------
    at
        Names the receivers.
    who
        The patient.
    values
        At least one.
    number
        Of the order that they answer: the same for the same values.
    now
        Time of the message.
    """
    return {
        "Meta": {
            "DataModel": "Results",
            "EventType": "New",
            "EventDateTime": _utc(now),
            "Test": False,
            "Destinations": [{"ID": one} for one in at.receivers],
        },
        "Patient": {
            "Identifiers": [{"ID": who.mrn, "IDType": "MR"}],
            "Demographics": {
                "FirstName": who.given_name,
                "LastName": who.family_name,
                "DOB": who.birth_date.isoformat(),
                "Sex": _SEXES[who.sex],
            },
        },
        "Orders": [
            {
                "ID": number,
                "Status": "Resulted",
                "ResultsStatus": "Final",
                "Results": [
                    {
                        "Code": value.code.code,
                        "Codeset": "LOINC" if value.code.system == LOINC else value.code.system,
                        "Description": value.code.text,
                        "Value": f"{value.value:g}",
                        "ValueType": "Numeric",
                        "Units": value.code.unit,
                        "Status": "Final",
                        "CompletionDateTime": _utc(value.at),
                        "Notes": [value.method] if value.method else [],
                    }
                    for value in values
                ],
            }
        ],
    }


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(slots=True)
class RedoxClient:
    """Sends messages into the network. Nothing says whether it has one already."""

    at: RedoxConnection
    private_key: str = field(repr=False)
    now: Callable[[], datetime]
    transport: httpx.BaseTransport | None = None
    sleep: Callable[[float], None] = time.sleep
    _web: WebClient = field(init=False, repr=False)

    def __post_init__(self) -> None:
        carry: dict[str, Any] = {"transport": self.transport, "sleep": self.sleep}
        hint = f"Store the key again: rehabctl integration secret {self.at.name}"
        asking = WebClient(self.at.name, "", dict, **carry, secret_hint=hint)
        login = FhirConnection(
            self.at.name, HOST, "", FhirAuth.SMART, f"{HOST}/v2/auth/token", self.at.client_id,
            scope="", key_id=self.at.key_id,
        )  # fmt: skip
        tokens = Tokens(login, self.private_key, self.now, asking)
        self._web = WebClient(
            self.at.name, HOST, tokens.headers, renew=tokens.renew, **carry, secret_hint=hint
        )

    def send(self, message: dict[str, Any]) -> list[str]:
        """Send a message and return its numbers in the network, one for each receiver.

        Raises
        ------
        RehabctlError
            It was refused.
        UncertainError
            It may be in the network.
        UnavailableError, NotPermittedError
            It is not.
        """
        answer = self._web.request("POST", "/endpoint", Effect.ONCE, json=message)
        if answer.status_code >= 400:
            raise self._refused(answer.status_code)
        try:
            meta = object_of(self.at.name, answer).get("Meta")
        except RehabctlError:
            raise self._uncertain() from None
        said = cast("dict[str, Any]", meta) if isinstance(meta, dict) else {}
        if said.get("Errors"):
            raise self._refused(answer.status_code)
        logs = cast("list[dict[str, Any]]", said.get("Logs") or [])
        numbers = [str(one["ID"]) for one in logs if one.get("ID")]
        if not numbers:
            raise self._uncertain()
        return numbers

    def _refused(self, status: int) -> RehabctlError:
        return RehabctlError(
            f"{self.at.name} refused the message ({status})", "Its dashboard says why"
        )

    def _uncertain(self) -> UncertainError:
        return UncertainError(
            f"{self.at.name} did not say whether it took the message", "Look at its dashboard"
        )
