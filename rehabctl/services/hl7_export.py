"""Writing HL7 v2 messages about patients for the systems of others."""

from __future__ import annotations

import hashlib
from enum import StrEnum
from typing import TYPE_CHECKING

from rehabctl.billing.claim_document import claim_of
from rehabctl.domain.counting import counted
from rehabctl.domain.errors import NotFoundError, PartialError
from rehabctl.integrations.hl7v2 import mllp
from rehabctl.integrations.hl7v2.message import MessageError, parse
from rehabctl.integrations.hl7v2.outbound import Envelope, dft_p03, mdm_t02, oru_r01
from rehabctl.services.access import Action, require
from rehabctl.services.exchange_record import UNSENT, gather
from rehabctl.services.integrations import require_enabled

if TYPE_CHECKING:
    from rehabctl.domain.connection import MllpConnection
    from rehabctl.reference.rules import RuleTable
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork


NETWORK = "hl7-mllp"
"""What HL7 over the network is called in the list of integrations."""


class MessageKind(StrEnum):
    """What is sent."""

    ORU = "oru"
    """Results: angles, pain and adherence."""
    MDM = "mdm"
    """Documents: the clinicians' notes."""
    DFT = "dft"
    """Charges: the lines of claims."""


def export_messages(
    store: Store, rules: RuleTable, mrn: str, kind: MessageKind, receiver: str = ""
) -> list[bytes]:
    """Return the messages about one patient.

    The same content has the same control id, so that a receiver sees a repetition.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    mrn
        Record number.
    kind
        One ORU with every value, one MDM a note, or one DFT a claim that is ready or was sent.
    receiver
        Receiving application (MSH-5).

    Raises
    ------
    NotFoundError
        There is no such patient, or nothing of this kind about her.
    """
    if kind is MessageKind.DFT:
        return _charges(store, mrn, receiver)
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        record = gather(uow, rules, mrn)
        who = record.patient.demographics
        authors = {user.id: user.login for user in uow.clinics.users(uow.clinic.id)}

        def envelope(content: str) -> Envelope:
            return _envelope(uow, receiver, content)

        if kind is MessageKind.ORU:
            values = record.observations
            messages = [oru_r01(envelope(f"{who.mrn} {values}"), who, values)] if values else []
        else:
            messages = [
                mdm_t02(envelope(str(note.id)), who, note, authors.get(note.author_id, ""))
                for note in record.notes
            ]
        detail = {"kind": kind.value, "messages": len(messages)}
        uow.audit.record("export.hl7", "patient", record.patient.ref.id, detail)
    if not messages:
        what = "values" if kind is MessageKind.ORU else "notes"
        raise NotFoundError(
            f"the record of {mrn} holds no {what}", "Look at: rehabctl patient show"
        )
    return messages


def _charges(store: Store, mrn: str, receiver: str) -> list[bytes]:
    """Return one message for each claim of a patient that stands."""
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        patient = uow.patients.get(mrn)
        standing = [
            claim
            for claim in uow.claims.of_patient(patient.id)
            if claim.state not in UNSENT and not claim.is_secondary
        ]
        messages = [
            dft_p03(
                _envelope(uow, receiver, f"{claim.control_number} {claim.document_sha256}"),
                patient.demographics,
                [claim_of(claim.control_number, claim.document)],
            )
            for claim in standing
        ]
        detail = {"kind": MessageKind.DFT.value, "messages": len(messages)}
        uow.audit.record("export.hl7", "patient", patient.id, detail)
    if not messages:
        raise NotFoundError(f"no claim of {mrn} stands", "Look at: rehabctl claim list")
    return messages


def _envelope(uow: UnitOfWork, receiver: str, content: str) -> Envelope:
    digest = hashlib.sha256(content.encode()).hexdigest()
    return Envelope(uow.clinic.name, receiver, digest[:20], uow.now)


def send_messages(store: Store, messages: list[bytes], at: MllpConnection) -> None:
    """Send messages over MLLP; over TLS, unless the receiver is this machine itself.

    Parameters
    ----------
    store
        The open store.
    messages
        What is sent, in its order.
    at
        The receiver.

    Raises
    ------
    NotPermittedError
        Another machine may not be given patient data: see `integration enable hl7-mllp`.
    UnavailableError
        The receiver is away or did not answer.
    PartialError
        It refused messages.
    """
    host, port = mllp.address(at.address)
    if not mllp.is_loopback(host):
        with store.transaction() as uow:
            require_enabled(uow, NETWORK)
    answers = mllp.send(host, port, messages, tls=mllp.client_tls(at))
    refused = sum(not _is_accepted(answer) for answer in answers)
    if refused:
        raise PartialError(
            f"the receiver refused {refused} of {counted(len(messages), 'message')}",
            "Ask its administrator for the reason",
        )


def _is_accepted(answer: bytes) -> bool:
    try:
        found = parse(answer).first("MSA")
    except MessageError:
        return False
    return found is not None and found.text(1) in ("AA", "CA")
