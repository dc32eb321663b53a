"""Reports on one patient: from the store to a page, for who may read the record."""

from __future__ import annotations

from datetime import date, timedelta
from io import BytesIO

import pytest
from pypdf import PdfReader

from rehabctl.domain.episode import Episode, Goal, GoalTerm
from rehabctl.domain.errors import NotFoundError, NotPermittedError
from rehabctl.domain.patient import PatientRef, Side
from rehabctl.domain.recording import MotionResult
from rehabctl.reference.rules import load_rules
from rehabctl.services import trajectories
from rehabctl.services.report_files import write_page
from rehabctl.store.store import Store
from tests.contract.conftest import NOW
from tests.contract.records import add_patient, assessment

RULES = load_rules()
SURGERY = date(2026, 2, 6)  # 24 days before now


@pytest.fixture
def knee(store: Store) -> PatientRef:
    with store.transaction() as uow:
        ref = add_patient(uow, "1042")
        episode = Episode(
            uow.new_id(), ref, SURGERY, condition="TKR", surgery_date=SURGERY, side=Side.LEFT
        )
        uow.episodes.add([episode])
        for number, (day, value) in enumerate([(12, 74), (16, 76), (20, 79), (24, 80)]):
            at = NOW - timedelta(days=24 - day)
            motion = MotionResult("knee_flexion", "left", float(value), 5.0)
            uow.assessments.save(
                assessment(uow, ref, at, motions=(motion,), input_sha256=str(number) * 64)
            )
        for baseline in (70.0, None):
            goal = Goal(
                uow.new_id(), ref, episode.id, "Bend the knee", GoalTerm.SHORT,
                measure="knee_flexion", side=Side.LEFT, baseline=baseline, target=110.0, unit="deg",
            )  # fmt: skip
            uow.episodes.add_goal(goal)
    return ref


def test_a_course_beside_the_curves_of_its_condition(store: Store, knee: PatientRef) -> None:
    report = trajectories.report(store, RULES, "1042")
    measured = [found for found in report.curves if found.points]
    assert [found.curve.key for found in measured] == ["tkr-knee-flexion"]
    made = measured[0].projection
    assert made is not None
    assert (made.day, made.value) == (42, 85.4)
    first, second = report.goals
    assert first.progress is not None
    assert (first.progress.latest, first.progress.percent) == (80, 25)
    assert second.note == "the baseline is missing"
    assert trajectories.goals(store, RULES, "1042") == report.goals


def test_the_page_holds_drawing_sources_and_no_name(store: Store, knee: PatientRef) -> None:
    report = trajectories.report(store, RULES, "1042")
    page = trajectories.page(report, "1.0")
    html = write_page(page, "html").decode()
    for text in ("<svg", "Kornuijt 2019", "no target", "85.4", "record 1042"):
        assert text in html
    for name in ("Diaz", "Ana ", "<script", 'src="http', 'href="http'):
        assert name not in html
    pdf = write_page(page, "pdf")
    text = " ".join(sheet.extract_text() for sheet in PdfReader(BytesIO(pdf)).pages)
    assert "85.4" in text
    assert "Diaz" not in text
    assert pdf == write_page(trajectories.page(report, "1.0"), "pdf")


def test_who_may_not_read_records_sees_none(store: Store, knee: PatientRef, biller: Store) -> None:
    with pytest.raises(NotFoundError):
        trajectories.report(store, RULES, "9")
    if not biller.is_local:
        for act in (trajectories.report, trajectories.goals):
            with pytest.raises(NotPermittedError):
                act(biller, RULES, "1042")
