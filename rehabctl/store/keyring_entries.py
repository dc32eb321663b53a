"""Keys in the operating system's keyring: allow-listed backends only, skipped where none can be."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from rehabctl.domain.errors import NotPermittedError

_SERVICE = "rehabctl"
_ALLOWED = frozenset(
    {
        "keyring.backends.macOS.Keyring",
        "keyring.backends.Windows.WinVaultKeyring",
        "keyring.backends.SecretService.Keyring",
        "keyring.backends.kwallet.DBusKeyring",
        "keyring.backends.kwallet.DBusKeyringKWallet4",
        "keyring.backends.libsecret.Keyring",
    }
)
"""Backends that encrypt. `keyrings.alt`, where installed, would silently write plain text."""
_CHAINER = "keyring.backends.chainer.ChainerBackend"
_NOTHING = frozenset({"keyring.backends.fail.Keyring", "keyring.backends.null.Keyring"})


def read(entry: str) -> str | None:
    """Return the secret of one entry; None when there is no keyring or no such entry.

    Raises
    ------
    NotPermittedError
        The keyring in use may keep secrets in plain text, or it refuses.
    """
    backend = _backend()
    if backend is None:
        return None
    return _call(backend.get_password, _SERVICE, entry)


def write(entry: str, secret: str) -> bool:
    """Store a secret; return False when there is no keyring."""
    backend = _backend()
    if backend is None:
        return False
    _call(backend.set_password, _SERVICE, entry, secret)
    return True


def usable_backend() -> str | None:
    """Return the name of the keyring that would be used; None when there is none.

    Raises
    ------
    NotPermittedError
        The keyring in use may keep secrets in plain text.
    """
    backend = _backend()
    return None if backend is None else _name(backend)


def _call(operation: Any, *arguments: str) -> Any:
    from keyring.errors import KeyringError

    try:
        return operation(*arguments)
    except KeyringError as error:
        raise NotPermittedError(
            f"the keyring refused ({type(error).__name__})",
            "Unlock it, or set REHABCTL_KEY_FILE or key_command",
        ) from None


def _backend() -> Any | None:
    """Return the keyring to use. Where no session bus exists, keyring is not even imported."""
    if not _may_exist():
        return None
    import keyring

    backend = keyring.get_keyring()
    names = [_name(backend)]
    if names == [_CHAINER]:
        names = [_name(member) for member in getattr(backend, "backends", ())]
    names = [name for name in names if name not in _NOTHING]
    if not names:
        return None
    refused = [name for name in names if name not in _ALLOWED]
    if refused:
        raise NotPermittedError(
            f"the keyring backend {refused[0]} is refused: it is not known to encrypt",
            "Remove it, or set REHABCTL_KEY_FILE or key_command",
        )
    return backend


def _name(backend: Any) -> str:
    return f"{type(backend).__module__}.{type(backend).__qualname__}"


def _may_exist() -> bool:
    """Return whether asking for a keyring can succeed at all (looking would cost 70 ms)."""
    if sys.platform in ("darwin", "win32"):
        return True
    if os.environ.get("PYTHON_KEYRING_BACKEND") or os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return True
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    return bool(runtime) and Path(runtime, "bus").exists()
