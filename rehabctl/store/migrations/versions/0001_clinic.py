"""Clinics, users and the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001_clinic"
down_revision = None

TEXT_BY_BYTES = sa.String().with_variant(sa.String(collation="C"), "postgresql")
# INSERT OR REPLACE deletes past a DELETE trigger: hence the check of the next number.
SQLITE_TRIGGERS = (
    """CREATE TRIGGER audit_entry_next BEFORE INSERT ON audit_entry
    WHEN new.sequence <> (SELECT coalesce(max(sequence), 0) + 1 FROM audit_entry)
    BEGIN SELECT raise(ABORT, 'audit is append-only'); END""",
    """CREATE TRIGGER audit_entry_no_update BEFORE UPDATE ON audit_entry
    BEGIN SELECT raise(ABORT, 'audit is append-only'); END""",
    """CREATE TRIGGER audit_entry_no_delete BEFORE DELETE ON audit_entry
    BEGIN SELECT raise(ABORT, 'audit is append-only'); END""",
    """CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head
    WHEN new.sequence <= old.sequence
    BEGIN SELECT raise(ABORT, 'audit is append-only'); END""",
    """CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head
    BEGIN SELECT raise(ABORT, 'audit is append-only'); END""",
)
POSTGRES_TRIGGERS = (
    """CREATE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'audit is append-only' USING ERRCODE = '42501'; END $$""",
    """CREATE FUNCTION audit_entry_next() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF NEW.sequence <> (SELECT coalesce(max(e.sequence), 0) + 1 FROM audit_entry e) THEN
        RAISE EXCEPTION 'audit is append-only' USING ERRCODE = '42501';
      END IF;
      RETURN NEW;
    END $$""",
    """CREATE TRIGGER audit_entry_next BEFORE INSERT ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_entry_next()""",
    """CREATE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry
    EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_head_forward BEFORE UPDATE ON audit_head
    FOR EACH ROW WHEN (NEW.sequence <= OLD.sequence) EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_head_no_delete BEFORE DELETE ON audit_head
    FOR EACH ROW EXECUTE FUNCTION audit_refuse()""",
    """CREATE TRIGGER audit_head_no_truncate BEFORE TRUNCATE ON audit_head
    EXECUTE FUNCTION audit_refuse()""",
)


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("entity_id", sa.String(), nullable=True),
        sa.Column("detail", sa.String(), nullable=False),
        sa.Column("previous_mac", sa.String(), nullable=False),
        sa.Column("mac", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name=op.f("pk_audit_entry")),
    )
    op.create_index(
        op.f("ix_audit_entry_clinic_id_at"), "audit_entry", ["clinic_id", "at"], unique=False
    )
    op.create_index(
        op.f("ix_audit_entry_entity_entity_id"),
        "audit_entry",
        ["entity", "entity_id"],
        unique=False,
    )
    op.create_table(
        "audit_head",
        sa.Column("one", sa.Integer(), nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("mac", sa.String(), nullable=False),
        sa.CheckConstraint("one = 1", name=op.f("ck_audit_head_one")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_audit_head")),
    )
    op.create_table(
        "clinic",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("length(name) <= 200", name=op.f("ck_clinic_name_length")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clinic")),
    )
    op.create_table(
        "store_info",
        sa.Column("one", sa.Integer(), nullable=False),
        sa.Column("database_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("audit_key_check", sa.String(), nullable=False),
        sa.CheckConstraint("one = 1", name=op.f("ck_store_info_one")),
        sa.PrimaryKeyConstraint("one", name=op.f("pk_store_info")),
    )
    op.create_table(
        "import_checkpoint",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("file_sha256", sa.String(), nullable=False),
        sa.Column("rows_done", sa.Integer(), nullable=False),
        sa.Column("created", sa.Integer(), nullable=False),
        sa.Column("updated", sa.Integer(), nullable=False),
        sa.Column("unchanged", sa.Integer(), nullable=False),
        sa.Column("rejected", sa.Integer(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["clinic_id"], ["clinic.id"], name=op.f("fk_import_checkpoint_clinic_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_import_checkpoint")),
        sa.UniqueConstraint(
            "clinic_id",
            "kind",
            "file_sha256",
            name=op.f("uq_import_checkpoint_clinic_id_kind_file_sha256"),
        ),
    )
    op.create_table(
        "user_account",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("login", TEXT_BY_BYTES, nullable=False),
        sa.Column("display_name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "role IN ('therapist', 'clinic_admin', 'registrar', 'billing', "
            "'technician', 'patient', 'auditor', 'worker')",
            name=op.f("ck_user_account_role"),
        ),
        sa.CheckConstraint(
            "length(display_name) <= 200", name=op.f("ck_user_account_display_name_length")
        ),
        sa.CheckConstraint("length(login) <= 128", name=op.f("ck_user_account_login_length")),
        sa.ForeignKeyConstraint(
            ["clinic_id"], ["clinic.id"], name=op.f("fk_user_account_clinic_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_account")),
        sa.UniqueConstraint("clinic_id", "login", name=op.f("uq_user_account_clinic_id_login")),
        sa.UniqueConstraint("id", "clinic_id", name=op.f("uq_user_account_id_clinic_id")),
    )
    on_postgres = op.get_bind().dialect.name == "postgresql"
    for statement in POSTGRES_TRIGGERS if on_postgres else SQLITE_TRIGGERS:
        op.execute(statement)


def downgrade() -> None:
    op.drop_table("user_account")
    op.drop_table("import_checkpoint")
    op.drop_table("store_info")
    op.drop_table("clinic")
    op.drop_table("audit_head")
    op.drop_table("audit_entry")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION audit_entry_next()")
        op.execute("DROP FUNCTION audit_refuse()")
