"""Restoring a backup, proving that it restores, and a new key for the store."""

from __future__ import annotations

import shutil
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from rehabctl.domain.errors import NotFoundError, RehabctlError, UsageError
from rehabctl.services import database, wiring
from rehabctl.services.access import Action, require
from rehabctl.services.settings import Paths, Settings
from rehabctl.store import keys
from rehabctl.store.errors import translated


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """What `db restore` brought back."""

    ok: bool
    findings: tuple[str, ...]
    audit_entries: int
    blobs: int


@dataclass(frozen=True, slots=True)
class DrillReport:
    """What `db drill` proved."""

    ok: bool
    findings: tuple[str, ...]
    patients: int
    audit_entries: int
    blobs: int
    backup_s: float | None
    """None: an existing backup was tried."""
    restore_s: float
    """From the backup to a verified store."""


@dataclass(frozen=True, slots=True)
class RekeyReport:
    """What `db rekey` did."""

    key_source: str
    blobs: int


def restore(settings: Settings, folder: Path) -> RestoreReport:
    """Bring a backup back into a home without a database, and read all of it.

    The database comes last: a restore that was interrupted is started again.

    Parameters
    ----------
    settings
        What this command runs with; its key sources must hold the backup's key.
    folder
        As `db backup` made it.

    Raises
    ------
    UsageError
        The home holds a database already, or the store is a server.
    NotFoundError
        The folder holds no backup.
    """
    _require_local(settings)
    target = settings.paths.database
    if target.exists() and target.stat().st_size:
        raise UsageError(
            "this home holds a database already", "Move it away, or set REHABCTL_HOME to a new one"
        )
    source = folder / target.name
    if not source.is_file():
        raise NotFoundError(f"{folder.name} holds no backup", "Name a folder of rehabctl db backup")
    database_id = keys.require_header(source)
    keys.find_keys(wiring.key_options(settings), database_id, source)
    with translated():
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        _copy_tree(folder / settings.paths.blobs.name, settings.paths.blobs)
        if keys.write_header(target, database_id) != database_id:
            raise UsageError(
                "this home belongs to another database", "Set REHABCTL_HOME to a new folder"
            )
        part = target.with_name(target.name + ".part")
        shutil.copyfile(source, part)
        part.chmod(0o600)
        part.replace(target)
    found = database.verify(settings)
    return RestoreReport(found.ok, found.findings, found.audit_entries, found.blobs)


def _copy_tree(source: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)  # of a restore that was interrupted
    if source.is_dir():
        shutil.copytree(source, target)


def drill(settings: Settings, folder: Path | None = None) -> DrillReport:
    """Prove that a backup restores: bring it back into a temporary home and read all of it.

    Parameters
    ----------
    settings
        What this command runs with.
    folder
        A backup; None makes one of the present store, and compares it with the store.
    """
    _require_local(settings)
    home = settings.paths.home
    with translated():
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        scratch = Path(tempfile.mkdtemp(prefix="drill-", dir=home))
    try:
        backup_s = None
        entries: int | None = None
        if folder is None:
            started = time.monotonic()
            folder = scratch / "backup"
            entries = database.backup(settings, folder).audit_entries
            backup_s = round(time.monotonic() - started, 3)
        started = time.monotonic()
        place = Paths(scratch / "home", settings.paths.cache, settings.paths.key_dir)
        restored = replace(settings, paths=place)
        found = restore(restored, folder)
        restore_s = round(time.monotonic() - started, 3)
        findings = list(found.findings)
        if entries is not None and found.audit_entries != entries:
            findings.append("the restored log ends elsewhere than the backup's")
        patients = 0
        if found.ok:
            with wiring.open_store(restored) as store, store.snapshot() as uow:
                patients = uow.patients.count()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return DrillReport(
        not findings, tuple(findings), patients, found.audit_entries, found.blobs, backup_s,
        restore_s,
    )  # fmt: skip


def rekey(settings: Settings) -> RekeyReport:
    """Write the local store anew under a new key.

    Backups made before open with the old key only: make a new one.

    Parameters
    ----------
    settings
        What this command runs with.
    """
    _require_local(settings)
    found = wiring.local_keys(settings)
    if found is None:
        raise NotFoundError("there is no database", "Create one: rehabctl db upgrade")
    keys.require_changeable(found)
    with wiring.open_store(settings) as store, store.transaction() as uow:
        require(uow, Action.MANAGE_STORE)
        uow.audit.record("db.rekey", "store", store.database_id)
    from rehabctl.store.rekey import rekey as write_anew

    count = write_anew(wiring.key_options(settings), found, wiring.store_files(settings))
    verified = database.verify(settings)
    if not verified.ok:
        raise RehabctlError(
            f"the store is damaged: {verified.findings[0]}", "Run rehabctl db verify"
        )
    return RekeyReport(found.source.value, count)


def _require_local(settings: Settings) -> None:
    if settings.database_url is not None:
        raise UsageError("a server's database is not managed from here", "Use the server's tools")
