"""How the result of a joint between two sensors looks as JSON and as table rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rehabctl.commands._render import Output, emit_items, note, to_json_value

if TYPE_CHECKING:
    from rehabctl.services.sensors import JointOutcome


def joint_object(outcome: JointOutcome) -> dict[str, Any]:
    """Return the JSON of `sensor joint`: the camera's keys, and those of the sensors."""
    import numpy as np

    from rehabctl import __version__

    found, motion = outcome.assessment.as_contract(__version__), outcome.motion
    view: dict[str, Any] = {"joint": outcome.joint.value, "method": outcome.method.value}
    if motion is not None:
        axis, residual = motion.axis, motion.residual_deg
        view["axis"] = (
            None
            if axis is None
            else {
                "proximal": axis.proximal,
                "distal": axis.distal,
                "sign_ratio": round(axis.sign_ratio, 2),
            }
        )
        view["flexion"] = {
            "t_s": [round(float(t), 4) for t in motion.t_s],
            "deg": [round(float(v), 3) for v in motion.angle_deg],
        }
        view["residual_deg"] = (
            None
            if residual is None
            else {
                "median": round(float(np.median(residual)), 3),
                "p95": round(float(np.percentile(residual, 95)), 3),
            }
        )
        view["second_opinion"] = _second_opinion(outcome)
        view["heading_deg"] = [round(float(motion.heading_deg[i]), 2) for i in (0, -1)]
        view["neutral_s"] = motion.neutral_s
    if outcome.camera is not None:
        view["camera"] = to_json_value(outcome.camera)
    return {**view, "rom_deg": found["motions"][0]["rom_deg"], **found}


def _second_opinion(outcome: JointOutcome) -> dict[str, float] | None:
    """Return how far the second method of a ball joint agrees; None without one."""
    motion = outcome.motion
    if motion is None or motion.second_deg is None:
        return None
    return {
        "min_deg": round(float(motion.second_deg.min()), 2),
        "max_deg": round(float(motion.second_deg.max()), 2),
        "rms_difference_deg": float(str(outcome.assessment.parameters["second_opinion_rms_deg"])),
    }


def emit_joint_rows(outcome: JointOutcome, out: Output) -> None:
    """Write the repetitions as rows; what is not a row goes to standard error."""
    found = outcome.assessment
    rows = [
        {
            "repetition": r.index,
            "kind": r.kind.value,
            "side": r.side,
            "start_s": round(r.start_s, 2),
            "peak_deg": None if r.peak_deg is None else round(r.peak_deg, 1),
            "rom_deg": None if r.rom_deg is None else round(r.rom_deg, 1),
            "hold_s": round(r.hold_s, 2),
        }
        for r in found.repetitions
    ]
    columns = ("repetition", "kind", "side", "start_s", "peak_deg", "rom_deg", "hold_s")
    emit_items(rows, columns, out)
    motion = found.motions[0]
    note(
        f"{motion.motion}: {found.full_count} full, {found.partial_count} partial; "
        f"quality {found.quality.status.value}",
        out,
    )
    if motion.rom_deg is not None:
        note(f"- from {motion.min_deg:.1f} to {motion.max_deg:.1f} deg", out)
    second = _second_opinion(outcome)
    if second is not None:
        note(
            f"- second opinion: from {second['min_deg']:.1f} to {second['max_deg']:.1f} deg, "
            f"{second['rms_difference_deg']:.1f} deg rms apart",
            out,
        )
    camera = outcome.camera
    if camera is not None:
        note(f"- camera: {camera.rms_deg:.1f} deg rms beside a bias of {camera.bias_deg:.1f}", out)
    for reason in found.quality.reasons:
        note(f"- {reason.text}", out)
