"""What a clinic tells billing: itself, providers, payers' dated rules and dated fees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rehabctl.domain.claim_port import PortSettings
from rehabctl.domain.claim_record import SettingKind
from rehabctl.domain.errors import FindingsError, NotFoundError, RehabctlError, suggestion
from rehabctl.domain.payer import (
    BillingFile,
    ClinicIdentity,
    FeeSchedule,
    ModifierPlace,
    PayerRules,
    ProviderIdentity,
    ScaleRow,
    TelehealthRule,
)
from rehabctl.domain.visit import Channel
from rehabctl.reference.findings import Problem
from rehabctl.reference.payers.billing_file import read_billing_file
from rehabctl.services.access import Action, require

if TYPE_CHECKING:
    from rehabctl.store.store import Store
    from rehabctl.store.unit_of_work import UnitOfWork

_ALWAYS = date(2000, 1, 1)
"""First day of rows without one: the clinic itself and its providers."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import wrote, or found wrong."""

    clinic: int
    providers: int
    payers: int
    fees: int
    ports: int
    scale: int
    problems: tuple[Problem, ...]


def import_file(store: Store, path: Path, *, dry_run: bool = False) -> Imported:
    """Import a billing file; with any problem nothing is written.

    Parameters
    ----------
    store
        The open store.
    path
        The TOML file.
    dry_run
        Only say what would be done.

    Raises
    ------
    NotFoundError
        The file does not exist.
    FindingsError
        It is not TOML.
    """
    return import_document(store, _document(path), dry_run=dry_run)


def import_document(
    store: Store, document: Mapping[str, Any], *, dry_run: bool = False
) -> Imported:  # fmt: skip
    """Import what a billing file would say; with any problem nothing is written.

    Parameters
    ----------
    store
        The open store.
    document
        As `tomllib` returns a billing file.
    dry_run
        Only say what would be done.

    Raises
    ------
    FindingsError
        Rules of a payer would hold on the same day as others.
    """
    told, problems = read_billing_file(document)
    done = Imported(
        int(told.clinic is not None),
        len(told.providers),
        len(told.payers),
        len(told.fees),
        len(told.ports),
        len(told.scale),
        problems,
    )
    with store.transaction(rehearsal=dry_run) as uow:
        require(uow, Action.MANAGE_CLAIMS)
        if problems:
            return done
        _write(uow, told)
        uow.audit.record("payer.import", "clinic", uow.clinic.id, {"payers": len(told.payers)})
    return done


def _write(uow: UnitOfWork, told: BillingFile) -> None:
    known = [one for one in payers_of(uow) if one.key in {new.key for new in told.payers}]
    for new in told.payers:
        for old in known:
            clash = new.valid_from <= old.valid_to and old.valid_from <= new.valid_to
            if old.key == new.key and old.valid_from != new.valid_from and clash:
                raise FindingsError(
                    f"payer {new.key} has rules of {old.valid_from} for a day of the new ones",
                    "Import the old ones again with an earlier valid_to first",
                )
        uow.claims.put_setting(SettingKind.PAYER, new.key, new.valid_from, _plain(new))
    if told.clinic is not None:
        uow.claims.put_setting(SettingKind.CLINIC, "clinic", _ALWAYS, _plain(told.clinic))
    for provider in told.providers:
        uow.claims.put_setting(SettingKind.PROVIDER, provider.login, _ALWAYS, _plain(provider))
    for port in told.ports:
        uow.claims.put_setting(SettingKind.PORT, port.name, _ALWAYS, _plain(port))
    for row in told.scale:
        uow.claims.put_setting(SettingKind.SCALE, row.name, row.valid_from, _plain(row))
    for fees in told.fees:
        uow.claims.put_setting(SettingKind.FEE, fees.payer, fees.valid_from, _plain(fees))


def payers(store: Store) -> tuple[PayerRules, ...]:
    """Return every stretch of every payer's rules, by key and first day."""
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        return payers_of(uow)


def payers_of(uow: UnitOfWork) -> tuple[PayerRules, ...]:
    """Return every stretch of every payer's rules, inside a transaction."""
    return tuple(_payer(row) for row in uow.claims.settings(SettingKind.PAYER))


def payer_on(uow: UnitOfWork, key: str, on: date) -> PayerRules:
    """Return a payer's rules on a date of service.

    Raises
    ------
    NotFoundError
        The payer is not known.
    RehabctlError
        No rules cover the date.
    """
    rows = [one for one in payers_of(uow) if one.key == key]
    if not rows:
        raise NotFoundError(f"payer {key!r} is not known", "Look at: rehabctl payer list")
    for one in rows:
        if one.valid_from <= on <= one.valid_to:
            return one
    raise RehabctlError(
        f"payer {key!r} has no rules for {on.isoformat()}", "Import the rules of that year first"
    )


