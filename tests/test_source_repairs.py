"""Sources that are gone, or have a unit that does not fit: the user is told, and puts it right in a dialog."""

from typing import Any

from homeassistant.config_entries import ConfigEntryDisabler, ConfigEntryState
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import device_registry as dr, entity_registry as er, issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from .common import Home, key_of, single_value, stream
from .flows.dialog import Dialog

MAIN = key_of("main")
MISSING = f"source_missing_{MAIN}"
UNIT = f"unit_not_convertible_{MAIN}"


def _register(home: Home, name: str, **known: Any) -> er.RegistryEntry:
    """Register a sensor and give it a state."""
    entity = er.async_get(home.hass).async_get_or_create("sensor", "test", name, suggested_object_id=name, **known)
    if not entity.disabled:
        home.set(entity.entity_id, 1)
    return entity


def _issue(home: Home, issue_id: str) -> ir.IssueEntry | None:
    return ir.async_get(home.hass).async_get_issue("wattics", issue_id)


def _placeholders(home: Home, issue_id: str) -> dict[str, str]:
    issue = _issue(home, issue_id)
    assert issue is not None
    assert (issue.is_fixable, issue.severity) == (True, ir.IssueSeverity.ERROR)
    return dict(issue.translation_placeholders or {})


def _sources(entry: MockConfigEntry) -> dict[str, list[dict[str, Any]]]:
    parameters: dict[str, list[dict[str, Any]]] = entry.subentries[MAIN].data["parameters"]
    return parameters


def _said(dialog: Dialog, name: str) -> str:
    """Return what a page names, as Markdown shows it."""
    return dialog.texts[name].replace("\\", "")


def _has_ended(dialog: Dialog) -> bool:
    return dialog.page["type"] is FlowResultType.CREATE_ENTRY


# When sources are taken for gone


async def test_a_removed_source(home: Home) -> None:
    power = _register(home, "power")
    await home.start(stream("main", power.id, interval=60))
    await home.until("12:01:30")
    er.async_get(home.hass).async_remove(power.entity_id)
    home.hass.states.async_remove(power.entity_id)
    await home.until("12:06:20")
    assert _issue(home, MISSING) is None
    await home.until("12:07:40")
    placeholders = _placeholders(home, MISSING)
    assert placeholders["sources"] == "aP_1: sensor.power"
    assert (placeholders["stream"], placeholders["stream_id"]) == ("Main", "main")
    restored = _register(home, "power")
    assert restored.id == power.id
    await home.until("12:08:40")
    assert _issue(home, MISSING) is None
    assert home.instants()[-1] == "12:08:00"


async def test_a_disabled_source_is_told_at_once(home: Home) -> None:
    power = _register(home, "power", original_name="Power")
    await home.start(stream("main", power.id, interval=86_400))
    await home.until("12:00:30")
    registry = er.async_get(home.hass)
    registry.async_update_entity(power.entity_id, disabled_by=er.RegistryEntryDisabler.USER)
    home.hass.states.async_remove(power.entity_id)
    await home.settle()
    assert _placeholders(home, MISSING)["sources"] == "aP_1: Power (sensor.power)"
    registry.async_update_entity(power.entity_id, disabled_by=None)
    home.set(power.entity_id, 1)
    await home.settle()
    assert _issue(home, MISSING) is None


async def test_a_renamed_source_that_is_disabled_then(home: Home) -> None:
    power = _register(home, "power")
    await home.start(stream("main", power.id, interval=86_400))
    await home.until("12:00:30")
    registry = er.async_get(home.hass)
    registry.async_update_entity(power.entity_id, new_entity_id="sensor.mains")
    registry.async_update_entity("sensor.mains", disabled_by=er.RegistryEntryDisabler.USER)
    await home.settle()
    assert _placeholders(home, MISSING)["sources"] == "aP_1: mains (sensor.mains)"


async def test_a_source_without_a_unique_id(home: Home) -> None:
    home.set("sensor.power", 1)
    await home.start(stream("main", "sensor.power"))
    await home.until("12:01:30")
    home.hass.states.async_remove("sensor.power")
    await home.until("12:06:30")
    assert _issue(home, MISSING) is None
    await home.until("12:08:10")
    assert _placeholders(home, MISSING)["sources"] == "aP_1: sensor.power"
    home.set("sensor.power", 1)
    await home.until("12:09:30")
    assert _issue(home, MISSING) is None


