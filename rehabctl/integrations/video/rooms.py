"""Links into rooms of LiveKit and Jitsi: the server believes the token and is not asked."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any, BinaryIO
from urllib.parse import urlencode, urlsplit

from rehabctl.domain.errors import UsageError
from rehabctl.domain.video import (
    Admission,
    JoinLink,
    MadeRoom,
    Picture,
    RemoteRecording,
    RoomPlan,
    VideoRole,
    VideoService,
)
from rehabctl.integrations.video.signed_tokens import sign

_JITSI_PICTURE = {
    Picture.FULL: "",
    Picture.REDUCED: "#config.resolution=180&config.constraints.video.height.ideal=180",
    Picture.NONE: "#config.startAudioOnly=true",
}


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
        if self.service is VideoService.DAILY:
            raise UsageError("Daily makes its own rooms", "Use DailyRooms")
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

    def make(self, plan: RoomPlan) -> MadeRoom:
        """Return a room: the server makes it when somebody enters.

        Whether patients wait in it is up to the server: Jitsi's lobby, which a therapist's token
        passes.
        """
        waits = plan.waiting and self.service is VideoService.JITSI
        return MadeRoom(plan.name, "", waiting=waits)

    def end(self, room: str) -> bool:
        """Return False: a room closes when its tokens end."""
        return False

    def recordings(self, room: str) -> list[RemoteRecording]:
        """Return nothing: the server keeps its recordings as files, where it was told to."""
        return []

    def film(self, remote_id: str) -> BinaryIO:
        """Raise: nothing is listed."""
        raise UsageError(
            f"{self.service.value} keeps its recordings as files of its own",
            "Give the file: rehabctl video-visit recordings ID --file FILM",
        )

    def link(self, admission: Admission) -> JoinLink:
        """Return the link that lets one person in."""
        is_host = admission.role is VideoRole.THERAPIST
        records = is_host and admission.recording
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
            if is_host:
                user["lobby_bypass"] = True
            features = {"recording": records, "livestreaming": False, "transcription": False}
            claims |= {
                "aud": "jitsi",
                "sub": urlsplit(self.page).hostname,
                "room": admission.room,
                "context": {"user": user, "features": features},
            }
            link = f"{page}/{admission.room}?{urlencode({'jwt': sign(claims, self.secret)})}"
            link += _JITSI_PICTURE[admission.picture]
        else:
            claims |= {
                "sub": admission.person,
                "video": {
                    "room": admission.room,
                    "roomJoin": True,
                    "roomAdmin": is_host,
                    "roomRecord": records,
                    "canPublish": True,
                    "canSubscribe": True,
                },
            }
            if admission.picture is Picture.NONE:
                claims["video"]["canPublishSources"] = ["microphone"]
            words = {"liveKitUrl": self.server, "token": sign(claims, self.secret)}
            link = f"{page}?{urlencode(words)}"
        return JoinLink(admission.room, link, admission.from_at, admission.until_at)
