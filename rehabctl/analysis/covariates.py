"""What shows in the picture beside an angle and tells how far the landmarks lie from the truth.

The estimator puts its points a little off the joints' centres: the hip in front of it, the knee of
a sitting person above it. What such an offset does to an angle depends on how the segments lie.
These are the values that a bias row may have a coefficient for.
"""

from __future__ import annotations

import numpy as np

from rehabctl.analysis.angles import hip_line_tilt, thigh_inclination
from rehabctl.analysis.landmarks import LIMBS, Float, Side


def covariates_at(xy: Float, rest: Float, side: Side, facing: int) -> dict[str, float]:
    """Return the values of one moment by name.

    Parameters
    ----------
    xy
        (1, 33, 2) pixels.
    rest
        (1, 33, 2) pixels of the moment in which the movement started; `xy` itself without one.
    side
        left or right.
    facing
        Orientation in the plane, see `angles`.

    Returns
    -------
    dict
        thigh_forward
            Sine of the thigh's inclination.
        hip_line_tilt
            Degrees by which the line between the hips tilts.
        thigh_level
            Degrees by which the thigh points above the level.
        shank_stretch
            Growth of the shank since the movement started, as a share of its length: a knee point
            that leaves the joint towards the hip.
    """
    limb = LIMBS[side]
    shank = [float(np.linalg.norm(p[0, limb.ankle] - p[0, limb.knee])) for p in (xy, rest)]
    thigh = float(thigh_inclination(xy, side, facing)[0])
    return {
        "thigh_forward": float(np.sin(np.radians(thigh))),
        "hip_line_tilt": float(hip_line_tilt(xy, side, facing)[0]),
        "thigh_level": thigh - 90.0,
        "shank_stretch": shank[0] / max(shank[1], 1e-9) - 1.0,
    }
