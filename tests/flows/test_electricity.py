"""Adding and changing electricity streams."""

import json
from typing import Any
from zoneinfo import ZoneInfo

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util
import pytest

from custom_components.wattics.const import SUBENTRY_ELECTRICITY
from custom_components.wattics.delivery.packet import PARAMETERS
from custom_components.wattics.sampling.schedule import next_boundary
from custom_components.wattics.sampling.stream import takes_factor
from tests.collector import Collector, Status

from .dialog import Dialog
from .meters import add_stream, let_packets_wait, meter, registered, run_for_a_moment, stored, waiting

IDENTITY = {"name": "Main meter", "stream_id": "main"}


async def _parameters(hass: HomeAssistant, account: ConfigEntry) -> Dialog:
    dialog = await Dialog.stream(hass, account, SUBENTRY_ELECTRICITY)
    await dialog.submit(**IDENTITY)
    assert dialog.step == "parameters"
    return dialog


async def _change(hass: HomeAssistant, account: ConfigEntry, data: dict[str, Any]) -> Dialog:
    stream = add_stream(hass, account, SUBENTRY_ELECTRICITY, data)
    return await Dialog.stream(hass, account, SUBENTRY_ELECTRICITY, stream.subentry_id)


def _packet(dialog: Dialog) -> dict[str, Any]:
    packet: dict[str, Any] = json.loads(dialog.texts["packet"].strip("`"))
    return packet


async def test_adds_a_stream(hass: HomeAssistant, account: ConfigEntry) -> None:
    power = registered(hass, "power", unit_of_measurement="kW")
    meter(hass, power.entity_id, "1.5", "kW", device_class="power")
    day, night = meter(hass, "day", "10", "kWh"), meter(hass, "night", "2500", "Wh")
    dialog = await Dialog.stream(hass, account, SUBENTRY_ELECTRICITY)
    assert dialog.shown == {"interval": {"hours": 0, "minutes": 5, "seconds": 0}}

    await dialog.submit(name=" Main meter ", stream_id=" main\n", interval={"minutes": 15})
    assert dialog.shown == {"energy": {"reading": "cumulative"}, "sampling": {"method": "mean", "adjust": False}}
    await dialog.submit(
        active_power={"aP_1": [power.entity_id]},
        energy={"pC_1": [day, night, day], "pC_2": []},
        sampling={"time_zone": "Asia/Tokyo"},
    )
    assert dialog.step == "confirm"
    instant = next_boundary(dt_util.utcnow(), 900, ZoneInfo("Asia/Tokyo"))
    assert _packet(dialog) == {
        "id": "main",
        "tsISO8601": instant.isoformat(timespec="milliseconds"),
        "aP_1": 1500,
        "pC_1": 12500,
    }
    assert dialog.texts["missing"] == "Nothing is missing."
    assert dialog.texts["advice"] == ""
    assert "shows no packet of this stream yet" in dialog.texts["wattics"]

    assert (await dialog.submit())["type"] is FlowResultType.CREATE_ENTRY
    stream = stored(account, SUBENTRY_ELECTRICITY)
    assert (stream.title, stream.unique_id) == ("Main meter", "main")
    assert stream.data == {
        "name": "Main meter",
        "stream_id": "main",
        "interval": 900,
        "parameters": {"aP_1": [{"source": power.id}], "pC_1": [{"source": day}, {"source": night}]},
        "time_zone": "Asia/Tokyo",
    }


async def test_a_stream_without_a_name_goes_by_its_id(hass: HomeAssistant, account: ConfigEntry) -> None:
    dialog = await Dialog.stream(hass, account, SUBENTRY_ELECTRICITY)
    await dialog.submit(name=" ", stream_id="a b")
    await dialog.submit(current={"c_1": [meter(hass, "current", "20", "mA")]})
    await dialog.submit()
    assert stored(account, SUBENTRY_ELECTRICITY).title == "a b"


