"""Access to single patients, and on PostgreSQL the roles and functions that enforce access.

Grants and row-level security of the tables are written from `store/access.toml` after each upgrade
(`rehabctl.store.access`); here are the things that they stand on. Functions run as owners that
nobody can log in as, with a search path of their own, and know who asks from `session_user` only:
no client can set it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009_access"
down_revision = "0008_repetition_labels"

GROUPS = (
    "rehabctl_therapist",
    "rehabctl_clinic_admin",
    "rehabctl_registrar",
    "rehabctl_billing",
    "rehabctl_technician",
    "rehabctl_patient",
    "rehabctl_auditor",
    "rehabctl_worker",
)
ROLES = (
    ("rehabctl_owner", ""),  # of schema and tables; row-level security is forced on it
    ("rehabctl_ops", "BYPASSRLS"),  # of functions; has few rights on few columns
    ("rehabctl_roles", "BYPASSRLS CREATEROLE"),  # of the functions that make logins
    *((group, "") for group in GROUPS),
)
CREATE_ROLES = "".join(
    f"""
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{name}') THEN
      CREATE ROLE {name} NOLOGIN NOINHERIT {options};
    END IF;"""
    for name, options in ROLES
)
ALL_GROUPS = ", ".join(GROUPS)
DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, rehabctl, pg_temp"
REFUSE = "RAISE EXCEPTION 'not permitted' USING ERRCODE = '42501'"

IDENTITY = f"""
CREATE FUNCTION my_user(wanted_role text) RETURNS uuid LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT u.id FROM user_account u
  WHERE u.login = session_user::text AND u.active
    AND (wanted_role IS NULL OR u.role = wanted_role)
  ORDER BY u.created_at, u.id LIMIT 1 $$;
CREATE FUNCTION my_clinic(wanted_role text) RETURNS uuid LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT u.clinic_id FROM user_account u
  WHERE u.login = session_user::text AND u.active
    AND (wanted_role IS NULL OR u.role = wanted_role)
  ORDER BY u.created_at, u.id LIMIT 1 $$;
CREATE FUNCTION my_granted_patients(wanted_kind text) RETURNS uuid[] LANGUAGE sql STABLE {DEFINER}
AS $$
  SELECT coalesce(array_agg(g.patient_id), '{{}}') FROM access_grant g
  WHERE g.kind = wanted_kind AND (g.until_at IS NULL OR g.until_at > now())
    AND g.user_id = my_user(CASE wanted_kind
      WHEN 'break_glass' THEN 'therapist' WHEN 'job' THEN 'worker' ELSE 'patient' END)
    AND g.clinic_id = my_clinic(NULL) $$;
