"""Whether a visit may take place: where the patient is, and what her provider holds there.

A provider may treat a patient who is in state S on a day with an active licence of S, or with an
unexpired compact privilege for S on top of an active home licence whose state is a member of the
compact. Membership alone gives nothing. An assistant also needs a supervising therapist who may
practise in S.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from rehabctl.domain.counting import counted
from rehabctl.domain.licence import (
    CompactStatus,
    LicenceCheck,
    LicenceKind,
    LicenceReason,
    LicenceStatus,
    Profession,
    ProviderLicence,
    Verdict,
)
from rehabctl.domain.roster import is_state
from rehabctl.reference.compact_states import CompactList

ABROAD = "ABROAD"
"""What stands for a state where the patient is outside the United States."""
_MILITARY = ("AA", "AE", "AP")
"""Postal codes of the armed forces abroad: no state's licence reaches there."""

_TEXT = {
    "LOCATION_UNKNOWN": "it is not known in which state the patient is",
    "LOCATION_ABROAD": "the patient is outside the United States",
    "LIC_NONE": "the provider holds neither a licence nor a compact privilege there",
    "LIC_EXPIRED": "the provider's licence there does not run on that day",
    "LIC_INACTIVE": "the provider's licence there is not active",
    "PRIV_EXPIRED": "the provider's compact privilege there does not run on that day",
    "PRIV_INACTIVE": "the provider's compact privilege there is not active",
    "HOME_LAPSED": "the privilege rests on a home licence that is not active on that day",
    "HOME_NOT_MEMBER": "the provider's home state is not in the compact on that day",
    "HOME_UNVERIFIED": "nobody has verified that the provider's home state is in the compact",
    "STATE_NOT_LISTED": "a privilege is noted for a state that no membership list names",
    "DISCIPLINED": "a privilege does not run beside a disciplined licence",
    "SUPERVISOR_MISSING": "an assistant needs a supervising physical therapist",
    "SUPERVISOR_NOT_PT": "the supervisor holds no physical therapist's licence",
}
_UNKNOWN = ("HOME_UNVERIFIED", "STATE_NOT_LISTED")
"""What a person who is named may decide: everything else is blocked."""
_ORDER = (Verdict.ALLOWED, Verdict.UNKNOWN, Verdict.BLOCKED)


def check(
    state: str | None,
    day: date,
    licences: Sequence[ProviderLicence],
    compact: CompactList,
    *,
    supervisor: Sequence[ProviderLicence] | None = None,
) -> LicenceCheck:
    """Check one pairing of patient and provider.

    Parameters
    ----------
    state
        Where the patient is, two letters or `ABROAD`; None: not known.
    day
        Local day of the visit.
    licences
        What the provider holds.
    compact
        The membership list.
    supervisor
        What the supervising therapist holds; None: there is none.
    """
    if state is None or not (is_state(state) or state == ABROAD):
        return _blocked("LOCATION_UNKNOWN")
    if state == ABROAD or state in _MILITARY:
        return _blocked("LOCATION_ABROAD")
    own = _standing(state, day, licences, compact)
    if own.verdict is Verdict.BLOCKED or _profession(state, day, licences) is Profession.PT:
        return own
    if supervisor is None:
        return _blocked("SUPERVISOR_MISSING")
    therapist = [held for held in supervisor if held.profession is Profession.PT]
    if not therapist:
        return _blocked("SUPERVISOR_NOT_PT")
    return _both(own, _standing(state, day, therapist, compact))


def _both(own: LicenceCheck, over: LicenceCheck) -> LicenceCheck:
    """Return what holds for an assistant with her supervisor."""
    told = tuple(
        LicenceReason(f"SUPERVISOR_{r.code}", r.text.replace("provider", "supervisor"))
        for r in over.reasons
    )
    return LicenceCheck(
        max(own.verdict, over.verdict, key=_ORDER.index),
        (*own.reasons, *told),
        (*own.basis, *over.basis),
        (*own.warnings, *over.warnings),
    )


def _profession(state: str, day: date, licences: Sequence[ProviderLicence]) -> Profession:
    """Return as what the provider acts there: a therapist's licence goes first."""
    there = [held for held in licences if held.state == state and held.held_on(day)]
    is_pt = any(held.profession is Profession.PT for held in there)
    return Profession.PT if is_pt else Profession.PTA


def _standing(
    state: str, day: date, licences: Sequence[ProviderLicence], compact: CompactList
) -> LicenceCheck:
    there = [held for held in licences if held.state == state]
    held = [found for found in there if found.held_on(day)]
    if not held:
        return _blocked(_why_not(there))
    found = [
        LicenceCheck(Verdict.ALLOWED, (), (_name(one),))
        if one.kind is LicenceKind.LICENCE
        else _by_privilege(one, day, licences, compact)
        for one in sorted(held, key=_strength)
    ]
    return min(found, key=lambda check: _ORDER.index(check.verdict))


def _strength(held: ProviderLicence) -> tuple[bool, bool, str]:
    """Return what sorts licences before privileges and therapists before assistants."""
    return held.kind is LicenceKind.PRIVILEGE, held.profession is Profession.PTA, held.number


def _why_not(there: Sequence[ProviderLicence]) -> str:
    if not there:
        return "LIC_NONE"
    last = max(there, key=lambda found: (found.status is LicenceStatus.ACTIVE, found.expires_on))
    word = "LIC" if last.kind is LicenceKind.LICENCE else "PRIV"
    return f"{word}_{'EXPIRED' if last.status is LicenceStatus.ACTIVE else 'INACTIVE'}"


def _by_privilege(
    privilege: ProviderLicence, day: date, licences: Sequence[ProviderLicence], compact: CompactList
) -> LicenceCheck:
    homes = [
        found
        for found in licences
        if found.is_home
        and found.kind is LicenceKind.LICENCE
        and found.profession is privilege.profession
    ]
    home = next((found for found in homes if found.held_on(day)), None)
    if any(found.status is LicenceStatus.DISCIPLINED for found in licences):
        return _blocked("DISCIPLINED")
    if home is None:
        return _blocked("HOME_LAPSED")
    member = compact.of(home.state, day)
    if member is None or member.status is CompactStatus.WITHDRAWN:
        return _blocked("HOME_NOT_MEMBER")
    basis = (_name(privilege), _name(home), member.version)
    warnings = list_age(compact, day)
    remote = compact.of(privilege.state, day)
    if remote is None or remote.status is CompactStatus.WITHDRAWN:
        return _blocked("STATE_NOT_LISTED", basis, warnings)
    if member.status is CompactStatus.UNVERIFIED:
        return _blocked("HOME_UNVERIFIED", basis, warnings)
    return LicenceCheck(Verdict.ALLOWED, (), basis, warnings)


def list_age(compact: CompactList, day: date) -> tuple[LicenceReason, ...]:
    """Return a warning when nobody has looked at the membership list for long."""
    days = (day - compact.checked_on).days
    if days <= compact.warn_after_days:
        return ()
    text = f"the compact's membership list was looked at {counted(days, 'day')} before"
    return (LicenceReason("COMPACT_LIST_OLD", text),)


def _name(held: ProviderLicence) -> str:
    """Return a word for a licence that names no person."""
    return f"{held.profession.value} {held.kind.value} {held.state}"


def _blocked(
    code: str, basis: tuple[str, ...] = (), warnings: tuple[LicenceReason, ...] = ()
) -> LicenceCheck:
    verdict = Verdict.UNKNOWN if code in _UNKNOWN else Verdict.BLOCKED
    return LicenceCheck(verdict, (LicenceReason(code, _TEXT[code]),), basis, warnings)
