"""The patient's page by keys."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from textual.widgets import DataTable, TextArea

from rehabctl.domain.patient_detail import NoteSummary, PatientDetail, ProgramLine
from rehabctl.tui.app import PanelApp
from rehabctl.tui.columns import Viewer
from rehabctl.tui.patient_record_text import appointments, consents, messages, notes
from rehabctl.tui.patient_text import (
    adherence,
    alerts,
    band,
    methods,
    pain,
    programme,
    reasons,
    sessions,
    summary,
    trend_line,
)
from rehabctl.tui.screens.dialogs import ConfirmDialog
from rehabctl.tui.screens.note_editor import NoteEditor
from rehabctl.tui.screens.patient import PatientScreen
from rehabctl.tui.screens.review import ReviewScreen
from rehabctl.tui.widgets.offline_banner import OfflineBanner
from rehabctl.tui.widgets.section import Line, Section, wrap_lines
from rehabctl.tui.widgets.trend_chart import TrendChart
from tui.clinic import ClinicData
from tui.conftest import make_panel, press, settle
from tui.patients import make_detail
from tui.times import NOW, ZONE

SIZE = (120, 40)
VIEWER = Viewer(NOW, ZONE)


def detail_of(mrn: str = "1001") -> PatientDetail:
    clinic = ClinicData(40)
    return make_detail(clinic.rows[mrn], tuple(clinic.alerts[mrn]), NOW)


def plain(lines: list[Line] | Line, width: int = 200) -> str:
    rows = [lines] if isinstance(lines, Line) else lines
    return "\n".join(line.plain for line in wrap_lines(rows, width))


def bare() -> PatientDetail:
    """A patient of whom nothing is known but the line in the list."""
    clinic = ClinicData(40)
    return replace(
        make_detail(clinic.rows["1017"], (), NOW),
        birth_date=None, sex=None, state=None, phone=None, email=None, language=None,
        time_zone="Not/AZone", episode=None, trends=(), assessments=(), sessions=(), program=(),
        appointments=(), messages=(), notes=(), consents=(),
    )  # fmt: skip


def test_the_record_says_what_is_booked_written_and_agreed() -> None:
    detail = detail_of()
    booked = plain(appointments(detail, VIEWER)).splitlines()
    assert booked == [
        "13 Mar 15:41  treatment tele  planned  hberg",
        "6 Mar 09:41   evaluation  completed  hberg",
    ]
    told = plain(messages(detail, VIEWER)).splitlines()
    assert told[0] == "12 Mar 06:41  patient   unread  The knee is [warm] today. / Is that ok?"
    assert "unread" not in told[1]
    written = plain(notes(detail, VIEWER)).splitlines()
    assert "progress, draft  Ten visits." in written[2]
    assert "daily, signed  ## Plan / Go on." in written[1]
    assert plain(consents(detail, VIEWER)).splitlines() == [
        "video recording  since 26 Jan",
        "body tracking  since 26 Jan, until 26 Jan 2027",
    ]


def test_a_long_or_hostile_text_is_cut_and_cleaned() -> None:
    long = replace(
        detail_of(), notes=(NoteSummary(NOW, "hberg", "note", None, "\x1b[31m" + "x" * 999),)
    )
    text = plain(notes(long, VIEWER), width=2000)
    assert "\x1b" not in text
    assert text.endswith("…")
    assert len(text) < 300


def test_a_band_names_its_limits_and_its_source() -> None:
    trend = detail_of().trends[0]
    assert trend.band is not None
    assert plain(band(trend.band)) == (
        "reference band 80-90 then 104-108, published cohorts: Kornuijt 2019; growth model of 2018"
    )


def test_the_summary_says_who_and_where_the_course_stands() -> None:
    text = plain(summary(detail_of(), VIEWER))
    for fact in ("5h ago", "2d late", "4 May 1968 (57), female", "left", "week 6",
                 "no kneeling", "CO, 02:41 there (America/Denver)"):  # fmt: skip
        assert fact in text


def test_reasons_and_alerts_carry_their_evidence() -> None:
    assert "Pain 9 of 10 after session (limit 8)  since 11 Mar" in plain(
        reasons(detail_of(), VIEWER)
    )
    text = plain(alerts(detail_of(), VIEWER))
    assert text.startswith("red flag Calf pain")
    assert "open since 11 Mar, rules 2026-01" in text


def test_a_trend_in_words_has_number_uncertainty_target_and_change_of_one_method() -> None:
    flexion = detail_of().trends[0]
    assert plain(trend_line(flexion, VIEWER)) == (
        "knee flexion, left  91.3 ±4.0 deg  12 Mar  target 120  +0.8 since 28 Feb"
    )
    assert "not joined" in plain(methods(flexion, "●◆"))
    assert methods(detail_of().trends[1], "●◆") == []
    assert "no results yet" in plain(trend_line(detail_of().trends[3], VIEWER))


def test_pain_and_adherence_are_numbers_first() -> None:
    assert "6 of 10" in plain(pain(detail_of()))
    assert "40% in 28 days" in plain(adherence(detail_of()))


def test_the_name_of_an_exercise_takes_what_the_doses_leave() -> None:
    hip = ProgramLine("hip", "Standing hip abduction, with band", 2, 10, 2.0, 3, 30.0, True)
    detail = replace(bare(), program=(hip,))
    dose = "2 x 10, hold 2 s, to 30 deg, 3 a week"
    assert plain(programme(detail, 77), 77) == f"{hip.name}  {dose}"
    assert plain(programme(detail, 40), 77) == f"Standing hip abduct…  {dose}"


def test_a_patient_of_whom_nothing_is_known() -> None:
    nobody = bare()
    texts = (summary(nobody, VIEWER), reasons(nobody, VIEWER), alerts(nobody, VIEWER),
             sessions(nobody, VIEWER), programme(nobody, 77),
            appointments(nobody, VIEWER), messages(nobody, VIEWER), notes(nobody, VIEWER),
            consents(nobody, VIEWER),
             pain(nobody), adherence(nobody))  # fmt: skip
    for text in texts:
        assert plain(text).strip()
        assert "None" not in plain(text)


async def test_without_assessments_the_place_of_the_table_says_so(
    clinic: ClinicData, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = replace(bare(), row=clinic.rows["1001"])
    monkeypatch.setattr(clinic, "patient", lambda _: nobody)
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "enter", "3")
        assert isinstance(app.screen.focused, Section)
        assert "Nothing was measured yet." in str(app.screen.focused.render())


def test_a_long_text_goes_on_below_itself() -> None:
    lines = plain(summary(detail_of(), VIEWER), 40).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("Precautions"))
    assert lines[start + 1].startswith(" " * 13)
    assert all(len(line) <= 40 for line in lines)


async def opened(app: PanelApp, pilot: object) -> PatientScreen:
    assert isinstance(app.screen, PatientScreen)
    return app.screen


async def test_open_scroll_and_jump_between_sections(panel: PanelApp) -> None:
    async with panel.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "enter")
        screen = await opened(panel, pilot)
        body = screen.query_one("#body")
        assert len(screen.query(TrendChart)) == 4
        await press(pilot, "j", "j")
        assert body.scroll_y == 2
        await press(pilot, "G")
        assert body.scroll_y == body.max_scroll_y > 20
        await press(pilot, "3")
        assert screen.focused is screen.query_one("#assessments")
        await press(pilot, "1")
        assert body.scroll_y == 0
        await press(pilot, "ctrl+d", "ctrl+u", "pagedown", "g")
        assert body.scroll_y == 0


async def test_next_and_previous_patient_without_going_back(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "enter", "n", "n")
        screen = await opened(panel, pilot)
        assert screen.detail is not None
        assert screen.detail.row.mrn == "1003"
        await press(pilot, "N", "N", "N")
        assert screen.detail is not None
        assert screen.detail.row.mrn == "1001"
        assert any("No further patient" in n.message for n in panel._notifications)
        await press(pilot, "escape")
        assert len(panel.screen_stack) == 1


async def test_an_answer_about_a_patient_left_behind_is_dropped(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "enter")
        screen = await opened(panel, pilot)
        late = make_detail(ClinicData(40).rows["1005"], (), NOW)
        from rehabctl.tui.messages import PatientLoaded

        screen.post_message(PatientLoaded(late))
        await settle(pilot)
        assert screen.detail is not None
        assert screen.detail.row.mrn == "1001"


async def test_a_chart_whose_patient_was_left_draws_nothing(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "enter")
        chart = panel.screen.query(TrendChart).first()
        await chart.remove()
        chart.draw()  # as a resize asks for that came just before


async def test_charts_follow_the_theme_and_join_one_method_only(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "enter")
        chart = panel.screen.query(TrendChart).first()
        before = chart._datasets[-1].marker_style  # type: ignore[attr-defined]
        lines = [d for d in chart._datasets if hasattr(d, "line_style")]
        # target, both ends of the band, camera, goniometer
        assert [len(line.x) for line in lines] == [2, 7, 7, 5, 3]
        panel.theme = "rehabctl-high-contrast"
        await settle(pilot)
        assert chart._datasets[-1].marker_style != before  # type: ignore[attr-defined]


async def test_enter_on_an_assessment_replays_it(panel: PanelApp, clinic: ClinicData) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "enter", "3", "j", "enter")
        assert isinstance(panel.screen, ReviewScreen)
        assert "review 1001/1" in clinic.calls
        await press(pilot, "escape")
        assert isinstance(panel.screen, PatientScreen)


async def test_acknowledging_on_the_page_shows_the_outcome(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "enter", "a")
        await pilot.press(*"ok")
        await press(pilot, "enter")
        screen = await opened(panel, pilot)
        assert screen.detail is not None
        assert {alert.state for alert in screen.detail.alerts} == {"acknowledged"}


async def test_a_note_is_saved(panel: PanelApp, clinic: ClinicData) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "e")
        await pilot.press(*"stairs", "enter", *"ok")
        await press(pilot, "ctrl+s")
        assert clinic.notes == [("1001", "stairs\nok")]
        assert panel.context.drafts == {}


async def test_a_note_left_open_stays_a_draft_and_quitting_asks(
    panel: PanelApp, clinic: ClinicData
) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "e")
        await pilot.press(*"half")
        await press(pilot, "escape")
        assert panel.context.drafts == {"note:1001": "half"}
        await press(pilot, "q")
        assert isinstance(panel.screen, ConfirmDialog)
        await press(pilot, "enter")  # the default is No
        assert panel.is_running
        await press(pilot, "e")
        assert panel.screen.query_one(TextArea).text == "half"
        clinic.offline = True
        await press(pilot, "ctrl+s")
        assert isinstance(panel.screen, NoteEditor)  # refused: still there
        clinic.offline = False
        await press(pilot, "ctrl+s")
        assert clinic.notes == [("1001", "half")]
        await pilot.press("q")
    assert panel.return_code == 0


async def test_ctrl_q_asks_too_and_yes_leaves(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "e", "x", "ctrl+q")
        assert isinstance(panel.screen, ConfirmDialog)
        await press(pilot, "ctrl+q")  # asked once, not twice
        assert isinstance(panel.screen, ConfirmDialog)
        await pilot.press("y")
    assert panel.return_code == 0


async def test_emptying_a_draft_forgets_it(panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "e", "x", "escape", "e", "backspace", "escape")
        assert panel.context.drafts == {}


async def test_an_unknown_patient_is_said_and_the_page_stays(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        clinic.rows.pop("1001")
        await press(pilot, "enter")
        assert isinstance(app.screen, PatientScreen)
        assert any("no patient 1001" in n.message for n in app._notifications)


async def test_the_page_shows_that_the_store_is_away_and_heals(clinic: ClinicData) -> None:
    app = make_panel(clinic)
    async with app.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "enter")
        clinic.offline = True
        await press(pilot, "R")
        banner = app.screen.query_one(OfflineBanner)
        assert banner.display
        clinic.offline = False
        await press(pilot, "R")
        assert not banner.display


async def test_the_table_scrolls_to_its_last_column(panel: PanelApp) -> None:
    async with panel.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "enter", "3", *["l"] * 10)
        await asyncio.sleep(0.05)
        assert panel.screen.query_one(DataTable).scroll_x > 0
