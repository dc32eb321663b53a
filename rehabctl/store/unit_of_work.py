"""The transaction of one use case, with the repositories that work inside it."""

from __future__ import annotations

from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID

from rehabctl.domain.clinic import Clinic, Role, User
from rehabctl.store.audit_log import AuditLog
from rehabctl.store.ids import new_id
from rehabctl.store.server_audit import ServerAuditLog

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from rehabctl.store.repositories.accounts import AccountRepository
    from rehabctl.store.repositories.agreements import AgreementRepository
    from rehabctl.store.repositories.alerts import AlertRepository
    from rehabctl.store.repositories.assessments import AssessmentRepository
    from rehabctl.store.repositories.claims import ClaimRepository
    from rehabctl.store.repositories.clinics import ClinicRepository
    from rehabctl.store.repositories.connections import ConnectionRepository
    from rehabctl.store.repositories.consents import ConsentRepository
    from rehabctl.store.repositories.contacts import ContactRepository
    from rehabctl.store.repositories.coverage import CoverageRepository
    from rehabctl.store.repositories.documentation import DocumentationRepository
    from rehabctl.store.repositories.episodes import EpisodeRepository
    from rehabctl.store.repositories.facts import FactRepository
    from rehabctl.store.repositories.foreign import ForeignRecordRepository
    from rehabctl.store.repositories.histories import HistoryRepository
    from rehabctl.store.repositories.hl7_queue import Hl7QueueRepository
    from rehabctl.store.repositories.imports import ImportRepository
    from rehabctl.store.repositories.kits import KitRepository
    from rehabctl.store.repositories.library import LibraryRepository
    from rehabctl.store.repositories.licences import LicenceRepository
    from rehabctl.store.repositories.message_channels import MessageChannelRepository
    from rehabctl.store.repositories.messages import MessageRepository
    from rehabctl.store.repositories.monitoring import MonitoringRepository
    from rehabctl.store.repositories.notes import NoteRepository
    from rehabctl.store.repositories.outbox import OutboxRepository
    from rehabctl.store.repositories.outcomes import OutcomeRepository
    from rehabctl.store.repositories.panel import PanelRepository
    from rehabctl.store.repositories.patients import PatientRepository
    from rehabctl.store.repositories.policies import PolicyRepository
    from rehabctl.store.repositories.programmes import ProgrammeRepository
    from rehabctl.store.repositories.proms import PromRepository
    from rehabctl.store.repositories.push import PushRepository
    from rehabctl.store.repositories.recordings import RecordingRepository
    from rehabctl.store.repositories.research import ResearchRepository
    from rehabctl.store.repositories.retention import Retention
    from rehabctl.store.repositories.reviews import ReviewRepository
    from rehabctl.store.repositories.schedule import ScheduleRepository
    from rehabctl.store.repositories.sessions import SessionRepository
    from rehabctl.store.repositories.suitability import SuitabilityRepository
    from rehabctl.store.repositories.users import UserRepository
    from rehabctl.store.repositories.video import VideoRepository
    from rehabctl.store.repositories.visits import VisitRepository
    from rehabctl.store.repositories.wearables import WearableRepository


