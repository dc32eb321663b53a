"""What tests do where no pose model can be had: skip, or fail where one is required."""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def without_pose_model(reason: str) -> NoReturn:
    """Skip with the reason; fail with REHABCTL_REQUIRE_POSE_MODEL=1, as `.ci/run` sets it."""
    if os.environ.get("REHABCTL_REQUIRE_POSE_MODEL") == "1":
        pytest.fail(f"a pose model is required here: {reason}", pytrace=False)
    pytest.skip(f"no pose model: {reason}")
