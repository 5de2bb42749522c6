"""Whether an account is connected and a stream a problem, through a life."""

from homeassistant.const import STATE_UNKNOWN, EntityCategory
from homeassistant.helpers import entity_registry as er
import pytest

from tests.collector import Status

from .common import ACCOUNT, Home, key_of, stream

MAIN = key_of("main")


@pytest.fixture(autouse=True)
def _sources(home: Home) -> None:
    home.set("sensor.power", 1)


@pytest.mark.parametrize(
    ("subject", "key", "device_class", "name"),
    [
        (ACCOUNT, "connected", "connectivity", "ada (127.0.0.1) Connected"),
        (MAIN, "problem", "problem", "Main Problem"),
    ],
)
async def test_is_as_designed(home: Home, subject: str, key: str, device_class: str, name: str) -> None:
    entry = await home.start(stream())
    entity_id = er.async_get(home.hass).async_get_entity_id("binary_sensor", "wattics", f"{subject}_{key}")
    assert entity_id is not None
    entity = er.async_get(home.hass).async_get(entity_id)
    device = home.device(entry, subject)
    assert entity is not None
    assert device is not None
    assert (entity.device_id, entity.entity_category) == (device.id, EntityCategory.DIAGNOSTIC)
    assert entity.disabled_by is None
    assert entity.config_subentry_id == (MAIN if subject == MAIN else None)
    state = home.state(subject, key)
    assert (state.attributes["device_class"], state.name) == (device_class, name)


async def test_connected_through_a_life(home: Home) -> None:
    await home.start(stream(), stream("other"))
    assert home.shown(ACCOUNT, "connected") == [STATE_UNKNOWN]
    await home.until("12:01:30")
    assert home.shown(ACCOUNT, "connected") == ["on"]
    await home.collector.stop()
    await home.until("12:02:07")
    assert home.shown(ACCOUNT, "connected") == ["off"]
    await home.collector.start()
    await home.press(ACCOUNT, "retry")
    assert home.shown(ACCOUNT, "connected") == ["on"]


async def test_one_bad_stream_does_not_disconnect_the_account(home: Home) -> None:
    home.collector.inject(Status(403, times=None, stream="main"))
    await home.start(stream(), stream("other"))
    await home.until("12:02:30")
    assert home.shown(ACCOUNT, "connected") == ["on"]
    assert home.shown(MAIN, "problem") == ["on"]
    assert home.shown(key_of("other"), "problem") == ["off"]


async def test_an_outage_is_a_problem_after_a_quarter_of_an_hour(home: Home) -> None:
    await home.start(stream())
    await home.until("12:01:30")
    await home.collector.stop()
    await home.until("12:16:55")
    assert home.shown(MAIN, "problem", "status") == ["off", "retrying"]
    await home.until("12:17:20")
    assert home.shown(MAIN, "problem", "status") == ["on", "retrying"]
    await home.collector.start()
    await home.press(ACCOUNT, "retry")
    await home.until("12:18:20")
    assert home.shown(MAIN, "problem", "status") == ["off", "ok"]
