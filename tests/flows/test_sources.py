"""Which entities may feed which parameter."""

from homeassistant.core import HomeAssistant
import pytest

from custom_components.wattics.delivery.packet import PARAMETERS
from custom_components.wattics.flows.sources import SourceError, check_numeric, check_source, describe

from .meters import meter, registered


def _check(hass: HomeAssistant, entity_id: str, code: str) -> SourceError | None:
    return check_source(hass, entity_id, code, PARAMETERS[code].unit)


@pytest.mark.parametrize(
    ("code", "unit"),
    [
        ("aP_1", "kW"), ("aP_1", "MW"), ("rP_1", "kvar"), ("apP_1", "kVA"), ("v_1", "mV"), ("v_12", "kV"),
        ("c_1", "mA"), ("pC_1", "MWh"), ("pC_1", "GJ"),
    ],
)  # fmt: skip
async def test_units_that_can_be_converted(hass: HomeAssistant, code: str, unit: str) -> None:
    assert _check(hass, meter(hass, "entity", "1", unit), code) is None


@pytest.mark.parametrize(
    ("code", "unit"),
    [("aP_1", "kWh"), ("aP_1", "VA"), ("apP_1", "W"), ("rP_1", "VA"), ("pC_1", "W"), ("c_1", "V"), ("v_1", None)],
)
async def test_units_that_can_not(hass: HomeAssistant, code: str, unit: str | None) -> None:
    assert _check(hass, meter(hass, "entity", "1", unit), code) is SourceError.WRONG_UNIT


@pytest.mark.parametrize("state", ["eco", "", "nan", "inf", "1_000", "2026-11-23"])
async def test_text_is_not_numeric(hass: HomeAssistant, state: str) -> None:
    assert check_numeric(hass, meter(hass, "entity", state, "W")) is SourceError.NOT_NUMERIC


@pytest.mark.parametrize("device_class", ["enum", "timestamp", "date"])
async def test_classes_of_text_are_not_numeric(hass: HomeAssistant, device_class: str) -> None:
    assert check_numeric(hass, meter(hass, "entity", "unknown", device_class=device_class))
    entity = registered(hass, "silent", original_device_class=device_class)
    assert check_numeric(hass, entity.entity_id) is SourceError.NOT_NUMERIC


@pytest.mark.parametrize("state", ["unknown", "unavailable", "-1.5", "1e3"])
async def test_numbers_and_no_value_are_numeric(hass: HomeAssistant, state: str) -> None:
    assert check_numeric(hass, meter(hass, "entity", state)) is None


@pytest.mark.parametrize(
    "attributes",
    [{}, {"state_class": "total"}, {"state_class": "total_increasing"}, {"device_class": "energy"}],
)
async def test_counters_that_may_be_registers(hass: HomeAssistant, attributes: dict[str, str]) -> None:
    assert _check(hass, meter(hass, "entity", "0", "kWh", **attributes), "pC_1") is None


@pytest.mark.parametrize(
    ("state", "attributes"),
    [
        ("5", {"state_class": "measurement"}),
        ("5", {"device_class": "energy_storage"}),
        ("-0.1", {"state_class": "total"}),
    ],
)
async def test_counters_that_fall_by_design(hass: HomeAssistant, state: str, attributes: dict[str, str]) -> None:
    entity_id = meter(hass, "entity", state, "kWh", **attributes)
    assert _check(hass, entity_id, "pC_1") is SourceError.NET_COUNTER


async def test_a_negative_power_is_no_counter(hass: HomeAssistant) -> None:
    assert _check(hass, meter(hass, "entity", "-5", "kW", state_class="measurement"), "aP_1") is None


@pytest.mark.parametrize(
    ("platform", "state_class", "error"),
    [
        ("utility_meter", "total", SourceError.NET_COUNTER),
        ("utility_meter", "total_increasing", None),
        ("integration", "total", None),
    ],
)
async def test_a_utility_meter_of_net_consumption(
    hass: HomeAssistant, platform: str, state_class: str, error: SourceError | None
) -> None:
    entity = registered(
        hass,
        "entity",
        platform=platform,
        unit_of_measurement="kWh",
        capabilities={"state_class": state_class},
    )
    assert _check(hass, entity.entity_id, "pC_1") is error


async def test_the_state_counts_before_the_registry(hass: HomeAssistant) -> None:
    entity = registered(
        hass, "entity", unit_of_measurement="W", original_device_class="power", original_name="Power"
    )
    silent = describe(hass, entity.entity_id)
    assert silent is not None
    assert (silent.state, silent.name) == ("unavailable", "Power")
    assert silent.attributes["unit_of_measurement"] == "W"
    meter(hass, entity.entity_id, "1", "kWh")
    state = describe(hass, entity.entity_id)
    assert state is not None
    assert (state.state, state.attributes["unit_of_measurement"]) == ("1", "kWh")
    assert describe(hass, "sensor.nowhere") is None
