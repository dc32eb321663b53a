"""The queue of recordings that wait for a clinician."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, RowMapping, insert, select, update

from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.review import RepetitionLabel, ReviewDecision
from rehabctl.domain.review_item import LabelledRepetition, ReviewComment, ReviewItem, ReviewState
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import (
    build,
    insert_once,
    owned,
    owner,
    plain,
    upsert,
    word,
)

_TABLE = table("review_item")
_LABEL = table("repetition_label")
_COMMENT = table("review_comment")


class ReviewRepository:
    """Review items, one per assessment, with the labels and comments of their recordings."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    def enqueue(self, item: ReviewItem) -> bool:
        """Put an assessment into the queue; return False when it is there already."""
        row = owned(item.patient, item.id, self._now) | plain(item)
        return insert_once(self._connection, _TABLE, row, ("assessment_id",))

    def of_assessment(self, assessment_id: UUID) -> ReviewItem:
        """Return the item of an assessment.

        Raises
        ------
        NotFoundError
            The assessment is not in the queue.
        """
        query = select(_TABLE).where(_TABLE.c.assessment_id == assessment_id)
        row = self._connection.execute(query).mappings().first()
        if row is None:
            raise NotFoundError("the assessment is not in the review queue", "Check the identifier")
        return _item(row)

    def waiting(
        self, limit: int, *, therapist_id: UUID | None = None, patient_id: UUID | None = None
    ) -> tuple[ReviewItem, ...]:
        """Return what waits, lowest confidence first.

        Parameters
        ----------
        limit
            How many at most.
        therapist_id, patient_id
            Only of this caseload or patient.
        """
        query = select(_TABLE).where(_TABLE.c.state == ReviewState.OPEN.value)
        if therapist_id is not None:
            query = query.where(_TABLE.c.therapist_id == therapist_id)
        if patient_id is not None:
            query = query.where(_TABLE.c.patient_id == patient_id)
        query = query.order_by(_TABLE.c.confidence, _TABLE.c.queued_at, _TABLE.c.id).limit(limit)
        return tuple(_item(row) for row in self._connection.execute(query).mappings())

    def decide(
        self, assessment_id: UUID, decision: ReviewDecision, comment: str | None, by: UUID
    ) -> None:
        """Store a clinician's decision; a later one replaces it.

        Raises
        ------
        NotFoundError
            The assessment is not in the queue.
        """
        statement = (
            update(_TABLE)
            .where(_TABLE.c.assessment_id == assessment_id)
            .values(
                state=ReviewState.DONE.value,
                decision=decision.value,
                comment=comment,
                decided_by=by,
                decided_at=self._now,
            )
        )
        if self._connection.execute(statement).rowcount != 1:
            self.of_assessment(assessment_id)

    def set_labels(self, labels: Sequence[LabelledRepetition]) -> None:
        """Label repetitions of one assessment; a later label replaces the one before."""
        rows = [owned(one.patient, one.id, self._now) | plain(one) for one in labels]
        keys, changed = ("assessment_id", "repetition"), ("label", "labelled_by", "labelled_at")
        upsert(self._connection, _LABEL, rows, keys, changed)

    def labels(self, assessment_id: UUID | None = None) -> tuple[LabelledRepetition, ...]:
        """Return labels by assessment and repetition.

        Parameters
        ----------
        assessment_id
            Only of this one; None for every assessment.
        """
        query = select(_LABEL).order_by(_LABEL.c.assessment_id, _LABEL.c.repetition)
        if assessment_id is not None:
            query = query.where(_LABEL.c.assessment_id == assessment_id)
        return tuple(
            build(LabelledRepetition, row, patient=owner(row), label=RepetitionLabel(row["label"]))
            for row in self._connection.execute(query).mappings()
        )

    def add_comment(self, comment: ReviewComment) -> None:
        """Add a remark at a moment of the recording."""
        about = {"landmark": comment.landmark, "joint": comment.joint}
        marks = [{name: value} for name, value in about.items() if value is not None]
        row = owned(comment.patient, comment.id, self._now) | plain(comment, *about)
        self._connection.execute(insert(_COMMENT).values(row | {"marks": marks}))

    def comments(self, review_item_id: UUID) -> tuple[ReviewComment, ...]:
        """Return the remarks about one recording, in the order of its time."""
        query = select(_COMMENT).where(_COMMENT.c.review_item_id == review_item_id)
        rows = self._connection.execute(query.order_by(_COMMENT.c.at_s, _COMMENT.c.id))
        return tuple(
            build(
                ReviewComment,
                row,
                patient=owner(row),
                landmark=next((m["landmark"] for m in row["marks"] if "landmark" in m), None),
                joint=next((m["joint"] for m in row["marks"] if "joint" in m), None),
            )
            for row in rows.mappings()
        )


def _item(row: RowMapping) -> ReviewItem:
    return build(
        ReviewItem,
        row,
        patient=owner(row),
        reasons=tuple(row["reasons"]),
        state=ReviewState(row["state"]),
        decision=word(ReviewDecision, row["decision"]),
    )
