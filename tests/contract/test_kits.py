"""Sensor kits on both engines: contents, log, one patient at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from rehabctl.domain.clinic import Role
from rehabctl.domain.errors import FindingsError, NotFoundError, UsageError
from rehabctl.domain.kit import (
    Kit,
    KitAssignment,
    KitEvent,
    KitEventKind,
    KitItem,
    KitItemStatus,
    KitStatus,
)
from rehabctl.services import kits
from rehabctl.services.settings import Settings
from rehabctl.store.errors import ConflictError
from rehabctl.store.store import Store
from rehabctl.store.unit_of_work import UnitOfWork
from tests.contract.conftest import NOW, at
from tests.contract.records import given_patient


def add_kit(uow: UnitOfWork, name: str = "KIT7") -> Kit:
    kit = Kit(uow.new_id(), uow.clinic.id, name, KitStatus.AVAILABLE, NOW, 1)
    uow.kits.add(kit)
    return kit


def item(uow: UnitOfWork, kit: Kit, serial: str = "S1") -> KitItem:
    return KitItem(
        uow.new_id(), kit.id, kit.clinic_id, serial, "Movella DOT", "2.3.1", "thigh", True,
        KitItemStatus.GOOD, 80, NOW,
    )  # fmt: skip


def as_technician(store: Store) -> Store:
    """Return the same store as a technician sees it: devices, but no patients."""
    return replace(store, user=replace(store.user, role=Role.TECHNICIAN))


def test_what_was_added_is_read_back(store: Store) -> None:
    with store.transaction() as uow:
        kit, other = add_kit(uow), add_kit(uow, "A1")
        first, second = item(uow, kit, "S2"), item(uow, kit, "S1")
        uow.kits.add_item(first)
        uow.kits.add_item(second)
        assert uow.kits.get("KIT7") == kit
        assert uow.kits.all() == (other, kit)
        assert uow.kits.items(kit.id) == (second, first)
        assert uow.kits.items(other.id) == ()
        changed = replace(first, firmware="2.4.0", battery_percent=None, battery_at=None)
        uow.kits.update_item(changed)
        assert uow.kits.item("S2") == changed
        uow.kits.remove_item(second.id)
        assert uow.kits.items() == (changed,)
        with pytest.raises(NotFoundError, match="KIT8"):
            uow.kits.get("KIT8")
        with pytest.raises(NotFoundError, match="S9"):
            uow.kits.item("S9")


def test_names_and_serial_numbers_are_unique(store: Store) -> None:
    with store.transaction() as uow:
        kit = add_kit(uow)
        uow.kits.add_item(item(uow, kit))
    with pytest.raises(ConflictError), store.transaction() as uow:
        add_kit(uow)
    with pytest.raises(ConflictError), store.transaction() as uow:
        uow.kits.add_item(item(uow, add_kit(uow, "KIT8")))


def test_the_log_is_newest_first_and_a_stale_change_conflicts(store: Store) -> None:
    with store.transaction() as uow:
        kit = add_kit(uow)
        entries = [
            KitEvent(
                uow.new_id(), kit.id, kit.clinic_id, KitEventKind.CLEANED,
                NOW + timedelta(days=i), "tech",
            )
            for i in range(3)
        ]  # fmt: skip
        for entry in entries:
            uow.kits.log(entry)
        assert uow.kits.events(kit.id, 2) == (entries[2], entries[1])
        uow.kits.set_status(kit, KitStatus.ASSIGNED)
        assert uow.kits.get("KIT7").status is KitStatus.ASSIGNED
        with pytest.raises(ConflictError):
            uow.kits.set_status(kit, KitStatus.LOST)


def test_a_kit_has_one_patient_at_a_time(store: Store) -> None:
    ref, other = given_patient(store, "1"), given_patient(store, "2")
    with store.transaction() as uow:
        kit = add_kit(uow)
        first = KitAssignment(uow.new_id(), ref, kit.id, uow.now, date(2026, 4, 1))
        uow.kits.assign(first)
        assert uow.kits.assignments() == (first,)
    again = KitAssignment(store.database_id, other, kit.id, NOW)
    with pytest.raises(ConflictError), store.transaction() as uow:
        uow.kits.assign(again)
    with store.transaction() as uow:
        uow.kits.end_assignment(kit.id)
        uow.kits.assign(again)
        assert uow.kits.assignments() == (again,)


def test_a_kit_goes_out_comes_back_and_is_cleaned(store: Store, settings: Settings) -> None:
    given_patient(store)
    bench = as_technician(store)
    kits.add(bench, "KIT7", ["strap-1"], accessory=True)
    with pytest.raises(FindingsError, match="available and cannot be returned"):
        kits.move(bench, "KIT7", KitEventKind.RETURNED)
    kits.assign(store, settings, "KIT7", "1042", date(2026, 3, 10))
    [line] = kits.report(store, settings)
    assert (line.status, line.patient, line.findings) == (KitStatus.ASSIGNED, "1042", ())
    with pytest.raises(FindingsError):
        kits.assign(store, settings, "KIT7", "1042")
    kits.move(bench, "KIT7", KitEventKind.SHIPPED)
    [unseen] = kits.report(as_technician(replace(store, is_local=False)), settings)
    assert unseen.patient is None
    [late] = kits.report(at(store, NOW + timedelta(days=20)), settings)
    assert [f.code for f in late.findings] == ["overdue"]
    kits.move(bench, "KIT7", KitEventKind.RETURNED)
    with pytest.raises(FindingsError):
        kits.assign(store, settings, "KIT7", "1042")
    kits.move(bench, "KIT7", KitEventKind.CLEANED, "wipes")
    detail = kits.show(store, settings, "KIT7")
    assert (detail.line.status, detail.line.patient) == (KitStatus.AVAILABLE, None)
    assert {e.kind.value for e in detail.events} == {
        "created", "item_added", "assigned", "shipped", "returned", "cleaned",
    }  # fmt: skip


def test_a_kit_with_a_problem_is_held_back(store: Store, settings: Settings) -> None:
    given_patient(store)
    bench = as_technician(store)
    kits.add(bench, "KIT7", ["S1"], "thigh")
    kits.add(bench, "KIT8", ["strap-1"], accessory=True)
    with pytest.raises(FindingsError, match="certificate is missing"):
        kits.assign(store, settings, "KIT7", "1042")
    kits.assign(store, settings, "KIT7", "1042", force=True)
    kits.mark_item(bench, "strap-1", KitEventKind.DAMAGED)
    with pytest.raises(FindingsError, match="strap-1 is damaged"):
        kits.assign(store, settings, "KIT8", "1042")
    kits.note_check(bench, "S1", "Movella DOT", "2.4", 7)
    line = kits.show(store, settings, "KIT7").line
    assert {f.code for f in line.findings} == {"battery_low", "certificate"}
    assert line.battery_percent_min == 7
    with pytest.raises(UsageError):
        kits.remove(bench, "KIT8", "S1")
    kits.remove(bench, "KIT7", "S1")
    assert kits.show(store, settings, "KIT7").items == ()
