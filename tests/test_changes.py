"""Streams and settings change while the account is at work: nothing is reloaded, lost or sent elsewhere."""

from collections.abc import AsyncGenerator
from datetime import timedelta
import logging

from homeassistant.const import STATE_UNKNOWN
from homeassistant.core import CoreState
from homeassistant.helpers import device_registry as dr
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.wattics.waiting import async_count_waiting, async_discard_waiting, async_plan_move
from tests.collector import Collector, Hang, Slow, Status

from .common import ACCOUNT, START, Home, key_of, logged, single_value, stream

MAIN = key_of("main")


@pytest.fixture(autouse=True)
def _sources(home: Home) -> None:
    home.set("sensor.power", 1)


@pytest.fixture
async def elsewhere(home: Home) -> AsyncGenerator[Collector]:  # noqa: ARG001 - it runs the clock
    """Run a second collector."""
    async with Collector(accounts={"ada": "secret"}) as running:
        yield running


def _change_url(home: Home, entry: MockConfigEntry, url: str) -> None:
    home.hass.config_entries.async_update_entry(
        entry, data={**entry.data, "url": url}, unique_id=f"{url} {entry.data['username']}"
    )


async def test_takes_up_a_new_stream(home: Home) -> None:
    entry = await home.start(stream())
    account = entry.runtime_data
    await home.until("12:01:30")
    home.add_stream(entry, stream("new"))
    await home.settle()
    assert home.shown(key_of("new"), "status", "problem", "queued") == ["waiting", "off", "0"]
    device = home.device(entry, key_of("new"))
    assert device is not None
    assert (device.name, device.config_subentry_id) == ("New", key_of("new"))
    await home.until("12:03:30")
    assert home.instants("new") == ["12:02:00", "12:03:00"]
    assert home.instants("main") == ["12:01:00", "12:02:00", "12:03:00"]
    assert home.shown(key_of("new"), "status", "pushed") == ["ok", "2"]
    assert entry.runtime_data is account


async def test_takes_up_many_streams_at_once(home: Home) -> None:
    entry = await home.start(stream())
    await home.until("12:00:59")
    for number in range(50):
        home.add_stream(entry, stream(f"s{number}"))
    await home.until("12:02:30")
    assert home.instants("main") == ["12:01:00", "12:02:00"]
    for number in range(50):
        assert home.instants(f"s{number}")[-1] == "12:02:00"
        assert home.shown(key_of(f"s{number}"), "status") == ["ok"]
    assert home.shown(ACCOUNT, "queued") == ["0"]


async def test_a_new_stream_waits_for_its_first_boundary_after_home_assistant_has_started(home: Home) -> None:
    home.hass.set_state(CoreState.starting)
    entry = await home.start(stream())
    home.add_stream(entry, stream("new"))
    await home.until("12:01:30")
    assert home.packets() == []
    assert home.shown(key_of("new"), "status") == ["waiting"]


