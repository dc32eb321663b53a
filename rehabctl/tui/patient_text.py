"""The texts of the patient screen: a detail in, styled lines out. No rules, no widgets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from textual.content import Content

from rehabctl.domain.patient_detail import (
    AlertSummary,
    AssessmentSummary,
    PatientDetail,
    ReferenceBand,
    SessionSummary,
    Trend,
)
from rehabctl.tui import cells
from rehabctl.tui.columns import Viewer
from rehabctl.tui.widgets.section import Line

_LABEL_CELLS = 13
_SEVERITY_COLOUR = {"red_flag": "$tier-red-flag", "high": "$tier-declining"}
_NO_LEAD = Content("")
_BAR_CELLS = 20

Part = str | tuple[str, str]


def _text(*parts: Part) -> Line:
    return Line(_NO_LEAD, Content.assemble(*parts))


def _fact(label: str, value: str, style: str = "") -> Line:
    return Line(
        Content.styled(f"{label:<{_LABEL_CELLS}}", "$muted"),
        Content.styled(cells.clean(value), style),
    )


def _nothing(text: str) -> list[Line]:
    return [_text((text, "$muted"))]


def summary(detail: PatientDetail, viewer: Viewer) -> list[Line]:
    """Return who the patient is and where the course of care stands."""
    row = detail.row
    lines = [
        _fact(
            "Last session",
            f"{_ago(row.last_session_at, viewer)}, next due "
            f"{cells.due(row.next_due, viewer.now, viewer.zone)}",
        )
    ]
    born = detail.birth_date
    if born is not None:
        sex = f", {detail.sex}" if detail.sex else ""
        date_text = cells.day(born, viewer.now, viewer.zone)
        lines.append(_fact("Born", f"{date_text} ({_age(born, viewer)}){sex}"))
    episode = detail.episode
    if episode is not None:
        diagnosis = episode.diagnosis or cells.NONE
        lines.append(_fact("Diagnosis", cells.with_side(diagnosis, episode.side)))
        if episode.surgery_date is not None:
            week = "" if episode.weeks_post_op is None else f", week {episode.weeks_post_op}"
            surgery = cells.day(episode.surgery_date, viewer.now, viewer.zone)
            lines.append(_fact("Surgery", surgery + week))
        if episode.precautions:
            lines.append(_fact("Precautions", "; ".join(episode.precautions), "$warning"))
    where = ", ".join(filter(None, (detail.state, _local_time(detail.time_zone, viewer.now))))
    contact = " ".join(filter(None, (detail.phone, detail.email)))
    facts = (("Where", where), ("Contact", contact), ("Language", detail.language))
    return [*lines, *(_fact(label, value) for label, value in facts if value)]


def _ago(when: datetime | None, viewer: Viewer) -> str:
    return "none yet" if when is None else f"{cells.ago(when, viewer.now)} ago"


def _age(born: date, viewer: Viewer) -> int:
    today = viewer.now.astimezone(viewer.zone).date()
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _local_time(zone: str | None, now: datetime) -> str:
    """Return the patient's own time of day, to know when she may be called."""
    if zone is None:
        return ""
    try:
        return f"{cells.clock(now, ZoneInfo(zone))} there ({zone})"
    except (ZoneInfoNotFoundError, ValueError):
        return zone


def reasons(detail: PatientDetail, viewer: Viewer) -> list[Line]:
    """Return why the patient stands where she stands."""
    if not detail.row.reasons:
        return _nothing("Nothing asks for attention.")
    return [
        Line(
            Content.styled("• ", "$primary"),
            Content.assemble(
                cells.clean(reason.text), (_since(reason.since, viewer, "  since "), "$muted")
            ),
        )
        for reason in detail.row.reasons
    ]


def _since(when: datetime | None, viewer: Viewer, before: str) -> str:
    return "" if when is None else before + cells.day(when, viewer.now, viewer.zone)


def alerts(detail: PatientDetail, viewer: Viewer) -> list[Line]:
    """Return each alert with severity, evidence, rule version and state."""
    if not detail.alerts:
        return _nothing("No alerts.")
    return [_alert(alert, viewer) for alert in detail.alerts]


