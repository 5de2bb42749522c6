"""Simulates how hard installations knock: after one 503, in an hour of outage, and when all restart together."""

from argparse import ArgumentParser, Namespace
import asyncio
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
import sys
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, Final

import aiohttp

from custom_components.wattics.delivery.verification import SETTLE_SECONDS
from custom_components.wattics.upload import LONGEST_START_DELAY, _fraction_of
from tests.collector import Collector, Status
from tests.delivery.packets import packets
from tests.delivery.rig import PASSWORD, USER, Rig, delivery

from .figures import show

STREAMS: Final = tuple(f"stream-{number:02}" for number in range(20))
INTERVAL: Final = 300.0
HOUR: Final = 3600.0
MOST_SECONDS: Final = 2.0
MOST_REQUESTS: Final = 45
MOST_PERCENT: Final = 12.0

_ULID: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Attempts:
    """Counts the requests that an installation begins, read-backs too, server or no server, by the rig's clock."""

    def __init__(self, rig: Rig) -> None:
        """Listen to the rig's session."""
        self.times: list[float] = []

        async def begun(_: aiohttp.ClientSession, __: SimpleNamespace, ___: object) -> None:
            self.times.append(rig.clock.elapsed)

        trace = aiohttp.TraceConfig()
        trace.on_request_start.append(begun)
        trace.freeze()
        rig.session.trace_configs.append(trace)


async def wait_after_one_503(folder: Path, seed: int) -> float:
    """Return the seconds from a single 503 to the next try."""
    async with (
        Collector(accounts={USER: PASSWORD}) as collector,
        delivery(collector, folder / f"one-{seed}.db", random=_random(seed)) as rig,
    ):
        attempts = Attempts(rig)
        await rig.start()
        collector.inject(Status(503))
        await rig.queue(packets(STREAMS[0], range(1)))
        await rig.clock.advance()
        while len(attempts.times) < 2:
            await rig.clock.advance(rig.clock.waits[0])
        return attempts.times[1] - attempts.times[0]


async def requests_in_an_hour(folder: Path, seed: int, *, unreachable: bool) -> int:
    """Return how often an installation with 20 streams makes a request in the worst hour without the server.

    Unreachable, or answering 503: its streams have a new packet every five minutes all the while, and when the
    server went away each was about to be read back, a minute after its first packet.
    """
    async with (
        Collector(accounts={USER: PASSWORD}) as collector,
        delivery(collector, folder / f"hour-{seed}-{unreachable}.db", random=_random(seed)) as rig,
    ):
        await rig.start()
        await rig.queue_each(STREAMS, range(1))
        into_interval = rig.random.uniform(0.0, SETTLE_SECONDS)
        await rig.clock.advance(into_interval)
        if unreachable:
            await collector.stop()
        else:
            collector.inject(Status(503, times=None))
        attempts = Attempts(rig)
        await rig.clock.advance(INTERVAL - into_interval)
        for tick in range(1, 2 + int(HOUR / INTERVAL)):
            await rig.queue_each(STREAMS, range(tick, tick + 1))
            await rig.clock.advance(INTERVAL)
        return most_within(HOUR, attempts.times)


def most_within(seconds: float, times: Sequence[float]) -> int:
    """Return how many of these times lie within the so many seconds that hold the most of them."""
    times = sorted(times)
    return max(number - bisect_left(times, end - seconds) + 1 for number, end in enumerate(times))


def peak_percent(installations: int, seed: int) -> float:
    """Return the percentage of installations that restart together and send in the busiest second."""
    random = _random(seed)
    made = datetime(2026, 1, 1).astimezone()
    delays = [
        LONGEST_START_DELAY * _fraction_of(_entry_id(made + timedelta(minutes=number), random))
        for number in range(installations)
    ]
    return 100.0 * most_within(1.0, delays) / installations


def _entry_id(made: datetime, random: Random) -> str:
    """Return the id of a config entry: a ULID, ten characters of time and sixteen of chance."""
    number = int(made.timestamp() * 1000) << 80 | random.getrandbits(80)
    return "".join(_ULID[number >> 5 * place & 31] for place in reversed(range(26)))


def _random(seed: int) -> Random:
    return Random(seed)  # noqa: S311 - has to be repeatable


async def measure(folder: Path, seeds: int) -> dict[str, Any]:
    """Return the worst of so many simulations of each kind."""
    waits = [await wait_after_one_503(folder, seed) for seed in range(seeds)]
    away = [await requests_in_an_hour(folder, seed, unreachable=True) for seed in range(seeds)]
    failing = [await requests_in_an_hour(folder, seed, unreachable=False) for seed in range(seeds)]
    peaks = [peak_percent(10_000, seed) for seed in range(seeds)]
    return {
        "simulations of each kind": seeds,
        "longest wait in seconds after one 503": round(max(waits), 2),
        "most requests in an hour without a server": max(away),
        "on average": round(sum(away) / seeds, 1),
        "most requests in an hour of 503": max(failing),
        "on average, of 503": round(sum(failing) / seeds, 1),
        "most of 10,000 that send in one second, in percent": round(max(peaks), 2),
    }


def broken_promises(figures: dict[str, Any]) -> Iterator[str]:
    """Yield the figures that are worse than promised."""
    most = dict(
        zip(figures, (None, MOST_SECONDS, MOST_REQUESTS, None, MOST_REQUESTS, None, MOST_PERCENT), strict=True)
    )
    yield from (name for name, limit in most.items() if limit is not None and figures[name] > limit)


def _arguments() -> Namespace:
    parser = ArgumentParser(prog="python -m tests.campaign.fleet", description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    return parser.parse_args()


def main() -> int:
    """Simulate and print; return the exit code."""
    with TemporaryDirectory() as folder:
        figures = asyncio.run(measure(Path(folder), _arguments().seeds))
    show(figures)
    return int(any(broken_promises(figures)))


if __name__ == "__main__":
    sys.exit(main())
