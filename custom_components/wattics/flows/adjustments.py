"""Factor, direction and maximum rate: one figure in the form for all sources of a parameter, stored for each."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from ..const import CONF_DIRECTION, CONF_FACTOR, CONF_MAXIMUM_RATE
from ..sampling.stream import Direction, is_register, takes_direction
from .sources import StoredSource

_DEFAULTS: Final[Mapping[str, Any]] = {
    CONF_FACTOR: 1,
    CONF_DIRECTION: Direction.SIGNED.value,
    CONF_MAXIMUM_RATE: None,
}
"""What a source has when nothing is stored."""

FACTOR: Final = NumberSelector(NumberSelectorConfig(step="any", mode=NumberSelectorMode.BOX))
DIRECTION: Final = SelectSelector(
    SelectSelectorConfig(
        options=[direction.value for direction in Direction],
        mode=SelectSelectorMode.DROPDOWN,
        translation_key=CONF_DIRECTION,
    )
)


MAXIMUM_RATE: Final = NumberSelector(NumberSelectorConfig(step="any", mode=NumberSelectorMode.BOX))
_ENERGY_RATE: Final = NumberSelector(
    NumberSelectorConfig(step="any", mode=NumberSelectorMode.BOX, unit_of_measurement="Wh/h")
)


def adjustment_fields(code: str) -> dict[vol.Marker, Any]:
    """Return the fields of a parameter of electricity that takes adjustments."""
    fields: dict[vol.Marker, Any] = {vol.Optional(CONF_FACTOR): FACTOR}
    if takes_direction(code):
        fields[vol.Optional(CONF_DIRECTION)] = DIRECTION
    if is_register(code):
        fields[vol.Optional(CONF_MAXIMUM_RATE)] = _ENERGY_RATE
    return fields


def adjustment_suggestions(sources: Iterable[StoredSource]) -> dict[str, Any]:
    """Return what the fields show: the figure that all the sources have, nothing where they differ."""
    return {key: figure for key, figure in _common(sources).items() if figure is not None}


def is_adjusted(sources: Iterable[StoredSource]) -> bool:
    """Return whether any of the sources has a factor, a direction or a maximum rate."""
    return any(key in source for source in sources for key in _DEFAULTS)


def adjust(sources: Iterable[StoredSource], user_input: Mapping[str, Any]) -> list[StoredSource]:
    """Return the sources with what was typed. An empty field means the default, or what differs stays as it is."""
    sources = list(sources)
    values = {key: _DEFAULTS[key] for key in _common(sources)} | dict(user_input)
    adjusted = ({**source, **values} for source in sources)
    return [
        {key: value for key, value in source.items() if key not in _DEFAULTS or value != _DEFAULTS[key]}
        for source in adjusted
    ]


def _common(sources: Iterable[StoredSource]) -> dict[str, Any]:
    """Return the figures that all the sources have, None for the lack of one."""
    sources = list(sources)
    values = {key: {source.get(key, default) for source in sources} for key, default in _DEFAULTS.items()}
    return {key: figures.pop() for key, figures in values.items() if len(figures) == 1}
