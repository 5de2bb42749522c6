"""Numbers, units and sums."""

from collections.abc import Sequence
from decimal import Decimal

from homeassistant.components.sensor.const import UNIT_CONVERTERS
from homeassistant.core import State
import pytest

from custom_components.wattics.sampling import values


def _total(numbers: Sequence[Decimal]) -> float | None:
    return values.rounded(values.add(numbers))


def _state(text: str, unit: object = None, device_class: object = None) -> State:
    attributes = {"unit_of_measurement": unit, "device_class": device_class}
    return State("sensor.any", text, {key: value for key, value in attributes.items() if value is not None})


def _convert(text: str, from_unit: object, to_unit: str, device_class: object = None) -> float | None:
    """Return a state's number in another unit as it would be sent, None if the unit does not allow it."""
    state = _state(text, from_unit, device_class)
    number, convert = values.number(text), values.conversion(state, to_unit)
    assert number is not None
    return _total([convert(number)]) if convert else None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("0", "0"),
        ("-1.5", "-1.5"),
        ("+2", "2"),
        (".5", "0.5"),
        ("1e3", "1000"),
        (" 21.5 ", "21.5"),
        ("12345678901234.123456", "12345678901234.123456"),
    ],
)
def test_numbers(text: str, expected: str) -> None:
    assert values.number(text) == Decimal(expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "unknown",
        "unavailable",
        "none",
        "on",
        "off",
        "true",
        "nan",
        "-nan",
        "snan",
        "inf",
        "-inf",
        "Infinity",
        "1_000",
        "1,5",
        "0x10",
        "12 kWh",
        "1 2",
        "--1",
        "1e400",
        "-1e400",
        "1e999999999",
        "1e99999999999999999999",
        "2026-11-23T14:05:00+00:00",
    ],
)
def test_no_numbers(text: str) -> None:
    assert values.number(text) is None


@pytest.mark.parametrize(
    ("text", "from_unit", "to_unit", "expected"),
    [
        ("1.234", "kW", "W", 1234),
        ("12345.678", "kWh", "Wh", 12345678),
        ("987654321.123456", "kWh", "Wh", 987654321123.456),
        ("1.000001", "MWh", "Wh", 1000001),
        ("3.000000000001", "TWh", "Wh", 3000000000001),
        ("3.6", "MJ", "Wh", 1000),
        ("1500", "mA", "A", 1.5),
        ("0.1", "kvar", "var", 100),
        ("0.1", "kVAr", "var", 100),
        ("2.3", "kVA", "VA", 2300),
        ("400000", "mV", "V", 400),
        ("68", "°F", "°C", 20),
        ("69", "°F", "°C", 20.555556),
        ("0", "K", "°C", -273.15),
        ("1000", "L", "m³", 1),
        ("100", "ft³", "m³", 2.831685),
        ("5", "m³", "m³", 5),
        ("7", "pulses", "pulses", 7),
        ("0.7", "kW", "kW", 0.7),
        ("20", "kWh/100km", "km/kWh", 5),
        ("3", "Beaufort", "m/s", 4.343983),
    ],
)
def test_conversions(text: str, from_unit: str, to_unit: str, expected: float) -> None:
    assert _convert(text, from_unit, to_unit) == expected


@pytest.mark.parametrize(
    ("from_unit", "to_unit"),
    [(None, "W"), ("", "W"), ("kWh", "W"), ("VA", "W"), ("KW", "W"), ("pulses", "m³"), (["W"], "W"), (None, "%")],
)
def test_units_that_cannot_be_converted(from_unit: object, to_unit: str) -> None:
    assert _convert("1", from_unit, to_unit) is None


@pytest.mark.parametrize(
    ("from_unit", "to_unit", "device_class", "expected"),
    [
        ("°F", "°C", "temperature", -16.666667),
        ("°F", "°C", "temperature_delta", 1.111111),
        ("°F", "°C", None, -16.666667),
        ("°F", "°C", ["temperature"], -16.666667),
        ("ppm", "mg/m³", "carbon_monoxide", 2.3288),
        ("ppm", "mg/m³", "carbon_dioxide", None),
        ("ppm", "mg/m³", None, None),
        ("mg/dL", "mmol/L", None, None),
        ("µg/m³", "mg/m³", None, 0.002),
        ("ppm", "ppb", None, 2000),
        ("kW", "W", "energy", 2000),
    ],
)
def test_device_class_tells_where_units_do_not(
    from_unit: str, to_unit: str, device_class: object, expected: float | None
) -> None:
    assert _convert("2", from_unit, to_unit, device_class) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("text", "from_unit", "to_unit"),
    [("0", "kWh/100km", "km/kWh"), ("-1", "Beaufort", "m/s"), ("1e308", "TWh", "mWh")],
)
def test_conversions_without_a_result(text: str, from_unit: str, to_unit: str) -> None:
    assert _convert(text, from_unit, to_unit) is None


def test_ratios_agree_with_home_assistant() -> None:
    """Every pair of units that its converters know gives its result, to twelve digits."""
    compared = 0
    for device_class, converter in UNIT_CONVERTERS.items():
        units = [unit for unit in converter.VALID_UNITS if unit is not None]
        for from_unit in units:
            for to_unit in units:
                convert = values.conversion(_state("123.456", from_unit, device_class), to_unit)
                assert convert is not None
                assert float(convert(Decimal("123.456"))) == pytest.approx(
                    converter.convert(123.456, from_unit, to_unit), rel=1e-12
                ), (from_unit, to_unit)
                compared += 1
    assert compared > 500


def test_sums_are_exact() -> None:
    assert _total([Decimal("0.1"), Decimal("0.2")]) == 0.3
    assert _total([Decimal("1000000000000.000001")] * 3) == 3000000000000.000003
    assert _total([Decimal("1.0000005"), Decimal("-1.0000000")]) == 0
    assert _total([Decimal("1.0000006")]) == 1.000001


def test_sums_beyond_a_double_are_no_value() -> None:
    assert _total([Decimal("1e308")]) == 1e308
    assert _total([Decimal("1e308")] * 2) is None
    assert _total([Decimal("NaN"), Decimal(1)]) is None


def test_registers_never_fall_by_rounding() -> None:
    """Each step of 0.1 kWh of a counter far up raises the sum of two tariffs by exactly 100 Wh."""
    convert = values.conversion(_state("0", "kWh"), "Wh")
    assert convert is not None
    night = convert(Decimal("123456789.7"))

    sums = [_total([convert(Decimal(f"{step // 10}.{step % 10}")), night]) for step in range(0, 1000, 1)]

    assert sums == [123456789700 + 100 * step for step in range(1000)]
