"""A patient's own course beside the published curves of her condition, and where it is heading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from rehabctl.clinic import recovery
from rehabctl.clinic.movement_rules import surgical_series
from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.report_rules import score_series
from rehabctl.domain.errors import FindingsError, NotFoundError, UsageError
from rehabctl.reference.recovery_curves import RecoveryCurve, load_recovery_curves


@dataclass(frozen=True, slots=True)
class TrajectoryPoint:
    """One value of the patient."""

    day: int
    """After surgery."""
    on: date
    value: float
    uncertainty: float | None
    """Half-width of the 90 % interval, where the instrument states one."""
    position: recovery.BandPosition | None
    """Beside the reference cohorts of that day; None where no source speaks of it."""


@dataclass(frozen=True, slots=True)
class Trajectory:
    """One measure of a patient beside one curve."""

    curve: RecoveryCurve
    method: str
    """By which the points were measured; values of two methods never join."""
    points: tuple[TrajectoryPoint, ...]
    other_methods: tuple[str, ...]
    """Methods whose values are left out."""
    band: recovery.Band | None
    """Of the day of the newest point."""
    projection: recovery.Projection | None
    projection_band: recovery.Band | None
    """What reference cohorts reached by the day of the projection."""
    note: str | None
    """Why there is no projection."""
    rule_version: str

    @property
    def latest(self) -> TrajectoryPoint | None:
        """The newest point."""
        return self.points[-1] if self.points else None


def curves_for(condition: str | None) -> tuple[RecoveryCurve, ...]:
    """Return the published curves of a condition.

    Raises
    ------
    NotFoundError
        None was found in the literature that is packaged; none is invented.
    """
    found = tuple(c for c in load_recovery_curves() if c.condition == condition)
    if not found:
        known = ", ".join(sorted({c.condition for c in load_recovery_curves()}))
        what = f"the condition {condition}" if condition else "a course of care without a condition"
        raise NotFoundError(
            f"there is no published recovery curve for {what}",
            f"Curves are packaged for: {known}. See goals instead: rehabctl report goals",
        )
    return found


def trajectories(
    view: PatientView, curve_key: str | None = None, target_day: int | None = None
) -> tuple[Trajectory, ...]:
    """Return the patient's course beside every curve of her condition.

    Parameters
    ----------
    view
        The patient.
    curve_key
        Only this curve.
    target_day
        Day after surgery to project to; default: the next checkpoint after the newest value.

    Raises
    ------
    NotFoundError
        The condition has no curve, or none of that key.
    FindingsError
        The course of care has no surgery date, from which days count.
    UsageError
        The day to project to lies before the newest value.
    """
    episode = view.facts.episode
    curves = curves_for(None if episode is None else episode.condition)
    if curve_key is not None:
        curves = tuple(c for c in curves if c.key == curve_key)
        if not curves:
            known = ", ".join(c.key for c in curves_for(episode and episode.condition))
            raise NotFoundError("this condition has no curve of that name", f"Use one of: {known}")
    if view.days_since_surgery is None:
        raise FindingsError(
            "the course of care has no surgery date in the past, from which days count",
            "Add it: rehabctl episode edit",
        )
    return tuple(_trajectory(view, curve, target_day) for curve in curves)


@dataclass(frozen=True, slots=True)
class _Value:
    day: int
    value: float
    uncertainty: float | None
    method: str


def _trajectory(view: PatientView, curve: RecoveryCurve, target_day: int | None) -> Trajectory:
    surgery = view.today - (view.days_since_surgery or 0)
    values = [v for v in _values(view, curve, surgery) if v.day >= 1]
    method = values[-1].method if values else ""
    used = [v for v in values if v.method == method]
    points = tuple(
        TrajectoryPoint(
            v.day,
            date.fromordinal(surgery + v.day),
            v.value,
            v.uncertainty,
            recovery.position(curve, v.day, v.value),
        )
        for v in used
    )
    projected, note = _projection(view, curve, points, target_day)
    return Trajectory(
        curve=curve,
        method=method,
        points=points,
        other_methods=tuple(sorted({v.method for v in values} - {method})),
        band=recovery.band(curve, points[-1].day) if points else None,
        projection=projected,
        projection_band=None if projected is None else recovery.band(curve, projected.day),
        note=note,
        rule_version=view.rules["TRAJECTORY"].version,
    )


def _values(view: PatientView, curve: RecoveryCurve, surgery: int) -> list[_Value]:
    """Return everything measured of a curve's measure, oldest first."""
    if curve.measure == "pain":
        return [
            _Value(view.day_of(r.at) - surgery, r.value, None, "patient's rating, 0-10")
            for r in view.ratings(len(view.sessions) + len(view.journal) + 1)
        ]
    if ":" in curve.measure:
        instrument, _, scale = curve.measure.partition(":")
        side = view.facts.episode and view.facts.episode.side
        return [
            _Value(view.day_of(s.at) - surgery, s.score, None, _joined(s.rule_version, of_side))
            for (*named, of_side), scores in score_series(view).items()
            if named == [instrument, scale] and of_side in (side or of_side, "")
            for s in scores
        ]
    found = [
        (
            m.at,
            m.id,
            _Value(day - surgery, m.value_deg, m.uncertainty_deg, _joined(m.method, m.side)),
        )
        for series in surgical_series(view, curve.condition, curve.measure, curve.extreme)
        for m, day in zip(series.values, series.days, strict=True)
    ]
    return [value for *_, value in sorted(found, key=lambda each: each[:2])]


def _joined(method: str, side: str) -> str:
    return f"{method}, {side}" if side else method


def _projection(
    view: PatientView,
    curve: RecoveryCurve,
    points: Sequence[TrajectoryPoint],
    target_day: int | None,
) -> tuple[recovery.Projection | None, str | None]:
    """Return the projection, or why there is none."""
    row = view.rules["TRAJECTORY"]
    if not points:
        return None, "nothing was measured"
    last = points[-1].day
    if target_day is not None and target_day <= last:
        raise UsageError(
            "the day to project to is not after the newest value", f"Choose a day after {last}"
        )
    checkpoints = [int(day) for day in row.options["target_days"].split()]
    target = target_day or next((day for day in checkpoints if day > last), None)
    if target is None:
        return None, "the newest value lies after the last checkpoint"
    usable = [(float(p.day), p.value) for p in points if p.day >= row.limits["from_day"]]
    if len(usable) < row.limits["points_at_least"]:
        return None, (
            f"a projection needs {row.limits['points_at_least']:g} values by one method since day "
            f"{row.limits['from_day']:g}; there are {len(usable)}"
        )
    made = recovery.projection(
        usable, target, curve, seed=row.days("seed"), resamples=row.days("resamples")
    )
    return made, None if made else "all values are of one day"
