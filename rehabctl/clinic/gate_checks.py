"""Whether a gate can be met at all: values that exist, and conditions that do not exclude."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf

from rehabctl.clinic.gates import Gate, Joint, Predicate, predicates
from rehabctl.reference.exercise_vocabulary import Vocabulary

_RANGES: Mapping[str, tuple[float, float]] = {
    "week": (-52, 520),
    "extension_deficit_deg": (0, 90),
    "side_difference_deg": (0, 180),
    "pain": (0, 10),
    "lag_deg": (0, 90),
    "hold_s": (0, 3600),
    "lsi": (0, 200),
}
"""Values that each predicate can take; the rest have no common scale."""


def unmeetable(gate: Gate, vocabulary: Vocabulary) -> Iterator[str]:
    """Yield why a gate cannot be met, or names something that does not exist.

    Parameters
    ----------
    gate
        A parsed gate.
    vocabulary
        Motions and their ranges.
    """
    for predicate in predicates(gate):
        yield from _outside(predicate, vocabulary)
    yield from _contradictions(gate)


def _outside(predicate: Predicate, vocabulary: Vocabulary) -> Iterator[str]:
    interval = _RANGES.get(predicate.name)
    if predicate.name in ("rom", "side_difference_deg"):
        motion = "_".join(predicate.arguments[:2])
        row = vocabulary.motions.get(motion)
        if row is None:
            yield f"{predicate.text}: no motion {motion!r}"
        elif predicate.name == "rom":
            interval = row.range_deg
    if interval is None:
        return
    lowest, highest = interval
    if not _possible(predicate, lowest, highest):
        yield f"{predicate.text}: values lie between {lowest:g} and {highest:g}"


def _possible(predicate: Predicate, lowest: float, highest: float) -> bool:
    least, most = _interval(predicate)
    open_end = predicate.op in ("<", ">")
    if open_end:
        return least < highest and most > lowest
    return least <= highest and most >= lowest


def _interval(predicate: Predicate) -> tuple[float, float]:
    value = float(predicate.value)
    if predicate.op in (">=", ">"):
        return value, inf
    return (value, value) if predicate.op == "==" else (-inf, value)


def _contradictions(gate: Gate) -> Iterator[str]:
    """Find pairs of comparisons of one thing that exclude each other where all are needed."""
    if isinstance(gate, Predicate):
        return
    if gate.joint is Joint.ALL:
        seen: dict[tuple[str, tuple[str, ...]], tuple[float, float]] = {}
        for part in gate.parts:
            if isinstance(part, Predicate) and part.name in {*_RANGES, "rom"}:
                key = (part.name, part.arguments)
                least, most = _interval(part)
                before = seen.get(key, (-inf, inf))
                least, most = max(least, before[0]), min(most, before[1])
                seen[key] = least, most
                if least > most:
                    yield f"{part.text}: excluded by another condition of the same gate"
    for part in gate.parts:
        yield from _contradictions(part)
