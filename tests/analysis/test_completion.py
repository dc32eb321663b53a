"""All later steps together: the assessment of a recording."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from rehabctl.analysis.completion import (
    QUALITY_LIMIT,
    REFERENCE_NOT_COMPARED,
    REFERENCE_OTHER_MODEL,
    complete,
)
from rehabctl.reference.pose_references import load_pose_reference
from tests.analysis.recordings import measured_clip, recorded

SQUAT = "bodyweight-squat"


def test_everything_arrives_in_the_contract_object() -> None:
    series = recorded("squat_side_limited70")
    assessment = complete(
        measured_clip("squat_side_limited70", SQUAT),
        series,
        reference=load_pose_reference(SQUAT),
        input_sha256="c" * 64,
    )
    found = json.loads(json.dumps(assessment.as_contract("0.0")))
    assert found["exercise"] == SQUAT
    items = found["repetitions"]["items"]
    assert all(item["smoothness_sparc"] < -1 for item in items)
    whole_s = sum(item["end_s"] - item["start_s"] for item in items)
    assert found["repetitions"]["time_under_tension_s"] == pytest.approx(whole_s, abs=0.01)
    assert found["reference"]["deviations"][0]["motion"] == "knee_flexion"
    assert found["feedback"][0]["code"] == "deeper"
    assert found["symmetry"][0]["detectable"] is False
    assert {w["code"] for w in found["warnings"]} == {"compensation_not_judged"}
    assert found["model"]["mediapipe"] == "0.10.31"
    assert found["provenance"]["input_sha256"] == "c" * 64
    assert found["provenance"]["parameters"]["data_compensations"] == "2024-01-01"
    assert any(s.motion == "knee_flexion" for s in assessment.series)


def test_a_reference_from_elsewhere_is_said_so() -> None:
    series = recorded("squat_front_valgus_left")
    measured = measured_clip("squat_front_valgus_left", SQUAT)
    reference = load_pose_reference(SQUAT)
    front = complete(measured, series, reference=reference)
    assert front.reference is None
    assert REFERENCE_NOT_COMPARED in {w.code for w in front.warnings}
    assert {c.kind for c in front.compensations} == {"knee_valgus", "knee_width"}
    other = replace(reference, model=replace(reference.model, sha256="d" * 64))
    side = complete(measured_clip("squat_side_95", SQUAT), recorded("squat_side_95"),
                    reference=other)  # fmt: skip
    assert REFERENCE_OTHER_MODEL in {w.code for w in side.warnings}


def test_limits_of_the_quality_model_are_printed_with_their_repetitions() -> None:
    measured = measured_clip("shabd_front_150", "active-abduction-stand")
    xy = measured.series.xy_px.copy()
    lifted = xy[:, 15, 1] < np.nanmedian(xy[:, 15, 1])
    xy[lifted, :11, 0] += 0.5 * np.linalg.norm(xy[0, 11] - xy[0, 23])
    moved = replace(measured, series=replace(measured.series, xy_px=xy))
    found = complete(moved, recorded("shabd_front_150"))
    texts = [w.text for w in found.warnings if w.code == QUALITY_LIMIT]
    assert any(t.startswith("head travel") and "limit" in t and "repetition" in t for t in texts)
