"""Spoken cues: they come out of a program beside the samples and never keep them waiting."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from rehabctl.devices import voice as voices
from rehabctl.devices.voice import ProgramVoice, speech_program


def program(folder: Path, script: str, name: str = "espeak-ng") -> tuple[str, ...]:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return (str(path), "--stdin")


def test_the_newest_text_is_said_and_nobody_waits(tmp_path: Path) -> None:
    # the program ends only when the test writes into the pipe: were `say` to wait, it never would
    os.mkfifo(tmp_path / "go")
    said = tmp_path / "said"
    voice = ProgramVoice(
        program(tmp_path / "bin", f"cat >> {said}; echo >> {said}; cat {tmp_path / 'go'}")
    )
    voice.say("first")
    _until(said, "first")
    for text in ("stale", "stale too", "newest"):
        voice.say(text)
    (tmp_path / "go").write_text("on")
    _until(said, "newest")
    (tmp_path / "go").write_text("on")
    assert voice.close()
    assert said.read_text().split("\n") == ["first", "newest", ""]


def _until(file: Path, text: str) -> None:
    while not file.exists() or text not in file.read_text():
        time.sleep(0.01)


@pytest.mark.parametrize("script", ["exit 1", "kill -9 $$"])
def test_a_program_that_fails_is_told_at_the_end(script: str, tmp_path: Path) -> None:
    voice = ProgramVoice(program(tmp_path / "bin", script))
    voice.say("Bend 5 degrees further.")
    assert not voice.close()
    assert not _silent(("/nonexistent/program",))


def test_a_program_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voices, "_LONGEST_S", 0.2)
    assert not _silent(program(tmp_path / "bin", "exec sleep 600"))


def _silent(command: tuple[str, ...]) -> bool:
    voice = ProgramVoice(command)
    voice.say("Bend 5 degrees further.")
    return voice.close()


def test_which_program_speaks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert speech_program() is None
    program(tmp_path / "bin", "", "say")
    assert speech_program() == (str(tmp_path / "bin" / "say"), "-f", "-")
    program(tmp_path / "bin", "")
    assert speech_program() == (str(tmp_path / "bin" / "espeak-ng"), "--stdin")