def _alert(alert: AlertSummary, viewer: Viewer) -> Line:
    colour = _SEVERITY_COLOUR.get(alert.severity, "$foreground")
    since = _since(alert.reason.since, viewer, " since ")
    body: list[Part] = [
        (cells.clean(alert.reason.text), "" if alert.state == "open" else "$muted"),
        (f"  {alert.state}{since}, rules {cells.clean(alert.rule_version)}", "$muted"),
    ]
    lead = Content.styled(f"{cells.words(alert.severity):<9}", f"bold {colour}")
    return Line(lead, Content.assemble(*body))


_PLACES = {"steps": 0, "m/s": 2}
"""Decimals by unit; others have one."""


def trend_line(trend: Trend, viewer: Viewer) -> Line:
    """Return a trend in words: the newest number, its uncertainty, target and change."""
    name = cells.with_side(cells.words(trend.measure), trend.side)
    if not trend.points:
        return _text((name, "bold"), ("  no results yet", "$muted"))
    last = trend.points[-1]
    spread = "" if last.uncertainty is None else f" ±{last.uncertainty:.1f}"
    parts: list[Part] = [
        (name, "bold"),
        f"  {_unit(last.value, spread, trend.unit)}",
        (f"  {cells.day(last.at, viewer.now, viewer.zone)}", "$muted"),
    ]
    if trend.target is not None:
        parts.append((f"  target {trend.target:.0f}", "$success"))
    same = [point for point in trend.points if point.method == last.method]
    if len(same) > 1:
        change = last.value - same[0].value
        since = cells.day(same[0].at, viewer.now, viewer.zone)
        places = _PLACES.get(trend.unit, 1)
        parts.append((f"  {change:+.{places}f} since {since}", "$muted"))
    if trend.important_at is not None:
        parts.append((f"  MCID at {trend.important_at:.0f}", "$warning"))
    if trend.note:
        parts.append((f"  {cells.clean(trend.note)}", "$muted"))
    return _text(*parts)


def _unit(value: float, spread: str, unit: str) -> str:
    if unit == "%":
        return f"{value:.0f}{spread}%"
    if unit == "of 10":
        return f"{value:.0f}{spread} of 10"
    return f"{value:.{_PLACES.get(unit, 1)}f}{spread} {unit}"


def methods(trend: Trend, markers: Sequence[str]) -> list[Line]:
    """Return which mark stands for which instrument, when there is more than one."""
    names = list(dict.fromkeys(point.method for point in trend.points))
    if len(names) < 2:
        return []
    legend = "   ".join(
        f"{markers[i % len(markers)]} {cells.clean(name)}" for i, name in enumerate(names)
    )
    return [_text((f"{legend}   different methods are not joined", "$muted"))]


def adherence(detail: PatientDetail) -> Line:
    """Return the share of planned sessions as number and bar."""
    share = detail.row.adherence_percent_28d
    if share is None:
        return _text(("adherence", "bold"), ("  nothing planned in 28 days", "$muted"))
    filled = round(min(max(share, 0.0), 100.0) / 100 * _BAR_CELLS)
    return _text(
        ("adherence", "bold"),
        f"  {share:.0f}% in 28 days  ",
        ("█" * filled, "$accent"),
        ("░" * (_BAR_CELLS - filled), "$rule"),
    )


def pain(detail: PatientDetail) -> Line:
    """Return the pain ratings as a number, bars and a word."""
    row = detail.row
    if row.pain_now is None:
        return _text(("pain", "bold"), ("  no ratings", "$muted"))
    return _text(
        ("pain", "bold"),
        f"  {row.pain_now:.0f} of 10  ",
        (cells.sparkline(row.pain_series, len(row.pain_series)), "$accent"),
        (f"  {cells.trend(row.pain_trend)}", "$muted"),
    )


ASSESSMENT_COLUMNS = (
    "When", "Exercise", "Side", "Reps", "Peak deg (90 %)", "Status", "Conf.", "Seen",
)  # fmt: skip


