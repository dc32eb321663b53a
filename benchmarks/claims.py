"""Writing claims and reading remittances beside pyx12 on the same files, in one run.

Run `python benchmarks/claims.py [--claims N]`. pyx12 reads the file of claims that we wrote and our
835 with its maps; it writes no claims, so that its pass over the same file is the measure of both.
Memory is the growth of the peak between N and 4 N claims; `claim units` is set against
`python -c pass`.
"""

from __future__ import annotations

import argparse
import io
import logging
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(PROJECT))

from fixtures.claims import clearinghouse  # noqa: E402
from rehabctl.billing.remittance import check_file  # noqa: E402
from rehabctl.billing.x12.claim_837p import write_claims  # noqa: E402
from rehabctl.domain.claim import Claim  # noqa: E402
from tests.billing.x12.claims import batch, random_claims  # noqa: E402

PEER_LIMIT = 10.0
START_LIMIT = 25.0
WRITE_AIM, READ_AIM = 5_000, 20_000
MEMORY_LIMIT_MB = 2.0
RUNS = 3


def main() -> int:
    """Print rates and ratios and return 1 when a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=1000)
    count = parser.parse_args().claims
    logging.disable(logging.CRITICAL)  # pyx12 tells of each segment that its maps do not know
    claims = list(random_claims(count, seed=1))
    text = "".join(write_claims(claims, batch()))
    sent = clearinghouse.received(text.encode()).claims
    paid = clearinghouse.payment_835([(one, "ICN", Decimal("0.5")) for one in sent], "TRACE")
    write_s = best(lambda: sum(map(len, write_claims(claims, batch()))))
    read_s = best(lambda: check_file(io.BytesIO(paid)))
    with tempfile.TemporaryDirectory() as folder:
        peer_claims_s = peer(Path(folder), text.encode())
        peer_paid_s = peer(Path(folder), paid)
    fine = [
        judged("write 837P", count / write_s, WRITE_AIM, peer_claims_s / write_s),
        judged("read and balance 835", count / read_s, READ_AIM, peer_paid_s / read_s),
    ]
    small, large = (memory_mb(claims * times) for times in (1, 4))
    flat = large - small <= MEMORY_LIMIT_MB
    print(f"{word(flat)} memory of writing: {small:.1f} MB, four times the claims {large:.1f} MB")
    bare_s = best(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))
    units = ["claim", "units", "--date", "2026-03-02", "--service", "97110=33"]
    command = [sys.executable, "-m", "rehabctl", *units]
    units_s = best(lambda: subprocess.run(command, check=True, capture_output=True))
    quick = units_s / bare_s <= START_LIMIT
    ratio = units_s / bare_s
    print(f"{word(quick)} claim units: {ratio:.1f}x python -c pass (limit {START_LIMIT:g}x)")
    return 0 if all((*fine, flat, quick)) else 1


def judged(what: str, rate: float, aim: int, ratio: float) -> bool:
    """Print one rate beside the peer's."""
    fine = ratio >= PEER_LIMIT
    print(
        f"{word(fine)} {what}: {rate:,.0f} claims/s (aim {aim:,}), {ratio:.1f}x pyx12 "
        f"(limit {PEER_LIMIT:g}x)"
    )
    return fine


def word(fine: bool) -> str:
    """Return how a line begins."""
    return "ok  " if fine else "FAIL"


def best(work: Callable[[], object]) -> float:
    """Return the seconds of the best of several runs."""
    found: list[float] = []
    for _ in range(RUNS):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return min(found)


def peer(folder: Path, data: bytes) -> float:
    """Return the seconds that pyx12 takes for a file."""
    import pyx12.params
    import pyx12.x12n_document

    path = folder / "file.x12"
    path.write_bytes(data)
    started = time.perf_counter()
    pyx12.x12n_document.x12n_document(
        pyx12.params.params(), str(path), io.StringIO(), None, None, io.StringIO()
    )
    return time.perf_counter() - started


def memory_mb(claims: list[Claim]) -> float:
    """Return the peak of memory while claims are written one by one."""
    tracemalloc.start()
    for _ in write_claims(claims, batch()):
        pass
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak / 1e6


if __name__ == "__main__":
    raise SystemExit(main())
