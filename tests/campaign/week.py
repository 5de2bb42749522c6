"""Measures a week offline in a real Home Assistant: what waits in its outbox arrives, and takes little memory.

`python -m tests.campaign.week`; it needs `scripts/setup run`. It ends with 1 when a packet is missing or out of
order, or the memory grew too much against the same Home Assistant with nothing to send.
"""

from argparse import ArgumentParser, Namespace
import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
import signal
import sys
from tempfile import TemporaryDirectory
import time
from typing import Any, Final

from tests.end_to_end.home import Home, Sample
from tests.home_assistant.wattics import GAS, MAIN_METER

from .backlog import INTERVAL, MOST_GROWTH, STREAMS, TICKS, missing_or_out_of_order, tick
from .delivering import opened
from .figures import resident, show

LONGEST_DELIVERY: Final = 1800.0
QUIET_SECONDS: Final = 60.0
"""As long is watched what Home Assistant takes with nothing to send."""

_TICKS_AT_ONCE: Final = 50
_STREAM: Final = "stream-{:03}"


def add_streams(home: Home, streams: int) -> None:
    """Add the streams that packets wait of: every second one is a three-phase meter."""
    rows = [
        {"name": stream_id, "stream_id": stream_id, "interval": INTERVAL.seconds, **_sources(number)}
        for number, stream_id in enumerate(map(_STREAM.format, range(streams)))
    ]
    home.api.post("/api/services/wattics/import_streams", {"config_entry_id": home.entry_id, "streams": rows})


def _sources(number: int) -> dict[str, Any]:
    if number % 2:
        return {"parameters": {code: entities[0] for code, entities in MAIN_METER.items()}}
    return {"type": "single_value", "unit": "m³", "parameters": {"value": GAS}}


async def fill(path: Path, url: str, streams: int, ticks: int, first: datetime) -> None:
    """Make an outbox in which the samples of so many ticks wait."""
    for part in path.parent.glob(f"{path.name}*"):
        part.unlink()
    async with opened(path, url) as outbox:
        for begin in range(0, ticks, _TICKS_AT_ONCE):
            numbers = range(begin, min(ticks, begin + _TICKS_AT_ONCE))
            await outbox.append([packet for number in numbers for packet in tick(number, streams, first)])


def most_memory(home: Home, is_over: Callable[[], bool], seconds: float) -> float:
    """Return the most memory in MB that Home Assistant takes, from the end of its start until it is over."""
    process = home.home_assistant.process
    most = 0.0

    def watch() -> bool:
        nonlocal most
        most = max(most, resident(process.pid))
        return is_over()

    process.wait_until(watch, seconds, "end of the measurement")
    return most


def measure(folder: Path, streams: int, ticks: int) -> dict[str, Any]:
    """Start Home Assistant with a filled outbox and with an empty one; return what happened."""
    first = (
        datetime.fromtimestamp(time.time() // INTERVAL.seconds * INTERVAL.seconds, UTC) - (ticks + 1) * INTERVAL
    )
    with Home("run", folder) as home:
        home.start()
        add_streams(home, streams)
        home.home_assistant.stop()
        outbox = home.home_assistant.folder / ".storage" / "wattics" / f"{home.entry_id}.db"
        asyncio.run(fill(outbox, home.collector.url, streams, ticks, first))
        arrived: list[Sample] = []
        end = first + ticks * INTERVAL

        def is_delivered() -> bool:
            lines = home.collector.output.new_lines()
            samples = [Sample(line.removeprefix("accepted ")) for line in lines if line.startswith("accepted ")]
            # Home Assistant samples these streams meanwhile.
            arrived.extend(sample for sample in samples if sample.instant < end)
            return len(arrived) >= streams * ticks

        started = time.monotonic()
        home.home_assistant.start()
        running = time.monotonic()
        full = most_memory(home, is_delivered, LONGEST_DELIVERY)
        delivered = time.monotonic()
        home.home_assistant.stop()
        home.home_assistant.start()
        quiet_until = time.monotonic() + QUIET_SECONDS
        empty = most_memory(home, lambda: time.monotonic() > quiet_until, 2 * QUIET_SECONDS)
        discarded = len(home.collector.state()["discarded"])
    return {
        "packets": streams * ticks,
        "seconds to start": round(running - started, 1),
        "seconds to deliver them": round(delivered - running, 1),
        "megabytes of memory with nothing to send": round(empty, 1),
        "at most while they were sent": round(full, 1),
        "growth": round(full - empty, 1),
        "missing or out of order": missing_or_out_of_order(
            (sample.body for sample in arrived), streams, ticks, first
        ),
        "discarded": discarded,
    }


def is_well(figures: dict[str, Any]) -> bool:
    """Whether all arrived, and with little memory."""
    return not (figures["missing or out of order"] or figures["discarded"]) and figures["growth"] < MOST_GROWTH


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.campaign.week", description=__doc__)
    parser.add_argument("--streams", type=int, default=STREAMS)
    parser.add_argument("--ticks", type=int, default=TICKS)
    return parser.parse_args()


def main() -> int:
    """Measure and print; return the exit code."""
    # SIGTERM ends it as Ctrl-C does: in order, with all processes ended.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    arguments = _arguments()
    with TemporaryDirectory() as folder:
        figures = measure(Path(folder), arguments.streams, arguments.ticks)
    show(figures)
    return int(not is_well(figures))


if __name__ == "__main__":
    sys.exit(main())
