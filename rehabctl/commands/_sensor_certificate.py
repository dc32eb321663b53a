"""`rehabctl sensor certificate`: what a sensor left the bench with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from rehabctl.commands._options import Format, FormatOption, JsonFlag, OutputOption, QuietFlag
from rehabctl.commands._render import Output, emit_object, note, to_json_value
from rehabctl.domain.errors import ExitCode

app = typer.Typer(help="Show, verify and export calibration certificates.", no_args_is_help=True)

CertificateFile = Annotated[Path, typer.Argument(help="A certificate (.json).")]


@app.command(
    epilog="Examples: rehabctl sensor certificate show c.json | "
    "rehabctl sensor certificate show c.json --format json"
)
def show(
    file: CertificateFile,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Show what a certificate says, without judging it."""
    from rehabctl.services.sensor_certificates import read_certificate

    signed = read_certificate(file)
    view = {**signed.statement, "public_key": signed.public_key}
    emit_object(view, Output.of(format_, json_, output, quiet))


@app.command(
    epilog="Examples: rehabctl sensor certificate verify c.json | "
    "rehabctl sensor certificate verify c.json --public-key BASE64"
)
def verify(
    file: CertificateFile,
    public_key: Annotated[
        str | None, typer.Option(help="Trusted key in base64 (default: this bench's own).")
    ] = None,
    format_: FormatOption = None,
    json_: JsonFlag = False,
    output: OutputOption = None,
    quiet: QuietFlag = False,
) -> None:
    """Check signature, signer, result and expiry of a certificate. Exit code 3 on findings."""
    from rehabctl.services.sensor_certificates import own_public_key, read_certificate
    from rehabctl.services.sensor_certificates import verify as verify_signed
    from rehabctl.services.settings import load_settings

    settings = load_settings()
    signed = read_certificate(file)
    trusted = public_key or own_public_key(settings.paths)
    findings = to_json_value(verify_signed(signed, settings.now(), trusted))
    view = {
        "ok": not findings,
        "serial": signed.statement.get("serial"),
        "procedure": signed.statement.get("procedure"),
        "valid_until": signed.statement.get("valid_until"),
        "findings": findings,
    }
    emit_object(view, Output.of(format_, json_, output, quiet))
    if findings:
        raise typer.Exit(ExitCode.FINDINGS)


@app.command(
    epilog="Examples: rehabctl sensor certificate export c.json -o c.pdf | "
    "rehabctl sensor certificate export accelerometer.json --output label.pdf"
)
def export(
    file: CertificateFile,
    output: Annotated[Path, typer.Option("--output", "-o", help="The PDF file to write.")],
    quiet: QuietFlag = False,
) -> None:
    """Write a certificate as a PDF page to print; the signed JSON stays what is verified."""
    from rehabctl.services.sensor_certificate_pdf import certificate_pdf
    from rehabctl.services.sensor_certificates import read_certificate, write_whole

    write_whole(output, certificate_pdf(read_certificate(file)))
    note(f"{output.name} written", Output(Format.PLAIN, quiet=quiet))
