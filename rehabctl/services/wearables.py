"""Importing what a patient's own devices recorded: one value a day, kept once, judged at once."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from rehabctl.clinic.daily_totals import DayTotals
from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.errors import FindingsError, NotFoundError
from rehabctl.domain.wearable import (
    DailyValue,
    StoredDailyValue,
    WearableSource,
    Wearer,
)
from rehabctl.integrations.wearables.reading import Reading
from rehabctl.services import triage
from rehabctl.services.access import Action, require
from rehabctl.services.consents import require_consent
from rehabctl.services.import_run import Reject
from rehabctl.services.roster_changes import Change

if TYPE_CHECKING:
    from rehabctl.domain.patient import Demographics, PatientRef
    from rehabctl.reference.rules import RuleTable
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

Read = Callable[[Reading], str]
"""Fills a reading and returns the SHA-256 of what was read."""
_PIECE = 1 << 20


@dataclass(frozen=True, slots=True)
class WearableReport:
    """What became of one import; counts are of days and measures."""

    read: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    rejects: tuple[Reject, ...]
    source: WearableSource
    records: int
    """Records behind the values."""
    first_day: date | None
    last_day: date | None
    cut: str | None
    """How the source ended too early."""
    names_wearer: bool
    """Whether the source said whom it is about, so that it could be compared."""
    sha256: str


@dataclass(frozen=True, slots=True)
class _Patient:
    ref: PatientRef
    demographics: Demographics
    zone: ZoneInfo
    now: datetime


def file_reader(source: WearableSource, path: Path) -> Read:
    """Return what reads an export.

    Parameters
    ----------
    source
        Its format.
    path
        File or folder.

    Raises
    ------
    NotFoundError
        It does not exist.
    """
    from rehabctl.integrations.wearables import apple_health, fitbit_takeout, health_connect

    if not path.exists():
        raise NotFoundError(f"{path.name} does not exist", "Check the path")

    def read(reading: Reading) -> str:
        match source:
            case WearableSource.APPLE_HEALTH:
                apple_health.read(path, reading)
            case WearableSource.FITBIT:
                fitbit_takeout.read(path, reading)
            case _:
                health_connect.read(path, reading)
        return _digest(path)

    return read


def _digest(path: Path) -> str:
    """Return the SHA-256 of a file, or of the names and contents of a folder's files."""
    digest = hashlib.sha256()
    files = sorted(f for f in path.rglob("*") if f.is_file()) if path.is_dir() else [path]
    for file in files:
        if path.is_dir():
            digest.update(f"{file.relative_to(path).as_posix()}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as stream:
            while piece := stream.read(_PIECE):
                digest.update(piece)
    return digest.hexdigest()


def import_wearable(
    store: Store,
    rules: RuleTable,
    source: WearableSource,
    read: Read,
    mrn: str,
    *,
    dry_run: bool = False,
) -> WearableReport:
    """Import what one patient's devices recorded.

    A day that is known already is told again only where it differs; a source that was cut never
    takes the place of a whole day.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules, for the worklist.
    source
        Where it comes from.
    read
        Fills the reading, see `file_reader`.
    mrn
        Record number.
    dry_run
        Do everything and keep nothing.

    Raises
    ------
    NotPermittedError
        The patient's consent to data sharing is missing.
    FindingsError
        It is about another person; nothing is kept.
    RehabctlError
        It is not of this format.
    """
    patient = _patient(store, mrn)
    reading = Reading(
        DayTotals(patient.zone),
        lambda wearer: check_wearer(wearer, patient.demographics),
        patient.now.timestamp(),
    )
    sha256 = read(reading)
    values = reading.values()
    with store.transaction(rehearsal=dry_run) as uow:
        require(uow, Action.WRITE_CLINICAL)
        require_consent(uow, patient.ref, ConsentScope.DATA_SHARING)
        counts = keep(uow, patient.ref, source, values, sha256)
        if counts[Change.CREATED] or counts[Change.UPDATED]:
            triage.refresh(uow, [patient.ref], rules)
        detail = {"source": source.value, "sha256": sha256, "values": len(values)}
        detail |= {change.value: count for change, count in counts.items()}
        detail |= {"rejected": reading.refused, "cut": reading.cut is not None}
        uow.audit.record("import.wearable", "patient", patient.ref.id, detail)
    return WearableReport(
        read=len(values) + reading.refused,
        created=counts[Change.CREATED],
        updated=counts[Change.UPDATED],
        unchanged=counts[Change.UNCHANGED],
        rejected=reading.refused,
        rejects=tuple(Reject(r.file, r.line, r.field, r.message) for r in reading.refusals),
        source=source,
        records=reading.records,
        first_day=values[0].day if values else None,
        last_day=values[-1].day if values else None,
        cut=reading.cut,
        names_wearer=reading.names_wearer,
        sha256=sha256,
    )


def _patient(store: Store, mrn: str) -> _Patient:
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        require_consent(uow, patient.ref, ConsentScope.DATA_SHARING)
        zone = zone_of(patient.demographics.time_zone, uow.clinic.time_zone)
        return _Patient(patient.ref, patient.demographics, zone, uow.now)


def zone_of(patient_zone: str | None, clinic_zone: str) -> ZoneInfo:
    """Return the zone in which a patient's days are counted: her own, or the clinic's."""
    try:
        return ZoneInfo(patient_zone or clinic_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo(clinic_zone)


def check_wearer(wearer: Wearer, patient: Demographics) -> None:
    """Compare what a file says of its person with the patient.

    Another birth date, or without one another name, is another person; with the same birth date
    it takes another given and another family name.

    Raises
    ------
    FindingsError
        It is another person.
    """
    families = wearer.family_name is not None and _plain(wearer.family_name) != _plain(
        patient.family_name
    )
    givens = wearer.given_name is not None and _plain(wearer.given_name) != _plain(
        patient.given_name
    )
    if wearer.birth_date is None:
        other = families or givens
    else:
        other = wearer.birth_date != patient.birth_date or (families and givens)
    if other:
        raise FindingsError(
            "the file is about another person: its birth date or name is not the patient's",
            "Check --patient and the file; nothing was kept",
        )


def _plain(name: str) -> str:
    """Return a name without case and accents."""
    parts = unicodedata.normalize("NFKD", name.casefold())
    return "".join(c for c in parts if not unicodedata.combining(c)).strip()


def keep(
    uow: UnitOfWork,
    patient: PatientRef,
    source: WearableSource,
    values: Sequence[DailyValue],
    sha256: str,
) -> dict[Change, int]:
    """Add the values that are new or differ; return how many of each.

    Parameters
    ----------
    uow
        The transaction; the caller checked consent, and refreshes the worklist.
    patient
        Whose.
    source
        Who told them.
    values
        One a day and measure.
    sha256
        Of what they were read from.
    """
    known = uow.wearables.known(patient, source)
    counts = dict.fromkeys(Change, 0)
    written: list[DailyValue] = []
    for value in values:
        change = _change(known.get((value.measure, value.day)), value)
        counts[change] += 1
        if change is not Change.UNCHANGED:
            written.append(value)
    uow.wearables.add(patient, source, written, sha256)
    return counts


def _change(known: StoredDailyValue | None, value: DailyValue) -> Change:
    if known is None:
        return Change.CREATED
    if known.value == value or (known.value.is_whole and not value.is_whole):
        return Change.UNCHANGED
    return Change.UPDATED
