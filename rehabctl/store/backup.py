"""Copies of a local database that is in use, and checks that a file is whole."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehabctl.domain.errors import RehabctlError
from rehabctl.store.engine import connect_local
from rehabctl.store.errors import driver_error, translated
from rehabctl.store.private_files import make_private_file, sync_folder

if TYPE_CHECKING:
    from sqlalchemy import Engine

_PAGES_PER_STEP = 2000
_FINDINGS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class CopyReport:
    """What a checked copy holds."""

    patients: int
    audit_entries: int


def copy_database(engine: Engine, target: Path, key: str) -> CopyReport:
    """Copy a database while others read and write it; the copy appears checked, or not at all.

    Parameters
    ----------
    engine
        On the local database.
    target
        File of the copy; one that exists is replaced.
    key
        Key of the copy, usually the database's own: another one re-encrypts it.

    Raises
    ------
    RehabctlError
        The disk is full, or the copy is damaged.
    """
    part = target.with_name(target.name + ".part")
    with translated():
        try:
            part.unlink(missing_ok=True)
            make_private_file(part)
            report = _copy(engine, part, key)
            part.replace(target)
            sync_folder(target.parent)
        finally:
            part.unlink(missing_ok=True)
    return report


def _copy(engine: Engine, part: Path, key: str) -> CopyReport:
    copy = connect_local(part, key)
    try:
        source: Any = engine.raw_connection()
        try:
            source.driver_connection.backup(copy, pages=_PAGES_PER_STEP)
        finally:
            source.close()
        # One file without a log beside it: readable from read-only media.
        copy.execute("PRAGMA journal_mode = DELETE")
        if findings := file_findings(copy):
            raise RehabctlError(f"the copy is damaged: {findings[0]}", "Run rehabctl db verify")
        (patients,) = copy.execute("SELECT count(*) FROM patient").fetchone()
        (entries,) = copy.execute("SELECT sequence FROM audit_head").fetchone()
        return CopyReport(patients, entries)
    finally:
        copy.close()


def copy_blobs(source: Path, target: Path) -> int:
    """Copy encrypted files as they are and return how many there are."""
    with translated():
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("*.part"))
        else:
            target.mkdir(mode=0o700)
        return sum(1 for _ in target.glob("??/*.blob"))


def file_findings(connection: Any) -> list[str]:
    """Return what is wrong with an encrypted file: pages, structure and references.

    Parameters
    ----------
    connection
        The driver's own connection.
    """
    findings: list[str] = []
    for check in ("cipher_integrity_check", "integrity_check", "foreign_key_check"):
        try:
            rows = connection.execute(f"PRAGMA {check}").fetchall()
        except Exception as error:
            if driver_error(error) is None:
                raise
            findings.append(f"{check} cannot be carried out")  # pages are unreadable
            continue
        if check == "foreign_key_check":
            findings += [f"a row of {row[0]} refers to nothing in {row[2]}" for row in rows]
        else:
            findings += [str(row[0]) for row in rows if row[0] != "ok"]
    return findings[:_FINDINGS_SHOWN]
