"""The reference's own decision vectors, read where they are at hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from patient_facts import RULES, patient

from rehabctl.clinic.adherence import circular_resultant, ols_slope
from rehabctl.clinic.alerts import evaluate
from rehabctl.clinic.dropout import EngagementFeatures, score_features
from rehabctl.clinic.escalation import CallOutcome, LadderFacts, escalation
from rehabctl.clinic.progression import ExerciseOutcome, meets_criteria
from rehabctl.clinic.quiet_hours import QuietHours
from rehabctl.clinic.recovery import limb_symmetry_percent, project_ln, theil_sen
from rehabctl.clinic.schedule_matching import match_schedule, missed_run
from rehabctl.domain.facts import Episode, Measurement, SessionFact, SymmetryResult

IN_FORCE = RULES.in_force(date(2026, 3, 20))
START = datetime(2026, 1, 1, 12, tzinfo=UTC)


def noon(day: str) -> datetime:
    return datetime.fromisoformat(f"{day}T12:00:00+00:00")


def found(code: str, facts: Any, as_of: datetime) -> Any:
    return next((f for f in evaluate(facts, as_of, RULES) if f.code == code), None)


def flexion(moment: datetime, value: float, n: int) -> Measurement:
    return Measurement(f"m{n}", moment, moment, None, "knee_flexion", "left", value, 5.0, "g")


def pain(given: dict[str, Any]) -> str | None:
    rated = enumerate(given["session_pain"])
    made = tuple(
        SessionFact(f"s{n}", noon(day), noon(day), True, pain_after=float(nrs))
        for n, (day, nrs) in rated
    )
    findings = evaluate(patient(sessions=made), noon(given["as_of"]), RULES)
    return next((f.code for f in findings if f.code in ("PAIN_SEVERE", "PAIN_INCREASE")), None)


def missed(given: dict[str, Any]) -> dict[str, Any]:
    due, done = (
        [date.fromisoformat(day).toordinal() for day in given[name]] for name in ("due", "done")
    )
    today = date.fromisoformat(given["as_of"]).toordinal()
    run = missed_run(due, match_schedule(due, done, 1), today, 1)
    return {"run": len(run), "first_missed_due": date.fromordinal(run[0]).isoformat()}


def ladder(given: dict[str, Any]) -> str:
    outcome = given.get("call_outcome")
    facts = LadderFacts(
        START,
        replied_at=START if given.get("replied") else None,
        call_outcome=CallOutcome(outcome) if outcome else None,
        completed_at=START if given.get("completed") else None,
        red_flag=given.get("red_flag", False),
    )
    now = START + timedelta(hours=given["hours_since_first_missed_due"])
    quiet = QuietHours.of(IN_FORCE["QUIET_HOURS"])
    return escalation(facts, now, ZoneInfo("UTC"), IN_FORCE["ESCALATION"], quiet).level.value


def rom_decline(given: dict[str, Any]) -> str | None:
    values = tuple(flexion(noon(d), v, n) for n, (d, v) in enumerate(given["values_deg"]))
    finding = found("ROM_DECLINE", patient(measurements=values), noon(given["as_of"]))
    return finding and finding.code


def tkr_projection(given: dict[str, Any]) -> dict[str, Any] | None:
    points = [(float(day), float(value)) for day, value in given["day_flexion"]]
    values = tuple(
        flexion(START + timedelta(days=day), value, n) for n, (day, value) in enumerate(points)
    )
    surgery = START.date()
    facts = patient(episode=Episode(surgery, None, "TKR", surgery, "left"), measurements=values)
    finding = found(
        "TKR_FLEX_PROJECTION", facts, START + timedelta(days=given["post_op_day"], hours=1)
    )
    used = [point for point in points if point[0] >= 10]
    if len(used) < 3:
        assert finding is None
        return None
    line, projected = theil_sen(used), project_ln(used, 42)
    assert line is not None
    assert projected is not None
    return {
        "projected_day42_ln": round(projected, 1),
        "straight_line_for_comparison": round(line[0] * 42 + line[1], 1),
        "alert_below_90": finding is not None,
    }


def lsi(given: dict[str, Any]) -> float:
    index = limb_symmetry_percent(
        given["involved"], given["uninvolved"], higher_is_better=given["higher_is_better"]
    )
    assert index is not None
    return round(index, 1)


def asymmetry(given: dict[str, Any]) -> str | None:
    tests = tuple(
        SymmetryResult(f"y{n}", START, START, "load", "knee_extension", value, 100.0, "scale")
        for n, value in enumerate(given["lsi_series"])
    )
    surgery = (START - timedelta(weeks=given["weeks_post"])).date()
    facts = patient(episode=Episode(surgery, None, "ACL", surgery, "left"), symmetry=tests)
    finding = found("ASYMMETRY_PERSISTENT", facts, START)
    return finding and finding.code


def progression(given: dict[str, Any]) -> bool:
    outcomes = [
        ExerciseOutcome(tuple(s["sets_reps"]), float(s["pain"]), s.get("form"))
        for s in given["sessions"]
    ]
    return meets_criteria(outcomes, IN_FORCE["PROGRESSION_MET"])


def engagement(given: dict[str, Any]) -> dict[str, Any]:
    young = given["day_of_program"] <= 21
    features = EngagementFeatures(
        freq_slope=given["slope_sessions_per_week2"],
        completion=given["completion_7d"],
        miss_run=given["consecutive_missed"],
        time_of_day=given["tod_R"],
        pain_slope=given.get("pain_slope_wk"),
        pain_fluct=given.get("pain_sd"),
        skip=given.get("skip_rate_7d"),
        first_week=given.get("sessions_first7") if young else None,
        contact=given.get("days_since_open"),
    )
    score = score_features(features, IN_FORCE)
    return {"points": score.points, "band": score.band, "parts": dict(score.as_points())}


def time_of_day(given: dict[str, Any]) -> float:
    minutes = [60 * int(text[:2]) + int(text[3:]) for text in given["times"]]
    return round(circular_resultant(minutes), 4)


def slope(given: dict[str, Any]) -> float:
    return round(ols_slope(given["week"], given["sessions"]), 9)


RULE_OF: dict[str, Callable[[dict[str, Any]], Any]] = {
    "pain": pain,
    "missed": missed,
    "ladder": ladder,
    "rom_decline": rom_decline,
    "tkr_projection": tkr_projection,
    "lsi": lsi,
    "asymmetry": asymmetry,
    "progression": progression,
    "engagement": engagement,
    "time_of_day_R": time_of_day,
    "ols_slope": slope,
}


def test_every_vector_of_the_reference(sample_data: Path) -> None:
    file = sample_data.parent / "reference" / "vectors" / "rules_vectors.json"
    if not file.is_file():
        pytest.skip("the reference's vectors are not beside the sample data")
    vectors = json.loads(file.read_text("utf-8"))["vectors"]
    wrong = {
        vector["id"]: (made, vector["expected"])
        for vector in vectors
        if (made := RULE_OF[vector["rule"]](vector["input"])) != vector["expected"]
    }
    assert wrong == {}
    assert len(vectors) >= 35
