"""Loader of next steps by reason code (`denials.toml`)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class NextStep:
    """What the clinic does about a reason."""

    key: str
    words: str
    open: bool
    """Whether work waits."""
    by: str
    """How its due day is found: `filing`, `appeal` or empty."""
    command: str
    """With which it begins, of `{claim}`; empty where none of ours helps."""

    def command_for(self, claim: str) -> str:
        """Return the command for one claim.

        Parameters
        ----------
        claim
            Our number of it.
        """
        return self.command.replace("{claim}", claim)


def next_step(group: str, reason: str) -> NextStep:
    """Return the step of a reason code; an unknown code falls back to its group.

    Parameters
    ----------
    group
        CO, PR, OA or PI.
    reason
        Claim adjustment reason code.
    """
    table = _table()
    key = table["steps"].get(reason) or table["groups"].get(group, "look")
    return NextStep(key, **table["action"][key])


def second_payer_step() -> NextStep:
    """Return the step after a decision that left something to a patient with a second policy."""
    return NextStep("second-payer", **_table()["action"]["second-payer"])


def appeal_days(filing_code: str, on: date) -> int | None:
    """Return the days for an appeal; None where the contract decides.

    Parameters
    ----------
    filing_code
        SBR09 of the payer.
    on
        Day of the decision.
    """
    for row in _table()["appeal"]:
        if filing_code in row["filing_codes"] and (
            row["effective_from"] <= on <= row["effective_to"]
        ):
            return row["days"]
    return None


@cache
def _table() -> dict[str, Any]:
    import tomllib

    return tomllib.loads((files("rehabctl.reference.payers") / "denials.toml").read_text("utf-8"))
