"""Connections of a clinic to the record systems of others."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class FhirAuth(StrEnum):
    """How we say to a FHIR server who we are."""

    SECRET = "client_secret"  # noqa: S105 - the name of a way
    """OAuth 2 client credentials."""
    SMART = "smart_backend"
    """SMART backend services: an assertion signed with a private key."""
    NONE = "none"
    """Not at all; on this machine's own loopback only."""


@dataclass(frozen=True, slots=True)
class FhirConnection:
    """One FHIR R4 server. Its secret or private key is never part of it."""

    name: str
    address: str
    """Base, such as `https://ehr.example/r4`."""
    mrn_system: str
    """System of the identifier under which that server keeps record numbers."""
    auth: FhirAuth
    token_url: str = ""
    client_id: str = ""
    scope: str = "system/*.read system/*.write"
    key_id: str = ""
    """Which of our public keys checks the assertion (`kid`)."""


@dataclass(frozen=True, slots=True)
class MllpConnection:
    """One receiver of HL7 v2 messages. Off this machine it is reached over TLS only."""

    name: str
    address: str
    """`HOST:PORT`."""
    receiver: str = ""
    """Receiving application (MSH-5)."""
    ca_file: str = ""
    """PEM file of who vouches for the receiver; empty: those whom the system trusts."""
    certificate: str = ""
    """PEM file by which we say who we are; empty: not asked for."""
    key: str = ""
    """Path of its private key."""


@dataclass(frozen=True, slots=True)
class RedoxConnection:
    """The clinic's account at Redox; its key and verification token are never part of it."""

    name: str
    client_id: str
    key_id: str
    """Which of our public keys checks the assertion (`kid`)."""
    destination: str
    """Our identifier as a destination; messages for others are refused."""
    receivers: tuple[str, ...]
    """Identifiers of those who get our results."""


class FolderKind(StrEnum):
    """What the files of a drop folder hold."""

    PATIENTS = "patients"
    SCHEDULE = "schedule"
    HL7 = "hl7"
    FHIR = "fhir"


@dataclass(frozen=True, slots=True)
class FolderConnection:
    """A folder of this machine into which another system puts files."""

    name: str
    path: str
    holds: FolderKind
    profile: str = ""
    """Columns of a known system; empty: ours, or those of `map`."""
    map: str = ""
    """Path of a mapping file."""
    quiet_s: int = 60
    """A file that changed less than this ago may still be written, and is left alone."""


Connection = FhirConnection | MllpConnection | RedoxConnection | FolderConnection