class UnitOfWork:
    """Everything that one use case reads and writes, in one transaction.

    A repository is imported when it is first used, so that `patient list` pays for its own only.

    Parameters
    ----------
    connection
        Of the transaction, which the caller commits or rolls back.
    audit_key
        HMAC key of a local file's audit chain; None where the server makes the chain.
    clinic, user
        Whose records, and who acts.
    now
        Time of the transaction: one moment for all that it writes.
    is_local
        Whether the store is a file of this machine: roles are advice there.
    """

    def __init__(
        self,
        connection: Connection,
        audit_key: bytes | None,
        clinic: Clinic,
        user: User,
        now: datetime,
        *,
        is_local: bool,
    ) -> None:
        self.connection = connection
        self.is_local = is_local
        self.clinic = clinic
        self.user = user
        self.now = now
        self.audit = (
            ServerAuditLog(connection, user, now)
            if audit_key is None
            else AuditLog(connection, audit_key, user, now)
        )

    @property
    def is_front_desk(self) -> bool:
        """Whether a server hides clinical records from who acts, who books all the same."""
        return not self.is_local and self.user.role is Role.REGISTRAR

    @property
    def caseload_of(self) -> UUID | None:
        """The therapist whose patients lists are limited to; None means the whole clinic."""
        return None if self.is_local or self.user.role is not Role.THERAPIST else self.user.id

    def new_id(self) -> UUID:
        """Return an identifier for a new record."""
        return new_id()

    @cached_property
    def clinics(self) -> ClinicRepository:
        """The clinic and its users."""
        from rehabctl.store.repositories.clinics import ClinicRepository

        return ClinicRepository(self.connection, self.now)

    @cached_property
    def users(self) -> UserRepository:
        """Who may enter, whose patients they see, and emergency access."""
        from rehabctl.store.repositories.users import LocalUsers, ServerUsers

        if self.is_local:
            return LocalUsers(self.connection, self.audit, self.user, self.now)
        return ServerUsers(self.connection)

    @cached_property
    def message_channels(self) -> MessageChannelRepository:
        """The ways by which patients and contacts allow to be reached."""
        from rehabctl.store.repositories.message_channels import MessageChannelRepository

        return MessageChannelRepository(self.connection, self.clinic.id, self.now)

    @cached_property
    def push(self) -> PushRepository:
        """Browsers that take push messages."""
        from rehabctl.store.repositories.push import PushRepository

        return PushRepository(self.connection, self.now)

    @cached_property
    def agreements(self) -> AgreementRepository:
        """Agreements with vendors, and switched-on integrations."""
        from rehabctl.store.repositories.agreements import AgreementRepository

        return AgreementRepository(self.connection, self.clinic.id)

    @cached_property
    def connections(self) -> ConnectionRepository:
        """Connections to the record systems of others."""
        from rehabctl.store.repositories.connections import ConnectionRepository

        return ConnectionRepository(self.connection, self.clinic.id, self.user.id, self.now)

    @cached_property
    def patients(self) -> PatientRepository:
        """Patients."""
        from rehabctl.store.repositories.patients import PatientRepository

        return PatientRepository(self.connection, self.clinic.id, self.now, self.caseload_of)

    @cached_property
    def episodes(self) -> EpisodeRepository:
        """Courses of care, with flags and goals."""
        from rehabctl.store.repositories.episodes import EpisodeRepository

        return EpisodeRepository(self.connection, self.now)

    @cached_property
    def consents(self) -> ConsentRepository:
        """What patients allow."""
        from rehabctl.store.repositories.consents import ConsentRepository

        return ConsentRepository(self.connection, self.now)

    @cached_property
    def library(self) -> LibraryRepository:
        """Pinned exercises and protocols."""
        from rehabctl.store.repositories.library import LibraryRepository

        return LibraryRepository(self.connection, self.clinic.id, self.now)

    @cached_property
    def programmes(self) -> ProgrammeRepository:
        """Programmes, prescriptions and their schedule."""
        from rehabctl.store.repositories.programmes import ProgrammeRepository

        return ProgrammeRepository(self.connection, self.now)

    @cached_property
    def sessions(self) -> SessionRepository:
        """Exercise sessions and journal entries."""
        from rehabctl.store.repositories.sessions import SessionRepository

        return SessionRepository(self.connection, self.now)

    @cached_property
    def recordings(self) -> RecordingRepository:
        """Recordings and keypoints."""
        from rehabctl.store.repositories.recordings import RecordingRepository

        return RecordingRepository(self.connection, self.now)

    @cached_property
    def assessments(self) -> AssessmentRepository:
        """Movement assessments and their trends."""
        from rehabctl.store.repositories.assessments import AssessmentRepository

        return AssessmentRepository(self.connection, self.now)

    @cached_property
    def reviews(self) -> ReviewRepository:
        """The review queue."""
        from rehabctl.store.repositories.reviews import ReviewRepository

        return ReviewRepository(self.connection, self.now)

    @cached_property
    def alerts(self) -> AlertRepository:
        """Alerts and what people did with them."""
        from rehabctl.store.repositories.alerts import AlertRepository

        return AlertRepository(self.connection, self.now)

    @cached_property
    def outcomes(self) -> OutcomeRepository:
        """Courses of care reduced to one row each, for cohorts."""
        from rehabctl.store.repositories.outcomes import OutcomeRepository

        return OutcomeRepository(self.connection, self.clinic, self.caseload_of)

    @cached_property
    def panel(self) -> PanelRepository:
        """The maintained rows of the worklist."""
        from rehabctl.store.repositories.panel import PanelRepository

        return PanelRepository(self.connection, self.clinic.id, self.caseload_of)

    @cached_property
    def facts(self) -> FactRepository:
        """The raw events of patients, from which the worklist is computed."""
        from rehabctl.store.repositories.facts import FactRepository

        return FactRepository(self.connection, self.clinic)

    @cached_property
    def notes(self) -> NoteRepository:
        """Short notes of clinicians."""
        from rehabctl.store.repositories.notes import NoteRepository

        return NoteRepository(self.connection, self.now)

    @cached_property
    def imports(self) -> ImportRepository:
        """How far imports have come."""
        from rehabctl.store.repositories.imports import ImportRepository

        return ImportRepository(self.connection, self.clinic.id, self.now)

    @cached_property
    def contacts(self) -> ContactRepository:
        """Caregivers and proxies."""
        from rehabctl.store.repositories.contacts import ContactRepository

        return ContactRepository(self.connection, self.now)

    @cached_property
    def messages(self) -> MessageRepository:
        """Conversations with patients."""
        from rehabctl.store.repositories.messages import MessageRepository

        return MessageRepository(self.connection, self.clinic.id, self.now)

    @cached_property
    def outbox(self) -> OutboxRepository:
        """What is to leave the clinic, and calls by staff."""
        from rehabctl.store.repositories.outbox import OutboxRepository

        return OutboxRepository(self.connection, self.now)

    @cached_property
    def prom(self) -> PromRepository:
        """Filled-in questionnaires, scores and licence records."""
        from rehabctl.store.repositories.proms import PromRepository

        return PromRepository(self.connection, self.clinic.id, self.now)

    @cached_property
    def visits(self) -> VisitRepository:
        """Visits."""
        from rehabctl.store.repositories.visits import VisitRepository

        if self.is_local or self.user.role not in (Role.REGISTRAR, Role.WORKER):
            return VisitRepository(self.connection, self.now)
        from rehabctl.store.access import matrix

        return VisitRepository(self.connection, self.now, matrix()["visit"].hidden[self.user.role])

    @cached_property
    def video(self) -> VideoRepository:
        """Rooms of visits, and their recordings."""
        from rehabctl.store.repositories.video import VideoRepository

        return VideoRepository(self.connection, self.now)

    @cached_property
    def suitability(self) -> SuitabilityRepository:
        """How visits can be held, as intakes said."""
        from rehabctl.store.repositories.suitability import SuitabilityRepository

        return SuitabilityRepository(self.connection, self.now, by_function=self.is_front_desk)

    @cached_property
    def retention(self) -> Retention:
        """What may be destroyed, and legal holds."""
        from rehabctl.store.repositories.retention import LocalRetention, ServerRetention

        if self.is_local:
            return LocalRetention(self.connection, self.audit, self.user, self.now)
        return ServerRetention(self.connection, self.clinic.id)

    @cached_property
    def histories(self) -> HistoryRepository:
        """Whole histories of new patients, set-wise."""
        from rehabctl.store.repositories.histories import HistoryRepository

        return HistoryRepository(self.connection, self.now)

    @cached_property
    def research(self) -> ResearchRepository:
        """Rows for a de-identified export."""
        from rehabctl.store.repositories.research import ResearchRepository

        return ResearchRepository(self.connection, self.clinic.id)

    @cached_property
    def kits(self) -> KitRepository:
        """Sensor kits."""
        from rehabctl.store.repositories.kits import KitRepository

        return KitRepository(self.connection, self.clinic.id, self.now)

    @cached_property
    def monitoring(self) -> MonitoringRepository:
        """Evidence of remote therapeutic monitoring, and what is billed once."""
        from rehabctl.store.repositories.monitoring import MonitoringRepository

        return MonitoringRepository(self.connection, self.clinic.id, self.now)

    @cached_property
    def claims(self) -> ClaimRepository:
        """Claims, their files and postings, and what billing was told."""
        from rehabctl.store.repositories.claims import ClaimRepository

        return ClaimRepository(self.connection, self.clinic.id, self.now)

    @cached_property
    def accounts(self) -> AccountRepository:
        """What patients pay themselves."""
        from rehabctl.store.repositories.accounts import AccountRepository

        return AccountRepository(self.connection, self.clinic.id, self.now)

    @cached_property
    def coverage(self) -> CoverageRepository:
        """Questions to payers about cover, and their answers."""
        from rehabctl.store.repositories.coverage import CoverageRepository

        return CoverageRepository(self.connection, self.clinic.id, self.now)

    @cached_property
    def policies(self) -> PolicyRepository:
        """Insurance policies of patients."""
        from rehabctl.store.repositories.policies import PolicyRepository

        return PolicyRepository(self.connection, self.now)

    @cached_property
    def licences(self) -> LicenceRepository:
        """Licences and compact privileges of providers."""
        from rehabctl.store.repositories.licences import LicenceRepository

        return LicenceRepository(self.connection, self.clinic.id, self.now)

    @cached_property
    def schedule(self) -> ScheduleRepository:
        """Working hours, absences, the waitlist, and locks for bookings."""
        from rehabctl.store.repositories.schedule import ScheduleRepository

        return ScheduleRepository(
            self.connection, self.clinic.id, self.now, by_function=self.is_front_desk
        )

    @cached_property
    def documentation(self) -> DocumentationRepository:
        """Plans of care, authorisations and clinical notes."""
        from rehabctl.store.repositories.documentation import DocumentationRepository

        return DocumentationRepository(self.connection, self.now)

    @cached_property
    def foreign(self) -> ForeignRecordRepository:
        """What other systems told."""
        from rehabctl.store.repositories.foreign import ForeignRecordRepository

        return ForeignRecordRepository(self.connection, self.clinic.id, self.now)

    @cached_property
    def hl7_queue(self) -> Hl7QueueRepository:
        """HL7 v2 messages that wait for their receiver."""
        from rehabctl.store.repositories.hl7_queue import Hl7QueueRepository

        return Hl7QueueRepository(self.connection, self.clinic.id, self.now)

    @cached_property
    def wearables(self) -> WearableRepository:
        """What patients' own devices recorded, by day."""
        from rehabctl.store.repositories.wearables import WearableRepository

        return WearableRepository(self.connection, self.now)