def assessment_cells(item: AssessmentSummary, viewer: Viewer) -> tuple[str, ...]:
    """Return one line of the assessments table."""
    seen = [cells.words(kind) for kind in item.compensations]
    seen += [cells.clean(text) for text in (*item.reasons, *item.feedback)]
    repetitions = f"{item.full}" + (f" +{item.partial}p" if item.partial else "")
    return (
        cells.day_time(item.at, viewer.now, viewer.zone),
        cells.words(item.exercise),
        item.side or cells.NONE,
        repetitions,
        _peak(item),
        item.status,
        f"{item.confidence:.2f}",
        "; ".join(seen),
    )


def _peak(item: AssessmentSummary) -> str:
    peak, limits = item.best_peak_deg, item.interval_deg
    if peak is None or limits is None:
        return cells.number(peak, digits=1)
    return f"{peak:.1f} ({limits[0]:.1f}-{limits[1]:.1f})"


def sessions(detail: PatientDetail, viewer: Viewer) -> list[Line]:
    """Return the sessions done at home, newest first."""
    if not detail.sessions:
        return _nothing("No sessions yet.")
    newest = sorted(detail.sessions, key=lambda s: s.at, reverse=True)
    head = _text((f"{'When':<14}{'Done':<8}{'Pain':<12}{'Effort':<8}Note", "$muted"))
    return [head, *(_session(item, viewer) for item in newest)]


def _session(item: SessionSummary, viewer: Viewer) -> Line:
    before, after = cells.number(item.pain_before), cells.number(item.pain_after)
    pain_text = cells.NONE if before == after == cells.NONE else f"{before} then {after}"
    effort = cells.NONE if item.difficulty is None else str(item.difficulty)
    when = cells.day_time(item.at, viewer.now, viewer.zone)
    done = f"{item.completed} of {item.planned}"
    lead = f"{when:<14}{done:<8}{pain_text:<12}{effort:<8}"
    return Line(Content(lead), Content(cells.clean(item.notes or "")))


_PROGRAMME_NAME_CELLS = 20
"""Room for the name of an exercise: the dose beside it must not be squeezed."""


def programme(detail: PatientDetail) -> list[Line]:
    """Return the prescribed exercises with their doses."""
    if not detail.program:
        return _nothing("No programme is running.")
    longest = max(len(line.name) for line in detail.program)
    width = min(longest, _PROGRAMME_NAME_CELLS)
    drafts = [line for line in detail.program if not line.approved]
    all_drafts = len(drafts) == len(detail.program)
    lines: list[Line] = []
    if drafts:
        verb = "is a draft" if len(drafts) == 1 else "are drafts"
        some = "All are drafts" if all_drafts else f"{len(drafts)} of {len(detail.program)} {verb}"
        lines.append(_text((f"{some}: not approved by a clinician yet", "$warning")))
    for line in detail.program:
        hold = f", hold {line.hold_s:.0f} s" if line.hold_s else ""
        target = f", to {line.target_deg:.0f} deg" if line.target_deg is not None else ""
        dose = f"{line.sets} x {line.reps}{hold}{target}, {line.per_week} a week"
        state = "" if line.approved or all_drafts else "  draft"
        body = Content.assemble(dose, (state, "$warning"))
        lines.append(Line(Content(cells.fit(line.name, width) + "  "), body))
    return lines


def band(reference: ReferenceBand) -> Line:
    """Return what the dotted lines of a chart stand for, and where they come from."""
    first, last = reference.limits[0], reference.limits[-1]
    limits = f"{first[1]:.0f}-{first[2]:.0f} then {last[1]:.0f}-{last[2]:.0f}"
    source = cells.clean(reference.source)
    return _text((f"reference band {limits}, published cohorts: {source}", "$muted"))


def chart_days(trend: Trend) -> tuple[datetime, list[float]]:
    """Return the day that the time axis starts from, and each point's days after it."""
    start = trend.points[0].at
    return start, [(point.at - start) / timedelta(days=1) for point in trend.points]
