"""Links into rooms of LiveKit and Jitsi: the server believes the token and is not asked."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from rehabctl.domain.errors import UsageError
from rehabctl.domain.video import Admission, JoinLink, VideoRole, VideoService
from rehabctl.integrations.video.signed_tokens import sign


@dataclass(frozen=True, slots=True)
class VideoRooms:
    """One server.

    `page` is what a browser opens: `https://meet.example.org` of Jitsi, the join page of LiveKit.
    `server` is LiveKit's own address (`wss://`); `key` its API key, or Jitsi's application id.
    """

    service: VideoService
    page: str
    key: str
    secret: str
    server: str = ""

    def __post_init__(self) -> None:
        """Refuse what would show a token to the network."""
        wrong = urlsplit(self.page).scheme != "https" or (
            self.service is VideoService.LIVEKIT and urlsplit(self.server).scheme != "wss"
        )
        if wrong:
            raise UsageError(
                "video_page must begin with https://, and LiveKit's video_server with wss://",
                "Correct config.toml",
            )

    def opaque(self, text: str) -> str:
        """Return a name that nobody can guess or trace back: a keyed hash."""
        return hmac.digest(self.secret.encode(), text.encode(), hashlib.sha256).hex()[:32]

    def link(self, admission: Admission) -> JoinLink:
        """Return the link that lets one person in."""
        is_host = admission.role is VideoRole.THERAPIST
        claims: dict[str, Any] = {
            "iss": self.key,
            "nbf": int(admission.from_at.timestamp()),
            "exp": int(admission.until_at.timestamp()),
        }
        page = self.page.rstrip("/")
        if self.service is VideoService.JITSI:
            user = {
                "id": admission.person,
                "moderator": is_host,
                "affiliation": "owner" if is_host else "member",
            }
            features = {"recording": False, "livestreaming": False, "transcription": False}
            claims |= {
                "aud": "jitsi",
                "sub": urlsplit(self.page).hostname,
                "room": admission.room,
                "context": {"user": user, "features": features},
            }
            link = f"{page}/{admission.room}?{urlencode({'jwt': sign(claims, self.secret)})}"
        else:
            claims |= {
                "sub": admission.person,
                "video": {
                    "room": admission.room,
                    "roomJoin": True,
                    "roomAdmin": is_host,
                    "roomRecord": False,
                    "canPublish": True,
                    "canSubscribe": True,
                },
            }
            words = {"liveKitUrl": self.server, "token": sign(claims, self.secret)}
            link = f"{page}?{urlencode(words)}"
        return JoinLink(admission.room, link, admission.from_at, admission.until_at)
