"""Sensor kits: what is in them, who has them, and what they need before they go out again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from rehabctl.domain.errors import FindingsError, RehabctlError, UsageError
from rehabctl.domain.kit import (
    KIT_STEPS,
    Kit,
    KitAssignment,
    KitEvent,
    KitEventKind,
    KitItem,
    KitItemStatus,
    KitStatus,
)
from rehabctl.domain.sensor import SensorFinding
from rehabctl.reference.sensor_limits import load_sensor_limits
from rehabctl.services.access import Action, may, require
from rehabctl.services.sensor_certificates import (
    CertificateBook,
    CertificateState,
    certificate_book,
)

if TYPE_CHECKING:
    from uuid import UUID

    from rehabctl.services.settings import Settings
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

_ITEM_STATES = {
    KitEventKind.DAMAGED: KitItemStatus.DAMAGED,
    KitEventKind.LOST: KitItemStatus.LOST,
    KitEventKind.REPAIRED: KitItemStatus.GOOD,
    KitEventKind.FOUND: KitItemStatus.GOOD,
}


@dataclass(frozen=True, slots=True)
class KitLine:
    """One kit of the inventory."""

    kit: str
    status: KitStatus
    since: datetime
    patient: str | None
    """Record number; None where nobody has it, or the user may not see patients."""
    due_back_on: date | None
    items: int
    battery_percent_min: int | None
    certificate_until: datetime | None
    """The earliest end of a certificate that a clinical recording needs; None when one lacks."""
    findings: tuple[SensorFinding, ...]


@dataclass(frozen=True, slots=True)
class KitDetail:
    """One kit with its contents and its log."""

    line: KitLine
    items: tuple[KitItem, ...]
    events: tuple[KitEvent, ...]


def _require_any(uow: UnitOfWork, *actions: Action) -> None:
    if not any(may(uow.user.role, action, is_local=uow.is_local) for action in actions):
        require(uow, actions[0])


def add(
    store: Store, name: str, serials: Sequence[str], segment: str = "", *, accessory: bool = False
) -> Kit:
    """Make a kit, or put items into one that exists.

    Parameters
    ----------
    store
        The open store.
    name
        As on its label.
    serials
        Serial numbers; of accessories, labels.
    segment
        Where they go on the body.
    accessory
        Whether they are straps, chargers and the like.

    Raises
    ------
    RehabctlError
        A serial number is in a kit already.
    """
    name = name.strip()
    if not name or len(name) > 64 or not name.isprintable():
        raise UsageError("a kit needs a name of up to 64 characters", "Use the one on its label")
    with store.transaction() as uow:
        require(uow, Action.MANAGE_DEVICES)
        known = {kit.name: kit for kit in uow.kits.all()}
        _refuse_known(uow, known, serials)
        kit = known.get(name)
        if kit is None:
            kit = Kit(uow.new_id(), uow.clinic.id, name, KitStatus.AVAILABLE, uow.now, 1)
            uow.kits.add(kit)
            _log(uow, kit, KitEventKind.CREATED)
        for serial in serials:
            item = KitItem(
                uow.new_id(), kit.id, kit.clinic_id, _checked(serial), "", "", segment,
                not accessory, KitItemStatus.GOOD, None, None,
            )  # fmt: skip
            uow.kits.add_item(item)
            _log(uow, kit, KitEventKind.ITEM_ADDED, item.serial)
        uow.audit.record("kit.add", "kit", kit.id, {"items": len(serials)})
        return kit


def _refuse_known(uow: UnitOfWork, kits: Mapping[str, Kit], serials: Sequence[str]) -> None:
    """Say where an item is that is put into a second kit."""
    places = {kit.id: kit.name for kit in kits.values()}
    for item in uow.kits.items():
        if item.serial in {serial.strip() for serial in serials}:
            raise RehabctlError(
                f"{item.serial} is in kit {places[item.kit_id]} already",
                "Take it out first: rehabctl kit remove",
            )


def _checked(serial: str) -> str:
    text = serial.strip()
    if not text or len(text) > 64 or not text.isprintable():
        raise UsageError(
            "a serial number has 1 to 64 characters", "See: rehabctl sensor info SENSOR"
        )
    return text


def remove(store: Store, name: str, serial: str) -> None:
    """Take an item out of a kit.

    Parameters
    ----------
    store
        The open store.
    name, serial
        Which.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_DEVICES)
        kit, item = uow.kits.get(name), uow.kits.item(serial)
        if item.kit_id != kit.id:
            raise UsageError(f"{serial} is in another kit", "See: rehabctl kit list")
        uow.kits.remove_item(item.id)
        _log(uow, kit, KitEventKind.ITEM_REMOVED, serial)
        uow.audit.record("kit.remove", "kit", kit.id, {"items": 1})


