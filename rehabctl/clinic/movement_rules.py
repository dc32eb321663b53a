"""Alert rules on measured movement. Values of different methods are never compared."""

from __future__ import annotations

import math
from collections.abc import Iterator
from statistics import median

from rehabctl.clinic.local_days import iso, window
from rehabctl.clinic.patient_view import MotionSeries, PatientView
from rehabctl.clinic.recovery import display_value, limb_symmetry_percent, project_ln
from rehabctl.clinic.verdict import Verdict, met, unmet
from rehabctl.domain.facts import Extreme, Measurement, ReviewItem, SymmetryResult
from rehabctl.reference.recovery_curves import recovery_curve
from rehabctl.reference.rules import RuleRow

_ROUNDING = 9


def detectable_change_deg(first: Measurement, second: Measurement) -> float | None:
    """Return the smallest detectable difference of two values, at 90 %.

    The root of the summed squares of both 90 % half-widths; None where one is not known.
    """
    if first.uncertainty_deg is None or second.uncertainty_deg is None:
        return None
    return math.hypot(first.uncertainty_deg, second.uncertainty_deg)


def rom_decline(view: PatientView, row: RuleRow) -> Iterator[Verdict]:
    """Compare the best of the last week with the best of the two weeks before."""
    for series in view.series:
        recent_part = window(series.days, view.today, 0, row.days("recent_days"))
        recent = series.values[recent_part][-row.days("recent_values") :]
        previous = series.values[
            window(
                series.days,
                view.today,
                row.days("previous_from_days"),
                row.days("previous_to_days"),
            )
        ]
        if len(recent) < row.limits["recent_at_least"] or not previous:
            continue
        better = 1.0 if series.key.extreme is Extreme.MAX else -1.0
        best_now = max(recent, key=lambda m: better * m.value_deg)
        best_before = max(previous, key=lambda m: better * m.value_deg)
        change = round(better * (best_before.value_deg - best_now.value_deg), _ROUNDING)
        detectable = detectable_change_deg(best_now, best_before) or 0.0
        limit = max(row.limits["change_deg"], detectable)
        inputs = {
            "motion": series.key.label,
            "method": series.key.method,
            "recent": best_now.value_deg,
            "recent_n": len(recent),
            "recent_first": iso(view.day_of(recent[0].at)),
            "previous": best_before.value_deg,
            "change": change,
            "limit": limit,
        }
        if change < limit:
            yield unmet(row, series.key.subject, inputs)
            continue
        yield met(
            row,
            series.key.subject,
            inputs,
            since=recent[-1].at,
            known_at=max(m.recorded_at for m in recent),
            level=change,
        )


def rom_decline_moments(view: PatientView, row: RuleRow) -> int | None:
    """Return when a value moves between the windows."""
    ages = (
        row.days("recent_days") + 1,
        row.days("previous_from_days"),
        row.days("previous_to_days") + 1,
    )
    return _soonest(view.next_crossing(series.days, ages) for series in view.series)


def _soonest(days: Iterator[int | None]) -> int | None:
    return min((day for day in days if day is not None), default=None)


def surgical_series(
    view: PatientView, conditions: str, motion: str, extreme: Extreme
) -> list[MotionSeries]:
    """Return the series of one motion on the involved side, after one of the operations.

    Parameters
    ----------
    view
        The patient.
    conditions
        Keys of operations, separated by spaces.
    motion, extreme
        What was measured.
    """
    episode = view.facts.episode
    if episode is None or view.days_since_surgery is None:
        return []
    if episode.condition not in conditions.split():
        return []
    return [
        series
        for series in view.series
        if series.key.motion == motion
        and series.key.extreme is extreme
        and series.key.side in (episode.side or series.key.side, "both")
    ]


