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
