"""Prescribing: a week built from the library or a protocol, checked, saved, taken back."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message

from rehabctl.domain.counting import counted
from rehabctl.domain.week_plan import PhaseChoice, PlanLine, WeekPlan
from rehabctl.tui import cells
from rehabctl.tui.context import PanelContext
from rehabctl.tui.keymap import bindings
from rehabctl.tui.messages import LineChecked, PhasesLoaded, PlanLoaded, PlanSaved, WorkFailed
from rehabctl.tui.safe_app import app_of
from rehabctl.tui.screens.care_screen import CareScreen
from rehabctl.tui.undo import UndoStep
from rehabctl.tui.widgets.key_bar import KeyBar
from rehabctl.tui.widgets.section import Line, Section
from rehabctl.tui.widgets.status_line import StatusLine
from rehabctl.tui.widgets.week_table import NumberColumn, WeekTable, number_of, with_number

_LEAVE = (
    ("save", "Save the plan"),
    ("keep", "Keep it as a draft and go"),
    ("discard", "Discard the changes"),
)


class PrescribeScreen(CareScreen):
    """One patient's plan.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    mrn
        Whose.
    """

    BINDINGS: ClassVar = bindings("plan")

    def __init__(self, context: PanelContext, mrn: str) -> None:
        super().__init__(context)
        self._mrn = mrn
        self.stored: WeekPlan | None = None
        self.plan: WeekPlan | None = None
        self._earlier: list[WeekPlan] = []
        self._leaving = False
        self._status = StatusLine()
        self.table = WeekTable()
        self._about = Section(
            "About this exercise", (), "What speaks against it for this patient, and its note."
        )

    def compose(self) -> ComposeResult:
        """Lay out title, week, what is to be known, and keys."""
        yield self._status
        yield self.table
        with VerticalScroll(id="plan-about", can_focus=False):
            yield self._about
        yield KeyBar()

    def on_mount(self) -> None:
        """Read the programme."""
        self.table.focus()
        self._status.show(self._mrn, "prescribe", "reading…")
        self._read(keep_draft=True)

    def _read(self, *, keep_draft: bool) -> None:
        plans, mrn = self.context.data.plans, self._mrn
        self.in_thread(lambda: PlanLoaded(plans.read(mrn), keep_draft), group="plan")

    def on_plan_loaded(self, message: PlanLoaded) -> None:
        """Show the programme as it stands, or the draft that was kept."""
        if message.is_edit:
            self._edit(message.plan)
            return
        self.stored = message.plan
        draft = self.context.plans.get(self._mrn) if message.keep_draft else None
        self._show(message.plan if draft is None else draft)

    def _show(self, plan: WeekPlan) -> None:
        self.plan = plan
        self.keep_draft()
        self.table.show(plan.lines)
        kind = "programme" if plan.programme_id else "no programme yet"
        if plan.protocol:
            kind = f"{cells.words(plan.protocol)}, {cells.words(plan.phase or '')}"
        changed = "changed, not saved" if self.is_changed else "saved"
        self._status.show(
            f"{plan.mrn}  {plan.name}",
            f"{kind} · {counted(len(plan.lines), 'exercise')}",
            changed if plan.lines or self.is_changed else "empty",
        )
        self._show_line()

    def _show_line(self) -> None:
        line, plan = self.table.current, self.plan
        if line is None or plan is None:
            nothing = "No exercise yet. / searches the library, p takes a protocol's phase."
            self._about.show([Line(Content(""), Content.styled(nothing, "$muted"))])
        else:
            self._about.show(_about(line, plan))

    @property
    def is_changed(self) -> bool:
        """Whether the plan differs from what is stored."""
        return self.plan is not None and self.stored is not None and self.plan != self.stored

    def _edit(self, plan: WeekPlan) -> None:
        if self.plan is not None and plan != self.plan:
            self._earlier.append(self.plan)
            self._show(plan)

    # -- the week --------------------------------------------------------------------------------

    def on_week_table_changed(self, message: WeekTable.Changed) -> None:
        """Take in a changed line."""
        self._replace_line(message.place, message.line)

    def _replace_line(self, place: int, line: PlanLine) -> None:
        if self.plan is not None and place < len(self.plan.lines):
            lines = list(self.plan.lines)
            lines[place] = line
            self._edit(replace(self.plan, lines=tuple(lines)))

    def on_week_table_cursor_moved(self, _: WeekTable.CursorMoved) -> None:
        """Show what is to be known of the line."""
        self._show_line()

    def on_week_table_remove_wanted(self, message: WeekTable.RemoveWanted) -> None:
        """Take a line out; undo brings it back."""
        if self.plan is not None:
            lines = self.plan.lines
            rest = (*lines[: message.place], *lines[message.place + 1 :])
            self._edit(replace(self.plan, lines=rest))

    def on_week_table_number_wanted(self, message: WeekTable.NumberWanted) -> None:
        """Ask for a number."""
        from rehabctl.tui.screens.number_dialog import NumberDialog

        line, column = self.table.current, message.column
        if line is not None:
            value = number_of(line, column.name)
            dialog = NumberDialog(f"{column.title}: {cells.clean(line.name)}", value)
            app_of(self).push_screen(
                dialog, lambda typed: self._typed(message.place, column, typed)
            )

    def _typed(self, place: int, column: NumberColumn, value: float | None) -> None:
        if value is not None and self.plan is not None and place < len(self.plan.lines):
            line = self.plan.lines[place]
            self._replace_line(place, with_number(line, column.name, value))

    # -- library and protocols -------------------------------------------------------------------

    def action_add(self) -> None:
        """Search the library and add an exercise."""
        from rehabctl.tui.screens.exercise_search import ExerciseSearch

        if self.plan is not None:
            app_of(self).push_screen(ExerciseSearch(self.context), self._chosen)

    def _chosen(self, slug: str | None) -> None:
        if slug is None or self.plan is None:
            return
        if any(line.slug == slug for line in self.plan.lines):
            self.notify("That exercise is in the plan already.", markup=False)
            return
        plans, mrn = self.context.data.plans, self._mrn
        self.in_thread(lambda: LineChecked(plans.line(mrn, slug)), group="line")

    def on_line_checked(self, message: LineChecked) -> None:
        """Add the exercise, with what speaks against it in view."""
        if self.plan is not None:
            self.table.place = len(self.plan.lines)
            self._edit(replace(self.plan, lines=(*self.plan.lines, message.line)))

    def action_protocol(self) -> None:
        """Take the exercises of a protocol's phase."""
        plans, mrn = self.context.data.plans, self._mrn
        if self.plan is not None:
            self.in_thread(lambda: PhasesLoaded(tuple(plans.phases(mrn))), group="phases")

    def on_phases_loaded(self, message: PhasesLoaded) -> None:
        """Ask which phase."""
        from rehabctl.tui.screens.dialogs import ChoiceDialog

        by_key = {f"{c.protocol}/{c.phase}": c for c in message.phases}
        choices = [
            (key, cells.clean(c.text) + ("  (this week)" if c.is_due else ""))
            for key, c in by_key.items()
        ]
        if choices and self.is_on_top:
            dialog = ChoiceDialog("Phase of a protocol", choices, choices[0][0], wide=True)
            app_of(self).push_screen(dialog, lambda key: self._take_phase(by_key.get(key or "")))

    def _take_phase(self, choice: PhaseChoice | None) -> None:
        plans, plan = self.context.data.plans, self.plan
        if choice is not None and plan is not None:

            def work() -> Message:
                return PlanLoaded(plans.with_phase(plan, choice), False, is_edit=True)

            self.in_thread(work, group="plan-phase")

    # -- saving and leaving ------------------------------------------------------------------------

    def action_save(self) -> None:
        """Make the plan the patient's programme."""
        plan, before, plans = self.plan, self.stored, self.context.data.plans
        if plan is None or before is None or not self.is_changed:
            self.notify("Nothing has changed.", markup=False)
            return
        self.in_thread(lambda: PlanSaved(before, plans.save(plan)), group="save")

    def on_plan_saved(self, message: PlanSaved) -> None:
        """Show the programme as it stands; undo writes the one before."""
        before, after, plans = message.before, message.after, self.context.data.plans
        if before.lines:

            def restore() -> None:
                identity = {"programme_id": after.programme_id, "revision": after.revision}
                plans.save(replace(before, **identity))

            self.context.undo.push(UndoStep("the change of a programme", restore))
        self.stored, self._earlier = after, []
        self._show(after)
        self.notify("Programme saved. It holds from today.", markup=False)
        if self._leaving:
            self.dismiss(None)

    def work_failed(self, message: WorkFailed) -> None:
        """Say what was refused; the plan stays as it is."""
        self._leaving = False
        super().work_failed(message)

    def may_leave(self) -> bool:
        """Ask what becomes of a plan that is not saved."""
        if not self.is_changed:
            return True
        from rehabctl.tui.screens.dialogs import ChoiceDialog

        dialog = ChoiceDialog("The plan is not saved", _LEAVE, "save")
        app_of(self).push_screen(dialog, self._leave)
        return False

    def _leave(self, choice: str | None) -> None:
        if choice == "save":
            self._leaving = True
            self.action_save()
        elif choice == "keep":
            self.dismiss(None)
        elif choice == "discard":
            self.plan = self.stored
            self.keep_draft()
            self.dismiss(None)

    def keep_draft(self) -> None:
        """Keep an unsaved plan among the drafts, so that quitting asks."""
        key = f"plan:{self._mrn}"
        if self.plan is not None and self.is_changed:
            self.context.plans[self._mrn] = self.plan
            self.context.drafts[key] = "a plan that is not saved"
        else:
            self.context.plans.pop(self._mrn, None)
            self.context.drafts.pop(key, None)

    def action_undo(self) -> None:
        """Take back the last edit; without one, the newest action of this panel."""
        if self._earlier and self.stored is not None:
            # it is written over what was read last, also after somebody else's change
            stored, earlier = self.stored, self._earlier.pop()
            identity = {"programme_id": stored.programme_id, "revision": stored.revision}
            self._show(replace(earlier, **identity))
        else:
            super().action_undo()

    def action_refresh_data(self) -> None:
        """Read the programme again; unsaved changes give way, and undo brings them back."""
        if self.plan is not None and self.is_changed:
            self._earlier.append(self.plan)
        self._read(keep_draft=False)

    def care_done(self, *, move_on: bool) -> None:
        """Read again."""
        self._read(keep_draft=True)


def _about(line: PlanLine, plan: WeekPlan) -> list[Line]:
    lead = Content("")
    lines = [Line(lead, Content.styled(cells.clean(line.name), "bold"))]
    for warning in line.warnings:
        word, colour = ("blocked  ", "$error") if warning.blocks else ("look     ", "$warning")
        lines.append(
            Line(Content.styled(word, f"bold {colour}"), Content(cells.clean(warning.text)))
        )
    if not line.approved:
        text = "A draft of the library: a clinician has not approved it yet."
        lines.append(Line(Content.styled("draft    ", "bold $warning"), Content(text)))
    if line.notes:
        lines.append(Line(Content.styled("note     ", "$muted"), Content(cells.clean(line.notes))))
    if plan.flags:
        flags = "; ".join(cells.words(flag) for flag in plan.flags)
        lines.append(Line(Content.styled("on record ", "$muted"), Content(flags)))
    return lines