"""

# The text under the code is the same JSON that the client's own chain of a local file uses.
AUDIT = f"""
CREATE FUNCTION audit_code(
  previous text, number bigint, moment timestamptz, clinic uuid, who uuid, login text,
  what text, kind text, record text, details text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT encode(sha256(convert_to(previous || '[' || number || ','
    || (extract(epoch FROM moment) * 1000000)::bigint || ',' || to_json(clinic::text)
    || ',' || coalesce(to_json(who::text)::text, 'null') || ',' || to_json(login)
    || ',' || to_json(what) || ',' || to_json(kind)
    || ',' || coalesce(to_json(record)::text, 'null') || ',' || to_json(details) || ']',
    'UTF8')), 'hex') $$;
CREATE FUNCTION audit_write(
  clinic uuid, who uuid, what text, kind text, record text, details text)
RETURNS void LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
  head audit_head;
  moment timestamptz;
  code text;
BEGIN
  SELECT * INTO STRICT head FROM audit_head FOR UPDATE;
  moment := clock_timestamp();
  code := audit_code(head.mac, head.sequence + 1, moment, clinic, who, session_user::text,
    what, kind, record, details);
  INSERT INTO audit_entry (sequence, at, clinic_id, user_id, actor, action, entity, entity_id,
    detail, previous_mac, mac) VALUES (head.sequence + 1, moment, clinic, who,
    session_user::text, what, kind, record, details, head.mac, code);
  UPDATE audit_head SET sequence = head.sequence + 1, mac = code;
END $$;
CREATE FUNCTION audit_append(what text, kind text, record text, details text)
RETURNS void LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  IF my_user(NULL) IS NULL THEN {REFUSE}; END IF;
  PERFORM audit_write(my_clinic(NULL), my_user(NULL), what, kind, record, details);
END $$;
CREATE FUNCTION audit_verify(anchor_sequence bigint, anchor_mac text)
RETURNS TABLE (entries bigint, first_bad bigint, reason text)
LANGUAGE plpgsql STABLE {DEFINER} AS $$
DECLARE
  head audit_head;
  final text;
BEGIN
  IF my_user('auditor') IS NULL AND my_user('clinic_admin') IS NULL THEN {REFUSE}; END IF;
  SELECT * INTO STRICT head FROM audit_head;
  SELECT c.place, CASE
      WHEN c.sequence <> c.place THEN 'an entry is missing or out of order'
      WHEN c.previous_mac <> c.before THEN 'an entry does not follow the one before'
      WHEN c.mac <> c.code THEN 'an entry was changed'
      ELSE 'an entry differs from the anchor' END
  INTO first_bad, reason FROM (
    SELECT e.sequence, e.mac, e.previous_mac, row_number() OVER w AS place,
      lag(e.mac, 1, repeat('0', 64)) OVER w AS before,
      audit_code(e.previous_mac, e.sequence, e.at, e.clinic_id, e.user_id, e.actor, e.action,
        e.entity, e.entity_id, e.detail) AS code
    FROM audit_entry e WINDOW w AS (ORDER BY e.sequence)) c
  WHERE c.sequence <> c.place OR c.previous_mac <> c.before OR c.mac <> c.code
    OR (c.place = anchor_sequence AND c.mac <> anchor_mac)
  ORDER BY c.place LIMIT 1;
  IF first_bad IS NOT NULL THEN
    entries := first_bad - 1;
  ELSE
    SELECT count(*) INTO entries FROM audit_entry;
    SELECT e.mac INTO final FROM audit_entry e WHERE e.sequence = entries;
    IF anchor_sequence > entries THEN
      first_bad := entries + 1;
      reason := 'the log ends before the anchor';
    ELSIF (head.sequence, head.mac) IS DISTINCT FROM (entries, coalesce(final, repeat('0', 64)))
    THEN
      first_bad := entries + 1;
      reason := 'the log ends before its head';
    END IF;
  END IF;
  RETURN NEXT;
END $$;
"""

# An import may not read what patients reported, so that it cannot rank them: it marks their rows,
# and whoever may read computes them before the next page.
CARE = f"""
CREATE FUNCTION panel_rows_due(patients uuid[], names text[], texts text[])
RETURNS void LANGUAGE sql {DEFINER} AS $$
  INSERT INTO panel_row (patient_id, clinic_id, therapist_id, tier, rank_key, reasons,
    pain_series, open_alerts, sort_name, search_text, next_change_at, computed_at, rules_version)
  SELECT p.id, p.clinic_id, p.therapist_id, 'stable', repeat('9', 19), '[]', '[]', 0,
    d.name, d.words, 'epoch', now(), ''
  FROM unnest(patients, names, texts) AS d(id, name, words)
  JOIN patient p ON p.id = d.id AND p.status = 'active' AND p.clinic_id = my_clinic('registrar')
  ON CONFLICT (patient_id) DO UPDATE SET next_change_at = excluded.next_change_at,
    sort_name = excluded.sort_name, search_text = excluded.search_text $$;
CREATE FUNCTION break_glass(record_number text, why text, minutes integer)
RETURNS timestamptz LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
  found_patient patient;
  ends timestamptz := now() + make_interval(mins => minutes);
BEGIN
  IF my_user('therapist') IS NULL OR minutes IS NULL OR minutes NOT BETWEEN 1 AND 240
    OR why IS NULL OR length(trim(why)) < 10 THEN {REFUSE}; END IF;
  SELECT p.id, p.clinic_id, p.therapist_id
  INTO found_patient.id, found_patient.clinic_id, found_patient.therapist_id
  FROM patient p WHERE p.mrn = record_number AND p.clinic_id = my_clinic('therapist');
  IF NOT FOUND THEN  -- a guess is kept too: an error would take its entry back
    PERFORM audit_append('access.break_glass_refused', 'patient', NULL, '{{}}');
    RETURN NULL;
  END IF;
  INSERT INTO access_grant (id, patient_id, clinic_id, therapist_id, created_at, user_id, kind,
    reason, until_at) VALUES (gen_random_uuid(), found_patient.id, found_patient.clinic_id,
    found_patient.therapist_id, now(), my_user('therapist'), 'break_glass', why, ends);
  PERFORM audit_append('access.break_glass', 'patient', found_patient.id::text,
    '{{"minutes":' || minutes || '}}');
  RETURN ends;
END $$;
CREATE FUNCTION job_grant(subject uuid, worker_login text, minutes integer)
RETURNS timestamptz LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
  worker uuid;
  ends timestamptz := now() + make_interval(mins => minutes);
BEGIN
  SELECT u.id INTO worker FROM user_account u WHERE u.login = worker_login AND u.active
    AND u.role = 'worker' AND u.clinic_id = my_clinic('therapist');
  IF worker IS NULL OR minutes IS NULL OR minutes NOT BETWEEN 1 AND 1440 THEN {REFUSE}; END IF;
  INSERT INTO access_grant (id, patient_id, clinic_id, therapist_id, created_at, user_id, kind,
    reason, until_at) SELECT gen_random_uuid(), p.id, p.clinic_id, p.therapist_id, now(),
    worker, 'job', 'job', ends FROM patient p
    WHERE p.id = subject AND p.therapist_id = my_user('therapist');
  IF NOT FOUND THEN {REFUSE}; END IF;
  PERFORM audit_append('access.job', 'patient', subject::text, '{{"minutes":' || minutes || '}}');
  RETURN ends;
END $$;
CREATE FUNCTION access_list() RETURNS TABLE (id uuid, patient_id uuid, kind text, login text,
  reason text, granted_at timestamptz, until_at timestamptz, reviewed_at timestamptz,
  reviewed_by text) LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT g.id, g.patient_id, g.kind, u.login, g.reason, g.created_at, g.until_at,
    g.reviewed_at, r.login
  FROM access_grant g JOIN user_account u ON u.id = g.user_id
  LEFT JOIN user_account r ON r.id = g.reviewed_by
  WHERE g.kind = 'break_glass'
    AND g.clinic_id IN (my_clinic('clinic_admin'), my_clinic('auditor'))
  ORDER BY g.created_at DESC, g.id $$;
CREATE FUNCTION access_review(grant_id uuid) RETURNS boolean LANGUAGE plpgsql {DEFINER} AS $$
BEGIN
  UPDATE access_grant g SET reviewed_at = now(), reviewed_by = my_user('clinic_admin')
  WHERE g.id = grant_id AND g.reviewed_at IS NULL AND g.clinic_id = my_clinic('clinic_admin')
    AND g.user_id <> my_user('clinic_admin');
  IF FOUND THEN
    PERFORM audit_append('access.review', 'access_grant', grant_id::text, '{{}}');
    RETURN true;
  END IF;
  RETURN false;
END $$;
CREATE FUNCTION caseload_transfer(from_login text, to_login text)
RETURNS bigint LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
  giver uuid;
  taker uuid;
  moved bigint;
BEGIN
  SELECT u.id INTO giver FROM user_account u
    WHERE u.login = from_login AND u.clinic_id = my_clinic('clinic_admin');
  SELECT u.id INTO taker FROM user_account u WHERE u.login = to_login AND u.active
    AND u.role = 'therapist' AND u.clinic_id = my_clinic('clinic_admin');
  IF giver IS NULL OR taker IS NULL THEN {REFUSE}; END IF;
  UPDATE patient p SET therapist_id = taker, updated_at = now() WHERE p.therapist_id = giver;
  GET DIAGNOSTICS moved = ROW_COUNT;
  PERFORM audit_append('caseload.transfer', 'user_account', taker::text,
    '{{"from":"' || giver || '","patients":' || moved || '}}');
  RETURN moved;
END $$;
CREATE FUNCTION caseloads() RETURNS TABLE (user_id uuid, patients bigint)
LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT p.therapist_id, count(*) FROM patient p
  WHERE p.clinic_id = my_clinic('clinic_admin') AND p.status = 'active'
  GROUP BY p.therapist_id $$;
"""

USERS = f"""
CREATE FUNCTION user_login(
  account uuid, clinic uuid, wanted_login text, wanted_role text, shown_name text, verifier text)
RETURNS void LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
  groups text[] := string_to_array('{ALL_GROUPS}', ', ');
  other text;
  known user_account;
BEGIN
  IF NOT 'rehabctl_' || wanted_role = ANY (groups) OR verifier !~ '^SCRAM-SHA-256[$]'
    OR wanted_login !~ '^[a-z][a-z0-9_.-]{{0,62}}$' OR wanted_login ~ '^(pg_|rehabctl)'
  THEN {REFUSE}; END IF;
  SELECT * INTO known FROM user_account u WHERE u.login = wanted_login;
  IF known.id IS NULL THEN
    EXECUTE format('CREATE ROLE %I LOGIN INHERIT PASSWORD %L', wanted_login, verifier);
    INSERT INTO user_account (id, clinic_id, login, display_name, role, active, created_at)
    VALUES (account, clinic, wanted_login, shown_name, wanted_role, true, now());
  ELSIF known.active OR known.clinic_id <> clinic THEN
    RAISE EXCEPTION 'the login exists' USING ERRCODE = '23505';
  ELSE
    EXECUTE format('ALTER ROLE %I LOGIN PASSWORD %L', wanted_login, verifier);
    FOREACH other IN ARRAY groups LOOP
      IF pg_has_role(wanted_login::name, other::name, 'MEMBER') THEN
        EXECUTE format('REVOKE %I FROM %I', other, wanted_login);
      END IF;
    END LOOP;
    UPDATE user_account u SET active = true, role = wanted_role, display_name = shown_name
    WHERE u.id = known.id;
  END IF;
  EXECUTE format('GRANT %I TO %I', 'rehabctl_' || wanted_role, wanted_login);
END $$;
CREATE FUNCTION user_add(account uuid, wanted_login text, wanted_role text, shown_name text,
  verifier text, record_number text) RETURNS void LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
  admin_clinic uuid := my_clinic('clinic_admin');
  own_id uuid;
BEGIN
  IF admin_clinic IS NULL OR (wanted_role = 'patient') <> (record_number IS NOT NULL)
  THEN {REFUSE}; END IF;
  PERFORM user_login(account, admin_clinic, wanted_login, wanted_role, shown_name, verifier);
  SELECT u.id INTO own_id FROM user_account u WHERE u.login = wanted_login;
  IF record_number IS NOT NULL THEN
    INSERT INTO access_grant (id, patient_id, clinic_id, therapist_id, created_at, user_id, kind,
      reason) SELECT gen_random_uuid(), p.id, p.clinic_id, p.therapist_id, now(), own_id, 'self',
      'own record' FROM patient p WHERE p.mrn = record_number AND p.clinic_id = admin_clinic;
    IF NOT FOUND THEN {REFUSE}; END IF;
  END IF;
  PERFORM audit_append('user.create', 'user_account', own_id::text,
    '{{"role":"' || wanted_role || '"}}');
END $$;
CREATE FUNCTION user_disable(wanted_login text) RETURNS boolean LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
  found_id uuid;
BEGIN
  UPDATE user_account u SET active = false
  WHERE u.login = wanted_login AND u.active AND u.clinic_id = my_clinic('clinic_admin')
    AND u.id <> my_user('clinic_admin') RETURNING u.id INTO found_id;
  IF found_id IS NULL THEN RETURN false; END IF;
  EXECUTE format('ALTER ROLE %I NOLOGIN', wanted_login);
  DELETE FROM access_grant g WHERE g.user_id = found_id AND g.kind IN ('job', 'self');
  PERFORM audit_append('user.disable', 'user_account', found_id::text, '{{}}');
  RETURN true;
END $$;
CREATE FUNCTION user_rotate(wanted_login text, verifier text)
RETURNS boolean LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
  found_id uuid;
BEGIN
  SELECT u.id INTO found_id FROM user_account u
  WHERE u.login = wanted_login AND u.active AND u.clinic_id = my_clinic('clinic_admin');
  IF found_id IS NULL OR verifier !~ '^SCRAM-SHA-256[$]' THEN RETURN false; END IF;
  EXECUTE format('ALTER ROLE %I PASSWORD %L', wanted_login, verifier);
  PERFORM audit_append('user.rotate', 'user_account', found_id::text, '{{}}');
  RETURN true;
END $$;
"""

OPS_FUNCTIONS = (
    "my_user(text)",
    "my_clinic(text)",
    "my_granted_patients(text)",
    "audit_code(text,bigint,timestamptz,uuid,uuid,text,text,text,text,text)",
    "audit_write(uuid,uuid,text,text,text,text)",
    "audit_append(text,text,text,text)",
    "audit_verify(bigint,text)",
    "panel_rows_due(uuid[],text[],text[])",
    "break_glass(text,text,integer)",
    "job_grant(uuid,text,integer)",
    "access_list()",
    "access_review(uuid)",
    "caseload_transfer(text,text)",
    "caseloads()",
)
ROLES_FUNCTIONS = (
    "user_login(uuid,uuid,text,text,text,text)",
    "user_add(uuid,text,text,text,text,text)",
    "user_disable(text)",
    "user_rotate(text,text)",
)
OLD_FUNCTIONS = ("audit_refuse()", "audit_entry_next()")

RIGHTS = """
GRANT USAGE ON SCHEMA rehabctl TO rehabctl_ops, rehabctl_roles;
GRANT SELECT ON user_account TO rehabctl_ops, rehabctl_roles;
GRANT INSERT, UPDATE (active, role, display_name) ON user_account TO rehabctl_roles;
GRANT SELECT, INSERT ON access_grant TO rehabctl_ops;
GRANT UPDATE (reviewed_at, reviewed_by) ON access_grant TO rehabctl_ops;
GRANT SELECT (user_id, kind), INSERT, DELETE ON access_grant TO rehabctl_roles;
GRANT SELECT (id, clinic_id, therapist_id, mrn, status), UPDATE (therapist_id, updated_at)
  ON patient TO rehabctl_ops;
GRANT SELECT (id, clinic_id, therapist_id, mrn) ON patient TO rehabctl_roles;
GRANT SELECT (patient_id, next_change_at, sort_name, search_text), INSERT,
  UPDATE (next_change_at, sort_name, search_text)
  ON panel_row TO rehabctl_ops;
GRANT SELECT, INSERT ON audit_entry TO rehabctl_ops;
GRANT SELECT, UPDATE ON audit_head TO rehabctl_ops;
GRANT EXECUTE ON FUNCTION audit_append(text,text,text,text), my_user(text), my_clinic(text)
  TO rehabctl_roles;
"""


def upgrade() -> None:
    op.create_table(
        "access_grant",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("patient_id", sa.Uuid(), nullable=False),
        sa.Column("clinic_id", sa.Uuid(), nullable=False),
        sa.Column("therapist_id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reviewed_by", sa.Uuid(), nullable=True),
        sa.CheckConstraint(
            "kind IN ('break_glass', 'job', 'self')", name=op.f("ck_access_grant_kind")
        ),
        sa.CheckConstraint("length(reason) <= 500", name=op.f("ck_access_grant_reason_length")),
        sa.ForeignKeyConstraint(
            ["patient_id", "clinic_id", "therapist_id"],
            ["patient.id", "patient.clinic_id", "patient.therapist_id"],
            name=op.f("fk_access_grant_patient_id_clinic_id_therapist_id"),
            onupdate="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["user_id", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_access_grant_user_id_clinic_id"),
        ),
        sa.ForeignKeyConstraint(
            ["reviewed_by", "clinic_id"],
            ["user_account.id", "user_account.clinic_id"],
            name=op.f("fk_access_grant_reviewed_by_clinic_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_grant")),
    )
    op.create_index(op.f("ix_access_grant_patient_id"), "access_grant", ["patient_id"])
    op.create_index(
        op.f("ix_access_grant_user_id_kind_until_at"),
        "access_grant",
        ["user_id", "kind", "until_at"],
    )
    op.create_index(
        op.f("ix_panel_row_therapist_id_next_change_at"),
        "panel_row",
        ["therapist_id", "next_change_at"],
    )
    if op.get_bind().dialect.name == "postgresql":
        _enforce()


def _enforce() -> None:
    op.execute(f"DO $$ BEGIN {CREATE_ROLES} END $$")
    for group in GROUPS:
        op.execute(f"GRANT {group} TO rehabctl_roles WITH ADMIN OPTION")
    op.execute(
        f"""DO $$ BEGIN
        EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO {ALL_GROUPS}', current_database());
        END $$"""
    )
    op.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    op.execute("ALTER SCHEMA rehabctl OWNER TO rehabctl_owner")
    op.execute("REVOKE ALL ON SCHEMA rehabctl FROM PUBLIC")
    op.execute(f"GRANT USAGE ON SCHEMA rehabctl TO {ALL_GROUPS}")
    for source in (IDENTITY, AUDIT, CARE, USERS):
        op.execute(source)
    for owner, functions in (("ops", OPS_FUNCTIONS), ("roles", ROLES_FUNCTIONS)):
        for function in functions:
            op.execute(f"ALTER FUNCTION {function} OWNER TO rehabctl_{owner}")
    for function in (*OPS_FUNCTIONS, *ROLES_FUNCTIONS, *OLD_FUNCTIONS):
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")
    op.execute(RIGHTS)


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        _open()
    op.drop_index(op.f("ix_panel_row_therapist_id_next_change_at"), "panel_row")
    op.drop_table("access_grant")


def _open() -> None:
    """Take back what `_enforce` and the matrix wrote; roles that others use stay."""
    op.execute(
        """DO $$ DECLARE r record; BEGIN
        FOR r IN SELECT policyname, tablename FROM pg_policies WHERE schemaname = 'rehabctl' LOOP
          EXECUTE format('DROP POLICY %I ON rehabctl.%I', r.policyname, r.tablename);
        END LOOP;
        FOR r IN SELECT tablename FROM pg_tables WHERE schemaname = 'rehabctl' LOOP
          EXECUTE format('ALTER TABLE rehabctl.%I NO FORCE ROW LEVEL SECURITY', r.tablename);
          EXECUTE format('ALTER TABLE rehabctl.%I DISABLE ROW LEVEL SECURITY', r.tablename);
          EXECUTE format('ALTER TABLE rehabctl.%I OWNER TO CURRENT_USER', r.tablename);
        END LOOP;
        END $$"""
    )
    for function in (*reversed(ROLES_FUNCTIONS), *reversed(OPS_FUNCTIONS)):
        op.execute(f"DROP FUNCTION {function}")
    op.execute("ALTER SCHEMA rehabctl OWNER TO CURRENT_USER")
    op.execute(
        f"""DO $$ BEGIN
        EXECUTE format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO PUBLIC', current_database());
        EXECUTE format('REVOKE ALL ON DATABASE %I FROM {ALL_GROUPS}', current_database());
        END $$"""
    )
    names = ", ".join(name for name, _ in ROLES)
    # not DROP OWNED, which would take their rights on every other database of the server too
    for rights in ("ALL TABLES IN SCHEMA", "ALL FUNCTIONS IN SCHEMA", "SCHEMA"):
        op.execute(f"REVOKE ALL ON {rights} rehabctl FROM {names}")
    for name, _ in reversed(ROLES):
        op.execute(
            f"""DO $$ BEGIN DROP ROLE {name};
            EXCEPTION WHEN dependent_objects_still_exist THEN NULL; END $$"""
        )
