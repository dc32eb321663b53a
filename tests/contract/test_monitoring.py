"""Monitoring evidence on both engines: local days, hashed records, two clocks, and never twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from rehabctl.domain.episode import Episode
from rehabctl.domain.errors import FindingsError, NotFoundError, UsageError
from rehabctl.domain.monitoring import MonitoringClaim, PeriodKind
from rehabctl.domain.patient import PatientRef
from rehabctl.domain.session import ExerciseSession, SessionSource
from rehabctl.domain.visit import Visit, VisitKind, VisitStatus
from rehabctl.services import remote_monitoring
from rehabctl.store.errors import ConflictError
from rehabctl.store.store import Store
from tests.contract.conftest import at
from tests.contract.records import add_patient, assessment, recording

APRIL_10 = datetime(2026, 4, 10, 15, 0, tzinfo=UTC)


def enrolled(store: Store, mrn: str = "1042", *, zone: str = "America/Denver") -> PatientRef:
    with store.transaction() as uow:
        ref = add_patient(uow, mrn, time_zone=zone)
        uow.episodes.add([Episode(uow.new_id(), ref, date(2026, 2, 1))])
    return ref


def session_at(store: Store, ref: PatientRef, moment: datetime, **changes: object) -> None:
    values = {
        "source": SessionSource.PATIENT_DEVICE,
        "entered_by": "patient",
        "started_at": moment,
        "completed_at": moment + timedelta(minutes=20),
    } | changes
    with store.transaction() as uow:
        external = f"device-{moment.isoformat()}"
        made = ExerciseSession(uow.new_id(), ref, external_id=external, **values)  # pyright: ignore[reportArgumentType]
        assert uow.sessions.add(made)


def sixteen_days(store: Store, ref: PatientRef, first: date = date(2026, 3, 1)) -> None:
    for number in range(16):
        day = first + timedelta(days=number)
        session_at(store, ref, datetime(day.year, day.month, day.day, 18, tzinfo=UTC))


def attested(store: Store, system: str = "musculoskeletal") -> None:
    remote_monitoring.attest(
        store, device="Knee app", device_version="3", system=system, basis="Class II",
        attested_by="J. Lee, PT", valid_from=date(2026, 1, 1),
    )  # fmt: skip


def statuses(store: Store, mrn: str = "1042", month: str = "2026-03") -> dict[str, str]:
    found = remote_monitoring.evidence(store, mrn, month)
    return {f"{one.kind.value} {one.code}": one.status for one in found.supports}


def test_supply_is_blocked_until_a_person_attests_the_device(store: Store) -> None:
    ref = enrolled(store)
    sixteen_days(store, ref)
    later = at(store, APRIL_10)
    blocked = "blocked: device attestation"
    assert statuses(later) == {
        "supply 98977": blocked, "setup 98975": blocked, "supply None": "open",
        "management None": "not supported",
    }  # fmt: skip
    attested(later)
    assert statuses(later)["supply 98977"] == "supported"
    assert statuses(later)["setup 98975"] == "supported"
    with pytest.raises(UsageError, match="attestation of this day"):
        attested(later)


def test_the_system_of_the_attested_device_chooses_the_codes(store: Store) -> None:
    sixteen_days(store, enrolled(store))
    later = at(store, APRIL_10)
    attested(later, "respiratory")
    assert statuses(later)["supply 98976"] == "supported"


def test_days_are_those_of_the_patients_zone(store: Store) -> None:
    """23:30 on 31 March in Denver is 1 April in UTC; the day on which clocks change is one day."""
    ref = enrolled(store)
    for moment in (
        datetime(2026, 3, 8, 8, 30, tzinfo=UTC),  # 01:30, before the clocks go forward
        datetime(2026, 3, 9, 5, 30, tzinfo=UTC),  # 23:30 of the same, short day
        datetime(2026, 4, 1, 5, 30, tzinfo=UTC),  # 23:30 of 31 March
    ):
        session_at(store, ref, moment)
    found = remote_monitoring.evidence(at(store, APRIL_10), "1042", "2026-03")
    assert [day.day for day in found.days] == [date(2026, 3, 8), date(2026, 3, 31)]
    assert len(found.days[0].records) == 2
    assert all(len(r.sha256) == 64 for day in found.days for r in day.records)


def test_only_what_devices_and_patients_recorded_makes_a_day(store: Store) -> None:
    ref = enrolled(store)
    session_at(store, ref, datetime(2026, 3, 2, 18, tzinfo=UTC), source=SessionSource.CLINIC)
    session_at(store, ref, datetime(2026, 3, 3, 18, tzinfo=UTC), completed_at=None)
    with store.transaction() as uow:
        uow.assessments.save(assessment(uow, ref, datetime(2026, 3, 4, 18, tzinfo=UTC)))
        refused = assessment(
            uow, ref, datetime(2026, 3, 5, 18, tzinfo=UTC), status="refused", input_sha256="f" * 64
        )
        uow.assessments.save(refused)
        uow.recordings.add(recording(uow, ref))  # a video alone measures nothing
    session_at(store, ref, datetime(2026, 5, 1, 18, tzinfo=UTC))  # a clock that runs ahead
    found = remote_monitoring.evidence(at(store, APRIL_10), "1042", "2026-03")
    assert [day.day for day in found.days] == [date(2026, 3, 4)]
    (record,) = found.days[0].records
    assert (record.kind.value, record.source) == ("movement_assessment", "camera")


def test_minutes_count_once_and_in_their_own_month(store: Store) -> None:
    ref = enrolled(store)
    later = at(store, APRIL_10)
    across = datetime(2026, 4, 1, 5, 50, tzinfo=UTC)  # 23:50 on 31 March in Denver
    remote_monitoring.log(later, "1042", minutes=20, live_contact=False, at=across)
    with pytest.raises(UsageError, match="logged already"):
        remote_monitoring.log(
            later, "1042", minutes=5, live_contact=True, at=across + timedelta(minutes=19)
        )
    with pytest.raises(UsageError, match="not over"):
        remote_monitoring.log(later, "1042", minutes=5, live_contact=True, at=APRIL_10)
    start = datetime(2026, 3, 20, 16, 0, tzinfo=UTC)
    with store.transaction() as uow:
        uow.visits.add(
            Visit(
                uow.new_id(),
                ref,
                VisitKind.RTM_REVIEW,
                start,
                start + timedelta(minutes=30),
                uow.user.id,
                VisitStatus.COMPLETED,
                started_at=start,
                ended_at=start + timedelta(minutes=12, seconds=59),
                live_contact=True,
            )
        )
    march = remote_monitoring.evidence(later, "1042", "2026-03")
    april = remote_monitoring.evidence(later, "1042", "2026-04")
    assert (march.minutes, march.contact) == (22, True)
    assert (april.minutes, april.contact) == (10, False)
    assert statuses(later)["management 98980"] == "supported"
    assert {one.status for one in april.supports} == {"open"}


def test_a_period_is_claimed_once_and_late_records_change_nothing(store: Store) -> None:
    ref = enrolled(store)
    sixteen_days(store, ref)
    later = at(store, APRIL_10)
    attested(later)
    done = remote_monitoring.claim(later, "1042", "2026-03")
    assert {(one.kind, one.lines) for one in done.frozen} == {
        (PeriodKind.SUPPLY, (("98977", 1),)), (PeriodKind.SETUP, (("98975", 1),)),
    }  # fmt: skip
    (supplied,) = (one for one in done.frozen if one.kind is PeriodKind.SUPPLY)
    assert len(supplied.evidence["days"]) == 16
    with pytest.raises(FindingsError, match="nothing"):
        remote_monitoring.claim(later, "1042", "2026-03")
    assert remote_monitoring.evidence(later, "1042", "2026-03").notices == ()
    # a record of February arrives: the grid of windows stays where it was claimed
    session_at(later, ref, datetime(2026, 2, 20, 18, tzinfo=UTC))
    session_at(later, ref, datetime(2026, 3, 25, 18, tzinfo=UTC))
    found = remote_monitoring.evidence(later, "1042", "2026-03")
    (window,) = {one.period for one in found.supports if one.status == "claimed"} - {
        one.period for one in found.supports if one.kind is PeriodKind.SETUP
    }
    assert window == "2026-03-01"
    assert len(found.notices) == 2
    assert "records added since then: 1; 0 changed" in found.notices[0]
    with store.transaction() as uow:
        assert [one for one in uow.monitoring.frozen(ref.id) if one.id == supplied.id] == [supplied]


def test_the_patients_move_to_another_zone_is_said(store: Store) -> None:
    ref = enrolled(store)
    for number in range(16):
        session_at(store, ref, datetime(2026, 3, 2 + number, 5, 30, tzinfo=UTC))
    later = at(store, APRIL_10)
    attested(later)
    remote_monitoring.claim(later, "1042", "2026-03")
    with store.transaction() as uow:
        uow.connection.execute(text("UPDATE patient SET time_zone = 'Europe/Berlin'"))
    found = remote_monitoring.evidence(later, "1042", "2026-03")
    assert any("16 changed or went" in notice for notice in found.notices)
    assert {one.status for one in found.supports if one.code == "98977"} == {"claimed"}


def test_windows_that_overlap_cannot_be_stored(store: Store) -> None:
    ref = enrolled(store)

    def frozen(first: str) -> MonitoringClaim:
        return MonitoringClaim(
            uow.new_id(), ref, PeriodKind.SUPPLY, first,
            date.fromisoformat(first) + timedelta(days=29), (("98977", 1),), {"from": first},
            "0" * 64, uow.now, uow.user.id,
        )  # fmt: skip

    with store.transaction() as uow:
        uow.monitoring.freeze(frozen("2026-03-01"), ["rtm-day:p:2026-03-30"])
    with pytest.raises(ConflictError, match="billed already"), store.transaction() as uow:
        uow.monitoring.freeze(frozen("2026-03-30"), ["rtm-day:p:2026-03-30"])
    with pytest.raises(ConflictError, match="claimed already"), store.transaction() as uow:
        uow.monitoring.freeze(frozen("2026-03-01"), ["another"])
    with store.transaction() as uow:
        (kept,) = uow.monitoring.frozen(ref.id)
        uow.monitoring.release(kept.id)
        uow.monitoring.hold(ref, kept.id, ["rtm-day:p:2026-03-30"])


def test_discharge_in_the_window_settles_it(store: Store) -> None:
    ref = enrolled(store)
    sixteen_days(store, ref, date(2026, 3, 20))
    later = at(store, datetime(2026, 4, 2, 15, tzinfo=UTC))
    attested(later)
    assert statuses(later)["supply None"] == "open"
    with store.transaction() as uow:
        uow.connection.execute(
            text("UPDATE episode SET status = 'closed', ended_on = '2026-03-31'")
        )
    assert statuses(later)["supply 98985"] == "supported"


def test_bad_questions_have_clear_answers(store: Store) -> None:
    enrolled(store)
    for month in ("2026-13", "March", "2026-3", "2026-03-01"):
        with pytest.raises(UsageError, match="is not a month"):
            remote_monitoring.evidence(store, "1042", month)
    with pytest.raises(NotFoundError, match="no course of care"):
        remote_monitoring.evidence(store, "1042", "2026-01")
    with pytest.raises(UsageError, match="blank"):
        remote_monitoring.attest(
            store, device="x", device_version="1", system="musculoskeletal", basis=" ",
            attested_by="J", valid_from=date(2026, 1, 1),
        )  # fmt: skip


def test_a_window_is_claimed_when_it_is_over(store: Store) -> None:
    sixteen_days(store, enrolled(store))
    last_day = at(store, datetime(2026, 3, 30, 15, tzinfo=UTC))
    attested(last_day)
    assert statuses(last_day)["supply 98977"] == "supported"
    with pytest.raises(FindingsError, match="nothing"):
        remote_monitoring.claim(last_day, "1042", "2026-03")
    day_after = at(store, datetime(2026, 3, 31, 15, tzinfo=UTC))
    assert len(remote_monitoring.claim(day_after, "1042", "2026-03").frozen) == 2


def test_a_window_into_the_next_year_keeps_the_rule_of_its_first_day(store: Store) -> None:
    ref = enrolled(store)
    sixteen_days(store, ref, date(2026, 12, 10))
    later = at(store, datetime(2027, 1, 12, 15, tzinfo=UTC))
    attested(later)
    done = remote_monitoring.claim(later, "1042", "2026-12")
    assert {(one.lines[0][0], one.service_on) for one in done.frozen} == {
        ("98977", date(2027, 1, 8)), ("98975", date(2027, 1, 8)),
    }  # fmt: skip


def test_an_attestation_of_another_device_releases_nothing(store: Store) -> None:
    sixteen_days(store, enrolled(store))
    later = at(store, APRIL_10)
    attested(later)
    remote_monitoring.attest(
        later, device="Spiro", device_version="1", system="respiratory", basis="Class II",
        attested_by="J. Lee, PT", valid_from=date(2026, 3, 15),
    )  # fmt: skip
    assert statuses(later)["supply 98976"] == "blocked: device attestation"
