"""Listening for HL7 v2 messages: each is taken over before it is acknowledged."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.roster import FieldProblem
from rehabctl.integrations.hl7v2 import mllp
from rehabctl.integrations.hl7v2.message import Message, MessageError, parse
from rehabctl.integrations.hl7v2.outbound import acknowledgement
from rehabctl.services.hl7_import import Accepted, import_message
from rehabctl.services.import_tally import ImportTally, tally

if TYPE_CHECKING:
    from rehabctl.reference.rules import RuleTable
    from rehabctl.services.import_run import ImportReport
    from rehabctl.services.scheduling import BookingRules
    from rehabctl.store.store import Store

_NAME = "mllp"


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """Where and how is listened."""

    address: str
    """`HOST:PORT`; port 0 takes a free one."""
    certificate: Path | None = None
    key: Path | None = None
    max_messages: int | None = None
    rejects: Path | None = None
    """Gets the refused messages as they were received."""
    booking: BookingRules | None = None
    """The dated tables of appointments; None: the packaged ones."""


def listen(
    store: Store, rules: RuleTable, options: ListenOptions, *, note: Callable[[str], None]
) -> ImportReport:
    """Take over messages from the network until interrupted.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules, for the worklist.
    options
        Where and how.
    note
        Told where is listened.

    Raises
    ------
    NotPermittedError
        Other machines could send without TLS.
    UnavailableError
        The address cannot be had.
    """
    host, port = mllp.address(options.address)
    tls = mllp.server_tls(host, options.certificate, options.key)
    with tally(options.rejects) as counted, mllp.listening(host, port) as server:
        note(f"listening on port {server.getsockname()[1]}")
        answer = Listener(store, rules, counted, options.booking).answer
        mllp.serve(server, answer, tls=tls, max_messages=options.max_messages)
        return counted.report()


@dataclass
class Listener:
    """Takes over messages and makes their answers.

    `AA`: taken over and safe. `AE`: refused for what it says, or the store could not take it now.
    `AR`: no message. A sender may repeat anything: a repetition changes nothing.
    """

    store: Store
    rules: RuleTable
    counted: ImportTally = field(default_factory=ImportTally)
    booking: BookingRules | None = None

    def answer(self, data: bytes) -> bytes:
        """Take over one message and return its acknowledgement.

        Parameters
        ----------
        data
            Of one frame.
        """
        try:
            message = parse(data)
        except MessageError as error:
            return self._refused(data, None, "AR", [FieldProblem("", str(error))])
        try:
            result = import_message(self.store, self.rules, data, booking=self.booking)
        except RehabctlError as error:
            return self._refused(data, message, "AE", [FieldProblem("", error.what)])
        if not isinstance(result, Accepted):
            return self._refused(data, message, "AE", result)
        self.counted.accept(result.change)
        return acknowledgement(message, "AA", "", self._control_id(), self.store.clock())

    def _refused(
        self, data: bytes, message: Message | None, code: str, problems: list[FieldProblem]
    ) -> bytes:
        self.counted.refuse(_NAME, self.counted.read + 1, problems, data)
        text = "; ".join(" ".join((p.field, p.message)).strip() for p in problems)
        return acknowledgement(message, code, text, self._control_id(), self.store.clock())

    def _control_id(self) -> str:
        return f"{self.store.clock():%Y%m%d%H%M%S}{self.counted.read}"
