"""What payers say of a patient's cover, and what she pays herself."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint
from sqlmodel import Field

from rehabctl.domain.account import EntryKind
from rehabctl.domain.eligibility import CoverState
from rehabctl.domain.policy import Rank, Relationship
from rehabctl.store.column_types import Document, UtcDateTime
from rehabctl.store.tables.base import PatientOwned, one_of, patient_owned, same_patient


class CoverageCheck(PatientOwned, table=True):
    """One question about a patient's cover on a day, and the answer."""

    __table_args__ = patient_owned(
        UniqueConstraint("clinic_id", "trace_number"),
        one_of("state", CoverState),
        Index(None, "patient_id", "service_on"),
        identity=False,
    )

    payer: str
    service_on: date
    trace_number: str
    member_id: str
    service_types: list[str] = Field(sa_type=Document)
    state: str
    asked_at: datetime = Field(sa_type=UtcDateTime)
    port: str | None = None
    answered_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    answer: dict[str, Any] | None = Field(default=None, sa_type=Document)
    answer_sha256: str | None = None


class AccountEntry(PatientOwned, table=True):
    """One entry of what a patient pays herself. Entries are added only."""

    __table_args__ = patient_owned(
        same_patient("reverses_id", "account_entry"),
        UniqueConstraint("clinic_id", "entry_key"),
        UniqueConstraint("reverses_id"),
        one_of("kind", EntryKind),
        CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name="reverses"),
        Index(None, "patient_id", "entered_on"),
    )

    kind: str
    entered_on: date
    amount_cents: int
    entry_key: str
    group_id: UUID
    document: dict[str, Any] = Field(sa_type=Document)
    reverses_id: UUID | None = None
    recorded_at: datetime = Field(sa_type=UtcDateTime)


class InsurancePolicy(PatientOwned, table=True):
    """One policy that covers a patient between two days. Only its end changes later."""

    __table_args__ = patient_owned(
        UniqueConstraint("patient_id", "rank", "valid_from"),
        one_of("rank", Rank),
        one_of("relationship", Relationship),
        CheckConstraint("(relationship = 'self') = (subscriber IS NULL)", name="subscriber"),
        CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="valid_to"),
        identity=False,
    )

    rank: str
    payer: str
    member_id: str
    relationship: str
    valid_from: date
    valid_to: date | None = None
    group_number: str
    insurance_type: str
    subscriber: dict[str, Any] | None = Field(default=None, sa_type=Document)
