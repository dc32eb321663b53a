"""Panels that fail with a secret name in a local variable, each in another place."""

from __future__ import annotations

import asyncio

from textual.app import App

from rehabctl.tui.safe_app import SafeApp


def _secret() -> str:
    return "".join(["Jane ", "SECRET", "NAME"])  # not a constant of the code that tracebacks show


def fail() -> None:
    patient_name = _secret()
    raise ValueError(f"cannot read {patient_name}")


class Stock(App[None]):
    """Textual as it is: the test that it leaks keeps `SafeApp` honest."""

    def on_mount(self) -> None:
        fail()


class FailsInMount(SafeApp):
    def on_mount(self) -> None:
        fail()


class FailsInWorker(SafeApp):
    def on_mount(self) -> None:
        self.run_worker(fail, thread=True, exit_on_error=False)
        self.set_timer(1.5, self.exit)


class FailsInWorkerThatEndsTheApp(SafeApp):
    def on_mount(self) -> None:
        self.run_worker(fail, thread=True)


class FailsInLoop(SafeApp):
    """A task that nobody waits for: asyncio would print message and traceback at exit."""

    def on_mount(self) -> None:
        async def task() -> None:
            fail()

        asyncio.get_running_loop().create_task(task())
        self.set_timer(1.5, self.exit)


class FailsInRender(SafeApp):
    def on_mount(self) -> None:
        self.panic(_secret())


KINDS: dict[str, type[App[None]]] = {
    "stock": Stock,
    "mount": FailsInMount,
    "worker": FailsInWorker,
    "fatal-worker": FailsInWorkerThatEndsTheApp,
    "loop": FailsInLoop,
    "panic": FailsInRender,
}


def run_crashing(kind: str) -> int:
    app = KINDS[kind]()
    app.run()
    return app.return_code or 0
