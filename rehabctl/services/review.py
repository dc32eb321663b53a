"""The review queue: recordings that wait for a clinician, lowest confidence first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from rehabctl.domain.errors import NotFoundError, UsageError
from rehabctl.domain.message import Message, MessageDirection, MessageThread
from rehabctl.domain.recording import StoredAssessment
from rehabctl.domain.review import (
    ReviewData,
    ReviewDecision,
    ReviewMoment,
    ReviewRemark,
    ReviewRepetition,
)
from rehabctl.domain.review_item import ReviewComment, ReviewItem
from rehabctl.reference.exercise_vocabulary import load_vocabulary
from rehabctl.reference.rules import RuleTable
from rehabctl.services import triage, visit_recordings
from rehabctl.services.access import Action, require
from rehabctl.services.identifiers import identifier

if TYPE_CHECKING:
    from rehabctl.reference.exercise_library import ExerciseLibrary
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork


def waiting(store: Store, limit: int) -> list[tuple[str, ReviewItem, StoredAssessment]]:
    """Return what waits for review: record number, item and assessment.

    Parameters
    ----------
    store
        The open store.
    limit
        How many at most.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        items = uow.reviews.waiting(limit)
        rows = [
            (uow.patients.by_id(i.patient.id).mrn, i, uow.assessments.get(i.assessment_id))
            for i in items
        ]
        uow.audit.read("review.list", "review_item", [item.id for item in items])
        return rows


def decide(
    store: Store,
    rules: RuleTable,
    assessment_id: str,
    decision: ReviewDecision,
    comment: str,
    message: str | None = None,
) -> None:
    """Store a clinician's decision about a recording; a later one replaces it.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    assessment_id
        Identifier of the assessment, or of what was recorded in a video visit.
    decision
        accepted, adjusted or flagged.
    comment
        What was seen; stays in the clinic.
    message
        What the patient is told, with the remarks about moments of her recording.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        found = assessment_uuid(assessment_id)
        try:
            item = uow.reviews.of_assessment(found)
        except NotFoundError:  # what was recorded in a visit has not been measured
            visit_recordings.decide(uow, found, decision, comment or None)
            if message:
                raise UsageError(
                    "nothing is told with the film of a visit", "Use: rehabctl message send"
                ) from None
            return
        uow.reviews.decide(item.assessment_id, decision, comment or None, uow.user.id)
        if message:
            _tell(uow, item, message)
        uow.audit.record(
            "review.decide", "movement_assessment", item.assessment_id, {"decision": decision.value}
        )
        triage.refresh(uow, [item.patient], rules)


def _tell(uow: UnitOfWork, item: ReviewItem, text: str) -> None:
    """Write to the patient: the clinician's words, and what she saw at which moment."""
    remarks = [
        f"At {c.at_s:g} s{f' ({c.joint})' if c.joint else ''}: {c.body}"
        for c in uow.reviews.comments(item.id)
    ]
    thread = MessageThread(uow.new_id(), item.patient, "Your recording", uow.now)
    uow.messages.add_thread(thread)
    uow.messages.add(
        Message(
            id=uow.new_id(),
            patient=item.patient,
            thread_id=thread.id,
            direction=MessageDirection.TO_PATIENT,
            body="\n".join([text, *remarks]),
            sent_at=uow.now,
            author_user_id=uow.user.id,
        )
    )


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A recording in review with its remarks."""

    mrn: str
    item: ReviewItem
    assessment: StoredAssessment
    comments: tuple[ReviewComment, ...]
    authors: Mapping[UUID, str]
    """Logins by identifier."""


def comment(
    store: Store,
    assessment_id: str,
    *,
    at_s: float,
    body: str,
    landmark: int | None = None,
    joint: str | None = None,
) -> None:
    """Store a remark at one moment of a recording.

    Parameters
    ----------
    store
        The open store.
    assessment_id
        Identifier of the assessment.
    at_s
        Seconds from the start of the recording.
    body
        What is seen there.
    landmark
        Number of the landmark that it is about.
    joint
        The joint that it is about, such as knee.

    Raises
    ------
    UsageError
        The moment lies outside the recording, the text is empty, or there is no such joint.
    """
    joints = {row.split("_")[0] for row in load_vocabulary().motions}
    if joint is not None and joint not in joints:
        raise UsageError(f"unknown joint {joint!r}", f"Use {', '.join(sorted(joints))}")
    if not body.strip():
        raise UsageError("the remark is empty", "Say what is seen")
    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        item = uow.reviews.of_assessment(assessment_uuid(assessment_id))
        end_s = _duration_s(uow.assessments.get(item.assessment_id))
        if not 0 <= at_s <= end_s:
            raise UsageError(
                f"the recording has no moment at {at_s:g} s",
                f"Choose one from 0 to {end_s:g}" if end_s < inf else "Choose one from 0 on",
            )
        uow.reviews.add_comment(
            ReviewComment(
                uow.new_id(),
                item.patient,
                item.id,
                uow.user.id,
                at_s,
                body.strip(),
                landmark,
                joint,
            )
        )
        uow.audit.record("review.comment", "movement_assessment", item.assessment_id)


def _duration_s(assessment: StoredAssessment) -> float:
    video = cast("Mapping[str, Any]", assessment.result.get("video") or {})
    return float(video.get("duration_s") or inf)


def show(store: Store, assessment_id: str) -> Reviewed:
    """Return a recording in review with its remarks.

    Parameters
    ----------
    store
        The open store.
    assessment_id
        Identifier of the assessment.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        item = uow.reviews.of_assessment(assessment_uuid(assessment_id))
        uow.audit.record("review.read", "movement_assessment", item.assessment_id)
        return Reviewed(
            mrn=uow.patients.by_id(item.patient.id).mrn,
            item=item,
            assessment=uow.assessments.get(item.assessment_id),
            comments=uow.reviews.comments(item.id),
            authors={user.id: user.login for user in uow.clinics.users(uow.clinic.id)},
        )