@pytest.mark.parametrize(("interval", "told_after"), [(60, 5), (240, 12), (3600, 15)])
async def test_patience_grows_with_the_interval(home: Home, interval: int, told_after: int) -> None:
    power = _register(home, "power")
    await home.start(stream("main", power.id, interval=interval))
    er.async_get(home.hass).async_remove(power.entity_id)
    home.hass.states.async_remove(power.entity_id)
    await home.pass_time(told_after * 60 - 5)
    assert _issue(home, MISSING) is None
    await home.pass_time(65)
    assert _issue(home, MISSING) is not None


async def test_sources_that_come_late_after_a_start(home: Home) -> None:
    await home.start(stream("main", "sensor.late"))
    await home.until("12:04:50")
    home.set("sensor.late", 1)
    await home.until("12:20:30")
    assert _issue(home, MISSING) is None


@pytest.mark.parametrize(
    ("state", "is_told"),
    [
        (ConfigEntryState.LOADED, True),
        (ConfigEntryState.SETUP_ERROR, True),
        (ConfigEntryState.SETUP_RETRY, False),
        (ConfigEntryState.SETUP_IN_PROGRESS, False),
    ],
)
async def test_an_integration_that_does_not_provide_its_entity(
    home: Home, state: ConfigEntryState, is_told: bool
) -> None:
    owner = MockConfigEntry(domain="test", state=state)
    owner.add_to_hass(home.hass)
    power = _register(home, "power", config_entry=owner)
    home.hass.states.async_set(power.entity_id, "unavailable", {"restored": True})
    await home.start(stream("main", power.id))
    await home.until("12:10:30")
    assert (_issue(home, MISSING) is not None) is is_told


async def test_an_entity_that_is_unavailable_is_not_gone(home: Home) -> None:
    power = _register(home, "power")
    home.hass.states.async_set(power.entity_id, "unavailable")
    await home.start(stream("main", power.id))
    await home.until("12:30:30")
    assert _issue(home, MISSING) is None


async def test_a_stream_that_changes_or_goes(home: Home) -> None:
    home.set("sensor.power", 1)
    entry = await home.start(stream("main", "sensor.gone"), stream("other", "sensor.gone"))
    await home.until("12:07:30")
    other = f"source_missing_{key_of('other')}"
    assert _issue(home, MISSING)
    assert _issue(home, other)
    home.change_stream(entry, MAIN, parameters={"aP_1": [{"source": "sensor.power"}]})
    home.remove_stream(entry, key_of("other"))
    await home.settle()
    assert _issue(home, MISSING) is None
    assert _issue(home, other) is None


async def test_both_repairs_go_when_the_account_is_unloaded(home: Home) -> None:
    home.set("sensor.power", 1, "°C")
    entry = await home.start(stream("main", "sensor.gone", "sensor.power"))
    await home.until("12:07:30")
    assert _placeholders(home, MISSING)["sources"] == "aP_1: sensor.gone"
    assert _placeholders(home, UNIT)["sources"] == "aP_1: power (sensor.power) [°C]"
    await home.unload(entry)
    assert _issue(home, MISSING) is None
    assert _issue(home, UNIT) is None


# The dialog for them


async def test_a_replaced_meter(home: Home) -> None:
    """Each source that is gone gets a new one, which takes over its factor, direction and maximum rate."""
    home.set("sensor.there", 5)
    for name, unit in (("new_power", "kW"), ("new_day", "kWh"), ("new_night", "kWh")):
        home.set(f"sensor.{name}", 2, unit, friendly_name=name.replace("_", " ").title())
    entry = await home.start(
        stream(
            parameters={
                "aP_1": [
                    {"source": "sensor.there"},
                    {"source": "sensor.old_power", "factor": 40.0, "direction": "export"},
                ],
                "pC_1": [
                    {"source": "sensor.old_day", "maximum_rate": 9000},
                    {"source": "sensor.old_night"},
                ],
            }
        )
    )
    await home.until("12:07:30")
    assert _placeholders(home, MISSING)["sources"] == (
        "aP_1: sensor.old_power; pC_1: sensor.old_day; pC_1: sensor.old_night"
    )
    dialog = await Dialog.repair(home.hass, MISSING)
    assert dialog.page["menu_options"] == ["replace", "leave_out"]
    assert _said(dialog, "sources") == (
        "- aP_1: sensor.old_power doesn't exist.\n"
        "- pC_1: sensor.old_day doesn't exist.\n"
        "- pC_1: sensor.old_night doesn't exist."
    )
    await dialog.choose("replace")
    assert [field["name"] for field in dialog.fields] == ["aP_1", "pC_1"]
    assert (_said(dialog, "aP_1"), _said(dialog, "pC_1")) == ("sensor.old_power", "sensor.old_day")
    await dialog.submit(aP_1="sensor.new_power", pC_1="sensor.new_day")
    assert (dialog.step, [field["name"] for field in dialog.fields]) == ("replace", ["pC_1"])
    assert _said(dialog, "pC_1") == "sensor.old_night"
    await dialog.submit(pC_1="sensor.new_night")
    assert dialog.step == "confirm"
    assert _said(dialog, "changes") == (
        "- aP_1: New Power (sensor.new_power) [kW] instead of sensor.old_power. "
        "Its values are multiplied by 40. Only export counts, as a positive number.\n"
        "- pC_1: New Day (sensor.new_day) [kWh] instead of sensor.old_day. "
        "It may rise by 9000 an hour at most. The reading at Wattics goes on from where it is.\n"
        "- pC_1: New Night (sensor.new_night) [kWh] instead of sensor.old_night. "
        "The reading at Wattics goes on from where it is."
    )
    await dialog.submit()
    assert _has_ended(dialog)
    assert _issue(home, MISSING) is None
    assert _sources(entry) == {
        "aP_1": [
            {"source": "sensor.there"},
            {"source": "sensor.new_power", "factor": 40.0, "direction": "export"},
        ],
        "pC_1": [
            {"source": "sensor.new_day", "maximum_rate": 9000},
            {"source": "sensor.new_night"},
        ],
    }
    await home.until("12:12:30")
    assert _issue(home, MISSING) is None
    assert home.packets()[-1].values["aP_1"] == 5


