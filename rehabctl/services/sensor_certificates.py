"""Calibration certificates: signed JSON (Ed25519), written, read and verified.

The signature covers the canonical JSON of the statement (sorted keys, no spaces). A certificate
carries its public key, which alone proves nothing: `verify` compares it with the bench's own key or
with one that the caller names.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from rehabctl.domain.errors import FindingsError, NotFoundError, RehabctlError
from rehabctl.domain.sensor import CalibrationCertificate, Procedure, SensorFinding
from rehabctl.reference.sensor_limits import load_sensor_limits
from rehabctl.services.settings import Paths, Settings

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from rehabctl.analysis.joint_angle import HingeAxis

SCHEMA = "rehabctl-calibration-certificate/1"
_KEY_FILE = "sensor-signing-key"
_MOST_BYTES = 2**20


@dataclass(frozen=True)
class SignedCertificate:
    """A certificate as it was read; its signature may be wrong."""

    statement: dict[str, Any]
    public_key: str
    """Base64."""
    signature: str


def write_certificate(certificate: CalibrationCertificate, path: Path | None, paths: Paths) -> Path:
    """Sign a certificate and write it.

    Parameters
    ----------
    certificate
        The statement.
    path
        Target; None for `certificates/` in the home.
    paths
        Where the signing key lies; it is made when first used.
    """
    key = _bench_key(paths)
    statement = statement_of(certificate)
    document = {
        **statement,
        "public_key": _public(key),
        "signature": base64.b64encode(key.sign(canonical(statement))).decode(),
    }
    target = path or paths.home / "certificates" / _file_name(certificate)
    text = json.dumps(document, indent=1, sort_keys=True, ensure_ascii=True) + "\n"
    write_whole(target, text.encode())
    return target


def write_whole(target: Path, data: bytes) -> None:
    """Write a file whole or not at all.

    Parameters
    ----------
    target
        Its folder is made.
    data
        Its content.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = target.with_name(target.name + ".part")
        part.write_bytes(data)
        part.replace(target)
    except OSError as error:
        what = f"cannot write {target.name}: {error.strerror}"
        raise RehabctlError(what, "Choose another path") from None


def statement_of(certificate: CalibrationCertificate) -> dict[str, Any]:
    """Return what is signed.

    Parameters
    ----------
    certificate
        The statement.
    """
    sensor = certificate.sensor
    return {
        "schema": SCHEMA,
        "procedure": certificate.procedure.value,
        "serial": sensor.serial,
        "model": sensor.model,
        "firmware": sensor.firmware,
        "passed": certificate.passed,
        "limits": dict(certificate.limits),
        "results": dict(certificate.results),
        "uncertainty": dict(certificate.uncertainty),
        "findings": [{"code": f.code, "text": f.text} for f in certificate.findings],
        "operator": certificate.operator,
        "temperature_c": certificate.temperature_c,
        "software": certificate.software,
        "input_sha256": list(certificate.input_sha256),
        "issued_at": _iso(certificate.issued_at),
        "valid_until": _iso(certificate.valid_until),
    }


def canonical(statement: dict[str, Any]) -> bytes:
    """Return the bytes that are signed.

    Parameters
    ----------
    statement
        Without key and signature.
    """
    text = json.dumps(
        statement, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False
    )
    return text.encode()


def read_certificate(path: Path) -> SignedCertificate:
    """Read a certificate without judging it.

    Parameters
    ----------
    path
        The JSON file.
    """
    try:
        data = path.read_bytes()[: _MOST_BYTES + 1]
    except FileNotFoundError:
        raise NotFoundError(f"no certificate {path.name}", "Check the path") from None
    except OSError as error:
        raise RehabctlError(f"cannot read {path.name}: {error.strerror}", "Check it") from None
    try:
        loaded: object = json.loads(data)
    except (ValueError, RecursionError):
        loaded = None
    document = cast("dict[str, Any]", loaded) if isinstance(loaded, dict) else {}
    public_key, signature = document.pop("public_key", None), document.pop("signature", None)
    if document.get("schema") != SCHEMA or not (
        isinstance(public_key, str) and isinstance(signature, str)
    ):
        raise RehabctlError(
            f"{path.name} is not a calibration certificate", "Name the file that calibrate wrote"
        )
    return SignedCertificate(document, public_key, signature)


def verify(
    signed: SignedCertificate, now: datetime, trusted_key: str | None
) -> tuple[SensorFinding, ...]:
    """Return what speaks against a certificate, empty when nothing does.

    Parameters
    ----------
    signed
        As it was read.
    now
        For its expiry.
    trusted_key
        Base64 of the public key that is trusted; None when there is none.
    """
    findings: list[SensorFinding] = []

    def find(code: str, text: str) -> None:
        findings.append(SensorFinding(code, text))

    if not _signature_fits(signed):
        find("signature", "the signature does not fit; the certificate was changed")
    if trusted_key is None:
        find("untrusted_key", "no signing key of this bench; name one with --public-key")
    elif trusted_key != signed.public_key:
        find("untrusted_key", "signed with a key that is not trusted here")
    statement = signed.statement
    if statement.get("passed") is not True:
        find("failed", "the calibration did not pass")
    begin, end = _time(statement.get("issued_at")), _time(statement.get("valid_until"))
    if begin is None or end is None:
        find("expired", "the certificate has no dates")
    elif now >= end:
        find("expired", f"valid until {end.date().isoformat()}")
    elif now < begin:
        find("not_yet_valid", f"issued at {begin.date().isoformat()}, after the clock's time")
    return tuple(findings)