async def test_adjusts_each_parameter_that_may_be(hass: HomeAssistant, account: ConfigEntry) -> None:
    units = {code: parameter.unit for code, parameter in PARAMETERS.items()}
    meters = {code: meter(hass, code.lower(), "-2" if code == "aP_1" else "2", units[code]) for code in units}
    dialog = await _parameters(hass, account)
    sections: dict[str, dict[str, Any]] = {"sampling": {"adjust": True}}
    for code, parameter in PARAMETERS.items():
        sections.setdefault(parameter.quantity, {})[code] = [meters[code]]
    await dialog.submit(**sections)

    assert dialog.step == "sources"
    assert [field["name"] for field in dialog.fields] == [code for code in PARAMETERS if takes_factor(code)]
    assert dialog.shown["aP_1"] == dialog.shown["rP_3"] == {"factor": 1, "direction": "signed"}
    assert dialog.shown["pC_1"] == dialog.shown["c_1"] == dialog.shown["apP_2"] == {"factor": 1}
    assert dialog.texts["aP_1"] == "ap 1 (sensor.ap_1) [W, sent as W]"

    await dialog.submit(
        aP_1={"factor": 2.5, "direction": "export"},
        aP_2={"direction": "signed"},
        c_1={"factor": -1},
        pC_1={"factor": 40, "maximum_rate": 1.5},
        pC_2={"factor": None},
    )
    assert dialog.step == "confirm"
    assert {code: _packet(dialog)[code] for code in ("aP_1", "aP_2", "c_1", "pC_1", "pC_2", "v_12")} == {
        "aP_1": 5, "aP_2": 2, "c_1": -2, "pC_1": 80, "pC_2": 2, "v_12": 2,
    }  # fmt: skip
    await dialog.submit()
    parameters = stored(account, SUBENTRY_ELECTRICITY).data["parameters"]
    assert parameters["aP_1"] == [{"source": meters["aP_1"], "factor": 2.5, "direction": "export"}]
    assert parameters["c_1"] == [{"source": meters["c_1"], "factor": -1}]
    assert parameters["pC_1"] == [{"source": meters["pC_1"], "factor": 40, "maximum_rate": 1.5}]
    plain = set(PARAMETERS) - {"aP_1", "c_1", "pC_1"}
    assert all(parameters[code] == [{"source": meters[code]}] for code in plain)


async def test_there_is_nothing_to_adjust_on_voltages(hass: HomeAssistant, account: ConfigEntry) -> None:
    dialog = await _parameters(hass, account)
    await dialog.submit(voltage={"v_1": [meter(hass, "voltage", "230", "V")]}, sampling={"adjust": True})
    assert dialog.step == "confirm"


@pytest.mark.parametrize(
    ("code", "factor"),
    [("aP_1", 0), ("pC_1", 0), ("pC_1", -1), ("aP_1", float("inf")), ("aP_1", float("nan"))],
)
async def test_refuses_a_factor(hass: HomeAssistant, account: ConfigEntry, code: str, factor: float) -> None:
    dialog = await _parameters(hass, account)
    await dialog.submit(
        active_power={"aP_1": [meter(hass, "power", "1", "W")]},
        energy={"pC_1": [meter(hass, "energy", "1", "Wh")]},
        sampling={"adjust": True},
    )
    await dialog.submit(**{"aP_1": {"factor": 3, "direction": "import"}, code: {"factor": factor}})
    assert (dialog.step, dialog.errors) == ("sources", {code: "invalid_factor"})
    other = "pC_1" if code == "aP_1" else "aP_1"
    assert dialog.shown[other] == {"aP_1": {"factor": 3, "direction": "import"}, "pC_1": {"factor": 1}}[other]


@pytest.mark.parametrize("rate", [0, -1, float("inf")])
async def test_refuses_a_maximum_rate(hass: HomeAssistant, account: ConfigEntry, rate: float) -> None:
    dialog = await _parameters(hass, account)
    await dialog.submit(energy={"pC_2": [meter(hass, "energy", "1", "Wh")]}, sampling={"adjust": True})
    await dialog.submit(pC_2={"maximum_rate": rate})
    assert (dialog.step, dialog.errors) == ("sources", {"pC_2": "invalid_maximum_rate"})
    assert dialog.shown == {"pC_2": {"factor": 1, "maximum_rate": rate}}


