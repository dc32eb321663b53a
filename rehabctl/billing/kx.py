"""The yearly therapy threshold: what of it is used, and when KX is needed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from rehabctl.reference.payers.claim_rules import load_kx_threshold


@dataclass(frozen=True, slots=True)
class AllowedAmount:
    """Allowed amount of one billed service."""

    on: date
    discipline: str
    """GP, GO or GN."""
    cents: int


@dataclass(frozen=True, slots=True)
class KxBalance:
    """One bucket of one patient and year."""

    year: int
    bucket: str
    used_cents: int
    threshold_cents: int

    @property
    def above(self) -> bool:
        """Whether what is used lies above the threshold."""
        return self.used_cents > self.threshold_cents


def kx_balance(amounts: Iterable[AllowedAmount], *, year: int, discipline: str) -> KxBalance:
    """Add up the allowed amounts of a year in the bucket of a discipline.

    Parameters
    ----------
    amounts
        Of one patient; other years and buckets are left out.
    year
        Of the dates of service.
    discipline
        GP, GO or GN.

    Raises
    ------
    RehabctlError
        The year has no threshold.
    """
    threshold = load_kx_threshold(year)
    bucket = threshold.buckets[discipline]
    used = sum(
        one.cents
        for one in amounts
        if one.on.year == year and threshold.buckets[one.discipline] == bucket
    )
    return KxBalance(year, bucket, used, threshold.cents)
