"""Files beside the result of `pose analyze`: annotated film, plot, page, TRC and MOT."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.services.pose_recordings import Report, is_keypoint_file

if TYPE_CHECKING:
    from rehabctl.analysis.assessment import MovementAssessment
    from rehabctl.analysis.keypoint_series import KeypointSeries
    from rehabctl.domain.review_item import ReviewComment
    from rehabctl.services.pose_analysis import Analyser, AnalysisOutcome
    from rehabctl.vision.overlay import Panel

STEP_FPS = 60.0
"""How often a second a reference film is brought into step."""


@dataclass(frozen=True, slots=True)
class OutputFiles:
    """Which files are asked for; `beside` is read, the others are written."""

    timeseries: Path | None = None
    keypoints: Path | None = None
    annotate: Path | None = None
    beside: Path | None = None
    plot: Path | None = None
    html: Path | None = None
    trc: Path | None = None
    mot: Path | None = None

    def require_possible(self, inputs: list[Path]) -> None:
        """Check before any work that these files can be made from these inputs.

        Parameters
        ----------
        inputs
            What is to be analysed.

        Raises
        ------
        UsageError
            Several inputs share one output, a folder is missing, or a video is needed.
        """
        named = {f.name: getattr(self, f.name) for f in fields(self)}
        asked = {name: path for name, path in named.items() if path is not None}
        if asked and len(inputs) > 1:
            options = " and ".join(f"--{name}" for name in asked)
            verb = "takes" if len(asked) == 1 else "take"
            raise UsageError(f"{options} {verb} one input", "Name one video")
        for name, path in asked.items():
            if name != "beside" and not path.absolute().parent.is_dir():
                raise UsageError(
                    f"the folder of --{name} {path.name} does not exist", "Make it first"
                )
        if self.beside is not None and self.annotate is None:
            raise UsageError("--beside adds a film to --annotate", "Give --annotate too")
        films = [*inputs, *([self.beside] if self.beside else [])]
        if self.annotate is not None and any(is_keypoint_file(film) for film in films):
            raise UsageError("--annotate draws on a video", "Name the video, not its keypoints")


def write_outputs(
    files: OutputFiles,
    outcome: AnalysisOutcome,
    analyser: Analyser,
    *,
    remarks: Sequence[ReviewComment] = (),
    report: Report,
) -> tuple[str, ...]:
    """Write the asked-for files of one analysed input, each whole or not at all.

    Returns what was not written and why.

    Parameters
    ----------
    files
        Which; series and keypoints are written by the command itself.
    outcome
        The analysed input; without an assessment nothing is written.
    analyser
        How it was analysed, for the film beside it.
    remarks
        Of the film's review, drawn into it.
    report
        Progress of the film.

    Raises
    ------
    RehabctlError
        A file cannot be written.
    """
    from rehabctl import __version__
    from rehabctl.integrations.motion_files import mot, trc
    from rehabctl.services import movement_report
    from rehabctl.services.pose_overlay import overlay_plan
    from rehabctl.vision.overlay import Panel, render

    found, series = outcome.assessment, outcome.series
    if found is None or series is None:
        return ()
    skipped = files.mot is not None and not found.series
    makers: tuple[tuple[Path | None, Callable[[Path], bytes]], ...] = (
        (files.plot, lambda _: movement_report.plot(found)),
        (files.html, lambda _: movement_report.html(found, version=__version__).encode()),
        (files.trc, lambda path: trc.write(series, name=path.name).encode()),
        (
            None if skipped else files.mot,
            lambda path: mot.write(list(found.series), name=path.stem).encode(),
        ),
    )
    for path, make in makers:
        if path is not None:
            write_whole(path, make(path))
    if files.annotate is not None:
        plan = overlay_plan(found, series, remarks)
        panels = [Panel(outcome.path, plan)]
        if files.beside is not None:
            panels = _side_by_side(files.beside, panels[0], found, series, analyser, report)
        render(panels, files.annotate, report=report)
    return ("No angle could be measured: --mot wrote nothing",) if skipped else ()


def _side_by_side(
    beside: Path,
    own: Panel,
    found: MovementAssessment,
    series: KeypointSeries,
    analyser: Analyser,
    report: Report,
) -> list[Panel]:
    """Return the film and a reference film that keeps step with it."""
    from rehabctl.services.pose_overlay import overlay_plan, phase_times
    from rehabctl.vision.overlay import Panel

    other = analyser.reading().read_one(beside, report)
    shown = analyser.assess(other)
    times = phase_times(found, shown, series.video.duration_s, STEP_FPS)
    return [
        replace(own, title="Recording"),
        Panel(
            beside,
            overlay_plan(shown, other),
            title="Reference",
            source_s=times,
            source_fps=STEP_FPS,
        ),
    ]


def write_whole(path: Path, data: bytes) -> None:
    """Write a file that appears whole or not at all; a new one is readable by the user alone.

    Parameters
    ----------
    path
        The file; replaced when it exists.
    data
        Its content.

    Raises
    ------
    RehabctlError
        It cannot be written.
    """
    try:
        descriptor, part = tempfile.mkstemp(suffix=".part", dir=path.parent)
    except OSError as error:
        raise _not_written(path, error) from None
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
        with contextlib.suppress(FileNotFoundError):
            os.chmod(part, path.stat().st_mode)
        os.replace(part, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            os.unlink(part)
        if isinstance(error, OSError):
            raise _not_written(path, error) from None
        raise


def _not_written(path: Path, error: OSError) -> RehabctlError:
    return RehabctlError(f"cannot write {path.name}: {error.strerror}", "Choose another path")
