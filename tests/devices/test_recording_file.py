"""Recording files: round trip, forms written by others, hostile files."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rehabctl.analysis.imu_recording import ImuRecording, RecordingMeta
from rehabctl.analysis.sensor_simulation import SimulatedSensor
from rehabctl.devices.recording_file import read_recording, write_recording
from rehabctl.domain.errors import NotFoundError, RehabctlError

META = RecordingMeta("D422CD001122", "Movella DOT", "3.0.0", 60.0, "thigh", "left")


def arrays(count: int = 50, **changes: Any) -> dict[str, Any]:
    whole = SimulatedSensor().still(5)
    named: dict[str, Any] = {
        "t_s": whole.t_s[:count],
        "gyr_rads": whole.gyr_rads[:count],
        "acc_ms2": whole.acc_ms2[:count],
        "meta": json.dumps({"serial": "S1", "rate_hz": 60}).encode(),
    }
    return {key: value for key, value in {**named, **changes}.items() if value is not None}


def test_round_trip(tmp_path: Path) -> None:
    whole = SimulatedSensor().still(3)
    recording = ImuRecording(whole.t_s, whole.gyr_rads, whole.acc_ms2, whole.mag_ut, META)
    file, again = tmp_path / "a.npz", tmp_path / "b.npz"
    write_recording(file, recording)
    found = read_recording(file)
    assert found.meta == META
    assert found.mag_ut is not None
    for name in ("t_s", "gyr_rads", "acc_ms2", "mag_ut"):
        assert np.array_equal(getattr(found, name), getattr(recording, name))
    write_recording(again, found)
    assert again.read_bytes() == file.read_bytes()
    with np.load(file, allow_pickle=False) as data:  # what others read it with
        assert json.loads(bytes(data["meta"]))["serial"] == META.serial
        assert json.loads(data["meta"].item())["segment"] == "thigh"


@pytest.mark.parametrize(
    "meta",
    [
        b'{"serial": "S1"}',
        np.frombuffer(b'{"serial": "S1"}', dtype=np.uint8),
        np.array('{"serial": "S1"}'),
    ],
)
def test_every_form_of_meta(tmp_path: Path, meta: Any) -> None:
    np.savez(tmp_path / "r.npz", **arrays(meta=meta))
    assert read_recording(tmp_path / "r.npz").meta.serial == "S1"


def test_forms_of_other_writers(tmp_path: Path) -> None:
    plain = arrays()
    turned = np.asfortranarray(plain["gyr_rads"])
    np.savez_compressed(
        tmp_path / "r.npz",
        **arrays(gyr_rads=turned, acc_ms2=plain["acc_ms2"].astype(np.float32), meta=None),
    )
    found = read_recording(tmp_path / "r.npz")
    assert np.array_equal(found.gyr_rads, plain["gyr_rads"])
    assert found.acc_ms2.dtype == np.float64
    assert found.meta == RecordingMeta()


@pytest.mark.parametrize(
    "changes",
    [
        {"t_s": None},
        {"gyr_rads": None},
        {"t_s": np.zeros(50)},
        {"gyr_rads": np.zeros((50, 4))},
        {"gyr_rads": np.zeros((49, 3))},
        {"acc_ms2": np.full((50, 3), np.nan)},
        {"acc_ms2": np.zeros((50, 3), dtype="S8")},
        {"mag_ut": np.full((50, 3), np.inf)},
        {"meta": b"[1]"},
        {"meta": b"{broken"},
        {"meta": np.zeros(3)},
        {"t_s": np.zeros(0), "gyr_rads": np.zeros((0, 3)), "acc_ms2": np.zeros((0, 3))},
    ],
)
def test_wrong_content_is_refused_in_one_line(tmp_path: Path, changes: dict[str, Any]) -> None:
    np.savez(tmp_path / "r.npz", **arrays(**changes))
    with pytest.raises(RehabctlError) as caught:
        read_recording(tmp_path / "r.npz")
    assert "\n" not in str(caught.value)
    assert "r.npz" in str(caught.value)


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    objects = np.array([{"a": 1}] * 50, dtype=object)
    np.savez(tmp_path / "r.npz", allow_pickle=True, **arrays(t_s=objects))
    with pytest.raises(RehabctlError):
        read_recording(tmp_path / "r.npz")


def test_an_array_that_claims_to_be_huge_is_not_unpacked(tmp_path: Path) -> None:
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000000,), }"
    body = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        body, {"descr": "<f8", "fortran_order": False, "shape": (10**13,)}
    )
    assert header[:10].encode() in body.getvalue()
    with zipfile.ZipFile(tmp_path / "r.npz", "w") as file:
        for name in ("t_s", "gyr_rads", "acc_ms2"):
            file.writestr(f"{name}.npy", body.getvalue())
    with pytest.raises(RehabctlError):
        read_recording(tmp_path / "r.npz")


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        read_recording(tmp_path / "none.npz")


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 10**6), value=st.integers(0, 255), cut=st.booleans())
def test_a_damaged_file_is_read_or_refused(
    tmp_path: Path, place: int, value: int, cut: bool
) -> None:
    file = tmp_path / "r.npz"
    np.savez_compressed(file, **arrays(20))
    data = bytearray(file.read_bytes())
    place %= len(data)
    data[place] = value
    file.write_bytes(data[:place] if cut else data)
    try:
        read_recording(file)
    except RehabctlError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right
