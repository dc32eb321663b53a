"""Sensor kits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012_kits"
down_revision = "0011_gate_answers"

TEXT_BY_BYTES = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "kit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("name", TEXT_BY_BYTES, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("status_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('available', 'assigned', 'shipped', 'returned', 'lost', 'retired')",
            name=op.f("ck_kit_status"),
        ),
        sa.CheckConstraint("length(name) <= 64", name=op.f("ck_kit_name_length")),
        sa.ForeignKeyConstraint(["clinic_id"], ["clinic.id"], name=op.f("fk_kit_clinic_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kit")),
        sa.UniqueConstraint("clinic_id", "name", name=op.f("uq_kit_clinic_id_name")),
        sa.UniqueConstraint("id", "clinic_id", name=op.f("uq_kit_id_clinic_id")),
    )
    op.create_table(
        "kit_item",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kit_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("serial", TEXT_BY_BYTES, nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("firmware", sa.String(), nullable=False),
        sa.Column("segment", sa.String(), nullable=False),
        sa.Column("is_sensor", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("battery_percent", sa.Integer(), nullable=True),
        sa.Column("battery_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "status IN ('good', 'damaged', 'lost')", name=op.f("ck_kit_item_status")
        ),
        sa.CheckConstraint(
            "battery_percent BETWEEN 0 AND 100", name=op.f("ck_kit_item_battery_percent")
        ),
        sa.CheckConstraint("length(firmware) <= 64", name=op.f("ck_kit_item_firmware_length")),
        sa.CheckConstraint("length(model) <= 100", name=op.f("ck_kit_item_model_length")),
        sa.CheckConstraint("length(segment) <= 32", name=op.f("ck_kit_item_segment_length")),
        sa.CheckConstraint("length(serial) <= 64", name=op.f("ck_kit_item_serial_length")),
        sa.ForeignKeyConstraint(
            ["kit_id", "clinic_id"],
            ["kit.id", "kit.clinic_id"],
            name=op.f("fk_kit_item_kit_id_clinic_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kit_item")),
        sa.UniqueConstraint("clinic_id", "serial", name=op.f("uq_kit_item_clinic_id_serial")),
    )
    op.create_index(op.f("ix_kit_item_kit_id"), "kit_item", ["kit_id"], unique=False)
    op.create_table(
        "kit_event",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kit_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("comment", sa.String(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('created', 'item_added', 'item_removed', 'assigned', 'shipped', 'returned', "
            "'cleaned', 'checked', 'damaged', 'repaired', 'lost', 'found', 'retired')",
            name=op.f("ck_kit_event_kind"),
        ),
        sa.CheckConstraint("length(comment) <= 300", name=op.f("ck_kit_event_comment_length")),
        sa.CheckConstraint("length(serial) <= 64", name=op.f("ck_kit_event_serial_length")),
        sa.ForeignKeyConstraint(
            ["kit_id", "clinic_id"],
            ["kit.id", "kit.clinic_id"],
            name=op.f("fk_kit_event_kit_id_clinic_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kit_event")),
    )
    op.create_index(op.f("ix_kit_event_kit_id_at"), "kit_event", ["kit_id", "at"], unique=False)
    op.create_table(
        "kit_assignment",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("kit_id", sa.Uuid(), nullable=False),
        sa.Column("assigned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("due_back_on", sa.Date(), nullable=True),
        sa.Column("returned_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["kit_id", "clinic_id"],
            ["kit.id", "kit.clinic_id"],
            name=op.f("fk_kit_assignment_kit_id_clinic_id"),
        ),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_kit_assignment_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_kit_assignment")),
    )
    op.create_index(
        op.f("ix_kit_assignment_patient_id"), "kit_assignment", ["patient_id"], unique=False
    )
    op.create_index(
        "uq_kit_assignment_open",
        "kit_assignment",
        ["kit_id"],
        unique=True,
        sqlite_where=sa.text("returned_at IS NULL"),
        postgresql_where=sa.text("returned_at IS NULL"),
    )


def downgrade() -> None:
    for name in ("kit_assignment", "kit_event", "kit_item", "kit"):
        op.drop_table(name)
