"""The worklist on an encrypted file: a sweep beside the bare query, one session beside the insert.

Run `python benchmarks/worklist.py [--patients N] [--days D]`. Simulated patients are stored as raw
events. A sweep reads, judges and writes every patient whose row has aged; the bare query fetches
the same patients' sessions and their exercises. One session is logged with everything that follows
(check, audit, alerts, row); the bare insert stores the session alone. Figures of one run, CPU time;
the sweep of 100,000 patients is calculated from the time for one.
"""

from __future__ import annotations

import argparse
import gc
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import select

from rehabctl.clinic.simulation import simulate
from rehabctl.domain.episode import Episode
from rehabctl.domain.facts import PatientFacts
from rehabctl.domain.patient import Demographics, Patient, PatientRef, PatientStatus, Sex
from rehabctl.domain.programme import Programme
from rehabctl.domain.session import ExerciseSession, SessionEntry, SessionSource
from rehabctl.reference.exercise_library import ExerciseLibrary
from rehabctl.reference.rules import load_rules
from rehabctl.services import exercise_sessions, triage
from rehabctl.services.library import open_library
from rehabctl.services.settings import Paths, Settings
from rehabctl.services.wiring import open_store
from rehabctl.store.handles import table
from rehabctl.store.store import Store
from rehabctl.store.unit_of_work import UnitOfWork

START = date(2026, 1, 5)
RULES = load_rules()
ROUNDS = 15
BATCH = 200


def add(uow: UnitOfWork, number: int, facts: PatientFacts) -> PatientRef:
    """Store one simulated patient's raw events."""
    ref = PatientRef(uow.new_id(), uow.clinic.id, uow.user.id)
    who = Demographics(str(number), "A", "B", date(1960, 1, 1), Sex.FEMALE, "OH")
    uow.patients.add([Patient(ref, who, PatientStatus.ACTIVE, uow.now, uow.now)])
    course = facts.episode
    if course is not None:
        given = {"condition": course.condition, "surgery_date": course.surgery_on}
        uow.episodes.add([Episode(uow.new_id(), ref, course.started_on, **given)])
    programme = Programme(id=uow.new_id(), patient=ref, started_on=START)
    uow.programmes.add(programme)
    uow.programmes.set_schedule(programme, START, facts.due_on)
    for fact in facts.sessions:
        uow.sessions.add(
            ExerciseSession(
                id=uow.new_id(),
                patient=ref,
                source=SessionSource.IMPORT,
                external_id=fact.id,
                entered_by="benchmark",
                started_at=fact.at,
                programme_id=programme.id,
                completed_at=fact.at + timedelta(minutes=20) if fact.completed else None,
                pain_before=fact.pain_before,
                pain_after=fact.pain_after,
                entries=tuple(
                    SessionEntry(exercise=e.exercise, done=not e.skipped) for e in fact.exercises
                ),
            )
        )
    return ref


def seconds(act: Callable[[], object]) -> float:
    """Return the CPU seconds of one call."""
    started = time.process_time()
    act()
    return time.process_time() - started


def bare_query(store: Store, refs: list[PatientRef]) -> None:
    """Fetch the sessions and their exercises of all patients, in the batches of a sweep."""
    for first in range(0, len(refs), BATCH):
        ids = [ref.id for ref in refs[first : first + BATCH]]
        with store.transaction() as uow:
            for name in ("exercise_session", "session_entry"):
                handle = table(name)
                query = select(handle).where(handle.c.patient_id.in_(ids))
                uow.connection.execute(query).mappings().all()


def log(store: Store, library: ExerciseLibrary, name: str) -> None:
    """Log one session with everything that follows."""
    at = store.clock()
    upload = {
        "id": name,
        "started_at": (at - timedelta(minutes=20)).isoformat(),
        "completed_at": at.isoformat(),
        "pain_before": 2,
        "pain_after": 3,
    }
    exercise_sessions.log(store, library, RULES, "1", upload, by="patient")


def bare_insert(store: Store, ref: PatientRef, name: str) -> None:
    """Store a session and nothing else."""
    with store.transaction() as uow:
        session = ExerciseSession(
            uow.new_id(), ref, SessionSource.IMPORT, name, "benchmark", started_at=uow.now
        )
        uow.sessions.add(session)


def main() -> None:
    """Print one line a figure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=400)
    parser.add_argument("--days", type=int, default=60)
    options = parser.parse_args()
    now = datetime(2026, 1, 5, 12, tzinfo=UTC) + timedelta(days=options.days)
    made = simulate(options.patients, seed=1, start=START, days=options.days)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(Paths(home, home / "cache", home / "key"), None, None, None, None, now)
        with open_store(settings) as store:
            with store.transaction() as uow:
                refs = [add(uow, n, p.facts) for n, p in enumerate(made, start=1)]
                triage.refresh(uow, refs, RULES)
            gc.collect()
            gc.freeze()  # the simulation's own objects are no part of a sweep
            sweeps: list[float] = []
            queries: list[float] = []
            swept = 0
            for day in range(1, 4):
                later = replace(store, clock=lambda at=now + timedelta(days=day): at)
                queries.append(seconds(lambda: bare_query(store, refs)) / len(refs))
                started = time.process_time()
                swept = triage.sweep(later, RULES)
                sweeps.append((time.process_time() - started) / max(1, swept))
            end = replace(store, clock=lambda: now + timedelta(days=4))
            triage.sweep(end, RULES)
            library = open_library(settings)
            logs = [seconds(lambda n=n: log(end, library, f"l{n}")) for n in range(ROUNDS)]
            inserts = [
                seconds(lambda n=n: bare_insert(end, refs[-1], f"i{n}")) for n in range(ROUNDS)
            ]
    sweep_ms, query_ms = 1000 * median(sweeps), 1000 * median(queries)
    log_ms, insert_ms = 1000 * median(logs[1:]), 1000 * median(inserts[1:])
    print(f"patients: {len(refs)} with {options.days} days each; {swept} rows aged in a day")
    print(f"sweep: {sweep_ms:.2f} ms a patient, {sweep_ms / query_ms:.1f} x the bare query")
    print(f"100,000 patients: {100 * sweep_ms:.0f} s (aim 60)")
    print(f"one session: {log_ms:.1f} ms (aim 10), {log_ms / insert_ms:.1f} x the bare insert")


if __name__ == "__main__":
    main()
