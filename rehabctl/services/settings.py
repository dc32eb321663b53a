"""Where things live and what the environment says: read once per command, passed on as a value."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rehabctl.domain.errors import RehabctlError, UsageError


@dataclass(frozen=True)
class Paths:
    """Every place where rehabctl writes. All folders are made with mode 0700 when first used."""

    home: Path
    cache: Path
    """Shared between homes: downloaded models by sha256. Never patient data."""
    key_dir: Path
    """Holds the key file of a new database where no keyring can hold the key."""

    @property
    def config_file(self) -> Path:
        """The user's settings."""
        return self.home / "config.toml"

    @property
    def database(self) -> Path:
        """The encrypted local database."""
        return self.home / "rehabctl.db"

    @property
    def blobs(self) -> Path:
        """Encrypted recordings and keypoints."""
        return self.home / "blobs"

    @property
    def code_lists(self) -> Path:
        """Imported official code lists."""
        return self.home / "code-lists"

    @property
    def models(self) -> Path:
        """Pose models by sha256."""
        return self.home / "models"

    @property
    def log_file(self) -> Path:
        """Errors by id, without patient data."""
        return self.home / "logs" / "rehabctl.log"


@dataclass(frozen=True)
class MessagingSettings:
    """How messages leave this machine, from config.toml; secrets are never part of it."""

    sms_account: str = ""
    sms_from: str = ""
    smtp_host: str = ""
    smtp_port: str = "587"
    smtp_login: str = ""
    smtp_from: str = ""
    push_contact: str = ""
    """`mailto:` of who answers for push messages, told to browsers' makers (RFC 8292)."""
    message_sender: str = ""
    """How the clinic calls itself in a message, without naming a specialty."""
    message_phone: str = ""


@dataclass(frozen=True)
class VideoSettings:
    """The clinic's own video server, from config.toml; its secret is never part of it."""

    video_service: str = ""
    video_page: str = ""
    video_server: str = ""
    video_key: str = ""


@dataclass(frozen=True)
class Settings:
    """What one command runs with."""

    paths: Paths
    database_url: str | None = field(repr=False)
    """A remote store (PostgreSQL); None means the local encrypted file."""
    pose_model: Path | None
    key_file: Path | None
    key_command: str | None
    fixed_now: datetime | None
    """A fixed clock for tests (REHABCTL_NOW)."""
    approved_only: bool = False
    """Whether exercises are assigned only after a clinician approved them. Otherwise they are
    assigned with a visible mark (`unapproved_exercises = "refuse"` in config.toml)."""
    bluetooth: str | None = None
    """Another Bluetooth controller than the platform's, for tests (REHABCTL_BLUETOOTH)."""
    secret_command: str | None = None
    """Prints the secret of a connection to another system, whose name it is given."""

    messaging: MessagingSettings = MessagingSettings()
    video: VideoSettings = VideoSettings()

    def now(self) -> datetime:
        """Return the current time as aware UTC."""
        return self.fixed_now or datetime.now(UTC)


def load_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the environment and the configuration file.

    Parameters
    ----------
    environment
        Variables to read instead of the process's own (for tests).

    Raises
    ------
    UsageError
        REHABCTL_NOW is not an ISO time with a zone, or the configuration file is not TOML.
    """
    env = os.environ if environment is None else environment
    paths = find_paths(env)
    config = {k: v for k, v in read_config(paths.config_file).items() if isinstance(v, str)}

    def setting(variable: str, key: str) -> str | None:
        return env.get(variable) or config.get(key) or None

    model, key_file = setting("REHABCTL_POSE_MODEL", "pose_model"), env.get("REHABCTL_KEY_FILE")
    return Settings(
        paths=paths,
        database_url=setting("REHABCTL_DATABASE_URL", "database_url"),
        pose_model=Path(model) if model else None,
        key_file=Path(key_file) if key_file else None,
        key_command=setting("REHABCTL_KEY_COMMAND", "key_command"),
        secret_command=setting("REHABCTL_SECRET_COMMAND", "secret_command"),
        fixed_now=_fixed_now(env.get("REHABCTL_NOW")),
        approved_only=_approved_only(config.get("unapproved_exercises")),
        bluetooth=env.get("REHABCTL_BLUETOOTH") or None,
        video=VideoSettings(
            **{f.name: config[f.name] for f in fields(VideoSettings) if config.get(f.name)}
        ),
        messaging=MessagingSettings(
            **{f.name: config[f.name] for f in fields(MessagingSettings) if config.get(f.name)}
        ),
    )


def _approved_only(word: str | None) -> bool:
    if word not in (None, "assign", "refuse"):
        raise UsageError(
            f"unapproved_exercises is {word!r} in config.toml", 'Write "assign" or "refuse"'
        )
    return word == "refuse"


def find_paths(env: Mapping[str, str]) -> Paths:
    """Return where things live.

    Parameters
    ----------
    env
        Variables of the process.
    """
    import platformdirs

    cache = Path(platformdirs.user_cache_dir("rehabctl"))
    home = env.get("REHABCTL_HOME")
    if home:
        root = Path(home).expanduser().absolute()
        return Paths(home=root, cache=cache, key_dir=root / "key")
    data = Path(platformdirs.user_data_dir("rehabctl"))
    return Paths(home=data, cache=cache, key_dir=Path(platformdirs.user_config_dir("rehabctl")))


def read_config(path: Path) -> dict[str, Any]:
    """Return what the configuration file says; nothing without one.

    Parameters
    ----------
    path
        Of the file.

    Raises
    ------
    RehabctlError
        The file cannot be read.
    UsageError
        It is not TOML.
    """
    import tomllib

    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise RehabctlError(
            f"cannot read {path}: {error.strerror}", "Check REHABCTL_HOME and its rights"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise UsageError(f"{path} is not TOML", "Correct or remove the file") from None


def _fixed_now(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UsageError(
            "REHABCTL_NOW is not a time with a zone", "Use a form like 2026-03-01T09:00:00Z"
        )
    return moment.astimezone(UTC)
