"""Minutes of a heart rate beside the limits that a clinician set, and beside zones by age."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from rehabctl.reference.wearables import highest_heart_rate, zones


@dataclass(frozen=True, slots=True)
class Zone:
    """A range of heart rates."""

    name: str
    from_bpm: int
    below_bpm: int


@dataclass(frozen=True, slots=True)
class AgeEstimate:
    """The highest heart rate that a formula by age gives, with what speaks against it."""

    highest_bpm: int
    error_bpm: float
    """Standard deviation of single people about the formula."""
    zones: tuple[Zone, ...]
    """None with a beta-blocker: percent of the highest does not hold then."""
    source: str
    grade: str
    caveat: str


def age_on(birth_date: date, on: date) -> int:
    """Return the age in completed years."""
    before = (on.month, on.day) < (birth_date.month, birth_date.day)
    return on.year - birth_date.year - before


def age_estimate(birth_date: date, on: date, *, beta_blocker: bool | None) -> AgeEstimate:
    """Return what a formula by age gives.

    Parameters
    ----------
    birth_date
        Of the patient.
    on
        The day, which chooses the rows.
    beta_blocker
        Whether the patient takes one; None: not noted.

    Raises
    ------
    RehabctlError
        There are no rows for that day.
    """
    row = highest_heart_rate(on, beta_blocker=bool(beta_blocker))
    highest = row.at(age_on(birth_date, on))
    found = () if beta_blocker else zones(on)
    return AgeEstimate(
        highest_bpm=round(highest),
        error_bpm=row.error_bpm,
        zones=tuple(
            Zone(
                z.name,
                round(highest * z.from_percent / 100),
                round(highest * z.below_percent / 100),
            )
            for z in found
        ),
        source=row.source,
        grade=row.grade,
        caveat=_CAVEATS[beta_blocker],
    )


_CAVEATS = {
    True: "with a beta-blocker the heart rate stays lower: limits come from an exercise test",
    False: "an estimate for a group; limits that a clinician sets come first",
    None: "not noted whether a beta-blocker is taken; with one this estimate does not hold",
}


def minutes_between(
    minutes_by_bpm: Mapping[int, int], low_bpm: int | None = None, below_bpm: int | None = None
) -> int:
    """Return the minutes whose highest reading lies in a range; minutes without one do not count.

    Parameters
    ----------
    minutes_by_bpm
        Of a day.
    low_bpm
        The lowest that counts.
    below_bpm
        The lowest that counts no more.
    """
    return sum(
        count
        for bpm, count in minutes_by_bpm.items()
        if (low_bpm is None or bpm >= low_bpm) and (below_bpm is None or bpm < below_bpm)
    )
