"""Patients: create, find, list by key, update."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, astuple, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, RowMapping, and_, func, insert, select, update

from rehabctl.domain.errors import NotFoundError, suggestion
from rehabctl.domain.patient import (
    CareLine,
    Demographics,
    Patient,
    PatientPage,
    PatientRef,
    PatientStatus,
    PatientSummary,
    Sex,
    Side,
)
from rehabctl.domain.roster import DEMOGRAPHIC, RosterLine
from rehabctl.store.bulk import insert_rows, update_rows
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import chunked, decode_cursor, encode_cursor

PATIENT = table("patient")
EPISODE = table("episode")
USER_ACCOUNT = table("user_account")
_REF = ("id", "clinic_id", "therapist_id")
_CARE = len(DEMOGRAPHIC)
"""Where the part about the patient's care begins in a roster line."""
_NEIGHBOURS = 20
"""Record numbers looked at on either side when an unknown one is typed."""


class PatientRepository:
    """Patients of one clinic.

    Parameters
    ----------
    connection
        Of the transaction.
    clinic_id
        Whose patients.
    now
        Time of the transaction.
    caseload_of
        The therapist to whose patients lists are limited; None means no limit.
    """

    def __init__(
        self,
        connection: Connection,
        clinic_id: UUID,
        now: datetime,
        caseload_of: UUID | None = None,
    ) -> None:
        self._connection = connection
        self._clinic_id = clinic_id
        self._now = now
        self._caseload_of = caseload_of

    def add(self, patients: Sequence[Patient]) -> None:
        """Add new patients.

        Raises
        ------
        ConflictError
            A record number exists (raised when the unit of work ends the statement).
        """
        if patients:
            self._connection.execute(insert(PATIENT), [patient_values(p) for p in patients])

    def add_lines(self, lines: Sequence[tuple[PatientRef, RosterLine]]) -> None:
        """Add new patients under care from lines of a roster, set-wise."""
        now = self._now
        status = PatientStatus.ACTIVE.value
        insert_rows(
            self._connection,
            PATIENT,
            (*_REF, *DEMOGRAPHIC, "status", "created_at", "updated_at"),
            [
                (ref.id, ref.clinic_id, ref.therapist_id, *line[:_CARE], status, now, now)
                for ref, line in lines
            ],
        )

    def update_demographics(self, changes: Sequence[tuple[UUID, Demographics]]) -> None:
        """Write who patients are, set-wise."""
        rows = [(i, *astuple(who)[1:], self._now) for i, who in changes]
        names = [f.name for f in fields(Demographics)][1:]
        update_rows(self._connection, PATIENT, ("id", *names, "updated_at"), rows)

    def update(self, patient: Patient) -> None:
        """Write demographics, status and `updated_at` of a patient."""
        values = patient_values(patient)
        for fixed in ("id", "clinic_id", "therapist_id", "created_at"):
            del values[fixed]
        values["updated_at"] = self._now
        self._connection.execute(update(PATIENT).where(PATIENT.c.id == patient.id).values(values))

    def transfer(self, patient: PatientRef, therapist_id: UUID) -> PatientRef:
        """Give a patient, with every row about her, to another therapist."""
        self._connection.execute(
            update(PATIENT)
            .where(PATIENT.c.id == patient.id)
            .values(therapist_id=therapist_id, updated_at=self._now)
        )
        return PatientRef(patient.id, patient.clinic_id, therapist_id)

    def get(self, mrn: str) -> Patient:
        """Return a patient by record number.

        Raises
        ------
        NotFoundError
            There is none; similar record numbers are suggested.
        """
        patient = self.find([mrn]).get(mrn)
        if patient is None:
            raise self._not_found(mrn)
        return patient

    def by_id(self, patient_id: UUID) -> Patient:
        """Return a patient by identifier."""
        query = select(PATIENT).where(PATIENT.c.id == patient_id)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise NotFoundError("the patient does not exist", "Look at: rehabctl patient list")
        return patient_of(row)

    def find(self, mrns: Sequence[str]) -> dict[str, Patient]:
        """Return the patients that exist of these record numbers."""
        found: dict[str, Patient] = {}
        for part in chunked(mrns):
            query = select(PATIENT).where(
                PATIENT.c.clinic_id == self._clinic_id, PATIENT.c.mrn.in_(part)
            )
            for row in self._connection.execute(query).mappings():
                found[row["mrn"]] = patient_of(row)
        return found

    def page(
        self,
        *,
        limit: int,
        cursor: str | None = None,
        status: PatientStatus | None = None,
        therapist_id: UUID | None = None,
    ) -> PatientPage:
        """Return a page in the order of record numbers.

        Parameters
        ----------
        limit
            Rows wanted.
        cursor
            Of the page before; None starts.
        status, therapist_id
            Only these patients.
        """
        query = self._summaries(status, therapist_id or self._caseload_of)
        if cursor is not None:
            query = query.where(PATIENT.c.mrn > str(decode_cursor(cursor, 1)[0]))
        rows = self._connection.execute(query.order_by(PATIENT.c.mrn).limit(limit + 1)).mappings()
        items = tuple(_summary(row) for row in rows)
        more = len(items) > limit
        items = items[:limit]
        return PatientPage(items, encode_cursor([items[-1].demographics.mrn]) if more else None)

    def count(
        self,
        *,
        status: PatientStatus | None = None,
        therapist_id: UUID | None = None,
        mrn_from: str | None = None,
        mrn_to: str | None = None,
    ) -> int:
        """Return how many patients a list covers, of record numbers within a range."""
        query = select(func.count()).select_from(PATIENT)
        query = query.where(*self._conditions(status, therapist_id or self._caseload_of))
        if mrn_from is not None:
            query = query.where(PATIENT.c.mrn >= mrn_from)
        if mrn_to is not None:
            query = query.where(PATIENT.c.mrn <= mrn_to)
        return self._connection.execute(query).scalar_one()

    def summary(self, mrn: str) -> PatientSummary:
        """Return one line of the list.

        Raises
        ------
        NotFoundError
            There is no such patient.
        """
        found = self.summaries([mrn])
        if mrn not in found:
            raise self._not_found(mrn)
        return found[mrn]

    def summaries(self, mrns: Sequence[str]) -> dict[str, PatientSummary]:
        """Return the lines of the list for these record numbers."""
        found: dict[str, PatientSummary] = {}
        for part in chunked(mrns):
            query = self._summaries(None, None).where(PATIENT.c.mrn.in_(part))
            for row in self._connection.execute(query).mappings():
                found[row["mrn"]] = _summary(row)
        return found

    def _conditions(self, status: PatientStatus | None, therapist_id: UUID | None) -> list[Any]:
        conditions: list[Any] = [PATIENT.c.clinic_id == self._clinic_id]
        if status is not None:
            conditions.append(PATIENT.c.status == status.value)
        if therapist_id is not None:
            conditions.append(PATIENT.c.therapist_id == therapist_id)
        return conditions

    def _summaries(self, status: PatientStatus | None, therapist_id: UUID | None) -> Any:
        inner = EPISODE.alias("newest")
        newest = (
            select(inner.c.id)
            .where(inner.c.patient_id == PATIENT.c.id, inner.c.status == "active")
            .order_by(inner.c.started_on.desc(), inner.c.id.desc())
            .limit(1)
            .scalar_subquery()
        )
        episode = EPISODE.c
        return (
            select(
                PATIENT,
                USER_ACCOUNT.c.login,
                episode.id.label("episode_id"),
                episode.diagnosis,
                episode.surgery_date,
                episode.side,
                episode.precautions,
            )
            .join(USER_ACCOUNT, USER_ACCOUNT.c.id == PATIENT.c.therapist_id)
            .outerjoin(EPISODE, and_(episode.patient_id == PATIENT.c.id, episode.id == newest))
            .where(*self._conditions(status, therapist_id))
        )

    def _not_found(self, mrn: str) -> NotFoundError:
        hint = suggestion(mrn, self._neighbours(mrn)) or "look at: rehabctl patient list"
        return NotFoundError(f"no patient has the record number {mrn}", hint)

    def _neighbours(self, mrn: str) -> list[str]:
        """Return record numbers near an unknown one: before, after, and with the same start."""
        column = PATIENT.c.mrn
        mine = PATIENT.c.clinic_id == self._clinic_id
        queries = [
            select(column).where(mine, column < mrn).order_by(column.desc()),
            select(column).where(mine, column > mrn).order_by(column),
            select(column).where(mine, column.startswith(mrn[:2], autoescape=True)),
        ]
        near: set[str] = set()
        for query in queries:
            near.update(self._connection.execute(query.limit(_NEIGHBOURS)).scalars())
        return sorted(near)


