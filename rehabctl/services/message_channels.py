"""How patients and their contacts allow to be reached: noted in their order, ended at any time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rehabctl.domain.errors import NotFoundError, UsageError
from rehabctl.domain.message import ContactScope, DeliveryChannel, MessageChannel, OptOut
from rehabctl.services.access import Action, require
from rehabctl.services.actors import PATIENT, allowed_contact

if TYPE_CHECKING:
    from rehabctl.store.store import Store


def opt_in(
    store: Store, mrn: str, channels: Sequence[DeliveryChannel], *, to: str = PATIENT
) -> tuple[MessageChannel, ...]:
    """Note the channels that a receiver allows, the first to try first; others are ended.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    channels
        In her order.
    to
        `patient` or the identifier of a contact.

    Raises
    ------
    UsageError
        A channel is given twice, or none is.
    NotFoundError, NotPermittedError
        As `allowed_contact`.
    """
    if not channels or len(set(channels)) != len(channels):
        raise UsageError("give each channel once", "Channels are sms, email and push")
    with store.transaction() as uow:
        require(uow, Action.WRITE_PATIENTS)
        patient = uow.patients.get(mrn)
        if to != PATIENT:
            allowed_contact(uow, patient.ref, to, ContactScope.MESSAGES)
        others = set(DeliveryChannel) - set(channels)
        uow.message_channels.end(patient.id, to, others, OptOut.STAFF)
        for rank, channel in enumerate(channels, 1):
            uow.message_channels.put(
                MessageChannel(uow.new_id(), patient.ref, to, channel, rank, uow.now, uow.user.id)
            )
        detail = {"channels": [one.value for one in channels]}
        uow.audit.record("message.opt_in", "patient", patient.id, detail)
        return uow.message_channels.of_patient(patient.id)


def opt_out(
    store: Store, mrn: str, channels: Sequence[DeliveryChannel], *, to: str = PATIENT
) -> tuple[MessageChannel, ...]:
    """Note that a receiver does not want to be reached by channels; none given means all.

    Raises
    ------
    NotFoundError
        None of them is open.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_PATIENTS)
        patient = uow.patients.get(mrn)
        ended = tuple(channels or DeliveryChannel)
        if not uow.message_channels.end(patient.id, to, ended, OptOut.STAFF):
            raise NotFoundError("no such channel is open", "Look at: rehabctl message channels")
        if DeliveryChannel.PUSH in ended:
            uow.push.remove(patient.id, to)
        detail = {"channels": [one.value for one in ended]}
        uow.audit.record("message.opt_out", "patient", patient.id, detail)
        return uow.message_channels.of_patient(patient.id)


def of_patient(store: Store, mrn: str) -> tuple[MessageChannel, ...]:
    """Return the channels of a patient and her contacts, ended ones too."""
    with store.transaction() as uow:
        require(uow, Action.READ_PATIENTS)
        patient = uow.patients.get(mrn)
        uow.audit.record("message.channels", "patient", patient.id)
        return uow.message_channels.of_patient(patient.id)
