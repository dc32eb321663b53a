"""The ladder of missed sessions, and the hours in which nobody is disturbed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from patient_facts import RULES, at, on, patient, session

from rehabctl.clinic.escalation import (
    CallOutcome,
    Escalation,
    LadderFacts,
    escalation,
    first_missed_due_at,
)
from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.quiet_hours import QuietHours

IN_FORCE = RULES.in_force(on(20))
QUIET = QuietHours.of(IN_FORCE["QUIET_HOURS"])
DUE = at(2, 0)
CHICAGO = ZoneInfo("America/Chicago")


def step(hours: float, **facts: object) -> Escalation:
    made = LadderFacts(DUE, **facts)  # type: ignore[arg-type]
    now = DUE + timedelta(hours=hours)
    return escalation(made, now, ZoneInfo("UTC"), IN_FORCE["ESCALATION"], QUIET)


@pytest.mark.parametrize(
    ("hours", "facts", "level"),
    [
        (-1, {}, "NONE"),
        (1, {}, "L1_PUSH"),
        (47, {}, "L1_PUSH"),
        (48, {}, "L2_STAFF_CALL"),
        (95, {}, "L2_STAFF_CALL"),
        (96, {}, "L3_THERAPIST_REVIEW"),
        (0, {"red_flag": True}, "L3_THERAPIST_NOW"),
        (50, {"call_outcome": CallOutcome.CONCERN}, "L3_THERAPIST_REVIEW"),
        (50, {"call_outcome": CallOutcome.UNREACHED_TWICE}, "L3_THERAPIST_REVIEW"),
        (50, {"call_outcome": CallOutcome.REACHED}, "L2_STAFF_CALL"),
        (99, {"completed_at": DUE + timedelta(hours=98)}, "CLOSED"),
        (99, {"completed_at": DUE - timedelta(hours=1)}, "L3_THERAPIST_REVIEW"),  # before it
        (50, {"replied_at": DUE + timedelta(hours=49)}, "WAIT_REPLY"),
        (72, {"replied_at": DUE + timedelta(hours=49)}, "L2_STAFF_CALL"),
        (50, {"replied_at": DUE - timedelta(hours=1)}, "L2_STAFF_CALL"),
    ],
)
def test_ladder(hours: float, facts: dict[str, object], level: str) -> None:
    assert step(hours, **facts).level == level


@settings(deadline=None)
@given(st.floats(0, 200), st.booleans())
def test_the_step_holds_until_the_moment_it_names(hours: float, replied: bool) -> None:
    facts = {"replied_at": DUE} if replied else {}
    now = step(hours, **facts)
    if now.next_level_at is None:
        return
    left = (now.next_level_at - DUE).total_seconds() / 3600
    assert left > hours
    assert step(left - 0.001, **facts).level == now.level
    assert step(left, **facts).level != now.level


def test_messages_wait_for_the_morning_and_red_flags_do_not() -> None:
    assert step(1).act_at == at(2, 9)
    assert step(1).next_level_at == at(4, 0)
    assert step(48).act_at == at(4, 8)
    assert step(1, red_flag=True).act_at == at(2, 1)


def test_the_first_missed_session_was_due_at_the_end_of_its_day() -> None:
    facts = patient(
        due_on=tuple(on(d) for d in (2, 4, 6)), sessions=(session(2),), time_zone="America/Chicago"
    )
    view = PatientView.of(facts, at(9), RULES)
    assert first_missed_due_at(view) == datetime(2026, 3, 5, 6, tzinfo=UTC)
    assert first_missed_due_at(PatientView.of(facts, at(5), RULES)) is None


@pytest.mark.parametrize(
    ("local", "quiet"),
    [((20, 59), False), ((21, 0), True), ((23, 30), True), ((7, 59), True), ((8, 0), False)],
)
def test_quiet_hours_run_over_midnight(local: tuple[int, int], quiet: bool) -> None:
    moment = datetime(2026, 3, 20, *local, tzinfo=CHICAGO)
    assert QUIET.quiet(moment, CHICAGO) is quiet
    allowed = QUIET.next_allowed(moment, CHICAGO)
    assert (allowed == moment) is not quiet


def test_hours_within_one_day() -> None:
    siesta = QuietHours(13, 15, 9)
    noon = datetime(2026, 3, 20, 12, tzinfo=CHICAGO)
    assert not siesta.quiet(noon, CHICAGO)
    assert siesta.next_allowed(noon + timedelta(hours=2), CHICAGO) == noon + timedelta(hours=3)


@pytest.mark.parametrize(
    ("night", "expected"),
    [
        # clocks go forward at 2:00 on 8 March: 8:00 is one hour sooner in UTC
        (datetime(2026, 3, 8, 4, 30, tzinfo=UTC), datetime(2026, 3, 8, 13, 0, tzinfo=UTC)),
        (datetime(2026, 3, 7, 4, 30, tzinfo=UTC), datetime(2026, 3, 7, 14, 0, tzinfo=UTC)),
        # clocks go back at 2:00 on 1 November
        (datetime(2026, 11, 1, 3, 30, tzinfo=UTC), datetime(2026, 11, 1, 14, 0, tzinfo=UTC)),
    ],
)
def test_a_change_of_clocks_in_the_night(night: datetime, expected: datetime) -> None:
    assert QUIET.next_allowed(night, CHICAGO) == expected


SOME_ZONES = sorted(set(available_timezones()) & {
    "UTC", "America/Chicago", "America/St_Johns", "America/Havana", "Australia/Lord_Howe",
    "Asia/Kathmandu", "Pacific/Apia", "Africa/Casablanca", "Asia/Beirut", "Pacific/Kiritimati",
})  # fmt: skip


@settings(deadline=None)
@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2028, 1, 1)).map(lambda d: d.replace(tzinfo=UTC)),
    st.sampled_from(SOME_ZONES).map(ZoneInfo),
)
def test_what_is_allowed_is_never_quiet_nor_late(moment: datetime, zone: ZoneInfo) -> None:
    allowed = QUIET.next_allowed(moment, zone)
    assert moment <= allowed <= moment + timedelta(hours=13)
    assert not QUIET.quiet(allowed, zone)
    push = QUIET.next_push(moment, zone)
    assert moment <= push <= moment + timedelta(hours=26)
    assert not QUIET.quiet(push, zone)
    assert push.astimezone(zone).hour == 9
