"""Check of user-facing text: no claim beyond recording and comparing with a clinician's plan."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rehabctl.reference.wording import load_avoided_wording


@dataclass(frozen=True, slots=True)
class WordingFinding:
    """One expression to change: where it stands and what to write instead."""

    code: str
    line: int
    """1-based line of the text."""
    expression: str
    prefer: str


def find(text: str, *, for_patients: bool = False) -> list[WordingFinding]:
    """Return every avoided expression in a text, in the order of its lines.

    Parameters
    ----------
    text
        The text as users read it.
    for_patients
        Also apply the rules for texts that a patient reads.

    Notes
    -----
    A quoted expression (in backticks) is not a claim and is passed over, so that documentation can
    name what is avoided.
    """
    findings: list[WordingFinding] = []
    for number, line in enumerate(text.splitlines(), start=1):
        unquoted = re.sub(r"`[^`]*`", " ", line)
        for rule in load_avoided_wording():
            if rule.patients_only and not for_patients:
                continue
            pattern = rf"\b(?:{rule.pattern})\b"
            findings.extend(
                WordingFinding(rule.code, number, match.group().strip(), rule.prefer)
                for match in re.finditer(pattern, unquoted, re.IGNORECASE)
            )
    return findings
