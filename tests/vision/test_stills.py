"""Single frames: the right one, upright, as large as fits, decoded apart from this process."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.film import Picture
from rehabctl.vision.stills import Stills

np = pytest.importorskip("numpy")
cv2 = pytest.importorskip("cv2")
FIXTURES = Path(__file__).resolve().parents[2] / "fixtures" / "videos"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 frames at 20 frames a second, each a little brighter: the brightness tells the frame."""
    path = tmp_path_factory.mktemp("clip") / "grey.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 20.0, (160, 240))
    for i in range(40):
        writer.write(np.full((240, 160, 3), 40 + 4 * i, np.uint8))
    writer.release()
    return path


def frames_of(stills: Stills, *asked: float) -> list[int]:
    """Return the frames shown; the encoder moves all brightness alike, so the first is the zero."""
    first, *others = (
        np.frombuffer(stills.frame(t_s, 40, 40).rgb, np.uint8).mean() for t_s in (0.0, *asked)
    )
    return [round((other - first) / 4) for other in others]


def test_any_frame_in_any_order(clip: Path) -> None:
    with closing(Stills(clip)) as stills:
        assert frames_of(stills, 1.0, 0.5, 1.51, 1.54, 0.0) == [20, 10, 30, 30, 0]


def test_after_the_end_stands_the_last_frame(clip: Path) -> None:
    with closing(Stills(clip)) as stills:
        assert frames_of(stills, 60.0) == [39]


@pytest.mark.parametrize(("room", "size"), [((80, 400), (80, 120)), ((400, 60), (40, 60))])
def test_it_is_as_large_as_fits(clip: Path, room: tuple[int, int], size: tuple[int, int]) -> None:
    with closing(Stills(clip)) as stills:
        picture = stills.frame(0.2, *room)
    assert (picture.width_px, picture.height_px) == size


def test_a_turned_film_stands_upright() -> None:
    with closing(Stills(FIXTURES / "squat_rot90_metadata.mp4")) as stills:
        picture = stills.frame(0.5, 200, 200)
    assert picture.height_px > picture.width_px


def test_what_is_no_film_is_said(tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("not a film")
    with closing(Stills(text)) as stills, pytest.raises(RehabctlError):
        stills.frame(0.0, 40, 40)


def test_a_closed_film_answers_no_more(clip: Path) -> None:
    stills = Stills(clip)
    stills.close()
    with pytest.raises(RehabctlError, match="cannot be shown"):
        stills.frame(0.0, 40, 40)


def test_a_picture_is_filled() -> None:
    with pytest.raises(ValueError, match="2 x 2"):
        Picture(2, 2, b"\0" * 11)
