"""The import from the Energy dashboard, with Home Assistant's own manager of it."""

from collections.abc import Mapping
from typing import Any

from homeassistant.components.energy.data import async_get_manager
from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest

from custom_components.wattics.const import SUBENTRY_ELECTRICITY, SUBENTRY_SINGLE_VALUE
from custom_components.wattics.flows.candidates import Unfit
from custom_components.wattics.flows.sources import SourceError
from custom_components.wattics.sampling.stream import Stream

from .dialog import Dialog
from .meters import add_stream, meter, registered

FIVE_MINUTES = {"hours": 0, "minutes": 5, "seconds": 0}


@pytest.fixture
async def dashboard(recorder_mock: object, hass: HomeAssistant, hass_storage: object) -> None:  # noqa: ARG001
    """Set up the Energy dashboard, with nothing in it; what it stores stays in memory."""
    assert await async_setup_component(hass, "energy", {})


async def _configure(hass: HomeAssistant, *sources: Mapping[str, Any], **devices: Any) -> None:
    manager = await async_get_manager(hass)
    await manager.async_update({"energy_sources": list(sources), **devices})  # type: ignore[typeddict-item]


def _grid(**source: Any) -> dict[str, Any]:
    return {"type": "grid", "stat_energy_from": "sensor.in", "cost_adjustment_day": 0, **source}


def _energy(hass: HomeAssistant, name: str, state: str = "12.5", **attributes: Any) -> str:
    return meter(hass, name, state, "kWh", device_class="energy", state_class="total_increasing", **attributes)


def _power(hass: HomeAssistant, name: str, **attributes: Any) -> str:
    return meter(hass, name, "250", "W", device_class="power", state_class="measurement", **attributes)


async def _open(hass: HomeAssistant, account: ConfigEntry) -> Dialog:
    dialog = await Dialog.options(hass, account)
    return await dialog.choose("energy")


def _offered(dialog: Dialog) -> dict[str, str]:
    (field,) = dialog.fields
    return {option["value"]: option["label"] for option in field["selector"]["select"]["options"]}


async def _choose(hass: HomeAssistant, account: ConfigEntry, *entity_ids: str) -> Dialog:
    dialog = await _open(hass, account)
    assert dialog.shown == {"meters": []}
    await dialog.submit(meters=list(entity_ids))
    return dialog


def _made(account: ConfigEntry) -> dict[str, tuple[str, str, Mapping[str, Any]]]:
    """Return type, title and data of each stream by its id."""
    return {
        str(subentry.unique_id): (subentry.subentry_type, subentry.title, subentry.data)
        for subentry in account.subentries.values()
    }


async def _full(hass: HomeAssistant) -> None:
    """Configure a dashboard with all that there is."""
    for name in ("in", "out", "sun", "discharged", "charged", "oven", "kettle"):
        _energy(hass, name, friendly_name=f"The {name}")
    for name in ("grid_power", "sun_power", "battery_power", "oven_power"):
        _power(hass, name)
    meter(hass, "gas", "800", "m³", device_class="gas", state_class="total_increasing", friendly_name="Gas")
    meter(hass, "heat", "90", "kWh", device_class="energy", state_class="total", friendly_name="Gas heat")
    meter(hass, "water", "5000", "L", device_class="water", state_class="total_increasing", friendly_name="Water")
    meter(hass, "shower", "70", "L", device_class="water", state_class="total", friendly_name="Shower")
    await _configure(
        hass,
        _grid(stat_energy_to="sensor.out", stat_rate="sensor.grid_power", name="Street"),
        {"type": "solar", "stat_energy_from": "sensor.sun", "stat_rate": "sensor.sun_power"},
        {
            "type": "battery",
            "stat_energy_from": "sensor.discharged",
            "stat_energy_to": "sensor.charged",
            "power_config": {"stat_rate_inverted": "sensor.battery_power"},
        },
        {"type": "gas", "stat_energy_from": "sensor.gas"},
        {"type": "gas", "stat_energy_from": "sensor.heat"},
        {"type": "water", "stat_energy_from": "sensor.water"},
        device_consumption=[
            {"stat_consumption": "sensor.oven", "stat_rate": "sensor.oven_power", "name": "Oven"},
            {"stat_consumption": "sensor.kettle", "included_in_stat": "sensor.oven"},
        ],
        device_consumption_water=[{"stat_consumption": "sensor.shower"}],
    )


