"""Received FHIR R4 becomes patients, pain ratings and days of activity; all else is kept as it is.

Patients are known by their record number. Every resource is kept as its own text with its SHA-256
beside what was made of it, so that nothing that we do not understand is lost. Files are read twice,
patients first: resources may refer to a patient who comes later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from zoneinfo import ZoneInfo

from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.errors import NotFoundError, RehabctlError
from rehabctl.domain.roster import FieldProblem, RosterLine, parse_line
from rehabctl.domain.session import JournalEntry
from rehabctl.domain.wearable import DailyMeasure, WearableSource
from rehabctl.integrations.fhir.inbound import (
    Received,
    ResourceError,
    pain,
    patient_reference,
    patient_values,
    read,
)
from rehabctl.integrations.fhir.pieces import Piece, pieces
from rehabctl.integrations.wearables.fhir_physical_activity import daily_value, measures_by_code
from rehabctl.reference.measure_codes import loinc_codes
from rehabctl.services import consents, triage
from rehabctl.services.access import Action, require
from rehabctl.services.import_tally import ImportTally, tally
from rehabctl.services.intake import roster_texts
from rehabctl.services.roster_changes import Change, clinic_today, write_lines
from rehabctl.store.repositories.foreign import ForeignRecord

if TYPE_CHECKING:
    from uuid import UUID

    from rehabctl.domain.patient import PatientRef
    from rehabctl.reference.rules import RuleTable
    from rehabctl.services.import_run import ImportReport
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

_Key = tuple["UUID | None", str, str]
_Kept = dict[_Key, tuple[Received, ForeignRecord]]
_BATCH = 500
_LINE_FILES = (".ndjson", ".jsonl")
_FILES = (*_LINE_FILES, ".json")


@dataclass(frozen=True, slots=True)
class FhirOptions:
    """How resources are imported."""

    source: str = "fhir"
    """The system that wrote them: identifiers of two systems never meet."""
    dry_run: bool = False
    rejects: Path | None = None
    """Gets each refused resource, one a line."""


def import_files(
    store: Store,
    rules: RuleTable,
    path: Path,
    options: FhirOptions,
    *,
    report: Callable[[float, float | None], None] = lambda done, total: None,
) -> ImportReport:
    """Import a bundle, a file of lines, or every such file of a folder.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules, for the worklist.
    path
        File or folder.
    options
        How.
    report
        Called with the files done and their number.

    Raises
    ------
    NotFoundError
        There is no such file, or the folder holds none.
    RehabctlError
        A file cannot be read.
    """
    files = _files(path)
    with tally(options.rejects) as counted, _run(store, rules, options, counted) as run:
        for is_first, step in ((True, run.take_patients), (False, run.take_others)):
            for done, file in enumerate(files, start=0 if is_first else len(files)):
                report(float(done), 2.0 * len(files))
                try:
                    with file.open("rb") as stream:
                        lines = file.suffix.lower() in _LINE_FILES or None
                        step(file.name, pieces(stream, is_lines=lines))
                except OSError as error:
                    raise RehabctlError(
                        f"cannot read {file.name}: {error.strerror}", "Check the file"
                    ) from None
        return counted.report()


def import_stream(
    store: Store, rules: RuleTable, stream: BinaryIO, options: FhirOptions
) -> ImportReport:
    """Import a pipe, which is read once: a patient has to stand before what refers to her.

    Parameters
    ----------
    store, rules, options
        As for `import_files`.
    stream
        The bytes.
    """
    with tally(options.rejects) as counted, _run(store, rules, options, counted) as run:
        run.take_all("-", pieces(stream))
        return counted.report()


def import_parts(
    store: Store,
    rules: RuleTable,
    parts: Iterable[tuple[str, Iterable[Piece]]],
    options: FhirOptions,
) -> ImportReport:
    """Import what comes from a network, patients first.

    Parameters
    ----------
    store, rules, options
        As for `import_files`.
    parts
        Name and resources of each part, read once.
    """
    with tally(options.rejects) as counted, _run(store, rules, options, counted) as run:
        for name, found in parts:
            run.take_all(name, found)
        return counted.report()


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        if not path.exists():
            raise NotFoundError(f"{path.name} does not exist", "Check the path")
        return [path]
    found = sorted(f for f in path.iterdir() if f.suffix.lower() in _FILES and f.is_file())
    if not found:
        raise NotFoundError(f"{path.name} holds no FHIR file", f"Name files {', '.join(_FILES)}")
    return found


@contextmanager
def _run(
    store: Store, rules: RuleTable, options: FhirOptions, counted: ImportTally
) -> Generator[_Run]:
    """Yield a run; a dry one is one transaction that is undone, for later batches need earlier."""
    if not options.dry_run:
        yield _Run(store, rules, options.source, counted)
        return
    with store.transaction(rehearsal=True) as uow:
        yield _Run(store, rules, options.source, counted, uow)


@dataclass
class _Run:
    """One import: reads pieces, writes batches."""

    store: Store
    rules: RuleTable
    source: str
    counted: ImportTally
    rehearsal: UnitOfWork | None = None
    _patients: dict[str, PatientRef] = field(default_factory=dict[str, "PatientRef"])
    """By every name that these files give them."""
    _day_codes: Mapping[str, DailyMeasure] = field(default_factory=measures_by_code)
    _pain_codes: frozenset[str] = field(default_factory=lambda: loinc_codes("pain"))

    def take_patients(self, name: str, found: Iterable[Piece]) -> None:
        """Take over the patients of a file; everything else is left for the second reading."""
        likely = (p for p in found if b'"Patient"' in p.data)
        for batch in _batches(likely):
            self._write(name, [r for r in self._read(batch) if r.kind == "Patient"])

    def take_others(self, name: str, found: Iterable[Piece]) -> None:
        """Take over everything but patients."""
        for batch in _batches(found):
            readable = self._read(batch, refuse=name)
            self._write(name, [r for r in readable if r.kind != "Patient"])

    def take_all(self, name: str, found: Iterable[Piece]) -> None:
        """Take over everything in one reading."""
        for batch in _batches(found):
            self._write(name, self._read(batch, refuse=name))

    def _read(self, batch: Sequence[Piece], refuse: str | None = None) -> list[Received]:
        readable: list[Received] = []
        for piece in batch:
            try:
                received = read(piece)
            except ResourceError as error:
                if refuse is not None:
                    self._refuse(refuse, piece.number, error, piece.data)
                continue
            if received is not None:
                readable.append(received)
        return readable

    def _refuse(self, name: str, number: int, error: ResourceError, data: bytes) -> None:
        line = b" ".join(data.splitlines()) + b"\n" if data else b""
        self.counted.refuse(name, number, [FieldProblem(error.field, error.message)], line)

    def _write(self, name: str, batch: Sequence[Received]) -> None:
        if not batch:
            return
        if self.rehearsal is not None:
            self._write_in(self.rehearsal, name, batch)
            return
        with self.store.transaction() as uow:
            self._write_in(uow, name, batch)

    def _write_in(self, uow: UnitOfWork, name: str, batch: Sequence[Received]) -> None:
        require(uow, Action.WRITE_PATIENTS)
        require(uow, Action.WRITE_CLINICAL)
        kept: _Kept = {}
        changes: dict[_Key, Change] = {}
        for received in batch:
            if received.kind == "Patient":
                try:
                    patient, change = self._patient(uow, received)
                except ResourceError as error:
                    self._refuse(name, received.number, error, received.content.encode())
                    continue
                changes[patient.id, received.kind, received.id] = change
                self._keep(kept, received, patient)
        self._look_up(uow, [r for r in batch if r.kind != "Patient"])
        for received in batch:
            if received.kind == "Patient":
                continue
            try:
                self._keep(kept, received, self._subject(received))
            except ResourceError as error:
                self._refuse(name, received.number, error, received.content.encode())
        self._finish(uow, name, kept, changes)

    def _keep(
        self,
        kept: _Kept,
        received: Received,
        patient: PatientRef | None,
    ) -> None:
        """Put a resource into the batch; of two with one identifier the later counts."""
        record = ForeignRecord(
            patient, received.kind, received.id, received.content, received.sha256
        )
        if record.key in kept:
            self.counted.accept(Change.UNCHANGED)
        kept[record.key] = (received, record)

    def _finish(
        self,
        uow: UnitOfWork,
        name: str,
        kept: _Kept,
        changes: dict[_Key, Change],
    ) -> None:
        known = uow.foreign.known(self.source, [record for _, record in kept.values()])
        written: list[ForeignRecord] = []
        rated: dict[PatientRef, None] = {}
        for key, (received, record) in kept.items():
            present = known.get(key)
            change = Change.CREATED if present is None else Change.UPDATED
            if present == record.content_sha256:
                change = Change.UNCHANGED
            try:
                if change is not Change.UNCHANGED and (
                    self._take_pain(uow, received, record) or self._take_day(uow, received, record)
                ):
                    rated[record.patient] = None  # pyright: ignore[reportArgumentType]
            except ResourceError as error:
                self._refuse(name, received.number, error, received.content.encode())
                continue
            if change is not Change.UNCHANGED:
                written.append(record)
            made = changes.get(key, change)
            if made is Change.UNCHANGED and change is not Change.UNCHANGED:
                made = Change.UPDATED  # nothing that a roster holds, and yet another text
            self.counted.accept(made)
        uow.foreign.put(self.source, written)
        triage.refresh(uow, list(rated), self.rules)
        detail = {"resources": len(kept), "written": len(written)}
        uow.audit.record("import.fhir", "foreign_record", None, detail)

    def _patient(self, uow: UnitOfWork, received: Received) -> tuple[PatientRef, Change]:
        values = patient_values(received.resource)
        mrn = values.get("mrn", "")
        present = uow.patients.summaries([mrn]).get(mrn) if mrn else None
        if present is not None:
            values = {k: v for k, v in roster_texts(present).items() if k != "therapist"} | values
        line = parse_line(values, clinic_today(uow.clinic, uow.now))
        if not isinstance(line, RosterLine):
            raise ResourceError(f"Patient ({line[0].field})", line[0].message)
        (outcome,) = write_lines(uow, [line], self.rules)
        if outcome.patient is None or outcome.change is None:
            raise ResourceError("Patient", "was refused")
        for name in (received.id, received.alias):
            if name is not None:
                self._patients[name] = outcome.patient
        return outcome.patient, outcome.change

    def _look_up(self, uow: UnitOfWork, batch: Sequence[Received]) -> None:
        """Find patients of an earlier import whom this batch refers to."""
        names: set[str] = set()
        for received in batch:
            try:
                name = patient_reference(received)
            except ResourceError:
                continue
            if name is not None and name not in self._patients:
                names.add(name)
        for name, found in uow.foreign.patients(self.source, "Patient", sorted(names)).items():
            if len(found) == 1:
                self._patients[name] = found[0]

    def _subject(self, received: Received) -> PatientRef | None:
        name = patient_reference(received)
        if name is None:
            return None
        if name not in self._patients:
            raise ResourceError(received.kind, "refers to a patient who is not known")
        return self._patients[name]

    def _take_day(self, uow: UnitOfWork, received: Received, record: ForeignRecord) -> bool:
        """Keep the day of a physical-activity Observation; return whether it is new."""
        patient = record.patient
        if patient is None or received.kind != "Observation":
            return False
        if patient_reference(received) == str(patient.id):
            return False  # our own export
        zone = ZoneInfo(uow.clinic.time_zone)
        value = daily_value(received, self._day_codes, uow.now, zone)
        if value is None:
            return False
        if not consents.is_given(uow, patient, ConsentScope.DATA_SHARING):
            raise ResourceError("Observation", "needs the patient's consent to data sharing")
        name = f"{self.source}/Observation/{received.id}"
        origin = hashlib.sha256(name.encode()).hexdigest()
        known = uow.wearables.newest(patient, WearableSource.FHIR, value.measure, value.day)
        if known is not None and known.value == value:
            return False
        if known is not None and known.origin_sha256 != origin:
            raise ResourceError("Observation.value", "differs from what another told of its day")
        uow.wearables.add(patient, WearableSource.FHIR, [value], origin)
        return True

    def _take_pain(self, uow: UnitOfWork, received: Received, record: ForeignRecord) -> bool:
        """Make a journal entry of a pain rating; return whether it is new."""
        rating = pain(received, self._pain_codes)
        patient = record.patient
        if rating is None or patient is None:
            return False
        if patient_reference(received) == str(patient.id):
            return False  # our own export: the rating is here already
        entry = JournalEntry(
            id=uow.new_id(),
            patient=patient,
            external_id=f"fhir:{self.source}:{received.id}",
            day=rating.at.astimezone(ZoneInfo(uow.clinic.time_zone)).date(),
            recorded_at=rating.at,
            entered_by=f"import:{self.source}",
            pain=rating.rating,
        )
        if uow.sessions.add_journal(entry):
            return True
        raise ResourceError("Observation.value", "corrects a rating that was taken over before")


def _batches(found: Iterable[Piece]) -> Iterator[list[Piece]]:
    rest = iter(found)
    while batch := list(islice(rest, _BATCH)):
        yield batch
