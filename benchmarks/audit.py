"""Verification of a long audit log beside a bare loop of HMACs over the same number of entries.

Run `python benchmarks/audit.py [--entries N]`. The log is written by the store itself into an
encrypted file in memory or the temporary folder.
"""

from __future__ import annotations

import argparse
import hmac
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from rehabctl.services.wiring import open_store  # noqa: E402
from tests.contract.conftest import make_settings  # noqa: E402

RATE_LIMIT = 100_000
RATIO_LIMIT = 12.0
TEXT = b"x" * 350


def main() -> int:
    """Print the rates and return 1 when a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=100_000)
    entries = parser.parse_args().entries
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with open_store(make_settings(home, home / "key")) as store:
            with store.transaction() as uow:
                started = time.perf_counter()
                for n in range(entries):
                    uow.audit.record("patient.read", "patient", uow.user.id, {"page": n})
                write_s = time.perf_counter() - started
            with store.snapshot() as uow:
                started = time.perf_counter()
                verdict = uow.audit.verify()
                verify_s = time.perf_counter() - started
    if not verdict.ok:
        print(f"FAIL the log does not verify: {verdict.reason}")
        return 1
    started = time.perf_counter()
    for _ in range(entries):
        hmac.digest(b"k" * 32, TEXT, "sha256")
    bare_s = time.perf_counter() - started
    rate = verdict.entries / verify_s
    ratio = verify_s / bare_s
    fine = rate >= RATE_LIMIT or ratio <= RATIO_LIMIT  # a slow machine is judged by the ratio
    print(f"append: {entries / write_s:,.0f} entries/s")
    print(
        f"{'ok  ' if fine else 'FAIL'} verify: {rate:,.0f} entries/s (limit {RATE_LIMIT:,}), "
        f"{ratio:.1f}x a bare HMAC (limit {RATIO_LIMIT:g}x)"
    )
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())
