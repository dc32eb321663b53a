"""What a worker does for other systems between its jobs: one round, from cron or repeated."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rehabctl.domain.errors import NotPermittedError
from rehabctl.domain.hl7_queue import QueueState
from rehabctl.services.drop_folders import FolderRun
from rehabctl.services.hl7_queue import QueueSender
from rehabctl.services.scheduling import clinic_booking_rules
from rehabctl.services.triage import clinic_rules
from rehabctl.services.wiring import open_store
from rehabctl.services.wiring_peers import mllp_line

if TYPE_CHECKING:
    from rehabctl.services.settings import Settings

Note = Callable[[str], None]


def exchange_round(settings: Settings, note: Note) -> None:
    """Send the HL7 v2 messages that are due, and take over the files of drop folders.

    Parameters
    ----------
    settings
        What the worker runs with.
    note
        Told what was done, in counts.
    """
    rules, booking = clinic_rules(settings), clinic_booking_rules(settings)
    with open_store(settings) as store:
        try:
            sent = list(QueueSender(store, mllp_line).send())
        except NotPermittedError:  # a worker of another role has no part in it
            sent = []
        try:
            files = list(FolderRun(store, rules, booking, note).scan())
        except NotPermittedError:
            files = []
    arrived = sum(one.state is QueueState.DONE for one in sent)
    if sent:
        note(f"{arrived} HL7 messages sent, {len(sent) - arrived} not: integration queue list")
    for one in files:
        note(f"{one.folder}: a file is {one.state}, {one.rejected} of {one.read} refused")
