"""`rehabctl report`: figures for owners, payers and therapists."""

from __future__ import annotations

import typer

from rehabctl.commands import _report_claims as claims

app = typer.Typer(help="Report claims and money.", no_args_is_help=True)


@app.callback()
def report() -> None:
    """Report claims and money."""


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
