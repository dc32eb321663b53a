"""What an answer about cover (271) says of therapy."""

from __future__ import annotations

from collections.abc import Sequence

from rehabctl.domain.eligibility import Benefit, CoverState, EligibilityAnswer, TherapyBenefits
from rehabctl.reference.payers.benefit_codes import therapy_service_types

_REMAINING = "remaining"


def cover_state(answer: EligibilityAnswer) -> CoverState:
    """Return whether the cover is active, or why that is not known.

    Parameters
    ----------
    answer
        As it was read.
    """
    if answer.is_active is not None:
        return CoverState.ACTIVE if answer.is_active else CoverState.INACTIVE
    return CoverState.REFUSED if answer.rejections else CoverState.UNCLEAR


def therapy_benefits(benefits: Sequence[Benefit], discipline: str) -> TherapyBenefits:
    """Return what a cover says of a discipline's therapy, in network where it tells them apart.

    A benefit of the therapy itself comes before one of the plan as a whole.

    Parameters
    ----------
    benefits
        Of one answer.
    discipline
        GP, GO or GN.
    """
    near = _Nearest(benefits, therapy_service_types(discipline))
    visits = near.find("limit", remaining=False, unit="visits")
    left = near.find("limit", remaining=True, unit="visits")
    copayment, share = near.find("copayment"), near.find("coinsurance")
    deductible, open_part = near.find("deductible"), near.find("deductible", remaining=True)
    asked = [one.authorization_required for one in near.therapy if one.in_network is not False]
    told = [one for one in asked if one is not None]
    return TherapyBenefits(
        plan=next((one.plan for one in benefits if one.kind == "active" and one.plan), ""),
        copayment=copayment.amount if copayment else None,
        # EB08 is a share of one: 0.2 is twenty percent
        coinsurance_percent=share.percent * 100 if share and share.percent is not None else None,
        deductible=deductible.amount if deductible else None,
        deductible_remaining=open_part.amount if open_part else None,
        visits=visits.quantity if visits else None,
        visits_remaining=left.quantity if left else None,
        visits_period=visits.period if visits else "",
        authorization_required=any(told) if told else None,
    )


class _Nearest:
    """Finds the benefit that speaks of therapy most closely."""

    def __init__(self, benefits: Sequence[Benefit], types: tuple[str, ...]) -> None:
        self._benefits = benefits
        self._types = types
        self.therapy = [one for one in benefits if self._distance(one) < len(types)]

    def find(self, kind: str, *, remaining: bool = False, unit: str = "") -> Benefit | None:
        """Return the nearest benefit of a kind; of equally near ones the first."""
        fitting = [
            one
            for one in self.therapy
            if one.kind == kind
            and (one.period == _REMAINING) is remaining
            and (not unit or one.quantity_unit == unit)
        ]
        return min(fitting, key=self._rank, default=None)

    def _rank(self, one: Benefit) -> tuple[bool, int]:
        return one.in_network is False, self._distance(one)

    def _distance(self, one: Benefit) -> int:
        places = [n for n, kind in enumerate(self._types) if kind in one.service_types]
        return min(places, default=len(self._types))
