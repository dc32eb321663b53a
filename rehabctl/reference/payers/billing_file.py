"""Reader of a clinic's billing file (TOML): itself, providers, payers' dated rules and fees."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from rehabctl.domain.claim_port import SFTP_KINDS, PortSettings
from rehabctl.domain.npi import is_well_formed_npi
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
from rehabctl.reference.table_reader import TableReader

SCHEMA = "rehabctl-billing/1"
_DISCIPLINES = ("GP", "GO", "GN")


def read_billing_file(document: Mapping[str, Any]) -> tuple[BillingFile, tuple[Problem, ...]]:
    """Understand a billing file; with any problem nothing of it is to be used.

    Parameters
    ----------
    document
        As `tomllib` returned it.

    Returns
    -------
    tuple
        What it says, and every problem.
    """
    problems: list[Problem] = []
    top = TableReader(document, (), problems)
    if top.text("schema") != SCHEMA:
        top.problem("schema", "schema", f"schema must be {SCHEMA!r}")
    clinic = _clinic(top.table("clinic")) if "clinic" in top else None
    providers = tuple(_provider(one) for one in top.tables("provider"))
    payers = tuple(_payer(one) for one in top.tables("payer"))
    fees = tuple(_fees(one) for one in top.tables("fee"))
    ports = tuple(_port(one) for one in top.tables("port"))
    scale = tuple(_scale(one) for one in top.tables("scale"))
    top.finish()
    for number, one in enumerate(payers):
        for other in payers[:number]:
            if one.key == other.key and _overlap(one, other):
                top.problem(("payer", number), "overlap", f"{one.key} has two rules of one day")
    return BillingFile(clinic, providers, payers, fees, ports, scale), tuple(problems)


def _overlap(one: PayerRules, other: PayerRules) -> bool:
    return one.valid_from <= other.valid_to and other.valid_from <= one.valid_to


def _clinic(read: TableReader) -> ClinicIdentity:
    names = ("name", "npi", "tax_id", "taxonomy", "line1", "city", "state", "postal_code")
    names += ("contact_name", "contact_phone", "sender_id", "receiver_id", "receiver_name")
    made = ClinicIdentity(**{name: read.text(name) for name in names})
    _check_npi(read, made.npi)
    read.finish()
    return made


def _provider(read: TableReader) -> ProviderIdentity:
    names = ("login", "npi", "family_name", "given_name", "taxonomy", "discipline")
    values = {name: read.text(name) for name in names}
    made = ProviderIdentity(**values, is_assistant=read.flag("is_assistant", False))
    _check_npi(read, made.npi)
    if made.discipline not in _DISCIPLINES:
        read.problem("discipline", "discipline", "discipline is GP, GO or GN")
    read.finish()
    return made


def _check_npi(read: TableReader, npi: str) -> None:
    if npi and not is_well_formed_npi(npi):
        read.problem("npi", "npi", "the check digit of the NPI does not fit")


def _payer(read: TableReader) -> PayerRules:
    from datetime import date

    channels = read.table("telehealth", required=False)
    telehealth: dict[Channel, TelehealthRule] = {}
    for channel in Channel:
        if channel.value in channels and channel is not Channel.IN_PERSON:
            one = channels.table(channel.value)
            telehealth[channel] = TelehealthRule(one.text("pos"), one.text("modifier", ""))
            one.finish()
    channels.finish()
    unit_rule = read.text("unit_rule")
    if unit_rule not in ("cms", "ama"):
        read.problem("unit_rule", "unit-rule", "unit_rule is cms or ama")
    places = {place.value: place for place in ModifierPlace}
    order = read.texts("modifier_order") or tuple(places)
    if set(order) != set(places) or len(order) != len(places):
        read.problem("modifier_order", "order", f"modifier_order names each of {', '.join(places)}")
        order = tuple(places)
    made = PayerRules(
        key=read.text("key"),
        name=read.text("name"),
        identifier=read.text("identifier"),
        filing_code=read.text("filing_code"),
        unit_rule=unit_rule,
        valid_from=read.day("valid_from", required=True) or date.min,
        valid_to=read.day("valid_to", required=True) or date.max,
        timely_filing_days=read.integer("timely_filing_days"),
        source=read.text("source"),
        telehealth=telehealth,
        in_person_place=read.text("in_person_place", "11"),
        in_person_first=read.flag("in_person_first", False),
        therapy_modifiers=read.flag("therapy_modifiers", True),
        assistants=read.flag("assistants", True),
        kx=read.flag("kx", False),
        separate_modifier=read.text("separate_modifier", "59"),
        modifier_order=tuple(places[word] for word in order),
        port=read.text("port", ""),
    )
    if made.valid_from > made.valid_to:
        read.problem("valid_to", "dates", "valid_to lies before valid_from")
    read.finish()
    return made


def _fees(read: TableReader) -> FeeSchedule:
    from datetime import date

    made = FeeSchedule(
        read.text("payer"),
        read.day("valid_from", required=True) or date.min,
        _amounts(read.table("charge")),
        _amounts(read.table("allowed", required=False)),
    )
    read.finish()
    return made


def _port(read: TableReader) -> PortSettings:
    kind = read.text("kind")
    is_sftp = kind in SFTP_KINDS
    made = PortSettings(
        name=read.text("name"),
        kind=kind,
        address=read.text("address", None if is_sftp else ""),
        number=read.integer("number", 22),
        login=read.text("login", None if is_sftp else ""),
        host_key=read.text("host_key", None if is_sftp else ""),
        send_folder=read.text("send_folder", None if is_sftp else ""),
        receive_folder=read.text("receive_folder", None if is_sftp else ""),
        submitter=read.text("submitter", ""),
    )
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,31}", made.name):
        read.problem("name", "name", "name is lower-case letters, digits, - and _")
    if is_sftp and not re.fullmatch(r"(ssh|ecdsa)-[\w-]+ [A-Za-z0-9+/=]+", made.host_key):
        read.problem("host_key", "host-key", "host_key is a public key: ssh-ed25519 AAAA...")
    if not is_sftp and made.address and not made.address.startswith("https://"):
        read.problem("address", "address", "address of a web service begins with https://")
    read.finish()
    return made


def _scale(read: TableReader) -> ScaleRow:
    from datetime import date

    made = ScaleRow(
        read.text("name"),
        read.day("valid_from", required=True) or date.min,
        read.integer("percent"),
        read.text("source"),
    )
    if not 0 <= made.percent <= 100:
        read.problem("percent", "percent", "percent lies between 0 and 100")
    read.finish()
    return made


def _amounts(read: TableReader) -> dict[str, int]:
    found: dict[str, int] = {}
    for code in read:
        text = read.text(code)
        try:
            cents = Decimal(text).scaleb(2)
        except InvalidOperation:
            cents = Decimal("NaN")
        if not cents.is_finite() or cents != int(cents) or not 0 <= cents < 10**9:
            read.problem(code, "amount", f'{code} needs an amount such as "41.25"')
            continue
        found[code] = int(cents)
    return found
