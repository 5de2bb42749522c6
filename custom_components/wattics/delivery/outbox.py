"""The outbox: packets that Wattics has not acknowledged, on disk, for the event loop to use.

All files of a process are worked on by one thread, `OutboxThread`: the event loop never waits for a disk, and no
file is ever used by two threads.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
import sqlite3
from typing import Any, Concatenate, Final, NamedTuple

from . import relocation
from .database import HOUR, Acknowledgement, Appended, Database, Entry, StreamRecord, Totals, Waiting
from .errors import OutboxDamaged, OutboxError
from .joining import Joint, join
from .packet import Packet
from .registers import Register, Registers
from .rejected import Rejected, Retried, discard_rejected, newest, reject, rejected, retry
from .salvage import Salvaged, finish_interrupted, salvage, untold

_DAMAGED: Final = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
"""SQLite's words for a file that is not what it should be."""


def _is_damage(error: sqlite3.DatabaseError) -> bool:
    """Whether the file is to blame: SQLite says so, or (without a code) Python can't read a text in it."""
    if hasattr(error, "sqlite_errorcode"):
        return error.sqlite_errorcode & 0xFF in _DAMAGED
    return isinstance(error, sqlite3.OperationalError)


class _Contents(NamedTuple):
    """What is kept in memory of a file."""

    records: list[StreamRecord]
    totals: Totals
    deliveries: list[tuple[int, int, int]]
    moves: dict[str, str]
    newest_rejected: dict[str, Rejected]
    registers: Registers


