"""Entities that are renamed, or get into the registry: their streams go on with them, and nothing is lost."""

from typing import Any

from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .common import Home, key_of, stream

MAIN = key_of("main")


def _register(home: Home, name: str) -> er.RegistryEntry:
    return er.async_get(home.hass).async_get_or_create("sensor", "test", name, suggested_object_id=name)


def _reload(home: Home, name: str) -> er.RegistryEntry:
    """Let an entity go and come back with a unique id."""
    state = home.hass.states.get(f"sensor.{name}")
    assert state is not None
    home.hass.states.async_remove(state.entity_id)
    entity = _register(home, name)
    home.hass.states.async_set(entity.entity_id, state.state, state.attributes)
    return entity


async def _rename(home: Home, old: str, new: str) -> None:
    """Rename an entity as Home Assistant does: the state goes, and comes back under the new name."""
    state = home.hass.states.get(old)
    assert state is not None
    er.async_get(home.hass).async_update_entity(old, new_entity_id=new)
    home.hass.states.async_remove(old)
    await home.settle()
    home.hass.states.async_set(new, state.state, state.attributes)
    await home.settle()


def _values(home: Home) -> list[dict[str, float]]:
    return [dict(packet.values) for packet in home.packets("main")]


def _source_ids(entry: MockConfigEntry) -> list[str]:
    parameters: dict[str, list[dict[str, Any]]] = entry.subentries[MAIN].data["parameters"]
    return [source["source"] for sources in parameters.values() for source in sources]


async def test_a_renamed_source_of_values(home: Home) -> None:
    power = _register(home, "power")
    home.set(power.entity_id, 7)
    await home.start(stream("main", power.id))
    await home.until("12:01:30")
    await _rename(home, "sensor.power", "sensor.mains")
    await home.until("12:02:30")
    home.set("sensor.mains", 8)
    await home.until("12:03:30")
    assert _values(home) == [{"aP_1": 7}, {"aP_1": 7}, {"aP_1": 8}]
    assert home.instants() == ["12:01:00", "12:02:00", "12:03:00"]


@pytest.mark.parametrize("method", ["latest", "mean"])
async def test_a_renamed_entity_that_goes_and_comes_by_itself(home: Home, method: str) -> None:
    """Home Assistant takes the entity away and adds it anew: nothing of that shows in the packets."""
    settings = {"power": {"min": 0, "max": 5000, "initial": 1000, "unit_of_measurement": "W"}}
    assert await async_setup_component(home.hass, "input_number", {"input_number": settings})
    power = er.async_get(home.hass).async_get("input_number.power")
    assert power is not None
    await home.start(stream("main", power.id, method=method))
    await home.until("12:01:15")
    er.async_get(home.hass).async_update_entity("input_number.power", new_entity_id="input_number.mains")
    await home.until("12:01:30")
    target = {"entity_id": "input_number.mains", "value": 3000}
    await home.hass.services.async_call("input_number", "set_value", target, blocking=True)
    await home.until("12:03:30")
    changed = 3000 if method == "latest" else 2000
    assert _values(home) == [{"aP_1": 1000}, {"aP_1": changed}, {"aP_1": 3000}]


async def test_a_renamed_counter(home: Home) -> None:
    energy = _register(home, "energy")
    home.set(energy.entity_id, 100, "Wh")
    await home.start(stream(parameters={"pC_1": [{"source": energy.id}]}))
    await home.until("12:01:30")
    home.set(energy.entity_id, 101, "Wh")
    await _rename(home, "sensor.energy", "sensor.mains")
    home.set("sensor.mains", 103, "Wh")
    await home.until("12:02:30")
    home.set("sensor.mains", 2, "Wh")
    home.set("sensor.mains", 3, "Wh")
    await home.until("12:03:30")
    assert _values(home) == [{"pC_1": 100}, {"pC_1": 103}, {"pC_1": 106}]


@pytest.mark.parametrize("is_running", [True, False])
async def test_an_entity_that_gets_into_the_registry(home: Home, is_running: bool) -> None:
    """From then on its stream follows it by registry id, with what is known of its mean and its register."""
    home.set("sensor.power", 1000)
    home.set("sensor.energy", 100, "Wh")
    parameters = {
        "aP_1": [{"source": "sensor.power", "factor": 2}],
        "pC_1": [{"source": "sensor.energy", "maximum_rate": 90_000}],
    }
    entry = await home.start(stream(parameters=parameters, method="mean"))
    await home.until("12:01:15")
    home.set("sensor.energy", 101, "Wh")
    if not is_running:
        await home.unload(entry)
    power, energy = _reload(home, "power"), _reload(home, "energy")
    if not is_running:
        await home.load(entry)
    await home.settle()
    assert _source_ids(entry) == [power.id, energy.id]
    assert entry.subentries[MAIN].data["parameters"] == {
        "aP_1": [{"source": power.id, "factor": 2}],
        "pC_1": [{"source": energy.id, "maximum_rate": 90_000}],
    }
    await home.until("12:01:30")
    home.set("sensor.power", 3000)
    home.set("sensor.energy", 103, "Wh")
    await _rename(home, "sensor.power", "sensor.mains")
    await home.until("12:02:30")
    power_at = 4000 if is_running else (15 * 2000 + 30 * 6000) / 45
    assert _values(home)[-1] == {"aP_1": pytest.approx(power_at), "pC_1": 103}
    home.set("sensor.energy", 1, "Wh")
    await home.until("12:02:45")
    home.set("sensor.energy", 2, "Wh")
    await home.until("12:03:30")
    assert _values(home)[-1] == {"aP_1": 6000, "pC_1": 105}


async def test_streams_of_other_entities_stay_as_they_are(home: Home) -> None:
    home.set("sensor.power", 1)
    entry = await home.start(stream("main", "sensor.power"))
    before = entry.subentries[MAIN].data
    _register(home, "energy")
    await home.settle()
    assert entry.subentries[MAIN].data is before
