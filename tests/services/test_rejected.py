"""The actions for rejected packets."""

from collections.abc import Awaitable, Callable
import json

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest

from tests.collector import Status
from tests.common import Home, key_of, stream

from .calls import call

MAIN = key_of("main")


@pytest.fixture(autouse=True)
def _sources(home: Home) -> None:
    home.set("sensor.power", 1)


async def _reject(home: Home, *stream_ids: str) -> None:
    """Let the packet of 12:05 of each stream be refused for good, then begin."""
    for stream_id in stream_ids:
        home.collector.inject(Status(400, times=3, stream=stream_id, method="POST"))
    await home.start(*(stream(stream_id, interval=300) for stream_id in ("main", "other")))
    await home.until("12:06:30")
    for stream_id in stream_ids:
        assert home.shown(key_of(stream_id), "rejected") == ["1"]


async def test_rejected_packets_are_sent_again(home: Home) -> None:
    await _reject(home, "main")
    assert home.instants("main") == []
    assert await call(home, "retry_rejected") == {"queued": 1, "too_late": []}
    await home.pass_time(12)
    assert home.instants("main") == ["12:05:00"]
    assert home.shown(MAIN, "rejected", "queued", "pushed", "status") == ["0", "0", "1", "ok"]


async def test_those_that_are_too_late_are_named_and_stay(home: Home) -> None:
    await _reject(home, "main")
    await home.until("12:10:30")
    assert await call(home, "retry_rejected", stream_id="main") == {
        "queued": 0,
        "too_late": [{"stream_id": "main", "instant": "2026-11-23T12:05:00+00:00"}],
    }
    assert home.shown(MAIN, "rejected") == ["1"]


async def test_rejected_packets_are_discarded(home: Home) -> None:
    await _reject(home, "main", "other")
    response = await call(home, "discard_rejected", stream_id="main")
    (discarded,) = response.pop("packets")
    assert response == {"discarded": 1}
    assert json.loads(discarded["packet"])["id"] == "main"
    assert (discarded["response_status"], discarded["reason"]) == (400, "Bad Request")
    assert discarded["rejected_at"].startswith("2026-11-23T12:06:")
    await home.pass_time(11)
    assert home.shown(MAIN, "rejected", "queued") == ["0", "0"]
    assert home.shown(key_of("other"), "rejected") == ["1"]
    assert (await call(home, "discard_rejected"))["discarded"] == 1
    await home.pass_time(11)
    assert home.shown(key_of("other"), "rejected") == ["0"]


async def _unload(home: Home) -> None:
    (entry,) = home.hass.config_entries.async_entries("wattics")
    await home.unload(entry)


async def _nothing(_: Home) -> None:
    """Leave all as it is."""


@pytest.mark.parametrize(
    ("data", "before", "key"),
    [
        ({"config_entry_id": "nobody"}, _nothing, "unknown_account"),
        ({"stream_id": "nobody"}, _nothing, "unknown_stream"),
        ({}, _unload, "account_not_loaded"),
    ],
)
@pytest.mark.parametrize("action", ["retry_rejected", "discard_rejected"])
async def test_says_what_is_wrong(
    home: Home, action: str, data: dict[str, str], before: Callable[[Home], Awaitable[None]], key: str
) -> None:
    await home.start(stream())
    await before(home)
    with pytest.raises(ServiceValidationError) as raised:
        await call(home, action, **data)
    assert raised.value.translation_key == key


@pytest.mark.parametrize("action", ["retry_rejected", "discard_rejected"])
async def test_says_when_the_disk_fails(home: Home, action: str) -> None:
    await _reject(home, "main")
    (entry,) = home.hass.config_entries.async_loaded_entries("wattics")
    async with home.failing_disk(entry):
        with pytest.raises(HomeAssistantError) as raised:
            await call(home, action)
    assert raised.value.translation_key == "storage_unusable"
    assert raised.value.translation_placeholders == {"error": "attempt to write a readonly database"}
    assert home.shown(MAIN, "rejected") == ["1"]
