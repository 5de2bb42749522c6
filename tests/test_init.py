"""An account is set up, unloaded, reloaded, removed, and outlives the end of Home Assistant."""

import asyncio
from pathlib import Path
import sqlite3

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import EVENT_HOMEASSISTANT_STARTED, STATE_UNAVAILABLE
from homeassistant.core import CoreState
from homeassistant.helpers import issue_registry as ir
import pytest

from tests.collector import Hang

from .common import ACCOUNT, Home, key_of, logged, stream

MAIN = key_of("main")


def _waiting_in(file: Path) -> int:
    """Return how many packets wait in a file that nobody uses any more."""
    assert not file.with_name(f"{file.name}-wal").exists(), "the write-ahead log is still there"
    connection = sqlite3.connect(file)
    try:
        (waiting,) = connection.execute("SELECT count(*) FROM packets").fetchone()
    finally:
        connection.close()
    return int(waiting)


async def test_sets_up_without_a_word_to_the_network(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    entry = await home.start(stream())
    assert entry.state is ConfigEntryState.LOADED
    await home.until("12:00:59")
    assert home.collector.statistics.requests == []
    assert home.shown(ACCOUNT, "queued", "connected") == ["0", "unknown"]
    assert home.shown(MAIN, "status") == ["waiting"]
    assert logged(caplog) == []


async def test_sets_up_while_the_server_is_down(home: Home) -> None:
    await home.collector.stop()
    home.set("sensor.power", 1)
    entry = await home.start(stream())
    await home.until("12:03:30")
    assert entry.state is ConfigEntryState.LOADED
    assert home.shown(ACCOUNT, "queued", "connected") == ["3", "off"]
    await home.collector.start()
    await home.press(ACCOUNT, "retry")
    await home.until("12:04:30")
    assert home.instants() == ["12:01:00", "12:02:00", "12:03:00", "12:04:00"]
    assert home.collector.discarded == []


async def test_sets_up_with_wrong_credentials(home: Home) -> None:
    home.set("sensor.power", 1)
    entry = await home.start(stream(), password="wrong")
    await home.until("12:02:30")
    assert entry.state is ConfigEntryState.LOADED
    assert home.shown(ACCOUNT, "queued") == ["2"]


async def test_unloads_with_everything_on_disk(home: Home) -> None:
    await home.collector.stop()
    home.set("sensor.power", 1)
    entry = await home.start(stream())
    await home.until("12:02:30")
    await home.unload(entry)
    assert home.shown(MAIN, "status") == [STATE_UNAVAILABLE]
    assert _waiting_in(home.folder / f"{ACCOUNT}.db") == 2
    await home.threads_ended()
    await home.until("12:05:00")
    assert _waiting_in(home.folder / f"{ACCOUNT}.db") == 2


async def test_goes_on_after_a_reload(home: Home) -> None:
    home.set("sensor.power", 1)
    entry = await home.start(stream())
    await home.until("12:02:30")
    await home.collector.stop()
    await home.until("12:03:30")
    assert await home.hass.config_entries.async_reload(entry.entry_id)
    await home.settle()
    assert home.shown(ACCOUNT, "pushed", "queued") == ["2", "1"]
    assert home.shown(MAIN, "pushed", "queued", "last_push", "last_packet") == [
        "2",
        "1",
        "2026-11-23T12:02:06+00:00",
        "2026-11-23T12:02:00+00:00",
    ]
    await home.collector.start()
    await home.until("12:04:30")
    assert home.instants() == ["12:01:00", "12:02:00", "12:03:00", "12:04:00"]
    assert home.collector.discarded == []


async def test_sends_what_waits_after_the_delay_of_this_installation(home: Home) -> None:
    await home.collector.stop()
    home.set("sensor.power", 1)
    entry = await home.start(stream())
    await home.until("12:02:30")
    await home.unload(entry)
    await home.collector.start()
    await home.load(entry)
    await home.until("12:02:36")
    assert home.packets() == []
    await home.until("12:02:37")
    assert home.instants() == ["12:01:00", "12:02:00"]


async def test_accounts_share_one_thread(home: Home) -> None:
    home.set("sensor.power", 1)
    first = await home.start(stream())
    second = await home.start(stream("other"), entry_id="second", username="bob")
    assert len(home.threads) == 1
    await home.unload(first)
    await home.until("12:01:30")
    assert len(home.threads) == 1
    assert home.shown("second", "queued") == ["1"]
    await home.unload(second)
    await home.threads_ended()


async def test_removes_its_files_and_no_others(home: Home) -> None:
    await home.collector.stop()
    home.set("sensor.power", 1)
    entry = await home.start(stream())
    await home.start(stream("other"), entry_id="account2", username="bob")
    await home.until("12:01:30")
    (home.folder / f"{ACCOUNT}.db.damaged-20261101T000000").touch()
    assert await home.hass.config_entries.async_remove(entry.entry_id)
    await home.settle()
    assert {file.name for file in home.folder.iterdir()} == {
        "account2.db",
        "account2.db-wal",
        "account2.db-shm",
    }


async def test_removes_an_account_that_never_had_a_file(home: Home) -> None:
    entry = home.add_account(stream())
    assert await home.hass.config_entries.async_remove(entry.entry_id)
    await home.settle()
    assert not home.folder.exists()


async def test_ends_with_home_assistant(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    await home.collector.stop()
    home.set("sensor.power", 1)
    await home.start(stream())
    await home.until("12:02:30")
    await home.hass.async_stop(force=True)
    assert _waiting_in(home.folder / f"{ACCOUNT}.db") == 2
    await home.threads_ended()
    assert len(logged(caplog)) == 1  # that the server is away


async def test_lets_a_transaction_end_when_home_assistant_ends(home: Home) -> None:
    hang = home.collector.inject(Hang(accept=True))
    home.set("sensor.power", 1)
    await home.start(stream())
    await home.until("12:01:10")
    assert home.collector.statistics.in_flight == 1
    stopping = asyncio.create_task(home.hass.async_stop(force=True))
    await home.turns()
    assert not stopping.done()
    hang.release()
    await stopping
    assert _waiting_in(home.folder / f"{ACCOUNT}.db") == 0


async def test_unloads_although_the_disk_fails(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    home.set("sensor.power", 1)
    entry = await home.start(stream())
    await home.until("12:01:06")
    await home.pass_time(0.5)
    assert home.instants() == ["12:01:00"]
    async with home.failing_disk(entry):
        await home.unload(entry)
    assert len(logged(caplog)) == 1
    await home.load(entry)
    await home.until("12:02:30")
    assert home.instants() == ["12:01:00", "12:02:00"]
    assert home.shown(MAIN, "status", "queued") == ["ok", "0"]


async def test_samples_that_could_not_be_written_are_told_when_it_unloads(home: Home) -> None:
    home.set("sensor.power", 1)
    entry = await home.start(stream())
    await home.until("12:01:30")
    async with home.failing_disk(entry):
        await home.until("12:03:10")
        await home.unload(entry)
    issue = ir.async_get(home.hass).async_get_issue("wattics", f"packets_dropped_{ACCOUNT}")
    assert issue is not None
    assert (issue.translation_placeholders or {})["count"] == "2"


async def test_waits_no_longer_than_two_seconds_for_a_transaction(home: Home) -> None:
    home.collector.inject(Hang(times=None))
    home.set("sensor.power", 1)
    entry = await home.start(stream())
    await home.until("12:01:10")
    unloading = asyncio.create_task(home.hass.config_entries.async_unload(entry.entry_id))
    await home.pass_time(1.9)
    assert not unloading.done()
    await home.pass_time(0.2)
    assert await unloading
    assert _waiting_in(home.folder / f"{ACCOUNT}.db") == 1


async def test_samples_only_once_home_assistant_has_started(home: Home) -> None:
    home.hass.set_state(CoreState.starting)
    home.set("sensor.power", 1)
    await home.start(stream())
    await home.until("12:01:30")
    assert home.packets() == []
    home.hass.set_state(CoreState.running)
    home.hass.bus.async_fire(EVENT_HOMEASSISTANT_STARTED)
    await home.until("12:02:30")
    assert home.instants() == ["12:02:00"]
