"""Everybody in about ten frames, found beside the tracking of one person."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor, wait

from rehabctl.analysis.keypoint_series import PersonSample
from rehabctl.vision.landmarker import Image, ModelFile, PeopleFinder

_MOST_SAMPLES = 10
_CLOSEST_S = 0.5
_BLIND_SPACING_S = 3.0


def sample_times_s(promised_s: float) -> list[float]:
    """Return when to look for everybody: up to ten moments, spread over the clip.

    Parameters
    ----------
    promised_s
        The duration of the header; with 0 (unknown) one look every 3 seconds.
    """
    if promised_s <= 0:
        return [_BLIND_SPACING_S * (i + 0.5) for i in range(_MOST_SAMPLES)]
    count = min(_MOST_SAMPLES, max(1, int(promised_s / _CLOSEST_S)))
    return [promised_s * (i + 0.5) / count for i in range(count)]


class PeopleSampler:
    """Looks for everybody in the frames that are handed to it, in a thread of its own.

    Parameters
    ----------
    model
        The network.
    """

    def __init__(self, model: ModelFile) -> None:
        self._model = model
        self._finder: PeopleFinder | None = None
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._looks: list[Future[PersonSample]] = []

    def add(self, t_s: float, image: Image, size: tuple[int, int]) -> None:
        """Hand over a frame; waits while the one before is being looked at.

        Parameters
        ----------
        t_s
            Its presentation time.
        image
            The frame, shared with the tracker.
        size
            Its width and height in pixels.
        """
        wait(self._looks[-1:])
        self._looks.append(self._thread.submit(self._look, t_s, image, size))

    def samples(self) -> tuple[PersonSample, ...]:
        """Return what was found, by time."""
        return tuple(sorted((look.result() for look in self._looks), key=lambda seen: seen.t_s))

    def close(self) -> None:
        """End the thread and release the network."""
        self._thread.shutdown(cancel_futures=True)
        if self._finder:
            self._finder.close()

    def _look(self, t_s: float, image: Image, size: tuple[int, int]) -> PersonSample:
        self._finder = self._finder or PeopleFinder(self._model)
        width, height = size
        boxes = self._finder.boxes(image)
        return PersonSample(
            t_s,
            tuple((x0 * width, y0 * height, x1 * width, y1 * height) for x0, y0, x1, y1 in boxes),
        )
