"""Whether the situation of a visit carries its codes: quiet days, repeats, absence, statements.

Telephone, online and check-in codes ask for days without a related visit before them and hours
without one after; caregiver training for the absence of the patient; an episode for one evaluation.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from rehabctl.domain.errors import UsageError
from rehabctl.reference.payers.remote_services import (
    EvaluationLevel,
    ServiceFamily,
    load_episode_codes,
    load_evaluation_levels,
    service_families,
)

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known around a visit."""

    now: datetime
    visits: tuple[datetime, ...] = ()
    """Starts of the patient's other visits that took place or are planned."""
    billed: tuple[tuple[str, date], ...] = ()
    """Codes that stand in other claims, with their days."""
    episode_codes: frozenset[str] = frozenset()
    """Codes that stand in other claims of the same episode."""
    patient_spans: tuple[Span, ...] = ()
    """When the patient took part."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A condition of a code that is not met."""

    rule: str
    code: str
    message: str
    fix: str


def missing_conditions(
    services: Mapping[str, Sequence[Span]],
    situation: Situation,
    stated: Collection[tuple[str, str]],
    on: date,
) -> Iterator[Missing]:
    """Yield every condition that the codes of a visit do not meet.

    Parameters
    ----------
    services
        Start and end of the blocks by code.
    situation
        What is known around the visit.
    stated
        Statement and code (empty: every code) that a named person gave.
    on
        Date of service.

    Raises
    ------
    RehabctlError
        No row covers the date.
    """
    families = service_families(on)
    for code, spans in services.items():
        family = families.get(code)
        if family is not None:
            yield from _of_family(code, family, spans, situation, on)
            yield from _unstated(code, family.states, stated)
    for family in {family.key: family for family in families.values()}.values():
        present = sorted(family.codes & set(services) - {"97551"})
        if len(present) > 1:
            message = f"{' and '.join(present)} exclude each other"
            yield Missing("one-of-family", present[-1], message, "Bill one of them")
    yield from _evaluations(services, situation, stated, on)


def _of_family(
    code: str, family: ServiceFamily, spans: Sequence[Span], situation: Situation, on: date
) -> Iterator[Missing]:
    if spans and family.quiet_days_before:
        start = min(a for a, _ in spans)
        quiet = timedelta(days=family.quiet_days_before)
        if any(start - quiet <= visit < start for visit in situation.visits):
            message = f"a visit lies within {family.quiet_days_before} days before {code}"
            yield Missing("quiet-before", code, message, "It belongs to that visit: do not bill it")
    if spans and family.quiet_hours_after:
        end = max(b for _, b in spans)
        until = end + timedelta(hours=family.quiet_hours_after)
        if any(end <= visit <= until for visit in situation.visits):
            message = f"{code} led to a visit within {family.quiet_hours_after} hours"
            yield Missing("quiet-after", code, message, "It belongs to that visit: do not bill it")
        elif situation.now < until:
            message = f"{family.quiet_hours_after} hours after {code} are not over"
            yield Missing("quiet-open", code, message, "Draft the claim when they are over")
    if spans and family.longest_days:
        length = max(b for _, b in spans) - min(a for a, _ in spans)
        if length > timedelta(days=family.longest_days):
            message = f"minutes of {code} are spread over more than {family.longest_days} days"
            yield Missing("period-too-long", code, message, "Split them into periods")
    if family.once_in_days:
        near = [day for other, day in situation.billed if other in family.codes]
        if any(abs((day - on).days) < family.once_in_days for day in near):
            message = f"a code of its family is billed within {family.once_in_days} days of {code}"
            yield Missing("once-in-days", code, message, "Add its minutes to that period")
    if family.patient_absent and any(_meet(a, b) for a in spans for b in situation.patient_spans):
        message = f"the patient took part during {code}"
        yield Missing("patient-present", code, message, "Correct the code or who took part")


def _unstated(
    code: str, states: Sequence[str], stated: Collection[tuple[str, str]]
) -> Iterator[Missing]:
    for what in states:
        if (what, code) not in stated and (what, "") not in stated:
            message = f"nobody stated {what} for {code}"
            yield Missing("unstated", code, message, f"If it holds: --attest {what}=NAME")


def _evaluations(
    services: Mapping[str, Sequence[Span]],
    situation: Situation,
    stated: Collection[tuple[str, str]],
    on: date,
) -> Iterator[Missing]:
    row = load_episode_codes(on)
    present = sorted(row.evaluations & set(services))
    if len(present) > 1:
        message = f"{' and '.join(present)} exclude each other"
        yield Missing("evaluation-one", present[-1], message, "The clinician chooses one")
    if present and row.evaluations & situation.episode_codes:
        message = "the episode has a billed evaluation already"
        yield Missing(
            "evaluation-twice", present[0], message, "Bill a re-evaluation, if it was one"
        )
    for code in sorted(row.re_evaluations & set(services)):
        yield from _unstated(code, row.re_evaluation_states, stated)


def _meet(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def supported_evaluations(
    *, factors: int, elements: int, presentation: str, on: date
) -> tuple[EvaluationLevel, ...]:
    """Return the evaluation levels whose every component is recorded, from low to high.

    The clinician chooses among them; complexity is never derived beyond what was recorded.

    Parameters
    ----------
    factors
        Personal factors and comorbidities that affect the plan of care.
    elements
        Examined body structures, functions, activity limits and participation limits.
    presentation
        Word of the table, such as `evolving`.
    on
        Date of service.

    Raises
    ------
    UsageError
        The word is unknown, or a number is negative.
    RehabctlError
        No row covers the date.
    """
    table = load_evaluation_levels(on)
    if presentation not in table.presentations:
        raise UsageError(
            f"unknown presentation {presentation!r}", f"Use {', '.join(table.presentations)}"
        )
    if factors < 0 or elements < 0:
        raise UsageError("counts cannot be negative", "Give 0 or more")
    rank = table.presentations.index
    return tuple(
        level
        for level in table.levels
        if factors >= level.factors_at_least
        and elements >= level.elements_at_least
        and rank(presentation) >= rank(level.presentation)
    )
