"""Sends what is in the outbox: in order per stream, streams side by side, each answer with its own consequence."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
import logging
from random import Random
from typing import Final

from .acknowledgements import Acknowledgements
from .answers import Answers
from .client import Client
from .clock import Clock, Timer
from .database import Waiting
from .errors import DeliveryError, OutboxError, Unauthorized, Unreachable
from .gate import Attempt, Gate
from .joining import NOTHING_TO_JOIN, Joining
from .lane import Lane, set_event
from .outbox import Outbox
from .verifier import Verifier

_LOGGER = logging.getLogger(__name__)

UNEXPECTED_SECONDS: Final = 60.0
"""For which a stream pauses after a fault of ours."""
STORAGE_SECONDS: Final = 10.0
"""Between tries while the outbox can't be read or written."""

_READ_AHEAD: Final = 64
_READ_AHEAD_IN_ALL: Final = 2048


class Uploader:
    """Delivers one account's packets over at most `connections` transactions at a time."""

    def __init__(
        self,
        outbox: Outbox,
        client: Client,
        *,
        connections: int,
        clock: Clock,
        random: Random,
        on_change: Callable[[str | None], None],
        on_unauthorized: Callable[[], None],
        joining: Joining = NOTHING_TO_JOIN,
    ) -> None:
        """`on_change` gets the id of a stream whose figures changed, or None for the account's own."""
        self._outbox = outbox
        self._client = client
        self._connections = connections
        self._clock = clock
        self._on_change = on_change
        self._ready: deque[Lane] = deque()
        self._leaving: dict[str, asyncio.Event] = {}
        """Of streams that were removed with a packet on the way: set once it has its answer."""
        self._wake = asyncio.Event()
        self._timers: set[Timer] = set()
        self._acknowledgements = Acknowledgements(outbox, clock, self._written)
        self._verifier = Verifier(
            outbox,
            client,
            joining,
            clock=clock,
            random=random,
            on_due=lambda lane: self._offer((lane,)),
            on_change=on_change,
        )
        self._newest: dict[str, int | None] = {}
        """Instants of the newest samples that the outbox knew of when the upload began."""
        self._stopping = False
        self.gate = Gate(clock, random, self._gate_changed)
        self.lanes: dict[str, Lane] = {}
        self.answers = Answers(
            outbox,
            self._acknowledgements,
            self._verifier,
            self.gate,
            clock=clock,
            random=random,
            on_resume=lambda lane: self._offer((lane,)),
            on_unauthorized=on_unauthorized,
        )
        self.storage_error: str | None = None

    async def run(self, delay: float = 0.0) -> None:
        """Send until stopped or cancelled, beginning in `delay` seconds with what waits."""
        self._newest = {record.stream_id: record.newest for record in self._outbox.streams.values()}
        self.wake([record.stream_id for record in self._outbox.streams.values() if record.queued], delay)
        try:
            async with asyncio.TaskGroup() as workers:
                workers.create_task(self._acknowledgements.keep_writing(self._storage_failed))
                for _ in range(self._connections):
                    workers.create_task(self._work())
        finally:
            self._stop_timers()

    def stop(self) -> None:
        """Begin nothing new; `run` ends with the transactions that are under way."""
        self._stopping = True
        self._wake.set()
        self._acknowledgements.stop()

    async def close(self) -> None:
        """Keep what was acknowledged last; call when `run` has ended. Raises OutboxError."""
        await self._acknowledgements.write()

    def wake(self, stream_ids: Iterable[str], delay: float = 0.0) -> None:
        """Tell that streams have new packets, to be sent in `delay` seconds."""
        lanes = [self._lane(stream_id) for stream_id in stream_ids]
        for lane in lanes:
            lane.more = True
        self._call_later(delay, lambda: self._begin(lanes))

    def retry(self) -> None:
        """Try again at once whatever waits."""
        for lane in self.lanes.values():
            lane.cancel_timer()
        self.gate.reopen()
        self._offer(self.lanes.values())

    def remove(self, stream_id: str) -> None:
        """Send nothing more of a stream."""
        lane = self.lanes.pop(stream_id, None)
        if lane is not None:
            lane.leave()
            if lane.busy:
                self._leaving[stream_id] = lane.idle

    async def verify(self, stream_id: str) -> None:
        """Ask Wattics now what it processed last of a stream. Raises DeliveryError."""
        if not self.gate.is_open:
            raise Unreachable(self.answers.last_error or "no connection")
        await self._verifier.request(self._lane(stream_id))

    def ask(self, stream_ids: Iterable[str], delay: float = 0.0) -> None:
        """Read streams back in `delay` seconds: somebody awaits it, whether there are packets or not."""
        lanes = [self._lane(stream_id) for stream_id in stream_ids]
        self._call_later(delay, lambda: self._verifier.ask_soon(lanes))

    @asynccontextmanager
    async def hold(self, stream_ids: Iterable[str]) -> AsyncGenerator[None]:
        """Send nothing of these streams while their packets in the outbox are changed. Raises OutboxError.

        Begins when none of them is on the way any more and all that were acknowledged have left the outbox.
        """
        lanes = [lane for stream_id in stream_ids if (lane := self.lanes.get(stream_id)) is not None]
        for lane in lanes:
            lane.held += 1
        try:
            for lane in lanes:
                await lane.idle.wait()
            await self._acknowledgements.write()
            yield
        finally:
            for lane in lanes:
                lane.held -= 1
                self._read_anew(lane)
            self._offer(lanes)

    def reread(self) -> None:
        """Forget what was read ahead: the oldest packets have left the outbox otherwise than by being sent."""
        for lane in self.lanes.values():
            on_the_way = [lane.buffer[0]] if lane.busy and lane.buffer else []
            lane.buffer = deque(on_the_way)
            lane.more = True
            lane.reads += 1

    def _read_anew(self, lane: Lane) -> None:
        """Begin with the oldest packet that the outbox has now, and without what earlier ones led to."""
        lane.cancel_timer()
        lane.rejected_in_a_row = lane.waits = 0
        lane.buffer.clear()
        lane.after = None
        lane.more = True
        lane.refusals = 0
        lane.ambiguous = False

    def _lane(self, stream_id: str) -> Lane:
        """Return the state of a stream; one that comes back begins when its last packet has its answer."""
        if stream_id not in self.lanes:
            idle = self._leaving.pop(stream_id) if stream_id in self._leaving else set_event()
            self.lanes[stream_id] = Lane(stream_id, idle=idle, newest_at_start=self._newest.get(stream_id))
        return self.lanes[stream_id]

    def _begin(self, lanes: list[Lane]) -> None:
        self._offer(lanes)
        for lane in lanes:
            self.gate.doubt(lane.stream_id)

    def _offer(self, lanes: Iterable[Lane]) -> None:
        for lane in lanes:
            if lane.can_start:
                lane.offered = True
                self._ready.append(lane)
        self._wake.set()

    def _take(self) -> tuple[Lane, Attempt] | None:
        """Return the stream whose turn it is: each gets one packet a turn."""
        while self._ready and self.gate.permits and not self._acknowledgements.is_stuck:
            # The probe is about the server: not by a stream that it may fail on alone.
            lane = self._ready[0] if self.gate.is_open else min(self._ready, key=lambda lane: lane.failures)
            self._ready.remove(lane)
            lane.offered = False
            if lane.can_start:
                lane.idle.clear()
                return lane, self.gate.begin()
        return None

    async def _work(self) -> None:
        while not self._stopping:
            taken = self._take()
            if taken is None:
                self._wake.clear()
                await self._wake.wait()
                continue
            lane, attempt = taken
            try:
                await self._send_next(lane, attempt)
            except Exception:
                # One stream must not end the work of all.
                _LOGGER.exception("Sending a packet of %s failed. Please report this", lane.stream_id)
                self.answers.pause(lane, UNEXPECTED_SECONDS)
            finally:
                lane.idle.set()
                self.gate.release(attempt)
                if lane.removed:
                    self._left(lane)
            self._offer((self.lanes.get(lane.stream_id, lane),))

    def _left(self, lane: Lane) -> None:
        """Leave nothing behind of a stream that was removed with a packet on the way."""
        lane.leave()
        if self._leaving.get(lane.stream_id) is lane.idle:
            del self._leaving[lane.stream_id]

    async def _send_next(self, lane: Lane, attempt: Attempt) -> None:
        if lane.read_back_due and not self.gate.is_open:
            self._verifier.postpone(lane)
        try:
            if lane.read_back_due:
                await self._verifier.read_back(lane)
                return
            if lane.timer is not None or (packet := await self._oldest(lane)) is None:
                return
            if self._verifier.is_to_ask(lane) and await self._ask(lane, packet, attempt):
                return
            await self._send(lane, packet, attempt)
        except OutboxError as error:
            self._storage_failed(error)
            self.answers.pause(lane, STORAGE_SECONDS)

    async def _ask(self, lane: Lane, packet: Waiting, attempt: Attempt) -> bool:
        """Read a stream back before its first packet; return False where the packet may go all the same."""
        try:
            await self._verifier.ask(lane)
        except (Unauthorized, Unreachable) as error:
            # A packet could not get through either.
            await self.answers.failed(lane, packet, attempt, error, others=False)
            self._on_change(lane.stream_id)
            return True
        except DeliveryError:
            return False
        self.gate.succeeded(attempt)
        # What was read ahead may have been raised with the registers.
        lane.buffer.clear()
        lane.more = True
        return True

    async def _send(self, lane: Lane, packet: Waiting, attempt: Attempt) -> None:
        started = self._clock.monotonic()
        successes = self.answers.successes
        try:
            self.answers.response_status = await self._client.push(packet.body)
        except DeliveryError as error:
            lane.latency = self._clock.monotonic() - started
            others = self.answers.successes > successes
            await self.answers.failed(lane, packet, attempt, error, others=others)
            self._on_change(lane.stream_id)
        else:
            lane.latency = self._clock.monotonic() - started
            self.gate.succeeded(attempt)
            lane.asked = lane.taken = True
            await self.answers.succeeded(lane, packet)

    async def _oldest(self, lane: Lane) -> Waiting | None:
        """Return the packet that is next, reading ahead where nothing is left of the last time."""
        if not lane.buffer:
            limit = max(1, min(_READ_AHEAD, _READ_AHEAD_IN_ALL // max(1, len(self.lanes))))
            lane.more = False  # packets that come while the outbox is read set it again
            reads = lane.reads
            try:
                packets = await self._outbox.peek(lane.stream_id, lane.after, limit)
            except OutboxError:
                lane.more = True
                raise
            self.storage_error = None
            if reads == lane.reads:
                lane.more |= len(packets) == limit
                lane.buffer.extend(packets)
        return lane.buffer[0] if lane.buffer else None

    def _written(self, stream_ids: set[str]) -> None:
        self.storage_error = None
        self._wake.set()
        for stream_id in stream_ids:
            self._on_change(stream_id)
        self._on_change(None)

    def _storage_failed(self, error: OutboxError) -> None:
        self.storage_error = str(error)
        self._on_change(None)

    def _gate_changed(self) -> None:
        self._wake.set()
        self._on_change(None)

    def _call_later(self, seconds: float, callback: Callable[[], None]) -> None:
        def due() -> None:
            self._timers.discard(timer)
            callback()

        timer = self._clock.call_later(seconds, due)
        self._timers.add(timer)

    def _stop_timers(self) -> None:
        for lane in self.lanes.values():
            lane.cancel_timer()
            lane.cancel_read_back()
            lane.cancel_read_back_requests()
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._acknowledgements.cancel_timer()
        self.gate.stop()
