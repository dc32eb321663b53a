"""Where programs of others are chosen: clearinghouses, record systems, carriers, video."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from rehabctl.services.access import Action, require
from rehabctl.services.settings import Settings

if TYPE_CHECKING:
    from rehabctl.domain.claim_port import ClaimPort
    from rehabctl.domain.connection import MllpConnection, RedoxConnection
    from rehabctl.domain.message import DeliveryChannel
    from rehabctl.domain.message_port import MessagePort, ReplySource
    from rehabctl.domain.video import VideoPort
    from rehabctl.integrations.claim_folder import ClaimFolder
    from rehabctl.integrations.fhir.client import FhirClient
    from rehabctl.integrations.messaging.web_push import PushKey
    from rehabctl.integrations.redox.outbound import RedoxClient
    from rehabctl.integrations.wearables.google_health import GoogleHealth
    from rehabctl.store.store import Store


def claim_folder(folder: Path) -> ClaimFolder:
    """Return the drop folder of a clearinghouse.

    Parameters
    ----------
    folder
        From which its own program takes files.
    """
    from rehabctl.integrations.claim_folder import ClaimFolder

    return ClaimFolder(folder)


def claim_port(store: Store, settings: Settings, name: str) -> ClaimPort:
    """Return a connection of the clinic to a clearinghouse.

    Parameters
    ----------
    store
        The open store.
    settings
        What this command runs with; they say where secrets come from.
    name
        Of the connection.

    Raises
    ------
    NotFoundError
        It was not imported.
    NotPermittedError
        Its secret is missing, or no agreement with the clearinghouse holds.
    UsageError
        No adapter is called like its kind.
    """
    from rehabctl.domain.claim_port import SFTP_KINDS, PortKind
    from rehabctl.integrations.clearinghouse.registry import make_port
    from rehabctl.services.billing_settings import port_named
    from rehabctl.services.integrations import require_enabled
    from rehabctl.store import credentials

    with store.transaction() as uow:
        require(uow, Action.MANAGE_CLAIMS)
        at = port_named(uow, name)
        own = at.kind in set(PortKind) - SFTP_KINDS
        require_enabled(uow, f"claims-{at.kind}" if own else "claims-sftp")
    secret = credentials.find(name, store.database_id, settings.secret_command)
    return make_port(at, secret, settings.now())


def fhir_client(store: Store, settings: Settings, name: str) -> FhirClient:
    """Return a connection of the clinic to a FHIR server.

    Parameters
    ----------
    store
        The open store.
    settings
        What this command runs with; they say where secrets come from.
    name
        Of the connection.

    Raises
    ------
    NotFoundError
        It was not imported.
    NotPermittedError
        Its secret is missing.
    """
    from rehabctl.domain.connection import FhirAuth, FhirConnection
    from rehabctl.integrations.fhir.client import FhirClient
    from rehabctl.services.connections import connection_named
    from rehabctl.store import credentials

    with store.transaction() as uow:
        at = connection_named(uow, name, FhirConnection)
    if at.auth is FhirAuth.NONE:
        return FhirClient(at, "", settings.now)
    hint = f"Store it: rehabctl integration secret {name}, or set secret_command"
    secret = credentials.find(name, store.database_id, settings.secret_command, hint)
    return FhirClient(at, secret, settings.now)


def google_health(store: Store, settings: Settings, mrn: str) -> GoogleHealth:
    """Return one patient's data at the Google Health API.

    Parameters
    ----------
    store
        The open store.
    settings
        What this command runs with; they say where secrets come from.
    mrn
        Record number; her sign-in lies under her identifier.

    Raises
    ------
    NotPermittedError
        Her sign-in is missing, or no agreement with the vendor holds.
    """
    from rehabctl.integrations.wearables.google_health import HINT, GoogleHealth, GoogleTokens
    from rehabctl.services.integrations import require_enabled
    from rehabctl.store import credentials

    with store.transaction() as uow:
        require(uow, Action.WRITE_CLINICAL)
        require_enabled(uow, "google-health")
        name = f"google-health {uow.patients.get(mrn).id}"
    secret = credentials.find(name, store.database_id, settings.secret_command, HINT)
    tokens = GoogleTokens(secret)
    return GoogleHealth(tokens.headers, tokens.renew)


def message_ports(
    store: Store, settings: Settings, only: DeliveryChannel | None = None
) -> dict[DeliveryChannel, MessagePort]:
    """Return the carriers that config.toml names, by channel.

    Parameters
    ----------
    store
        The open store.
    settings
        What this command runs with.
    only
        The one that is wanted; default all.

    Raises
    ------
    UsageError
        None, or not the one that is wanted, is configured whole.
    NotPermittedError
        A secret is missing.
    """
    from rehabctl.domain.errors import UsageError
    from rehabctl.domain.message import DeliveryChannel
    from rehabctl.integrations.messaging.mail import MailServer, SmtpMail
    from rehabctl.integrations.messaging.twilio import TwilioMessages
    from rehabctl.integrations.messaging.web_push import WebPush
    from rehabctl.reference.message_templates import load_delivery_rules
    from rehabctl.store import credentials

    def secret(name: str) -> str:
        return credentials.find(name, store.database_id, settings.secret_command)

    at = settings.messaging
    found: dict[DeliveryChannel, MessagePort] = {}
    if at.sms_account and at.sms_from and only in (None, DeliveryChannel.SMS):
        found[DeliveryChannel.SMS] = TwilioMessages(
            at.sms_account, secret("sms-twilio"), at.sms_from
        )
    if at.smtp_host and at.smtp_from and only in (None, DeliveryChannel.EMAIL):
        if not at.smtp_port.isdecimal():
            raise UsageError("smtp_port is no number", "Correct config.toml")
        password = secret("email-smtp") if at.smtp_login else ""
        server = MailServer(at.smtp_host, at.smtp_from, at.smtp_login, password, int(at.smtp_port))
        found[DeliveryChannel.EMAIL] = SmtpMail(server)
    if at.push_contact and only in (None, DeliveryChannel.PUSH):
        keep = timedelta(hours=load_delivery_rules(settings.now().date()).push_hours)
        found[DeliveryChannel.PUSH] = WebPush(
            push_key(store, settings), at.push_contact, settings.now, keep
        )
    if not found:
        raise UsageError(
            f"no delivery by {'any channel' if only is None else only.value} is configured",
            "Write sms_account and sms_from, smtp_host and smtp_from, or push_contact, into "
            "config.toml",
        )
    return found


def push_key(store: Store, settings: Settings) -> PushKey:
    """Return the key by which browsers know the clinic's push messages.

    Raises
    ------
    NotPermittedError
        The secret is missing.
    UsageError
        It is no such key.
    """
    from rehabctl.integrations.messaging.web_push import PushKey
    from rehabctl.store import credentials

    return PushKey.read(credentials.find("push-web", store.database_id, settings.secret_command))


def reply_source(store: Store, settings: Settings) -> ReplySource:
    """Return the carrier that keeps what receivers answered; errors as `message_ports`."""
    from rehabctl.domain.errors import UsageError
    from rehabctl.domain.message import DeliveryChannel
    from rehabctl.domain.message_port import ReplySource

    port = message_ports(store, settings, DeliveryChannel.SMS)[DeliveryChannel.SMS]
    if not isinstance(port, ReplySource):
        raise UsageError("this carrier keeps no answers", "Look at its console")
    return port


def video_port(store: Store, settings: Settings) -> VideoPort:
    """Return the video service that config.toml names.

    Raises
    ------
    UsageError
        It names none, or not whole.
    NotPermittedError
        The secret is missing.
    """
    from rehabctl.domain.errors import UsageError
    from rehabctl.domain.video import VideoService
    from rehabctl.integrations.video.daily import DailyRooms
    from rehabctl.integrations.video.rooms import VideoRooms
    from rehabctl.store import credentials

    at = settings.video
    if at.video_service == "twilio":
        raise UsageError(
            "Twilio Video is not used: its maker's pages contradict each other about its end",
            "Set video_service to livekit, jitsi or daily",
        )
    service = VideoService(at.video_service) if at.video_service in set(VideoService) else None
    is_daily = service is VideoService.DAILY
    if service is None or not (is_daily or (at.video_page and at.video_key)):
        raise UsageError(
            "no video service is configured",
            "Write video_service (and video_page, video_key unless daily) into config.toml",
        )
    name = f"video-{service.value}"
    secret = credentials.find(name, store.database_id, settings.secret_command)
    if is_daily:
        return DailyRooms(secret)
    return VideoRooms(service, at.video_page, at.video_key, secret, at.video_server)


def check_notice(
    store: Store, settings: Settings, service: str, body: bytes, signature: str, timestamp: str
) -> None:
    """Check a notice of a video service.

    Raises
    ------
    UsageError
        The service signs no notices.
    NotPermittedError
        It is not genuine, or the secret is missing.
    """
    from rehabctl.domain.errors import UsageError
    from rehabctl.integrations.video.notices import check_daily, check_livekit
    from rehabctl.reference.video import load_video_rules
    from rehabctl.store import credentials

    if service not in ("livekit", "daily"):
        raise UsageError(f"{service!r} signs no notices", "Use livekit or daily")
    now = settings.now()
    name = "video-livekit" if service == "livekit" else "video-daily-webhook"
    secret = credentials.find(name, store.database_id, settings.secret_command)
    if service == "livekit":
        check_livekit(body, signature, secret.strip(), now)
    else:
        rules = load_video_rules(now.date())
        check_daily(body, signature, timestamp, secret.strip(), now, rules.notice)


def integration_check(store: Store, settings: Settings, name: str) -> Callable[[], None]:
    """Return what asks an integration's other side whether it knows us.

    Raises
    ------
    UsageError
        Nothing can be asked, or it is not configured.
    """
    from rehabctl.domain.errors import UsageError
    from rehabctl.domain.message import DeliveryChannel

    channels = {"sms-twilio": DeliveryChannel.SMS, "email-smtp": DeliveryChannel.EMAIL}
    if name == "video-daily":
        from rehabctl.integrations.video.daily import DailyRooms
        from rehabctl.store import credentials

        return DailyRooms(credentials.find(name, store.database_id, settings.secret_command)).check
    if name not in channels:
        can = ", ".join([*channels, "video-daily"])
        raise UsageError(f"{name} has nobody to ask", f"It can: {can}")
    return message_ports(store, settings, channels[name])[channels[name]].check


def mllp_line(at: MllpConnection) -> AbstractContextManager[Callable[[bytes], bytes]]:
    """Return an open line to a receiver of HL7 v2 messages.

    Raises
    ------
    UsageError
        Its certificates cannot be used.
    UnavailableError
        It is away.
    """
    from rehabctl.integrations.hl7v2 import mllp

    host, port = mllp.address(at.address)
    return mllp.connected(host, port, tls=mllp.client_tls(at))


def redox_client(
    store: Store, settings: Settings, name: str
) -> tuple[RedoxConnection, RedoxClient]:
    """Return a connection of the clinic to Redox, and what sends over it.

    Raises
    ------
    NotFoundError
        It was not imported.
    NotPermittedError
        Its private key is missing.
    """
    from rehabctl.domain.connection import RedoxConnection
    from rehabctl.integrations.redox.outbound import RedoxClient
    from rehabctl.services.connections import connection_named
    from rehabctl.store import credentials

    with store.transaction() as uow:
        at = connection_named(uow, name, RedoxConnection)
    hint = f"Store it: rehabctl integration secret {name}, or set secret_command"
    key = credentials.find(name, store.database_id, settings.secret_command, hint)
    return at, RedoxClient(at, key, settings.now)


def redox_token(store: Store, settings: Settings, name: str) -> tuple[RedoxConnection, str]:
    """Return a connection of the clinic to Redox, and the token by which Redox names itself.

    Raises
    ------
    NotFoundError
        It was not imported.
    NotPermittedError
        Its verification token is missing.
    """
    from rehabctl.domain.connection import RedoxConnection
    from rehabctl.services.connections import TOKEN, connection_named
    from rehabctl.store import credentials

    with store.transaction() as uow:
        at = connection_named(uow, name, RedoxConnection)
    kept = name + TOKEN
    hint = f"Store it: rehabctl integration secret {kept}, or set secret_command"
    return at, credentials.find(kept, store.database_id, settings.secret_command, hint).strip()
