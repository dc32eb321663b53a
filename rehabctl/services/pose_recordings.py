"""Landmarks of recordings: from videos, from keypoint files, and from other programs' files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rehabctl.domain.errors import NotFoundError, RehabctlError, UsageError

if TYPE_CHECKING:
    from rehabctl.analysis.keypoint_series import KeypointSeries
    from rehabctl.vision.options import ExtractOptions, ExtractResult

Report = Callable[[float, float | None], None]
KEYPOINT_SUFFIX = ".npz"
PLANES = ("sagittal", "frontal")
_VIDEO_ONLY = "--mirror-average needs the video: a keypoint file has no pictures to flip"


def is_keypoint_file(path: Path) -> bool:
    """Return whether a path names a keypoint file of rehabctl.

    Parameters
    ----------
    path
        The input.
    """
    return path.suffix.lower() == KEYPOINT_SUFFIX


@dataclass(frozen=True)
class Reading:
    """How recordings are turned into landmarks; the same for all inputs of a command."""

    model: Callable[[], Path]
    """Returns the pose model; asked only when a video has to be analysed."""
    options: ExtractOptions
    jobs: int = 1
    mirror_average: bool = False

    def read(self, paths: Sequence[Path], report: Report) -> Iterator[ExtractResult]:
        """Yield the landmarks of each input, or its error, as they are done.

        Parameters
        ----------
        paths
            Videos and keypoint files.
        report
            Progress in seconds of video.
        """
        videos = [path for path in paths if not is_keypoint_file(path)]
        for path in paths:
            if is_keypoint_file(path):
                yield self._keypoint_file(path)
        if videos and self.mirror_average:
            yield from self._mirror_averaged(videos, report)
        elif videos:
            yield from self._extracted(videos, report, mirror=False)

    def read_one(self, path: Path, report: Report) -> KeypointSeries:
        """Return the landmarks of one input.

        Parameters
        ----------
        path
            A video or a keypoint file.
        report
            Progress.

        Raises
        ------
        RehabctlError
            It cannot be read.
        """
        [result] = self.read([path], report)
        if result.series is None:
            raise result.error or RehabctlError(f"{path.name} gave no answer", "Try again")
        return result.series

    def _keypoint_file(self, path: Path) -> ExtractResult:
        from rehabctl.vision import keypoints
        from rehabctl.vision.options import ExtractResult

        try:
            if self.mirror_average:
                raise UsageError(_VIDEO_ONLY, "Name the video")
            return ExtractResult(path, keypoints.read(path))
        except RehabctlError as error:
            return ExtractResult(path, error=error)

    def _extracted(
        self, videos: Sequence[Path], report: Report, *, mirror: bool
    ) -> Iterator[ExtractResult]:
        from dataclasses import replace

        from rehabctl.vision.worker import extract_many

        options = replace(self.options, mirror=mirror)
        return extract_many(videos, self.model(), jobs=self.jobs, options=options, report=report)

    def _mirror_averaged(self, videos: Sequence[Path], report: Report) -> Iterator[ExtractResult]:
        from rehabctl.analysis.symmetry import mirror_average
        from rehabctl.vision.options import ExtractResult

        plain: dict[Path, KeypointSeries] = {}
        for result in self._extracted(videos, _half(report, 0.0), mirror=False):
            if result.series is None:
                yield result
            else:
                plain[result.path] = result.series
        for result in self._extracted(list(plain), _half(report, 1.0), mirror=True):
            if result.series is None:
                yield result
            else:
                both = mirror_average(plain[result.path], result.series)
                yield ExtractResult(result.path, both)


def _half(report: Report, done: float) -> Report:
    """Return a report for the first (0) or second (1) of two runs over the same videos."""

    def tell(done_s: float, total_s: float | None) -> None:
        if total_s is None:
            report(done_s, None)
        else:
            report(done_s + done * total_s, 2 * total_s)

    return tell


def extract_keypoints(
    reading: Reading, video: Path, target: Path, *, profile: str, report: Report
) -> tuple[int, int]:
    """Write the landmarks of a video to a keypoint file.

    Parameters
    ----------
    reading
        How the video is read.
    video
        The video.
    target
        The file to write.
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

    try:
        chosen = keypoints.Profile(profile)
    except ValueError:
        raise UsageError(f"unknown profile {profile!r}", "Use full or compact") from None
    series = reading.read_one(video, report)
    keypoints.write(series, target, chosen)
    return len(series.t_s), int(np.isfinite(series.xy_px[:, 0, 0]).sum())


def import_recording(path: Path, *, fps: float | None, plane: str) -> KeypointSeries:
    """Return the landmarks that another program wrote.

    Parameters
    ----------
    path
        A TRC file, a JSON file, or a folder of OpenPose files (one a frame).
    fps
        Frame rate; JSON carries none.
    plane
        sagittal or frontal: onto which body plane three-dimensional points are projected.

    Raises
    ------
    NotFoundError
        There is no such file or folder.
    UsageError
        The plane is none of the two, or the frame rate is missing.
    RehabctlError
        The file cannot be read or holds no known layout.
    """
    from rehabctl.integrations.motion_files import keypoint_json, points, trc

    if plane not in PLANES:
        raise UsageError(f"unknown plane {plane!r}", f"Use {' or '.join(PLANES)}")
    if not path.exists():
        raise NotFoundError(f"{path.name} does not exist", "Check the path")
    try:
        is_trc = path.is_file() and path.suffix.lower() == ".trc"
        foreign = trc.read(path) if is_trc else keypoint_json.read(path, fps=fps)
    except OSError as error:
        raise RehabctlError(
            f"{path.name} cannot be read: {error.strerror}", "Check the file's permissions"
        ) from None
    return points.to_series(foreign, plane=plane)
