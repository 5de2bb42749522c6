"""Registers as they arrive at Wattics, from a running Home Assistant."""

import asyncio
import logging
from typing import Any

import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.wattics import intake
from custom_components.wattics.sampling.register import Register

from .common import Home, key_of, logged, single_value, stream

MAIN = key_of("main")
DAILY = "sensor.energy_today"


def _energy(*entities: str, **data: Any) -> Any:
    sources = [{"source": entity} for entity in entities or (DAILY,)]
    return stream(parameters={"pC_1": sources}, **data)


def _sent(home: Home, code: str = "pC_1") -> list[float]:
    return [packet.values[code] for packet in home.packets("main") if code in packet.values]


async def test_a_reset_between_two_samples_adds_up(home: Home) -> None:
    """What was counted after the last sample and before the reset is not lost."""
    home.set(DAILY, 5.1, "kWh")
    await home.start(_energy())
    await home.until("12:01:10")
    home.set(DAILY, 5.2, "kWh")
    home.set(DAILY, 0, "kWh")
    await home.until("12:02:10")
    home.set(DAILY, 0.3, "kWh")
    await home.until("12:03:10")

    assert _sent(home) == [5100, 5200, 5500]


async def test_a_glitch_to_zero_is_never_seen(home: Home) -> None:
    home.set(DAILY, 5.1, "kWh")
    await home.start(_energy())
    for minute, state in enumerate((0, 0, 5.2), 1):
        await home.until(f"12:0{minute}:10")
        home.set(DAILY, state, "kWh")
    await home.until("12:04:10")

    assert _sent(home) == [5100, 5100, 5100, 5200]


async def test_a_fall_is_confirmed_by_reports_that_change_nothing(home: Home) -> None:
    home.set(DAILY, 10, "kWh")
    await home.start(_energy())
    await home.until("12:01:10")
    for _ in range(3):
        home.set(DAILY, 4, "kWh")
    await home.until("12:02:10")

    assert _sent(home) == [10000, 14000]


async def test_a_fall_is_confirmed_by_time(home: Home) -> None:
    home.set(DAILY, 10, "kWh")
    await home.start(_energy(interval=300))
    await home.until("12:05:10")
    home.set(DAILY, 4, "kWh")
    await home.until("12:25:10")

    assert _sent(home) == [10000, 10000, 10000, 10000, 14000]


async def test_a_changed_unit_is_no_reset(home: Home) -> None:
    home.set(DAILY, 5100, "Wh")
    await home.start(_energy())
    await home.until("12:01:10")
    home.set(DAILY, 5.2, "kWh")
    await home.until("12:02:10")

    assert _sent(home) == [5100, 5200]


async def test_a_counter_below_zero_is_left_out(home: Home) -> None:
    home.set(DAILY, 5, "kWh")
    await home.start(_energy())
    await home.until("12:01:10")
    home.set(DAILY, -1, "kWh")
    await home.until("12:02:10")

    assert _sent(home) == [5000]
    assert home.state(MAIN, "status").attributes["missing"] == {"pC_1": "negative"}


async def test_a_source_that_joins_and_one_that_leaves_move_nothing(home: Home) -> None:
    home.set("sensor.t1", 100, "kWh")
    home.set("sensor.t2", 700, "kWh")
    entry = await home.start(_energy("sensor.t1"))
    await home.until("12:01:10")
    home.change_stream(entry, MAIN, parameters={"pC_1": [{"source": "sensor.t1"}, {"source": "sensor.t2"}]})
    await home.settle()
    home.set("sensor.t2", 701, "kWh")
    await home.until("12:02:10")
    home.change_stream(entry, MAIN, parameters={"pC_1": [{"source": "sensor.t2", "factor": 2}]})
    await home.settle()
    home.set("sensor.t2", 703, "kWh")
    await home.until("12:03:10")

    assert _sent(home) == [100_000, 101_000, 105_000]


async def test_the_interval_reading_sends_what_was_added(home: Home) -> None:
    home.set(DAILY, 5, "kWh")
    await home.start(_energy(reading="interval"))
    for minute, state in enumerate((5.25, 5.75)):
        await home.until(f"12:0{minute}:30")
        home.set(DAILY, state, "kWh")
    await home.until("12:03:10")

    assert _sent(home) == [250, 500, 0]


async def test_an_interval_after_a_gap_carries_what_was_added_in_it(home: Home) -> None:
    home.set(DAILY, 5, "kWh")
    await home.start(_energy(reading="interval"))
    await home.until("12:01:10")
    home.set(DAILY, "unavailable", "kWh")
    await home.until("12:02:10")
    home.set(DAILY, 8, "kWh")
    await home.until("12:03:10")

    assert home.instants("main") == ["12:01:00", "12:03:00"]
    assert _sent(home) == [0, 3000]


