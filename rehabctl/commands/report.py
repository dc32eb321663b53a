"""`rehabctl report`: figures for owners, payers and therapists."""

from __future__ import annotations

import typer

from rehabctl.commands import _report_cohort as cohorts
from rehabctl.commands import _report_outcomes as outcomes
from rehabctl.commands import _report_roi as economics

app = typer.Typer(help="Report outcomes, progress and return.", no_args_is_help=True)


@app.callback()
def report() -> None:
    """Report outcomes, progress and return."""


app.command(
    epilog="Examples: rehabctl report trajectory --patient 1042 --plot knee.svg | "
    "rehabctl report trajectory --patient 1042 --curve tkr-knee-flexion --day 84 --json"
)(outcomes.trajectory)
app.command(
    epilog="Examples: rehabctl report cohort --year 2026 --instrument koos-jr | "
    "rehabctl report cohort --payer ACME --by age --as pdf -o outcomes.pdf"
)(cohorts.cohort)
app.command(
    epilog="Examples: rehabctl report goals --patient 1042 | "
    "rehabctl report goals --patient 1042 --format csv"
)(outcomes.goals)
app.command(
    epilog="Examples: rehabctl report roi | rehabctl report roi --set visits_per_month=650 "
    "--set reimbursement_per_visit_usd=85:95:105 --show sensitivity"
)(economics.roi)
