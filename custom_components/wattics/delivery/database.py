"""The outbox's file: SQLite in WAL mode, used by one thread alone.

Every method blocks, makes one transaction, and raises sqlite3.Error when the file can't be used.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from heapq import merge
from itertools import islice
from pathlib import Path
import sqlite3
from typing import Final, NamedTuple
from zlib import crc32

from . import registers
from .errors import OutboxDamaged
from .registers import Register, Registers
from .schema import migrate

HOUR: Final = 3_600_000
"""An hour in the outbox's milliseconds."""

ROW_BYTES: Final = 64
"""What a packet takes beside its body: its row, its index entry."""

SIZE: Final = f"ifnull(sum(length(body) + {ROW_BYTES}), 0)"
RECOUNT: Final = f"""
UPDATE streams SET
  queued = (SELECT count(*) FROM packets WHERE stream = streams.key),
  rejected = (SELECT count(*) FROM rejected WHERE stream = streams.key),
  bytes = (SELECT {SIZE} FROM packets WHERE stream = streams.key)
    + (SELECT {SIZE} FROM rejected WHERE stream = streams.key)
"""
"""Sets the counters of streams by what there is."""

SALVAGED: Final = "salvaged"
"""Names in `totals` that begin with this are the note of a salvage."""

_HEADER_BYTES: Final = 100
"""What SQLite's files begin with."""

BUSY_SECONDS: Final = 1.0
"""As long does the thread wait for another process that uses the file: all accounts wait with it."""

_DELIVERY_HOURS: Final = 25
_DROP_SLICE: Final = 512
_RECORD: Final = """
SELECT key, stream_id, since, newest, acknowledged, pushed_at, queued, pushed, rejected, dropped,
  (SELECT min(instant) FROM packets WHERE stream = streams.key)
FROM streams
"""


class StreamRecord(NamedTuple):
    """What the file knows of a stream. Instants and times are milliseconds since 1970 (UTC)."""

    key: int
    stream_id: str
    since: int
    newest: int | None
    acknowledged: int | None
    pushed_at: int | None
    queued: int
    pushed: int
    rejected: int
    dropped: int
    oldest: int | None
    """Instant of the oldest packet waiting."""


class Waiting(NamedTuple):
    """A packet that Wattics has not acknowledged yet."""

    key: int
    stream: int
    instant: int
    body: bytes


class Entry(NamedTuple):
    """An encoded packet to be queued."""

    stream_id: str
    instant: int
    body: bytes


class Acknowledgement(NamedTuple):
    """A packet that Wattics acknowledged, and when."""

    stream_id: str
    packet: Waiting
    at: int


class Appended(NamedTuple):
    """What was queued and kept."""

    records: list[StreamRecord]
    """Of the streams that changed."""
    late: list[str]
    """Ids of the streams of samples that were not queued."""
    registers: list[Register]
    """Those that were kept."""


class Totals(NamedTuple):
    """What all streams of the file ever counted, those that are gone included."""

    pushed: int
    dropped: int