async def test_an_interval_that_could_not_be_queued_comes_with_the_next(home: Home) -> None:
    """The clock was set back: a sample that is not newer than those before is left out."""
    home.set(DAILY, 5, "kWh")
    await home.start(_energy(reading="interval"))
    await home.until("12:02:10")
    home.set(DAILY, 6, "kWh")
    home.clock.move_to(home.now.replace(minute=0, second=40))
    await home.until("12:01:30")
    home.set(DAILY, 7, "kWh")
    await home.until("12:03:10")

    assert home.instants("main") == ["12:01:00", "12:02:00", "12:03:00"]
    assert _sent(home) == [0, 0, 2000]


@pytest.mark.parametrize(("reading", "sent"), [("cumulative", [12, 13.5]), ("interval", [0, 1.5])])
async def test_a_single_value_that_is_read_as_a_counter(home: Home, reading: str, sent: list[float]) -> None:
    home.set("sensor.water", 12, "m³")
    new = single_value("main", "sensor.water", unit="m³")
    await home.start({**new, "data": {**new["data"], "reading": reading}})
    await home.until("12:01:10")
    home.set("sensor.water", 1500, "L")
    for _ in range(2):
        home.set("sensor.water", 1500, "L")
    await home.until("12:02:10")

    assert _sent(home, "value") == sent


async def test_goes_on_after_a_restart(home: Home) -> None:
    """Also with what was counted while nobody looked."""
    home.set(DAILY, 5, "kWh")
    entry = await home.start(_energy(reading="cumulative"))
    await home.until("12:01:10")
    home.set(DAILY, 6, "kWh")
    home.set(DAILY, 0, "kWh")
    home.set(DAILY, 1, "kWh")  # register 7
    await home.unload(entry)
    home.set(DAILY, 2, "kWh")
    await home.load(entry)
    await home.until("12:02:10")

    assert _sent(home) == [5000, 8000]


async def test_a_reset_is_kept_at_once(home: Home) -> None:
    """What a kill would lose lies in the outbox before the next sample is due."""
    home.set(DAILY, 5, "kWh")
    entry = await home.start(_energy())
    await home.until("12:01:10")
    home.set(DAILY, 6, "kWh")
    before = entry.runtime_data.outbox.registers["main", "pC_1"]
    home.set(DAILY, 0, "kWh")
    await home.settle()

    kept = entry.runtime_data.outbox.registers["main", "pC_1"]
    assert kept != before
    register = Register([DAILY])
    register.restore(kept)
    assert register.value == 6000


async def test_an_interval_goes_on_after_a_restart(home: Home) -> None:
    home.set(DAILY, 5, "kWh")
    entry = await home.start(_energy(reading="interval"))
    await home.until("12:01:10")
    home.set(DAILY, 6, "kWh")
    await home.unload(entry)
    await home.load(entry)
    await home.until("12:02:10")

    assert _sent(home) == [0, 1000]


async def test_goes_on_once_the_disk_is_well(home: Home) -> None:
    """What could not be written is counted once, and what was kept before is not forgotten."""
    home.set(DAILY, 5, "kWh")
    entry = await home.start(_energy(reading="interval"))
    await home.until("12:01:10")
    async with home.failing_disk(entry):
        home.set(DAILY, 6, "kWh")
        await home.until("12:02:10")
        home.set(DAILY, 8, "kWh")
        await home.until("12:03:10")
    home.set(DAILY, 12, "kWh")
    await home.until("12:04:10")

    assert _sent(home) == [0, 1000, 2000, 4000]
    await home.unload(entry)
    await home.load(entry)
    await home.until("12:05:10")
    assert _sent(home)[-1] == 0


async def test_another_data_point_begins_anew(home: Home) -> None:
    home.set(DAILY, 5, "kWh")
    entry = await home.start(_energy())
    await home.until("12:01:10")
    home.set(DAILY, 0, "kWh")
    home.set(DAILY, 1, "kWh")
    await home.until("12:02:10")
    home.change_stream(entry, MAIN, stream_id="other")
    await home.until("12:03:10")

    assert _sent(home) == [5000, 6000]
    assert [packet.values for packet in home.packets("other")] == [{"pC_1": 1000}]


async def test_dial_and_offset_make_what_wattics_has(home: Home) -> None:
    """As they were in that packet: others may wait behind it."""
    home.set(DAILY, 5, "kWh")
    entry = await home.start(_energy())
    await home.until("12:01:10")
    home.set(DAILY, 0, "kWh")
    home.set(DAILY, 0.25, "kWh")
    await home.until("12:02:10")
    await home.collector.stop()
    home.set(DAILY, 0, "kWh")
    home.set(DAILY, 0.1, "kWh")
    await home.until("12:03:20")

    attributes = home.state(MAIN, "last_packet").attributes
    assert (attributes["dials"], attributes["offsets"]) == ({"pC_1": 250}, {"pC_1": 5000})
    assert attributes["values"] == {"pC_1": 5250}
    assert entry.runtime_data.queued == 1


async def test_intervals_have_no_dial(home: Home) -> None:
    home.set(DAILY, 5, "kWh")
    await home.start(_energy(reading="interval"))
    await home.until("12:01:20")

    attributes = home.state(MAIN, "last_packet").attributes
    assert (attributes["dials"], attributes["offsets"]) == ({}, {})


