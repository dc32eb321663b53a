"""Visits of the clinic in memory: timed, counted and signed by the real rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.billing.units import UnitResult, count_units
from rehabctl.clinic import note_check, visit_log
from rehabctl.clinic.note_content import CLINICIAN
from rehabctl.domain.errors import FindingsError, UsageError
from rehabctl.domain.licence import LicenceCheck, LicenceReason, Verdict
from rehabctl.domain.note import ClinicalNote, NoteKind, NoteStatus
from rehabctl.domain.patient import PatientRef
from rehabctl.domain.visit import Channel, Visit, VisitKind, VisitStatus
from rehabctl.reference.fallback import load_fallback
from rehabctl.services.notes import NoteView
from rehabctl.services.plan_limits import services_of
from rehabctl.services.schedule_views import ScheduleLine
from rehabctl.services.visit_sheet import JoinSheet
from tui.times import NOW, ZONE

if TYPE_CHECKING:
    from tui.clinic import ClinicData

_SECTIONS = (
    ("Subjective", "Pain: before 3, after 4 of 10 in the session of 2026-03-11"),
    ("Objective", "Knee flexion left max 96 ± 5° by camera\n97110 24 min"),
    ("Assessment", CLINICIAN),
    ("Plan", f"2 a week for 8 weeks\n{CLINICIAN}"),
)
_BODY = "\n".join(f"## {title}\n{text}\n" for title, text in _SECTIONS)
_ALLOWED = LicenceCheck(Verdict.ALLOWED, (), ("pt licence CO",))
_BLOCKED = LicenceCheck(
    Verdict.BLOCKED, (LicenceReason("LIC_NONE", "the provider holds nothing there"),)
)
_BOOKED = (
    # mrn, hours from the first appointment, minutes, type, provider, status
    ("1001", 0.0, 30, "treatment-tele", "me", VisitStatus.PLANNED),
    ("1002", 0.75, 45, "treatment", "me", VisitStatus.PLANNED),
    ("1003", 1.75, 45, "group-tele", "me", VisitStatus.PLANNED),
    ("1004", 1.75, 45, "group-tele", "me", VisitStatus.PLANNED),
    ("1005", 3.0, 60, "evaluation", "mweber", VisitStatus.PLANNED),
    ("1006", 4.5, 30, "treatment-tele", "me", VisitStatus.CANCELLED),
    ("1007", 23.0, 30, "treatment-tele", "me", VisitStatus.PLANNED),
    ("1008", -24.0, 30, "treatment-tele", "me", VisitStatus.COMPLETED),
)


class ClinicVisits:
    """The port of visits; faults come from the clinic."""

    zone = ZONE

    def __init__(self, clinic: ClinicData) -> None:
        self._clinic = clinic
        self.visits: dict[str, Visit] = {}
        self.lines: dict[str, tuple[str, str, str]] = {}
        self.notes: dict[str, ClinicalNote] = {}
        self.addenda: list[tuple[str, str]] = []
        self.overrides: list[str] = []
        for n, (mrn, hours, minutes, kind, provider, status) in enumerate(_BOOKED, start=1):
            if mrn in clinic.rows:
                self._add(n, mrn, hours, minutes, kind, provider, status)

    def _add(
        self, n: int, mrn: str, hours: float, minutes: int, kind: str, provider: str,
        status: VisitStatus,
    ) -> None:  # fmt: skip
        start = NOW + timedelta(minutes=4, hours=hours)
        held = status is VisitStatus.COMPLETED
        visit = Visit(
            id=UUID(int=n),
            patient=PatientRef(UUID(int=100 + n), UUID(int=1), UUID(int=2)),
            kind=VisitKind.GROUP if kind.startswith("group") else VisitKind.TREATMENT,
            planned_start_at=start,
            planned_end_at=start + timedelta(minutes=minutes),
            provider_id=UUID(int=2),
            status=status,
            appointment_type=kind,
            appointment_id=UUID(int=50 if kind.startswith("group") else 50 + n),
            expected_state="CO",
            started_at=start if held else None,
            ended_at=start + timedelta(minutes=minutes) if held else None,
            cancel_reason="ill" if status is VisitStatus.CANCELLED else None,
            licence_checks=(
                {"verdict": "allowed", "when": "booking", "basis": ["pt licence CO"],
                 "override_by": None},
            ),
        )  # fmt: skip
        self.visits[str(visit.id)] = visit
        self.lines[str(visit.id)] = (mrn, self._clinic.rows[mrn].name, provider)

    def listed(self, first: date, days: int, *, everybody: bool) -> Sequence[ScheduleLine]:
        with self._clinic._called(f"listed {first} {days}"):
            last = first + timedelta(days=days)
            found = [
                self._line(key)
                for key, visit in self.visits.items()
                if first <= visit.planned_start_at.astimezone(ZONE).date() < last
                and (everybody or self.lines[key][2] == "me")
            ]
            return sorted(found, key=lambda line: line.visit.planned_start_at)

    def _line(self, key: str) -> ScheduleLine:
        visit, (mrn, name, provider) = self.visits[key], self.lines[key]
        size = sum(v.appointment_id == visit.appointment_id for v in self.visits.values())
        minimum = 4 if visit.kind is VisitKind.GROUP else 1
        return ScheduleLine(visit, mrn, name, provider, size, minimum)

    def book(self, mrn: str, start: datetime, type_key: str, override: str) -> None:
        with self._clinic._called(f"book {mrn} {start} {type_key} {override}"):
            if mrn not in self._clinic.rows:
                raise UsageError("no patient has this record number", "Look it up")
            if any(v.planned_start_at <= start < v.planned_end_at for v in self.visits.values()):
                raise FindingsError("somebody is not free", "Choose another time")
            minutes = (start - NOW).total_seconds() / 60 - 4
            n, kind = len(self.visits) + 1, type_key or "treatment"
            self._add(n, mrn, minutes / 60, 30, kind, "me", VisitStatus.PLANNED)

    def move(self, visit_id: str, start: datetime, override: str) -> None:
        with self._clinic._called(f"move {start} {override}"):
            visit = self.visits[visit_id]
            end = start + (visit.planned_end_at - visit.planned_start_at)
            self._keep(replace(visit, planned_start_at=start, planned_end_at=end))

    def cancel(self, visit_id: str, reason: str) -> None:
        with self._clinic._called(f"cancel {reason}"):
            if not reason:
                raise UsageError("a cancelled visit needs a reason", "Give one")
            visit = self.visits[visit_id]
            self._keep(replace(visit, status=VisitStatus.CANCELLED, cancel_reason=reason))

    def sheet(self, visit_id: str) -> JoinSheet:
        with self._clinic._called(f"sheet {visit_id}"):
            visit = self.visits[visit_id]
            start = visit.planned_start_at.astimezone(ZONE)
            mrn = self.lines[visit_id][0]
            return JoinSheet(visit, mrn, start, start, "555-0100", _ALLOWED, load_fallback())

    def units(self, visit: Visit, now: datetime) -> UnitResult:
        return count_units(services_of(visit, now), rule="cms", on=NOW.date())

    def start(self, visit_id: str, channel: Channel, state: str, override: str) -> None:
        with self._clinic._called(f"start {channel.value} {state}"):
            if state == "UT":
                reason = _BLOCKED.reasons[0]
                raise FindingsError(f"{reason.code}: {reason.text}", "Do not begin")
            self.overrides.append(override)
            visit = self.visits[visit_id]
            self._keep(visit_log.start(visit, self._clinic.now, channel, state or None, ()))

    def _keep(self, visit: Visit) -> None:
        self.visits[str(visit.id)] = replace(visit, revision=visit.revision + 1)

    def switch(self, visit_id: str, channel: Channel, picture: str | None = None) -> None:
        with self._clinic._called(f"switch {channel.value}"):
            now = self._clinic.now
            self._keep(visit_log.switch_channel(self.visits[visit_id], now, channel, picture))

    def begin_code(self, visit_id: str, code: str) -> None:
        with self._clinic._called(f"begin_code {code}"):
            if len(code) != 5:
                raise UsageError("that is no procedure code", "Five digits or capitals")
            visit, now = self.visits[visit_id], self._clinic.now
            self._keep(visit_log.begin_block(visit, now, code, one_to_one=True))

    def stop(self, visit_id: str) -> None:
        with self._clinic._called("stop"):
            now = self._clinic.now
            self._keep(visit_log.stop(self.visits[visit_id], now, live_contact=True))

    def rate(self, visit_id: str, answer: str) -> None:
        with self._clinic._called(f"rate {answer}"):
            if not answer.isdecimal():
                raise UsageError("the answer is not a number from 0 to 10", "Ask again")
            self._keep(replace(self.visits[visit_id], satisfaction=int(answer)))

    def note(self, visit_id: str) -> NoteView:
        with self._clinic._called(f"note {visit_id}"):
            visit = self.visits[visit_id]
            if visit_id not in self.notes:
                self.notes[visit_id] = ClinicalNote(
                    id=UUID(visit_id),
                    patient=visit.patient,
                    kind=NoteKind.DAILY,
                    body=_BODY,
                    opened_at=self._clinic.now,
                    author_id=UUID(int=2),
                    for_day=NOW.date(),
                )
            note = self.notes[visit_id]
            added = tuple(
                replace(note, kind=NoteKind.ADDENDUM, body=text)
                for note_id, text in self.addenda
                if note_id == visit_id
            )
            signed = note.status is NoteStatus.SIGNED
            found = () if signed else tuple(note_check.findings(note.kind, note.body))
            return NoteView(note, self.lines[visit_id][0], added, signed or None, found)

    def write(self, note_id: str, section: str, text: str) -> None:
        with self._clinic._called(f"write {section}"):
            note = self.notes[note_id]
            if note.status is NoteStatus.SIGNED:
                raise FindingsError("the note is signed and stays as it is", "Add to it")
            body = note_check.with_section(note.body, section, text)
            self.notes[note_id] = replace(note, body=body)

    def sign(self, note_id: str, credentials: str) -> None:
        with self._clinic._called("sign"):
            if not credentials:
                raise UsageError("a signature needs credentials", "Type them")
            self.notes[note_id] = replace(
                self.notes[note_id], status=NoteStatus.SIGNED, signed_at=self._clinic.now,
                signer_name="Me", credentials=credentials,
            )  # fmt: skip

    def add(self, note_id: str, text: str, credentials: str) -> None:
        with self._clinic._called("add"):
            assert credentials
            self.addenda.append((note_id, text))
