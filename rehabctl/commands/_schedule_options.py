"""Options that verbs of `rehabctl schedule` share, and the tables that they read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rehabctl.services.scheduling import BookingRules
    from rehabctl.services.settings import Settings

ProviderOption = Annotated[
    str | None, typer.Option("--provider", help="Login; default: you.", metavar="LOGIN")
]
TypeOption = Annotated[
    str, typer.Option("--type", help="Appointment type, such as treatment-tele.", metavar="TYPE")
]
FromOption = Annotated[
    str | None, typer.Option("--from", help="Day or ISO time with a zone; default: now.")
]
DaysOption = Annotated[int, typer.Option("--days", min=1, max=92, help="How many days.")]
OverrideOption = Annotated[
    str | None,
    typer.Option(
        "--override",
        help="Why you decide, under your name, what could not be verified.",
        metavar="REASON",
    ),
]
OutsideFlag = Annotated[
    bool, typer.Option("--outside-hours", help="Outside the provider's working hours too.")
]


def tables_in_force() -> tuple[Settings, BookingRules]:
    """Return the settings, and the dated tables that bookings are judged by."""
    from rehabctl.services.scheduling import clinic_booking_rules
    from rehabctl.services.settings import load_settings

    settings = load_settings()
    return settings, clinic_booking_rules(settings)
