"""Grants and row-level security of a shared PostgreSQL, written from `access.toml`.

The matrix says which role may do what with which table; here each kind of rows becomes policies
that compare a column with one value, looked up once a statement (an initial plan) from the login.
Written anew, in the same transaction, after every upgrade of the schema, so that a new table
without a line in the matrix is closed to everyone.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from rehabctl.domain.clinic import Role
from rehabctl.store.handle_columns import COLUMNS

if TYPE_CHECKING:
    from sqlalchemy import Connection

VERBS = ("select", "insert", "update", "delete")
_FURTHER = ("rows", "only", "writes", "hidden", "due")
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


_DUE = "my_due_patients()"
_RETENTION = "rehabctl_retention"
_RETENTION_READS = {
    "patient": "id clinic_id therapist_id mrn birth_date state status updated_at",
    "recording": "id clinic_id therapist_id sha256 byte_count recorded_at keep_until stored kind",
    "keypoints": "blob_sha256",
    "consent": "scope revoked_at",
    "legal_hold": "released_at",
    "clinic": "id time_zone",
}
"""What the owner of the retention functions reads, besides whose a row is and when it was made."""
_RETENTION_WRITES = {
    "patient": "UPDATE (updated_at)",  # by which it locks
    "recording": "UPDATE (stored)",
    "legal_hold": "INSERT, UPDATE (released_at, released_by)",
}


@dataclass(frozen=True)
class TableAccess:
    """One table of the matrix."""

    rows: str
    verbs: Mapping[Role, tuple[str, ...]]
    only: Mapping[Role, str]
    """Further condition on the rows of a role."""
    writes: Mapping[Role, str]
    """Further condition on the rows that a role writes."""
    hidden: Mapping[Role, tuple[str, ...]]
    """Columns that a role does not read."""
    due: str = ""
    """Whether a worker acts on rows of patients to whom something is to be delivered now: `only`
    on those, or `also`."""


@cache
def matrix() -> Mapping[str, TableAccess]:
    """Return the matrix: tables by name."""
    return {
        name: TableAccess(
            entry["rows"],
            {Role(r): tuple(w.split()) for r, w in entry.items() if r not in _FURTHER},
            {Role(r): words for r, words in entry.get("only", {}).items()},
            {Role(r): words for r, words in entry.get("writes", {}).items()},
            {Role(r): tuple(words.split()) for r, words in entry.get("hidden", {}).items()},
            entry.get("due", ""),
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
    named = connection.exec_driver_sql(
        "SELECT table_name, array_agg(column_name::text ORDER BY column_name) "
        "FROM information_schema.columns WHERE table_schema = current_schema() GROUP BY table_name"
    )
    columns: dict[str, list[str]] = {table: names for table, names in named.all()}  # noqa: C416
    made = connection.exec_driver_sql(
        "SELECT oid::regprocedure::text FROM pg_proc "
        "WHERE pronamespace = current_schema()::regnamespace"
    )
    callable_now = set(made.scalars())  # an older schema has fewer
    everyone = ", ".join(["PUBLIC", *(group(role) for role in Role)])
    retains = _exists(connection, "to_regrole", _RETENTION)
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
            statements += _open_table(table, matrix()[table], columns[table], _DUE in callable_now)
            statements += _retention_rights(table) if retains else ()
        for column in _WITHOUT_STATISTICS.get(table, "").split():
            statements.append(f"ALTER TABLE {table} ALTER COLUMN {column} SET STATISTICS 0")
    for function, roles in functions().items():
        if function not in callable_now:
            continue
        statements.append(f"REVOKE ALL ON FUNCTION {function} FROM {everyone}")
        names = ", ".join(group(role) for role in roles)
        statements.append(f"GRANT EXECUTE ON FUNCTION {function} TO {names}")
    connection.exec_driver_sql(";\n".join(statements))


def _exists(connection: Connection, look_up: str, name: str) -> bool:
    found = connection.exec_driver_sql(f"SELECT {look_up}(%s)", (name,))
    return found.scalar() is not None


def _retention_rights(table: str) -> Iterator[str]:
    """Yield what the owner of the retention functions may: find what is due, and delete it."""
    kinds = COLUMNS.get(table, {})
    named = f"{kinds.get('uuid', '')} {kinds.get('time', '')}".split()
    columns = _RETENTION_READS.get(table, "").split()
    if "patient_id" in named:
        columns += [name for name in ("patient_id", "created_at") if name in named]
    rights = [_RETENTION_WRITES[table]] if table in _RETENTION_WRITES else []
    if table == "patient" or "patient_id" in named:
        rights.append("DELETE")
    if columns:
        yield f"GRANT SELECT ({', '.join(columns)}) ON {table} TO {_RETENTION}"
    if rights:
        yield f"GRANT {', '.join(rights)} ON {table} TO {_RETENTION}"


def _open_table(
    table: str, access: TableAccess, columns: Sequence[str], delivers: bool
) -> Iterator[str]:
    patient = "id" if table == "patient" else "patient_id"
    for role, verbs in access.verbs.items():
        yield from _grants(table, access, role, columns)
        if role is Role.WORKER and access.due:
            if delivers:
                yield (
                    f"CREATE POLICY worker_due ON {table} TO {group(role)} "
                    f"USING ({patient} = ANY ((SELECT {_DUE})::uuid[]))"
                )
            if access.due == "only":
                continue
        condition = _rows(table, access.rows, role)
        if role in access.only:
            condition = f"{condition} AND {access.only[role]}"
        head = f"CREATE POLICY {role.value}_%s ON {table} %s TO {group(role)}"
        if role not in access.writes:
            # UPDATE and INSERT are checked by the same condition unless another is given
            yield f"{head % ('rows', '')} USING ({condition})"
        else:
            written = f"{condition} AND {access.writes[role]}"
            yield f"{head % ('rows', 'FOR SELECT')} USING ({condition})"
            for verb in verbs:
                if verb in ("update", "delete"):
                    yield f"{head % (verb, f'FOR {verb}')} USING ({written})"
                elif verb == "insert":
                    yield f"{head % (verb, f'FOR {verb}')} WITH CHECK ({written})"
        if role is Role.THERAPIST and access.rows == "patient":
            yield (
                f"CREATE POLICY therapist_emergency ON {table} FOR SELECT TO {group(role)} "
                f"USING ({_granted(patient, _EMERGENCY)})"
            )


def _grants(table: str, access: TableAccess, role: Role, columns: Sequence[str]) -> Iterator[str]:
    verbs, hidden = access.verbs[role], access.hidden.get(role, ())
    if hidden:
        seen = [name for name in columns if name not in hidden]
        yield f"GRANT SELECT ({', '.join(seen)}) ON {table} TO {group(role)}"
        verbs = tuple(verb for verb in verbs if verb != "select")
    if verbs:
        yield f"GRANT {', '.join(verbs)} ON {table} TO {group(role)}"


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
