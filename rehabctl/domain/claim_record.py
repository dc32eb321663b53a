"""A claim as it is kept: where it stands, what was sent, what came back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from rehabctl.domain.claim import Frequency
from rehabctl.domain.patient import PatientRef


class ClaimState(StrEnum):
    """Where a claim stands."""

    DRAFT = "draft"
    """Something stands against sending it."""
    READY = "ready"
    SUBMITTED = "submitted"
    REJECTED = "rejected"
    """Turned away before adjudication: TA1, 999 or 277CA."""
    ACCEPTED = "accepted"
    """Taken for adjudication."""
    DENIED = "denied"
    POSTED = "posted"
    CORRECTED = "corrected"
    """Replaced or voided by a later claim."""


class FileState(StrEnum):
    """Where a file stands."""

    PREPARED = "prepared"
    """Written down; handing it over has not begun."""
    STAGING = "staging"
    """Somebody is bringing it near; nobody acts on it yet."""
    RELEASING = "releasing"
    """Somebody is handing it over."""
    UNCERTAIN = "uncertain"
    """Handing it over was cut: the other side is asked before anything is sent again."""
    SENT = "sent"
    APPLIED = "applied"
    QUARANTINED = "quarantined"


class SettingKind(StrEnum):
    """What was imported for billing."""

    CLINIC = "clinic"
    PROVIDER = "provider"
    PAYER = "payer"
    FEE = "fee"
    PORT = "port"
    SCALE = "scale"


NEXT_STATES: dict[ClaimState, frozenset[ClaimState]] = {
    ClaimState.DRAFT: frozenset({ClaimState.CORRECTED}),
    ClaimState.READY: frozenset({ClaimState.SUBMITTED, ClaimState.CORRECTED}),
    ClaimState.SUBMITTED: frozenset(
        {ClaimState.REJECTED, ClaimState.ACCEPTED, ClaimState.DENIED, ClaimState.POSTED}
    ),
    ClaimState.ACCEPTED: frozenset({ClaimState.REJECTED, ClaimState.DENIED, ClaimState.POSTED}),
    ClaimState.REJECTED: frozenset({ClaimState.CORRECTED}),
    ClaimState.DENIED: frozenset({ClaimState.CORRECTED, ClaimState.POSTED}),
    ClaimState.POSTED: frozenset({ClaimState.CORRECTED, ClaimState.DENIED}),
    ClaimState.CORRECTED: frozenset(),
}
"""What may follow. An answer that fits no arrow is kept as an event and changes nothing."""


SECONDARY = "secondary:"
"""How the source of a claim to a second payer begins."""


@dataclass(frozen=True, slots=True)
class ClaimRecord:
    """One claim."""

    id: UUID
    patient: PatientRef
    control_number: str
    payer: str
    state: ClaimState
    source: str
    """`visit:ID`, `monitoring:YYYY-MM`, or `secondary:NUMBER` of the claim to the first payer."""
    service_on: date
    total_cents: int
    frequency: Frequency
    document: dict[str, Any]
    """Facts, lines and findings from which the sent segments are made again."""
    document_sha256: str
    replaces_id: UUID | None = None
    payer_reference: str | None = None
    file_id: UUID | None = None

    @property
    def is_secondary(self) -> bool:
        """Whether another payer decided first: the same services, billed for what is left."""
        return self.source.startswith(SECONDARY)

    @property
    def due_cents(self) -> int:
        """What the payer is asked for: all, or what the first payer left to the patient."""
        return int(self.document.get("due_cents", self.total_cents))


@dataclass(frozen=True, slots=True)
class ClaimEvent:
    """What happened to a claim."""

    at: datetime
    state: ClaimState
    """Afterwards."""
    cause: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClaimFile:
    """A file that was sent or received."""

    id: UUID
    direction: str
    state: FileState
    name: str
    sha256: str
    created_at: datetime
    control_number: int | None = None
    port: str | None = None
    """Name of the connection; None is a folder of this machine."""
    remote_id: str | None = None
    """What the other side calls it."""
    tried_at: datetime | None = None
    """When the last attempt to hand it over began."""


@dataclass(frozen=True, slots=True)
class ClaimPosting:
    """What a payment says of one claim."""

    id: UUID
    patient: PatientRef
    claim_id: UUID
    payer_id: str
    trace_number: str
    sequence: int
    """Place among the payment's lines of this claim."""
    status: str
    """CLP02."""
    charged_cents: int
    paid_cents: int
    patient_cents: int
    adjustments: tuple[str, ...]
    """Group, reason and amount, such as `CO-45 10.00`."""
    posted_at: datetime
    decision: dict[str, Any] | None = None
    """What the payer decided on each line; None where it was posted before this was kept."""
