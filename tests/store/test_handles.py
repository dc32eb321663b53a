"""The light handles say what the declared tables say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from sqlalchemy.dialects import postgresql, sqlite

from rehabctl.store import handle_columns
from rehabctl.store.handles import table
from rehabctl.store.tables import METADATA
from rehabctl.store.tables.handle_source import handle_source


def test_the_generated_columns_are_up_to_date() -> None:
    found = Path(handle_columns.__file__).read_text("utf-8")
    assert found == handle_source(), "run: python -m rehabctl.store.tables"


def test_every_table_has_a_handle_with_the_same_columns_and_types() -> None:
    assert set(handle_columns.COLUMNS) == set(METADATA.tables)
    for name, declared in METADATA.tables.items():
        handle = table(name)
        for dialect in (sqlite.dialect(), postgresql.dialect()):
            types = {c.name: c.type.compile(dialect=dialect) for c in handle.columns}
            assert types == {c.name: c.type.compile(dialect=dialect) for c in declared.columns}


def test_repositories_need_no_sqlmodel() -> None:
    code = (
        "import pkgutil, sys, importlib\n"
        "from rehabctl.store import repositories\n"
        "for found in pkgutil.iter_modules(repositories.__path__):\n"
        "    importlib.import_module(f'rehabctl.store.repositories.{found.name}')\n"
        "heavy = {'sqlmodel', 'alembic', 'sqlalchemy.orm', 'psycopg', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
