"""Run by Alembic: uses the connection that `rehabctl.store.migrate` hands over, never a URL."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context
from sqlalchemy import MetaData

from rehabctl.store.column_types import ByteOrderedText, Document, UtcDateTime

_PLAIN_TYPES = {
    UtcDateTime: "sa.DateTime(timezone=True)",
    ByteOrderedText: 'sa.String().with_variant(sa.String(collation="C"), "postgresql")',
    Document: 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")',
}
"""How a new revision names our types: without importing the program that it must outlive."""


def _render_item(kind: str, item: Any, autogen: Any) -> str | Literal[False]:
    if kind != "type":
        return False
    if isinstance(item, Document):
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
    if type(item).__name__ == "AutoString":
        return "sa.String()"
    for ours, text in _PLAIN_TYPES.items():
        if isinstance(item, ours):
            return text
    return False


def _include_object(item: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
    """Leave tables alone that are not ours (a job queue keeps its own)."""
    del item, name
    return not (kind == "table" and reflected and other is None)


def _metadata() -> MetaData:
    """Return what the caller gives, else the tables, to compare a database with."""
    given: MetaData | None = context.config.attributes.get("metadata")
    if given is not None:
        return given
    from rehabctl.store.tables import METADATA

    return METADATA


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=_metadata(),
    render_as_batch=True,
    compare_type=True,
    transactional_ddl=True,
    include_object=_include_object,
    render_item=_render_item,
)
with context.begin_transaction():
    context.run_migrations()
