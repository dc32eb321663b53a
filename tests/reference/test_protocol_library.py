"""The ten packaged protocols: complete, meetable, and with exercises that exist."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from rehabctl.domain.errors import NotFoundError, RehabctlError
from rehabctl.domain.protocol import Clock, DoseChange, Protocol
from rehabctl.reference.exercise_library import load_exercise
from rehabctl.reference.findings import Problem
from rehabctl.reference.protocol_library import load_protocols, protocols_of, read_protocol

SLUGS = {
    "acl-reconstruction",
    "adhesive-capsulitis",
    "deconditioning",
    "fall-prevention",
    "lateral-ankle-sprain",
    "low-back-pain",
    "lumbar-stenosis",
    "rotator-cuff-repair",
    "total-hip-replacement",
    "total-knee-replacement",
}
SMALL = """
schema = "rehabctl-protocol/1"
slug = "small"
name = "Small"
version = 1
as_of = 2026-11-22
clock = "start"
targets = ["TKR"]
sources = ["a source"]
grade = "consensus"
[[phase]]
key = "one"
name = "One"
exercises = ["quad-set", "mini-squat"]
gate = "week>=2"
dose = { all = { reps = 8 }, isometric = { per_week = 14 } }
[[phase.exercise]]
slug = "mini-squat"
dose = { sets = 2 }
note = "A chair behind you."
[[phase.exercise]]
slug = "wall-sit"
only_if = "it does not hurt"
[[phase]]
key = "two"
name = "Two"
continues = true
exercises = ["lateral-lunge"]
"""


def read(text: str) -> tuple[Protocol, list[tuple[tuple[Any, ...], str]]]:
    problems: list[Problem] = []
    protocol = read_protocol(tomllib.loads(text), problems, {})
    return protocol, [(problem.path, problem.message) for problem in problems]


def test_there_are_ten_and_each_says_where_it_comes_from() -> None:
    assert {protocol.slug for protocol in load_protocols().all()} == SLUGS
    for protocol in load_protocols().all():
        assert protocol.requires_clinician_approval
        assert protocol.overridable
        assert protocol.sources
        assert protocol.grade in {"S", "S2", "consensus"}
        assert protocol.as_of == date(2026, 11, 22)
        assert all(phase.gate for phase in protocol.phases)
        assert all(phase.goals for phase in protocol.phases)


def test_knee_replacement_grows_from_phase_to_phase() -> None:
    protocol = load_protocols().get("total-knee-replacement")
    sizes = [len(protocol.exercises_of(phase.key)) for phase in protocol.phases]
    assert sizes == [10, 21, 29, 32]
    assert protocol.clock is Clock.SURGERY
    assert [(p.from_week, p.to_week) for p in protocol.phases][:3] == [(0, 2), (2, 6), (6, 12)]
    last = protocol.next_phase("strength")
    assert last is not None
    assert last.key == "return"
    assert protocol.next_phase("return") is None


def test_cuff_repair_has_the_surgeon_s_caps() -> None:
    protocol = load_protocols().get("rotator-cuff-repair")
    caps = {(c.motion, c.mode): c.max_deg for c in protocol.phase("assisted").range_caps}
    assert caps == {
        ("shoulder_flexion", "passive"): 120,
        ("shoulder_external_rotation", "passive"): 30,
    }
    (shift,) = protocol.parameters
    assert (shift.key, shift.minimum, shift.maximum) == ("shift_weeks", 0, 8)


def test_fall_prevention_has_a_level_scale_for_each_block() -> None:
    protocol = load_protocols().get("fall-prevention")
    scales = {scale.block: dict(scale.levels) for scale in protocol.level_scales}
    assert scales["strength"]["C"] == "hold on"
    assert scales["balance"]["C"] == "no hold, shorter"
    rows = protocol.exercises_of("programme")
    assert sum(row.block == "strength" for row in rows) == 5
    assert sum(row.block == "balance" for row in rows) == 12


def test_a_condition_leads_to_its_protocols() -> None:
    assert [p.slug for p in load_protocols().for_condition("DISC")] == ["low-back-pain"]
    assert load_protocols().for_condition("PFP") == ()


def test_rows_and_lists_of_a_phase_come_together() -> None:
    protocol, problems = read(SMALL)
    assert problems == []
    first = protocol.exercises_of("one")
    assert [row.slug for row in first] == ["quad-set", "mini-squat", "wall-sit"]
    assert (first[1].note, first[1].dose) == ("A chair behind you.", DoseChange(sets=2))
    assert [row.slug for row in protocol.exercises_of("two")][-1] == "lateral-lunge"
    alone = replace(protocol.phases[1], continues=False)
    apart = replace(protocol, phases=(protocol.phases[0], alone))
    assert [row.slug for row in apart.exercises_of("two")] == ["lateral-lunge"]


def test_a_dose_is_changed_by_phase_then_type_then_row() -> None:
    protocol, _ = read(SMALL)
    phase = protocol.phase("one")
    squat, quad_set = load_exercise("mini-squat"), load_exercise("quad-set")
    assert phase.dose_of(squat, DoseChange(sets=2)).reps == 8
    assert phase.dose_of(squat, DoseChange(sets=2)).sets == 2
    assert phase.dose_of(squat, DoseChange(reps=5)).reps == 5
    assert phase.dose_of(quad_set, DoseChange()).per_week == 14
    hold = load_exercise("wall-sit")
    assert phase.dose_of(hold, DoseChange()).reps == hold.dose.reps == 1


def test_unknown_names_are_suggested() -> None:
    with pytest.raises(NotFoundError, match="'total-knee-replacement'"):
        load_protocols().get("total-knee-replacment")
    with pytest.raises(NotFoundError, match="'strength'"):
        load_protocols().get("total-knee-replacement").phase("strenght")


SLIPS: list[tuple[str, str, tuple[Any, ...], str]] = [
    ("protocol/1", "protocol/2", ("schema",), "schema is not 'rehabctl-protocol/1'"),
    ('["a source"]', "[]", ("sources",), "sources needs at least 1 entries"),
    ('clock = "start"', 'clock = "noon"', ("clock",), "clock is 'noon'; known: surgery, start"),
    ("as_of = 2026-11-22\n", "", ("as_of",), "as_of is missing"),
    (
        "sets = 2",
        'sets = "2"',
        ("phase", 0, "exercise", 0, "dose", "sets"),
        "sets needs a whole number",
    ),
    ("only_if", "onlyif", ("phase", 0, "exercise", 1, "onlyif"), "unknown key 'onlyif'"),
    ("reps = 8", "repz = 8", ("phase", 0, "dose", "all", "repz"), "unknown key 'repz'"),
]


@pytest.mark.parametrize(("old", "new", "path", "message"), SLIPS)
def test_slips_are_placed(old: str, new: str, path: tuple[Any, ...], message: str) -> None:
    assert SMALL.count(old) == 1
    assert read(SMALL.replace(old, new))[1] == [(path, message)]


def test_a_clinic_protocol_replaces_a_packaged_one() -> None:
    own = SMALL.replace('"small"', '"low-back-pain"')
    library = protocols_of([("clinic/lbp.toml", own)])
    assert library.get("low-back-pain").name == "Small"
    assert len(library.all()) == 10


@pytest.mark.parametrize("text", ["slug = ", SMALL.replace("version = 1", "")])
def test_a_broken_clinic_protocol_is_one_line(text: str) -> None:
    with pytest.raises(RehabctlError, match=r"clinic/lbp\.toml"):
        protocols_of([("clinic/lbp.toml", text)])
