"""Sessions that patients did at home, as their device or the clinic logs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

from rehabctl.domain.errors import FindingsError
from rehabctl.domain.patient import PatientRef
from rehabctl.domain.session import ExerciseSession, SessionEntry, SessionSource
from rehabctl.reference.exercise_library import ExerciseLibrary
from rehabctl.reference.rules import RuleTable
from rehabctl.services import triage
from rehabctl.services.access import Action, require

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

MAX_CLOCK_AHEAD = timedelta(minutes=10)
"""How far a device's clock may run ahead before a session counts as lying in the future."""


@dataclass(frozen=True, slots=True)
class Logged:
    """What became of one upload."""

    external_id: str
    is_new: bool
    """False for a second upload of the same session: nothing was changed."""


def log(
    store: Store,
    library: ExerciseLibrary,
    rules: RuleTable,
    mrn: str,
    upload: Mapping[str, Any],
    *,
    entered_by: str,
) -> Logged:
    """Store one session of a patient once.

    Parameters
    ----------
    store
        The open store.
    library
        The exercises that the upload may name.
    rules
        The dated rules, for the worklist.
    mrn
        Record number.
    upload
        The device's JSON: `id`, `started_at`, `completed_at`, `pain_before`, `pain_after`,
        `difficulty`, `notes`, `exercises` with `exercise`, `done` or `skipped`, `reps` per set.
    entered_by
        Who acted.

    Raises
    ------
    NotFoundError
        There is no such patient.
    FindingsError
        A value is missing, of the wrong kind, out of range or in the future; nothing is stored.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        session = _session(uow, library, patient.ref, upload, entered_by)
        is_new = uow.sessions.add(session)
        uow.audit.record(
            "session.log" if is_new else "session.repeat", "exercise_session", session.id
        )
        if is_new:
            triage.refresh(uow, [patient.ref], rules)
        return Logged(session.external_id, is_new)


def _session(
    uow: UnitOfWork,
    library: ExerciseLibrary,
    patient: PatientRef,
    upload: Mapping[str, Any],
    entered_by: str,
) -> ExerciseSession:
    read = _Reader(upload, "session")
    started_at = read.moment("started_at", required=True)
    completed_at = read.moment("completed_at")
    if started_at is None:
        raise read.bad("started_at", "is missing")
    if started_at > uow.now + MAX_CLOCK_AHEAD:
        raise read.bad("started_at", "lies in the future")
    if completed_at is not None and completed_at < started_at:
        raise read.bad("completed_at", "lies before started_at")
    programme = uow.programmes.active(patient.id)
    lines = {} if programme is None else {p.exercise_slug: p.id for p in programme.prescriptions}
    entries: list[SessionEntry] = []
    for number, row in enumerate(read.rows("exercises"), start=1):
        entry = _Reader(row, f"exercises[{number}]")
        slug = library.get(entry.text("exercise", required=True) or "").slug
        skipped = entry.flag("skipped")
        entries.append(
            SessionEntry(
                exercise=slug,
                done=entry.flag("done") or not skipped,
                prescription_id=lines.get(slug),
                skip_reason=entry.text("skip_reason"),
                reps_per_set=entry.counts("reps"),
                hold_s=entry.number("hold_s", 0, 7200),
                duration_s=entry.number("duration_s", 0, 86_400),
                pain_before=entry.number("pain_before", 0, 10),
                pain_after=entry.number("pain_after", 0, 10),
                difficulty=entry.whole("difficulty", 0, 10),
                form_score=entry.number("form_score", 0, 100),
                notes=entry.text("notes"),
            )
        )
    return ExerciseSession(
        id=uow.new_id(),
        patient=patient,
        source=SessionSource.PATIENT_DEVICE,
        external_id=read.text("id") or f"started:{started_at.isoformat()}",
        entered_by=entered_by,
        started_at=started_at,
        programme_id=None if programme is None else programme.id,
        completed_at=completed_at,
        pain_before=read.number("pain_before", 0, 10),
        pain_during=read.number("pain_during", 0, 10),
        pain_after=read.number("pain_after", 0, 10),
        difficulty=read.whole("difficulty", 0, 10),
        notes=read.text("notes"),
        entries=tuple(entries),
    )


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads values of one JSON object; each error names the key, never the value."""

    row: Mapping[str, Any]
    where: str

    def bad(self, key: str, what: str) -> FindingsError:
        return FindingsError(f"{self.where}.{key} {what}", "Correct it and send it again")

    def text(self, key: str, *, required: bool = False) -> str | None:
        value = self.row.get(key)
        if value is None and not required:
            return None
        if not isinstance(value, str) or len(value) > 4000:
            raise self.bad(key, "is not a text" if value is not None else "is missing")
        return value or None

    def flag(self, key: str) -> bool:
        value = self.row.get(key, False)
        if not isinstance(value, bool):
            raise self.bad(key, "is neither true nor false")
        return value

    def number(self, key: str, low: float, high: float) -> float | None:
        value = self.row.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.bad(key, "is not a number")
        if not low <= value <= high:
            raise self.bad(key, f"is not between {low:g} and {high:g}")
        return float(value)

    def whole(self, key: str, low: int, high: int) -> int | None:
        value = self.number(key, low, high)
        if value is not None and value != int(value):
            raise self.bad(key, "is not a whole number")
        return None if value is None else int(value)

    def moment(self, key: str, *, required: bool = False) -> datetime | None:
        value = self.text(key, required=required)
        if value is None:
            return None
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise self.bad(key, "is not a time with a zone")
        return moment

    def counts(self, key: str) -> tuple[int, ...]:
        value = self.row.get(key, [])
        values = cast("list[Any]", value if isinstance(value, list) else [value])
        for count in values:
            if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= 1000:
                raise self.bad(key, "is not a list of repetitions")
        return tuple(values)

    def rows(self, key: str) -> list[Mapping[str, Any]]:
        value = self.row.get(key, [])
        rows = cast("list[Any]", value) if isinstance(value, list) else None
        if rows is None or not all(isinstance(row, Mapping) for row in rows):
            raise self.bad(key, "is not a list of objects")
        return rows
