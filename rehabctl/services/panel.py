"""What the panel reads and does: the same services that the commands call."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from rehabctl.domain.alert import AlertEvidence
from rehabctl.domain.panel_row import PanelQuery, PanelSort
from rehabctl.domain.patient_detail import PatientDetail
from rehabctl.domain.review import ReviewData, ReviewDecision
from rehabctl.domain.triage import WorklistPage
from rehabctl.reference.exercise_library import ExerciseLibrary
from rehabctl.reference.protocol_library import ProtocolLibrary
from rehabctl.reference.rules import RuleTable
from rehabctl.services import alerts, patient_detail, review, triage
from rehabctl.services.access import Action, require
from rehabctl.services.claim_desk import ClaimDesk
from rehabctl.services.kit_desk import KitDesk
from rehabctl.services.library import open_library, open_protocols
from rehabctl.services.monitoring_desk import MonitoringDesk
from rehabctl.services.outcome_desk import OutcomeDesk
from rehabctl.services.prom_entry import PromEntry
from rehabctl.services.recording_review import RecordingReview
from rehabctl.services.visit_desk import VisitDesk
from rehabctl.services.week_plan import WeekPlans
from rehabctl.services.wiring import open_films, open_store

if TYPE_CHECKING:
    from rehabctl.services.films import Films
    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store


@dataclass(frozen=True)
class StorePanelData:
    """The panel's port over an open store. Every method may be called from any thread."""

    store: Store
    library: ExerciseLibrary
    protocols: ProtocolLibrary
    rules: RuleTable
    films: Films
    settings: Settings

    def worklist(
        self,
        cursor: str | None,
        limit: int,
        *,
        text_filter: str | None,
        sort: PanelSort,
        from_end: bool,
    ) -> WorklistPage:
        """Return up to `limit` rows after `cursor`."""
        query = PanelQuery(text_filter=text_filter, sort=sort, from_end=from_end)
        return triage.worklist(self.store, self.rules, query, limit=limit, cursor=cursor)

    def patient(self, mrn: str) -> PatientDetail:
        """Return everything that the patient screen shows."""
        return patient_detail.load(self.store, self.rules, mrn)

    def review(self, assessment_id: str) -> ReviewData:
        """Return one recording for replay."""
        return review.load(self.store, self.library, assessment_id)

    def acknowledge(self, alert_ids: Sequence[str], comment: str) -> None:
        """Mark these alerts as seen; all of them or none."""
        alerts.acknowledge(self.store, self.rules, alert_ids, comment)

    def snooze(self, alert_ids: Sequence[str], until: datetime) -> None:
        """Hide these alerts until a time; all of them or none."""
        alerts.snooze(self.store, self.rules, alert_ids, until)

    def assign(self, alert_ids: Sequence[str], login: str) -> None:
        """Give these alerts to a colleague; all of them or none."""
        alerts.assign(self.store, self.rules, alert_ids, login)

    def undo_alerts(self, alert_ids: Sequence[str]) -> None:
        """Take back the newest own action on these alerts."""
        alerts.undo(self.store, self.rules, alert_ids)

    def colleagues(self) -> Sequence[str]:
        """Return the logins of those to whom alerts can be given."""
        return alerts.colleagues(self.store)

    def evidence(self, mrn: str) -> tuple[AlertEvidence, ...]:
        """Return a patient's alerts with what their rules read, open ones first."""
        return alerts.evidence(self.store, self.rules, mrn)

    def add_note(self, mrn: str, text: str) -> None:
        """Store a note on this patient."""
        with self.store.transaction() as uow:
            require(uow, Action.WRITE_CLINICAL)
            patient = uow.patients.get(mrn)
            note_id = uow.new_id()
            uow.notes.add(note_id, patient.ref, uow.user.id, text)
            uow.audit.record("note.create", "patient_note", note_id)

    def set_review(self, assessment_id: str, decision: ReviewDecision, comment: str) -> None:
        """Store a clinician's decision about a recording."""
        review.decide(self.store, self.rules, assessment_id, decision, comment)

    @property
    def plans(self) -> WeekPlans:
        """Reads, searches and saves programmes."""
        return WeekPlans(self.store, self.library, self.protocols, self.rules)

    @property
    def claims(self) -> ClaimDesk:
        """Reads claims and what they wait for."""
        return ClaimDesk(self.store)

    @property
    def monitoring(self) -> MonitoringDesk:
        """Reads who is monitored, and what each month supports."""
        return MonitoringDesk(self.store)

    @property
    def kits(self) -> KitDesk:
        """Lists kits and moves them on."""
        return KitDesk(self.store, self.settings)

    @property
    def reviews(self) -> RecordingReview:
        """Labels and remarks on recordings, and their films."""
        return RecordingReview(self.store, self.films)

    @property
    def forms(self) -> PromEntry:
        """Lists, scores and stores questionnaires."""
        return PromEntry(self.store, self.rules)

    @property
    def visits(self) -> VisitDesk:
        """Shows the schedule, holds visits, and drafts and signs their notes."""
        return VisitDesk(self.store, self.settings, self.rules)

    @property
    def outcomes(self) -> OutcomeDesk:
        """Shows courses beside published curves, and cohorts."""
        return OutcomeDesk(self.store, self.rules)

    @property
    def unlock_needs_secret(self) -> bool:
        """Whether the idle lock asks for a secret: the key came from a keyring or a file."""
        return False

    def unlock(self, secret: str) -> bool:
        """Return whether this secret opens the locked panel."""
        return True


@contextmanager
def open_panel_data(settings: Settings) -> Generator[StorePanelData]:
    """Open the store for the panel.

    Parameters
    ----------
    settings
        What this command runs with.
    """
    rules = triage.clinic_rules(settings)
    library = open_library(settings)
    with (
        open_store(settings) as store,
        open_films(settings, store, lambda found: review.load(store, library, found)) as films,
    ):
        protocols = open_protocols(settings)
        yield StorePanelData(store, library, protocols, rules, films, settings)
