"""Sending through a connection on both engines: killed at any step, a file arrives exactly once."""

from __future__ import annotations

from collections.abc import Iterator, Set
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from fixtures.claims import clearinghouse
from rehabctl.domain.claim_port import Arrival, Inbound, Outbound, Receipt, UncertainError
from rehabctl.domain.claim_record import FileState
from rehabctl.domain.clinic import Role
from rehabctl.domain.errors import (
    FindingsError,
    NotFoundError,
    NotPermittedError,
    RehabctlError,
    UnavailableError,
    UsageError,
)
from rehabctl.services import billing_settings, claim_inbox, claim_submission, claims
from rehabctl.store.errors import ConflictError
from rehabctl.store.store import Store
from tests.contract.conftest import at
from tests.contract.test_claims import (
    START,
    billing_toml,
    bills,
    insured,
    states,
    visited,
)
from tests.contract.test_monitoring import APRIL_10

__all__ = ["bills"]


class Killed(BaseException):
    """The process died: nothing of ours runs after it."""


@dataclass
class MemoryPort:
    """A clearinghouse in memory that dies or cuts at a named step."""

    fault: str = ""
    staged: dict[str, bytes] = field(default_factory=dict)
    taken: list[tuple[str, bytes]] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    waiting: list[Inbound] = field(default_factory=list)
    asked: int = 0
    claims_a_file: int = 0
    forgets: bool = False

    def _dies(self, step: str) -> None:
        if self.fault == f"kill {step}":
            self.fault = ""
            raise Killed
        if self.fault == f"cut {step}":
            self.fault = ""
            raise UncertainError("cut", "again")
        if self.fault == f"refuse {step}":
            self.fault = ""
            raise NotPermittedError("refused", "ask")

    def stage(self, file: Outbound) -> None:
        self._dies("before stage")
        self.staged[file.name] = file.data
        self._dies("after stage")

    def release(self, file: Outbound) -> Receipt:
        self._dies("before release")
        self.taken.append((file.name, self.staged.pop(file.name)))
        self.keys.add(file.key)
        self._dies("after release")
        return Receipt(remote_id="R1")

    def arrival(self, file: Outbound, now: datetime) -> Arrival:
        self.asked += 1
        if self.forgets:
            return Arrival.UNKNOWN
        return Arrival.NOT_THERE if file.name in self.staged else Arrival.THERE

    def fetch(self, known: Set[str]) -> Iterator[Inbound]:
        yield from (one for one in self.waiting if one.remote_id not in known)

    def ask(self, question: bytes) -> bytes | None:
        return None


def later(store: Store, minutes: int) -> Store:
    return at(store, APRIL_10 + timedelta(minutes=minutes))


STEPS = ("before stage", "after stage", "before release", "after release")
CUTS = [(how, step) for how in ("kill", "cut", "refuse") for step in STEPS]
CUTS.remove(("refuse", "after release"))  # what was taken is not refused


@pytest.mark.parametrize(("how", "step"), CUTS)
def test_wherever_it_is_cut_a_file_arrives_once(
    store: Store, bills: Store, how: str, step: str
) -> None:
    claims.draft_visit(bills, visited(store, insured(store)))
    port = MemoryPort(f"{how} {step}")
    with pytest.raises((Killed, RehabctlError)):
        list(claim_submission.submit(bills, port, "house"))
    if how == "kill":  # it may be under way still
        with pytest.raises(UnavailableError, match="right now"):
            list(claim_submission.submit(later(bills, 1), port, "house"))
    (sent,) = claim_submission.submit(later(bills, 4), port, "house")
    assert sent.claims == ("RC00000001",)
    assert list(claim_submission.submit(later(bills, 5), port, "house")) == []
    assert [name for name, _ in port.taken] == [sent.name]
    assert len(port.keys) == 1
    assert states(bills) == {"RC00000001": "submitted"}


def test_what_nobody_knows_is_asked_of_a_person(store: Store, bills: Store) -> None:
    claims.draft_visit(bills, visited(store, insured(store)))
    port = MemoryPort("cut after release", forgets=True)
    with pytest.raises(UncertainError):
        list(claim_submission.submit(bills, port, "house"))
    for _ in range(2):
        with pytest.raises(UncertainError, match="Ask the clearinghouse"):
            list(claim_submission.submit(bills, port, "house"))
    name = port.taken[0][0]
    with pytest.raises(NotFoundError):
        claim_submission.settle(bills, "other.837", arrived=True)
    claim_submission.settle(bills, name, arrived=False)
    (sent,) = claim_submission.submit(bills, port, "house")
    assert sent.name == name
    with pytest.raises(UsageError, match="sent"):
        claim_submission.settle(bills, name, arrived=True)