async def test_what_is_left_empty_is_told_again(home: Home) -> None:
    power = _register(home, "power")
    entry = await home.start(
        stream(parameters={"aP_1": [{"source": "sensor.a"}], "aP_2": [{"source": "sensor.b"}]})
    )
    await home.until("12:07:30")
    dialog = await Dialog.repair(home.hass, MISSING)
    assert dialog.step == "replace"  # there is nothing else to choose from
    await dialog.submit()
    assert dialog.errors == {"base": "nothing_chosen"}
    await dialog.submit(aP_2=power.entity_id)
    assert _said(dialog, "changes") == (
        "- aP_2: power (sensor.power) [W] instead of sensor.b.\n"
        "- aP_1: sensor.a stays, so you will be told of it again."
    )
    await dialog.submit()
    await home.settle()
    assert _sources(entry) == {"aP_1": [{"source": "sensor.a"}], "aP_2": [{"source": power.id}]}
    assert _placeholders(home, MISSING)["sources"] == "aP_1: sensor.a"


async def test_entities_that_do_not_fit(home: Home) -> None:
    home.set("sensor.there", 1)
    home.set("sensor.heat", 1, "°C")
    home.set("sensor.text", "1")
    home.set("sensor.net", 1, "kWh")
    home.set("sensor.new", 1)
    entry = await home.start(
        stream(
            parameters={
                "aP_1": [{"source": "sensor.there"}, {"source": "sensor.a"}],
                "aP_2": [{"source": "sensor.b"}],
                "pC_1": [{"source": "sensor.c"}],
            }
        )
    )
    await home.until("12:07:30")
    dialog = await Dialog.repair(home.hass, MISSING)
    await dialog.choose("replace")
    home.set("sensor.net", -1, "kWh")
    await dialog.submit(aP_1="sensor.there", aP_2="sensor.heat", pC_1="sensor.net")
    assert dialog.errors == {"aP_1": "twice", "aP_2": "wrong_unit", "pC_1": "net_counter"}
    assert dialog.texts["wrong_unit"] == "heat (sensor.heat) [°C] → aP_2 [W]"
    assert dialog.shown == {"aP_1": "sensor.there", "aP_2": "sensor.heat", "pC_1": "sensor.net"}
    home.set("sensor.text", "on")
    await dialog.submit(aP_1="sensor.text", aP_2=None, pC_1=None)
    assert dialog.errors == {"aP_1": "not_numeric"}
    await dialog.submit(aP_1="sensor.new", aP_2=None, pC_1=None)
    await dialog.submit()
    assert _sources(entry)["aP_1"] == [{"source": "sensor.there"}, {"source": "sensor.new"}]


async def test_a_unit_that_a_single_value_can_not_have(home: Home) -> None:
    home.set("sensor.gas", 1, "m³")
    home.set("sensor.heat", 1, "°C")
    home.set("sensor.water", 1, "L")
    entry = await home.start(single_value("main", "sensor.gone", unit="m³"))
    await home.until("12:07:30")
    dialog = await Dialog.repair(home.hass, MISSING)
    await dialog.submit(value="sensor.heat")
    assert dialog.errors == {"value": "wrong_unit"}
    assert dialog.texts["wrong_unit"] == "heat (sensor.heat) [°C] → m³"
    await dialog.submit(value="sensor.water")
    await dialog.submit()
    assert _sources(entry) == {"value": [{"source": "sensor.water"}]}


