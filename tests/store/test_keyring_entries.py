"""The keyring: real backends by name only, and no waiting where there is none."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import keyring.backend
import keyring.backends.chainer
import keyring.backends.fail
import pytest
from keyring.errors import KeyringLocked

from rehabctl.domain.errors import NotPermittedError
from rehabctl.store import keyring_entries


class Memory(keyring.backend.KeyringBackend):
    """A backend that the test names as it likes."""

    priority = 1  # pyright: ignore[reportAssignmentType]

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.kept[service, username] = password


def named(module: str, name: str) -> type[Memory]:
    return type(name, (Memory,), {"__module__": module})


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "x")

    def install(backend: object) -> None:
        monkeypatch.setattr(keyring, "get_keyring", lambda: backend)

    return install


def test_an_encrypting_backend_keeps_and_returns(use) -> None:
    use(named("keyring.backends.SecretService", "Keyring")())
    assert keyring_entries.read("a") is None
    assert keyring_entries.write("a", "secret")
    assert keyring_entries.read("a") == "secret"


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("keyrings.alt.file", "PlaintextKeyring"),
        ("keyrings.alt.file", "EncryptedKeyring"),
        ("keyring.backends.unknown", "Keyring"),
    ],
)
def test_a_backend_that_may_write_plain_text_is_refused(use, module: str, name: str) -> None:
    use(named(module, name)())
    for call in (lambda: keyring_entries.read("a"), lambda: keyring_entries.write("a", "b")):
        with pytest.raises(NotPermittedError, match=f"{module}.{name} is refused"):
            call()


def test_a_chain_is_as_good_as_its_worst_member(use, monkeypatch: pytest.MonkeyPatch) -> None:
    good = named("keyring.backends.SecretService", "Keyring")()
    bad = named("keyrings.alt.file", "PlaintextKeyring")()
    chain = keyring.backends.chainer.ChainerBackend()
    members: list[object] = [good]
    monkeypatch.setattr(type(chain), "backends", property(lambda _self: members))
    monkeypatch.setattr(type(chain), "get_password", lambda _s, a, b: good.get_password(a, b))
    use(chain)
    assert keyring_entries.read("a") is None
    members.append(bad)
    with pytest.raises(NotPermittedError, match="PlaintextKeyring is refused"):
        keyring_entries.read("a")


def test_the_failing_backend_means_no_keyring(use) -> None:
    use(keyring.backends.fail.Keyring())
    assert keyring_entries.read("a") is None
    assert not keyring_entries.write("a", "b")


def test_a_locked_keyring_is_an_error_with_a_way_out(use) -> None:
    backend = named("keyring.backends.SecretService", "Keyring")()

    def locked(*_: object) -> str:
        raise KeyringLocked("hidden detail")

    backend.get_password = locked  # type: ignore[method-assign]
    use(backend)
    with pytest.raises(NotPermittedError, match=r"KeyringLocked.*REHABCTL_KEY_FILE") as caught:
        keyring_entries.read("a")
    assert "hidden detail" not in str(caught.value)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a keyring")
def test_without_a_session_bus_keyring_is_not_even_imported(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom rehabctl.store import keyring_entries\n"
        "assert keyring_entries.read('a') is None\n"
        "assert not keyring_entries.write('a', 'b')\n"
        "assert 'keyring' not in sys.modules"
    )
    environment = {"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path)}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)