def test_what_was_cut_goes_first_whatever_stands_against_the_rest(
    store: Store, bills: Store
) -> None:
    ref = insured(store)
    claims.draft_visit(bills, visited(store, ref))
    port = MemoryPort("refuse before release")
    with pytest.raises(NotPermittedError):
        list(claim_submission.submit(bills, port, "house"))
    claims.draft_visit(bills, visited(store, ref, START + timedelta(days=1)))
    late = at(bills, APRIL_10 + timedelta(days=400))  # beyond timely filing
    sending = claim_submission.submit(late, port, "house")
    assert next(sending).claims == ("RC00000001",)
    with pytest.raises(FindingsError, match="the file for medicare has"):
        next(sending)
    assert states(bills) == {"RC00000001": "submitted", "RC00000002": "ready"}


def test_answers_that_come_at_once_are_applied(store: Store, bills: Store) -> None:
    claims.draft_visit(bills, visited(store, insured(store)))
    port = MemoryPort()
    plain = port.release

    def release(file: Outbound) -> Receipt:
        plain(file)
        (claim,) = clearinghouse.received(file.data).claims
        answer = clearinghouse.answers_277ca([(claim, "A7:562:85", "ICN1")])
        return Receipt("R1", (Inbound("now\x1b[2J.277", "now", answer),))

    port.release = release  # type: ignore[method-assign]
    (sent,) = claim_submission.submit(bills, port, "house")
    assert (sent.remote_id, sent.answers) == ("R1", ("now?[2J.277",))
    assert states(bills) == {"RC00000001": "rejected"}
    (kept,) = (one for one in claim_submission.files(bills) if one.direction == "in")
    assert (kept.port, kept.name, kept.remote_id) == ("house", "now?[2J.277", "now")


def test_two_people_send_at_once_and_one_does_it(store: Store, bills: Store) -> None:
    claims.draft_visit(bills, visited(store, insured(store)))
    port = MemoryPort("refuse before stage")
    with pytest.raises(NotPermittedError):
        list(claim_submission.submit(bills, port, "house"))
    with bills.transaction() as uow:
        (file,) = uow.claims.files("out", FileState.PREPARED)
        uow.claims.move_file(file, FileState.STAGING, tried_at=APRIL_10)
    with pytest.raises(ConflictError, match="somebody else"), bills.transaction() as uow:
        uow.claims.move_file(file, FileState.STAGING, tried_at=APRIL_10)
    with pytest.raises(UnavailableError, match="right now"):
        list(claim_submission.submit(bills, port, "house"))
    assert port.taken == []


def test_a_rehearsal_names_what_would_leave_and_changes_nothing(
    store: Store, bills: Store, tmp_path: Path
) -> None:
    ref = insured(store)
    claims.draft_visit(bills, visited(store, ref))
    claims.draft_visit(bills, visited(store, ref, START + timedelta(days=1)))
    port = MemoryPort(claims_a_file=1)
    planned = claim_submission.rehearse(bills, port, "house")
    assert set(states(bills).values()) == {"ready"}
    assert port.taken == []
    sent = tuple(claim_submission.submit(bills, port, "house"))
    assert [(one.name, one.sha256, one.claims) for one in planned] == [
        (one.name, one.sha256, one.claims) for one in sent
    ]
    assert len(sent) == 2
    assert claim_submission.rehearse(bills, port, "house") == ()


def test_claims_go_where_their_payer_wants_them(store: Store, bills: Store, tmp_path: Path) -> None:
    path = tmp_path / "port.toml"
    path.write_text(
        billing_toml(store.user.login, **{"kx = true": 'kx = true\nport = "house"'}), "utf-8"
    )
    assert not billing_settings.import_file(bills, path).problems
    claims.draft_visit(bills, visited(store, insured(store)))
    port = MemoryPort()
    assert list(claim_submission.submit(bills, port, "other")) == []
    assert list(claim_submission.submit(bills, port)) == []
    port.fault = "refuse before release"
    with pytest.raises(NotPermittedError):
        list(claim_submission.submit(bills, port, "house"))
    assert list(claim_submission.submit(bills, MemoryPort(), "other")) == []  # made for another
    assert len(list(claim_submission.submit(bills, port, "house"))) == 1


