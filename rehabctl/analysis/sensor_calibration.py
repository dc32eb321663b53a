"""Calibration fits of one sensor: each judged against limits, on data that the fit has not seen.

Accelerometer: true = T K (a + b) with the model of Tedaldi, Pretto and Menegatti (ICRA 2014).
Magnetometer: ellipsoid fit, corrected = W (m - offset).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rehabctl.analysis.imu_recording import GRAVITY_MS2, Float, ImuRecording
from rehabctl.analysis.sensor_checks import angle_deg, still_stretches
from rehabctl.domain.sensor import CalibrationResult, Procedure, SensorFinding
from rehabctl.reference.sensor_limits import SensorLimits

_MG = 1000.0 / GRAVITY_MS2
_SIX = 6


def static(recording: ImuRecording, limits: SensorLimits) -> CalibrationResult:
    """Measure gyroscope bias and noise of a sensor lying still.

    Parameters
    ----------
    recording
        The longest still stretch of it counts.
    limits
        The rows in force.
    """
    rows = limits.of("static")
    stretches = still_stretches(recording, limits.of("still"))
    findings: list[SensorFinding] = []
    if not stretches:
        text = "the sensor did not lie still"
        return _judged(Procedure.STATIC, rows, {}, [SensorFinding("moved", text)])
    first, end = max(stretches, key=lambda s: s[1] - s[0])
    gyr = np.degrees(recording.gyr_rads[first:end])
    acc = recording.acc_ms2[first:end].mean(axis=0)
    duration = float(recording.t_s[end - 1] - recording.t_s[first])
    bias, noise = gyr.mean(axis=0), gyr.std(axis=0)
    results: dict[str, object] = {
        "duration_s": duration,
        "gyroscope_bias_dps": bias.tolist(),
        "gyroscope_bias_standard_error_dps": (noise / np.sqrt(len(gyr))).tolist(),
        "gyroscope_noise_dps": noise.tolist(),
        "gravity_ms2": float(np.linalg.norm(acc)),
    }
    if duration < rows["duration_s_min"]:
        findings.append(SensorFinding("too_short", f"still for {duration:.1f} s only"))
    if float(np.abs(bias).max()) > rows["bias_dps_max"]:
        text = f"gyroscope bias {np.abs(bias).max():.2f} deg/s"
        findings.append(SensorFinding("bias", text))
    if float(noise.max()) > rows["gyroscope_noise_dps_max"]:
        findings.append(SensorFinding("noise", f"gyroscope noise {noise.max():.2f} deg/s"))
    off = abs(float(np.linalg.norm(acc)) - GRAVITY_MS2)
    if off > rows["gravity_ms2_max"]:
        findings.append(SensorFinding("gravity", f"gravity reads {off:.2f} m/s² off"))
    return _judged(Procedure.STATIC, rows, results, findings)


def poses_of(recordings: list[ImuRecording], limits: SensorLimits) -> Float:
    """Return the mean specific force (P, 3) of every different still pose.

    Parameters
    ----------
    recordings
        One with all poses, or one a pose.
    limits
        The rows in force.
    """
    rows = limits.of("accelerometer")
    kept: list[tuple[Float, int]] = []
    for recording in recordings:
        stretches = still_stretches(recording, limits.of("still"), min_s=rows["pose_s_min"])
        for start, end in stretches:
            mean = recording.acc_ms2[start:end].mean(axis=0)
            apart = [angle_deg(mean, other) for other, _ in kept]
            if not apart or min(apart) >= rows["pose_distance_deg_min"]:
                kept.append((mean, end - start))
    return np.array([mean for mean, _ in kept]).reshape(-1, 3)


def coverage(directions: Float) -> float:
    """Return the smallest eigenvalue of mean(n n'): 1/3 for an even sphere, 0 for a plane.

    Parameters
    ----------
    directions
        (P, 3), of any length but zero.
    """
    unit = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return float(np.linalg.eigvalsh(unit.T @ unit / len(unit))[0])


def accelerometer(recordings: list[ImuRecording], limits: SensorLimits) -> CalibrationResult:
    """Fit scale, bias and, from enough poses, misalignment of the accelerometer.

    Nine parameters are fitted from twelve well-spread poses on; six to eleven poses give scale and
    bias only, since the full model from few poses is worse than no calibration.

    Parameters
    ----------
    recordings
        Still poses, in one recording or several.
    limits
        The rows in force.
    """
    rows = limits.of("accelerometer")
    poses = poses_of(recordings, limits)
    findings: list[SensorFinding] = []
    results: dict[str, object] = {"poses": len(poses)}
    if len(poses) < rows["poses_quick_min"]:
        text = f"different still poses: {len(poses)}; {rows['poses_quick_min']:.0f} are the least"
        findings.append(SensorFinding("poses_missing", text))
        return _judged(Procedure.ACCELEROMETER, rows, results, findings)
    results["coverage"] = coverage(poses)
    if coverage(poses) < rows["coverage_min"]:
        text = f"the poses lie too close together (coverage {coverage(poses):.2f})"
        findings.append(SensorFinding("coverage", text))
        return _judged(Procedure.ACCELEROMETER, rows, results, findings)
    full = len(poses) >= rows["poses_full_min"]
    fit = fit_accelerometer(poses, full=full)
    holdout = _holdout_mg(poses, full)
    norms = np.linalg.norm(apply_accelerometer(fit, poses), axis=1)
    scale_percent = 100.0 * float(np.abs(fit[3:6] - 1.0).max())
    bias_mg = _MG * float(np.abs(fit[6:9]).max())
    results |= {
        "model": "scale_bias_misalignment" if full else "scale_bias",
        "misalignment_rad": fit[:3].tolist(),
        "scale": fit[3:6].tolist(),
        "bias_ms2": fit[6:9].tolist(),
        "raw_rms_mg": _MG * _rms(np.linalg.norm(poses, axis=1) - GRAVITY_MS2),
        "fit_rms_mg": _MG * _rms(norms - GRAVITY_MS2),
        "holdout_rms_mg": holdout,
        "worst_pose_ms2": float(np.abs(norms - GRAVITY_MS2).max()),
    }
    limit_mg = rows["holdout_mg_max"] if full else rows["quick_misalignment_mg_max"]
    if holdout is not None and holdout > limit_mg:
        findings.append(SensorFinding("holdout", f"{holdout:.1f} mg on poses left out of the fit"))
    if full and float(np.abs(norms - GRAVITY_MS2).max()) > rows["gravity_ms2_max"]:
        findings.append(SensorFinding("residual", "a pose stays away from gravity after the fit"))
    if scale_percent > rows["scale_percent_max"]:
        findings.append(SensorFinding("scale", f"scale is {scale_percent:.1f} % off"))
    if bias_mg > rows["bias_mg_max"]:
        findings.append(SensorFinding("bias", f"bias of {bias_mg:.0f} mg"))
    return _judged(Procedure.ACCELEROMETER, rows, results, findings)


def fit_accelerometer(poses: Float, *, full: bool) -> Float:
    """Return (9,): three misalignments, three scales, three biases, so that poses weigh g.

    Parameters
    ----------
    poses
        (P, 3) means of still poses.
    full
        Whether to fit the misalignments too.
    """
    from scipy import optimize

    tools: Any = optimize  # its types are partial
    start = np.array([0.0] * 3 + [1.0] * 3 + [0.0] * 3)
    free = slice(0 if full else 3, 9)

    def residuals(x: Float) -> Float:
        whole = start.copy()
        whole[free] = x
        return np.linalg.norm(apply_accelerometer(whole, poses), axis=1) - GRAVITY_MS2

    found = start.copy()
    found[free] = np.asarray(tools.least_squares(residuals, start[free]).x)
    return found


def apply_accelerometer(parameters: Float, acc_ms2: Float) -> Float:
    """Return the corrected specific force (N, 3).

    Parameters
    ----------
    parameters
        (9,) from `fit_accelerometer`.
    acc_ms2
        (N, 3).
    """
    a1, a2, a3 = parameters[:3]
    shape = np.array([[1.0, -a1, a2], [0.0, 1.0, -a3], [0.0, 0.0, 1.0]]) @ np.diag(parameters[3:6])
    return (acc_ms2 + parameters[6:9]) @ shape.T


def _holdout_mg(poses: Float, full: bool) -> float | None:
    """Return the error on each pose by a fit to the others; None where those are too few."""
    least = 9 if full else _SIX
    if len(poses) <= least:
        return None
    errors: list[float] = []
    for i in range(len(poses)):
        fit = fit_accelerometer(np.delete(poses, i, axis=0), full=full)
        errors.append(
            float(np.linalg.norm(apply_accelerometer(fit, poses[i : i + 1]))) - GRAVITY_MS2
        )
    return _MG * _rms(np.array(errors))


def magnetometer(recording: ImuRecording, limits: SensorLimits) -> CalibrationResult:
    """Fit hard and soft iron of the magnetometer from a tumbling recording.

    Every other second is fitted, the rest judges.

    Parameters
    ----------
    recording
        With a magnetometer, turned through all directions in a clean place.
    limits
        The rows in force.
    """
    rows = limits.of("magnetometer")
    results: dict[str, object] = {}

    def refuse(code: str, text: str) -> CalibrationResult:
        finding = SensorFinding(code, text)
        return _judged(Procedure.MAGNETOMETER, rows, results, [finding])

    if recording.mag_ut is None:
        return refuse("no_magnetometer", "the recording has no magnetometer")
    samples = recording.mag_ut
    results["samples"] = len(samples)
    if len(samples) < rows["samples_min"]:
        return refuse("too_short", f"too few samples: {len(samples)}")
    if field_swing(samples) < rows["swing_min"]:
        return refuse("still", "the field hardly changed; turn the sensor through all directions")
    held_out = np.floor(recording.t_s - recording.t_s[0]) % 2 == 1
    fitted = samples[~held_out]
    try:
        offset, matrix = fit_magnetometer(fitted)
    except ValueError:
        return refuse("single_plane", "no ellipsoid fits; turn the sensor through all directions")
    condition = float(np.linalg.cond(matrix))
    corrected = (samples - offset) @ matrix.T
    covered = 100.0 * covered_cells(corrected, int(rows["coverage_cells"]))
    results |= {"condition": condition, "coverage_percent": covered}
    if covered < rows["coverage_percent_min"]:
        text = f"only {covered:.0f} % of the directions were seen; turn it through all of them"
        return refuse("coverage", text)
    norms = np.linalg.norm(corrected[held_out], axis=1)
    cv = 100.0 * float(norms.std() / norms.mean())
    raw = np.linalg.norm(samples, axis=1)
    results |= {
        "offset_ut": offset.tolist(),
        "matrix": matrix.tolist(),
        "raw_norm_cv_percent": 100.0 * float(raw.std() / raw.mean()),
        "holdout_norm_cv_percent": cv,
    }
    findings: list[SensorFinding] = []
    if cv > rows["norm_cv_percent_max"]:
        text = f"strength varies by {cv:.1f} % on samples left out of the fit"
        findings.append(SensorFinding("holdout", text))
    if condition > rows["condition_max"]:
        findings.append(SensorFinding("condition", f"soft iron of {condition:.2f} to 1"))
    return _judged(Procedure.MAGNETOMETER, rows, results, findings)


def field_swing(mag_ut: Float) -> float:
    """Return by what share of its strength the field in the sensor changed, along one axis.

    A sensor that lies still sees nothing but its noise, whose directions cover the sphere as well.

    Parameters
    ----------
    mag_ut
        (N, 3).
    """
    reach = 0.5 * float((mag_ut.max(axis=0) - mag_ut.min(axis=0)).max())
    return reach / max(float(np.linalg.norm(mag_ut, axis=1).mean()), 1e-12)


def fit_magnetometer(mag_ut: Float) -> tuple[Float, Float]:
    """Return offset (3,) and matrix (3, 3) that take the samples onto the unit sphere.

    Parameters
    ----------
    mag_ut
        (N, 3).

    Raises
    ------
    ValueError
        No ellipsoid fits.
    """
    centre = mag_ut.mean(axis=0)
    size = float(np.linalg.norm(mag_ut - centre, axis=1).mean())
    if size <= 0.0:
        raise ValueError("the field does not change")
    x, y, z = ((mag_ut - centre) / size).T
    design = np.stack(
        [x * x, y * y, z * z, 2 * y * z, 2 * x * z, 2 * x * y, 2 * x, 2 * y, 2 * z], 1
    )
    p = np.linalg.lstsq(design, np.ones(len(x)), rcond=None)[0]
    shape = np.array([[p[0], p[5], p[4]], [p[5], p[1], p[3]], [p[4], p[3], p[2]]])
    if abs(float(np.linalg.det(shape))) < 1e-12:
        raise ValueError("no ellipsoid fits")
    offset = -np.linalg.solve(shape, p[6:9])
    values, vectors = np.linalg.eigh(shape / (1.0 + offset @ shape @ offset))
    if float(values[0]) <= 0.0:
        raise ValueError("no ellipsoid fits")
    matrix = vectors @ np.diag(np.sqrt(values)) @ vectors.T
    return centre + offset * size, matrix / size


def sphere_cells(cells: int) -> Float:
    """Return the centres (cells, 3) of equal cells of the sphere (a Fibonacci lattice).

    Parameters
    ----------
    cells
        How many.
    """
    number = np.arange(cells) + 0.5
    z = 1.0 - 2.0 * number / cells
    turn = np.pi * (3.0 - np.sqrt(5.0)) * number
    level = np.sqrt(1.0 - z**2)
    return np.stack([level * np.cos(turn), level * np.sin(turn), z], axis=1)


def cells_of(directions: Float, cells: int) -> NDArray[np.intp]:
    """Return the number (N,) of the cell in which each direction lies.

    Parameters
    ----------
    directions
        (N, 3), of any length but zero.
    cells
        How many there are.
    """
    return np.argmax(directions @ sphere_cells(cells).T, axis=1)


def covered_cells(directions: Float, cells: int) -> float:
    """Return the share of equal cells of the sphere that hold a direction.

    Parameters
    ----------
    directions
        (N, 3), of any length but zero.
    cells
        How many.
    """
    return len(np.unique(cells_of(directions, cells))) / cells


def _judged(
    procedure: Procedure,
    limits: Mapping[str, float],
    results: Mapping[str, object],
    findings: list[SensorFinding],
) -> CalibrationResult:
    passed = not findings and bool(results)
    return CalibrationResult(procedure, passed, limits, results, tuple(findings))


def _rms(values: Float) -> float:
    return float(np.sqrt(np.mean(values**2)))
