"""What reaches a patient between visits: reminders, praise, education, and when not to."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from rehabctl.clinic.adherence import circular_resultant, minutes_of_day
from rehabctl.clinic.milestones import Milestone, grave_today, to_celebrate
from rehabctl.clinic.patient_view import PatientView
from rehabctl.clinic.quiet_hours import QuietHours
from rehabctl.domain.facts import AlertState
from rehabctl.reference.education.items import EducationItem, education_of
from rehabctl.reference.prom_followup import pathway_of

_DAY_MIN = 1440


class ContactKind(StrEnum):
    """Templates of the outbox."""

    REMINDER = "reminder"
    MILESTONE = "milestone"
    EDUCATION = "education"


PRAISE = (ContactKind.MILESTONE, ContactKind.EDUCATION)
"""Never on a day on which something is wrong, and one of them a day."""


@dataclass(frozen=True, slots=True)
class PlannedContact:
    """One thing to be queued."""

    kind: ContactKind
    key: str
    """Names it once and for all for this patient."""
    text: str
    not_before: datetime
    source: str
    """Rule or item that it stands on, with its version."""


@dataclass(frozen=True, slots=True)
class CheckIn:
    """A suggestion that a person gets in touch, with a draft."""

    first_missed_on: date
    missed: int
    draft: str
    rule_version: str


def usual_minute(view: PatientView) -> int | None:
    """Return the usual time of a session in minutes after midnight, clinic time.

    The direction of the mean on a clock of 24 hours; None with too few sessions, or at too many
    different times.
    """
    bands, row = view.rules["ENGAGEMENT_BANDS"], view.rules["ENGAGE"]
    times = minutes_of_day(view, bands.days("time_of_day_days"))
    if len(times) < bands.days("time_of_day_sessions"):
        return None
    if circular_resultant(times) < row.limits["resultant_at_least"]:
        return None
    angles = [2 * math.pi * minutes / _DAY_MIN for minutes in times]
    mean = math.atan2(sum(map(math.sin, angles)), sum(map(math.cos, angles)))
    return round(mean * _DAY_MIN / (2 * math.pi)) % _DAY_MIN


def reminders(view: PatientView, now: datetime, zone: ZoneInfo) -> Iterator[PlannedContact]:
    """Yield the reminders of today and tomorrow whose time has not passed.

    Parameters
    ----------
    view
        The patient as of now.
    now
        Nothing is planned for a moment before it.
    zone
        The patient's: quiet hours are hers.
    """
    row, quiet = view.rules["ENGAGE"], QuietHours.of(view.rules["QUIET_HOURS"])
    if view.held or view.ended or not row.enabled:
        return
    minute = usual_minute(view)
    for day in (view.today, view.today + 1):
        if day not in view.due or day in view.done_days:
            continue
        if minute is None:
            moment = quiet.next_push(view.start_of(day), zone)
        else:
            midnight = datetime.fromordinal(day).replace(tzinfo=view.zone)
            lead = minute - row.days("lead_minutes")
            moment = (midnight + timedelta(minutes=lead)).astimezone(UTC)
            moment = quiet.next_allowed(moment, zone)
        if moment >= now and view.day_of(moment) == day:
            key = f"{date.fromordinal(day).isoformat()}"
            text = row.options["reminder"]
            yield PlannedContact(ContactKind.REMINDER, key, text, moment, row.version)


def praise(
    view: PatientView,
    alerts: Sequence[AlertState],
    told: Collection[str],
    now: datetime,
    zone: ZoneInfo,
    language: str,
) -> PlannedContact | None:
    """Return the one milestone or text of today; None on a day that is not for it.

    Parameters
    ----------
    view
        The patient as of now.
    alerts
        Of the patient: with a high one or a red flag today there is nothing to tell.
    told
        Keys that were told before.
    now
        It goes out today or not at all, outside the quiet hours.
    zone
        The patient's.
    language
        Of the patient: without a text in it, none.
    """
    row, quiet = view.rules["ENGAGE"], QuietHours.of(view.rules["QUIET_HOURS"])
    moment = quiet.next_allowed(now, zone)
    if view.held or view.ended or not row.enabled or grave_today(view, alerts):
        return None
    if view.day_of(moment) != view.today:
        return None
    milestones = _highest(to_celebrate(view, (), alerts))
    new = next((m for m in milestones if f"milestone/{m.key}" not in told), None)
    if new is not None:
        text = row.options["milestone"].format(milestone=new.text)
        key = f"milestone/{new.key}"
        return PlannedContact(ContactKind.MILESTONE, key, text, moment, new.rule_version)
    item = education_today(view, language)
    if item is None or f"education/{item.key}" in told:
        return None
    source = f"{item.key}@{item.version}"
    text = f"{item.title}. {item.text}"
    return PlannedContact(ContactKind.EDUCATION, f"education/{item.key}", text, moment, source)


def _highest(milestones: Iterable[Milestone]) -> list[Milestone]:
    """Return the last step of each kind: 25 sessions say that there were 10."""
    last: Mapping[str, Milestone] = {m.key.partition(":")[0]: m for m in _steps(milestones)}
    singles = [m for m in milestones if m.key.partition(":")[0] not in ("sessions", "streak")]
    return [*last.values(), *singles]


def _steps(milestones: Iterable[Milestone]) -> Iterator[Milestone]:
    for milestone in milestones:
        if milestone.key.partition(":")[0] in ("sessions", "streak"):
            yield milestone


def education_today(view: PatientView, language: str) -> EducationItem | None:
    """Return the text of the patient's week of her pathway; None where there is none."""
    episode = view.facts.episode
    pathway = None if episode is None else pathway_of(episode.pathway, episode.condition)
    if episode is None or pathway is None:
        return None
    day_0 = episode.surgery_on if pathway.anchor == "surgery" else episode.started_on
    if day_0 is None or view.today < day_0.toordinal():
        return None
    week = (view.today - day_0.toordinal()) // 7 + 1
    return education_of(pathway.slug, week, language, date.fromordinal(view.today))


def check_in(view: PatientView) -> CheckIn | None:
    """Return a draft for a patient who missed sessions in a row; a person reads and sends it."""
    row = view.rules["ENGAGE"]
    missed = len(view.missed)
    if view.held or view.ended or not row.enabled or missed < row.limits["missed_at_least"]:
        return None
    draft = row.options["check_in"].format(missed=missed)
    return CheckIn(date.fromordinal(view.missed[0]), missed, draft, row.version)
