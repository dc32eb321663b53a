"""Retention on a shared PostgreSQL: functions that find and destroy what has been kept long enough.

An administrator may call them, and sees no patient by it but the record numbers of what is due.
Whatever she says, nothing goes before the packaged period is over (`reference/retention.toml`, of
which the rows below are a copy that a test compares), nothing on hold, nothing of another clinic.
They run as an owner whom nobody can log in as; its rights on tables are in `store/access.py`.
"""

from __future__ import annotations

from alembic import op

revision = "0020_retention"
down_revision = "0030_front_desk"

OWNER = "rehabctl_retention"
DEFINER = "SECURITY DEFINER SET search_path = pg_catalog, rehabctl, pg_temp"
REFUSE = "RAISE EXCEPTION 'not permitted' USING ERRCODE = '42501'"
PERIODS = """('*', 10, 28, date '2003-04-14'), ('CA', 7, 19, date '2014-01-01'),
      ('TX', 7, 21, date '2003-04-14'), ('MA', 7, 25, date '2003-04-14')"""
"""State, years after the last contact, age until which a minor's record is kept, first day."""
VIDEO_DAYS = 90

PERIOD = f"""
CREATE FUNCTION retention_after(day date, years integer) RETURNS date LANGUAGE sql IMMUTABLE AS $$
  SELECT (day + make_interval(years => years))::date  -- 29 February becomes 1 March
    + (extract(day FROM day + make_interval(years => years)) < extract(day FROM day))::integer $$;
CREATE FUNCTION retention_until(
  wanted text, birth date, last_contact date, today date, own jsonb)
RETURNS date LANGUAGE sql STABLE {DEFINER} AS $$
  WITH period(origin, state, years, minor_until_age, effective_from) AS (
    SELECT 'packaged', p.* FROM (VALUES {PERIODS}) AS p
    UNION ALL SELECT 'own', o.* FROM jsonb_to_recordset(own)
      AS o(state text, years integer, minor_until_age integer, effective_from date)),
  held AS (
    SELECT DISTINCT ON (origin) years, minor_until_age FROM period
    WHERE state IN (wanted, '*') AND effective_from <= today
    ORDER BY origin, state = wanted DESC, effective_from DESC)
  SELECT max(greatest(retention_after(last_contact, years),
    CASE WHEN last_contact < retention_after(birth, 18)
      THEN retention_after(birth, minor_until_age) END)) FROM held $$;
CREATE FUNCTION retention_last_contact(subjects uuid[])
RETURNS TABLE (patient uuid, at timestamptz) LANGUAGE plpgsql STABLE {DEFINER} AS $$
BEGIN
  RETURN QUERY EXECUTE (
    SELECT 'SELECT e.p, max(e.t) FROM (SELECT id p, updated_at t FROM patient WHERE id = ANY ($1)'
      || string_agg(format(' UNION ALL SELECT patient_id, created_at FROM %I '
        'WHERE patient_id = ANY ($1)', c.relname), '') || ') e GROUP BY e.p'
    FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'patient_id'
    JOIN pg_attribute b ON b.attrelid = c.oid AND b.attname = 'created_at'
    WHERE c.relnamespace = 'rehabctl'::regnamespace AND c.relkind = 'r'
      AND c.relname NOT IN ('legal_hold', 'access_grant')) USING subjects;
END $$;
CREATE FUNCTION retention_is_held(subject uuid) RETURNS boolean LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT EXISTS (SELECT FROM legal_hold h WHERE h.patient_id = subject AND h.released_at IS NULL)
$$;
"""

