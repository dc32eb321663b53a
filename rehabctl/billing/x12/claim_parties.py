"""Names, addresses and adjustments as the loops of an 837P share them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby

from rehabctl.billing.x12.writer import money, quantity
from rehabctl.domain.claim import Address, ClaimAdjustment, Provider

Emit = Callable[..., str]
_REASONS_OF_A_SEGMENT = 6


def person_or_organization(emit: Emit, entity: str, provider: Provider) -> str:
    """Return the NM1 of a provider.

    Parameters
    ----------
    emit
        Of the writer.
    entity
        NM101, such as 85 or 82.
    provider
        With its identifier.
    """
    identifier = ("XX", provider.npi) if provider.npi else ()
    if provider.person is None:
        name = provider.organization, None, None, None, None
        return emit("NM1", entity, "2", *name, *identifier)
    person = provider.person
    name = person.family, person.given, person.middle, None, person.suffix
    return emit("NM1", entity, "1", *name, *identifier)


def address(emit: Emit, place: Address) -> Iterator[str]:
    """Yield N3 and N4.

    Parameters
    ----------
    emit
        Of the writer.
    place
        The address.
    """
    yield emit("N3", place.line1, place.line2)
    yield emit("N4", place.city, place.state, place.postal_code)


def adjustments(emit: Emit, found: Iterable[ClaimAdjustment]) -> Iterator[str]:
    """Yield the CAS segments of one level: a group's reasons together, six to a segment.

    Parameters
    ----------
    emit
        Of the writer.
    found
        In any order.
    """
    by_group = sorted(found, key=lambda one: one.group)
    for group, members in groupby(by_group, key=lambda one: one.group):
        reasons = list(members)
        for start in range(0, len(reasons), _REASONS_OF_A_SEGMENT):
            parts: list[str] = []
            for one in reasons[start : start + _REASONS_OF_A_SEGMENT]:
                count = "" if one.quantity is None else quantity(one.quantity)
                parts += [one.reason, money(one.amount), count]
            yield emit("CAS", group, *parts)
