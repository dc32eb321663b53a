"""From exercise videos to movement assessments: look up, extract, measure, and store if asked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.services.pose_recordings import Reading, Report, is_keypoint_file

if TYPE_CHECKING:
    from rehabctl.analysis.assessment import MovementAssessment
    from rehabctl.analysis.body import Neutral
    from rehabctl.analysis.keypoint_series import KeypointSeries
    from rehabctl.analysis.measured import MeasuredMovement
    from rehabctl.domain.exercise import Exercise
    from rehabctl.services.settings import Settings
    from rehabctl.vision.models import ModelCheck, ModelFolders, PoseModel

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
    """Analyse the flipped pictures too and average both runs."""
    correct: bool = True
    """Whether the known bias of the landmarks is corrected."""
    neutral: str | None = None
    """Recording of the patient's neutral pose; `auto` takes still frames of the recording."""
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
    film_kept: bool = False


@dataclass(frozen=True, eq=False)
class Analyser:
    """Everything that the inputs of one command share.

    Parameters
    ----------
    exercise
        The exercise as the library holds it.
    request
        What the user asked for.
    settings
        What this command runs with.
    neutral
        The patient's neutral pose.
    """

    exercise: Exercise
    request: AnalysisRequest
    settings: Settings
    neutral: Neutral = None

    def key(self) -> str:
        """Return a hash of everything that changes the result, the neutral pose included."""
        if self.neutral is None or self.neutral == "auto":
            return self.request.key()
        text = f"{replace(self.request, neutral=None).key()} {self.neutral.video.sha256}"
        return hashlib.sha256(text.encode()).hexdigest()

    def measure(self, series: KeypointSeries) -> MeasuredMovement:
        """Measure angles, gates and repetitions of one recording.

        Parameters
        ----------
        series
            Landmarks of the recording.
        """
        from rehabctl.analysis.measure import measure

        return measure(
            series,
            self.exercise.measurement,
            exercise=self.exercise.slug,
            side=self.request.side,
            target_deg=self.request.target_deg,
            neutral=self.neutral,
            correct=self.request.correct,
        )

    def assess(self, series: KeypointSeries) -> MovementAssessment:
        """Measure one recording and everything that is read from it.

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

    def reading(self) -> Reading:
        """Return how the request wants recordings to be read."""
        asked = self.request
        return reading_of(
            self.settings,
            model=asked.model,
            fps=asked.fps,
            fast=asked.fast,
            jobs=asked.jobs,
            mirror_average=asked.mirror_average,
        )

    def outcomes(self, paths: Sequence[Path], report: Report) -> Iterator[AnalysisOutcome]:
        """Yield one outcome an input, in the order of the inputs' completion.

        Parameters
        ----------
        paths
            Videos and keypoint files.
        report
            Progress.
        """
        for result in self.reading().read(paths, report):
            if result.series is None:
                yield AnalysisOutcome(result.path, error=result.error)
            else:
                yield self.outcome(result.path, result.series)

    def outcome(self, path: Path, series: KeypointSeries) -> AnalysisOutcome:
        """Return what one recording gives, whichever program found its landmarks.

        Parameters
        ----------
        path
            Where it came from.
        series
            Its landmarks.
        """
        try:
            return AnalysisOutcome(path, self.assess(series), series)
        except RehabctlError as error:
            return AnalysisOutcome(path, error=error)


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
    from rehabctl.services.library import open_library

    exercise = open_library(settings).get(request.exercise)
    if request.side not in SIDES:
        raise UsageError(f"unknown side {request.side!r}", f"Use one of {', '.join(SIDES)}")
    require_measurable(exercise.measurement, exercise.slug)
    neutral: Neutral = None
    if request.neutral == "auto":
        neutral = "auto"
    elif request.neutral is not None:
        plain = reading_of(settings, model=request.model)
        neutral = plain.read_one(Path(request.neutral), lambda _done, _total: None)
    return Analyser(exercise, request, settings, neutral)


def reading_of(
    settings: Settings,
    *,
    model: str = "full",
    fps: float | None = None,
    fast: bool = False,
    jobs: int = 1,
    mirror_average: bool = False,
) -> Reading:
    """Return how recordings are turned into landmarks.

    Parameters
    ----------
    settings
        What this command runs with.
    model
        lite, full, heavy or the path of a `.task` file.
    fps
        Rate to analyse at; None is at most 30.
    fast
        Split long videos into parts of 60 s.
    jobs
        Files at the same time.
    mirror_average
        Average with the landmarks of the flipped pictures.
    """
    from rehabctl.vision.options import ExtractOptions

    return Reading(
        model=lambda: pose_model(model, settings).path,
        options=ExtractOptions(fps=fps, fast=fast),
        jobs=jobs,
        mirror_average=mirror_average,
    )


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


def analyse_and_store(
    analyser: Analyser,
    paths: Sequence[Path],
    mrn: str,
    report: Report,
    *,
    keep_film: bool = True,
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
    keep_film
        Keep the film, encrypted, for patients who consent to video recording.

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
                stored = assessments.save(
                    store,
                    rules,
                    patient,
                    outcome.series,
                    outcome.assessment,
                    recorded_at=assessments.recorded_moment(outcome.path, store.clock()),
                    exercise_version=analyser.exercise.version,
                    request_key=analyser.key(),
                    film=outcome.path if keep_film and not is_keypoint_file(outcome.path) else None,
                )
                outcome = replace(outcome, film_kept=stored.film_kept)
            outcomes.append(outcome)
    return outcomes
