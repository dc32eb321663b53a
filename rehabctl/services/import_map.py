"""The mapping file of an import: names of columns, and how the file is written.

encoding = "windows-1252"      # utf-8, utf-16, windows-1252; else found out
separator = ";"                # else found out
date_order = "dmy"             # or "mdy": for dates like 03/04/1970
excel_epoch = "1904"           # of spreadsheets made on old Macintoshes
record = "Patient"             # XML: the element of one row; headings are paths below it

[columns]
"Patient ID" = "mrn"           # or the other way round
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rehabctl.domain.date_forms import DateForms, DateOrder, ExcelEpoch
from rehabctl.domain.errors import UsageError
from rehabctl.domain.roster import COLUMNS

SEPARATORS = (",", ";", "\t", "|")
_ENCODINGS = {"utf-8": "utf-8-sig", "utf-16": "utf-16", "windows-1252": "cp1252"}
_SETTINGS = ("encoding", "separator", "date_order", "excel_epoch", "record")


@dataclass(frozen=True, slots=True)
class ImportMap:
    """How one kind of file is read."""

    names: Mapping[str, str] = field(default_factory=dict[str, str])
    """Our column by the file's heading, for headings that differ."""
    encoding: str | None = None
    """Python's name; None: found out."""
    separator: str | None = None
    dates: DateForms = field(default_factory=DateForms)
    record: str | None = None
    """XML: name of the element that is one row."""


def read_map(path: Path, columns: Sequence[str] = COLUMNS) -> ImportMap:
    """Read a mapping file: TOML or JSON. The table `columns` may be left out: pairs, no tables.

    Parameters
    ----------
    path
        The file.
    columns
        Our names.

    Raises
    ------
    UsageError
        It cannot be read, a setting is wrong, or neither side of the pairs names our columns.
    """
    import tomllib

    try:
        text = path.read_text("utf-8-sig")
        loaded: Any = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        return made_map(path.name, loaded, columns)
    except (OSError, ValueError, TypeError, AttributeError, RecursionError):
        raise UsageError(f"cannot read {path.name}", "Use TOML or JSON") from None


def made_map(name: str, loaded: Mapping[str, Any], columns: Sequence[str] = COLUMNS) -> ImportMap:
    """Return the mapping that a file or profile says.

    Parameters
    ----------
    name
        For messages.
    loaded
        Its settings and pairs.
    columns
        Our names.

    Raises
    ------
    UsageError
        A setting is wrong, or neither side of the pairs names our columns.
    """
    values = dict(loaded)
    named: Any = values.pop("columns", None)
    settings = {key: str(values.pop(key)) for key in _SETTINGS if key in values}
    pairs = {str(k): str(v) for k, v in dict(named or {}).items()}
    pairs |= {str(k): str(v) for k, v in values.items()}
    separator = settings.get("separator")
    if separator is not None and separator not in SEPARATORS:
        raise UsageError(f"{name}: unknown separator", "Use a comma, semicolon, tab or |")
    epoch = _choice(name, settings, "excel_epoch", {e.value: e for e in ExcelEpoch})
    return ImportMap(
        _names(name, pairs, columns, required=not settings),
        _choice(name, settings, "encoding", _ENCODINGS),
        separator,
        DateForms(
            _choice(name, settings, "date_order", {o.value: o for o in DateOrder}),
            epoch or ExcelEpoch.WINDOWS,
        ),
        settings.get("record"),
    )


def _choice(file: str, settings: Mapping[str, str], name: str, known: Mapping[str, Any]) -> Any:
    text = settings.get(name)
    if text is not None and text not in known:
        raise UsageError(f"{file}: unknown {name}", f"Use one of {', '.join(known)}")
    return None if text is None else known[text]


def _names(
    file: str, pairs: Mapping[str, str], columns: Sequence[str], *, required: bool
) -> dict[str, str]:
    if all(value in columns for value in pairs.values()) and (pairs or not required):
        return dict(pairs)
    if pairs and all(key in columns for key in pairs):
        return {value: key for key, value in pairs.items()}
    raise UsageError(
        f"{file} names no columns of this import", f"Use these names: {', '.join(columns)}"
    )


def reading_of(
    kind: str, path: Path | None, profile: str | None, columns: Sequence[str] = COLUMNS
) -> ImportMap:
    """Return how a file is read: by a mapping file, by the profile of a system, or as it is.

    Parameters
    ----------
    kind
        `patients` or `schedule`.
    path
        The mapping file.
    profile
        Name of a packaged one.
    columns
        Our names.

    Raises
    ------
    NotFoundError
        There is no such profile.
    UsageError
        Both are given, the profile has no files of this kind, or the mapping is wrong.
    """
    from rehabctl.reference.ehr_profiles import load_profile

    if path is not None and profile:
        raise UsageError("name a mapping or a profile", "Use --map or --profile")
    if path is not None:
        return read_map(path, columns)
    if not profile:
        return ImportMap()
    found = load_profile(profile).mappings.get(kind)
    if found is None:
        raise UsageError(f"the profile {profile} has no files of {kind}", "Write a mapping: --map")
    return made_map(profile, found, columns)
