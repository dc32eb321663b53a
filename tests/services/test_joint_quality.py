"""What is carried into a joint's result beside the angle: calibration, and one clock of both."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rehabctl.analysis.imu_recording import ImuRecording
from rehabctl.analysis.joint_assessment import JointGoal
from rehabctl.analysis.orientation import FusionMethod
from rehabctl.analysis.sensor_simulation import knee_pair
from rehabctl.devices.model import batch
from rehabctl.devices.recorder import Recorder
from rehabctl.domain.sensor import Joint
from rehabctl.services.sensor_certificates import certificate_book
from rehabctl.services.sensor_sessions import _with_calibration
from rehabctl.services.sensors import JointOutcome, JointRequest, measure_joint
from rehabctl.services.settings import load_settings

BEGAN = datetime(2026, 11, 2, 9, tzinfo=UTC)


def written(path: Path, recording: ImuRecording, began: datetime) -> Path:
    with Recorder(path, recording.meta, lambda: 0.0, None, began) as recorder:
        for i, t_s in enumerate(recording.t_s):
            rows = (recording.gyr_rads[i].tolist(), recording.acc_ms2[i].tolist())
            recorder.add(float(t_s), batch(gyr=[rows[0]], acc=[rows[1]]))
    return path


def measured(folder: Path, apart_s: float) -> JointOutcome:
    thigh, shank, _ = knee_pair(5, 90.0)
    paths = (
        written(folder / "a.imurec", thigh, BEGAN),
        written(folder / "b.imurec", shank, BEGAN + timedelta(seconds=apart_s)),
    )
    request = JointRequest(*paths, Joint.KNEE, FusionMethod.OFFLINE, JointGoal("", 0.0, 80.0))
    return measure_joint(request)


def codes(outcome: JointOutcome) -> set[str]:
    return {reason.code for reason in outcome.assessment.quality.reasons}


@pytest.fixture(scope="module")
def together(tmp_path_factory: pytest.TempPathFactory) -> JointOutcome:
    return measured(tmp_path_factory.mktemp("together"), 0.5)


@pytest.mark.slow
def test_two_recordings_that_began_apart_have_no_common_clock(
    together: JointOutcome, tmp_path: Path
) -> None:
    assert "not_one_clock" not in codes(together)
    assert together.serials == ("SIM-0001", "SIM-0002")
    assert "not_one_clock" in codes(measured(tmp_path, 90.0))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ages", "carried"), [((3, 12), 12), ((3, None), None), ((None, None), None)]
)
def test_the_age_of_the_calibration_is_carried(
    ages: tuple[int | None, int | None], carried: int | None, together: JointOutcome
) -> None:
    book: Any = SimpleNamespace(age_days=dict(zip(("SIM-0001", "SIM-0002"), ages, strict=True)).get)
    found = _with_calibration(together, book)
    assert found.assessment.parameters.get("calibration_age_days") == carried
    assert ("calibration_missing" in codes(found)) is (carried is None)


def test_a_sensor_without_certificates_has_no_age() -> None:
    assert certificate_book(load_settings()).age_days("SIM-0001") is None
