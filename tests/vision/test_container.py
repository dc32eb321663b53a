"""What the outside of a file tells, without a decoder."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.domain.errors import NotFoundError, RehabctlError
from rehabctl.vision.container import check_file, file_sha256, is_cut_off

from .clips import CLIPS, clip

WHOLE = clip("still_standing_0reps").read_bytes()


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cut") / "clip.mp4"


@pytest.mark.parametrize("path", sorted(CLIPS.glob("*.mp4")), ids=lambda p: p.stem)
def test_whole_clips_are_whole(path: Path) -> None:
    check_file(path)
    assert not is_cut_off(path)


@given(length=st.integers(9, len(WHOLE) - 1))
def test_a_clip_cut_anywhere_shows(scratch: Path, length: int) -> None:
    scratch.write_bytes(WHOLE[:length])
    assert is_cut_off(scratch)


def test_a_clip_cut_between_two_boxes_shows(scratch: Path) -> None:
    index = WHOLE.rindex(b"moov") - 4
    scratch.write_bytes(WHOLE[:index])
    assert is_cut_off(scratch)


def test_boxes_with_long_sizes_are_followed(tmp_path: Path) -> None:
    long_box = (1).to_bytes(4, "big") + b"mdat" + (16 + 10).to_bytes(8, "big") + bytes(10)
    path = tmp_path / "long.mp4"
    index = (8).to_bytes(4, "big") + b"moov"
    path.write_bytes(WHOLE[:32] + index + long_box)
    assert not is_cut_off(path)
    path.write_bytes(WHOLE[:32] + index + long_box[:-1])
    assert is_cut_off(path)
    path.write_bytes(WHOLE[:32] + index + long_box[:12])
    assert is_cut_off(path)


@given(data=st.binary(max_size=200))
def test_no_bytes_hang_or_crash_the_check(scratch: Path, data: bytes) -> None:
    scratch.write_bytes(b"\0\0\0\x10ftyp" + data)
    assert is_cut_off(scratch) in (True, False)
    scratch.write_bytes(data)
    assert is_cut_off(scratch) in (True, False)


def test_other_files_are_never_called_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "note.mp4"
    path.write_text("this is not a video at all")
    assert not is_cut_off(path)


def test_each_kind_of_nothing_has_its_own_error(tmp_path: Path) -> None:
    empty = tmp_path / "empty.mp4"
    empty.touch()
    with pytest.raises(RehabctlError, match="is empty"):
        check_file(empty)
    with pytest.raises(RehabctlError, match="is a folder"):
        check_file(tmp_path)
    with pytest.raises(NotFoundError, match="does not exist"):
        check_file(tmp_path / "missing.mp4")


def test_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    below_a_file = tmp_path / "clip.mp4" / "inner.mp4"
    (tmp_path / "clip.mp4").write_bytes(WHOLE)
    with pytest.raises(RehabctlError, match=r"inner\.mp4 cannot be read"):
        check_file(below_a_file)


def test_hash_is_that_of_the_bytes(tmp_path: Path) -> None:
    path = tmp_path / "abc"
    path.write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_sha256(path) == known
