"""What becomes of an outbox's file that can't be used any more: what is sound in it goes into a new one."""

from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
import sqlite3
from typing import Any, Final

from .database import RECOUNT, Database, is_intact
from .packet import Packet

_DAY: Final = 86_400_000
_STREAM: Final = ("key", "url", "stream_id", "since", "newest", "acknowledged", "pushed_at", "pushed", "dropped")
_PACKET: Final = ("key", "stream", "instant", "body", "checksum")
_REJECTED: Final = (*_PACKET, "status", "reason", "at")
_TOTAL: Final = ("name", "value")


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What was done about a damaged file."""

    aside: Path
    """Where the damaged file is kept."""
    waiting: int
    """How many waiting packets were carried over."""


def salvage(path: Path, url: str, now: datetime) -> Salvaged:
    """Replace a damaged file by a new one with all that can be read of it; keep the damaged one beside it.

    Blocks. Raises OSError or sqlite3.Error where the folder or the disk does not allow it: the damaged file is
    then still in its place, and this can be called again.
    """
    fresh = _fresh(path)
    fresh.unlink(missing_ok=True)
    Database(fresh, url).close()
    with closing(sqlite3.connect(fresh, isolation_level=None)) as new, closing(sqlite3.connect(path)) as damaged:
        # The damaged file stays as it was found, its write-ahead log included.
        damaged.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)
        waiting = _carry_over(damaged, new, url, int(now.timestamp() * 1000))
    aside = path.with_name(f"{path.name}.damaged-{now.astimezone(UTC):%Y%m%dT%H%M%S%f}")
    for suffix in ("-wal", "-shm", ""):  # the file itself last: see `finish_interrupted`
        if (part := path.with_name(path.name + suffix)).exists():
            part.replace(aside.with_name(aside.name + suffix))
    fresh.replace(path)
    return Salvaged(aside, waiting)


def finish_interrupted(path: Path) -> None:
    """Put the new file in place if a salvage ended just before that. Blocks; raises OSError."""
    if not path.exists() and _fresh(path).exists():
        _fresh(path).replace(path)


def _fresh(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _carry_over(damaged: sqlite3.Connection, new: sqlite3.Connection, url: str, now: int) -> int:
    """Copy what is sound, and return how many waiting packets that were."""
    new.execute("BEGIN")
    for row in _rows(damaged, "streams", _STREAM):
        _insert(new, "streams", _STREAM, _plausible(row, now))
    for table, columns in (("packets", _PACKET), ("rejected", _REJECTED)):
        for row in _rows(damaged, table, columns):
            if is_intact(row[2], row[3], row[4]):
                _insert(new, table, columns, row)
    for row in _rows(damaged, "totals", _TOTAL):
        _insert(new, "totals", _TOTAL, row)
    _introduce_unknown(new, url)
    new.execute(RECOUNT)
    new.execute("COMMIT")
    (waiting,) = new.execute("SELECT count(*) FROM packets").fetchone()
    return int(waiting)


def _rows(damaged: sqlite3.Connection, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a table up to the first damage, then those from the end back to the last one."""
    select = f"SELECT {', '.join(columns)} FROM {table} ORDER BY {columns[0]}"
    last: Any = None
    with suppress(sqlite3.DatabaseError):
        for row in damaged.execute(select):
            last = row[0]
            yield row
    with suppress(sqlite3.DatabaseError):
        for row in damaged.execute(f"{select} DESC"):
            if row[0] == last:
                return
            yield row


def _insert(new: sqlite3.Connection, table: str, columns: Sequence[str], row: Sequence[Any]) -> None:
    """Copy a row, unless there is one like it or a value is missing in it."""
    new.execute(
        f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", row
    )


def _plausible(row: tuple[Any, ...], now: int) -> tuple[Any, ...]:
    """Return a stream's row without times that can't be: one in the future would keep its samples out."""
    key, url, stream_id, since, *times, pushed, dropped = row
    times = [time if _is_time(time, now) else None for time in times]
    counters = (count if isinstance(count, int) and count >= 0 else 0 for count in (pushed, dropped))
    return key, url, stream_id, since if _is_time(since, now) else now, *times, *counters


def _is_time(value: object, now: int) -> bool:
    return isinstance(value, int) and 0 <= value <= now + _DAY


def _introduce_unknown(new: sqlite3.Connection, url: str) -> None:
    """Make streams, which could not be read, known again by what their packets say."""
    unknown = new.execute(
        "SELECT stream, body, min(instant), max(instant) FROM packets"
        " WHERE stream NOT IN (SELECT key FROM streams) GROUP BY stream"
    ).fetchall()
    for key, body, since, newest in unknown:
        stream_id = Packet.decode(body).stream_id
        columns = ("key", "url", "stream_id", "since", "newest")
        _insert(new, "streams", columns, (key, url, stream_id, since, newest))
        # A stream of this id may have been found under another key.
        new.execute(
            "UPDATE OR IGNORE packets SET stream = (SELECT key FROM streams WHERE url = ? AND stream_id = ?)"
            " WHERE stream = ?",
            (url, stream_id, key),
        )
