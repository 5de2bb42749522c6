"""Streams sampled from a real state machine."""

from datetime import UTC, datetime
from decimal import Decimal
from types import MappingProxyType

from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
import orjson
import pytest

from custom_components.wattics.delivery.packet import VALUE
from custom_components.wattics.sampling.reader import ProblemKind, SourceProblem
from custom_components.wattics.sampling.sampler import Sampler
from custom_components.wattics.sampling.stream import Direction, Source, Stream
from custom_components.wattics.sampling.stream_sampler import Sample
from custom_components.wattics.sampling.zones import Zones

INSTANT = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)


def _stream(
    parameters: dict[str, tuple[Source, ...]], time_zone: str | None = None, unit: str | None = None
) -> Stream:
    return Stream("01", "abc", "Main meter", 300, MappingProxyType(parameters), time_zone, unit)


def _sample(hass: HomeAssistant, stream: Stream, sampler: Sampler | None = None) -> Sample:
    (sample,) = (sampler or Sampler(hass, Zones())).sample(INSTANT, [stream])
    assert sample.stream is stream
    return sample


def _values(sample: Sample) -> dict[str, float]:
    assert sample.packet is not None
    return dict(sample.packet.values)


def _set(hass: HomeAssistant, entity_id: str, text: str, unit: str | None = None) -> None:
    hass.states.async_set(entity_id, text, {"unit_of_measurement": unit} if unit else {})


async def test_every_parameter_in_its_unit(hass: HomeAssistant) -> None:
    units: dict[str, tuple[str, str, float]] = {
        "aP": ("kW", "1.5", 1500),
        "rP": ("kvar", "0.2", 200),
        "apP": ("kVA", "1.6", 1600),
    }
    units |= {"v": ("mV", "230100", 230.1), "c": ("mA", "6500", 6.5), "pC": ("MWh", "12.345678", 12345678)}
    codes = [f"{prefix}_{phase}" for prefix in units for phase in (1, 2, 3)] + ["v_12", "v_13", "v_23"]
    for code in codes:
        unit, text, _ = units[code.partition("_")[0]]
        _set(hass, f"sensor.{code.lower()}", text, unit)

    sample = _sample(hass, _stream({code: (Source(f"sensor.{code.lower()}"),) for code in codes}))

    assert _values(sample) == {code: units[code.partition("_")[0]][2] for code in codes}
    assert sample.problems == ()


async def test_packet_is_stamped_with_the_boundary_in_the_streams_zone(hass: HomeAssistant) -> None:
    zones = Zones()
    stream = _stream({"aP_1": (Source("sensor.power"),)}, time_zone="Asia/Kathmandu")
    await zones.async_load([stream])
    _set(hass, "sensor.power", "12", "W")

    packet = _sample(hass, stream, Sampler(hass, zones)).packet

    assert packet is not None
    assert orjson.loads(packet.encode()) == {"id": "abc", "tsISO8601": "2026-11-23T19:50:00.000+05:45", "aP_1": 12}


async def test_packet_is_stamped_in_home_assistants_zone(hass: HomeAssistant) -> None:
    await hass.config.async_set_time_zone("America/New_York")
    _set(hass, "sensor.power", "12", "W")

    packet = _sample(hass, _stream({"aP_1": (Source("sensor.power"),)})).packet

    assert packet is not None
    assert packet.instant.isoformat() == "2026-11-23T09:05:00-05:00"


async def test_tariffs_are_one_sum(hass: HomeAssistant) -> None:
    _set(hass, "sensor.t1", "0.1", "kWh")
    _set(hass, "sensor.t2", "200", "Wh")

    sample = _sample(hass, _stream({"pC_1": (Source("sensor.t1"), Source("sensor.t2"))}))

    assert _values(sample) == {"pC_1": 300}


