"""What becomes of an outbox's file that can't be used any more: what is sound in it goes into a new one."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
import sqlite3
from typing import Any, Final

from . import registers
from .database import BUSY_SECONDS, RECOUNT, SALVAGED, Database, is_intact
from .first_page import expect_damage, with_readable_schema
from .packet import Packet

KEPT_ASIDE: Final = 3
"""As many damaged files are kept, the newest: a disk that fails again and again must not fill up with them."""

_DAY: Final = 86_400_000
_STREAM: Final = ("key", "url", "stream_id", "since", "newest", "acknowledged", "pushed_at", "pushed", "dropped")
_PACKET: Final = ("key", "stream", "instant", "body", "checksum")
_REJECTED: Final = (*_PACKET, "status", "reason", "at")
_REGISTER: Final = ("stream", "code", "state", "checksum")
_TOTAL: Final = ("name", "value")
_MOVE: Final = ("source", "target")

_NOTE: Final = (f"{SALVAGED} at", f"{SALVAGED} waiting", f"{SALVAGED} elsewhere")
_ADDRESSES: Final = "streams INDEXED BY sqlite_autoindex_streams_1"
"""The URLs of streams once more, as their index has them."""

_SIDE_FILES: Final = ("-wal", "-shm")
_LAST_KEY: Final = 2**62
_UNREADABLE: Final = (sqlite3.DatabaseError, UnicodeDecodeError)
"""What reading damage raises: SQLite's complaint may quote a text that is none any more."""


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What was done about a damaged file."""

    aside: Path
    """Where the damaged file is kept."""
    waiting: int
    """How many waiting packets were carried over."""
    elsewhere: int
    """How many of them are for another URL: they are not sent to this one."""


def salvage(path: Path, url: str, now: datetime) -> None:
    """Replace a damaged file by a new one with all that can be read of it; keep the damaged one beside it.

    The new one then knows what was done: see `untold`. Blocks. Raises OSError or sqlite3.Error where the folder
    or the disk does not allow it: the damaged file is then still in its place, and this can be called again.
    """
    at = int(now.timestamp() * 1000)
    fresh = _fresh(path)
    fresh.unlink(missing_ok=True)
    Database(fresh, url).close()
    with (
        with_readable_schema(path, fresh) as source,
        closing(sqlite3.connect(fresh, isolation_level=None)) as new,
        closing(sqlite3.connect(source, timeout=BUSY_SECONDS)) as damaged,
    ):
        # The damaged file stays as it was found, its write-ahead log included.
        damaged.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)
        # Without this nothing can be read of a file that is shorter than it should be.
        damaged.execute("PRAGMA writable_schema = ON")
        damaged.text_factory = lambda text: text.decode(errors="replace")
        _carry_over(damaged, new, url, at)
    path.replace(_aside(path, at))
    finish_interrupted(path)
    for old in sorted(_asides(path))[:-KEPT_ASIDE]:
        for suffix in ("", *_SIDE_FILES):
            old.with_name(old.name + suffix).unlink(missing_ok=True)


def untold(path: Path, database: Database) -> Salvaged | None:
    """Return what a salvage did, until `Database.tidy` lets go of it: the user hears of it also after a crash.

    Blocks; raises sqlite3.Error.
    """
    with database.transaction(durable=False) as execute:
        known: dict[str, int] = dict(execute(f"SELECT name, value FROM totals WHERE name LIKE '{SALVAGED}%'"))
    if not known:
        return None
    at, waiting, elsewhere = (known[name] for name in _NOTE)
    return Salvaged(_aside(path, at), waiting, elsewhere)


def _asides(path: Path) -> list[Path]:
    return [file for file in path.parent.glob(f"{path.name}.damaged-*") if not file.name.endswith(_SIDE_FILES)]


def _aside(path: Path, at: int) -> Path:
    return path.with_name(f"{path.name}.damaged-{datetime.fromtimestamp(at / 1000, UTC):%Y%m%dT%H%M%S%f}")


def finish_interrupted(path: Path) -> None:
    """Put the new file in the damaged one's place, also where a salvage ended just before that.

    The damaged one's write-ahead log goes first: the new file would take it for its own. Blocks; raises OSError.
    """
    if path.exists() or not _fresh(path).exists():
        return
    asides = _asides(path)
    for suffix in _SIDE_FILES:
        if asides and (part := path.with_name(path.name + suffix)).exists():
            part.replace(f"{max(asides)}{suffix}")
    _fresh(path).replace(path)


def _fresh(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _carry_over(damaged: sqlite3.Connection, new: sqlite3.Connection, url: str, now: int) -> None:
    """Copy what is sound, with a note of it."""
    new.execute("BEGIN")
    # A URL that changed on the disk is nobody's: its packets would be kept unsent.
    ours = {key for key, known in _short_table(damaged, _ADDRESSES, ("key", "url")) if known == url}
    rows = (_plausible(row, now) for row in _rows(damaged, "streams", _STREAM))
    _insert(new, "streams", _STREAM, ((key, url if key in ours else known, *rest) for key, known, *rest in rows))
    streams = _Streams(new, url, now)
    for table, columns in (("packets", _PACKET), ("rejected", _REJECTED)):
        sound = (row for row in _rows(damaged, table, columns) if row[0] <= _LAST_KEY and is_intact(*row[2:5]))
        _insert(new, table, columns, map(streams.readdressed, sound))
    _insert(new, "registers", _REGISTER, _sound_registers(damaged, new))
    registers.lose(new.execute)
    _insert(new, "totals", _TOTAL, _short_table(damaged, "totals", _TOTAL))
    _insert(new, "moves", _MOVE, _short_table(damaged, "moves", _MOVE))
    new.execute(
        "UPDATE streams SET newest = found"
        " FROM (SELECT stream, max(instant) AS found FROM packets GROUP BY stream)"
        " WHERE stream = key AND found > ifnull(newest, -1)"
    )
    # Answers may still come for packets that were lost: no other one may ever get the key of such a packet.
    new.execute("DELETE FROM sqlite_sequence")
    new.execute("INSERT INTO sqlite_sequence VALUES ('streams', ?1), ('packets', ?1)", (now,))
    new.execute(RECOUNT)
    waiting = new.execute(
        "SELECT ifnull(sum(queued), 0), ifnull(sum(queued * (url != ?)), 0) FROM streams", (url,)
    )
    note = zip(_NOTE, (now, *waiting.fetchone()), strict=True)
    new.executemany("INSERT OR REPLACE INTO totals VALUES (?, ?)", note)
    new.execute("COMMIT")


def _rows(damaged: sqlite3.Connection, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a table by their keys; those that can't be read are passed over."""
    select = f"SELECT {', '.join(columns)} FROM {table} WHERE key > ? ORDER BY key"
    after: int | None = 0
    while after is not None:
        try:
            for row in damaged.execute(select, (after,)):
                # A damaged tree may lead back to rows that were read before: for ever, if they were followed.
                if isinstance(row[0], int) and row[0] > after:
                    after = row[0]
                    yield row
        except _UNREADABLE as error:
            expect_damage(error)
            # Python reads one row ahead: by itself the last one before the damage can be read, too.
            for row in _readable_row(damaged, select, after):
                after = row[0]
                yield row
            after = _end_of_damage(damaged, select, after)
        else:
            return


