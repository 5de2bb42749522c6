"""An uploader with all that it works with, and the collector in Wattics' place."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import aiohttp

from custom_components.wattics.delivery.client import Client, connection_trace
from custom_components.wattics.delivery.joining import NOTHING_TO_JOIN, Joining
from custom_components.wattics.delivery.lane import Lane
from custom_components.wattics.delivery.outbox import Outbox, milliseconds
from custom_components.wattics.delivery.packet import Packet
from custom_components.wattics.delivery.uploader import Uploader
from tests.collector import Collector

from .clocks import ManualClock, Middling
from .files import opened
from .packets import packets

USER = "ada"
PASSWORD = "secret"


class Rig:
    """One account's delivery on a clock that a test moves.

    `hanging` is how many transactions the collector lets hang: `settle` does not wait for those.
    """

    def __init__(
        self,
        collector: Collector,
        outbox: Outbox,
        session: aiohttp.ClientSession,
        connections: int,
        random: Random,
        joining: Joining,
    ) -> None:
        """Send nothing before `start`."""
        self.collector = collector
        self.outbox = outbox
        self.session = session
        self.connections = connections
        self.random = random
        self.joining = joining
        self.clock = ManualClock(self.settle)
        self.hanging = 0
        self.changes: list[str | None] = []
        self.unauthorized = 0
        self.queued: dict[str, list[bytes]] = {}
        """All packets ever queued, by stream."""
        self._run: asyncio.Task[None] | None = None
        self.uploader = self._new_uploader()

    def _new_uploader(self) -> Uploader:
        return Uploader(
            self.outbox,
            Client(self.session, self.collector.url, USER, PASSWORD),
            connections=self.connections,
            clock=self.clock,
            random=self.random,
            on_change=self.changes.append,
            on_unauthorized=self._count_unauthorized,
            joining=self.joining,
        )

    def _count_unauthorized(self) -> None:
        self.unauthorized += 1

    async def start(self, delay: float = 0.0) -> None:
        """Begin to send, after `delay` seconds of the clock."""
        self._run = asyncio.create_task(self.uploader.run(delay))
        for _ in range(5):  # until the workers have begun
            await asyncio.sleep(0)
        await self.clock.advance()

    async def stop(self) -> None:
        """Stop as Home Assistant does when it ends in the middle of it all, and keep what was acknowledged."""
        if self._run is not None:
            run, self._run = self._run, None
            run.cancel()
            await asyncio.wait([run])
            self.hanging = 0
            await self.uploader.close()
            assert self.clock.waits == []

    async def restart(self) -> None:
        """Go on with another uploader, as after a reload."""
        await self.stop()
        self.uploader = self._new_uploader()
        await self.start()

    async def queue(self, packets: Sequence[Packet], *, delay: float = 0.0) -> None:
        """Queue packets and wake their streams; returns before they are sent."""
        assert await self.outbox.append(packets) == []
        for packet in packets:
            self.queued.setdefault(packet.stream_id, []).append(packet.encode())
        self.uploader.wake({packet.stream_id: None for packet in packets}, delay)

    async def queue_each(self, stream_ids: Sequence[str], numbers: range) -> None:
        """Queue the packets of the same intervals for several streams and let them be sent."""
        await self.queue([packet for stream_id in stream_ids for packet in packets(stream_id, numbers)])
        await self.clock.advance()

    async def settle(self) -> None:
        """Wait until nothing more happens by itself: what is left waits for the clock, or hangs."""
        async with asyncio.timeout(20):
            while not self._is_idle():  # noqa: ASYNC110 - sockets and disk have no event for this
                await asyncio.sleep(0)

    def _is_idle(self) -> bool:
        if self._run is None:
            return True
        if self._run.done():
            self._run.result()
            return True
        uploader = self.uploader
        busy = self.connections - len(uploader._wake._waiters)
        workers_have_looked = not uploader._wake.is_set() or busy == self.connections
        acknowledgements = uploader._acknowledgements
        writing = acknowledgements._due.is_set() or acknowledgements._writing.locked()
        in_flight = self.collector.statistics.in_flight
        return workers_have_looked and not writing and busy == in_flight == self.hanging

    def lane(self, stream_id: str) -> Lane:
        """Return the state of a stream."""
        return self.uploader.lanes[stream_id]

    def tries(self, stream_id: str) -> int:
        """Return how often a packet of a stream was sent."""
        return sum(
            request.stream == stream_id and request.method == "POST"
            for request in self.collector.statistics.requests
        )

    @property
    def requests(self) -> int:
        """How many packets were sent, of all streams."""
        return sum(request.method == "POST" for request in self.collector.statistics.requests)

    def accepted(self, stream_id: str) -> list[bytes]:
        """Return what the collector accepted of a stream."""
        return [one.body for one in self.collector.accepted if one.packet.stream_id == stream_id]

    def assert_delivered(self, *stream_ids: str) -> None:
        """Check that every packet of these streams (or of all) arrived once, in order, byte for byte."""
        for stream_id in stream_ids or self.queued:
            assert self.accepted(stream_id) == self.queued[stream_id], stream_id

    def assert_order_was_kept(self) -> None:
        """Check what must hold at any time, whatever went wrong."""
        statistics = self.collector.statistics
        assert all(most == 1 for most in statistics.most_in_flight_by_stream.values())
        assert statistics.most_in_flight <= self.connections
        assert statistics.most_connections <= self.connections
        assert not self.collector.refused


def now(rig: Rig) -> int:
    """Return the clock's time in the outbox's unit."""
    return milliseconds(rig.clock.now())


@asynccontextmanager
async def delivery(
    collector: Collector,
    path: Path,
    connections: int = 4,
    random: Random | None = None,
    joining: Joining = NOTHING_TO_JOIN,
) -> AsyncGenerator[Rig]:
    """Run a rig that has not started yet; check at the end that order was kept."""
    async with (
        opened(path, collector.url) as outbox,
        aiohttp.ClientSession(
            cookie_jar=aiohttp.CookieJar(unsafe=True), trace_configs=[connection_trace()]
        ) as session,
    ):
        rig = Rig(collector, outbox, session, connections, random or Middling(), joining)
        try:
            yield rig
        finally:
            await rig.stop()
        rig.assert_order_was_kept()
