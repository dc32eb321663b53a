"""Loader of the hosts that deliver push messages to browsers (`push_services.toml`)."""

from __future__ import annotations

import tomllib
from datetime import date
from importlib.resources import files


def is_push_service(host: str, day: date) -> bool:
    """Return whether a host delivers push messages for a browser's maker.

    Parameters
    ----------
    host
        In lower case. A row that begins with a dot stands for every host below it.
    day
        Rows in force on it count.
    """
    text = (files("rehabctl.reference") / "push_services.toml").read_text("utf-8")
    rows = [row for row in tomllib.loads(text)["service"] if row["effective_from"] <= day]
    return any(
        host.endswith(row["host"]) if row["host"].startswith(".") else host == row["host"]
        for row in rows
    )
