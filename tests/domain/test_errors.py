"""The one line of an error."""

from __future__ import annotations

from rehabctl.domain.errors import RehabctlError, suggestion


def test_a_suggestion_is_one_sentence_with_the_name_as_it_is_written() -> None:
    """Serials and record numbers keep their letters, and a question ends once."""
    error = RehabctlError("no kit 'KIT8'", suggestion("KIT8", ["KIT7", "s-1"]))
    assert str(error) == "no kit 'KIT8'. Did you mean 'KIT7'?"
    assert str(RehabctlError("no kit", "See: rehabctl kit list")).endswith("kit list.")
