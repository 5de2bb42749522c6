"""An older outbox comes back from a backup; demo gives way to production: nothing lost, nothing sent astray."""

from collections.abc import AsyncGenerator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
import shutil

from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.wattics import backup
from custom_components.wattics.waiting import async_discard_waiting, async_plan_move
from tests.collector import Collector, Status

from .common import ACCOUNT, START, Home, key_of, logged, stream

MAIN = key_of("main")
STREAMS = ("main", "other")
DAYS = 7


@pytest.fixture(autouse=True)
def _sources(home: Home) -> None:
    home.set("sensor.power", 1)


@pytest.fixture
async def production(socket_enabled: None) -> AsyncGenerator[Collector]:  # noqa: ARG001
    async with Collector(accounts={"ada": "secret"}) as collector:
        yield collector


def _issues(home: Home) -> set[str]:
    return {issue_id for domain, issue_id in ir.async_get(home.hass).issues if domain == "wattics"}


def _posts(home: Home) -> int:
    return sum(request.method == "POST" for request in home.collector.statistics.requests)


async def _copy_outbox(home: Home, to: Path) -> None:
    """Copy the folder of the outboxes as a backup does."""
    await backup.async_pre_backup(home.hass)
    shutil.copytree(home.folder, to)
    await backup.async_post_backup(home.hass)


async def _restore(home: Home, entry: MockConfigEntry, copy: Path) -> None:
    """Put the copy in the place of what has become of the outboxes since."""
    await home.unload(entry)
    shutil.rmtree(home.folder)
    shutil.copytree(copy, home.folder)
    await home.load(entry)


# Last week's outbox


@pytest.mark.parametrize("discarded_status", [200, 400])
async def test_last_weeks_outbox(home: Home, tmp_path: Path, discarded_status: int) -> None:
    """Its packets arrived long ago; Wattics says so with a 200 or a 400. New samples come right after them."""
    home.collector.discarded_status = discarded_status
    fault = home.collector.inject(Status(503, times=None))
    entry = await home.start(*(stream(stream_id, interval=3600) for stream_id in STREAMS))
    await home.until("17:30:00")
    await _copy_outbox(home, tmp_path / "copy")
    fault.clear()
    await home.press(ACCOUNT, "retry")
    await home.jump(START + timedelta(hours=6) - timedelta(seconds=2))
    for _ in range(DAYS * 24):
        await home.pass_time(30)
        await home.jump(home.now + timedelta(seconds=3570))
    await home.pass_time(60)
    week = {stream_id: len(home.packets(stream_id)) for stream_id in STREAMS}
    assert week["main"] == week["other"] > DAYS * 24

    await _restore(home, entry, tmp_path / "copy")
    assert home.shown(ACCOUNT, "queued") == ["10"]
    before = _posts(home)
    await home.pass_time(12)
    # Each old packet of each stream costs one try, and with a refusal one read-back; no waiting in between.
    assert _posts(home) - before == 10
    assert home.shown(ACCOUNT, "queued") == ["0"]
    assert {stream_id: len(home.packets(stream_id)) for stream_id in STREAMS} == week
    await home.pass_time(3600)
    assert {stream_id: len(home.packets(stream_id)) for stream_id in STREAMS} == {
        stream_id: count + 1 for stream_id, count in week.items()
    }
    assert home.shown(MAIN, "status", "rejected", "queued") == ["ok", "0", "0"]
    assert home.shown(ACCOUNT, "dropped") == ["0"]
    assert _issues(home) == set()
    for stream_id in STREAMS:
        instants = [packet.instant for packet in home.packets(stream_id)]
        assert all(earlier < later for earlier, later in pairwise(instants))


async def test_an_outbox_restored_to_another_machine_that_was_ahead(home: Home, tmp_path: Path) -> None:
    """Packets that never arrived are sent: not everything in an old file is known to Wattics."""
    fault = home.collector.inject(Status(503, times=None))
    entry = await home.start(stream())
    await home.until("12:05:30")
    await _copy_outbox(home, tmp_path / "copy")
    await home.unload(entry)
    fault.clear()
    await _restore_unloaded(home, entry, tmp_path / "copy")
    await home.until("12:06:30")
    assert home.instants() == [f"12:0{minute}:00" for minute in range(1, 7)]
    assert home.collector.discarded == []


async def _restore_unloaded(home: Home, entry: MockConfigEntry, copy: Path) -> None:
    shutil.rmtree(home.folder)
    shutil.copytree(copy, home.folder)
    await home.load(entry)


