"""Measures whether two streams that are refused for ever hold up the other 18, with two connections."""

import asyncio
from functools import partial
import json
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
import time
from typing import Any, Final

from .agent import samples
from .delivering import opened, uploading
from .figures import collector, show
from .loops import FastLoop
from .record import key_of

STREAMS: Final = 20
REFUSED: Final = 2
CONNECTIONS: Final = 2
MOST_RATIO: Final = 1.25
"""As much longer may it take: the machine is never quite the same."""
RATE: Final = 50.0
"""Seconds of the uploader in a second of the machine, so that the refused streams come to many tries."""

_ANSWER_SECONDS: Final = 0.004


async def deliver(folder: Path, packets: int, status: int | None) -> tuple[float, int]:
    """Return the seconds until the good streams' packets arrived, and how often the bad ones were refused.

    Without a status the bad streams are not there at all.
    """
    good = {f"stream-{number}" for number in range(REFUSED, STREAMS)}
    arrived = refused = 0
    all_arrived = asyncio.Event()

    def hear(line: str) -> None:
        nonlocal arrived, refused
        word, _, rest = line.partition(" ")
        refused += (word, rest) == ("struck", "refused")
        if word == "accepted":
            arrived += key_of(rest).stream_id in good
            if arrived == len(good) * packets:
                all_arrived.set()

    async with collector(folder, on_line=hear) as (server, url), opened(folder / "outbox.db", url) as outbox:
        for number in range(REFUSED):
            fault = {"kind": "status", "status": status or 400, "stream": f"stream-{number}", "times": None}
            server.order(f"inject refused {json.dumps(fault)}")
        server.order(f"inject slow {json.dumps({'kind': 'slow', 'seconds': _ANSWER_SECONDS, 'times': None})}")
        for tick in range(packets):
            await outbox.append(samples(tick, STREAMS)[REFUSED if status is None else 0 :])
        started = time.monotonic()
        async with uploading(outbox, url, CONNECTIONS):
            await all_arrived.wait()
            return time.monotonic() - started, refused


def measure(folder: Path, packets: int) -> dict[str, Any]:
    """Return the figures: alone, and beside each kind of refusal."""
    seconds: dict[int | None, float] = {}
    refusals: dict[int | None, int] = {}
    for status in (None, 400, 404):
        run_folder = folder / str(status)
        run_folder.mkdir()
        seconds[status], refusals[status] = asyncio.run(
            deliver(run_folder, packets, status), loop_factory=partial(FastLoop, RATE)
        )
    return {
        "packets of each of the 18 streams": packets,
        "seconds alone": round(seconds[None], 2),
        "seconds beside two streams answered 400": round(seconds[400], 2),
        "refusals 400": refusals[400],
        "ratio 400": round(seconds[400] / seconds[None], 3),
        "seconds beside two streams answered 404": round(seconds[404], 2),
        "refusals 404": refusals[404],
        "ratio 404": round(seconds[404] / seconds[None], 3),
    }


def main() -> int:
    """Measure and print; return the exit code."""
    with TemporaryDirectory() as folder:
        figures = measure(Path(folder), packets=200)
    show(figures)
    return int(max(figures["ratio 400"], figures["ratio 404"]) > MOST_RATIO)


if __name__ == "__main__":
    sys.exit(main())
