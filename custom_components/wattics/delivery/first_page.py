"""Damage to the first page of an outbox's file, which says where everything is: all else can be read all the same.

Every outbox has the same tables, made in the same order, and so they begin at the same places in each file: the
first page of a new file does for a damaged one. Its header: https://www.sqlite.org/fileformat2.html.
"""

from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
import shutil
import sqlite3
from typing import Final

from .database import BUSY_SECONDS

_READS: Final = ("SELECT 1 FROM streams LIMIT 0", "SELECT 1 FROM packets LIMIT 0")
_PAGE_SIZE: Final = slice(16, 18)
_PAGES: Final = slice(28, 32)
_FREE_PAGES: Final = slice(32, 40)
"""Where the list of free pages begins, and how many they are."""
_PARTS: Final = ("", "-wal", "-shm")
_NO_DAMAGE: Final = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN)
"""SQLite's words for a file that can be read another time."""


@contextmanager
def with_readable_schema(path: Path, fresh: Path) -> Generator[Path]:
    """Yield a damaged file, or a copy of it for the time being with the first page of `fresh`, a closed new file.

    Blocks. Raises OSError where there is no room for the copy, sqlite3.Error while the file can't be used.
    """
    if _has_readable_schema(path):
        yield path
        return
    copy = path.with_name(f"{path.name}.copy")
    try:
        for suffix in ("", "-wal"):
            if (part := path.with_name(path.name + suffix)).exists():
                shutil.copyfile(part, copy.with_name(copy.name + suffix))
        _replace_first_page(copy, fresh)
        yield copy
    finally:
        for suffix in _PARTS:
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)


def _has_readable_schema(path: Path) -> bool:
    with closing(sqlite3.connect(path, timeout=BUSY_SECONDS)) as connection:
        connection.setconfig(sqlite3.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, True)
        try:
            connection.execute("PRAGMA writable_schema = ON")
            for read in _READS:
                connection.execute(read)
        except sqlite3.DatabaseError as error:
            expect_damage(error)
            return False
        return True


def expect_damage(error: Exception) -> None:
    """Raise an error again that says nothing of the file: it may be read another time."""
    if getattr(error, "sqlite_errorcode", 0) & 0xFF in _NO_DAMAGE:
        raise error


def _replace_first_page(copy: Path, fresh: Path) -> None:
    with fresh.open("rb") as file:
        header = file.read(_PAGE_SIZE.stop)
        size = int.from_bytes(header[_PAGE_SIZE])
        page = bytearray(header + file.read(size - len(header)))
    page[_PAGES] = max(1, copy.stat().st_size // size).to_bytes(4)
    page[_FREE_PAGES] = bytes(8)
    with copy.open("r+b") as file:
        file.write(page)
