"""The port through which the panel reads and acts. A service implements it; tests use a fake.

Every method may block (a database, a network) and is called from worker threads, several at a
time, never from the thread that draws. Failures are raised as `RehabctlError`; an
`UnavailableError` means that the store is away and that the call may be tried again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from rehabctl.domain.alert import AlertEvidence
from rehabctl.domain.panel_row import PanelSort
from rehabctl.domain.patient_detail import PatientDetail
from rehabctl.domain.review import ReviewData, ReviewDecision
from rehabctl.domain.triage import WorklistPage
from rehabctl.tui.claim_data import ClaimData
from rehabctl.tui.form_data import FormData
from rehabctl.tui.kit_data import KitData
from rehabctl.tui.monitoring_data import MonitoringData
from rehabctl.tui.outcome_data import OutcomeData
from rehabctl.tui.plan_data import PlanData
from rehabctl.tui.review_port import ReviewPort
from rehabctl.tui.visit_data import VisitData


class PanelData(Protocol):
    """What the panel needs of the services."""

    def worklist(
        self,
        cursor: str | None,
        limit: int,
        *,
        text_filter: str | None,
        sort: PanelSort,
        from_end: bool,
    ) -> WorklistPage:
        """Return up to `limit` rows after `cursor`.

        Parameters
        ----------
        cursor
            `next_cursor` of an earlier page of the same filter, sort and direction; None starts.
        limit
            Rows wanted; fewer come only at the end.
        text_filter
            Keep patients whose record number, name or reasons contain this text, without regard
            to case. `total` and `need_attention` of the page then count those that are kept.
        sort
            The order.
        from_end
            Read the same order from its other end: the last patient comes first.
        """
        ...

    def patient(self, mrn: str) -> PatientDetail:
        """Return everything that the patient screen shows."""
        ...

    def review(self, assessment_id: str) -> ReviewData:
        """Return one recording for replay."""
        ...

    def acknowledge(self, alert_ids: Sequence[str], comment: str) -> None:
        """Close these alerts with a comment; all of them or none."""
        ...

    def snooze(self, alert_ids: Sequence[str], until: datetime) -> None:
        """Hide these alerts until a time; all of them or none."""
        ...

    def assign(self, alert_ids: Sequence[str], login: str) -> None:
        """Give these alerts to a colleague; all of them or none."""
        ...

    def undo_alerts(self, alert_ids: Sequence[str]) -> None:
        """Take back the newest own action on each of these alerts; all of them or none."""
        ...

    def colleagues(self) -> Sequence[str]:
        """Return the logins of those to whom alerts can be given."""
        ...

    def evidence(self, mrn: str) -> tuple[AlertEvidence, ...]:
        """Return a patient's alerts with what their rules read, open ones first."""
        ...

    def add_note(self, mrn: str, text: str) -> None:
        """Store a note on this patient."""
        ...

    def set_review(self, assessment_id: str, decision: ReviewDecision, comment: str) -> None:
        """Store a clinician's decision about a recording."""
        ...

    @property
    def plans(self) -> PlanData:
        """Reads, searches and saves programmes."""
        ...

    @property
    def claims(self) -> ClaimData:
        """Reads claims and what they wait for."""
        ...

    @property
    def monitoring(self) -> MonitoringData:
        """Reads who is monitored, and what each month supports."""
        ...

    @property
    def kits(self) -> KitData:
        """Lists kits and moves them on."""
        ...

    @property
    def reviews(self) -> ReviewPort:
        """Labels and remarks on recordings, and their films."""
        ...

    @property
    def forms(self) -> FormData:
        """Lists, scores and stores questionnaires."""
        ...

    @property
    def visits(self) -> VisitData:
        """Shows the schedule, holds visits, and drafts and signs their notes."""
        ...

    @property
    def outcomes(self) -> OutcomeData:
        """Shows courses beside published curves, and cohorts."""
        ...

    @property
    def unlock_needs_secret(self) -> bool:
        """Whether the idle lock asks for a secret (a passphrase); else any key opens it."""
        ...

    def unlock(self, secret: str) -> bool:
        """Return whether this secret opens the locked panel."""
        ...
