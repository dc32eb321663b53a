"""What people try with psql and a login of their own. Every attempt fails."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.contract.clinics import CANARY, Clinics

pytestmark = pytest.mark.postgres

ATTACKS: list[dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("attacks.toml").read_text("utf-8")
)["attack"]
REFUSALS = {
    "42501": "rights",
    "23503": "a reference",
    "23505": "a key",
    "42710": "a name",
    "22023": "a value",  # SET of a parameter or role
    "42704": "an unknown name",
    "55P02": "a parameter",
    "42602": "a name",
    "0A000": "not supported",
    "58P01": "no such file",
}
"""SQLSTATEs by which a server refuses."""


def run(clinics: Clinics, who: str, sql: str) -> list[tuple[Any, ...]]:
    """Run statements as somebody and return the rows of the last one that gives rows."""
    for name, value in {**clinics.ids, "database": clinics.name}.items():
        sql = sql.replace("{" + name + "}", value)
    assert "{" not in re.sub(r"'[^']*'", "", sql)
    rows: list[tuple[Any, ...]] = []
    with clinics.connected(who) as connection, connection.cursor() as cursor:
        cursor.execute(sql.encode())
        while True:
            if cursor.description is not None:
                rows = cursor.fetchall()
            if not cursor.nextset():
                return rows


@pytest.mark.parametrize("attack", ATTACKS, ids=[f"{a['who']}: {a['sql'][:70]}" for a in ATTACKS])
def test_the_attack_fails(clinics: Clinics, attack: dict[str, str]) -> None:
    outcome = attack.get("outcome", "refused")
    if outcome == "nothing":
        rows = run(clinics, attack["who"], attack["sql"])
        assert [row for row in rows if any(row)] == []
        return
    with pytest.raises(psycopg.Error) as caught:
        run(clinics, attack["who"], attack["sql"])
    assert caught.value.sqlstate in REFUSALS, f"{caught.value.sqlstate}: {caught.value}"
    assert CANARY not in str(caught.value)


def test_there_are_more_attacks_than_the_forty_two_of_the_first_list() -> None:
    assert len(ATTACKS) >= 62
    assert len({(a["who"], a["sql"]) for a in ATTACKS}) == len(ATTACKS)


def estimate(clinics: Clinics, condition: str) -> int:
    """Return how many rows the planner tells somebody that it expects."""
    sql = f"EXPLAIN (FORMAT JSON) SELECT FROM patient WHERE {condition}"
    with clinics.connected("a_thea") as connection:
        row = connection.execute(sql.encode()).fetchone()
    assert row is not None
    return row[0][0]["Plan"]["Plan Rows"]


@pytest.mark.parametrize("column", ["family_name", "mrn", "city", "birth_date", "given_name"])
def test_estimates_do_not_know_who_is_hidden(clinics: Clinics, column: str) -> None:
    frequent = {"family_name": CANARY, "mrn": "b_thea-0", "given_name": "Ana"}
    hidden = frequent.get(column, "1961-04-02")
    absent = "1801-01-01" if column == "birth_date" else "Nobody"
    assert estimate(clinics, f"{column} = '{hidden}'") == estimate(
        clinics, f"{column} = '{absent}'"
    )
    below = "1900-01-01" if column == "birth_date" else "a"
    above = "2100-01-01" if column == "birth_date" else "zzzz"
    low, high = (estimate(clinics, f"{column} < '{bound}'") for bound in (below, above))
    assert low == high


def test_a_duplicate_tells_a_number_and_no_person(clinics: Clinics) -> None:
    """Within a clinic a record number is taken once, so that its existence can be found out."""
    insert = (
        "INSERT INTO patient (id, clinic_id, therapist_id, mrn, given_name, family_name, "
        "birth_date, sex, state, status, created_at, updated_at) VALUES (gen_random_uuid(), "
        "'{clinic_a}', '{a_reg}', '%s', 'x', 'x', '1970-01-01', 'female', 'CO', 'active', "
        "now(), now()) RETURNING 1"
    )
    assert run(clinics, "a_reg", insert % "b_thea-0") == [(1,)]  # another clinic's: no conflict
    with pytest.raises(psycopg.errors.UniqueViolation) as caught:
        run(clinics, "a_reg", insert % "a_theo-0")
    assert caught.value.diag.message_detail is None


def test_a_settable_variable_would_be_a_toy(clinics: Clinics) -> None:
    """What not to do, so that the attack list is known to notice it."""
    setup = (
        "CREATE TABLE rehabctl.toy (owner text);"
        "ALTER TABLE rehabctl.toy ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY p ON rehabctl.toy USING (owner = current_setting('app.uid', true));"
        "INSERT INTO rehabctl.toy VALUES ('theo'); GRANT SELECT ON rehabctl.toy TO a_thea"
    )
    clinics.server.execute(setup, clinics.name)
    assert run(clinics, "a_thea", "SET app.uid = 'theo'; SELECT owner FROM toy") == [("theo",)]
    clinics.server.execute("DROP TABLE rehabctl.toy", clinics.name)


def test_a_user_who_is_switched_off_sees_nothing_even_while_connected(clinics: Clinics) -> None:
    count = "SELECT count(*) FROM patient"
    with clinics.connected("a_thea") as connection:
        assert connection.execute(count).fetchone() == (4,)
        off = "UPDATE rehabctl.user_account SET active = %s WHERE login = 'a_thea'"
        clinics.server.execute(off % "false", clinics.name)
        try:
            connection.rollback()
            assert connection.execute(count).fetchone() == (0,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute("SELECT audit_append('x', 'x', NULL, '{}')")
        finally:
            clinics.server.execute(off % "true", clinics.name)


def test_emergency_access_ends_by_the_servers_clock(clinics: Clinics) -> None:
    see = "SELECT count(*) FROM patient WHERE mrn = 'a_theo-5'"
    mine = "SELECT id FROM access_grant WHERE kind = 'break_glass'"
    with clinics.connected("a_thea") as connection:
        assert connection.execute(see).fetchone() == (0,)
        connection.execute("SELECT break_glass('a_theo-5', 'found on the floor', 5)")
        assert connection.execute(see).fetchone() == (1,)
        assert len(connection.execute(mine).fetchall()) == 1
        connection.commit()
        past = "UPDATE rehabctl.access_grant SET until_at = now() - interval '1 second' WHERE "
        clinics.server.execute(past + "kind = 'break_glass'", clinics.name)
        assert connection.execute(see).fetchone() == (0,)
    clinics.server.execute(
        "DELETE FROM rehabctl.access_grant WHERE kind = 'break_glass'", clinics.name
    )


def test_a_job_opens_one_patient_to_its_worker(clinics: Clinics) -> None:
    grant = f"SELECT job_grant('{clinics.ids['patient_of_a_thea']}', 'a_work', 5)"
    with clinics.connected("a_thea") as connection:
        connection.execute(grant)
        connection.commit()
    assert run(clinics, "a_work", "SELECT id::text FROM patient") == [
        (clinics.ids["patient_of_a_thea"],)
    ]
    assert run(clinics, "a_work", "SELECT count(*) FROM movement_assessment") == [(1,)]
    clinics.server.execute("DELETE FROM rehabctl.access_grant WHERE kind = 'job'", clinics.name)
    assert run(clinics, "a_work", "SELECT id FROM patient") == []