def rom_below_curve(view: PatientView, row: RuleRow) -> Iterator[Verdict]:
    """Compare the last values with the clinic's chosen recovery curve."""
    curve = recovery_curve(row.options["curve"])
    surgery = view.facts.episode and view.facts.episode.surgery_on
    for series in surgical_series(view, curve.condition, curve.measure, curve.extreme):
        pair = _apart(view, series, row)
        if pair is None or surgery is None:
            continue
        expected = [display_value(curve, day - surgery.toordinal()) for _, day in pair]
        latest, day = pair[-1]
        if None in expected:
            continue
        shortfalls = [
            e - m.value_deg for (m, _), e in zip(pair, expected, strict=True) if e is not None
        ]
        inputs = {
            "motion": series.key.label,
            "latest": latest.value_deg,
            "day": iso(day),
            "expected": latest.value_deg + shortfalls[-1],
        }
        if min(shortfalls) <= row.limits["below_deg"]:
            yield unmet(row, series.key.subject, inputs)
            continue
        yield met(
            row,
            series.key.subject,
            inputs,
            since=latest.at,
            known_at=latest.recorded_at,
            level=shortfalls[-1],
        )


def _apart(
    view: PatientView, series: MotionSeries, row: RuleRow
) -> list[tuple[Measurement, int]] | None:
    """Return the newest values that lie far enough apart, oldest first."""
    part = window(series.days, view.today, 0, row.days("within_days"))
    pairs = list(zip(series.values[part], series.days[part], strict=True))
    chosen = pairs[-1:]
    for pair in reversed(pairs[:-1]):
        if len(chosen) == row.days("measurements"):
            break
        if chosen[0][1] - pair[1] >= row.days("days_apart"):
            chosen.insert(0, pair)
    return chosen if len(chosen) == row.days("measurements") else None


def measurement_window_moments(view: PatientView, row: RuleRow) -> int | None:
    """Return when a value leaves the rule's window."""
    ages = (row.days("within_days") + 1,)
    return _soonest(view.next_crossing(series.days, ages) for series in view.series)


def flexion_projection(view: PatientView, row: RuleRow) -> Iterator[Verdict]:
    """Project knee flexion after knee replacement to the target day."""
    day, surgery = view.days_since_surgery, view.facts.episode and view.facts.episode.surgery_on
    if day is None or surgery is None or day < row.limits["first_day"]:
        return
    limits, zero = row.limits, surgery.toordinal()
    for series in surgical_series(
        view, row.options["conditions"], row.options["motion"], Extreme.MAX
    ):
        if day > limits["last_day"]:
            yield unmet(row, series.key.subject, {"motion": series.key.label})
            continue
        usable = [
            (m, d - zero)
            for m, d in zip(series.values, series.days, strict=True)
            if d - zero >= limits["from_day"]
        ]
        points = [(float(d), m.value_deg) for m, d in usable]
        projected = project_ln(points, limits["target_day"])
        if projected is None or len(points) < limits["points_at_least"]:
            continue
        projected = round(projected, 1)
        inputs = {"motion": series.key.label, "projected": projected, "points": len(points)}
        if projected >= limits["below_deg"]:
            yield unmet(row, series.key.subject, inputs)
            continue
        yield met(
            row,
            series.key.subject,
            inputs,
            since=usable[-1][0].at,
            known_at=max(m.recorded_at for m, _ in usable),
            level=limits["below_deg"] - projected,
        )


def _days_after_surgery(view: PatientView, *days: int) -> int | None:
    episode = view.facts.episode
    if episode is None or episode.surgery_on is None:
        return None
    return view.next_crossing([episode.surgery_on.toordinal()], days)


def flexion_projection_moments(view: PatientView, row: RuleRow) -> int | None:
    """Return when the days of the projection begin and end."""
    return _days_after_surgery(view, row.days("first_day"), row.days("last_day") + 1)


