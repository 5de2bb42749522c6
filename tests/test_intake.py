"""Boundaries become packets on disk: in order, whatever the clock, the sources or the disk do meanwhile."""

from datetime import timedelta
import logging

import pytest

from custom_components.wattics import intake

from .common import ACCOUNT, START, Home, key_of, logged, stream

MAIN = key_of("main")


@pytest.fixture(autouse=True)
def _sources(home: Home) -> None:
    home.set("sensor.power", 1)


def _attributes(home: Home, key: str) -> dict[str, object]:
    return dict(home.state(MAIN, key).attributes)


async def _hold_up_delivery(home: Home) -> None:
    """Let nothing be delivered, so that what was queued can be looked at."""
    await home.collector.stop()


async def test_samples_what_the_sources_say_at_the_boundary(home: Home) -> None:
    home.set("sensor.solar", "0.5", "kW")
    await home.start(stream("main", "sensor.power", "sensor.solar", name="Sum"))
    await home.until("12:00:59")
    home.set("sensor.power", 42)
    await home.until("12:01:01")
    home.set("sensor.power", 43)
    await home.until("12:02:30")
    assert [packet.values for packet in home.packets()] == [{"aP_1": 542}, {"aP_1": 543}]
    assert [packet.instant.isoformat() for packet in home.packets()] == [
        "2026-11-23T13:01:00+01:00",
        "2026-11-23T13:02:00+01:00",
    ]


