"""The units in which a single value may be sent: those that all its entities can be converted to."""

from collections.abc import Sequence
from typing import Final

from homeassistant.components.sensor.const import UNIT_CONVERTERS
from homeassistant.core import State

from ..sampling.stream import AS_IS
from ..sampling.values import conversion, unit_of

ALL_UNITS: Final = sorted(
    {str(unit) for converter in UNIT_CONVERTERS.values() for unit in converter.VALID_UNITS if unit is not None},
    key=str.casefold,
)
"""All that Home Assistant can convert."""


def is_unit_for(unit: str, states: Sequence[State]) -> bool:
    """Return whether all the entities can be sent in `unit`; as they stand only if their units are the same."""
    if unit == AS_IS:
        return len({unit_of(state) for state in states}) <= 1
    return all(conversion(state, unit) is not None for state in states)


def suggested_units(states: Sequence[State]) -> list[str]:
    """Return the units that all the entities can be sent in: their own first, "as is" last."""
    own = dict.fromkeys(unit for state in states if (unit := unit_of(state)) is not None)
    return [unit for unit in dict.fromkeys([*own, *ALL_UNITS, AS_IS]) if is_unit_for(unit, states)]
