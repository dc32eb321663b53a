"""Loader of the marks of other FHIR versions (`fhir_versions.toml`)."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any


def other_version(resource: Mapping[str, Any]) -> str | None:
    """Return the name of the FHIR version of a resource that is not R4; None where nothing tells.

    Parameters
    ----------
    resource
        A parsed resource.
    """
    for version, element, shape in _marks().get(str(resource.get("resourceType")), ()):
        if element in resource and (not shape or isinstance(resource[element], list)):
            return version
    return None


@cache
def _marks() -> dict[str, list[tuple[str, str, str]]]:
    path = files("rehabctl.reference") / "fhir_versions.toml"
    found: dict[str, list[tuple[str, str, str]]] = {}
    for row in tomllib.loads(path.read_text("utf-8"))["mark"]:
        mark = (row["version"], row["element"], row.get("shape", ""))
        found.setdefault(row["resource"], []).append(mark)
    return found
