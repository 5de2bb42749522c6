"""Drops packets that are too old, or too many: the one way in which the outbox loses what was not delivered."""

from collections.abc import Iterator
from heapq import merge
from itertools import islice
from typing import Final, NamedTuple

from . import periods
from .database import DELIVERY_HOURS, HOUR, ROW_BYTES, SALVAGED, Database
from .periods import Execute

_DROP_SLICE: Final = 512
_COUNTERS: Final = {"rejected": "rejected", "packets": "queued"}
"""What counts the rows of a table. Rejected packets go before those that can still be delivered."""


class _Row(NamedTuple):
    instant: int
    key: int
    stream: int
    size: int


def tidy(database: Database, now: int, keep: int, most_bytes: int) -> int:
    """Drop what is older than `keep` milliseconds, then what exceeds `most_bytes`, the oldest first.

    A rejected packet is no older than its rejection, and one of a period no older than the wish to have that read:
    what was asked for of last year is not dropped for its age before it could be sent.

    Lets go of the note of a salvage, too: who was told of it at the start has had time to write that down. Returns
    how many packets were dropped. Blocks; raises sqlite3.Error when the file can't be used.
    """
    dropped_in_all = 0
    dropped = _DROP_SLICE
    while dropped >= _DROP_SLICE:
        with database.transaction(durable=False) as execute:
            execute("DELETE FROM deliveries WHERE hour < ?", (now // HOUR - DELIVERY_HOURS,))
            execute(f"DELETE FROM totals WHERE name LIKE '{SALVAGED}%'")
            dropped = sum(_drop_aged(execute, table, now - keep) for table in _COUNTERS)
            dropped += sum(_drop_excess(execute, table, most_bytes) for table in _COUNTERS)
            periods.forget_done(execute, None)
        dropped_in_all += dropped
    return dropped_in_all


def _drop_aged(execute: Execute, table: str, oldest: int) -> int:
    kept = periods.kept_for_longer(execute, oldest)
    rows: list[_Row] = []
    for (stream,) in execute("SELECT key FROM streams").fetchall():
        if len(rows) >= _DROP_SLICE:
            break
        if table == "rejected":
            rows += _rows(execute, table, stream, "instant < ? AND at < ?", oldest, oldest)
            continue
        begin, end = kept.get(stream, (oldest, oldest))
        rows += _rows(execute, table, stream, "instant < ? AND instant <= ?", oldest, begin)
        rows += _rows(execute, table, stream, "instant < ? AND instant > ?", oldest, end)
    return _drop(execute, table, rows)


def _drop_excess(execute: Execute, table: str, most_bytes: int) -> int:
    (excess,) = execute("SELECT ifnull(sum(bytes), 0) - ? FROM streams", (most_bytes,)).fetchone()
    # The rows of each stream come by an index; one for all of them would cost a write for each packet.
    streams = execute("SELECT key FROM streams").fetchall() if excess > 0 else []
    rows: list[_Row] = []
    for row in merge(*(_rows(execute, table, stream, "TRUE") for (stream,) in streams)):
        if excess <= 0 or len(rows) >= _DROP_SLICE:
            break
        rows.append(row)
        excess -= row.size
    return _drop(execute, table, rows)


def _rows(execute: Execute, table: str, stream: int, condition: str, *values: int) -> Iterator[_Row]:
    """Return the oldest rows of a stream that a condition holds for."""
    rows = execute(
        f"SELECT instant, key, stream, length(body) + {ROW_BYTES} FROM {table}"
        f" WHERE stream = ? AND {condition} ORDER BY instant",
        (stream, *values),
    )
    return (_Row(*row) for row in islice(rows, _DROP_SLICE))


def _drop(execute: Execute, table: str, rows: list[_Row]) -> int:
    for row in rows:
        execute(f"DELETE FROM {table} WHERE key = ?", (row.key,))
        execute(
            f"UPDATE streams SET {_COUNTERS[table]} = {_COUNTERS[table]} - 1, dropped = dropped + 1,"
            " bytes = bytes - ? WHERE key = ?",
            (row.size, row.stream),
        )
    return len(rows)
