"""A hypothesis strategy of gates: every predicate, nested groups."""

from __future__ import annotations

from hypothesis import strategies as st

from rehabctl.clinic.gates import Gate, Group, Joint, Predicate

_NUMBERS = st.integers(-99, 999).map(str) | st.sampled_from(["0.5", "12.25", "-3.5"])
_OPS = st.sampled_from([">=", "<=", ">", "<", "=="])
_WORDS = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,10}", fullmatch=True)
_TEXTS = st.text(
    st.characters(codec="utf-8", categories=("L", "N", "P", "Zs"), exclude_characters='"'),
    min_size=1,
    max_size=20,
).map(str.strip).filter(bool)  # fmt: skip
_COUNTS = st.integers(1, 60).map(str)
_MODES = st.sampled_from(["active", "passive"])


def _predicate(name: str, arguments: st.SearchStrategy[tuple[str, ...]]) -> st.SearchStrategy[Gate]:
    return st.builds(Predicate, st.just(name), arguments, _OPS, _NUMBERS)


_PREDICATES = st.one_of(
    _predicate("week", st.just(())),
    _predicate("lag_deg", st.just(())),
    _predicate("rom", st.tuples(_WORDS, _WORDS, _MODES)),
    _predicate("extension_deficit_deg", st.tuples(_WORDS, _MODES)),
    _predicate("pain", st.tuples(st.sampled_from(["max", "mean"]), _COUNTS)),
    _predicate("lsi", st.tuples(_WORDS)),
    _predicate("prom", st.tuples(_WORDS) | st.tuples(_WORDS, _WORDS)),
    st.builds(Predicate, st.just("sets_done"), st.tuples(_WORDS, _COUNTS, _COUNTS, _COUNTS)),
    st.builds(Predicate, st.just("clinician_ok"), st.tuples(_TEXTS) | st.just(())),
    st.builds(Predicate, st.just("test"), st.tuples(_WORDS), _OPS, st.just("norm")),
    st.builds(Predicate, st.just("effusion"), st.just(()), _OPS, st.sampled_from(["trace", "1+"])),
)
GATES = st.recursive(
    _PREDICATES,
    lambda parts: st.builds(
        Group, st.sampled_from(Joint), st.lists(parts, min_size=1, max_size=4).map(tuple)
    ),
    max_leaves=12,
)
