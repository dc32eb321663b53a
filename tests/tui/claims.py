"""Claims of the clinic in memory; next steps come from the packaged table."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from rehabctl.billing.denials import Decision, reasons
from rehabctl.domain.claim import Frequency
from rehabctl.domain.claim_record import ClaimEvent, ClaimRecord, ClaimState
from rehabctl.domain.patient import PatientRef
from rehabctl.services.claim_denials import Denial
from rehabctl.services.claim_desk import ClaimLine
from tui.times import NOW

if TYPE_CHECKING:
    from tui.clinic import ClinicData

_DAY = date(2026, 2, 3)


class ClinicClaims:
    """The claims' port; faults come from the clinic."""

    def __init__(self, clinic: ClinicData) -> None:
        self._clinic = clinic
        decided = NOW.date() - timedelta(days=20)
        decision = Decision(_DAY, decided, "CI", 180)
        why = reasons(("CO-16 80.00", "CO-45 40.00"), decision)
        denied = _record("RC00000001", ClaimState.DENIED)
        self.lines = [
            _line(denied, 0, (), Denial(denied, decided, why, ("N286",))),
            _line(
                _record("RC00000002", ClaimState.DRAFT), 0, ("the plan of care has ended",), None
            ),
            _line(_record("RC00000003", ClaimState.POSTED), 9_600, (), None),
        ]

    def report(self) -> list[ClaimLine]:
        with self._clinic._called("claims"):
            return list(self.lines)

    def history(self, number: str) -> list[ClaimEvent]:
        with self._clinic._called(f"claim {number}"):
            sent = datetime(2026, 2, 10, 9, 0, tzinfo=NOW.tzinfo)
            return [
                ClaimEvent(sent, ClaimState.SUBMITTED, "submit", ()),
                ClaimEvent(sent + timedelta(days=9), ClaimState.DENIED, "835", ("CO-16",)),
            ]


def _record(number: str, state: ClaimState) -> ClaimRecord:
    identity = UUID(int=int(number[2:]))
    ref = PatientRef(identity, UUID(int=1), UUID(int=2))
    document: dict[str, Any] = {"findings": []}
    return ClaimRecord(
        identity, ref, number, "medicare", state, "visit:1", _DAY, 12_000, Frequency.ORIGINAL,
        document, "0" * 64,
    )  # fmt: skip


def _line(
    claim: ClaimRecord, paid: int, findings: tuple[str, ...], denial: Denial | None
) -> ClaimLine:
    return ClaimLine(
        claim.control_number, claim.payer, claim.state, claim.service_on, claim.total_cents, paid,
        findings, denial,
    )  # fmt: skip
