"""Protocols as plain JSON values: what a programme pins, and how it is read back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from rehabctl.domain.errors import RehabctlError
from rehabctl.domain.protocol import (
    Clock,
    DoseChange,
    LevelScale,
    Phase,
    PhaseExercise,
    Protocol,
    ProtocolParameter,
    RangeCap,
    TypeDose,
)


def protocol_content(protocol: Protocol) -> dict[str, Any]:
    """Return a protocol as JSON values, dates as text.

    Parameters
    ----------
    protocol
        The protocol as it is assigned.
    """
    return json.loads(json.dumps(asdict(protocol), default=str))


def protocol_of_content(content: Mapping[str, Any]) -> Protocol:
    """Return the protocol that a content describes.

    Parameters
    ----------
    content
        What `protocol_content` returned, also after a way through a database.

    Raises
    ------
    RehabctlError
        The content is of a later or a damaged format.
    """
    try:
        values = _texts(content, "targets", "sources", "stop_rules")
        values["as_of"] = date.fromisoformat(content["as_of"])
        values["clock"] = Clock(content["clock"])
        values["phases"] = tuple(_phase(row) for row in content["phases"])
        values["parameters"] = tuple(ProtocolParameter(**row) for row in content["parameters"])
        values["level_scales"] = tuple(
            LevelScale(row["block"], tuple((key, text) for key, text in row["levels"]))
            for row in content["level_scales"]
        )
        return Protocol(**values)
    except (KeyError, TypeError, ValueError):
        raise RehabctlError(
            "a stored protocol cannot be read", "Use the program version that stored it, or newer"
        ) from None


def _phase(row: Mapping[str, Any]) -> Phase:
    values = _texts(row, "goals", "precautions")
    values["exercises"] = tuple(_exercise(item) for item in row["exercises"])
    values["doses"] = tuple(TypeDose(d["type"], DoseChange(**d["dose"])) for d in row["doses"])
    values["range_caps"] = tuple(RangeCap(**item) for item in row["range_caps"])
    return Phase(**values)


def _exercise(row: Mapping[str, Any]) -> PhaseExercise:
    values = _texts(row, "levels")
    values["dose"] = DoseChange(**row["dose"])
    return PhaseExercise(**values)


def _texts(row: Mapping[str, Any], *lists: str) -> dict[str, Any]:
    return {**row, **{name: tuple(row[name]) for name in lists}}
