"""What a person sees while two sensors learn the axis of the joint between them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from rehabctl.analysis.functional_calibration import FunctionalAxis
from rehabctl.analysis.imu_recording import Float, ImuRecording
from rehabctl.analysis.joint_live import Pair, PairedStream
from rehabctl.domain.sensor import Procedure
from rehabctl.reference.sensor_limits import SensorLimits

WANTED_STILL_S = 3.0
"""Asked for at the start; the judge takes less as the joint's zero."""
_SURELY_S = 0.5
_LOOK_EVERY_S = 2.0
"""Of movement, between two looks at the axis."""
_TRACE = 50
_TRACE_EVERY_S = 0.2
_STEPS = {
    "range": "Bend it further, as far as it goes.",
    "residual": "Move that joint alone: bend it, and do not twist.",
    "sign": "Lean to one side while you bend it.",
}


@dataclass(frozen=True, slots=True)
class JointView:
    """What is known of a functional calibration that is being recorded."""

    procedure: ClassVar = Procedure.FUNCTIONAL
    t_s: float
    """Since the first common sample."""
    turning_dps: tuple[float, float]
    """Above and below the joint."""
    still_s: float
    """At the start, before the joint moved."""
    moved_s: float
    wanted_moved_s: float
    found: FunctionalAxis | None
    """As of the last look; None before the first."""
    wanted_range_deg: float
    most_residual_deg: float
    least_sign_ratio: float
    trace_deg: tuple[float, ...]
    """Flexion in the last ten seconds; empty before the first look."""
    done: str
    next_step: str
    enough: bool
    """Whether the recording can be judged."""