class Database:
    """One account's file. `url` is the host whose streams are worked on; packets for another stay untouched."""

    def __init__(self, path: Path, url: str) -> None:
        """Open or create the file and bring it to the current schema.

        Raises OutboxDamaged for a file that is none of ours.
        """
        if path.exists() and path.stat().st_size < _HEADER_BYTES:
            # SQLite would make a new one of some of these.
            raise OutboxDamaged("the file is empty or nearly so")
        self.url = url
        self._path = path
        self._connection = self._connect()
        try:
            migrate(self._connection)
            # Only now: a file that is none of ours stays as it is.
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._expect_sound_keys()
        except BaseException:
            self.abandon()
            raise

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)

    def _expect_sound_keys(self) -> None:
        """Raise OutboxDamaged where streams, registers and their indexes differ: what hides would be nobody's."""
        for table in ("streams", "registers"):
            found = self._connection.execute(f"PRAGMA integrity_check('{table}')").fetchall()
            if found != [("ok",)]:
                raise OutboxDamaged(f"the {table} changed on the disk")

    def close(self) -> None:
        """Close the file, which also folds its write-ahead log into it."""
        self._connection.close()

    def abandon(self) -> None:
        """Close a damaged file, and leave it and its write-ahead log as they are."""
        self._connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)
        self._connection.close()

    def hold_checkpoints(self) -> None:
        """Fold the write-ahead log into the file, and from then on only append to the log.

        The file then does not change, and whatever part of the log a copy gets is a row of whole transactions:
        each frame has a checksum over all before it, and reading stops at the first that is not right.
        """
        self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        self._connection.execute("PRAGMA wal_autocheckpoint = 0")

    def release_checkpoints(self) -> None:
        """Fold the write-ahead log into the file, and open it anew.

        Who copies a file within this process takes its locks: POSIX gives up all that a process has on a file as
        soon as it closes any descriptor of it. Another program that looked into the file would take it for left.
        """
        self._connection.close()
        self._connection = self._connect()

    @contextmanager
    def transaction(self, *, durable: bool) -> Generator[Callable[..., sqlite3.Cursor]]:
        """Commit what is executed, or nothing of it; a durable transaction survives a power cut."""
        self._connection.execute(f"PRAGMA synchronous = {'FULL' if durable else 'NORMAL'}")
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            yield self._connection.execute
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def records_of(self, keys: Iterable[int]) -> list[StreamRecord]:
        """Return streams of this URL by their keys."""
        return [
            StreamRecord(*row)
            for key in keys
            for row in self._connection.execute(f"{_RECORD} WHERE key = ? AND url = ?", (key, self.url))
        ]

    def records(self) -> list[StreamRecord]:
        """Return every stream of this URL."""
        rows = self._connection.execute(f"{_RECORD} WHERE url = ?", (self.url,))
        return [StreamRecord(*row) for row in rows]

    def totals(self) -> Totals:
        """Return the counters of the whole account."""
        gone: dict[str, int] = dict(self._connection.execute("SELECT name, value FROM totals"))
        pushed, dropped = self._connection.execute(
            "SELECT ifnull(sum(pushed), 0), ifnull(sum(dropped), 0) FROM streams"
        ).fetchone()
        return Totals(pushed + gone.get("pushed", 0), dropped + gone.get("dropped", 0))

    def deliveries(self) -> list[tuple[int, int, int]]:
        """Return (stream key, hour since 1970, acknowledged packets) of the last day."""
        return self._connection.execute("SELECT stream, hour, acknowledged FROM deliveries").fetchall()

    def registers(self) -> Registers:
        """Return the registers of this URL's streams. Raises OutboxDamaged if one changed on the disk."""
        return registers.load(self._connection.execute, self.url)

    def register(self, stream_ids: Iterable[str], now: int) -> list[StreamRecord]:
        """Make sure that all streams of the account are known; return all of this URL."""
        with self.transaction(durable=True) as execute:
            for stream_id in stream_ids:
                self._introduce(stream_id, now)
            registers.know_all(execute)
        return self.records()

    def append(self, entries: Sequence[Entry], changed: Sequence[Register]) -> Appended:
        """Queue samples, and keep the registers that are in them, in one durable transaction.

        A sample that is not newer than its stream's newest one is not queued: Wattics would discard it. The
        registers of a stream whose last sample is such a one stay as they were.
        """
        keys: dict[str, int] = {}
        late: list[str] = []
        behind: set[str] = set()
        with self.transaction(durable=True) as execute:
            for entry in entries:
                key = self._advance(entry)
                if key is None and self._introduce(entry.stream_id, entry.instant):
                    key = self._advance(entry)
                if key is None:
                    late.append(entry.stream_id)
                    behind.add(entry.stream_id)
                    continue
                execute(
                    "INSERT INTO packets (stream, instant, body, checksum) VALUES (?, ?, ?, ?)",
                    (key, entry.instant, entry.body, checksum_of(entry.instant, entry.body)),
                )
                keys[entry.stream_id] = key
                behind.discard(entry.stream_id)
            kept = self.put(execute, [register for register in changed if register.stream_id not in behind])
        return Appended(self.records_of(keys.values()), late, kept)

    def save_registers(self, changed: Iterable[Register]) -> list[Register]:
        """Keep registers durably and return those that were kept."""
        with self.transaction(durable=True) as execute:
            return self.put(execute, changed)

    def put(self, execute: Callable[..., sqlite3.Cursor], changed: Iterable[Register]) -> list[Register]:
        """Keep registers within a transaction and return them, but those of streams that are not known."""
        kept = []
        for register in changed:
            for key in self.keys(register.stream_id):
                registers.put(execute, key, register)
                kept.append(register)
        return kept

    def _advance(self, entry: Entry) -> int | None:
        """Count a sample in its stream and return the stream's key, or None if it has a newer one."""
        row = self._connection.execute(
            "UPDATE streams SET newest = ?3, queued = queued + 1, bytes = bytes + ?4"
            " WHERE url = ?1 AND stream_id = ?2 AND (newest IS NULL OR newest < ?3) RETURNING key",
            (self.url, entry.stream_id, entry.instant, len(entry.body) + ROW_BYTES),
        ).fetchone()
        return None if row is None else row[0]

    def _introduce(self, stream_id: str, since: int) -> bool:
        """Make a stream known; return whether it was not."""
        new = self._connection.execute(
            "INSERT OR IGNORE INTO streams (url, stream_id, since) VALUES (?, ?, ?) RETURNING key",
            (self.url, stream_id, since),
        ).fetchall()
        for (key,) in new:
            registers.introduce(self._connection.execute, key)
        return bool(new)

    def peek(self, stream: int, after: int | None, limit: int) -> list[Waiting]:
        """Return the oldest packets of a stream that are newer than `after`, in order.

        Raises OutboxDamaged if one, or its place in the order, is not the same as when it was written, or if
        packets are missing.
        """
        last = -1 if after is None else after
        rows = self._connection.execute(
            # The order comes from an index; joined so, all else comes from the packets' own rows.
            "SELECT packet.key, packet.stream, packet.instant, packet.body, packet.checksum"
            " FROM packets AS entry LEFT JOIN packets AS packet ON packet.key = entry.key"
            " WHERE entry.stream = ? AND entry.instant > ? ORDER BY entry.instant LIMIT ?",
            (stream, last, limit),
        ).fetchall()
        for _, owner, instant, body, checksum in rows:
            if owner != stream or not is_intact(instant, body, checksum) or instant <= last:
                raise OutboxDamaged("a packet changed on the disk")
            last = instant
        if len(rows) < limit:
            self._expect_all(stream)
        return [Waiting(*row) for *row, _ in rows]

    def peek_newest(self, stream: int) -> Waiting | None:
        """Return the newest packet of a stream, None if it has none. Raises OutboxDamaged as `peek` does."""
        (newest,) = self._connection.execute(
            "SELECT max(instant) FROM packets WHERE stream = ?", (stream,)
        ).fetchone()
        return None if newest is None else self.peek(stream, newest - 1, 1)[0]

    def _expect_all(self, stream: int) -> None:
        """Raise OutboxDamaged where packets are hidden: an index that lost an entry tells nobody."""
        counts = (
            "SELECT queued, (SELECT count(*) FROM packets WHERE stream = streams.key) FROM streams WHERE key = ?"
        )
        for queued, found in self._connection.execute(counts, (stream,)).fetchall():
            if queued != found:
                raise OutboxDamaged(f"of {queued} packets {found} can be found")

    def acknowledge(self, acknowledgements: Sequence[Acknowledgement]) -> tuple[list[StreamRecord], list[Waiting]]:
        """Delete packets that Wattics has. A power cut may undo this: they are sent again, which is harmless.

        Returns the streams concerned, and the packets but those that had gone before.
        """
        let_go: list[Waiting] = []
        with self.transaction(durable=False) as execute:
            for _, packet, at in acknowledgements:
                if not execute("DELETE FROM packets WHERE key = ?", (packet.key,)).rowcount:
                    continue
                execute(
                    "UPDATE streams SET queued = queued - 1, bytes = bytes - ?2, pushed = pushed + 1,"
                    " pushed_at = ?3, acknowledged = max(ifnull(acknowledged, ?4), ?4) WHERE key = ?1",
                    (packet.stream, len(packet.body) + ROW_BYTES, at, packet.instant),
                )
                execute(
                    "INSERT INTO deliveries VALUES (?, ?, 1)"
                    " ON CONFLICT DO UPDATE SET acknowledged = acknowledged + 1",
                    (packet.instant // HOUR, packet.stream),
                )
                let_go.append(packet)
        return self.records_of({packet.stream for _, packet, _ in acknowledgements}), let_go

    def count_dropped(self, packets: int) -> None:
        """Count packets that were dropped before they were here."""
        with self.transaction(durable=True) as execute:
            execute(
                "INSERT INTO totals VALUES ('dropped', ?)"
                " ON CONFLICT DO UPDATE SET value = value + excluded.value",
                (packets,),
            )

    def tidy(self, now: int, keep: int, most_bytes: int) -> int:
        """Drop what is older than `keep` milliseconds, then what exceeds `most_bytes`, the oldest first.

        Rejected packets go before those that can still be delivered. Returns how many packets were dropped.
        Lets go of the note of a salvage, too: who was told of it at the start has had time to write that down.
        """
        dropped_in_all = 0
        dropped = _DROP_SLICE
        while dropped >= _DROP_SLICE:
            with self.transaction(durable=False) as execute:
                execute("DELETE FROM deliveries WHERE hour < ?", (now // HOUR - _DELIVERY_HOURS,))
                execute(f"DELETE FROM totals WHERE name LIKE '{SALVAGED}%'")
                dropped = 0
                for table, counter in (("rejected", "rejected"), ("packets", "queued")):
                    (taken,) = execute("SELECT ifnull(sum(bytes), 0) FROM streams").fetchone()
                    for key, stream, size in _surplus(execute, table, now - keep, taken - most_bytes):
                        execute(f"DELETE FROM {table} WHERE key = ?", (key,))
                        execute(
                            f"UPDATE streams SET {counter} = {counter} - 1, dropped = dropped + 1,"
                            " bytes = bytes - ? WHERE key = ?",
                            (size, stream),
                        )
                        dropped += 1
            dropped_in_all += dropped
        return dropped_in_all

    def keys(self, stream_id: str | None) -> list[int]:
        """Return the key of a stream of this URL, if it is known, or those of all."""
        rows = self._connection.execute(
            "SELECT key FROM streams WHERE url = ?1 AND (?2 IS NULL OR stream_id = ?2)", (self.url, stream_id)
        )
        return [key for (key,) in rows]


def _surplus(
    execute: Callable[..., sqlite3.Cursor], table: str, oldest: int, excess: int
) -> list[tuple[int, int, int]]:
    """Return (key, stream, bytes) of the oldest rows, before the instant `oldest` or to make up for `excess`."""
    surplus = []
    # The rows of each stream come by an index; one for all of them would cost a write for each packet.
    rows = merge(
        *(
            execute(
                f"SELECT instant, key, stream, length(body) + {ROW_BYTES} FROM {table}"
                " WHERE stream = ? ORDER BY instant",
                stream,
            )
            for stream in execute("SELECT key FROM streams").fetchall()
        )
    )
    for instant, key, stream, size in islice(rows, _DROP_SLICE):
        if instant >= oldest and excess <= 0:
            break
        surplus.append((key, stream, size))
        excess -= size
    return surplus


def checksum_of(instant: int, body: bytes) -> int:
    """Return what tells whether a packet or its place in the order changed on the disk."""
    return crc32(body, crc32(instant.to_bytes(8)))


def is_intact(instant: object, body: object, checksum: object) -> bool:
    """Whether instant and body are, byte for byte, those that were written."""
    return (
        isinstance(instant, int)
        and 0 <= instant < 2**63
        and isinstance(body, bytes)
        and checksum_of(instant, body) == checksum
    )
