"""`python -m tests.peripherals MODEL [MODEL...] --hci-tcp HOST:PORT`: sensors for a process."""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from pathlib import Path

from .faults import FAULTS
from .link import MODELS, hci_server, virtual_sensors
from .motion import MOTIONS


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.peripherals", description=__doc__)
    parser.add_argument("models", nargs="*", metavar="MODEL", help=", ".join(MODELS))
    parser.add_argument("--hci-tcp", metavar="HOST:PORT", help="port 0 takes a free one")
    parser.add_argument("--fault", action="append", default=[], metavar="[N:]NAME[=VALUE]")
    parser.add_argument("--seconds", type=float, help="end after so long (else on SIGTERM)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--motion", choices=MOTIONS, default="hinge")
    parser.add_argument("--ideal", action="store_true", help="no noise, bias or clock drift")
    parser.add_argument("--truth", type=Path, metavar="FILE", help="samples as JSON lines at end")
    parser.add_argument("--list-faults", action="store_true")
    args = parser.parse_args()
    if not args.list_faults and not (args.models and args.hci_tcp):
        parser.error("name at least one MODEL, and --hci-tcp")
    return args


def faults_of_each(options: list[str], count: int) -> list[dict[str, float | None]]:
    """Read `[N:]NAME[=VALUE]`: fault of sensor N (from 1), or of all."""
    each: list[dict[str, float | None]] = [{} for _ in range(count)]
    for option in options:
        target, _, rest = option.rpartition(":")
        name, _, value = rest.partition("=")
        if target and int(target) not in range(1, count + 1):
            raise ValueError(f"there is no sensor {target}")
        for sensor in [each[int(target) - 1]] if target else each:
            sensor[name] = float(value) if value else None
    return each


async def serve(args: argparse.Namespace) -> None:
    """Put the sensors on the air until told to end."""
    host, _, port = args.hci_tcp.rpartition(":")
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    faults = faults_of_each(args.fault, len(args.models))
    async with (
        virtual_sensors(
            args.models,
            faults=faults,
            seed=args.seed,
            motion=args.motion,
            ideal=args.ideal,
            central=False,
        ) as world,
        hci_server(world.air, host, int(port)) as bound,
    ):
        sensors = [{"model": s.model, "name": s.name, "address": s.address} for s in world.sensors]
        facts = json.dumps({"hci_tcp": f"{host}:{bound}", "sensors": sensors})
        sys.stdout.write(f"ready {facts}\n")
        sys.stdout.flush()
        try:
            async with asyncio.timeout(args.seconds):
                await ended.wait()
        except TimeoutError:
            pass
        if args.truth:
            world.write_truth(args.truth)


if __name__ == "__main__":
    options = arguments()
    if options.list_faults:
        sys.stdout.write("\n".join([*FAULTS, ""]))
    else:
        try:
            asyncio.run(serve(options))
        except ValueError as error:
            sys.exit(f"peripherals: {error}")
