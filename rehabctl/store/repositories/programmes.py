"""Programmes, their prescriptions, and the days on which sessions are due."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, case, delete, insert, select, update

from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.patient import Side
from rehabctl.domain.programme import GateAnswer, Prescription, Programme, ProgrammeStatus
from rehabctl.store.errors import ConflictError
from rehabctl.store.handles import table
from rehabctl.store.ids import new_id
from rehabctl.store.repositories.rows import build, owned, owner, plain, upsert, word

_PROGRAM = table("program")
_PRESCRIPTION = table("prescription")
_EXERCISE = table("exercise")
_SCHEDULED = table("scheduled_session")
_HOLD = table("program_hold")
_OPENING = table("program_opening")
_ANSWER = table("gate_answer")


class ProgrammeRepository:
    """Programmes of patients."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def add(self, programme: Programme) -> None:
        """Add a programme with its prescriptions."""
        self._connection.execute(
            insert(_PROGRAM).values(
                owned(programme.patient, programme.id, self._now)
                | plain(programme, "prescriptions", "created_at")
            )
        )
        self._write_prescriptions(programme)

    def revise(self, programme: Programme) -> Programme:
        """Write a changed programme with its prescriptions, and raise its revision.

        Prescriptions that are missing are kept as they are: end them with `ended_on`.

        Raises
        ------
        ConflictError
            Somebody else changed it since it was read.
        """
        values = plain(programme, "prescriptions", "created_at", "revision")
        statement = (
            update(_PROGRAM)
            .where(_PROGRAM.c.id == programme.id, _PROGRAM.c.revision == programme.revision)
            .values(values | {"revision": programme.revision + 1})
        )
        if self._connection.execute(statement).rowcount != 1:
            raise ConflictError(
                "the programme was changed by somebody else",
                "Read it again, then repeat the change",
            )
        self._write_prescriptions(programme)
        return self.get(programme.id)

    def _write_prescriptions(self, programme: Programme) -> None:
        rows = [
            owned(programme.patient, p.id, self._now)
            | plain(p, "exercise_slug", "exercise_version", "exercise_name")
            | {"program_id": programme.id}
            for p in programme.prescriptions
        ]
        fixed = {"id", "patient_id", "clinic_id", "therapist_id", "program_id", "created_at"}
        for row in rows:
            upsert(self._connection, _PRESCRIPTION, [row], ("id",), row.keys() - fixed)

    def get(self, programme_id: UUID) -> Programme:
        """Return a programme.

        Raises
        ------
        NotFoundError
            There is none with this identifier.
        """
        found = self._read(_PROGRAM.c.id == programme_id)
        if not found:
            raise NotFoundError("the programme does not exist", "Look at: rehabctl program show")
        return found[0]

    def of_patient(self, patient_id: UUID) -> tuple[Programme, ...]:
        """Return all programmes of a patient, oldest first."""
        return self._read(_PROGRAM.c.patient_id == patient_id)

    def active(self, patient_id: UUID) -> Programme | None:
        """Return the active or held programme that started last."""
        running = (ProgrammeStatus.ACTIVE, ProgrammeStatus.HELD)
        found = [p for p in self.of_patient(patient_id) if p.status in running]
        return found[-1] if found else None

    def hold(self, programme: Programme, from_day: date, reason: str) -> None:
        """Stand a programme still from a day on (both inclusive)."""
        self._connection.execute(
            insert(_HOLD).values(
                owned(programme.patient, new_id(), self._now)
                | {"program_id": programme.id, "from_day": from_day, "reason": reason}
            )
        )
        self._set_status(programme, ProgrammeStatus.HELD, reason)

    def resume(self, programme: Programme, last_held_day: date, reason: str | None = None) -> None:
        """End the hold of a programme; the last held day is included.

        A hold that began later, on the day on which it is resumed, keeps that one day.
        """
        values: dict[str, Any] = {
            "to_day": case(
                (_HOLD.c.from_day > last_held_day, _HOLD.c.from_day), else_=last_held_day
            ),
        }
        if reason:
            values["reason"] = _HOLD.c.reason + f"; resumed: {reason}"
        self._connection.execute(
            update(_HOLD)
            .where(_HOLD.c.program_id == programme.id, _HOLD.c.to_day.is_(None))
            .values(values)
        )
        self._set_status(programme, ProgrammeStatus.ACTIVE, None)

    def end(self, programme: Programme, last_day: date) -> None:
        """Stop a programme after a day; days scheduled later are taken away."""
        self._connection.execute(
            delete(_SCHEDULED).where(
                _SCHEDULED.c.program_id == programme.id, _SCHEDULED.c.due_on > last_day
            )
        )
        self._connection.execute(
            update(_PROGRAM)
            .where(_PROGRAM.c.id == programme.id)
            .values(
                status=ProgrammeStatus.STOPPED.value,
                ended_on=max(last_day, programme.started_on),
                revision=_PROGRAM.c.revision + 1,
            )
        )

    def _set_status(
        self, programme: Programme, status: ProgrammeStatus, held_reason: str | None
    ) -> None:
        self._connection.execute(
            update(_PROGRAM)
            .where(_PROGRAM.c.id == programme.id)
            .values(status=status.value, held_reason=held_reason, revision=_PROGRAM.c.revision + 1)
        )

    def set_schedule(self, programme: Programme, from_day: date, days: Sequence[date]) -> None:
        """Write the days from `from_day` on that have a session due; earlier days stay.

        Parameters
        ----------
        programme
            Whose schedule.
        from_day
            First day that may change, usually today.
        days
            Due days; a day with two sessions stands twice.
        """
        self._connection.execute(
            delete(_SCHEDULED).where(
                _SCHEDULED.c.program_id == programme.id, _SCHEDULED.c.due_on >= from_day
            )
        )
        rows: list[dict[str, Any]] = [
            owned(programme.patient, new_id(), self._now)
            | {"program_id": programme.id, "due_on": day, "ordinal": ordinal}
            for day, count in sorted(Counter(d for d in days if d >= from_day).items())
            for ordinal in range(1, count + 1)
        ]
        if rows:
            self._connection.execute(insert(_SCHEDULED), rows)

    def due_days(self, programme_id: UUID) -> tuple[date, ...]:
        """Return every day of a programme with a session due, oldest first."""
        query = select(_SCHEDULED.c.due_on).where(_SCHEDULED.c.program_id == programme_id)
        return tuple(self._connection.execute(query.order_by(_SCHEDULED.c.due_on)).scalars())

    def add_gate_answer(self, programme: Programme, answer: GateAnswer) -> None:
        """Keep what a clinician answered; earlier answers stay on record."""
        self._connection.execute(
            insert(_ANSWER).values(
                owned(programme.patient, new_id(), answer.answered_at)
                | plain(answer, "answered_at")
                | {"program_id": programme.id}
            )
        )

    def gate_answers(self, programme_id: UUID) -> tuple[GateAnswer, ...]:
        """Return every answer to the gates of a programme, oldest first."""
        query = select(_ANSWER).where(_ANSWER.c.program_id == programme_id)
        rows = self._connection.execute(query.order_by(_ANSWER.c.created_at, _ANSWER.c.id))
        return tuple(
            build(GateAnswer, row, answered_at=row["created_at"]) for row in rows.mappings()
        )

    def opened(self, programme: Programme, opened_at: datetime) -> None:
        """Note that the patient opened the programme on a device."""
        self._connection.execute(
            insert(_OPENING).values(
                owned(programme.patient, new_id(), self._now) | {"opened_at": opened_at}
            )
        )

    def _read(self, condition: Any) -> tuple[Programme, ...]:
        query = select(_PROGRAM).where(condition)
        rows = self._connection.execute(query.order_by(_PROGRAM.c.started_on, _PROGRAM.c.id))
        programs = list(rows.mappings())
        lines = self._prescriptions([row["id"] for row in programs])
        return tuple(
            build(
                Programme,
                row,
                patient=owner(row),
                status=ProgrammeStatus(row["status"]),
                prescriptions=tuple(lines.get(row["id"], ())),
            )
            for row in programs
        )

    def _prescriptions(self, programme_ids: Sequence[UUID]) -> dict[UUID, list[Prescription]]:
        if not programme_ids:
            return {}
        query = (
            select(
                _PRESCRIPTION,
                _EXERCISE.c.slug.label("exercise_slug"),
                _EXERCISE.c.version.label("exercise_version"),
                _EXERCISE.c.name.label("exercise_name"),
            )
            .join(_EXERCISE, _EXERCISE.c.id == _PRESCRIPTION.c.exercise_id)
            .where(_PRESCRIPTION.c.program_id.in_(programme_ids))
            .order_by(_PRESCRIPTION.c.position, _PRESCRIPTION.c.id)
        )
        lines: dict[UUID, list[Prescription]] = {}
        for row in self._connection.execute(query).mappings():
            lines.setdefault(row["program_id"], []).append(_prescription(row))
        return lines


def _prescription(row: RowMapping) -> Prescription:
    return build(Prescription, row, side=word(Side, row["side"]), weekdays=tuple(row["weekdays"]))
