"""How a rule says that it was broken, and what rules may ask about the world."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from rehabctl.billing.x12.findings import Finding, Severity
from rehabctl.billing.x12.segments import Segment
from rehabctl.billing.x12.structure import Loop
from rehabctl.domain.code_lists import CodeListKind, CodeTables, PairEdit, UnitLimit
from rehabctl.reference.payers.preflight import PreflightCodes, PreflightRule


@dataclass(frozen=True, slots=True)
class Breach:
    """A broken rule at its place."""

    rule: str
    segment: Segment | None = None
    element: str = ""
    """Number of the element, such as `02` or `05-1`."""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """What the rules need besides the file."""

    file_day: date
    """Day on which the file was made, or is checked: services lie before it."""
    codes: PreflightCodes
    timely_filing_days: int | None = None
    """Of the payer, where it is known."""
    is_billable_diagnosis: Callable[[str, date], bool] | None = None
    """Look-up in an imported list of ICD-10-CM, where there is one."""

    tables: CodeTables | None = None
    """Imported official lists, where there are any."""

    def is_billable(self, diagnosis: str, on: date) -> bool:
        """Tell whether a diagnosis may be billed; without a list every one may.

        Parameters
        ----------
        diagnosis
            Without the point.
        on
            Day of service.
        """
        if self.is_billable_diagnosis is not None:
            return self.is_billable_diagnosis(diagnosis, on)
        return self.tables is None or self.tables.is_billable(diagnosis, on) is not False

    def lacks(self, kind: CodeListKind, on: date) -> bool:
        """Tell whether lists of a kind were imported, but none that holds on a day."""
        return self.tables is not None and self.tables.covers(kind, on) is False

    def pairs(self, codes: frozenset[str], on: date | None) -> tuple[PairEdit, ...]:
        """Return the edits among the codes of a day: of the imported list, else of the seed."""
        if self.tables is not None and on is not None:
            edits = self.tables.pairs(codes, on)
            if edits is not None:
                return edits
            if self.lacks(CodeListKind.NCCI, on):
                return ()
        return tuple(
            PairEdit(*sorted(pair), modifier_allowed=True, ordered=False)
            for pair in self.codes.bundled
            if pair <= codes
        )

    def unit_limit(self, code: str, on: date | None) -> UnitLimit | None:
        """Return the most units of a code by the imported list."""
        return None if self.tables is None or on is None else self.tables.unit_limit(code, on)


Check = Callable[[Loop, World], Iterator[Breach]]


def finding(breach: Breach, rules: dict[str, PreflightRule]) -> Finding:
    """Return a breach in words.

    Parameters
    ----------
    breach
        What a check said.
    rules
        By id.
    """
    rule = rules[breach.rule]
    segment = breach.segment
    tag = segment.tag[:3] if segment else None
    message = rule.message.format(where=f"{tag or ''}{breach.element}", detail=breach.detail)
    place = segment.position if segment else None
    return Finding(rule.id, Severity(rule.severity), message, rule.fix, tag, place)
