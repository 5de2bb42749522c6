"""Numbers out of Home Assistant's states, kept as decimals: no binary noise makes a sum of registers fall."""

from collections.abc import Callable, Iterable
from decimal import Context, Decimal
from functools import lru_cache, partial
import math
from typing import Final

from homeassistant.components.sensor.const import AMBIGUOUS_UNITS, UNIT_CONVERTERS
from homeassistant.const import ATTR_DEVICE_CLASS, ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import State
from homeassistant.util.unit_conversion import (
    BaseUnitConverter,
    BloodGlucoseConcentrationConverter,
    CarbonMonoxideConcentrationConverter,
    NitrogenDioxideConcentrationConverter,
    NitrogenMonoxideConcentrationConverter,
    OzoneConcentrationConverter,
    SulphurDioxideConcentrationConverter,
    TemperatureDeltaConverter,
)

type Conversion = Callable[[Decimal], Decimal]

EXACT: Final = Context(prec=400, traps=[])
"""Enough digits for every number a state can hold; what goes wrong becomes NaN or infinite, which is no value."""

_DECIMALS: Final = Decimal("1e-6")
_RATIO_DIGITS: Final = 15
"""A double holds this many decimal digits faithfully: 999999999.9999999 Wh in a TWh is meant as 10^9."""
_DEVICE_CLASS_ONLY: Final = frozenset(
    {
        BloodGlucoseConcentrationConverter,
        CarbonMonoxideConcentrationConverter,
        NitrogenDioxideConcentrationConverter,
        NitrogenMonoxideConcentrationConverter,
        OzoneConcentrationConverter,
        SulphurDioxideConcentrationConverter,
        TemperatureDeltaConverter,
    }
)
"""Right for one substance, or for differences: not to be concluded from the units alone."""
_PROBE: Final = 1000.0


def number(text: str) -> Decimal | None:
    """Return the finite number that a state's text is, None for any other text (`unknown`, `nan`, `1_000`)."""
    value = EXACT.create_decimal(text.strip())
    # A number beyond a double's range is infinite to all that reads it later.
    return value if value.is_finite() and math.isfinite(float(value)) else None


def unit_of(state: State) -> str | None:
    """Return the state's unit, None where it has none."""
    unit = state.attributes.get(ATTR_UNIT_OF_MEASUREMENT)
    return unit if isinstance(unit, str) else None


def conversion(state: State, to_unit: str) -> Conversion | None:
    """Return what turns the state's number into `to_unit`, None if its unit does not allow that."""
    if (unit := unit_of(state)) is None:
        return None
    device_class = state.attributes.get(ATTR_DEVICE_CLASS)
    return _conversion(unit, to_unit, device_class if isinstance(device_class, str) else None)


def add(numbers: Iterable[Decimal]) -> Decimal:
    """Return the exact sum."""
    result = Decimal(0)
    for value in numbers:
        result = EXACT.add(result, value)
    return result


def rounded(number: Decimal) -> float | None:
    """Return a number rounded to 6 decimals, as it is sent; None if it is not finite."""
    result = float(number.quantize(_DECIMALS, context=EXACT))
    return result if math.isfinite(result) else None


@lru_cache(maxsize=512)
def _conversion(from_unit: str, to_unit: str, device_class: str | None) -> Conversion | None:
    """Return the conversion that the device class tells or, where it tells none, the only one for these units."""
    from_unit = AMBIGUOUS_UNITS.get(from_unit, from_unit)
    if from_unit == to_unit:
        return _unchanged
    converters = {
        key: converter
        for key, converter in UNIT_CONVERTERS.items()
        if from_unit in converter.VALID_UNITS and to_unit in converter.VALID_UNITS
    }
    if device_class in converters:
        return _from_converter(converters[device_class], from_unit, to_unit)
    candidates = set(converters.values()) - _DEVICE_CLASS_ONLY
    return _from_converter(candidates.pop(), from_unit, to_unit) if len(candidates) == 1 else None


def _from_converter(converter: type[BaseUnitConverter], from_unit: str, to_unit: str) -> Conversion:
    """Return Home Assistant's conversion: as a product of decimals where it is a mere ratio."""
    if (ratio := _ratio(converter, from_unit, to_unit)) is not None:
        return partial(EXACT.multiply, ratio)
    return partial(_by_float, converter.converter_factory(from_unit, to_unit))


def _ratio(converter: type[BaseUnitConverter], from_unit: str, to_unit: str) -> Decimal | None:
    """Return what to multiply by, None if the conversion is not a ratio (°F, Beaufort, kWh/100km to km/kWh)."""
    convert = converter.converter_factory(from_unit, to_unit)
    try:
        is_ratio = convert(0.0) == 0 and math.isclose(convert(_PROBE), _PROBE * convert(1.0))
    except ZeroDivisionError:
        return None
    return Decimal(f"{convert(1.0):.{_RATIO_DIGITS}g}") if is_ratio else None


def _by_float(convert: Callable[[float], float], value: Decimal) -> Decimal:
    """Convert one number, NaN where there is no result (0 kWh/100km in km/kWh, a negative Beaufort)."""
    try:
        return Decimal(repr(convert(float(value))))
    except ArithmeticError, TypeError, ValueError:
        return Decimal("NaN")


def _unchanged(value: Decimal) -> Decimal:
    return value
