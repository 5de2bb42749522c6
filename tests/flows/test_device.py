"""Adding an electricity stream by choosing its meter."""

from dataclasses import replace
import json

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
import pytest

from custom_components.wattics.const import SUBENTRY_ELECTRICITY
from custom_components.wattics.delivery.packet import PARAMETERS
from tests.suggestions.meters import METERS, Meter, iotawatt, shelly, zigbee
from tests.suggestions.registry import register

from .dialog import Dialog
from .meters import add_stream, meter, stored

IDENTITY = {"name": "Main meter", "stream_id": "main"}


async def _first_page(hass: HomeAssistant, account: ConfigEntry) -> Dialog:
    return await Dialog.stream(hass, account, SUBENTRY_ELECTRICITY)


async def _parameters(hass: HomeAssistant, account: ConfigEntry, device_id: str) -> Dialog:
    dialog = await _first_page(hass, account)
    await dialog.submit(**IDENTITY, device=device_id)
    assert dialog.step == "parameters"
    return dialog


def _sections(parameters: dict[str, list[str]]) -> dict[str, dict[str, list[str]]]:
    sections: dict[str, dict[str, list[str]]] = {}
    for code, entities in parameters.items():
        sections.setdefault(PARAMETERS[code].quantity.value, {})[code] = entities
    return sections


def _shown_entities(dialog: Dialog) -> dict[str, list[str]]:
    return {
        code: entities
        for section in dialog.shown.values()
        for code, entities in section.items()
        if code in PARAMETERS
    }


@pytest.mark.parametrize("enable_all", [False, True])
async def test_a_pro_3em_is_three_clicks(hass: HomeAssistant, account: ConfigEntry, enable_all: bool) -> None:
    device_id, entity_ids = register(hass, shelly.PRO_3EM, enable_all=enable_all)
    expected = shelly.PRO_3EM.all_enabled if enable_all else shelly.PRO_3EM.expected
    assert expected
    by_code = {code: [entity_ids[key] for key in keys] for code, keys in expected.items()}

    dialog = await _first_page(hass, account)
    await dialog.submit(**IDENTITY, device=device_id)
    assert _shown_entities(dialog) == by_code
    unfolded = [field["name"] for field in dialog.fields if field["expanded"]]
    assert unfolded == [name for name in dialog.shown if name != "sampling"] + ["sampling"]
    await dialog.submit()
    assert dialog.step == "confirm"
    packet = json.loads(dialog.texts["packet"].strip("`"))
    assert set(packet) == {"id", "tsISO8601", *by_code}
    assert dialog.texts["missing"] == "Nothing is missing."
    assert (await dialog.submit())["type"] is FlowResultType.CREATE_ENTRY

    registry = er.async_get(hass)
    ids = {code: [registry.async_get(entity) for entity in entities] for code, entities in by_code.items()}
    assert stored(account, SUBENTRY_ELECTRICITY).data == {
        **IDENTITY,
        "interval": 300,
        "parameters": {
            code: [{"source": entry.id} for entry in entries if entry] for code, entries in ids.items()
        },
    }


@pytest.mark.parametrize("known", [meter for meter in METERS if meter.expected])
async def test_whatever_is_suggested_is_taken(hass: HomeAssistant, account: ConfigEntry, known: Meter) -> None:
    device_id, entity_ids = register(hass, known)
    dialog = await _parameters(hass, account, device_id)
    expected = {code: [entity_ids[key] for key in keys] for code, keys in known.expected.items()}
    assert _shown_entities(dialog) == expected
    await dialog.submit()
    assert dialog.step == "confirm"


async def test_says_what_it_did_and_what_it_left_out(hass: HomeAssistant, account: ConfigEntry) -> None:
    device_id, _ = register(hass, shelly.PRO_3EM)
    dialog = await _parameters(hass, account, device_id)
    said = dialog.texts["suggestion"].replace("\\", "")
    lines = said.splitlines()
    assert lines[:2] == [
        "Filled in with what Shelly Pro 3EM measures: check it, and change or empty what you like.",
        "",
    ]
    assert lines[2].startswith("- Would fit too, but is disabled or hidden in Home Assistant: Voltage (sensor.")
    assert lines[2].endswith(", 3 more. Enable it there first to send it.")
    assert lines[3].endswith("Energy returned (sensor.shelly_pro_3em_energy_returned).")


async def test_without_a_device_nothing_is_said(hass: HomeAssistant, account: ConfigEntry) -> None:
    register(hass, shelly.PRO_3EM)
    dialog = await _first_page(hass, account)
    await dialog.submit(**IDENTITY)
    assert (dialog.texts["suggestion"], _shown_entities(dialog)) == ("", {})


async def test_what_is_emptied_stays_empty(hass: HomeAssistant, account: ConfigEntry) -> None:
    device_id, entity_ids = register(hass, zigbee.Z2M_PLUG)
    dialog = await _parameters(hass, account, device_id)
    heat = meter(hass, "heat", "20", "°C")
    await dialog.submit(active_power={"aP_1": None}, voltage={"v_1": []}, current={"c_1": [heat]})
    assert dialog.errors == {"current": "wrong_unit"}
    assert _shown_entities(dialog) == {"v_1": [], "c_1": [heat], "pC_1": [entity_ids["energy"]]}
    await dialog.submit(current={"c_1": None})
    await dialog.submit()
    assert list(stored(account, SUBENTRY_ELECTRICITY).data["parameters"]) == ["pC_1"]


