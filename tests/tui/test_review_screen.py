"""Session review by keys, and the drawings behind it."""

from __future__ import annotations

from dataclasses import replace
from math import nan

import pytest
from rich.style import Style
from textual.app import App, ComposeResult
from textual.widgets import TextArea

from rehabctl.domain.review import ReviewData, ReviewDecision
from rehabctl.tui.screens.note_editor import NoteEditor
from rehabctl.tui.screens.review import ReviewScreen
from rehabctl.tui.screens.worklist import WorklistScreen
from rehabctl.tui.widgets.angle_curve import AngleCurve
from rehabctl.tui.widgets.braille_canvas import BrailleCanvas
from rehabctl.tui.widgets.section import Section
from rehabctl.tui.widgets.skeleton import Skeleton, driving_joint
from tui.clinic import ClinicData
from tui.conftest import make_panel, press, settle
from tui.recordings import make_review, squat_pose

SIZE = (120, 40)


def a_review(**changes: object) -> ReviewData:
    made = make_review("1001/0", ClinicData(40).rows["1001"], None)
    return replace(made, **changes)  # type: ignore[arg-type]


# -- drawing ---------------------------------------------------------------------------------


def test_braille_dots_are_unicode_dots() -> None:
    canvas = BrailleCanvas(2, 1)
    style = Style(color="red")
    canvas.dot(0, 0, style)
    canvas.dot(1, 3, style)
    canvas.dot(3, 0, style)
    canvas.dot(99, 99, style)
    assert canvas.strip(0, Style()).text == "⢁⠈"


def test_a_line_has_both_ends_and_stays_inside() -> None:
    canvas = BrailleCanvas(3, 2)
    canvas.line(-4, -4, 20, 20, Style())
    assert canvas.strip(0, Style()).text[0] != " "
    canvas.line(0, 0, 1e9, 1e9, Style())  # a wild point must not hang the drawing
    assert canvas.strip(9, Style()).text == "   "


def test_words_go_over_dots() -> None:
    canvas = BrailleCanvas(4, 1)
    canvas.line(0, 0, 7, 0, Style())
    canvas.write(1, 0, "LR", Style(bold=True))
    assert canvas.strip(0, Style()).text == "⠉LR⠉"


def test_the_driving_joint_of_a_motion() -> None:
    assert driving_joint("knee_flexion", "left") == 25
    assert driving_joint("elbow_flexion", "right") == 14
    assert driving_joint("trunk_inclination", "left") is None


class Drawing(App[None]):
    def __init__(self, frames: tuple[tuple[tuple[float, float], ...], ...]) -> None:
        super().__init__()
        self._frames = frames

    def compose(self) -> ComposeResult:
        yield Skeleton(self._frames, 25)


async def rows_of(frames: tuple[tuple[tuple[float, float], ...], ...], index: int) -> list[str]:
    app = Drawing(frames)
    async with app.run_test(size=(40, 20)) as pilot:
        app.query_one(Skeleton).frame_index = index
        await pilot.pause()
        return [app.query_one(Skeleton).render_line(y).text for y in range(20)]


async def test_standing_is_taller_than_squatting_at_one_scale() -> None:
    frames = (squat_pose(0.0), squat_pose(1.0))
    standing = [i for i, row in enumerate(await rows_of(frames, 0)) if row.strip()]
    squatting = [i for i, row in enumerate(await rows_of(frames, 1)) if row.strip()]
    assert standing[0] < squatting[0] - 3
    assert standing[-1] == squatting[-1]  # the feet stay where they are


async def test_sides_are_letters_and_the_joint_is_ringed() -> None:
    text = "".join(await rows_of((squat_pose(0.5),), 0))
    assert text.count("◉") == 1
    assert text.count("L") == text.count("R") == 2


async def test_missing_landmarks_leave_a_gap_and_no_failure() -> None:
    nobody = ((nan, nan),) * 33
    legless = tuple(p if i < 23 else (nan, nan) for i, p in enumerate(squat_pose(0.5)))
    assert not "".join(await rows_of((nobody, squat_pose(0.0)), 0)).strip()
    assert "◉" not in "".join(await rows_of((legless,), 0))
    assert not "".join(await rows_of((nobody,), 0)).strip()


def test_a_series_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 120 frames"):
        a_review(angle_deg=(1.0,))


# -- the screen ------------------------------------------------------------------------------


