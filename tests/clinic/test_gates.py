"""The gate grammar: what it reads, what it refuses and where, and that text and tree agree."""

from __future__ import annotations

import pytest
from gate_samples import GATES
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.clinic.gate_checks import unmeetable
from rehabctl.clinic.gates import (
    Gate,
    GateError,
    Predicate,
    parse_gate,
    predicates,
)
from rehabctl.reference.exercise_vocabulary import load_vocabulary
from rehabctl.reference.protocol_library import load_protocols


@given(GATES)
def test_the_canonical_text_reads_as_the_same_gate(gate: Gate) -> None:
    assert parse_gate(gate.text) == gate


@given(GATES)
def test_layout_does_not_matter(gate: Gate) -> None:
    spread = gate.text.replace("([", "(\n  [ ").replace("])", ",\n])").replace(", ", " ,\t")
    assert parse_gate(spread) == gate


@given(st.text(alphabet='alny()[],<>=."0159 +-_rompainweekclinician_ok', max_size=60))
def test_anything_else_is_refused_with_its_place(text: str) -> None:
    refusal = None
    gate: Gate = Predicate("clinician_ok")
    try:
        gate = parse_gate(text)
    except GateError as error:
        refusal = error
    assert refusal is None or 0 <= refusal.at <= len(text)
    assert parse_gate(gate.text) == gate


@pytest.mark.parametrize(
    ("text", "column", "what"),
    [
        ("", 1, "a condition is missing at the end"),
        ("week", 1, "week needs a comparison such as >="),
        ("week>=", 7, "a value is missing at the end"),
        ("week>=soon", 1, "week cannot be compared with 'soon'"),
        ("weak>=2", 1, "unknown condition 'weak'"),
        ("week>=2 week>=3", 9, "something stands after the end"),
        ("all(week>=2)", 5, "'[' is missing"),
        ("all([week>=2)", 13, "']' is missing"),
        ("all([])", 6, "a condition starts with its name"),
        ("all([week>=2, ", 15, "a condition is missing at the end"),
        ("rom(knee,flexion)>=90", 1, "rom takes 3 arguments, not 2"),
        ("rom(knee,flexion,lying)>=90", 1, "rom ends with active or passive"),
        ("pain(median,7)<=2", 1, "pain takes max or mean, and a number of days"),
        ("pain(max,0)<=2", 1, "pain takes max or mean, and a number of days"),
        ("sets_done(bird-dog,3,12,two)", 1, "sets_done takes a slug and three whole numbers"),
        ("sets_done(bird-dog,3,12,2)>=1", 1, "sets_done stands without a comparison"),
        ("clinician_ok>=1", 1, "clinician_ok stands without a comparison"),
        ("effusion<=4+", 1, "effusion cannot be compared with '4+'"),
        ('clinician_ok(" ")', 15, "an argument is a word or a text in quotes"),
        ('clinician_ok("open', 14, "an unexpected character"),
    ],
)
def test_refusals_name_the_column(text: str, column: int, what: str) -> None:
    with pytest.raises(GateError) as caught:
        parse_gate(text)
    assert f"column {column}: {what}" in caught.value.what


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(GateError, match="too many brackets"):
        parse_gate("all([" * 500 + "week>=1" + "])" * 500)


def test_predicates_come_in_order() -> None:
    gate = parse_gate("all([week>=2, any([lag_deg<=0, clinician_ok]), hold_s>=10])")
    assert [p.text for p in predicates(gate)] == [
        "week>=2",
        "lag_deg<=0",
        "clinician_ok",
        "hold_s>=10",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("pain(max,7)<0", "values lie between 0 and 10"),
        ("pain(max,7)>=11", "values lie between 0 and 10"),
        ("rom(knee,flexion,active)>=160", "values lie between -15 and 150"),
        ("rom(knee,twist,active)>=10", "no motion 'knee_twist'"),
        ("lsi(hop)>=201", "values lie between 0 and 200"),
        ("all([week>=12, week<=6])", "excluded by another condition"),
        ("any([week>=1, all([lag_deg>=20, lag_deg<=10])])", "excluded by another condition"),
    ],
)
def test_gates_that_cannot_be_met(text: str, reason: str) -> None:
    reasons = list(unmeetable(parse_gate(text), load_vocabulary()))
    assert len(reasons) == 1
    assert reason in reasons[0]


@pytest.mark.parametrize(
    "text",
    ["pain(max,7)<=0", "any([week>=12, week<=6])", "all([week>=6, week<=6])", "test(TUG)<-5"],
)
def test_gates_that_can_be_met(text: str) -> None:
    assert list(unmeetable(parse_gate(text), load_vocabulary())) == []


def test_the_gates_of_the_packaged_protocols() -> None:
    gates = [phase.gate for p in load_protocols().all() for phase in p.phases]
    assert len(gates) == 38
    for text in gates:
        gate = parse_gate(text)
        assert parse_gate(gate.text) == gate
        assert list(unmeetable(gate, load_vocabulary())) == []
