"""The fake export of Apple Health is what a parser and the DTD expect, before any importer."""

import zipfile
from collections import Counter
from datetime import date, datetime
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.integrations.fakes.apple_health import PHONE, SLEEP, WATCH, Fault, write_export

STEPS = "HKQuantityTypeIdentifierStepCount"


def _root(path: Path) -> ET.Element:
    return ET.fromstring(path.read_text())  # noqa: S314


def test_an_export_reads_as_xml_and_holds_what_it_says(tmp_path: Path) -> None:
    truth = write_export(tmp_path / "export.xml")
    root = _root(tmp_path / "export.xml")
    assert [child.tag for child in root][:2] == ["ExportDate", "Me"]
    top = root.findall("Record")
    assert len(top) == truth.records
    counted: Counter[tuple[str, str | None]] = Counter()
    for one in top:
        if one.get("type") == STEPS:
            key = ((one.get("startDate") or "")[:10], one.get("sourceName"))
            counted[key] += int(one.get("value") or 0)
    for day, sources in truth.steps.items():
        assert {name: counted[str(day), name] for name in (PHONE, WATCH)} == sources
        assert sources[PHONE] < truth.together[day] < sources[PHONE] + sources[WATCH]
    assert root.find("Correlation/Record") is not None
    assert len(root.findall("ActivitySummary")) == 3


def test_the_night_before_the_clocks_change_keeps_its_minutes(tmp_path: Path) -> None:
    truth = write_export(tmp_path / "export.xml", first=date(2026, 3, 8), days=1)
    assert truth.asleep_min == {date(2026, 3, 8): 200}
    style, asleep = "%Y-%m-%d %H:%M:%S %z", 0
    offsets: set[str] = set()
    for one in _root(tmp_path / "export.xml").findall("Record"):
        if one.get("type") == SLEEP and "Asleep" in str(one.get("value")).split("Analysis")[1]:
            start, end = (str(one.get(name)) for name in ("startDate", "endDate"))
            offsets |= {start[-5:], end[-5:]}
            asleep += int((datetime.strptime(end, style) - datetime.strptime(start, style)).seconds)
    assert asleep == 200 * 60
    assert offsets == {"-0600", "-0500"}


def test_the_same_seed_writes_the_same_bytes_and_a_zip_holds_them(tmp_path: Path) -> None:
    for name in ("a.xml", "b.xml"):
        write_export(tmp_path / name)
    assert (tmp_path / "a.xml").read_bytes() == (tmp_path / "b.xml").read_bytes()
    write_export(tmp_path / "export.zip")
    with zipfile.ZipFile(tmp_path / "export.zip") as archive:
        assert archive.read("apple_health_export/export.xml") == (tmp_path / "a.xml").read_bytes()


@pytest.mark.parametrize("fault", [Fault.CUT, Fault.NOT_UTF8, Fault.ENTITY_BOMB])
def test_a_spoilt_export_is_not_xml(tmp_path: Path, fault: str) -> None:
    write_export(tmp_path / "export.xml", fault=fault, days=1)
    with pytest.raises((ET.ParseError, UnicodeDecodeError)):
        _root(tmp_path / "export.xml")


def test_every_other_fault_writes_something_else(tmp_path: Path) -> None:
    write_export(tmp_path / "good.xml", days=2)
    good = (tmp_path / "good.xml").read_bytes()
    for fault in Fault:
        if not fault.startswith("zip"):
            write_export(tmp_path / "bad.xml", days=2, fault=fault)
            assert (tmp_path / "bad.xml").read_bytes() != good, fault
