"""The alert rules in one table: how each is judged, and when its verdict may change by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from rehabctl.clinic import activity_rules, goal_rules, movement_rules, progression, report_rules
from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.verdict import Verdict
from rehabctl.reference.rules import RuleRow, RuleTable

Judge = Callable[[PatientView, RuleRow], Iterator[Verdict]]
Moments = Callable[[PatientView, RuleRow], int | None]


def _never(view: PatientView, row: RuleRow) -> int | None:
    """Return that only an event changes the verdict."""
    return None


@dataclass(frozen=True, slots=True)
class AlertRule:
    """One rule."""

    code: str
    judge: Judge
    moments: Moments = _never
    """Gives the next local day on which the verdict may change without a new event."""
    exhaustive: bool = False
    """What it does not name is not met; else what it does not name was not judged."""
    reads_exercises: bool = False
    """Reads what was done in the sessions, or the steps, of its `within_days`."""


ALERT_RULES = (
    AlertRule("RED_FLAG", report_rules.red_flag, report_rules.red_flag_moments),
    AlertRule("PAIN_SEVERE", report_rules.pain_severe, report_rules.pain_severe_moments),
    AlertRule("PAIN_INCREASE", report_rules.pain_increase, report_rules.pain_increase_moments),
    AlertRule("PAIN_SESSION", report_rules.pain_session, report_rules.session_window_moments),
    AlertRule("ROM_DECLINE", movement_rules.rom_decline, movement_rules.rom_decline_moments),
    AlertRule(
        "TKR_FLEX_PROJECTION",
        movement_rules.flexion_projection,
        movement_rules.flexion_projection_moments,
    ),
    AlertRule(
        "EXT_DEFICIT",
        movement_rules.extension_deficit,
        movement_rules.measurement_window_moments,
    ),
    AlertRule(
        "ACTIVITY_DECLINE",
        activity_rules.activity_decline,
        activity_rules.activity_decline_moments,
        reads_exercises=True,
    ),
    AlertRule("PROM_WORSE", report_rules.prom_worse, report_rules.prom_worse_moments),
    AlertRule("MISSED", report_rules.missed, report_rules.missed_moments),
    AlertRule("NO_DATA", report_rules.no_data, report_rules.no_data_moments),
    AlertRule(
        "ROM_BELOW_CURVE",
        movement_rules.rom_below_curve,
        movement_rules.measurement_window_moments,
    ),
    AlertRule("ASYMMETRY_PERSISTENT", movement_rules.asymmetry, movement_rules.asymmetry_moments),
    AlertRule(
        "FORM_LOW",
        report_rules.form_low,
        report_rules.session_window_moments,
        exhaustive=True,
        reads_exercises=True,
    ),
    AlertRule("LOW_CONFIDENCE", movement_rules.low_confidence, exhaustive=True),
    AlertRule("GOAL_NEAR", goal_rules.goal_near, goal_rules.goal_near_moments, exhaustive=True),
    AlertRule(
        "PROGRESSION_MET",
        progression.progression_met,
        report_rules.session_window_moments,
        exhaustive=True,
        reads_exercises=True,
    ),
)


def exercise_days(rules: RuleTable) -> int:
    """Return for how many days back rules read what was done in a session, or steps.

    Parameters
    ----------
    rules
        The dated rules; rows of all dates count.
    """
    codes = {rule.code for rule in ALERT_RULES if rule.reads_exercises}
    return max(row.days("within_days") for row in rules.rows() if row.code in codes)
