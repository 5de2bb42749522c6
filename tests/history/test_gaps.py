"""What was not sampled, from a running Home Assistant with a recorder."""

from datetime import timedelta

import pytest

from tests.common import Home, key_of, single_value, stream

from .past import Past

MAIN = key_of("main")


def _values(home: Home, code: str = "aP_1", stream_id: str = "main") -> list[float]:
    return [packet.values[code] for packet in home.packets(stream_id)]


async def test_boundaries_while_the_account_was_not_loaded(past: Past) -> None:
    home = past.home
    home.set("sensor.power", 1)
    account = await home.start(stream())
    await home.until("12:02:30")
    await home.unload(account)
    for minute in (3, 4, 5):
        home.set("sensor.power", minute)
        await home.until(f"12:0{minute}:30")
    home.set("sensor.power", 6)
    await home.load(account)
    await past.until("12:07:50")
    assert home.instants("main") == [f"12:0{minute}:00" for minute in range(1, 8)]
    assert _values(home) == [1, 1, 3, 4, 5, 6, 6]
    assert home.collector.statistics.statuses.keys() == {200}


async def test_means_from_before_a_restart_on(past: Past) -> None:
    """The interval in which sampling begins again is made whole."""
    home = past.home
    home.set("sensor.power", 100)
    account = await home.start(stream(method="mean", interval=300))
    await home.until("12:06:00")
    await home.unload(account)
    home.set("sensor.power", 200)
    await home.until("12:13:00")
    home.set("sensor.power", 300)
    await home.load(account)
    await past.until("12:15:20")
    await past.until("12:20:20")
    assert home.instants("main") == ["12:05:00", "12:10:00", "12:15:00", "12:20:00"]
    assert _values(home) == pytest.approx([100, 180, 240, 300])


async def test_a_clock_that_stood_still(past: Past) -> None:
    home = past.home
    home.set("sensor.power", 1)
    await home.start(stream())
    await home.until("12:02:30")
    await home.jump(home.now + timedelta(minutes=3, seconds=10))
    await past.until("12:06:30")
    assert home.instants("main") == ["12:01:00", "12:02:00", "12:03:00", "12:04:00", "12:05:00", "12:06:00"]


async def test_registers_that_fell_while_nobody_looked(past: Past) -> None:
    """What the counter told before it fell is not lost, and what waited behind goes on from it."""
    home = past.home
    energy = {"pC_1": [{"source": "sensor.energy"}]}
    home.set("sensor.energy", 100, "kWh")
    account = await home.start(stream(parameters=energy))
    await home.until("12:02:30")
    await home.unload(account)
    for value, moment in ((110, "12:03:30"), (1, "12:04:30"), (2, "12:05:30")):
        home.set("sensor.energy", value, "kWh")
        await home.until(moment)
    await home.load(account)
    await past.until("12:06:30")
    home.set("sensor.energy", 3, "kWh")
    await past.until("12:08:00")
    assert _values(home, "pC_1") == [100e3, 100e3, 110e3, 110e3, 112e3, 112e3, 113e3]


@pytest.mark.parametrize("waits", [False, True])
async def test_intervals_tell_each_rise_once(past: Past, waits: bool) -> None:
    home = past.home
    energy = {"pC_1": [{"source": "sensor.energy"}]}
    home.set("sensor.energy", 100, "kWh")
    account = await home.start(stream(parameters=energy, reading="interval"))
    await home.until("12:02:30")
    await home.unload(account)
    for value, moment in ((101, "12:03:30"), (103, "12:04:30")):
        home.set("sensor.energy", value, "kWh")
        await home.until(moment)
    home.set("sensor.energy", 103.5, "kWh")
    await home.load(account)
    if not waits:
        await past.read()
    await home.until("12:05:30")
    await past.read()
    home.set("sensor.energy", 104, "kWh")
    await past.until("12:06:50")
    assert home.instants("main") == [f"12:0{minute}:00" for minute in range(1, 7)]
    assert _values(home, "pC_1") == [0, 0, 1000, 2000, 500, 500]


async def test_a_single_value(past: Past) -> None:
    home = past.home
    home.set("sensor.gas", 1, "m³")
    account = await home.start(single_value("main", "sensor.gas", unit="m³"))
    await home.until("12:01:30")
    await home.unload(account)
    home.set("sensor.gas", 2, "m³")
    await home.until("12:03:30")
    await home.load(account)
    await past.until("12:04:50")
    assert _values(home, "value") == [1, 2, 2, 2]


async def test_no_more_than_is_kept(past: Past) -> None:
    home = past.home
    home.set("sensor.power", 1)
    account = await home.start(stream(interval=21600), options={"keep_days": 1})
    await home.until("17:00:10")
    await home.unload(account)
    await home.jump(home.now + timedelta(days=2))
    await home.load(account)
    await past.read()
    hours = [f"{packet.instant:%d %H}" for packet in home.packets("main")]
    assert hours == ["23 18", "25 00", "25 06", "25 12", "25 18"]


async def test_without_a_recorder_a_gap_stays_a_hole(home: Home) -> None:
    home.set("sensor.power", 1)
    account = await home.start(stream())
    await home.until("12:01:30")
    await home.unload(account)
    await home.until("12:03:30")
    await home.load(account)
    await home.until("12:04:50")
    assert home.instants("main") == ["12:01:00", "12:04:00"]
