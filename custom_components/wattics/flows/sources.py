"""What Home Assistant knows of the entities that a user picks, and whether they fit their parameter."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, Final

from homeassistant.components.sensor.const import (
    ATTR_STATE_CLASS,
    NON_NUMERIC_DEVICE_CLASSES,
    SensorDeviceClass,
    SensorStateClass,
)
from homeassistant.const import (
    ATTR_DEVICE_CLASS,
    ATTR_FRIENDLY_NAME,
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
)
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers import entity_registry as er

from ..const import CONF_SOURCE, CONF_UNIT
from ..sampling.stream import AS_IS, Reading, is_register
from ..sampling.values import conversion, number, unit_of

type StoredSource = Mapping[str, Any]
"""A source as a subentry stores it: `source` and, where wanted, `factor`, `direction`, `maximum_rate`, `unit`."""

_NO_VALUE: Final = (STATE_UNAVAILABLE, STATE_UNKNOWN)
NO_UNIT: Final = "-"
_UTILITY_METER: Final = "utility_meter"
_TOTALS: Final = frozenset({SensorStateClass.TOTAL, SensorStateClass.TOTAL_INCREASING})
_STORED: Final = frozenset({SensorDeviceClass.ENERGY_STORAGE, SensorDeviceClass.VOLUME_STORAGE})


class SourceError(StrEnum):
    """Why an entity can't feed a parameter: the keys of the form's errors, the plainest first."""

    NOT_NUMERIC = "not_numeric"
    WRONG_UNIT = "wrong_unit"
    NET_COUNTER = "net_counter"


def describe(hass: HomeAssistant, entity_id: str) -> State | None:
    """Return an entity's state, completed from the registry where an unavailable one says little.

    None if neither the states nor the registry know the entity.
    """
    state = hass.states.get(entity_id)
    entry = er.async_get(hass).async_get(entity_id)
    attributes: dict[str, Any] = {}
    if entry:
        known = {
            ATTR_FRIENDLY_NAME: entry.name or entry.original_name,
            ATTR_UNIT_OF_MEASUREMENT: entry.unit_of_measurement,
            ATTR_DEVICE_CLASS: entry.device_class or entry.original_device_class,
            ATTR_STATE_CLASS: (entry.capabilities or {}).get(ATTR_STATE_CLASS),
        }
        attributes = {key: value for key, value in known.items() if value is not None}
    elif state is None:
        return None
    return State(
        entity_id,
        state.state if state else STATE_UNAVAILABLE,
        {**attributes, **(state.attributes if state else {})},
    )


def describe_all(hass: HomeAssistant, entity_ids: Iterable[str]) -> list[State]:
    """Return the states of entities as `describe` does, without those that nobody knows."""
    return [state for state in (describe(hass, entity_id) for entity_id in entity_ids) if state is not None]


def check_numeric(hass: HomeAssistant, entity_id: str) -> SourceError | None:
    """Return NOT_NUMERIC for an entity that does not exist or whose values are no numbers.

    One that has no value at the moment is taken, unless its device class says that its values are text or times.
    """
    state = describe(hass, entity_id)
    if state is None or state.attributes.get(ATTR_DEVICE_CLASS) in NON_NUMERIC_DEVICE_CLASSES:
        return SourceError.NOT_NUMERIC
    if state.state not in _NO_VALUE and number(state.state) is None:
        return SourceError.NOT_NUMERIC
    return None


def check_source(hass: HomeAssistant, entity_id: str, code: str, unit: str) -> SourceError | None:
    """Return why an entity can't feed a parameter that is sent in `unit`, None if it can."""
    if error := check_numeric(hass, entity_id):
        return error
    if (state := describe(hass, entity_id)) is None or conversion(state, unit) is None:
        return SourceError.WRONG_UNIT
    return check_register(hass, entity_id) if is_register(code) else None


def check_register(hass: HomeAssistant, entity_id: str) -> SourceError | None:
    """Return NET_COUNTER for an entity that can't be read as a counter because it falls by design."""
    state = describe(hass, entity_id)
    return SourceError.NET_COUNTER if state is not None and _is_net_counter(hass, state) else None


