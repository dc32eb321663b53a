"""What a change between two scores amounts to, judged by the published threshold that fits."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from fractions import Fraction

from rehabctl.domain.prom import Direction, Scale
from rehabctl.domain.prom_followup import (
    ChangeLabel,
    ChangeThreshold,
    ScoreChange,
    ThresholdKind,
    ThresholdUnit,
)


def find_threshold(
    rows: Sequence[ChangeThreshold],
    kind: ThresholdKind,
    baseline: float,
    condition: str = "any",
    on: date | None = None,
) -> ChangeThreshold | None:
    """Return the default row for these patients: their condition's own, else that of `any`.

    Parameters
    ----------
    rows
        Rows of one instrument and scale, a clinic's own among them.
    kind
        Which kind of threshold.
    baseline
        The first score: some rows hold for a part of the range only.
    condition
        As the rows name it, such as `surgical`.
    on
        The day of the second score; None means the newest rows.

    Returns
    -------
    ChangeThreshold or None
        Among equals the newest, so that a clinic's later row replaces a packaged one.
    """
    first = Fraction(repr(baseline))
    fitting = [
        row
        for row in rows
        if row.is_default
        and row.kind is kind
        and row.condition in (condition, "any")
        and (on is None or row.effective_from <= on)
        and (row.baseline is None or row.baseline[0] <= first <= row.baseline[1])
    ]
    return max(
        fitting, key=lambda row: (row.condition == condition, row.effective_from), default=None
    )


def rate_change(
    instrument: str,
    scale: Scale,
    before: float,
    after: float,
    *,
    mdc: ChangeThreshold | None = None,
    mcid: ChangeThreshold | None = None,
    scb: ChangeThreshold | None = None,
) -> ScoreChange:
    """Label the change from one score to a later one.

    Parameters
    ----------
    instrument
        Slug, for the record.
    scale
        The scale of both scores; its direction decides what better means.
    before, after
        Scores of the same instrument version and scoring rule, unrounded where they are at hand.
    mdc, mcid, scb
        The rows to judge by; None where none is recorded.

    Notes
    -----
    A change is detectable from MDC on, important from the larger of MDC and MCID on. Without an
    MDC a change under the MCID is not rated: it cannot be told from measurement error.
    """
    first, second = _exact(before), _exact(after)
    change = second - first
    improvement = change if scale.direction is Direction.HIGHER_BETTER else -change
    size = abs(improvement)
    limits = {
        row.kind: points
        for row in (mdc, mcid, scb)
        if row is not None and (points := _points(row, first)) is not None
    }
    detectable = limits.get(ThresholdKind.MDC)
    least_important = limits.get(ThresholdKind.MCID)
    important = least_important is not None and size >= max(least_important, detectable or 0)
    label = _label(improvement, detectable, important)
    benefit = limits.get(ThresholdKind.SCB)
    return ScoreChange(
        instrument=instrument,
        scale=scale.key,
        before=before,
        after=after,
        change=float(change),
        change_percent=float(100 * change / first) if first else None,
        direction=scale.direction,
        improvement=float(improvement),
        label=label,
        clinically_important=important,
        text=_text(label, important, mdc, mcid),
        mdc=mdc,
        mcid=mcid,
        scb=scb,
        substantial_benefit=None if benefit is None else improvement >= benefit,
    )


def _exact(score: float) -> Fraction:
    # to a millionth: two thirds and ten points more than two thirds differ by exactly ten points
    return Fraction(Decimal(repr(score)).quantize(Decimal("0.000001")))


def _points(row: ChangeThreshold, first: Fraction) -> Fraction | None:
    """Return the threshold in points; a percentage of a first score of 0 is none."""
    if row.unit is ThresholdUnit.POINTS:
        return row.value
    return row.value * first / 100 if first else None


def _label(improvement: Fraction, detectable: Fraction | None, important: bool) -> ChangeLabel:
    if important:
        return ChangeLabel.CLINICALLY_IMPORTANT if improvement > 0 else ChangeLabel.WORSE
    if detectable is None:
        return ChangeLabel.NOT_RATED
    if abs(improvement) < detectable:
        return ChangeLabel.NO_DETECTABLE_CHANGE
    return ChangeLabel.DETECTABLE if improvement > 0 else ChangeLabel.WORSE


def _text(
    label: ChangeLabel,
    important: bool,
    mdc: ChangeThreshold | None,
    mcid: ChangeThreshold | None,
) -> str:
    if label is ChangeLabel.NOT_RATED:
        if mcid is None:
            return "not rated: no threshold of change is recorded for this scale"
        return f"not rated: under the MCID ({_amount(mcid)}), and no MDC is recorded"
    rows = " and ".join(
        f"{row.kind.value.upper()} ({_amount(row)})" for row in (mdc, mcid) if row is not None
    )
    if label is ChangeLabel.NO_DETECTABLE_CHANGE:
        return f"no detectable change: under the MDC ({_amount(mdc)})" if mdc else ""
    if label is ChangeLabel.DETECTABLE:
        known = "under the MCID" if mcid else "no MCID is recorded"
        return f"better by a detectable amount, {known}: judged by {rows}"
    better = "better" if label is ChangeLabel.CLINICALLY_IMPORTANT else "worse"
    amount = "a clinically important" if important else "a detectable"
    return f"{better} by {amount} amount: judged by {rows}"


def _amount(row: ChangeThreshold) -> str:
    unit = " % of the first score" if row.unit is ThresholdUnit.PERCENT_OF_BASELINE else " points"
    return f"{float(row.value):g}{unit}, {row.method}"
