"""The crash campaign: a few fixed kills in every run, two hundred by `make faults`."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from rehabctl.reference.rules import load_rules
from rehabctl.services import intake
from rehabctl.services.wiring import open_store
from tests.faults.campaign import WORK, Campaign, run

KILLS = 34
"""Of each kind of work in the long campaign: more than two hundred together."""
PERSON = {"given_name": "G0", "family_name": "F0", "birth_date": "1961-04-02", "sex": "F"}


@pytest.fixture
def campaign(tmp_path: Path) -> Campaign:
    seed = int(os.environ.get("REHABCTL_FAULT_SEED", "7"))
    return Campaign(tmp_path / "campaign", random.Random(seed))


@pytest.fixture
def template(tmp_path: Path) -> Path:
    made = Campaign(tmp_path / "template", random.Random(0))
    with open_store(made.settings) as store:
        intake.create_patient(store, load_rules(), PERSON | {"mrn": "00000", "state": "CO"})
    return made.settings.paths.home


@pytest.mark.parametrize("work", WORK)
def test_a_few_kills_lose_nothing(work: str, campaign: Campaign, template: Path) -> None:
    run(campaign, template, work, 3)


@pytest.mark.nightly
@pytest.mark.parametrize("work", WORK)
def test_many_kills_lose_nothing(work: str, campaign: Campaign, template: Path) -> None:
    assert run(campaign, template, work, KILLS) > KILLS // 4, "kills came too late to tell"
