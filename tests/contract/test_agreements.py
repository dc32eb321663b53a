"""No integration gets patient data without an agreement that holds, on both engines."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from rehabctl.domain.clinic import Role
from rehabctl.domain.errors import NotFoundError, NotPermittedError, RehabctlError, UsageError
from rehabctl.services import integrations
from rehabctl.store.errors import ConflictError
from rehabctl.store.store import Store
from tests.contract.conftest import NOW, at

TODAY = NOW.date()


@pytest.fixture
def signed(tmp_path: Path) -> Path:
    file = tmp_path / "baa.pdf"
    file.write_bytes(b"%PDF-1.7 signed")
    return file


def used(store: Store, name: str = "claims-stedi") -> None:
    with store.transaction() as uow:
        integrations.require_enabled(uow, name)


def test_nothing_is_enabled_without_an_agreement(admin: Store, store: Store) -> None:
    with pytest.raises(NotPermittedError, match="no business associate agreement with stedi"):
        integrations.switch(admin, "claims-stedi", True)
    with pytest.raises(NotPermittedError, match="not enabled"):
        used(store)


def test_enabled_under_an_agreement_until_its_last_day(
    admin: Store, store: Store, signed: Path
) -> None:
    end = TODAY + timedelta(days=30)
    made = integrations.record_agreement(admin, "stedi", TODAY, end, signed)
    assert integrations.agreements(store) == (made,)
    with pytest.raises(NotPermittedError, match="not enabled"):
        used(store)
    assert integrations.switch(admin, "claims-stedi", True).agreement_until == end
    used(store)
    used(at(store, NOW + timedelta(days=30)))
    with pytest.raises(NotPermittedError, match="holds today"):
        used(at(store, NOW + timedelta(days=31)))
    integrations.switch(admin, "claims-stedi", False)
    with pytest.raises(NotPermittedError, match="not enabled"):
        used(store)


def test_the_longest_agreement_counts_and_one_of_another_vendor_does_not(
    admin: Store, store: Store, signed: Path
) -> None:
    for days in (10, 400, 20):
        signed.write_bytes(str(days).encode())
        end = TODAY + timedelta(days=days)
        integrations.record_agreement(admin, "claimmd", TODAY, end, signed)
    state = integrations.switch(admin, "claims-claimmd", True)
    assert state.agreement_until == TODAY + timedelta(days=400)
    with pytest.raises(NotPermittedError):
        integrations.switch(admin, "claims-stedi", True)


def test_one_that_needs_no_vendor_is_always_usable(store: Store) -> None:
    used(store, "hl7-files")
    with pytest.raises(UsageError, match="gives nothing"):
        integrations.switch(store, "hl7-files", True)


def test_bad_agreements_are_refused_and_nothing_is_kept(
    admin: Store, store: Store, signed: Path, tmp_path: Path
) -> None:
    def record(**changes: object) -> None:
        given = {"vendor": "stedi", "signed_on": TODAY, "expires_on": TODAY, "document": signed}
        integrations.record_agreement(admin, **(given | changes))  # type: ignore[arg-type]

    bad: list[tuple[type[RehabctlError], dict[str, object]]] = [
        (UsageError, {"vendor": "stedy"}),
        (UsageError, {"expires_on": TODAY - timedelta(days=1)}),
        (UsageError, {"signed_on": date(2100, 1, 1), "expires_on": date(2101, 1, 1)}),
        (RehabctlError, {"document": tmp_path / "missing.pdf"}),
        (RehabctlError, {"document": tmp_path}),
    ]
    for error, changes in bad:
        with pytest.raises(error):
            record(**changes)
    signed.write_bytes(b"")
    with pytest.raises(RehabctlError, match="empty"):
        record()
    assert integrations.agreements(store) == ()
    signed.write_bytes(b"x")
    record()
    with pytest.raises(ConflictError):
        record()


def test_unknown_names_are_suggested(store: Store) -> None:
    with pytest.raises(NotFoundError, match=r"(?i)did you mean 'claims-stedi'"):
        integrations.named("claims-stedy")


@pytest.mark.parametrize("role", [Role.REGISTRAR, Role.BILLING, Role.TECHNICIAN, Role.WORKER])
def test_only_who_manages_the_store_may_switch(store: Store, signed: Path, role: Role) -> None:
    other = replace(store, user=replace(store.user, role=role))
    with pytest.raises(NotPermittedError):
        integrations.record_agreement(other, "stedi", TODAY, TODAY, signed)
    with pytest.raises(NotPermittedError):
        integrations.switch(other, "claims-stedi", False)


def test_everyone_who_sends_may_look(store: Store, biller: Store) -> None:
    for one in (store, biller):
        assert {state.integration.name for state in integrations.states(one)} >= {"claims-stedi"}
