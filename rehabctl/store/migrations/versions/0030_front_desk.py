"""What a front desk asks a server before it books, without reading clinical records.

Rights on tables are in `store/access.toml`; these functions answer two questions of a registrar
whose answers rest on rows that she may not see.
"""

from __future__ import annotations

from alembic import op

revision = "0030_front_desk"
down_revision = "0029_signed_notes"

_DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, rehabctl, pg_temp"
_FUNCTIONS = {
    "booking_suitability(uuid)": f"""
CREATE FUNCTION booking_suitability(course uuid)
RETURNS TABLE (first_visit text, later_visits text, assessed_at timestamptz)
LANGUAGE sql STABLE {_DEFINER} AS $$
  SELECT s.first_visit, s.later_visits, s.assessed_at FROM suitability_intake s
  WHERE s.episode_id = course AND s.clinic_id = my_clinic('registrar')
  ORDER BY s.assessed_at DESC, s.id DESC LIMIT 1 $$""",
    "waitlist_order()": f"""
CREATE FUNCTION waitlist_order() RETURNS TABLE (id uuid) LANGUAGE sql STABLE {_DEFINER} AS $$
  SELECT w.id FROM waitlist_entry w LEFT JOIN panel_row p ON p.patient_id = w.patient_id
  WHERE w.clinic_id = my_clinic('registrar') AND w.status = 'waiting'
  ORDER BY p.rank_key IS NULL, p.rank_key, w.added_at, w.id $$""",
}
_RIGHTS = """
GRANT SELECT (id, episode_id, clinic_id, first_visit, later_visits, assessed_at)
  ON suitability_intake TO rehabctl_ops;
GRANT SELECT (id, patient_id, clinic_id, status, added_at) ON waitlist_entry TO rehabctl_ops;
GRANT SELECT (rank_key) ON panel_row TO rehabctl_ops;
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    for signature, source in _FUNCTIONS.items():
        op.execute(source)
        op.execute(f"ALTER FUNCTION {signature} OWNER TO rehabctl_ops")
        op.execute(f"REVOKE ALL ON FUNCTION {signature} FROM PUBLIC")
    op.execute(_RIGHTS)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        return
    op.execute("REVOKE SELECT (rank_key) ON panel_row FROM rehabctl_ops")
    op.execute(
        "REVOKE SELECT (id, patient_id, clinic_id, status, added_at) ON waitlist_entry "
        "FROM rehabctl_ops"
    )
    op.execute(
        "REVOKE SELECT (id, episode_id, clinic_id, first_visit, later_visits, assessed_at) "
        "ON suitability_intake FROM rehabctl_ops"
    )
    for signature in _FUNCTIONS:
        op.execute(f"DROP FUNCTION {signature}")
