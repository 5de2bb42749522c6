"""Periods whose packets are made after those that follow them, and go before them.

While a period is being read its stream is held: only packets up to the period's position are sent.

All functions work within a transaction, or read; they block, and raise sqlite3.Error when the file can't be used.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
import sqlite3
from typing import Any, Final, NamedTuple
from zlib import crc32

from .errors import OutboxDamaged

type Execute = Callable[..., sqlite3.Cursor]

MOST_OF_A_STREAM: Final = 100
"""As many periods of one stream are kept at a time; further ones are not taken."""

COLUMNS: Final = (
    "key",
    "stream",
    "kind",
    "start",
    "end",
    "position",
    "state",
    "checksum",
    "requested",
    "made",
    "sent",
    "read_at",
)


class Kind(StrEnum):
    """Why a period is read."""

    GAP = "gap"
    """Samples were missed."""
    BACKFILL = "backfill"
    """Somebody asked for what was before the first sample, or before those that wait."""
    REPLACE = "replace"
    """Somebody asked for what was sent already, to be sent again: Wattics let go of it."""


class Period(NamedTuple):
    """A period to be read: instants later than `start` and up to `end`, in milliseconds since 1970."""

    stream_id: str
    kind: Kind
    start: int
    end: int
    state: str
    """What the reader wants to know when it goes on, in its own form."""


class History(NamedTuple):
    """A period that is being read, or whose packets wait. Instants and times are milliseconds since 1970."""

    key: int
    stream: int
    kind: Kind
    start: int
    end: int
    position: int
    """Up to this instant all packets are queued."""
    state: str
    requested: int
    """When the period was asked for."""
    made: int
    """Packets made so far."""
    sent: int
    """Those that Wattics has acknowledged."""
    read_at: int | None
    """When the last of it was read, None while more is to come."""


def of_stream(execute: Execute, stream: int) -> tuple[History, ...]:
    """Return the periods of a stream in the order of time. Raises OutboxDamaged if one changed on the disk."""
    rows = execute(f"SELECT {', '.join(COLUMNS)} FROM histories WHERE stream = ? ORDER BY start, key", (stream,))
    return tuple(_history(row) for row in rows)


def _history(row: tuple[Any, ...]) -> History:
    if not is_intact(row):
        raise OutboxDamaged("a period changed on the disk")
    key, stream, kind, start, end, position, state, _, *figures = row
    return History(key, stream, Kind(kind), start, end, position, state.decode(), *figures)


def is_intact(row: tuple[Any, ...]) -> bool:
    """Whether the columns of a period are those that were written, and its figures are figures."""
    key, stream, kind, start, end, position, state, checksum, *figures = row
    *counts, read_at = figures
    return (
        isinstance(key, int)
        and isinstance(state, bytes)
        and checksum == _checksum(stream, kind, start, end, position, state)
        and all(isinstance(count, int) for count in counts)
        and (read_at is None or isinstance(read_at, int))
    )


def _checksum(stream: object, kind: object, start: object, end: object, position: object, state: bytes) -> int:
    return crc32(state, crc32(f"{stream} {kind} {start} {end} {position}".encode()))


def add(execute: Execute, stream: int, period: Period, now: int) -> None:
    """Note that a period of a stream is to be read, and hold the stream from now on."""
    kind, state = period.kind.value, period.state.encode()
    execute(
        "INSERT INTO histories (stream, kind, start, end, position, state, checksum, requested)"
        " VALUES (?1, ?2, ?3, ?4, ?3, ?5, ?6, ?7)",
        (
            stream,
            kind,
            period.start,
            period.end,
            state,
            _checksum(stream, kind, period.start, period.end, period.start, state),
            now,
        ),
    )


def go_on(execute: Execute, history: History) -> bool:
    """Keep how far a period has come, unless it was given up meanwhile; return whether it was not."""
    state = history.state.encode()
    checksum = _checksum(history.stream, history.kind.value, history.start, history.end, history.position, state)
    return bool(
        execute(
            "UPDATE histories SET end = ?2, position = ?3, state = ?4, checksum = ?5, made = ?6, read_at = ?7"
            " WHERE key = ?1 AND read_at IS NULL",
            (
                history.key,
                history.end,
                history.position,
                state,
                checksum,
                history.made,
                history.read_at,
            ),
        ).rowcount
    )


def has_room(execute: Execute, stream: int) -> bool:
    """Whether a stream may have one more period."""
    (count,) = execute("SELECT count(*) FROM histories WHERE stream = ?", (stream,)).fetchone()
    return bool(count < MOST_OF_A_STREAM)


def end(execute: Execute, stream: int, now: int) -> bool:
    """Read no more of a stream's periods: they end where they have come to. Returns whether there were any."""
    ended = False
    for history in of_stream(execute, stream):
        if history.read_at is None:
            ended |= go_on(execute, history._replace(end=history.position, read_at=now))
    forget_done(execute, stream)
    return ended


def count_sent(execute: Execute, stream: int, instant: int) -> None:
    """Count a packet that Wattics acknowledged."""
    execute(
        "UPDATE histories SET sent = sent + 1 WHERE stream = ?1 AND start < ?2 AND end >= ?2", (stream, instant)
    )


def forget_done(execute: Execute, stream: int | None) -> None:
    """Forget periods, of a stream or of all, that were read and whose packets have all left."""
    execute(
        "DELETE FROM histories WHERE (?1 IS NULL OR stream = ?1) AND read_at IS NOT NULL AND NOT EXISTS ("
        "SELECT 1 FROM packets p WHERE p.stream = histories.stream"
        " AND instant > histories.start AND instant <= histories.end)",
        (stream,),
    )


def forget(execute: Execute, stream: int) -> None:
    """Delete the periods of a stream."""
    execute("DELETE FROM histories WHERE stream = ?", (stream,))


def kept_for_longer(execute: Execute, oldest: int) -> Mapping[int, tuple[int, int]]:
    """Return where packets are kept whatever their instant, as (later than, until), by stream.

    They are of periods that were asked for after `oldest`: their age counts from then on.
    """
    rows = execute(
        "SELECT stream, min(start), max(end) FROM histories WHERE requested >= ? GROUP BY stream", (oldest,)
    )
    return {stream: (start, end) for stream, start, end in rows}
