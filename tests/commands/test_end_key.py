"""A key ends a recording on a real (pseudo-)terminal; however it ends, its mode is put back."""

from __future__ import annotations

import os
import signal
import termios
from collections.abc import Iterator

import pytest

from rehabctl.commands import _end_key
from rehabctl.commands._end_key import end_key


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, int]]:
    """Yield both ends of a terminal that stands for standard input."""
    keyboard, screen = os.openpty()
    with os.fdopen(screen, closefd=False) as stream:
        monkeypatch.setattr("sys.stdin", stream)
        # the controlling terminal of a test is another one, or none
        monkeypatch.setattr(_end_key, "_in_front", lambda fd: True)
        yield keyboard, screen
    os.close(keyboard)
    os.close(screen)


@pytest.mark.parametrize("key", [b"q", b"Q", b"\r", b"\n", b"xyq"])
def test_the_key_is_heard_at_once_and_the_mode_is_put_back(
    terminal: tuple[int, int], key: bytes
) -> None:
    keyboard, screen = terminal
    before = termios.tcgetattr(screen)
    with end_key() as found:
        assert found.listens
        lines = termios.tcgetattr(screen)[3]
        assert not lines & (termios.ICANON | termios.ECHO)
        assert lines & termios.ISIG  # ctrl+c is still an interrupt
        os.write(keyboard, key)
        assert found.pressed.wait(10)
    assert termios.tcgetattr(screen) == before


def test_other_keys_do_nothing(terminal: tuple[int, int]) -> None:
    keyboard, _ = terminal
    with end_key() as found:
        os.write(keyboard, b"x \x1b[A")
        assert not found.pressed.wait(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_puts_the_mode_back(terminal: tuple[int, int], number: signal.Signals) -> None:
    _, screen = terminal
    before, handler = termios.tcgetattr(screen), signal.getsignal(number)
    with pytest.raises(SystemExit) as ended, end_key():
        os.kill(os.getpid(), number)
    assert ended.value.code == 128 + number
    assert termios.tcgetattr(screen) == before
    assert signal.getsignal(number) is handler


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_error_puts_the_mode_back(terminal: tuple[int, int], error: type[BaseException]) -> None:
    _, screen = terminal
    before = termios.tcgetattr(screen)
    with pytest.raises(error), end_key():
        raise error
    assert termios.tcgetattr(screen) == before


def test_without_a_terminal_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    out, into = os.pipe()
    os.write(into, b"q\n")
    with os.fdopen(out, "rb", 0) as stream:
        monkeypatch.setattr("sys.stdin", stream)
        with end_key() as found:
            assert not found.listens
            assert not found.pressed.wait(0.05)
        assert stream.read(2) == b"q\n"
    os.close(into)


def test_in_the_background_nothing_is_touched(
    terminal: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    keyboard, screen = terminal
    monkeypatch.setattr(_end_key, "_in_front", lambda fd: False)
    before = termios.tcgetattr(screen)
    with end_key() as found:
        os.write(keyboard, b"q")
        assert termios.tcgetattr(screen) == before
        assert not found.listens
        assert not found.pressed.wait(0.05)
