"""What is said about integrations names commands that exist."""

from __future__ import annotations

import json

from rehabctl.reference.integrations import load_integrations
from tests.conftest import InProcess


def test_every_integration_is_listed_with_its_state(in_process: InProcess) -> None:
    items = json.loads(in_process("integration", "list", "--json").stdout)["items"]
    assert [item["name"] for item in items] == [one.name for one in load_integrations()]
    assert {item["state"] for item in items} <= {"peer", "files", "documentation"}
    assert all(item["evidence"] for item in items)


def test_commands_that_are_named_exist(in_process: InProcess) -> None:
    named = {
        tuple(command.split()[1:3])
        for one in load_integrations()
        for command in one.command.split(", ")
    }
    for words in named:
        assert in_process(*words, "--help").returncode == 0, words
