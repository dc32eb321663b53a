"""Destroying what has been kept long enough: films first, whole records much later.

A blob's key is destroyed before its file, in the transaction of its audit entry;
a run that is killed is finished by the next one. The audit log itself is never destroyed.
On a server an administrator runs it where the blobs lie; the server decides what is due.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.domain.errors import NotFoundError, RehabctlError, UsageError
from rehabctl.domain.retention import DueReason, RetentionTier, StoredRecord, StoredVideo
from rehabctl.reference.retention import RetentionRules, load_retention
from rehabctl.services.access import Action, require
from rehabctl.services.roster_changes import clinic_today

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store

RULES_FILE = "retention.toml"
_PAGE = 100
_REASON_CHARS = 200


@dataclass(frozen=True, slots=True)
class DueItem:
    """One film or record that may be destroyed."""

    tier: RetentionTier
    mrn: str
    due_on: date
    reason: DueReason
    byte_count: int
    held: bool


@dataclass(slots=True)
class RetentionReport:
    """What a run destroyed."""

    videos: int = 0
    video_bytes: int = 0
    records: int = 0
    held: int = 0
    """Due, and kept by a legal hold."""


def clinic_retention(settings: Settings) -> RetentionRules:
    """Return the packaged periods with the clinic's own rows before them.

    Parameters
    ----------
    settings
        `retention.toml` in the home folder is the clinic's file.
    """
    path = settings.paths.home / RULES_FILE
    try:
        return load_retention(path.read_text("utf-8"))
    except FileNotFoundError:
        return load_retention()
    except (OSError, UnicodeDecodeError):
        raise RehabctlError(f"cannot read {RULES_FILE}", "Correct or remove the file") from None


def plan(store: Store, rules: RetentionRules) -> Iterator[DueItem]:
    """Yield everything that may be destroyed now, held things too.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated periods.
    """
    for videos in _videos(store, rules):
        for video in videos:
            yield DueItem(
                RetentionTier.RAW_VIDEO, video.mrn, video.due_at.date(), video.reason,
                video.byte_count, video.held,
            )  # fmt: skip
    for records in _records(store, rules):
        for record in records:
            yield DueItem(
                RetentionTier.RECORD, record.mrn, record.due_on, DueReason.AGE, 0, record.held
            )


def run(
    store: Store, rules: RetentionRules, *, dry_run: bool, report: Callable[[float, None], None]
) -> RetentionReport:
    """Destroy everything that may be destroyed now.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated periods.
    dry_run
        Count only.
    report
        Called with the number of things done.
    """
    done = RetentionReport()
    for videos in _videos(store, rules):
        for video in videos:
            if video.held or not (dry_run or _destroy_video(store, rules, video)):
                done.held += 1
                continue
            done.videos += 1
            done.video_bytes += video.byte_count
            report(done.videos + done.records, None)
    for records in _records(store, rules):
        for record in records:
            if record.held or not (dry_run or _destroy_record(store, rules, record)):
                done.held += 1
                continue
            done.records += 1
            report(done.videos + done.records, None)
    return done


def _videos(store: Store, rules: RetentionRules) -> Iterator[tuple[StoredVideo, ...]]:
    after: UUID | None = None
    while True:
        with store.transaction() as uow:
            require(uow, Action.MANAGE_STORE)
            kept, scope = rules.raw_video(clinic_today(uow.clinic, uow.now))
            page = uow.retention.videos(kept, scope, after=after, limit=_PAGE)
            if page:
                uow.audit.read("retention.plan", "recording", [v.recording_id for v in page])
        yield page
        if len(page) < _PAGE:
            return
        after = page[-1].recording_id


def _records(store: Store, rules: RetentionRules) -> Iterator[list[StoredRecord]]:
    after: UUID | None = None
    while True:
        with store.transaction() as uow:
            require(uow, Action.MANAGE_STORE)
            today = clinic_today(uow.clinic, uow.now)
            due, after = uow.retention.records(rules, today, after=after, limit=_PAGE)
            if due:
                uow.audit.read("retention.plan", "patient", [record.patient_id for record in due])
        yield due
        if after is None:
            return


def _destroy_video(store: Store, rules: RetentionRules, video: StoredVideo) -> bool:
    """Destroy one film unless it was put on hold meanwhile; return whether it was destroyed."""
    with store.transaction() as uow:
        kept, _ = rules.raw_video(clinic_today(uow.clinic, uow.now))
        return _destroy_blobs(store, uow.retention.destroy_video(video, kept))


def _destroy_record(store: Store, rules: RetentionRules, record: StoredRecord) -> bool:
    with store.transaction() as uow:
        today = clinic_today(uow.clinic, uow.now)
        return _destroy_blobs(store, uow.retention.destroy_record(record, rules, today))


def _destroy_blobs(store: Store, blobs: Sequence[str] | None) -> bool:
    """Destroy what nothing names any more, before the rows go; None: nothing may be destroyed."""
    if blobs is None:
        return False
    if blobs and not store.blobs.is_here:  # the rows would go and the files stay
        raise RehabctlError(
            "the recordings of this store do not lie on this machine", "Run it where they are"
        )
    for sha256 in blobs:
        store.blobs.delete(sha256)
    return True


def hold(store: Store, mrn: str, reason: str) -> bool:
    """Order to destroy nothing about a patient; return False when that is ordered already.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    reason
        Such as the number of the case.
    """
    if not reason.strip() or len(reason) > _REASON_CHARS:
        raise UsageError(
            f"the reason is empty or longer than {_REASON_CHARS} characters", "Write a short one"
        )
    with store.transaction() as uow:
        require(uow, Action.MANAGE_STORE)
        return uow.retention.hold(mrn, reason.strip())


def release(store: Store, mrn: str) -> None:
    """End the order to destroy nothing about a patient.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.

    Raises
    ------
    NotFoundError
        There is none.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_STORE)
        if not uow.retention.release(mrn):
            raise NotFoundError("no legal hold is active", "Look at: rehabctl retention plan")