@dataclass(frozen=True, slots=True)
class CertificateState:
    """The newest certificate of one sensor for one procedure, as far as there is one."""

    procedure: Procedure
    file: Path | None
    valid_until: datetime | None
    findings: tuple[SensorFinding, ...]
    """What speaks against it; empty for a valid one."""


@dataclass(frozen=True)
class CertificateBook:
    """The newest certificates of the home, by serial number and procedure."""

    now: datetime
    needed: tuple[Procedure, ...]
    """Without which no patient is recorded."""
    newest: Mapping[tuple[str, str], tuple[Path, SignedCertificate]]
    trusted_key: str | None

    def states(self, serial: str) -> tuple[CertificateState, ...]:
        """Return the state of every needed certificate of a sensor.

        Parameters
        ----------
        serial
            Of the sensor.
        """
        return tuple(self._state(serial, procedure) for procedure in self.needed)

    def age_days(self, serial: str) -> int | None:
        """Return the age of the oldest needed certificate of a sensor; None where one is not valid.

        Parameters
        ----------
        serial
            Of the sensor.
        """
        if any(state.findings for state in self.states(serial)):
            return None
        issued = [
            _time(self.newest[serial, procedure.value][1].statement.get("issued_at"))
            for procedure in self.needed
        ]
        return max((self.now - moment).days for moment in issued if moment is not None)

    def _state(self, serial: str, procedure: Procedure) -> CertificateState:
        found = self.newest.get((serial, procedure.value))
        if found is None:
            missing = SensorFinding("certificate_missing", "is missing")
            return CertificateState(procedure, None, None, (missing,))
        path, signed = found
        findings = verify(signed, self.now, self.trusted_key)
        return CertificateState(
            procedure, path, _time(signed.statement.get("valid_until")), findings
        )


def certificate_book(settings: Settings) -> CertificateBook:
    """Read every certificate of the home; what is none is left out.

    Parameters
    ----------
    settings
        Home, key folder and clock.
    """
    now = settings.now()
    needed = load_sensor_limits(now.date()).of("clinical")
    newest: dict[tuple[str, str], tuple[Path, SignedCertificate]] = {}
    for path in sorted((settings.paths.home / "certificates").glob("*.json")):
        try:
            signed = read_certificate(path)
        except RehabctlError:
            continue
        key = (str(signed.statement.get("serial")), str(signed.statement.get("procedure")))
        if key not in newest or _issued(newest[key][1]) <= _issued(signed):
            newest[key] = (path, signed)
    return CertificateBook(
        now, tuple(Procedure(name) for name in needed), newest, own_public_key(settings.paths)
    )


def hinge_axis_of(path: Path) -> HingeAxis:
    """Return the axis that a functional calibration with two sensors found.

    Parameters
    ----------
    path
        Its certificate.
    """
    from rehabctl.analysis.joint_angle import HingeAxis

    statement = read_certificate(path).statement
    if statement.get("passed") is not True:
        raise FindingsError(f"the calibration in {path.name} did not pass", "Calibrate again")
    results = cast("Any", statement.get("results"))
    ends = ("proximal", "distal")
    try:
        proximal, distal = ([float(v) for v in results[f"axis_{end}"]] for end in ends)
        ratio = float(results["sign_ratio"])
    except (TypeError, KeyError, ValueError):
        raise RehabctlError(
            f"{path.name} holds no axis of a joint",
            "Name the certificate of a functional calibration with two sensors",
        ) from None
    if len(proximal) != 3 or len(distal) != 3:
        raise RehabctlError(f"{path.name} holds a damaged axis", "Calibrate again")
    return HingeAxis(
        (proximal[0], proximal[1], proximal[2]), (distal[0], distal[1], distal[2]), ratio
    )


def _issued(signed: SignedCertificate) -> str:
    return str(signed.statement.get("issued_at"))


def own_public_key(paths: Paths) -> str | None:
    """Return the public key of this bench in base64, or None where it never signed.

    Parameters
    ----------
    paths
        Where the signing key lies.
    """
    return _public(_bench_key(paths)) if (paths.key_dir / _KEY_FILE).is_file() else None


def _signature_fits(signed: SignedCertificate) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(signed.public_key, validate=True))
        signature = base64.b64decode(signed.signature, validate=True)
        key.verify(signature, canonical(signed.statement))
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def _bench_key(paths: Paths) -> Ed25519PrivateKey:
    """Return the signing key of this bench; a new one is readable by its owner only."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    file = paths.key_dir / _KEY_FILE
    try:
        if not file.exists():
            paths.key_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
            raw = Ed25519PrivateKey.generate().private_bytes_raw()
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w", encoding="ascii") as stream:
                stream.write(raw.hex() + "\n")
        return Ed25519PrivateKey.from_private_bytes(bytes.fromhex(file.read_text("ascii").strip()))
    except OSError as error:
        what = f"cannot use the signing key: {error.strerror}"
        raise RehabctlError(what, "Check the permissions of the key folder") from None
    except ValueError:
        raise RehabctlError(
            "the signing key is damaged", "Restore sensor-signing-key from its copy, or remove it"
        ) from None


def _public(key: Ed25519PrivateKey) -> str:
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()


def _file_name(certificate: CalibrationCertificate) -> str:
    serial = re.sub(r"[^A-Za-z0-9-]+", "-", certificate.sensor.serial) or "unknown"
    moment = certificate.issued_at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"{serial}-{certificate.procedure.value}-{moment}.json"


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _time(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo is not None else None
