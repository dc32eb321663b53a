"""From exercise videos to movement assessments: look up, extract, measure, and store if asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rehabctl.domain.errors import RehabctlError, UsageError

if TYPE_CHECKING:
    from rehabctl.analysis.assessment import MovementAssessment
    from rehabctl.analysis.keypoint_series import KeypointSeries
    from rehabctl.domain.exercise import Exercise
    from rehabctl.services.settings import Settings
    from rehabctl.vision.models import ModelCheck, ModelFolders, PoseModel

Report = Callable[[float, float | None], None]
KEYPOINT_SUFFIX = ".npz"
SIDES = ("left", "right", "both", "auto")


@dataclass(frozen=True)
class AnalysisRequest:
    """What to measure and how; the same for every input of one command."""

    exercise: str
    """Slug of the library."""
    side: str = "auto"
    """left, right, both or auto (the side that moves, or the near one)."""
    target_deg: float | None = None
    """Replaces the exercise's own target for what counts as full."""
    model: str = "full"
    fps: float | None = None
    """Analyse at this rate instead of at most 30 frames a second."""
    fast: bool = False
    mirror_average: bool = False
    correct: bool = True
    """Whether the known bias of the landmarks is corrected."""
    neutral: Path | None = None
    """Keypoints of the patient's neutral pose; `auto` takes still frames of the recording."""
    jobs: int = 1

    def key(self) -> str:
        """Return a hash of everything that changes the result (for idempotent storage)."""
        text = json.dumps({k: str(v) for k, v in vars(self).items() if k != "jobs"}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, eq=False)
class AnalysisOutcome:
    """One input's result: an assessment, or the error that stopped it."""

    path: Path
    assessment: MovementAssessment | None = None
    series: KeypointSeries | None = None
    error: RehabctlError | None = None


@dataclass(frozen=True, eq=False)
class Analyser:
    """Everything that the inputs of one command share.

    Parameters
    ----------
    exercise
        The exercise as the library holds it.
    request
        What the user asked for.
    """

    exercise: Exercise
    request: AnalysisRequest
    settings: Settings
    neutral: KeypointSeries | None = field(default=None)

    def assess(self, series: KeypointSeries) -> MovementAssessment:
        """Measure one recording.

        Parameters
        ----------
        series
            Landmarks of the recording.
        """
        from rehabctl.analysis.assess import assess

        return assess(
            series,
            self.exercise.measurement,
            exercise=self.exercise.slug,
            side=self.request.side,
            target_deg=self.request.target_deg,
            neutral=self.neutral,
            correct=self.request.correct,
        )

    def outcomes(self, paths: Sequence[Path], report: Report) -> Iterator[AnalysisOutcome]:
        """Yield one outcome an input, in the order of the inputs' completion."""
        videos = [p for p in paths if p.suffix.lower() != KEYPOINT_SUFFIX]
        for path in paths:
            if path.suffix.lower() == KEYPOINT_SUFFIX:
                yield self._keypoint_file(path)
        if videos:
            yield from self._videos(videos, report)

    def _keypoint_file(self, path: Path) -> AnalysisOutcome:
        from rehabctl.vision import keypoints

        try:
            series = keypoints.read(path)
            return AnalysisOutcome(path, self.assess(series), series)
        except RehabctlError as error:
            return AnalysisOutcome(path, error=error)

    def _videos(self, videos: Sequence[Path], report: Report) -> Iterator[AnalysisOutcome]:
        from rehabctl.vision.worker import ExtractOptions, extract_many

        model = pose_model(self.request.model, self.settings)
        options = ExtractOptions(fps=self.request.fps, fast=self.request.fast)
        results = extract_many(
            videos, model.path, jobs=self.request.jobs, options=options, report=report
        )
        for result in results:
            if result.series is None:
                yield AnalysisOutcome(result.path, error=result.error)
                continue
            try:
                yield AnalysisOutcome(result.path, self.assess(result.series), result.series)
            except RehabctlError as error:
                yield AnalysisOutcome(result.path, error=error)


