"""Alert rules on what patients report and do. Each judges one dated row on one day.

A rule without enough facts gives no verdict: silence neither raises nor clears an alert. Beside
each rule stands the function that tells when its verdict may change without a new event.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator

from rehabctl.clinic.local_days import iso, window
from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.verdict import Verdict, met, unmet
from rehabctl.domain.facts import (
    AlertSeverity,
    ExerciseRecord,
    JournalEntry,
    ScoreFact,
    SessionFact,
)
from rehabctl.reference.rules import RuleRow

_ROUNDING = 9
"""Places at which differences of means are compared: a rise of exactly the limit meets it."""


def red_flag(view: PatientView, row: RuleRow) -> Iterator[Verdict]:
    """Judge the red-flag questions: any answer of yes meets the rule."""
    entries = view.journal[window(view.journal_days, view.today, 0, row.days("within_days"))]
    for code in sorted({code for entry in entries for code in entry.red_flags}):
        told = [entry for entry in entries if code in entry.red_flags]
        label = row.options.get(code, code.replace("_", " "))
        yield met(
            row,
            code,
            {"label": label, "day": iso(view.day_of(told[-1].at)), "answers": len(told)},
            since=told[0].at,
            known_at=max(entry.recorded_at for entry in told),
            level=1.0,
        )


def red_flag_moments(view: PatientView, row: RuleRow) -> int | None:
    """Return when an answer leaves the window."""
    days = [
        day for entry, day in zip(view.journal, view.journal_days, strict=True) if entry.red_flags
    ]
    return view.next_crossing(days, (row.days("within_days") + 1,))


def _latest_rating(view: PatientView) -> tuple[SessionFact | JournalEntry, float] | None:
    """Return the newest session or journal entry with a rating, and its worst one."""
    session = next((s for s in reversed(view.sessions) if s.pain is not None), None)
    entry = next((j for j in reversed(view.journal) if j.pain is not None), None)
    rated = [event for event in (session, entry) if event is not None]
    if not rated:
        return None
    latest = max(rated, key=lambda event: (event.at, event.id))
    worst = latest.worst_pain if isinstance(latest, SessionFact) else latest.pain
    return None if worst is None else (latest, worst)


def pain_severe(view: PatientView, row: RuleRow) -> Iterator[Verdict]:
    """Judge the latest rating, of a session or the journal."""
    latest = _latest_rating(view)
    if latest is None:
        return
    event, pain = latest
    day = view.day_of(event.at)
    inputs = {"pain": pain, "day": iso(day)}
    if pain < row.limits["at_least"]:
        yield unmet(row, "", inputs)
    elif view.today - day <= row.limits["within_days"]:
        yield met(row, "", inputs, since=event.at, known_at=event.recorded_at, level=pain)


def pain_severe_moments(view: PatientView, row: RuleRow) -> int | None:
    """Return when a severe rating grows too old."""
    latest = _latest_rating(view)
    if latest is None or latest[1] < row.limits["at_least"]:
        return None
    return view.next_crossing([view.day_of(latest[0].at)], (row.days("within_days") + 1,))


def _rated(view: PatientView, youngest: int, oldest: int) -> list[tuple[SessionFact, float, int]]:
    part = window(view.session_days, view.today, youngest, oldest)
    return [
        (session, pain, day)
        for session, day in zip(view.sessions[part], view.session_days[part], strict=True)
        if (pain := session.pain) is not None
    ]


def pain_increase(view: PatientView, row: RuleRow) -> Iterator[Verdict]:
    """Compare the mean pain of the last sessions with that of the weeks before."""
    limits = row.limits
    recent = _rated(view, 0, row.days("recent_days"))[-row.days("recent_sessions") :]
    baseline = _rated(view, row.days("baseline_from_days"), row.days("baseline_to_days"))
    if len(recent) < limits["recent_at_least"] or len(baseline) < limits["baseline_at_least"]:
        return
    recent_mean = sum(pain for _, pain, _ in recent) / len(recent)
    baseline_mean = sum(pain for _, pain, _ in baseline) / len(baseline)
    rise = round(recent_mean - baseline_mean, _ROUNDING)
    extra = limits["rebound_extra"] if _in_rebound(view, row) else 0.0
    inputs = {
        "rise": rise,
        "recent_mean": recent_mean,
        "recent_n": len(recent),
        "baseline_mean": baseline_mean,
        "baseline_n": len(baseline),
        "baseline_first": iso(baseline[0][2]),
        "baseline_last": iso(baseline[-1][2]),
        "limit": limits["rise"] + extra,
    }
    if rise < limits["rise"] + extra:
        yield unmet(row, "", inputs)
        return
    high = rise >= limits["high_rise"] + extra
    yield met(
        row,
        "",
        inputs,
        since=recent[-1][0].at,
        known_at=max(session.recorded_at for session, _, _ in recent),
        level=rise,
        severity=AlertSeverity.HIGH if high else None,
    )


def _in_rebound(view: PatientView, row: RuleRow) -> bool:
    """Whether today lies in the days after a joint replacement on which pain commonly rebounds."""
    episode, day = view.facts.episode, view.days_since_surgery
    if episode is None or day is None or episode.condition is None:
        return False
    if episode.condition not in row.options["rebound_conditions"].split():
        return False
    return row.limits["rebound_from_day"] <= day <= row.limits["rebound_to_day"]


def pain_increase_moments(view: PatientView, row: RuleRow) -> int | None:
    """Return when a session moves between the windows, or the rebound days begin or end."""
    ages = (
        row.days("recent_days") + 1,
        row.days("baseline_from_days"),
        row.days("baseline_to_days") + 1,
    )
    crossings = [view.next_crossing(view.session_days, ages)]
    if view.facts.episode is not None and view.facts.episode.surgery_on is not None:
        surgery = [view.facts.episode.surgery_on.toordinal()]
        days = (row.days("rebound_from_day"), row.days("rebound_to_day") + 1)
        crossings.append(view.next_crossing(surgery, days))
    return min((c for c in crossings if c is not None), default=None)


def pain_session(view: PatientView, row: RuleRow) -> Iterator[Verdict]:
    """Look for pain that rises with exercise in most of the last sessions."""
    part = window(view.session_days, view.today, 0, row.days("within_days"))
    sessions = [s for s in view.sessions[part] if s.pain is not None][-row.days("of_sessions") :]
    if len(sessions) < row.limits["at_least"]:
        return
    hits = [s for s in sessions if _painful(s, row)]
    worst = max(s.worst_pain or 0.0 for s in hits or sessions)
    day = iso(view.day_of((hits or sessions)[-1].at))
    inputs = {"sessions": len(hits), "worst": worst, "day": day}
    if len(hits) < row.limits["at_least"]:
        yield unmet(row, "", inputs)
        return
    yield met(
        row,
        "",
        inputs,
        since=hits[-1].at,
        known_at=max(s.recorded_at for s in hits),
        level=worst,
    )


def _painful(session: SessionFact, row: RuleRow) -> bool:
    during = session.pain_after if session.pain_during is None else session.pain_during
    if during is None:
        return False
    before = session.pain_before
    rose = before is not None and during - before >= row.limits["rise_limit"]
    return rose or during >= row.limits["worst_limit"]


def missed(view: PatientView, row: RuleRow) -> Iterator[Verdict]:
    """Count the scheduled sessions in a row that were not done in time."""
    if view.held or not view.due:
        return
    run = view.missed
    recent = bool(run) and view.today - run[-1] <= row.limits["within_days"]
    first = iso(run[0]) if run else ""
    inputs = {"run": len(run), "first_due": first}
    if view.ended or not recent or len(run) < row.limits["at_least"]:
        yield unmet(row, "", inputs)
        return
    settled = view.grace_days + 1
    yield met(
        row,
        "",
        inputs,
        since=view.start_of(run[row.days("at_least") - 1] + settled),
        known_at=view.start_of(run[-1] + settled),
        # once seen it comes back when it turns high, and for as many again after that
        level=len(run) // row.days("high_at_least"),
        severity=AlertSeverity.HIGH if len(run) >= row.limits["high_at_least"] else None,
    )


def missed_moments(view: PatientView, row: RuleRow) -> int | None:
    """Return when the next open session counts as missed, or the last missed one grows old."""
    old = view.next_crossing(view.missed[-1:], (row.days("within_days") + 1,))
    candidates = (view.next_settled_day, old)
    return min((c for c in candidates if c is not None), default=None)


def _silence(view: PatientView, row: RuleRow) -> tuple[int, int | None] | None:
    """Return the day of the last record, and from which day on silence counts."""
    days = [series.days[-1] for series in view.series]
    for recorded in (view.session_days, view.journal_days, view.score_days, view.symmetry_days):
        days += recorded[-1:]
    start = view.episode_first_day
    if start is None and view.due:
        start = view.due[0]
    if start is None:
        return None
    last = max([start, *days])
    position = bisect_right(view.due, last)
    if position == len(view.due):
        return last, None
    return last, max(last + row.days("days"), view.due[position])


def no_data(view: PatientView, row: RuleRow) -> Iterator[Verdict]:
    """Look for silence although sessions were scheduled."""
    if view.held or (silence := _silence(view, row)) is None:
        return
    last, from_day = silence
    inputs = {"day": iso(last)}
    if view.ended or from_day is None or view.today < from_day:
        yield unmet(row, "", inputs)
        return
    moment = view.start_of(from_day)
    yield met(row, "", inputs, since=moment, known_at=moment, level=1.0)


def no_data_moments(view: PatientView, row: RuleRow) -> int | None:
    """Return from which day on silence counts."""
    silence = _silence(view, row)
    if silence is None or silence[1] is None or silence[1] <= view.today:
        return None
    return silence[1]


def recent_records(
    view: PatientView, within_days: int
) -> dict[str, list[tuple[SessionFact, int, ExerciseRecord]]]:
    """Return the exercises done in the sessions of the last days, newest first, by exercise."""
    part = window(view.session_days, view.today, 0, within_days)
    records: dict[str, list[tuple[SessionFact, int, ExerciseRecord]]] = {}
    pairs = zip(view.sessions[part], view.session_days[part], strict=True)
    for session, day in reversed(list(pairs)):
        for record in session.exercises:
            if not record.skipped:
                records.setdefault(record.exercise, []).append((session, day, record))
    return records


def form_low(view: PatientView, row: RuleRow) -> Iterator[Verdict]:
    """Look for a low form score in several sessions of an exercise in a row."""
    count = row.days("sessions")
    for exercise, records in recent_records(view, row.days("within_days")).items():
        scored = [(s, d, r.form_score) for s, d, r in records if r.form_score is not None][:count]
        if len(scored) < count:
            continue
        session, day, latest = scored[0]
        inputs = {"exercise": exercise, "latest": latest, "day": iso(day)}
        if all(score < row.limits["below"] for _, _, score in scored):
            yield met(
                row,
                exercise,
                inputs,
                since=session.at,
                known_at=session.recorded_at,
                level=row.limits["below"] - latest,
            )
        else:
            yield unmet(row, exercise, inputs)


def session_window_moments(view: PatientView, row: RuleRow) -> int | None:
    """Return when a session leaves the rule's window."""
    return view.next_crossing(view.session_days, (row.days("within_days") + 1,))


