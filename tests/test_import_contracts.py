"""The import contracts hold on the tree, and each one fails when it should."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parent.parent
PACKAGES = (
    "commands", "tui", "services", "store", "vision", "devices", "integrations", "analysis",
    "clinic", "billing", "reference", "domain",
)  # fmt: skip


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    code = "from importlinter.cli import lint_imports_command as run; run()"
    argv = [sys.executable, "-c", code, "--no-cache"]
    return subprocess.run(argv, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture
def empty_tree(tmp_path: Path) -> Path:
    for name in ("", *PACKAGES):
        folder = tmp_path / "rehabctl" / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").write_text("")
    shutil.copy(PROJECT / "pyproject.toml", tmp_path)
    return tmp_path


def test_empty_tree_keeps_every_contract(empty_tree: Path) -> None:
    result = lint(empty_tree)
    assert "0 broken" in result.stdout, result.stdout


@pytest.mark.parametrize(
    ("file", "line", "broken"),
    [
        ("analysis/x.py", "import sqlmodel", "Pure layers do no I/O"),
        ("clinic/x.py", "import httpx", "Pure layers do no I/O"),
        ("domain/x.py", "import numpy", "The domain needs the standard library only"),
        ("store/x.py", "import rehabctl.services", "Layers"),
        ("commands/x.py", "import rehabctl.tui", "Layers"),
        ("tui/x.py", "import rehabctl.commands", "Layers"),
        ("devices/x.py", "import rehabctl.store", "Layers"),
        ("services/x.py", "import textual", "Only the shells"),
        ("services/x.py", "import cv2", "OpenCV and MediaPipe"),
        ("services/x.py", "import sqlalchemy", "SQL enters through store only"),
        ("newcomer/__init__.py", "", "Layers"),
    ],
)
def test_each_contract_fails_when_broken(empty_tree: Path, file: str, line: str, broken: str):
    target = empty_tree / "rehabctl" / file
    target.parent.mkdir(exist_ok=True)
    target.write_text(line + "\n")
    result = lint(empty_tree)
    assert result.returncode != 0
    if line:
        assert any(broken in row and "BROKEN" in row for row in result.stdout.splitlines())