VIDEOS = f"""
CREATE FUNCTION retention_is_revoked(subject uuid) RETURNS boolean
LANGUAGE sql STABLE {DEFINER} AS $$
  SELECT coalesce(bool_and(c.revoked_at IS NOT NULL), false) FROM consent c
  WHERE c.patient_id = subject AND c.scope = 'video_recording' $$;
CREATE FUNCTION retention_videos(kept_days integer, after uuid, page integer)
RETURNS TABLE (recording uuid, patient uuid, therapist uuid, mrn text, sha256 text,
  byte_count bigint, due_at timestamptz, revoked boolean, held boolean)
LANGUAGE plpgsql STABLE {DEFINER} AS $$
DECLARE
  kept interval := make_interval(days => greatest(kept_days, {VIDEO_DAYS}));
BEGIN
  IF my_user('clinic_admin') IS NULL THEN {REFUSE}; END IF;
  RETURN QUERY SELECT d.* FROM (
    SELECT r.id, r.patient_id, r.therapist_id, p.mrn::text, r.sha256::text, r.byte_count::bigint,
      coalesce(r.keep_until, r.recorded_at + kept) AS due_at,
      retention_is_revoked(r.patient_id) AS revoked, retention_is_held(r.patient_id)
    FROM recording r JOIN patient p ON p.id = r.patient_id
    WHERE r.clinic_id = my_clinic('clinic_admin') AND r.stored AND r.kind = 'video'
      AND (after IS NULL OR r.id > after)) d
  WHERE d.revoked OR d.due_at <= now() ORDER BY d.id LIMIT least(page, 500);
END $$;
CREATE FUNCTION retention_destroy_video(subject uuid, kept_days integer)
RETURNS text[] LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
  why text;
  blob text;
BEGIN
  PERFORM FROM patient p JOIN recording r ON r.patient_id = p.id
    WHERE r.id = subject FOR UPDATE OF p;  -- no hold can be placed meanwhile
  SELECT r.sha256, CASE WHEN retention_is_revoked(r.patient_id) THEN 'consent_revoked'
      WHEN coalesce(r.keep_until, r.recorded_at
        + make_interval(days => greatest(kept_days, {VIDEO_DAYS}))) <= now() THEN 'age' END
    INTO blob, why FROM recording r
    WHERE r.id = subject AND r.clinic_id = my_clinic('clinic_admin') AND r.stored
      AND r.kind = 'video' AND NOT retention_is_held(r.patient_id);
  IF why IS NULL THEN RETURN NULL; END IF;
  UPDATE recording SET stored = false WHERE id = subject;
  PERFORM audit_append('retention.destroy', 'recording', subject::text,
    '{{"reason":"' || why || '","tier":"raw_video"}}');
  RETURN ARRAY(SELECT blob WHERE NOT EXISTS (
    SELECT FROM recording r WHERE r.sha256 = blob AND r.stored)
    AND NOT EXISTS (SELECT FROM keypoints k WHERE k.blob_sha256 = blob));
END $$;
"""

RECORDS = f"""
CREATE FUNCTION retention_records(own jsonb, after uuid, page integer)
RETURNS TABLE (patient uuid, mrn text, due_on date, held boolean)
LANGUAGE plpgsql STABLE {DEFINER} AS $$
DECLARE
  mine uuid := my_clinic('clinic_admin');
  today date := (now() AT TIME ZONE (SELECT c.time_zone FROM clinic c WHERE c.id = mine))::date;
BEGIN
  IF mine IS NULL THEN {REFUSE}; END IF;
  RETURN QUERY
  WITH part AS (
    SELECT p.* FROM (
      SELECT q.id, q.mrn::text AS number, q.birth_date, q.state::text AS state FROM patient q
      WHERE q.clinic_id = mine AND q.status = 'discharged' AND (after IS NULL OR q.id > after)
      ORDER BY q.id LIMIT least(page, 500)) p),
  judged AS (
    SELECT part.id, part.number, retention_until(part.state, part.birth_date,
      (l.at AT TIME ZONE 'UTC')::date, today, own) AS until
    FROM part JOIN retention_last_contact(ARRAY(SELECT part.id FROM part)) l
      ON l.patient = part.id)
  SELECT j.id, CASE WHEN j.until <= today THEN j.number END,
    CASE WHEN j.until <= today THEN j.until END, retention_is_held(j.id)
  FROM judged j ORDER BY j.id;
END $$;
CREATE FUNCTION retention_destroy_record(subject uuid, own jsonb)
RETURNS text[] LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
  waiting oid[];
  each oid;
  blobs text[];
  step bigint;
  total bigint := 1;
BEGIN
  PERFORM FROM patient p WHERE p.id = subject AND p.clinic_id = my_clinic('clinic_admin')
    AND p.status = 'discharged' FOR UPDATE;  -- no hold and no event can be added meanwhile
  IF NOT FOUND OR retention_is_held(subject) OR NOT coalesce((
    SELECT retention_until(p.state, p.birth_date, (l.at AT TIME ZONE 'UTC')::date,
      (now() AT TIME ZONE c.time_zone)::date, own) <= (now() AT TIME ZONE c.time_zone)::date
    FROM patient p JOIN clinic c ON c.id = p.clinic_id
    CROSS JOIN retention_last_contact(ARRAY[subject]) l WHERE p.id = subject), false)
  THEN RETURN NULL; END IF;
  blobs := ARRAY(
    SELECT b.sha FROM (
      SELECT r.sha256 AS sha FROM recording r WHERE r.patient_id = subject AND r.stored
      UNION SELECT k.blob_sha256 FROM keypoints k WHERE k.patient_id = subject) b
    WHERE NOT EXISTS (SELECT FROM recording r
        WHERE r.sha256 = b.sha AND r.stored AND r.patient_id <> subject)
      AND NOT EXISTS (SELECT FROM keypoints k
        WHERE k.blob_sha256 = b.sha AND k.patient_id <> subject)
    ORDER BY 1);
  waiting := ARRAY(SELECT c.oid FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'patient_id'
    WHERE c.relnamespace = 'rehabctl'::regnamespace AND c.relkind = 'r');
  WHILE cardinality(waiting) > 0 LOOP  -- a table that no other one refers to any more
    SELECT w INTO STRICT each FROM unnest(waiting) w WHERE NOT EXISTS (
      SELECT FROM pg_constraint k WHERE k.contype = 'f' AND k.confrelid = w AND k.conrelid <> w
        AND k.conrelid = ANY (waiting)) ORDER BY w LIMIT 1;
    EXECUTE format('DELETE FROM %s WHERE patient_id = $1', each::regclass) USING subject;
    GET DIAGNOSTICS step = ROW_COUNT;
    total := total + step;
    waiting := array_remove(waiting, each);
  END LOOP;
  DELETE FROM patient p WHERE p.id = subject;
  PERFORM audit_append('retention.destroy', 'patient', subject::text,
    '{{"rows":' || total || ',"tier":"record"}}');
  RETURN blobs;
END $$;
"""

