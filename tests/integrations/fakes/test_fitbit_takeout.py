"""The fake Takeout is laid out as public parsers of Fitbit archives expect."""

import csv
import json
import zipfile
from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

from tests.integrations.fakes.fitbit_takeout import NEW, OLD, ZONE, Fault, write_takeout


def test_json_and_csv_tell_the_same_steps_of_the_same_local_days(tmp_path: Path) -> None:
    truth = write_takeout(tmp_path)
    root = tmp_path / NEW
    told = json.loads((root / "Global Export Data/steps-2026-03-06.json").read_text())
    counted: Counter[date] = Counter()
    for one in told:
        at = datetime.strptime(one["dateTime"], "%m/%d/%y %H:%M:%S").replace(tzinfo=UTC)
        counted[at.astimezone(ZONE).date()] += int(one["value"])
    assert counted == truth.steps
    twin: Counter[date] = Counter()
    with (root / "Physical Activity_GoogleData/steps_2026-03-01.csv").open() as stream:
        for row in csv.DictReader(stream):
            at = datetime.fromisoformat(row["timestamp"])
            twin[at.astimezone(ZONE).date()] += int(row["steps"])
    assert twin == truth.steps


def test_weights_are_pounds_in_json_and_grams_in_csv(tmp_path: Path) -> None:
    truth = write_takeout(tmp_path, root=OLD)
    logs = json.loads((tmp_path / OLD / "Global Export Data/weight-2026-03-06.json").read_text())
    grams = list(truth.weight_g.values())
    assert [round(gram / 453.59237, 1) for gram in grams] == [one["weight"] for one in logs]
    rows = (tmp_path / OLD / "Physical Activity_GoogleData/weight.csv").read_text().splitlines()
    assert [int(row.split(",")[1]) for row in rows[1:]] == grams


def test_a_night_over_the_change_of_clocks_has_fewer_minutes_than_its_wall_clock(
    tmp_path: Path,
) -> None:
    write_takeout(tmp_path, first=date(2026, 3, 8), days=1)
    text = (tmp_path / NEW / "Global Export Data/sleep-2026-03-08.json").read_text()
    night = json.loads(text)[0]
    assert (night["startTime"], night["endTime"]) == (
        "2026-03-07T23:00:00.000",
        "2026-03-08T03:30:00.000",
    )
    seconds = sum(one["seconds"] for one in night["levels"]["data"])
    assert night["duration"] == seconds * 1000 == 210 * 60_000
    short = sum(one["seconds"] for one in night["levels"]["shortData"])
    wakes = night["levels"]["summary"]["wake"]["minutes"] + short // 60
    assert night["minutesAsleep"] == 210 - wakes


def test_two_parts_hold_together_what_one_zip_holds(tmp_path: Path) -> None:
    one = write_takeout(tmp_path / "takeout-20260309T120000Z-1.zip")
    two = write_takeout(tmp_path / "takeout-20260309T120000Z-2.zip", parts=2)
    assert [path.name[-8:] for path in two.files] == ["-001.zip", "-002.zip"]
    names = [set(zipfile.ZipFile(path).namelist()) for path in [*one.files, *two.files]]
    assert names[0] == names[1] | names[2]
    assert not names[1] & names[2]


def test_the_same_seed_writes_the_same_and_each_fault_something_else(tmp_path: Path) -> None:
    faults = [None, None, *Fault]
    for number, fault in enumerate(faults):
        write_takeout(tmp_path / f"{number}.zip", days=2, fault=fault)
    made = [(tmp_path / f"{number}.zip").read_bytes() for number in range(len(faults))]
    assert made[0] == made[1]
    assert len(set(made)) == len(faults) - 1
