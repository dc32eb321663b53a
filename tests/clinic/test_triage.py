"""The worklist row: tier, reasons, order, and every field, from facts alone."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import datetime, timedelta

import pytest
from patient_facts import (
    RULES,
    at,
    exercise,
    journal,
    on,
    patient,
    review,
    rom,
    session,
    sessions,
)

from rehabctl.clinic.alerts import apply_action
from rehabctl.clinic.explanation import explain
from rehabctl.clinic.triage import PanelFacts, panel_row, refresh
from rehabctl.domain.facts import (
    AlertAction,
    AlertActionKind,
    Episode,
    Goal,
    PatientFacts,
    PlanOfCare,
    ScoreDue,
)
from rehabctl.domain.triage import Tier, WorklistRow

DUE = tuple(on(day) for day in range(2, 30, 2))
SEVERE = patient(sessions=sessions([(19, 9)]))
MISSING = patient(due_on=tuple(on(d) for d in (2, 4, 6, 8, 10, 12)), sessions=(session(1),))
FLAGGED = patient(journal=(journal(19, 2.0, "fall"),))
WAITING = patient(reviews=(review(19),))


def row(facts: PatientFacts, moment: datetime | None = None) -> PanelFacts:
    return refresh(facts, (), moment or at(20), RULES).row


def test_a_row_has_every_field_of_the_worklist() -> None:
    of_the_store = {"patient_id", "mrn", "name", "rank"}
    needed = {f.name for f in fields(WorklistRow)} - of_the_store
    assert needed <= {f.name for f in fields(PanelFacts)}


@pytest.mark.parametrize(
    ("facts", "tier", "first"),
    [
        (FLAGGED, Tier.RED_FLAG, "RED_FLAG"),
        (SEVERE, Tier.DECLINING, "PAIN_SEVERE"),
        (WAITING, Tier.DUE, "REVIEW_WAITING"),
        (patient(), Tier.STABLE, None),
    ],
)
def test_tiers(facts: PatientFacts, tier: Tier, first: str | None) -> None:
    made = row(facts)
    assert made.tier is tier
    assert (made.reasons[0].code if made.reasons else None) == first


def test_order_of_patients() -> None:
    two = replace(SEVERE, sessions=sessions([(1, 3), (3, 3), (5, 4), (15, 9), (17, 8), (19, 9)]))
    older = patient(sessions=sessions([(18, 9)]))
    due_goal = patient(
        goals=(Goal("g", at(1), "knee_flexion", 80.0, 110.0),), measurements=rom([(20, 107.0)])
    )
    low = patient(reviews=(review(19, confidence=0.3),))
    calm = patient(sessions=sessions([(19, 2)]))
    expected = [FLAGGED, two, older, SEVERE, MISSING, low, due_goal, WAITING, calm]
    keys = [row(facts).rank_key for facts in expected]
    assert keys[:5] == sorted(keys[:5])
    assert keys == sorted(keys)
    assert len(set(keys)) == len(keys)
    assert all(0 <= key < 2**63 for key in keys)


def test_missed_sessions_alone_come_after_clinical_decline_however_many() -> None:
    assert row(MISSING).reasons[0].code == "MISSED"
    medium = patient(sessions=sessions([(1, 3), (3, 3), (5, 4), (15, 5), (17, 6), (19, 6)]))
    assert row(medium).rank_key < row(MISSING).rank_key


def test_a_recording_that_waits_for_review_is_cited() -> None:
    (reason,) = row(WAITING).reasons
    assert reason.text == (
        "bodyweight-squat: 5 full, 2 partial; peak 96 degrees (91-102); confidence 0.91; "
        "waits for review"
    )
    assert reason.since == at(19)


def test_recordings_of_low_quality_come_first_and_are_told_once() -> None:
    good = review(12, id="a", confidence=0.91)
    fair = review(13, id="b", confidence=0.72)
    poor = review(14, id="c", confidence=0.41, status="limited", peak_deg=None, interval_deg=None)
    made = row(patient(reviews=(good, fair, poor)))
    assert [reason.code for reason in made.reasons] == [
        "LOW_CONFIDENCE",
        "REVIEW_WAITING",
        "REVIEW_WAITING",
    ]
    assert made.reasons[0].text.startswith("bodyweight-squat: 5 full, 2 partial; confidence 0.41")
    assert "0.72" in made.reasons[1].text
    assert made.open_alerts == 1


def test_an_acknowledged_recording_of_low_quality_still_waits_for_review() -> None:
    facts = patient(reviews=(review(14, id="c", confidence=0.41),))
    alerts = refresh(facts, (), at(15), RULES).alerts
    action = AlertAction(at(15), AlertActionKind.ACKNOWLEDGE, "LOW_CONFIDENCE", "c", "t1")
    made = panel_row(facts, apply_action(alerts, action), at(16), RULES)
    assert [reason.code for reason in made.reasons] == ["REVIEW_WAITING"]


def test_open_tasks_are_due_and_end_when_they_are_done() -> None:
    plan = PlanOfCare(on(34), tuple(on(day) for day in range(1, 9)))
    facts = patient(plan_of_care=plan, scores_due=(ScoreDue("koos-jr", on(10)),))
    made = row(facts)
    assert {(r.code, r.since) for r in made.reasons} == {
        ("PROM_OVERDUE", at(14, 0)),
        ("PLAN_OF_CARE_ENDING", at(20, 0)),
        ("PROGRESS_REPORT_DUE", at(8, 0)),
    }
    assert row(facts, at(13)).reasons != made.reasons
    reported = replace(plan, last_progress_report_on=on(8), ends_on=on(60))
    assert row(patient(plan_of_care=reported)).reasons == ()


def test_progression_is_a_suggestion_for_review() -> None:
    made = tuple(session(day, 1, exercises=(exercise((12, 12, 12)),), hour=12) for day in (16, 18))
    (reason,) = row(patient(sessions=made)).reasons
    assert reason.code == "PROGRESSION_MET"
    assert "for clinician review" in reason.text


def test_fields_of_a_row() -> None:
    facts = patient(
        sessions=sessions([(day, 3) for day in range(2, 18, 2)]),
        journal=(journal(19, 5.0), journal(18)),
        due_on=(*DUE, on(40)),
        measurements=rom([(2, 80.0), (8, 90.0), (16, 100.0)]),
        scores_due=(ScoreDue("koos-jr", on(21)),),
    )
    made = row(facts, at(19, 20))
    assert made.last_session_at == at(16)
    assert made.adherence_percent_28d == 100.0  # the 18th still has its grace day
    assert made.pain_now == 5.0
    assert made.pain_series == (3.0,) * 8 + (5.0,)
    assert made.pain_trend == "steady"
    assert made.rom_trend == "improving"
    assert made.open_alerts == 0
    assert made.next_due == at(20, 0)
    later = row(facts, at(20, 12))
    assert later.adherence_percent_28d == 88.9  # 8 of 9
    assert row(patient()).pain_trend is None
    assert row(patient()).adherence_percent_28d is None


def test_a_series_shows_the_last_fourteen_ratings() -> None:
    made = row(patient(sessions=sessions([(day, day % 5) for day in range(1, 20)])))
    assert len(made.pain_series) == 14
    assert made.pain_series[-1] == made.pain_now == 4.0


def test_after_the_end_of_care_alerts_settle() -> None:
    facts = replace(MISSING, episode=Episode(on(1), ended_on=on(21)))
    opened = refresh(facts, (), at(20), RULES)
    assert opened.row.tier is Tier.DECLINING
    ended = refresh(facts, opened.alerts, at(22), RULES)
    assert refresh(facts, ended.alerts, at(23), RULES).row.tier is Tier.STABLE


def test_explanation_shows_every_rule_with_its_row_and_limits() -> None:
    facts = replace(SEVERE, due_on=DUE)
    refreshed = refresh(facts, (), at(20), RULES)
    told = explain(facts, refreshed.alerts, at(20), RULES)
    assert told.row == refreshed.row
    by_code = {rule.code: rule for rule in told.rules}
    severe = by_code["PAIN_SEVERE"]
    assert severe.state == "met"
    assert severe.inputs == {"pain": 9, "day": "2026-03-19"}
    assert severe.limits == {"at_least": 8, "within_days": 2}
    assert severe.rule_version == "PAIN_SEVERE@2024-01-01"
    assert severe.source
    assert by_code["PAIN_INCREASE"].state == "not judged"
    assert by_code["GOAL_NEAR"].state == "not met"
    in_force = RULES.in_force(on(20)).rows.values()
    alert_codes = {r.code for r in in_force if r.severity} - {"REGRESSION_MET"}
    assert alert_codes | {"ADHERENCE", "REVIEW_WAITING", "ROM_TREND"} <= set(by_code)
    for reason in told.row.reasons:
        assert by_code[reason.code].text == reason.text


def test_every_reason_is_explained_by_its_inputs_its_row_and_its_day() -> None:
    plan = PlanOfCare(on(25), tuple(on(d) for d in range(1, 10)), None)
    due = (ScoreDue("odi", on(10)), ScoreDue("odi", on(24)))
    facts = replace(WAITING, due_on=DUE, scores_due=due, plan_of_care=plan)
    told = explain(facts, (), at(20), RULES)
    by_code = {rule.code: rule for rule in told.rules if rule.state == "met"}
    tasks = {"REVIEW_WAITING", "PROM_OVERDUE", "PLAN_OF_CARE_ENDING", "PROGRESS_REPORT_DUE"}
    assert {reason.code for reason in told.row.reasons} == tasks
    for reason in told.row.reasons:
        rule = by_code[reason.code]
        assert (rule.text, rule.since) == (reason.text, reason.since)
        assert rule.rule_version == f"{rule.code}@{rule.effective_from.isoformat()}"
    assert by_code["PROM_OVERDUE"].inputs == {
        "instrument": "odi",
        "due_on": "2026-03-10",
        "window_days": 3,
        "window_closes_on": "2026-03-13",
    }
    assert by_code["PLAN_OF_CARE_ENDING"].inputs == {
        "ends_on": "2026-03-25",
        "listed_from": "2026-03-11",
    }
    assert by_code["PROGRESS_REPORT_DUE"].inputs["treatment_days"] == 9
    assert by_code["PROGRESS_REPORT_DUE"].inputs["listed_from_treatment_days"] == 8
    assert by_code["REVIEW_WAITING"].inputs["confidence"] == WAITING.reviews[0].confidence
    waiting = [r for r in told.rules if r.code == "PROM_OVERDUE" and r.state == "not met"]
    assert [rule.inputs["due_on"] for rule in waiting] == ["2026-03-24"]


def test_a_task_that_is_not_due_says_from_when_on_it_will_be() -> None:
    plan = PlanOfCare(on(31) + timedelta(days=20), (on(2),), on(1))
    told = explain(patient(plan_of_care=plan), (), at(20), RULES)
    by_code = {rule.code: rule for rule in told.rules}
    assert by_code["PLAN_OF_CARE_ENDING"].state == "not met"
    assert by_code["PLAN_OF_CARE_ENDING"].inputs["listed_from"] == "2026-04-06"
    assert by_code["PROGRESS_REPORT_DUE"].inputs["last_report_on"] == "2026-03-01"


def test_an_alert_that_outlives_its_rule_says_until_when() -> None:
    opened = refresh(SEVERE, (), at(20), RULES).alerts
    later = replace(SEVERE, sessions=sessions([(19, 9), (21, 2)]))
    standing = refresh(later, opened, at(22), RULES).alerts
    told = explain(later, standing, at(22), RULES)
    first = told.rules[0]
    assert (first.code, first.state) == ("PAIN_SEVERE", "stands")
    assert first.text == standing[0].text
    assert first.inputs["not_met_since"] == "2026-03-22T12:00:00+00:00"
    assert str(first.inputs["closes_at"]) > "2026-03-22"