@pytest.mark.usefixtures("dashboard")
async def test_a_full_dashboard(hass: HomeAssistant, account: ConfigEntry) -> None:
    await _full(hass)
    dialog = await _open(hass, account)
    labels = _offered(dialog)
    assert labels == {
        "sensor.in": "Grid import: Street (sensor.in)",
        "sensor.out": "Grid export: Street (sensor.out)",
        "sensor.sun": "Solar: The sun (sensor.sun)",
        "sensor.discharged": "Battery discharging: The discharged (sensor.discharged)",
        "sensor.charged": "Battery charging: The charged (sensor.charged)",
        "sensor.gas": "Gas: Gas (sensor.gas)",
        "sensor.heat": "Gas: Gas heat (sensor.heat)",
        "sensor.water": "Water: Water (sensor.water)",
        "sensor.oven": "Device: Oven (sensor.oven)",
        "sensor.kettle": "Device: The kettle (sensor.kettle)",
        "sensor.shower": "Water device: Shower (sensor.shower)",
    }
    assert dialog.texts == {"remarks": ""}

    await dialog.submit(meters=list(labels))
    names = []
    for number, entity_id in enumerate(labels, 1):
        assert (dialog.step, dialog.texts["number"], dialog.texts["count"]) == ("energy_stream", str(number), "11")
        assert dialog.shown["interval"] == FIVE_MINUTES
        assert "stream_id" not in dialog.shown
        names.append(dialog.shown["name"])
        await dialog.submit(stream_id=f" {entity_id.removeprefix('sensor.')} ")
    assert dialog.page["type"] is FlowResultType.ABORT
    assert dialog.page["reason"] == "streams_added"
    assert (dialog.texts["count"], dialog.texts["left_out"], dialog.texts["interval"]) == ("11", "", "")
    assert dialog.texts["streams"].splitlines()[1] == "- Street (Grid export): out"

    assert names == [
        "Street (Grid import)", "Street (Grid export)", "The sun", "The discharged", "The charged",
        "Gas", "Gas heat", "Water", "Oven", "The kettle", "Shower",
    ]  # fmt: skip
    made = _made(account)
    assert [title for _, title, _ in made.values()] == names
    assert [stream_id for stream_id, (kind, _, _) in made.items() if kind == SUBENTRY_SINGLE_VALUE] == [
        "gas", "heat", "water", "shower",
    ]  # fmt: skip
    assert {kind for kind, _, _ in made.values()} == {SUBENTRY_ELECTRICITY, SUBENTRY_SINGLE_VALUE}
    assert made["in"][2] == {
        "name": "Street (Grid import)",
        "stream_id": "in",
        "interval": 300,
        "parameters": {
            "aP_1": [{"source": "sensor.grid_power", "direction": "import"}],
            "pC_1": [{"source": "sensor.in"}],
        },
    }
    assert made["out"][2]["parameters"]["aP_1"] == [{"source": "sensor.grid_power", "direction": "export"}]
    assert made["sun"][2]["parameters"]["aP_1"] == [{"source": "sensor.sun_power"}]
    assert made["discharged"][2]["parameters"]["aP_1"] == [
        {"source": "sensor.battery_power", "direction": "export"}
    ]
    assert made["charged"][2]["parameters"]["aP_1"] == [{"source": "sensor.battery_power", "direction": "import"}]
    assert made["kettle"][2]["parameters"] == {"pC_1": [{"source": "sensor.kettle"}]}
    assert made["water"][2] == {
        "name": "Water",
        "stream_id": "water",
        "interval": 300,
        "parameters": {"value": [{"source": "sensor.water"}]},
        "unit": "L",
        "reading": "cumulative",
    }
    assert (made["gas"][2]["unit"], made["heat"][2]["unit"]) == ("m³", "kWh")
    for subentry in account.subentries.values():
        Stream.from_subentry(subentry)