def comments(store: Store, assessment_id: str) -> tuple[ReviewComment, ...]:
    """Return the remarks about one recording, in the order of its time.

    Parameters
    ----------
    store
        The open store.
    assessment_id
        Identifier of the assessment.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        item = uow.reviews.of_assessment(assessment_uuid(assessment_id))
        uow.audit.record("review.comments_read", "movement_assessment", item.assessment_id)
        return uow.reviews.comments(item.id)


def load(store: Store, library: ExerciseLibrary, assessment_id: str) -> ReviewData:
    """Return one recording as the review screen replays it.

    Parameters
    ----------
    store
        The open store.
    library
        The exercises that recordings were measured against.
    assessment_id
        Identifier of the assessment, or of what was recorded in a video visit.

    Raises
    ------
    NotFoundError
        There is no such recording, or its keypoints were deleted.
    """
    from rehabctl.analysis.assess import driving_curve
    from rehabctl.vision import keypoints as keypoint_files

    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        found = assessment_uuid(assessment_id)
        following = _next(uow, found)
        try:
            item = uow.reviews.of_assessment(found)
        except NotFoundError:
            return visit_recordings.load(uow, found, following)
        assessment = uow.assessments.get(item.assessment_id)
        patient = uow.patients.by_id(item.patient.id)
        if assessment.keypoints_id is None:
            raise NotFoundError("no keypoints were kept", "Analyse the recording again")
        blob = uow.recordings.keypoints(assessment.keypoints_id).blob_sha256
        labels = {one.repetition: one.label for one in uow.reviews.labels(item.assessment_id)}
        remarks = uow.reviews.comments(item.id)
        recording = assessment.recording_id and uow.recordings.get(assessment.recording_id)
        uow.audit.record("review.read", "movement_assessment", item.assessment_id)
    with store.blobs.open(blob) as stream:
        series = keypoint_files.read(stream)
    result = assessment.result
    parameters = cast("Mapping[str, Any]", result["provenance"]["parameters"])
    motion, side, angle = driving_curve(
        series,
        library.get(assessment.exercise).measurement,
        exercise=assessment.exercise,
        side=str(parameters.get("side", "auto")),
    )
    return ReviewData(
        assessment_id=assessment_id,
        mrn=patient.mrn,
        name=patient.demographics.display_name,
        exercise=assessment.exercise,
        recorded_at=assessment.measured_at,
        status=assessment.status,
        confidence=assessment.confidence,
        reasons=tuple(r["text"] for r in _rows(result["quality"]["reasons"])),
        t_s=tuple(float(t) for t in series.t_s),
        landmarks_px=series.xy_px.tolist(),
        motion=motion,
        side=side,
        angle_deg=angle,
        target_deg=parameters.get("target_deg"),
        repetitions=tuple(_repetition(r) for r in _rows(result["repetitions"]["items"])),
        moments=tuple(_moments(result)),
        decision=item.decision,
        comment=item.comment,
        next_assessment_id=following,
        labels=labels,
        remarks=tuple(ReviewRemark(c.at_s, c.body, c.joint, c.landmark) for c in remarks),
        has_film=bool(recording and recording.stored and store.blobs.exists(recording.sha256)),
    )


def _next(uow: UnitOfWork, here: UUID) -> str | None:
    """Return what waits besides this: what was measured first, then films of visits."""
    waiting = [item.assessment_id for item in uow.reviews.waiting(2)]
    waiting += [one.id for one in uow.video.waiting(2)]
    return next((str(found) for found in waiting if found != here), None)


def _rows(value: Any) -> Sequence[Mapping[str, Any]]:
    return cast("Sequence[Mapping[str, Any]]", value)


def _repetition(row: Mapping[str, Any]) -> ReviewRepetition:
    interval = row["interval_deg"]
    return ReviewRepetition(
        index=row["index"],
        kind=row["kind"],
        side=row["side"],
        start_s=row["start_s"],
        peak_s=row["peak_s"],
        end_s=row["end_s"],
        peak_deg=row["peak_deg"],
        interval_deg=None if interval is None else (interval[0], interval[1]),
    )


def _moments(result: Mapping[str, Any]) -> list[ReviewMoment]:
    found = [
        ReviewMoment(t_s, f"{row['kind'].replace('_', ' ')} {row['magnitude']:.0f} {row['unit']}")
        for row in _rows(result["compensations"])
        for t_s in row["at_s"]
    ]
    return sorted(found, key=lambda moment: moment.at_s)


def assessment_uuid(text: str) -> UUID:
    """Return an identifier as it was typed.

    Parameters
    ----------
    text
        From a command line.

    Raises
    ------
    NotFoundError
        It is none.
    """
    return identifier(text, "an assessment", "rehabctl review list")