def _readable_row(damaged: sqlite3.Connection, select: str, after: int) -> list[tuple[Any, ...]]:
    """Return the first row after a key, or none if it can't be read."""
    try:
        rows = damaged.execute(f"{select} LIMIT 1", (after,)).fetchall()
    except _UNREADABLE as error:
        expect_damage(error)
        return []
    return [row for row in rows if isinstance(row[0], int) and row[0] > after]


def _sound_registers(damaged: sqlite3.Connection, new: sqlite3.Connection) -> Iterator[tuple[Any, ...]]:
    """Yield the sound registers of known streams, each read by itself: damage takes no other with it."""
    select = f"SELECT {', '.join(_REGISTER)} FROM registers WHERE stream = ? AND code > ? ORDER BY code LIMIT 1"
    for (stream,) in new.execute("SELECT key FROM streams").fetchall():
        code = ""
        try:
            while rows := damaged.execute(select, (stream, code)).fetchall():
                (row,) = rows
                if not isinstance(row[1], str) or row[1] <= code:
                    break
                code = row[1]
                if registers.is_intact(*row):
                    yield row
        except _UNREADABLE as error:
            expect_damage(error)


def _end_of_damage(damaged: sqlite3.Connection, select: str, after: int) -> int | None:
    """Return the first key, after that of the last row read, from which on rows can be read again, if there is."""
    unreadable, readable = after, after + 1
    while not _can_be_read(damaged, select, readable):
        unreadable, readable = readable, readable + 2 * (readable - after)
        if readable > _LAST_KEY:
            return None
    while readable - unreadable > 1:
        middle = (unreadable + readable) // 2
        if _can_be_read(damaged, select, middle):
            readable = middle
        else:
            unreadable = middle
    return readable


