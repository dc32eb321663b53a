"""The queue of recordings that wait for a clinician."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, RowMapping, select, update

from rehabctl.domain.errors import NotFoundError
from rehabctl.domain.review import ReviewDecision
from rehabctl.domain.review_item import ReviewItem, ReviewState
from rehabctl.store.handles import table
from rehabctl.store.repositories.rows import build, insert_once, owned, owner, plain, word

_TABLE = table("review_item")


class ReviewRepository:
    """Review items, one per assessment."""

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


def _item(row: RowMapping) -> ReviewItem:
    return build(
        ReviewItem,
        row,
        patient=owner(row),
        reasons=tuple(row["reasons"]),
        state=ReviewState(row["state"]),
        decision=word(ReviewDecision, row["decision"]),
    )
