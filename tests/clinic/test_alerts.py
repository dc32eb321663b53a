"""Each alert rule fires where the table says so, and says why with its numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

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
    surgery,
    symmetry,
)

from rehabctl.clinic.alerts import evaluate
from rehabctl.clinic.verdict import AlertFinding
from rehabctl.domain.facts import (
    AlertSeverity,
    Episode,
    Extreme,
    Goal,
    Hold,
    PatientFacts,
    ScoreFact,
)


def codes(facts: PatientFacts, day: int) -> list[str]:
    return [finding.code for finding in evaluate(facts, at(day, 23), RULES)]


def only(facts: PatientFacts, day: int) -> AlertFinding:
    (finding,) = evaluate(facts, at(day, 23), RULES)
    return finding


BEFORE = [(1, 3), (3, 3), (5, 4)]


@pytest.mark.parametrize(
    ("recent", "severity"),
    [
        ([(15, 5), (17, 6), (19, 6)], AlertSeverity.MEDIUM),  # 5.67 - 3.33 = 2.33
        ([(15, 4), (17, 5), (19, 5)], None),  # 1.33
        ([(17, 5), (19, 6)], AlertSeverity.MEDIUM),  # two values are enough
        ([(19, 6)], None),  # one is not
        ([(13, 9), (15, 3), (17, 3), (19, 4)], None),  # only the last three count
        ([(15, 6), (17, 7), (19, 6)], AlertSeverity.HIGH),  # 3.00, exactly
    ],
)
def test_pain_increase(recent: list[tuple[int, float]], severity: AlertSeverity | None) -> None:
    found = evaluate(patient(sessions=sessions([*BEFORE, *recent])), at(20), RULES)
    assert [f.severity for f in found if f.code == "PAIN_INCREASE"] == (
        [severity] if severity else []
    )


def test_pain_increase_names_its_numbers_days_and_limit() -> None:
    finding = only(patient(sessions=sessions([*BEFORE, (15, 5), (17, 6), (19, 6)])), 20)
    assert finding.text == (
        "Pain up by 2.3: 5.7 over the last 3 sessions, "
        "3.3 over the 3 of 2026-03-01 to 2026-03-05; limit 2.0"
    )
    assert finding.since == at(19)
    assert finding.rule_version == "PAIN_INCREASE@2024-01-01"


def test_pain_increase_of_exactly_the_limit_counts() -> None:
    facts = patient(sessions=sessions([(1, 1), (3, 1), (5, 2), (15, 3), (17, 3), (19, 4)]))
    assert codes(facts, 20) == ["PAIN_INCREASE"]  # 10/3 - 4/3, which floats miss by a hair


@pytest.mark.parametrize(("days_before", "expected"), [(10, []), (12, []), (13, ["PAIN_INCREASE"])])
def test_rebound_after_a_joint_replacement_needs_a_larger_rise(
    days_before: int, expected: list[str]
) -> None:
    facts = patient(
        sessions=sessions([*BEFORE, (15, 5), (17, 6), (19, 6)]),
        episode=replace(surgery(days_before, 20), started_on=on(-20)),
    )
    assert [c for c in codes(facts, 20) if c.startswith("PAIN")] == expected


@pytest.mark.parametrize(
    ("pain", "rated_on", "expected"),
    [(8, 19, True), (7, 19, False), (8, 18, True), (8, 17, False), (10, 20, True)],
)
def test_pain_severe(pain: float, rated_on: int, expected: bool) -> None:
    facts = patient(sessions=sessions([(rated_on, pain)]))
    assert ("PAIN_SEVERE" in codes(facts, 20)) is expected


def test_a_later_lower_rating_in_the_journal_counts_as_the_latest() -> None:
    facts = patient(sessions=sessions([(19, 9)]), journal=(journal(19, 4.0),))
    assert codes(facts, 20) == []
    assert codes(replace(facts, journal=(journal(19, 9.0),)), 20) == ["PAIN_SEVERE"]


def test_the_worst_rating_of_the_latest_session_counts() -> None:
    facts = patient(sessions=(session(19, 4, pain_during=9.0),))
    assert codes(facts, 20) == ["PAIN_SEVERE"]


@pytest.mark.parametrize(
    ("rises", "expected"),
    [
        ([(2, 5), (2, 5), (2, 3)], True),  # twice + 3
        ([(2, 5), (2, 4), (2, 3)], False),
        ([(5, 7), (5, 7), (5, 5)], True),  # twice 7 or more
        ([(2, 5), (5, 7), (2, 3)], True),
        ([(2, 5)], False),
    ],
)
def test_pain_with_exercise(rises: list[tuple[float, float]], expected: bool) -> None:
    made = tuple(
        session(14 + n, after, pain_before=before) for n, (before, after) in enumerate(rises)
    )
    assert ("PAIN_SESSION" in codes(patient(sessions=made), 17)) is expected


DUE = tuple(on(day) for day in (2, 4, 6, 9, 11))
DONE = (session(2), session(5))


@pytest.mark.parametrize(
    ("day", "expected"), [(8, None), (10, None), (11, "2 scheduled"), (13, "3 scheduled")]
)
def test_missed_sessions_with_grace(day: int, expected: str | None) -> None:
    found = evaluate(patient(due_on=DUE, sessions=DONE), at(day), RULES)
    missed = [f for f in found if f.code == "MISSED"]
    if expected is None:
        assert missed == []
    else:
        assert missed[0].text.startswith(f"{expected} sessions in a row not done")
        assert "first due 2026-03-06" in missed[0].text
        assert missed[0].since == at(11, 0)


def test_four_missed_are_high_and_a_completed_session_ends_the_run() -> None:
    facts = patient(due_on=tuple(on(d) for d in (2, 4, 6, 9)), sessions=(session(1),))
    assert only(facts, 11).severity is AlertSeverity.HIGH
    assert codes(replace(facts, sessions=(session(1), session(10))), 11) == []


def test_an_unfinished_session_does_not_count_as_done() -> None:
    facts = patient(due_on=DUE, sessions=(session(2), session(9, completed=False)))
    assert codes(facts, 11) == ["MISSED"]


def test_days_on_hold_are_not_missed() -> None:
    facts = patient(due_on=DUE, sessions=DONE, holds=(Hold(on(6), on(9)),))
    assert codes(facts, 11) == []


def test_after_the_end_of_care_nothing_is_missed() -> None:
    facts = patient(due_on=DUE, sessions=DONE, episode=Episode(on(1), ended_on=on(10)))
    assert codes(facts, 10) == []
    assert codes(facts, 12) == []


def test_silence_is_named_with_its_last_day() -> None:
    facts = patient(due_on=(on(2), on(20)), sessions=(session(2),))
    assert codes(facts, 11) == []
    assert codes(facts, 19) == []  # nothing was scheduled since
    finding = only(facts, 20)
    assert finding.text == "Nothing recorded since 2026-03-02; limit 10 days"
    assert finding.since == at(20, 0)
    with_measurement = replace(facts, measurements=rom([(15, 90.0)]))
    assert codes(with_measurement, 20) == []


@pytest.mark.parametrize(
    ("values", "uncertainty", "expected"),
    [
        ([(1, 112), (6, 115), (16, 104), (19, 105)], 5.0, True),
        ([(1, 112), (6, 115), (16, 104), (19, 106)], 5.0, False),
        ([(1, 112), (6, 115), (19, 105)], 5.0, False),  # one recent value
        ([(16, 104), (19, 105)], 5.0, False),  # nothing before
        ([(1, 112), (6, 115), (16, 104), (19, 105)], 9.0, False),  # under its detectable change
        ([(1, 112), (6, 115), (16, 100), (19, 102)], 9.0, True),  # 13 > 12.7
        ([(1, 112), (6, 115), (16, 104), (19, 105)], None, True),
    ],
)
def test_rom_decline(
    values: list[tuple[int, float]], uncertainty: float | None, expected: bool
) -> None:
    facts = patient(measurements=rom(values, uncertainty_deg=uncertainty))
    assert ("ROM_DECLINE" in codes(facts, 20)) is expected


def test_values_of_two_methods_are_never_compared() -> None:
    old = rom([(1, 112), (6, 115)], method="camera/model-1/correction-1")
    new = rom([(16, 100), (19, 101)], method="camera/model-1/correction-2")
    assert codes(patient(measurements=(*old, *new)), 20) == []
    lower = rom([(9, 112), (16, 100), (19, 101)], method="camera/model-1/correction-2")
    assert codes(patient(measurements=(*old, *lower)), 20) == ["ROM_DECLINE"]


def test_the_least_angle_declines_upwards() -> None:
    values = [(1, 2.0), (6, 3.0), (16, 14.0), (19, 13.0)]
    finding = only(patient(measurements=rom(values, extreme=Extreme.MIN)), 20)
    assert finding.key == "knee_flexion:left:min"
    assert codes(patient(measurements=rom(values, extreme=Extreme.MAX)), 20) == []


PROJECTED = [
    ([(12, 74), (16, 76), (20, 79), (24, 80)], "85.4"),
    ([(12, 80), (16, 86), (20, 92), (24, 97)], None),  # 111.2
    ([(12, 78), (17, 84), (21, 55), (24, 90)], None),  # 99.6: one outlier moves nothing
    ([(12, 80), (16, 86)], None),  # too few
    ([(7, 70), (12, 74), (16, 76), (20, 79), (24, 80)], "85.4"),  # day 7 is too early
]


@pytest.mark.parametrize(("points", "expected"), PROJECTED)
def test_flexion_projection(points: list[tuple[int, float]], expected: str | None) -> None:
    facts = patient(episode=surgery(24, 24), measurements=rom(points))
    found = [f for f in evaluate(facts, at(24), RULES) if f.code == "TKR_FLEX_PROJECTION"]
    assert [expected in f.text for f in found if expected] == ([True] if expected else [])
    assert bool(found) is (expected is not None)


@pytest.mark.parametrize(
    ("condition", "side", "day"), [("ACL", "left", 24), ("TKR", "right", 24), ("TKR", "left", 36)]
)
def test_projection_is_for_the_operated_knee_in_its_days(
    condition: str, side: str, day: int
) -> None:
    episode = replace(surgery(0, 0, condition, side))
    facts = patient(episode=episode, measurements=rom(PROJECTED[0][0]))
    assert "TKR_FLEX_PROJECTION" not in codes(facts, day)


@pytest.mark.parametrize(
    ("deficits", "day", "expected"),
    [
        ([(30, 8), (33, 7)], 34, True),
        ([(30, 8), (33, 5)], 34, False),
        ([(20, 8), (33, 7)], 34, False),  # day 20 is before the end of week 4
    ],
)
def test_extension_deficit(deficits: list[tuple[int, float]], day: int, expected: bool) -> None:
    facts = patient(episode=surgery(0, 0), measurements=rom(deficits, extreme=Extreme.MIN))
    assert ("EXT_DEFICIT" in codes(facts, day)) is expected


@pytest.mark.parametrize(
    ("indices", "weeks", "expected"),
    [
        ([85, 88, 91, 87], 7, True),
        ([85, 88, 91, 87], 6, False),
        ([92, 88, 91, 93], 9, False),
        ([85, 88, 87], 9, False),
    ],
)
def test_asymmetry_after_week_six(indices: list[float], weeks: int, expected: bool) -> None:
    tests = symmetry([(n + 1, index, 100.0) for n, index in enumerate(indices)])
    facts = patient(episode=surgery(7 * weeks, 20, "ACL"), symmetry=tests)
    assert ("ASYMMETRY_PERSISTENT" in codes(facts, 20)) is expected


def test_a_difference_within_the_methods_own_noise_is_no_asymmetry() -> None:
    tests = symmetry([(n, 85.0, 100.0) for n in range(1, 5)], detectable=False)
    assert codes(patient(episode=surgery(60, 20, "ACL"), symmetry=tests), 20) == []


def test_the_stronger_involved_side_is_no_asymmetry() -> None:
    tests = symmetry([(n, 100.0, 85.0) for n in range(1, 5)])
    assert codes(patient(episode=surgery(60, 20, "ACL", "left"), symmetry=tests), 20) == []
    assert codes(patient(episode=surgery(60, 20, "ACL", "right"), symmetry=tests), 20) == [
        "ASYMMETRY_PERSISTENT"
    ]


def test_every_red_flag_answer_is_its_own_alert() -> None:
    facts = patient(journal=(journal(10, None, "calf_swelling"), journal(11, 2.0, "fall")))
    found = evaluate(facts, at(12), RULES)
    assert [(f.code, f.key) for f in found] == [("RED_FLAG", "calf_swelling"), ("RED_FLAG", "fall")]
    assert found[0].severity is AlertSeverity.RED_FLAG
    assert found[0].text == "Red-flag answer: one-sided calf swelling or pain (2026-03-10)"


def scores(values: list[float], *, higher: bool = True) -> tuple[ScoreFact, ...]:
    return tuple(
        ScoreFact(f"q{n}", at(1 + 6 * n), at(1 + 6 * n), "koos-jr", "total", value, higher, 14.0)
        for n, value in enumerate(values)
    )


@pytest.mark.parametrize(
    ("values", "higher", "severity"),
    [
        ([68.0, 54.0], True, AlertSeverity.MEDIUM),
        ([68.0, 54.5], True, None),
        ([68.0, 54.0, 50.0], True, AlertSeverity.HIGH),  # twice in a row
        ([54.0, 68.0], False, AlertSeverity.MEDIUM),
        ([68.0], True, None),
    ],
)
def test_worse_questionnaire(
    values: list[float], higher: bool, severity: AlertSeverity | None
) -> None:
    found = evaluate(patient(scores=scores(values, higher=higher)), at(20), RULES)
    assert [f.severity for f in found] == ([severity] if severity else [])


def test_low_form_in_three_sessions() -> None:
    made = tuple(
        session(day, 1, exercises=(exercise((8, 8), form_score=form),))
        for day, form in ((10, 55), (12, 58), (14, 59))
    )
    assert codes(patient(sessions=made), 15) == ["FORM_LOW"]
    better = (*made[:2], session(14, 1, exercises=(exercise((8, 8), form_score=60),)))
    assert codes(patient(sessions=better), 15) == []


@pytest.mark.parametrize(("latest", "expected"), [(106.0, False), (107.0, True), (110.0, False)])
def test_a_goal_nearly_met(latest: float, expected: bool) -> None:
    goal = Goal("g", at(1), "knee_flexion", 80.0, 110.0, "left", "deg")
    facts = patient(goals=(goal,), measurements=rom([(10, latest)]))
    assert ("GOAL_NEAR" in codes(facts, 12)) is expected
    other_side = replace(facts, measurements=rom([(10, 107.0)], side="right"))
    assert codes(other_side, 12) == []


def test_a_goal_of_less_pain_goes_by_the_mean_of_three_ratings() -> None:
    goal = Goal("g", at(1), "pain", 7.0, 2.0)
    facts = patient(goals=(goal,), sessions=sessions([(10, 3), (11, 2), (12, 2)]))
    assert "GOAL_NEAR" in codes(facts, 13)
    assert "GOAL_NEAR" not in codes(patient(goals=(goal,), sessions=sessions([(12, 2)])), 13)


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        (review(10), False),
        (review(10, confidence=0.59), True),
        (review(10, status="limited"), True),
        (review(10, confidence=0.2, reviewed_at=at(11)), False),
    ],
)
def test_low_confidence_recordings(item: object, expected: bool) -> None:
    assert ("LOW_CONFIDENCE" in codes(patient(reviews=(item,)), 12)) is expected


def test_far_under_the_chosen_recovery_curve() -> None:
    low = rom([(26, 80.0), (30, 82.0)])  # 98.9 and 101.0 expected on days 26 and 30
    facts = patient(episode=surgery(0, 0), measurements=low)
    assert "ROM_BELOW_CURVE" in codes(facts, 31)
    near_in_time = rom([(28, 80.0), (30, 82.0)])
    assert "ROM_BELOW_CURVE" not in codes(replace(facts, measurements=near_in_time), 31)


def test_findings_do_not_depend_on_the_order_of_the_facts() -> None:
    facts = patient(
        sessions=sessions([*BEFORE, (15, 5), (17, 6), (19, 9)]),
        measurements=rom([(1, 112), (6, 115), (16, 104), (19, 105)]),
        due_on=DUE,
        journal=(journal(10, 5.0, "fall"), journal(4)),
    )
    turned = replace(
        facts,
        sessions=facts.sessions[::-1],
        measurements=facts.measurements[::-1],
        due_on=facts.due_on[::-1],
        journal=facts.journal[::-1],
    )
    assert evaluate(facts, at(20), RULES) == evaluate(turned, at(20), RULES)
    assert len(evaluate(facts, at(20), RULES)) >= 4


def test_days_are_days_of_the_clinic() -> None:
    # 2026-03-19 03:00 UTC is still the 18th in Chicago: three days before the 21st, too old there
    facts = patient(sessions=(session(19, 9, hour=3),), time_zone="America/Chicago")
    moment = at(21, 12)
    assert evaluate(facts, moment, RULES) == []
    in_utc = replace(facts, time_zone="UTC")
    assert [f.code for f in evaluate(in_utc, moment, RULES)] == ["PAIN_SEVERE"]


def test_events_of_a_clock_that_runs_ahead_wait_for_their_day() -> None:
    facts = patient(sessions=(session(19, 9),))
    assert evaluate(facts, at(18), RULES) == []
    assert evaluate(facts, at(18) + timedelta(days=1), RULES) != []
