"""An exercise as the library holds it, and how it can be measured."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Measure(StrEnum):
    """By what an exercise can be measured."""

    CAMERA = "cam"
    CAMERA_FLOOR = "cam_floor"
    CAMERA_LIMITED = "cam_limited"
    IMU = "imu"
    IMU_PREFERRED = "imu_pref"
    TIMER = "timer"


class View(StrEnum):
    """Where the camera must stand: at the person's side, in front, between, or nowhere."""

    SAGITTAL = "sagittal"
    FRONTAL = "frontal"
    OBLIQUE = "oblique"
    NONE = "none"


class Sidedness(StrEnum):
    """Which limbs move."""

    UNILATERAL = "unilateral"
    BILATERAL = "bilateral"
    ALTERNATING = "alternating"


class CountMode(StrEnum):
    """What is counted."""

    REPETITIONS = "reps"
    HOLD = "hold"
    STEPS = "steps"
    TIME = "time"


class Signal(StrEnum):
    """What the counting looks at. Everything but `ANGLE` has no driving motion."""

    ANGLE = "angle"
    """A joint angle between rest and target."""
    POSTURE = "posture"
    """A position that is kept: a stance, a plank, a stretch."""
    STEPS = "steps"
    """Steps on the ground."""
    REACH = "reach"
    """How far a hand or a foot gets away from the base of support."""
    TRANSLATION = "translation"
    """A shift of head, shoulder or hand along a line, too small or too slanted for an angle."""
    CADENCE = "cadence"
    """A rhythm over time: pedalling, swinging."""
    TIMER = "timer"
    """Nothing that a camera or a motion sensor sees: a clock and the patient's own count."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """How repetitions of an exercise are recognised and what is reported beside them."""

    measure: Measure
    view: View
    motion: str | None
    """The driving angle, in the contract's vocabulary (`knee_flexion`); None for a timer."""
    rest_deg: float | None
    target_deg: float | None
    """Below `rest_deg` for an exercise that moves towards extension."""
    count_mode: CountMode = CountMode.REPETITIONS
    sidedness: Sidedness = Sidedness.BILATERAL
    min_rep_s: float = 0.8
    max_rep_s: float = 12.0
    reported_motions: tuple[str, ...] = ()
    """Further motions to report, beside the driving one."""
    compensations: tuple[str, ...] = ()
    """Compensation kinds to check, in the contract's vocabulary."""
    stable_landmarks: tuple[int, ...] = ()
    imu_segments: tuple[str, ...] = ()
    accuracy_class: str = "C"
    """A: within 5 degrees in a fit view; B: within 10; C: count only."""
    landmarks: tuple[int, ...] = ()
    """Landmarks (0-32) that the view has to show."""
    signal: Signal = Signal.ANGLE

    @property
    def towards_extension(self) -> bool:
        """Whether a repetition's turning point is a minimum of the driving angle."""
        if self.rest_deg is None or self.target_deg is None:
            return False
        return self.target_deg < self.rest_deg

    @property
    def joint(self) -> str | None:
        """The body part that the driving motion names, such as `knee`; None without a motion."""
        return None if self.motion is None else self.motion.partition("_")[0]


@dataclass(frozen=True, slots=True)
class Dose:
    """How much of an exercise is done."""

    sets: int
    reps: int
    hold_s: float
    rest_s: float
    per_week: int


@dataclass(frozen=True, slots=True)
class Asset:
    """A film of an exercise."""

    kind: str
    """demonstration or common_error."""
    angle: str
    """front or side."""
    uri: str
    sha256: str
    duration_s: float


@dataclass(frozen=True, slots=True)
class ReferenceData:
    """The measured reference curve that belongs to an exercise."""

    path: str
    """Relative to the file that names it."""
    sha256: str


@dataclass(frozen=True, slots=True)
class Exercise:
    """One exercise of the library."""

    slug: str
    name: str
    version: int
    region: str
    type: str
    difficulty: int
    position: str
    measurement: Measurement
    dose: Dose
    steps: tuple[str, ...]
    """At least three patient-readable steps, in our own words."""
    cues: tuple[str, ...] = ()
    common_errors: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    equipment: tuple[str, ...] = ()
    substitutes: tuple[str, ...] = ()
    """Household substitutes for the equipment, in the same order."""
    targets: tuple[str, ...] = ()
    icd10: tuple[str, ...] = ()
    contraindication_tags: tuple[str, ...] = ()
    precautions: tuple[str, ...] = ()
    progression: tuple[str, ...] = ()
    """Slugs of harder exercises."""
    regression: tuple[str, ...] = ()
    """Slugs of easier exercises."""
    variant_of: str | None = None
    status: str = "draft"
    """draft, clinically_approved or retired."""
    source: str = ""
    grade: str = "consensus"
    assets: tuple[Asset, ...] = ()
    reference_data: tuple[ReferenceData, ...] = ()
    approved_by: str = ""
    """Who approved it for clinical use, with credentials; empty for a draft."""
    approved_on: date | None = None

    @property
    def approved(self) -> bool:
        """Whether a clinician has approved it; a draft is assigned with a visible mark."""
        return self.status == "clinically_approved"