def fees_on(uow: UnitOfWork, key: str, on: date) -> FeeSchedule | None:
    """Return a payer's newest fees that hold on a date of service."""
    rows = [_fees(row) for row in uow.claims.settings(SettingKind.FEE)]
    rows = [one for one in rows if one.payer == key and one.valid_from <= on]
    return max(rows, key=lambda one: one.valid_from, default=None)


def scale_on(uow: UnitOfWork, name: str, on: date) -> ScaleRow:
    """Return the newest row of a name on the sliding scale that holds on a day.

    Raises
    ------
    NotFoundError
        There is no row of that name on the day.
    """
    rows = [_scale(row) for row in uow.claims.settings(SettingKind.SCALE)]
    fitting = [one for one in rows if one.name == name and one.valid_from <= on]
    if not fitting:
        near = suggestion(name, sorted({one.name for one in rows}))
        raise NotFoundError(
            f"the scale has no row {name!r} for {on.isoformat()}",
            near or "Import it: rehabctl payer import",
        )
    return max(fitting, key=lambda one: one.valid_from)


def ports(store: Store) -> tuple[PortSettings, ...]:
    """Return the clinic's connections to clearinghouses, by name."""
    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        return ports_of(uow)


def ports_of(uow: UnitOfWork) -> tuple[PortSettings, ...]:
    """Return the clinic's connections, by name."""
    return tuple(PortSettings(**row) for row in uow.claims.settings(SettingKind.PORT))


def port_named(uow: UnitOfWork, name: str) -> PortSettings:
    """Return a connection.

    Raises
    ------
    NotFoundError
        It was not imported.
    """
    known = {one.name: one for one in ports_of(uow)}
    if name not in known:
        near = suggestion(name, list(known))
        raise NotFoundError(
            f"no connection is called {name!r}", near or "Import it: rehabctl payer import"
        )
    return known[name]


def clinic_of(uow: UnitOfWork) -> ClinicIdentity:
    """Return who the clinic is on a claim.

    Raises
    ------
    NotFoundError
        It was not imported.
    """
    for row in uow.claims.settings(SettingKind.CLINIC):
        return ClinicIdentity(**row)
    raise NotFoundError(
        "the clinic's own billing data are missing", "Import them: rehabctl payer import"
    )


def provider_of(uow: UnitOfWork, login: str) -> ProviderIdentity:
    """Return who a user is on a claim.

    Raises
    ------
    NotFoundError
        She was not imported.
    """
    for row in uow.claims.settings(SettingKind.PROVIDER):
        if row["login"] == login:
            return ProviderIdentity(**row)
    raise NotFoundError(
        "the provider's billing data are missing", "Import them: rehabctl payer import"
    )


def _document(path: Path) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        raise NotFoundError(f"{path.name} does not exist", "Check the path") from None
    except OSError as error:
        raise RehabctlError(f"cannot read {path.name}: {error.strerror}", "Check it") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise FindingsError(f"{path.name} is not TOML", "Correct it and import again") from None


def _plain(record: Any) -> dict[str, Any]:
    values = asdict(record)
    for name, value in values.items():
        if isinstance(value, date):
            values[name] = value.isoformat()
        elif isinstance(value, tuple):
            values[name] = [str(one) for one in value]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(record, PayerRules):
        values["telehealth"] = {k.value: asdict(v) for k, v in record.telehealth.items()}
    return values


def _payer(row: dict[str, Any]) -> PayerRules:
    telehealth = {Channel(k): TelehealthRule(**v) for k, v in row["telehealth"].items()}
    values: dict[str, Any] = {
        **row,
        "valid_from": date.fromisoformat(row["valid_from"]),
        "valid_to": date.fromisoformat(row["valid_to"]),
        "telehealth": telehealth,
        "modifier_order": tuple(ModifierPlace(one) for one in row["modifier_order"]),
    }
    return PayerRules(**values)


def _fees(row: dict[str, Any]) -> FeeSchedule:
    values: dict[str, Any] = {**row, "valid_from": date.fromisoformat(row["valid_from"])}
    return FeeSchedule(**values)


def _scale(row: dict[str, Any]) -> ScaleRow:
    values: dict[str, Any] = {**row, "valid_from": date.fromisoformat(row["valid_from"])}
    return ScaleRow(**values)
