"""The action for a replaced meter."""

from typing import Any

from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
import pytest
import voluptuous as vol

from custom_components.wattics.sampling.register import Register
from tests.common import Home, single_value, stream

from .calls import call

ENERGY = "sensor.energy"
READINGS = {"stream_id": "main", "parameter": "pC_1", "final_reading": 50_007, "first_reading": 20}


def _energy(*sources: dict[str, Any]) -> Any:
    return stream(parameters={"pC_1": [*(sources or ({"source": ENERGY},))]})


def _sent(home: Home) -> list[float]:
    return [packet.values["pC_1"] / 1000 for packet in home.packets("main")]


@pytest.mark.parametrize("shown", [[], [23], [22, 23]])
async def test_a_replaced_meter(home: Home, shown: list[int]) -> None:
    """Before the new one is shown, while it is withheld, and after it was taken for a reset."""
    home.set(ENERGY, 50_000, "kWh")
    await home.start(_energy())
    await home.until("12:01:10")
    for reading in shown:
        home.set(ENERGY, reading, "kWh")
    response = await call(home, "set_register", **READINGS)
    assert response is not None
    home.set(ENERGY, 23, "kWh")
    await home.until("12:02:10")
    home.set(ENERGY, 24, "kWh")
    await home.until("12:03:10")
    assert _sent(home) == [50_000, 50_010, 50_011]
    after = 50_010_000 if shown else 50_007_000
    dial = 23_000 if shown else 50_000_000
    assert response == {
        "before": 50_023_000 if len(shown) == 2 else 50_000_000,
        "after": after,
        "dial": dial,
        "offset": after - dial,
        "unit": "Wh",
    }


async def test_it_is_kept_before_it_is_answered(home: Home) -> None:
    home.set(ENERGY, 50_000, "kWh")
    entry = await home.start(_energy({"source": ENERGY, "factor": 2.0}))
    await home.until("12:01:10")
    response = await call(home, "set_register", **READINGS)
    register = Register([ENERGY])
    register.restore(entry.runtime_data.outbox.registers["main", "pC_1"])
    assert response is not None
    assert register.value == response["after"] == 100_014_000


async def test_a_disk_that_refuses_changes_nothing(home: Home) -> None:
    home.set(ENERGY, 50_000, "kWh")
    entry = await home.start(_energy())
    await home.until("12:01:10")
    async with home.failing_disk(entry):
        with pytest.raises(HomeAssistantError) as raised:
            await call(home, "set_register", **READINGS)
    assert raised.value.translation_key == "storage_unusable"
    home.set(ENERGY, 50_001, "kWh")
    await home.until("12:02:10")
    assert _sent(home) == [50_000, 50_001]


async def test_one_of_several_entities(home: Home) -> None:
    home.set("sensor.t1", 100, "kWh")
    home.set("sensor.t2", 700, "kWh")
    await home.start(_energy({"source": "sensor.t1"}, {"source": "sensor.t2"}))
    await home.until("12:01:10")
    readings = {**READINGS, "final_reading": 701, "first_reading": 0}
    with pytest.raises(ServiceValidationError) as raised:
        await call(home, "set_register", **readings)
    assert raised.value.translation_key == "entity_needed"
    assert raised.value.translation_placeholders == {
        "parameter": "pC_1",
        "entities": "t1 (sensor.t1), t2 (sensor.t2)",
    }
    with pytest.raises(ServiceValidationError) as raised:
        await call(home, "set_register", **readings, entity="sensor.t3")
    assert raised.value.translation_key == "no_such_source"
    await call(home, "set_register", **readings, entity="sensor.t2")
    home.set("sensor.t2", 2, "kWh")
    await home.until("12:02:10")
    assert _sent(home) == [800, 803]


@pytest.mark.parametrize(
    ("changes", "error", "placeholders"),
    [
        ({"final_reading": 49_999}, "final_reading_too_low", {"limit": "50000 kWh"}),
        ({"first_reading": 23.5}, "first_reading_too_high", {"limit": "23 kWh"}),
        ({"parameter": "aP_1"}, "no_register", {"parameter": "aP_1", "stream": "Main"}),
        ({"parameter": "pC_2"}, "no_register", {"parameter": "pC_2", "stream": "Main"}),
        ({"stream_id": "nobody"}, "unknown_stream", {"stream_id": "nobody"}),
    ],
)
async def test_what_cannot_be(
    home: Home, changes: dict[str, Any], error: str, placeholders: dict[str, str]
) -> None:
    home.set(ENERGY, 50_000, "kWh")
    home.set("sensor.power", 1)
    await home.start(stream(parameters={"aP_1": [{"source": "sensor.power"}], "pC_1": [{"source": ENERGY}]}))
    await home.until("12:01:10")
    home.set(ENERGY, 23, "kWh")
    with pytest.raises(ServiceValidationError) as raised:
        await call(home, "set_register", **{**READINGS, **changes})
    assert (raised.value.translation_key, raised.value.translation_placeholders) == (error, placeholders)


@pytest.mark.parametrize("reading", [-1, "nan", "inf", "much"])
async def test_what_is_no_reading(home: Home, reading: object) -> None:
    await home.start(_energy())
    with pytest.raises(vol.Invalid):
        await call(home, "set_register", **{**READINGS, "first_reading": reading})


async def test_a_source_of_which_nothing_is_known(home: Home) -> None:
    await home.start(_energy())
    with pytest.raises(ServiceValidationError) as raised:
        await call(home, "set_register", **READINGS)
    assert raised.value.translation_key == "reading_without_unit"
    home.set(ENERGY, "unavailable", "kWh")
    with pytest.raises(ServiceValidationError) as raised:
        await call(home, "set_register", **READINGS)
    assert raised.value.translation_key == "register_unknown"


async def test_a_single_value_in_the_unit_of_its_entity(home: Home) -> None:
    home.set("sensor.water", 5000, "L")
    new = single_value("main", "sensor.water", unit="m³")
    await home.start({**new, "data": {**new["data"], "reading": "cumulative"}})
    readings = {"stream_id": "main", "parameter": "value", "final_reading": 5500, "first_reading": 0}
    await home.until("12:01:10")
    response = await call(home, "set_register", **readings)
    assert response == {"before": 5, "after": 5.5, "dial": 5, "offset": 0.5, "unit": "m³"}
