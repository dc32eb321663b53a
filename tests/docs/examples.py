"""Runs the `console` examples of a page, as a reader would, in one fresh home and folder.

A block looks like

    ```console
    $ rehabctl triage list --format plain
    1  1042  due  ...
    ```

Lines starting with `$ ` are run by bash in order (`> ` continues one); the lines below are what
standard output shows, where `...` stands for anything (within a line, or for whole lines when it
stands alone). `# exit N` after a command says that its exit code is N instead of 0. The comment
`<!-- on the air: ARGUMENTS -->` above a block puts virtual sensors within reach, by the arguments
of `python -m tests.peripherals`.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

_FENCE = re.compile(
    r"^(?:<!-- on the air: (?P<air>.*?) -->\n\n?)?```console\n(?P<body>.*?)^```",
    re.MULTILINE | re.DOTALL,
)
_EXIT = re.compile(r"\s+# exit (\d+)$")


@dataclass
class Example:
    """One command with what it prints."""

    command: str
    exit_code: int
    line: int
    expected: list[str] = field(default_factory=list)
    block: int = 0
    air: str | None = None


def examples(page: str) -> list[Example]:
    """Return the examples of a page in order."""
    found: list[Example] = []
    for at, block in enumerate(_FENCE.finditer(page)):
        number = page.count("\n", 0, block.start("body")) + 1
        for offset, line in enumerate(block["body"].splitlines()):
            if line.startswith("$ "):
                code = _EXIT.search(line)
                command = _EXIT.sub("", line[2:])
                exit_code = int(code.group(1)) if code else 0
                found.append(Example(command, exit_code, number + offset, [], at, block["air"]))
            elif line.startswith("> ") and found and not found[-1].expected:
                found[-1].command += "\n" + line[2:]
            elif found:
                found[-1].expected.append(line)
    return found


def run_page(page: Path, folder: Path) -> list[str]:
    """Run every example of a page; return what differs, one text a difference."""
    differences: list[str] = []
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "REHABCTL_HOME": str(folder / "home"),
        "COLUMNS": "120",
        "NO_COLOR": "1",
        "CI": "true",
    }
    for _, group in groupby(examples(page.read_text("utf-8")), lambda example: example.block):
        block = list(group)
        with _on_the_air(block[0].air) as bluetooth:
            for example in block:
                where = f"{page.name}:{example.line}: {example.command}"
                differences += _run(example, where, folder, {**environment, **bluetooth})
    return differences


@contextmanager
def _on_the_air(arguments: str | None) -> Iterator[dict[str, str]]:
    """Put virtual sensors within reach, where a block asks for them."""
    if arguments is None:
        yield {}
        return
    from tests.peripherals.process import air

    with air(*shlex.split(arguments)) as where:
        yield {"REHABCTL_BLUETOOTH": f"tcp:{where['hci_tcp']}"}


def _run(example: Example, where: str, folder: Path, environment: dict[str, str]) -> list[str]:
    result = subprocess.run(
        ["bash", "-c", example.command],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    differences: list[str] = []
    if result.returncode != example.exit_code:
        differences.append(
            f"{where}\n  exit {result.returncode}, not {example.exit_code}: {result.stderr}"
        )
    if example.expected and not matches(example.expected, result.stdout.splitlines()):
        differences.append(f"{where}\n  printed:\n{result.stdout}")
    return differences


def matches(expected: list[str], printed: list[str]) -> bool:
    """Compare printed lines with expected ones, where `...` stands for anything."""
    pattern = ""
    for line in expected:
        if line.strip() == "...":
            pattern += r"(?:.*\n)*?"
        else:
            parts = [re.escape(part) for part in line.rstrip().split("...")]
            pattern += ".*".join(parts) + r"[ \t]*\n"
    text = "".join(line.rstrip() + "\n" for line in printed)
    return re.fullmatch(pattern, text) is not None
