"""From a patient's raw events to the facts that a gate is judged on. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from zoneinfo import ZoneInfo

from rehabctl.clinic.gate_evaluation import Answer, CompletedSets, GateFacts
from rehabctl.domain.facts import Extreme, Measurement, PatientFacts, ScoreFact

TESTS: Mapping[str, str] = {"TUG": "tug", "30CST": "chair-stand-30s", "6MWT": "6mwt"}
"""Instruments by the names that gates give to tests."""
_MODE = "active"
"""Cameras and sensors see what the patient moves herself; passive motion is asked for."""


def gate_facts(
    facts: PatientFacts,
    today: date,
    *,
    weeks: float | None,
    since: date,
    norms: Mapping[str, float],
    answers: Mapping[str, Answer],
) -> GateFacts:
    """Return what is known of a patient in the terms of the gate grammar.

    Of each motion, test and questionnaire the newest value counts, whatever its size: an older and
    better one does not carry a patient into the next phase.

    Parameters
    ----------
    facts
        Everything that is known.
    today
        The clinic's local date.
    weeks
        Weeks on the protocol's clock.
    since
        First day of the programme: changes of scores count from the last score before it, or else
        from the first one after it.
    norms
        Reference values of this patient by the name of a test.
    answers
        What clinicians answered, by the canonical text of the condition.
    """
    zone = ZoneInfo(facts.time_zone)
    involved = None if facts.episode is None else facts.episode.side
    sources: dict[tuple[str, ...], str] = {}
    if weeks is not None:
        sources["week",] = "calendar"
    highest = _newest(m for m in facts.measurements if m.extreme is Extreme.MAX)
    lowest = _newest(m for m in facts.measurements if m.extreme is Extreme.MIN)
    rom: dict[tuple[str, str], float] = {}
    behind: dict[tuple[str, str], float] = {}
    for motion in sorted({motion for motion, _ in highest}):
        joint, _, name = motion.partition("_")
        own = _own_side(highest, motion, involved)
        if own is not None:
            rom[motion, _MODE] = own.value_deg
            sources["rom", joint, name, _MODE] = _measured(own, zone)
        other = highest.get((motion, "right" if involved == "left" else "left"))
        if own is not None and involved is not None and other is not None and other is not own:
            behind[motion, _MODE] = other.value_deg - own.value_deg
            sources["side_difference_deg", joint, name, _MODE] = _measured(own, zone)
    deficits: dict[tuple[str, str], float] = {}
    for motion in sorted({motion for motion, _ in lowest if motion.endswith("_flexion")}):
        own = _own_side(lowest, motion, involved)
        if own is not None:
            joint = motion.removesuffix("_flexion")
            deficits[joint, _MODE] = own.value_deg
            sources["extension_deficit_deg", joint, _MODE] = _measured(own, zone)
    scores, changes = _scores(facts.scores, since, zone, sources)
    tests = {
        name: scores[slug, "total"] for name, slug in TESTS.items() if (slug, "total") in scores
    }
    for name in tests:
        sources["test", name] = sources.get(("prom", TESTS[name]), "")
        sources["test_change", name] = sources["test", name]
    return GateFacts(
        today=today,
        weeks=weeks,
        rom_deg=rom,
        extension_deficit_deg=deficits,
        side_difference_deg=behind,
        pain=_pain(facts, zone),
        sets=_sets(facts, zone),
        tests=tests,
        test_norms=norms,
        test_changes={
            name: changes[slug, "total"]
            for name, slug in TESTS.items()
            if (slug, "total") in changes
        },
        scores=scores,
        score_changes=changes,
        answers=answers,
        sources=sources,
    )


def _newest(measurements: Iterable[Measurement]) -> dict[tuple[str, str], Measurement]:
    newest: dict[tuple[str, str], Measurement] = {}
    for row in sorted(measurements, key=lambda m: (m.at, m.id)):
        newest[row.motion, row.side] = row
    return newest


def _own_side(
    newest: Mapping[tuple[str, str], Measurement], motion: str, involved: str | None
) -> Measurement | None:
    """Return the value of the involved side; without one the smaller side decides."""
    if involved is not None:
        return newest.get((motion, involved)) or newest.get((motion, "both"))
    sides = [row for (name, _), row in newest.items() if name == motion]
    if not sides:
        return None
    towards_extension = sides[0].extreme is Extreme.MIN
    return (max if towards_extension else min)(sides, key=lambda row: row.value_deg)


def _measured(row: Measurement, zone: ZoneInfo) -> str:
    spread = "" if row.uncertainty_deg is None else f" +- {row.uncertainty_deg:.0f} degrees"
    return f"{row.at.astimezone(zone).date().isoformat()}, {row.exercise}, {row.side}{spread}"


def _scores(
    rows: Iterable[ScoreFact], since: date, zone: ZoneInfo, sources: dict[tuple[str, ...], str]
) -> tuple[dict[tuple[str, str], float], dict[tuple[str, str], float]]:
    newest: dict[tuple[str, str], float] = {}
    first: dict[tuple[str, str], float] = {}
    changes: dict[tuple[str, str], float] = {}
    for row in sorted(rows, key=lambda r: (r.at, r.id)):
        key, day = (row.instrument, row.scale), row.at.astimezone(zone).date()
        newest[key] = row.score
        if day <= since or key not in first:
            first[key] = row.score
            changes.pop(key, None)
        else:
            change = row.score - first[key]
            changes[key] = change if row.higher_is_better else -change
        where = key[:1] if row.scale == "total" else key
        for name in ("prom", "prom_change"):
            sources[(name, *where)] = f"{day.isoformat()}, {row.instrument} {row.scale}"
    return newest, changes


def _pain(facts: PatientFacts, zone: ZoneInfo) -> tuple[tuple[date, float], ...]:
    rated = [(s.at, s.worst_pain) for s in facts.sessions]
    rated += [(entry.at, entry.pain) for entry in facts.journal]
    known = sorted((at, value) for at, value in rated if value is not None)
    return tuple((at.astimezone(zone).date(), value) for at, value in known)


def _sets(facts: PatientFacts, zone: ZoneInfo) -> tuple[CompletedSets, ...]:
    return tuple(
        CompletedSets(record.exercise, session.at.astimezone(zone).date(), record.repetitions)
        for session in sorted(facts.sessions, key=lambda s: (s.at, s.id))
        if session.completed
        for record in session.exercises
        if not record.skipped
    )
