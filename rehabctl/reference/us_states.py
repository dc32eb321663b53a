"""Loader of the names of states (`us_states.toml`)."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files


def state_code(text: str) -> str:
    """Return the two letters of a state that is written out; any other text stays as it is.

    Parameters
    ----------
    text
        Such as `Massachusetts` or `MA`.
    """
    return _codes().get(" ".join(text.casefold().split()), text)


@cache
def _codes() -> dict[str, str]:
    path = files("rehabctl.reference") / "us_states.toml"
    codes: dict[str, str] = tomllib.loads(path.read_text("utf-8"))["codes"]
    return {name.casefold(): code for code, name in codes.items()}
