"""Every example of every page runs, and prints what the page says."""

from __future__ import annotations

from pathlib import Path

import pytest

from .examples import examples, matches, run_page

PROJECT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    page
    for page in [*(PROJECT / "docs").glob("*.md"), PROJECT / "README.md"]
    if page.name != "cli.md"  # generated usage lines, not examples
    and examples(page.read_text("utf-8"))
)


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_examples_of_a_page(page: Path, tmp_path: Path) -> None:
    (tmp_path / "fixtures").symlink_to(PROJECT / "fixtures")
    differences = run_page(page, tmp_path)
    assert differences == [], "\n".join(differences)


def test_the_runner_reads_commands_output_and_exit_codes() -> None:
    page = "text\n```console\n$ echo a  # exit 3\n> b\nout ...\n```\n"
    [example] = examples(page)
    assert (example.command, example.exit_code, example.line) == ("echo a\nb", 3, 3)
    assert example.expected == ["out ..."]


@pytest.mark.parametrize(
    ("expected", "printed", "same"),
    [
        (["a", "..."], ["a", "b", "c"], True),
        (["a ... c"], ["a b c"], True),
        (["a"], ["a", "b"], False),
        (["..."], [], True),
        (["a.c"], ["abc"], False),
    ],
)
def test_the_runner_sees_a_difference(expected: list[str], printed: list[str], same: bool) -> None:
    assert matches(expected, printed) is same


def test_a_failing_example_is_reported(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```console\n$ echo wrong\nright\n$ false\n```\n")
    assert len(run_page(page, tmp_path)) == 2
