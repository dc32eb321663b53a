"""Grants and row-level security of a shared PostgreSQL, written from `access.toml`.

The matrix says which role may do what with which table; here each kind of rows becomes policies
that compare a column with one value, looked up once a statement (an initial plan) from the login.
Written anew, in the same transaction, after every upgrade of the schema, so that a new table
without a line in the matrix is closed to everyone.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from rehabctl.domain.clinic import Role

if TYPE_CHECKING:
    from sqlalchemy import Connection

VERBS = ("select", "insert", "update", "delete")
_WHOLE_CLINIC = {Role.REGISTRAR, Role.BILLING}
_SELF_ONLY = {Role.PATIENT, Role.TECHNICIAN, Role.WORKER}
_GRANT_KIND = {Role.PATIENT: "self", Role.WORKER: "job"}
_EMERGENCY = "break_glass"
_WITHOUT_STATISTICS = {
    "patient": (
        "mrn given_name middle_name family_name birth_date phone email address1 city postal_code "
        "payer member_id"
    ),
    "panel_row": "sort_name search_text",
}
"""The planner's estimates count hidden rows too: they must not be about what names a person."""


@dataclass(frozen=True)
class TableAccess:
    """One table of the matrix."""

    rows: str
    verbs: Mapping[Role, tuple[str, ...]]


@cache
def matrix() -> Mapping[str, TableAccess]:
    """Return the matrix: tables by name."""
    return {
        name: TableAccess(
            entry["rows"],
            {Role(r): tuple(words.split()) for r, words in entry.items() if r != "rows"},
        )
        for name, entry in _document()["table"].items()
    }


@cache
def functions() -> Mapping[str, tuple[Role, ...]]:
    """Return the server's functions by signature, with the roles that may call them."""
    return {
        name: tuple(Role) if who == "everyone" else tuple(Role(word) for word in who.split())
        for name, who in _document()["function"].items()
    }


def _document() -> dict[str, Any]:
    file = resources.files("rehabctl.store").joinpath("access.toml")
    return tomllib.loads(file.read_text("utf-8"))


def group(role: Role) -> str:
    """Return the server's role whose members act as this role."""
    return f"rehabctl_{role.value}"


def apply(connection: Connection) -> None:
    """Write ownership, row-level security and grants of every table and function anew.

    Parameters
    ----------
    connection
        Of the transaction that upgraded the schema, as the server's administrator.
    """
    present = connection.exec_driver_sql(
        "SELECT tablename, coalesce(array_agg(policyname) FILTER (WHERE policyname IS NOT NULL), "
        "'{}') FROM pg_tables LEFT JOIN pg_policies USING (schemaname, tablename) "
        "WHERE schemaname = current_schema() GROUP BY tablename ORDER BY tablename"
    )
    everyone = ", ".join(["PUBLIC", *(group(role) for role in Role)])
    statements: list[str] = []
    for table, policies in present.all():
        statements += [f"DROP POLICY {policy} ON {table}" for policy in policies]
        statements += [
            f"ALTER TABLE {table} OWNER TO rehabctl_owner",
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"REVOKE ALL ON {table} FROM {everyone}",
        ]
        if table in matrix():
            statements += _open_table(table, matrix()[table])
        for column in _WITHOUT_STATISTICS.get(table, "").split():
            statements.append(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0")
    for function, roles in functions().items():
        statements.append(f"REVOKE ALL ON FUNCTION {function} FROM {everyone}")
        names = ", ".join(group(role) for role in roles)
        statements.append(f"GRANT EXECUTE ON FUNCTION {function} TO {names}")
    connection.exec_driver_sql(";\n".join(statements))


def _open_table(table: str, access: TableAccess) -> Iterator[str]:
    for role, verbs in access.verbs.items():
        yield f"GRANT {', '.join(verbs)} ON {table} TO {group(role)}"
        condition = _rows(table, access.rows, role)
        # UPDATE and INSERT are checked by the same condition unless another is given
        yield f"CREATE POLICY {role.value}_rows ON {table} TO {group(role)} USING ({condition})"
        if role is Role.THERAPIST and access.rows == "patient":
            patient = "id" if table == "patient" else "patient_id"
            yield (
                f"CREATE POLICY therapist_emergency ON {table} FOR SELECT TO {group(role)} "
                f"USING ({_granted(patient, _EMERGENCY)})"
            )


def _rows(table: str, rows: str, role: Role) -> str:
    """Return the condition of the rows that a role sees and may write."""
    clinic = f"(SELECT my_clinic('{role.value}'))"
    user = f"(SELECT my_user('{role.value}'))"
    if rows == "open":
        return "true"
    if rows == "head":
        return f"{user} IS NOT NULL"
    if rows == "clinic" or (rows == "patient" and role in _WHOLE_CLINIC):
        return f"clinic_id = {clinic}"
    if rows == "staff":
        if table == "user_account" and role in _SELF_ONLY:
            return f"id = {user}"
        return f"{'id' if table == 'clinic' else 'clinic_id'} = {clinic}"
    if role is Role.THERAPIST:
        return f"therapist_id = {user} AND clinic_id = {clinic}"
    return _granted("id" if table == "patient" else "patient_id", _GRANT_KIND[role])


def _granted(column: str, kind: str) -> str:
    return f"{column} = ANY ((SELECT my_granted_patients('{kind}'))::uuid[])"
