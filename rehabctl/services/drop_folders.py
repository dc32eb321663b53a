"""Drop folders: files that other systems put down are taken over, acknowledged and moved away.

Each file goes to `done/`, or to `rejected/` when nothing of it could be read, beside an
acknowledgement (`NAME.ack.json`) with the counts and the refused lines; refused rows lie in
`rejected/`, to be mended and put down again. A file is moved last: a run that is killed leaves it,
and the next one finds what was taken over already and doubles nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rehabctl.domain.connection import FolderConnection, FolderKind
from rehabctl.domain.errors import (
    NotFoundError,
    NotPermittedError,
    RehabctlError,
    UnavailableError,
)
from rehabctl.services.fhir_import import FhirOptions
from rehabctl.services.import_map import ImportMap, reading_of
from rehabctl.services.import_run import ImportOptions, ImportReport
from rehabctl.services.private_file import write_private

if TYPE_CHECKING:
    from rehabctl.reference.rules import RuleTable
    from rehabctl.services.scheduling import BookingRules
    from rehabctl.store.store import Store

DONE, REJECTED = "done", "rejected"
_PARTS = (".part", ".tmp", ".filepart", ".crdownload")
"""Endings by which programs mark files that they are still writing."""


@dataclass(frozen=True, slots=True)
class TakenFile:
    """What became of one file."""

    folder: str
    file: str
    state: str
    """`done`, `rejected`, or `waiting`: it comes again."""
    read: int = 0
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FolderRun:
    """One look into drop folders."""

    store: Store
    rules: RuleTable
    booking: BookingRules
    note: Callable[[str], None] = lambda _: None

    def scan(self, only: str | None = None) -> Iterator[TakenFile]:
        """Take over the files of every folder, or of one, and yield what became of each.

        Parameters
        ----------
        only
            Name of a folder.

        Raises
        ------
        NotFoundError
            There is no such folder among the connections, or this one is not on this machine.
        """
        with self.store.transaction() as uow:
            known = [one for one in uow.connections.all() if isinstance(one, FolderConnection)]
        if only is not None and only not in {one.name for one in known}:
            raise NotFoundError(
                f"no folder is called {only!r}", "Import it: rehabctl integration connect"
            )
        for at in known:
            if only not in (None, at.name):
                continue
            try:
                yield from self._folder(at)
            except NotFoundError as error:  # one that is away holds up no other
                if only is not None:
                    raise
                self.note(error.what)

    def _folder(self, at: FolderConnection) -> Iterator[TakenFile]:
        place = Path(at.path)
        try:
            found = [(file.stat().st_mtime_ns, file.name, file) for file in _files(place)]
        except OSError as error:
            raise NotFoundError(
                f"the folder {at.name} cannot be looked into: {error.strerror}", "Check its path"
            ) from None
        for _, _, file in sorted(found):
            taken = self._file(at, place, file)
            if taken is not None:
                yield taken

    def _file(self, at: FolderConnection, place: Path, file: Path) -> TakenFile | None:
        try:
            before = file.stat()
            if self.store.clock().timestamp() - before.st_mtime < at.quiet_s:
                return None
            digest = _digest(file)
        except OSError:  # another run was faster
            return None
        stem = f"{file.stem}.{digest[:12]}"
        rejects = place / REJECTED / f"{stem}.rejects{file.suffix}"
        try:
            (place / REJECTED).mkdir(mode=0o700, exist_ok=True)
            (place / DONE).mkdir(mode=0o700, exist_ok=True)
            done = self._import(at, file, rejects)
            state, reason = DONE, ""
        except (NotPermittedError, UnavailableError) as error:
            return TakenFile(at.name, file.name, "waiting", reason=error.what)
        except (RehabctlError, OSError) as error:
            why = error.what if isinstance(error, RehabctlError) else "cannot be read or written"
            if not self._store_works():
                return TakenFile(at.name, file.name, "waiting", reason=why)
            done, state, reason = ImportReport(0, 0, 0, 0, 0, ()), REJECTED, why
        if not done.rejected:
            rejects.unlink(missing_ok=True)
        return self._move(at, file, before.st_mtime_ns, place / state / stem, done, state, reason)

    def _move(
        self,
        at: FolderConnection,
        file: Path,
        before_ns: int,
        target: Path,
        done: ImportReport,
        state: str,
        reason: str,
    ) -> TakenFile:
        """Acknowledge a file and move it away, unless it was still being written."""
        counts = {k: v for k, v in asdict(done).items() if k != "rejects"}
        taken = TakenFile(at.name, file.name, state, **counts, reason=reason)
        rows = [asdict(one) for one in done.rejects]
        said = {"schema_version": 1, **asdict(taken), "rejects": rows}
        try:
            if file.stat().st_mtime_ns != before_ns:
                return TakenFile(at.name, file.name, "waiting", reason="is still being written")
            ack = target.with_name(f"{target.name}.ack.json")
            said["at"] = self.store.clock().isoformat(timespec="seconds")
            if not ack.exists():  # else a run was killed after it: its counts are the true ones
                write_private(ack, json.dumps(said, ensure_ascii=False).encode())
            file.replace(target.with_name(target.name + file.suffix))
        except OSError as error:
            why = f"cannot be moved: {error.strerror}"
            return TakenFile(at.name, file.name, "waiting", reason=why)
        return taken

    def _import(self, at: FolderConnection, file: Path, rejects: Path) -> ImportReport:
        if at.holds is FolderKind.HL7:
            from rehabctl.services import hl7_import

            return hl7_import.import_files(
                self.store, self.rules, file, rejects=rejects, booking=self.booking
            )
        if at.holds is FolderKind.FHIR:
            from rehabctl.services import fhir_import

            options = FhirOptions(source=at.name, rejects=rejects)
            return fhir_import.import_files(self.store, self.rules, file, options)
        if at.holds is FolderKind.SCHEDULE:
            from rehabctl.services.schedule_import import COLUMNS, import_schedule

            reading = reading_of("schedule", _path(at.map), at.profile, COLUMNS)
            return import_schedule(
                self.store, self.booking, file, _options(reading, rejects),
                report=_no_report, note=self.note,
            )  # fmt: skip
        from rehabctl.services.roster_import import import_roster

        reading = reading_of("patients", _path(at.map), at.profile)
        return import_roster(
            self.store, self.rules, file, _options(reading, rejects),
            report=_no_report, note=self.note,
        )  # fmt: skip

    def _store_works(self) -> bool:
        """Return whether the store can be written, so that a failure was the file's."""
        try:
            with self.store.transaction(rehearsal=True) as uow:
                uow.audit.record("folder.check", "connection", None, {})
        except RehabctlError:
            return False
        return True


def _options(reading: ImportMap, rejects: Path) -> ImportOptions:
    return ImportOptions(reading, resume=True, rejects=rejects)


def _path(text: str) -> Path | None:
    return Path(text) if text else None


def _no_report(*_: object) -> None:
    pass


def _files(place: Path) -> Iterator[Path]:
    for file in place.iterdir():
        hidden = file.name.startswith(".") or file.suffix.lower() in _PARTS
        if not hidden and not file.is_symlink() and file.is_file():
            yield file


def _digest(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
