"""Acknowledge, snooze, note, review, copy: the same on the worklist and on a patient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.message import Message

from rehabctl.domain.counting import counted
from rehabctl.domain.errors import UnavailableError
from rehabctl.domain.patient_detail import AlertSummary, PatientDetail
from rehabctl.tui import cells, places
from rehabctl.tui.messages import AlertChoice, AlertsGathered, ColleaguesLoaded, Undone
from rehabctl.tui.safe_app import app_of
from rehabctl.tui.screens.port_screen import PortScreen
from rehabctl.tui.undo import UndoStep

if TYPE_CHECKING:
    from rehabctl.tui.screens.dialogs import ActionDialog

_OPEN = "open"
MOST_AT_ONCE = 50


class CareScreen(PortScreen[None]):
    """The actions on one or several patients."""

    def care_targets(self) -> tuple[str, ...]:
        """Return the record numbers that an action is about: the marks, else the current one."""
        return ()

    def care_current(self) -> str | None:
        """Return the record number of the one patient in focus."""
        targets = self.care_targets()
        return targets[0] if targets else None

    def care_done(self, *, move_on: bool) -> None:
        """Show the outcome of an action.

        Parameters
        ----------
        move_on
            The action settled the patient: the next one may come.
        """

    # -- alerts ------------------------------------------------------------------------------

    def action_acknowledge(self) -> None:
        """Acknowledge the open alerts of the targets, with a comment."""
        self.gather("acknowledge")

    def action_snooze(self) -> None:
        """Snooze the open alerts of the targets."""
        self.gather("snooze")

    def action_assign(self) -> None:
        """Give the open alerts of the targets to a colleague."""
        self.gather("assign")

    def gather(self, action: str) -> None:
        """Read the patients whose alerts an action is about."""
        targets = self.care_targets()
        if len(targets) > MOST_AT_ONCE:
            self.notify(f"At most {MOST_AT_ONCE} patients at once. Mark fewer.", markup=False)
        elif targets:

            def work() -> Message:
                read = self.context.data.patient
                return AlertsGathered(tuple(read(mrn) for mrn in targets), action)

            self.in_thread(work, group="gather")

    def on_alerts_gathered(self, message: AlertsGathered) -> None:
        """Ask, with the evidence of every alert in view."""
        if not self.is_on_top:
            return  # another screen was opened while the patients were read
        if message.action == "review":
            self._open_newest(message.details[0])
            return
        alerts = [(d, a) for d in message.details for a in d.alerts if a.state == _OPEN]
        if not alerts:
            self.notify("No open alerts here.", markup=False)
            return
        patients = counted(len(message.details), "patient")
        chosen = AlertChoice(
            tuple(alert.id for _, alert in alerts),
            tuple(_alert_line(detail, alert) for detail, alert in alerts),
            f"{counted(len(alerts), 'alert')} of {patients}",
        )
        self.ask(message.action, chosen)

    def ask(self, action: str, chosen: AlertChoice) -> None:
        """Ask what the action needs to know, then do it."""
        from rehabctl.tui.screens.dialogs import AcknowledgeDialog, SnoozeDialog

        data = self.context.data
        if action == "assign":
            self.in_thread(
                lambda: ColleaguesLoaded(tuple(data.colleagues()), chosen), group="gather"
            )
        elif action == "acknowledge":
            self._open(AcknowledgeDialog, "Acknowledge", chosen, data.acknowledge)
        else:
            self._open(SnoozeDialog, "Snooze", chosen, data.snooze)

    def on_colleagues_loaded(self, message: ColleaguesLoaded) -> None:
        """Ask to whom the alerts go."""
        from rehabctl.tui.screens.dialogs import AssignDialog

        if self.is_on_top:
            dialog = partial(AssignDialog, colleagues=message.logins)
            self._open(dialog, "Assign", message.chosen, self.context.data.assign)

    def _open(
        self,
        dialog: Callable[..., ActionDialog],
        verb: str,
        chosen: AlertChoice,
        act: Callable[[Sequence[str], Any], None],
    ) -> None:
        data, ids, title = self.context.data, chosen.ids, f"{verb} {chosen.who}"

        def settled(done: bool | None) -> None:
            if done:
                self.context.undo.push(UndoStep(title, lambda: data.undo_alerts(ids)))
                self.care_done(move_on=True)

        made = dialog(self.context, title, chosen.lines, partial(act, ids))
        app_of(self).push_screen(made, settled)

    def action_open(self, name: str) -> None:
        """Open a screen about the current patient."""
        screen, mrn = places.find(name).load(), self.care_current()
        if mrn is not None and not isinstance(self, screen):
            opened = screen(self.context, mrn)
            app_of(self).push_screen(opened, lambda _: self.care_done(move_on=False))

    def action_undo(self) -> None:
        """Take back the newest action of this panel."""
        step, undo = self.context.undo.pop(), self.context.undo
        if step is None:
            self.notify("Nothing to undo.", markup=False)
        elif step.in_panel:
            step.perform()
        else:

            def work() -> Message:
                try:
                    step.perform()
                except UnavailableError:
                    undo.push(step)  # the store was away: it can be tried again
                    raise
                return Undone(step.text)

            self.in_thread(work, group="undo")

    def on_undone(self, message: Undone) -> None:
        """Say what was taken back, and show it."""
        self.notify(f"Taken back: {message.text}.", markup=False)
        self.care_done(move_on=False)

    # -- notes, review, copy -----------------------------------------------------------------

    def action_note(self) -> None:
        """Write a note on the current patient."""
        mrn = self.care_current()
        if mrn is None:
            return
        data = self.context.data

        def save(text: str) -> None:
            data.add_note(mrn, text)

        from rehabctl.tui.screens.note_editor import NoteEditor

        editor = NoteEditor(self.context, f"Note on {cells.clean(mrn)}", f"note:{mrn}", save)
        app_of(self).push_screen(editor, self._noted)

    def _noted(self, saved: bool | None) -> None:
        if saved:
            self.notify("Note saved.", markup=False)
            self.care_done(move_on=False)

    def action_review(self) -> None:
        """Replay the newest assessment of the current patient."""
        if (mrn := self.care_current()) is not None:
            self.in_thread(
                lambda: AlertsGathered((self.context.data.patient(mrn),), "review"), group="gather"
            )

    def _open_newest(self, detail: PatientDetail) -> None:
        if not detail.assessments:
            self.notify("No recorded session to review.", markup=False)
            return
        newest = max(detail.assessments, key=lambda a: a.at)
        self.open_review(newest.id)

    def open_review(self, assessment_id: str) -> None:
        """Open the replay of one assessment."""
        from rehabctl.tui.screens.review import ReviewScreen

        screen = ReviewScreen(self.context, assessment_id)
        app_of(self).push_screen(screen, lambda _: self.care_done(move_on=False))

    def action_copy_mrn(self) -> None:
        """Copy the record number through the terminal."""
        if (mrn := self.care_current()) is not None:
            app_of(self).copy_to_clipboard(mrn)
            self.notify(
                f"Copied {cells.clean(mrn)}. If your terminal does not take it: "
                "hold shift and drag.",
                markup=False,
            )


def _alert_line(detail: PatientDetail, alert: AlertSummary) -> str:
    word = alert.severity.replace("_", " ")
    return f"{detail.row.mrn}  {detail.row.name}  {word}: {alert.reason.text}"
