"""Received HL7 v2 messages become patients and referrals, each message whole or not at all.

Messages of one patient follow each other and later ones build on earlier ones, so that each has a
transaction of its own, in their order. A patient is known by her medical record number; a message
that says the same again changes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from rehabctl.domain.episode import Episode, Referral
from rehabctl.domain.errors import FindingsError, NotFoundError, RehabctlError, UsageError
from rehabctl.domain.npi import is_well_formed_npi
from rehabctl.domain.roster import FieldProblem, RosterLine, parse_line
from rehabctl.integrations.hl7v2 import framing, inbound
from rehabctl.integrations.hl7v2.appointments import APPOINTMENT_EVENTS
from rehabctl.integrations.hl7v2.message import Message, MessageError, parse
from rehabctl.reference.appointments import load_appointments
from rehabctl.reference.compact_states import load_compact
from rehabctl.services import hl7_appointments, triage
from rehabctl.services.access import Action, require
from rehabctl.services.import_tally import ImportTally, tally
from rehabctl.services.intake import roster_texts
from rehabctl.services.roster_changes import Change, clinic_today, write_lines
from rehabctl.services.scheduling import BookingRules

if TYPE_CHECKING:
    from rehabctl.domain.patient import PatientRef
    from rehabctl.reference.rules import RuleTable
    from rehabctl.services.import_run import ImportReport
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork


@dataclass(frozen=True, slots=True)
class Accepted:
    """What one message did."""

    change: Change
    patient: PatientRef


def import_files(
    store: Store,
    rules: RuleTable,
    path: Path,
    *,
    dry_run: bool = False,
    rejects: Path | None = None,
    booking: BookingRules | None = None,
    report: Callable[[float, float | None], None] = lambda done, total: None,
) -> ImportReport:
    """Import the messages of a file, or of every file of a folder in the order of their names.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules, for the worklist.
    path
        File or folder.
    dry_run
        Do everything in one transaction and keep nothing.
    rejects
        Gets the refused messages as they were received.
    booking
        The dated tables of appointments; None: the packaged ones.
    report
        Called with the files done and their number.

    Raises
    ------
    NotFoundError
        There is no such file.
    RehabctlError
        It cannot be read.
    """
    files = _files(path)
    with tally(rejects) as counted, _rehearsal(store, dry_run=dry_run) as rehearsal:
        for done, file in enumerate(files):
            report(float(done), float(len(files)))
            try:
                with file.open("rb") as stream:
                    _import(store, rules, stream, file.name, counted, rehearsal, booking)
            except OSError as error:
                raise RehabctlError(
                    f"cannot read {file.name}: {error.strerror}", "Check the file"
                ) from None
        return counted.report()


def import_stream(
    store: Store,
    rules: RuleTable,
    stream: BinaryIO,
    *,
    dry_run: bool = False,
    rejects: Path | None = None,
    booking: BookingRules | None = None,
) -> ImportReport:
    """Import the messages of a pipe.

    Parameters
    ----------
    store, rules, dry_run, rejects, booking
        As for `import_files`.
    stream
        The bytes.
    """
    with tally(rejects) as counted, _rehearsal(store, dry_run=dry_run) as rehearsal:
        _import(store, rules, stream, "-", counted, rehearsal, booking)
        return counted.report()


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(file for file in path.iterdir() if file.is_file() and file.name[0] != ".")
    if not path.exists():
        raise NotFoundError(f"{path.name} does not exist", "Check the path")
    return [path]


def _import(
    store: Store,
    rules: RuleTable,
    stream: BinaryIO,
    name: str,
    counted: ImportTally,
    rehearsal: UnitOfWork | None,
    booking: BookingRules | None,
) -> None:
    for one in framing.messages(stream):
        if one.problem is not None:
            result = [FieldProblem("", one.problem)]
        else:
            result = import_message(store, rules, one.data, rehearsal, booking)
        if isinstance(result, Accepted):
            counted.accept(result.change)
        else:
            counted.refuse(name, one.line, result, one.data)


@contextmanager
def _rehearsal(store: Store, *, dry_run: bool) -> Generator[UnitOfWork | None]:
    """Yield the one transaction of a dry run, which is undone; None for a real one."""
    if not dry_run:
        yield None
        return
    with store.transaction(rehearsal=True) as uow:
        yield uow


def import_message(
    store: Store,
    rules: RuleTable,
    data: bytes,
    rehearsal: UnitOfWork | None = None,
    booking: BookingRules | None = None,
) -> Accepted | list[FieldProblem]:
    """Take over one message.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules, for the worklist.
    data
        Its bytes.
    rehearsal
        The transaction of a dry run; None has one of its own, which is kept.
    booking
        The dated tables of appointments; None: the packaged ones.

    Returns
    -------
    Accepted or list
        What it did, or every reason why it was refused.
    """
    try:
        message = parse(data)
    except MessageError as error:
        return [FieldProblem("", str(error))]
    if not message.version.startswith("2"):
        return [FieldProblem("MSH-12", "is not a version 2 of HL7")]
    if message.kind in APPOINTMENT_EVENTS:
        return _appointment(store, booking or _packaged(rules), message, rehearsal)
    if not _is_referral(message) and message.kind not in inbound.PATIENT_EVENTS:
        return [FieldProblem("MSH-9", "is not a kind of message that is taken over")]
    if rehearsal is not None:
        return _take_over(rehearsal, rules, message)
    with store.transaction() as uow:
        return _take_over(uow, rules, message)


def _packaged(rules: RuleTable) -> BookingRules:
    return BookingRules(load_appointments(), load_compact(), rules)


def _appointment(
    store: Store, tables: BookingRules, message: Message, rehearsal: UnitOfWork | None
) -> Accepted | list[FieldProblem]:
    try:
        if rehearsal is not None:
            result = hl7_appointments.take_over(rehearsal, tables, message)
        else:
            with store.transaction() as uow:
                result = hl7_appointments.take_over(uow, tables, message)
    except (FindingsError, UsageError, NotFoundError) as error:
        return [FieldProblem("SCH", error.what)]
    return result if isinstance(result, list) else Accepted(result[0], result[1].ref)


def _take_over(
    uow: UnitOfWork, rules: RuleTable, message: Message
) -> Accepted | list[FieldProblem]:
    require(uow, Action.IMPORT_PATIENTS)
    today = clinic_today(uow.clinic, uow.now)
    said = inbound.referral(message) if _is_referral(message) else None
    checked = None if said is None else _checked_referral(said, today)
    if isinstance(checked, list):
        return checked
    line = _line(uow, message, said, today)
    if not isinstance(line, RosterLine):
        return line
    (outcome,) = write_lines(uow, [line], rules, blanks_clear=True)
    if outcome.patient is None or outcome.change is None:
        return [outcome.problem or FieldProblem("", "was refused")]
    change = outcome.change
    if checked is not None and _add_referral(uow, outcome.patient, checked):
        change = max(change, Change.UPDATED, key=_WEIGHT.index)
        triage.refresh(uow, [outcome.patient], rules)
    detail = {"kind": message.header.text(9), "sha256": hashlib.sha256(message.data).hexdigest()}
    uow.audit.record("import.hl7", "patient", outcome.patient.id, detail)
    return Accepted(change, outcome.patient)


_WITHDRAWN = ("CA", "DC", "OC")
_WEIGHT = (Change.UNCHANGED, Change.UPDATED, Change.CREATED)


def _is_referral(message: Message) -> bool:
    return message.header.text(9) in inbound.REFERRAL_KINDS


def _line(
    uow: UnitOfWork, message: Message, said: inbound.ReferralMessage | None, today: date
) -> RosterLine | list[FieldProblem]:
    """Return the patient of a message as a valid line; what it does not say stays as it is."""
    values = inbound.patient_values(message)
    mrn = values.get("mrn", "")
    present = uow.patients.summaries([mrn]).get(mrn) if mrn else None
    if present is not None:
        # a message about the person never changes the course of care, and an order only opens one
        values = {k: v for k, v in roster_texts(present).items() if k != "therapist"} | values
    if said is not None and (present is None or present.active_episode is None):
        values |= {"diagnosis": said.diagnosis, "surgery_date": said.surgery_date}
    return parse_line(values, today)


@dataclass(frozen=True, slots=True)
class _Order:
    said: inbound.ReferralMessage
    ordered_on: date
    expires_on: date | None
    authorised_visits: int | None


def _checked_referral(said: inbound.ReferralMessage, today: date) -> _Order | list[FieldProblem]:
    problems: list[FieldProblem] = []
    days: dict[str, date | None] = {}
    for name in ("ordered_on", "expires_on"):
        text: str = getattr(said, name)
        try:
            days[name] = date.fromisoformat(text) if text else None
        except ValueError:
            problems.append(FieldProblem(name, "is not a whole date"))
    ordered_on = days.get("ordered_on")
    if said.control in _WITHDRAWN:
        problems.append(FieldProblem("ORC-1", "withdraws an order, which is not taken over"))
    if not said.referrer_name:
        problems.append(FieldProblem("referrer_name", "is missing"))
    if said.referrer_npi and not is_well_formed_npi(said.referrer_npi):
        problems.append(FieldProblem("referrer_npi", "is not a valid NPI"))
    if ordered_on is not None and ordered_on > today:
        problems.append(FieldProblem("ordered_on", "lies in the future"))
    visits = said.authorised_visits.removesuffix(".0")
    if visits and not (visits.isdecimal() and len(visits) <= 4):
        problems.append(FieldProblem("authorised_visits", "is not a count"))
    if problems:
        return problems
    return _Order(said, ordered_on or today, days["expires_on"], int(visits) if visits else None)


def _add_referral(uow: UnitOfWork, patient: PatientRef, order: _Order) -> bool:
    """File an order with the active course of care, once; return whether it is new."""
    today = clinic_today(uow.clinic, uow.now)
    episode = uow.episodes.active(patient.id)
    if episode is None:
        episode = Episode(id=uow.new_id(), patient=patient, started_on=today)
        uow.episodes.add([episode])
    referral = Referral(
        id=uow.new_id(),
        patient=patient,
        episode_id=episode.id,
        referrer_name=order.said.referrer_name,
        referrer_npi=order.said.referrer_npi or None,
        ordered_on=order.ordered_on,
        received_on=today,
        authorised_visits=order.authorised_visits,
        expires_on=order.expires_on,
    )
    if any(_same(referral, known) for known in uow.episodes.referrals(patient.id)):
        return False
    if episode.icd10 is None and order.said.icd10:
        uow.episodes.update(
            replace(episode, icd10=order.said.icd10, surgery=order.said.procedure or None)
        )
    uow.episodes.add_referral(referral)
    return True


def _same(one: Referral, other: Referral) -> bool:
    """Return whether two orders say the same, whenever they came in."""
    return one == replace(other, id=one.id, episode_id=one.episode_id, received_on=one.received_on)
