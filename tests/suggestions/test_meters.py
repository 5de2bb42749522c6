"""What is suggested for real meters."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr, entity_registry as er
import pytest

from custom_components.wattics.delivery.packet import PARAMETERS
from custom_components.wattics.flows.sources import check_source
from custom_components.wattics.suggestions.devices import entities_of, meters
from custom_components.wattics.suggestions.suggestion import Suggestion, suggest

from .meters import METERS, Meter, Part, Sensor, dsmr, iotawatt, shelly, zigbee
from .registry import register

METER_IDS = [f"{meter.integration}-{meter.model or meter.name}-{meter.name}" for meter in METERS]


def _fits(_entity_id: str, _code: str) -> bool:
    return True


def _suggest(meter: Meter, *, enable_all: bool = False) -> tuple[Suggestion, dict[str, str]]:
    entities = meter.entities(enable_all=enable_all)
    keys = {entity.entity_id: key for key, entity in entities.items()}
    assert len(keys) == len(entities)
    return suggest(list(entities.values()), _fits), keys


def _by_key(found: Mapping[Any, Sequence[str]], keys: Mapping[str, str]) -> dict[Any, list[str]]:
    return {what: [keys[entity] for entity in entities] for what, entities in found.items()}


@pytest.mark.parametrize("meter", METERS, ids=METER_IDS)
def test_suggests(meter: Meter) -> None:
    suggestion, keys = _suggest(meter)
    assert _by_key(suggestion.parameters, keys) == meter.expected
    assert _by_key(suggestion.notes, keys) == meter.notes
    assert list(suggestion.parameters) == [code for code in PARAMETERS if code in suggestion.parameters]


@pytest.mark.parametrize("meter", [meter for meter in METERS if meter.all_enabled])
def test_suggests_more_once_all_is_enabled(meter: Meter) -> None:
    suggestion, keys = _suggest(meter, enable_all=True)
    assert _by_key(suggestion.parameters, keys) == meter.all_enabled


@pytest.mark.parametrize("meter", METERS, ids=METER_IDS)
@pytest.mark.parametrize("enable_all", [False, True])
async def test_the_registries_tell_the_same(hass: HomeAssistant, meter: Meter, enable_all: bool) -> None:
    device_id, entity_ids = register(hass, meter, enable_all=enable_all)

    def fits(entity_id: str, code: str) -> bool:
        return check_source(hass, entity_id, code, PARAMETERS[code].unit) is None

    suggestion = suggest(entities_of(hass, device_id), fits)
    keys = {entity_id: key for key, entity_id in entity_ids.items()}
    expected, known_keys = _suggest(meter, enable_all=enable_all)
    assert _by_key(suggestion.parameters, keys) == _by_key(expected.parameters, known_keys)
    assert _by_key(suggestion.notes, keys) == _by_key(expected.notes, known_keys)


async def test_no_device_has_no_entities(hass: HomeAssistant) -> None:
    assert entities_of(hass, "gone") == []


async def test_a_phase_that_is_chosen_itself_keeps_its_code(hass: HomeAssistant) -> None:
    _, entity_ids = register(hass, shelly.PRO_3EM)
    phase = er.async_get(hass).async_get(entity_ids["em:0-c_act_power"])
    assert phase is not None
    assert phase.device_id is not None
    suggestion = suggest(entities_of(hass, phase.device_id), _fits)
    assert suggestion.parameters == {
        "aP_3": [entity_ids["em:0-c_act_power"]],
        "apP_3": [entity_ids["em:0-c_aprt_power"]],
    }


async def test_channels_that_are_devices_are_left_to_themselves(hass: HomeAssistant) -> None:
    channels = [Part(f"Shelly EM Channel {number}", f"emeter_{number - 1}", ()) for number in (1, 2)]
    channels = [replace(part, sensors=shelly.emeter(number)) for number, part in enumerate(channels)]
    device_id, entity_ids = register(hass, replace(shelly.EM, parts=channels))
    assert len(entity_ids) == 12
    assert {entity.unique_id for entity in entities_of(hass, device_id)} == {
        shelly.EM.unique_id.format(sensor.key) for sensor in shelly.EM.sensors
    }


async def test_filters_meters_by_their_model(hass: HomeAssistant) -> None:
    assert meters(hass) == []
    register(hass, shelly.EM_3)
    register(hass, dsmr.DUTCH)
    register(hass, iotawatt.CIRCUITS)
    register(hass, replace(zigbee.Z2M_PLUG, manufacturer="", model=""))
    register(hass, Meter(
        name="Thermometer", integration="thermometer", manufacturer="Acme", model="T1", unique_id="t-{}",
        sensors=(Sensor("temperature", "°C"), Sensor("power", "W", enabled=False)), expected={},
    ))  # fmt: skip
    assert meters(hass) == [
        {"integration": "mqtt"},
        {"manufacturer": "DSMR", "model": "5"},
        {"manufacturer": "IoTaWatt", "model": "IoTaWatt"},
        {"manufacturer": "Shelly", "model": "Shelly 3EM"},
    ]


if hasattr(dr, "async_entries_for_parent_device"):
    # The oldest version that is supported has no child devices.

    async def test_phases_may_be_child_devices(hass: HomeAssistant, caplog: pytest.LogCaptureFixture) -> None:
        device_id, entity_ids = register(hass, shelly.PRO_3EM)
        devices: Any = dr.async_get(hass)
        parent = devices.async_get(device_id)
        for part in shelly.PRO_3EM.parts:
            child = devices.async_get_or_create_child(
                config_entry_id=parent.config_entry_id,
                identifiers={("shelly", f"child {part.identifier}")},
                name=part.name.removeprefix("Shelly Pro 3EM "),
                parent_device_id=device_id,
            )
            for sensor in part.sensors:
                er.async_get(hass).async_update_entity(entity_ids[sensor.key], device_id=child.id)
        suggestion = suggest(entities_of(hass, device_id), _fits)
        assert _by_key(suggestion.parameters, {entity: key for key, entity in entity_ids.items()}) == (
            shelly.PRO_3EM.expected
        )
        phase = er.async_get(hass).async_get(entity_ids["em:0-b_act_power"])
        assert phase is not None
        assert phase.device_id is not None
        assert devices.async_get(phase.device_id).parent_device_id == device_id
        assert list(suggest(entities_of(hass, phase.device_id), _fits).parameters) == ["aP_2", "apP_2"]
        assert meters(hass) == [
            {"integration": "shelly"},
            {"manufacturer": "Shelly", "model": "Shelly Pro 3EM"},
        ]
        assert "custom_components.wattics" not in caplog.text
