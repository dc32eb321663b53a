"""The demo clinic: synthetic patients' raw events, and a real analysis of a packaged film.

Only events are written. Alerts, reasons and ranks arise from the same services as in a clinic.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rehabctl.clinic.simulation import SetbackKind, SimulatedPatient, simulate
from rehabctl.domain import facts
from rehabctl.domain.consent import Consent, ConsentScope
from rehabctl.domain.episode import Episode
from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.patient import Demographics, Patient, PatientRef, PatientStatus, Sex, Side
from rehabctl.domain.programme import Programme
from rehabctl.domain.session import ExerciseSession, JournalEntry, SessionEntry, SessionSource
from rehabctl.reference.demo import DEMO_EXERCISE, DemoNames, demo_film, load_names
from rehabctl.services import prescribing, triage

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehabctl.reference.rules import RuleTable
    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

    Report = Callable[[float, float | None], None]

PATIENTS = 40
TROUBLED = 9
"""How many of them are in the middle of a setback."""
POOL = 240
"""How many courses are simulated to choose from."""
DAYS = 56
SEED = 20260301
FILMED_MRN = "1042"
DEMO_PROTOCOL = "total-knee-replacement"
FIRST_MRN = 1001
MARKER = "demo.toml"
"""A file in the home that says: everything in here is invented."""
_DIAGNOSES = {
    "TKR": "Z96.651 total knee replacement",
    "THR": "Z96.641 total hip replacement",
    "RCR": "M75.121 rotator cuff repair",
    "ACL": "S83.511A anterior cruciate ligament reconstruction",
}


def build(settings: Settings, report: Report) -> bool:
    """Make the demo clinic in an empty home; in a home that holds it nothing is changed.

    Parameters
    ----------
    settings
        What this command runs with.
    report
        Progress in patients.

    Returns
    -------
    bool
        Whether anything was written.

    Raises
    ------
    RehabctlError
        The home holds a real database.
    """
    from rehabctl.services.wiring import open_store

    marker = settings.paths.home / MARKER
    if settings.database_url is not None:
        raise RehabctlError(
            "the demo clinic needs a local home", "Unset REHABCTL_DATABASE_URL and try again"
        )
    if settings.paths.database.exists() and not marker.exists():
        raise RehabctlError(
            "this home holds a database that is not the demo's",
            "Set REHABCTL_HOME to an empty folder and try again",
        )
    settings.paths.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    if not marker.exists():
        marker.touch(mode=0o600)
        marker.write_text(f'today = "{settings.now().date().isoformat()}"\n')
    with open_store(settings) as store:
        return _fill(store, settings, triage.clinic_rules(settings), report)


def _fill(store: Store, settings: Settings, rules: RuleTable, report: Report) -> bool:
    """Add the patients that are not there yet, one transaction each."""
    with store.transaction() as uow:
        mrns = [str(FIRST_MRN + n) for n in range(PATIENTS + 2)]
        present = uow.patients.find(mrns)
        today = uow.now.astimezone(ZoneInfo(uow.clinic.time_zone)).date()
        zone = uow.clinic.time_zone
    if len(present) >= PATIENTS:
        return False
    names = load_names()
    for number, simulated in enumerate(_cohort(today, zone)):
        mrn = str(FIRST_MRN + number)
        if mrn not in present and mrn != FILMED_MRN:
            with store.transaction() as uow:
                ref = _add_patient(uow, mrn, number, names, simulated.facts.episode)
                _add_events(uow, ref, simulated.facts)
                triage.refresh(uow, [ref], rules)
        report(number + 1, PATIENTS)
    if FILMED_MRN not in present:
        _add_filmed(store, rules, names, today)
        prescribing.assign(store, settings, rules, DEMO_PROTOCOL, FILMED_MRN, today)
    return True


def _cohort(today: date, zone: str) -> list[SimulatedPatient]:
    """Return patients whose span ends yesterday, some of them in the middle of a setback.

    The one red flag is the filmed patient's.
    """
    start = today - timedelta(days=DAYS)
    made = simulate(POOL, seed=SEED, start=start, days=DAYS, time_zone=zone, setback_share=0.6)
    calm = [p for p in made if p.setback is None]
    troubled = [
        p
        for p in made
        if p.setback is not None
        and p.setback.kind is not SetbackKind.RED_FLAG
        and p.setback.onset <= today - timedelta(days=3) <= p.setback.until
    ]
    chosen = troubled[:TROUBLED]
    return [*chosen, *calm[: PATIENTS - 1 - len(chosen)]]


def _add_patient(
    uow: UnitOfWork, mrn: str, number: int, names: DemoNames, course: facts.Episode | None
) -> PatientRef:
    """Add an invented patient with her course of care and her consents."""
    is_female = number % 2 == 0
    given = names.given_female if is_female else names.given_male
    ref = PatientRef(uow.new_id(), uow.clinic.id, uow.user.id)
    demographics = Demographics(
        mrn=mrn,
        given_name=given[number // 2 % len(given)],
        family_name=names.family[number % len(names.family)],
        birth_date=date(1942 + number * 7 % 45, 1 + number % 12, 1 + number % 28),
        sex=Sex.FEMALE if is_female else Sex.MALE,
        state="OH",
        time_zone=uow.clinic.time_zone,
        language="en",
    )
    uow.patients.add([Patient(ref, demographics, PatientStatus.ACTIVE, uow.now, uow.now)])
    if course is not None:
        diagnosis = _DIAGNOSES.get(course.condition or "", "M54.50 low back pain")
        episode = Episode(
            id=uow.new_id(),
            patient=ref,
            started_on=course.started_on,
            diagnosis=diagnosis,
            condition=course.condition,
            surgery_date=course.surgery_on,
            side=None if course.side is None else Side(course.side),
        )
        uow.episodes.add([episode])
    for scope in (ConsentScope.BODY_TRACKING, ConsentScope.VIDEO_RECORDING):
        uow.consents.add(Consent(uow.new_id(), ref, scope, uow.now, uow.user.id))
    uow.audit.record("demo.patient", "patient", ref.id)
    return ref


def _add_events(uow: UnitOfWork, ref: PatientRef, events: facts.PatientFacts) -> None:
    first = min(events.due_on, default=uow.now.date())
    programme = Programme(id=uow.new_id(), patient=ref, started_on=first)
    uow.programmes.add(programme)
    uow.programmes.set_schedule(programme, first, events.due_on)
    for session in events.sessions:
        uow.sessions.add(_session(uow, ref, programme, session))
    for entry in events.journal:
        uow.sessions.add_journal(
            JournalEntry(
                id=uow.new_id(),
                patient=ref,
                external_id=entry.id,
                day=entry.at.astimezone(ZoneInfo(uow.clinic.time_zone)).date(),
                recorded_at=entry.recorded_at,
                entered_by="patient",
                pain=entry.pain,
                red_flags=entry.red_flags,
            )
        )


def _session(
    uow: UnitOfWork, ref: PatientRef, programme: Programme, fact: facts.SessionFact
) -> ExerciseSession:
    return ExerciseSession(
        id=uow.new_id(),
        patient=ref,
        source=SessionSource.IMPORT,
        external_id=fact.id,
        entered_by="demo",
        started_at=fact.at,
        programme_id=programme.id,
        completed_at=fact.at + timedelta(minutes=20) if fact.completed else None,
        pain_before=fact.pain_before,
        pain_during=fact.pain_during,
        pain_after=fact.pain_after,
        difficulty=fact.difficulty,
        entries=tuple(
            SessionEntry(
                exercise=e.exercise,
                done=not e.skipped,
                reps_per_set=e.repetitions,
                pain_after=e.pain,
                form_score=e.form_score,
            )
            for e in fact.exercises
        ),
    )


def _add_filmed(store: Store, rules: RuleTable, names: DemoNames, today: date) -> None:
    """Add the patient of the film: eleven weeks after surgery, a red-flag answer this morning."""
    surgery = today - timedelta(weeks=11)
    course = facts.Episode(surgery + timedelta(days=5), None, "TKR", surgery, "right")
    with store.transaction() as uow:
        ref = _add_patient(uow, FILMED_MRN, 2 * PATIENTS + 2, names, course)
        uow.sessions.add_journal(
            JournalEntry(
                id=uow.new_id(),
                patient=ref,
                external_id="demo-morning",
                day=today,
                recorded_at=uow.now,
                entered_by="patient",
                pain=4,
                red_flags=("calf_swelling",),
            )
        )
        triage.refresh(uow, [ref], rules)


def analyse_film(settings: Settings, report: Report) -> bool:
    """Analyse the packaged film for its patient; return whether it had to be done.

    Parameters
    ----------
    settings
        What this command runs with.
    report
        Progress in seconds of film.

    Raises
    ------
    RehabctlError
        The film could not be analysed.
    """
    from rehabctl.services.pose_analysis import AnalysisRequest, analyse_and_store, prepare
    from rehabctl.services.wiring import open_store

    with open_store(settings) as store, store.transaction() as uow:
        patient = uow.patients.get(FILMED_MRN)
        if uow.assessments.of_patient(patient.id, 1):
            return False
    analyser = prepare(AnalysisRequest(DEMO_EXERCISE), settings)
    with demo_film() as film:
        [outcome] = analyse_and_store(analyser, [film], FILMED_MRN, report)
    if outcome.error is not None:
        raise outcome.error
    return True