@pytest.mark.usefixtures("dashboard")
async def test_shows_what_each_stream_sends(hass: HomeAssistant, account: ConfigEntry) -> None:
    await _full(hass)
    dialog = await _choose(hass, account, "sensor.out", "sensor.water", "sensor.kettle")
    assert dialog.texts["stream"].splitlines() == [
        "Type: electricity",
        "",
        r"- grid power (sensor.grid\_power) \[W\] → aP\_1 \[W\], only its negative part, sent as positive",
        r"- The out (sensor.out) \[kWh\] → pC\_1 \[Wh\]",
    ]
    await dialog.submit()
    assert r"Water (sensor.water) \[L\] → value \[L\]" in dialog.texts["stream"]
    await dialog.submit()
    assert "counted by The oven (sensor.oven), too" in dialog.texts["stream"]


@pytest.mark.usefixtures("dashboard")
async def test_stores_registry_ids(hass: HomeAssistant, account: ConfigEntry) -> None:
    energy = registered(hass, "in", unit_of_measurement="kWh", original_name="Import")
    power = registered(hass, "power", unit_of_measurement="kW", original_name="Power")
    await _configure(hass, _grid(stat_rate=power.entity_id))
    dialog = await _choose(hass, account, "sensor.in")
    assert dialog.shown["name"] == "Import"
    await dialog.submit(stream_id="main")
    assert _made(account)["main"][2]["parameters"] == {
        "aP_1": [{"source": power.id, "direction": "import"}],
        "pC_1": [{"source": energy.id}],
    }


async def test_without_the_energy_integration(hass: HomeAssistant, account: ConfigEntry) -> None:
    _energy(hass, "in")
    await _configure(hass, _grid())
    assert (await _open(hass, account)).page["reason"] == "no_energy_dashboard"


@pytest.mark.usefixtures("dashboard")
@pytest.mark.parametrize("is_saved", [False, True])
async def test_an_empty_dashboard(hass: HomeAssistant, account: ConfigEntry, is_saved: bool) -> None:
    if is_saved:
        await _configure(hass)
    else:
        assert (await async_get_manager(hass)).data is None
    assert (await _open(hass, account)).page["reason"] == "no_energy_dashboard"


@pytest.mark.usefixtures("dashboard")
async def test_names_what_it_can_not_import(hass: HomeAssistant, account: ConfigEntry) -> None:
    _energy(hass, "in", friendly_name="In")
    disabled = registered(hass, "off", unit_of_measurement="kWh", disabled_by=er.RegistryEntryDisabler.USER)
    meter(hass, "text", "low", device_class="enum")
    meter(hass, "volume", "3", "m³")
    meter(hass, "net", "-3", "kWh", state_class="total", friendly_name="Net *")
    meter(hass, "plain", "3")
    meter(hass, "tank", "3", "L", device_class="volume_storage", state_class="measurement")
    names = ("gone", "off", "text", "volume", "net", "in")
    await _configure(
        hass,
        {"type": "gas", "stat_energy_from": "opower:gas_1", "stat_cost": None},
        {"type": "gas", "stat_energy_from": "sensor.plain"},
        {"type": "water", "stat_energy_from": "sensor.tank"},
        device_consumption=[{"stat_consumption": f"sensor.{name}"} for name in names],
    )
    dialog = await _open(hass, account)
    assert _offered(dialog) == {"sensor.in": "Device: In (sensor.in)"}
    assert disabled.disabled
    assert dialog.texts["remarks"].splitlines() == [
        "Can't be imported:",
        "",
        r"- Gas: opower:gas\_1: it is a statistic from outside, without an entity that has values.",
        "- Gas: plain (sensor.plain): its unit is missing or can't be converted.",
        "- Water: tank (sensor.tank): it falls by design, so it is not a meter reading.",
        "- Device: sensor.gone: the entity doesn't exist any more. Correct the Energy dashboard.",
        "- Device: off (sensor.off): the entity is disabled. Enable it first.",
        "- Device: text (sensor.text): its state is not a number.",
        "- Device: volume (sensor.volume): its unit is missing or can't be converted.",
        r"- Device: Net \* (sensor.net): it falls by design, so it is not a meter reading.",
    ]


