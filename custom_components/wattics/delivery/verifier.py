"""Reads streams back: did a packet arrive whose answer was lost, has Wattics processed what it acknowledged."""

import asyncio
from collections.abc import Callable, Iterable
import logging
from random import Random
from typing import Final

from async_timeout import timeout

from .client import Client
from .clock import Clock
from .database import Waiting
from .errors import DeliveryError, Forbidden, NoAnswer, NotFound, Refused, Unreachable
from .joining import Joining
from .lane import Lane, Trouble
from .outbox import Outbox, milliseconds
from .packet import Packet
from .verification import BEHIND_SECONDS, DAY_SECONDS, SETTLE_SECONDS

_LOGGER = logging.getLogger(__name__)

READ_BACK_SECONDS: Final = 10.0
"""As long is waited for a read-back, which is worth less than the next packet."""
PUT_OFF_SECONDS: Final = 600.0
"""From a read-back that failed, and not because of its stream, to the next one of whichever stream."""


class Verifier:
    """Plans and makes the read-backs of one account. A failed one says nothing of whether packets can be sent."""

    def __init__(
        self,
        outbox: Outbox,
        client: Client,
        joining: Joining,
        *,
        clock: Clock,
        random: Random,
        on_due: Callable[[Lane], None],
        on_change: Callable[[str | None], None],
    ) -> None:
        """`on_due` gets a stream whose `read_back_due` was set, `on_change` the id of one with new findings."""
        self._outbox = outbox
        self._client = client
        self._joining = joining
        self._clock = clock
        self._random = random
        self._on_due = on_due
        self._on_change = on_change
        self._put_off_until = 0.0
        """Until this monotonic time no stream is read back unasked; 0 while the server answers."""

    async def has_arrived(self, lane: Lane, packet: Waiting) -> bool:
        """Whether Wattics has a packet, although it refuses it now: it, or one that was sent after it.

        Also where the packet is of an older outbox, restored from a backup: then Wattics, before it took any
        packet of this run, had one that is newer than the newest that the outbox knew of. It can't take the
        packets of that outbox any more, and need not: they were sent when it was new.
        """
        try:
            last = await self._read(lane)
        except DeliveryError:
            return False
        processed = _instant(last)
        if last is None or processed is None:
            return False
        is_restored = (
            not lane.taken
            and lane.newest_at_start is not None
            and packet.instant <= lane.newest_at_start < processed <= milliseconds(self._clock.now())
        )
        if is_restored and not lane.restored:
            lane.restored = True
            _LOGGER.warning(
                "Packets of %s are older than what Wattics has, as after the restore of a backup: it refuses them,"
                " and they are let go of",
                lane.stream_id,
            )
        if processed == packet.instant or is_restored:
            return True
        return processed > packet.instant and await self._waits(lane, last, processed)

    async def _waits(self, lane: Lane, last: Packet, instant: int) -> bool:
        """Whether a packet, as Wattics has it, is still in the outbox.

        It was sent once all before it were acknowledged, and nobody wrote that down: the process was killed.
        """
        packets = await self._outbox.peek(lane.stream_id, instant - 1, 1)
        return bool(packets) and Packet.decode(packets[0].body) == last

    def plan_after(self, lane: Lane, packet: Waiting) -> None:
        """Plan the read-back that follows a packet: soon after the first one and after an outage, else daily."""
        record = self._outbox.streams.get(lane.stream_id)
        is_first = record is not None and record.pushed_at is None and lane.last_packet is None
        has_waited = milliseconds(self._clock.now()) - packet.instant > milliseconds(BEHIND_SECONDS)
        if is_first or has_waited or lane.trouble is not Trouble.NONE:
            self._plan(lane, SETTLE_SECONDS)
        elif lane.read_back_timer is None and not lane.read_back_due:
            self._plan(lane, self._random.uniform(SETTLE_SECONDS, DAY_SECONDS))

    def postpone(self, lane: Lane) -> None:
        """Ask later: the server does not answer at the moment."""
        lane.read_back_due = False
        self._answer(lane, Unreachable("the server does not answer at the moment"))
        self._plan(lane, SETTLE_SECONDS)

    def is_to_ask(self, lane: Lane) -> bool:
        """Whether a stream must be read back before its next packet is sent."""
        return not lane.asked and self._joining.awaits(lane.stream_id)

    async def ask(self, lane: Lane) -> None:
        """Read a stream back before its first packet. Raises DeliveryError, and OutboxError."""
        try:
            last = await self._read(lane)
        except DeliveryError:
            self._plan(lane, PUT_OFF_SECONDS)
            raise
        await self._joined(lane, last)

    async def _joined(self, lane: Lane, last: Packet | None) -> None:
        if self._joining.awaits(lane.stream_id):
            await self._joining.take(lane.stream_id, last)
        lane.asked = True

    def ask_soon(self, lanes: Iterable[Lane]) -> None:
        """Read streams back at their next turns."""
        for lane in lanes:
            lane.read_back_due = True
            self._on_due(lane)

    def request(self, lane: Lane) -> asyncio.Future[None]:
        """Have a stream read back at its next turn; the future holds the DeliveryError if that fails."""
        request = asyncio.get_running_loop().create_future()
        lane.read_back_requests.append(request)
        lane.read_back_due = True
        self._on_due(lane)
        return request

    async def read_back(self, lane: Lane) -> None:
        """Make the read-back that is due, and take note of what it says. Raises OutboxError.

        Once one has found no server, one at a time finds out whether it is back: those of all streams would be
        more tries than a server that is down should see.
        """
        lane.read_back_due = False
        if self._put_off_until and not lane.read_back_requests:
            wait = self._put_off_until - self._clock.monotonic()
            if wait > 0.0:
                self._plan(lane, wait)
                return
            self._put_off()
        last = None
        try:
            last = await self._read(lane)
        except (Forbidden, NotFound, Refused) as error:
            self._answer(lane, error)
        except DeliveryError as error:
            self._answer(lane, error)
            self._put_off()
            self._plan(lane, PUT_OFF_SECONDS)
            return
        else:
            await self._joined(lane, last)
        self._put_off_until = 0.0
        self._take(lane, last)
        self._answer(lane, None)

    def _put_off(self) -> None:
        self._put_off_until = self._clock.monotonic() + PUT_OFF_SECONDS

    def _answer(self, lane: Lane, error: DeliveryError | None) -> None:
        """Tell those who asked for the read-back that it was made, or why not."""
        for request in lane.read_back_requests:
            if request.done():
                continue
            if error is None:
                request.set_result(None)
            else:
                request.set_exception(error)
        lane.read_back_requests.clear()

    async def _read(self, lane: Lane) -> Packet | None:
        try:
            async with timeout(READ_BACK_SECONDS):
                return await self._client.read_last(lane.stream_id)
        except TimeoutError:
            raise NoAnswer(f"no answer within {READ_BACK_SECONDS:.0f} s") from None

    def _take(self, lane: Lane, last: Packet | None) -> None:
        record = self._outbox.streams.get(lane.stream_id)
        if record is None:
            return
        # As long as nothing was sampled in this run, an outbox from a backup may be the one that is behind.
        newest = record.newest if record.newest != lane.newest_at_start else None
        wait = lane.verification.take(self._clock.now(), _instant(last), record.acknowledged, newest)
        self._plan(lane, wait)
        self._on_change(lane.stream_id)

    def _plan(self, lane: Lane, seconds: float) -> None:
        def due() -> None:
            lane.read_back_timer = None
            lane.read_back_due = True
            self._on_due(lane)

        lane.cancel_read_back()
        lane.read_back_timer = self._clock.call_later(seconds, due)


def _instant(last: Packet | None) -> int | None:
    """Return the instant of a packet that was read back, None where that says nothing (a date before 1970)."""
    if last is None:
        return None
    instant = milliseconds(last.instant.timestamp())
    return instant if instant >= 0 else None
