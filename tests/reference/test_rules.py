"""Rule rows are dated; a clinic's rows stand over them; mistakes are named."""

from __future__ import annotations

from datetime import date

import pytest

from rehabctl.clinic.alert_rules import ALERT_RULES
from rehabctl.domain.errors import NotFoundError, RehabctlError, UsageError
from rehabctl.domain.facts import AlertSeverity
from rehabctl.reference.recovery_curves import load_recovery_curves, recovery_curve
from rehabctl.reference.rules import Step, load_rules

DAY = date(2026, 3, 20)


def clinic(text: str) -> str:
    return f'[[rule]]\ncode = "PAIN_SEVERE"\nsource = "policy"\n{text}'


def test_every_row_has_a_source_a_grade_and_a_date() -> None:
    rows = load_rules().rows()
    assert len(rows) > 35
    for row in rows:
        assert row.source
        assert row.grade in {"consensus", "source", "secondary"}
        assert row.origin == "rehabctl"
        assert row.version == f"{row.code}@{row.effective_from.isoformat()}"


def test_every_alert_rule_has_a_row_with_a_severity_and_a_group() -> None:
    in_force = load_rules().in_force(DAY)
    for rule in ALERT_RULES:
        assert in_force[rule.code].severity is not None
        assert in_force[rule.code].group


def test_a_day_without_a_row_is_an_error_that_names_the_rule() -> None:
    with pytest.raises(RehabctlError, match=r"has no row for 2019-05-01\. Choose a later day"):
        load_rules().in_force(date(2019, 5, 1))


def test_a_clinics_row_holds_from_its_day_and_keeps_what_it_does_not_name() -> None:
    table = load_rules(clinic("effective_from = 2026-03-20\nlimits = { at_least = 7 }"), "policy")
    before, after = table.in_force(date(2026, 3, 19)), table.in_force(DAY)
    assert before["PAIN_SEVERE"].limits["at_least"] == 8
    assert before.valid_until == DAY
    assert after["PAIN_SEVERE"].limits == {"at_least": 7, "within_days": 2}
    assert after["PAIN_SEVERE"].severity is AlertSeverity.HIGH
    assert after["PAIN_SEVERE"].version == "PAIN_SEVERE@2026-03-20+policy"
    assert after["PAIN_SEVERE"].grade == "clinic"
    assert after["MISSED"] == before["MISSED"]
    assert after.valid_until is None


def test_a_clinic_can_switch_a_rule_off() -> None:
    table = load_rules(clinic("effective_from = 2026-03-20\nenabled = false"))
    assert not table.in_force(DAY)["PAIN_SEVERE"].enabled


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "is not TOML"),
        (clinic(""), "effective_from is missing"),
        (
            clinic("effective_from = 2026-03-20\nlimits = { at_lest = 7 }"),
            "unknown limit 'at_lest'",
        ),
        (clinic('effective_from = 2026-03-20\nlimits = { at_least = "7" }'), "needs a number"),
        (clinic('effective_from = 2026-03-20\nseverity = "bad"'), "known: info, medium, high"),
        (clinic('effective_from = 2026-03-20\ntext = "{score}"'), "text names 'score'"),
        (clinic('effective_from = 2026-03-20\nseverty = "high"'), "unknown key 'severty'"),
        (
            clinic("effective_from = 2026-03-20").replace("VERE", "VER"),
            "Did you mean 'PAIN_SEVERE'",
        ),
        (clinic("effective_from = 2026-03-20\n") * 2, "the same code and date again"),
        ('[[rule]]\ncode = "MISSED"\neffective_from = 2026-03-20', "source is missing"),
        (
            clinic("effective_from = 2026-03-20\nenabled = false").replace(
                "PAIN_SEVERE", "RED_FLAG"
            ),
            "red flags stay on",
        ),
        (
            clinic('effective_from = 2026-03-20\nseverity = "info"').replace(
                "PAIN_SEVERE", "RED_FLAG"
            ),
            "red flags stay on",
        ),
    ],
)
def test_a_wrong_clinic_file_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        load_rules(text, "rules.toml")
    assert "rules.toml" in str(caught.value)
    assert message.lower() in str(caught.value).lower()


@pytest.mark.parametrize(
    ("op", "value", "expected"),
    [("<", 1.0, False), ("<=", 1.0, True), (">", 1.0, False), (">=", 1.0, True), ("<", 0.9, True)],
)
def test_steps_compare(op: str, value: float, expected: bool) -> None:
    assert Step(op, 1.0, 1).holds(value) is expected


def test_every_curve_names_its_sources() -> None:
    curves = load_recovery_curves()
    assert len({curve.key for curve in curves}) == len(curves)
    for curve in curves:
        assert curve.sources
        for source in curve.sources:
            assert source.name
            assert source.patients > 0
            assert list(source.points) == sorted(source.points)
    assert not [c for c in curves if c.condition in {"ankle", "meniscus", "frozen shoulder"}]


def test_an_unknown_curve_is_named_with_its_neighbours() -> None:
    with pytest.raises(NotFoundError, match="tkr-knee-flexion"):
        recovery_curve("tkr-knee-flex")
