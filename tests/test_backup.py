"""While Home Assistant copies the outboxes, each copy is sound although samples go on."""

from pathlib import Path
import shutil
import sqlite3

from custom_components.wattics import backup

from .common import ACCOUNT, Home, stream


def _copy(home: Home, to: Path) -> Path:
    """Copy the file, and only later its write-ahead log, as a backup may."""
    copy = to / "copy.db"
    shutil.copy(home.folder / f"{ACCOUNT}.db", copy)
    return copy


async def test_a_copy_made_meanwhile_is_sound(home: Home, tmp_path: Path) -> None:
    await home.collector.stop()
    home.set("sensor.power", 1)
    entry = await home.start(*(stream(f"s{number}", interval=5) for number in range(40)))
    await home.until("12:01:04")
    await backup.async_pre_backup(home.hass)
    copy = _copy(home, tmp_path)
    await home.until("12:05:04")
    shutil.copy(home.folder / f"{ACCOUNT}.db-wal", copy.with_name("copy.db-wal"))
    await backup.async_post_backup(home.hass)
    connection = sqlite3.connect(copy)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert connection.execute("SELECT count(*) FROM packets").fetchone() == (60 * 40,)
    connection.close()
    await home.until("12:06:04")
    assert entry.runtime_data.outbox.queued == 72 * 40


async def test_accounts_that_are_not_loaded_are_left_alone(home: Home) -> None:
    entry = await home.start(stream())
    await home.unload(entry)
    await backup.async_pre_backup(home.hass)
    await backup.async_post_backup(home.hass)
    await home.threads_ended()
