"""The periods of an outbox that are read from elsewhere, for the event loop to use."""

from collections.abc import Awaitable, Callable, Iterable, Sequence

from . import history as history_of
from .database import Database, StreamRecord, entry_of
from .history import Rewrite
from .packet import Packet
from .periods import History, Kind, Period

type Change = Callable[[Callable[[Database], Iterable[StreamRecord]]], Awaitable[None]]
"""Makes a change in the outbox's thread, and takes note of the streams that it returns."""


class Histories:
    """Plans, queues and ends them. Every method raises OutboxError when the file can't be read or written.

    What there is of them is in the records of their streams.
    """

    def __init__(self, change: Change) -> None:
        """Take what changes the outbox."""
        self._change = change

    async def plan(self, periods: Sequence[Period], now: int) -> None:
        """Note, durably, that periods are to be read; their streams are held from now on.

        Call before any packet behind a period can be sent. A stream has but a number of them; further ones are
        passed over.
        """

        def plan(database: Database) -> list[StreamRecord]:
            return database.records_of(dict.fromkeys(history_of.plan(database, periods, now)))

        await self._change(plan)

    async def queue(self, history: History, packets: Sequence[Packet]) -> None:
        """Queue the packets of a period up to its new position, durably and with its new state, as a whole.

        With `read_at` set the last of it was read: the stream is not held any more. A packet that waits already is
        completed by the new one or, where the period replaces what was sent, corrected by it.
        """
        merge = _correct if history.kind is Kind.REPLACE else _complete

        def queue(database: Database) -> list[StreamRecord]:
            return history_of.queue(database, history, [entry_of(packet) for packet in packets], merge)

        await self._change(queue)

    async def join(self, history: History, rewrite: Rewrite) -> None:
        """Change the packets that wait behind a period, which nobody has seen yet, and keep its new state."""
        await self._change(lambda database: history_of.join(database, history, rewrite))

    async def cancel(self, stream_id: str | None, now: int) -> None:
        """Read no more of the periods of one stream, or of all; what is queued is sent."""
        await self._change(lambda database: database.records_of(history_of.cancel(database, stream_id, now)))


def _complete(waiting: bytes, new: bytes) -> bytes:
    """Return a waiting packet with what it lacks."""
    return _merge(waiting, new, waiting)


def _correct(waiting: bytes, new: bytes) -> bytes:
    """Return a waiting packet with all that is new."""
    return _merge(waiting, waiting, new)


def _merge(waiting: bytes, *bodies: bytes) -> bytes:
    """Return a packet with the values of all bodies, the later ones before the earlier."""
    packet = Packet.decode(waiting)
    values = {code: value for body in bodies for code, value in Packet.decode(body).values.items()}
    if values == packet.values:
        return waiting
    return Packet(packet.stream_id, packet.instant, values).encode()
