"""The intake that says which visits of a patient can be held at a distance."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehabctl.clinic.suitability import Intake, SuitabilityResult, compare
from rehabctl.domain.errors import RehabctlError, UsageError
from rehabctl.reference.suitability import load_suitability
from rehabctl.services.access import Action, require
from rehabctl.services.roster_changes import clinic_today

if TYPE_CHECKING:
    from rehabctl.reference.suitability import SuitabilityRule
    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store

SUITABILITY_FILE = "suitability.toml"
_DEVICES = ("video", "phone", "none")


def clinic_suitability(settings: Settings) -> tuple[SuitabilityRule, ...]:
    """Return the clinic's own rules, if it has a file, else the packaged ones.

    Parameters
    ----------
    settings
        `suitability.toml` in the home folder is the clinic's file.
    """
    path = settings.paths.home / SUITABILITY_FILE
    try:
        return load_suitability(path.read_text("utf-8"), SUITABILITY_FILE)
    except FileNotFoundError:
        return load_suitability()
    except (OSError, UnicodeDecodeError):
        raise RehabctlError(
            f"cannot read {SUITABILITY_FILE}", "Correct or remove the file"
        ) from None


def of_patient(
    store: Store,
    rules: tuple[SuitabilityRule, ...],
    mrn: str,
    *,
    falls_12_months: int,
    device: str,
    has_caregiver: bool,
    is_first_visit: bool,
) -> SuitabilityResult:
    """Compare an intake with the clinic's rules; condition and weeks come from the record.

    Parameters
    ----------
    store
        The open store.
    rules
        The clinic's.
    mrn
        Record number.
    falls_12_months, device, has_caregiver, is_first_visit
        As asked.

    Raises
    ------
    UsageError
        The device is none of those the rules know.
    """
    if device not in _DEVICES:
        raise UsageError("unknown word for --device", f"Use one of: {', '.join(_DEVICES)}")
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        patient = uow.patients.get(mrn)
        today = clinic_today(uow.clinic, uow.now)
        episode = uow.episodes.active(patient.id)
        intake = Intake(
            condition=None if episode is None else episode.condition,
            weeks_post_op=None if episode is None else episode.weeks_post_op(today),
            payer=patient.demographics.payer,
            falls_12_months=falls_12_months,
            device=device,
            has_caregiver=has_caregiver,
            is_first_visit=is_first_visit,
        )
        found = compare(intake, rules, today)
        uow.audit.record(
            "suitability.compare", "patient", patient.id, {"codes": [r.code for r in found.reasons]}
        )
        return found
