"""Session review by keys, and the drawings behind it."""

from __future__ import annotations

import threading
from dataclasses import replace
from math import nan

import pytest
from rich.style import Style
from textual.app import App, ComposeResult
from textual.widgets import TextArea

from rehabctl.domain.review import (
    NOT_MEASURED,
    RepetitionLabel,
    ReviewData,
    ReviewDecision,
    ReviewRemark,
)
from rehabctl.tui.screens.note_editor import NoteEditor
from rehabctl.tui.screens.review import ReviewScreen
from rehabctl.tui.screens.worklist import WorklistScreen
from rehabctl.tui.widgets.angle_curve import AngleCurve
from rehabctl.tui.widgets.braille_canvas import BrailleCanvas
from rehabctl.tui.widgets.film_frame import FilmFrame
from rehabctl.tui.widgets.section import Section
from rehabctl.tui.widgets.skeleton import Skeleton, driving_joint
from tui.clinic import ClinicData
from tui.conftest import make_panel, press, settle
from tui.recordings import make_review, squat_pose
from tui.reviews import a_picture

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


async def test_labels_go_to_the_repetition_in_view_and_on_to_the_next(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "r", "j", "1", "2", "3")
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        assert clinic.reviews.labels == {
            "1001/0": {
                1: RepetitionLabel.CORRECT,
                2: RepetitionLabel.COMPENSATED,
                3: RepetitionLabel.INCORRECT,
            }
        }
        assert screen.frame_index == 70
        assert "none yet" in section(screen, "Frame")
        assert "1 correct, 1 compensated, 1 incorrect" in section(screen, "Found")
        curve = screen.query_one(AngleCurve)
        drawn = "".join(curve.render_line(y).text for y in range(curve.size.height))
        assert all(mark in drawn for mark in ("1✓", "2~", "3✗"))
        await press(pilot, "k", "1")
        assert clinic.reviews.labels["1001/0"][3] is RepetitionLabel.CORRECT
        await press(pilot, "G", "2")
        assert clinic.reviews.labels["1001/0"][6] is RepetitionLabel.COMPENSATED
        assert screen.frame_index == 119  # the last one stays in view


async def test_the_label_pressed_last_is_the_one_that_stays(
    clinic: ClinicData, monkeypatch: pytest.MonkeyPatch
) -> None:
    second_is_kept, keep = threading.Event(), clinic.reviews.label

    def first_is_slow(assessment_id: str, repetition: int, label: RepetitionLabel) -> None:
        if label is RepetitionLabel.CORRECT:
            second_is_kept.wait(0.3)
        keep(assessment_id, repetition, label)
        second_is_kept.set()

    monkeypatch.setattr(clinic.reviews, "label", first_is_slow)
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "r", "G")
        await pilot.press("1", "2")
        await settle(pilot)
        assert clinic.reviews.labels["1001/0"][6] is RepetitionLabel.COMPENSATED


async def test_a_refused_label_is_said_and_not_shown(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        clinic.refuse = "label"
        await press(pilot, "r", "j", "1")
        assert any("read-only" in n.message for n in app._notifications)
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        assert "none of 6" in section(screen, "Found")


async def test_a_remark_carries_moment_and_joint_and_is_stored_at_once(
    clinic: ClinicData,
) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "r", "m", "e")
        assert app.screen._title == "Remark at 4.10 s on left knee"  # type: ignore[attr-defined]
        await pilot.press(*"gap")
        await press(pilot, "ctrl+s")
        assert clinic.reviews.remarks["1001/0"] == [ReviewRemark(4.1, "gap", "knee", 25)]
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        assert "at 4.10 s   knee: gap" in section(screen, "Remarks")