async def test_another_device_takes_the_place_of_the_first(hass: HomeAssistant, account: ConfigEntry) -> None:
    refused, _ = register(hass, shelly.EM)
    device_id, entity_ids = register(hass, zigbee.Z2M_PLUG)
    dialog = await _first_page(hass, account)
    await dialog.submit(**IDENTITY, interval={"minutes": 15}, device=refused)
    assert (dialog.step, dialog.errors) == ("user", {"device": "no_suggestion"})
    assert dialog.shown == {**IDENTITY, "interval": {"minutes": 15}, "device": refused}
    assert dialog.texts == {"no_suggestion": "It doesn't measure power, energy or current."}
    await dialog.submit(device=device_id)
    assert _shown_entities(dialog)["aP_1"] == [entity_ids["power"]]


async def test_a_refused_device_can_be_done_without(hass: HomeAssistant, account: ConfigEntry) -> None:
    device_id, _ = register(hass, iotawatt.CIRCUITS)
    dialog = await _first_page(hass, account)
    await dialog.submit(**IDENTITY, device=device_id)
    assert dialog.errors == {"device": "no_suggestion"}
    said = dialog.texts["no_suggestion"]
    assert said.startswith("Left out because each measures something of its own: Kitchen (sensor.kitchen), ")
    await dialog.submit(device=None)
    assert (dialog.step, dialog.texts["suggestion"], _shown_entities(dialog)) == ("parameters", "", {})


async def test_a_device_that_is_gone_is_refused(hass: HomeAssistant, account: ConfigEntry) -> None:
    register(hass, zigbee.Z2M_PLUG)
    dialog = await _first_page(hass, account)
    await dialog.submit(**IDENTITY, device="gone")
    assert dialog.errors == {"device": "no_suggestion"}


async def test_errors_of_the_first_page_are_told_together(hass: HomeAssistant, account: ConfigEntry) -> None:
    device_id, _ = register(hass, shelly.EM)
    register(hass, zigbee.Z2M_PLUG)
    dialog = await _first_page(hass, account)
    await dialog.submit(name="Main", stream_id=" ", device=device_id)
    assert dialog.errors == {"stream_id": "invalid_stream_id", "device": "no_suggestion"}


async def test_entities_that_the_form_would_refuse_are_not_suggested(
    hass: HomeAssistant, account: ConfigEntry
) -> None:
    device_id, entity_ids = register(hass, zigbee.Z2M_PLUG)
    hass.states.async_set(entity_ids["energy"], "-3", {"unit_of_measurement": "kWh", "device_class": "energy"})
    hass.states.async_set(entity_ids["voltage"], "high")
    dialog = await _parameters(hass, account, device_id)
    assert list(_shown_entities(dialog)) == ["aP_1", "c_1"]


async def test_offers_no_device_where_none_measures(hass: HomeAssistant, account: ConfigEntry) -> None:
    register(hass, shelly.EM)
    dialog = await _first_page(hass, account)
    assert [field["name"] for field in dialog.fields] == ["name", "stream_id", "interval"]


async def test_offers_a_meter_whose_phases_are_devices(hass: HomeAssistant, account: ConfigEntry) -> None:
    device_id, _ = register(hass, shelly.EM_3)
    dialog = await _first_page(hass, account)
    (field,) = [field for field in dialog.fields if field["name"] == "device"]
    assert field["selector"]["device"]["filter"] == [{"manufacturer": "Shelly", "model": "Shelly 3EM"}]
    await dialog.submit(**IDENTITY, device=device_id)
    assert len(_shown_entities(dialog)) == 12


async def test_a_stream_that_is_there_takes_no_device(hass: HomeAssistant, account: ConfigEntry) -> None:
    register(hass, zigbee.Z2M_PLUG)
    power = meter(hass, "other", "1", "W")
    stream = add_stream(hass, account, SUBENTRY_ELECTRICITY, {"parameters": {"aP_1": [{"source": power}]}})
    dialog = await Dialog.stream(hass, account, SUBENTRY_ELECTRICITY, stream.subentry_id)
    assert "device" not in [field["name"] for field in dialog.fields]
    await dialog.submit()
    assert (_shown_entities(dialog), dialog.texts["suggestion"]) == ({"aP_1": [power]}, "")


async def test_names_cannot_break_the_page(hass: HomeAssistant, account: ConfigEntry) -> None:
    hostile = replace(zigbee.Z2M_TWO_CHANNELS, name="**{x}** <b>")
    device_id, entity_ids = register(hass, hostile)
    er.async_get(hass).async_update_entity(entity_ids["energy_a"], name="{count} [a](http://b)")
    dialog = await _parameters(hass, account, device_id)
    assert r"\*\*\{x\}\*\* \<b\>" in dialog.texts["suggestion"]
    assert "{count}" not in dialog.texts["suggestion"]
