"""The two buttons: try again now, and ask Wattics now."""

from homeassistant.const import EntityCategory
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest

from tests.collector import Hang, ReadBack, Status

from .common import ACCOUNT, Home, key_of, stream

MAIN = key_of("main")


@pytest.fixture(autouse=True)
def _sources(home: Home) -> None:
    home.set("sensor.power", 1)


def _reads(home: Home) -> list[str | None]:
    return [request.stream for request in home.collector.statistics.requests if request.method == "GET"]


@pytest.mark.parametrize(
    ("subject", "key", "name"),
    [
        (ACCOUNT, "retry", "ada (127.0.0.1) Try again now"),
        (MAIN, "verify", "Main Verify with Wattics"),
    ],
)
async def test_is_as_designed(home: Home, subject: str, key: str, name: str) -> None:
    entry = await home.start(stream())
    entity_id = er.async_get(home.hass).async_get_entity_id("button", "wattics", f"{subject}_{key}")
    assert entity_id is not None
    entity = er.async_get(home.hass).async_get(entity_id)
    device = home.device(entry, subject)
    assert entity is not None
    assert device is not None
    assert (entity.device_id, entity.entity_category) == (device.id, EntityCategory.DIAGNOSTIC)
    assert entity.disabled_by is None
    assert home.state(subject, key).name == name


async def test_retry_ends_the_wait_of_the_account(home: Home) -> None:
    await home.collector.stop()
    await home.start(stream())
    await home.until("12:20:30")
    await home.collector.start()
    await home.press(ACCOUNT, "retry")
    assert len(home.packets()) == 20


async def test_retry_ends_the_wait_of_a_stream(home: Home) -> None:
    fault = home.collector.inject(Status(404, times=None, stream="main"))
    await home.start(stream())
    await home.until("12:20:30")
    fault.clear()
    await home.press(ACCOUNT, "retry")
    assert len(home.packets()) == 20
    await home.pass_time(2)
    assert home.shown(MAIN, "status") == ["ok"]


async def test_retry_without_need_does_nothing(home: Home) -> None:
    await home.start(stream())
    await home.until("12:01:30")
    requests = len(home.collector.statistics.requests)
    await home.press(ACCOUNT, "retry")
    assert len(home.collector.statistics.requests) == requests


async def test_verify_asks_for_this_stream_now(home: Home) -> None:
    await home.start(stream(), stream("other"))
    await home.until("12:01:20")
    assert _reads(home) == []
    await home.press(MAIN, "verify")
    assert _reads(home) == ["main"]


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b"[]", b'{"id": "main"}'])
async def test_an_answer_that_says_nothing_is_no_error(home: Home, body: bytes) -> None:
    await home.start(stream())
    await home.until("12:01:20")
    home.collector.inject(ReadBack(body, times=None))
    await home.press(MAIN, "verify")
    assert home.shown(MAIN, "status") == ["ok"]
    assert home.state(MAIN, "last_packet").attributes["processed"] is None


@pytest.mark.parametrize("status", [401, 403, 404, 500])
async def test_says_why_wattics_could_not_be_asked(home: Home, status: int) -> None:
    await home.start(stream())
    await home.until("12:01:20")
    home.collector.inject(Status(status, times=None, method="GET"))
    with pytest.raises(HomeAssistantError) as raised:
        await home.press(MAIN, "verify")
    assert raised.value.translation_key == "verify_failed"
    assert raised.value.translation_placeholders is not None
    assert raised.value.translation_placeholders["stream"] == "Main"
    assert f"HTTP {status}" in raised.value.translation_placeholders["error"]
    await home.until("12:02:20")
    assert home.shown(MAIN, "status") == ["ok"]


async def test_does_not_ask_a_server_that_is_known_to_be_away(home: Home) -> None:
    await home.collector.stop()
    await home.start(stream())
    await home.until("12:01:20")
    with pytest.raises(HomeAssistantError) as raised:
        await home.press(MAIN, "verify")
    assert raised.value.translation_key == "verify_failed"


async def test_does_not_ask_for_a_stream_whose_packet_is_on_its_way(home: Home) -> None:
    await home.start(stream())
    hang = home.collector.inject(Hang(method="POST"))
    await home.until("12:01:20")
    pressing = home.hass.async_create_task(
        home.hass.services.async_call(
            "button", "press", {"entity_id": home.entity_id(MAIN, "verify")}, blocking=True
        )
    )
    await home.turns()
    assert _reads(home) == []
    hang.release()
    await pressing
    assert _reads(home) == ["main"]
    assert home.collector.statistics.most_in_flight_by_stream == {"main": 1}