def test_has_a_reason_for_all_that_the_forms_refuse() -> None:
    assert set(SourceError) <= set(Unfit)


@pytest.mark.usefixtures("dashboard")
async def test_nothing_left_to_import(hass: HomeAssistant, account: ConfigEntry) -> None:
    energy = registered(hass, "in", unit_of_measurement="kWh", original_name="Import")
    meter(hass, "gas", "3", "m³", friendly_name="Gas")
    await _configure(
        hass,
        _grid(),
        {"type": "gas", "stat_energy_from": "sensor.gas"},
        device_consumption=[{"stat_consumption": "sensor.gone", "name": "Old oven"}],
    )
    add_stream(hass, account, SUBENTRY_ELECTRICITY, {"parameters": {"pC_2": [{"source": energy.id}]}})
    add_stream(
        hass,
        account,
        SUBENTRY_SINGLE_VALUE,
        {"stream_id": "gas", "parameters": {"value": [{"source": "sensor.gas"}]}, "unit": "m³"},
    )
    dialog = await _open(hass, account)
    assert dialog.page["reason"] == "no_candidates"
    assert dialog.texts["remarks"].splitlines() == [
        "Already part of a stream of this account: Import, Gas.",
        "",
        "Can't be imported:",
        "",
        "- Device: Old oven (sensor.gone): the entity doesn't exist any more. Correct the Energy dashboard.",
    ]


@pytest.mark.usefixtures("dashboard")
async def test_does_not_offer_what_it_has_made(hass: HomeAssistant, account: ConfigEntry) -> None:
    await _full(hass)
    dialog = await _choose(hass, account, "sensor.in")
    await dialog.submit(stream_id="main")
    dialog = await _open(hass, account)
    assert "sensor.in" not in _offered(dialog)
    assert "sensor.out" in _offered(dialog)
    assert dialog.texts["remarks"] == "Already part of a stream of this account: Street (Grid import)."


@pytest.mark.usefixtures("dashboard")
async def test_offers_each_meter_once(hass: HomeAssistant, account: ConfigEntry) -> None:
    _energy(hass, "in", friendly_name="In")
    await _configure(hass, _grid(), device_consumption=[{"stat_consumption": "sensor.in", "name": "House"}])
    assert _offered(await _open(hass, account)) == {"sensor.in": "Grid import: In (sensor.in)"}


@pytest.mark.usefixtures("dashboard")
@pytest.mark.parametrize("power", ["sensor.gone", "sensor.in", "other:power", "sensor.off"])
async def test_leaves_out_a_power_that_is_none(hass: HomeAssistant, account: ConfigEntry, power: str) -> None:
    _energy(hass, "in")
    registered(hass, "off", unit_of_measurement="W", disabled_by=er.RegistryEntryDisabler.USER)
    await _configure(hass, _grid(stat_rate=power))
    dialog = await _choose(hass, account, "sensor.in")
    assert "The Energy dashboard has a power for it" in dialog.texts["stream"]
    await dialog.submit(stream_id="main")
    assert _made(account)["main"][2]["parameters"] == {"pC_1": [{"source": "sensor.in"}]}


@pytest.mark.usefixtures("dashboard")
async def test_wants_something_chosen(hass: HomeAssistant, account: ConfigEntry) -> None:
    await _full(hass)
    dialog = await _choose(hass, account)
    assert (dialog.step, dialog.errors) == ("energy", {"meters": "nothing_chosen"})
    await dialog.submit(meters=["sensor.sun"])
    assert dialog.step == "energy_stream"


