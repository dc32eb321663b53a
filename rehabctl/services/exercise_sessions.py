"""Sessions that patients did at home, as their device or the clinic logs them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from rehabctl.domain.errors import FindingsError, NotFoundError
from rehabctl.domain.message import ContactScope
from rehabctl.domain.patient import PatientRef
from rehabctl.domain.session import ExerciseSession, SessionEntry, SessionSource
from rehabctl.reference.exercise_library import ExerciseLibrary
from rehabctl.reference.rules import RuleTable
from rehabctl.services import journal_entries, triage
from rehabctl.services.access import Action, require
from rehabctl.services.actors import acting
from rehabctl.services.upload_reader import Reader

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

MAX_CLOCK_AHEAD = timedelta(minutes=10)
"""How far a device's clock may run ahead before a session counts as lying in the future."""


MAX_LENGTH = timedelta(hours=24)
"""Longer than this is a clock that was set, or a session that was never ended."""
MAX_SETS = 20


_RATINGS = ("pain_before", "pain_during", "pain_after", "difficulty")


@dataclass(frozen=True, slots=True)
class Logged:
    """What became of one upload."""

    external_id: str
    is_new: bool
    """False for a second upload of the same session, which is left as it is."""
    session_id: UUID
    journal: bool = False
    """Whether a journal entry came with it and was new."""
    held: bool = False
    """Whether the programme is held now, as a red-flag answer holds it."""


def log(
    store: Store,
    library: ExerciseLibrary,
    rules: RuleTable,
    mrn: str,
    upload: Mapping[str, Any],
    *,
    by: str,
) -> Logged:
    """Store one session of a patient once.

    The same identifier, and the same start with the same exercises from another device, are one
    session. A late upload counts for the day on which it was done.

    Parameters
    ----------
    store
        The open store.
    library
        The exercises that the upload may name, beside those of the programme.
    rules
        The dated rules, for the worklist.
    mrn
        Record number.
    upload
        The device's JSON: `id`, `started_at`, `completed_at`, `pain_before`, `pain_after`,
        `difficulty`, `notes`, `exercises` with `exercise`, `done` or `skipped`, `reps` per set,
        and a `journal` entry.
    by
        Who acted: `patient`, `me` (who runs the command), or a contact's identifier.

    Raises
    ------
    NotFoundError
        There is no such patient, exercise or contact.
    NotPermittedError
        The patient's consent for the contact does not cover it today.
    FindingsError
        A value is missing, of the wrong kind, out of range or in the future, the identifier names
        another session, or two sessions overlap; nothing is stored.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        actor = acting(uow, patient.ref, by, ContactScope.LOG_SESSIONS)
        logged = log_in(uow, library, rules, patient.ref, upload, actor.text)
        if logged.is_new or logged.journal:
            triage.refresh(uow, [patient.ref], rules)
        return replace(logged, held=journal_entries.is_held(uow, patient.ref))


def log_in(
    uow: UnitOfWork,
    library: ExerciseLibrary,
    rules: RuleTable,
    patient: PatientRef,
    upload: Mapping[str, Any],
    entered_by: str,
) -> Logged:
    """Store one session within a transaction; the caller refreshes the worklist. See `log`."""
    session = _session(uow, library, patient, upload, entered_by)
    known = _known(uow, session)
    stored, entry = known or session, None
    if upload.get("journal") is not None:
        journal = upload["journal"]
        if not isinstance(journal, Mapping):
            raise FindingsError("session.journal is not an object", "Send the upload again")
        values = {"id": f"{stored.external_id}:journal"} | dict(cast("Mapping[str, Any]", journal))
        entry = journal_entries.read(uow, rules, patient, values, entered_by)
    if known is None:
        uow.sessions.add(session)
    action = "session.repeat" if known else "session.log"
    uow.audit.record(action, "exercise_session", stored.id)
    # a journal entry may come with a second upload only: its red flags count as any others
    new_entry = entry is not None and journal_entries.add(uow, entry)
    return Logged(stored.external_id, known is None, stored.id, new_entry)


def of_patient(store: Store, mrn: str, limit: int) -> tuple[ExerciseSession, ...]:
    """Return the newest sessions of a patient, the newest first.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    limit
        How many at most.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        patient = uow.patients.get(mrn)
        found = uow.sessions.of_patient(patient.id)[-limit:]
        uow.audit.record("session.list", "patient", patient.id, {"count": len(found)})
        return tuple(reversed(found))


