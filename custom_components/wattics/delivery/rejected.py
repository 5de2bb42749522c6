"""Packets that Wattics refused for good: kept for the user, who has them tried again or lets go of them.

All functions block, make one transaction, and raise sqlite3.Error when the file can't be used.
"""

from typing import NamedTuple

from .database import RECOUNT, SIZE, Database, StreamRecord, Waiting, checksum_of


class Rejected(NamedTuple):
    """A rejected packet. Instants and times are milliseconds since 1970 (UTC)."""

    stream_id: str
    instant: int
    body: bytes
    status: int
    """The HTTP status of the refusal."""
    reason: str
    at: int


class Retried(NamedTuple):
    """What became of rejected packets that were to be tried again."""

    queued: int
    too_late: list[tuple[str, int]]
    """Stream id and instant of those that Wattics would discard: it has acknowledged newer ones since, or another
    packet of the same instant waits."""


def reject(database: Database, packet: Waiting, status: int, reason: str, at: int) -> list[StreamRecord]:
    """Set a packet aside that Wattics refused."""
    with database.transaction(durable=True) as execute:
        if execute("DELETE FROM packets WHERE key = ?", (packet.key,)).rowcount:
            execute(
                "INSERT INTO rejected (stream, instant, body, checksum, status, reason, at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    packet.stream,
                    packet.instant,
                    packet.body,
                    checksum_of(packet.instant, packet.body),
                    status,
                    reason,
                    at,
                ),
            )
            execute(
                "UPDATE streams SET queued = queued - 1, rejected = rejected + 1 WHERE key = ?", (packet.stream,)
            )
    return database.records_of([packet.stream])


def rejected(database: Database, stream_id: str | None, limit: int) -> list[Rejected]:
    """Return the newest rejected packets of one stream or of all, newest first."""
    with database.transaction(durable=False) as execute:
        rows = execute(
            "SELECT stream_id, instant, body, status, reason, at"
            " FROM rejected r JOIN streams s ON s.key = r.stream"
            " WHERE s.url = ?1 AND (?2 IS NULL OR s.stream_id = ?2) ORDER BY r.key DESC LIMIT ?3",
            (database.url, stream_id, limit),
        )
        return [Rejected(*row) for row in rows]


def newest(database: Database) -> dict[str, Rejected]:
    """Return the packet of each stream that was rejected last, by stream id."""
    with database.transaction(durable=False) as execute:
        rows = execute(
            "SELECT stream_id, instant, body, status, reason, at"
            " FROM rejected r JOIN streams s ON s.key = r.stream"
            " WHERE s.url = ? AND r.key IN (SELECT max(key) FROM rejected GROUP BY stream)",
            (database.url,),
        )
        return {row[0]: Rejected(*row) for row in rows}


def retry(database: Database, stream_id: str | None) -> Retried:
    """Queue rejected packets again, but those that Wattics would discard."""
    queued = 0
    too_late: list[tuple[str, int]] = []
    with database.transaction(durable=True) as execute:
        for key in database.keys(stream_id):
            taken = execute(
                "INSERT OR IGNORE INTO packets (stream, instant, body, checksum)"
                " SELECT stream, instant, body, checksum FROM rejected WHERE stream = ?1"
                " AND instant > ifnull((SELECT acknowledged FROM streams WHERE key = ?1), instant - 1)",
                (key,),
            ).rowcount
            execute(
                "DELETE FROM rejected WHERE stream = ? AND (instant, body) IN"
                " (SELECT instant, body FROM packets WHERE stream = rejected.stream)",
                (key,),
            )
            execute(f"{RECOUNT} WHERE key = ?", (key,))
            too_late += execute(
                "SELECT stream_id, instant FROM rejected r JOIN streams s ON s.key = r.stream"
                " WHERE r.stream = ? ORDER BY instant",
                (key,),
            ).fetchall()
            queued += taken
    return Retried(queued, too_late)


def discard_rejected(database: Database, stream_id: str | None) -> int:
    """Delete the rejected packets of one stream or of all; return how many there were."""
    with database.transaction(durable=True) as execute:
        discarded = 0
        for key in database.keys(stream_id):
            execute(
                f"UPDATE streams SET rejected = 0, bytes = bytes - (SELECT {SIZE} FROM rejected WHERE stream = ?1)"
                " WHERE key = ?1",
                (key,),
            )
            discarded += execute("DELETE FROM rejected WHERE stream = ?", (key,)).rowcount
        return discarded
