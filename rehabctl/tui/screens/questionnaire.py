"""Entering a questionnaire: item by item, with the score so far and what is missing."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message

from rehabctl.domain.prom import Instrument, PromResult, ScaleScore
from rehabctl.tui import cells
from rehabctl.tui.context import PanelContext
from rehabctl.tui.keymap import bindings
from rehabctl.tui.messages import FormRecorded, FormScored, InstrumentsLoaded
from rehabctl.tui.safe_app import app_of
from rehabctl.tui.screens.port_screen import PortScreen
from rehabctl.tui.widgets.answer_table import AnswerTable
from rehabctl.tui.widgets.key_bar import KeyBar
from rehabctl.tui.widgets.section import Line, Section
from rehabctl.tui.widgets.status_line import StatusLine

_LEAVE = (
    ("save", "Save the answers"),
    ("keep", "Keep them as a draft and go"),
    ("discard", "Discard them"),
)
_SCALE_CELLS = 14


class QuestionnaireScreen(PortScreen[None]):
    """One form of one patient.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    mrn
        Whose.
    """

    BINDINGS: ClassVar = bindings("form")

    def __init__(self, context: PanelContext, mrn: str) -> None:
        super().__init__(context)
        self._mrn = mrn
        self.instrument: Instrument | None = None
        self.answers: dict[str, float | None] = {}
        self._status = StatusLine()
        self._body = Vertical(id="form-body")
        self._scores = Section(
            "Score so far",
            (),
            "The score of the answers typed so far, by the form's own rule for missing answers. "
            "Nothing is stored until you save.",
        )

    def compose(self) -> ComposeResult:
        """Lay out title, items, score and keys."""
        yield self._status
        yield self._body
        with Vertical(id="form-scores"):
            yield self._scores
        yield KeyBar()

    def on_mount(self) -> None:
        """Ask which questionnaire."""
        self._status.show(self._mrn, "questionnaire", "")
        forms = self.context.data.forms
        self.in_thread(lambda: InstrumentsLoaded(tuple(forms.instruments())), group="forms")

    def on_instruments_loaded(self, message: InstrumentsLoaded) -> None:
        """Open the draft that was kept, or ask which questionnaire."""
        by_slug = {instrument.slug: instrument for instrument in message.instruments}
        kept = self.context.forms.get(self._mrn)
        if kept is not None:
            self._open(by_slug[kept[0]], dict(kept[1]))
            return
        from rehabctl.tui.screens.dialogs import ChoiceDialog

        choices = [(slug, cells.clean(i.name)) for slug, i in by_slug.items()]
        dialog = ChoiceDialog("Questionnaire", choices, None, wide=True)

        def chosen(slug: str | None) -> None:
            if slug is None:
                self.dismiss(None)
            else:
                self._open(by_slug[slug], {})

        app_of(self).push_screen(dialog, chosen)

    def _open(self, instrument: Instrument, answers: dict[str, float | None]) -> None:
        self.instrument, self.answers = instrument, answers
        table = AnswerTable(instrument, answers)
        self._body.mount(table)
        table.focus()
        self._changed()

    def on_answer_table_changed(self, message: AnswerTable.Changed) -> None:
        """Score what is typed."""
        self.answers = message.answers
        self._changed()

    def _changed(self) -> None:
        self.keep_draft()
        instrument, answers, forms = self.instrument, dict(self.answers), self.context.data.forms
        if instrument is not None:
            slug = instrument.slug
            self._status.show(
                f"{self._mrn}  {instrument.name}",
                f"{len(answers)} of {len(instrument.items)} answered",
                "not saved" if answers else "",
            )
            self.in_thread(lambda: FormScored(forms.score(slug, answers)), group="score")

    def on_form_scored(self, message: FormScored) -> None:
        """Show the score so far."""
        self._scores.show(_lines(message.result))

    # -- saving and leaving ------------------------------------------------------------------------

    def action_save(self) -> None:
        """Store the form."""
        instrument, answers, forms = self.instrument, dict(self.answers), self.context.data.forms
        if instrument is None or not answers:
            self.notify("No answer yet.", markup=False)
            return
        mrn, slug = self._mrn, instrument.slug

        def work() -> Message:
            return FormRecorded(forms.record(mrn, slug, answers))

        self.in_thread(work, group="record")

    def on_form_recorded(self, message: FormRecorded) -> None:
        """Drop the draft: it is stored; close."""
        self.answers = {}
        self.keep_draft()
        scores = ", ".join(
            f"{cells.words(s.scale)} {cells.number(s.score, digits=1)}"
            for s in message.result.scores
        )
        self.notify(f"Saved. {scores}.", markup=False)
        self.dismiss(None)

    def may_leave(self) -> bool:
        """Ask what becomes of answers that are not saved."""
        if not self.answers:
            return True
        from rehabctl.tui.screens.dialogs import ChoiceDialog

        dialog = ChoiceDialog("The answers are not saved", _LEAVE, "save")
        app_of(self).push_screen(dialog, self._leave)
        return False

    def _leave(self, choice: str | None) -> None:
        if choice == "save":
            self.action_save()
        elif choice is not None:
            if choice == "discard":
                self.answers = {}
                self.keep_draft()
            self.dismiss(None)

    def keep_draft(self) -> None:
        """Keep typed answers among the drafts, so that quitting asks."""
        key = f"form:{self._mrn}"
        if self.instrument is not None and self.answers:
            self.context.forms[self._mrn] = (self.instrument.slug, dict(self.answers))
            self.context.drafts[key] = "a questionnaire that is not saved"
        elif self.instrument is not None:
            self.context.forms.pop(self._mrn, None)
            self.context.drafts.pop(key, None)


def _lines(result: PromResult) -> list[Line]:
    lines = [_scale(score) for score in result.scores]
    if result.group:
        lines.append(Line(Content.styled(f"{'group':<{_SCALE_CELLS}}", "$muted"),
                          Content(cells.words(result.group))))  # fmt: skip
    lines += [
        Line(Content.styled(f"{finding.item or 'form':<{_SCALE_CELLS}}", "bold $error"),
             Content(cells.clean(finding.message)))
        for finding in result.findings
    ]  # fmt: skip
    return lines


def _scale(score: ScaleScore) -> Line:
    lead = Content.styled(f"{cells.words(score.scale):<{_SCALE_CELLS}}", "$muted")
    better = cells.words(score.direction.value)
    if score.score is None:
        why = score.reason or "not complete yet"
        text = f"no score: {cells.clean(why)}, {score.n_missing} missing"
        return Line(lead, Content.styled(text, "$warning"))
    note = f"  {better}, {score.n_missing} missing"
    if score.prorated:
        note += ", prorated"
    band = f"  {cells.words(score.band)}" if score.band else ""
    return Line(lead, Content.assemble((f"{score.score:g}", "bold"), band, (note, "$muted")))
