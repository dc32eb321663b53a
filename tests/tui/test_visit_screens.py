"""The schedule, the check-in and the note of a visit: every key, refusal and loss of the store."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

import pytest
from textual.widgets import OptionList

from rehabctl.domain.visit import REDUCED, Channel, VisitStatus
from rehabctl.tui.app import PanelApp
from rehabctl.tui.screens.check_in import CheckInScreen
from rehabctl.tui.screens.dialogs import ChoiceDialog
from rehabctl.tui.screens.schedule import ScheduleScreen
from rehabctl.tui.screens.text_dialog import TextDialog
from rehabctl.tui.screens.visit_note import VisitNoteScreen
from rehabctl.tui.screens.worklist import WorklistScreen
from tui.clinic import ClinicData
from tui.conftest import press, settle, shown
from tui.times import NOW, ZONE

SIZE = (80, 24)
FIRST = "00000000-0000-0000-0000-000000000001"
HELD = "00000000-0000-0000-0000-000000000008"
BEGIN = ("s", "enter", *"CO", "enter")
SECONDS_A_KEY = 0.28
"""An average typist's keystroke (Card, Moran and Newell, The Keystroke-Level Model, 1980)."""


def told(app: PanelApp) -> str:
    return "\n".join(notice.message for notice in app._notifications)


def schedule(app: PanelApp) -> ScheduleScreen:
    return next(s for s in app.screen_stack if isinstance(s, ScheduleScreen))


async def test_what_colleagues_book_is_followed_while_it_is_in_view(
    clinic: ClinicData, panel: PanelApp
) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "2")
        screen, before = schedule(panel), len(clinic.calls)
        screen._read_if_seen()
        await settle(pilot)
        assert len(clinic.calls) == before + 1
        await press(pilot, "b")
        screen._read_if_seen()
        await settle(pilot)
        assert len(clinic.calls) == before + 1


async def test_a_day_and_a_week_and_back(clinic: ClinicData, panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "2")
        assert "Thu 12 Mar 2026  4 visits, 2 h 00 booked" in shown(panel)
        assert "group tele 2 short" in shown(panel)
        assert "mweber" not in shown(panel)
        assert "allowed at booking, on pt licence CO" in shown(panel)
        current = schedule(panel).current
        assert current is not None
        assert current.mrn == "1001"  # the first that is not over
        await press(pilot, "m")
        assert "(mweber)" in shown(panel)
        await press(pilot, "w")
        assert (schedule(panel).first, schedule(panel).days) == (date(2026, 3, 9), 7)
        assert "Mon 9 Mar 2026  nothing booked" in shown(panel)
        assert schedule(panel).current == current
        await press(pilot, "l")
        assert schedule(panel).first == date(2026, 3, 16)
        assert schedule(panel).current is None
        assert "Nothing is booked here." in shown(panel)
        await press(pilot, "t", "d")
        assert (schedule(panel).first, schedule(panel).days) == (NOW.date(), 1)
        await press(pilot, "t", "h")
        assert schedule(panel).first == NOW.date() - timedelta(days=1)
        assert "● completed" in shown(panel)
        await press(pilot, "escape")
        assert isinstance(panel.screen, WorklistScreen)


async def test_a_visit_is_booked_moved_and_cancelled(clinic: ClinicData, panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "2", "b", *"1009", "tab", *"nine", "enter")
        assert "no day and time" in shown(panel)
        await press(pilot, *["backspace"] * 4, *"09:50", "enter")
        assert "not free" in shown(panel)
        await press(pilot, *["backspace"] * 5, *"15:50", "enter")
        booked = clinic.visits.visits[str(UUID(int=9))]
        assert booked.planned_start_at.astimezone(ZONE).strftime("%d %H:%M") == "12 15:50"
        assert clinic.visits.lines[str(booked.id)][0] == "1009"
        assert "1009" in shown(panel)
        await press(pilot, "v", "end", "backspace", "8", "enter")
        moved = clinic.visits.visits[FIRST]
        assert moved.planned_start_at == NOW + timedelta(minutes=7)
        await press(pilot, "x", "enter")
        assert "needs a reason" in shown(panel)
        await press(pilot, *"ill", "enter")
        assert clinic.visits.visits[FIRST].cancel_reason == "ill"
        await press(pilot, "x")
        assert isinstance(panel.screen, ScheduleScreen)
        assert "Only a planned visit" in told(panel)


async def test_a_slow_answer_for_another_day_is_not_shown(panel: PanelApp) -> None:
    from rehabctl.tui.visit_messages import ScheduleLoaded

    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "2")
        panel.screen.post_message(ScheduleLoaded(date(2020, 1, 1), 1, False, ()))
        await settle(pilot)
        assert schedule(panel).lines