def assign(
    store: Store,
    settings: Settings,
    name: str,
    mrn: str,
    due_back_on: date | None = None,
    *,
    force: bool = False,
) -> None:
    """Note that a patient gets a kit.

    Parameters
    ----------
    store
        The open store.
    settings
        Where certificates lie.
    name
        Of the kit.
    mrn
        Record number.
    due_back_on
        When it is wanted back.
    force
        Although something speaks against its sensors.

    Raises
    ------
    FindingsError
        The kit is not available, or a certificate has expired, or an item is missing.
    """
    with store.transaction() as uow:
        _require_any(uow, Action.MANAGE_DEVICES, Action.READ_PATIENTS)
        kit, patient = uow.kits.get(name), uow.patients.get(mrn)
        findings = _findings(uow.kits.items(kit.id), certificate_book(settings))
        if findings and not force:
            raise FindingsError(
                f"kit {name} is not ready: {findings[0].text}",
                "See: rehabctl kit report; or assign it with --force",
            )
        _step(uow, kit, KitEventKind.ASSIGNED)
        uow.kits.assign(KitAssignment(uow.new_id(), patient.ref, kit.id, uow.now, due_back_on))
        uow.audit.record("kit.assign", "patient", patient.id, {"forced": bool(findings)})


def move(store: Store, name: str, kind: KitEventKind, comment: str = "") -> None:
    """Note what happened to a whole kit: shipped, returned, cleaned, lost, found, retired.

    Parameters
    ----------
    store
        The open store.
    name
        Of the kit.
    kind
        What.
    comment
        For the log; never about a patient.

    Raises
    ------
    FindingsError
        It cannot happen to a kit in this state.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_DEVICES)
        kit = uow.kits.get(name)
        _step(uow, kit, kind, comment)
        if kind in (KitEventKind.RETURNED, KitEventKind.RETIRED):
            uow.kits.end_assignment(kit.id)
        uow.audit.record(f"kit.{kind.value}", "kit", kit.id, {})


def mark_item(store: Store, serial: str, kind: KitEventKind, comment: str = "") -> None:
    """Note that one item was damaged, lost, repaired or found.

    Parameters
    ----------
    store
        The open store.
    serial
        Which.
    kind
        What.
    comment
        For the log; never about a patient.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_DEVICES)
        item = uow.kits.item(serial)
        uow.kits.update_item(replace(item, status=_ITEM_STATES[kind]))
        kit = next(kit for kit in uow.kits.all() if kit.id == item.kit_id)
        _log(uow, kit, kind, serial, comment)
        uow.audit.record(f"kit.item_{kind.value}", "kit", kit.id, {"items": 1})


def note_check(
    store: Store, serial: str, model: str, firmware: str, battery_percent: int | None
) -> None:
    """Keep what a sensor said of itself.

    Parameters
    ----------
    store
        The open store.
    serial
        Which.
    model, firmware, battery_percent
        What it said.
    """
    with store.transaction() as uow:
        require(uow, Action.MANAGE_DEVICES)
        item = uow.kits.item(serial)
        battery_at = item.battery_at if battery_percent is None else uow.now
        percent = item.battery_percent if battery_percent is None else battery_percent
        uow.kits.update_item(
            replace(
                item, model=model, firmware=firmware, battery_percent=percent, battery_at=battery_at
            )
        )
        kit = next(kit for kit in uow.kits.all() if kit.id == item.kit_id)
        _log(uow, kit, KitEventKind.CHECKED, serial)
        uow.audit.record("kit.check", "kit", kit.id, {"items": 1})


def report(store: Store, settings: Settings) -> tuple[KitLine, ...]:
    """Return the inventory: every kit with its state and what it needs.

    Parameters
    ----------
    store
        The open store.
    settings
        Where certificates lie.
    """
    with store.transaction() as uow:
        _require_any(uow, Action.MANAGE_DEVICES, Action.READ_PATIENTS)
        lines = _lines(uow, settings)
        with_patient = sum(line.patient is not None for line in lines)
        details = {"kits": len(lines), "with_patient": with_patient}
        uow.audit.record("kit.report", "clinic", uow.clinic.id, details)
        return lines


