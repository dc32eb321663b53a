"""Start-up, registry, errors and exit codes of the command line."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path

import pytest
import typer

from rehabctl import __version__
from rehabctl.cli import RootGroup, app, run
from rehabctl.domain.errors import ExitCode, NotFoundError, RehabctlError
from rehabctl.services import crash_log

HEAVY = (
    "mediapipe", "cv2", "numpy", "scipy", "sqlmodel", "pydantic", "sqlalchemy", "textual", "bleak",
    "httpx", "keyring", "matplotlib", "alembic",
)  # fmt: skip
CHEAP = [["--version"], ["--help"], ["doctor", "--help"], ["doctr"]]


@pytest.mark.parametrize("argv", CHEAP, ids=" ".join)
def test_cheap_commands_import_nothing_heavy(argv: list[str]) -> None:
    assert heavy_modules_after(argv) == ""


def test_a_store_is_made_without_loading_the_declared_tables() -> None:
    loaded = heavy_modules_after(["init", "--no-pose-model", "--quiet"]).split(",")
    assert "alembic" in loaded
    assert not {"sqlmodel", "pydantic"} & set(loaded)


def test_every_noun_shows_its_help_without_heavy_imports() -> None:
    code = (
        "import sys\nfrom rehabctl.cli import RootGroup, run\n"
        "import contextlib, io\n"
        "for noun in RootGroup.registry:\n"
        "    with contextlib.redirect_stdout(io.StringIO()):\n"
        "        assert run([noun, '--help']) == 0, noun\n"
        f"print(','.join(m for m in {HEAVY!r} if m in sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert (result.stdout.strip(), result.returncode) == ("", 0), result.stderr


def heavy_modules_after(argv: list[str]) -> str:
    code = (
        f"import sys; sys.argv = ['rehabctl', *{argv!r}]\n"
        "from rehabctl.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"sys.stderr.write('@' + ','.join(m for m in {HEAVY!r} if m in sys.modules))"
    )
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    return result.stderr.rpartition("@")[2]


@pytest.mark.parametrize(("name", "spec"), RootGroup.registry.items())
def test_registry_target_exists_and_its_help_agrees(name: str, spec) -> None:
    module, _, attribute = spec.target.partition(":")
    sub_app = getattr(importlib.import_module(module), attribute)
    assert isinstance(sub_app, typer.Typer)
    assert sub_app.info.help == spec.help


def every_command() -> list[tuple[str, object]]:
    group = typer.main.get_command(app)
    group.load_all()

    def walk(path: str, command) -> list[tuple[str, object]]:
        if hasattr(command, "commands"):
            return [leaf for n, c in command.commands.items() for leaf in walk(f"{path} {n}", c)]
        return [(path, command)]

    return walk("rehabctl", group)


@pytest.mark.parametrize(("path", "command"), every_command(), ids=lambda v: str(v))
def test_every_command_has_help_and_two_examples(path: str, command) -> None:
    assert command.help
    examples = (command.epilog or "").removeprefix("Examples: ").split(" | ")
    assert (command.epilog or "").startswith("Examples: ")
    assert len(examples) >= 2
    for example in examples:
        assert path.split()[1] in example


def test_typo_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["doctr"]) == ExitCode.USAGE
    assert capsys.readouterr().err == (
        "rehabctl: error: No such command 'doctr'. Did you mean 'doctor'? Try: rehabctl --help\n"
    )


def test_version_is_the_packages(rehabctl) -> None:
    result = rehabctl("--version")
    assert (result.stdout, result.stderr, result.returncode) == (f"rehabctl {__version__}\n", "", 0)


def test_usage_error_is_one_line_on_stderr(rehabctl) -> None:
    result = rehabctl("doctor", "--format", "xml")
    assert result.returncode == ExitCode.USAGE
    assert result.stdout == ""
    assert result.stderr.count("\n") == 1
    assert result.stderr.startswith("rehabctl: error: ")


def test_known_error_prints_what_and_the_next_step(monkeypatch, capsys) -> None:
    def fail(**_: object) -> None:
        raise NotFoundError("no patient with record number 'X1'", "See: rehabctl patient list")

    monkeypatch.setattr("rehabctl.cli.app", fail)
    assert run([]) == ExitCode.NOT_FOUND
    assert capsys.readouterr().err == (
        "rehabctl: error: no patient with record number 'X1'. See: rehabctl patient list.\n"
    )


def test_unknown_error_shows_neither_message_nor_locals(monkeypatch, capsys, isolated_home) -> None:
    def fail(**_: object) -> None:
        patient_name = "Jane Secretname"
        raise ValueError(f"cannot handle {patient_name}")

    monkeypatch.setattr("rehabctl.cli.app", fail)
    assert run([]) == ExitCode.FAILED
    shown = capsys.readouterr().err
    log = (isolated_home / "logs" / "rehabctl.log").read_text()
    assert "internal error" in shown
    assert "Secretname" not in shown + log
    assert "ValueError" in log
    assert (isolated_home / "logs" / "rehabctl.log").stat().st_mode & 0o077 == 0


def test_unwritable_log_does_not_hide_the_error(monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("REHABCTL_HOME", str(tmp_path / "file"))
    assert "could not be written" in crash_log.record_crash(ValueError("x"))


def test_interrupt_is_130(monkeypatch, capsys) -> None:
    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("rehabctl.cli.app", interrupted)
    assert run([]) == ExitCode.INTERRUPTED
    assert capsys.readouterr().err.count("\n") == 1


def test_closed_pipe_is_quiet() -> None:
    shell = f"{sys.executable} -m rehabctl --help | head -1"
    result = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert result.stderr == ""


def test_every_error_has_its_own_exit_code() -> None:
    own = [
        cls
        for cls in RehabctlError.__subclasses__()
        if cls.__module__.endswith("domain.errors") and "exit_code" in vars(cls)
    ]
    codes = [cls.exit_code for cls in own]
    assert len(set(codes)) == len(codes)
    assert RehabctlError.exit_code not in codes


@pytest.mark.parametrize(
    ("words", "number", "offered"),
    [("rehabctl pa", 1, {"panel", "patient", "payer"}), ("rehabctl patient show ", 3, set())],
)
def test_completion_offers_commands_and_never_patients(
    rehabctl, words: str, number: int, offered: set[str]
) -> None:
    created = rehabctl(
        "patient", "create", "--mrn", "1042", "--given-name", "Ada", "--family-name", "Example",
        "--birth-date", "1960-01-02", "--sex", "female", "--state", "OH",
    )  # fmt: skip
    assert created.returncode == 0, created.stderr
    result = rehabctl(_REHABCTL_COMPLETE="complete_bash", COMP_WORDS=words, COMP_CWORD=str(number))
    assert set(result.stdout.split()) == offered


def test_paragraphs_of_help_break_where_the_terminal_ends(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    run(["prom", "score", "--help"])
    shown = capsys.readouterr().out
    assert "form does not allow is a finding" in " ".join(shown.split())
    assert not [line for line in shown.splitlines() if line.strip() == "form does not allow"]
