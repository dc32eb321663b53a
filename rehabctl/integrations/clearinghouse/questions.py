"""What kind of question an X12 file asks."""

from __future__ import annotations


def is_eligibility(question: bytes) -> bool:
    """Return whether it is a 270; the other kind is a 276."""
    return b"*270*" in question[:512]
