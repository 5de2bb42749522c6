"""Two hundred streams at once hold up nobody."""

from asyncio import Event, events
from collections.abc import Generator
from contextlib import contextmanager
import gc
import time
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.wattics.const import DOMAIN
from tests.collector import Collector

STREAMS = 200
SECONDS = 5.0
LONGEST_CALLBACK = 0.020


@pytest.fixture
def hass_config_dir(hass_tmp_config_dir: str) -> str:
    """Give the test a folder of its own for the outbox."""
    return hass_tmp_config_dir


@contextmanager
def _callbacks() -> Generator[list[float]]:
    """Collect how long each callback of the event loop takes, in seconds of the processor: no others count.

    asyncio's own debug mode measures the same, but makes callbacks slower and counts what others take.
    """
    took: list[float] = []
    run = events.Handle._run

    def timed(handle: events.Handle) -> None:
        started = time.thread_time()
        run(handle)
        took.append(time.thread_time() - started)

    # What the tests before this one left behind is not ours to look through.
    gc.collect()
    gc.freeze()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(events.Handle, "_run", timed)
        yield took
    gc.unfreeze()


async def _call(hass: HomeAssistant, entry: MockConfigEntry, action: str, **data: Any) -> Any:
    return await hass.services.async_call(
        DOMAIN, action, {"config_entry_id": entry.entry_id, **data}, blocking=True, return_response=True
    )


def _rows() -> list[dict[str, Any]]:
    return [
        {
            "name": f"Meter {number}",
            "stream_id": f"meter-{number}",
            "interval": 300,
            "parameters": {
                "aP_1": f"sensor.power_{number}{{import}}",
                "pC_1": f"sensor.energy_{number} + sensor.night_{number}*0.5",
            },
        }
        for number in range(STREAMS)
    ]


async def _set_up(hass: HomeAssistant, collector: Collector) -> MockConfigEntry:
    for number in range(STREAMS):
        for name, unit in (("power", "kW"), ("energy", "kWh"), ("night", "kWh")):
            hass.states.async_set(f"sensor.{name}_{number}", "1", {"unit_of_measurement": unit})
    entry = MockConfigEntry(
        domain=DOMAIN, title="ada", data={"url": collector.url, "username": "ada", "password": "secret"}
    )
    entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    return entry


async def _entities(hass: HomeAssistant, count: int) -> None:
    """Wait until so many entities are registered, and all is done that comes of it."""
    registry = er.async_get(hass)
    complete = Event()

    @callback
    def registered(_: object) -> None:
        if len(registry.entities) >= count:
            complete.set()

    stop_listening = hass.bus.async_listen(er.EVENT_ENTITY_REGISTRY_UPDATED, registered)
    registered(None)
    await complete.wait()
    stop_listening()
    await hass.async_block_till_done()


async def test_a_list_of_200_streams(hass: HomeAssistant, socket_enabled: None) -> None:  # noqa: ARG001
    """With their devices and entities, and at work."""
    registry = er.async_get(hass)
    first, *others = _rows()
    async with Collector(accounts={"ada": "secret"}) as collector:
        entry = await _set_up(hass, collector)
        of_account = len(registry.entities)
        await _call(hass, entry, "import_streams", streams=[first])
        await _entities(hass, of_account + 1)
        of_stream = len(registry.entities) - of_account
        hass.loop.set_debug(False)
        started = time.thread_time()
        with _callbacks() as took:
            response = await _call(hass, entry, "import_streams", streams=[first, *others])
            await _entities(hass, of_account + STREAMS * of_stream)
            exported = await _call(hass, entry, "export_streams")
            again = await _call(hass, entry, "import_streams", streams=exported["csv"])
        seconds = time.thread_time() - started
        assert (
            len(response["created"]) + 1 == len(again["unchanged"]) == len(entry.runtime_data.streams) == STREAMS
        )
        assert await _call(hass, entry, "export_streams") == exported
        assert max(took) < LONGEST_CALLBACK
        assert seconds < SECONDS
        assert await hass.config_entries.async_unload(entry.entry_id)