async def test_the_form_offers_what_fits(home: Home) -> None:
    await home.start(stream(parameters={"v_1": [{"source": "sensor.gone"}]}))
    await home.until("12:07:30")
    dialog = await Dialog.repair(home.hass, MISSING)
    (field,) = dialog.fields
    selector = field["selector"]["entity"]
    assert not selector["multiple"]
    (offered,) = selector["filter"]
    assert "V" in offered["unit_of_measurement"]
    assert "W" not in offered["unit_of_measurement"]


async def test_going_on_without(home: Home) -> None:
    home.set("sensor.there", 1)
    entry = await home.start(
        stream(
            parameters={
                "aP_1": [{"source": "sensor.there"}, {"source": "sensor.a"}],
                "aP_2": [{"source": "sensor.b"}],
            }
        )
    )
    await home.until("12:07:30")
    dialog = await Dialog.repair(home.hass, MISSING)
    await dialog.choose("leave_out")
    assert _said(dialog, "changes") == (
        "- aP_1 is sent without sensor.a.\n- aP_2 is no longer sent. It came from sensor.b."
    )
    await dialog.submit()
    assert _sources(entry) == {"aP_1": [{"source": "sensor.there"}]}
    await home.until("12:08:30")
    assert _issue(home, MISSING) is None


async def test_enabling_an_entity(home: Home) -> None:
    power = _register(home, "power", disabled_by=er.RegistryEntryDisabler.USER)
    await home.start(stream("main", power.id))
    dialog = await Dialog.repair(home.hass, MISSING)
    assert dialog.page["menu_options"] == ["enable", "replace"]
    assert _said(dialog, "sources") == "- aP_1: power (sensor.power) is disabled."
    await dialog.choose("enable")
    assert _said(dialog, "changes") == "- The entity sensor.power"
    await dialog.submit()
    entry = er.async_get(home.hass).async_get(power.entity_id)
    assert entry is not None
    assert entry.disabled_by is None
    home.set(power.entity_id, 1)
    await home.until("12:01:30")
    assert _issue(home, MISSING) is None
    assert home.packets()


async def test_enabling_a_device(home: Home) -> None:
    owner = MockConfigEntry(domain="test", title="Meters")
    owner.add_to_hass(home.hass)
    devices = dr.async_get(home.hass)
    device = devices.async_get_or_create(config_entry_id=owner.entry_id, identifiers={("test", "1")}, name="Meter")
    entities = [_register(home, name, config_entry=owner, device_id=device.id) for name in ("power", "current")]
    await home.start(
        stream(parameters={"aP_1": [{"source": entities[0].id}], "c_1": [{"source": entities[1].id}]})
    )
    devices.async_update_device(device.id, disabled_by=dr.DeviceEntryDisabler.USER)
    await home.settle()
    dialog = await Dialog.repair(home.hass, MISSING)
    await dialog.choose("enable")
    assert _said(dialog, "changes") == "- The device Meter, with the entities that were disabled with it"
    await dialog.submit()
    await home.settle()
    assert [er.async_get(home.hass).async_get(entity.id).disabled for entity in entities] == [False, False]  # type: ignore[union-attr]


async def test_enabling_an_integration(home: Home) -> None:
    owner = MockConfigEntry(domain="test", title="Meters")
    owner.add_to_hass(home.hass)
    power = _register(home, "power", config_entry=owner)
    await home.start(stream("main", power.id))
    await home.hass.config_entries.async_set_disabled_by(owner.entry_id, ConfigEntryDisabler.USER)
    await home.settle()
    dialog = await Dialog.repair(home.hass, MISSING)
    await dialog.choose("enable")
    assert _said(dialog, "changes") == "- The integration entry Meters (test), with all its devices and entities"
    await dialog.submit()
    assert owner.disabled_by is None
    entry = er.async_get(home.hass).async_get(power.id)
    assert entry is not None
    assert not entry.disabled


async def test_a_dialog_that_comes_too_late(home: Home) -> None:
    """By the time that the user goes on, the source is back, the account not loaded, or stream or account gone."""
    entry = await home.start(stream("main", "sensor.gone", "sensor.power"))
    home.set("sensor.power", 1)
    await home.until("12:07:30")
    dialogs = [await Dialog.repair(home.hass, MISSING) for _ in range(4)]
    home.set("sensor.gone", 1)
    await dialogs[0].choose("replace")
    assert dialogs[0].page["reason"] == "solved"
    await home.unload(entry)
    await dialogs[1].choose("replace")
    assert dialogs[1].page["reason"] == "account_not_loaded"
    await home.load(entry)
    home.remove_stream(entry, MAIN)
    await dialogs[2].choose("replace")
    assert dialogs[2].page["reason"] == "stream_gone"
    await home.hass.config_entries.async_remove(entry.entry_id)
    await dialogs[3].choose("replace")
    assert dialogs[3].page["reason"] == "stream_gone"


