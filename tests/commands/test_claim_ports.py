"""`rehabctl claim submit --via` and `claim fetch` as a script sees them, over a real server."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from fixtures.claims.sftp_server import LOGIN, PASSWORD, running
from tests.conftest import InProcess

PORT = """\
schema = "rehabctl-billing/1"
[[port]]
name = "house"
kind = "sftp"
address = "127.0.0.1"
number = {number}
login = "{login}"
host_key = "{host_key}"
send_folder = "/to"
receive_folder = "/from"
"""


def test_a_connection_is_imported_used_and_never_shows_its_secret(
    in_process: InProcess, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text(PASSWORD)
    path = tmp_path / "port.toml"
    command = f"{sys.executable} -c \"print(open('{secret}').read())\""
    with running(tmp_path / "server") as server:
        values = {"number": server.port, "login": LOGIN, "host_key": server.host_key}
        path.write_text(PORT.format(**values))
        assert in_process("payer", "import", str(path)).returncode == 0
        unsigned = in_process("claim", "fetch", "--via", "house", REHABCTL_SECRET_COMMAND=command)
        assert (unsigned.returncode, unsigned.stdout) == (5, "")
        assert "claims-sftp is not enabled" in unsigned.stderr
        paper = ("--signed", "2026-01-15", "--expires", "2030-01-14", "--file", str(path))
        assert in_process("integration", "agreement", "clearinghouse", *paper).returncode == 0
        assert in_process("integration", "enable", "claims-sftp").returncode == 0
        missing = in_process("claim", "fetch", "--via", "house")
        assert (missing.returncode, missing.stdout) == (5, "")
        assert "the secret of house is missing" in missing.stderr
        (server.folder / "from" / "strange.txt").write_bytes(b"not X12")
        done = in_process(
            "claim", "fetch", "--via", "house", "--json", REHABCTL_SECRET_COMMAND=command
        )
        assert done.returncode == 3
        assert json.loads(done.stdout)["items"] == [
            {"name": "strange.txt", "kind": "unknown", "state": "quarantined", "claims": []}
        ]
        secret.write_text("wrong")
        refused = in_process("claim", "fetch", "--via", "house", REHABCTL_SECRET_COMMAND=command)
        assert (refused.returncode, refused.stdout) == (5, "")
        assert "refused login or secret" in refused.stderr
        nothing = in_process(
            "claim", "submit", "--via", "house", "--dry-run", REHABCTL_SECRET_COMMAND=command
        )
        assert (nothing.returncode, nothing.stdout) == (0, "")
    away = in_process("claim", "fetch", "--via", "house", REHABCTL_SECRET_COMMAND=command)
    assert away.returncode == 6
    for one in (missing, done, refused, nothing, away):
        assert PASSWORD not in one.stdout + one.stderr
    failing = in_process("claim", "fetch", "--via", "house", REHABCTL_SECRET_COMMAND="false")
    assert failing.returncode == 5
    unknown = in_process("claim", "submit", "--via", "hous")
    assert unknown.returncode == 4
    assert "Did you mean 'house'" in unknown.stderr
    assert in_process("claim", "submit").returncode == 2
    no_keyring = in_process("claim", "secret", "house", stdin="x")
    assert no_keyring.returncode == 5
    path.write_text('schema = "rehabctl-billing/1"\n[[port]]\nname = "house"\nkind = "pigeon"\n')
    assert in_process("payer", "import", str(path)).returncode == 0
    done = in_process("claim", "fetch", "--via", "house", REHABCTL_SECRET_COMMAND="echo")
    assert done.returncode == 2
    assert "unknown kind 'pigeon'" in done.stderr
