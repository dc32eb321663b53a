"""Drop folders: every file is taken over once, acknowledged and moved, whatever happens."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from rehabctl.domain.connection import FolderConnection, FolderKind
from rehabctl.domain.errors import NotFoundError, RehabctlError
from rehabctl.reference.ehr_profiles import load_profiles
from rehabctl.reference.rules import load_rules
from rehabctl.services import connections, drop_folders, intake
from rehabctl.services.drop_folders import FolderRun, TakenFile
from rehabctl.services.import_map import made_map
from rehabctl.services.scheduling import clinic_booking_rules
from rehabctl.services.settings import load_settings
from rehabctl.services.wiring import open_store
from rehabctl.store.store import Store

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
WEBPT = (
    "Patient ID,Last Name,First Name,Date of Birth,Gender,State\n"
    "1042,Diaz,Ana,04/02/1961,F,CO\n1043,Roe,Ben,13/45/1970,M,CO\n"
)
THERAOFFICE = (
    '<?xml version="1.0"?><Export><Patient><ChartNumber>77</ChartNumber><Name><Last>Roe</Last>'
    "<First>Ben</First></Name><DateOfBirth>02/03/1958</DateOfBirth><Sex>M</Sex>"
    '<Address state="OH"><City>Dayton</City></Address></Patient></Export>'
)
BOMB = (
    '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY f SYSTEM "file:///etc/passwd">]><Export><Patient><ChartNumber>&b;&f;</ChartNumber>'
    "</Patient></Export>"
)
ADT = (
    "MSH|^~\\&|EHR|MAIN|RC|X|20260302||ADT^A04|77|P|2.5.1\r"
    "PID|1||88^^^H^MR||Diaz^Ana||19610402|F|||^^Boulder^CO\r"
)


@pytest.fixture
def store(made_home: Path) -> Iterator[Store]:
    with open_store(replace(load_settings(), fixed_now=NOW)) as opened:
        yield opened


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def keep(store: Store, place: Path, holds: FolderKind, profile: str = "") -> None:
    with store.transaction() as uow:
        uow.connections.put(FolderConnection("roster", str(place), holds, profile))


def drop(place: Path, name: str, text: str, age_s: float = 61) -> Path:
    file = place / name
    file.write_text(text, encoding="utf-8")
    at = NOW.timestamp() - age_s
    os.utime(file, (at, at))
    return file


def scan(store: Store) -> list[TakenFile]:
    return list(FolderRun(store, load_rules(), clinic_booking_rules(load_settings())).scan())


def acknowledged(place: Path, state: str = "done") -> dict[str, Any]:
    (ack,) = (place / state).glob("*.ack.json")
    assert ack.stat().st_mode & 0o77 == 0
    return json.loads(ack.read_text("utf-8"))


def files(place: Path, folder: str) -> list[str]:
    found = (place / folder).iterdir() if (place / folder).exists() else []
    return sorted(f"{one.name.partition('.')[0]}{one.suffix}" for one in found)


def known(store: Store) -> int:
    return intake.list_patients(store, limit=1)[1]


def test_a_file_is_taken_over_acknowledged_and_moved_with_its_refused_rows(
    store: Store, place: Path
) -> None:
    keep(store, place, FolderKind.PATIENTS, "webpt")
    drop(place, "patients.csv", WEBPT)
    (taken,) = scan(store)
    assert (taken.state, taken.read, taken.created, taken.rejected) == ("done", 2, 1, 1)
    said = acknowledged(place)
    assert (said["created"], said["rejected"]) == (1, 1)
    assert [(one["line"], one["field"]) for one in said["rejects"]] == [(3, "birth_date")]
    assert "Roe" not in json.dumps(said)
    assert (files(place, "done"), files(place, "rejected")) == (
        ["patients.csv", "patients.json"],
        ["patients.csv"],
    )
    (refused,) = (place / "rejected").iterdir()
    assert "1043,Roe,Ben" in refused.read_text("utf-8")
    assert "1042" not in refused.read_text("utf-8")
    assert scan(store) == []
    assert known(store) == 1


def test_what_may_still_be_written_is_left_alone(
    store: Store, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(store, place, FolderKind.PATIENTS, "webpt")
    drop(place, "young.csv", WEBPT[:70], age_s=59)
    drop(place, "patients.csv.part", WEBPT)
    drop(place, ".hidden.csv", WEBPT)
    (place / "link.csv").symlink_to("/etc/passwd")
    assert scan(store) == []
    file = drop(place, "old.csv", WEBPT)
    real = FolderRun._import  # pyright: ignore[reportPrivateUsage]

    def growing(self: FolderRun, at: FolderConnection, path: Path, rejects: Path) -> Any:
        done = real(self, at, path, rejects)
        with file.open("a") as more:
            more.write("1044,Late,Kim,04/02/1961,F,CO\n")
        return done

    with monkeypatch.context() as patch:
        patch.setattr(FolderRun, "_import", growing)
        (taken,) = scan(store)
    assert (taken.state, taken.reason) == ("waiting", "is still being written")
    os.utime(file, (NOW.timestamp() - 61,) * 2)
    (taken,) = scan(store)
    assert (taken.state, taken.created, taken.unchanged) == ("done", 1, 1)
    assert known(store) == 2


@pytest.mark.parametrize("step", ["import", "acknowledge", "move"])
def test_a_run_that_is_killed_loses_and_doubles_nothing(
    store: Store, place: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    class Killed(BaseException):
        pass

    def kill(*_: object, **__: object) -> None:
        raise Killed

    def written(path: Path, data: bytes) -> None:
        path.write_bytes(data)
        path.chmod(0o600)

    keep(store, place, FolderKind.PATIENTS, "webpt")
    drop(place, "patients.csv", WEBPT)
    with monkeypatch.context() as patch:
        if step == "import":
            patch.setattr(FolderRun, "_move", kill)
        elif step == "acknowledge":
            patch.setattr(drop_folders, "write_private", kill)
        else:
            patch.setattr(Path, "replace", kill)
            patch.setattr(drop_folders, "write_private", written)
        with pytest.raises(Killed):
            scan(store)
    assert (place / "patients.csv").exists()
    (taken,) = scan(store)
    assert (taken.state, taken.read, taken.rejected, known(store)) == ("done", 2, 1, 1)
    assert acknowledged(place)["created"] == (1 if step == "move" else 0)
    assert not (place / "patients.csv").exists()


def test_xml_of_a_known_system_is_read_and_entities_are_refused(store: Store, place: Path) -> None:
    keep(store, place, FolderKind.PATIENTS, "theraoffice")
    drop(place, "a.xml", THERAOFFICE)
    drop(place, "bomb.xml", BOMB)
    first, bomb = scan(store)
    assert (first.state, first.created, bomb.state, bomb.read) == ("done", 1, "rejected", 0)
    assert "DTD" not in bomb.reason
    assert "XML" in acknowledged(place, "rejected")["reason"]
    who = intake.show_patient(store, "77").summary.demographics
    assert (who.family_name, who.state, who.city) == ("Roe", "OH", "Dayton")


@pytest.mark.parametrize(
    ("holds", "text"),
    [
        (FolderKind.HL7, ADT),
        (
            FolderKind.FHIR,
            '{"resourceType":"Patient","id":"p","birthDate":"1961-04-02","gender":"female",'
            '"identifier":[{"value":"88"}],"name":[{"family":"Diaz","given":["Ana"]}],'
            '"address":[{"state":"CO"}]}',
        ),
    ],
)
def test_messages_and_resources_come_in_by_folder(
    store: Store, place: Path, holds: FolderKind, text: str
) -> None:
    keep(store, place, holds)
    drop(place, "a.hl7" if holds is FolderKind.HL7 else "a.json", text)
    (taken,) = scan(store)
    assert (taken.state, taken.created, known(store)) == ("done", 1, 1)


def test_a_file_that_is_none_is_rejected_and_a_locked_store_waits(
    store: Store, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(store, place, FolderKind.PATIENTS)
    drop(place, "other.csv", "a,b\n1,2\n")

    def locked(*_: object, **__: object) -> None:
        raise RehabctlError("the database is locked", "Try again")

    def broken(*_: object) -> bool:
        return False

    with monkeypatch.context() as patch:
        patch.setattr(FolderRun, "_import", locked)
        patch.setattr(FolderRun, "_store_works", broken)
        (taken,) = scan(store)
        assert (taken.state, (place / "other.csv").exists()) == ("waiting", True)
    (taken,) = scan(store)
    assert (taken.state, files(place, "rejected")) == ("rejected", ["other.csv", "other.json"])


def test_a_folder_that_is_not_here_is_named(store: Store, place: Path, tmp_path: Path) -> None:
    keep(store, tmp_path / "nowhere", FolderKind.PATIENTS)
    notes: list[str] = []
    run = FolderRun(store, load_rules(), clinic_booking_rules(load_settings()), notes.append)
    assert list(run.scan()) == []
    assert ["roster" in note for note in notes] == [True]
    for name in ("roster", "rooster"):
        with pytest.raises(NotFoundError, match=name):
            list(run.scan(name))


def test_profiles_and_connections_are_checked(store: Store, tmp_path: Path) -> None:
    for profile in load_profiles():
        for kind, mapping in profile.mappings.items():
            columns = connections_columns(kind)
            assert made_map(profile.name, mapping, columns).names, (profile.name, kind)
    file = tmp_path / "c.toml"
    head = 'schema = "rehabctl-connections/1"\n[[folder]]\nname = "a"\n'
    for rest in (
        'path = "inbox"\nholds = "patients"',
        'path = "/in"\nholds = "films"',
        'path = "/in"\nholds = "hl7"\nprofile = "webpt"',
        'path = "/in"\nholds = "patients"\nprofile = "webpt"\nmap = "/m.toml"',
        'path = "/in"\nholds = "patients"\nquiet_s = -1',
    ):
        file.write_text(head + rest, encoding="utf-8")
        with pytest.raises(RehabctlError):
            connections.import_file(store, file)
    file.write_text(head + 'path = "/in"\nholds = "schedule"\nprofile = "raintree"', "utf-8")
    assert connections.import_file(store, file) == connections.connections(store)


def connections_columns(kind: str) -> tuple[str, ...]:
    from rehabctl.domain.roster import COLUMNS
    from rehabctl.services import schedule_import

    return COLUMNS if kind == "patients" else schedule_import.COLUMNS
