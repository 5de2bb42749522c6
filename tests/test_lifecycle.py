"""Disks that fail and recover, work that dies, accounts that go: through all of it Home Assistant runs on."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
import logging
import sqlite3
from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.wattics.intake import UNSAVED_PACKETS
from tests.collector import Hang, Status

from .common import ACCOUNT, Home, key_of, logged, stream

MAIN = key_of("main")
DAMAGED = f"storage_damaged_{ACCOUNT}"


@pytest.fixture(autouse=True)
def _sources(home: Home) -> None:
    home.set("sensor.power", 1)


def _issues(home: Home) -> dict[str, ir.IssueEntry]:
    issues = ir.async_get(home.hass).issues
    return {issue_id: issue for (domain, issue_id), issue in issues.items() if domain == "wattics"}


async def _leave_packets(home: Home, *stream_ids: str) -> MockConfigEntry:
    """Let three packets of each stream wait in the file of an account that is not loaded."""
    home.collector.inject(Status(503, times=None))
    entry = await home.start(*map(stream, stream_ids))
    await home.until("12:03:30")
    await home.unload(entry)
    home.collector.clear_faults()
    return entry


# Damage


def _add_a_table(content: sqlite3.Connection) -> None:
    content.execute("CREATE TABLE more (x)")


def _raise_the_version(content: sqlite3.Connection) -> None:
    content.execute("PRAGMA user_version = 99")


def _change_a_value(content: sqlite3.Connection) -> None:
    content.execute("UPDATE packets SET body = replace(body, '\"aP_1\":1', '\"aP_1\":2') WHERE key = 2")


@pytest.mark.parametrize(
    ("damage", "arrived"),
    [
        (_add_a_table, [1, 2, 3, 4, 5]),
        (_raise_the_version, [1, 2, 3, 4, 5]),
        (_change_a_value, [1, 3, 4, 5]),
    ],
)
async def test_starts_with_a_damaged_file(
    home: Home,
    hass_client: Any,
    caplog: pytest.LogCaptureFixture,
    damage: Callable[[sqlite3.Connection], None],
    arrived: list[int],
) -> None:
    """The user is told until he has read it; what could be read is delivered."""
    entry = await _leave_packets(home, "main")
    connection = sqlite3.connect(home.folder / f"{ACCOUNT}.db", isolation_level=None)
    damage(connection)
    connection.close()
    await home.load(entry)
    assert entry.state is ConfigEntryState.LOADED
    await home.until("12:05:30")
    assert home.instants() == [f"12:0{minute}:00" for minute in arrived]
    assert {packet.values["aP_1"] for packet in home.packets()} == {1}
    assert home.shown(MAIN, "status", "queued") == ["ok", "0"]
    issue = _issues(home)[DAMAGED]
    placeholders = issue.translation_placeholders or {}
    assert placeholders["count"] == str(len(arrived) - 2)
    assert (home.folder / placeholders["file"]).is_file()
    assert len([line for line in logged(caplog, logging.ERROR) if "was damaged" in line]) == 1

    assert await async_setup_component(home.hass, "repairs", {})
    client = await hass_client()
    response = await client.post("/api/repairs/issues/fix", json={"handler": "wattics", "issue_id": DAMAGED})
    flow = await response.json()
    await client.post(f"/api/repairs/issues/fix/{flow['flow_id']}", json={})
    assert _issues(home) == {}
    assert await home.hass.config_entries.async_reload(entry.entry_id)
    await home.settle()
    assert _issues(home) == {}


async def test_damage_is_noticed_while_it_runs(home: Home) -> None:
    fault = home.collector.inject(Status(503, times=None))
    await home.start(stream(), stream("other"))
    await home.until("12:03:30")
    connection = sqlite3.connect(home.folder / f"{ACCOUNT}.db", isolation_level=None)
    connection.execute("UPDATE packets SET body = 'x' WHERE key = (SELECT max(key) FROM packets)")
    connection.close()
    fault.clear()
    await home.press(ACCOUNT, "retry")
    await home.until("12:05:30")
    everything = [f"12:0{minute}:00" for minute in range(1, 6)]
    without_one = [instant for instant in everything if instant != "12:03:00"]
    assert sorted([home.instants("main"), home.instants("other")]) == [everything, without_one]
    assert set(_issues(home)) == {DAMAGED}
    assert home.shown(MAIN, "status", "queued") == ["ok", "0"]
    assert home.collector.discarded == []


# A disk that fails


async def test_memory_has_a_bound(home: Home) -> None:
    """Ten thousand samples are kept, the newest; those that had to go are counted for good."""
    count = 400
    ticks = UNSAVED_PACKETS // count
    await home.collector.stop()
    entry = await home.start(*(stream(f"s{number}") for number in range(count)))
    account = entry.runtime_data
    async with home.failing_disk(entry):
        for _ in range(ticks + 2):
            await home.pass_time(60)
        assert len(account.intake.unsaved) == UNSAVED_PACKETS
        assert (account.queued, account.dropped) == (UNSAVED_PACKETS, 2 * count)
    await home.pass_time(60)
    assert account.intake.unsaved == []
    for stream_id, record in account.outbox.streams.items():
        instants = [one.instant for one in await account.outbox.peek(stream_id, None, 99)]
        assert instants == [record.oldest + 60_000 * n for n in range(ticks + 1)]
    await home.unload(entry)
    again = await home.load(entry)
    assert (again.queued, again.dropped) == (UNSAVED_PACKETS + count, 2 * count)


# Work that dies


async def test_an_upload_that_dies_is_started_again_and_reported(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of ours, of which nobody thought: packets are late, not lost, and the log says what to report."""
    entry = await home.start(stream(), stream("other"))
    await home.until("12:01:30")
    client = entry.runtime_data.upload.client
    session, client._session = client._session, None
    await home.until("12:02:30")
    assert home.instants() == ["12:01:00", "12:01:00"]
    assert any("Please report this" in line for line in logged(caplog, logging.ERROR))
    client._session = session
    await home.until("12:05:30")
    for stream_id in ("main", "other"):
        assert home.instants(stream_id) == [f"12:0{minute}:00" for minute in range(1, 6)]
    assert home.collector.discarded == []