@pytest.mark.parametrize("discarded_status", [200, 400])
async def test_a_restored_outbox_of_which_wattics_has_a_part(
    home: Home, tmp_path: Path, discarded_status: int
) -> None:
    home.collector.discarded_status = discarded_status
    fault = home.collector.inject(Status(503, times=None))
    entry = await home.start(stream())
    await home.until("12:06:30")
    await _copy_outbox(home, tmp_path / "copy")
    # Three of the six arrive before the machine is replaced.
    fault.clear()
    home.collector.inject(Status(200, times=3, method="POST", accept=True))
    home.collector.inject(Status(503, times=None, method="POST"))
    await home.press(ACCOUNT, "retry")
    assert home.instants() == ["12:01:00", "12:02:00", "12:03:00"]
    await home.unload(entry)
    home.collector.clear_faults()
    await _restore_unloaded(home, entry, tmp_path / "copy")
    await home.until("12:12:30")
    assert home.instants() == [f"12:{minute:02}:00" for minute in range(1, 13)]
    assert home.shown(MAIN, "status", "queued") == ["ok", "0"]
    # What is set aside, if anything, are packets that Wattics has.
    arrived = {arrival.body for arrival in home.collector.accepted}
    assert {one.body for one in await entry.runtime_data.outbox.rejected()} <= arrived


async def test_a_backup_of_a_damaged_file_keeps_nobody_from_backing_up(home: Home, tmp_path: Path) -> None:
    entry = await home.start(stream())
    await home.until("12:01:30")
    async with home.failing_disk(entry):
        await _copy_outbox(home, tmp_path / "copy")
    await home.until("12:02:30")
    assert home.instants() == ["12:01:00", "12:02:00"]


# From demo to production


def _move_entry(home: Home, entry: MockConfigEntry, url: str) -> None:
    data = {**entry.data, "url": url}
    home.hass.config_entries.async_update_entry(entry, data=data, unique_id=f"{url} ada")


@pytest.mark.parametrize("choice", ["move", "discard", "unasked"])
@pytest.mark.parametrize("loaded", [True, False])
async def test_waiting_packets_of_demo(home: Home, production: Collector, choice: str, loaded: bool) -> None:
    """The bytes made for demo reach production only if the user chose so."""
    fault = home.collector.inject(Status(503, times=None))
    entry = await home.start(stream(), stream("other"))
    await home.until("12:03:30")
    made_for_demo = {one.body for one in await entry.runtime_data.outbox.peek("main", None, 9)}
    if not loaded:
        await home.unload(entry)
    if choice == "move":
        await async_plan_move(home.hass, entry, home.collector.url, production.url)
    elif choice == "discard":
        await async_discard_waiting(home.hass, entry, None)
    _move_entry(home, entry, production.url)
    if not loaded:
        await home.load(entry)
    fault.clear()
    await home.until("12:05:30")
    arrived = [arrival.body for arrival in production.accepted if arrival.packet.stream_id == "main"]
    assert made_for_demo & set(arrived) == (made_for_demo if choice == "move" else set())
    assert len(arrived) == (5 if choice == "move" else 2)
    assert home.packets() == []
    assert production.discarded == []


@pytest.mark.parametrize("written", ["entry", "outbox"])
async def test_a_crash_in_the_middle_of_a_change_of_url(
    home: Home, production: Collector, tmp_path: Path, written: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Either file may be older than the other after a power cut; then, too, packets go where the user wants."""
    fault = home.collector.inject(Status(503, times=None))
    entry = await home.start(stream())
    await home.until("12:03:30")
    await async_plan_move(home.hass, entry, home.collector.url, production.url)
    if written == "entry":
        # The entry was stored, its application was not.
        shutil.copytree(home.folder, tmp_path / "copy")
    _move_entry(home, entry, production.url)
    await home.settle()
    if written == "outbox":
        # The packets were readdressed, the entry was not stored.
        shutil.copytree(home.folder, tmp_path / "copy")
    await home.unload(entry)
    if written == "outbox":
        _move_entry(home, entry, home.collector.url)
    fault.clear()
    await _restore_unloaded(home, entry, tmp_path / "copy")
    await home.until("12:05:30")
    arrived = [arrival.packet.instant.minute for arrival in production.accepted]
    if written == "entry":
        assert (arrived, home.packets()) == ([1, 2, 3, 4, 5], [])
        return
    # The account is as before: the packets wait for where they are meant to go, and the log says so.
    assert arrived == []
    assert home.instants() == ["12:04:00", "12:05:00"]
    assert any("3 packets of ada (127.0.0.1) wait for another URL" in line for line in logged(caplog))
    await async_plan_move(home.hass, entry, home.collector.url, production.url)
    _move_entry(home, entry, production.url)
    await home.until("12:07:30")
    assert [arrival.packet.instant.minute for arrival in production.accepted] == [1, 2, 3, 6, 7]


async def test_a_crash_in_the_middle_of_a_change_of_id(home: Home, tmp_path: Path) -> None:
    fault = home.collector.inject(Status(503, times=None))
    entry = await home.start(stream())
    await home.until("12:03:30")
    await async_plan_move(home.hass, entry, "main", "renamed")
    shutil.copytree(home.folder, tmp_path / "copy")
    home.change_stream(entry, MAIN, stream_id="renamed")
    await home.settle()
    await home.unload(entry)
    fault.clear()
    await _restore_unloaded(home, entry, tmp_path / "copy")
    await home.until("12:05:30")
    assert home.instants("renamed") == [f"12:0{minute}:00" for minute in range(1, 6)]
    assert home.packets("main") == []