@pytest.mark.parametrize("text", ["unknown", "unavailable", "nan", "inf", "-inf", "on", "text", "1_000", "", None])
async def test_what_is_no_value_leaves_its_parameter_out(hass: HomeAssistant, text: str | None) -> None:
    """None stands for an entity without a state."""
    _set(hass, "sensor.t1", "1", "kWh")
    _set(hass, "sensor.power", "12", "W")
    if text is not None:
        _set(hass, "sensor.t2", text, "kWh")

    sample = _sample(
        hass, _stream({"aP_1": (Source("sensor.power"),), "pC_1": (Source("sensor.t1"), Source("sensor.t2"))})
    )

    assert _values(sample) == {"aP_1": 12}
    expected = (
        SourceProblem("pC_1", "sensor.t2", ProblemKind.MISSING)
        if text is None
        else SourceProblem("pC_1", "sensor.t2", ProblemKind.NO_VALUE, "kWh")
    )
    assert sample.problems == (expected,)


async def test_no_parameter_makes_no_packet(hass: HomeAssistant) -> None:
    _set(hass, "sensor.power", "unavailable", "W")

    sample = _sample(hass, _stream({"aP_1": (Source("sensor.power"),), "v_1": (Source("sensor.nowhere"),)}))

    assert sample.packet is None
    assert [problem.kind for problem in sample.problems] == [ProblemKind.NO_VALUE, ProblemKind.MISSING]


@pytest.mark.parametrize("unit", [None, "kWh", "VA"])
async def test_unit_that_does_not_fit_is_reported(hass: HomeAssistant, unit: str | None) -> None:
    _set(hass, "sensor.power", "12", unit)

    sample = _sample(hass, _stream({"aP_1": (Source("sensor.power"),)}))

    assert sample.packet is None
    assert sample.problems == (SourceProblem("aP_1", "sensor.power", ProblemKind.UNIT, unit),)


async def test_unit_is_that_of_the_instant(hass: HomeAssistant) -> None:
    stream, sampler = _stream({"aP_1": (Source("sensor.power"),)}), Sampler(hass, Zones())

    _set(hass, "sensor.power", "1500", "W")
    assert _values(_sample(hass, stream, sampler)) == {"aP_1": 1500}
    _set(hass, "sensor.power", "1.6", "kW")
    assert _values(_sample(hass, stream, sampler)) == {"aP_1": 1600}


async def test_factor_then_direction_then_sum(hass: HomeAssistant) -> None:
    _set(hass, "sensor.l1", "1", "kW")
    _set(hass, "sensor.l2", "-400", "W")
    first, second = Source("sensor.l1", Decimal("-2.5")), Source("sensor.l2", Decimal("0.1"))

    def directed(direction: Direction) -> tuple[Source, ...]:
        return tuple(Source(source.id, source.factor, direction) for source in (first, second))

    sample = _sample(
        hass,
        _stream({"aP_1": (first, second), "aP_2": directed(Direction.IMPORT), "aP_3": directed(Direction.EXPORT)}),
    )

    assert _values(sample) == {"aP_1": -2540, "aP_2": 0, "aP_3": 2540}


async def test_import_and_export_are_taken_before_the_sum(hass: HomeAssistant) -> None:
    _set(hass, "sensor.l1", "1000", "W")
    _set(hass, "sensor.l2", "-400", "W")
    imported, exported = (
        tuple(Source(entity_id, direction=direction) for entity_id in ("sensor.l1", "sensor.l2"))
        for direction in (Direction.IMPORT, Direction.EXPORT)
    )

    sample = _sample(hass, _stream({"aP_1": imported, "aP_2": exported}))

    assert _values(sample) == {"aP_1": 1000, "aP_2": 400}


async def test_single_value_in_the_chosen_unit(hass: HomeAssistant) -> None:
    _set(hass, "sensor.outdoor", "70.7", "°F")

    sample = _sample(hass, _stream({VALUE: (Source("sensor.outdoor"),)}, unit="°C"))

    assert _values(sample) == {VALUE: 21.5}


