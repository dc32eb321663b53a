"""A kit says when a certificate of its sensors is about to end, and not before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from rehabctl.domain.kit import KitItem, KitItemStatus
from rehabctl.domain.sensor import CalibrationCertificate, Procedure, SensorIdentity
from rehabctl.services.kits import _findings
from rehabctl.services.sensor_certificates import certificate_book, write_certificate
from rehabctl.services.settings import load_settings

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
ITEM = KitItem(
    UUID(int=1), UUID(int=2), UUID(int=3), "S1", "Movella DOT", "3.0.1", "thigh", True,
    KitItemStatus.GOOD, 80, NOW,
)  # fmt: skip


@pytest.mark.parametrize(
    ("days", "codes"),
    [
        (13, {"certificate_expiring"}),
        (15, set()),
        (-1, {"certificate"}),
    ],
)
def test_a_certificate_about_to_end_is_told(
    days: int, codes: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REHABCTL_NOW", NOW.isoformat())
    settings = load_settings()
    for procedure in (Procedure.STATIC, Procedure.ACCELEROMETER):
        certificate = CalibrationCertificate(
            procedure=procedure,
            sensor=SensorIdentity("S1", "Movella DOT", "3.0.1"),
            passed=True,
            limits={},
            results={"duration_s": 5.0},
            findings=(),
            operator="",
            temperature_c=None,
            software="rehabctl",
            input_sha256=(),
            issued_at=NOW - timedelta(days=30),
            valid_until=NOW + timedelta(days=days),
            uncertainty={},
        )
        write_certificate(certificate, None, settings.paths)
    found = _findings([ITEM], certificate_book(settings))
    assert {finding.code for finding in found} == codes
    low = _findings([replace(ITEM, battery_percent=19)], certificate_book(settings))
    assert {finding.code for finding in low} == codes | {"battery_low"}