async def test_refuses_a_maximum_age(hass: HomeAssistant, account: ConfigEntry) -> None:
    power = {"aP_1": [meter(hass, "power", "1", "W")]}
    dialog = await _parameters(hass, account)
    await dialog.submit(active_power=power, sampling={"maximum_age": {"seconds": 1.5}})
    assert (dialog.step, dialog.errors) == ("parameters", {"sampling": "invalid_maximum_age"})
    assert dialog.shown["active_power"] == power
    assert dialog.shown["sampling"]["maximum_age"] == {"seconds": 1.5}


async def test_asks_for_at_least_one_entity(hass: HomeAssistant, account: ConfigEntry) -> None:
    dialog = await _parameters(hass, account)
    await dialog.submit(active_power={"aP_1": []}, sampling={"time_zone": "Europe/Rome", "adjust": True})
    assert dialog.errors == {"base": "no_parameters"}
    assert dialog.shown["sampling"] == {"method": "mean", "time_zone": "Europe/Rome", "adjust": True}


async def test_refuses_entities_at_their_section(hass: HomeAssistant, account: ConfigEntry) -> None:
    good = meter(hass, "good", "1", "W")
    heat = meter(hass, "heat", "20", "°C", friendly_name="Heat")
    bare = meter(hass, "bare", "20")
    mode = meter(hass, "mode", "1", "A")
    net = meter(hass, "net", "3", "kWh", state_class="total")
    dialog = await _parameters(hass, account)
    meter(hass, "mode", "eco", "A")
    meter(hass, "net", "-3", "kWh", state_class="total")
    typed = {
        "active_power": {"aP_1": [good], "aP_2": [heat, bare]},
        "current": {"c_1": [mode, "sensor.nowhere"]},
        "energy": {"pC_1": [net]},
    }
    await dialog.submit(**typed)
    assert dialog.step == "parameters"
    assert dialog.errors == {"active_power": "wrong_unit", "current": "not_numeric", "energy": "net_counter"}
    errors = {key: text for key, text in dialog.texts.items() if key not in {*PARAMETERS, "suggestion"}}
    assert errors == {
        "wrong_unit": "Heat (sensor.heat) [°C] → aP_2 [W]; bare (sensor.bare) [-] → aP_2 [W]",
        "not_numeric": "mode (sensor.mode) [A] → c_1 [A]; sensor.nowhere [-] → c_1 [A]",
        "net_counter": "net (sensor.net) [kWh] → pC_1 [Wh]",
    }
    typed["energy"]["reading"] = "cumulative"  # type: ignore[assignment]
    assert {key: dialog.shown[key] for key in typed} == typed


async def test_unfolds_what_is_usual_or_filled_in(hass: HomeAssistant, account: ConfigEntry) -> None:
    dialog = await _parameters(hass, account)
    assert [field["name"] for field in dialog.fields if field["expanded"]] == [
        "active_power",
        "energy",
        "sampling",
    ]
    await dialog.submit(line_voltage={"v_12": [meter(hass, "heat", "20", "°C")]})
    assert [field["name"] for field in dialog.fields if field["expanded"]][-2:] == ["line_voltage", "sampling"]


async def test_takes_an_entity_that_is_unavailable(hass: HomeAssistant, account: ConfigEntry) -> None:
    power = registered(hass, "power", unit_of_measurement="kW", original_device_class="power")
    meter(hass, power.entity_id, "unavailable")
    silent = registered(hass, "energy", unit_of_measurement="kWh", original_name="Energy")
    dialog = await _parameters(hass, account)
    await dialog.submit(active_power={"aP_1": [power.entity_id]}, energy={"pC_1": [silent.entity_id]})
    assert dialog.step == "confirm"
    assert dialog.texts["packet"] == "No packet would be sent: none of the entities has a value at the moment."
    assert dialog.texts["missing"].splitlines()[2:-2] == [
        "Left out at the moment:",
        "",
        "- aP_1: power (sensor.power) has no number, its state is unavailable.",
        "- pC_1: Energy (sensor.energy) doesn't exist or has not been loaded. Check it, or choose another.",
    ]
    await dialog.submit()
    assert stored(account, SUBENTRY_ELECTRICITY).data["parameters"] == {
        "aP_1": [{"source": power.id}],
        "pC_1": [{"source": silent.id}],
    }


