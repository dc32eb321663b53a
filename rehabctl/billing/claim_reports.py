"""Reports over claims: what is owed and since when, how many are taken at once, units, KX."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from rehabctl.billing.kx import AllowedAmount, kx_balance
from rehabctl.domain.claim import Frequency
from rehabctl.domain.claim_record import ClaimEvent, ClaimPosting, ClaimRecord, ClaimState

OPEN_STATES = (
    ClaimState.SUBMITTED, ClaimState.ACCEPTED, ClaimState.REJECTED, ClaimState.DENIED,
)  # fmt: skip
SPENT_STATES = (ClaimState.CORRECTED, ClaimState.DENIED)
"""Of claims that use nothing of a yearly threshold."""
_PASSED = (ClaimState.ACCEPTED, ClaimState.DENIED, ClaimState.POSTED)


@dataclass(frozen=True, slots=True)
class Ageing:
    """What one payer owes, by days since the service."""

    payer: str
    claims: int
    buckets_cents: tuple[int, ...]
    """One more than the limits: the last one is open."""

    @property
    def total_cents(self) -> int:
        """All of it."""
        return sum(self.buckets_cents)


def age_claims(
    claims: Iterable[ClaimRecord],
    postings: Mapping[UUID, Sequence[ClaimPosting]],
    on: date,
    limits_days: Sequence[int],
) -> tuple[Ageing, ...]:
    """Return what payers owe for claims that were sent and are not settled, by payer.

    Parameters
    ----------
    claims
        In any state; drafts, settled, replaced and voiding ones owe nothing.
    postings
        By claim: what was paid is taken off.
    on
        Day of the report.
    limits_days
        Last day of each bucket but the open one, rising.
    """
    owed: dict[str, list[int]] = {}
    counts: dict[str, int] = {}
    for claim in claims:
        if claim.state not in OPEN_STATES or claim.frequency is Frequency.VOID:
            continue
        paid = sum(one.paid_cents + one.patient_cents for one in postings.get(claim.id, ()))
        balance = claim.due_cents - paid
        days = (on - claim.service_on).days
        place = sum(days > limit for limit in limits_days)
        row = owed.setdefault(claim.payer, [0] * (len(limits_days) + 1))
        row[place] += balance
        counts[claim.payer] = counts.get(claim.payer, 0) + 1
    return tuple(Ageing(payer, counts[payer], tuple(owed[payer])) for payer in sorted(owed))


@dataclass(frozen=True, slots=True)
class FirstPass:
    """How many claims of a month and payer were taken at their first submission."""

    month: str
    payer: str
    submitted: int
    accepted: int
    rejected: int
    waiting: int
    """Nobody answered yet."""

    @property
    def percent(self) -> Decimal | None:
        """Accepted of those that were answered; None without an answer."""
        answered = self.accepted + self.rejected
        return share(self.accepted, answered)


def first_pass(
    claims: Iterable[ClaimRecord], events: Mapping[UUID, Sequence[ClaimEvent]]
) -> tuple[FirstPass, ...]:
    """Count first submissions by month and payer; what replaces another claim is none.

    Parameters
    ----------
    claims
        In any state.
    events
        By claim, oldest first.
    """
    counts: dict[tuple[str, str], list[int]] = {}
    for claim in claims:
        if claim.replaces_id is not None or claim.frequency is not Frequency.ORIGINAL:
            continue
        history = events.get(claim.id, ())
        sent = next((one for one in history if one.state is ClaimState.SUBMITTED), None)
        if sent is None:
            continue
        answer = next(
            (one.state for one in history if one.state in (*_PASSED, ClaimState.REJECTED)), None
        )
        row = counts.setdefault((f"{sent.at:%Y-%m}", claim.payer), [0, 0, 0])
        row[2 if answer is None else int(answer is ClaimState.REJECTED)] += 1
    return tuple(
        FirstPass(month, payer, sum(row), row[0], row[1], row[2])
        for (month, payer), row in sorted(counts.items())
    )


@dataclass(frozen=True, slots=True)
class UnitsPerVisit:
    """Units that one provider billed for visits."""

    provider: str
    """National Provider Identifier."""
    visits: int
    units: int
    minutes: int

    @property
    def units_per_visit(self) -> Decimal | None:
        """Two decimals."""
        return None if not self.visits else _two(Decimal(self.units) / self.visits)


def units_per_visit(
    claims: Iterable[ClaimRecord], first: date, last: date
) -> tuple[UnitsPerVisit, ...]:  # fmt: skip
    """Count units of visits in a span of days by rendering provider.

    Parameters
    ----------
    claims
        In any state; replaced and voiding ones, and those of monitoring, are left out.
    first, last
        Days of service, both included.
    """
    rows: dict[str, list[int]] = {}
    for claim in claims:
        is_visit = claim.source.startswith("visit:") and first <= claim.service_on <= last
        if not is_visit or claim.state is ClaimState.CORRECTED:
            continue
        if claim.frequency is Frequency.VOID:
            continue
        lines = claim.document["lines"]
        row = rows.setdefault(claim.document["rendering"]["npi"], [0, 0, 0])
        row[0] += 1
        row[1] += sum(line["units"] for line in lines)
        minutes = {line["code"]: line["minutes"] for line in lines}  # a mixed code has two lines
        row[2] += sum(minutes.values())
    return tuple(UnitsPerVisit(npi, *row) for npi, row in sorted(rows.items()))


@dataclass(frozen=True, slots=True)
class KxLedger:
    """One patient's use of one yearly threshold."""

    patient_id: UUID
    year: int
    bucket: str
    used_cents: int
    threshold_cents: int
    lines_with_kx: int
    last_service_on: date

    @property
    def left_cents(self) -> int:
        """What is left below the threshold."""
        return max(0, self.threshold_cents - self.used_cents)

    @property
    def above(self) -> bool:
        """Whether more is used."""
        return self.used_cents > self.threshold_cents


