"""What was signed stays as it is, whoever writes to the database and by whatever program.

Two things may still happen to a signed note: it moves with its patient to another therapist's
caseload, and it is destroyed with the whole record when its retention has ended, after every
other row that hangs on it.
"""

from __future__ import annotations

from alembic import op

revision = "0029_signed_notes"
down_revision = "0028_suitability"

_KEPT = (
    "id", "patient_id", "clinic_id", "created_at", "kind", "status", "body", "opened_at",
    "author_id", "for_day", "episode_id", "visit_id", "addendum_to", "template", "signed_at",
    "signed_by", "signer_name", "credentials", "content_sha256", "revision",
)  # fmt: skip
_MESSAGE = "a signed note stays as it is"


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        changed = " OR ".join(f"NEW.{name} IS NOT OLD.{name}" for name in _KEPT)
        op.execute(
            "CREATE TRIGGER clinical_note_signed_stays BEFORE UPDATE ON clinical_note "
            f"WHEN OLD.status = 'signed' AND ({changed}) "
            f"BEGIN SELECT RAISE(ABORT, '{_MESSAGE}'); END"
        )
        return
    before, after = (", ".join(f"{row}.{name}" for name in _KEPT) for row in ("OLD", "NEW"))
    op.execute(
        f"""CREATE FUNCTION clinical_note_signed_stays() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF OLD.status = 'signed' AND ({after}) IS DISTINCT FROM ({before}) THEN
            RAISE EXCEPTION '{_MESSAGE}' USING ERRCODE = '23514';
          END IF;
          RETURN NEW;
        END $$"""
    )
    op.execute("REVOKE ALL ON FUNCTION clinical_note_signed_stays() FROM PUBLIC")
    op.execute(
        "CREATE TRIGGER clinical_note_signed_stays BEFORE UPDATE ON clinical_note "
        "FOR EACH ROW EXECUTE FUNCTION clinical_note_signed_stays()"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TRIGGER clinical_note_signed_stays")
        return
    op.execute("DROP TRIGGER clinical_note_signed_stays ON clinical_note")
    op.execute("DROP FUNCTION clinical_note_signed_stays()")