def extension_deficit(view: PatientView, row: RuleRow) -> Iterator[Verdict]:
    """Look for a lack of knee extension that stays after the first weeks."""
    surgery = view.facts.episode and view.facts.episode.surgery_on
    for series in surgical_series(
        view, row.options["conditions"], row.options["motion"], Extreme.MIN
    ):
        if surgery is None:
            continue
        first = surgery.toordinal() + 7 * row.days("after_week") + 1
        part = window(series.days, view.today, 0, row.days("within_days"))
        late = [
            m for m, day in zip(series.values[part], series.days[part], strict=True) if day >= first
        ][-row.days("measurements") :]
        if len(late) < row.limits["measurements"]:
            continue
        latest = late[-1]
        inputs = {
            "motion": series.key.label,
            "latest": latest.value_deg,
            "day": iso(view.day_of(latest.at)),
        }
        if min(m.value_deg for m in late) <= row.limits["above_deg"]:
            yield unmet(row, series.key.subject, inputs)
            continue
        yield met(
            row,
            series.key.subject,
            inputs,
            since=latest.at,
            known_at=max(m.recorded_at for m in late),
            level=latest.value_deg,
        )


def asymmetry(view: PatientView, row: RuleRow) -> Iterator[Verdict]:
    """Look for a side difference that stays after the first weeks."""
    day = view.days_since_surgery
    if day is None or day // 7 <= row.limits["after_week"]:
        return
    groups: dict[tuple[str, str, str], list[SymmetryResult]] = {}
    for result in view.symmetry:
        groups.setdefault((result.measure, result.motion, result.method), []).append(result)
    for (measure, motion, _), results in sorted(groups.items()):
        pairs = [(r, p) for r in results if (p := _index_percent(view, r)) is not None]
        pairs = pairs[-row.days("values") :]
        if len(pairs) < row.limits["values"]:
            continue
        below = sum(p < row.limits["below_percent"] and r.detectable for r, p in pairs)
        middle = median(p for _, p in pairs)
        label = f"{measure} {motion}".replace("_", " ").capitalize()
        inputs = {"motion": label, "median": middle, "below": below}
        if below < row.limits["at_least"] or middle >= row.limits["below_percent"]:
            yield unmet(row, f"{measure}:{motion}", inputs)
            continue
        yield met(
            row,
            f"{measure}:{motion}",
            inputs,
            since=pairs[-1][0].at,
            known_at=max(r.recorded_at for r, _ in pairs),
            level=100.0 - middle,
        )


def _index_percent(view: PatientView, result: SymmetryResult) -> float | None:
    """Return the limb symmetry index; without a known side the weaker one is the involved."""
    side = view.facts.episode and view.facts.episode.side
    involved, other = result.left, result.right
    if side == "right" or (
        side is None and (result.right < result.left) is result.higher_is_better
    ):
        involved, other = other, involved
    return limb_symmetry_percent(involved, other, higher_is_better=result.higher_is_better)


def asymmetry_moments(view: PatientView, row: RuleRow) -> int | None:
    """Return when the first weeks are over."""
    return _days_after_surgery(view, 7 * (row.days("after_week") + 1))


def recording_text(review: ReviewItem) -> str:
    """Return what was found in a recording: exercise, counts, peak with its interval."""
    text = f"{review.exercise}: {review.full_count} full, {review.partial_count} partial"
    if review.peak_deg is not None:
        text += f"; peak {review.peak_deg:.0f} degrees"
        if review.interval_deg is not None:
            text += f" ({review.interval_deg[0]:.0f}-{review.interval_deg[1]:.0f})"
    return text


def low_confidence(view: PatientView, row: RuleRow) -> Iterator[Verdict]:
    """Look for unreviewed recordings whose measurement is of low quality."""
    for review in sorted(view.facts.reviews, key=lambda r: (r.recorded_at, r.id)):
        if review.reviewed_at is not None:
            continue
        inputs = {
            "recording": recording_text(review),
            "confidence": review.confidence,
            "status": review.status,
        }
        if review.status == "good" and review.confidence >= row.limits["below"]:
            yield unmet(row, review.id, inputs)
            continue
        yield met(
            row,
            review.id,
            inputs,
            since=review.recorded_at,
            known_at=review.recorded_at,
            level=1.0 - review.confidence,
        )