def kx_ledger(
    claims: Iterable[ClaimRecord], payers: frozenset[str], year: int
) -> tuple[KxLedger, ...]:
    """Return the use of the year's thresholds by patient and bucket.

    Parameters
    ----------
    claims
        In any state; denied, replaced and voiding ones use nothing.
    payers
        The clinic's names of payers with such a threshold.
    year
        Of the services.

    Raises
    ------
    RehabctlError
        The year has no threshold.
    """
    amounts: dict[tuple[UUID, str], list[AllowedAmount]] = {}
    marked: dict[tuple[UUID, str], int] = {}
    for claim in claims:
        if claim.payer not in payers or claim.state in SPENT_STATES:
            continue
        if claim.frequency is Frequency.VOID:
            continue
        discipline = claim.document["discipline"]
        bucket = kx_balance((), year=year, discipline=discipline).bucket
        for line in claim.document["lines"]:
            day = date.fromisoformat(line["service_on"])
            if day.year == year:
                key = claim.patient.id, bucket
                amount = AllowedAmount(day, discipline, line["allowed_cents"] or 0)
                amounts.setdefault(key, []).append(amount)
                marked[key] = marked.get(key, 0) + ("KX" in line["modifiers"])
    found: list[KxLedger] = []
    for (patient_id, bucket), used in amounts.items():
        balance = kx_balance(used, year=year, discipline=used[0].discipline)
        key = patient_id, bucket
        found.append(
            KxLedger(
                patient_id=patient_id,
                year=year,
                bucket=bucket,
                used_cents=balance.used_cents,
                threshold_cents=balance.threshold_cents,
                lines_with_kx=marked[key],
                last_service_on=max(one.on for one in used),
            )
        )
    return tuple(sorted(found, key=lambda one: (-one.used_cents, str(one.patient_id), one.bucket)))


def share(part: int, whole: int) -> Decimal | None:
    """Return a share in percent with two decimals; None of nothing."""
    return None if not whole else _two(Decimal(100 * part) / whole)


def _two(number: Decimal) -> Decimal:
    return number.quantize(Decimal("0.01"), ROUND_HALF_UP)
