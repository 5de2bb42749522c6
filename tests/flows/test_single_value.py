"""Adding and changing single-value streams."""

from typing import Any

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
    assert dialog.texts == {"units": "L, m³"}
    assert dialog.shown == {"unit": "L", "reading": "instant", "method": "latest", "factor": 1}
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
        "reading": "instant",
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
    data = stored(account, SUBENTRY_SINGLE_VALUE).data
    assert (data["unit"], data["parameters"]) == ("as_is", {"value": [{"source": pulses, "unit": None}]})


async def test_takes_a_unit_that_is_typed_only_if_it_fits(hass: HomeAssistant, account: ConfigEntry) -> None:
    dialog = await _value(hass, account, meter(hass, "gas", "3", "m³"))
    await dialog.submit(unit="kWh", factor=3, time_zone="Europe/Rome")
    assert dialog.errors == {"unit": "wrong_unit"}
    assert dialog.texts == {"wrong_unit": "gas (sensor.gas) [m³] → kWh", "units": "m³"}
    typed = {"unit": "kWh", "factor": 3, "time_zone": "Europe/Rome"}
    assert dialog.shown == {"reading": "instant", "method": "latest", **typed}
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
        ({"mode": ("5", None)}, {"entity": "not_numeric"}, {"not_numeric": "mode (sensor.mode) [-]"}),
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
    if "mode" in states:
        meter(hass, "mode", "eco")
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
        "reading": "instant",
        "method": "mean",
        "maximum_age": 90,
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
    assert dialog.shown == {
        "unit": "°F",
        "reading": "instant",
        "method": "mean",
        "factor": 2,
        "maximum_age": {"hours": 0, "minutes": 1, "seconds": 30},
        "time_zone": "Europe/Rome",
    }
    await dialog.submit()
    assert dialog.texts["advice"] == ""
    await dialog.submit()
    assert stored(account, SUBENTRY_SINGLE_VALUE).data == data

    dialog = await Dialog.stream(hass, account, SUBENTRY_SINGLE_VALUE, stream.subentry_id)
    await dialog.submit(name="Water", stream_id="water", interval={"seconds": 30}, entity=[water])
    await dialog.submit(
        unit="L",
        reading="interval",
        method="latest",
        factor=None,
        maximum_age=None,
        maximum_rate=5,
        time_zone=None,
    )
    await dialog.submit()
    changed = stored(account, SUBENTRY_SINGLE_VALUE)
    assert (changed.title, changed.unique_id) == ("Water", "water")
    assert changed.data == {
        "name": "Water",
        "stream_id": "water",
        "interval": 30,
        "parameters": {"value": [{"source": water, "maximum_rate": 5}]},
        "unit": "L",
        "reading": "interval",
    }


async def test_keeps_factors_that_differ_until_one_is_typed(hass: HomeAssistant, account: ConfigEntry) -> None:
    sources = [{"source": meter(hass, "one", "1", "m³"), "factor": 2}, {"source": meter(hass, "two", "1", "m³")}]
    stream = add_stream(hass, account, SUBENTRY_SINGLE_VALUE, {"parameters": {"value": sources}, "unit": "m³"})
    dialog = await Dialog.stream(hass, account, SUBENTRY_SINGLE_VALUE, stream.subentry_id)
    await dialog.submit()
    assert dialog.shown == {"unit": "m³", "reading": "instant", "method": "latest"}
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


@pytest.mark.parametrize(
    ("classes", "reading"),
    [
        (["total_increasing"], "cumulative"),
        (["total", "total_increasing"], "cumulative"),
        (["total", "measurement"], "instant"),
        (["total", None], "instant"),
        ([None], "instant"),
    ],
)
async def test_offers_the_reading_that_state_classes_tell(
    hass: HomeAssistant, account: ConfigEntry, classes: list[str | None], reading: str
) -> None:
    entities = [
        meter(hass, f"water_{number}", "1", "m³", **({"state_class": name} if name else {}))
        for number, name in enumerate(classes)
    ]
    dialog = await _value(hass, account, *entities)
    assert dialog.shown["reading"] == reading
    await dialog.submit()
    await dialog.submit()
    assert stored(account, SUBENTRY_SINGLE_VALUE).data["reading"] == reading