def show(store: Store, session_id: str) -> tuple[str, ExerciseSession]:
    """Return one session with its exercises, and the patient's record number.

    Parameters
    ----------
    store
        The open store.
    session_id
        Identifier from `session list`.

    Raises
    ------
    NotFoundError
        There is none with this identifier.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        try:
            found = uow.sessions.get(UUID(session_id))
        except ValueError:
            raise NotFoundError(
                "that is no identifier of a session", "Look at: rehabctl session list"
            ) from None
        uow.audit.record("session.read", "exercise_session", found.id)
        return uow.patients.by_id(found.patient.id).mrn, found


def _known(uow: UnitOfWork, session: ExerciseSession) -> ExerciseSession | None:
    """Return the stored session that an upload repeats.

    Raises
    ------
    FindingsError
        It has the identifier, or the time, of a session with other content.
    """

    def same(other: ExerciseSession) -> bool:
        """Return whether the other session tells all that was uploaded; ratings may be left out."""
        if any(
            (told := getattr(session, name)) is not None and told != getattr(other, name)
            for name in _RATINGS
        ):
            return False
        done = [(entry.exercise, entry.done, entry.reps_per_set) for entry in session.entries]
        return other.started_at == session.started_at and done == [
            (entry.exercise, entry.done, entry.reps_per_set) for entry in other.entries
        ]

    uploaded = uow.sessions.by_external_id(session.patient.id, session.external_id)
    if uploaded is not None:
        if not same(uploaded):
            raise FindingsError(
                "another session was uploaded under this id", "Give each session its own id"
            )
        return uploaded
    for other in uow.sessions.of_patient(session.patient.id, session.started_at - MAX_LENGTH):
        if same(other):  # from a second device
            return other
        if _overlap(session, other):
            raise FindingsError(
                "another session of this patient overlaps in time",
                "Compare both, see `rehabctl session list`, and correct started_at",
            )
    return None


def _overlap(one: ExerciseSession, other: ExerciseSession) -> bool:
    """Return whether two sessions share time; one without an end takes none."""
    first, second = sorted((one, other), key=lambda s: s.started_at)
    return first.completed_at is not None and second.started_at < first.completed_at


def _session(
    uow: UnitOfWork,
    library: ExerciseLibrary,
    patient: PatientRef,
    upload: Mapping[str, Any],
    entered_by: str,
) -> ExerciseSession:
    read = Reader(upload, "session")
    started_at = read.moment("started_at", required=True)
    completed_at = read.moment("completed_at")
    if started_at is None:
        raise read.bad("started_at", "is missing")
    for key, moment in (("started_at", started_at), ("completed_at", completed_at)):
        if moment is not None and moment > uow.now + MAX_CLOCK_AHEAD:
            raise read.bad(key, "lies in the future")
    if completed_at is not None and completed_at < started_at:
        raise read.bad("completed_at", "lies before started_at")
    if completed_at is not None and completed_at - started_at > MAX_LENGTH:
        raise read.bad("completed_at", "lies more than a day after started_at")
    programme = uow.programmes.active(patient.id)
    running = () if programme is None else programme.prescriptions
    lines = {p.exercise_slug: p.id for p in running if p.ended_on is None}
    entries = [
        _entry(Reader(row, f"exercises[{number}]"), library, lines)
        for number, row in enumerate(read.rows("exercises"), start=1)
    ]
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


def _entry(read: Reader, library: ExerciseLibrary, lines: Mapping[str, UUID]) -> SessionEntry:
    slug = read.text("exercise", required=True) or ""
    if slug not in lines:  # what is prescribed is known, whatever the library holds by now
        slug = library.get(slug).slug
    done, skipped = read.flag("done"), read.flag("skipped")
    if done and skipped:
        raise read.bad("done", "and skipped cannot both be true")
    return SessionEntry(
        exercise=slug,
        done=done if "done" in read.row else not skipped,
        prescription_id=lines.get(slug),
        skip_reason=read.text("skip_reason"),
        reps_per_set=read.counts("reps", MAX_SETS),
        hold_s=read.number("hold_s", 0, 7200),
        duration_s=read.number("duration_s", 0, 86_400),
        pain_before=read.number("pain_before", 0, 10),
        pain_after=read.number("pain_after", 0, 10),
        difficulty=read.whole("difficulty", 0, 10),
        form_score=read.number("form_score", 0, 100),
        notes=read.text("notes"),
    )