def prepare(request: AnalysisRequest, settings: Settings) -> Analyser:
    """Look up the exercise and everything else that can fail before the first frame is read.

    Parameters
    ----------
    request
        What the user asked for.
    settings
        What this command runs with.

    Raises
    ------
    NotFoundError
        The exercise is not in the library.
    FindingsError
        No camera measures it.
    UsageError
        The side is none of the known ones.
    """
    from rehabctl.analysis.measure import require_measurable
    from rehabctl.reference.exercise_library import load_library

    exercise = load_library().get(request.exercise)
    if request.side not in SIDES:
        raise UsageError(f"unknown side {request.side!r}", f"Use one of {', '.join(SIDES)}")
    require_measurable(exercise.measurement, exercise.slug)
    return Analyser(exercise, request, settings)


def pose_model(name: str, settings: Settings) -> PoseModel:
    """Return the installed pose model; nothing is downloaded.

    Parameters
    ----------
    name
        lite, full, heavy or the path of a `.task` file.
    settings
        What this command runs with.
    """
    from rehabctl.vision.models import find_model

    return find_model(name, model_folders(settings), override=settings.pose_model)


def model_folders(settings: Settings) -> ModelFolders:
    """Return where pose models are kept.

    Parameters
    ----------
    settings
        What this command runs with.
    """
    from rehabctl.vision.models import ModelFolders

    return ModelFolders(installed=settings.paths.models, cache=settings.paths.cache)


def install_pose_model(
    name: str, settings: Settings, *, source: Path | None, report: Report | None
) -> PoseModel:
    """Install a pose model in the home; see `vision.model_install.install_model`.

    Parameters
    ----------
    name
        lite, full or heavy.
    settings
        What this command runs with.
    source
        A file instead of the network.
    report
        Progress in bytes.
    """
    from rehabctl.vision.model_install import install_model

    return install_model(name, model_folders(settings), source=source, report=report)


def installed_models(settings: Settings) -> list[PoseModel]:
    """Return the installed pose models.

    Parameters
    ----------
    settings
        What this command runs with.
    """
    from rehabctl.vision.models import list_models

    return list_models(model_folders(settings))


def check_models(settings: Settings) -> list[ModelCheck]:
    """Return what reading every installed model found.

    Parameters
    ----------
    settings
        What this command runs with.
    """
    from rehabctl.vision.models import verify_models

    return verify_models(model_folders(settings))


def extract_keypoints(
    video: Path,
    target: Path,
    settings: Settings,
    *,
    model: str,
    fps: float | None,
    profile: str,
    report: Report,
) -> tuple[int, int]:
    """Write the landmarks of a video to a keypoint file.

    Parameters
    ----------
    video
        The video.
    target
        The file to write.
    settings
        What this command runs with.
    model
        lite, full, heavy or the path of a `.task` file.
    fps
        Rate to analyse at; None is at most 30.
    profile
        full or compact.
    report
        Progress.

    Returns
    -------
    tuple of int
        Analysed frames, and those with a person.
    """
    import numpy as np

    from rehabctl.vision import keypoints
    from rehabctl.vision.worker import ExtractOptions, extract

    try:
        chosen = keypoints.Profile(profile)
    except ValueError:
        raise UsageError(f"unknown profile {profile!r}", "Use full or compact") from None
    network = pose_model(model, settings)
    series = extract(video, network.path, options=ExtractOptions(fps=fps), report=report)
    keypoints.write(series, target, chosen)
    found_frames = int(np.isfinite(series.xy_px[:, 0, 0]).sum())
    return len(series.t_s), found_frames


def analyse_and_store(
    analyser: Analyser, paths: Sequence[Path], mrn: str, report: Report
) -> list[AnalysisOutcome]:
    """Measure recordings of a patient and store each result in a transaction of its own.

    Parameters
    ----------
    analyser
        From `prepare`.
    paths
        The recordings.
    mrn
        Record number.
    report
        Progress.

    Raises
    ------
    NotFoundError
        There is no such patient.
    NotPermittedError
        Role or consent is missing.
    """
    from rehabctl.services import assessments, triage
    from rehabctl.services.wiring import open_store

    rules = triage.clinic_rules(analyser.settings)
    outcomes: list[AnalysisOutcome] = []
    with open_store(analyser.settings) as store:
        patient = assessments.require_patient(store, mrn)
        for outcome in analyser.outcomes(paths, report):
            if outcome.assessment is not None and outcome.series is not None:
                assessments.save(
                    store,
                    rules,
                    patient,
                    outcome.series,
                    outcome.assessment,
                    recorded_at=assessments.recorded_moment(outcome.path, store.clock()),
                    exercise_version=analyser.exercise.version,
                    request_key=analyser.request.key(),
                )
            outcomes.append(outcome)
    return outcomes
