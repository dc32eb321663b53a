"""`rehabctl report`: figures for owners, payers and therapists."""

from __future__ import annotations

import typer

from rehabctl.commands import _report_claims as claims
from rehabctl.commands import _report_cohort as cohorts
from rehabctl.commands import _report_outcomes as outcomes
from rehabctl.commands import _report_roi as economics

app = typer.Typer(help="Report outcomes, progress, claims and return.", no_args_is_help=True)


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
app.command(
    epilog="Examples: rehabctl report ageing | rehabctl report ageing --on 2026-06-30 --format csv"
)(claims.ageing)
app.command(
    "first-pass",
    epilog="Examples: rehabctl report first-pass | rehabctl report first-pass --format csv",
)(claims.first_pass)
app.command(
    epilog="Examples: rehabctl report units --from 2026-03-01 --to 2026-03-31 | "
    "rehabctl report units --from 2026-01-01 --to 2026-12-31 --format json"
)(claims.units)
app.command(
    epilog="Examples: rehabctl report kx --year 2026 | "
    "rehabctl report kx --year 2026 --patient 1042 --format json"
)(claims.kx)
