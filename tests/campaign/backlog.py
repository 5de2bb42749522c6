"""Measures a week offline: 100 streams every 5 minutes, all delivered once the server is back.

`python -m tests.campaign.alone tests.campaign.backlog` measures it without Home Assistant in memory. It ends with
1 when a packet is missing or out of order, or memory grew too much.
"""

from argparse import ArgumentParser, Namespace
import asyncio
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
import time
from typing import Any, Final

from custom_components.wattics.delivery.packet import PARAMETERS, Packet
from tests.home_assistant.ports import free_port

from .agent import FIRST
from .delivering import opened, uploading
from .figures import collector, resident, show
from .record import key_of

STREAMS: Final = 100
TICKS: Final = 7 * 288
MOST_GROWTH: Final = 50.0
"""MB."""

INTERVAL: Final = timedelta(minutes=5)


def tick(number: int, streams: int, first: datetime = FIRST) -> list[Packet]:
    """Return one tick's samples: every second stream is a three-phase meter with all 21 parameters."""
    instant = first + number * INTERVAL
    full = {code: 1000.5 * place + number for place, code in enumerate(PARAMETERS)}
    return [
        Packet(f"stream-{stream:03}", instant, full if stream % 2 else {"value": number + stream / 1000})
        for stream in range(streams)
    ]


class Memory:
    """Watches how much memory this process takes."""

    def __init__(self) -> None:
        """Start with what it is now."""
        self.before = self.most = resident()

    async def watch(self) -> None:
        """Look again and again."""
        while True:
            self.most = max(self.most, resident())
            await asyncio.sleep(0.2)


async def measure(folder: Path, streams: int, ticks: int) -> dict[str, Any]:
    """Fill an outbox with the server away, let it come back, and return what happened."""
    port = free_port()
    arrived = 0
    all_arrived = asyncio.Event()

    def hear(line: str) -> None:
        nonlocal arrived
        arrived += line.startswith("accepted")
        if arrived == streams * ticks:
            all_arrived.set()

    url = f"http://127.0.0.1:{port}/measurements/v2/unifiedjson/"
    async with opened(folder / "outbox.db", url) as outbox, uploading(outbox, url) as uploader:
        memory = Memory()
        watching = asyncio.create_task(memory.watch())
        started = time.monotonic()
        for number in range(ticks):
            packets = tick(number, streams)
            await outbox.append(packets)
            uploader.wake([packet.stream_id for packet in packets])
        filled = time.monotonic()
        after_outage = memory.most
        megabytes = await asyncio.to_thread(_megabytes, folder)
        async with collector(folder, port, hear):
            await all_arrived.wait()
            delivered = time.monotonic()
            watching.cancel()
    return {
        "packets": streams * ticks,
        "seconds to queue them": round(filled - started, 1),
        "megabytes on disk": round(megabytes, 1),
        "seconds to deliver them": round(delivered - filled, 1),
        "packets a second": round(streams * ticks / (delivered - filled)),
        "megabytes of memory before": round(memory.before, 1),
        "at most in the outage": round(after_outage, 1),
        "at most": round(memory.most, 1),
        "growth": round(memory.most - memory.before, 1),
        "missing or out of order": missing_or_out_of_order(
            (folder / "accepted").read_text("utf-8").splitlines(), streams, ticks
        ),
    }


def _megabytes(folder: Path) -> float:
    return sum(part.stat().st_size for part in folder.glob("outbox.db*")) / 1e6


def missing_or_out_of_order(accepted: Iterable[str], streams: int, ticks: int, first: datetime = FIRST) -> int:
    """Return of how many streams the packets did not arrive as they were sampled, in order, byte for byte."""
    arrived: defaultdict[str, list[str]] = defaultdict(list)
    for body in accepted:
        arrived[key_of(body).stream_id].append(body)
    sampled: defaultdict[str, list[str]] = defaultdict(list)
    for number in range(ticks):
        for packet in tick(number, streams, first):
            sampled[packet.stream_id].append(packet.encode().decode())
    return sum(arrived[stream_id] != bodies for stream_id, bodies in sampled.items())


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.campaign.backlog", description=__doc__)
    parser.add_argument("--streams", type=int, default=STREAMS)
    parser.add_argument("--ticks", type=int, default=TICKS)
    return parser.parse_args()


def main() -> int:
    """Measure and print; return the exit code."""
    arguments = _arguments()
    with TemporaryDirectory() as folder:
        figures = asyncio.run(measure(Path(folder), arguments.streams, arguments.ticks))
    show(figures)
    return int(figures["missing or out of order"] > 0 or figures["growth"] >= MOST_GROWTH)


if __name__ == "__main__":
    sys.exit(main())
