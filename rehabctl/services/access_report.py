"""Reports to the CMS ACCESS model, musculoskeletal track: what we hold, and word of what not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.counting import counted
from rehabctl.domain.errors import NotFoundError, UsageError
from rehabctl.domain.npi import is_well_formed_npi
from rehabctl.integrations.fhir.access_report import (
    PARTICIPANT,
    Reporter,
    beneficiary_identifier,
    document,
)
from rehabctl.reference.access_report import AccessGuide, load_access_guide
from rehabctl.services.access import Action, require
from rehabctl.services.consents import is_given, require_consent
from rehabctl.services.fhir_export import every_mrn
from rehabctl.services.roster_changes import clinic_today

if TYPE_CHECKING:
    from uuid import UUID

    from rehabctl.domain.prom import PromResponse
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

Note = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Window:
    """The days of which questionnaires are reported; None is open."""

    since: date | None = None
    until: date | None = None


def reports(
    store: Store, reporter: Reporter, mrn: str | None, window: Window, *, note: Note
) -> Iterator[str]:
    """Yield one document a patient, each a line of JSON: the latest of each questionnaire.

    Parameters
    ----------
    store
        The open store.
    reporter
        Who reports: the model's identifier of the clinic, and who signs.
    mrn
        Record number; None for all who consented to data sharing and answered something.
    window
        Days of the questionnaires.
    note
        Told what is not held.

    Raises
    ------
    UsageError
        An identifier of who reports is malformed.
    NotFoundError
        There is no such patient, or nothing to report about her.
    NotPermittedError
        She has not consented to data sharing.
    """
    if not PARTICIPANT.fullmatch(reporter.participant):
        raise UsageError("the participant has no identifier of the model", "Like ACCES00001")
    if not is_well_formed_npi(reporter.npi):
        raise UsageError("the NPI of who reports is not valid", "Check its ten digits")
    left_out = 0
    for one in [mrn] if mrn is not None else every_mrn(store):
        with store.transaction() as uow:
            require(uow, Action.READ_CLINICAL)
            patient = uow.patients.get(one)
            if mrn is not None:
                require_consent(uow, patient.ref, ConsentScope.DATA_SHARING)
            elif not is_given(uow, patient.ref, ConsentScope.DATA_SHARING):
                left_out += 1
                continue
            guide = load_access_guide(clinic_today(uow.clinic, uow.now))
            found = _latest(uow, guide, patient.ref.id, window)
            if not found:
                if mrn is not None:
                    raise NotFoundError(
                        f"{mrn} answered no questionnaire of the report in these days",
                        f"It takes: {', '.join(_held(guide))}",
                    )
                continue
            who = patient.demographics
            made = document(guide, uow.clinic, reporter, (patient.ref, who), found, uow.now)
            uow.audit.record(
                "export.access", "patient", patient.ref.id, {"questionnaires": len(found)}
            )
        if mrn is not None:
            _tell_what_is_missing(guide, found, beneficiary_identifier(who) is not None, note)
        yield json.dumps(made, ensure_ascii=False, separators=(",", ":")) + "\n"
    if left_out:
        note(f"{counted(left_out, 'patient')} without a consent to data sharing left out")


def _latest(
    uow: UnitOfWork, guide: AccessGuide, patient_id: UUID, window: Window
) -> dict[str, PromResponse]:
    zone = ZoneInfo(uow.clinic.time_zone)
    wanted = _held(guide)
    found: dict[str, PromResponse] = {}
    for one in sorted(uow.prom.of_patient(patient_id), key=lambda response: response.completed_at):
        on = one.completed_at.astimezone(zone).date()
        is_in = (window.since or on) <= on <= (window.until or on)
        if is_in and one.instrument in wanted and any(v is not None for v in one.answers.values()):
            found[one.instrument] = one
    return found


def _held(guide: AccessGuide) -> list[str]:
    return [section.instrument for section in guide.sections if section.instrument]


def _tell_what_is_missing(
    guide: AccessGuide, found: dict[str, PromResponse], has_mbi: bool, note: Note
) -> None:
    foreign = [section.title for section in guide.sections if not section.instrument]
    note(f"not part of this program, and so never reported: {', '.join(foreign)}")
    unanswered = [name for name in _held(guide) if name not in found]
    if unanswered:
        note(f"not answered in these days: {', '.join(unanswered)}")
    if not has_mbi:
        note("the member number is no Medicare Beneficiary Identifier: none is reported")
