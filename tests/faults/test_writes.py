"""Full disks and read-only homes at every kind of write, and files that are no store of ours."""

from __future__ import annotations

import os
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rehabctl.reference.rules import load_rules
from rehabctl.services import audit, database, intake, recovery
from rehabctl.services.settings import load_settings
from rehabctl.services.wiring import open_store
from tests.faults.test_faults import _without_override

CANARY = "Zzyzxcanary"
PERSON = {
    "mrn": "1042", "given_name": CANARY, "family_name": CANARY, "birth_date": "1961-04-02",
    "sex": "F", "state": "CO", "phone": "303 555 0199", "diagnosis": f"{CANARY} knee",
}  # fmt: skip
WRITES = (
    ("db", "seed", "--patients", "40"),
    ("db", "rekey", "--yes"),
    ("db", "drill"),
    ("import", "patients", "{roster}"),
    ("worker", "submit", "import", "{roster}"),
    ("patient", "update", "1042", "--city", "Denver"),
    ("retention", "hold", "1042", "--reason", "case 7"),
    ("export", "deidentified", "{folder}/research"),
)


@pytest.fixture
def home(isolated_home: Path) -> Path:
    with open_store(load_settings()) as store:
        intake.create_patient(store, load_rules(), PERSON)
    return isolated_home


def roster(folder: Path, rows: int = 3000) -> Path:
    path = folder / "roster.csv"
    lines = [f"{n:05d},G{n},F{n},1961-04-02,F,CO" for n in range(rows)]
    path.write_text("mrn,given_name,family_name,birth_date,sex,state\n" + "\n".join(lines) + "\n")
    return path


def run(argv: tuple[str, ...], folder: Path, before: Callable[[], None]) -> tuple[int, str]:
    words = [word.format(roster=roster(folder), folder=folder) for word in argv]
    result = subprocess.run(
        [sys.executable, "-m", "rehabctl", *words],
        preexec_fn=before,
        capture_output=True,
        text=True,
    )
    lines = result.stderr.splitlines()
    assert CANARY not in result.stderr
    assert "Traceback" not in result.stderr
    return result.returncode, lines[-1] if lines else ""


def assert_whole(patients: int | None = None) -> None:
    found = database.verify(load_settings())
    assert found.ok, found.findings
    with open_store(load_settings()) as store:
        assert intake.show_patient(store, "1042").summary.demographics.given_name == CANARY
        assert audit.verify(store).ok
        if patients is not None:
            assert intake.list_patients(store, limit=1)[1] == patients


@pytest.mark.parametrize("argv", WRITES[:6:1], ids=lambda argv: " ".join(argv[:2]))
def test_a_full_disk_at_every_write(argv: tuple[str, ...], home: Path, tmp_path: Path) -> None:
    del home

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000))

    code, line = run(argv, tmp_path, limited)
    if code == 0:
        assert argv[0] == "patient", "a small write may still fit"
    elif code != 2:  # a seed refuses a store with a real patient before it writes
        assert code == 1
        assert line.split(". ")[0] in (
            "rehabctl: error: the disk is full or cannot be written",
            "rehabctl: error: the database could not be written anew, so that the old key holds",
        )
    assert_whole()
    assert [p for p in load_settings().paths.home.rglob("*") if ".part" in p.name] == []


@pytest.mark.skipif(sys.platform != "linux", reason="capabilities of Linux")
@pytest.mark.parametrize("argv", WRITES[1:], ids=lambda argv: " ".join(argv[:2]))
def test_a_read_only_home_at_every_write(argv: tuple[str, ...], home: Path, tmp_path: Path) -> None:
    paths = [home, *home.rglob("*")]
    modes = {path: path.stat().st_mode for path in paths}
    for path in paths:
        path.chmod(0o500 if path.is_dir() else 0o400)
    try:
        code, line = run(argv, tmp_path, _without_override)
    finally:
        for path in paths:
            path.chmod(modes[path])
    assert code == 1
    assert "cannot be written" in line
    assert_whole(1)


def test_files_that_are_no_store_are_told_apart(home: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.db"
    shutil.copyfile(home / "rehabctl.db", copy)
    target = home / "rehabctl.db"
    nothing: Callable[[], None] = lambda: None  # noqa: E731

    def code_of(*argv: str) -> tuple[int, str]:
        for rest in home.glob("rehabctl.db-*"):
            rest.unlink()
        return run(argv, tmp_path, nothing)

    target.write_bytes(copy.read_bytes()[:50_000])  # cut off within a page
    code, line = code_of("patient", "list")
    assert (code, "damaged" in line) == (1, True), line
    target.unlink()
    foreign = sqlite3.connect(target)
    foreign.execute("CREATE TABLE t (a)")
    foreign.commit()
    foreign.close()
    code, line = code_of("patient", "list")
    assert (code, "without encryption" in line) == (1, True), line
    shutil.copyfile(copy, target)
    wrong = tmp_path / "wrong.key"
    wrong.write_text("0" * 64 + "\n")
    wrong.chmod(0o600)
    os.environ["REHABCTL_KEY_FILE"] = str(wrong)
    code, line = code_of("patient", "list")
    assert (code, "key does not fit" in line) == (5, True), line
    del os.environ["REHABCTL_KEY_FILE"]
    with open_store(load_settings()) as store, store.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999_later'")
    code, line = code_of("patient", "list")
    assert (code, "newer rehabctl" in line) == (1, True), line


def test_an_old_page_put_back_shows_against_an_anchor(home: Path) -> None:
    """Encryption gives no freshness: only the head of the log, kept elsewhere, tells."""
    settings = load_settings()
    with open_store(settings):
        pass
    old = (home / "rehabctl.db").read_bytes()
    with open_store(settings) as store:
        intake.show_patient(store, "1042")
        anchor = audit.anchor(store)
    new = bytearray((home / "rehabctl.db").read_bytes())
    assert len(new) >= len(old)
    assert bytes(new[: len(old)]) != old
    (home / "rehabctl.db").write_bytes(old)
    for rest in home.glob("rehabctl.db-*"):
        rest.unlink()
    with open_store(settings) as store:
        verdict = audit.verify(store, anchor)
    assert not verdict.ok


def test_no_file_of_the_home_holds_plain_text(
    home: Path, tmp_path: Path, rehabctl: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    path = tmp_path / "c.csv"
    path.write_text(
        "mrn,given_name,family_name,birth_date,sex,state\n"
        + "".join(f"{CANARY}{n},{CANARY},{CANARY},1961-04-02,F,CO\n" for n in range(50))
        + f"x y,{CANARY},{CANARY},1961-04-02,F,CO\n"
    )
    assert rehabctl("import", "patients", str(path)).returncode == 7
    assert rehabctl("worker", "submit", "import", str(path)).returncode == 0
    assert rehabctl("retention", "hold", "1042", "--reason", CANARY).returncode == 0
    assert rehabctl("db", "backup", str(home / "copy")).returncode == 0
    assert rehabctl("db", "drill").returncode == 0
    assert rehabctl("patient", "show", f"{CANARY}x").returncode == 4
    needle = CANARY.casefold().encode()
    with open_store(load_settings()):  # with the log beside the database
        files = [p for p in home.rglob("*") if p.is_file()]
        assert len(files) >= 8
        found = [p for p in files if needle in p.name.casefold().encode()]
        found += [p for p in files if needle in p.read_bytes().lower()]
    assert found == []
    recovery.rekey(load_settings())
    assert not [p for p in home.rglob("*") if p.is_file() and needle in p.read_bytes().lower()]