class OutboxThread:
    """The one thread that works on outbox files."""

    def __init__(self) -> None:
        """Start nothing yet: the thread comes with the first piece of work."""
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="wattics-outbox")

    async def run[**P, R](self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what `function` returns in the thread.

        Raises OutboxDamaged where the file is not what it should be, OutboxError where it can't be used.
        """
        loop = asyncio.get_running_loop()
        result: asyncio.Future[R] = loop.create_future()

        def work() -> None:
            try:
                tell(result.set_result, function(*args, **kwargs))
            except BaseException as error:  # noqa: BLE001 - it is raised where the result is awaited
                tell(result.set_exception, error)

        def tell[T](settle: Callable[[T], None], outcome: T) -> None:
            # Always by way of the loop's queue: `run_in_executor` lets work that is done at once overtake earlier
            # work, and what is in memory of a file would be that of a transaction before the last.
            with suppress(RuntimeError):  # the loop has ended: nobody waits
                loop.call_soon_threadsafe(lambda: None if result.done() else settle(outcome))

        self._executor.submit(work)
        try:
            return await result
        except sqlite3.DatabaseError as error:
            raise (OutboxDamaged if _is_damage(error) else OutboxError)(str(error)) from error
        except UnicodeDecodeError as error:
            # SQLite's complaint quotes a damaged text.
            raise OutboxDamaged(str(error)) from error
        except (sqlite3.Error, OSError) as error:
            raise OutboxError(str(error)) from error

    def stop(self) -> None:
        """End the thread once its work is done; never waits."""
        self._executor.shutdown(wait=False)


class Outbox:
    """One account's packets. Every method raises OutboxError when the file can't be read or written."""

    def __init__(
        self,
        thread: OutboxThread,
        path: Path,
        url: str,
        *,
        on_salvaged: Callable[[Salvaged], None] = lambda _: None,
        on_merged: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Take the file of an account whose packets go to `url`; it is opened when it is needed.

        `on_salvaged` hears of a damaged file that was replaced, `on_merged` how many packets were dropped when
        two streams became one and had packets of the same instants.
        """
        self._thread = thread
        self._path = path
        self._url = url
        self._on_salvaged = on_salvaged
        self._on_merged = on_merged
        self._database: Database | None = None
        self._opening = asyncio.Lock()
        self._closed = False
        self._deliveries: defaultdict[int, defaultdict[int, int]] = defaultdict(lambda: defaultdict(int))
        self._gone_pushed = 0
        self._gone_dropped = 0
        self.moves: dict[str, str] = {}
        """Where waiting packets shall go along when a URL or a stream's id changes: target by source."""
        self.newest_rejected: dict[str, Rejected] = {}
        """The packet of each stream that was rejected last, of those that are still kept, by stream id."""
        self.streams: dict[str, StreamRecord] = {}
        """What is known of each stream, by its id, as of the last transaction."""
        self.has_been_read = False
        """Whether what is in memory is that of the file."""
        self.registers: dict[tuple[str, str], str] = {}
        """The registers, by stream id and parameter, as they were kept last."""
        self.lost_registers: set[str] = set()
        """Ids of streams of which registers were lost with a damaged file: all that are not in `registers`."""

    async def open(self) -> None:
        """Open or create the file; one that is damaged is replaced by what can be salvaged of it."""
        await self._ready()

    async def _ready(self) -> Database:
        """Return the open file."""
        async with self._opening:
            if self._closed:
                raise OutboxError("the outbox is closed")
            if self._database is None:
                try:
                    self._database = await self._connect()
                except OutboxDamaged:
                    await self._salvage()
                    self._database = await self._connect()
            return self._database

    async def _connect(self) -> Database:
        database, dropped = await self._thread.run(self._open_file)
        try:
            await self._load(database)
            salvaged = await self._thread.run(untold, self._path, database)
        except BaseException:
            await self._thread.run(database.abandon)
            raise
        self._merged(dropped)
        if salvaged is not None:
            self._on_salvaged(salvaged)
        return database

    def _open_file(self) -> tuple[Database, int]:
        """Return the open file, and how many packets were dropped as `relocation.arrive` says."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        finish_interrupted(self._path)
        database = Database(self._path, self._url)
        try:
            return database, relocation.arrive(database, self._url)
        except BaseException:
            database.abandon()
            raise

    def _merged(self, dropped: int) -> None:
        if dropped:
            self._on_merged(dropped)

    async def _salvage(self) -> None:
        await self._thread.run(salvage, self._path, self._url, datetime.now(UTC))

    async def _work[**P, R](
        self, function: Callable[Concatenate[Database, P], R], *args: P.args, **kwargs: P.kwargs
    ) -> R:
        """Do something with the file; if it turns out damaged, salvage it and do it again."""
        database = await self._ready()
        try:
            return await self._thread.run(function, database, *args, **kwargs)
        except OutboxDamaged:
            await self._replace_damaged(database)
            return await self._thread.run(function, await self._ready(), *args, **kwargs)

    async def _replace_damaged(self, database: Database) -> None:
        async with self._opening:
            if self._database is not database:
                return  # another call came first
            self._database = None
            await self._thread.run(database.abandon)
            await self._salvage()

    async def _load(self, database: Database) -> None:
        def read() -> _Contents:
            return _Contents(
                database.records(),
                database.totals(),
                database.deliveries(),
                relocation.plans(database),
                newest(database),
                database.registers(),
            )

        # In one piece of work: other work in between would be taken back by figures from before it.
        records, totals, deliveries, self.moves, self.newest_rejected, registers = await self._thread.run(read)
        self.registers, self.lost_registers = registers
        self.has_been_read = True
        self.streams = {record.stream_id: record for record in records}
        self._gone_pushed = totals.pushed - sum(record.pushed for record in records)
        self._gone_dropped = totals.dropped - sum(record.dropped for record in records)
        self._deliveries.clear()
        for stream, hour, acknowledged in deliveries:
            self._deliveries[stream][hour] = acknowledged

    async def _reload(self) -> None:
        await self._load(await self._ready())

    async def close(self) -> None:
        """Close the file."""
        async with self._opening:
            self._closed = True
            if self._database is not None:
                database, self._database = self._database, None
                await self._thread.run(database.close)

    @property
    def queued(self) -> int:
        """Packets waiting, of all streams."""
        return sum(record.queued for record in self.streams.values())

    @property
    def oldest(self) -> int | None:
        """Instant of the oldest packet waiting, in milliseconds since 1970."""
        return min((record.oldest for record in self.streams.values() if record.oldest is not None), default=None)

    @property
    def pushed(self) -> int:
        """Packets ever acknowledged, of all streams that ever were."""
        return self._gone_pushed + sum(record.pushed for record in self.streams.values())

    @property
    def dropped(self) -> int:
        """Packets ever dropped for lack of room or for their age, of all streams that ever were."""
        return self._gone_dropped + sum(record.dropped for record in self.streams.values())

    def acknowledged_since(self, stream_id: str, since: int) -> int:
        """Return how many packets of a stream, of the hour of `since` or later, were acknowledged."""
        hours = self._deliveries[self.streams[stream_id].key]
        return sum(count for hour, count in hours.items() if hour >= since // HOUR)

    def _changed(self, records: Iterable[StreamRecord]) -> None:
        self.streams.update((record.stream_id, record) for record in records)

    async def register(self, stream_ids: Iterable[str], now: int) -> None:
        """Make sure that all streams are known, `now` (milliseconds since 1970) being when they were added.

        After damage, those that are not are taken for some that were lost, and their registers with them.
        """
        stream_ids = list(stream_ids)
        are_new = not self.streams.keys() >= set(stream_ids)
        self._changed(await self._work(Database.register, stream_ids, now))
        if are_new:
            await self._reload()

    async def append(self, packets: Sequence[Packet], registers: Sequence[Register] = ()) -> list[str]:
        """Keep the samples of one instant with their registers, durably: they survive a power cut from here on.

        Returns the ids of streams whose sample is not newer than an earlier one: neither it nor the stream's
        registers are kept, since Wattics discards such packets.
        """

        def encode_and_append(database: Database) -> Appended:
            return database.append([_entry(packet) for packet in packets], registers)

        are_new = not self.streams.keys() >= {packet.stream_id for packet in packets}

        async def change() -> list[str]:
            appended = await self._work(encode_and_append)
            self._changed(appended.records)
            self._kept(appended.registers)
            if are_new:
                await self._reload()
            return appended.late

        return await _carry_through(change())

    async def save_registers(self, registers: Sequence[Register]) -> None:
        """Keep registers durably, without a packet."""

        async def change() -> None:
            self._kept(await self._work(Database.save_registers, registers))

        await _carry_through(change())

    async def join(self, joint: Joint) -> None:
        """Keep registers that were joined to what Wattics has, with what is waiting of them."""

        async def change() -> None:
            self._kept(await self._work(join, joint))
            await self._reload()

        await _carry_through(change())

    def _kept(self, registers: Iterable[Register]) -> None:
        self.registers.update(((one.stream_id, one.code), one.state) for one in registers)

    async def peek(self, stream_id: str, after: int | None, limit: int) -> list[Waiting]:
        """Return the oldest waiting packets of a stream newer than the instant `after`, in order."""
        record = self.streams.get(stream_id)
        return [] if record is None else await self._work(Database.peek, record.key, after, limit)

    async def peek_newest(self, stream_id: str) -> Waiting | None:
        """Return the newest waiting packet of a stream, None where there is none."""
        record = self.streams.get(stream_id)
        return None if record is None else await self._work(Database.peek_newest, record.key)

    async def acknowledge(self, acknowledgements: Sequence[Acknowledgement]) -> None:
        """Let go of packets that Wattics has."""

        async def change() -> None:
            records, let_go = await self._work(Database.acknowledge, acknowledgements)
            self._changed(records)
            for packet in let_go:
                self._deliveries[packet.stream][packet.instant // HOUR] += 1

        await _carry_through(change())

    async def reject(self, packet: Waiting, status: int, reason: str, at: int) -> None:
        """Set a packet aside that Wattics refused for good, with the HTTP status, the words and the time of it."""

        async def change() -> None:
            records = await self._work(reject, packet, status, reason, at)
            self._changed(records)
            for stream_id in (record.stream_id for record in records):
                self.newest_rejected[stream_id] = Rejected(
                    stream_id, packet.instant, packet.body, status, reason, at
                )

        await _carry_through(change())

    async def rejected(self, stream_id: str | None = None, limit: int = 100) -> list[Rejected]:
        """Return the newest rejected packets of one stream or of all, newest first."""
        return await self._work(rejected, stream_id, limit)

    async def retry_rejected(self, stream_id: str | None = None) -> Retried:
        """Queue rejected packets again where Wattics could still take them."""
        retried = await self._work(retry, stream_id)
        await self._reload()
        return retried

    async def discard_rejected(self, stream_id: str | None = None) -> int:
        """Delete the rejected packets of one stream, or of all; return how many there were."""
        discarded = await self._work(discard_rejected, stream_id)
        await self._reload()
        return discarded

    async def count_dropped(self, packets: int) -> None:
        """Count packets that were dropped before they could be written."""
        await self._work(Database.count_dropped, packets)
        self._gone_dropped += packets

    async def hold_checkpoints(self) -> None:
        """Leave the file itself alone until `release_checkpoints`: a copy made meanwhile is sound."""
        await self._work(Database.hold_checkpoints)

    async def release_checkpoints(self) -> None:
        """Fold the write-ahead log into the file again."""
        database = await self._ready()
        try:
            await self._thread.run(database.release_checkpoints)
        except OutboxError:
            async with self._opening:
                if self._database is database:
                    self._database = None  # it is opened again when it is needed
            raise

    async def tidy(self, now: int, keep: int, most_bytes: int) -> int:
        """Drop what is older than `keep` milliseconds or more than `most_bytes`; return how many packets."""
        dropped = await self._work(Database.tidy, now, keep, most_bytes)
        if dropped:
            await self._reload()
        for hours in self._deliveries.values():
            for hour in [hour for hour in hours if hour < now // HOUR - 25]:
                del hours[hour]
        return dropped

    async def discard(self, stream_id: str | None = None) -> int:
        """Delete the packets of one stream, or of all, rejected ones too; return how many there were."""
        discarded = await self._work(relocation.discard, stream_id)
        await self._reload()
        return discarded

    async def forget(self, stream_id: str | None) -> int:
        """Delete a stream, or all, with what is kept of it; return how many packets were waiting or rejected."""
        waiting = await self._work(relocation.forget, stream_id)
        await self._reload()
        return waiting

    async def rename(self, stream_id: str, new_stream_id: str) -> None:
        """Let the waiting packets of a stream go to another one: the one change that bytes on disk may see."""

        def rewrite(body: bytes) -> bytes:
            return replace(Packet.decode(body), stream_id=new_stream_id).encode()

        dropped = await self._work(relocation.rename, stream_id, new_stream_id, rewrite)
        await self._reload()
        self._merged(dropped)

    async def plan_move(self, source: str, target: str) -> None:
        """Note, durably, that waiting packets shall go along when a URL, or a stream's id, changes."""
        self.moves = await self._work(relocation.plan, source, target)

    async def withdraw_move(self, source: str) -> None:
        """Let no waiting packets go along from a URL or a stream's id: nothing changes, or they are discarded."""
        self.moves = await self._work(relocation.withdraw, source)

    async def switch(self, url: str) -> int:
        """Work for another URL from now on: with the waiting packets if that is planned, else without them.

        Returns how many packets were discarded.
        """

        def switch(database: Database) -> tuple[int, int]:
            if url == database.url:
                return 0, 0  # the same change again, after something that followed it had failed
            planned = relocation.plans(database).get(database.url) == url
            discarded = 0 if planned else relocation.forget(database, None)
            return discarded, relocation.arrive(database, url)

        discarded, dropped = await self._work(switch)
        self._url = url
        await self._reload()
        self._merged(dropped)
        return discarded

    async def elsewhere(self) -> int:
        """Return how many packets wait for other URLs: nobody said that they may go along."""
        return await self._work(relocation.elsewhere)


async def _carry_through[T](change: Coroutine[Any, Any, T]) -> T:
    """Make a change and take note of it even where the caller is cancelled: the thread is not."""
    return await asyncio.shield(asyncio.ensure_future(change))


def _entry(packet: Packet) -> Entry:
    return Entry(packet.stream_id, milliseconds(packet.instant.timestamp()), packet.encode())


def milliseconds(seconds: float) -> int:
    """Return seconds since 1970 in the outbox's unit."""
    return round(seconds * 1000)
