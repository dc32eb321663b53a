"""The daily journal: half a minute of pain, sleep, symptoms and red-flag questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

from rehabctl.domain.errors import FindingsError, suggestion
from rehabctl.domain.message import ContactScope
from rehabctl.domain.patient import PatientRef
from rehabctl.domain.programme import ProgrammeStatus
from rehabctl.domain.session import JournalEntry
from rehabctl.reference.rules import RuleTable
from rehabctl.services import triage
from rehabctl.services.access import Action, require
from rehabctl.services.actors import acting
from rehabctl.services.upload_reader import Reader

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

MAX_CLOCK_AHEAD = timedelta(minutes=10)
"""How far a device's clock may run ahead."""


@dataclass(frozen=True, slots=True)
class JournalLogged:
    """What became of one journal entry."""

    external_id: str
    is_new: bool
    held: bool
    """Whether the programme is held now, as a red-flag answer holds it."""


def log(
    store: Store, rules: RuleTable, mrn: str, upload: Mapping[str, Any], *, by: str
) -> JournalLogged:
    """Store one journal entry of a patient once.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules; they name the red-flag questions.
    mrn
        Record number.
    upload
        `id`, `recorded_at`, `pain` (0-10), `sleep_quality` (0-10, 10 is best), `symptoms` and
        `red_flags`: the codes of the questions that were answered with yes.
    by
        Who acted: `patient`, `me` (who runs the command), or a contact's identifier.

    Raises
    ------
    NotFoundError
        There is no such patient or contact.
    NotPermittedError
        The patient's consent for the contact does not cover it today.
    FindingsError
        A value is of the wrong kind, out of range or in the future; nothing is stored.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        patient = uow.patients.get(mrn)
        actor = acting(uow, patient.ref, by, ContactScope.LOG_SESSIONS)
        entry = read(uow, rules, patient.ref, upload, actor.text)
        is_new = add(uow, entry)
        uow.audit.record("journal.log" if is_new else "journal.repeat", "patient", patient.id)
        if is_new:
            triage.refresh(uow, [patient.ref], rules)
        return JournalLogged(entry.external_id, is_new, is_held(uow, patient.ref))


def add(uow: UnitOfWork, entry: JournalEntry) -> bool:
    """Store an entry once; return whether it was new.

    Raises
    ------
    FindingsError
        Its identifier stands for an entry with other answers; nothing is stored.
    """
    if uow.sessions.add_journal(entry):
        return True
    stored = uow.sessions.journal(entry.patient.id)
    other = next(one for one in stored if one.external_id == entry.external_id)
    if (other.pain, set(other.red_flags)) != (entry.pain, set(entry.red_flags)):
        raise FindingsError(
            "another journal entry was uploaded under this id", "Give each entry its own id"
        )
    return False


def is_held(uow: UnitOfWork, patient: PatientRef) -> bool:
    """Return whether the patient's programme is held, by a red flag or by a clinician.

    Parameters
    ----------
    uow
        The transaction.
    patient
        Whose.
    """
    programme = uow.programmes.active(patient.id)
    return programme is not None and programme.status is ProgrammeStatus.HELD


def read(
    uow: UnitOfWork,
    rules: RuleTable,
    patient: PatientRef,
    upload: Mapping[str, Any],
    entered_by: str,
) -> JournalEntry:
    """Return the entry of an upload.

    Parameters
    ----------
    uow
        The transaction.
    rules
        The dated rules; they name the red-flag questions.
    patient
        Whose.
    upload
        See `log`.
    entered_by
        Who acted.

    Raises
    ------
    FindingsError
        A value is of the wrong kind, out of range or in the future.
    """
    reader = Reader(upload, "journal")
    recorded_at = reader.moment("recorded_at") or uow.now
    if recorded_at > uow.now + MAX_CLOCK_AHEAD:
        raise reader.bad("recorded_at", "lies in the future")
    day = recorded_at.astimezone(ZoneInfo(uow.clinic.time_zone)).date()
    return JournalEntry(
        id=uow.new_id(),
        patient=patient,
        external_id=reader.text("id") or f"recorded:{recorded_at.isoformat()}",
        day=day,
        recorded_at=recorded_at,
        entered_by=entered_by,
        pain=reader.number("pain", 0, 10),
        sleep_quality=reader.whole("sleep_quality", 0, 10),
        symptoms=reader.text("symptoms"),
        red_flags=_red_flags(reader, rules, day),
    )


def _red_flags(reader: Reader, rules: RuleTable, day: date) -> tuple[str, ...]:
    given: object = reader.row.get("red_flags", [])
    codes = cast("list[object]", given) if isinstance(given, list) else None
    if codes is None or not all(isinstance(code, str) for code in codes):
        raise reader.bad("red_flags", "is not a list of codes")
    known = list(rules.in_force(day)["RED_FLAG"].options)
    for code in codes:
        if code not in known:
            near = suggestion(str(code), known)
            raise reader.bad(
                "red_flags", "names an unknown question" + (f" ({near})" if near else "")
            )
    return tuple(dict.fromkeys(str(code) for code in codes))