@dataclass
class JointGuide:
    """Follows two sensors; the certificate is judged from the recordings, not here.

    To look at the axis takes a good part of a second, so whoever feeds the samples does it
    elsewhere: with what `due` returns, and hands the result to `take_axis`.

    Parameters
    ----------
    limits
        The rows in force.
    """

    limits: SensorLimits
    _stream: PairedStream = field(default_factory=PairedStream)
    _pairs: list[Pair] = field(default_factory=list[Pair])
    _began_s: float | None = None
    _moved_s: float = 0.0
    _still_s: float = 0.0
    _looked_s: float = 0.0
    _found: FunctionalAxis | None = None
    _angle_deg: float = 0.0
    _trace: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=_TRACE))

    def add(self, which: int, t_s: float, gyr_rads: Float, acc_ms2: Float) -> None:
        """Take a sample.

        Parameters
        ----------
        which
            0 for the sensor above the joint, 1 for the one below.
        t_s, gyr_rads, acc_ms2
            Time on the common clock, (3,), (3,).
        """
        if which == 0:
            self._stream.proximal(t_s, gyr_rads, acc_ms2)
            return
        for pair in self._stream.distal(t_s, gyr_rads, acc_ms2):
            self._follow(pair)

    def _follow(self, pair: Pair) -> None:
        passed_s = pair[0] - self._pairs[-1][0] if self._pairs else 0.0
        self._began_s = pair[0] if self._began_s is None else self._began_s
        turning_dps, joint = max(_turning_dps(pair)), self.limits.of("joint")
        if self._still_s < joint["neutral_s_min"] and turning_dps > 0.5 * joint["moving_dps_min"]:
            self._pairs.clear()  # as the judge, who begins at the first still stand
            self._still_s = passed_s = 0.0
        self._pairs.append(pair)
        if turning_dps > self.limits.of("functional")["moving_dps_min"]:
            self._moved_s += passed_s
        elif not self._moved_s:
            self._still_s += passed_s
        if self._found is not None:
            self._angle_deg += passed_s * flexion_rate_dps(pair, self._found)
            if not self._trace or pair[0] - self._trace[-1][0] >= _TRACE_EVERY_S:
                self._trace.append((pair[0], self._angle_deg))

    def due(self) -> tuple[ImuRecording, ImuRecording] | None:
        """Return what has come so far, when it is time to look at the axis again."""
        first_s = self.limits.of("live")["learn_moving_s"]
        if self._moved_s < max(first_s, self._looked_s + _LOOK_EVERY_S):
            return None
        self._looked_s = self._moved_s
        return paired(self._pairs)

    def take_axis(self, found: FunctionalAxis, at_s: float) -> None:
        """Take what a look gave.

        Parameters
        ----------
        found
            The axis.
        at_s
            Time of the last sample that it has seen.
        """
        if self._found is not None and _apart(self._found, found):
            self._trace.clear()
        self._found = found
        since = [pair for pair in self._pairs if pair[0] > at_s]
        steps = np.diff([at_s, *(pair[0] for pair in since)])
        rates = [flexion_rate_dps(pair, found) for pair in since]
        self._angle_deg = found.angle_deg + float(np.dot(steps, rates))

    # -- the picture -----------------------------------------------------------------------------

    def view(self) -> JointView:
        """Return what is known now."""
        rows = self.limits.of("functional")
        done, step, enough = self._words()
        return JointView(
            self._pairs[-1][0] - (self._began_s or 0.0) if self._pairs else 0.0,
            _turning_dps(self._pairs[-1]) if self._pairs else (0.0, 0.0),
            self._still_s,
            self._moved_s,
            rows["moving_s_min"] + _SURELY_S,
            self._found,
            rows["range_deg_min"],
            rows["residual_deg_max"],
            rows["sign_ratio_min"],
            tuple(angle for _, angle in self._trace),
            done,
            step,
            enough,
        )

    def _words(self) -> tuple[str, str, bool]:
        """Return how far it is, what to do next, and whether it is enough."""
        rows = self.limits.of("functional")
        wanted_s = rows["moving_s_min"] + _SURELY_S
        done = f"moved for {self._moved_s:.0f} of {wanted_s:.1f} s"
        if not self._pairs:
            return done, "Wait until both sensors send.", False
        if not self._moved_s and self._still_s < WANTED_STILL_S:
            return done, "Stand still for three seconds.", False
        if self._found is None:
            return done, "Bend the joint, slowly and as far as it goes.", False
        done += (
            f", bent by {self._found.range_deg:.0f} of {rows['range_deg_min']:.0f} deg, "
            f"{self._found.residual_deg:.1f} deg off the axis"
        )
        wrong = self._found.shortcomings(rows)
        if wrong:
            return done, _STEPS[wrong[0].code], False
        if self._moved_s < wanted_s:
            return done, "Bend it again.", False
        return done, "Enough: end it, or bend on for a surer axis.", True


def _apart(one: FunctionalAxis, other: FunctionalAxis) -> bool:
    """Tell whether two looks count flexion in opposite directions."""
    return float(np.dot(one.axis.distal, other.axis.distal)) < 0.0


def paired(pairs: list[Pair]) -> tuple[ImuRecording, ImuRecording]:
    """Return pairs of samples as two recordings.

    Parameters
    ----------
    pairs
        Two or more.
    """
    t_s = np.array([pair[0] for pair in pairs])
    gyr1, acc1, gyr2, acc2 = (np.stack([pair[i] for pair in pairs]) for i in range(1, 5))
    return ImuRecording(t_s, gyr1, acc1), ImuRecording(t_s, gyr2, acc2)


def flexion_rate_dps(pair: Pair, found: FunctionalAxis) -> float:
    """Return how fast the joint bends: the difference of both rates about its axis.

    Parameters
    ----------
    pair
        The samples.
    found
        The axis.
    """
    axis = found.axis
    return float(np.degrees(pair[3] @ np.array(axis.distal) - pair[1] @ np.array(axis.proximal)))


def _turning_dps(pair: Pair) -> tuple[float, float]:
    above, below = (float(np.degrees(np.linalg.norm(gyr))) for gyr in (pair[1], pair[3]))
    return above, below
