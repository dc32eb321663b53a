"""The work queue in PostgreSQL, by procrastinate, in a schema of its own.

Arguments of jobs are identifiers and hashes, never patient data. A worker that is killed leaves its
job `doing`; jobs whose worker gives no sign of life are given back, and results are idempotent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rehabctl.domain.clinic import Role
from rehabctl.domain.errors import RehabctlError, UnavailableError
from rehabctl.store.access import group
from rehabctl.store.engine import checked_remote_url
from rehabctl.store.errors import translated

if TYPE_CHECKING:
    import procrastinate

SCHEMA = "rehabctl_queue"
Handler = Callable[[Mapping[str, str]], None]
_QUEUE = "rehabctl"
_USERS = (Role.THERAPIST, Role.REGISTRAR, Role.WORKER)
_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class JobCount:
    """How many jobs of one kind are in one state."""

    kind: str
    state: str
    """todo, doing, succeeded, failed, cancelled, aborting or aborted."""
    count: int
    stalled: int
    """Of those in `doing`: their worker gives no sign of life."""


class RemoteQueue:
    """Jobs that any host with the same database takes.

    Parameters
    ----------
    address
        As for `remote_engine`.
    handlers
        What is done, by kind of job.
    stalled_after_s
        How long a worker may be silent before its jobs are given back.
    """

    def __init__(
        self, address: str, handlers: Mapping[str, Handler], *, stalled_after_s: float = 60.0
    ) -> None:
        self._address = checked_remote_url(address)
        self._handlers = handlers
        self._stalled_after_s = stalled_after_s

    def prepare(self) -> None:
        """Make the queue's tables and open them to the roles that use it, as the administrator."""
        import psycopg

        with translated(), psycopg.connect(self._conninfo(), autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
            found = connection.execute(
                "SELECT to_regclass(%s)", (f"{SCHEMA}.procrastinate_jobs",)
            ).fetchone()
            if found is not None and found[0] is None:
                self._with_app(lambda app: app.schema_manager.apply_schema_async())
            groups = ", ".join(group(role) for role in _USERS)
            for rights in (
                f"USAGE ON SCHEMA {SCHEMA}",
                f"SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {SCHEMA}",
                f"USAGE ON ALL SEQUENCES IN SCHEMA {SCHEMA}",
                f"EXECUTE ON ALL FUNCTIONS IN SCHEMA {SCHEMA}",
            ):
                connection.execute(f"GRANT {rights} TO {groups}".encode())

    def submit(self, kind: str, arguments: Mapping[str, str]) -> int:
        """Put a job into the queue and return its number.

        Parameters
        ----------
        kind
            Of the job.
        arguments
            Identifiers and hashes.
        """

        async def defer(app: procrastinate.App) -> int:
            return await app.configure_task(kind, queue=_QUEUE).defer_async(**arguments)

        return self._with_app(defer)

    def run(self, *, once: bool, concurrency: int) -> None:
        """Do jobs until interrupted, or until none is left.

        Parameters
        ----------
        once
            Stop when no job is left.
        concurrency
            Jobs at the same time.
        """

        async def work(app: procrastinate.App) -> None:
            await self._give_back(app)
            timer = asyncio.create_task(self._keep_giving_back(app))
            try:
                await app.run_worker_async(
                    queues=[_QUEUE],
                    wait=not once,
                    concurrency=concurrency,
                    update_heartbeat_interval=self._stalled_after_s / 4,
                    install_signal_handlers=not once,
                )
            finally:
                timer.cancel()

        self._with_app(work)

    def counts(self) -> tuple[JobCount, ...]:
        """Return how many jobs are in which state."""

        async def count(app: procrastinate.App) -> tuple[JobCount, ...]:
            rows = await app.connector.execute_query_all_async(
                "SELECT task_name, status::text AS status, count(*) AS count "
                "FROM procrastinate_jobs GROUP BY 1, 2 ORDER BY 1, 2"
            )
            silent = [job.task_name for job in await self._stalled(app)]
            return tuple(
                JobCount(
                    row["task_name"], row["status"], row["count"],
                    silent.count(row["task_name"]) if row["status"] == "doing" else 0,
                )
                for row in rows
            )  # fmt: skip

        return self._with_app(count)

    async def _stalled(self, app: procrastinate.App) -> list[Any]:
        found = await app.job_manager.get_stalled_jobs(
            queue=_QUEUE, seconds_since_heartbeat=self._stalled_after_s
        )
        return list(found)

    async def _give_back(self, app: procrastinate.App) -> None:
        for job in await self._stalled(app):
            await app.job_manager.retry_job(job)

    async def _keep_giving_back(self, app: procrastinate.App) -> None:
        while True:
            await asyncio.sleep(self._stalled_after_s / 2)
            await self._give_back(app)

    def _conninfo(self) -> str:
        return self._address.set(drivername="postgresql").render_as_string(hide_password=False)

    def _with_app(self, work: Callable[[procrastinate.App], Any]) -> Any:
        try:
            import procrastinate
            from procrastinate.exceptions import ConnectorException
        except ModuleNotFoundError:
            raise RehabctlError(
                "the work queue is not installed", 'Install it: pip install "rehabctl[queue]"'
            ) from None
        # its remarks hold tracebacks; what failed is told by `counts`
        logger = logging.getLogger("procrastinate")
        logger.addHandler(logging.NullHandler())
        logger.propagate = False
        connector = procrastinate.PsycopgConnector(
            conninfo=self._conninfo(), kwargs={"options": f"-c search_path={SCHEMA}"}
        )
        app = procrastinate.App(connector=connector)
        for kind, handler in self._handlers.items():
            app.task(
                name=kind, queue=_QUEUE, retry=procrastinate.RetryStrategy(max_attempts=_ATTEMPTS)
            )(_task(handler))

        async def opened() -> Any:
            async with app.open_async():
                try:
                    return await work(app)
                except ConnectorException as error:
                    if isinstance(error.__cause__, _not_prepared()):
                        raise UnavailableError(
                            "the server has no work queue",
                            "Have its administrator run: rehabctl worker prepare",
                        ) from None
                    raise

        with translated():
            return asyncio.run(opened())


def _not_prepared() -> tuple[type[Exception], ...]:
    from psycopg import errors

    return (
        errors.InvalidSchemaName,
        errors.UndefinedTable,
        errors.UndefinedFunction,
        errors.UndefinedObject,
    )


def _task(handler: Handler) -> Callable[..., None]:
    def task(**arguments: str) -> None:
        handler(arguments)

    return task
