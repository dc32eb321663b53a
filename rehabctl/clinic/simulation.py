"""Synthetic patients with known truth: who does what, who has a setback, and when it shows.

For property tests, demonstration data and load. Patients recover along a concave curve, rate pain
in whole numbers with noise that lasts for days, measure with a camera whose correction changes now
and then, and keep to their programme as their kind does. Only raw events are made; alerts and rows
arise from the rules. The same seed gives the same patients, and patient n does not depend on how
many are made.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from rehabctl.domain.facts import (
    Episode,
    ExerciseRecord,
    Goal,
    JournalEntry,
    Measurement,
    PatientFacts,
    PlanOfCare,
    ReviewItem,
    ScoreFact,
    SessionFact,
    SymmetryResult,
)

_TELLING_REPORTS = 3
"""A change of pain or motion is evident after so many reports since its onset: one or two bad
ones happen in an ordinary week. A red flag is evident at once."""
_STOPPED_REPORTS = 4
"""Sessions missed in a row from which on a patient may have stopped: the reference's definition."""
_EPISODE_DAYS = 120
_BASELINE_DAYS = 24
"""A setback comes after so many days of a programme: rules compare with the weeks before."""


class AdherenceType(StrEnum):
    """How a patient keeps to a programme."""

    STEADY = "steady"
    USUAL = "usual"
    IRREGULAR = "irregular"
    FADING = "fading"
    """Begins as usual and does less and less."""


class SetbackKind(StrEnum):
    """What goes wrong."""

    PAIN_FLARE = "pain_flare"
    MOTION_LOSS = "motion_loss"
    STOPPED = "stopped"
    RED_FLAG = "red_flag"


@dataclass(frozen=True, slots=True)
class Setback:
    """One injected setback."""

    kind: SetbackKind
    onset: date
    until: date
    """Last day."""
    size: float
    """Points of pain or degrees of motion; 0 for the other kinds."""
    evident_at: datetime | None
    """When the clinic held enough to see it; None: nothing that tells of it was ever recorded."""


@dataclass(frozen=True, slots=True)
class SimulatedPatient:
    """A patient's raw events, and the truth behind them."""

    facts: PatientFacts
    adherence_type: AdherenceType
    setback: Setback | None


@dataclass(frozen=True, slots=True)
class _Course:
    """What a condition looks like: the motion that is measured, its start, gain and pace."""

    condition: str | None
    motion: str | None
    start_deg: float
    gain_deg: float
    exercises: tuple[str, ...]
    weight: float


_COURSES = (
    _Course(
        "TKR", "knee_flexion", 74.0, 46.0,
        ("heel-slide-supine", "quad-set", "sit-to-stand", "standing-knee-flexion"), 0.30,
    ),
    _Course(
        "ACL", "knee_flexion", 92.0, 42.0,
        ("heel-slide-supine", "quad-set", "mini-squat", "calf-raise-double"), 0.15,
    ),
    _Course(
        "THR", "hip_flexion", 68.0, 40.0,
        ("standing-hip-abduction", "sit-to-stand", "glute-set"), 0.10,
    ),
    _Course(
        "RCR", "shoulder_flexion", 78.0, 72.0,
        ("table-slide-flexion", "wand-flexion", "scap-squeeze"), 0.15,
    ),
    _Course(None, None, 0.0, 0.0, ("bird-dog", "bridge-double", "pelvic-tilt-supine"), 0.30),
)  # fmt: skip
_ADHERENCE = {
    # probability of a scheduled session, share of the patients, spread of the time of day (min)
    AdherenceType.STEADY: (0.94, 0.50, 35.0),
    AdherenceType.USUAL: (0.83, 0.30, 75.0),
    AdherenceType.IRREGULAR: (0.62, 0.12, 200.0),
    AdherenceType.FADING: (0.85, 0.08, 120.0),
}
# days of the week with sessions, turned by a random number of days
_WEEKDAYS = ((0, 2, 4), (0, 2, 4), (0, 1, 3, 5), (0, 1, 2, 3, 4), (0, 1, 2, 3, 4, 5, 6))
_SETBACKS = {
    SetbackKind.PAIN_FLARE: 0.40,
    SetbackKind.MOTION_LOSS: 0.25,
    SetbackKind.STOPPED: 0.20,
    SetbackKind.RED_FLAG: 0.15,
}


