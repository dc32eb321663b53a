"""What a clinic gains and spends, month by month, from numbers that it can replace one by one.

A calculator, not a forecast: every line is a product of named assumptions, and the sensitivity
table says which of them the answer hangs on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from rehabctl.domain.errors import UsageError, suggestion
from rehabctl.reference.economics.assumptions import Assumption

_CENT = Decimal("0.01")
_MINUTES_PER_HOUR = 60


@dataclass(frozen=True, slots=True)
class RoiLine:
    """One line of the monthly account at full effect."""

    name: str
    amount_usd: Decimal
    """Negative is a cost."""
    formula: str


@dataclass(frozen=True, slots=True)
class RoiMonth:
    """One month."""

    month: int
    benefit_usd: Decimal
    cost_usd: Decimal
    net_usd: Decimal
    cumulative_usd: Decimal
    """Since the start, after the cost of set-up."""


@dataclass(frozen=True, slots=True)
class RoiResult:
    """The account under one set of values."""

    benefits: tuple[RoiLine, ...]
    costs: tuple[RoiLine, ...]
    months: tuple[RoiMonth, ...]
    net_per_month_usd: Decimal
    """At full effect."""
    net_over_horizon_usd: Decimal
    payback_month: int | None
    """From this month on the sum stays at or above zero to the horizon; None: it does not."""


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """What one assumption alone moves."""

    name: str
    low: Decimal
    value: Decimal
    high: Decimal
    net_at_low_usd: Decimal
    net_at_high_usd: Decimal
    payback_at_low: int | None
    payback_at_high: int | None

    @property
    def swing_usd(self) -> Decimal:
        """Distance of the two ends, over the horizon."""
        return abs(self.net_at_high_usd - self.net_at_low_usd)


def override(
    parameters: Sequence[Assumption], values: Mapping[str, Sequence[Decimal]]
) -> tuple[Assumption, ...]:
    """Replace assumptions by the clinic's own.

    Parameters
    ----------
    parameters
        The assumptions in force.
    values
        By name: the value alone, which widens the range where it lies outside of it, or low,
        value and high.

    Raises
    ------
    UsageError
        A name is unknown, or a value impossible (negative, a share over 1, not in order).
    """
    known = {p.name: p for p in parameters}
    for name, numbers in values.items():
        row = known.get(name)
        if row is None:
            near = suggestion(name, sorted(known)) or "See: rehabctl report roi --show assumptions"
            raise UsageError(f"there is no assumption {name!r}", near)
        for number in numbers:
            _require_possible(row, number)
        if len(numbers) == 1:
            value = numbers[0]
            low, high = min(row.low, value), max(row.high, value)
        else:
            low, value, high = numbers
            if not low <= value <= high:
                raise UsageError(f"{name} is not in order", "Write low:value:high")
        known[name] = replace(
            row, low=low, mid=value, high=high, source="set by the clinic", grade="clinic"
        )
    return tuple(known[p.name] for p in parameters)


_LARGEST = Decimal(10) ** 9
_LONGEST_MONTHS = 120


def _require_possible(row: Assumption, number: Decimal) -> None:
    most = {"share": Decimal(1), "months": Decimal(_LONGEST_MONTHS)}.get(row.unit, _LARGEST)
    least = Decimal(1) if row.name == "horizon_months" else Decimal(0)
    if not number.is_finite() or not least <= number <= most:
        raise UsageError(
            f"{row.name} is outside {least} to {most}", f"Give {row.unit} within that range"
        )
    if row.unit == "months" and number != number.to_integral_value():
        raise UsageError(f"{row.name} counts whole months", "Give a whole number")


def calculate(values: Mapping[str, Decimal]) -> RoiResult:
    """Return the account under one set of values.

    Parameters
    ----------
    values
        Every assumption by name.
    """
    benefits, costs = _to_the_cent(_benefits(values)), _to_the_cent(_costs(values))
    benefit = sum((line.amount_usd for line in benefits), Decimal(0))
    cost = -sum((line.amount_usd for line in costs), Decimal(0))
    ramp = int(values["ramp_months"])
    cumulative = -values["setup_cost_usd"]
    months: list[RoiMonth] = []
    for month in range(1, int(values["horizon_months"]) + 1):
        share = min(Decimal(1), Decimal(month) / (ramp + 1))
        gained = (benefit * share).quantize(_CENT, ROUND_HALF_UP)
        cumulative += gained - cost
        months.append(RoiMonth(month, gained, cost, gained - cost, cumulative))
    payback = None
    for month in reversed(months):
        if month.cumulative_usd < 0:
            break
        payback = month.month
    return RoiResult(benefits, costs, tuple(months), benefit - cost, cumulative, payback)


def _to_the_cent(lines: Sequence[RoiLine]) -> tuple[RoiLine, ...]:
    return tuple(
        replace(line, amount_usd=line.amount_usd.quantize(_CENT, ROUND_HALF_UP)) for line in lines
    )


def _benefits(v: Mapping[str, Decimal]) -> tuple[RoiLine, ...]:
    pay, visit_cost = v["reimbursement_per_visit_usd"], v["visit_cost_usd"]
    hours = v["visits_per_month"] * v["documentation_minutes_saved_per_visit"] / _MINUTES_PER_HOUR
    freed = v["episodes_per_month"] * v["visits_saved_per_episode"]
    retained = v["episodes_per_month"] * v["dropout_share"] * v["dropouts_retained_share"]
    return (
        RoiLine(
            "documentation time saved",
            hours * v["clinician_cost_per_hour_usd"] * v["saved_time_used_share"],
            "visits_per_month * documentation_minutes_saved_per_visit / 60 "
            "* clinician_cost_per_hour_usd * saved_time_used_share",
        ),
        RoiLine(
            "faster discharge",
            # a visit that is not held loses its pay and its cost; a slot that is taken brings both
            freed
            * (
                v["freed_slot_filled_share"] * (pay - visit_cost)
                - v["paid_per_visit_share"] * pay
                + visit_cost
            ),
            "episodes_per_month * visits_saved_per_episode * (freed_slot_filled_share "
            "* (reimbursement_per_visit_usd - visit_cost_usd) - paid_per_visit_share "
            "* reimbursement_per_visit_usd + visit_cost_usd)",
        ),
        RoiLine(
            "retained patients",
            retained * v["visits_per_retained_patient"] * (pay - visit_cost),
            "episodes_per_month * dropout_share * dropouts_retained_share "
            "* visits_per_retained_patient * (reimbursement_per_visit_usd - visit_cost_usd)",
        ),
        RoiLine(
            "telehealth visits",
            v["telehealth_visits_per_month"] * (v["telehealth_reimbursement_usd"] - visit_cost),
            "telehealth_visits_per_month * (telehealth_reimbursement_usd - visit_cost_usd)",
        ),
    )


def _costs(v: Mapping[str, Decimal]) -> tuple[RoiLine, ...]:
    minutes = v["monitored_patients"] * v["review_minutes_per_patient_month"]
    return (
        RoiLine(
            "review of the worklist",
            -minutes / _MINUTES_PER_HOUR * v["clinician_cost_per_hour_usd"],
            "- monitored_patients * review_minutes_per_patient_month / 60 "
            "* clinician_cost_per_hour_usd",
        ),
        RoiLine("running cost", -v["running_cost_per_month_usd"], "- running_cost_per_month_usd"),
    )


def sensitivity(parameters: Sequence[Assumption]) -> tuple[Sensitivity, ...]:
    """Return what each assumption moves with all others as they are, the largest first.

    The horizon itself is left out: it changes the question, not the answer.
    """
    values = {p.name: p.mid for p in parameters}
    rows: list[Sensitivity] = []
    for p in parameters:
        if p.name == "horizon_months":
            continue
        at_low = calculate({**values, p.name: p.low})
        at_high = calculate({**values, p.name: p.high})
        rows.append(
            Sensitivity(
                p.name,
                p.low,
                p.mid,
                p.high,
                at_low.net_over_horizon_usd,
                at_high.net_over_horizon_usd,
                at_low.payback_month,
                at_high.payback_month,
            )
        )
    return tuple(sorted(rows, key=lambda row: (-row.swing_usd, row.name)))


def extremes(parameters: Sequence[Assumption]) -> tuple[RoiResult, RoiResult]:
    """Return the account with every assumption at its worse, and at its better end.

    Which end is worse is read from the sensitivity table, one assumption at a time.
    """
    worse = {p.name: p.mid for p in parameters}
    better = dict(worse)
    for row in sensitivity(parameters):
        low_is_worse = row.net_at_low_usd <= row.net_at_high_usd
        worse[row.name], better[row.name] = (
            (row.low, row.high) if low_is_worse else (row.high, row.low)
        )
    return calculate(worse), calculate(better)
