"""Where a pose model is required, tests that miss it fail instead of being skipped."""

from __future__ import annotations

import pytest

from tests.pose_model import without_pose_model


def test_a_missing_model_skips_or_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REHABCTL_REQUIRE_POSE_MODEL", raising=False)
    with pytest.raises(pytest.skip.Exception, match="nothing to download"):
        without_pose_model("nothing to download")
    monkeypatch.setenv("REHABCTL_REQUIRE_POSE_MODEL", "1")
    with pytest.raises(pytest.fail.Exception, match="nothing to download"):
        without_pose_model("nothing to download")