def _is_net_counter(hass: HomeAssistant, state: State) -> bool:
    """Return whether it is plain that this amount falls by design, so that it is no register.

    The state class `total` alone is no proof: Home Assistant's integral helper has it, and many meters that
    only rise. Proof is an amount that is stored or measured instead of counted, a utility meter set to net
    consumption (only those count as `total`, and those of money), or a total that is below zero.
    """
    state_class = state.attributes.get(ATTR_STATE_CLASS)
    device_class = state.attributes.get(ATTR_DEVICE_CLASS)
    value = number(state.state)
    return (
        device_class in _STORED
        or state_class == SensorStateClass.MEASUREMENT
        or (
            state_class == SensorStateClass.TOTAL
            and device_class != SensorDeviceClass.MONETARY
            and _platform(hass, state.entity_id) == _UTILITY_METER
        )
        or (value is not None and value < 0)
    )


def _platform(hass: HomeAssistant, entity_id: str) -> str | None:
    entry = er.async_get(hass).async_get(entity_id)
    return entry.platform if entry else None


def label(hass: HomeAssistant, entity_id: str) -> str:
    """Return an entity by the name that the user knows and by its exact id."""
    state = describe(hass, entity_id)
    return f"{state.name} ({entity_id})" if state else entity_id


def label_with_unit(hass: HomeAssistant, entity_id: str) -> str:
    """Return an entity by name, id and unit."""
    state = describe(hass, entity_id)
    return f"{label(hass, entity_id)} [{(state and unit_of(state)) or NO_UNIT}]"


def label_source(hass: HomeAssistant, source_id: str) -> str:
    """Return a stored source by name and entity id, or by what the registry remembers of one that was removed."""
    registry = er.async_get(hass)
    if entity_id := er.async_resolve_entity_id(registry, source_id):
        return label(hass, entity_id)
    removed = (entry for entry in registry.deleted_entities.values() if entry.id == source_id)
    return next((entry.entity_id for entry in removed), source_id)


def stored_sources(
    hass: HomeAssistant, entity_ids: Iterable[str], old: Iterable[StoredSource] = ()
) -> list[StoredSource]:
    """Return what is stored for the entities of a parameter, with the adjustments that they had in `old`.

    An entity is stored by its registry id, which survives a rename, where it has one.
    """
    registry = er.async_get(hass)
    known = {_entity_id(registry, source): source for source in old}
    sources: list[StoredSource] = []
    for entity_id in entity_ids:
        entry = registry.async_get(entity_id)
        sources.append({**known.get(entity_id, {}), CONF_SOURCE: entry.id if entry else entity_id})
    return sources


def with_first_units(hass: HomeAssistant, sources: Iterable[StoredSource], unit: str) -> list[StoredSource]:
    """Return the sources of a single value that is sent in `unit`, each with its own unit if that is "as is".

    None stands for an entity that has no unit. What is stored stays where nothing is known of the entity now.
    """
    registry = er.async_get(hass)
    return [_with_first_unit(hass, _entity_id(registry, source), source, unit) for source in sources]


def usual_reading(hass: HomeAssistant, entity_ids: Iterable[str]) -> Reading:
    """Return what a single value is offered as: a counter if the state class of all its entities says so."""
    classes = {state.attributes.get(ATTR_STATE_CLASS) for state in describe_all(hass, entity_ids)}
    return Reading.CUMULATIVE if classes and classes <= _TOTALS else Reading.INSTANT


def shown_entities(hass: HomeAssistant, sources: Iterable[StoredSource]) -> list[str]:
    """Return stored sources as entity ids, for the form; one that is gone stays as it was stored."""
    registry = er.async_get(hass)
    return [_entity_id(registry, source) for source in sources]


def _entity_id(registry: er.EntityRegistry, source: StoredSource) -> str:
    stored: str = source[CONF_SOURCE]
    return er.async_resolve_entity_id(registry, stored) or stored


def _with_first_unit(hass: HomeAssistant, entity_id: str, source: StoredSource, unit: str) -> StoredSource:
    rest = {key: value for key, value in source.items() if key != CONF_UNIT}
    if unit != AS_IS:
        return rest
    state = describe(hass, entity_id)
    if state is not None and (hass.states.get(entity_id) or unit_of(state)):
        return {**rest, CONF_UNIT: unit_of(state)}
    return source
