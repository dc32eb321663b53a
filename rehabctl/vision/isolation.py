"""What the child process does before it loads any native library: silence and no network."""

from __future__ import annotations

import os
import sys
from typing import BinaryIO

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_REFUSED_PROXY = "http://127.0.0.1:9"


def take_over_output() -> BinaryIO:
    """Keep standard output for messages alone and send everything else nowhere.

    The native libraries write log lines to file descriptor 2 that no setting stops.

    Returns
    -------
    BinaryIO
        The former standard output.
    """
    messages = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in (1, 2):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    return messages


def refuse_network() -> str:
    """Cut this process off the network; call it before any thread is started.

    Three layers: Python code gets an error from every socket call (an audit hook, which cannot be
    taken out again); on Linux the process moves into an empty network namespace where the system
    permits it, which holds for native code too; HTTP libraries are pointed to a proxy that refuses.

    Returns
    -------
    str
        `namespace` where native code is cut off as well, else `python`.
    """
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy"):
        os.environ[name] = _REFUSED_PROXY
    isolated = _enter_empty_network_namespace()
    sys.addaudithook(_refuse_sockets)
    return "namespace" if isolated else "python"


def _refuse_sockets(event: str, _arguments: tuple[object, ...]) -> None:
    if event.startswith("socket."):
        raise PermissionError("the pose process has no network")


def _enter_empty_network_namespace() -> bool:
    if sys.platform != "linux":
        return False
    import ctypes

    flags = _CLONE_NEWNET
    if os.geteuid() != 0:  # root keeps its own user namespace, and with it the files it may read
        flags |= _CLONE_NEWUSER
    try:
        return ctypes.CDLL(None).unshare(flags) == 0
    except (OSError, AttributeError):
        return False
