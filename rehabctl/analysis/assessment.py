"""The result of measuring one recording, whichever instrument measured it.

Field names and units are those of the command contract (`pose analyze --format json`). NaN never
appears here: what could not be had is None and has a reason.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from rehabctl.analysis.keypoint_series import ModelInfo, Option, VideoInfo


class QualityStatus(StrEnum):
    """Whether the result can be used."""

    GOOD = "good"
    LIMITED = "limited"
    """Usable with wider intervals; the reasons say why."""
    REFUSED = "refused"
    """The asked-for measurement cannot be had from this recording."""


class RepetitionKind(StrEnum):
    """How complete a repetition was."""

    FULL = "full"
    PARTIAL = "partial"
    """Turned back before 90 % of the way from rest to target."""
    CUT = "cut"
    """The recording starts or ends inside it."""


class Severity(StrEnum):
    """How far a compensation lies above its threshold."""

    MILD = "mild"
    MARKED = "marked"


@dataclass(frozen=True, slots=True)
class CodedText:
    """A stable code for programs and a sentence for people."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class ViewResult:
    """Where the camera stood, estimated from geometry."""

    detected: str
    """sagittal, frontal, oblique, or unknown."""
    facing: str
    """left or right (of the image) in a sagittal view; camera, away, or unknown."""
    off_plane_deg: float | None
    """Angle between the camera axis and the one that the exercise needs."""
    required: str
    ok: bool


@dataclass(frozen=True, slots=True)
class QualityResult:
    """Status, a confidence from 0 to 1 for ranking reviews, and every reason."""

    status: QualityStatus
    confidence: float
    reasons: tuple[CodedText, ...] = ()


@dataclass(frozen=True, slots=True)
class Repetition:
    """One repetition of the driving motion.

    `peak_deg` is the driving angle at the turning point (its minimum for exercises that move
    towards extension), bias-corrected; `interval_deg` is the 90 % interval around it;
    `peak_uncorrected_deg` is the landmarks' own value. Angles are None where they are refused.
    """

    index: int
    """1-based, in time order, over all kinds."""
    kind: RepetitionKind
    side: str
    """left, right or both."""
    start_s: float
    peak_s: float
    end_s: float
    peak_deg: float | None
    peak_uncorrected_deg: float | None
    interval_deg: tuple[float, float] | None
    rom_deg: float | None
    hold_s: float
    eccentric_s: float
    concentric_s: float
    smoothness_sparc: float | None


@dataclass(frozen=True, slots=True)
class MotionRange:
    """Range of one motion over the recording.

    `uncertainty_deg` is the half-width of the 90 % interval around the reported extreme.
    """

    motion: str
    side: str
    min_deg: float | None
    max_deg: float | None
    rom_deg: float | None
    uncertainty_deg: float | None
    measurable: bool
    reason: str | None


@dataclass(frozen=True, slots=True)
class Compensation:
    """A movement beside the prescribed one, above its threshold and the detectable change."""

    kind: str
    side: str | None
    magnitude: float
    unit: str
    threshold: float
    severity: Severity
    repetitions: tuple[int, ...]
    at_s: tuple[float, ...]
    source: str


@dataclass(frozen=True, slots=True)
class SymmetryMeasure:
    """Left against right. `detectable` is False within the method's own left-right noise."""

    measure: str
    motion: str
    left: float
    right: float
    lsi_percent: float
    """Limb symmetry index: the smaller in percent of the larger, 100 is equal."""
    index_percent: float
    """Symmetry index: the difference in percent of the mean, 0 is equal."""
    detectable: bool


@dataclass(frozen=True, slots=True)
class Deviation:
    """A phase of the movement that leaves the reference by more than the limit."""

    motion: str
    phase_percent: int
    deviation_deg: float
    limit_deg: float


@dataclass(frozen=True, slots=True)
class ReferenceResult:
    """Comparison with a reference curve."""

    exercise: str
    version: int
    deviations: tuple[Deviation, ...]


@dataclass(frozen=True, slots=True)
class AngleSeries:
    """One angle over uniform time; for `--timeseries`, plots and comparison."""

    motion: str
    side: str
    t_s: tuple[float, ...]
    deg: tuple[float | None, ...]


@dataclass(frozen=True)
class MovementAssessment:
    """Everything measured on one recording."""

    exercise: str
    view: ViewResult
    quality: QualityResult
    repetitions: tuple[Repetition, ...]
    motions: tuple[MotionRange, ...]
    compensations: tuple[Compensation, ...] = ()
    symmetry: tuple[SymmetryMeasure, ...] = ()
    reference: ReferenceResult | None = None
    feedback: tuple[CodedText, ...] = ()
    warnings: tuple[CodedText, ...] = ()
    video: VideoInfo | None = None
    model: ModelInfo | None = None
    parameters: dict[str, Option] = field(default_factory=dict[str, Option])
    input_sha256: str = ""
    series: tuple[AngleSeries, ...] = ()
    """The angles behind the numbers; not part of the JSON."""

    @property
    def full_count(self) -> int:
        """Number of full repetitions."""
        return sum(r.kind is RepetitionKind.FULL for r in self.repetitions)

    @property
    def partial_count(self) -> int:
        """Number of partial repetitions."""
        return sum(r.kind is RepetitionKind.PARTIAL for r in self.repetitions)

    @property
    def time_under_tension_s(self) -> float:
        """Seconds of lowering, holding and lifting in all full and partial repetitions."""
        worked = (RepetitionKind.FULL, RepetitionKind.PARTIAL)
        done = [r for r in self.repetitions if r.kind in worked]
        return sum((r.eccentric_s + r.hold_s + r.concentric_s for r in done), 0.0)

    def as_contract(self, version: str) -> dict[str, Any]:
        """Return the object of `pose analyze --format json`, without `schema_version`.

        Parameters
        ----------
        version
            The program's version, for the provenance.
        """
        from dataclasses import asdict

        def rounded(value: Any) -> Any:
            if isinstance(value, float):
                return round(value, 4)
            if isinstance(value, dict):
                return {k: rounded(v) for k, v in value.items()}  # type: ignore[misc]
            if isinstance(value, list | tuple):
                return [rounded(v) for v in value]  # type: ignore[misc]
            return value

        model = (
            {}
            if self.model is None
            else {
                "name": self.model.name,
                "sha256": self.model.sha256,
                "mediapipe": self.model.mediapipe,
                "opencv": self.model.opencv,
            }
        )
        result = {
            "video": None if self.video is None else asdict(self.video),
            "model": model or None,
            "exercise": self.exercise,
            "view": asdict(self.view),
            "quality": asdict(self.quality),
            "repetitions": {
                "full": self.full_count,
                "partial": self.partial_count,
                "time_under_tension_s": self.time_under_tension_s,
                "items": [asdict(r) for r in self.repetitions],
            },
            "motions": [asdict(m) for m in self.motions],
            "compensations": [asdict(c) for c in self.compensations],
            "symmetry": [asdict(s) for s in self.symmetry],
            "reference": None if self.reference is None else asdict(self.reference),
            "feedback": [asdict(f) for f in self.feedback],
            "warnings": [asdict(w) for w in self.warnings],
            "provenance": {
                "rehabctl": version,
                "parameters": self.parameters,
                "input_sha256": self.input_sha256,
            },
        }
        return rounded(result)
