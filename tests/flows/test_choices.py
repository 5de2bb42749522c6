"""Which entities a form offers: those that its checks would take."""

import asyncio
from typing import Any

from homeassistant.components.sensor.const import SensorDeviceClass
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.json import json_bytes
import pytest

from custom_components.wattics.const import SUBENTRY_ELECTRICITY, SUBENTRY_SINGLE_VALUE
from custom_components.wattics.delivery.packet import PARAMETERS
from custom_components.wattics.flows.choices import async_text, async_unfit, fitting_units
from custom_components.wattics.flows.units import ALL_UNITS
from custom_components.wattics.sampling.values import conversion

from .dialog import Dialog
from .meters import add_stream, meter

IDENTITY = {"name": "Main meter", "stream_id": "main"}
UNITS = sorted({parameter.unit for parameter in PARAMETERS.values()})


def _offered(hass: HomeAssistant, field: dict[str, Any]) -> set[str]:
    """Return the entities that the frontend lists for a field, by its own rules (`filterSelectorEntities`)."""
    config = field["selector"]["entity"]
    return {
        state.entity_id
        for state in hass.states.async_all()
        if state.entity_id not in config.get("exclude_entities", ())
        and any(_matches(state, one) for one in config["filter"])
    }


def _matches(state: State, wanted: dict[str, Any]) -> bool:
    units = wanted.get("unit_of_measurement")
    return state.domain in wanted["domain"] and (
        units is None or state.attributes.get("unit_of_measurement") in units
    )


async def _fields(hass: HomeAssistant, account: ConfigEntry) -> dict[str, dict[str, Any]]:
    dialog = await Dialog.stream(hass, account, SUBENTRY_ELECTRICITY)
    await dialog.submit(**IDENTITY)
    return {field["name"]: field for part in dialog.fields for field in part["schema"]}


@pytest.mark.parametrize("wanted", UNITS)
def test_units_alone_tell_what_fits(wanted: str) -> None:
    """The frontend can't judge by unit and device class together, so no device class may make a difference."""
    fitting = fitting_units(wanted)
    assert wanted in fitting
    for device_class in (None, *SensorDeviceClass):
        for unit in ALL_UNITS:
            state = State("sensor.any", "1", {"unit_of_measurement": unit, "device_class": device_class})
            assert (conversion(state, wanted) is not None) == (unit in fitting), (device_class, unit)


async def test_each_parameter_offers_what_fits(hass: HomeAssistant, account: ConfigEntry) -> None:
    power = {
        meter(hass, "power", "1", "kW", device_class="power"),
        meter(hass, "modbus", "unavailable", "W"),
        meter(hass, "number.limit", "1", "W"),
        meter(hass, "input_number.guess", "1", "MW"),
    }
    energy = {
        meter(hass, "energy", "1", "kWh", device_class="energy", state_class="total"),
        meter(hass, "template", "1", "Wh"),
    }
    volts, amperes = {meter(hass, "volts", "230", "V")}, {meter(hass, "amperes", "20", "mA")}
    meter(hass, "net", "-1", "kWh", state_class="total")
    meter(hass, "battery", "1", "kWh", device_class="energy_storage")
    meter(hass, "heat", "20", "°C")
    meter(hass, "bare", "20")
    meter(hass, "light.lamp", "1", "W")
    fields = await _fields(hass, account)
    offered = {code: _offered(hass, fields[code]) for code in PARAMETERS}
    expected = {"aP": power, "pC": energy, "v": volts, "c": amperes, "rP": set(), "apP": set()}
    assert offered == {code: expected[code.partition("_")[0]] for code in PARAMETERS}
    assert [name for name, field in fields.items() if "exclude_entities" in str(field)] == ["pC_1", "pC_2", "pC_3"]


async def test_a_single_value_offers_numbers(hass: HomeAssistant, account: ConfigEntry) -> None:
    numbers = {
        meter(hass, "heat", "20", "°C"),
        meter(hass, "bare", "20"),
        meter(hass, "silent", "unknown"),
        meter(hass, "counter.pulses", "3"),
    }
    meter(hass, "mode", "eco")
    meter(hass, "moment", "unknown", device_class="timestamp")
    meter(hass, "light.lamp", "1")
    dialog = await Dialog.stream(hass, account, SUBENTRY_SINGLE_VALUE)
    assert _offered(hass, dialog.fields[-1]) == numbers


async def test_what_is_stored_stays_choosable(hass: HomeAssistant, account: ConfigEntry) -> None:
    sources = {"pC_1": [{"source": meter(hass, "net", "5", "kWh")}, {"source": "sensor.gone"}]}
    stream = add_stream(hass, account, SUBENTRY_ELECTRICITY, {"parameters": sources})
    meter(hass, "net", "-5", "kWh")
    dialog = await Dialog.stream(hass, account, SUBENTRY_ELECTRICITY, stream.subentry_id)
    await dialog.submit()
    await dialog.submit()
    assert dialog.errors == {"energy": "net_counter"}
    meter(hass, "net", "5", "kWh")
    await dialog.submit()
    assert dialog.step == "confirm"


async def test_a_big_installation(hass: HomeAssistant, account: ConfigEntry) -> None:
    """With 5,000 entities the page stays small and nothing waits for it."""
    for number in range(1000):
        meter(hass, f"energy_{number}", "5", "kWh", device_class="energy", state_class="total_increasing")
        meter(hass, f"battery_{number}", "5", "kWh", device_class="energy_storage", state_class="measurement")
        meter(hass, f"power_{number}", "5", "W", device_class="power")
        meter(hass, f"text_{number}", "eco")
        meter(hass, f"temperature_{number}", "5", "°C")
    turns = 0

    async def turn() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    others = asyncio.create_task(turn())
    left_out = await async_unfit(hass, keep={"sensor.battery_0"})
    text = await async_text(hass, keep=())
    others.cancel()
    assert turns > 2
    assert set(left_out) == {"Wh"}
    assert len(left_out["Wh"]) == 999
    assert len(text) == 1000
    # All that is sent for 21 lists of 3,000 entities are the net counters, for the three that could have them.
    fields = await _fields(hass, account)
    assert len(json_bytes(fields)) < 100_000
