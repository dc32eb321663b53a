"""The check digit of a National Provider Identifier."""

from __future__ import annotations

_PREFIX_SUM = 24
"""What the issuer prefix 80840 adds to the Luhn sum."""
_DIGITS = 10


def is_well_formed_npi(text: str) -> bool:
    """Tell whether a text is an identifier with a right check digit; not whether it is enrolled.

    Ten digits, the first 1 or 2, Luhn over 80840 and the identifier.

    Parameters
    ----------
    text
        What was typed.
    """
    if len(text) != _DIGITS or not (text.isascii() and text.isdecimal()) or text[0] not in "12":
        return False
    total = _PREFIX_SUM
    for index, digit in enumerate(int(character) for character in reversed(text)):
        doubled = digit * 2 if index % 2 else digit
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0
