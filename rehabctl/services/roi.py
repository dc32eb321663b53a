"""The return of a clinic under named assumptions: `report roi`. Reads no patient's record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation

from rehabctl.clinic import roi
from rehabctl.domain.errors import UsageError
from rehabctl.reference.economics.assumptions import Assumption, assumptions


@dataclass(frozen=True, slots=True)
class RoiReport:
    """The account, its extremes, and what it hangs on."""

    assumptions_version: str
    currency: str
    assumptions: tuple[Assumption, ...]
    """As used: the clinic's own numbers over the packaged ones."""
    expected: roi.RoiResult
    pessimistic: roi.RoiResult
    optimistic: roi.RoiResult
    sensitivity: tuple[roi.Sensitivity, ...]


def report(on: date, settings: Sequence[str] = ()) -> RoiReport:
    """Return the account under the assumptions of a day, with the clinic's own over them.

    Parameters
    ----------
    on
        The day; chooses the assumptions in force.
    settings
        `name=value` or `name=low:value:high`.

    Raises
    ------
    UsageError
        A setting is not of that form, names no assumption or is impossible.
    """
    found = assumptions(on)
    used = roi.override(found.parameters, dict(_setting(text) for text in settings))
    pessimistic, optimistic = roi.extremes(used)
    return RoiReport(
        assumptions_version=found.version,
        currency=found.currency,
        assumptions=used,
        expected=roi.calculate({p.name: p.mid for p in used}),
        pessimistic=pessimistic,
        optimistic=optimistic,
        sensitivity=roi.sensitivity(used),
    )


def _setting(text: str) -> tuple[str, list[Decimal]]:
    name, _, value = text.partition("=")
    try:
        numbers = [Decimal(part) for part in value.split(":")]
    except InvalidOperation:
        numbers = []
    if len(numbers) not in (1, 3):
        raise UsageError(
            f"{name.strip() or '--set'} needs a number", "Write name=value or name=low:value:high"
        )
    return name.strip(), numbers