@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"method": "mean"}, {"method": "only_instant"}),
        ({"maximum_age": {"minutes": 5}}, {"maximum_age": "only_instant"}),
        ({"factor": -1}, {"factor": "invalid_factor"}),
        ({"maximum_rate": 0}, {"maximum_rate": "invalid_maximum_rate"}),
        ({"reading": "instant", "maximum_rate": 1}, {"maximum_rate": "only_counters"}),
        ({"reading": "instant", "maximum_age": {"seconds": 0.5}}, {"maximum_age": "invalid_maximum_age"}),
    ],
)
async def test_says_what_does_not_apply_to_the_reading(
    hass: HomeAssistant, account: ConfigEntry, typed: dict[str, Any], errors: dict[str, str]
) -> None:
    dialog = await _value(hass, account, meter(hass, "gas", "3", "m³", state_class="total"))
    before = dialog.shown
    await dialog.submit(**typed)
    assert (dialog.step, dialog.errors) == ("value", errors)
    assert dialog.shown == before | typed


async def test_a_level_is_no_counter(hass: HomeAssistant, account: ConfigEntry) -> None:
    dialog = await _value(hass, account, meter(hass, "tank", "3", "m³", state_class="measurement"))
    await dialog.submit(reading="interval")
    assert dialog.errors == {"reading": "net_counter"}
    assert dialog.texts == {"net_counter": "tank (sensor.tank) [m³]", "units": "m³"}
    await dialog.submit(reading="instant")
    assert dialog.step == "confirm"


async def test_the_unit_that_an_entity_had_is_kept_with_as_is_only(
    hass: HomeAssistant, account: ConfigEntry
) -> None:
    people, gone = meter(hass, "people", "3", "people"), registered(hass, "gone")
    parameters = {"value": [{"source": people}, {"source": gone.id, "unit": "people"}]}
    stream = add_stream(hass, account, SUBENTRY_SINGLE_VALUE, {"parameters": parameters, "unit": "as_is"})
    er.async_get(hass).async_remove(gone.entity_id)
    await hass.async_block_till_done()
    dialog = await Dialog.stream(hass, account, SUBENTRY_SINGLE_VALUE, stream.subentry_id)
    await dialog.submit()
    await dialog.submit()
    await dialog.submit()
    assert stored(account, SUBENTRY_SINGLE_VALUE).data["parameters"] == {
        "value": [{"source": people, "unit": "people"}, {"source": gone.id, "unit": "people"}]
    }
    dialog = await Dialog.stream(hass, account, SUBENTRY_SINGLE_VALUE, stream.subentry_id)
    await dialog.submit()
    await dialog.submit(unit="people")
    await dialog.submit()
    assert stored(account, SUBENTRY_SINGLE_VALUE).data["parameters"] == {
        "value": [{"source": people}, {"source": gone.id}]
    }


async def test_bounds_that_differ_go_with_the_reading(hass: HomeAssistant, account: ConfigEntry) -> None:
    one, two = meter(hass, "one", "1", "m³"), meter(hass, "two", "1", "m³")
    sources = [{"source": one, "maximum_rate": 2}, {"source": two, "maximum_rate": 3}]
    data = {"parameters": {"value": sources}, "unit": "m³", "reading": "cumulative"}
    stream = add_stream(hass, account, SUBENTRY_SINGLE_VALUE, data)
    dialog = await Dialog.stream(hass, account, SUBENTRY_SINGLE_VALUE, stream.subentry_id)
    await dialog.submit()
    assert dialog.shown == {"unit": "m³", "reading": "cumulative", "method": "latest", "factor": 1}
    await dialog.submit()
    await dialog.submit()
    assert stored(account, SUBENTRY_SINGLE_VALUE).data["parameters"] == {"value": sources}
    dialog = await Dialog.stream(hass, account, SUBENTRY_SINGLE_VALUE, stream.subentry_id)
    await dialog.submit()
    await dialog.submit(reading="instant")
    await dialog.submit()
    plain = [{"source": one}, {"source": two}]
    assert stored(account, SUBENTRY_SINGLE_VALUE).data["parameters"] == {"value": plain}