async def test_lets_a_stream_go_with_what_is_its_own(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    entry = await home.start(stream(), stream("other"))
    await home.until("12:01:30")
    await home.collector.stop()
    await home.until("12:03:30")
    caplog.clear()
    home.remove_stream(entry, MAIN)
    await home.settle()
    assert home.entity_id(MAIN, "status") is None
    assert home.device(entry, MAIN) is None
    assert logged(caplog) == ["2 packets of main had not been sent yet: they were discarded with it"]
    assert home.shown(ACCOUNT, "queued", "pushed") != ["0", "0"]
    await home.collector.start()
    await home.press(ACCOUNT, "retry")
    await home.until("12:04:30")
    assert home.instants("main") == ["12:01:00"]
    assert home.instants("other") == ["12:01:00", "12:02:00", "12:03:00", "12:04:00"]
    assert home.shown(ACCOUNT, "queued", "pushed") == ["0", "5"]


async def test_lets_a_stream_go_that_is_on_its_way(home: Home) -> None:
    hang = home.collector.inject(Hang(stream="main"))
    entry = await home.start(stream(), stream("other"))
    await home.until("12:01:30")
    home.remove_stream(entry, MAIN)
    await home.settle()
    hang.release()
    await home.until("12:02:30")
    assert home.instants("other") == ["12:01:00", "12:02:00"]
    assert home.shown(ACCOUNT, "queued") == ["0"]


async def test_a_stream_removed_while_the_account_was_not_loaded_is_let_go(home: Home) -> None:
    await home.collector.stop()
    entry = await home.start(stream(), stream("other"))
    await home.until("12:01:30")
    await home.unload(entry)
    home.remove_stream(entry, MAIN)
    await home.collector.start()
    await home.load(entry)
    await home.until("12:02:30")
    assert home.instants("main") == []
    assert home.instants("other") == ["12:01:00", "12:02:00"]


async def test_an_id_may_go_to_another_stream(home: Home) -> None:
    await home.collector.stop()
    entry = await home.start(stream(), stream("other", "sensor.other"))
    home.set("sensor.other", 2)
    await home.until("12:01:30")
    home.remove_stream(entry, MAIN)
    await async_discard_waiting(home.hass, entry, "other")
    home.change_stream(entry, key_of("other"), stream_id="main")
    await home.settle()
    await home.collector.start()
    await home.press(ACCOUNT, "retry")
    await home.until("12:02:30")
    assert [(packet.stream_id, packet.values) for packet in home.packets()] == [("main", {"aP_1": 2})]
    assert home.shown(key_of("other"), "status", "pushed") == ["ok", "1"]


async def test_names_follow(home: Home) -> None:
    entry = await home.start(stream())
    home.change_stream(entry, MAIN, name="Garage")
    home.hass.config_entries.async_update_entry(entry, title="ada (wattics)")
    await home.settle()
    names = [home.device(entry, MAIN), home.device(entry, ACCOUNT)]
    assert [device and device.name for device in names] == ["Garage", "ada (wattics)"]
    assert home.state(MAIN, "status").name == "Garage Status"
    assert home.state(ACCOUNT, "pushed").name == "ada (wattics) Packets pushed"


async def test_a_name_of_the_users_own_stays(home: Home) -> None:
    entry = await home.start(stream())
    device = home.device(entry, MAIN)
    assert device is not None
    dr.async_get(home.hass).async_update_device(device.id, name_by_user="My meter")
    home.change_stream(entry, MAIN, name="Garage")
    await home.settle()
    assert home.state(MAIN, "status").name == "My meter Status"


async def test_changed_sources_and_interval(home: Home) -> None:
    home.set("sensor.other", 2, "kW")
    entry = await home.start(stream(), stream("other"))
    await home.until("12:01:30")
    home.change_stream(
        entry, MAIN, interval=120, parameters={"aP_2": [{"source": "sensor.other"}]}, time_zone="Asia/Kolkata"
    )
    await home.until("12:06:30")
    assert home.instants("main") == ["12:01:00", "12:02:00", "12:04:00", "12:06:00"]
    assert home.instants("other") == [f"12:0{minute}:00" for minute in range(1, 7)]
    last = home.packets("main")[-1]
    assert last.values == {"aP_2": 2000}
    assert last.instant.isoformat() == "2026-11-23T17:36:00+05:30"
    assert home.shown(MAIN, "pushed") == ["4"]


async def test_a_unit_seen_as_it_is_is_forgotten_when_the_user_has_looked(home: Home) -> None:
    home.set("sensor.pulses", 1, "imp")
    entry = await home.start(single_value("main", "sensor.pulses", unit="as_is"))
    await home.until("12:01:30")
    home.set("sensor.pulses", 2, "pulses")
    await home.until("12:02:30")
    assert home.state(MAIN, "status").attributes["missing"] == {"value": "unit"}
    home.change_stream(entry, MAIN, name="Pulses")
    await home.until("12:03:30")
    assert [packet.values for packet in home.packets()] == [{"value": 1}, {"value": 2}]


async def test_waiting_packets_of_a_changed_id_stay_where_they_are_unasked(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    await home.collector.stop()
    entry = await home.start(stream(), stream("other"))
    await home.until("12:02:30")
    caplog.clear()
    home.change_stream(entry, MAIN, stream_id="new")
    await home.settle()
    assert logged(caplog) == ["2 packets of main had not been sent yet: they were discarded with it"]
    await home.collector.start()
    await home.press(ACCOUNT, "retry")
    await home.until("12:03:30")
    assert home.instants("main") == []
    assert home.instants("new") == ["12:03:00"]
    assert home.instants("other") == ["12:01:00", "12:02:00", "12:03:00"]


async def test_waiting_packets_are_discarded_on_demand(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    await home.collector.stop()
    entry = await home.start(stream(), stream("other"))
    await home.until("12:02:30")
    caplog.clear()
    await async_discard_waiting(home.hass, entry, "main")
    home.change_stream(entry, MAIN, stream_id="new")
    await home.settle()
    assert home.shown(MAIN, "queued", "status") == ["0", "waiting"]
    assert logged(caplog) == []
    await home.collector.start()
    await home.press(ACCOUNT, "retry")
    await home.until("12:03:30")
    assert [*home.instants("main"), *home.instants("new")] == ["12:03:00"]
    assert home.instants("other") == ["12:01:00", "12:02:00", "12:03:00"]


async def test_waiting_packets_go_along_with_a_changed_id(home: Home) -> None:
    await home.collector.stop()
    entry = await home.start(stream(), stream("other"))
    await home.until("12:02:30")
    await async_plan_move(home.hass, entry, "main", "new")
    home.change_stream(entry, MAIN, stream_id="new")
    await home.settle()
    assert home.shown(MAIN, "queued", "pushed", "status") == ["2", "0", "retrying"]
    await home.collector.start()
    await home.press(ACCOUNT, "retry")
    await home.until("12:02:50")
    assert home.instants("new") == ["12:01:00", "12:02:00"]
    await home.until("12:03:30")
    assert home.instants("main") == []
    assert home.instants("new") == home.instants("other") == ["12:01:00", "12:02:00", "12:03:00"]
    assert {packet.values["aP_1"] for packet in home.packets("new")} == {1}


async def test_a_packet_on_its_way_does_not_go_along(home: Home) -> None:
    hang = home.collector.inject(Hang(stream="main", accept=True))
    entry = await home.start(stream(), stream("other"))
    await home.until("12:01:07")
    await home.pass_time(20)
    await async_plan_move(home.hass, entry, "main", "new")
    home.change_stream(entry, MAIN, stream_id="new")
    await home.settle()
    assert home.collector.statistics.in_flight == 1
    hang.release()
    await home.pass_time(2)
    assert home.shown(MAIN, "queued", "status", "last_packet") == ["0", "waiting", STATE_UNKNOWN]
    await home.until("12:03:30")
    assert home.instants("main") == ["12:01:00"]
    assert home.instants("new") == ["12:02:00", "12:03:00"]
    assert home.instants("other") == ["12:01:00", "12:02:00", "12:03:00"]


async def test_packets_go_along_although_the_disk_fails_meanwhile(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    await home.collector.stop()
    entry = await home.start(stream(), stream("other"))
    await home.until("12:02:30")
    await async_plan_move(home.hass, entry, "main", "new")
    caplog.clear()
    async with home.failing_disk(entry):
        home.change_stream(entry, MAIN, stream_id="new")
        await home.until("12:03:30")
        assert home.shown(MAIN, "status") == ["storage"]
    await home.until("12:04:30")
    await home.collector.start()
    await home.press(ACCOUNT, "retry")
    await home.until("12:05:30")
    assert home.instants("main") == []
    assert home.instants("new") == home.instants("other") == [f"12:0{minute}:00" for minute in range(1, 6)]
    assert not [message for message in logged(caplog) if "discarded" in message]
    assert len([message for message in logged(caplog, logging.ERROR) if "can't be applied" in message]) == 1


async def test_a_stream_is_removed_while_the_disk_fails(home: Home) -> None:
    await home.collector.stop()
    entry = await home.start(stream(), stream("other"))
    await home.until("12:01:30")
    async with home.failing_disk(entry):
        await home.until("12:02:30")
        home.remove_stream(entry, MAIN)
        await home.until("12:03:30")
    await home.until("12:04:30")
    await home.collector.start()
    await home.press(ACCOUNT, "retry")
    await home.until("12:05:30")
    assert home.instants("main") == []
    assert home.instants("other") == [f"12:0{minute}:00" for minute in range(1, 6)]
    assert home.shown(ACCOUNT, "queued") == ["0"]


async def test_is_unloaded_while_a_change_waits_for_the_disk(home: Home) -> None:
    entry = await home.start(stream(), stream("other"))
    await home.until("12:01:30")
    async with home.failing_disk(entry):
        home.remove_stream(entry, MAIN)
        await home.pass_time(5)
        await home.unload(entry)


async def test_packets_go_along_when_the_account_is_not_loaded(home: Home) -> None:
    await home.collector.stop()
    entry = await home.start(stream(), stream("other"))
    await home.until("12:02:30")
    await home.unload(entry)
    await async_plan_move(home.hass, entry, "main", "new")
    home.change_stream(entry, MAIN, stream_id="new")
    await home.collector.start()
    await home.load(entry)
    await home.until("12:03:30")
    assert home.instants("main") == []
    assert home.instants("new") == home.instants("other") == ["12:01:00", "12:02:00", "12:03:00"]


async def test_an_id_is_handed_on_while_the_account_is_not_loaded(home: Home) -> None:
    await home.collector.stop()
    home.set("sensor.power", 1)
    home.set("sensor.other", 2)
    entry = await home.start(stream(), stream("other", "sensor.other"))
    await home.until("12:02:30")
    await home.unload(entry)
    for source, key, target in (("other", key_of("other"), "third"), ("main", MAIN, "other")):
        await async_plan_move(home.hass, entry, source, target)
        home.change_stream(entry, key, stream_id=target)
    await home.collector.start()
    await home.load(entry)
    await home.until("12:03:30")
    assert home.instants("third") == home.instants("other") == ["12:01:00", "12:02:00", "12:03:00"]
    assert {(packet.stream_id, packet.values["aP_1"]) for packet in home.packets()} == {("third", 2), ("other", 1)}


async def test_packets_go_along_over_two_changes_of_an_id(home: Home) -> None:
    await home.collector.stop()
    entry = await home.start(stream(), stream("other"))
    await home.until("12:02:30")
    await home.unload(entry)
    for source, target in (("main", "typo"), ("typo", "new")):
        assert await async_count_waiting(home.hass, entry, source) == 2
        await async_plan_move(home.hass, entry, source, target)
        home.change_stream(entry, MAIN, stream_id=target)
    await home.collector.start()
    await home.load(entry)
    await home.until("12:03:30")
    assert home.instants("new") == home.instants("other") == ["12:01:00", "12:02:00", "12:03:00"]


@pytest.mark.parametrize("loaded", [True, False])
async def test_waiting_packets_go_along_with_a_changed_url(home: Home, elsewhere: Collector, loaded: bool) -> None:
    entry = await home.start(stream(), stream("other"))
    await home.until("12:01:30")
    await home.collector.stop()
    await home.until("12:03:30")
    if not loaded:
        await home.unload(entry)
    await async_plan_move(home.hass, entry, home.collector.url, elsewhere.url)
    _change_url(home, entry, elsewhere.url)
    if not loaded:
        await home.load(entry)
    await home.collector.start()
    await home.until("12:04:30")
    assert home.instants("main") == ["12:01:00"]
    arrived = [f"{arrival.packet.stream_id} {arrival.packet.instant:%H:%M}" for arrival in elsewhere.accepted]
    assert sorted(arrived) == sorted(
        f"{stream_id} 13:0{minute}" for stream_id in ("main", "other") for minute in (2, 3, 4)
    )
    assert home.shown(MAIN, "status", "queued") == ["ok", "0"]


async def test_waiting_packets_are_not_sent_to_a_changed_url_unasked(
    home: Home, elsewhere: Collector, caplog: pytest.LogCaptureFixture
) -> None:
    await home.collector.stop()
    entry = await home.start(stream(), stream("other"))
    account = entry.runtime_data
    await home.until("12:02:30")
    caplog.clear()
    _change_url(home, entry, elsewhere.url)
    await home.settle()
    assert logged(caplog) == ["4 packets of ada (127.0.0.1) had not been sent yet: they were discarded with it"]
    await home.collector.start()
    await home.until("12:03:30")
    assert home.packets() == []
    assert [f"{arrival.packet.instant:%H:%M}" for arrival in elsewhere.accepted] == ["13:03", "13:03"]
    assert entry.runtime_data is account


async def test_packets_go_along_to_a_url_although_the_disk_fails_meanwhile(
    home: Home, elsewhere: Collector
) -> None:
    await home.collector.stop()
    entry = await home.start(stream())
    await home.until("12:02:30")
    await async_plan_move(home.hass, entry, home.collector.url, elsewhere.url)
    async with home.failing_disk(entry):
        _change_url(home, entry, elsewhere.url)
        await home.until("12:03:30")
    await home.until("12:05:30")
    assert [f"{arrival.packet.instant:%H:%M}" for arrival in elsewhere.accepted] == [
        f"13:0{minute}" for minute in range(1, 6)
    ]


@pytest.mark.parametrize("planned", [True, False])
async def test_samples_kept_in_memory_are_for_the_url_that_they_were_taken_for(
    home: Home, elsewhere: Collector, planned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    await home.collector.stop()
    entry = await home.start(stream())
    await home.until("12:01:30")
    async with home.failing_disk(entry):
        await home.until("12:03:10")
    assert await async_count_waiting(home.hass, entry) == 3
    # The disk is well again, and nobody has noticed it yet.
    assert len(entry.runtime_data.intake.unsaved) == 2
    if planned:
        await async_plan_move(home.hass, entry, home.collector.url, elsewhere.url)
    caplog.clear()
    _change_url(home, entry, elsewhere.url)
    await home.until("12:04:30")
    minutes = [1, 2, 3, 4] if planned else [4]
    assert [f"{arrival.packet.instant:%H:%M}" for arrival in elsewhere.accepted] == [
        f"13:0{minute}" for minute in minutes
    ]
    discarded = "3 packets of ada (127.0.0.1) had not been sent yet: they were discarded with it"
    assert (discarded in logged(caplog)) == (not planned)


async def test_samples_kept_in_memory_go_along_with_a_changed_id(home: Home) -> None:
    entry = await home.start(stream())
    await home.until("12:01:30")
    async with home.failing_disk(entry):
        await home.until("12:03:10")
    assert await async_count_waiting(home.hass, entry, "main") == 2
    await async_plan_move(home.hass, entry, "main", "new")
    home.change_stream(entry, MAIN, stream_id="new")
    await home.until("12:04:30")
    assert home.instants("main") == ["12:01:00"]
    assert home.instants("new") == ["12:02:00", "12:03:00", "12:04:00"]


async def test_a_url_changes_while_a_packet_is_on_its_way(home: Home, elsewhere: Collector) -> None:
    home.collector.inject(Hang(accept=True, times=None))
    entry = await home.start(stream())
    await home.until("12:01:30")
    await async_plan_move(home.hass, entry, home.collector.url, elsewhere.url)
    _change_url(home, entry, elsewhere.url)
    await home.until("12:03:30")
    assert home.instants() == ["12:01:00"]
    assert [f"{arrival.packet.instant:%H:%M}" for arrival in elsewhere.accepted] == ["13:01", "13:02", "13:03"]


async def test_changed_credentials_are_used_without_a_reload(home: Home) -> None:
    entry = await home.start(stream(interval=5))
    account = entry.runtime_data
    await home.until("12:01:03")
    home.collector.accounts.clear()
    home.collector.accounts["bob"] = "other"
    data = {**entry.data, "username": "bob", "password": "other"}
    home.hass.config_entries.async_update_entry(entry, data=data)
    await home.until("12:02:04")
    assert entry.runtime_data is account
    assert {arrival.origin.account for arrival in home.collector.accepted} == {"ada", "bob"}
    assert len(home.packets()) == 24
    assert home.collector.discarded == []
    assert {request.status for request in home.collector.statistics.requests} == {200}


async def test_changed_connections_hold_at_once(home: Home) -> None:
    streams = [stream(f"s{number}") for number in range(10)]
    entry = await home.start(*streams, options={"connections": 1})
    await home.until("12:01:30")
    assert home.collector.statistics.most_in_flight == 1
    home.hass.config_entries.async_update_entry(entry, options={"connections": 6})
    fault = home.collector.inject(Slow(0.5, times=None))
    await home.until("12:02:30")
    assert home.collector.statistics.most_in_flight == 6
    fault.clear()
    assert len(home.packets()) == 20


async def test_other_options_do_not_disturb_the_upload(home: Home) -> None:
    entry = await home.start(stream())
    uploader = entry.runtime_data.upload.uploader
    home.hass.config_entries.async_update_entry(entry, options={"keep_days": 10, "max_megabytes": 5})
    await home.settle()
    assert entry.runtime_data.upload.uploader is uploader


async def test_a_change_that_is_taken_back_leaves_all_as_it_was(home: Home) -> None:
    fault = home.collector.inject(Status(503, times=None))
    entry = await home.start(stream())
    await home.until("12:01:30")
    home.change_stream(entry, MAIN, stream_id="new")
    home.change_stream(entry, MAIN, stream_id="main")
    await home.settle()
    fault.clear()
    await home.press(ACCOUNT, "retry")
    assert home.instants() == ["12:01:00"]


async def test_a_sample_on_its_way_gets_the_new_id(home: Home) -> None:
    entry = await home.start(stream(), stream("other"))
    await home.until("12:00:59")
    async with entry.runtime_data.intake.writing:
        home.change_stream(entry, MAIN, stream_id="new")
        home.remove_stream(entry, key_of("other"))
        await home.turns()
        home.clock.move_to(START + timedelta(minutes=1))
        await home.turns()
    await home.until("12:01:30")
    assert home.instants("new") == ["12:01:00"]
    assert home.instants("main") == home.instants("other") == []
    assert home.shown(ACCOUNT, "queued") == ["0"]


async def test_a_unit_seen_as_it_is_stays_known_when_another_stream_changes(home: Home) -> None:
    home.set("sensor.pulses", 1, "imp")
    entry = await home.start(single_value("pulses", "sensor.pulses", unit="as_is"), stream())
    await home.until("12:01:30")
    home.change_stream(entry, MAIN, name="Garage")
    await home.settle()
    home.set("sensor.pulses", 2, "pulses")
    await home.until("12:02:30")
    assert home.instants("pulses") == ["12:01:00"]
