"""Streams out of their subentries, and which parameters take what."""

from decimal import Decimal
from types import MappingProxyType

from homeassistant.config_entries import ConfigSubentry
import pytest

from custom_components.wattics.const import SUBENTRY_ELECTRICITY, SUBENTRY_SINGLE_VALUE
from custom_components.wattics.delivery.packet import PARAMETERS, VALUE
from custom_components.wattics.sampling.stream import (
    Direction,
    Method,
    Reading,
    Source,
    Stream,
    is_register,
    takes_direction,
    takes_factor,
)


def _subentry(subentry_type: str, **data: object) -> ConfigSubentry:
    return ConfigSubentry(
        data=MappingProxyType({"name": "Main meter", "stream_id": "abc", "interval": 300, **data}),
        subentry_id="01",
        subentry_type=subentry_type,
        title="Main meter",
        unique_id="abc",
    )


def test_electricity() -> None:
    stream = Stream.from_subentry(
        _subentry(
            SUBENTRY_ELECTRICITY,
            parameters={
                "pC_1": [{"source": "sensor.t1"}, {"source": "sensor.t2", "factor": 0.1}],
                "aP_1": [{"source": "sensor.power", "factor": 2.0, "direction": "import"}],
            },
            time_zone="Europe/Rome",
        )
    )

    assert stream == Stream(
        subentry_id="01",
        stream_id="abc",
        name="Main meter",
        interval=300,
        parameters={
            "aP_1": (Source("sensor.power", Decimal(2), Direction.IMPORT),),
            "pC_1": (Source("sensor.t1"), Source("sensor.t2", Decimal("0.1"))),
        },
        time_zone="Europe/Rome",
        method=Method.MEAN,
        reading=Reading.CUMULATIVE,
    )
    assert list(stream.parameters) == ["aP_1", "pC_1"]
    assert stream.unit_of("pC_1") == "Wh"


def test_single_value() -> None:
    stream = Stream.from_subentry(
        _subentry(SUBENTRY_SINGLE_VALUE, parameters={VALUE: [{"source": "sensor.gas"}]}, unit="m³")
    )

    assert (stream.unit_of(VALUE), stream.time_zone) == ("m³", None)


def test_single_value_as_it_stands() -> None:
    stream = Stream.from_subentry(
        _subentry(SUBENTRY_SINGLE_VALUE, parameters={VALUE: [{"source": "sensor.people"}]}, unit="as_is")
    )

    assert stream.unit_of(VALUE) is None


def test_method_and_reading() -> None:
    energy = {"pC_1": [{"source": "sensor.t1", "maximum_rate": 0.5}], "aP_1": [{"source": "sensor.power"}]}
    usual = Stream.from_subentry(_subentry(SUBENTRY_ELECTRICITY, parameters=energy))
    other = Stream.from_subentry(
        _subentry(SUBENTRY_ELECTRICITY, parameters=energy, method="latest", reading="interval", maximum_age=600)
    )

    assert (usual.method, usual.reading, usual.maximum_age) == (Method.MEAN, Reading.CUMULATIVE, None)
    assert (other.method, other.reading, other.maximum_age) == (Method.LATEST, Reading.INTERVAL, 600)
    assert usual.parameters["pC_1"][0].maximum_rate == Decimal("0.5")
    assert [(code, usual.is_register(code), usual.is_mean(code)) for code in energy] == [
        ("pC_1", True, False),
        ("aP_1", False, True),
    ]
    assert not other.is_mean("aP_1")


@pytest.mark.parametrize(("reading", "is_register"), [(None, False), ("instant", False), ("cumulative", True)])
def test_a_single_value_is_a_register_if_it_is_read_as_one(reading: str | None, is_register: bool) -> None:
    more = {} if reading is None else {"reading": reading}
    data = {VALUE: [{"source": "sensor.gas"}]}
    stream = Stream.from_subentry(
        _subentry(SUBENTRY_SINGLE_VALUE, parameters=data, unit="m³", method="mean", **more)
    )

    assert (stream.is_register(VALUE), stream.is_mean(VALUE)) == (is_register, not is_register)


@pytest.mark.parametrize(
    ("seen", "first_unit"), [({}, None), ({"unit": None}, ""), ({"unit": "pulses"}, "pulses")]
)
def test_the_unit_that_a_source_had_when_it_was_chosen(
    seen: dict[str, str | None], first_unit: str | None
) -> None:
    assert Source.from_data({"source": "sensor.people", **seen}).first_unit == first_unit


def test_what_parameters_take() -> None:
    codes = [*PARAMETERS, VALUE]

    assert [code for code in codes if takes_direction(code)] == ["aP_1", "aP_2", "aP_3", "rP_1", "rP_2", "rP_3"]
    assert [code for code in codes if not takes_factor(code)] == ["v_1", "v_2", "v_3", "v_12", "v_13", "v_23"]
    assert [code for code in codes if is_register(code)] == ["pC_1", "pC_2", "pC_3"]


@pytest.mark.parametrize(
    ("direction", "value", "expected"),
    [
        (Direction.SIGNED, "-5", "-5"),
        (Direction.IMPORT, "5", "5"),
        (Direction.IMPORT, "-5", "0"),
        (Direction.EXPORT, "-5", "5"),
        (Direction.EXPORT, "5", "0"),
        (Direction.EXPORT, "0", "0"),
    ],
)
def test_direction(direction: Direction, value: str, expected: str) -> None:
    assert direction.apply(Decimal(value)) == Decimal(expected)
