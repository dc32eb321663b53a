"""What a worker does for other systems between its jobs: one round, from cron or every minute."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rehabctl.domain.errors import NotPermittedError, RehabctlError
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
_EVERY_S = 60.0


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


@contextmanager
def exchange_beside(settings: Settings, note: Note, every_s: float = _EVERY_S) -> Generator[None]:
    """Exchange while a worker does its jobs; one that fails is tried again in the next round.

    Parameters
    ----------
    settings, note
        As for `exchange_round`.
    every_s
        Time between two rounds.
    """
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(every_s):
            try:
                exchange_round(settings, note)
            except RehabctlError as error:
                note(error.what)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(every_s)