async def test_shows_everything_that_is_stored(hass: HomeAssistant, account: ConfigEntry) -> None:
    power = registered(hass, "power", unit_of_measurement="W")
    line, energy = meter(hass, "line", "400", "V"), meter(hass, "energy", "1", "kWh")
    data = {
        "name": "Roof",
        "stream_id": "roof",
        "interval": 5400,
        "parameters": {
            "aP_1": [{"source": power.id, "factor": 2.0, "direction": "export"}],
            "pC_1": [{"source": energy, "maximum_rate": 17000}],
            "v_12": [{"source": line}],
        },
        "method": "latest",
        "reading": "interval",
        "maximum_age": 3661,
        "time_zone": "Europe/Rome",
    }
    dialog = await _change(hass, account, data)
    er.async_get(hass).async_update_entity(power.entity_id, new_entity_id="sensor.roof")
    await hass.async_block_till_done()
    assert (dialog.step, dialog.shown) == (
        "user",
        {"name": "Roof", "stream_id": "roof", "interval": {"hours": 1, "minutes": 30, "seconds": 0}},
    )
    await dialog.submit()
    assert dialog.shown == {
        "active_power": {"aP_1": ["sensor.roof"]},
        "energy": {"pC_1": [energy], "reading": "interval"},
        "line_voltage": {"v_12": [line]},
        "sampling": {
            "method": "latest",
            "maximum_age": {"hours": 1, "minutes": 1, "seconds": 1},
            "time_zone": "Europe/Rome",
            "adjust": True,
        },
    }
    await dialog.submit()
    assert dialog.shown == {
        "aP_1": {"factor": 2.0, "direction": "export"},
        "pC_1": {"factor": 1, "maximum_rate": 17000},
    }
    await dialog.submit()
    assert (await dialog.submit())["reason"] == "reconfigure_successful"
    assert stored(account, SUBENTRY_ELECTRICITY).data == data


async def test_changes_everything(hass: HomeAssistant, account: ConfigEntry) -> None:
    old, new = meter(hass, "old", "1", "W"), meter(hass, "new", "1", "A")
    dialog = await _change(
        hass,
        account,
        {
            "parameters": {"aP_1": [{"source": old, "factor": 2}]},
            "method": "latest",
            "reading": "interval",
            "maximum_age": 60,
            "time_zone": "Europe/Rome",
        },
    )
    await dialog.submit(name="Other", stream_id="other", interval={"seconds": 10})
    await dialog.submit(
        active_power={"aP_1": []},
        energy={"reading": "cumulative"},
        current={"c_2": [new]},
        sampling={"method": "mean", "maximum_age": {"hours": 0}, "time_zone": None, "adjust": False},
    )
    assert "below 1 minute" in dialog.texts["advice"]
    await dialog.submit()
    stream = stored(account, SUBENTRY_ELECTRICITY)
    assert (stream.title, stream.unique_id) == ("Other", "other")
    assert stream.data == {
        "name": "Other",
        "stream_id": "other",
        "interval": 10,
        "parameters": {"c_2": [{"source": new}]},
    }


async def test_keeps_figures_that_differ_until_one_is_typed(hass: HomeAssistant, account: ConfigEntry) -> None:
    first, second, third = (meter(hass, name, "1", "W") for name in ("first", "second", "third"))
    sources = [
        {"source": first, "factor": 2, "direction": "import"},
        {"source": second, "direction": "import"},
    ]
    dialog = await _change(hass, account, {"parameters": {"aP_1": sources}})
    await dialog.submit()
    await dialog.submit(active_power={"aP_1": [first, second, third]})
    assert dialog.shown == {}
    await dialog.submit()
    await dialog.submit()
    changed = stored(account, SUBENTRY_ELECTRICITY)
    assert changed.data["parameters"]["aP_1"] == [*sources, {"source": third}]

    dialog = await Dialog.stream(hass, account, SUBENTRY_ELECTRICITY, changed.subentry_id)
    await dialog.submit()
    await dialog.submit()
    await dialog.submit(aP_1={"factor": 4})
    await dialog.submit()
    assert stored(account, SUBENTRY_ELECTRICITY).data["parameters"]["aP_1"] == [
        {"source": first, "factor": 4, "direction": "import"},
        {"source": second, "factor": 4, "direction": "import"},
        {"source": third, "factor": 4},
    ]