def patient_values(patient: Patient) -> dict[str, Any]:
    """Return the columns of a patient."""
    return {
        "id": patient.ref.id,
        "clinic_id": patient.ref.clinic_id,
        "therapist_id": patient.ref.therapist_id,
        **asdict(patient.demographics),
        "sex": patient.demographics.sex.value,
        "status": patient.status.value,
        "created_at": patient.created_at,
        "updated_at": patient.updated_at,
    }


def patient_of(row: RowMapping) -> Patient:
    """Return the patient of a row of the patient table."""
    return Patient(
        PatientRef(row["id"], row["clinic_id"], row["therapist_id"]),
        _demographics(row),
        PatientStatus(row["status"]),
        row["created_at"],
        row["updated_at"],
    )


def _demographics(row: RowMapping) -> Demographics:
    return Demographics(
        mrn=row["mrn"],
        given_name=row["given_name"],
        family_name=row["family_name"],
        birth_date=row["birth_date"],
        sex=Sex(row["sex"]),
        state=row["state"],
        middle_name=row["middle_name"],
        phone=row["phone"],
        email=row["email"],
        address1=row["address1"],
        city=row["city"],
        postal_code=row["postal_code"],
        time_zone=row["time_zone"],
        language=row["language"],
        payer=row["payer"],
        member_id=row["member_id"],
    )


def _summary(row: RowMapping) -> PatientSummary:
    return PatientSummary(
        PatientRef(row["id"], row["clinic_id"], row["therapist_id"]),
        _demographics(row),
        PatientStatus(row["status"]),
        row["login"],
        row["episode_id"],
        CareLine(
            row["diagnosis"],
            row["surgery_date"],
            None if row["side"] is None else Side(row["side"]),
            tuple(row["precautions"] or ()),
        ),
    )