@pytest.mark.usefixtures("dashboard")
@pytest.mark.parametrize(
    ("typed", "errors"),
    [
        ({"stream_id": "a\tb"}, {"stream_id": "invalid_stream_id"}),
        ({"stream_id": "taken"}, {"stream_id": "already_configured"}),
        ({"stream_id": " first"}, {"stream_id": "typed_before"}),
        ({"stream_id": "new", "interval": {"minutes": 7}}, {"interval": "invalid_interval"}),
        (
            {"stream_id": "first", "interval": {"seconds": 1}},
            {"stream_id": "typed_before", "interval": "invalid_interval"},
        ),
    ],
)
async def test_names_errors_where_they_are(
    hass: HomeAssistant, account: ConfigEntry, typed: dict[str, Any], errors: dict[str, str]
) -> None:
    await _full(hass)
    add_stream(
        hass,
        account,
        SUBENTRY_ELECTRICITY,
        {"stream_id": "taken", "parameters": {"aP_1": [{"source": "sensor.x"}]}},
    )
    dialog = await _choose(hass, account, "sensor.in", "sensor.sun")
    await dialog.submit(stream_id="first")
    await dialog.submit(name="My sun", **typed)
    assert (dialog.step, dialog.errors, dialog.texts["number"]) == ("energy_stream", errors, "2")
    assert dialog.shown == {"interval": FIVE_MINUTES, "name": "My sun", **typed}
    assert set(_made(account)) == {"taken"}

    await dialog.submit(stream_id="second", interval=FIVE_MINUTES)
    assert dialog.page["reason"] == "streams_added"
    assert set(_made(account)) == {"taken", "first", "second"}
    assert _made(account)["second"][1] == "My sun"


@pytest.mark.usefixtures("dashboard")
async def test_leaves_out_what_got_no_id(hass: HomeAssistant, account: ConfigEntry) -> None:
    await _full(hass)
    dialog = await _choose(hass, account, "sensor.in", "sensor.sun", "sensor.gas")
    await dialog.submit()
    await dialog.submit(stream_id="sun", name=" ", interval={"minutes": 0, "seconds": 30})
    assert dialog.shown["interval"] == {"minutes": 0, "seconds": 30}
    await dialog.submit(stream_id=" ")
    assert dialog.page["reason"] == "streams_added"
    assert dialog.texts["count"] == "1"
    assert dialog.texts["streams"] == "- sun: sun"
    assert dialog.texts["left_out"].splitlines()[2:] == [
        "- Grid import: Street (sensor.in)",
        "- Gas: Gas (sensor.gas)",
    ]
    assert "below 1 minute" in dialog.texts["interval"]
    assert _made(account)["sun"][2]["interval"] == 30


@pytest.mark.usefixtures("dashboard")
async def test_without_any_id_nothing_is_made(hass: HomeAssistant, account: ConfigEntry) -> None:
    await _full(hass)
    dialog = await _choose(hass, account, "sensor.gas")
    await dialog.submit()
    assert dialog.page["reason"] == "no_streams_added"
    assert "- Gas: Gas (sensor.gas)" in dialog.texts["left_out"]
    assert not account.subentries


@pytest.mark.usefixtures("dashboard")
async def test_an_id_taken_meanwhile(hass: HomeAssistant, account: ConfigEntry) -> None:
    await _full(hass)
    dialog = await _choose(hass, account, "sensor.in", "sensor.gas")
    await dialog.submit(stream_id="main")
    add_stream(hass, account, SUBENTRY_ELECTRICITY, {"parameters": {"aP_1": [{"source": "sensor.x"}]}})
    await dialog.submit(stream_id="gas")
    assert (dialog.page["reason"], dialog.texts["streams"]) == ("streams_added", "- Gas: gas")
    assert "- Grid import: Street (sensor.in)" in dialog.texts["left_out"]
    assert set(_made(account)) == {"main", "gas"}


@pytest.mark.usefixtures("dashboard")
async def test_sixty_devices(hass: HomeAssistant, account: ConfigEntry) -> None:
    devices = [_energy(hass, f"circuit_{number}") for number in range(60)]
    await _configure(hass, device_consumption=[{"stat_consumption": device} for device in devices])
    dialog = await _open(hass, account)
    assert list(_offered(dialog)) == devices
    await dialog.submit(meters=devices)
    for number in range(60):
        await dialog.submit(stream_id=f"point-{number}")
    assert dialog.texts["count"] == "60"
    assert list(_made(account)) == [f"point-{number}" for number in range(60)]