HOLDS = f"""
CREATE FUNCTION retention_hold(record_number text, why text)
RETURNS boolean LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
  subject uuid;
  placed bigint;
BEGIN
  SELECT p.id INTO subject FROM patient p
    WHERE p.mrn = record_number AND p.clinic_id = my_clinic('clinic_admin') FOR UPDATE;
  IF subject IS NULL THEN RETURN NULL; END IF;
  INSERT INTO legal_hold (id, patient_id, clinic_id, therapist_id, created_at, reason, placed_by)
    SELECT gen_random_uuid(), p.id, p.clinic_id, p.therapist_id, now(), why,
      my_user('clinic_admin') FROM patient p
    WHERE p.id = subject AND NOT retention_is_held(subject);
  GET DIAGNOSTICS placed = ROW_COUNT;
  PERFORM audit_append('retention.hold', 'patient', subject::text,
    '{{"new":' || (placed > 0) || '}}');
  RETURN placed > 0;
END $$;
CREATE FUNCTION retention_release(record_number text)
RETURNS boolean LANGUAGE plpgsql {DEFINER} AS $$
DECLARE
  subject uuid;
  ended bigint;
BEGIN
  SELECT p.id INTO subject FROM patient p
    WHERE p.mrn = record_number AND p.clinic_id = my_clinic('clinic_admin');
  IF subject IS NULL THEN RETURN NULL; END IF;
  UPDATE legal_hold h SET released_at = now(), released_by = my_user('clinic_admin')
    WHERE h.patient_id = subject AND h.released_at IS NULL;
  GET DIAGNOSTICS ended = ROW_COUNT;
  IF ended > 0 THEN
    PERFORM audit_append('retention.release', 'patient', subject::text, '{{}}');
  END IF;
  RETURN ended > 0;
END $$;
"""

FUNCTIONS = (
    "retention_after(date,integer)",
    "retention_until(text,date,date,date,jsonb)",
    "retention_last_contact(uuid[])",
    "retention_is_held(uuid)",
    "retention_is_revoked(uuid)",
    "retention_videos(integer,uuid,integer)",
    "retention_destroy_video(uuid,integer)",
    "retention_records(jsonb,uuid,integer)",
    "retention_destroy_record(uuid,jsonb)",
    "retention_hold(text,text)",
    "retention_release(text)",
)
CREATE_OWNER = f"""
DO $$ BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = '{OWNER}') THEN
    CREATE ROLE {OWNER} NOLOGIN NOINHERIT BYPASSRLS;
  END IF;
END $$"""


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(CREATE_OWNER)
    op.execute(f"GRANT USAGE ON SCHEMA rehabctl TO {OWNER}")
    op.execute(
        "GRANT EXECUTE ON FUNCTION audit_append(text,text,text,text), my_user(text), "
        f"my_clinic(text) TO {OWNER}"
    )
    for source in (PERIOD, VIDEOS, RECORDS, HOLDS):
        op.execute(source)
    for function in FUNCTIONS:
        op.execute(f"ALTER FUNCTION {function} OWNER TO {OWNER}")
        op.execute(f"REVOKE ALL ON FUNCTION {function} FROM PUBLIC")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for function in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {function}")
    for rights in ("ALL TABLES IN SCHEMA", "ALL FUNCTIONS IN SCHEMA", "SCHEMA"):
        op.execute(f"REVOKE ALL ON {rights} rehabctl FROM {OWNER}")
    op.execute(
        f"""DO $$ BEGIN DROP ROLE {OWNER};
        EXCEPTION WHEN dependent_objects_still_exist THEN NULL; END $$"""
    )
