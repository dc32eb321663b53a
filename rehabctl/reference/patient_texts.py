"""Loader of the sentences for patients (`patient_texts.toml`)."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from rehabctl.domain.hand_out import PatientTexts


@cache
def load_patient_texts() -> PatientTexts:
    """Return the packaged sentences."""
    text = (files("rehabctl.reference") / "patient_texts.toml").read_text("utf-8")
    table = tomllib.loads(text)
    return PatientTexts(
        effective_from=table["effective_from"],
        red_flag_intro=table["red_flag_intro"],
        red_flag_advice=table["red_flag_advice"],
        red_flags=tuple(table["red_flags"].items()),
        pain_advice=table["pain_advice"],
        unapproved_mark=table["unapproved_mark"],
    )