def _can_be_read(damaged: sqlite3.Connection, select: str, after: int) -> bool:
    try:
        damaged.execute(f"{select} LIMIT 1", (after,)).fetchone()
    except _UNREADABLE as error:
        expect_damage(error)
        return False
    return True


def _short_table(damaged: sqlite3.Connection, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a table that is a page at most, or nothing."""
    try:
        yield from damaged.execute(f"SELECT {', '.join(columns)} FROM {table}")
    except _UNREADABLE as error:
        expect_damage(error)


def _insert(new: sqlite3.Connection, table: str, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Copy rows, but those that there is one like already, and those that a value is missing in."""
    new.executemany(
        f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})", rows
    )


def _plausible(row: tuple[Any, ...], now: int) -> tuple[Any, ...]:
    """Return a stream's row without times that can't be: one in the future would keep its samples out."""
    key, url, stream_id, since, *times, pushed, dropped = row
    times = [time if _is_time(time, now) else None for time in times]
    counters = (count if isinstance(count, int) and count >= 0 else 0 for count in (pushed, dropped))
    return key, url, stream_id, since if _is_time(since, now) else now, *times, *counters


def _is_time(value: object, now: int) -> bool:
    return isinstance(value, int) and 0 <= value <= now + _DAY


class _Streams:
    """The streams of the new file, which get their packets by what these say of themselves.

    Nothing but a packet's instant and body has a checksum.
    """

    def __init__(self, new: sqlite3.Connection, url: str, now: int) -> None:
        self._new = new
        self._url = url
        self._now = now
        self._urls: dict[int, str] = {}
        self._keys: dict[tuple[str, str], int] = {}
        for key, known_url, stream_id in new.execute("SELECT key, url, stream_id FROM streams"):
            self._urls[key] = known_url
            self._keys[known_url, stream_id] = key

    def readdressed(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """Return the row of a packet, waiting or rejected, with the key of its stream."""
        key, stream, instant, body, *rest = row
        stream_id = Packet.decode(body).stream_id
        url = self._urls.get(stream, self._url)
        if (url, stream_id) not in self._keys:
            self._introduce(url, stream_id, stream)
        return key, self._keys[url, stream_id], instant, body, *rest

    def _introduce(self, url: str, stream_id: str, key: object) -> None:
        """Make a stream known whose own row could not be read, under its old key if that can be."""
        free = key if isinstance(key, int) and key not in self._urls else None
        ((new_key,),) = self._new.execute(
            "INSERT INTO streams (key, url, stream_id, since) VALUES (?, ?, ?, ?) RETURNING key",
            (free, url, stream_id, self._now),
        ).fetchall()
        self._urls[new_key] = url
        self._keys[url, stream_id] = new_key
