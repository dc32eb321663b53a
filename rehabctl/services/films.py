"""Kept films: decrypted while somebody looks at them, in a folder that nobody else reads."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol

from rehabctl.domain.errors import NotFoundError, RehabctlError
from rehabctl.domain.film import Picture
from rehabctl.domain.review import ReviewData
from rehabctl.services.access import Action, require
from rehabctl.services.review import assessment_uuid
from rehabctl.services.scratch import is_running

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.vision.stills import Stills

_PREFIX = "rehabctl-film-"
_COPY_BYTES = 1 << 20
_PID_DIGITS = 10
"""A number of more digits is none of a process."""
Load = Callable[[str], ReviewData]


class FilmViewer(Protocol):
    """Shows a film outside of this program."""

    def require(self) -> None:
        """Refuse where nobody would see a film."""
        ...

    def show(self, film: Path) -> None:
        """Open a file and return at once."""
        ...


class Films:
    """The films of recordings in review. One is decrypted at a time; `forget` deletes the copies.

    Parameters
    ----------
    store
        The open store.
    folders
        Where copies may lie, best first: one in memory before one on a disk.
    load
        Returns a recording as it is reviewed.
    viewer
        Shows films outside.
    """

    def __init__(
        self, store: Store, folders: tuple[Path, ...], load: Load, viewer: FilmViewer
    ) -> None:
        self._store = store
        self._folders = folders
        self._load = load
        self._viewer = viewer
        self._lock = threading.Lock()
        self._assessment_id: str | None = None
        self._folder: Path | None = None
        self._stills: Stills | None = None

    def __enter__(self) -> Films:
        """Delete what a killed program left behind."""
        for folder in self._folders:
            for left in folder.glob(f"{_PREFIX}*"):
                if not _runs(left.name):
                    shutil.rmtree(left, ignore_errors=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Delete the copies."""
        self.forget()

    def frame(self, assessment_id: str, t_s: float, width_px: int, height_px: int) -> Picture:
        """Return the frame of a recording that is shown at a time.

        Parameters
        ----------
        assessment_id
            Identifier of the assessment.
        t_s
            Seconds from the start of the recording.
        width_px, height_px
            Room for it.

        Raises
        ------
        NotFoundError
            The film was not kept, or has passed its time.
        """
        from rehabctl.vision.stills import Stills

        with self._lock:
            film = self._copy(assessment_id)
            if self._stills is None:
                self._stills = Stills(film)
            try:
                return self._stills.frame(t_s, width_px, height_px)
            except RehabctlError:
                self._stills.close()  # a child that died answers no more: the next one is new
                self._stills = None
                raise

    def show_outside(self, assessment_id: str) -> None:
        """Open a recording in the desktop's own player, with skeleton, angle, count and remarks.

        Parameters
        ----------
        assessment_id
            Identifier of the assessment.

        Raises
        ------
        RehabctlError
            There is no desktop here; the message says what to do instead.
        """
        self._viewer.require()  # before a minute's drawing
        with self._lock:
            self._viewer.show(self._drawn(assessment_id))

    def write(self, assessment_id: str, target: Path, *, plain: bool = False) -> None:
        """Write a recording as a film, with what was measured drawn over it.

        Parameters
        ----------
        assessment_id
            Identifier of the assessment.
        target
            The file; readable by its owner alone.
        plain
            As it was recorded.
        """
        if target.exists():
            raise RehabctlError(f"{target.name} exists", "Name a new file")
        with self._lock:
            film = self._copy(assessment_id) if plain else self._drawn(assessment_id)
            try:
                descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
                with film.open("rb") as source, os.fdopen(descriptor, "wb") as copy:
                    shutil.copyfileobj(source, copy, _COPY_BYTES)
            except OSError as error:
                with suppress(OSError):
                    target.unlink(missing_ok=True)
                raise RehabctlError(
                    f"cannot write {target.name}: {error.strerror}", "Choose another path"
                ) from None

    def forget(self) -> None:
        """Delete the copies; a player that has the film open keeps showing it."""
        with self._lock:
            self._forget()

    def _forget(self) -> None:
        if self._stills is not None:
            self._stills.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._assessment_id = self._folder = self._stills = None

    def _copy(self, assessment_id: str) -> Path:
        """Return the decrypted film; that of another recording is deleted."""
        if self._assessment_id == assessment_id and self._folder is not None:
            return self._folder / "film"
        self._forget()
        with self._store.transaction() as uow:
            require(uow, Action.READ_CLINICAL)
            wanted = assessment_uuid(assessment_id)
            try:
                recording_id = uow.assessments.get(wanted).recording_id
            except NotFoundError:  # what was recorded in a visit has not been measured
                recording_id = uow.video.recording(wanted).recording_id
            found = recording_id and uow.recordings.get(recording_id)
            if not found or not found.stored:
                raise NotFoundError(
                    "the film was not kept",
                    "Films are kept with consent to video recording, until their time has passed",
                )
            uow.audit.record("recording.read", "recording", found.id)
        self._folder = self._decrypted(found.sha256)
        self._assessment_id = assessment_id
        return self._folder / "film"

    def _decrypted(self, sha256: str) -> Path:
        """Return a new folder with the film, in the first place that has room for it."""
        refused: OSError | None = None
        for place in self._folders:
            folder: Path | None = None
            try:
                folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place))
                with self._store.blobs.open(sha256) as source, (folder / "film").open("xb") as copy:
                    shutil.copyfileobj(source, copy, _COPY_BYTES)
            except OSError as error:
                refused = error
                shutil.rmtree(folder or "", ignore_errors=True)
            except BaseException:
                shutil.rmtree(folder or "", ignore_errors=True)
                raise
            else:
                return folder
        reason = "no folder" if refused is None else refused.strerror
        raise RehabctlError(f"the film cannot be decrypted: {reason}", "Make room and try again")

    def _drawn(self, assessment_id: str) -> Path:
        """Return the film with everything drawn in, anew when a remark came since."""
        from rehabctl.services.pose_overlay import review_plan
        from rehabctl.vision.overlay import Panel, render

        film, review = self._copy(assessment_id), self._load(assessment_id)
        if not review.is_measured:
            return film
        drawn = film.with_name(f"recording-{len(review.remarks)}.mp4")
        if not drawn.exists():
            render([Panel(film, review_plan(review))], drawn)
        return drawn


def _runs(name: str) -> bool:
    """Return whether the program that made a folder of this name still runs."""
    pid = name.removeprefix(_PREFIX).partition("-")[0]
    return pid.isdecimal() and len(pid) < _PID_DIGITS and is_running(pid)
