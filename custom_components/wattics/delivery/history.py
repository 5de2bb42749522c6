"""What is read of periods, on its way into the outbox.

All functions block, make one transaction, and raise sqlite3.Error when the file can't be used.
"""

from collections.abc import Callable, Sequence

from . import periods
from .database import ROW_BYTES, Database, Entry, StreamRecord, checksum_of
from .periods import Execute, History, Kind, Period

type Rewrite = Callable[[bytes], bytes]
type Merge = Callable[[bytes, bytes], bytes]
"""Gets the body of a packet that waits and a new one of the same instant, and makes one of them."""


def plan(database: Database, wanted: Sequence[Period], now: int) -> list[int]:
    """Note that periods are to be read, and hold their streams from now on; return the keys of those streams.

    An empty period, and one of a stream that is not known or has too many already, is passed over. With one that
    replaces what was sent, it is forgotten that Wattics acknowledged anything later than its start.
    """
    keys: list[int] = []
    with database.transaction(durable=True) as execute:
        for period in wanted:
            for key in database.keys(period.stream_id):
                if period.start >= period.end or not periods.has_room(execute, key):
                    continue
                periods.add(execute, key, period, now)
                if period.kind is Kind.REPLACE:
                    execute(
                        "UPDATE streams SET acknowledged = ?2 WHERE key = ?1 AND acknowledged > ?2",
                        (key, period.start),
                    )
                keys.append(key)
    return keys


def queue(database: Database, history: History, entries: Sequence[Entry], merge: Merge) -> list[StreamRecord]:
    """Queue what was read up to the period's position, durably, unless it was given up meanwhile.

    What is not newer than Wattics' last packet is passed over: it would be discarded there. Returns the stream.
    """
    with database.transaction(durable=True) as execute:
        if periods.go_on(execute, history):
            for entry in entries:
                _queue(execute, history.stream, entry, merge)
        periods.forget_done(execute, history.stream)
    return database.records_of([history.stream])


def join(database: Database, history: History, rewrite: Rewrite) -> list[StreamRecord]:
    """Change the packets that wait behind a period, and note how it goes on, in one go; return the stream."""
    with database.transaction(durable=True) as execute:
        if periods.go_on(execute, history):
            behind = execute(
                "SELECT key, instant, body FROM packets WHERE stream = ? AND instant > ? ORDER BY instant",
                (history.stream, history.end),
            ).fetchall()
            for key, instant, body in behind:
                _replace(execute, history.stream, key, instant, body, rewrite(body))
    return database.records_of([history.stream])


def cancel(database: Database, stream_id: str | None, now: int) -> list[int]:
    """Read no more of the periods of one stream or of all; what is queued stays. Returns the streams' keys."""
    with database.transaction(durable=True) as execute:
        return [key for key in database.keys(stream_id) if periods.end(execute, key, now)]


def _queue(execute: Execute, stream: int, entry: Entry, merge: Merge) -> None:
    waiting = execute(
        "SELECT key, body FROM packets WHERE stream = ? AND instant = ?", (stream, entry.instant)
    ).fetchone()
    if waiting is not None:
        key, body = waiting
        _replace(execute, stream, key, entry.instant, body, merge(body, entry.body))
        return
    queued = execute(
        "INSERT INTO packets (stream, instant, body, checksum) SELECT key, ?2, ?3, ?4 FROM streams"
        " WHERE key = ?1 AND ifnull(acknowledged, -1) < ?2",
        (stream, entry.instant, entry.body, checksum_of(entry.instant, entry.body)),
    ).rowcount
    execute(
        "UPDATE streams SET queued = queued + ?2, bytes = bytes + ?3 WHERE key = ?1",
        (stream, queued, queued * (len(entry.body) + ROW_BYTES)),
    )


def _replace(execute: Execute, stream: int, key: int, instant: int, old: bytes, new: bytes) -> None:
    """Give a waiting packet another body."""
    if new == old:
        return
    execute("UPDATE packets SET body = ?, checksum = ? WHERE key = ?", (new, checksum_of(instant, new), key))
    execute("UPDATE streams SET bytes = bytes + ? WHERE key = ?", (len(new) - len(old), stream))
