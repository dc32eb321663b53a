"""Apple Health's export: what counts once, what is refused, and what is left of a broken file."""

from __future__ import annotations

import tracemalloc
import zipfile
from contextlib import suppress
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.wearable import Wearer
from rehabctl.integrations.wearables import apple_health
from tests.integrations.wearables.readings import by_name, numbers, reading

PHONE, WATCH = "Ana's iPhone", "Ana's Apple Watch"
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE HealthData [
<!ELEMENT HealthData (ExportDate,Me,(Record|Correlation)*)>
<!ATTLIST HealthData locale CDATA #REQUIRED>
]>
<HealthData locale="en_US">
 <ExportDate value="2026-03-12 09:00:00 -0400"/>
 <Me HKCharacteristicTypeIdentifierDateOfBirth="1961-04-02"/>
"""


def record(kind: str, start: str, end: str, value: str, unit: str, source: str = PHONE) -> str:
    return (
        f' <Record type="HK{kind}" sourceName="{source}" unit="{unit}" '
        f'creationDate="{end}" startDate="{start}" endDate="{end}" value="{value}"/>\n'
    )


def steps(start: str, end: str, count: object, source: str = PHONE) -> str:
    return record("QuantityTypeIdentifierStepCount", start, end, str(count), "count", source)


def made(tmp_path: Path, *records: str, head: str = HEAD, tail: str = "</HealthData>\n") -> Path:
    file = tmp_path / "export.xml"
    file.write_text(head + "".join(records) + tail)
    return file


def test_phone_and_watch_count_once_where_they_overlap(tmp_path: Path) -> None:
    file = made(
        tmp_path,
        steps("2026-03-10 10:00:00 -0400", "2026-03-10 10:10:00 -0400", 900),
        steps("2026-03-10 10:05:00 -0400", "2026-03-10 10:15:00 -0400", 1000, WATCH),
        steps("2026-03-10 18:00:00 -0400", "2026-03-10 18:10:00 -0400", 300),
    )
    found, said = reading()
    apple_health.read(file, found)
    day = by_name(found)["steps", "2026-03-10"]
    assert day.value == 1000 + 450 + 300  # of the phone's 900 the half before the watch began
    assert (day.records, day.hours, day.is_whole) == (3, 2, True)
    assert day.method == "watch over phone"
    assert said == [Wearer(birth_date=date(1961, 4, 2))]


def test_a_record_that_comes_twice_or_in_a_correlation_counts_once(tmp_path: Path) -> None:
    one = steps("2026-03-10 10:00:00 -0400", "2026-03-10 10:10:00 -0400", 500)
    inside = f' <Correlation type="x" startDate="" endDate="">\n{one} </Correlation>\n'
    after = steps("2026-03-10 11:00:00 -0400", "2026-03-10 11:10:00 -0400", 70)
    found, _ = reading()
    apple_health.read(made(tmp_path, one, inside, one, after), found)
    assert numbers(found) == {("steps", "2026-03-10"): 570}


def test_days_are_the_wearers_whatever_zone_the_phone_wrote(tmp_path: Path) -> None:
    file = made(
        tmp_path,
        # 03:30 UTC on the 8th is 22:30 on the 7th; clocks go forward on the 8th at 02:00
        steps("2026-03-08 03:30:00 +0000", "2026-03-08 03:40:00 +0000", 100),
        steps("2026-03-08 05:00:00 +0000", "2026-03-08 05:10:00 +0000", 200),
        steps("2026-03-09 03:59:00 +0000", "2026-03-09 04:01:00 +0000", 60),  # over midnight
    )
    found, _ = reading()
    apple_health.read(file, found)
    assert numbers(found) == {
        ("steps", "2026-03-07"): 100,
        ("steps", "2026-03-08"): 230,
        ("steps", "2026-03-09"): 30,
    }


def test_every_measure_in_its_unit(tmp_path: Path) -> None:
    at = "2026-03-10 10:00:00 -0400"
    quantities = {
        "RestingHeartRate": ("61", "count/min"),
        "WalkingSpeed": ("4.5", "km/hr"),
        "WalkingStepLength": ("70", "cm"),
        "WalkingAsymmetryPercentage": ("0.03", "%"),
        "WalkingDoubleSupportPercentage": ("0.28", "%"),
        "AppleWalkingSteadiness": ("0.9", "%"),
        "SixMinuteWalkTestDistance": ("480", "m"),
        "StairAscentSpeed": ("0.35", "m/s"),
    }
    found, _ = reading()
    records = [
        record(f"QuantityTypeIdentifier{name}", at, at, *told) for name, told in quantities.items()
    ]
    apple_health.read(made(tmp_path, *records), found)
    values = {measure: value for (measure, _), value in numbers(found).items()}
    assert values == pytest.approx({
        "resting_heart_rate_bpm": 61,
        "walking_speed_m_s": 1.25,
        "walking_step_length_m": 0.7,
        "walking_asymmetry_percent": 3,
        "double_support_percent": 28,
        "walking_steadiness_percent": 90,
        "six_minute_walk_m": 480,
        "stair_ascent_speed_m_s": 0.35,
    })  # fmt: skip


def test_sleep_is_what_any_device_says_and_belongs_to_the_day_it_ended(tmp_path: Path) -> None:
    def sleep(start: str, end: str, stage: str, source: str = WATCH) -> str:
        kind = "CategoryTypeIdentifierSleepAnalysis"
        value = f"HKCategoryValueSleepAnalysis{stage}"
        return record(kind, f"{start} -0400", f"{end} -0400", value, "", source)

    file = made(
        tmp_path,
        sleep("2026-03-09 22:00:00", "2026-03-10 07:00:00", "InBed", PHONE),
        sleep("2026-03-09 23:00:00", "2026-03-10 01:00:00", "AsleepCore"),
        sleep("2026-03-10 01:00:00", "2026-03-10 02:00:00", "Awake"),
        sleep("2026-03-10 02:00:00", "2026-03-10 06:00:00", "AsleepREM"),
        sleep("2026-03-10 00:30:00", "2026-03-10 01:30:00", "AsleepUnspecified", PHONE),
    )
    found, _ = reading()
    apple_health.read(file, found)
    assert numbers(found) == {("sleep_h", "2026-03-10"): 6.5}


def test_heart_rate_by_the_highest_reading_of_each_minute(tmp_path: Path) -> None:
    def beat(at: str, bpm: int) -> str:
        moment = f"2026-03-10 {at} -0400"
        return record("QuantityTypeIdentifierHeartRate", moment, moment, str(bpm), "count/min")

    found, _ = reading()
    file = made(tmp_path, beat("10:00:05", 90), beat("10:00:50", 130), beat("10:01:00", 90))
    apple_health.read(file, found)
    day = by_name(found)["heart_rate_bpm", "2026-03-10"]
    assert (day.value, day.minutes_by_bpm) == (110, {90: 1, 130: 1})


def test_the_day_of_the_export_is_not_whole(tmp_path: Path) -> None:
    found, _ = reading()
    apple_health.read(
        made(tmp_path, steps("2026-03-12 08:00:00 -0400", "2026-03-12 08:10:00 -0400", 50)), found
    )
    assert not by_name(found)["steps", "2026-03-12"].is_whole


def test_what_cannot_be_is_refused_with_its_line(tmp_path: Path) -> None:
    good = steps("2026-03-10 10:00:00 -0400", "2026-03-10 10:10:00 -0400", 5)
    bad = (
        steps("2026-03-10 10:10:00 -0400", "2026-03-10 10:00:00 -0400", 5),
        steps("2026-03-10 25:10:00 -0400", "2026-03-10 10:00:00 -0400", 5),
        steps("1970-01-01 10:10:00 -0400", "1970-01-01 10:20:00 -0400", 5),
        steps("2026-03-10 11:00:00 -0400", "2026-03-10 11:10:00 -0400", "many"),
        steps("2026-03-10 11:00:00 -0400", "2026-03-10 11:10:00 -0400", -3),
        record("QuantityTypeIdentifierHeartRate", "2026-03-10 11:00:00 -0400", "", "70", "furlong"),
    )
    found, _ = reading()
    apple_health.read(made(tmp_path, good, *bad), found)
    assert numbers(found) == {("steps", "2026-03-10"): 5}
    first = HEAD.count("\n") + 2
    assert [refusal.line for refusal in found.refusals] == list(range(first, first + len(bad)))


@pytest.mark.parametrize("pack", [False, True])
@pytest.mark.parametrize("keep", [0.5, 0.9])
def test_a_file_that_breaks_off_keeps_what_is_whole(
    tmp_path: Path, pack: bool, keep: float
) -> None:
    days = [f"2026-03-{day:02}" for day in range(1, 11)]
    file = made(
        tmp_path,
        *(
            steps(f"{day} {hour:02}:00:00 -0500", f"{day} {hour:02}:30:00 -0500", 100 + hour)
            for day in days
            for hour in range(24)
        ),
    )
    whole, _ = reading("Etc/GMT+5")
    apple_health.read(file, whole)
    if pack:
        packed = tmp_path / "export.zip"
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("apple_health_export/export_cda.xml", "<ClinicalDocument/>")
            archive.write(file, "apple_health_export/export.xml")
        checked, _ = reading("Etc/GMT+5")
        apple_health.read(packed, checked)
        assert numbers(checked) == numbers(whole)
        file = packed
    data = file.read_bytes()
    file.write_bytes(data[: int(len(data) * keep)])
    part, _ = reading("Etc/GMT+5")
    apple_health.read(file, part)
    assert part.cut is not None
    assert 0 < part.records < whole.records
    assert not any(value.is_whole for value in by_name(part).values())
    assert all(number <= numbers(whole)[name] for name, number in numbers(part).items())


@pytest.mark.parametrize(
    "declared",
    [
        '<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">',
        '<!ENTITY a SYSTEM "file:///etc/passwd">',
        '<!ENTITY % a SYSTEM "http://127.0.0.1/x.dtd">%a;',
    ],
)
def test_entities_are_refused(tmp_path: Path, declared: str) -> None:
    head = HEAD.replace("]>", f"{declared}\n]>")
    found, _ = reading()
    with pytest.raises(RehabctlError, match="declares entities"):
        apple_health.read(made(tmp_path, head=head), found)


def test_the_broken_document_type_of_some_phones_is_passed_over(tmp_path: Path) -> None:
    head = HEAD.replace("]>", "  startDate CDATA #REQUIRED\n>\n]>")
    found, _ = reading()
    one = steps("2026-03-10 10:00:00 -0400", "2026-03-10 10:10:00 -0400", 7)
    apple_health.read(made(tmp_path, one, head=head), found)
    assert numbers(found) == {("steps", "2026-03-10"): 7}


@pytest.mark.parametrize("content", [b"", b"hello", b"<html><body/></html>", b"PK\x03\x04", b"\0"])
def test_something_else_is_no_export(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "export.xml"
    file.write_bytes(content)
    with pytest.raises(RehabctlError):
        apple_health.read(file, reading()[0])


@given(data=st.data())
def test_any_damage_ends_in_a_reading_or_one_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole = (
        HEAD + steps("2026-03-10 10:00:00 -0400", "2026-03-10 10:10:00 -0400", 900) * 3
    ).encode()
    spoilt = bytearray(whole)
    for place in data.draw(st.lists(st.integers(0, len(whole) - 1), max_size=4)):
        spoilt[place] = data.draw(st.integers(0, 255))
    file = tmp_path_factory.mktemp("fuzz") / "export.xml"
    file.write_bytes(spoilt)
    found, _ = reading()
    with suppress(RehabctlError):  # and nothing else
        apple_health.read(file, found)
    assert sum(numbers(found).values()) >= 0


@given(
    damage=st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), max_size=6),
    keep=st.floats(0.1, 1),
)
def test_any_damage_of_an_archive_ends_in_a_reading_or_one_error(
    tmp_path_factory: pytest.TempPathFactory, damage: list[tuple[int, int]], keep: float
) -> None:
    file = tmp_path_factory.mktemp("fuzz") / "export.zip"
    one = steps("2026-03-10 10:00:00 -0400", "2026-03-10 10:10:00 -0400", 900)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("apple_health_export/routes/a.gpx", "<gpx/>" * 40)
        archive.writestr("apple_health_export/export.xml", HEAD + one * 40 + "</HealthData>")
    spoilt = bytearray(file.read_bytes())
    for place, value in damage:
        spoilt[place % len(spoilt)] = value
    file.write_bytes(spoilt[: int(len(spoilt) * keep)])
    found, _ = reading()
    with suppress(RehabctlError):
        apple_health.read(file, found)
    assert sum(numbers(found).values()) >= 0


def test_an_element_without_end_is_not_held_in_memory(tmp_path: Path) -> None:
    file = tmp_path / "export.xml"
    file.write_bytes(HEAD.encode() + b'<Record type="' + b"x" * 60_000_000)
    found, _ = reading()
    tracemalloc.start()
    apple_health.read(file, found)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert found.cut is not None
    assert peak < 8_000_000  # of Python; expat's own buffer is bounded by the token that it allows
