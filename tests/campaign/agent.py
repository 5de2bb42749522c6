"""The delivery library at work in a process of its own, which tells its parent what it does, line by line.

| line | said |
| --- | --- |
| `open` | when the outbox is open |
| `trying BODY` | of each sample of a tick, before it is queued |
| `kept` | when the samples told last are on disk, as far as the outbox promises |
| `sent BODY` | just before a packet goes out |
| `answered STATUS BODY` | when the answer to it comes |
| `broken REASON BODY` | when no answer comes |
| `unread REASON` | when a stream can't be read back |
| `empty` | when nothing waits any more |
| `salvaged`, `late STREAM`, `unauthorized`, `died ERROR` | when that happens |

On its standard input it takes `pause` (make no samples), `resume` and `empty?`. SIGTERM ends it in order.
"""

from argparse import ArgumentParser, Namespace
import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from pathlib import Path
from random import Random
import signal
from types import SimpleNamespace

import aiohttp

from custom_components.wattics.delivery.client import Client, connection_trace
from custom_components.wattics.delivery.clock import LoopClock
from custom_components.wattics.delivery.outbox import Outbox, OutboxThread
from custom_components.wattics.delivery.packet import Packet
from custom_components.wattics.delivery.uploader import Uploader

from .lines import PASSWORD, USER, listen, say
from .loops import FastLoop
from .sabotage import SABOTAGE

RATE = 50.0
"""Seconds of the agent in a second of the machine: a time-out of 30 s takes 0.6 s."""
FIRST = datetime(2026, 11, 23, 12, tzinfo=UTC)
INTERVAL = timedelta(seconds=5)
GRACE_SECONDS = 2.0

_MOST_CONNECTIONS = 4


def samples(tick: int, streams: int) -> list[Packet]:
    """Return the samples of all streams at one boundary, each with a value that no other has."""
    instant = FIRST + tick * INTERVAL
    return [
        Packet(f"stream-{number}", instant, {"aP_1": tick * streams + number + 0.25, "pC_1": tick})
        for number in range(streams)
    ]


def session(*traces: aiohttp.TraceConfig) -> aiohttp.ClientSession:
    """Return a session as the integration makes one."""
    return aiohttp.ClientSession(
        cookie_jar=aiohttp.CookieJar(unsafe=True), trace_configs=[connection_trace(), *traces]
    )


def _telling_trace() -> aiohttp.TraceConfig:
    """Return what tells of every packet that goes out, and of its answer, whatever the library thinks of it."""

    async def sent(_: object, context: SimpleNamespace, chunk: aiohttp.TraceRequestChunkSentParams) -> None:
        context.body = chunk.chunk.decode()
        say(f"sent {context.body}")

    async def answered(_: object, context: SimpleNamespace, end: aiohttp.TraceRequestEndParams) -> None:
        if body := getattr(context, "body", None):
            say(f"answered {end.response.status} {body}")
        elif end.response.status != HTTPStatus.OK:
            say(f"unread {end.response.status}")

    async def broken(_: object, context: SimpleNamespace, error: aiohttp.TraceRequestExceptionParams) -> None:
        if body := getattr(context, "body", None):
            say(f"broken {type(error.exception).__name__} {body}")
        elif error.method == "GET":
            say(f"unread {type(error.exception).__name__}")

    trace = aiohttp.TraceConfig()
    trace.on_request_chunk_sent.append(sent)
    trace.on_request_end.append(answered)
    trace.on_request_exception.append(broken)
    return trace


class Agent:
    """An account without Home Assistant: samples on a fast cadence, the real outbox and the real uploader."""

    def __init__(self, arguments: Namespace, session: aiohttp.ClientSession) -> None:
        """Open nothing yet."""
        self._tick: int = arguments.first_tick
        self._streams: int = arguments.streams
        self._cadence: float = arguments.cadence * RATE
        self._ending = asyncio.Event()
        self._sampling = asyncio.Event()
        self._sampling.set()
        self._asked = False
        self._thread = OutboxThread()
        self._outbox = Outbox(self._thread, arguments.outbox, arguments.url, on_salvaged=lambda _: say("salvaged"))
        self._uploader = Uploader(
            self._outbox,
            Client(session, arguments.url, USER, PASSWORD),
            connections=_MOST_CONNECTIONS,
            clock=LoopClock(),
            random=Random(),  # noqa: S311 - spreads retries, keeps no secret
            on_change=lambda _: self._tell_empty(),
            on_unauthorized=partial(say, "unauthorized"),
        )

    async def run(self) -> None:
        """Make samples and deliver them until asked to end."""
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._ending.set)
        listen(self._obey, self._ending.set)
        await self._outbox.open()
        say("open")
        upload = asyncio.create_task(self._uploader.run())
        upload.add_done_callback(_tell_death)
        while not self._ending.is_set():
            if self._sampling.is_set():
                await self._sample()
            with suppress(TimeoutError):
                async with asyncio.timeout(self._cadence):
                    await self._ending.wait()
        self._uploader.stop()
        await asyncio.wait([upload], timeout=GRACE_SECONDS)
        upload.cancel()
        await asyncio.wait([upload])
        await self._uploader.close()
        await self._outbox.close()
        self._thread.stop()

    async def _sample(self) -> None:
        packets = samples(self._tick, self._streams)
        self._tick += 1
        for packet in packets:
            say(f"trying {packet.encode().decode()}")
        for stream_id in await self._outbox.append(packets):
            say(f"late {stream_id}")
        say("kept")
        self._uploader.wake([packet.stream_id for packet in packets])

    def _obey(self, line: str) -> None:
        orders: dict[str, Callable[[], None]] = {
            "pause": self._sampling.clear,
            "resume": self._sampling.set,
            "empty?": self._ask,
        }
        orders[line]()

    def _ask(self) -> None:
        self._asked = True
        self._tell_empty()

    def _tell_empty(self) -> None:
        if self._asked and not self._outbox.queued:
            self._asked = False
            say("empty")


def _tell_death(upload: asyncio.Task[None]) -> None:
    if not upload.cancelled() and (error := upload.exception()) is not None:
        say(f"died {error!r}")


async def _run(arguments: Namespace) -> None:
    async with session(_telling_trace()) as open_session:
        await Agent(arguments, open_session).run()


def _arguments() -> Namespace:
    parser = ArgumentParser(description="The delivery library in a process of its own.")
    parser.add_argument("--outbox", type=Path, required=True)
    parser.add_argument("--url", required=True)
    parser.add_argument("--streams", type=int, required=True)
    parser.add_argument("--first-tick", type=int, required=True)
    parser.add_argument("--cadence", type=float, required=True, help="seconds of the machine between ticks")
    parser.add_argument("--sabotage", choices=SABOTAGE, help="break the library, to see the campaign notice it")
    return parser.parse_args()


def main() -> None:
    """Run until SIGTERM, or until the parent is gone."""
    arguments = _arguments()
    if arguments.sabotage:
        SABOTAGE[arguments.sabotage]()
    asyncio.run(_run(arguments), loop_factory=partial(FastLoop, RATE))


if __name__ == "__main__":
    main()
