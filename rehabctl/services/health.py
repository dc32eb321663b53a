"""The checks of `rehabctl doctor`. Each returns a status, a detail and the way to fix it."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from rehabctl.domain.errors import RehabctlError
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
        "home": _home,
        "configuration": _configuration,
        "database": _database,
        "agreements": _agreements,
        "queue": _queue,
        "keyring": _keyring,
        "pose_model": _pose_model,
        "pose_libraries": _pose_libraries,
        "bluetooth": _bluetooth,
        "clock": _clock,
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


def _home(settings: Settings) -> Iterable[Check]:
    """Look at the rights of everything in the home: nobody else may read it."""
    home = settings.paths.home
    if not home.exists():
        yield Check("home", Status.OK, f"{home} will be made when it is first needed")
        return
    if not os.access(home, os.W_OK):
        fix = f"Give yourself the right to write to {home}, or set REHABCTL_HOME"
        yield Check("home", Status.FAIL, f"{home} cannot be written", fix)
        return
    places = (settings.paths.database, settings.paths.log_file, settings.paths.blobs)
    open_ones = [p.name for p in places if p.exists() and p.stat().st_mode & 0o077]
    if os.name == "posix" and open_ones:
        fix = f"Run: chmod -R go-rwx {home}"
        yield Check("home", Status.FAIL, f"others may read {', '.join(open_ones)}", fix)
    else:
        yield Check("home", Status.OK, str(home))


def _configuration(settings: Settings) -> Iterable[Check]:
    from rehabctl.services import configuration

    if not settings.paths.config_file.exists():
        yield Check("configuration", Status.OK, "no config.toml: every default is in force")
        return
    findings = configuration.validate(settings.paths)
    for finding in findings:
        fix = f"Correct line {finding.line} of {finding.file}"
        yield Check("configuration", Status.WARN, finding.message, fix)
    if not findings:
        yield Check("configuration", Status.OK, str(settings.paths.config_file))


def _database(settings: Settings) -> Iterable[Check]:
    """Encryption, schema and the place of the key; opens the database, changes nothing."""
    from rehabctl.services import database

    try:
        status = database.status(settings)
    except RehabctlError as error:
        yield Check("database", Status.FAIL, error.what, error.next_step)
        return
    if not status.exists:
        yield Check("database", Status.OK, "none yet; it is made when it is first needed")
        return
    storage = "encrypted file" if status.encrypted else "PostgreSQL over verified TLS"
    detail = f"{storage}, schema {status.schema} ({status.schema_state})"
    if status.schema_state == "older":
        yield Check("database", Status.FAIL, detail, "Run: rehabctl db upgrade")
    elif status.schema_state != "current":
        yield Check("database", Status.FAIL, detail, "Install the newest rehabctl")
    else:
        yield Check("database", Status.OK, detail)
    if status.warning:
        fix = "Keep that file out of backups, or name a key command in config.toml"
        yield Check("database_key", Status.WARN, status.warning, fix)
    elif status.key_source:
        yield Check("database_key", Status.OK, f"from {status.key_source}")


def _agreements(settings: Settings) -> Iterable[Check]:
    """Look whether agreements with vendors of enabled integrations hold, and for how long."""
    from rehabctl.reference.integrations import load_agreement_warning
    from rehabctl.services import database, integrations
    from rehabctl.services.wiring import open_store

    try:
        if database.status(settings).schema_state != "current":
            return
        with open_store(settings) as store:
            states = [s for s in integrations.states(store) if s.integration.vendor and s.enabled]
    except RehabctlError:  # the check of the database says why
        return
    today = settings.now().date()
    for state in states:
        vendor, until = state.integration.vendor, state.agreement_until
        fix = f"Sign anew, then: rehabctl integration agreement {vendor} --help"
        if until is None:
            detail = f"the agreement with {vendor} has ended: {state.integration.name} is stopped"
            yield Check("agreement", Status.FAIL, detail, fix)
        elif until - today <= load_agreement_warning():
            detail = f"the agreement with {vendor} ends on {until}"
            yield Check("agreement", Status.WARN, detail, fix)
        else:
            yield Check("agreement", Status.OK, f"{vendor} until {until}")


def _queue(settings: Settings) -> Iterable[Check]:
    """Look whether receivers refused HL7 messages that wait for somebody."""
    from rehabctl.domain.hl7_queue import QueueState
    from rehabctl.services import database, hl7_queue
    from rehabctl.services.wiring import open_store

    try:
        if database.status(settings).schema_state != "current":
            return
        with open_store(settings) as store:
            found = hl7_queue.waiting(store)
    except RehabctlError:  # the check of the database says why, or it is not for this login
        return
    refused = sum(one.state is QueueState.DEAD for one in found)
    if refused:
        detail = f"{refused} HL7 messages were refused by their receivers"
        yield Check("hl7 queue", Status.WARN, detail, "See: rehabctl integration queue list")


def _keyring(_: Settings) -> Iterable[Check]:
    from rehabctl.store.keyring_entries import usable_backend

    try:
        backend = usable_backend()
    except RehabctlError as error:
        yield Check("keyring", Status.FAIL, error.what, error.next_step)
        return
    if backend is None:
        detail = "none that encrypts; a key lies in a file that only you can read"
        fix = "Log in to a desktop session, or name a key command in config.toml"
        yield Check("keyring", Status.WARN, detail, fix)
    else:
        yield Check("keyring", Status.OK, backend)


def _pose_model(settings: Settings) -> Iterable[Check]:
    """Hash the installed models; nothing is loaded."""
    from rehabctl.services.pose_analysis import check_models, installed_models

    damaged = [check.name for check in check_models(settings) if not check.intact]
    installed = installed_models(settings)
    if damaged:
        fix = f"Run: rehabctl pose model install {damaged[0]}"
        yield Check("pose_model", Status.FAIL, f"damaged: {', '.join(damaged)}", fix)
    elif not installed:
        fix = "Run: rehabctl pose model install full"
        yield Check("pose_model", Status.WARN, "none is installed", fix)
    else:
        found = ", ".join(sorted({f"{m.name} {m.sha256[:12]}" for m in installed}))
        yield Check("pose_model", Status.OK, found)


def _pose_libraries(_: Settings) -> Iterable[Check]:
    """Load the native libraries where analysis loads them: in a child process."""
    from rehabctl.vision.worker import probe

    try:
        facts = probe()
    except RehabctlError as error:
        yield Check("pose_libraries", Status.FAIL, error.what, error.next_step)
        return
    cut_off = {
        "namespace": "no network, native code included",
        "python": "no network for Python code; the pinned native library opens none",
    }
    detail = f"MediaPipe {facts.mediapipe}, OpenCV {facts.opencv}; {cut_off[facts.network]}"
    yield Check("pose_libraries", Status.OK, detail)


def _bluetooth(_: Settings) -> Iterable[Check]:
    """Look for an adapter where the system lists them, without starting a scan."""
    from pathlib import Path

    if sys.platform != "linux":
        yield Check("bluetooth", Status.OK, "asked of the system when a sensor is used")
        return
    folder = Path("/sys/class/bluetooth")
    adapters = sorted(p.name for p in folder.iterdir()) if folder.is_dir() else []
    if adapters:
        yield Check("bluetooth", Status.OK, ", ".join(adapters))
    else:
        fix = "Plug in an adapter and start bluetoothd; everything but sensors works without"
        yield Check("bluetooth", Status.WARN, "no adapter", fix)


def _clock(settings: Settings) -> Iterable[Check]:
    """Compare the clock with what this installation has seen: time never runs backwards."""
    from datetime import UTC, datetime, timedelta

    now = settings.now()
    if settings.fixed_now is not None:
        fix = "Unset REHABCTL_NOW unless this is a test"
        yield Check("clock", Status.WARN, f"fixed at {now.isoformat()}", fix)
        return
    records = [p for p in (settings.paths.database, settings.paths.log_file) if p.exists()]
    seen = max((p.stat().st_mtime for p in records), default=0.0)
    behind = datetime.fromtimestamp(seen, UTC) - now
    if behind > timedelta(minutes=5):
        fix = "Set the system clock; use a time service"
        yield Check("clock", Status.FAIL, "it is behind the newest record", fix)
    else:
        yield Check("clock", Status.OK, f"{now.isoformat(timespec='seconds')}")
