"""Browsers in which patients and contacts take push messages: noted, read and forgotten."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from rehabctl.domain.errors import UsageError
from rehabctl.domain.message import ContactScope, PushSubscription
from rehabctl.reference.push_services import is_push_service
from rehabctl.services.access import Action, require
from rehabctl.services.actors import PATIENT, allowed_contact
from rehabctl.services.roster_changes import clinic_today

if TYPE_CHECKING:
    from datetime import date

    from rehabctl.store.store import Store

_LONGEST = 2000
_PUBLIC_BYTES, _AUTH_BYTES = 65, 16


def subscribe(store: Store, mrn: str, document: str, *, to: str = PATIENT) -> PushSubscription:
    """Keep the subscription that a browser made for a receiver; the one before is replaced.

    Parameters
    ----------
    store
        The open store.
    mrn
        Record number.
    document
        What `PushSubscription.toJSON()` of the browser gave.
    to
        `patient` or the identifier of a contact.

    Raises
    ------
    UsageError
        It is no subscription, or not with a browser maker's service.
    NotFoundError, NotPermittedError
        As `allowed_contact`.
    """
    with store.transaction() as uow:
        require(uow, Action.WRITE_PATIENTS)
        patient = uow.patients.get(mrn)
        if to != PATIENT:
            allowed_contact(uow, patient.ref, to, ContactScope.MESSAGES)
        endpoint, p256dh, auth = _read(document, clinic_today(uow.clinic, uow.now))
        made = PushSubscription(uow.new_id(), patient.ref, to, endpoint, p256dh, auth, uow.user.id)
        uow.push.put(made)
        host = urlsplit(endpoint).hostname
        uow.audit.record("message.push_subscribe", "patient", patient.id, {"service": host})
        return made


def push_address(subscription: PushSubscription) -> str:
    """Return a subscription as a port takes it."""
    keys = {"p256dh": subscription.p256dh, "auth": subscription.auth}
    return json.dumps({"endpoint": subscription.endpoint, "keys": keys})


def _read(document: str, day: date) -> tuple[str, str, str]:
    try:
        said = json.loads(document)
        endpoint, keys = said["endpoint"], said["keys"]
        p256dh, auth = keys["p256dh"], keys["auth"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _refused("is no JSON with endpoint and keys") from None
    at = _address(endpoint)
    if at is None or not is_push_service(at, day):
        raise _refused("names no known push service")
    for text, size in ((p256dh, _PUBLIC_BYTES), (auth, _AUTH_BYTES)):
        if len(_decoded(text)) != size:
            raise _refused("has a key of the wrong length")
    if _decoded(p256dh)[0] != 4:
        raise _refused("has a key that is no point")
    return endpoint, p256dh, auth


def _address(endpoint: Any) -> str | None:
    """Return the host of an encrypted address with nothing unusual about it."""
    if not isinstance(endpoint, str) or len(endpoint) > _LONGEST or not endpoint.isascii():
        return None
    try:
        at = urlsplit(endpoint)
        usual = at.scheme == "https" and at.port in (None, 443) and "@" not in at.netloc
    except ValueError:
        return None
    return at.hostname if usual else None


def _decoded(text: Any) -> bytes:
    try:
        return base64.b64decode(
            cast("str", text).rstrip("=") + "=" * (-len(text.rstrip("=")) % 4),
            altchars=b"-_",
            validate=True,
        )
    except (binascii.Error, ValueError, AttributeError, TypeError):
        return b""


def _refused(why: str) -> UsageError:
    return UsageError(f"the subscription {why}", "Give what PushSubscription.toJSON() returned")
