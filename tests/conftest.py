"""Fixtures that every test shares: an isolated home, and optional licensed sample data."""

from __future__ import annotations

import gc
import io
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from dataclasses import dataclass
from pathlib import Path

import hypothesis
import pytest

# The same examples on every machine and in every run; the nightly campaign draws new ones.
hypothesis.settings.register_profile("fixed", derandomize=True, deadline=None, database=None)
hypothesis.settings.register_profile("new", deadline=None, print_blob=True)
hypothesis.settings.load_profile(os.environ.get("REHABCTL_TEST_EXAMPLES", "fixed"))

PROJECT = Path(__file__).resolve().parent.parent
# Commands start from their bytecode, as installed ones do: compiling takes a fifth of a start.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


_AT_THE_PACE_OF_SENSORS = (
    "tests/devices/",
    "tests/peripherals/",
    "tests/docs/test_examples.py::test_examples_of_a_page[sensor-technician]",
)
"""Tests that wait more than they work. One process runs them beside those that need the cores."""


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep what collection loads out of the garbage collector's rounds, as all of it stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what waits, then with what is slow, so that no worker ends alone with it."""
    items.sort(
        key=lambda item: (
            not item.nodeid.startswith(_AT_THE_PACE_OF_SENSORS),
            item.get_closest_marker("slow") is None,
        )
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Share out modules whole, for their fixtures, but each page of examples by itself."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            if nodeid.startswith(_AT_THE_PACE_OF_SENSORS):
                return "sensors"
            page = "::test_examples_of_a_page[" in nodeid
            return nodeid if page else super()._split_scope(nodeid)

    return Scheduling(config, log)


@pytest.fixture(autouse=True)
def isolated_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test its own empty home, so that no test reads or writes the user's."""
    home = tmp_path / "rehabctl-home"
    monkeypatch.setenv("REHABCTL_HOME", str(home))
    for name in ("REHABCTL_DATABASE_URL", "REHABCTL_KEY_FILE", "REHABCTL_NOW", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    # a keyring of the machine must neither be read nor written by a test
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    return home


@pytest.fixture(scope="session")
def new_clinic(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a store as the first command makes it, on the first of January."""
    from rehabctl.services.settings import load_settings
    from rehabctl.services.wiring import open_store

    home = tmp_path_factory.mktemp("new_clinic") / "home"
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TZ", "UTC")
        patched.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
        for name in ("REHABCTL_DATABASE_URL", "REHABCTL_KEY_FILE"):
            patched.delenv(name, raising=False)
        environment = {"REHABCTL_HOME": str(home), "REHABCTL_NOW": "2026-01-01T00:00:00Z"}
        with open_store(load_settings({**os.environ, **environment})):
            return home


@pytest.fixture
def made_home(isolated_home: Path, new_clinic: Path) -> Path:
    """Put a store into the test's home: making one takes thirty times as long as a copy."""
    shutil.copytree(new_clinic, isolated_home)
    return isolated_home


@pytest.fixture(scope="session")
def sample_data() -> Path:
    """Return the folder of licensed samples, or skip: the product passes its tests without it."""
    named = os.environ.get("REHABCTL_TEST_DATA")
    folder = Path(named) if named else PROJECT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("licensed sample data is not here (set REHABCTL_TEST_DATA to its folder)")
    return folder


Rehabctl = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def rehabctl() -> Rehabctl:
    """Run the real executable in a process of its own, without a terminal."""

    def run(*argv: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "rehabctl", *argv],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, **environment},
            timeout=300,
        )

    return run


@dataclass(frozen=True)
class Result:
    """What one command line gave."""

    returncode: int
    stdout: str
    stderr: str


InProcess = Callable[..., Result]
"""Words of a command, `stdin` and variables -> what it gave."""


@pytest.fixture
def in_process(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> InProcess:
    """Run a command line in this process: the same code as the executable, without its start."""
    from rehabctl import cli

    def run(*argv: str, stdin: str = "", **environment: str) -> Result:
        with monkeypatch.context() as patched:
            patched.setenv("REHABCTL_KEY_COMMAND", "")  # --key-command sets it: undone afterwards
            for name, value in environment.items():
                patched.setenv(name, value)
            raw = io.BufferedReader(io.BytesIO(stdin.encode()))  # pyright: ignore[reportArgumentType]
            text = io.TextIOWrapper(raw, "utf-8")
            patched.setattr(sys, "stdin", text)
            code = cli.run(list(argv))
        said = capsys.readouterr()
        return Result(code, said.out, said.err)

    return run
