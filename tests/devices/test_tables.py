"""Tables of other programs: headers, units, wrapped clocks, bad lines; any text without a crash."""

from __future__ import annotations

from math import radians
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.analysis.imu_recording import GRAVITY_MS2, RecordingMeta
from rehabctl.devices.files.tables import load_layout, packaged_layouts, parse_table, read_table
from rehabctl.domain.errors import NotFoundError, RehabctlError

DOT = load_layout("movella-dot-csv")
HEADER = "PacketCounter,SampleTimeFine,Acc_X,Acc_Y,Acc_Z,Gyr_X,Gyr_Y,Gyr_Z,Mag_X,Mag_Y,Mag_Z\n"
META = RecordingMeta()


def dot(*rows: str) -> str:
    return "sep=,\nDeviceTag:,Left thigh\nFirmwareVersion:,2.4.0\n\n" + HEADER + "\n".join(rows)


def test_dot_export() -> None:
    text = dot(
        "1,4294950000,0,0,9.8,90,0,0,0.5,0,0", "2,4294966667,0,0,9.8,0,0,0,0.5,0,0",
        "3,16037,0,0,9.7,0,0,0,0.5,0,0",
    )  # fmt: skip
    found = parse_table(text, DOT, META, "x.csv")
    assert found.rejected_lines == ()
    recording = found.recording
    assert recording.t_s == pytest.approx([0.0, 0.016667, 0.033333])  # over the wrap
    assert recording.gyr_rads[0, 0] == radians(90)
    assert recording.acc_ms2[2].tolist() == [0.0, 0.0, 9.7]
    assert recording.mag_ut is not None


def test_xsens_text_without_magnetometer() -> None:
    names = "PacketCounter\tSampleTimeFine\tAcc_X\tAcc_Y\tAcc_Z\tGyr_X\tGyr_Y\tGyr_Z\n"
    text = "// Start Time: Unknown\n// Sample rate: 100.0Hz\n" + names
    text += "0\t100\t0\t0\t9.8\t0.5\t0\t0\n1\t200\t0\t0\t9.8\t0.5\t0\t0\n"
    recording = parse_table(text, load_layout("xsens-mt-text"), META, "x.txt").recording
    assert recording.t_s.tolist() == pytest.approx([0.0, 0.01])
    assert recording.gyr_rads[0, 0] == 0.5
    assert recording.mag_ut is None


def test_bad_lines_are_named_and_left_out() -> None:
    good = [f"{i},{i * 16667},0,0,9.8,0,0,0,0,0,0" for i in range(1, 6)]
    rows = [*good[:2], "3,50001,0,0,,0,0,0,0,0,0", good[1], "9,nan,0,0,9,0,0,0,0,0,0", *good[3:]]
    found = parse_table(dot(*rows), DOT, META, "x.csv")
    assert found.rejected_lines == (8, 9, 10)
    assert len(found.recording) == 4


def test_an_own_layout(tmp_path: Path) -> None:
    layout = tmp_path / "own.toml"
    layout.write_text(
        '[layout]\ntime = "t"\ntime_unit_s = 0.001\ndelimiter = ";"\nacc_unit = "g"\n'
        'acc = ["ax", "ay", "az"]\ngyr = ["gx", "gy", "gz"]\ngyr_unit = "deg/s"\n'
    )
    table = tmp_path / "own.csv"
    table.write_text("t;az;ay;ax;gx;gy;gz\n0;1;0;0;0;0;0\n10;1;0;0;0;0;0\n")
    recording = read_table(table, load_layout(str(layout)), META).recording
    assert recording.acc_ms2.tolist() == [[0.0, 0.0, GRAVITY_MS2]] * 2
    assert recording.t_s.tolist() == [0.0, 0.01]
    layout.write_text('[layout]\ntime = "t"\nacc = ["ax"]\n')
    with pytest.raises(RehabctlError, match="three columns"):
        load_layout(str(layout))


def test_what_is_not_there_is_named(tmp_path: Path) -> None:
    assert set(packaged_layouts()) == {"movella-dot-csv", "xsens-mt-text"}
    with pytest.raises(NotFoundError, match="layout"):
        load_layout("movella-dot")
    with pytest.raises(NotFoundError):
        load_layout(str(tmp_path / "none.toml"))
    with pytest.raises(NotFoundError):
        read_table(tmp_path / "none.csv", DOT, META)
    with pytest.raises(RehabctlError, match="no columns"):
        parse_table("a,b\n1,2\n", DOT, META, "x.csv")
    with pytest.raises(RehabctlError, match="no usable lines"):
        parse_table(HEADER, DOT, META, "x.csv")
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00\x80" * 10)
    with pytest.raises(RehabctlError):
        read_table(tmp_path / "b.csv", DOT, META)


@given(st.text(max_size=300), st.booleans())
def test_any_text_is_read_or_refused(text: str, with_header: bool) -> None:
    whole = HEADER + "1,1,0,0,9,0,0,0,0,0,0\n2,2,0,0,9,0,0,0,0,0,0\n" if with_header else ""
    try:
        found = parse_table(whole + text, DOT, META, "x.csv")
    except RehabctlError as error:
        assert "\n" not in str(error)  # noqa: PT017 - either outcome is right
    else:
        assert len(found.recording) >= 2