def test_what_waits_is_fetched_told_apart_by_content_and_applied_once(
    store: Store, bills: Store, tmp_path: Path
) -> None:
    claims.draft_visit(bills, visited(store, insured(store)))
    port = MemoryPort()
    list(claim_submission.submit(bills, port, "house"))
    sent = clearinghouse.received(port.taken[0][1])
    paid = clearinghouse.payment_835([(sent.claims[0], "ICN1", Decimal("0.5"))], "TRACE1")
    accepted = clearinghouse.answers_277ca([(sent.claims[0], "A2:20:PR", "ICN1")])
    files = [
        ("x.txt", clearinghouse.acceptance_999(sent)), ("y.txt", accepted), ("cut.835", paid[:-40]),
        ("z.txt", paid), ("film.mp4", bytes(range(256)) * 9), ("empty", b""),
    ]  # fmt: skip
    port.waiting = [Inbound(name, f"{name}:{len(data)}", data) for name, data in files]
    planned = list(claim_inbox.fetch(bills, port, "house", dry_run=True))
    assert {one.state for one in planned} == {"waiting"}
    assert states(bills) == {"RC00000001": "submitted"}
    done = [(one.name, one.kind, one.state) for one in claim_inbox.fetch(bills, port, "house")]
    assert done == [
        ("x.txt", "999", "applied"), ("y.txt", "277CA", "applied"),
        ("cut.835", "835", "quarantined"), ("z.txt", "835", "applied"),
        ("film.mp4", "unknown", "quarantined"), ("empty", "unknown", "quarantined"),
    ]  # fmt: skip
    assert states(bills) == {"RC00000001": "posted"}
    assert list(claim_inbox.fetch(bills, port, "house")) == []
    # the same payment under another name is the same payment
    port.waiting = [Inbound("again.835", "again:1", paid)]
    assert [one.state for one in claim_inbox.fetch(bills, port, "house")] == ["known"]
    assert len(claims.show(bills, "RC00000001").postings) == 1
    with bills.transaction() as uow:  # nothing that came was thrown away
        kept = {bills.blobs.read(one.sha256) for one in uow.claims.files("in")}
    assert kept == {data for _, data in files}


def test_only_who_bills_sends_and_fetches(store: Store) -> None:
    auditor = replace(store, user=replace(store.user, role=Role.AUDITOR))
    for work in (
        lambda: list(claim_submission.submit(auditor, MemoryPort(), "house")),
        lambda: claim_submission.rehearse(auditor, MemoryPort(), "house"),
        lambda: list(claim_inbox.fetch(auditor, MemoryPort(), "house")),
        lambda: claim_submission.settle(auditor, "x", arrived=True),
    ):
        with pytest.raises(NotPermittedError):
            work()


def test_a_connection_that_cannot_be_is_refused_whole(
    store: Store, bills: Store, tmp_path: Path
) -> None:
    right = (
        '[[port]]\nname = "house"\nkind = "sftp"\naddress = "h.example"\nlogin = "c"\n'
        'host_key = "ssh-ed25519 AAAAC3Nz"\nsend_folder = "/to"\nreceive_folder = "/from"\n'
    )
    path = tmp_path / "ports.toml"
    for old, new in (
        ('"ssh-ed25519 AAAAC3Nz"', '"any"'), ('name = "house"', 'name = "Our House"'),
        ('host_key = "ssh-ed25519 AAAAC3Nz"\n', ""), ('kind = "sftp"', 'kind = "stedi"'),
        ('login = "c"', 'login = "c"\npassword = "secret"'),
    ):  # fmt: skip
        assert old in right
        path.write_text('schema = "rehabctl-billing/1"\n' + right.replace(old, new), "utf-8")
        assert billing_settings.import_file(bills, path).problems, (old, new)
    path.write_text('schema = "rehabctl-billing/1"\n' + right, "utf-8")
    assert billing_settings.import_file(bills, path).ports == 1
    with bills.transaction() as uow, pytest.raises(NotFoundError, match="Did you mean 'house'"):
        billing_settings.port_named(uow, "hous")
