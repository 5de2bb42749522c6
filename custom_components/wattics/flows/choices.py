"""Which entities a form offers: those that can feed the parameter, by the rules that check them afterwards.

The lists themselves are made by the frontend, from units: sent as entity ids, the 21 lists of an electricity
stream would have thousands of entries in a big installation. Only the few entities whose unit fits and that
can't be taken all the same (a net counter as a meter reading) are named, to be left out.
"""

from collections import defaultdict
from collections.abc import Collection
from functools import lru_cache
import time
from typing import Final

from homeassistant.components.sensor.const import AMBIGUOUS_UNITS
from homeassistant.const import ATTR_UNIT_OF_MEASUREMENT
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    EntityWithDeviceFilterSelectorConfig,
)

from ..delivery.packet import PARAMETERS, Parameter
from ..sampling.values import conversion, unit_of
from ..updates import async_yield_in_slices
from .sources import check_numeric, check_source
from .units import ALL_UNITS

METER_DOMAINS: Final = ["sensor", "number", "input_number"]
VALUE_DOMAINS: Final = [*METER_DOMAINS, "counter"]

type Unfit = dict[str, list[str]]
"""Entities to be left out, by the unit that is wanted."""

_EXAMPLES: Final = {parameter.unit: parameter for parameter in PARAMETERS.values()}
"""One parameter for each unit: what can be sent in a unit is the same for all that have it."""


@lru_cache
def fitting_units(unit: str) -> tuple[str, ...]:
    """Return the units that can be converted to `unit`."""
    known = [*ALL_UNITS, *(other for other in AMBIGUOUS_UNITS if other is not None)]
    return tuple(other for other in known if conversion(_with_unit(other), unit) is not None)


@lru_cache(maxsize=512)
def parameters_for(unit: str | None) -> tuple[Parameter, ...]:
    """Return the parameters that a unit can be converted for: one for each unit that they are sent in."""
    return tuple(parameter for wanted, parameter in _EXAMPLES.items() if unit in fitting_units(wanted))


def parameter_selector(parameter: Parameter, unfit: Unfit, *, multiple: bool = True) -> EntitySelector:
    """Return the list of the entities that can feed a parameter."""
    config = EntitySelectorConfig(
        multiple=multiple,
        filter=EntityWithDeviceFilterSelectorConfig(
            domain=METER_DOMAINS, unit_of_measurement=list(fitting_units(parameter.unit))
        ),
    )
    if left_out := unfit.get(parameter.unit):
        config["exclude_entities"] = left_out
    return EntitySelector(config)


def value_selector(text: Collection[str] = (), *, multiple: bool = True) -> EntitySelector:
    """Return the list of the entities that can feed a single value: all but those whose states are `text`."""
    config = EntitySelectorConfig(
        multiple=multiple, filter=EntityWithDeviceFilterSelectorConfig(domain=VALUE_DOMAINS)
    )
    if text:
        config["exclude_entities"] = list(text)
    return EntitySelector(config)


async def async_unfit(hass: HomeAssistant, keep: Collection[str]) -> Unfit:
    """Return the entities whose unit fits a parameter that can't take them all the same, without those to keep."""
    unfit: defaultdict[str, list[str]] = defaultdict(list)
    started = time.monotonic()
    for state in hass.states.async_all(METER_DOMAINS):
        if state.entity_id in keep:
            continue
        for parameter in parameters_for(unit_of(state)):
            if check_source(hass, state.entity_id, parameter.code, parameter.unit):
                unfit[parameter.unit].append(state.entity_id)
        started = await async_yield_in_slices(started)
    return dict(unfit)


async def async_text(hass: HomeAssistant, keep: Collection[str]) -> list[str]:
    """Return the entities whose states are no numbers, without those to keep."""
    text: list[str] = []
    started = time.monotonic()
    for state in hass.states.async_all(VALUE_DOMAINS):
        if state.entity_id not in keep and check_numeric(hass, state.entity_id):
            text.append(state.entity_id)
        started = await async_yield_in_slices(started)
    return text


def _with_unit(unit: str) -> State:
    return State("sensor.any", "1", {ATTR_UNIT_OF_MEASUREMENT: unit})
