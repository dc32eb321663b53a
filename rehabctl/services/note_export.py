"""A clinical note as a file."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rehabctl.domain.errors import FindingsError, UsageError
from rehabctl.services.access import Action, require
from rehabctl.services.identifiers import identifier
from rehabctl.services.notes import view_of

if TYPE_CHECKING:
    from rehabctl.store.store import Store

FORMS = ("text", "html", "pdf")


def export(store: Store, note_id: str, form: str) -> bytes:
    """Return a note as a file; a draft says on every page that it is one.

    Parameters
    ----------
    store
        The open store.
    note_id
        Identifier.
    form
        text, html or pdf.

    Raises
    ------
    FindingsError
        The signed text is no longer the one that was signed.
    """
    if form not in FORMS:
        raise UsageError("unknown word for --as", f"Use one of: {', '.join(FORMS)}")
    with store.transaction() as uow:
        require(uow, Action.READ_CLINICAL)
        view = view_of(
            uow, uow.documentation.note(identifier(note_id, "a note", "rehabctl note list"))
        )
        if view.signature_valid is False:
            raise FindingsError(
                "the note is not the one that was signed", "Look at: rehabctl audit verify"
            )
        uow.audit.record("note.export", "clinical_note", view.note.id, {"format": form})
        name, zone = uow.clinic.name, ZoneInfo(uow.clinic.time_zone)
    from rehabctl.integrations.notes import html, pdf, text

    write = {"text": text.write_text, "html": html.write_html, "pdf": pdf.write_pdf}[form]
    return write(view.note, view.addenda, view.mrn, name, zone)
