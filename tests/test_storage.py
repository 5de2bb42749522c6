"""Where the outboxes are, and who works on them."""

import sqlite3

import pytest

from custom_components.wattics import storage
from custom_components.wattics.delivery.errors import OutboxError

from .common import ACCOUNT, Home, stream


async def test_an_account_has_one_file_named_after_its_entry(home: Home) -> None:
    await home.start(stream())
    await home.start(stream(), entry_id="second", username="bob")
    assert {file.name for file in home.folder.glob("*.db")} == {f"{ACCOUNT}.db", "second.db"}


async def test_no_other_thread_can_work_on_a_file(home: Home) -> None:
    entry = await home.start(stream())
    database = entry.runtime_data.outbox._database
    assert database is not None
    with pytest.raises(sqlite3.ProgrammingError, match="thread"):
        database.records()
    assert [thread.name for thread in home.threads] == ["wattics-outbox_0"]


async def test_the_thread_ends_with_the_last_outbox_and_comes_back(home: Home) -> None:
    first = home.add_account()
    second = home.add_account(entry_id="second", username="bob")
    outboxes = [storage.async_get_outbox(home.hass, entry) for entry in (first, second)]
    for outbox in outboxes:
        await outbox.open()
    (thread,) = home.threads
    await storage.async_release_outbox(home.hass, outboxes[0])
    assert home.threads == [thread]
    await storage.async_release_outbox(home.hass, outboxes[1])
    await home.threads_ended()
    again = storage.async_get_outbox(home.hass, first)
    await again.open()
    assert again.streams == {}
    await storage.async_release_outbox(home.hass, again)


async def test_an_outbox_that_can_not_be_opened_leaves_no_thread(home: Home) -> None:
    home.folder.parent.mkdir()
    home.folder.touch()
    outbox = storage.async_get_outbox(home.hass, home.add_account())
    with pytest.raises(OutboxError):
        await outbox.open()
    await storage.async_release_outbox(home.hass, outbox)
    await home.threads_ended()


async def test_a_damaged_file_is_set_aside_and_removed_with_the_account(home: Home) -> None:
    home.folder.mkdir(parents=True)
    (home.folder / f"{ACCOUNT}.db").write_bytes(b"no database " * 1000)
    home.set("sensor.power", 1)
    entry = await home.start(stream())
    await home.until("12:01:30")
    assert home.instants() == ["12:01:00"]
    assert len(list(home.folder.glob("*.damaged-*"))) == 1
    assert await home.hass.config_entries.async_remove(entry.entry_id)
    assert list(home.folder.iterdir()) == []