async def test_check_in_asks_where_the_patient_is(clinic: ClinicData, panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter")
        assert isinstance(panel.screen, CheckInScreen)
        assert "CO expected; ask at the start" in shown(panel)
        await press(pilot, "o")
        assert isinstance(panel.screen, CheckInScreen)  # it does not run
        await press(pilot, "s")
        assert isinstance(panel.screen, ChoiceDialog)
        await press(pilot, "enter")
        assert isinstance(panel.screen, TextDialog)
        await press(pilot, *"UT", "enter")
        assert "LIC_NONE" in shown(panel)
        assert clinic.visits.visits[FIRST].status is VisitStatus.PLANNED
        await press(pilot, "backspace", "backspace", *"CO", "tab", *"map read", "enter")
        assert isinstance(panel.screen, CheckInScreen)
        visit = clinic.visits.visits[FIRST]
        assert (visit.status, visit.patient_state) == (VisitStatus.IN_PROGRESS, "CO")
        assert clinic.visits.overrides == ["map read"]
        assert "CO, as told" in shown(panel)


async def test_units_run_along_and_the_ladder_is_climbed_down(
    clinic: ClinicData, panel: PanelApp
) -> None:
    async with panel.run_test(size=(110, 34)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter", *BEGIN, "o", *"9711", "enter")
        assert "no procedure code" in shown(panel)
        await press(pilot, "0", "enter")
        clinic.now = NOW + timedelta(minutes=22)
        screen = panel.screen
        assert isinstance(screen, CheckInScreen)
        screen.count()
        await settle(pilot)
        assert "22 min  1 unit" in shown(panel)
        clinic.now = NOW + timedelta(minutes=23)
        screen.count()
        await settle(pilot)
        assert "23 min, 2 units" in shown(panel)
        assert "running" in shown(panel)
        for channel, picture in (
            (Channel.VIDEO, REDUCED), (Channel.AUDIO, None), (Channel.PHONE, None),
        ):  # fmt: skip
            await press(pilot, "f")
            span = clinic.visits.visits[FIRST].channels[-1]
            assert (span.channel, span.picture) == (channel, picture)
        assert "▶ phone" in shown(panel)
        await press(pilot, "f")  # rescheduling is not done by itself
        assert clinic.visits.visits[FIRST].status is VisitStatus.IN_PROGRESS
        assert len(clinic.visits.visits[FIRST].channels) == 4
        await press(pilot, "c", "home", "enter")
        assert clinic.visits.visits[FIRST].channels[-1].channel is Channel.VIDEO
        await press(pilot, "x", "enter")  # no is the default: a visit does not begin again
        assert "stop" not in clinic.calls
        await press(pilot, "x", "y", "v", *"nine", "enter")
        assert "not a number" in shown(panel)
        await press(pilot, *["backspace"] * 4, "9", "enter")
        visit = clinic.visits.visits[FIRST]
        assert (visit.status, visit.satisfaction) == (VisitStatus.COMPLETED, 9)
        assert "9 of 10" in shown(panel)
        assert "s starts it" not in shown(panel)


async def test_a_note_is_written_signed_and_added_to(clinic: ClinicData, panel: PanelApp) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "2", "h", "enter", "e")
        assert isinstance(panel.screen, VisitNoteScreen)
        assert "draft, 2 sections to write" in shown(panel)
        await press(pilot, "S")
        assert isinstance(panel.screen, VisitNoteScreen)
        assert "own words are missing" in told(panel)
        await press(pilot, "a")
        assert isinstance(panel.screen, VisitNoteScreen)
        await press(pilot, "enter", *"bends", "ctrl+s", "e", *"go on", "ctrl+s")
        assert "bends" in clinic.visits.notes[HELD].body
        assert "2 a week" in clinic.visits.notes[HELD].body  # facts beside the words stay
        clinic.now = NOW + timedelta(seconds=125)
        await press(pilot, "S", "enter")
        assert "needs credentials" in shown(panel)
        await press(pilot, *"PT", "enter")
        assert "signed by Me, PT" in shown(panel)
        assert "after 2 min 05 s" in shown(panel)
        before = clinic.visits.notes[HELD]
        await press(pilot, "e", "S")
        assert isinstance(panel.screen, VisitNoteScreen)
        await press(pilot, "a", *"left", "ctrl+s")
        assert clinic.visits.addenda == [(HELD, "left")]
        assert clinic.visits.notes[HELD] == before
        assert "Addendum 1" in shown(panel)


async def test_typed_words_survive_leaving_and_a_store_that_is_away(
    clinic: ClinicData, panel: PanelApp
) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, "2", "h", "enter", "e", "enter", *"bends", "escape")
        assert list(panel.context.drafts.values()) == ["bends"]
        await press(pilot, "enter")
        clinic.offline = True
        await press(pilot, "ctrl+s")
        assert list(panel.context.drafts.values()) == ["bends"]
        clinic.offline = False
        await press(pilot, "ctrl+s")
        assert panel.context.drafts == {}
        assert "bends" in clinic.visits.notes[HELD].body


@pytest.mark.parametrize("keys", [("2",), ("2", "enter"), ("2", "h", "enter", "e")])
async def test_a_store_that_is_away_is_said_and_read_again(
    clinic: ClinicData, panel: PanelApp, keys: tuple[str, ...]
) -> None:
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        *before, last = keys
        await press(pilot, *before)
        clinic.offline = True
        await press(pilot, last)
        assert "the database is away" in told(panel)
        clinic.offline = False
        panel.clear_notifications()
        await press(pilot, "R")
        assert "reading" not in shown(panel)
        lists = panel.screen.query(OptionList)
        assert not lists or lists.first().option_count


async def test_from_check_in_to_a_signed_note_in_under_three_minutes_of_keys(
    clinic: ClinicData, panel: PanelApp
) -> None:
    words = "Bends five degrees further than last week, pain after the session is down."
    plan = "Go on as planned, add step-ups."
    spell = {" ": "space", ",": "comma", ".": "full_stop", "-": "minus"}
    path = [
        "2", "enter", *BEGIN, "o", *"97110", "enter", "x", "y", "v", "9", "enter",
        "e", "enter", *(spell.get(c, c) for c in words), "ctrl+s",
        "e", *(spell.get(c, c) for c in plan), "ctrl+s", "S", *"PT", "enter",
    ]  # fmt: skip
    async with panel.run_test(size=SIZE) as pilot:
        await settle(pilot)
        await press(pilot, *path)
        note = clinic.visits.notes[FIRST]
        assert note.credentials == "PT"
        assert words in note.body
        assert plan in note.body
    assert len(path) * SECONDS_A_KEY < 180
