"""Streams out of their subentries, and which parameters take what."""

from decimal import Decimal
from types import MappingProxyType

from homeassistant.config_entries import ConfigSubentry
import pytest

from custom_components.wattics.const import SUBENTRY_ELECTRICITY, SUBENTRY_SINGLE_VALUE
from custom_components.wattics.delivery.packet import PARAMETERS, VALUE
from custom_components.wattics.sampling.stream import (
    Direction,
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
