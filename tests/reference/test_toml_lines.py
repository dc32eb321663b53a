"""The line of every key and element, in any layout that TOML allows."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rehabctl.reference.toml_lines import KeyPath, map_lines, split_blocks

DOCUMENT = '''# head [[not]] = "a table"
schema = "x/1"   # = [
[[exercise]]
slug = "one"
steps = [
  "first, with ] and # inside",  # note
  'second = "quoted"',

  """third
over lines [ = """,
]
dose = { sets = 3, list = [1, 2] }
"quoted key" = 1.5
[exercise.measurement]
a.b = [[1, 2],
       [3]]
[[exercise.assets]]
uri = "u1"
[[exercise.assets]]
uri = "u2"

[[exercise]]
slug = \'\'\'
two\'\'\'
when = 2026-11-22T07:00:00Z
[exercise.measurement]
view = "none"
'''


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("schema",), 2),
        (("exercise", 0), 3),
        (("exercise", 0, "slug"), 4),
        (("exercise", 0, "steps"), 5),
        (("exercise", 0, "steps", 0), 6),
        (("exercise", 0, "steps", 1), 7),
        (("exercise", 0, "steps", 2), 9),
        (("exercise", 0, "dose", "sets"), 12),
        (("exercise", 0, "quoted key"), 13),
        (("exercise", 0, "measurement", "a", "b", 0, 1), 15),
        (("exercise", 0, "measurement", "a", "b", 1, 0), 16),
        (("exercise", 0, "assets", 1, "uri"), 20),
        (("exercise", 0, "missing"), 3),
        (("exercise", 1, "slug"), 23),
        (("exercise", 1, "when"), 25),
        (("exercise", 1, "measurement", "view"), 27),
        (("nothing",), 1),
    ],
)
def test_lines_of_a_difficult_document(path: KeyPath, line: int) -> None:
    tomllib.loads(DOCUMENT)
    assert map_lines(DOCUMENT).line_of(path) == line
    assert map_lines(DOCUMENT.replace("\n", "\r\n")).line_of(path) == line


_VALUES = st.sampled_from(
    ['"plain"', "'lit = [ # '", "7", "-1.5e3", "true", "2026-11-22", "{ a = 1, b = [2, 3] }",
     '"esc \\" ] \\\\"', "[]", "[ 1, [2, 3], ]"]
)  # fmt: skip
_GAPS = st.sampled_from(["", "# a comment = [ \" ' ]\n", "\n", "   \n\n"])


@given(st.lists(st.tuples(_GAPS, st.lists(st.tuples(_GAPS, _VALUES), max_size=4)), max_size=5))
def test_each_key_is_found_on_its_line(tables: list[tuple[str, list[tuple[str, str]]]]) -> None:
    text, expected = "", dict[KeyPath, int]()
    for number, (gap, rows) in enumerate(tables):
        text += gap
        expected["t", number] = text.count("\n") + 1
        text += "[[t]]\n"
        for key, (before, value) in enumerate(rows):
            text += before
            expected["t", number, f"k{key}"] = text.count("\n") + 1
            text += f"  k{key} = {value} # end\n"
    document: dict[str, Any] = tomllib.loads(text)
    assert len(document.get("t", [])) == len(tables)
    lines = map_lines(text)
    assert {path: lines.line_of(path) for path in expected} == expected


@given(st.text(alphabet="[]{}=\"'#,.\n ab1\\", max_size=60))
def test_a_scan_of_anything_ends(text: str) -> None:
    assert map_lines(text).line_of(("a",)) >= 1


@given(st.lists(st.integers(0, 9), min_size=1, max_size=6))
def test_blocks_are_documents_of_their_own(values: list[int]) -> None:
    text = 'schema = "x"\n' + "".join(f"[[t]]\nv = {v}\n[t.s]\nw = {v}\n" for v in values)
    blocks = split_blocks(text, "t")
    assert blocks is not None
    assert [tomllib.loads(block)["t"][0] for block in blocks] == tomllib.loads(text)["t"]


@pytest.mark.parametrize("text", ['[[t]]\na = """\n[[t]]\n"""\n', "[[u]]\na = 1\n[[t]]\nb = 2\n"])
def test_what_only_a_parser_reads_is_not_cut(text: str) -> None:
    assert split_blocks(text, "t") is None
