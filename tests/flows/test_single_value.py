"""Adding and changing single-value streams."""

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.wattics.const import SUBENTRY_SINGLE_VALUE

from .dialog import Dialog
from .meters import add_stream, let_packets_wait, meter, registered, stored, waiting

IDENTITY = {"name": "Gas", "stream_id": "gas"}


async def _value(hass: HomeAssistant, account: ConfigEntry, *entities: str) -> Dialog:
    dialog = await Dialog.stream(hass, account, SUBENTRY_SINGLE_VALUE)
    await dialog.submit(**IDENTITY, entity=list(entities))
    assert dialog.step == "value"
    return dialog


def _units(dialog: Dialog) -> list[str]:
    return dialog.fields[0]["selector"]["select"]["options"]  # type: ignore[no-any-return]


async def test_adds_a_stream(hass: HomeAssistant, account: ConfigEntry) -> None:
    gas = registered(hass, "gas", unit_of_measurement="L")
    meter(hass, gas.entity_id, "1500", "L", device_class="gas")
    annex = meter(hass, "annex", "2", "m³")
    dialog = await _value(hass, account, gas.entity_id, annex)
    assert dialog.shown == {"unit": "L", "factor": 1}
    assert _units(dialog)[:2] == ["L", "m³"]
    assert {"gal", "ft³"} < set(_units(dialog))
    assert "as_is" not in _units(dialog)

    await dialog.submit(unit="m³", factor=2, time_zone="America/New_York")
    assert '"value":7}' in dialog.texts["packet"]
    assert "-05:00" in dialog.texts["packet"] or "-04:00" in dialog.texts["packet"]
    assert (await dialog.submit())["type"] is FlowResultType.CREATE_ENTRY
    stream = stored(account, SUBENTRY_SINGLE_VALUE)
    assert (stream.title, stream.unique_id) == ("Gas", "gas")
    assert stream.data == {
        "name": "Gas",
        "stream_id": "gas",
        "interval": 300,
        "parameters": {"value": [{"source": gas.id, "factor": 2}, {"source": annex, "factor": 2}]},
        "unit": "m³",
        "time_zone": "America/New_York",
    }


@pytest.mark.parametrize(
    ("unit", "units"), [(None, ["as_is"]), ("people", ["people", "as_is"]), ("°C", ["°C", "K", "°F", "as_is"])]
)
async def test_suggests_the_units_that_fit(
    hass: HomeAssistant, account: ConfigEntry, unit: str | None, units: list[str]
) -> None:
    dialog = await _value(hass, account, meter(hass, "reading", "5", unit))
    assert _units(dialog) == units
    assert dialog.shown["unit"] == units[0]


async def test_takes_a_number_as_it_is(hass: HomeAssistant, account: ConfigEntry) -> None:
    pulses = meter(hass, "counter.pulses", "17")
    dialog = await _value(hass, account, pulses)
    await dialog.submit()
    assert '"value":17}' in dialog.texts["packet"]
    await dialog.submit()
    assert stored(account, SUBENTRY_SINGLE_VALUE).data["unit"] == "as_is"


async def test_takes_a_unit_that_is_typed_only_if_it_fits(hass: HomeAssistant, account: ConfigEntry) -> None:
    dialog = await _value(hass, account, meter(hass, "gas", "3", "m³"))
    await dialog.submit(unit="kWh", factor=3, time_zone="Europe/Rome")
    assert dialog.errors == {"unit": "wrong_unit"}
    assert dialog.texts == {"wrong_unit": "gas (sensor.gas) [m³] → kWh"}
    assert dialog.shown == {"unit": "kWh", "factor": 3, "time_zone": "Europe/Rome"}
    await dialog.submit(unit="CCF")
    assert dialog.step == "confirm"


async def test_units_that_differ_are_not_added_up_as_they_are(hass: HomeAssistant, account: ConfigEntry) -> None:
    dialog = await _value(hass, account, meter(hass, "one", "3", "m³"), meter(hass, "two", "3", "L"))
    await dialog.submit(unit="as_is")
    assert dialog.errors == {"unit": "wrong_unit"}


async def test_refuses_the_factor_0(hass: HomeAssistant, account: ConfigEntry) -> None:
    dialog = await _value(hass, account, meter(hass, "gas", "3", "m³"))
    await dialog.submit(factor=0)
    assert dialog.errors == {"factor": "invalid_factor"}
    await dialog.submit(factor=-1)
    assert dialog.step == "confirm"


@pytest.mark.parametrize(
    ("states", "errors", "texts"),
    [
        ({}, {"base": "no_parameters"}, {}),
        ({"mode": ("eco", None)}, {"entity": "not_numeric"}, {"not_numeric": "mode (sensor.mode) [-]"}),
        (
            {"heat": ("1", "°C"), "gas": ("1", "m³")},
            {"entity": "wrong_unit"},
            {"wrong_unit": "heat (sensor.heat) [°C]; gas (sensor.gas) [m³]"},
        ),
    ],
)
async def test_refuses_entities(
    hass: HomeAssistant,
    account: ConfigEntry,
    states: dict[str, tuple[str, str | None]],
    errors: dict[str, str],
    texts: dict[str, str],
) -> None:
    entities = [meter(hass, name, *state) for name, state in states.items()]
    dialog = await Dialog.stream(hass, account, SUBENTRY_SINGLE_VALUE)
    await dialog.submit(**IDENTITY, interval={"hours": 1}, entity=entities)
    assert (dialog.step, dialog.errors, dialog.texts) == ("user", errors, texts)
    assert dialog.shown == {**IDENTITY, "interval": {"hours": 1}, "entity": entities}


