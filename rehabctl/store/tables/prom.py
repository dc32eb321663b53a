"""Filled-in questionnaires and performance tests, with the scores made from them."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from rehabctl.domain.patient import Side
from rehabctl.store.column_types import Document, UtcDateTime
from rehabctl.store.tables.base import (
    PatientOwned,
    Table,
    at_most,
    one_of,
    patient_owned,
    same_clinic,
    same_patient,
)


class PromResponse(PatientOwned, table=True):
    """One form with its raw answers, so that it can be scored again by a later rule."""

    __table_args__ = patient_owned(
        UniqueConstraint("patient_id", "external_id"),
        one_of("side", Side),
        Index(None, "patient_id", "completed_at"),
    )

    external_id: str
    instrument: str
    instrument_version: str
    side: str | None = None
    language: str | None = None
    mode: str
    """Who gave the answers and how, such as `patient_device` or `interview`."""
    entered_by: str
    completed_at: datetime = Field(sa_type=UtcDateTime)
    answers: dict[str, Any] = Field(sa_type=Document)
    result: dict[str, Any] = Field(sa_type=Document)
    """The contract's JSON of the scores."""


class PromScore(PatientOwned, table=True):
    """One scale of one form, as trends read it."""

    __table_args__ = patient_owned(
        same_patient("response_id", "prom_response"),
        UniqueConstraint("response_id", "scale"),
        CheckConstraint("n_missing >= 0", name="n_missing"),
        Index(None, "patient_id", "instrument", "scale", "completed_at"),
        identity=False,
    )

    response_id: UUID
    completed_at: datetime = Field(sa_type=UtcDateTime)
    instrument: str
    scale: str
    rule_version: str
    score: float | None = None
    score_unrounded: float | None = None
    n_missing: int
    higher_is_better: bool


class PromLicence(Table, table=True):
    """What a clinic noted about its right to use an instrument's wording."""

    __table_args__ = (
        UniqueConstraint("clinic_id", "instrument", "reference"),
        same_clinic("recorded_by", "user_account"),
        CheckConstraint("expires_on >= valid_from", name="order"),
        at_most("holder", 200),
        at_most("reference", 200),
    )

    id: UUID = Field(primary_key=True)
    clinic_id: UUID = Field(foreign_key="clinic.id")
    instrument: str
    holder: str
    reference: str
    valid_from: date
    expires_on: date | None = None
    recorded_by: UUID
    created_at: datetime = Field(sa_type=UtcDateTime)
