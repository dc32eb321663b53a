"""What a protocol has to keep to, beyond the shape of its file. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from itertools import pairwise

from rehabctl.clinic.gate_checks import unmeetable
from rehabctl.clinic.gates import GateError, parse_gate, predicates
from rehabctl.domain.exercise import Exercise
from rehabctl.domain.protocol import DoseChange, Phase, Protocol
from rehabctl.reference.exercise_vocabulary import Vocabulary

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class ProtocolProblem:
    """A broken rule at a key of a protocol file."""

    path: KeyPath
    rule: str
    message: str


def check_protocol(
    protocol: Protocol, exercises: Mapping[str, Exercise], vocabulary: Vocabulary
) -> Iterator[ProtocolProblem]:
    """Yield what is wrong with a protocol.

    Parameters
    ----------
    protocol
        The protocol.
    exercises
        The library, by slug.
    vocabulary
        Conditions, motions and limits.
    """
    for number, key in enumerate(protocol.targets):
        if key not in vocabulary.conditions:
            yield ProtocolProblem(("targets", number), "vocabulary", f"unknown condition {key!r}")
    if not protocol.requires_clinician_approval:
        text = "a template is approved by a clinician before it is used"
        yield ProtocolProblem(("requires_clinician_approval",), "approval", text)
    keys = [phase.key for phase in protocol.phases]
    for number, phase in enumerate(protocol.phases):
        path: KeyPath = ("phase", number)
        if phase.key in keys[:number]:
            yield ProtocolProblem((*path, "key"), "duplicate", f"phase {phase.key!r} twice")
        if not phase.gate and number + 1 < len(keys):
            yield ProtocolProblem(path, "gate", f"phase {phase.key!r} has no gate to the next")
        yield from _check_gate(phase, path, exercises, vocabulary)
        yield from _check_exercises(protocol, phase, path, exercises, vocabulary)
        yield from _check_caps(phase, path, vocabulary)
    yield from _check_weeks(protocol)


def _check_gate(
    phase: Phase, path: KeyPath, exercises: Mapping[str, Exercise], vocabulary: Vocabulary
) -> Iterator[ProtocolProblem]:
    if not phase.gate:
        return
    try:
        gate = parse_gate(phase.gate)
    except GateError as error:
        yield ProtocolProblem((*path, "gate"), "gate", error.what)
        return
    for text in unmeetable(gate, vocabulary):
        yield ProtocolProblem((*path, "gate"), "gate-unmeetable", text)
    for predicate in predicates(gate):
        if predicate.name == "sets_done" and predicate.arguments[0] not in exercises:
            text = f"{predicate.text}: no exercise {predicate.arguments[0]!r}"
            yield ProtocolProblem((*path, "gate"), "gate-unmeetable", text)


def _check_exercises(
    protocol: Protocol,
    phase: Phase,
    path: KeyPath,
    exercises: Mapping[str, Exercise],
    vocabulary: Vocabulary,
) -> Iterator[ProtocolProblem]:
    scales = {scale.block: dict(scale.levels) for scale in protocol.level_scales}
    for row in phase.exercises:
        exercise = exercises.get(row.slug)
        if exercise is None:
            yield ProtocolProblem((*path, "exercises"), "link", f"no exercise {row.slug!r}")
            continue
        yield from _check_dose(phase, row.dose, exercise, path, vocabulary)
        for level in row.levels:
            if level not in scales.get(row.block, {}):
                text = f"{row.slug}: level {level!r} is not on the scale of block {row.block!r}"
                yield ProtocolProblem((*path, "exercise"), "level", text)


def _check_dose(
    phase: Phase, own: DoseChange, exercise: Exercise, path: KeyPath, vocabulary: Vocabulary
) -> Iterator[ProtocolProblem]:
    dose, limits = phase.dose_of(exercise, own), vocabulary.limits
    for item in fields(dose):
        by_time = item.name == "hold_s" and exercise.type == "aerobic"
        lowest, highest = getattr(limits, "hold_s_by_time" if by_time else item.name)
        value = getattr(dose, item.name)
        if not lowest <= value <= highest:
            text = (
                f"{exercise.slug}: {item.name} is {value:g}; allowed is {lowest:g} to {highest:g}"
            )
            yield ProtocolProblem((*path, "dose"), "range", text)


def _check_caps(phase: Phase, path: KeyPath, vocabulary: Vocabulary) -> Iterator[ProtocolProblem]:
    for number, cap in enumerate(phase.range_caps):
        row = vocabulary.motions.get(cap.motion)
        if row is None or cap.mode not in ("active", "passive"):
            text = f"no motion {cap.motion!r} in mode {cap.mode!r}"
            yield ProtocolProblem((*path, "range_cap", number), "vocabulary", text)
        elif not row.range_deg[0] <= cap.max_deg <= row.range_deg[1]:
            text = f"{cap.motion} cannot reach {cap.max_deg:g} degrees"
            yield ProtocolProblem((*path, "range_cap", number), "range", text)


def _check_weeks(protocol: Protocol) -> Iterator[ProtocolProblem]:
    for number, phase in enumerate(protocol.phases):
        if _runs_back(phase.from_week, phase.to_week, strictly=True):
            text = f"phase {phase.key!r} ends before it starts"
            yield ProtocolProblem(("phase", number, "to_week"), "range", text)
    for number, (one, following) in enumerate(pairwise(protocol.phases)):
        if _runs_back(one.from_week, following.from_week, strictly=False):
            text = f"phase {following.key!r} starts before phase {one.key!r}"
            yield ProtocolProblem(("phase", number + 1, "from_week"), "range", text)


def _runs_back(first: float | None, second: float | None, *, strictly: bool) -> bool:
    if first is None or second is None:
        return False
    return second <= first if strictly else second < first
