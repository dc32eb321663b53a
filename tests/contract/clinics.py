"""Two clinics on one server with somebody of every role, for attacks and the matrix."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg import Connection

from rehabctl.domain.clinic import Role
from rehabctl.services import database, users
from rehabctl.services.settings import Settings
from rehabctl.services.wiring import open_store
from tests.contract.conftest import NOW, as_login, make_settings
from tests.contract.records import add_patient, assessment
from tests.contract.server import Server

STAFF = {
    "a_admin": Role.CLINIC_ADMIN,
    "a_thea": Role.THERAPIST,
    "a_theo": Role.THERAPIST,
    "a_reg": Role.REGISTRAR,
    "a_bill": Role.BILLING,
    "a_tech": Role.TECHNICIAN,
    "a_aud": Role.AUDITOR,
    "a_work": Role.WORKER,
}
PATIENT_LOGIN = "a_pat"
ADMINS = ("a_admin", "b_admin")
CANARY = "Zyzzogeton"
"""The family name of every patient whom the attackers may not see."""


@dataclass(frozen=True)
class Clinics:
    """A database with clinics A and B, and identifiers that attacks aim at."""

    server: Server
    name: str
    settings: Settings
    ids: dict[str, str]

    @contextmanager
    def connected(self, login: str) -> Iterator[Connection[Any]]:
        """Open a connection as somebody, whose work is rolled back at the end."""
        dsn = f"host={self.server.folder} user={login} dbname={self.name}"
        options = "-c search_path=rehabctl -c timezone=UTC"
        with psycopg.connect(dsn, options=options) as connection:
            yield connection
            connection.rollback()


def make_clinics(server: Server, home: Path) -> Clinics:
    """Make the database by the commands' own services, with patients by those who may add them."""
    name = server.create_database()
    boss = make_settings(home, home / "key", server.address(name))
    ids: dict[str, str] = {}
    for admin in ADMINS:
        clinic, _ = database.initialise(boss, admin, clinic_name=admin[0].upper())
        ids[f"clinic_{admin[0]}"] = str(clinic.id)
    _people(boss, ids)
    return Clinics(server, name, boss, ids)


def _people(boss: Settings, ids: dict[str, str]) -> None:
    with open_store(as_login(boss, "a_admin")) as store:
        for login, role in STAFF.items():
            if login != "a_admin":
                ids[login] = str(users.add(store, login, role).user.id)
    with open_store(as_login(boss, "b_admin")) as store:
        ids["b_thea"] = str(users.add(store, "b_thea", Role.THERAPIST).user.id)
    mine = {"a_thea": ("Visible", 4), "a_theo": (CANARY, 6), "b_thea": (CANARY, 5)}
    for login, (family_name, count) in mine.items():
        with open_store(as_login(boss, login)) as store, store.transaction() as uow:
            for n in range(count):
                ref = add_patient(uow, f"{login}-{n}", family_name=family_name)
                uow.assessments.save(assessment(uow, ref, NOW))
                uow.notes.add(uow.new_id(), ref, uow.user.id, f"{family_name} note")
            ids[f"patient_of_{login}"] = str(ref.id)
    with open_store(as_login(boss, "a_admin")) as store:
        users.add(store, PATIENT_LOGIN, Role.PATIENT, mrn="a_thea-0")
    assert UUID(ids["a_thea"])
