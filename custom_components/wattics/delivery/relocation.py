"""Waiting packets that get another destination, or none: a changed URL, a changed stream id, a stream that goes.

All functions block, make one transaction, and raise sqlite3.Error when the file can't be used.
"""

from collections.abc import Callable
import sqlite3
from typing import Final

from . import registers
from .database import RECOUNT, Database, checksum_of

_SLICE: Final = 512


def discard(database: Database, stream_id: str | None) -> int:
    """Delete the packets of one stream or of all, rejected ones too; return how many there were."""
    with database.transaction(durable=True) as execute:
        return sum(_empty(execute, key) for key in database.keys(stream_id))


def forget(database: Database, stream_id: str | None) -> int:
    """Delete a stream, or all, with what is kept of it; return how many packets were waiting or rejected."""
    with database.transaction(durable=True) as execute:
        keys = database.keys(stream_id)
        for key in keys:
            execute("DELETE FROM moves WHERE source = (SELECT stream_id FROM streams WHERE key = ?)", (key,))
        return sum(_delete(execute, key) for key in keys)


def plan(database: Database, source: str, target: str) -> dict[str, str]:
    """Note that waiting packets shall go along when a URL, or a stream's id, changes: the user wants it so.

    Those that were to come to `source`, and are not there yet, go to `target`. Returns all plans.
    """
    with database.transaction(durable=True) as execute:
        execute("UPDATE moves SET target = ? WHERE target = ?", (target, source))
        execute("INSERT OR REPLACE INTO moves VALUES (?, ?)", (source, target))
        execute("DELETE FROM moves WHERE source = target")
    return plans(database)


def withdraw(database: Database, source: str) -> dict[str, str]:
    """Let no waiting packets go along from a URL or a stream's id. Returns all plans."""
    with database.transaction(durable=True) as execute:
        execute("DELETE FROM moves WHERE source = ?", (source,))
    return plans(database)


def plans(database: Database) -> dict[str, str]:
    """Return what is planned: target by source."""
    with database.transaction(durable=False) as execute:
        return dict(execute("SELECT source, target FROM moves").fetchall())


def arrive(database: Database, url: str) -> int:
    """Work on a URL, with the packets of those from which they shall go along: none is acknowledged there yet.

    Returns how many packets were dropped, as `rename` does.
    """
    with database.transaction(durable=True) as execute:
        moving = execute(
            "SELECT key, stream_id FROM streams WHERE url IN (SELECT source FROM moves WHERE target = ?)", (url,)
        ).fetchall()
        dropped = sum(_readdress(execute, key, url, stream_id) for key, stream_id in moving)
        execute("DELETE FROM moves WHERE target = ?", (url,))
    database.url = url
    return dropped


def elsewhere(database: Database) -> int:
    """Return how many packets wait for other URLs: nobody said that they may go along."""
    with database.transaction(durable=False) as execute:
        (waiting,) = execute(
            "SELECT ifnull(sum(queued), 0) FROM streams WHERE url != ?", (database.url,)
        ).fetchone()
        return int(waiting)


def rename(database: Database, stream_id: str, new_stream_id: str, rewrite: Callable[[bytes], bytes]) -> int:
    """Let what is kept of a stream go to another stream; `rewrite` puts the new id into a body.

    Returns how many packets were dropped because both streams had one of the same instant: Wattics takes only one.
    """
    dropped = 0
    with database.transaction(durable=True) as execute:
        for key in database.keys(stream_id):
            for table in ("packets", "rejected"):
                rewrite_bodies(execute, table, key, rewrite)
            dropped += _readdress(execute, key, database.url, new_stream_id)
        execute("DELETE FROM moves WHERE source = ?", (stream_id,))
    return dropped


def _readdress(execute: Callable[..., sqlite3.Cursor], key: int, url: str, stream_id: str) -> int:
    """Give a stream another URL or id, together with what is kept of a stream that has them already.

    Where both have a packet of one instant, the other's is dropped; returns how many those were. Where both have
    a register, the other's stays: Wattics has packets of that one.
    """
    dropped = 0
    for (known,) in execute(
        "SELECT key FROM streams WHERE url = ? AND stream_id = ? AND key != ?", (url, stream_id, key)
    ).fetchall():
        for table in ("packets", "rejected", "deliveries"):
            execute(f"UPDATE OR IGNORE {table} SET stream = ? WHERE stream = ?", (key, known))
        execute(
            "UPDATE streams SET newest = max(ifnull(streams.newest, o.newest), ifnull(o.newest, streams.newest))"
            " FROM (SELECT newest FROM streams WHERE key = ?2) AS o WHERE streams.key = ?1",
            (key, known),
        )
        registers.merge(execute, key, known)
        dropped += _delete(execute, known)
    execute(
        "UPDATE streams SET url = ?2, stream_id = ?3, acknowledged = NULL, pushed_at = NULL,"
        " dropped = dropped + ?4 WHERE key = ?1",
        (key, url, stream_id, dropped),
    )
    execute(f"{RECOUNT} WHERE key = ?", (key,))
    return dropped


def rewrite_bodies(
    execute: Callable[..., sqlite3.Cursor],
    table: str,
    stream: int,
    rewrite: Callable[[bytes], bytes],
    *,
    after: int = -1,
) -> None:
    """Give packets of a stream that are newer than the instant `after` other bytes, within a transaction."""
    last = -1
    while rows := execute(
        f"SELECT key, instant, body FROM {table} WHERE stream = ? AND key > ? AND instant > ?"
        " ORDER BY key LIMIT ?",
        (stream, last, after, _SLICE),
    ).fetchall():
        for key, instant, body in rows:
            new = rewrite(body)
            execute(
                f"UPDATE {table} SET body = ?, checksum = ? WHERE key = ?", (new, checksum_of(instant, new), key)
            )
        last = rows[-1][0]


def _delete(execute: Callable[..., sqlite3.Cursor], key: int) -> int:
    """Delete a stream but not what it counted; return how many packets were waiting or rejected."""
    deleted = _empty(execute, key)
    for name in ("pushed", "dropped"):
        execute(
            f"INSERT INTO totals SELECT ?1, {name} FROM streams WHERE key = ?2"
            " ON CONFLICT DO UPDATE SET value = value + excluded.value",
            (name, key),
        )
    execute("DELETE FROM deliveries WHERE stream = ?", (key,))
    registers.forget(execute, key)
    execute("DELETE FROM streams WHERE key = ?", (key,))
    return deleted


def _empty(execute: Callable[..., sqlite3.Cursor], key: int) -> int:
    """Delete the packets of a stream, waiting or rejected; return how many there were."""
    execute("UPDATE streams SET queued = 0, rejected = 0, bytes = 0 WHERE key = ?", (key,))
    return sum(
        execute(f"DELETE FROM {table} WHERE stream = ?", (key,)).rowcount for table in ("packets", "rejected")
    )