def show(store: Store, settings: Settings, name: str, limit: int = 50) -> KitDetail:
    """Return one kit with its contents and the newest of its log.

    Parameters
    ----------
    store
        The open store.
    settings
        Where certificates lie.
    name
        Of the kit.
    limit
        Of log entries.
    """
    with store.transaction() as uow:
        _require_any(uow, Action.MANAGE_DEVICES, Action.READ_PATIENTS)
        kit = uow.kits.get(name)
        [line] = [line for line in _lines(uow, settings) if line.kit == kit.name]
        uow.audit.record("kit.show", "kit", kit.id, {})
        return KitDetail(line, uow.kits.items(kit.id), uow.kits.events(kit.id, limit))


def _lines(uow: UnitOfWork, settings: Settings) -> tuple[KitLine, ...]:
    may_see = may(uow.user.role, Action.READ_PATIENTS, is_local=uow.is_local)
    held = {found.kit_id: found for found in uow.kits.assignments()}
    mrns = {i: uow.patients.by_id(i).mrn for i in _patients(held.values())} if may_see else {}
    book = certificate_book(settings)
    items: dict[object, list[KitItem]] = {}
    for item in uow.kits.items():
        items.setdefault(item.kit_id, []).append(item)
    lines: list[KitLine] = []
    for kit in uow.kits.all():
        content, assignment = items.get(kit.id, []), held.get(kit.id)
        levels = [i.battery_percent for i in content if i.battery_percent is not None]
        findings = _findings(content, book)
        if assignment is not None and assignment.due_back_on is not None:
            today = uow.now.date()
            if assignment.due_back_on < today:
                text = f"was due back on {assignment.due_back_on.isoformat()}"
                findings = (*findings, SensorFinding("overdue", text))
        lines.append(
            KitLine(
                kit.name,
                kit.status,
                kit.status_at,
                None if assignment is None else mrns.get(assignment.patient.id),
                None if assignment is None else assignment.due_back_on,
                len(content),
                min(levels, default=None),
                _certificate_until(content, book),
                findings,
            )
        )
    return tuple(lines)


def _patients(assignments: Iterable[KitAssignment]) -> set[UUID]:
    return {assignment.patient.id for assignment in assignments}


def _certificate_until(items: Sequence[KitItem], book: CertificateBook) -> datetime | None:
    ends: list[datetime] = []
    for item in (item for item in items if item.is_sensor):
        for state in book.states(item.serial):
            if state.valid_until is None:
                return None
            ends.append(state.valid_until)
    return min(ends, default=None)


def _findings(items: Sequence[KitItem], book: CertificateBook) -> tuple[SensorFinding, ...]:
    """Return what a kit needs before it goes out."""
    limits = load_sensor_limits(book.now.date())
    link, kit = limits.of("link"), limits.of("kit")
    soon = book.now + timedelta(days=kit["certificate_days_min"])
    found: list[SensorFinding] = []
    for item in items:
        if item.status is not KitItemStatus.GOOD:
            found.append(SensorFinding(item.status.value, f"{item.serial} is {item.status.value}"))
        percent = item.battery_percent
        if percent is not None and percent < link["battery_percent_min"]:
            found.append(SensorFinding("battery_low", f"{item.serial} has {percent} % of charge"))
        for state in book.states(item.serial) if item.is_sensor else ():
            code = _certificate_code(state, soon)
            if code is not None:
                text = f"{item.serial}: {state.procedure.value} certificate {code[1]}"
                found.append(SensorFinding(code[0], text))
    return tuple(found)


def _certificate_code(state: CertificateState, soon: datetime) -> tuple[str, str] | None:
    if state.findings:
        return "certificate", state.findings[0].text
    if state.valid_until is not None and state.valid_until <= soon:
        return "certificate_expiring", f"ends on {state.valid_until.date().isoformat()}"
    return None


def _step(uow: UnitOfWork, kit: Kit, kind: KitEventKind, comment: str = "") -> None:
    allowed, target = KIT_STEPS[kind]
    if kit.status not in allowed:
        raise FindingsError(
            f"kit {kit.name} is {kit.status.value} and cannot be {kind.value}",
            f"That is for a kit that is {' or '.join(sorted(s.value for s in allowed))}",
        )
    uow.kits.set_status(kit, target)
    _log(uow, kit, kind, "", comment)


def _log(
    uow: UnitOfWork, kit: Kit, kind: KitEventKind, serial: str = "", comment: str = ""
) -> None:
    if len(comment) > 300 or not comment.isprintable():
        raise UsageError("a comment has up to 300 characters in one line", "Shorten it")
    uow.kits.log(
        KitEvent(
            uow.new_id(), kit.id, kit.clinic_id, kind, uow.now, uow.user.login, serial, comment
        )
    )