async def test_a_remark_on_the_angle_begins_with_it_and_one_on_nothing_is_free(
    clinic: ClinicData,
) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "r", "j", "right_square_bracket", "e")
        assert app.screen.query_one(TextArea).text == "knee flexion left 95 deg: "
        await pilot.press(*"deep")
        await press(pilot, "ctrl+s", "right_square_bracket", "e")
        await pilot.press(*"dark")
        await press(pilot, "ctrl+s", "right_square_bracket")
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        assert clinic.reviews.remarks["1001/0"] == [
            ReviewRemark(1.0, "knee flexion left 95 deg: deep", "knee"),
            ReviewRemark(1.0, "dark"),
        ]
        assert screen.query_one(Skeleton).joint == 11
        assert "left shoulder" in section(screen, "Frame")
        await press(pilot, "left_square_bracket")
        assert screen.query_one(Skeleton).joint is None


async def test_a_remark_that_is_not_saved_stays_a_draft_of_its_moment(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "r", "m", "e", "x", "escape", "m", "e", "escape")
        assert app.context.drafts == {"remark:1001/0@4.100": "x"}
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        assert "draft       at 4.100 s: x" in section(screen, "Remarks")
        await press(pilot, "M", "e")
        assert app.screen.query_one(TextArea).text == "x"
        await press(pilot, "ctrl+s")
        assert app.context.drafts == {}


async def test_the_film_takes_the_place_of_the_body_and_follows_the_frame(
    clinic: ClinicData,
) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "r", "i")
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        await settle(pilot)
        film = screen.query_one(FilmFrame)
        assert not screen.query_one(Skeleton).display
        assert film.picture is not None
        first = film.picture
        await press(pilot, "L")
        assert film.picture != first
        assert [call for call in clinic.calls if call.startswith("frame")] == [
            "frame 1001/0 0.00",
            "frame 1001/0 1.00",
        ]
        assert "▀" in film.render_line(film.size.height // 2).text
        await press(pilot, "i")
        assert screen.query_one(Skeleton).display
        assert not screen.query(FilmFrame)


async def test_the_film_of_a_visit_is_looked_at_by_the_second_and_decided(
    clinic: ClinicData, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = replace(
        a_review(assessment_id="1001/0"), status=NOT_MEASURED, motion="", side="", has_film=True,
        t_s=(0.0, 1.0, 2.0), landmarks_px=[((nan, nan),) * 33] * 3, angle_deg=(None,) * 3,
        repetitions=(), moments=(), target_deg=None, next_assessment_id=None,
    )  # fmt: skip
    monkeypatch.setattr(clinic, "review", lambda _: film)
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "r")
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        assert screen.query_one(FilmFrame).display
        await press(pilot, "G", "h", "1", "e", "j", "m")
        assert app.screen is screen
        assert "1 of 2 s" in section(screen, "Frame")
        assert "nothing is measured" in section(screen, "Found")
        await press(pilot, "a")
        assert clinic.decisions["1001/0"][0] is ReviewDecision.ACCEPTED


async def test_without_a_film_its_keys_say_so(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "r", "n")
        for key in ("i", "o"):
            app.clear_notifications()
            await press(pilot, key)
            assert ["not kept" in n.message for n in app._notifications] == [True]
        assert clinic.reviews.opened == []


async def test_the_film_opens_outside_and_its_copy_goes_with_the_recording(
    clinic: ClinicData,
) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "r", "o")
        assert clinic.reviews.opened == ["1001/0"]
        assert any("open outside" in n.message for n in app._notifications)
        before = clinic.reviews.forgotten
        await press(pilot, "n")
        assert clinic.reviews.forgotten > before
        before = clinic.reviews.forgotten
        await press(pilot, "escape")
        assert clinic.reviews.forgotten > before


class Colourless(Drawing):
    def compose(self) -> ComposeResult:
        yield FilmFrame()


async def test_without_colours_the_film_is_shades(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = Colourless(())
    async with app.run_test(size=(40, 20)) as pilot:
        film = app.query_one(FilmFrame)
        film.show(a_picture(0.0, *film.room))
        await pilot.pause()
        rows = [film.render_line(y).text for y in range(20)]
        assert "@" in rows[0]
        assert all("▀" not in row for row in rows)
        assert len(set("".join(rows))) > 3


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