# The end


async def test_ends_in_time_although_the_server_hangs(home: Home) -> None:
    """Home Assistant ends within 5 s, and what was on its way is sent again after the next start."""
    home.collector.inject(Hang(times=None))
    await home.start(stream(), stream("other"))
    await home.until("12:01:30")
    assert home.collector.statistics.in_flight == 2
    began = home.now
    stopping = asyncio.create_task(home.hass.async_stop(force=True))
    for _ in range(50):
        for _ in range(200):
            await asyncio.sleep(0)
        if stopping.done():
            break
        home.clock.move_to(home.now + timedelta(seconds=0.1))
    await stopping
    assert (home.now - began).total_seconds() < 5
    await home.threads_ended()
    connection = sqlite3.connect(home.folder / f"{ACCOUNT}.db")
    assert connection.execute("SELECT count(*) FROM packets").fetchone() == (2,)
    connection.close()


# Accounts and streams that go


async def test_a_stream_that_is_removed_says_what_was_unsent(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    home.collector.inject(Status(503, times=None, stream="main"))
    entry = await home.start(stream(), stream("other"))
    await home.until("12:03:30")
    home.remove_stream(entry, MAIN)
    await home.settle()
    assert any("3 packets of main" in line for line in logged(caplog))
    await home.until("12:04:30")
    assert home.instants("other") == [f"12:0{minute}:00" for minute in range(1, 5)]
    await home.unload(entry)
    connection = sqlite3.connect(home.folder / f"{ACCOUNT}.db")
    assert connection.execute("SELECT stream_id FROM streams").fetchall() == [("other",)]
    assert connection.execute("SELECT count(*) FROM packets").fetchone() == (0,)
    connection.close()


@pytest.mark.parametrize("loaded", [True, False])
async def test_an_account_that_is_removed_says_what_was_unsent(
    home: Home, caplog: pytest.LogCaptureFixture, loaded: bool
) -> None:
    entry = await _leave_packets(home, "main", "other")
    if loaded:
        home.collector.inject(Status(503, times=None))
        await home.load(entry)
    assert await home.hass.config_entries.async_remove(entry.entry_id)
    await home.settle()
    assert [line for line in logged(caplog) if line.startswith("6 packets of ada (127.0.0.1)")]
    assert list(home.folder.iterdir()) == []
    assert _issues(home) == {}
    await home.threads_ended()


async def test_what_waits_for_another_url_counts_when_an_account_is_removed(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    entry = await _leave_packets(home, "main")
    home.hass.config_entries.async_update_entry(entry, data={**entry.data, "url": "https://example.com/"})
    assert await home.hass.config_entries.async_remove(entry.entry_id)
    await home.settle()
    assert [line for line in logged(caplog) if line.startswith("3 packets of ada (127.0.0.1)")]


async def test_a_damaged_account_leaves_nothing_behind(home: Home) -> None:
    entry = await _leave_packets(home, "main")
    (home.folder / f"{ACCOUNT}.db").write_bytes(b"no database " * 1000)
    await home.load(entry)
    assert set(_issues(home)) == {DAMAGED}
    assert await home.hass.config_entries.async_remove(entry.entry_id)
    await home.settle()
    assert list(home.folder.iterdir()) == []
    assert _issues(home) == {}


async def test_a_disabled_account_keeps_its_packets(home: Home) -> None:
    home.collector.inject(Status(503, times=None))
    entry = await home.start(stream())
    await home.until("12:03:30")
    await home.hass.config_entries.async_set_disabled_by(entry.entry_id, ConfigEntryDisabler.USER)
    await home.settle()
    home.collector.clear_faults()
    await home.until("12:06:30")
    assert home.packets() == []
    await home.hass.config_entries.async_set_disabled_by(entry.entry_id, None)
    await home.settle()
    await home.until("12:07:30")
    assert home.instants() == ["12:01:00", "12:02:00", "12:03:00", "12:07:00"]
    assert home.collector.discarded == []
