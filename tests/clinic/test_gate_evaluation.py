"""What facts say of a gate: met, not met, or a question; each predicate with its evidence."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest
from gate_samples import GATES
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.clinic.gate_evaluation import (
    Answer,
    CompletedSets,
    GateFacts,
    GateState,
    evaluate,
)
from rehabctl.clinic.gates import Gate, Group, Joint, Predicate, parse_gate, predicates
from rehabctl.reference.protocol_library import load_protocols

TODAY = date(2026, 3, 20)
MET, NOT_MET, ASK = GateState.MET, GateState.NOT_MET, GateState.ASK
FACTS = GateFacts(
    today=TODAY,
    weeks=6.5,
    rom_deg={("knee_flexion", "active"): 111.0, ("shoulder_external_rotation", "passive"): 19.0},
    extension_deficit_deg={("knee", "active"): 0.0},
    side_difference_deg={("knee_flexion", "active"): 10.0},
    pain=[(TODAY, 2.0), (TODAY - timedelta(6), 4.0), (TODAY - timedelta(7), 9.0)],
    sets=[
        CompletedSets("bird-dog", TODAY - timedelta(3), (12, 12, 11)),
        CompletedSets("bird-dog", TODAY, (12, 13, 12, 5)),
        CompletedSets("bird-dog", TODAY - timedelta(1), (12, 12, 12)),
    ],
    lag_deg=5.0,
    lsi_percent={"quadriceps": 80.0},
    tests={"TUG": 9.9, "30CST": 11.0},
    test_norms={"30CST": 11.0},
    test_changes={"6MWT": 25.0},
    scores={("odi", "total"): 20.0},
    score_changes={("spadi", "total"): 12.9, ("koos", "pain"): 10.0},
    effusion="trace",
)


@pytest.mark.parametrize(
    ("text", "state", "evidence"),
    [
        ("week>=6", MET, "6.5 weeks"),
        ("week<6.5", NOT_MET, "6.5 weeks"),
        ("rom(knee,flexion,active)>=110", MET, "111 degrees"),
        ("rom(knee,flexion,passive)>=110", ASK, "not measured"),
        ("rom(shoulder,external_rotation,passive)>=20", NOT_MET, "19 degrees"),
        ("extension_deficit_deg(knee,active)<=0", MET, "0 degrees"),
        ("side_difference_deg(knee,flexion,active)<10", NOT_MET, "10 degrees"),
        ("pain(max,7)<=4", MET, "max 4/10 of 2 ratings in 7 days"),
        ("pain(max,8)<=4", NOT_MET, "max 9/10 of 3 ratings in 8 days"),
        ("pain(mean,7)<=3", MET, "mean 3/10 of 2 ratings in 7 days"),
        ("sets_done(bird-dog,3,12,2)", MET, "2 of the last 2 sessions reach 3 x 12"),
        ("sets_done(bird-dog,3,12,3)", NOT_MET, "2 of the last 3 sessions reach 3 x 12"),
        ("sets_done(dead-bug,3,12,1)", NOT_MET, "0 of the last 1 sessions reach 3 x 12"),
        ("lag_deg<=5", MET, "5 degrees"),
        ("hold_s>=10", ASK, "not measured"),
        ("lsi(quadriceps)>=80", MET, "80 %"),
        ("lsi(hop-single)>=90", ASK, "not measured"),
        ("test(TUG)<10", MET, "9.9, limit 10"),
        ("test(30CST)>=norm", MET, "11, limit 11"),
        ("test(TUG)<=norm", ASK, "not measured"),
        ("test_change(6MWT)>=30", NOT_MET, "25"),
        ("prom(odi)<=20", MET, "20 points"),
        ("prom(acl-rsi)>56", ASK, "not measured"),
        ("prom_change(spadi)>=13", NOT_MET, "12.9 points"),
        ("prom_change(koos,pain)==10", MET, "10 points"),
        ("effusion<=trace", MET, "trace"),
        ("effusion<trace", NOT_MET, "trace"),
        ("effusion<=1+", MET, "trace"),
        ('clinician_ok("walks without a limp")', ASK, "not measured"),
    ],
)
def test_each_predicate_has_its_evidence(text: str, state: GateState, evidence: str) -> None:
    result = evaluate(parse_gate(text), FACTS)
    assert result.state is state
    assert result.predicates[0].evidence.startswith(evidence)
    assert result.questions == ((text,) if state is ASK else ())


def test_without_pain_ratings_in_the_window_the_clinician_is_asked() -> None:
    gate = parse_gate("pain(max,3)<=5")
    assert evaluate(gate, replace(FACTS, pain=[(TODAY - timedelta(3), 1.0)])).state is ASK
    assert evaluate(gate, replace(FACTS, pain=[(TODAY + timedelta(1), 1.0)])).state is ASK


def test_an_answer_decides_only_where_nothing_was_measured() -> None:
    question, measured = parse_gate("lsi(hop-single)>=90"), parse_gate("lag_deg<=3")
    answers = {gate.text: Answer(met=True, by="bauer", on=TODAY) for gate in (question, measured)}
    facts = replace(FACTS, answers=answers)
    answered = evaluate(question, facts)
    assert answered.state is MET
    assert answered.predicates[0].evidence == "answered yes by bauer on 2026-03-20"
    assert evaluate(measured, facts).state is NOT_MET


def test_the_layout_of_a_gate_does_not_lose_its_answers() -> None:
    first = parse_gate('all([ clinician_ok("stairs  foot over foot") , week>=1 ])')
    question = evaluate(first, FACTS).questions[0]
    facts = replace(FACTS, answers={question: Answer(True, "bauer", TODAY)})
    assert evaluate(parse_gate(first.text), facts).state is MET


@given(st.lists(st.sampled_from(GateState), min_size=1, max_size=5), st.sampled_from(Joint))
def test_groups_follow_three_valued_logic(states: list[GateState], joint: Joint) -> None:
    parts = tuple(Predicate("clinician_ok", (str(n),)) for n in range(len(states)))
    answers = {
        part.text: Answer(state is MET, "bauer", TODAY)
        for part, state in zip(parts, states, strict=True)
        if state is not ASK
    }
    result = evaluate(Group(joint, parts), GateFacts(TODAY, answers=answers))
    order = [NOT_MET, ASK, MET] if joint is Joint.ALL else [MET, ASK, NOT_MET]
    assert result.state is min(states, key=order.index)
    assert [p.state for p in result.predicates] == states


@given(GATES)
def test_nothing_known_is_never_met(gate: Gate) -> None:
    result = evaluate(gate, GateFacts(TODAY))
    assert result.state is not MET
    assert [p.text for p in result.predicates] == [p.text for p in predicates(gate)]


@given(GATES, st.booleans())
def test_answering_every_question_leaves_none(gate: Gate, yes: bool) -> None:
    questions = evaluate(gate, GateFacts(TODAY)).questions
    answers = {text: Answer(yes, "bauer", TODAY) for text in questions}
    result = evaluate(gate, GateFacts(TODAY, answers=answers))
    assert result.questions == ()
    assert result.state in (MET, NOT_MET)


def test_a_packaged_gate_over_a_recovery() -> None:
    gate = parse_gate(load_protocols().get("total-knee-replacement").phase("motion").gate)
    early = replace(FACTS, rom_deg={("knee_flexion", "active"): 95.0})
    assert evaluate(gate, early).state is NOT_MET
    good = replace(FACTS, pain=[(TODAY, 1.0)])
    asked = evaluate(gate, good)
    assert asked.state is ASK
    assert asked.questions == (
        'clinician_ok("good voluntary quadriceps contraction")',
        'clinician_ok("walks without an aid and without a limp")',
    )
    answers = {text: Answer(True, "bauer", TODAY) for text in asked.questions}
    assert evaluate(gate, replace(good, answers=answers)).state is MET
