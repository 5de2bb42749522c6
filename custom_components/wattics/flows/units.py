"""The units in which a single value may be sent: those that all its entities can be converted to."""

from collections.abc import Iterable, Sequence
from typing import Final

from homeassistant.components.sensor.const import UNIT_CONVERTERS
from homeassistant.core import State

from ..sampling.stream import AS_IS
from ..sampling.values import conversion, unit_of
from .words import Words

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


def own_units(states: Iterable[State], words: Words) -> list[str]:
    """Return the units that entities have, each once, and the word for none."""
    return list(dict.fromkeys(unit_of(state) or words["no_unit"] for state in states))


def what_becomes(states: Iterable[State], wanted: str, words: Words) -> str:
    """Return in words which units entities have and in which they are sent, of those that can be converted."""
    fitting = [state for state in states if conversion(state, wanted) is not None]
    return "; ".join(words["sent_as"].format(unit=unit, wanted=wanted) for unit in own_units(fitting, words))
