"""A clinic of sixty patients over twelve weeks, from booking to signed reports."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pytest

from rehabctl.domain.clinic import Role, User
from rehabctl.domain.episode import Episode
from rehabctl.domain.errors import FindingsError
from rehabctl.domain.licence import LicenceKind, Profession, ProviderLicence
from rehabctl.domain.note import NoteKind
from rehabctl.domain.patient import Demographics, Patient, PatientRef, PatientStatus, Sex
from rehabctl.domain.schedule import Span
from rehabctl.domain.visit import Channel, VisitStatus
from rehabctl.reference.appointments import load_appointments
from rehabctl.reference.compact_states import load_compact
from rehabctl.reference.note_templates import load_note_template
from rehabctl.reference.rules import load_rules
from rehabctl.services import (
    note_drafts,
    notes,
    plans_of_care,
    rebooking,
    scheduling,
    triage,
    visits,
)
from rehabctl.services.scheduling import Booking, BookingRules
from rehabctl.services.settings import Paths, Settings
from rehabctl.services.wiring import open_store, upgrade_store
from rehabctl.store.store import Store

PATIENTS, WEEKS, THERAPISTS = 60, 12, 4
SEED = 60
REPORT_AFTER = 10
"""Treatment days after which a progress report is asked for."""
FIRST = datetime(2026, 2, 2, 15, tzinfo=UTC)
"""A Monday, 08:00 in Denver; the clocks change in the fifth week."""
TABLES = BookingRules(load_appointments(), load_compact(), load_rules())


def at(store: Store, moment: datetime) -> Store:
    return replace(store, clock=lambda: moment)


def people(store: Store) -> None:
    """Four therapists licensed in Colorado, the last one until the middle of the course only."""
    with store.transaction() as uow:
        for n in range(THERAPISTS):
            user = User(uow.new_id(), uow.clinic.id, f"t{n}", f"T{n}", Role.THERAPIST)
            uow.clinics.add_user(user)
            until = date(2026, 3, 15) if n == THERAPISTS - 1 else date(2027, 1, 1)
            uow.licences.save(
                ProviderLicence(
                    uow.new_id(), user.id, Profession.PT, LicenceKind.LICENCE, "CO", f"{n}",
                    date(2024, 1, 1), until,
                )
            )  # fmt: skip
        for n in range(PATIENTS):
            ref = PatientRef(uow.new_id(), uow.clinic.id, uow.user.id)
            who = Demographics(str(n), "A", "B", date(1960, 1, 1), Sex.UNKNOWN, "CO")
            uow.patients.add([Patient(ref, who, PatientStatus.ACTIVE, uow.now, uow.now)])
            uow.episodes.add([Episode(uow.new_id(), ref, date(2026, 2, 2), diagnosis="Knee")])


def book_all(store: Store) -> int:
    """Book a weekly series for everybody; return how many series were refused."""
    refused = 0
    for n in range(PATIENTS):
        start = FIRST + timedelta(days=n // THERAPISTS % 5, minutes=40 * (n // THERAPISTS // 5))
        booking = Booking(
            (str(n),), "treatment-tele", start, provider=f"t{n % THERAPISTS}",
            zone="America/Denver", every_weeks=1, count=WEEKS,
        )  # fmt: skip
        if n % THERAPISTS == THERAPISTS - 1:
            with pytest.raises(FindingsError, match="LIC_EXPIRED"):
                scheduling.book(store, TABLES, booking)
            refused += 1
            # somebody else takes them, later on the day
            booking = replace(booking, start_at=start + timedelta(hours=4), provider="t0")
        scheduling.book(store, TABLES, booking)
    return refused


def disturb(store: Store) -> Counter[str]:
    """Cancel and move some visits, by a fixed seed; what may not be moved stays where it is."""
    random, done = Random(SEED), Counter[str]()
    with store.transaction() as uow:
        planned = uow.visits.between(FIRST, FIRST + timedelta(weeks=WEEKS))
    for visit in planned:
        chance = random.random()
        later = visit.planned_start_at + timedelta(
            days=random.choice((0, 1, 2)), minutes=5 * random.randrange(-30, 30)
        )
        if chance < 0.05:
            rebooking.cancel(store, TABLES, str(visit.id), "ill")
            done["cancelled"] += 1
        elif chance < 0.15:
            try:
                rebooking.move(store, TABLES, str(visit.id), later)
                done["moved"] += 1
            except FindingsError as refused:
                done[str(refused).partition(":")[0]] += 1
    return done


def finish(store: Store, view: notes.NoteView) -> None:
    for finding in view.findings:
        view = notes.edit(store, str(view.note.id), "My words.", section=finding.section)
    notes.sign(store, TABLES.rules, str(view.note.id), "PT")


@pytest.mark.slow
def test_a_clinic_of_sixty_patients_over_twelve_weeks(tmp_path: Path) -> None:
    settings = Settings(
        paths=Paths(home=tmp_path, cache=tmp_path / "cache", key_dir=tmp_path / "key"),
        database_url=None,
        pose_model=None,
        key_file=None,
        key_command=None,
        fixed_now=FIRST - timedelta(days=3),
    )
    upgrade_store(settings)
    with open_store(settings) as store:
        with store.transaction() as uow:  # the clinic stands in Denver
            uow.connection.exec_driver_sql("UPDATE clinic SET time_zone = 'America/Denver'")
        store = replace(store, clinic=replace(store.clinic, time_zone="America/Denver"))
        people(store)
        assert book_all(store) == PATIENTS // THERAPISTS
        plan = {
            "diagnosis": "", "long_term_goals": ("stairs",), "treatment_type": "exercise",
            "amount": "once a day", "frequency": "1 a week", "duration_weeks": 16,
            "starts_on": date(2026, 2, 2),
        }  # fmt: skip
        for n in range(PATIENTS):
            day = at(store, FIRST)
            plans_of_care.write(day, TABLES.rules, str(n), plan, "PT")
        done = disturb(store)
        assert done["cancelled"] > 20
        assert done["moved"] > 20
        assert done["OVERLAP"] > 0
        with store.transaction() as uow:
            everything = uow.visits.between(FIRST, FIRST + timedelta(weeks=WEEKS + 1))
        assert len(everything) == PATIENTS * WEEKS
        planned = tuple(v for v in everything if v.status is VisitStatus.PLANNED)
        asked, held = run(store, planned)
        check(store, asked, held)


def run(
    store: Store, planned: tuple[visits.Visit, ...]
) -> tuple[Counter[str], dict[str, set[date]]]:
    """Hold every visit; sign a daily note of each tenth and each report that is asked for."""
    asked, held = Counter[str](), defaultdict[str, set[date]](set)
    template = {kind: load_note_template(kind) for kind in (NoteKind.DAILY, NoteKind.PROGRESS)}
    mrns: dict[object, str] = {}
    with store.transaction() as uow:
        mrns = {v.patient.id: uow.patients.by_id(v.patient.id).mrn for v in planned}
    for number, visit in enumerate(planned):
        start, visit_id = visit.planned_start_at, str(visit.id)
        visits.start(
            at(store, start), TABLES.compact, visit_id, channel=Channel.VIDEO, patient_state="CO"
        )
        visits.begin_block(at(store, start), visit_id, "97110", one_to_one=True)
        ended = at(store, start + timedelta(minutes=30))
        visits.stop(ended, TABLES.rules, visit_id)
        if number % 10 == 0:
            finish(
                ended,
                note_drafts.draft_of_visit(ended, TABLES.rules, template[NoteKind.DAILY], visit_id),
            )
        mrn = mrns[visit.patient.id]
        held[mrn].add(start.astimezone(ZoneInfo("America/Denver")).date())
        if len(held[mrn]) in (REPORT_AFTER - 1, REPORT_AFTER):
            view = plans_of_care.show(ended, mrn)
            is_due = "PROGRESS_REPORT" in {finding.code for finding in view.findings}
            assert is_due is (len(held[mrn]) == REPORT_AFTER and not asked[mrn])
            if is_due:
                asked[mrn] += 1
                report = note_drafts.draft_of_episode(
                    ended, TABLES.rules, template[NoteKind.PROGRESS], mrn
                )
                assert "10 treatment days" in report.note.body
                finish(ended, report)
    return asked, held


def check(store: Store, asked: Counter[str], days: dict[str, set[date]]) -> None:
    end = at(store, FIRST + timedelta(weeks=WEEKS + 1))
    due = {mrn for mrn, found in days.items() if len(found) >= REPORT_AFTER}
    assert due == set(asked)  # one report each, on the tenth treatment day
    assert len(due) > PATIENTS // 2
    with end.transaction() as uow:
        found = uow.visits.between(FIRST, FIRST + timedelta(weeks=WEEKS + 1))
        expired = uow.clinics.user_by_login("t3", uow.clinic.id)
    assert expired is not None
    held = [visit for visit in found if visit.status is not VisitStatus.CANCELLED]
    assert {visit.status for visit in held} == {VisitStatus.COMPLETED}
    assert all(visit.units == 2 for visit in held)
    assert expired.id not in {visit.provider_id for visit in held}
    assert all(check["verdict"] == "allowed" for v in held for check in v.licence_checks)
    by_provider: dict[object, list[Span]] = {}
    for visit in held:
        by_provider.setdefault(visit.provider_id, []).append(
            Span(visit.planned_start_at, visit.planned_end_at)
        )
    for spans in by_provider.values():
        assert not any(a.meets(b) for a, b in pairwise(sorted(spans, key=lambda s: s.from_at)))
    assert {s.from_at.hour for v in by_provider.values() for s in v} >= {15, 14}
    last_day = date(2026, 2, 2) + timedelta(days=90)  # sooner than the sixteen weeks of the plan
    for day, over in ((last_day, False), (last_day + timedelta(days=1), True)):
        noon = datetime(day.year, day.month, day.day, 18, tzinfo=UTC)
        plan = plans_of_care.show(at(store, noon), "0")
        assert plan.plan is not None
        assert plan.plan.ends_on == last_day
        assert {f.code: f.is_overdue for f in plan.findings}["POC_RENEWAL"] is over
        before = at(store, noon - timedelta(days=1))
        later = Booking(("0",), "treatment-tele", noon, provider="t0")
        if over:
            with pytest.raises(FindingsError, match="POC_ENDED"):
                scheduling.book(before, TABLES, later)
        else:
            assert scheduling.book(before, TABLES, later, dry_run=True)
    assert triage.rebuild(end, TABLES.rules, check=True).different == 0
    view = notes.of_patient(end, "0")
    assert all(one.signature_valid for one in view)
