"""Fitbit's files out of Takeout: both layouts, the clock of each file, and damage."""

from __future__ import annotations

import json
import zipfile
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.wearable import Wearer
from rehabctl.integrations.wearables import fitbit_takeout
from tests.integrations.wearables.readings import by_name, numbers, reading

DATA = "Takeout/Fitbit/Global Export Data"
PROFILE = "id,first_name,last_name,date_of_birth\nX1,Ana,Diaz,1961-04-02\n"
NIGHT = {
    "logId": 1,
    "startTime": "2026-03-09T23:00:00.000",
    "endTime": "2026-03-10T06:00:00.000",
    "levels": {
        "data": [
            {"dateTime": "2026-03-09T23:00:00.000", "level": "light", "seconds": 7200},
            {"dateTime": "2026-03-10T01:00:00.000", "level": "wake", "seconds": 3600},
            {"dateTime": "2026-03-10T02:00:00.000", "level": "rem", "seconds": 14400},
        ],
        "shortData": [{"dateTime": "2026-03-10T03:00:00.000", "level": "wake", "seconds": 1800}],
    },
}
FILES: dict[str, Any] = {
    "steps-2026-03-10.json": [
        {"dateTime": "03/10/26 03:59:00", "value": "40"},  # the evening before, in New York
        {"dateTime": "03/10/26 14:00:00", "value": "60"},
        {"dateTime": "03/10/26 14:01:00", "value": "0"},
        {"dateTime": "03/10/26 14:01:00", "value": "0"},
        {"dateTime": "03/11/26 18:00:00", "value": "30"},
    ],
    "heart_rate-2026-03-10.json": [
        {"dateTime": "03/10/26 14:00:05", "value": {"bpm": 90, "confidence": 2}},
        {"dateTime": "03/10/26 14:00:15", "value": {"bpm": 100, "confidence": 3}},
    ],
    "resting_heart_rate-2026-03-10.json": [
        {"dateTime": "03/10/26 00:00:00", "value": {"date": "03/10/26", "value": 58.4}},
        {"dateTime": "03/11/26 00:00:00", "value": {"date": None, "value": 0.0}},
    ],
    "sleep-2026-03-10.json": [NIGHT],
}
EXPECTED = {
    ("steps", "2026-03-09"): 40,
    ("steps", "2026-03-10"): 60,
    ("steps", "2026-03-11"): 30,
    ("heart_rate_bpm", "2026-03-10"): 100,
    ("resting_heart_rate_bpm", "2026-03-10"): pytest.approx(58.4),
    ("sleep_h", "2026-03-10"): 5.5,
}


def folder(tmp_path: Path, files: dict[str, Any]) -> Path:
    home = tmp_path / DATA
    home.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (home / name).write_text(content if isinstance(content, str) else json.dumps(content))
    profile = tmp_path / "Takeout/Fitbit/Your Profile"
    profile.mkdir(exist_ok=True)
    (profile / "Profile.csv").write_text(PROFILE)
    return tmp_path / "Takeout"


@pytest.mark.parametrize("pack", [False, True])
def test_every_file_by_its_own_clock(tmp_path: Path, pack: bool) -> None:
    path = folder(tmp_path, FILES)
    if pack:
        packed = tmp_path / "takeout.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in path.rglob("*.*"):
                archive.write(file, file.relative_to(tmp_path))
        path = packed
    found, said = reading()
    fitbit_takeout.read(path, found)
    assert numbers(found) == EXPECTED
    assert said == [Wearer(date(1961, 4, 2), "Ana", "Diaz")]
    assert not by_name(found)["steps", "2026-03-11"].is_whole  # the export may end within it
    assert by_name(found)["steps", "2026-03-10"].is_whole


def test_the_later_layout(tmp_path: Path) -> None:
    files = {
        "steps_2026-03-10.csv": "timestamp,steps,data source\n"
        "2026-03-10T14:00:00Z,60,Charge 6\n2026-03-10T14:01:00Z,,Charge 6\n",
        "heart_rate_2026-03-10.csv": "timestamp,beats per minute,data source\n"
        "2026-03-10T14:00:05Z,90.0,Charge 6\n",
    }
    found, _ = reading()
    fitbit_takeout.read(folder(tmp_path, files), found)
    assert numbers(found) == {("steps", "2026-03-10"): 60, ("heart_rate_bpm", "2026-03-10"): 90}
    assert [(r.file, r.line) for r in found.refusals] == [("steps_2026-03-10.csv", 3)]


def test_a_file_that_breaks_off_keeps_its_whole_records(tmp_path: Path) -> None:
    whole = json.dumps(FILES["steps-2026-03-10.json"])
    files = FILES | {"steps-2026-03-10.json": whole[: whole.index("14:01") + 3]}
    found, _ = reading()
    fitbit_takeout.read(folder(tmp_path, files), found)
    assert numbers(found)["steps", "2026-03-10"] == 60
    assert ("steps", "2026-03-11") not in numbers(found)
    assert found.cut == "steps-2026-03-10.json: the file breaks off at this record"
    assert not any(value.is_whole for value in by_name(found).values())


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04cut", b"hello"])
def test_something_else_is_no_export(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "takeout.zip"
    file.write_bytes(content)
    for path in (file, tmp_path):
        with pytest.raises(RehabctlError):
            fitbit_takeout.read(path, reading()[0])


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.just("03/10/26 14:00:00"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["dateTime", "value", "bpm", "levels", "data", "level", "date"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@given(name=st.sampled_from(sorted(FILES)), items=st.lists(JSON, max_size=4), cut=st.integers(0, 9))
def test_any_content_ends_in_a_reading(
    tmp_path_factory: pytest.TempPathFactory, name: str, items: list[Any], cut: int
) -> None:
    text = json.dumps(items)
    found, _ = reading()
    with suppress(RehabctlError):
        path = folder(tmp_path_factory.mktemp("fuzz"), {name: text[: len(text) - cut]})
        fitbit_takeout.read(path, found)
    assert all(value >= 0 for value in numbers(found).values())


def test_deep_nesting_is_one_refusal(tmp_path: Path) -> None:
    found, _ = reading()
    deep = '[{"dateTime":' + "[" * 200_000
    fitbit_takeout.read(folder(tmp_path, {"steps-2026-03-10.json": deep}), found)
    assert found.cut is not None