async def test_sends_nothing_that_is_not_on_disk(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    entry = await home.start(stream(), stream("other"))
    await home.until("12:01:30")
    async with home.failing_disk(entry):
        await home.until("12:04:30")
        assert home.instants("main") == ["12:01:00"]
        assert home.shown(MAIN, "status", "problem", "queued") == ["storage", "on", "0"]
        assert home.shown(ACCOUNT, "queued") == ["6"]
        assert len(logged(caplog, logging.ERROR)) == 1
        home.set("sensor.power", 2)
    await home.until("12:05:00")
    await home.until("12:05:30")
    assert home.instants("main") == home.instants("other") == [f"12:0{minute}:00" for minute in range(1, 6)]
    assert [packet.values["aP_1"] for packet in home.packets("main")] == [1, 1, 1, 1, 2]
    assert home.shown(MAIN, "status", "problem") == ["ok", "off"]
    assert home.shown(ACCOUNT, "queued", "dropped") == ["0", "0"]
    assert "Samples of ada (127.0.0.1) are written again" in logged(caplog, logging.INFO)


async def test_writes_what_is_in_memory_without_waiting_for_the_next_boundary(home: Home) -> None:
    entry = await home.start(stream(interval=3600))
    await home.until("12:59:00")
    async with home.failing_disk(entry):
        await home.until("13:00:10")
    await home.until("13:00:50")
    assert home.instants() == ["13:00:00"]
    assert home.shown(MAIN, "status") == ["ok"]


async def test_writes_what_is_in_memory_before_it_is_unloaded(home: Home) -> None:
    await _hold_up_delivery(home)
    entry = await home.start(stream())
    async with home.failing_disk(entry):
        await home.until("12:02:30")
    await home.unload(entry)
    await home.collector.start()
    await home.load(entry)
    await home.until("12:03:30")
    assert home.instants() == ["12:01:00", "12:02:00", "12:03:00"]


async def test_says_what_is_lost_when_the_disk_fails_to_the_end(
    home: Home, caplog: pytest.LogCaptureFixture
) -> None:
    entry = await home.start(stream())
    await home.until("12:01:30")
    async with home.failing_disk(entry):
        await home.until("12:03:30")
        caplog.clear()
        await home.unload(entry)
        assert [message.partition(":")[0] for message in logged(caplog, logging.ERROR)] == [
            "2 samples of ada (127.0.0.1) are lost"
        ]
        await home.load(entry)
    await home.until("12:04:30")
    assert home.instants() == ["12:01:00", "12:04:00"]


async def test_starts_with_a_folder_that_can_not_be_used(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    home.folder.parent.mkdir()
    home.folder.touch()
    await home.start(stream())
    await home.until("12:02:30")
    assert home.shown(MAIN, "status", "problem") == ["storage", "on"]
    assert home.shown(ACCOUNT, "queued") == ["2"]
    assert home.packets() == []
    assert len(logged(caplog, logging.ERROR)) == 1
    home.folder.unlink()
    await home.until("12:03:30")
    assert home.instants() == ["12:01:00", "12:02:00", "12:03:00"]
    assert home.shown(MAIN, "status", "problem", "pushed") == ["ok", "off", "3"]


async def test_keeps_only_so_much_in_memory(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "UNSAVED_PACKETS", 2)
    entry = await home.start(stream())
    async with home.failing_disk(entry):
        await home.until("12:04:30")
        assert home.shown(ACCOUNT, "queued", "dropped") == ["2", "2"]
    await home.until("12:05:30")
    assert home.instants() == ["12:03:00", "12:04:00", "12:05:00"]


async def test_counts_a_boundary_without_a_value_as_a_gap(home: Home) -> None:
    await home.start(stream())
    await home.until("12:01:30")
    home.set("sensor.power", "unavailable")
    await home.until("12:02:01")
    assert home.shown(MAIN, "status", "problem") == ["no_data", "off"]
    assert _attributes(home, "status")["missing"] == {"aP_1": "no_value"}
    await home.until("12:03:30")
    assert _attributes(home, "last_packet")["gaps"] == 2
    home.set("sensor.power", 5)
    await home.until("12:04:30")
    assert home.shown(MAIN, "status") == ["ok"]
    assert _attributes(home, "status")["missing"] == {}
    assert home.instants() == ["12:01:00", "12:04:00"]


async def test_a_stream_without_data_for_three_intervals_is_a_problem(home: Home) -> None:
    await home.start(stream())
    await home.until("12:01:30")
    home.set("sensor.power", "unknown")
    await home.until("12:03:55")
    assert home.shown(MAIN, "status", "problem") == ["no_data", "off"]
    await home.until("12:04:15")
    assert home.shown(MAIN, "status", "problem") == ["no_data", "on"]
    home.set("sensor.power", 1)
    await home.until("12:05:15")
    assert home.shown(MAIN, "status", "problem") == ["ok", "off"]


async def test_a_parameter_of_which_a_source_is_missing_is_left_out(home: Home) -> None:
    parameters = {
        "aP_1": [{"source": "sensor.power"}],
        "v_1": [{"source": "sensor.gone"}],
        "pC_1": [{"source": "sensor.power"}],
    }
    await home.start(stream(parameters=parameters))
    await home.until("12:01:30")
    assert [packet.values for packet in home.packets()] == [{"aP_1": 1}]
    assert _attributes(home, "status")["missing"] == {"v_1": "missing", "pC_1": "unit"}
    assert home.shown(MAIN, "status") == ["ok"]


async def test_boundaries_that_passed_in_suspend_are_gaps(home: Home) -> None:
    await home.start(stream())
    await home.until("12:01:30")
    await home.jump(START + timedelta(minutes=5, seconds=30))
    await home.until("12:06:30")
    assert home.instants() == ["12:01:00", "12:06:00"]
    assert _attributes(home, "last_packet")["gaps"] == 4


async def test_a_clock_that_was_set_back(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    await home.start(stream(), stream("hourly", interval=3600))
    await home.until("12:05:30")
    caplog.clear()
    await home.jump(START + timedelta(minutes=2, seconds=29))
    await home.until("12:03:01")
    assert home.shown(MAIN, "status", "problem") == ["clock", "on"]
    assert home.shown(key_of("hourly"), "status") == ["waiting"]
    await home.until("12:05:59")
    assert home.shown(MAIN, "status") == ["clock"]
    assert home.instants("main")[-1] == "12:05:00"
    await home.until("12:06:30")
    assert home.shown(MAIN, "status", "problem", "queued") == ["ok", "off", "0"]
    assert home.instants("main")[-2:] == ["12:05:00", "12:06:00"]
    assert home.collector.discarded == []


async def test_drops_what_is_too_old(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    await _hold_up_delivery(home)
    await home.start(stream(), options={"keep_days": 1})
    await home.until("12:03:30")
    await home.jump(START + timedelta(days=1, minutes=1, seconds=30))
    caplog.clear()
    await home.until("12:02:30")
    assert logged(caplog) == [
        "2 of the oldest packets of ada (127.0.0.1) were dropped: they were too old or too many"
    ]
    assert home.shown(ACCOUNT, "dropped") == ["2"]
    await home.collector.start()
    await home.press(ACCOUNT, "retry")
    await home.until("12:02:50")
    assert [packet.instant.isoformat() for packet in home.packets()] == [
        "2026-11-23T13:03:00+01:00",
        "2026-11-24T13:02:00+01:00",
    ]


async def test_drops_the_oldest_when_there_are_too_many(home: Home) -> None:
    await _hold_up_delivery(home)
    entry = await home.start(stream(), options={"max_megabytes": 0.0005})
    await home.until("12:09:30")
    dropped = int(home.state(ACCOUNT, "dropped").state)
    queued = int(home.state(ACCOUNT, "queued").state)
    assert dropped > 0
    assert dropped + queued == 9
    assert home.shown(MAIN, "queued") == [str(queued)]
    await home.collector.start()
    await home.press(ACCOUNT, "retry")
    await home.until("12:09:50")
    assert home.instants() == [f"12:0{minute}:00" for minute in range(dropped + 1, 10)]
    await home.unload(entry)
    await home.load(entry)
    assert home.shown(ACCOUNT, "dropped") == [str(dropped)]


async def test_options_for_the_outbox_hold_at_once(home: Home) -> None:
    await _hold_up_delivery(home)
    entry = await home.start(stream())
    await home.until("12:05:30")
    home.hass.config_entries.async_update_entry(entry, options={"max_megabytes": 0.0003})
    await home.until("12:06:30")
    assert int(home.state(ACCOUNT, "dropped").state) > 0


async def test_a_tick_that_fails_is_reported_and_the_next_is_taken(
    home: Home, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = await home.start(stream())
    account = entry.runtime_data
    monkeypatch.setattr(account.intake.sampler, "sample", None)
    await home.until("12:01:30")
    assert logged(caplog, logging.ERROR) == ["Sampling ada (127.0.0.1) failed. Please report this"]
    monkeypatch.undo()
    await home.until("12:02:30")
    assert home.instants() == ["12:02:00"]


async def test_times_of_streams_follow_home_assistants_zone(home: Home) -> None:
    await home.start(stream(), stream("india", time_zone="Asia/Kolkata", interval=86400))
    await home.until("12:01:30")
    await home.hass.config.async_update(time_zone="America/New_York")
    await home.until("12:02:30")
    offsets = [str(packet.instant.utcoffset()) for packet in home.packets("main")]
    assert offsets == ["1:00:00", "-1 day, 19:00:00"]
    await home.jump(START + timedelta(hours=6, minutes=29))
    await home.until("18:30:20")
    assert [packet.instant.isoformat() for packet in home.packets("india")] == ["2026-11-24T00:00:00+05:30"]
