"""Measures what a million waiting packets cost at a start, against a thousand.

`python -m tests.campaign.alone tests.campaign.million`
"""

from argparse import ArgumentParser, Namespace
import asyncio
import json
from pathlib import Path
import subprocess
import sys
from tempfile import TemporaryDirectory
import time
from typing import Any, Final

from tests.home_assistant.ports import free_port

from .agent import samples
from .alone import REPOSITORY, command
from .delivering import opened, uploading
from .figures import collector, resident, show

STREAMS: Final = 100
FEW: Final = 1_000
MANY: Final = 1_000_000

_TICKS_AT_ONCE: Final = 50
_DELIVERED: Final = 500
_EVERYTHING: Final = 2**53


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}/measurements/v2/unifiedjson/"


async def fill(path: Path, port: int, ticks: int) -> None:
    """Queue one packet a stream and tick, many ticks in a transaction to save time."""
    async with opened(path, _url(port)) as outbox:
        for first in range(0, ticks, _TICKS_AT_ONCE):
            last = min(ticks, first + _TICKS_AT_ONCE)
            await outbox.append([one for tick in range(first, last) for one in samples(tick, STREAMS)])


async def start(path: Path, port: int, ticks: int) -> dict[str, Any]:
    """Open a filled outbox as at a start, deliver the first packets, queue one more tick."""
    arrivals: asyncio.Queue[float] = asyncio.Queue()

    def hear(line: str) -> None:
        if line.startswith("accepted"):
            arrivals.put_nowait(time.monotonic())

    async with collector(path.parent, port, hear):
        before = resident()
        started = time.monotonic()
        async with opened(path, _url(port)) as outbox:
            is_open = time.monotonic()
            queued = outbox.queued
            async with uploading(outbox, _url(port)):
                arrived = [await arrivals.get() for _ in range(_DELIVERED)]
            committing = time.monotonic()
            await outbox.append(samples(ticks, STREAMS))
            committed = time.monotonic()
            await outbox.tidy(int(time.time() * 1000), _EVERYTHING, _EVERYTHING)
            tidied = time.monotonic()
            memory = resident()
    return {
        "packets waiting": queued,
        "milliseconds to open": round((is_open - started) * 1000, 1),
        "milliseconds until the first packet arrived": round((arrived[0] - started) * 1000, 1),
        "milliseconds to queue one more tick": round((committed - committing) * 1000, 1),
        "milliseconds to look for packets to drop": round((tidied - committed) * 1000, 1),
        "megabytes of memory that all this took": round(memory - before, 1),
    }


def measure(folder: Path, packets: int) -> dict[str, Any]:
    """Fill an outbox and return the figures of a fresh process that starts with it."""
    folder.mkdir()
    port, ticks = free_port(), packets // STREAMS
    asyncio.run(fill(folder / "outbox.db", port, ticks))
    program = command("million", "--start", folder / "outbox.db", "--port", port, "--ticks", ticks)
    output = subprocess.run(program, cwd=REPOSITORY, stdout=subprocess.PIPE, timeout=120, check=True).stdout  # noqa: S603 - our own command
    figures: dict[str, Any] = json.loads(output)
    return figures


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.campaign.million", description=__doc__)
    parser.add_argument("--packets", type=int, default=MANY)
    parser.add_argument("--start", type=Path, help="only measure a start with this outbox")
    parser.add_argument("--port", type=int)
    parser.add_argument("--ticks", type=int)
    return parser.parse_args()


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    if arguments.start is not None:
        figures = asyncio.run(start(arguments.start, arguments.port, arguments.ticks))
        sys.stdout.write(json.dumps(figures))
        return
    with TemporaryDirectory() as folder:
        few, many = (measure(Path(folder, str(packets)), packets) for packets in (FEW, arguments.packets))
    show(
        {
            **{f"few: {name}": value for name, value in few.items()},
            **{f"many: {name}": value for name, value in many.items()},
        }
    )


if __name__ == "__main__":
    main()
