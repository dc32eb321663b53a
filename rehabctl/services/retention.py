"""Destroying what has been kept long enough: films first, whole records much later.

A blob's key is destroyed before its file, in the transaction of its audit entry;
a run that is killed is finished by the next one. The audit log itself is never destroyed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.domain.errors import NotFoundError, NotPermittedError, RehabctlError, UsageError
from rehabctl.domain.retention import DischargedPatient, DueReason, RetentionTier, StoredVideo
from rehabctl.reference.retention import RetentionRules, load_retention
from rehabctl.services.access import Action, require
from rehabctl.services.roster_changes import clinic_today

if TYPE_CHECKING:
    from collections.abc import Callable

    from rehabctl.domain.patient import Patient
    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

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
    _require_local(store)
    for videos in _videos(store, rules):
        for video in videos:
            yield DueItem(
                RetentionTier.RAW_VIDEO, video.mrn, video.due_at.date(), video.reason,
                video.byte_count, video.held,
            )  # fmt: skip
    for patients in _due_patients(store, rules):
        for patient, due_on in patients:
            yield DueItem(RetentionTier.RECORD, patient.mrn, due_on, DueReason.AGE, 0, patient.held)


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
    _require_local(store)
    done = RetentionReport()
    for videos in _videos(store, rules):
        for video in videos:
            if video.held or not (dry_run or _destroy_video(store, video)):
                done.held += 1
                continue
            done.videos += 1
            done.video_bytes += video.byte_count
            report(done.videos + done.records, None)
    for patients in _due_patients(store, rules):
        for patient, _ in patients:
            if patient.held or not (dry_run or _destroy_record(store, rules, patient)):
                done.held += 1
                continue
            done.records += 1
            report(done.videos + done.records, None)
    return done


def _require_local(store: Store) -> None:
    """Refuse a server: no role of it may see, and so destroy, the records of a whole clinic."""
    if store.is_local:
        return
    raise NotPermittedError(
        "retention runs on a local file only", "Have the server's administrator destroy records"
    )


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


def _due_patients(
    store: Store, rules: RetentionRules
) -> Iterator[list[tuple[DischargedPatient, date]]]:
    after: UUID | None = None
    while True:
        with store.transaction() as uow:
            require(uow, Action.MANAGE_STORE)
            today = clinic_today(uow.clinic, uow.now)
            page = uow.retention.discharged(after=after, limit=_PAGE)
            due = [
                (patient, until)
                for patient in page
                if (until := _keep_until(rules, patient, today)) <= today
            ]
            if due:
                uow.audit.read("retention.plan", "patient", [p.patient.id for p, _ in due])
        yield due
        if len(page) < _PAGE:
            return
        after = page[-1].patient.id


def _keep_until(rules: RetentionRules, patient: DischargedPatient, today: date) -> date:
    period = rules.period(patient.state, today)
    return period.keep_until(patient.birth_date, patient.last_contact_at.date())


def _destroy_video(store: Store, video: StoredVideo) -> bool:
    """Destroy one film unless it was put on hold meanwhile; return whether it was destroyed."""
    with store.transaction() as uow:
        if uow.retention.is_held(video.patient.id):
            return False
        if not uow.retention.needed_elsewhere(
            video.sha256, not_by=[video.recording_id], patient_id=video.patient.id
        ):
            store.blobs.delete(video.sha256)
        uow.retention.forget_video(video.recording_id)
        detail = {"tier": RetentionTier.RAW_VIDEO.value, "reason": video.reason.value}
        uow.audit.record("retention.destroy", "recording", video.recording_id, detail)
    return True


def _destroy_record(store: Store, rules: RetentionRules, patient: DischargedPatient) -> bool:
    period = rules.period(patient.state, clinic_today(store.clinic, store.clock()))
    with store.transaction() as uow:
        patient_id = patient.patient.id
        if uow.retention.is_held(patient_id):
            return False
        for sha256 in uow.retention.blobs_of(patient_id):
            if not uow.retention.needed_elsewhere(sha256, not_by=(), patient_id=patient_id):
                store.blobs.delete(sha256)
        rows = uow.retention.destroy_record(patient_id)
        detail = {
            "tier": RetentionTier.RECORD.value,
            "rows": rows,
            "rule": f"{period.state}@{period.effective_from.isoformat()}",
        }
        uow.audit.record("retention.destroy", "patient", patient_id, detail)
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
        patient = _patient(uow, mrn)
        placed = uow.retention.hold(patient.ref, uow.new_id(), reason.strip(), uow.user.id)
        uow.audit.record("retention.hold", "patient", patient.id, {"new": placed})
        return placed


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
        patient = _patient(uow, mrn)
        if not uow.retention.release(patient.id, uow.user.id):
            raise NotFoundError("no legal hold is active", "Look at: rehabctl retention plan")
        uow.audit.record("retention.release", "patient", patient.id)


def _patient(uow: UnitOfWork, mrn: str) -> Patient:
    require(uow, Action.MANAGE_STORE)
    return uow.patients.get(mrn)
