"""By which another system knows an appointment."""

import sqlalchemy as sa
from alembic import op

revision = "0021_imported_visits"
down_revision = "0020_retention"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("visit", sa.Column("external_id", sa.String(), nullable=True))
    op.create_index(
        op.f("ix_visit_patient_id_external_id"), "visit", ["patient_id", "external_id"], unique=True
    )


def downgrade() -> None:
    op.drop_index(op.f("ix_visit_patient_id_external_id"), "visit")
    op.drop_column("visit", "external_id")
