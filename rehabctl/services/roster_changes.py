"""Writing lines of a roster: what is new, what has changed, and what is as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from rehabctl.domain.clinic import Clinic, Role, User
from rehabctl.domain.episode import course_start
from rehabctl.domain.patient import CareLine, Demographics, PatientRef, PatientSummary
from rehabctl.domain.roster import FieldProblem, RosterLine
from rehabctl.services import triage

if TYPE_CHECKING:
    from rehabctl.reference.rules import RuleTable
    from rehabctl.store.unit_of_work import UnitOfWork


T = TypeVar("T", Demographics, CareLine)


class Change(StrEnum):
    """What a line did."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one line."""

    change: Change | None
    """None: the line was refused."""
    patient: PatientRef | None
    problem: FieldProblem | None = None


def clinic_today(clinic: Clinic, now: datetime) -> date:
    """Return the clinic's local date.

    Parameters
    ----------
    clinic
        Whose clock counts.
    now
        Aware time.
    """
    return now.astimezone(ZoneInfo(clinic.time_zone)).date()


def write_lines(
    uow: UnitOfWork, lines: Sequence[RosterLine], rules: RuleTable, *, blanks_clear: bool = False
) -> list[Outcome]:
    """Write lines, each about another patient, with what they change in the worklist.

    Every kind of statement is carried out once for all lines.

    Parameters
    ----------
    uow
        The transaction.
    lines
        Valid lines.
    rules
        The dated rules, for the worklist.
    blanks_clear
        Whether a value that is not said removes the present one; else it is kept.

    Returns
    -------
    list
        One outcome a line, in their order.
    """
    known = uow.patients.summaries([line.mrn for line in lines])
    therapists = _therapists(uow, {line.therapist for line in lines if line.therapist})
    today = clinic_today(uow.clinic, uow.now)
    new: list[tuple[PatientRef, RosterLine]] = []
    care: list[tuple[UUID, PatientRef, date, CareLine]] = []
    changes = _Changes(uow, today)
    outcomes: list[Outcome] = []
    for line in lines:
        if line.therapist is not None and line.therapist not in therapists:
            problem = FieldProblem("therapist", "is no user of this clinic")
            outcomes.append(Outcome(None, None, problem))
            continue
        therapist = therapists.get(line.therapist or "")
        present = known.get(line.mrn)
        if present is None:
            ref = PatientRef(uow.new_id(), uow.clinic.id, therapist or uow.user.id)
            new.append((ref, line))
            if line.says_care:
                care.append((uow.new_id(), ref, course_start(line.care, today), line.care))
            outcomes.append(Outcome(Change.CREATED, ref))
        else:
            outcomes.append(changes.add(present, line, therapist, blanks_clear=blanks_clear))
    uow.patients.add_lines(new)
    uow.episodes.add_lines([*care, *changes.new_care])
    triage.enter(uow, new, today, rules)
    changes.write(rules)
    return outcomes


def _therapists(uow: UnitOfWork, logins: set[str]) -> Mapping[str, UUID]:
    """Return users by login. On a local file unknown ones are added: nobody logs in there."""
    found = {user.login: user.id for user in uow.clinics.users(uow.clinic.id)} if logins else {}
    if uow.is_local:
        for login in sorted(logins - found.keys()):
            user = User(uow.new_id(), uow.clinic.id, login, login, Role.THERAPIST)
            uow.clinics.add_user(user)
            uow.audit.record("user.create", "user_account", user.id)
            found[login] = user.id
    return found


class _Changes:
    """What lines change of patients who are known, gathered and then written set-wise."""

    def __init__(self, uow: UnitOfWork, today: date) -> None:
        self._uow = uow
        self._today = today
        self._demographics: list[tuple[UUID, Demographics]] = []
        self._care: list[tuple[UUID, CareLine]] = []
        self._touched: list[PatientRef] = []
        self.new_care: list[tuple[UUID, PatientRef, date, CareLine]] = []

    def add(
        self,
        present: PatientSummary,
        line: RosterLine,
        therapist: UUID | None,
        *,
        blanks_clear: bool,
    ) -> Outcome:
        """Note what one line changes."""
        who, care = line.demographics, line.care
        if not blanks_clear:
            who, care = _kept(present.demographics, who), _kept(present.care, care)
        ref = present.ref
        changed = False
        if therapist is not None and therapist != ref.therapist_id:
            ref = self._uow.patients.transfer(ref, therapist)
            changed = True
        if who != present.demographics:
            self._demographics.append((ref.id, who))
            changed = True
        if care != present.care:
            self._note_care(ref, present.active_episode, care)
            changed = True
        if changed:
            self._touched.append(ref)
        return Outcome(Change.UPDATED if changed else Change.UNCHANGED, ref)

    def _note_care(self, patient: PatientRef, episode_id: UUID | None, care: CareLine) -> None:
        if episode_id is None:
            start = course_start(care, self._today)
            self.new_care.append((self._uow.new_id(), patient, start, care))
        else:
            self._care.append((episode_id, care))

    def write(self, rules: RuleTable) -> None:
        """Write everything that was noted; `new_care` must have been added."""
        self._uow.patients.update_demographics(self._demographics)
        self._uow.episodes.update_care(self._care)
        triage.refresh(self._uow, self._touched, rules)


def _kept(present: T, said: T) -> T:
    """Return what was said, with present values where nothing was."""
    missing = {
        f.name: getattr(present, f.name)
        for f in fields(said)
        if getattr(said, f.name) in (None, ())
    }
    return replace(said, **missing)
