"""Stores whose remittances are posted and whose notes are signed, and what must hold."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from pathlib import Path

from fixtures.claims import clearinghouse
from rehabctl.domain.claim_record import ClaimState
from rehabctl.domain.episode import Episode
from rehabctl.domain.note import NoteKind, NoteStatus
from rehabctl.reference.note_templates import load_note_template
from rehabctl.reference.rules import load_rules
from rehabctl.services import billing_settings, claims, note_drafts, notes
from rehabctl.store.store import Store
from tests.contract.conftest import NOW, at
from tests.contract.records import add_patient
from tests.contract.test_claims import billing_toml, insured, submitted, visited
from tests.contract.test_monitoring import APRIL_10
from tests.contract.test_notes import finished, held

FILES, NOTES = 6, 10
PAID_CENTS = 6_000


def prepare_posting(store: Store, home: Path) -> None:
    """Submit claims, and put remittances of two claims each into the home."""
    bills = at(store, APRIL_10)
    settings = home / "billing.toml"
    settings.write_text(billing_toml(store.user.login), encoding="utf-8")
    billing_settings.import_file(bills, settings)
    for n in range(2 * FILES):
        ref = insured(store, f"9{n:03d}")
        claims.draft_visit(bills, visited(store, ref, NOW + timedelta(hours=n)))
    sent = submitted(bills, home).claims
    for n in range(FILES):
        paid = [(one, f"ICN{one.number}", Decimal("0.5")) for one in sent[2 * n : 2 * n + 2]]
        (home / f"{n}.835").write_bytes(clearinghouse.payment_835(paid, f"TRACE{n}"))


def check_posting(store: Store, home: Path, told: list[str]) -> None:
    """Money of a file is there once and whole, and of every acknowledged file."""
    for n in range(FILES):
        named = [one.number for one in _claims_of(home, n)]
        with store.snapshot() as uow:
            found = uow.claims.find(named)
            postings = [uow.claims.postings(found[one].id) for one in named]
        applied = all(found[one].state is ClaimState.POSTED for one in named)
        assert applied or all(found[one].state is not ClaimState.POSTED for one in named)
        assert [[one.paid_cents for one in each] for each in postings] == (
            [[PAID_CENTS]] * 2 if applied else [[], []]
        )
        assert applied or str(n) not in told


def _claims_of(home: Path, n: int) -> list[clearinghouse.SentClaim]:
    sent = clearinghouse.received(max((home / "drop").glob("*.837")).read_bytes())
    return list(sent.claims[2 * n : 2 * n + 2])


def prepare_signing(store: Store, home: Path) -> None:
    """Write drafts that only need a signature."""
    del home
    template = load_note_template(NoteKind.DAILY)
    with store.transaction() as uow:
        ref = add_patient(uow, "1")
        uow.episodes.add([Episode(uow.new_id(), ref, NOW.date(), diagnosis="Knee")])
    for n in range(NOTES):
        visit = held(store, NOW + timedelta(hours=n))
        finished(store, note_drafts.draft_of_visit(store, load_rules(), template, str(visit.id)))


def check_signing(store: Store, home: Path, told: list[str]) -> None:
    """Every acknowledged signature is there, and every signature is of what the note says."""
    del home
    found = notes.of_patient(store, "1")
    assert len(found) == NOTES
    signed = {str(view.note.id) for view in found if view.note.status is NoteStatus.SIGNED}
    assert all(view.signature_valid for view in found if str(view.note.id) in signed)
    assert set(told) - {"finished"} <= signed
