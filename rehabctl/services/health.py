"""The checks of `rehabctl doctor`. Each returns a status, a detail and the way to fix it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from rehabctl.services.settings import Settings

MIN_PYTHON = (3, 11)


class Status(StrEnum):
    """Outcome of one check."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True)
class Check:
    """One line of the doctor's report, without patient data."""

    name: str
    status: Status
    detail: str
    fix: str | None = None

    def as_dict(self) -> dict[str, str | None]:
        """Return the keys of the command contract."""
        return {
            "name": self.name,
            "status": self.status.value,
            "detail": self.detail,
            "fix": self.fix,
        }


def run_checks(settings: Settings) -> list[Check]:
    """Run every check; one that breaks is reported as failed and does not stop the others.

    Parameters
    ----------
    settings
        What this command runs with.
    """
    results: list[Check] = []
    for name, check in _checks().items():
        try:
            results.extend(check(settings))
        except Exception as error:  # noqa: BLE001 - a check that breaks is a finding
            detail = f"the check itself failed ({type(error).__name__})"
            results.append(Check(name, Status.FAIL, detail, "Report this with your version"))
    return results


def _checks() -> dict[str, Callable[[Settings], Iterable[Check]]]:
    return {
        "python": _python,
        "libraries": _libraries,
        "terminal": _terminal,
    }


def _python(_: Settings) -> Iterable[Check]:
    version = platform.python_version()
    if sys.version_info < MIN_PYTHON:
        yield Check("python", Status.FAIL, version, "Install Python 3.11 or newer")
    else:
        yield Check("python", Status.OK, f"{version} on {platform.system()} {platform.machine()}")


def _libraries(_: Settings) -> Iterable[Check]:
    """Look at versions without importing anything heavy."""
    wanted = ("typer", "textual", "sqlmodel", "sqlcipher3", "mediapipe", "opencv-python", "bleak")
    missing: list[str] = []
    found: list[str] = []
    for name in wanted:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    if missing:
        fix = "Install rehabctl again with its lock file"
        yield Check("libraries", Status.FAIL, f"missing: {', '.join(missing)}", fix)
    else:
        yield Check("libraries", Status.OK, ", ".join(found))


def _terminal(_: Settings) -> Iterable[Check]:
    encoding = (sys.stdout.encoding or "").lower()
    term = os.environ.get("TERM", "")
    if not sys.stdout.isatty():
        yield Check("terminal", Status.OK, "no terminal: plain output, the panel is not offered")
    elif term in ("", "dumb"):
        fix = "Set TERM, for example to xterm-256color; commands work as they are"
        yield Check("terminal", Status.WARN, f"TERM is {term or 'not set'}", fix)
    elif "utf" not in encoding:
        fix = "Set a UTF-8 locale, for example LANG=C.UTF-8"
        yield Check("terminal", Status.WARN, f"encoding is {encoding}", fix)
    else:
        size = os.get_terminal_size(sys.stdout.fileno())
        yield Check("terminal", Status.OK, f"{term}, {size.columns}x{size.lines}, {encoding}")
