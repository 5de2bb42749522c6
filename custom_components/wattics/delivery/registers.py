"""Registers: counters that go on where they were, kept as the text that the sampling made of them.

All functions work within a transaction, or read; they block, and raise sqlite3.Error when the file can't be used.
"""

from collections.abc import Callable
import sqlite3
from typing import Final, NamedTuple
from zlib import crc32

from .errors import OutboxDamaged

type Execute = Callable[..., sqlite3.Cursor]

_UNKNOWN: Final = 0
"""Stands for the streams that were lost together with their registers: no stream has this key."""


class Register(NamedTuple):
    """The register of one parameter of a stream. `state` means something to the sampling alone."""

    stream_id: str
    code: str
    state: str


class Registers(NamedTuple):
    """What there is of the registers of an account."""

    states: dict[tuple[str, str], str]
    """By stream id and parameter."""
    lost: set[str]
    """Ids of streams of which registers were lost: those of them that are not in `states`."""


def put(execute: Execute, stream: int, register: Register) -> None:
    """Keep a register of the stream with this key."""
    state = register.state.encode()
    execute(
        "INSERT OR REPLACE INTO registers VALUES (?, ?, ?, ?)",
        (stream, register.code, state, checksum_of(stream, register.code, state)),
    )


def load(execute: Execute, url: str) -> Registers:
    """Return the registers of the streams of a URL.

    Raises OutboxDamaged if one is not the same as when it was written, or belongs to no stream.
    """
    states: dict[tuple[str, str], str] = {}
    for known_url, stream_id, stream, code, state, checksum in execute(
        "SELECT url, stream_id, r.stream, code, state, checksum"
        " FROM registers AS r LEFT JOIN streams AS s ON s.key = r.stream"
    ):
        if stream_id is None or not is_intact(stream, code, state, checksum):
            raise OutboxDamaged("a register changed on the disk")
        if known_url == url:
            states[stream_id, code] = state.decode()
    lost = execute("SELECT stream_id FROM lost JOIN streams ON key = stream WHERE url = ?", (url,))
    return Registers(states, {stream_id for (stream_id,) in lost})


def introduce(execute: Execute, stream: int) -> None:
    """Take note of a stream that was not known: if some were lost, it may be one of these."""
    execute("INSERT OR IGNORE INTO lost SELECT ? FROM lost WHERE stream = ?", (stream, _UNKNOWN))


def know_all(execute: Execute) -> None:
    """Take note that all streams that there are have been introduced: others are new."""
    execute("DELETE FROM lost WHERE stream = ?", (_UNKNOWN,))


def find(execute: Execute, stream: int) -> None:
    """Take note that the lost registers of a stream are there again."""
    execute("DELETE FROM lost WHERE stream = ?", (stream,))


def lose(execute: Execute) -> None:
    """Take note that registers that are not there may have been lost, also those of streams that are not there."""
    execute("INSERT OR IGNORE INTO lost SELECT key FROM streams UNION SELECT ?", (_UNKNOWN,))


def forget(execute: Execute, stream: int) -> None:
    """Delete the registers of a stream."""
    execute("DELETE FROM registers WHERE stream = ?", (stream,))
    find(execute, stream)


def merge(execute: Execute, stream: int, other: int) -> None:
    """Give a stream the registers of another one, which take the place of its own."""
    taken = execute("SELECT code, state FROM registers WHERE stream = ?", (other,)).fetchall()
    for code, state in taken:
        put(execute, stream, Register("", code, state.decode()))
    execute("UPDATE OR IGNORE lost SET stream = ? WHERE stream = ?", (stream, other))
    forget(execute, other)


def checksum_of(stream: int, code: str, state: bytes) -> int:
    """Return what tells whether a register, or whose it is, changed on the disk."""
    return crc32(state, crc32(f"{stream} {code} ".encode()))


def is_intact(stream: object, code: object, state: object, checksum: object) -> bool:
    """Whether a register is, byte for byte, the one that was written."""
    return (
        isinstance(stream, int)
        and isinstance(code, str)
        and isinstance(state, bytes)
        and checksum_of(stream, code, state) == checksum
    )
