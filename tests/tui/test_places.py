"""Every announced screen opens by its key, helps and leads back; none has to be named here."""

from __future__ import annotations

import pytest

from rehabctl.tui import places
from rehabctl.tui.app import PanelApp
from rehabctl.tui.places import Place
from rehabctl.tui.screens.help import HelpScreen, groups_of
from rehabctl.tui.screens.worklist import WorklistScreen
from tui.clinic import ClinicData
from tui.conftest import make_panel, press, settle, shown

_CLINIC_WIDE = [place for place in places.places() if not place.of_patient]


def is_open(panel: PanelApp, place: Place) -> bool:
    """Return whether the screen is there, under a dialog of its own perhaps."""
    return any(isinstance(screen, place.load()) for screen in panel.screen_stack)


@pytest.mark.parametrize("place", places.places(), ids=lambda place: place.name)
async def test_a_place_opens_by_its_key_helps_and_leads_back(place: Place, panel: PanelApp) -> None:
    async with panel.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await press(pilot, place.key)
        assert is_open(panel, place)
        if not isinstance(panel.screen, place.load()):
            await press(pilot, "enter")  # what it asks first has an answer
        assert isinstance(panel.screen, place.load())
        assert groups_of(panel.screen)[0].keys
        await press(pilot, "f1")
        assert isinstance(panel.screen, HelpScreen)
        await press(pilot, "escape")
        while not isinstance(panel.screen, WorklistScreen):
            before = len(panel.screen_stack)
            await press(pilot, "escape")
            assert len(panel.screen_stack) < before


@pytest.mark.parametrize("place", places.places(), ids=lambda place: place.name)
async def test_a_place_opens_while_the_store_is_away(place: Place, clinic: ClinicData) -> None:
    panel = make_panel(clinic)
    async with panel.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        clinic.offline = True
        await press(pilot, place.key)
        assert is_open(panel, place)
        assert "reading…" not in shown(panel)
        clinic.offline = False
        await press(pilot, "R")
        assert panel.is_running


@pytest.mark.parametrize("place", _CLINIC_WIDE, ids=lambda place: place.name)
async def test_one_place_leads_to_the_next(place: Place, panel: PanelApp) -> None:
    async with panel.run_test(size=(100, 30)) as pilot:
        await settle(pilot)
        await press(pilot, place.key)
        for other in _CLINIC_WIDE:
            await press(pilot, other.key)
            assert isinstance(panel.screen, other.load())
            assert len(panel.screen_stack) == 2
        await press(pilot, "1")
        assert isinstance(panel.screen, WorklistScreen)


def test_names_keys_and_ids_of_places_are_their_own() -> None:
    for of_patient in (True, False):
        found = [place for place in places.places() if place.of_patient is of_patient]
        assert len({place.key for place in found}) == len(found)
    names = [place.name for place in places.places()]
    assert len(set(names)) == len(names)
    assert places.WORKLIST not in names