# Units


async def test_a_unit_that_can_not_be_converted(home: Home) -> None:
    home.set("sensor.power", 1)
    home.set("sensor.new", 2)
    entry = await home.start(stream("main", "sensor.power"))
    await home.until("12:01:30")
    home.set("sensor.power", 1, "°C")
    await home.until("12:02:10")
    assert _placeholders(home, UNIT)["sources"] == "aP_1: power (sensor.power) [°C]"
    home.hass.states.async_set("sensor.power", "unavailable")
    await home.until("12:03:10")
    assert _issue(home, UNIT) is not None
    dialog = await Dialog.repair(home.hass, UNIT)
    assert dialog.step == "replace"
    assert _said(dialog, "sources") == "- aP_1: power (sensor.power) is in °C, which can't be converted to W."
    await dialog.submit(aP_1="sensor.new")
    await dialog.submit()
    assert _sources(entry) == {"aP_1": [{"source": "sensor.new"}]}
    await home.until("12:04:30")
    assert _issue(home, UNIT) is None
    assert home.packets()[-1].values == {"aP_1": 2}


async def test_a_unit_that_fits_again(home: Home) -> None:
    home.set("sensor.power", 1, None)
    await home.start(stream("main", "sensor.power"))
    await home.until("12:01:10")
    dialog = await Dialog.repair(home.hass, UNIT)
    assert _said(dialog, "sources") == (
        "- aP_1: power (sensor.power) has no unit, but one that can be converted to W is needed."
    )
    home.set("sensor.power", 1, "kW")
    await home.until("12:02:10")
    assert _issue(home, UNIT) is None
    assert home.packets()[-1].values == {"aP_1": 1000}


async def test_accepting_the_new_unit_of_what_is_sent_as_it_is(home: Home) -> None:
    home.set("sensor.gas", 1, "pulses")
    value = single_value("main", "sensor.gas", unit="as_is")
    value["data"]["parameters"]["value"][0]["unit"] = "pulses"
    entry = await home.start(value)
    await home.until("12:01:10")
    home.set("sensor.gas", 2, "m³")
    await home.until("12:02:10")
    assert _placeholders(home, UNIT)["sources"] == "value: gas (sensor.gas) [m³]"
    dialog = await Dialog.repair(home.hass, UNIT)
    assert dialog.page["menu_options"] == ["accept", "replace"]
    await dialog.choose("accept")
    assert _said(dialog, "changes") == "- value: gas (sensor.gas) is in m³. When you chose it, it was in pulses."
    await dialog.submit()
    await home.settle()
    assert _sources(entry) == {"value": [{"source": "sensor.gas", "unit": "m³"}]}
    assert _issue(home, UNIT) is None
    await home.until("12:03:10")
    assert home.packets()[-1].values == {"value": 2}
    assert _issue(home, UNIT) is None


async def test_another_source_for_what_is_sent_as_it_is(home: Home) -> None:
    home.set("sensor.gas", 1, "pulses")
    home.set("sensor.new", 3, "pulses")
    value = single_value("main", "sensor.gas", unit="as_is")
    value["data"]["parameters"]["value"][0] |= {"unit": "pulses", "factor": 2}
    entry = await home.start(value)
    home.set("sensor.gas", 2, "m³")
    await home.until("12:01:10")
    dialog = await Dialog.repair(home.hass, UNIT)
    await dialog.choose("replace")
    await dialog.submit(value="sensor.new")
    await dialog.submit()
    assert _sources(entry) == {"value": [{"source": "sensor.new", "unit": "pulses", "factor": 2}]}
    await home.until("12:02:10")
    assert home.packets()[-1].values == {"value": 6}
    assert _issue(home, UNIT) is None


async def test_another_unit_chosen_for_the_stream(home: Home) -> None:
    home.set("sensor.gas", 1, "m³")
    entry = await home.start(single_value("main", "sensor.gas", unit="kWh", interval=3600))
    await home.until("13:00:10")
    assert _placeholders(home, UNIT)["sources"] == "value: gas (sensor.gas) [m³]"
    home.change_stream(entry, MAIN, unit="L")
    await home.settle()
    assert _issue(home, UNIT) is None
