"""Whether the rules put the right patients on top in time, on simulated patients with known truth.

Run `python benchmarks/simulated_clinic.py [--patients N] [--days D] [--seeds 11 12 ...]`. A setback
is found when its patient stands among the first ten of the worklist within a day of the moment at
which anything of it was recorded. An alert of medium or higher severity that no setback explains is
false. The limits are those of the reference: at least 95 % found, at most 1 false alert per patient
and 30 days. Seeds 11 to 15 were not looked at while the rules were settled.
"""

from __future__ import annotations

import argparse
from datetime import date

from rehabctl.clinic.simulated_clinic import run_clinic
from rehabctl.clinic.simulation import simulate
from rehabctl.reference.rules import load_rules

START = date(2026, 1, 5)


def main() -> None:
    """Print one line a seed, and one for all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--patients", type=int, default=500)
    parser.add_argument("--days", type=int, default=90)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11])
    options = parser.parse_args()
    rules = load_rules()
    found = judged = 0
    worst = 0.0
    for seed in options.seeds:
        made = simulate(
            options.patients, seed=seed, start=START, days=options.days, setback_share=0.2
        )
        report = run_clinic(made, rules, start=START, days=options.days)
        within = sum(setback.within_a_day for setback in report.setbacks)
        found, judged = found + within, judged + len(report.setbacks)
        false = report.false_alerts_per_patient_month
        worst = max(worst, false)
        print(
            f"seed {seed}: {within} of {len(report.setbacks)} setbacks in the first ten within a "
            f"day ({100 * report.found_share:.1f} %, limit 95), {false:.2f} false alerts per "
            f"patient-month (limit 1)",
            flush=True,
        )
    print(f"all: {100 * found / max(1, judged):.1f} % of {judged} found, at most {worst:.2f} false")


if __name__ == "__main__":
    main()
