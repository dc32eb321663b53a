"""One delivery of what is due, as a person's command or a worker does it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from rehabctl.domain.message import OutboxState
from rehabctl.services import triage, wiring_peers
from rehabctl.services.message_delivery import Courier, DeliveryLine, Sender
from rehabctl.services.wiring import open_store

if TYPE_CHECKING:
    from rehabctl.services.settings import Settings


def is_configured(settings: Settings) -> bool:
    """Return whether config.toml names a carrier.

    Parameters
    ----------
    settings
        What this command runs with.
    """
    at = settings.messaging
    return bool((at.sms_account and at.sms_from) or (at.smtp_host and at.smtp_from)) or bool(
        at.push_contact
    )


def deliver_due(
    settings: Settings, *, limit: int = 500, dry_run: bool = False
) -> list[DeliveryLine]:
    """Deliver what is due to whom the acting login may see; errors as `Courier.deliver`.

    Parameters
    ----------
    settings
        What this command runs with.
    limit
        How many items at most.
    dry_run
        Say what would be done and do nothing.
    """
    rules = triage.clinic_rules(settings)
    sender = Sender(settings.messaging.message_sender, settings.messaging.message_phone)
    with open_store(settings) as store:
        courier = Courier(store, rules, sender, wiring_peers.message_ports(store, settings))
        return list(courier.deliver(limit=limit, dry_run=dry_run))


def told_of(lines: Sequence[DeliveryLine], tell: Callable[[str], None]) -> None:
    """Say in one line what a run came to; nothing where nothing was due.

    Parameters
    ----------
    lines
        Of the run.
    tell
        Takes the text.
    """
    if not lines:
        return
    states = [line.state for line in lines]
    sent, given_up = states.count(OutboxState.SENT), states.count(OutboxState.FAILED)
    on_way = sum(line.why == "on-its-way" for line in lines)
    waits = states.count(OutboxState.QUEUED) - on_way
    tell(f"messages: {sent} sent, {on_way} on their way, {waits} wait, {given_up} given up")
