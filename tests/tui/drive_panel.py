"""Start a real panel over the clinic in memory, for tests and benchmarks in a pseudo-terminal.

usage: python drive_panel.py [--rows N] [--endless] [--lock-now] [--crash KIND] [--report FILE]
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=40)
    parser.add_argument("--endless", action="store_true")
    parser.add_argument("--secret")
    parser.add_argument("--crash", help="a kind of tui.crashing")
    parser.add_argument("--report", type=Path, help="write what the port was asked, at the end")
    chosen = parser.parse_args()
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

    from rehabctl.tui.debug_variables import forget_debug_variables

    forget_debug_variables()
    if chosen.crash:
        from tui.crashing import run_crashing

        sys.exit(run_crashing(chosen.crash))

    from rehabctl.tui.app import PanelApp
    from rehabctl.tui.context import PanelContext
    from tui.clinic import ClinicData, EndlessData
    from tui.times import NOW, ZONE

    data = (
        EndlessData(chosen.rows)
        if chosen.endless
        else ClinicData(chosen.rows, secret=chosen.secret)
    )
    executable = (sys.executable, "-m", "rehabctl")
    context = PanelContext(data, lambda: NOW, ZONE, executable)
    app = PanelApp(context)
    app.run()
    if chosen.report:
        peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        said = {"calls": data.calls, "notes": data.notes, "peak_mib": peak_kib / 1024}
        chosen.report.write_text(json.dumps(said), encoding="utf-8")
    sys.exit(app.return_code or 0)


if __name__ == "__main__":
    main()