def score_series(view: PatientView) -> dict[tuple[str, str, str], list[ScoreFact]]:
    """Return comparable questionnaire scores by instrument, scale and side, oldest first.

    Scores by another rule than the newest score's are left out.
    """
    series: dict[tuple[str, str, str], list[ScoreFact]] = {}
    for score in view.scores:
        series.setdefault((score.instrument, score.scale, score.side or ""), []).append(score)
    return {
        key: [s for s in scores if s.rule_version == scores[-1].rule_version]
        for key, scores in series.items()
    }


def prom_worse(view: PatientView, row: RuleRow) -> Iterator[Verdict]:
    """Look for a score worse than the best before it by an important change."""
    for (instrument, scale, side), scores in sorted(score_series(view).items()):
        latest = scores[-1]
        limit, day = latest.important_change, view.day_of(latest.at)
        if limit is None or len(scores) < 2 or view.today - day > row.limits["within_days"]:
            continue
        worse_by = _worse_by(scores)
        inputs = {
            "instrument": instrument,
            "scale": f"{scale} ({side})" if side else scale,
            "latest": latest.score,
            "day": iso(day),
            "reference": _best(scores[:-1]),
            "worse_by": worse_by,
            "limit": limit,
        }
        key = ":".join(part for part in (instrument, scale, side) if part)
        if worse_by < limit:
            yield unmet(row, key, inputs)
            continue
        in_a_row = 1
        while len(scores) - in_a_row > 1 and _worse_by(scores[: len(scores) - in_a_row]) >= limit:
            in_a_row += 1
        high = in_a_row >= row.limits["high_in_a_row"]
        yield met(
            row,
            key,
            inputs,
            since=latest.at,
            known_at=latest.recorded_at,
            level=worse_by,
            severity=AlertSeverity.HIGH if high else None,
        )


def _best(scores: list[ScoreFact]) -> float:
    values = [score.score for score in scores]
    return max(values) if scores[0].higher_is_better else min(values)


def _worse_by(scores: list[ScoreFact]) -> float:
    change = scores[-1].score - _best(scores[:-1])
    return round(-change if scores[-1].higher_is_better else change, _ROUNDING)


def prom_worse_moments(view: PatientView, row: RuleRow) -> int | None:
    """Return when a score grows too old."""
    return view.next_crossing(view.score_days, (row.days("within_days") + 1,))
