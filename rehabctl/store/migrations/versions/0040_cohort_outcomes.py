"""Outcomes of a year as sums, for who may not read records: the server hides small groups itself.

The windows, the cuts of the strata and the smallest cell are fixed here, and a report covers a
whole calendar year by condition: whoever asks twice cannot subtract one answer from the other.
"""

from __future__ import annotations

from alembic import op

revision = "0040_cohort_outcomes"
down_revision = "0021_imported_visits"

SMALLEST_CELL = 11
RANGES = (
    ("nprs", "total", 0, 10),
    ("psfs", "total", 0, 10),
    ("lefs", "total", 0, 80),
    ("berg", "total", 0, 56),
    ("6mwt", "total", 0, 1200),
    ("chair-stand-30s", "total", 0, 60),
    ("tug", "total", 1, 600),
    ("pgic", "total", 1, 7),
    ("start-back", "total", 0, 9),
    ("start-back", "subscale", 0, 5),
    ("promis-10", "gmh", 21.2, 67.6),
    ("promis-10", "gph", 16.2, 67.7),
    ("promis-pf4a", "total", 22.9, 56.9),
    ("promis-pi4a", "total", 41.6, 75.8),
)
"""Scales that do not run from 0 to 100."""
_RANGES = ", ".join(f"('{i}', '{s}', {low}::float, {high}::float)" for i, s, low, high in RANGES)
SIGNATURE = "cohort_outcomes(integer,text,text,jsonb,integer)"
FUNCTION = f"""
CREATE FUNCTION cohort_outcomes(
  wanted_year integer, wanted_instrument text, wanted_scale text, important jsonb,
  wanted_least integer)
RETURNS TABLE (grp text, stratum text, measure text, n bigint, hits bigint, total float,
  squares float, is_hidden boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, rehabctl, pg_temp AS $$
#variable_conflict use_column
DECLARE
  home uuid := my_clinic('clinic_admin');
  zone text;
  today date;
  smallest bigint := greatest(coalesce(wanted_least, {SMALLEST_CELL}), {SMALLEST_CELL});
BEGIN
  IF home IS NULL OR wanted_year NOT BETWEEN 1990 AND 2200 THEN
    RAISE EXCEPTION 'not permitted' USING ERRCODE = '42501';
  END IF;
  SELECT c.time_zone INTO zone FROM clinic c WHERE c.id = home;
  today := (now() AT TIME ZONE zone)::date;
  RETURN QUERY
  WITH course AS (
    SELECT DISTINCT ON (e.patient_id) e.patient_id, e.id AS episode_id, e.started_on, e.ended_on,
      coalesce(e.condition, 'other')::text AS condition
    FROM episode e WHERE e.clinic_id = home
      AND e.started_on BETWEEN make_date(wanted_year, 1, 1) AND make_date(wanted_year, 12, 31)
    ORDER BY e.patient_id, e.started_on DESC, e.id DESC),
  scored AS (
    SELECT c.patient_id, c.started_on, c.ended_on, s.id, s.completed_at,
      (s.completed_at AT TIME ZONE zone)::date AS on_day, s.higher_is_better, s.rule_version,
      r.side, coalesce(s.score_unrounded, s.score) AS score
    FROM course c JOIN prom_score s ON s.patient_id = c.patient_id
    JOIN prom_response r ON r.id = s.response_id
    WHERE s.score IS NOT NULL AND s.instrument = wanted_instrument AND s.scale = wanted_scale),
  first_score AS (
    SELECT DISTINCT ON (patient_id) * FROM scored
    WHERE on_day BETWEEN started_on - 90 AND started_on + 14
    ORDER BY patient_id, completed_at, id),
  last_score AS (
    SELECT DISTINCT ON (l.patient_id) l.patient_id, l.score FROM scored l
    JOIN first_score f ON f.patient_id = l.patient_id AND f.rule_version = l.rule_version
      AND f.side IS NOT DISTINCT FROM l.side
    WHERE l.on_day >= f.on_day + 14
      AND (l.ended_on IS NULL OR l.on_day <= l.ended_on + 30)
    ORDER BY l.patient_id, l.completed_at DESC, l.id DESC),
  planned AS (
    SELECT d.patient_id, count(*)::float AS planned FROM scheduled_session d
    JOIN course c ON c.patient_id = d.patient_id AND d.due_on >= c.started_on
      AND (c.ended_on IS NULL OR d.due_on <= c.ended_on)
    WHERE d.due_on < today - 1 AND NOT EXISTS (SELECT 1 FROM program_hold h
      WHERE h.patient_id = d.patient_id AND h.from_day <= d.due_on
        AND (h.to_day IS NULL OR h.to_day >= d.due_on))
    GROUP BY d.patient_id),
  session AS (
    SELECT s.patient_id, count(*)::float AS done,
      max((s.started_at AT TIME ZONE 'UTC')::date) AS last_on
    FROM exercise_session s JOIN course c ON c.patient_id = s.patient_id
    WHERE s.completed_at IS NOT NULL AND (s.started_at AT TIME ZONE 'UTC')::date
      BETWEEN c.started_on AND coalesce(c.ended_on, 'infinity')
    GROUP BY s.patient_id),
  held AS (
    SELECT v.patient_id, count(*)::float AS visits,
      max((v.started_at AT TIME ZONE 'UTC')::date) AS last_on, avg(v.satisfaction) AS satisfaction
    FROM visit v JOIN course c ON c.episode_id = v.episode_id
    WHERE v.status = 'completed' AND v.kind IN ('evaluation', 're_evaluation', 'treatment', 'group')
    GROUP BY v.patient_id),
  goals AS (
    SELECT g.patient_id, count(*) FILTER (WHERE g.status = 'met')::float / count(*) AS met
    FROM goal g JOIN course c ON c.episode_id = g.episode_id WHERE g.status <> 'dropped'
    GROUP BY g.patient_id),
  placed AS (
    SELECT c.*, f.score AS baseline, f.higher_is_better, l.score AS latest,
      (f.score - coalesce(s.low, 0)) / (coalesce(s.high, 100) - coalesce(s.low, 0)) AS share
    FROM course c LEFT JOIN first_score f ON f.patient_id = c.patient_id
    LEFT JOIN last_score l ON l.patient_id = c.patient_id
    LEFT JOIN (VALUES {_RANGES}) AS s(instrument, scale, low, high)
      ON s.instrument = wanted_instrument AND s.scale = wanted_scale),
  judged AS (
    SELECT p.*, CASE WHEN p.baseline IS NULL THEN 'no baseline'
        WHEN w.better < 1.0::float / 3 THEN 'worst third'
        WHEN w.better < 2.0::float / 3 THEN 'middle third' ELSE 'best third' END AS third,
      round(((CASE WHEN p.higher_is_better THEN 1 ELSE -1 END) * (p.latest - p.baseline))::numeric,
        6) AS gain,
      round(coalesce(important ->> p.condition, important ->> '')::numeric, 6) AS needed
    FROM placed p
    CROSS JOIN LATERAL (SELECT CASE WHEN p.higher_is_better THEN p.share ELSE 1 - p.share END
      AS better) AS w),
  known AS (
    SELECT j.condition, j.third, m.measure, m.value
    FROM judged j
    LEFT JOIN planned d ON d.patient_id = j.patient_id
    LEFT JOIN session s ON s.patient_id = j.patient_id
    LEFT JOIN held v ON v.patient_id = j.patient_id
    LEFT JOIN goals g ON g.patient_id = j.patient_id
    CROSS JOIN LATERAL (VALUES
      ('patients', 1.0::float),
      ('change', j.gain::float),
      ('responders', (j.gain >= j.needed)::integer::float),
      ('adherence', CASE WHEN d.planned > 0
        THEN LEAST(1.0, coalesce(s.done, 0) / d.planned) END),
      ('visits', coalesce(v.visits, 0)),
      ('completion', CASE WHEN j.ended_on IS NOT NULL THEN
        coalesce(greatest(s.last_on, v.last_on) >= j.ended_on - 14, false)::integer::float END),
      ('satisfaction', v.satisfaction::float),
      ('goals', g.met)) AS m(measure, value)),
  sums AS (
    SELECT k.condition AS g, k.third AS s, k.measure AS m, count(k.value) AS n,
      CASE WHEN k.measure IN ('responders', 'completion') THEN coalesce(sum(k.value), 0)::bigint
        ELSE 0 END AS hits,
      coalesce(sum(k.value), 0) AS total, coalesce(sum(k.value * k.value), 0) AS squares
    FROM known k GROUP BY GROUPING SETS ((k.measure), (k.condition, k.measure),
      (k.condition, k.third, k.measure))),
  family AS (
    SELECT f.g, f.s, f.m, c.what, c.amount
    FROM sums f JOIN sums p ON p.g IS NOT DISTINCT FROM f.g AND p.s IS NOT DISTINCT FROM f.s
      AND p.m = 'patients'
    CROSS JOIN LATERAL (VALUES ('patients', p.n), ('n', f.n),
      ('hits', CASE WHEN f.m IN ('responders', 'completion') THEN f.hits END),
      ('misses', CASE WHEN f.m IN ('responders', 'completion') THEN f.n - f.hits END))
      AS c(what, amount)
    WHERE c.amount IS NOT NULL),
  running AS (
    SELECT f.*, coalesce(sum(f.amount) OVER (
      PARTITION BY f.m, f.what, (f.g IS NULL), (f.s IS NULL),
        CASE WHEN f.s IS NOT NULL THEN f.g END
      ORDER BY f.amount, f.g COLLATE "C", f.s COLLATE "C"
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS missing
    FROM family f),
  small AS (
    SELECT r.g, r.s, r.m, r.what, (r.amount > 0 AND r.amount < smallest)
      OR (r.missing > 0 AND r.missing < smallest) AS gone
    FROM running r),
  verdict AS (
    SELECT x.g, x.s, x.m, bool_or(x.gone OR coalesce(a.gone, false) OR coalesce(b.gone, false))
      AS gone
    FROM small x
    LEFT JOIN small a ON x.g IS NOT NULL AND a.g IS NULL AND a.m = x.m AND a.what = x.what
    LEFT JOIN small b ON x.s IS NOT NULL AND b.g = x.g AND b.s IS NULL AND b.m = x.m
      AND b.what = x.what
    GROUP BY x.g, x.s, x.m)
  SELECT t.g, t.s, t.m, CASE WHEN NOT v.gone THEN t.n END, CASE WHEN NOT v.gone THEN t.hits END,
    CASE WHEN NOT v.gone THEN t.total END, CASE WHEN NOT v.gone THEN t.squares END, v.gone
  FROM sums t JOIN verdict v ON v.g IS NOT DISTINCT FROM t.g AND v.s IS NOT DISTINCT FROM t.s
    AND v.m = t.m;
END $$;
"""
RIGHTS = """
GRANT SELECT (id, time_zone) ON clinic TO rehabctl_ops;
GRANT SELECT (id, patient_id, clinic_id, condition, started_on, ended_on) ON episode
  TO rehabctl_ops;
GRANT SELECT (id, patient_id, response_id, instrument, scale, completed_at, score,
  score_unrounded, higher_is_better, rule_version) ON prom_score TO rehabctl_ops;
GRANT SELECT (id, side) ON prom_response TO rehabctl_ops;
GRANT SELECT (patient_id, due_on) ON scheduled_session TO rehabctl_ops;
GRANT SELECT (patient_id, from_day, to_day) ON program_hold TO rehabctl_ops;
GRANT SELECT (patient_id, started_at, completed_at) ON exercise_session TO rehabctl_ops;
GRANT SELECT (patient_id, episode_id, status, kind, started_at, satisfaction) ON visit
  TO rehabctl_ops;
GRANT SELECT (patient_id, episode_id, status) ON goal TO rehabctl_ops;
"""


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(FUNCTION)
    op.execute(f"ALTER FUNCTION {SIGNATURE} OWNER TO rehabctl_ops")
    op.execute(f"REVOKE ALL ON FUNCTION {SIGNATURE} FROM PUBLIC")
    op.execute(RIGHTS)


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(f"DROP FUNCTION {SIGNATURE}")
    op.execute(RIGHTS.replace("GRANT ", "REVOKE ").replace("TO rehabctl_ops", "FROM rehabctl_ops"))