async def test_as_it_stands_until_the_unit_changes(hass: HomeAssistant) -> None:
    stream, sampler = _stream({VALUE: (Source("sensor.water", Decimal(10)),)}), Sampler(hass, Zones())

    _set(hass, "sensor.water", "unavailable", "L")
    assert _sample(hass, stream, sampler).packet is None
    _set(hass, "sensor.water", "5", "m³")
    assert _values(_sample(hass, stream, sampler)) == {VALUE: 50}
    _set(hass, "sensor.water", "5000", "L")
    changed = _sample(hass, stream, sampler)
    assert (changed.packet, changed.problems) == (
        None,
        (SourceProblem(VALUE, "sensor.water", ProblemKind.UNIT, "L"),),
    )
    _set(hass, "sensor.water", "6", "m³")
    assert _values(_sample(hass, stream, sampler)) == {VALUE: 60}

    sampler.async_forget(stream.subentry_id)
    _set(hass, "sensor.water", "6000", "L")
    assert _values(_sample(hass, stream, sampler)) == {VALUE: 60000}


async def test_as_it_stands_without_a_unit(hass: HomeAssistant) -> None:
    stream, sampler = _stream({VALUE: (Source("counter.people"),)}), Sampler(hass, Zones())

    _set(hass, "counter.people", "17")
    assert _values(_sample(hass, stream, sampler)) == {VALUE: 17}
    _set(hass, "counter.people", "18", "pulses")
    assert _sample(hass, stream, sampler).problems == (
        SourceProblem(VALUE, "counter.people", ProblemKind.UNIT, "pulses"),
    )


async def test_overflow_is_no_value(hass: HomeAssistant) -> None:
    _set(hass, "sensor.power", "1e308", "kW")

    sample = _sample(hass, _stream({"aP_1": (Source("sensor.power"),)}))

    assert sample.packet is None
    assert sample.problems == (SourceProblem("aP_1", "sensor.power", ProblemKind.NO_VALUE),)


async def test_conversion_without_a_result_is_no_value(hass: HomeAssistant) -> None:
    _set(hass, "sensor.car", "0", "kWh/100km")

    sample = _sample(hass, _stream({VALUE: (Source("sensor.car"),)}, unit="km/kWh"))

    assert sample.problems == (SourceProblem(VALUE, "sensor.car", ProblemKind.NO_VALUE, "kWh/100km"),)


async def test_renamed_source_is_followed_and_a_removed_one_missing(
    hass: HomeAssistant, entity_registry: er.EntityRegistry
) -> None:
    entry = entity_registry.async_get_or_create("sensor", "meter", "1", suggested_object_id="old_name")
    stream, sampler = _stream({"aP_1": (Source(entry.id),)}), Sampler(hass, Zones())
    _set(hass, entry.entity_id, "10", "W")
    assert _values(_sample(hass, stream, sampler)) == {"aP_1": 10}

    hass.states.async_remove(entry.entity_id)
    entity_registry.async_update_entity(entry.entity_id, new_entity_id="sensor.new_name")
    _set(hass, "sensor.new_name", "11", "W")
    assert _values(_sample(hass, stream, sampler)) == {"aP_1": 11}

    entity_registry.async_remove("sensor.new_name")
    assert _sample(hass, stream, sampler).problems == (SourceProblem("aP_1", entry.id, ProblemKind.MISSING),)


async def test_parameters_come_in_the_vendors_order(hass: HomeAssistant) -> None:
    for entity_id, unit in (("sensor.power", "W"), ("sensor.voltage", "V"), ("sensor.energy", "Wh")):
        _set(hass, entity_id, "1", unit)

    sample = _sample(
        hass,
        _stream(
            {
                "aP_1": (Source("sensor.power"),),
                "v_1": (Source("sensor.voltage"),),
                "pC_1": (Source("sensor.energy"),),
            }
        ),
    )

    assert list(_values(sample)) == ["aP_1", "v_1", "pC_1"]