def section(screen: ReviewScreen, title: str) -> str:
    found = next(s for s in screen.query(Section) if s.help.title == title)
    return str(found.render())


async def test_scrub_by_frame_end_repetition_and_moment(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "r")
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        where: list[int] = []
        for key in ("l", "L", "h", "H", "H", "j", "j", "k", "k", "m", "m", "m", "M", "G", "l", "g"):
            await press(pilot, key)
            where.append(screen.frame_index)
        assert where == [1, 11, 10, 0, 0, 10, 30, 10, 10, 41, 70, 70, 41, 119, 119, 0]
        assert screen.query_one(Skeleton).frame_index == 0
        assert screen.query_one(AngleCurve).frame_index == 0


async def test_the_frame_says_time_angle_and_repetition(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "r", "j")
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        text = section(screen, "Frame")
        assert "1.00 s   frame 11 of 120" in text
        assert "knee flexion, left  95.0 deg, target 90" in text
        assert "1  full, left, peak 95.0 deg (89.5 to 100.5)" in text
        await press(pilot, "m")
        assert "not measured here" in section(screen, "Frame")
        assert "5 full, 1 partial" in section(screen, "Found")
        assert "Nobody was found for 0.4 s." in section(screen, "Found")


async def test_play_goes_on_by_time_and_stops_at_the_end(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "r", "space")
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        assert screen._playing is not None
        screen._playing.pause()  # its own ticks depend on the machine
        start = screen.frame_index
        for _ in range(30):  # two seconds of the recording, without waiting for them
            screen._play_on()
        assert 19 <= screen.frame_index - start <= 21
        await press(pilot, "space")
        assert screen._playing is None
        await press(pilot, "G", "space")
        assert screen._playing is not None  # from the end it starts again
        for _ in range(400):
            screen._play_on()
        assert screen._playing is None
        assert screen.frame_index == 119


async def test_accept_goes_to_the_next_and_then_back(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "r", "a")
        assert clinic.decisions == {"1001/0": (ReviewDecision.ACCEPTED, "")}
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        assert screen.review is not None
        assert screen.review.assessment_id == "1001/1"
        await press(pilot, "n", "a")
        assert set(clinic.decisions) == {"1001/0", "1001/2"}
        assert isinstance(app.screen, WorklistScreen)  # nothing more waits


async def test_a_comment_carries_the_time_and_goes_with_the_decision(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "r", "m", "e")
        assert app.screen.query_one(TextArea).text == "at 4.10 s, repetition 3: "
        await pilot.press(*"gap")
        await press(pilot, "ctrl+s", "m", "e")
        await pilot.press(*"lean")
        await press(pilot, "escape")
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        assert "at 7.00 s, repetition 4, knee flexion left 95 deg: lean" in section(
            screen, "Decision"
        )
        await press(pilot, "a")
        assert clinic.decisions["1001/0"] == (
            ReviewDecision.ACCEPTED,
            "at 4.10 s, repetition 3: gap\nat 7.00 s, repetition 4, knee flexion left 95 deg: lean",
        )
        assert app.context.drafts == {}


async def test_opening_the_comment_again_and_leaving_keeps_the_draft(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "r", "e")
        await pilot.press(*"x")
        await press(pilot, "escape", "e", "escape")
        assert app.context.drafts == {
            "review:1001/0": "at 0.00 s, repetition 1, knee flexion left 5 deg: x"
        }


async def test_flag_asks_why_and_a_refusal_keeps_the_text(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "r", "f")
        assert isinstance(app.screen, NoteEditor)
        await press(pilot, "ctrl+s")
        assert isinstance(app.screen, NoteEditor)  # a flag without a reason is not stored
        await pilot.press(*"dark")
        clinic.refuse = "set_review"
        await press(pilot, "ctrl+s")
        assert app.screen.query_one(TextArea).text == "dark"
        clinic.refuse = None
        await press(pilot, "ctrl+s")
        assert clinic.decisions["1001/0"] == (ReviewDecision.FLAGGED, "dark")


async def test_nothing_recorded_is_said(
    clinic: ClinicData, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = clinic.patient
    monkeypatch.setattr(clinic, "patient", lambda mrn: replace(real(mrn), assessments=()))
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "r")
        assert isinstance(app.screen, WorklistScreen)
        assert any("No recorded session" in n.message for n in app._notifications)
