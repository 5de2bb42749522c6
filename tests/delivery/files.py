"""Outboxes on a real disk, and a look into their files that does not go through the outbox."""

from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager, closing
from pathlib import Path
import shutil
import sqlite3
import tempfile

from custom_components.wattics.delivery.database import ROW_BYTES, Acknowledgement, StreamRecord
from custom_components.wattics.delivery.outbox import Outbox, OutboxThread

URL = "https://example.com/unifiedjson/"
OTHER_URL = "https://other.example/unifiedjson/"


@asynccontextmanager
async def opened(
    path: Path, url: str = URL, on_merged: Callable[[int], None] = lambda _: None
) -> AsyncGenerator[Outbox]:
    """Open an outbox with a thread of its own."""
    thread = OutboxThread()
    outbox = Outbox(thread, path, url, on_merged=on_merged)
    try:
        await outbox.open()
        yield outbox
    finally:
        await outbox.close()
        thread.stop()
        thread._executor.shutdown()


def crash_copy(path: Path, folder: Path) -> Path:
    """Copy an open outbox's file as a power cut would leave it; return the copy's path."""
    copy = Path(tempfile.mkdtemp(dir=folder)) / path.name
    for suffix in ("", "-wal"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            shutil.copyfile(part, copy.with_name(copy.name + suffix))
    return copy


def connect(path: Path) -> sqlite3.Connection:
    """Open a file beside the outbox, as another program would."""
    return sqlite3.connect(path, isolation_level=None)


def bodies(path: Path, url: str = URL) -> dict[str, list[bytes]]:
    """Return the waiting packets of each stream that has any, in order."""
    waiting: dict[str, list[bytes]] = {}
    with closing(connect(path)) as connection:
        for stream_id, body in connection.execute(
            "SELECT stream_id, body FROM packets p JOIN streams s ON p.stream = s.key WHERE url = ?"
            " ORDER BY stream_id, instant",
            (url,),
        ):
            waiting.setdefault(stream_id, []).append(body)
    return waiting


def assert_counters(path: Path) -> None:
    """Check that the file is sound and that its counters are what a recount comes to."""
    with closing(connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        wrong = connection.execute(
            f"""
            SELECT stream_id, queued, rejected, bytes FROM streams WHERE
              queued != (SELECT count(*) FROM packets WHERE stream = streams.key)
              OR rejected != (SELECT count(*) FROM rejected WHERE stream = streams.key)
              OR bytes != (SELECT ifnull(sum(length(body) + {ROW_BYTES}), 0) FROM (
                SELECT body FROM packets WHERE stream = streams.key
                UNION ALL SELECT body FROM rejected WHERE stream = streams.key))
            """  # noqa: S608 - a constant of the code
        ).fetchall()
        assert wrong == []
        strays = "SELECT count(*) FROM {} WHERE stream NOT IN (SELECT key FROM streams)"
        for table in ("packets", "rejected", "deliveries", "registers"):
            assert connection.execute(strays.format(table)).fetchone() == (0,), table


async def assert_consistent(outbox: Outbox, path: Path, folder: Path) -> None:
    """Check that what the outbox tells is what its file holds, also after a power cut now."""
    copy = crash_copy(path, folder)
    assert_counters(copy)
    async with opened(copy, outbox._url) as other:
        assert other.streams == outbox.streams
        assert (other.registers, other.lost_registers) == (outbox.registers, outbox.lost_registers)
        assert (other.queued, other.oldest, other.pushed, other.dropped) == (
            outbox.queued,
            outbox.oldest,
            outbox.pushed,
            outbox.dropped,
        )
        for stream_id in outbox.streams:
            assert other.acknowledged_since(stream_id, 0) == outbox.acknowledged_since(stream_id, 0)


async def acknowledge(outbox: Outbox, stream_id: str, count: int, at: int = 0) -> None:
    """Acknowledge the oldest packets of a stream."""
    waiting = await outbox.peek(stream_id, None, count)
    await outbox.acknowledge([Acknowledgement(stream_id, packet, at) for packet in waiting])


def figures(record: StreamRecord) -> tuple[int, int, int, int]:
    """Return what is queued, pushed, rejected and dropped of a stream."""
    return record.queued, record.pushed, record.rejected, record.dropped


def streams_of(records: Iterable[StreamRecord]) -> list[str]:
    """Return the ids of streams."""
    return [record.stream_id for record in records]
