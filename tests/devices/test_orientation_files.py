"""Files of other programs that hold several sensors: the movement comes back, damage is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rehabctl.analysis.imu_recording import GRAVITY_MS2, RecordingMeta
from rehabctl.devices.files.apdm_hdf5 import read_apdm
from rehabctl.devices.files.mvnx import read_mvnx
from rehabctl.devices.files.opensim_sto import read_sto
from rehabctl.domain.errors import NotFoundError, RehabctlError

META = RecordingMeta(segment="thigh")
T = np.arange(0, 4, 0.01)
RATE = 0.8
"""rad/s about x."""


def quats() -> np.ndarray:
    zero = np.zeros(len(T))
    return np.stack([np.cos(RATE * T / 2), np.sin(RATE * T / 2), zero, zero], axis=1)


def sto(path: Path, cells: list[str]) -> Path:
    head = "DataRate=100\nDataType=Quaternion\nversion=3\nendheader\ntime\ttorso_imu\tthigh_imu\n"
    rows = [f"{t:.3f}\t1,0,0,0\t{cell}" for t, cell in zip(T, cells, strict=False)]
    path.write_text(head + "\n".join(rows) + "\n")
    return path


def test_opensim_table(tmp_path: Path) -> None:
    cells = [",".join(f"{v:.12f}" for v in q) for q in quats()]
    found = read_sto(sto(tmp_path / "a.sto", cells), "thigh_imu", META)
    assert found.gyr_rads == pytest.approx(np.tile([RATE, 0, 0], (len(T) - 1, 1)), abs=1e-6)
    assert np.linalg.norm(found.acc_ms2, axis=1) == pytest.approx(GRAVITY_MS2)
    assert found.acc_ms2[0] == pytest.approx([0, 0, GRAVITY_MS2])
    assert found.acc_ms2[-1, 1] == pytest.approx(GRAVITY_MS2 * np.sin(RATE * T[-2]))
    still = read_sto(tmp_path / "a.sto", "torso_imu", META)
    assert not still.gyr_rads.any()
    with pytest.raises(NotFoundError, match="thigh_im"):
        read_sto(tmp_path / "a.sto", "thigh_im", META)
    with pytest.raises(NotFoundError, match="several"):
        read_sto(tmp_path / "a.sto", "", META)


@pytest.mark.parametrize("cell", ["1,0,0", "a,b,c,d", "0,0,0,0", "nan,0,0,0"])
def test_damaged_opensim_tables_are_refused(cell: str, tmp_path: Path) -> None:
    with pytest.raises(RehabctlError):
        read_sto(sto(tmp_path / "a.sto", [cell] * len(T)), "thigh_imu", META)
    (tmp_path / "b.sto").write_text("no header\n1\t2\n")
    with pytest.raises(RehabctlError, match="no OpenSim table"):
        read_sto(tmp_path / "b.sto", "", META)


def mvnx(path: Path, quat_rows: list[str], doctype: str = "") -> Path:
    frames = "".join(
        f'<frame time="{round(1000 * t)}" type="normal"><sensorOrientation>1 0 0 0 {q}'
        f"</sensorOrientation><sensorFreeAcceleration>0 0 0 0 0 1</sensorFreeAcceleration></frame>"
        for t, q in zip(T, quat_rows, strict=True)
    )
    path.write_text(
        f'<?xml version="1.0"?>{doctype}<mvnx xmlns="http://www.xsens.com/mvn/mvnx"><subject>'
        '<sensors><sensor label="Pelvis"/><sensor label="RightUpperLeg"/></sensors><frames>'
        f'<frame time="0" type="identity"/>{frames}</frames></subject></mvnx>'
    )
    return path


def test_mvnx(tmp_path: Path) -> None:
    rows = [" ".join(f"{v:.12f}" for v in q) for q in quats()]
    found = read_mvnx(mvnx(tmp_path / "a.mvnx", rows), "RightUpperLeg", META)
    assert found.gyr_rads == pytest.approx(np.tile([RATE, 0, 0], (len(T) - 1, 1)), abs=1e-6)
    assert found.acc_ms2[0] == pytest.approx([0, 0, GRAVITY_MS2 + 1.0])
    with pytest.raises(NotFoundError):
        read_mvnx(tmp_path / "a.mvnx", "LeftFoot", META)
    with pytest.raises(RehabctlError, match="lacks"):
        read_mvnx(mvnx(tmp_path / "b.mvnx", ["1 0 0"] * len(T)), "RightUpperLeg", META)
    (tmp_path / "d.mvnx").write_text("<mvnx><frame>")
    with pytest.raises(RehabctlError, match="no MVNX"):
        read_mvnx(tmp_path / "d.mvnx", "", META)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("before", ["", "<!-- " + 8192 * "x" + " -->"])
@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE mvnx [<!ENTITY a "1 0 0 0"><!ENTITY b "&a;&a;">]>',
        '<!DOCTYPE mvnx SYSTEM "file:///etc/passwd">',
        "<!DOCTYPE mvnx>",
    ],
)
def test_an_mvnx_file_with_a_document_type_is_refused_wherever_it_stands(
    doctype: str, before: str, encoding: str, tmp_path: Path
) -> None:
    rows = [" ".join(f"{v:.12f}" for v in q) for q in quats()]
    path = mvnx(tmp_path / "c.mvnx", rows, before + doctype)
    text = path.read_text().replace('"1.0"?', f'"1.0" encoding="{encoding}"?')
    path.write_text(text, encoding)
    with pytest.raises(RehabctlError, match="no MVNX"):
        read_mvnx(path, "RightUpperLeg", META)
    path.write_text(text.replace(doctype, ""), encoding)
    assert len(read_mvnx(path, "RightUpperLeg", META)) > 300


def test_apdm(tmp_path: Path) -> None:
    h5py = pytest.importorskip("h5py")
    acc = np.tile([0.0, 0.0, 9.8], (len(T), 1))
    with h5py.File(tmp_path / "a.h5", "w") as file:
        group = file.create_group("Sensors/1234")
        group["Time"] = (1e6 * T + 5e14).astype(np.uint64)
        group["Accelerometer"], group["Gyroscope"] = acc, 0.1 * acc
    found = read_apdm(tmp_path / "a.h5", "", META)
    assert found.t_s == pytest.approx(T, abs=1e-4)
    assert found.acc_ms2.tolist() == acc.tolist()
    assert found.mag_ut is None
    (tmp_path / "b.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + b"\0" * 40)
    with pytest.raises(RehabctlError, match="no APDM"):
        read_apdm(tmp_path / "b.h5", "", META)
