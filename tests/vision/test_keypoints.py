"""The keypoint file: what comes back, how small it is, and what it refuses."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import random
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rehabctl.analysis.keypoint_series import (
    FrameSignals,
    KeypointSeries,
    ModelInfo,
    PersonSample,
    VideoInfo,
)
from rehabctl.domain.errors import ExitCode, NotFoundError, RehabctlError
from rehabctl.vision import keypoints
from rehabctl.vision.keypoint_container import seal
from rehabctl.vision.keypoints import Profile

BODY = [0, 7, 8, *range(11, 33)]
FACE = [1, 2, 3, 4, 5, 6, 9, 10]
VIDEO = VideoInfo("ab" * 32, 1080, 1920, 90, 2.0, 60, 30.0, variable_frame_rate=False)
MODEL = ModelInfo("pose_landmarker_full", "cd" * 32, "0.10.31", "5.0.0")


def figure(frames: int, seed: int = 1, size_px: float = 600.0) -> KeypointSeries:
    """A body whose landmarks drift smoothly, with noise, gaps and people."""
    rng = np.random.default_rng(seed)
    t_s = np.arange(frames) / 30 + 0.1
    base = rng.uniform(0.2, 0.8, (33, 2)) * size_px + 300
    swing = np.sin(2 * np.pi * 0.3 * t_s)[:, None, None] * rng.normal(0, size_px / 8, (33, 2))
    xy = base + swing + rng.normal(0, 0.3, (frames, 33, 2))
    visibility = rng.uniform(0, 1, (frames, 33))
    world = np.concatenate([(xy - xy.mean(axis=1, keepdims=True)) / size_px, xy[:, :, :1] * 0], 2)
    missing = rng.random(frames) < 0.05
    for array in (xy, visibility, world):
        array[missing] = np.nan
    signals = FrameSignals(
        luma=rng.uniform(0, 255, frames).astype(np.float32),
        sharpness=rng.uniform(0, 5000, frames).astype(np.float32),
        change=rng.uniform(0, 60, frames).astype(np.float32),
    )
    return KeypointSeries(
        t_s=t_s,
        xy_px=xy.astype(np.float32),
        visibility=visibility.astype(np.float32),
        world_m=world.astype(np.float32),
        video=VIDEO,
        model=MODEL,
        signals=signals,
        people=(PersonSample(0.5, ((1.5, 2.0, 300.25, 900.0),)), PersonSample(1.5, ())),
        options={"mirror": False, "analysis_fps": 30.0, "running_mode": "video"},
    )


def packed(series: KeypointSeries, profile: Profile = Profile.FULL) -> bytes:
    stream = io.BytesIO()
    keypoints.write(series, stream, profile)
    return stream.getvalue()


def unpacked(data: bytes) -> KeypointSeries:
    return keypoints.read(io.BytesIO(data))


# -- what comes back -----------------------------------------------------------------------------


@given(frames=st.integers(0, 90), seed=st.integers(0, 999), size=st.floats(40, 20_000))
@settings(max_examples=60, deadline=None)
def test_full_profile_keeps_everything_within_its_bounds(
    frames: int, seed: int, size: float
) -> None:
    series = figure(frames, seed, size)
    back = unpacked(packed(series))
    # 0.06 px at 1920, or half of what 16 bits need for landmarks far outside the image
    largest = float(np.nanmax(np.abs(series.xy_px), initial=0.0, where=np.isfinite(series.xy_px)))
    bound_px = max(0.06, 0.51 * largest / 32767) + 1e-3
    assert np.array_equal(np.isnan(series.xy_px), np.isnan(back.xy_px))
    assert np.nanmax(np.abs(series.xy_px - back.xy_px), initial=0.0) <= bound_px
    assert np.nanmax(np.abs(series.visibility - back.visibility), initial=0.0) <= 0.002 + 1e-6
    assert series.world_m is not None
    assert back.world_m is not None
    assert np.nanmax(np.abs(series.world_m - back.world_m), initial=0.0) <= 0.00005 + 1e-5
    assert np.abs(series.t_s - back.t_s).max(initial=0.0) <= 1e-6
    assert (back.video, back.model, back.people, back.options) == (
        series.video, series.model, series.people, series.options,
    )  # fmt: skip
    assert series.signals is not None
    assert back.signals is not None
    assert np.allclose(series.signals.luma, back.signals.luma, atol=0.006)
    assert np.allclose(series.signals.change, back.signals.change, atol=0.006)
    assert np.allclose(series.signals.sharpness, back.signals.sharpness, rtol=0.005, atol=0.02)


def test_compact_profile_keeps_the_body_alone() -> None:
    series = figure(60)
    back = unpacked(packed(series, Profile.COMPACT))
    assert back.world_m is not None
    assert series.world_m is not None
    assert np.flatnonzero(np.isfinite(back.world_m).any(axis=(0, 2))).tolist() == [11, 12]
    assert np.nanmax(np.abs(series.world_m - back.world_m)) <= 0.0025 + 1e-6
    assert np.isnan(back.xy_px[:, FACE]).all()
    assert np.isnan(back.visibility[:, FACE]).all()
    assert np.nanmax(np.abs(series.xy_px - back.xy_px)[:, BODY]) < 0.5


@pytest.mark.parametrize("profile", list(Profile))
def test_second_round_changes_nothing(profile: Profile) -> None:
    once = packed(figure(60), profile)
    again = unpacked(packed(unpacked(once), profile))
    assert np.allclose(unpacked(once).xy_px, again.xy_px, atol=0.5, equal_nan=True)
    assert packed(figure(60), profile) == once


def test_series_without_world_signals_and_people() -> None:
    bare = replace(figure(20), world_m=None, signals=None, people=(), options={})
    back = unpacked(packed(bare))
    assert back.world_m is None
    assert back.signals is None
    assert back.people == ()


def test_nobody_found_is_kept_as_nothing() -> None:
    series = figure(10)
    for array in (series.xy_px, series.visibility):
        array[:] = np.nan
    for profile in Profile:
        back = unpacked(packed(series, profile))
        assert np.isnan(back.xy_px).all()
        assert np.isnan(back.visibility).all()


def test_file_is_a_plain_npz(tmp_path: Path) -> None:
    path = tmp_path / "squat.npz"
    keypoints.write(figure(30), path)
    with np.load(path, allow_pickle=False) as file:
        header = json.loads(file["header"].tobytes())
        assert header["schema"] == "rehabctl-keypoints/1"
        assert file["xy"].shape == (2, 66, 30)
    assert [p.name for p in tmp_path.iterdir()] == ["squat.npz"]
    assert path.stat().st_mode & 0o077 == 0
    assert keypoints.read(path).video == VIDEO


def test_layout_is_the_documented_one() -> None:
    """Unpack by the words of docs/keypoint-file.md, with whole numbers of Python alone."""
    series = figure(25)
    data = packed(series)
    arrays, header = arrays_of(data), header_of(data)
    low, high = arrays["xy"].tolist()
    for row in (0, 23, 65):
        step, value = header["xy_step_px"], 0
        for frame in range(25):
            folded = low[row][frame] + 256 * high[row][frame]
            difference = folded // 2 if folded % 2 == 0 else -(folded + 1) // 2
            value = (value + difference + 32768) % 65536 - 32768
            expected = series.xy_px[frame, row // 2, row % 2]
            if value == -32768:
                assert np.isnan(expected)
            else:
                assert value * step == pytest.approx(expected, abs=0.06)
    assert np.allclose(np.cumsum(arrays["t_us"]) / 1e6, series.t_s, atol=1e-6)
    codes = np.cumsum(arrays["visibility"].astype(int), axis=1) % 256
    assert np.array_equal(codes.T == 255, np.isnan(series.visibility))
    seal_start = data.rindex(b"rehabctl-keypoints sha256:")
    assert data[seal_start + 26 :].decode() == hashlib.sha256(data[:-64]).hexdigest()


def test_times_closer_than_a_microsecond_are_refused() -> None:
    series = figure(2)
    with pytest.raises(ValueError, match="microsecond"):
        packed(replace(series, t_s=np.array([0.0, 1e-8])))


# -- what it refuses -----------------------------------------------------------------------------

WHOLE = packed(figure(40), Profile.COMPACT)


@given(st.integers(0, len(WHOLE) * 8 - 1))
@settings(max_examples=300, deadline=None)
def test_any_flipped_bit_is_found(bit: int) -> None:
    damaged = bytearray(WHOLE)
    damaged[bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(RehabctlError) as caught:
        unpacked(bytes(damaged))
    assert caught.value.exit_code == ExitCode.FAILED


def test_any_flipped_bit_of_the_seal_is_found() -> None:
    for bit in range(8 * (len(WHOLE) - 100), 8 * len(WHOLE)):
        damaged = bytearray(WHOLE)
        damaged[bit // 8] ^= 1 << (bit % 8)
        with pytest.raises(RehabctlError):
            unpacked(bytes(damaged))


@given(st.integers(0, len(WHOLE) - 1))
@settings(max_examples=100, deadline=None)
def test_any_cut_or_growth_is_found(length: int) -> None:
    with pytest.raises(RehabctlError):
        unpacked(WHOLE[:length])
    with pytest.raises(RehabctlError):
        unpacked(WHOLE + WHOLE[: length + 1])


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_politely(data: bytes) -> None:
    with pytest.raises(RehabctlError, match=r"is not a keypoint file|is damaged"):
        unpacked(data)


def test_damage_and_foreign_files_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "cut.npz"
    path.write_bytes(WHOLE[:-7])
    with pytest.raises(RehabctlError, match=r"cut\.npz is damaged"):
        keypoints.read(path)
    np.savez(tmp_path / "other.npz", t_s=np.zeros(3))
    with pytest.raises(RehabctlError, match=r"other\.npz is not a keypoint file"):
        keypoints.read(tmp_path / "other.npz")
    with pytest.raises(NotFoundError):
        keypoints.read(tmp_path / "missing.npz")
    with pytest.raises(RehabctlError, match="cannot be read"):
        keypoints.read(tmp_path)


class Pickled:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("pickle-ran",)


def header_of(data: bytes) -> dict[str, object]:
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return json.loads(file["header"].tobytes())


def arrays_of(data: bytes) -> dict[str, NDArray[np.uint8]]:
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return dict(file.items())


def resealed(changes: dict[str, object], **arrays: NDArray[np.generic]) -> bytes:
    """A made-up file with a right checksum."""
    text = json.dumps({**header_of(WHOLE), **changes}).encode()
    header = np.frombuffer(text, np.uint8)
    return seal({**arrays_of(WHOLE), "header": header, **arrays})


@pytest.mark.parametrize(
    "changes",
    [
        {"frames": 10**9},
        {"frames": 500_000},
        {"frames": 41},
        {"frames": -1},
        {"frames": "x"},
        {"landmarks": [0] * 100_000},
        {"landmarks": [99]},
        {"landmarks": None},
        {"xy_step_px": float("nan")},
        {"xy_step_px": 0},
        {"xy_step_px": 1e300},
        {"signal_step": -1},
        {"world_step_m": 0},
        {"world_landmarks": [40, 41]},
        {"world_landmarks": [11, 12, 13]},
        {"video": {}},
        {"video": {"width": "wide"}},
        {"model": {"name": "x"}},
        {"people": [{"t_s": 1, "boxes_px": [[1, 2]]}]},
        {"people": 7},
        {"options": {"x": [1]}},
        {"schema": "rehabctl-keypoints/x"},
        {"schema": 7},
    ],
    ids=str,
)
def test_made_up_headers_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(RehabctlError) as caught:
        unpacked(resealed(changes))
    assert caught.value.exit_code == ExitCode.FAILED


def test_newer_version_is_named() -> None:
    with pytest.raises(RehabctlError, match="version 2, newer") as caught:
        unpacked(resealed({"schema": "rehabctl-keypoints/2"}))
    assert caught.value.next_step == "Upgrade rehabctl"


def test_arrays_of_another_type_or_order_are_refused() -> None:
    xy = arrays_of(WHOLE)["xy"]
    for other in (xy.astype(np.int16), xy[:, :-1], np.zeros((0,), np.uint8)):
        with pytest.raises(RehabctlError, match="damaged"):
            unpacked(resealed({}, xy=other))


def test_times_that_stand_still_are_refused() -> None:
    with pytest.raises(RehabctlError, match="damaged"):
        unpacked(resealed({}, t_us=np.zeros(40, np.int64)))


def sealed_zip(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in members.items():
            file.writestr(name, data)
        file.comment = b"rehabctl-keypoints sha256:" + b"0" * 64
    body = out.getvalue()[:-64]
    return body + hashlib.sha256(body).hexdigest().encode()


def members_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        return {name: file.read(name) for name in file.namelist()}


def test_no_pickle_is_ever_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    stream = io.BytesIO()
    np.save(stream, np.array([Pickled()], dtype=object), allow_pickle=True)
    for name in ("header.npy", "xy.npy", "t_us.npy"):
        with pytest.raises(RehabctlError, match="damaged"):
            unpacked(sealed_zip({**members_of(WHOLE), name: stream.getvalue()}))
    assert not (tmp_path / "pickle-ran").exists()


@pytest.mark.parametrize("name", ["header.npy", "xy.npy", "visibility.npy"])
def test_member_that_unpacks_to_too_much_is_given_up(name: str) -> None:
    import tracemalloc

    bomb = sealed_zip({**members_of(WHOLE), name: bytes(64 * 2**20)})
    assert len(bomb) < 2**20
    tracemalloc.start()
    try:
        with pytest.raises(RehabctlError, match="damaged"):
            unpacked(bomb)
        assert tracemalloc.get_traced_memory()[1] < 20 * 2**20
    finally:
        tracemalloc.stop()


@given(seed=st.integers(0, 10_000))
@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_scrambled_members_under_a_right_checksum_never_crash(seed: int) -> None:
    rng = random.Random(seed)
    members = members_of(WHOLE)
    name = rng.choice(sorted(members))
    data = bytearray(members[name])
    for _ in range(rng.randint(1, 6)):
        data[rng.randrange(min(len(data), 400))] = rng.randrange(256)
    with contextlib.suppress(RehabctlError):  # numbers alone may change unseen; all else is refused
        unpacked(sealed_zip({**members, name: bytes(data)}))


def test_unwritable_folder_is_an_error_and_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "missing" / "x.npz"
    with pytest.raises(RehabctlError, match=r"x\.npz cannot be written"):
        keypoints.write(figure(3), target)
    (tmp_path / "taken.npz").mkdir()
    with pytest.raises(RehabctlError, match="cannot be written"):
        keypoints.write(figure(3), tmp_path / "taken.npz")
    assert [p.name for p in tmp_path.iterdir()] == ["taken.npz"]
