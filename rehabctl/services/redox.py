"""Redox: messages come in by the rules of every record system, measured values go out once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from rehabctl.domain.claim_port import UncertainError
from rehabctl.domain.consent import ConsentScope
from rehabctl.domain.errors import FindingsError, NotFoundError, RehabctlError
from rehabctl.domain.roster import FieldProblem
from rehabctl.integrations.redox.destination import Reply, Request, challenge, is_genuine
from rehabctl.integrations.redox.inbound import KEPT, Notice, RedoxError, read
from rehabctl.integrations.redox.outbound import results
from rehabctl.services.access import Action, may, require
from rehabctl.services.consents import require_consent
from rehabctl.services.exchange_record import gather
from rehabctl.services.hl7_import import Accepted, import_message
from rehabctl.services.import_tally import ImportTally
from rehabctl.services.integrations import require_enabled
from rehabctl.services.private_file import write_private
from rehabctl.services.roster_changes import Change
from rehabctl.store.repositories.foreign import ForeignRecord
from rehabctl.store.repositories.imports import Progress

if TYPE_CHECKING:
    from rehabctl.domain.connection import RedoxConnection
    from rehabctl.reference.rules import RuleTable
    from rehabctl.services.scheduling import BookingRules
    from rehabctl.store.store import Store

NAME = "ehr-redox"
"""What Redox is called in the list of integrations."""
_ORDER, _SENT = "redox-order", "redox-sent"


class RedoxPort(Protocol):
    """Sends messages."""

    def send(self, message: dict[str, Any]) -> list[str]:
        """Send one and return its numbers in the network."""
        ...


@dataclass
class Destination:
    """Takes messages over as Redox delivers them: in order, and each at least once.

    What can never be taken over is put into `refused`, one file a message, and acknowledged, so
    that those behind it come; what may work later is not acknowledged, and comes again.
    """

    store: Store
    rules: RuleTable
    at: RedoxConnection
    token: str = field(repr=False)
    refused: Path
    booking: BookingRules | None = None
    counted: ImportTally = field(default_factory=ImportTally)
    note: Callable[[str], None] = lambda _: None

    def receive(self, request: Request) -> Reply:
        """Answer one request.

        Parameters
        ----------
        request
            Of anybody.
        """
        asked = challenge(request, self.token)
        if asked is not None:
            return asked
        if request.method != "POST":
            return Reply(405)
        if not is_genuine(request, self.token):
            return Reply(401)
        try:
            json.loads(request.body.decode("utf-8-sig"))
        except (ValueError, RecursionError):
            return Reply(400, "no whole message")
        try:
            return self._take(request.body)
        except RehabctlError as error:  # the store is busy or away: it comes again
            self.note(error.what)
            return Reply(503)

    def _take(self, body: bytes) -> Reply:
        try:
            notice = read(body)
        except RedoxError as error:
            return self._refuse(body, [FieldProblem(error.field, error.message)])
        if self.at.destination not in notice.destinations:
            return Reply(403, "another destination")
        if notice.is_test:
            self.counted.accept(Change.UNCHANGED)
            return Reply(200, "test")
        follows = notice.hl7 is not None  # others are kept, in any order
        if follows and self._is_late(notice):
            self.counted.accept(Change.UNCHANGED)
            self.note(f"{notice.model} {notice.event} is older than what came before: left out")
            return Reply(200)
        try:
            done = self._taken(notice, body)
        except (NotFoundError, FindingsError) as error:
            done = [FieldProblem(notice.model, error.what)]
        if follows:
            self._note_order(notice)
        if isinstance(done, list):
            return self._refuse(body, done)
        self.counted.accept(done)
        return Reply(200)

    def _taken(self, notice: Notice, body: bytes) -> Change | list[FieldProblem]:
        if notice.hl7 is not None:
            found = import_message(self.store, self.rules, notice.hl7, booking=self.booking)
            return found.change if isinstance(found, Accepted) else found
        if (notice.model, notice.event) not in KEPT:
            return [FieldProblem("Meta.EventType", "is not an event that is taken over")]
        text = body.decode("utf-8-sig")
        digest = hashlib.sha256(text.encode()).hexdigest()
        with self.store.transaction() as uow:
            if not may(uow.user.role, Action.WRITE_CLINICAL, is_local=uow.is_local):
                return [FieldProblem(notice.model, "is for a clinician's login")]
            patient = uow.patients.get(notice.mrn).ref
            kind = f"{notice.model}.{notice.event}"
            record = ForeignRecord(patient, kind, notice.number, text, digest)
            is_known = record.key in uow.foreign.known(NAME, [record])
            uow.foreign.put(NAME, [record])
            uow.audit.record("import.redox", "patient", patient.id, {"kind": kind})
        return Change.UNCHANGED if is_known else Change.CREATED

    def _is_late(self, notice: Notice) -> bool:
        with self.store.transaction() as uow:
            newest = uow.imports.progress(_ORDER, _key(notice.about)).rows_done
        return int(notice.at.timestamp()) < newest

    def _note_order(self, notice: Notice) -> None:
        with self.store.transaction() as uow:
            seconds = int(notice.at.timestamp())
            uow.imports.note(_ORDER, _key(notice.about), Progress(seconds), finished=False)

    def _refuse(self, body: bytes, problems: list[FieldProblem]) -> Reply:
        name = f"{hashlib.sha256(body).hexdigest()[:24]}.json"
        try:
            write_private(self.refused / name, body)
        except OSError as error:
            self.note(f"cannot keep a refused message: {error.strerror}")
            return Reply(503)
        self.counted.refuse(name, 1, problems, b"")
        return Reply(200)


def send_results(
    store: Store,
    rules: RuleTable,
    at: RedoxConnection,
    port: RedoxPort,
    mrn: str,
    *,
    again: bool = False,
) -> int:
    """Send every measured value of a patient, once.

    Parameters
    ----------
    store
        The open store.
    rules
        The dated rules.
    at
        The connection.
    port
        Sends.
    mrn
        Record number.
    again
        Send even what may be there already.

    Returns
    -------
    int
        Values sent; none where the same were sent before.

    Raises
    ------
    NotFoundError
        There is no such patient, or nothing was measured.
    NotPermittedError
        She has not consented to data sharing, or Redox may not be given anything.
    UncertainError
        These values may have been sent: a person has to look.
    """
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        require_enabled(uow, NAME)
        record = gather(uow, rules, mrn)
        ref = record.patient.ref
        require_consent(uow, ref, ConsentScope.DATA_SHARING)
        values = record.observations
        if not values:
            raise NotFoundError(
                f"the record of {mrn} holds no values", "See: rehabctl patient show"
            )
        key = _key(f"{at.name} {ref.id} {values}")
        before = uow.imports.progress(_SENT, key)
        if before.created and not again:
            return 0
        if before.rows_done and not again:
            raise UncertainError(
                f"{at.name} may have these values already",
                "Look at its dashboard; if they are not there: --again",
            )
        uow.imports.note(_SENT, key, Progress(rows_done=1), finished=False)
        uow.audit.record("export.redox", "patient", ref.id, {"values": len(values), "to": at.name})
        message = results(at, record.patient.demographics, values, key[:24], uow.now)
    try:
        port.send(message)
    except UncertainError:
        raise
    except RehabctlError:  # it is not there: the next attempt needs nobody to look
        with store.transaction() as uow:
            uow.imports.note(_SENT, key, Progress(), finished=False)
        raise
    with store.transaction() as uow:
        uow.imports.note(_SENT, key, Progress(1, created=len(values)), finished=False)
    return len(values)


def _key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
