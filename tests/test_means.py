"""Means as they arrive at Wattics, from a running Home Assistant."""

from homeassistant.helpers import entity_registry as er
import pytest

from .common import Home, key_of, stream

MAIN = key_of("main")


def _powers(home: Home) -> list[dict[str, float]]:
    return [dict(packet.values) for packet in home.packets("main")]


async def test_mean_over_the_interval(home: Home) -> None:
    home.set("sensor.power", 1000)
    await home.start(stream(method="mean"))
    await home.until("12:01:15")
    home.set("sensor.power", 5, "kW")  # a unit that changes is followed at the instant when it does
    await home.until("12:01:30")
    home.set("sensor.power", 3000, "W")
    await home.until("12:02:30")

    assert home.instants("main") == ["12:01:00", "12:02:00"]
    assert _powers(home)[-1] == {"aP_1": (15 * 1000 + 15 * 5000 + 30 * 3000) / 60}


async def test_begun_late_in_an_interval_nothing_is_invented(home: Home) -> None:
    home.set("sensor.power", 1000)
    await home.until("12:00:40")
    await home.start(stream(method="mean"))
    await home.until("12:01:30")
    assert _powers(home) == []
    state = home.state(MAIN, "status")
    assert (state.state, state.attributes["missing"]) == ("waiting", {"aP_1": "partly"})

    await home.until("12:02:30")
    assert home.instants("main") == ["12:02:00"]


async def test_a_renamed_source_loses_nothing(home: Home) -> None:
    registry = er.async_get(home.hass)
    entry = registry.async_get_or_create("sensor", "test", "power", suggested_object_id="power")
    home.set("sensor.power", 1000)
    await home.start(stream("main", entry.id, method="mean"))
    await home.until("12:01:30")
    registry.async_update_entity("sensor.power", new_entity_id="sensor.mains")
    await home.hass.async_block_till_done()
    home.set("sensor.mains", 3000)
    await home.until("12:02:30")

    assert _powers(home)[-1] == {"aP_1": 2000}


async def test_a_stream_whose_name_changes_keeps_its_mean(home: Home) -> None:
    home.set("sensor.power", 1000)
    account = await home.start(stream(method="mean"))
    await home.until("12:01:30")
    home.set("sensor.power", 3000)
    await home.until("12:01:50")
    home.change_stream(account, MAIN, name="Renamed")
    await home.until("12:02:30")

    assert _powers(home)[-1] == {"aP_1": 2000}


async def test_an_interval_that_a_new_zone_ends_earlier(home: Home) -> None:
    """The interval ends where the new zone says, with what is known of it."""
    home.set("sensor.power", 1000)
    await home.start(stream(method="mean", interval=3600))
    await home.until("12:15:00")
    await home.hass.config.async_update(time_zone="Asia/Kolkata")  # its hours end at half past
    await home.settle()
    home.set("sensor.power", 2000)
    await home.until("12:31:00")
    await home.until("13:31:00")

    assert home.instants("main") == ["12:30:00", "13:30:00"]
    assert [power["aP_1"] for power in _powers(home)] == pytest.approx([1500, 2000], abs=1)


@pytest.mark.parametrize("method", ["latest", "mean"])
async def test_values_that_are_too_old_are_left_out(home: Home, method: str) -> None:
    home.set("sensor.power", 1000)
    await home.start(stream(method=method, maximum_age=90))
    await home.until("12:01:30")
    assert len(_powers(home)) == 1
    await home.until("12:03:30")

    assert home.instants("main") == ["12:01:00"] + (["12:02:00"] if method == "mean" else [])
    state = home.state(MAIN, "status")
    assert (state.state, state.attributes["missing"]) == ("no_data", {"aP_1": "too_old"})


@pytest.mark.parametrize("method", ["latest", "mean"])
async def test_a_steady_value_that_is_reported_is_not_too_old(home: Home, method: str) -> None:
    await home.start(stream(method=method, maximum_age=90))
    for minute in range(5):
        home.set("sensor.power", 1000)
        await home.until(f"12:0{minute + 1}:00")
    await home.settle()

    assert _powers(home)[-1] == {"aP_1": 1000}
    assert len(_powers(home)) >= 4
