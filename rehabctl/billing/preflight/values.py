"""Reading amounts and days out of elements; what cannot be read is left to the structure check."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation

from rehabctl.billing.x12.elements import parse_date
from rehabctl.billing.x12.segments import Segment

_LONGEST_AMOUNT = 19


def amount(text: str) -> Decimal | None:
    """Return an amount, or None where there is none.

    Parameters
    ----------
    text
        As it stands in the file.
    """
    if not text or len(text) > _LONGEST_AMOUNT:
        return None
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def has_parts_of_a_cent(value: Decimal) -> bool:
    """Tell whether an amount is written with more than two decimals, even if they are zeros.

    Parameters
    ----------
    value
        Dollars.
    """
    exponent = value.as_tuple().exponent
    return isinstance(exponent, int) and exponent < -2


def days(segment: Segment, qualifier: int = 2) -> tuple[date, date] | None:
    """Return first and last day of a DTP-like segment, or None where they cannot be read.

    Parameters
    ----------
    segment
        With the format qualifier and the text after it.
    qualifier
        Number of the element that holds D8 or RD8.
    """
    text = segment.get(qualifier + 1)
    if segment.get(qualifier) == "RD8":
        first, _, last = text.partition("-")
    else:
        first = last = text
    start, end = parse_date(first), parse_date(last)
    if start is None or end is None or end < start:
        return None
    return start, end
