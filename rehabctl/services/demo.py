"""The demo clinic: synthetic patients' raw events, and a real analysis of a packaged film.

Only events are written. Alerts, reasons and ranks arise from the same services as in a clinic.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rehabctl.clinic.simulation import SetbackKind, SimulatedPatient, simulate
from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.facts import Episode, JournalEntry, PatientFacts
from rehabctl.reference.demo import DEMO_EXERCISE, demo_film, load_names
from rehabctl.services import prescribing, synthetic, triage
from rehabctl.services.synthetic import InventedPatient

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehabctl.reference.rules import RuleTable
    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store

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
            person = InventedPatient(mrn, number, simulated.facts)
            with store.transaction() as uow:
                synthetic.add(uow, [person], names, rules)
        report(number + 1, PATIENTS)
    if FILMED_MRN not in present:
        with store.transaction() as uow:
            filmed = InventedPatient(FILMED_MRN, 2 * PATIENTS + 2, _filmed(today, uow.now))
            synthetic.add(uow, [filmed], names, rules)
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


def _filmed(today: date, at: datetime) -> PatientFacts:
    """Return the patient of the film: weeks after surgery, a red-flag answer this morning."""
    surgery = today - timedelta(weeks=11)
    return PatientFacts(
        patient_id=FILMED_MRN,
        time_zone="",
        episode=Episode(surgery + timedelta(days=5), None, "TKR", surgery, "right"),
        journal=(
            JournalEntry(
                id="demo-morning", at=at, recorded_at=at, pain=4, red_flags=("calf_swelling",)
            ),
        ),
    )


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
