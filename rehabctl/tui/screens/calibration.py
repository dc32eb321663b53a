"""A guided calibration: level and coverage as they come, what to do next, and the verdict."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from rehabctl.analysis.calibration_picture import picture
from rehabctl.analysis.joint_guide import JointView
from rehabctl.domain.errors import UsageError
from rehabctl.domain.sensor import Procedure
from rehabctl.services.sensor_bench import FIRST_STEP, BenchControl, BenchRequest
from rehabctl.services.sensor_calibration import longest_s
from rehabctl.tui import calibration_text, cells
from rehabctl.tui.calibration_messages import BenchNoted, Calibrated, Guided
from rehabctl.tui.context import PanelContext
from rehabctl.tui.keymap import bindings
from rehabctl.tui.messages import WorkFailed
from rehabctl.tui.safe_app import app_of
from rehabctl.tui.screens.dialogs import ChoiceDialog, ConfirmDialog
from rehabctl.tui.screens.port_screen import PortScreen
from rehabctl.tui.screens.text_dialog import TextDialog
from rehabctl.tui.widgets.key_bar import KeyBar
from rehabctl.tui.widgets.reader import Reader
from rehabctl.tui.widgets.section import Line, Section
from rehabctl.tui.widgets.status_line import StatusLine

if TYPE_CHECKING:
    from textual.app import App

_PROCEDURES = (
    (Procedure.STATIC, "static: bias and noise, lying still for a few seconds"),
    (Procedure.ACCELEROMETER, "accelerometer: twelve poses or more"),
    (Procedure.MAGNETOMETER, "magnetometer: turned through all directions"),
    (Procedure.FUNCTIONAL, "functional: the axis of a joint, bent five to ten times"),
    (Procedure.ALLAN, "allan: noise over half an hour of stillness"),
)
_HELP = (
    "Left, a spirit level: the bubble O stands in the middle when one face is level. Right, the "
    "sphere around the sensor, unrolled: # was seen, . is missing, O is where it points now. Of a "
    "joint between two sensors: how much it was moved, how well its axis is known, and its angle "
    "in the last ten seconds. enter ends the recording and judges it, a begins again, esc leaves "
    "and keeps nothing."
)


class CalibrationScreen(PortScreen[None]):
    """One calibration of a sensor, or of the two beside a joint, recorded now.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    request
        Which sensors and procedure.
    """

    BINDINGS: ClassVar = bindings("calibration")

    def __init__(self, context: PanelContext, request: BenchRequest) -> None:
        super().__init__(context)
        self.request = request
        self.control = BenchControl()
        self.is_recording = False
        self._status = StatusLine()
        self._picture = Static("", id="calibration-picture", markup=False)
        self._next = Section("Next", (), _HELP)
        self._result = Section("Result", (), "What was judged, with its limit, and what was found.")

    def compose(self) -> ComposeResult:
        """Lay out picture, next step and result."""
        yield self._status
        with Reader():
            yield self._picture
            yield self._next
            yield self._result
        yield KeyBar()

    def on_mount(self) -> None:
        """Begin."""
        self.query_one(Reader).focus()
        self.action_again()

    def on_unmount(self) -> None:
        """Whoever closes the screen keeps nothing half-written."""
        self.control.leave()

    @property
    def _title(self) -> str:
        sensors = ", ".join(cells.clean(sensor) for sensor in self.request.sensors)
        return f"{self.request.procedure.value}: {sensors}"

    def _say(self, *texts: str) -> None:
        self._next.show([Line(Content(""), Content(cells.clean(text))) for text in texts])

    # -- while it is recorded --------------------------------------------------------------------

    def action_again(self) -> None:
        """Record anew; not while a recording runs."""
        if self.is_recording:
            return
        control, request, kits = BenchControl(), self.request, self.context.data.kits
        self.control, self.is_recording = control, True
        self._picture.display, self._result.display = True, False
        self._status.show(self._title, "looking for the sensor…", "")
        self._say(FIRST_STEP[request.procedure].capitalize() + ".")

        def work() -> Message:
            def post(message: Message) -> None:
                if not control.left.is_set():
                    self.post_message(message)

            found = kits.calibrate(
                request,
                lambda view: post(Guided(view)),
                lambda text: post(BenchNoted(text)),
                control,
            )
            return Calibrated(*found)

        self.in_thread(work, group="calibrate")

    def on_guided(self, message: Guided) -> None:
        """Draw the sensor as it is now."""
        view = message.view
        if not self.is_recording or self.control.ended.is_set():
            return
        done = "" if isinstance(view, JointView) else view.done  # a joint's picture says it
        self._status.show(self._title, f"recording, {view.t_s:.0f} s", done)
        self._picture.update(Content("\n".join(picture(view))))
        self._say(view.next_step)

    def on_bench_noted(self, message: BenchNoted) -> None:
        """Say what the link does."""
        if self.is_recording:
            self._status.show(self._title, message.text, "")

    def action_end(self) -> None:
        """End the recording and judge what there is."""
        if self.is_recording:
            self.control.end()
            self._say("Judging what was recorded…")

    # -- afterwards ------------------------------------------------------------------------------

    def on_calibrated(self, message: Calibrated) -> None:
        """Show the verdict with its numbers."""
        self.is_recording = False
        passed = message.result.passed
        self._status.show(self._title, "passed" if passed else "failed", "")
        self._picture.display, self._result.display = False, True
        self._result.show(calibration_text.outcome(message.result, message.certificate))
        self._say("esc: back to the kits." if passed else "a: begin again. esc: back to the kits.")

    def work_failed(self, message: WorkFailed) -> None:
        """Say why there is no verdict, where it would stand."""
        if self.control.left.is_set():
            return
        self.is_recording = False
        self._status.show(self._title, "not calibrated", "")
        self._say(f"{message.what}. {message.next_step}.", "a: begin again. esc: back to the kits.")

    def may_leave(self) -> bool:
        """Ask before a recording is thrown away."""
        if not self.is_recording:
            return True

        def answered(yes: bool | None) -> None:
            if yes:
                self.control.leave()
                self.notify("An unfinished recording is not kept.", markup=False)
                self.dismiss(None)

        question = "Leave the calibration? What was recorded is thrown away."
        app_of(self).push_screen(ConfirmDialog(question), answered)
        return False


def ask_and_calibrate(context: PanelContext, app: App[None]) -> None:
    """Ask which sensor and procedure, and open the screen.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    app
        Where it opens.
    """
    asked: list[BenchRequest] = []

    def keep(values: Sequence[str]) -> None:
        asked[:] = [_request(*values)]

    def named(done: bool | None) -> None:
        if done:
            choices = [(kind.value, text) for kind, text in _PROCEDURES]
            dialog = ChoiceDialog("Which procedure?", choices, None, wide=True)
            app.push_screen(dialog, chosen)

    def begin(request: BenchRequest) -> None:
        app.push_screen(CalibrationScreen(context, request))

    def chosen(name: str | None) -> None:
        if name is None:
            return
        request = _of(asked[0], Procedure(name))
        if request.procedure is Procedure.FUNCTIONAL:
            ask_for_second(context, app, request, begin)
        else:
            begin(request)

    fields = ("Sensor: address or name, or a recording file", "Operator", "Room, degrees Celsius")
    lines = ("rehabctl sensor scan lists what is in reach.",)
    app.push_screen(TextDialog(context, "Calibrate a sensor", lines, fields, keep), named)


def _request(sensor: str, operator: str, temperature: str) -> BenchRequest:
    if not sensor:
        raise UsageError("no sensor is named", "Type its address or name")
    try:
        temperature_c = float(temperature.replace(",", ".")) if temperature else None
    except ValueError:
        raise UsageError("the temperature is no number", "Type for example 21.5") from None
    return BenchRequest(Procedure.STATIC, (sensor,), operator, temperature_c)


def _of(request: BenchRequest, procedure: Procedure) -> BenchRequest:
    return replace(request, procedure=procedure, duration_s=longest_s(procedure))


def ask_for_second(
    context: PanelContext,
    app: App[None],
    request: BenchRequest,
    begin: Callable[[BenchRequest], None],
) -> None:
    """Ask for the sensor below the joint; without one, the axis is found in the first alone.

    Parameters
    ----------
    context
        The port, the clock and the drafts.
    app
        Where it opens.
    request
        With the sensor above the joint.
    begin
        Takes the request with both.
    """
    asked: list[BenchRequest] = []

    def keep(values: Sequence[str]) -> None:
        [below] = values
        asked[:] = [replace(request, sensors=(*request.sensors, below)) if below else request]

    def named(done: bool | None) -> None:
        if done:
            begin(asked[0])

    above = f"{request.sensors[0]} sits above the joint."
    lines = (above, "Left empty, the axis is found in that sensor alone.")
    fields = ("Sensor below the joint: address, name or file",)
    app.push_screen(TextDialog(context, "Calibrate a joint", lines, fields, keep), named)
