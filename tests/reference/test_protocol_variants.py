"""Variants of packaged protocols, and protocols as they are pinned."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from rehabctl.domain.errors import RehabctlError
from rehabctl.reference.protocol_content import protocol_content, protocol_of_content
from rehabctl.reference.protocol_library import load_protocols, protocols_of
from rehabctl.services.library import open_library
from rehabctl.services.library_validation import validate
from rehabctl.services.settings import load_settings

HEAD = """schema = "rehabctl-protocol/1"
slug = "cuff-own"
name = "Cuff repair, own"
version = 1
as_of = 2026-01-01
variant_of = "rotator-cuff-repair"
"""


@pytest.mark.parametrize("slug", sorted(load_protocols().protocols))
def test_what_is_pinned_reads_back_the_same(slug: str) -> None:
    protocol = load_protocols().get(slug)
    assert protocol_of_content(json.loads(json.dumps(protocol_content(protocol)))) == protocol


@pytest.mark.parametrize("damage", [{"clock": "moon"}, {"phases": [{}]}, {"later": 1}])
def test_a_damaged_pin_is_said_plainly(damage: dict[str, object]) -> None:
    content = protocol_content(load_protocols().get("low-back-pain")) | damage
    with pytest.raises(RehabctlError, match="cannot be read"):
        protocol_of_content(content)


def test_a_variant_changes_what_it_names_and_keeps_the_rest() -> None:
    text = HEAD + 'parameters = { shift_weeks = 4 }\nsurgeon = "Dr Example"\n'
    base = load_protocols().get("rotator-cuff-repair")
    own = protocols_of([("own.toml", text)]).get("cuff-own")
    assert (own.shift_weeks, base.shift_weeks) == (4, 0)
    assert own.phases == base.phases
    key = base.phases[1].key
    text += f'[[phase]]\nkey = "{key}"\ngate = "week>=9"\n'
    own = protocols_of([("own.toml", text)]).get("cuff-own")
    assert own.phases[1] == replace(base.phases[1], gate="week>=9")
    assert own.phases[0] == base.phases[0]


@pytest.mark.parametrize(
    ("text", "line", "rule"),
    [
        (HEAD.replace("rotator-cuff-repair", "rotator-cuff"), 6, "link"),
        (HEAD.replace("cuff-own", "rotator-cuff-repair"), 2, "duplicate"),
        (HEAD + "parameters = { shift_weeks = 40 }\n", 7, "range"),
        (HEAD + 'parameters = { shift_weeks = "x" }\n', 7, "schema"),
        (HEAD + "parameters = { shift = 4 }\n", 7, "link"),
        (HEAD + '[[phase]]\nkey = "none"\n', 7, "link"),
        (HEAD + '[[phase]]\nkey = "4"\n[[phase]]\nkey = "KEY"\ngate = "pain(max,3)<=20"\n', 0, ""),
    ],
)
def test_findings_of_a_variant_stand_at_its_own_lines(
    tmp_path: Path, text: str, line: int, rule: str
) -> None:
    if not rule:  # the template's third phase stands second in this file
        phases = [phase.key for phase in load_protocols().get("rotator-cuff-repair").phases]
        text = HEAD + f'[[phase]]\nkey = "{phases[4]}"\n[[phase]]\nkey = "{phases[2]}"\n'
        text += 'gate = "pain(max,3)<=-1"\n'
        line, rule = 11, "gate-unmeetable"
    file = tmp_path / "own.toml"
    file.write_text(text, "utf-8")
    _, findings = validate([file], open_library(load_settings()))
    assert [(f.line, f.rule) for f in findings] == [(line, rule)]
