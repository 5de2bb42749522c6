"""The form of an outbox's file, and how an older file comes to it.

Instants and times are whole milliseconds since 1970 (UTC). `PRAGMA user_version` holds the schema's version.
Keys of streams and packets are never used twice: an answer may come when its packet, or its stream, has gone.
"""

from functools import cache
import sqlite3
from typing import Final

from .errors import OutboxDamaged

_VERSION_1: Final = """
CREATE TABLE streams (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  url TEXT NOT NULL,                     -- the host that the packets were made for
  stream_id TEXT NOT NULL,
  since INTEGER NOT NULL,                -- when the stream was added
  newest INTEGER,                        -- instant of the newest sample ever queued
  acknowledged INTEGER,                  -- instant of the newest packet acknowledged
  pushed_at INTEGER,                     -- when Wattics last acknowledged a packet
  queued INTEGER NOT NULL DEFAULT 0,     -- packets waiting
  bytes INTEGER NOT NULL DEFAULT 0,      -- what they and the rejected ones take
  pushed INTEGER NOT NULL DEFAULT 0,
  rejected INTEGER NOT NULL DEFAULT 0,
  dropped INTEGER NOT NULL DEFAULT 0,
  UNIQUE (url, stream_id)
);
CREATE TABLE packets (
  key INTEGER PRIMARY KEY AUTOINCREMENT,
  stream INTEGER NOT NULL,
  instant INTEGER NOT NULL,
  body BLOB NOT NULL,
  checksum INTEGER NOT NULL,             -- CRC-32 of instant and body: SQLite notices no flipped bit
  UNIQUE (stream, instant)
);
CREATE TABLE rejected (
  key INTEGER PRIMARY KEY,
  stream INTEGER NOT NULL,
  instant INTEGER NOT NULL,
  body BLOB NOT NULL,
  checksum INTEGER NOT NULL,
  status INTEGER NOT NULL,               -- the HTTP status of the refusal
  reason TEXT NOT NULL,
  at INTEGER NOT NULL
);
CREATE INDEX rejected_by_stream ON rejected (stream, instant);
CREATE TABLE deliveries (                -- acknowledged packets by the hour of their instant, for the last day
  hour INTEGER NOT NULL,
  stream INTEGER NOT NULL,
  acknowledged INTEGER NOT NULL,
  PRIMARY KEY (hour, stream)
) WITHOUT ROWID;
CREATE TABLE moves (                     -- where waiting packets shall go along, from a URL or a stream id
  source TEXT PRIMARY KEY,
  target TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE totals (                    -- what streams counted that are gone
  name TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) WITHOUT ROWID;
"""

_VERSION_2: Final = """
CREATE TABLE registers (                 -- counters that must go on where they were
  stream INTEGER NOT NULL,
  code TEXT NOT NULL,                    -- the parameter
  state BLOB NOT NULL,                   -- for the sampling to read
  checksum INTEGER NOT NULL,             -- CRC-32 of all of it
  PRIMARY KEY (stream, code)
) WITHOUT ROWID;
CREATE TABLE lost (                      -- streams that may have had registers which were lost with a damaged file
  stream INTEGER PRIMARY KEY             -- 0 for those that were lost with their registers
);
"""

_MIGRATIONS: Final = (_VERSION_1, _VERSION_2)
"""What brings a file from version n to n + 1, at position n."""

VERSION: Final = len(_MIGRATIONS)


def migrate(connection: sqlite3.Connection) -> None:
    """Bring a file, new or old, to the schema's version in one transaction.

    Raises OutboxDamaged for a file of a newer version or of another form.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise OutboxDamaged(f"the file is of version {version}, newer than {VERSION}")
    if version < VERSION:
        steps = "".join(_MIGRATIONS[version:])
        try:
            connection.executescript(f"BEGIN IMMEDIATE; {steps} PRAGMA user_version = {VERSION}; COMMIT;")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
                raise
            raise OutboxDamaged(f"the file can't be brought to version {VERSION}: {error}") from error
    if _form(connection) != _expected_form():
        raise OutboxDamaged("the file has other tables than expected")


def _form(connection: sqlite3.Connection) -> list[tuple[object, ...]]:
    """Return tables with their columns and indexes with theirs: not the words, which a comment may change."""
    tables = connection.execute(
        'SELECT m.name, c.name, c.type, c."notnull", c.pk FROM sqlite_master m JOIN pragma_table_info(m.name) c'
        " WHERE m.type = 'table' ORDER BY 1, 2"
    ).fetchall()
    indexes = connection.execute(
        "SELECT m.tbl_name, m.name, c.name FROM sqlite_master m JOIN pragma_index_info(m.name) c"
        " WHERE m.type = 'index' ORDER BY 1, 2, 3"
    ).fetchall()
    return tables + indexes


@cache
def _expected_form() -> list[tuple[object, ...]]:
    connection = sqlite3.connect(":memory:")
    try:
        connection.executescript("".join(_MIGRATIONS))
        return _form(connection)
    finally:
        connection.close()
