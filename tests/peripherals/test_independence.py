"""The sensors are an outside check only as long as they share nothing with the client."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def test_the_sensors_do_not_load_the_product():
    program = (
        "import sys, tests.peripherals.__main__;"
        "sys.exit(any(name.partition('.')[0] == 'rehabctl' for name in sys.modules))"
    )
    ended = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, check=False)
    assert ended.returncode == 0
