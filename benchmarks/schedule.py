"""A day's checks of a schedule beside the bare queries that they need, in one run.

Run `python benchmarks/schedule.py [--therapists N] [--visits M]`. Every visit of the day is checked
as at check-in and at a move: licensure by the rules, time of provider and patient. The bare loop
sends the same statements to the same encrypted file and looks at no row. CPU time is used, since
wall time on a shared machine says little; the ratio is the median over the rounds.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import select

from rehabctl.domain.clinic import Role, User
from rehabctl.domain.licence import LicenceKind, Profession, ProviderLicence, Verdict
from rehabctl.domain.patient import Demographics, Patient, PatientRef, PatientStatus, Sex
from rehabctl.domain.schedule import Span
from rehabctl.domain.visit import Visit, VisitKind
from rehabctl.reference.compact_states import load_compact
from rehabctl.services.booking_gate import require_free
from rehabctl.services.licences import pairing
from rehabctl.services.settings import Paths, Settings
from rehabctl.services.wiring import open_store, upgrade_store
from rehabctl.store.handles import table
from rehabctl.store.repositories.visits import SLOT, TAKES_TIME
from rehabctl.store.store import Store
from rehabctl.store.unit_of_work import UnitOfWork

DAY = date(2026, 3, 9)
START = datetime(2026, 3, 9, 14, tzinfo=UTC)
LIMIT = 2.0
ROUNDS = 5


def build(uow: UnitOfWork, therapists: int, visits: int) -> None:
    """Fill the clinic: each therapist with a home licence and a day of visits."""
    for n in range(therapists):
        user = User(uow.new_id(), uow.clinic.id, f"t{n}", f"T{n}", Role.THERAPIST)
        uow.clinics.add_user(user)
        home = ProviderLicence(
            uow.new_id(), user.id, Profession.PT, LicenceKind.LICENCE, "TX", f"{n}",
            date(2024, 1, 1), date(2028, 1, 1), is_home=True,
        )  # fmt: skip
        uow.licences.save(home)
        away = replace(home, id=uow.new_id(), kind=LicenceKind.PRIVILEGE, state="UT", is_home=False)
        uow.licences.save(away)
        for k in range(visits):
            ref = PatientRef(uow.new_id(), uow.clinic.id, user.id)
            who = Demographics(f"{n}-{k}", "A", "B", date(1960, 1, 1), Sex.UNKNOWN, "UT")
            uow.patients.add([Patient(ref, who, PatientStatus.ACTIVE, uow.now, uow.now)])
            start = START + timedelta(minutes=50 * k)
            uow.visits.add(
                Visit(
                    id=uow.new_id(),
                    patient=ref,
                    kind=VisitKind.TREATMENT,
                    planned_start_at=start,
                    planned_end_at=start + timedelta(minutes=45),
                    provider_id=user.id,
                    appointment_id=uow.new_id(),
                    buffer_min=5,
                )
            )


def checked(uow: UnitOfWork, day: list[Visit]) -> None:
    """Check every visit of the day by the rules."""
    compact = load_compact()
    for visit in day:
        found = pairing(uow, compact, visit.provider_id, "UT", DAY)
        assert found.verdict is Verdict.ALLOWED  # noqa: S101
        span = Span(visit.planned_start_at, visit.planned_end_at)
        require_free(uow, visit.provider_id, [visit.patient.id], span, buffer_min=5, but=(visit,))


def bare(uow: UnitOfWork, day: list[Visit]) -> None:
    """Send the same statements and look at nothing."""
    licence, slot, booked = table("provider_licence"), table("provider_slot"), table("visit")
    run = uow.connection.execute
    for visit in day:
        start, end = visit.planned_start_at, visit.planned_end_at
        run(
            select(licence)
            .where(licence.c.user_id.in_([visit.provider_id]))
            .order_by(licence.c.state)
        ).all()
        run(
            select(slot.c.appointment_id, slot.c.slot_at)
            .where(
                slot.c.provider_id == visit.provider_id,
                slot.c.slot_at > start - SLOT,
                slot.c.slot_at < end + SLOT,
            )
            .order_by(slot.c.slot_at)
        ).all()
        run(
            select(booked.c.id).where(
                booked.c.planned_start_at < end,
                booked.c.planned_end_at > start,
                booked.c.status.in_(TAKES_TIME),
                booked.c.patient_id.in_([visit.patient.id]),
            )
        ).all()


def seconds(store: Store, work: Callable[[UnitOfWork, list[Visit]], None]) -> tuple[float, int]:
    """Return the CPU time of one pass over the day, and how many visits it has."""
    with store.transaction(rehearsal=True) as uow:
        day = list(uow.visits.between(START, START + timedelta(days=1)))
        began = time.process_time()
        work(uow, day)
        return time.process_time() - began, len(day)


def main() -> int:
    """Print the ratio; exit 1 above the limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--therapists", type=int, default=50)
    parser.add_argument("--visits", type=int, default=10)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(
            paths=Paths(home=home, cache=home / "cache", key_dir=home / "key"),
            database_url=None,
            pose_model=None,
            key_file=None,
            key_command=None,
            fixed_now=START - timedelta(days=1),
        )
        upgrade_store(settings)
        with open_store(settings) as store:
            with store.transaction() as uow:
                build(uow, options.therapists, options.visits)
            seconds(store, bare), seconds(store, checked)  # compiled statements, warm pages
            pairs = [(seconds(store, checked), seconds(store, bare)) for _ in range(ROUNDS)]
    ratio = median(mine / peer for (mine, _), (peer, _) in pairs)
    (spent, count), (peer, _) = pairs[-1]
    print(f"{options.therapists} therapists, {count} visits")
    print(f"checks {1000 * spent:.0f} ms, bare queries {1000 * peer:.0f} ms of CPU")
    print(f"ratio {ratio:.2f} (limit {LIMIT})")
    return int(ratio > LIMIT)


if __name__ == "__main__":
    raise SystemExit(main())
