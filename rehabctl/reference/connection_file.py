"""Reader of a file of connections to record systems (TOML)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rehabctl.domain.connection import (
    Connection,
    FhirAuth,
    FhirConnection,
    FolderConnection,
    FolderKind,
    MllpConnection,
    RedoxConnection,
)
from rehabctl.reference.findings import Problem
from rehabctl.reference.table_reader import TableReader

SCHEMA = "rehabctl-connections/1"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def read_connection_file(
    document: Mapping[str, Any],
) -> tuple[tuple[Connection, ...], tuple[Problem, ...]]:
    """Understand a file of connections; with any problem nothing of it is to be used.

    Parameters
    ----------
    document
        As `tomllib` returned it.

    Returns
    -------
    tuple
        The connections, and every problem.
    """
    problems: list[Problem] = []
    top = TableReader(document, (), problems)
    if top.text("schema") != SCHEMA:
        top.problem("schema", "schema", f"schema must be {SCHEMA!r}")
    found: tuple[Connection, ...] = (
        *(_fhir(one) for one in top.tables("fhir")),
        *(_mllp(one) for one in top.tables("mllp")),
        *(_redox(one) for one in top.tables("redox")),
        *(_folder(one) for one in top.tables("folder")),
    )
    top.finish()
    if len({one.name for one in found}) < len(found):
        top.problem("schema", "name", "two connections have one name")
    return found, tuple(problems)


def _fhir(read: TableReader) -> FhirConnection:
    auth = read.choice("auth", FhirAuth)
    asked = None if auth is not FhirAuth.NONE else ""
    made = FhirConnection(
        name=read.text("name"),
        address=read.text("address"),
        mrn_system=read.text("mrn_system"),
        auth=auth,
        token_url=read.text("token_url", asked),
        client_id=read.text("client_id", asked),
        scope=read.text("scope", "system/*.read system/*.write"),
        key_id=read.text("key_id", None if auth is FhirAuth.SMART else ""),
    )
    _check_name(read, made.name)
    for key in ("address", "token_url"):
        text: str = getattr(made, key)
        if text and not _is_safe(text, loopback=auth is FhirAuth.NONE):
            read.problem(key, "address", f"{key} begins with https://")
    if auth is FhirAuth.NONE and urlsplit(made.address).hostname not in _LOOPBACK:
        read.problem("auth", "auth", "auth is none on this machine's own loopback only")
    read.finish()
    return made


def _mllp(read: TableReader) -> MllpConnection:
    made = MllpConnection(
        name=read.text("name"),
        address=read.text("address"),
        receiver=read.text("receiver", ""),
        ca_file=read.text("ca_file", ""),
        certificate=read.text("certificate", ""),
        key=read.text("key", ""),
    )
    _check_name(read, made.name)
    if not re.fullmatch(r"[^\s/]+:\d{1,5}", made.address):
        read.problem("address", "address", "address is HOST:PORT")
    if bool(made.certificate) != bool(made.key):
        read.problem("certificate", "certificate", "certificate and key belong together")
    read.finish()
    return made


def _redox(read: TableReader) -> RedoxConnection:
    made = RedoxConnection(
        name=read.text("name"),
        client_id=read.text("client_id"),
        key_id=read.text("key_id"),
        destination=read.text("destination"),
        receivers=read.texts("receivers"),
    )
    _check_name(read, made.name)
    read.finish()
    return made


def _folder(read: TableReader) -> FolderConnection:
    made = FolderConnection(
        name=read.text("name"),
        path=read.text("path"),
        holds=read.choice("holds", FolderKind),
        profile=read.text("profile", ""),
        map=read.text("map", ""),
        quiet_s=read.integer("quiet_s", 60),
    )
    _check_name(read, made.name)
    if not Path(made.path).is_absolute() or (made.map and not Path(made.map).is_absolute()):
        read.problem("path", "path", "path and map begin at the root, since cron starts anywhere")
    if made.profile and made.map:
        read.problem("map", "map", "a folder has a profile or a map")
    if (made.profile or made.map) and made.holds not in (FolderKind.PATIENTS, FolderKind.SCHEDULE):
        read.problem("profile", "profile", "only patients and schedule have columns")
    if not 0 <= made.quiet_s <= 86_400:
        read.problem("quiet_s", "quiet_s", "quiet_s is a number of seconds of one day at most")
    read.finish()
    return made


def _check_name(read: TableReader, name: str) -> None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,31}", name):
        read.problem("name", "name", "name is lower-case letters, digits, - and _")


def _is_safe(address: str, *, loopback: bool) -> bool:
    try:
        parts = urlsplit(address)
        host = parts.hostname
    except ValueError:
        return False
    is_here = loopback and parts.scheme == "http" and host in _LOOPBACK
    is_plain = not (parts.query or parts.fragment or parts.username)
    return bool(host) and is_plain and (parts.scheme == "https" or is_here)