async def test_a_change_of_the_stream_is_no_report_of_its_source(home: Home) -> None:
    """Three reports confirm a fall; a user who renames the stream has reported nothing."""
    home.set(DAILY, 10, "kWh")
    entry = await home.start(_energy())
    await home.until("12:01:10")
    home.set(DAILY, 4, "kWh")
    for name in ("one", "two", "three"):
        home.change_stream(entry, MAIN, name=name)
        await home.settle()
    home.set(DAILY, 10.1, "kWh")
    await home.until("12:02:10")

    assert _sent(home) == [10_000, 10_100]


@pytest.mark.parametrize(
    ("reading", "sent"), [("cumulative", {"aP_1": 50, "pC_1": 5000}), ("interval", {"aP_1": 50})]
)
async def test_a_parameter_that_goes_while_its_sample_is_on_the_way(
    home: Home, reading: str, sent: dict[str, float]
) -> None:
    """The sample of the other streams is not lost with it, and no register is sent as an interval."""
    home.set(DAILY, 5, "kWh")
    home.set("sensor.power", 50)
    power = {"aP_1": [{"source": "sensor.power"}]}
    entry = await home.start(
        stream(parameters={**power, "pC_1": [{"source": DAILY}]}, reading=reading), stream("other")
    )
    await _change_on_the_way(home, entry, parameters=power)

    assert home.instants("other") == ["12:01:00", "12:02:00"]
    assert [dict(packet.values) for packet in home.packets("main")] == [sent, {"aP_1": 50}]


async def test_a_register_is_not_sent_to_another_data_point(home: Home) -> None:
    """The stream gets another id while its sample is on the way: that register begins anew."""
    home.set(DAILY, 5, "kWh")
    entry = await home.start(_energy())
    home.set(DAILY, 0, "kWh")
    home.set(DAILY, 1, "kWh")  # register 6
    await _change_on_the_way(home, entry, stream_id="new")

    assert _sent(home) == []
    assert [dict(packet.values) for packet in home.packets("new")] == [{"pC_1": 1000}]
    assert entry.runtime_data.intake.sampled[MAIN].gaps == 1


async def _change_on_the_way(home: Home, entry: MockConfigEntry, **changes: Any) -> None:
    """Change the stream when its sample of 12:01 was taken and can't be queued yet."""
    taking = entry.runtime_data.intake
    async with taking.writing:
        # The change waits for the lock first.
        home.change_stream(entry, MAIN, **changes)
        for _ in range(20):
            await asyncio.sleep(0)
        home.clock.move_to(home.now.replace(minute=1, second=0, microsecond=0))
        taking._ticker._wake(home.now)
        assert taking._ticks
    await home.settle()
    await home.until("12:02:10")


async def test_a_reset_that_could_not_be_kept_is_kept_once_the_disk_is_well(home: Home) -> None:
    home.set(DAILY, 5, "kWh")
    entry = await home.start(_energy(interval=3600))
    await home.until("13:00:10")
    async with home.failing_disk(entry):
        home.set(DAILY, 6, "kWh")
        home.set(DAILY, 0, "kWh")
        await home.settle()
    await home.until("13:01:00")

    register = Register([DAILY])
    register.restore(entry.runtime_data.outbox.registers["main", "pC_1"])
    assert register.value == 6000


async def test_a_reset_is_not_kept_ahead_of_packets_in_memory(home: Home) -> None:
    """An interval is stored with its packet or not at all: a kill in between would lose it."""
    home.set(DAILY, 5, "kWh")
    entry = await home.start(_energy(reading="interval"))
    await home.until("12:01:10")
    async with home.failing_disk(entry):
        home.set(DAILY, 6, "kWh")
        await home.until("12:02:05")
        assert len(entry.runtime_data.intake.unsaved) == 1
    home.set(DAILY, 0, "kWh")
    await home.settle()

    assert entry.runtime_data.intake.unsaved == []
    await home.until("12:03:10")
    assert _sent(home) == [0, 1000, 0]


async def test_what_packets_dropped_from_memory_carried_comes_with_the_next(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "UNSAVED_PACKETS", 2)
    home.set(DAILY, 5, "kWh")
    entry = await home.start(_energy(reading="interval"))
    await home.until("12:01:10")
    async with home.failing_disk(entry):
        for minute in range(2, 6):
            home.set(DAILY, 5 + minute, "kWh")
            await home.until(f"12:0{minute}:10")
    await home.until("12:06:10")

    assert home.instants("main") == ["12:01:00", "12:04:00", "12:05:00", "12:06:00"]
    assert sum(_sent(home)) == 5000


async def test_the_log_tells_what_was_done_to_a_counter(home: Home, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "custom_components.wattics")
    home.set(DAILY, 5, "kWh")
    await home.start(_energy())
    home.set(DAILY, 0, "kWh")
    home.set(DAILY, 1, "kWh")
    await home.until("12:02:10")

    told = [line for line in logged(caplog, logging.INFO) if "pC_1" in line]
    assert told == [
        "pC_1 of stream Main: withheld (zero), 5000 -> 0",
        "pC_1 of stream Main: reset, 5000 -> 0",
    ]
