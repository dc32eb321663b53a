"""Acknowledge, snooze, note, review, copy: the same on the worklist and on a patient."""

from __future__ import annotations

from datetime import datetime

from textual.message import Message

from rehabctl.domain.patient_detail import AlertSummary, PatientDetail
from rehabctl.tui import cells
from rehabctl.tui.messages import AlertsGathered
from rehabctl.tui.safe_app import app_of
from rehabctl.tui.screens.port_screen import PortScreen

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
        self._gather("acknowledge")

    def action_snooze(self) -> None:
        """Snooze the open alerts of the targets."""
        self._gather("snooze")

    def _gather(self, action: str) -> None:
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
        ids = [alert.id for _, alert in alerts]
        who = (
            f"{cells.plural(len(ids), 'alert')} of {cells.plural(len(message.details), 'patient')}"
        )
        lines = [_alert_line(detail, alert) for detail, alert in alerts]
        data = self.context.data

        def acknowledge(comment: str) -> None:
            data.acknowledge(ids, comment)

        def snooze(until: datetime) -> None:
            data.snooze(ids, until)

        from rehabctl.tui.screens.dialogs import AcknowledgeDialog, SnoozeDialog

        if message.action == "acknowledge":
            dialog = AcknowledgeDialog(self.context, f"Acknowledge {who}", lines, acknowledge)
        else:
            dialog = SnoozeDialog(self.context, f"Snooze {who}", lines, snooze)
        app_of(self).push_screen(dialog, self._settled)

    def _settled(self, done: bool | None) -> None:
        if done:
            self.care_done(move_on=True)

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