async def test_names_all_that_is_wrong_on_the_first_page(hass: HomeAssistant, account: ConfigEntry) -> None:
    dialog = await Dialog.stream(hass, account, SUBENTRY_SINGLE_VALUE)
    await dialog.submit(name="", stream_id="", interval={"seconds": 7}, entity=["sensor.nowhere"])
    assert dialog.errors == {
        "stream_id": "invalid_stream_id",
        "interval": "invalid_interval",
        "entity": "not_numeric",
    }


async def test_shows_and_changes_everything(hass: HomeAssistant, account: ConfigEntry) -> None:
    heat, water = meter(hass, "heat", "20", "°C"), meter(hass, "water", "4", "m³")
    data = {
        "name": "Heat",
        "stream_id": "heat",
        "interval": 60,
        "parameters": {"value": [{"source": heat, "factor": 2}]},
        "unit": "°F",
        "time_zone": "Europe/Rome",
    }
    stream = add_stream(hass, account, SUBENTRY_SINGLE_VALUE, data)
    dialog = await Dialog.stream(hass, account, SUBENTRY_SINGLE_VALUE, stream.subentry_id)
    assert dialog.shown == {
        "name": "Heat",
        "stream_id": "heat",
        "interval": {"hours": 0, "minutes": 1, "seconds": 0},
        "entity": [heat],
    }
    await dialog.submit()
    assert dialog.shown == {"unit": "°F", "factor": 2, "time_zone": "Europe/Rome"}
    await dialog.submit()
    assert dialog.texts["interval"] == ""
    await dialog.submit()
    assert stored(account, SUBENTRY_SINGLE_VALUE).data == data

    dialog = await Dialog.stream(hass, account, SUBENTRY_SINGLE_VALUE, stream.subentry_id)
    await dialog.submit(name="Water", stream_id="water", interval={"seconds": 30}, entity=[water])
    await dialog.submit(unit="L", factor=None, time_zone=None)
    await dialog.submit()
    changed = stored(account, SUBENTRY_SINGLE_VALUE)
    assert (changed.title, changed.unique_id) == ("Water", "water")
    assert changed.data == {
        "name": "Water",
        "stream_id": "water",
        "interval": 30,
        "parameters": {"value": [{"source": water}]},
        "unit": "L",
    }


async def test_keeps_factors_that_differ_until_one_is_typed(hass: HomeAssistant, account: ConfigEntry) -> None:
    sources = [{"source": meter(hass, "one", "1", "m³"), "factor": 2}, {"source": meter(hass, "two", "1", "m³")}]
    stream = add_stream(hass, account, SUBENTRY_SINGLE_VALUE, {"parameters": {"value": sources}, "unit": "m³"})
    dialog = await Dialog.stream(hass, account, SUBENTRY_SINGLE_VALUE, stream.subentry_id)
    await dialog.submit()
    assert dialog.shown == {"unit": "m³"}
    await dialog.submit()
    await dialog.submit()
    assert stored(account, SUBENTRY_SINGLE_VALUE).data["parameters"] == {"value": sources}


async def test_a_lost_source_does_not_keep_the_rest_from_being_changed(
    hass: HomeAssistant, account: ConfigEntry
) -> None:
    gone = registered(hass, "gone", unit_of_measurement="m³")
    er.async_get(hass).async_remove(gone.entity_id)
    await hass.async_block_till_done()
    data = {"parameters": {"value": [{"source": gone.id}]}, "unit": "m³"}
    stream = add_stream(hass, account, SUBENTRY_SINGLE_VALUE, data)
    dialog = await Dialog.stream(hass, account, SUBENTRY_SINGLE_VALUE, stream.subentry_id)
    await dialog.submit(name="Renamed")
    await dialog.submit()
    await dialog.submit()
    changed = stored(account, SUBENTRY_SINGLE_VALUE)
    assert (changed.title, changed.data["parameters"]) == ("Renamed", data["parameters"])


async def test_discards_waiting_packets_on_demand(hass: HomeAssistant, account: ConfigEntry) -> None:
    await let_packets_wait(hass, account, "main", 3)
    data = {"parameters": {"value": [{"source": meter(hass, "gas", "1", "m³")}]}, "unit": "m³"}
    stream = add_stream(hass, account, SUBENTRY_SINGLE_VALUE, data)
    dialog = await Dialog.stream(hass, account, SUBENTRY_SINGLE_VALUE, stream.subentry_id)
    await dialog.submit(stream_id="other")
    await dialog.submit()
    await dialog.submit(packets="discard")
    await dialog.submit()
    assert await waiting(hass, account) == {}