def simulate(
    count: int,
    *,
    seed: int,
    start: date,
    days: int,
    setback_share: float = 0.2,
    time_zone: str = "America/Chicago",
    first: int = 0,
) -> tuple[SimulatedPatient, ...]:
    """Make patients with all their events over a span of days.

    Parameters
    ----------
    count
        Number of patients.
    seed
        Same seed, same patients.
    start, days
        First day and length of the span. Courses of care begin within its first third, or up to
        six weeks before it.
    setback_share
        Share of the patients who have one setback.
    time_zone
        IANA zone of the clinic and the patients.
    first
        Number of the first patient, to make a part of many.
    """
    return tuple(
        # S311: a seeded generator for synthetic data, not for secrets
        _Maker(random.Random(f"{seed}:{n}"), n, start, days, time_zone).patient(setback_share)  # noqa: S311
        for n in range(first, first + count)
    )


@dataclass
class _Maker:
    """Makes one patient day by day."""

    rng: random.Random
    number: int
    start: date
    days: int
    time_zone: str
    sessions: list[SessionFact] = field(default_factory=list[SessionFact])
    journal: list[JournalEntry] = field(default_factory=list[JournalEntry])
    measurements: list[Measurement] = field(default_factory=list[Measurement])
    reviews: list[ReviewItem] = field(default_factory=list[ReviewItem])
    scores: list[ScoreFact] = field(default_factory=list[ScoreFact])
    symmetry: list[SymmetryResult] = field(default_factory=list[SymmetryResult])
    due: list[date] = field(default_factory=list[date])
    pain_noise: float = 0.0

    def patient(self, setback_share: float) -> SimulatedPatient:
        rng = self.rng
        self.zone = ZoneInfo(self.time_zone)
        self.course = rng.choices(_COURSES, [c.weight for c in _COURSES])[0]
        self.kind = rng.choices(tuple(_ADHERENCE), [a[1] for a in _ADHERENCE.values()])[0]
        self.begins = self.start + timedelta(days=rng.randint(-42, max(1, self.days // 3)))
        self.surgery = (
            None
            if self.course.condition is None
            else self.begins - timedelta(days=rng.randint(3, 10))
        )
        self.side = rng.choice(("left", "right"))
        turn = rng.randrange(7)
        self.weekdays = tuple((day + turn) % 7 for day in rng.choice(_WEEKDAYS))
        self.habit_minute = rng.choice((7 * 60, 9 * 60, 12 * 60, 17 * 60 + 30, 20 * 60))
        self.pain_start = rng.uniform(3.0, 6.0)
        self.pain_floor = rng.uniform(0.3, 2.0)
        self.pain_days = rng.uniform(15.0, 40.0)
        self.offset_deg = rng.gauss(0.0, 6.0)
        self.correction_from = (
            self.begins + timedelta(days=rng.randint(14, 80)) if rng.random() < 0.15 else None
        )
        self.correction_bias_deg = rng.gauss(0.0, 8.0)
        last = self.start + timedelta(days=self.days - 1)
        setback = self._setback(last) if rng.random() < setback_share else None
        day = self.begins
        while day <= last:
            self._day(day, setback)
            day += timedelta(days=1)
        return SimulatedPatient(self._facts(last), self.kind, self._seen(setback))

    def _setback(self, last: date) -> Setback | None:
        first = max(self.begins, self.start) + timedelta(days=_BASELINE_DAYS)
        room = (last - first).days - 14
        if room < 0:
            return None
        kinds = dict(_SETBACKS)
        if self.course.motion is None:
            del kinds[SetbackKind.MOTION_LOSS]
        kind = self.rng.choices(tuple(kinds), tuple(kinds.values()))[0]
        onset = first + timedelta(days=self.rng.randint(0, room))
        length = {SetbackKind.RED_FLAG: 1, SetbackKind.MOTION_LOSS: 21}.get(kind, 14)
        size = {
            SetbackKind.PAIN_FLARE: self.rng.uniform(3.5, 5.5),
            SetbackKind.MOTION_LOSS: self.rng.uniform(18.0, 30.0),
        }.get(kind, 0.0)
        return Setback(kind, onset, onset + timedelta(days=length - 1), size, None)

    def _day(self, day: date, setback: Setback | None) -> None:
        rng = self.rng
        active = setback if setback and setback.onset <= day <= setback.until else None
        self.pain_noise = 0.6 * self.pain_noise + rng.gauss(0.0, 0.55)
        share = math.exp(-(day - self.begins).days / self.pain_days)
        pain = self.pain_floor + (self.pain_start - self.pain_floor) * share + self.pain_noise
        if active and active.kind is SetbackKind.PAIN_FLARE:
            pain += active.size
        if day.weekday() in self.weekdays:
            self.due.append(day)
            stopped = active is not None and active.kind is SetbackKind.STOPPED
            if rng.random() < self._probability(day) and not stopped:
                self._session(day, pain, active)
        flagged = active is not None and active.kind is SetbackKind.RED_FLAG
        stopped = active is not None and active.kind is SetbackKind.STOPPED
        if flagged or (rng.random() < 0.35 and not stopped):
            self._journal(day, pain, flagged)
        if self.course.condition is not None and (day - self.begins).days % 7 == 0:
            self._weekly(day)

    def _probability(self, day: date) -> float:
        probability = _ADHERENCE[self.kind][0]
        if self.kind is AdherenceType.FADING:
            probability *= max(0.3, 1.0 - (day - self.begins).days / _EPISODE_DAYS)
        return probability

    def _moment(self, day: date, minute: float) -> datetime:
        minute = min(max(minute, 0.0), 1439.0)
        local = datetime.combine(day, time(int(minute) // 60, int(minute) % 60), self.zone)
        return local.astimezone(UTC)

    def _recorded(self, at: datetime) -> datetime:
        """Most uploads come at once, some in the evening or on the next day."""
        late = self.rng.random() < 0.08
        return at + timedelta(minutes=self.rng.uniform(60, 1200) if late else 2.0)

    def _id(self, letter: str, events: list[object] | int) -> str:
        position = events if isinstance(events, int) else len(events)
        return f"{letter}{self.number:06d}-{position:05d}"

    def _session(self, day: date, pain: float, active: Setback | None) -> None:
        rng = self.rng
        spread = _ADHERENCE[self.kind][2]
        at = self._moment(day, rng.gauss(self.habit_minute, spread))
        recorded = self._recorded(at)
        before = _rating(pain)
        after = _rating(pain + rng.gauss(0.2, 0.5))
        skip = 0.25 if self.kind is AdherenceType.IRREGULAR else 0.06
        exercises = tuple(
            ExerciseRecord(
                slug,
                skipped=rng.random() < skip,
                repetitions=tuple(rng.choice((10, 12, 12)) for _ in range(3)),
            )
            for slug in self.course.exercises
        )
        self.sessions.append(
            SessionFact(
                id=self._id("s", len(self.sessions)),
                at=at,
                recorded_at=recorded,
                completed=True,
                exercises=exercises,
                pain_before=before,
                pain_after=after,
                difficulty=rng.randint(2, 4),
            )
        )
        if self.course.motion is not None and rng.random() < 0.8:
            loss = active.size if active and active.kind is SetbackKind.MOTION_LOSS else 0.0
            self._measure(day, at, recorded, loss)

    def _measure(self, day: date, at: datetime, recorded: datetime, loss: float) -> None:
        rng, course = self.rng, self.course
        weeks = ((day - self.begins).days + 7) / 7.0
        true_deg = course.start_deg + self.offset_deg
        true_deg += course.gain_deg * math.log(weeks) / math.log(12.0) - loss
        limited = rng.random() < 0.06
        corrected = self.correction_from is not None and day >= self.correction_from
        value = true_deg + rng.gauss(0.0, 5.5 if limited else 3.3)
        if corrected:
            value += self.correction_bias_deg
        status = "limited" if limited else "good"
        half_width = 9.9 if limited else 5.5
        confidence = rng.uniform(0.3, 0.58) if limited else rng.uniform(0.75, 0.98)
        full, partial = rng.randint(8, 12), rng.randint(0, 2)
        self.measurements.append(
            Measurement(
                id=self._id("m", len(self.measurements)),
                at=at,
                recorded_at=recorded,
                exercise=course.exercises[0],
                motion=course.motion or "",
                side=self.side,
                value_deg=round(value, 1),
                uncertainty_deg=half_width,
                method=f"camera/full-1/correction-{2 if corrected else 1}",
                full_count=full,
                partial_count=partial,
                status=status,
            )
        )
        self.reviews.append(
            ReviewItem(
                id=self._id("r", len(self.reviews)),
                at=at,
                recorded_at=recorded,
                exercise=course.exercises[0],
                full_count=full,
                partial_count=partial,
                peak_deg=round(value, 1),
                interval_deg=(round(value - half_width, 1), round(value + half_width, 1)),
                confidence=round(confidence, 2),
                status=status,
                reviewed_at=recorded + timedelta(hours=rng.uniform(2, 40)),
            )
        )

    def _journal(self, day: date, pain: float, flagged: bool) -> None:
        at = self._moment(day, self.rng.uniform(8 * 60, 21 * 60))
        self.journal.append(
            JournalEntry(
                id=self._id("j", len(self.journal)),
                at=at,
                recorded_at=self._recorded(at),
                pain=_rating(pain),
                red_flags=(self.rng.choice(("calf_swelling", "fever_wound", "fall")),)
                if flagged
                else (),
            )
        )

    def _weekly(self, day: date) -> None:
        at = self._moment(day, self.rng.uniform(10 * 60, 18 * 60))
        weeks = (day - self.begins).days / 7.0
        score = 45.0 + 35.0 * (1.0 - math.exp(-weeks / 6.0)) + self.rng.gauss(0.0, 3.0)
        self.scores.append(
            ScoreFact(
                id=self._id("q", len(self.scores)),
                at=at,
                recorded_at=at,
                instrument="koos-jr" if self.course.motion == "knee_flexion" else "lefs",
                scale="total",
                score=round(min(score, 100.0), 1),
                higher_is_better=True,
                important_change=14.0,
            )
        )
        if self.course.condition == "ACL":
            deficit = max(0.0, 30.0 - 2.2 * weeks)
            other = 100.0 + self.rng.gauss(0.0, 3.0)
            weak = 100.0 - deficit + self.rng.gauss(0.0, 3.0)
            left, right = (weak, other) if self.side == "left" else (other, weak)
            self.symmetry.append(
                SymmetryResult(
                    id=self._id("y", len(self.symmetry)),
                    at=at,
                    recorded_at=at,
                    measure="load",
                    motion="knee_extension",
                    left=round(left, 1),
                    right=round(right, 1),
                    method="dynamometer",
                )
            )

    def _facts(self, last: date) -> PatientFacts:
        goal = self.course.start_deg + self.course.gain_deg + self.offset_deg
        zero = self._moment(self.begins, 8 * 60)
        horizon = last + timedelta(days=14)
        coming = [last + timedelta(days=n) for n in range(1, (horizon - last).days)]
        return PatientFacts(
            patient_id=f"sim-{self.number:06d}",
            time_zone=self.time_zone,
            episode=Episode(
                started_on=self.begins,
                condition=self.course.condition,
                surgery_on=self.surgery,
                side=self.side,
            ),
            sessions=tuple(self.sessions),
            due_on=(*self.due, *(day for day in coming if day.weekday() in self.weekdays)),
            opened_at=tuple(session.at for session in self.sessions),
            journal=tuple(self.journal),
            measurements=tuple(self.measurements),
            symmetry=tuple(self.symmetry),
            scores=tuple(self.scores),
            goals=()
            if self.course.motion is None
            else (
                Goal(
                    id=f"g{self.number:06d}",
                    set_at=zero,
                    measure=self.course.motion,
                    baseline=round(self.course.start_deg + self.offset_deg, 0),
                    target=round(goal, 0),
                    side=self.side,
                    unit="deg",
                ),
            ),
            reviews=tuple(self.reviews),
            plan_of_care=PlanOfCare(ends_on=self.begins + timedelta(days=2 * _EPISODE_DAYS)),
        )

    def _seen(self, setback: Setback | None) -> Setback | None:
        """Return the setback with the moment at which the clinic held enough to see it."""
        if setback is None:
            return None
        zone, first, last = self.zone, setback.onset, setback.until

        def within(at: datetime) -> bool:
            return first <= at.astimezone(zone).date() <= last

        told: list[datetime] = []
        needed = _TELLING_REPORTS
        match setback.kind:
            case SetbackKind.PAIN_FLARE:
                told = [s.recorded_at for s in self.sessions if within(s.at)]
            case SetbackKind.MOTION_LOSS:
                told = [m.recorded_at for m in self.measurements if within(m.at)]
            case SetbackKind.RED_FLAG:
                told = [j.recorded_at for j in self.journal if j.red_flags]
                needed = 1
            case SetbackKind.STOPPED:
                missed = [day + timedelta(days=2) for day in self.due if first <= day <= last]
                told = [self._moment(day, 0) for day in missed]
                needed = _STOPPED_REPORTS
        told.sort()
        evident_at = told[needed - 1] if len(told) >= needed else None
        return Setback(setback.kind, first, last, setback.size, evident_at)


def _rating(pain: float) -> float:
    """Return a pain as it is rated: a whole number from 0 to 10."""
    return float(min(10, max(0, round(pain))))
