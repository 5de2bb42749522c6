"""The actions that show a packet."""

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from tests.collector import Status
from tests.common import Home, stream

from .calls import call


async def test_last_packet(home: Home) -> None:
    home.set("sensor.power", 42)
    await home.start(stream())
    assert await call(home, "get_last_packet", stream_id="main") == {"instant": None, "values": None}
    await home.until("12:01:50")
    assert await call(home, "get_last_packet", stream_id="main") == {
        "instant": "2026-11-23T13:01:00+01:00",
        "values": {"aP_1": 42},
    }


async def test_last_packet_that_wattics_does_not_tell(home: Home) -> None:
    await home.start(stream())
    home.collector.inject(Status(503, times=1, method="GET"))
    with pytest.raises(HomeAssistantError) as raised:
        await call(home, "get_last_packet", stream_id="main")
    assert raised.value.translation_key == "verify_failed"
    assert raised.value.translation_placeholders is not None
    assert raised.value.translation_placeholders["stream"] == "Main"


async def test_last_packet_of_no_stream(home: Home) -> None:
    await home.start(stream())
    with pytest.raises(ServiceValidationError) as raised:
        await call(home, "get_last_packet", stream_id="nobody")
    assert raised.value.translation_key == "unknown_stream"


async def test_preview_changes_nothing(home: Home) -> None:
    home.set("sensor.power", 1000)
    home.set("sensor.energy", 5, "kWh")
    parameters = {
        "aP_1": [{"source": "sensor.power"}],
        "pC_1": [{"source": "sensor.energy"}],
        "v_1": [{"source": "sensor.voltage"}],
    }
    await home.start(stream(method="mean", parameters=parameters))
    await home.until("12:01:30")
    home.set("sensor.power", 3000)
    home.set("sensor.energy", 6, "kWh")
    await home.until("12:01:45")
    expected = {
        "instant": "2026-11-23T13:01:45+01:00",
        "values": {"aP_1": (30 * 1000 + 15 * 3000) / 45, "pC_1": 6000},
        "missing": {"v_1": "missing"},
    }
    for _ in range(2):
        preview = await call(home, "preview_packet", stream_id="main")
        assert preview == {**expected, "values": pytest.approx(expected["values"], abs=1e-6)}
    await home.until("12:02:30")
    assert dict(home.packets("main")[-1].values) == {"aP_1": 2000, "pC_1": 6000}


async def test_preview_of_what_rose_since_the_last_packet(home: Home) -> None:
    home.set("sensor.energy", 5, "kWh")
    parameters = {"pC_1": [{"source": "sensor.energy"}]}
    await home.start(stream(parameters=parameters, reading="interval"))
    await home.until("12:01:30")
    home.set("sensor.energy", 5.25, "kWh")
    for _ in range(2):
        assert (await call(home, "preview_packet", stream_id="main"))["values"] == {"pC_1": 250}
    await home.until("12:02:30")
    assert [packet.values["pC_1"] for packet in home.packets("main")] == [0, 250]


async def test_preview_without_a_value(home: Home) -> None:
    await home.start(stream())
    assert await call(home, "preview_packet", stream_id="main") == {
        "instant": None,
        "values": None,
        "missing": {"aP_1": "missing"},
    }
