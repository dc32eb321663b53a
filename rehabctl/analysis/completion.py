"""From a measured recording to the assessment that is stored and shown, step by step."""

from __future__ import annotations

from collections.abc import Iterator

from rehabctl.analysis.assessment import CodedText, MovementAssessment
from rehabctl.analysis.compensation import find_compensations
from rehabctl.analysis.feedback import feedback_of
from rehabctl.analysis.keypoint_series import KeypointSeries
from rehabctl.analysis.measured import MeasuredMovement
from rehabctl.analysis.quality_model import MovementQuality, movement_quality
from rehabctl.analysis.reference_comparison import compare_with_reference
from rehabctl.analysis.smoothness import with_smoothness
from rehabctl.analysis.symmetry import symmetry_of
from rehabctl.reference.compensations import load_compensation_rules
from rehabctl.reference.feedback import FeedbackTexts
from rehabctl.reference.pose_references import PoseReference

QUALITY_LIMIT = "quality_limit"
REFERENCE_NOT_COMPARED = "reference_not_compared"
REFERENCE_OTHER_MODEL = "reference_other_model"


def complete(
    measured: MeasuredMovement,
    recording: KeypointSeries,
    *,
    reference: PoseReference | None = None,
    hold_s: float = 0.0,
    texts: FeedbackTexts | None = None,
    input_sha256: str = "",
) -> MovementAssessment:
    """Add smoothness, compensations, symmetry, comparison and feedback to a measurement.

    Parameters
    ----------
    measured
        The measured recording.
    recording
        The landmarks that it was measured from, for their provenance.
    reference
        What to compare with; None for nothing.
    hold_s
        Prescribed hold at the turning point.
    texts
        Sentences of the feedback; None for English.
    input_sha256
        Hash of the file that was analysed.
    """
    rules = load_compensation_rules()
    checked = find_compensations(measured, rules=rules)
    symmetry = symmetry_of(measured)
    compared = None if reference is None else compare_with_reference(measured, reference)
    quality = movement_quality(measured)
    notes = (
        *checked.not_judged,
        *_quality_lines(quality),
        *_reference_notes(reference, compared is not None, recording),
    )
    return MovementAssessment(
        exercise=measured.exercise,
        view=measured.view,
        quality=measured.quality,
        repetitions=with_smoothness(measured),
        motions=measured.motions,
        compensations=checked.found,
        symmetry=symmetry,
        reference=compared,
        feedback=feedback_of(measured, checked.found, symmetry, hold_s=hold_s, texts=texts),
        warnings=(*measured.warnings, *notes),
        video=recording.video,
        model=recording.model,
        parameters={
            **recording.options,
            **measured.parameters,
            "data_compensations": rules.version,
        },
        input_sha256=input_sha256,
        series=tuple(measured.angle_series()),
    )


def _quality_lines(quality: MovementQuality | None) -> Iterator[CodedText]:
    for line in () if quality is None else quality.lines:
        if line.repetitions:
            numbers = ", ".join(str(number) for number in line.repetitions)
            yield CodedText(QUALITY_LIMIT, f"{line.text} (repetition {numbers})")


def _reference_notes(
    reference: PoseReference | None, compared: bool, recording: KeypointSeries
) -> Iterator[CodedText]:
    if reference is None:
        return
    if not compared:
        yield CodedText(
            REFERENCE_NOT_COMPARED,
            f"The recording was not compared with the reference of {reference.exercise}: it needs "
            f"a {reference.view} view and a measured repetition.",
        )
    elif reference.model.sha256 != recording.model.sha256:
        yield CodedText(
            REFERENCE_OTHER_MODEL,
            "The reference was built with another pose model: small differences may come from it.",
        )
