"""Whole histories of patients, written set-wise: what imports and seeds bring at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection

from rehabctl.domain.consent import Consent
from rehabctl.domain.episode import Episode
from rehabctl.domain.patient import Patient
from rehabctl.domain.programme import Programme
from rehabctl.domain.prom import PromResponse
from rehabctl.domain.recording import StoredAssessment
from rehabctl.domain.session import ExerciseSession, JournalEntry
from rehabctl.store.bulk import insert_rows
from rehabctl.store.handles import table
from rehabctl.store.ids import new_id
from rehabctl.store.repositories.patients import patient_values
from rehabctl.store.repositories.rows import owned, plain

_ENTRY_NAMES = (
    "id", "patient_id", "clinic_id", "therapist_id", "created_at", "session_id", "position",
    "exercise", "done", "reps_per_set", "pain_after", "form_score",
)  # fmt: skip


class HistoryRepository:
    """Writes many new records of one kind with one statement."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add_patients(self, patients: Sequence[Patient]) -> None:
        """Add new patients."""
        self._insert("patient", [patient_values(p) for p in patients])

    def add_episodes(self, episodes: Sequence[Episode]) -> None:
        """Add courses of care."""
        self._insert("episode", [owned(e.patient, e.id, self._now) | plain(e) for e in episodes])

    def add_consents(self, consents: Sequence[Consent]) -> None:
        """Add consents."""
        self._insert("consent", [owned(c.patient, c.id, self._now) | plain(c) for c in consents])

    def add_programmes(self, programmes: Sequence[tuple[Programme, Sequence[date]]]) -> None:
        """Add programmes without prescriptions, with the days on which sessions are due."""
        self._insert(
            "program",
            [
                owned(p.patient, p.id, self._now) | plain(p, "prescriptions", "created_at")
                for p, _ in programmes
            ],
        )
        self._insert(
            "scheduled_session",
            [
                owned(p.patient, new_id(), self._now)
                | {"program_id": p.id, "due_on": day, "ordinal": ordinal}
                for p, days in programmes
                for day, count in sorted(Counter(days).items())
                for ordinal in range(1, count + 1)
            ],
        )

    def add_sessions(self, sessions: Sequence[ExerciseSession]) -> None:
        """Add sessions that are known to be new, with what was done in them."""
        self._insert(
            "exercise_session",
            [
                owned(s.patient, s.id, self._now)
                | plain(s, "entries", "programme_id")
                | {"program_id": s.programme_id}
                for s in sessions
            ],
        )
        rows = [
            (
                new_id(), s.patient.id, s.patient.clinic_id, s.patient.therapist_id, self._now,
                s.id, position, e.exercise, e.done, e.reps_per_set, e.pain_after, e.form_score,
            )
            for s in sessions
            for position, e in enumerate(s.entries, start=1)
        ]  # fmt: skip
        insert_rows(self._connection, table("session_entry"), _ENTRY_NAMES, rows)

    def add_journal(self, entries: Sequence[JournalEntry]) -> None:
        """Add journal entries that are known to be new."""
        rows = [owned(e.patient, e.id, self._now) | plain(e) for e in entries]
        self._insert("journal_entry", rows)

    def add_forms(self, forms: Sequence[PromResponse]) -> None:
        """Add filled-in questionnaires that are known to be new, with their scores."""
        self._insert(
            "prom_response",
            [owned(f.patient, f.id, self._now) | plain(f, "scores") for f in forms],
        )
        self._insert(
            "prom_score",
            [
                owned(f.patient, new_id(), self._now)
                | plain(score)
                | {
                    "response_id": f.id,
                    "completed_at": f.completed_at,
                    "instrument": f.instrument,
                }
                for f in forms
                for score in f.scores
            ],
        )

    def add_assessments(self, assessments: Sequence[StoredAssessment]) -> None:
        """Add assessments that are known to be new, with the motions measured in them."""
        self._insert(
            "movement_assessment",
            [
                owned(a.patient, a.id, self._now) | plain(a, "motions", "symmetry")
                for a in assessments
            ],
        )
        self._insert(
            "motion_result",
            [
                owned(a.patient, new_id(), self._now)
                | {"assessment_id": a.id, "measured_at": a.measured_at}
                | plain(motion, "interval_deg")
                for a in assessments
                for motion in a.motions
            ],
        )

    def _insert(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            names = tuple(rows[0])
            insert_rows(self._connection, table(name), names, [tuple(r.values()) for r in rows])