async def test_an_empty_field_means_the_default(hass: HomeAssistant, account: ConfigEntry) -> None:
    power = meter(hass, "power", "1", "W")
    sources = [{"source": power, "factor": 2, "direction": "export"}]
    dialog = await _change(hass, account, {"parameters": {"aP_1": sources}})
    await dialog.submit()
    await dialog.submit()
    await dialog.submit(aP_1={"factor": None, "direction": None})
    await dialog.submit()
    assert stored(account, SUBENTRY_ELECTRICITY).data["parameters"] == {"aP_1": [{"source": power}]}


async def test_without_adjustments_values_go_as_they_are(hass: HomeAssistant, account: ConfigEntry) -> None:
    power = meter(hass, "power", "1", "W")
    dialog = await _change(hass, account, {"parameters": {"aP_1": [{"source": power, "factor": 2}]}})
    await dialog.submit()
    await dialog.submit(sampling={"adjust": False})
    assert _packet(dialog)["aP_1"] == 1
    await dialog.submit()
    assert stored(account, SUBENTRY_ELECTRICITY).data["parameters"] == {"aP_1": [{"source": power}]}


async def test_a_lost_source_does_not_keep_the_rest_from_being_changed(
    hass: HomeAssistant, account: ConfigEntry
) -> None:
    gone = registered(hass, "gone", unit_of_measurement="W")
    er.async_get(hass).async_remove(gone.entity_id)
    await hass.async_block_till_done()
    parameters = {"aP_1": [{"source": gone.id}, {"source": "sensor.never"}]}
    dialog = await _change(hass, account, {"parameters": parameters})
    await dialog.submit(name="Renamed")
    assert dialog.shown["active_power"] == {"aP_1": [gone.id, "sensor.never"]}
    await dialog.submit(active_power={"aP_2": ["sensor.never"]})
    assert dialog.errors == {"active_power": "not_numeric"}
    assert dialog.texts["not_numeric"] == "sensor.never [-] → aP_2 [W]"
    await dialog.submit(active_power={"aP_2": None})
    assert "- aP_1: sensor.gone doesn't exist" in dialog.texts["missing"]
    await dialog.submit()
    assert stored(account, SUBENTRY_ELECTRICITY).data["parameters"] == parameters


@pytest.mark.parametrize(("choice", "left"), [("move", {"other": 2}), ("discard", {})])
async def test_asks_what_becomes_of_waiting_packets(
    hass: HomeAssistant, account: ConfigEntry, collector: Collector, choice: str, left: dict[str, int]
) -> None:
    await let_packets_wait(hass, account, "main", 2)
    dialog = await _change(hass, account, {"parameters": {"aP_1": [{"source": meter(hass, "power", "1", "W")}]}})
    await dialog.submit(stream_id="other")
    await dialog.submit()
    assert (dialog.step, dialog.shown) == ("waiting", {"packets": "move"})
    assert dialog.texts == {"count": "2", "old": "main", "new": "other"}
    await dialog.submit(packets=choice)
    assert dialog.step == "confirm"
    assert await waiting(hass, account) == {"main": 2}
    assert (await dialog.submit())["reason"] == "reconfigure_successful"
    collector.inject(Status(503, times=None))
    await run_for_a_moment(hass, account)
    assert await waiting(hass, account) == left
    assert stored(account, SUBENTRY_ELECTRICITY).unique_id == "other"


async def test_does_not_ask_without_waiting_packets(hass: HomeAssistant, account: ConfigEntry) -> None:
    await let_packets_wait(hass, account, "another", 1)
    dialog = await _change(hass, account, {"parameters": {"aP_1": [{"source": meter(hass, "power", "1", "W")}]}})
    await dialog.submit(stream_id="other")
    await dialog.submit()
    assert dialog.step == "confirm"
    await dialog.submit()
    assert await waiting(hass, account) == {"another": 1}
