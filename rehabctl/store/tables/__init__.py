"""Every table of the store, as SQLModel classes: the source of migrations and of their tests.

Importing SQLModel costs as much as forty starts of Python, so that statements use the handles of
`rehabctl.store.handles` instead (docs/adr/0006). After a change run `python -m
rehabctl.store.tables`, and write a migration.
"""

from rehabctl.store.tables import (
    access,
    agreement,
    audit,
    billing,
    booking,
    care,
    clinic,
    connection,
    documentation,
    exchange,
    kit,
    measurement,
    patient,
    patient_billing,
    programme,
    prom,
    video,
    wearable,
    work,
)
from rehabctl.store.tables.base import Table

METADATA = Table.metadata

__all__ = [
    "METADATA",
    "access",
    "agreement",
    "audit",
    "billing",
    "booking",
    "care",
    "clinic",
    "connection",
    "documentation",
    "exchange",
    "kit",
    "measurement",
    "patient",
    "patient_billing",
    "programme",
    "prom",
    "video",
    "wearable",
    "work",
]
