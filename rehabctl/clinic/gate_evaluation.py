"""Judging a gate on the facts of one patient: met, not met, or a question for the clinician."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from operator import eq, ge, gt, le, lt

from rehabctl.clinic.gates import Gate, Group, Joint, Predicate
from rehabctl.domain.counting import counted

EFFUSION_GRADES = ("none", "trace", "1+", "2+", "3+")
"""Swelling of a joint, least first."""

_COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">=": ge,
    "<=": le,
    ">": gt,
    "<": lt,
    "==": eq,
}


class GateState(StrEnum):
    """What the facts say of a gate or of one predicate."""

    MET = "met"
    NOT_MET = "not_met"
    ASK = "ask"
    """No fact decides it: a clinician is asked."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a clinician answered to a predicate that no instrument decides."""

    met: bool
    by: str
    """User id of the clinician."""
    on: date


@dataclass(frozen=True, slots=True)
class CompletedSets:
    """One exercise of one completed session: repetitions of each set."""

    slug: str
    day: date
    repetitions: tuple[int, ...]


@dataclass(frozen=True)
class GateFacts:
    """What is known of one patient at one day. What is absent was not measured.

    Motions are keyed (motion, mode), such as `("knee_flexion", "active")`; extension deficits
    (joint, mode); questionnaires (instrument, scale).
    """

    today: date
    weeks: float | None = None
    """Weeks on the protocol's clock, minus the protocol's shift for this patient."""
    rom_deg: Mapping[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    extension_deficit_deg: Mapping[tuple[str, str], float] = field(
        default_factory=dict[tuple[str, str], float]
    )
    side_difference_deg: Mapping[tuple[str, str], float] = field(
        default_factory=dict[tuple[str, str], float]
    )
    """How far the involved side stays behind the other one."""
    pain: Sequence[tuple[date, float]] = ()
    """Ratings 0-10 by day."""
    sets: Sequence[CompletedSets] = ()
    """In any order."""
    lag_deg: float | None = None
    hold_s: float | None = None
    lsi_percent: Mapping[str, float] = field(default_factory=dict[str, float])
    tests: Mapping[str, float] = field(default_factory=dict[str, float])
    test_norms: Mapping[str, float] = field(default_factory=dict[str, float])
    """The reference value for this patient's age and sex."""
    test_changes: Mapping[str, float] = field(default_factory=dict[str, float])
    scores: Mapping[tuple[str, str], float] = field(default_factory=dict[tuple[str, str], float])
    score_changes: Mapping[tuple[str, str], float] = field(
        default_factory=dict[tuple[str, str], float]
    )
    """Since the start; improvement is positive whatever the direction of the scale."""
    effusion: str | None = None
    answers: Mapping[str, Answer] = field(default_factory=dict[str, Answer])
    """By the canonical text of the predicate."""
    sources: Mapping[tuple[str, ...], str] = field(default_factory=dict[tuple[str, ...], str])
    """Where a value comes from, by name and arguments of the predicate that reads it."""


@dataclass(frozen=True, slots=True)
class PredicateResult:
    """One predicate with its evidence."""

    text: str
    state: GateState
    evidence: str
    """The number or answer that decided it, or what is missing."""
    threshold: str = ""
    """The comparison that is asked for, such as `>=90`; empty where a clinician is asked."""
    source: str = ""
    """Day and instrument of the value, or `clinician`; empty while nothing decides."""


@dataclass(frozen=True, slots=True)
class GateResult:
    """A gate judged. A suggestion for the clinician, never an action."""

    state: GateState
    predicates: tuple[PredicateResult, ...]

    @property
    def questions(self) -> tuple[str, ...]:
        """Predicates that a clinician has to answer."""
        return tuple(p.text for p in self.predicates if p.state is GateState.ASK)


def evaluate(gate: Gate, facts: GateFacts) -> GateResult:
    """Judge a gate.

    Parameters
    ----------
    gate
        A parsed gate.
    facts
        What is known of the patient. A measured fact decides; a clinician's answer counts only
        where nothing was measured.
    """
    if isinstance(gate, Predicate):
        result = _judge(gate, facts)
        return GateResult(result.state, (result,))
    parts = [evaluate(part, facts) for part in gate.parts]
    states = [part.state for part in parts]
    return GateResult(_joined(gate, states), tuple(p for part in parts for p in part.predicates))


def _joined(gate: Group, states: Sequence[GateState]) -> GateState:
    """Join states: the one that decides wins, then an open question."""
    decisive, otherwise = GateState.NOT_MET, GateState.MET
    if gate.joint is Joint.ANY:
        decisive, otherwise = otherwise, decisive
    if decisive in states:
        return decisive
    return GateState.ASK if GateState.ASK in states else otherwise


def _judge(predicate: Predicate, facts: GateFacts) -> PredicateResult:
    threshold = f"{predicate.op}{predicate.value}"
    known = _JUDGES[predicate.name](predicate, facts)
    if known is not None:
        met, evidence = known
        source = facts.sources.get((predicate.name, *predicate.arguments), "")
        return PredicateResult(predicate.text, _state(met), evidence, threshold, source)
    answer = facts.answers.get(predicate.text)
    if answer is not None:
        word = "yes" if answer.met else "no"
        evidence = f"answered {word} by {answer.by} on {answer.on.isoformat()}"
        return PredicateResult(predicate.text, _state(answer.met), evidence, threshold, "clinician")
    evidence = "not measured: the clinician answers"
    return PredicateResult(predicate.text, GateState.ASK, evidence, threshold)


def _state(met: bool) -> GateState:
    return GateState.MET if met else GateState.NOT_MET


Known = tuple[bool, str] | None
"""Whether a predicate is met and by which evidence; None where no fact decides."""


def _compared(predicate: Predicate, value: float | None, unit: str) -> Known:
    if value is None:
        return None
    met = _COMPARE[predicate.op](value, float(predicate.value))
    return met, f"{value:g} {unit}".strip()


def _pain(predicate: Predicate, facts: GateFacts) -> Known:
    how, days = predicate.arguments
    first = facts.today - timedelta(days=int(days) - 1)
    ratings = [value for day, value in facts.pain if first <= day <= facts.today]
    if not ratings:
        return None
    value = max(ratings) if how == "max" else sum(ratings) / len(ratings)
    met = _COMPARE[predicate.op](value, float(predicate.value))
    heard = counted(len(ratings), "rating")
    return met, f"{how} {value:.3g}/10 of {heard} in {counted(int(days), 'day')}"


def _sets_done(predicate: Predicate, facts: GateFacts) -> Known:
    slug = predicate.arguments[0]
    sets, reps, sessions = (int(number) for number in predicate.arguments[1:])
    own = sorted((row for row in facts.sets if row.slug == slug), key=lambda row: row.day)
    newest = own[-sessions:]
    good = sum(sum(r >= reps for r in row.repetitions) >= sets for row in newest)
    return good == sessions, f"{good} of the last {sessions} sessions reach {sets} x {reps}"


def _test(predicate: Predicate, facts: GateFacts) -> Known:
    name = predicate.arguments[0]
    value = facts.tests.get(name)
    limit = facts.test_norms.get(name) if predicate.value == "norm" else float(predicate.value)
    if value is None or limit is None:
        return None
    return _COMPARE[predicate.op](value, limit), f"{value:g}, limit {limit:g}"


def _effusion(predicate: Predicate, facts: GateFacts) -> Known:
    if facts.effusion not in EFFUSION_GRADES:
        return None
    grade, limit = (EFFUSION_GRADES.index(g) for g in (facts.effusion, predicate.value))
    return _COMPARE[predicate.op](grade, limit), facts.effusion


def _scale(predicate: Predicate) -> tuple[str, str]:
    arguments = predicate.arguments
    return arguments[0], arguments[1] if len(arguments) > 1 else "total"


def _motion(predicate: Predicate) -> tuple[str, str]:
    joint, motion, mode = predicate.arguments
    return f"{joint}_{motion}", mode


def _joint(predicate: Predicate) -> tuple[str, str]:
    joint, mode = predicate.arguments
    return joint, mode


_JUDGES: Mapping[str, Callable[[Predicate, GateFacts], Known]] = {
    "week": lambda p, f: _compared(p, f.weeks, "weeks"),
    "rom": lambda p, f: _compared(p, f.rom_deg.get(_motion(p)), "degrees"),
    "extension_deficit_deg": lambda p, f: _compared(
        p, f.extension_deficit_deg.get(_joint(p)), "degrees"
    ),
    "side_difference_deg": lambda p, f: _compared(
        p, f.side_difference_deg.get(_motion(p)), "degrees"
    ),
    "pain": _pain,
    "sets_done": _sets_done,
    "lag_deg": lambda p, f: _compared(p, f.lag_deg, "degrees"),
    "hold_s": lambda p, f: _compared(p, f.hold_s, "s"),
    "lsi": lambda p, f: _compared(p, f.lsi_percent.get(p.arguments[0]), "%"),
    "test": _test,
    "test_change": lambda p, f: _compared(p, f.test_changes.get(p.arguments[0]), ""),
    "prom": lambda p, f: _compared(p, f.scores.get(_scale(p)), "points"),
    "prom_change": lambda p, f: _compared(p, f.score_changes.get(_scale(p)), "points"),
    "effusion": _effusion,
    "clinician_ok": lambda _p, _f: None,
}
