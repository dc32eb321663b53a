"""What every table shares: names of constraints, ownership columns, small constraint helpers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, MetaData, UniqueConstraint
from sqlalchemy.orm import declared_attr
from sqlmodel import Field, SQLModel

from rehabctl.store.column_types import UtcDateTime
from rehabctl.store.constraint_names import CONSTRAINT_NAMES


def _table_name(cls: type) -> str:
    """`ExerciseSession` is stored in `exercise_session`."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", cls.__name__).lower()


class Table(SQLModel):
    """Base of all tables, with metadata of its own."""

    metadata: ClassVar[MetaData] = MetaData(  # pyright: ignore[reportIncompatibleVariableOverride]
        naming_convention=CONSTRAINT_NAMES
    )

    @declared_attr.directive
    def __tablename__(cls) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Name the table after its class."""
        return _table_name(cls)  # pyright: ignore[reportArgumentType]


class PatientOwned(Table):
    """A row about one patient.

    `clinic_id` and `therapist_id` repeat the patient's own, kept true by the composite foreign
    key, so that row-level security is one comparison and needs no look-up per row.
    """

    id: UUID = Field(primary_key=True)
    patient_id: UUID
    clinic_id: UUID
    therapist_id: UUID
    created_at: datetime = Field(sa_type=UtcDateTime)


OWNER = ("patient_id", "clinic_id", "therapist_id")


def patient_owned(*more: Any, identity: bool = True) -> tuple[Any, ...]:
    """Return the table arguments of a patient's row.

    Parameters
    ----------
    more
        Further constraints and indexes.
    identity
        Whether other rows of the same patient refer to this one: they do by (id, patient), so
        that no row can hang on another patient's.
    """
    owner = ForeignKeyConstraint(
        OWNER, ["patient.id", "patient.clinic_id", "patient.therapist_id"], onupdate="CASCADE"
    )
    unique = (UniqueConstraint("id", "patient_id"),) if identity else ()
    return (owner, *unique, *more)


def same_patient(column: str, table: str) -> ForeignKeyConstraint:
    """Return a foreign key to a row of the same patient."""
    return ForeignKeyConstraint([column, "patient_id"], [f"{table}.id", f"{table}.patient_id"])


def same_clinic(column: str, table: str) -> ForeignKeyConstraint:
    """Return a foreign key to a row of the same clinic."""
    return ForeignKeyConstraint([column, "clinic_id"], [f"{table}.id", f"{table}.clinic_id"])


def one_of(column: str, words: Iterable[str]) -> CheckConstraint:
    """Return a constraint that allows these words only."""
    listed = ", ".join(f"'{word}'" for word in words)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def between(column: str, low: float, high: float) -> CheckConstraint:
    """Return a constraint on a number's range, both ends allowed."""
    return CheckConstraint(f"{column} BETWEEN {low} AND {high}", name=column)


def at_most(column: str, length: int) -> CheckConstraint:
    """Return a constraint on a text's length (SQLite does not keep VARCHAR lengths)."""
    return CheckConstraint(f"length({column}) <= {length}", name=f"{column}_length")
