"""Whether a clinic may send an instrument to a patient."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from rehabctl.domain.prom import Instrument, InstrumentKind
from rehabctl.domain.prom_followup import LicenceRecord, SendDecision


def may_send(instrument: Instrument, records: Iterable[LicenceRecord], on: date) -> SendDecision:
    """Decide from the instrument's rights and the clinic's licence records.

    Scoring is never gated: formulas and tables are facts. Sending wording is.

    Parameters
    ----------
    instrument
        What is to be sent.
    records
        The clinic's records, of this and other instruments.
    on
        The clinic's date of sending.
    """
    if instrument.kind is not InstrumentKind.PATIENT_REPORTED:
        reason = f"{instrument.slug} is carried out with a clinician and is not sent"
        return SendDecision(False, "not_sent", reason, None)
    if not instrument.licence.record_required:
        return SendDecision(True, "free", f"{instrument.slug}: {instrument.licence.terms}", None)
    own = [r for r in records if r.instrument == instrument.slug]
    valid = [r for r in own if _is_valid(r, on)]
    if valid:
        record = max(valid, key=lambda r: r.expires_on or date.max)
        return SendDecision(True, "licensed", f"licence record {record.reference}", record)
    if not own:
        reason = f"{instrument.slug} needs a licence record ({instrument.licence.holder})"
        return SendDecision(False, "no_record", reason, None)
    incomplete = all(not (r.holder.strip() and r.reference.strip()) for r in own)
    code = "incomplete" if incomplete else "not_in_force"
    reason = f"no licence record of {instrument.slug} is " + (
        "complete (holder and reference)" if incomplete else f"in force on {on.isoformat()}"
    )
    return SendDecision(False, code, reason, None)


def _is_valid(record: LicenceRecord, on: date) -> bool:
    in_force = record.valid_from <= on and (record.expires_on is None or on <= record.expires_on)
    return in_force and bool(record.holder.strip()) and bool(record.reference.strip())
